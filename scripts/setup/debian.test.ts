// The step with programs in place of apt's and dpkg's: nothing is installed.
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { debianStep } from "./debian.mjs";
import { forRunning } from "./packages.mjs";

let folder = "";

const program = (name: string, ...lines: string[]) => {
  writeFileSync(join(folder, name), ["#!/bin/sh", `echo "${name} $*" >>${folder}/calls`, ...lines, ""].join("\n"));
  chmodSync(join(folder, name), 0o755);
};
const calls = () => readFileSync(join(folder, "calls"), "utf8").split("\n");
const changes = () => calls().filter((line) => /^(?:apt-get|dpkg) /.test(line) && !line.includes("--simulate"));

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "atoll-debian-"));
  vi.stubEnv("PATH", `${folder}:${process.env["PATH"] ?? ""}`);
  // Who is not root becomes it: sudo -n true, sudo -n -- COMMAND.
  program("sudo", 'while [ "$1" = -n ] || [ "$1" = -- ]; do shift; done', 'exec "$@"');
  const names = forRunning.map((one) => one.names.at(-1));
  program("dpkg-query", `[ -e ${folder}/installed ] && printf '%s installed\\n' ${names.join(" ")}`, "exit 0");
  program("apt-cache", 'shift; for name; do printf "%s:\\n  Candidate: 1\\n" "$name"; done');
  program("apt-get", `touch ${folder}/installed`);
  program("dpkg", `rm -f ${folder}/interrupted`);
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

const install = async () => {
  const details: string[] = [];
  const step = debianStep({ testing: false, benching: false, agentIsBuilt: () => true });
  const note = await step.run({
    signal: new AbortController().signal,
    detail: (text) => void details.push(text),
    log: join(folder, "log"),
  });
  return { note, details };
};

describe("the Debian packages", () => {
  it("are installed by one call where apt knows them", async () => {
    const { note } = await install();
    expect(note).toBe(`${forRunning.length} installed`);
    expect(changes()).toEqual([
      expect.stringContaining("install -y --no-install-recommends --no-remove qemu-system-x86"),
    ]);
  });

  it("are installed after what an interrupted installation left half-way", async () => {
    writeFileSync(join(folder, "interrupted"), "");
    // apt-get --simulate does not look.
    program(
      "apt-get",
      'case "$*" in *--simulate*) exit 0;; esac',
      `[ -e ${folder}/interrupted ] || { touch ${folder}/installed; exit 0; }`,
      "echo \"E: dpkg was interrupted, you must manually run 'dpkg --configure -a' to correct the problem.\" >&2",
      "exit 100",
    );
    await expect(install()).resolves.toMatchObject({ note: `${forRunning.length} installed` });
    const verbs = changes().map((line) =>
      ["--configure", "--fix-broken", "update", "install"].find((verb) => line.includes(verb)),
    );
    expect(verbs).toEqual(["install", "--configure", "update", "--fix-broken", "install"]);
  });

  it("are installed although the lists of somebody else's source cannot be updated", async () => {
    program("apt-get", `case "$*" in *--simulate*|*update*) exit 100;; esac`, `touch ${folder}/installed`);
    await expect(install()).resolves.toMatchObject({ note: `${forRunning.length} installed` });
  });

  it("that apt does not know are named", async () => {
    program("apt-cache", "exit 0");
    await expect(install()).rejects.toThrow(/^apt knows no qemu-system-x86 \(runs the VMs\)/);
    expect(changes()).toEqual([expect.stringContaining("update")]);
  });
});
