/** A prompt of the host waits for the person's answer, whatever the person, a guest or the page does meanwhile. */
import { expect, type Locator, type Page, test } from "@playwright/test";
import { PNG } from "pngjs";
import type { VmView, VmId } from "#shared/model/vm.ts";
import { WindowRequest } from "#shared/protocol/gen/atoll_pb.ts";
import type { ScriptedAgent } from "../main/link/testing/scripted-agent.ts";
import { isAlive, TestDesktop, type } from "./support/desktop.ts";
import { openWindow, paint, scriptedVm } from "./support/scripted-vm.ts";

let desktop: TestDesktop;
let pushy: ScriptedAgent;
let page: Page;
let prompt: Locator;

test.beforeAll(async () => {
  desktop = await TestDesktop.open();
  await desktop.isRunning("home");
  pushy = await scriptedVm(desktop, "pushy", "coral");
  page = await desktop.page();
  prompt = page.getByRole("alertdialog", { name: "Quit Atoll?" });
});

test.afterAll(async () => {
  pushy.close();
  await desktop.close();
});

/** The element with DOM focus is in the prompt. */
const hasFocus = (): Promise<boolean> => prompt.evaluate((element) => element.contains(document.activeElement));

test("Super, Alt+Tab and a guest's window that wants focus leave it where it is, and no guest gets a key", async () => {
  const { id, element } = await desktop.run("home", "foot", "sh", "-c", "stty raw -echo; cat > /tmp/keys");
  await element.locator('[data-part="content"]').click();
  await type(page, "before ");
  await expect.poll(() => desktop.read("home", "/tmp/keys")).toBe("before ");

  await page.getByRole("button", { name: "Close Atoll" }).click();
  await expect(prompt.getByRole("button", { name: "Cancel" })).toBeFocused();
  await page.keyboard.press("Meta");
  await page.keyboard.press("Alt+Tab");
  await page.keyboard.press("Meta+b");
  await page.keyboard.press("Meta+q");
  openWindow(pushy, 1);
  await paint(pushy, 1, 500, 300);
  pushy.say("control", "windowRequested", { surface: 1, request: WindowRequest.ACTIVATE });
  // What lies behind a modal prompt is hidden from assistive technology.
  const behind = { includeHidden: true };
  await expect(page.getByRole("button", { name: "window 1, pushy, needs attention", ...behind })).toBeAttached();
  await type(page, "lost");
  for (let times = 0; times < 5; times += 1) {
    await page.keyboard.press("Tab");
    // A guard at either end takes the focus first, and gives it back.
    await expect.poll(hasFocus).toBe(true);
  }
  await expect(prompt).toBeVisible();
  await expect(page.getByRole("combobox", { name: "Search programs", ...behind })).toHaveCount(0);
  await expect(page.getByRole("listbox", { name: "Windows", ...behind })).toHaveCount(0);

  await page.keyboard.press("Escape");
  await expect(prompt).toBeHidden();
  await type(page, "after");
  await expect.poll(() => desktop.read("home", "/tmp/keys")).toBe("before after");
  expect((await desktop.windows()).find((window) => window.id === id)?.focused).toBe(true);
});

test("every guest's window is dimmed while it is up, whichever VM it is of, and the host's bar is not", async () => {
  const home = await desktop.run("home", "foot");
  const ofPushy = (await desktop.windows()).find(({ vm }) => vm === "pushy");
  await desktop.place(home.id, 60, 560, [500, 300]);
  await desktop.place(ofPushy?.id ?? "", 1250, 560);
  await page.mouse.move(900, 1000);
  const parts = [home.element, page.locator(`[data-window-id="${ofPushy?.id}"]`)].map((element) =>
    element.locator('[data-part="content"]'),
  );
  const middles = await Promise.all(
    parts.map(async (part) => {
      const box = await part.boundingBox();
      if (box === null) throw new Error("the window is not shown");
      return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
    }),
  );
  const bar = { x: 900, y: 2 };
  const colours = async (): Promise<string[]> => {
    const shown = PNG.sync.read(await page.screenshot());
    return [...middles, bar].map(({ x, y }) => {
      const at = (Math.round(y) * shown.width + Math.round(x)) * 4;
      return shown.data.subarray(at, at + 3).join(" ");
    });
  };
  await expect.poll(async () => (await colours())[1]).toBe("200 40 40");
  const before = await colours();
  await page.getByRole("button", { name: "Close Atoll" }).click();
  await expect(prompt).toBeVisible();
  await page.mouse.move(900, 1000);
  // The scrim is the theme's: 55 % of nearly black, or 60 % of nearly white.
  await expect.poll(async () => (await colours())[1]).toMatch(/^(92|216|215) /u);
  const during = await colours();
  expect(during[0]).not.toBe(before[0]);
  expect(during[2]).toBe(before[2]);
  await page.keyboard.press("Escape");
  await expect.poll(colours).toEqual(before);
});

test("it is there again when the page was loaded anew, and its answer counts", async () => {
  const home = (await desktop.vms()).find(({ name }) => name === "home") as VmView & { id: VmId };
  const pid = desktop.qemuPid(home.id);
  await page.getByRole("button", { name: "Close Atoll" }).click();
  await expect(prompt).toBeVisible();
  await page.reload();
  await expect(prompt.getByRole("button", { name: "Cancel" })).toBeFocused();
  await page.keyboard.press("Meta");
  await expect(prompt).toBeVisible();
  const ended = desktop.ended();
  await prompt.getByRole("button", { name: "Shut down" }).click();
  await ended;
  expect(isAlive(pid)).toBe(false);
});
