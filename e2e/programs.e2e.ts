/** What programs of a real guest need of their machine: layout and time. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "@playwright/test";
import { TestDesktop } from "./support/desktop.ts";

const run = promisify(execFile);
const PAUSE_MS = 10_000;

let desktop: TestDesktop;

test.beforeAll(async () => {
  desktop = await TestDesktop.open();
  await desktop.isRunning("home");
});

test.afterAll(async () => {
  await run("setxkbmap", ["us"]);
  await desktop.close();
});

test("the list of fonts that its template has is one that programs take", async () => {
  const { code, stdout } = await desktop.atoll("exec", "home", "--", "fc-cache", "--verbose");
  expect(code, stdout).toBe(0);
  expect(stdout).toMatch(/^\/usr\/share\/fonts\/truetype\/dejavu: skipping, existing cache is valid/m);
  expect(stdout).not.toContain("caching, new cache contents");
});

test("the guest's clock is the host's again after a pause", async () => {
  await desktop.json("vm", "pause", "home", "--wait", "30");
  // It is the time itself that has to go by.
  // oxlint-disable-next-line atoll-tests/patient
  await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  await desktop.json("vm", "resume", "home", "--wait", "30");
  await expect
    .poll(async () => {
      // Between the two: on a busy machine the command itself may take seconds.
      const beforeMs = Date.now();
      const guestMs = Number((await desktop.atoll("exec", "home", "--", "date", "+%s%3N")).stdout);
      return Math.max(beforeMs - guestMs, guestMs - Date.now());
    })
    .toBeLessThan(2_000);
});

test("a change of the host's keyboard layout reaches a program that runs", async () => {
  const { element } = await desktop.run("home", "foot", "sh", "-c", "cat > /tmp/typed");
  await element.locator('[data-part="content"]').click();
  await run("setxkbmap", ["de"]);
  // Real keys: Y of a US keyboard, and Return.
  await expect
    .poll(async () => {
      await run("xdotool", ["key", "29", "36"]);
      return (await desktop.read("home", "/tmp/typed")).trimEnd().split("\n").at(-1);
    })
    .toBe("z");
});
