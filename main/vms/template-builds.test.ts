/** The builds of one name, with a stand-in for mmdebstrap that ends, without a template, when the test lets it. */
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import fsp from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { TemplateBuilds } from "./template-builds.ts";

const STAND_IN = `#!/bin/sh
echo started >>"$LOG"
read _ <"$GO"
exit 1
`;

let folder: string;
let builds: TemplateBuilds;
const ended = vi.fn<(name: string) => void>();

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-builds-"));
  for (const name of ["bin", "recipes"]) fs.mkdirSync(path.join(folder, name));
  fs.writeFileSync(path.join(folder, "bin/mmdebstrap"), STAND_IN, { mode: 0o755 });
  execFileSync("/usr/bin/mkfifo", [path.join(folder, "go")]);
  vi.stubEnv("PATH", `${path.join(folder, "bin")}:${process.env["PATH"]}`);
  vi.stubEnv("ATOLL_CACHE", path.join(folder, "cache"));
  vi.stubEnv("TMPDIR", folder);
  vi.stubEnv("LOG", path.join(folder, "log"));
  vi.stubEnv("GO", path.join(folder, "go"));
  builds = new TemplateBuilds(path.join(folder, "recipes"));
  ended.mockReset();
  builds.on("ended", ended);
});
afterEach(async () => {
  await builds.cancelAll();
  vi.unstubAllEnvs();
  fs.rmSync(folder, { recursive: true });
});

/** A recipe of the person's own: a template with this package alone. */
function recipe(application: string): void {
  const text = `name: mine\ndescription: mine\nfrom: debian\npackages: [${application}]\nmemoryMiB: 512\ndiskMiB: 4096\n`;
  fs.writeFileSync(path.join(folder, "recipes/mine.yaml"), text);
}

/** Resolves when the build that runs goes on to its end. */
const go = (): Promise<void> => fsp.writeFile(path.join(folder, "go"), "\n");

const code = (build: Promise<void>): Promise<unknown> =>
  build.then(
    () => "built",
    (error: unknown) => (error as { code: unknown }).code,
  );
const started = (): string[] => fs.readFileSync(path.join(folder, "log"), "utf8").trim().split("\n");

it("a second request for the same recipe joins its build", async () => {
  recipe("hello");
  const both = [builds.build("mine"), builds.build("mine")];
  expect(both[0]).toBe(both[1]);
  const codes = Promise.all(both.map(code));
  await go();
  expect(await codes).toEqual(["template.build-failed", "template.build-failed"]);
  expect([started().length, ended.mock.calls]).toEqual([1, [["mine"]]]);
});

it("a recipe that was edited meanwhile is built after the one that runs, and is what others join", async () => {
  recipe("hello");
  const first = code(builds.build("mine"));
  recipe("cowsay");
  const next = builds.build("mine");
  expect(builds.build("mine")).toBe(next);
  const second = code(next);
  await go();
  expect([await first, ended.mock.calls.length]).toEqual(["template.build-failed", 0]);
  await go();
  expect(await second).toBe("template.build-failed");
  expect([started().length, ended.mock.calls]).toEqual([2, [["mine"]]]);
});

it("a build that is being cancelled is not joined", async () => {
  recipe("hello");
  const first = code(builds.build("mine"));
  builds.cancel("mine");
  const second = code(builds.build("mine"));
  expect(await first).toBe("template.cancelled");
  await go();
  expect(await second).toBe("template.build-failed");
});
