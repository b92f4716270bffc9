/**
 * What a double-click on the host opens reaches the one application, whatever it is called, how many it is and whether one runs.
 * The policy denies all of it: each is seen to have come by its entry in the audit log, and costs no VM.
 */
import { execFile } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "@playwright/test";
import type { AuditEntry } from "#shared/model/crossing.ts";
import { resolvePaths } from "../main/base/paths.ts";
import { launchArguments } from "../main/control/launch/launch-arguments.ts";
import { LAUNCH_FILE, writeLaunchFile } from "../main/control/launch/launch-file.ts";
import { TestDesktop } from "./support/desktop.ts";

const run = promisify(execFile);
const POLICY = `rules:
  - {action: file.open, from: "@host", to: "@any", decision: deny}
  - {action: url.open, from: "@host", to: "@any", decision: deny}
tests: []
`;
/** Each is a file that has to be found by just that name. */
const ODD = ["-rf", "--inspect", "%C3%A7", "--no-sandbox", "a b"];
/** Longer together than a command line may be to Chromium. */
const MANY = Array.from({ length: 1000 }, (_, index) => `${"holiday ".repeat(8)}${index}.png`);

let desktop: TestDesktop;
let folder: string;

test.describe.configure({ mode: "serial" });

test.beforeAll(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll items "));
  for (const name of [...ODD, ...MANY]) fs.writeFileSync(path.join(folder, name), "no picture");
  desktop = await TestDesktop.open({}, (home) => fs.writeFileSync(path.join(home, "config/policy.yaml"), POLICY));
});

test.afterAll(async () => {
  await desktop.atoll("quit", "--stop-vms");
  await desktop.close();
  fs.rmSync(folder, { recursive: true, force: true });
});

/** How many things have reached the policy so far. */
async function arrived(): Promise<number> {
  const entries = await desktop.json<AuditEntry[]>("audit");
  const opened = entries.filter(({ action }) => action === "file.open" || action === "url.open");
  // What is denied again and again has one entry for the first, and then one for each 10 s.
  const counts = opened.map(({ detail }) => Number(/^(\d+) more times/.exec(detail)?.[1] ?? 1));
  return counts.reduce((sum, count) => sum + count, 0);
}

/** As a start that found the application running gives them to it; resolves when that start has ended. */
function start(...words: string[]): Promise<unknown> {
  const file = writeLaunchFile(resolvePaths({ ATOLL_HOME: desktop.home }), launchArguments(words, folder));
  return desktop.second({ [LAUNCH_FILE]: file });
}

test("while it runs", async () => {
  const words = [...ODD.slice(0, 4), pathToFileURL(path.join(folder, "a b")).href];
  const { stdout } = await run(path.resolve(import.meta.dirname, "../bin/atoll"), ["desktop", "--", ...words], {
    cwd: folder,
    env: { ...process.env, ATOLL_HOME: desktop.home },
  });
  expect(stdout).toContain("open");
  await expect.poll(arrived).toBe(5);
  await start("https://example.org/a?b=c", ...ODD);
  await expect.poll(arrived).toBe(11);
});

test("a thousand files", async () => {
  const before = await arrived();
  await start(...MANY);
  await expect.poll(arrived, { timeout: 180_000 }).toBe(before + MANY.length);
});

test("ten double-clicks at once while it does not run: one starts, and all ten reach it", async () => {
  const before = await arrived();
  await desktop.crash();
  let ended = 0;
  const starts = MANY.slice(0, 10).map((name) => start(name).then(() => (ended += 1)));
  await expect.poll(() => arrived().catch(() => 0), { timeout: 180_000 }).toBe(before + 10);
  // What a start has given away has reached the other before it has ended itself.
  await expect.poll(() => ended).toBe(9);
  await desktop.json("quit", "--stop-vms");
  await Promise.all(starts);
});
