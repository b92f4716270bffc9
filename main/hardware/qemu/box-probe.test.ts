/** With programs in the place of bubblewrap and setpriv that refuse what other hosts refuse. */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { systemPaths, tryBoxes } from "./box-probe.ts";

const WHOLE = { ownUser: true, ownNetwork: true };
let folder: string;

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-box-test-"));
  vi.stubEnv("PATH", folder);
  // Of util-linux 2.38: it knows no Landlock.
  refusing("setpriv", { "*--landlock*": "setpriv: unrecognized option '--landlock-access'" });
});
afterEach(() => {
  vi.unstubAllEnvs();
  fs.rmSync(folder, { recursive: true });
});

/** A program that fails with these words where its own words are like a pattern of the shell. */
function refusing(name: string, refusals: Record<string, string>): void {
  const cases = Object.entries(refusals).map(([pattern, words]) => `${pattern}) echo "${words}" >&2; exit 1 ;;`);
  const script = `#!/bin/sh\ncase "$*" in\n${cases.join("\n")}\nesac\n`;
  fs.writeFileSync(path.join(folder, name), script, { mode: 0o755 });
}

it("takes the strongest box where all can be made", async () => {
  refusing("bwrap", { "*landlock*": "setpriv: unrecognized option '--landlock-access'" });
  expect(await tryBoxes(false)).toEqual({
    box: { namespaces: WHOLE, landlock: null },
    namespacesFailure: "",
    landlockFailure: "setpriv: unrecognized option '--landlock-access'",
  });
});

it("a host that makes no network has the rest of the box, and the reason is the first refusal", async () => {
  refusing("bwrap", { "*--unshare-net*": "loopback: Failed RTM_NEWADDR" });
  expect(await tryBoxes(false)).toMatchObject({
    box: { namespaces: { ...WHOLE, ownNetwork: false } },
    namespacesFailure: "loopback: Failed RTM_NEWADDR",
  });
});

it("root needs no user namespace, an ordinary user has no box without one", async () => {
  refusing("bwrap", { "*--unshare-user*": "No permissions to create new namespace" });
  expect((await tryBoxes(true)).box.namespaces).toEqual({ ...WHOLE, ownUser: false });
  const probe = await tryBoxes(false);
  expect(probe).toMatchObject({
    box: { namespaces: null },
    namespacesFailure: "No permissions to create new namespace",
  });
});

it("without bubblewrap the reason names it, and Landlock alone is taken where setpriv has it", async () => {
  refusing("setpriv", { "*ioctl-dev*": "could not parse landlock fs access" });
  expect(await tryBoxes(false)).toEqual({
    box: { namespaces: null, landlock: "files" },
    namespacesFailure: "bwrap is not installed",
    landlockFailure: "",
  });
});

it("the system's files are folders, or links to folders of the system", () => {
  const system = systemPaths();
  expect(system).toContainEqual({ path: "/usr", target: null, isFolder: true });
  for (const { path: name, target } of system.filter((one) => one.target !== null))
    expect(path.resolve(path.dirname(name), target ?? "")).toMatch(/^\/usr\//);
});
