/** A prompt of the host waits for the person's answer, whatever the person, a guest or the page does meanwhile. */
import { expect, type Locator, type Page, test } from "@playwright/test";
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
    expect(await hasFocus()).toBe(true);
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
