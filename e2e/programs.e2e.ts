/** What programs of a real guest need of their machine: layout, time, the pointer. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "@playwright/test";
import { TestDesktop } from "./support/desktop.ts";
import { openWindow, paint, scriptedVm } from "./support/scripted-vm.ts";

const run = promisify(execFile);
const PAUSE_MS = 5_000;

let desktop: TestDesktop;

test.beforeAll(async () => {
  desktop = await TestDesktop.open();
  await desktop.isRunning("home");
});

test.afterAll(async () => {
  await run("setxkbmap", ["us"]);
  await desktop.close();
});

test("the guest's clock is the host's again after a pause", async () => {
  await desktop.json("vm", "pause", "home", "--wait", "30");
  // It is the time itself that has to go by.
  await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  await desktop.json("vm", "resume", "home", "--wait", "30");
  await expect
    .poll(async () => {
      const guest = Number((await desktop.atoll("exec", "home", "--", "date", "+%s%3N")).stdout);
      return Math.abs(Date.now() - guest);
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

test("a program has the pointer to itself after a press in its window, until a person presses Super", async () => {
  const game = await scriptedVm(desktop, "game", "coral");
  const page = await desktop.page();
  openWindow(game, 1);
  await paint(game, 1, 500, 300);
  await expect.poll(async () => (await desktop.windows()).some(({ vm }) => vm === "game")).toBe(true);
  const id = (await desktop.windows()).find(({ vm }) => vm === "game")?.id ?? "";
  await desktop.json("window", "focus", id);
  game.say("control", "pointerLockWanted", { surface: 1 });
  const box = await page.locator(`[data-window-id="${id}"] [data-part="content"]`).boundingBox();
  const [x, y] = [(box?.x ?? 0) + 200, (box?.y ?? 0) + 100];
  await page.mouse.click(x, y);
  expect(await game.hear("pointerLocked")).toMatchObject({ surface: 1 });
  await expect(page.getByText('VM "game" has the pointer: press Esc or Super to release it.')).toBeVisible();
  await page.mouse.move(x + 20, y);
  expect(await game.hear("pointerMoved")).toBeDefined();
  await page.keyboard.press("Meta");
  expect(await game.hear("pointerLocked")).toMatchObject({ surface: 0 });
  await expect.poll(() => page.evaluate(() => document.pointerLockElement)).toBeNull();
  game.close();
});
