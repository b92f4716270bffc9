/** What programs of a real guest need of their window manager and their machine: attention, sizes, layout, time, the pointer. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "@playwright/test";
import type { WindowView } from "#shared/model/window.ts";
import { TestDesktop } from "./support/desktop.ts";
import { openWindow, paint, scriptedVm } from "./support/scripted-vm.ts";

const run = promisify(execFile);
/** Of /tmp/orders, a pipe in the guest: what is written into it is written to xterm's terminal. */
const ORDERS = 'mkfifo /tmp/orders; exec 3<>/tmp/orders; while read -r order <&3; do printf "$order"; done';
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

async function viewOf(id: string): Promise<WindowView | undefined> {
  return (await desktop.windows()).find((window) => window.id === id);
}

async function order(escapes: string): Promise<void> {
  const given = await desktop.atoll("exec", "home", "--", "sh", "-c", `printf '%s\\n' '${escapes}' > /tmp/orders`);
  expect(given).toMatchObject({ code: 0 });
}

test("an X11 program is heard that rings, and one that shows its minimised window again; its sizes are whole cells", async () => {
  const resources = ["XTerm*bellIsUrgent: true", "XTerm*allowWindowOps: true"].flatMap((one) => ["-xrm", one]);
  const xterm = await desktop.run("home", "xterm", ...resources, "-T", "rings", "-e", "sh", "-c", ORDERS);
  const foot = await desktop.run("home", "foot");
  await desktop.isThere("home", "/tmp/orders");
  await desktop.json("window", "focus", foot.id);
  await order(String.raw`\a`);
  const wants = (await desktop.page()).getByRole("button", { name: "rings, home, needs attention" });
  await expect(wants).toBeVisible();
  expect(await viewOf(foot.id)).toMatchObject({ focused: true });
  await desktop.json("window", "focus", xterm.id);
  await expect(wants).toHaveCount(0);

  await order(String.raw`\033[2t`);
  await expect.poll(async () => (await viewOf(xterm.id))?.state).toBe("minimized");
  await order(String.raw`\033[1t`);
  await expect.poll(async () => (await viewOf(xterm.id))?.state).toBe("normal");

  const widths = new Set<number | undefined>();
  for (let width = 600; width < 612; width += 1) {
    await desktop.json("window", "move", xterm.id, "100", "100", `${width}`, "403");
    widths.add((await viewOf(xterm.id))?.width);
  }
  // xterm's smallest usual font is 5 pixels wide.
  expect(widths.size).toBeLessThanOrEqual(4);
  for (const { id } of [xterm, foot]) await desktop.json("window", "close", id);
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
