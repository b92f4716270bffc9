/** The person decides where the keyboard is: real programs end, and the VM of a hostile agent waits below. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, type Page, test } from "@playwright/test";
import type { FocusCause, WindowView } from "#shared/model/window.ts";
import { KeyState, WindowRequest } from "#shared/protocol/gen/atoll_pb.ts";
import type { ScriptedAgent } from "../main/link/testing/scripted-agent.ts";
import { TestDesktop, type } from "./support/desktop.ts";
import { openWindow, paint, scriptedVm } from "./support/scripted-vm.ts";

const KEY_X = 45; // evdev
let desktop: TestDesktop;
let page: Page;
/** Its windows cover the whole of what lies below them. */
let pushy: ScriptedAgent;

test.beforeAll(async () => {
  desktop = await TestDesktop.open({ home: "lagoon" });
  page = await desktop.page();
  pushy = await scriptedVm(desktop, "pushy", "coral");
  await desktop.isRunning("home");
});

test.afterAll(async () => {
  pushy.close();
  await desktop.close();
});

const windowOf = async (id: string): Promise<WindowView | undefined> =>
  (await desktop.windows()).find((window) => window.id === id);
const focused = async (): Promise<WindowView | undefined> => (await desktop.windows()).find((window) => window.focused);
/** Why the focused window has the keyboard. */
const expectCause = (cause: FocusCause): Promise<void> =>
  expect(page.locator("[data-focus-cause]")).toHaveAttribute("data-focus-cause", cause);

/** A window of the hostile VM; it opens without focus. */
async function show(surface: number): Promise<string> {
  openWindow(pushy, surface);
  await paint(pushy, surface, 500, 300);
  const found = async (): Promise<WindowView | undefined> =>
    (await desktop.windows()).find(({ vm, title }) => vm === "pushy" && title === `window ${surface}`);
  await expect.poll(async () => (await found())?.width).toBe(500);
  return (await found())?.id ?? "";
}

/** A terminal of the real VM that ends at Ctrl+D, in use. */
async function terminal(file: string): Promise<{ id: string }> {
  const { id, element } = await desktop.run("home", "foot", "sh", "-c", `cat > /tmp/${file}`);
  await element.locator('[data-part="content"]').click();
  await type(page, "mine\n");
  await expect.poll(() => desktop.read("home", `/tmp/${file}`)).toBe("mine\n");
  return { id };
}

/**
 * Somebody types one letter all the while, by the display's own keys. Presses that this process makes one by one come with pauses
 * where the machine is busy, and a pause is what the person's next word begins after.
 */
function startTyping(letter: string): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const typed = (async (): Promise<void> => {
    while (!stopping.signal.aborted)
      await promisify(execFile)("xdotool", ["type", "--delay", "30", letter.repeat(100)]);
  })();
  return {
    stop: () => {
      stopping.abort();
      return typed;
    },
  };
}

const pressedInPushy = (): number[] =>
  pushy.heard("key").flatMap(({ code, state }) => (state === KeyState.PRESSED ? [code] : []));

test("when the program in use ends, a VM that nobody has used gets no keyboard, whatever it does", async () => {
  const { id } = await terminal("first");
  expect(await windowOf(id)).toMatchObject({ focused: true });
  await expectCause("person");
  const hostile = await show(1);
  await page.keyboard.press("Control+d");
  await type(page, "secret\n");
  await expect.poll(() => windowOf(id)).toBeUndefined();
  pushy.say("control", "windowRequested", { surface: 1, request: WindowRequest.ACTIVATE });
  await show(2);
  await type(page, "secret\n");
  expect(await focused()).toBeUndefined();
  expect([pressedInPushy(), pushy.heard("keyboardFocus")]).toEqual([[], []]);
  // The person chooses it.
  await desktop.json("window", "focus", hostile);
  expect(await focused()).toMatchObject({ id: hostile });
  await expectCause("person");
  await page.keyboard.press("x");
  expect((await pushy.hear("key")).code).toBe(KEY_X);
});

test("when the program in use ends in mid-typing, the VM used before it gets nothing of what is being typed", async () => {
  const { id } = await terminal("second");
  while (pushy.heard("key").length > 0) await pushy.hear("key");
  const presses = await page.evaluateHandle(() => {
    const counted = { presses: 0 };
    window.addEventListener("keydown", () => (counted.presses += 1), { capture: true });
    return counted;
  });
  const count = (): Promise<number> => presses.evaluate((counted) => counted.presses);
  await page.keyboard.press("Control+d");
  const typist = startTyping("s");
  // The hostile VM has the keyboard at some moment of this, by inheritance.
  const isPushys = (): Promise<string | null | undefined> =>
    page.evaluate(() => document.querySelector('[data-focused="true"]')?.getAttribute("data-vm"));
  await expect.poll(isPushys).toBe("pushy");
  const before = await count();
  await expect.poll(count).toBeGreaterThan(before + 20);
  expect(await windowOf(id)).toBeUndefined();
  expect(await focused()).toMatchObject({ vm: "pushy" });
  await expectCause("inherited");
  expect(pressedInPushy()).toEqual([]);
  await typist.stop();
  // After a pause the person means it.
  await expect
    .poll(
      async () => {
        await page.keyboard.press("x");
        return pressedInPushy();
      },
      { intervals: [600] },
    )
    .toContain(KEY_X);
  expect(pressedInPushy().every((code) => code === KEY_X)).toBe(true);
});

test("Alt+Tab goes to the window used before, not to one that nobody has used though it lies on top", async () => {
  const first = await terminal("third");
  const second = await terminal("fourth");
  // Directly below the one in use.
  await show(3);
  await page.keyboard.down("Alt");
  await page.keyboard.press("Tab");
  await page.keyboard.up("Alt");
  await expect.poll(async () => (await focused())?.id).toBe(first.id);
  await page.keyboard.down("Alt");
  await page.keyboard.press("Tab");
  await page.keyboard.up("Alt");
  await expect.poll(async () => (await focused())?.id).toBe(second.id);
  // Backwards it is the last of all.
  await page.keyboard.down("Alt");
  await page.keyboard.press("Shift+Tab");
  await page.keyboard.up("Alt");
  await expect.poll(focused).toMatchObject({ vm: "pushy", title: expect.stringMatching(/^window [23]$/) });
});

test("a window in the background that maximises itself waits until it is used", async () => {
  const id = await show(4);
  await terminal("fifth");
  pushy.say("control", "windowRequested", { surface: 4, request: WindowRequest.MAXIMIZE });
  pushy.say("control", "windowChanged", { surface: 4, title: "asked" });
  await expect.poll(async () => (await windowOf(id))?.title).toBe("asked");
  expect((await windowOf(id))?.state).toBe("normal");
  await desktop.json("window", "focus", id);
  await expect.poll(async () => (await windowOf(id))?.state).toBe("maximized");
});
