import { once } from "node:events";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { openDesktop } from "./open-desktop.ts";

let root: string;
beforeEach(() => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-root-"));
  fs.mkdirSync(path.join(root, "scripts"));
});
afterEach(() => {
  vi.unstubAllEnvs();
  fs.rmSync(root, { recursive: true });
});

/** A `npm start` that does this. */
function startThat(script: string): void {
  fs.writeFileSync(path.join(root, "scripts/start.mjs"), `import fs from "node:fs";\n${script}\n`);
}

const said = (): string => fs.readFileSync(path.join(root, "said"), "utf8");

it("the desktop has the same home and cache as the command, from wherever it was called", async () => {
  vi.stubEnv("ATOLL_HOME", "here");
  vi.stubEnv("ATOLL_CACHE", "../there");
  startThat(`fs.writeFileSync("said", [process.env.ATOLL_HOME, process.env.ATOLL_CACHE].join()); process.exit(7);`);
  expect(await openDesktop(root)).toBe(7);
  expect(said()).toBe([path.resolve("here"), path.resolve("../there")].join());
});

it("what to open is in a private file of the same home, which does not outlive the desktop", async () => {
  vi.stubEnv("ATOLL_HOME", path.join(root, "home"));
  startThat(`fs.copyFileSync(process.env.ATOLL_LAUNCH_FILE, "said");`);
  const items = [{ kind: "file", path: "/tmp/--inspect" }] as const;
  expect(await openDesktop(root, items)).toBe(0);
  expect(JSON.parse(said())).toEqual(items);
  expect(fs.readdirSync(path.join(root, "home/run"))).toEqual([]);
});

it("a desktop that is asked for nothing is given no file", async () => {
  vi.stubEnv("ATOLL_LAUNCH_FILE", "/of/another/start");
  startThat(`fs.writeFileSync("said", String(process.env.ATOLL_LAUNCH_FILE));`);
  await openDesktop(root);
  expect(said()).toBe("undefined");
});

it("a Ctrl+C, which the terminal has sent to the desktop too, is not sent again; a SIGTERM is handed on", async () => {
  startThat(`
for (const name of ["SIGINT", "SIGTERM"]) process.on(name, () => fs.appendFileSync("said", name));
process.on("SIGTERM", () => process.exit(0));
setInterval(() => undefined, 1000);
fs.writeFileSync("said", "");
`);
  const watcher = fs.watch(root);
  const ended = openDesktop(root);
  await once(watcher, "change");
  watcher.close();
  process.emit("SIGINT");
  process.emit("SIGTERM");
  expect(await ended).toBe(0);
  expect(said()).toBe("SIGTERM");
});
