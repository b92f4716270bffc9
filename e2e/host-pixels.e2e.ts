/** Whatever a guest opens, in whatever state its windows are: the host's parts of the screen are the host's. */
import fs from "node:fs";
import path from "node:path";
import { expect, type Page, test } from "@playwright/test";
import { IPC } from "#shared/ipc/channels.ts";
import type { EventName, EventPayload } from "#shared/ipc/index.ts";
import type { AskCard } from "#shared/model/network.ts";
import type { VmId, VmView } from "#shared/model/vm.ts";
import type { WindowView } from "#shared/model/window.ts";
import { Decoration, Kind } from "#shared/protocol/gen/atoll_pb.ts";
import type { ScriptedAgent } from "../main/link/testing/scripted-agent.ts";
import { TestDesktop } from "./support/desktop.ts";
import { openWindow, paint, scriptedVm } from "./support/scripted-vm.ts";

let desktop: TestDesktop;
let hostile: ScriptedAgent;
let quiet: ScriptedAgent;
let page: Page;
let lastSurface = 0;

test.beforeAll(async () => {
  desktop = await TestDesktop.open({});
  hostile = await scriptedVm(desktop, "hostile", "coral");
  quiet = await scriptedVm(desktop, "quiet", "lagoon");
  page = await desktop.page();
});

test.afterAll(async () => {
  for (const agent of [hostile, quiet]) agent.close();
  await desktop.close();
});

async function viewOf(title: string): Promise<WindowView> {
  const view = (await desktop.windows()).find((window) => window.title === title);
  if (view === undefined) throw new Error(`no window ${title}`);
  return view;
}

async function vmOf(name: string): Promise<VmView> {
  const vm = (await desktop.vms()).find((one) => one.name === name);
  if (vm === undefined) throw new Error(`no VM ${name}`);
  return vm;
}

/** Opens a window, puts it at this place of the screen, and gives its surface and id. */
async function show(
  agent: ScriptedAgent,
  title: string,
  [x, y, width, height]: [x: number, y: number, width: number, height: number],
  decoration = Decoration.SERVER,
): Promise<{ surface: number; id: string }> {
  const surface = (lastSurface += 1);
  openWindow(agent, surface, { title, decoration });
  await paint(agent, surface, width, height);
  await expect.poll(async () => (await desktop.windows()).some((window) => window.title === title)).toBe(true);
  const { id } = await viewOf(title);
  await desktop.place(id, x, y);
  await desktop.json("window", "focus", id);
  return { surface, id };
}

async function openPopup(
  parent: number,
  [x, y, width, height]: [x: number, y: number, width: number, height: number],
  grab = true,
): Promise<number> {
  const surface = (lastSurface += 1);
  hostile.say("control", "popupOpened", { surface, kind: Kind.X11, parent, rect: { x, y, width, height }, grab });
  await paint(hostile, surface, width, height);
  return surface;
}

/** Popups and a subsurface over all that a window must not cover: its title bar from all sides, the bar, the dock. */
async function attack(window: number): Promise<void> {
  const child = (lastSurface += 1);
  hostile.say("control", "subsurfaceOpened", { surface: child, parent: window });
  const over = { surface: child, x: -50, y: -90 };
  hostile.say("control", "childrenPlaced", { parent: window, children: [{ surface: window, x: 0, y: 0 }, over] });
  await paint(hostile, child, 900, 200);
  await openPopup(window, [0, -36, 480, 60]);
  await openPopup(window, [-40, -160, 480, 90], false);
  await openPopup(window, [300, -150, 700, 170]);
  await openPopup(window, [-100, -800, 1900, 500]);
  await openPopup(window, [0, 350, 480, 90], false);
  const popups = async (): Promise<number> =>
    (await desktop.windows()).reduce((count, view) => count + view.popups.length, 0);
  await expect.poll(popups).toBeGreaterThanOrEqual(4);
}

/** Where something else is above these parts of the host: their middle, and points near their edges. */
function coveredParts(...selectors: string[]): Promise<string[]> {
  return page.evaluate((all) => {
    const covered: string[] = [];
    for (const selector of all) {
      const parts = [...document.querySelectorAll(selector)];
      if (parts.length === 0) covered.push(`${selector} is not there`);
      for (const part of parts) {
        const { left, top, width, height } = part.getBoundingClientRect();
        for (const across of [0.02, 0.25, 0.5, 0.75, 0.98]) {
          for (const down of [0.1, 0.5, 0.9]) {
            // Round corners are not its own.
            if (Math.abs(across - 0.5) > 0.3 && down !== 0.5) continue;
            const at = document.elementFromPoint(left + width * across, top + height * down);
            if (at !== null && part.contains(at)) continue;
            covered.push(`${selector} at ${across}, ${down}: ${at?.outerHTML.slice(0, 80)}`);
          }
        }
      }
    }
    return covered;
  }, selectors);
}

/** An event of main, as the page gets it. */
async function tellPage<Name extends EventName<"page">>(name: Name, payload: EventPayload<Name>): Promise<void> {
  await desktop.electron.evaluate(
    ({ BrowserWindow }, [channel, ...message]) =>
      BrowserWindow.getAllWindows()[0]?.webContents.send(channel, ...message),
    [IPC.event, name, payload] as [string, string, unknown],
  );
}

/** A paste of the host's text that waits for a person. */
function pasteOf(vm: VmId): EventPayload<"clipboard.changed">["waiting"][number] {
  return { id: 1, vm, from: null, app: "a", type: "text/plain;charset=utf-8", lapsesInMs: 60_000 };
}

/** A name that a VM waits to connect to. */
function cardOf(vmId: VmId): AskCard {
  const asked = { names: ["build.harbour.example"], domain: "harbour.example", ports: [443], programs: ["curl"] };
  return { id: 1, vmId, vm: "hostile", ...asked, count: 1, sinceMs: Date.now(), lastMs: Date.now() };
}

const partsOf = (id: string): string[] =>
  [".title-bar", ".tag", ".window-buttons button"].map((part) => `[data-window-id="${id}"] ${part}`);

/** Dismisses the menus that are open, as a person does. */
async function turnAway(): Promise<void> {
  await page.keyboard.press("Meta");
  await page.keyboard.press("Meta");
}

test("in a window of its own size, of whatever frame, and during a resize", async () => {
  for (const [title, decoration] of [
    ["full", Decoration.SERVER],
    ["slim", Decoration.CLIENT],
  ] as const) {
    const { surface, id } = await show(hostile, title, [500, 260, 600, 300], decoration);
    await attack(surface);
    expect(await coveredParts(...partsOf(id), ".top-bar", ".dock")).toEqual([]);
    // The layers alone keep them off, too: were a popup put over the title bar, it would lie below it.
    await page.evaluate(() => {
      for (const popup of document.querySelectorAll<HTMLElement>(".popup"))
        popup.style.transform = "translate(0, -30px)";
    });
    expect(await coveredParts(...partsOf(id))).toEqual([]);
    const { x, y, width, height } = await viewOf(title);
    await page.mouse.move(x + width + 3, y + height + 3);
    await page.mouse.down();
    await page.mouse.move(x + width + 60, y + height + 40, { steps: 4 });
    expect(await coveredParts(...partsOf(id), ".top-bar", ".dock")).toEqual([]);
    await page.mouse.up();
    await turnAway();
    hostile.say("control", "surfaceClosed", { surface });
    await expect.poll(async () => (await desktop.windows()).length).toBe(0);
  }
});

test("in a window that lies above, and in one at the edge of the screen", async () => {
  const below = await show(hostile, "below", [420, 200, 700, 400]);
  const above = await show(quiet, "above", [600, 260, 400, 250]);
  await openPopup(below.surface, [160, 20, 480, 60], false);
  await openPopup(below.surface, [200, 30, 480, 90], false);
  await expect.poll(async () => (await viewOf("below")).popups.length).toBe(2);
  expect(await coveredParts(...partsOf(above.id))).toEqual([]);
  await desktop.json("window", "focus", below.id);
  const { height } = await page.evaluate(() => ({ height: innerHeight }));
  for (const y of [71, height - 110]) {
    await desktop.json("window", "move", below.id, "300", String(y));
    await openPopup(below.surface, [-20, -100, 800, 300]);
    await expect.poll(async () => (await viewOf("below")).popups.length).toBeGreaterThan(2);
    expect(await coveredParts(...partsOf(below.id), ".top-bar")).toEqual([]);
    await turnAway();
  }
  for (const [agent, { surface }] of [
    [hostile, below],
    [quiet, above],
  ] as const)
    agent.say("control", "surfaceClosed", { surface });
  await expect.poll(async () => (await desktop.windows()).length).toBe(0);
});

test("in a maximised window, in full screen with its strip, and beside a prompt, for which full screen is left", async () => {
  const { surface, id } = await show(hostile, "large", [300, 200, 600, 300]);
  await desktop.json("window", "maximize", id);
  const frame = page.locator(`[data-window-id="${id}"]`);
  await expect.poll(async () => (await frame.boundingBox())?.y).toBe(34);
  await attack(surface);
  expect(await coveredParts(...partsOf(id), ".top-bar")).toEqual([]);

  await page.keyboard.press("Meta+f");
  await expect(page.locator(".top-bar")).toBeHidden();
  await attack(surface);
  await page.mouse.move(400, 1);
  await expect.poll(() => coveredParts(".fullscreen-strip")).toEqual([]);
  // The label's colour is on all sides, three pixels wide.
  const edges = await page.evaluate(() =>
    [
      [1, innerHeight / 2],
      [innerWidth - 2, innerHeight / 2],
      [innerWidth / 2, innerHeight - 2],
    ].map(([x = 0, y = 0]) => document.elementFromPoint(x, y)?.closest(".surface, .popup") ?? null),
  );
  expect(edges).toEqual([null, null, null]);

  // A prompt: what is bright is the host's, and nothing of a guest is above it, or looks as if it filled the screen.
  const { id: vm } = await vmOf("quiet");
  await page.evaluate((of) => void window.atoll.request("vm.kill", { vm: of, confirm: true }), vm);
  const prompt = page.getByRole("alertdialog");
  await expect(prompt).toBeVisible();
  await expect(page.locator(".top-bar")).toBeVisible();
  await expect(page.locator(".fullscreen-strip")).toHaveCount(0);
  await expect.poll(async () => (await frame.boundingBox())?.y).toBe(34);
  await expect.poll(async () => (await viewOf("large")).state).toBe("maximized");
  await openPopup(surface, [100, 100, 900, 500]);
  const reached = await page.evaluate(() => {
    const seen = new Set<string>();
    for (let x = 4; x < innerWidth; x += 16) {
      for (let y = 4; y < innerHeight; y += 16) {
        const at = document.elementFromPoint(x, y);
        if (at?.closest(".windows") != null) seen.add(`${x},${y}`);
      }
    }
    return [...seen];
  });
  expect(reached).toEqual([]);
  const mark = fs.readFileSync(path.join(desktop.home, "config/prompt-mark.yaml"), "utf8");
  const words = await prompt.locator('[data-part="mark"] strong').textContent();
  expect(mark).toContain(`words: ${words}\n`);
  await page.keyboard.press("Escape");
  await expect(prompt).toBeHidden();
  await expect(page.locator(".top-bar")).toBeHidden();
  await expect.poll(async () => (await viewOf("large")).state).toBe("fullscreen");
  await page.keyboard.press("Meta+f");
  await expect(page.locator(".top-bar")).toBeVisible();
  hostile.say("control", "surfaceClosed", { surface });
  await expect.poll(async () => (await desktop.windows()).length).toBe(0);
});

test("in the sheet, a bar of a paste that waits, and toasts", async () => {
  const { surface, id } = await show(hostile, "covers", [300, 200, 600, 300]);
  await desktop.json("window", "maximize", id);
  await attack(surface);
  const { id: vm } = await vmOf("hostile");
  const party = { kind: "vm", id: vm, name: "hostile", label: "coral", role: "app" } as const;
  const paste = pasteOf(vm);
  await tellPage("clipboard.changed", { current: null, waiting: [paste], pasteKeys: [] });
  const told = {
    action: "clipboard.paste",
    from: { kind: "host" },
    to: party,
    type: null,
    bytes: 1,
    characters: null,
    decision: "allow",
  } as const;
  await tellPage("crossing.notice", { seq: 1, ...told, by: "rule", detail: "", failure: "" });
  // They slide out of the bar.
  await expect.poll(() => coveredParts(".paste-bar", ".crossing-notice", ".top-bar")).toEqual([]);
  await tellPage("clipboard.changed", { current: null, waiting: [], pasteKeys: [] });
  await tellPage("network.cards", { cards: [cardOf(vm)] });
  await expect.poll(() => coveredParts(".ask-bar", ".top-bar")).toEqual([]);
  await tellPage("network.cards", { cards: [] });
  await expect(page.locator(".ask-bar")).toHaveCount(0);
  await tellPage("clipboard.changed", { current: null, waiting: [paste], pasteKeys: [] });

  await page.keyboard.press("Meta+p");
  const sheet = page.getByRole("dialog", { name: "Policy" });
  await expect(sheet.getByRole("gridcell").first()).toBeVisible();
  const tab = sheet.getByRole("tab", { name: "Policy" });
  await expect(tab).toBeFocused();
  await openPopup(surface, [-100, -800, 1900, 500]);
  await expect.poll(() => coveredParts(".sheet", ".top-bar")).toEqual([]);
  // A toast comes above the sheet's own footer.
  await tellPage("crossing.notice", { seq: 2, ...told, by: "rule", detail: "", failure: "" });
  await expect.poll(() => coveredParts(".crossing-notice", ".timeline-chain")).toEqual([]);
  await page.keyboard.press("Control+Tab");
  await expect(page.getByRole("dialog", { name: "Network" })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(sheet).toHaveCount(0);

  // What hangs from the bar has its bar in full screen too.
  await page.keyboard.press("Meta+f");
  await expect(page.locator(".fullscreen-strip")).toHaveCount(1);
  await attack(surface);
  await expect.poll(() => coveredParts(".paste-bar", ".top-bar")).toEqual([]);
  await tellPage("clipboard.changed", { current: null, waiting: [], pasteKeys: [] });
  await expect(page.locator(".top-bar")).toBeHidden();
  await page.keyboard.press("Meta+p");
  await expect.poll(() => coveredParts(".sheet", ".top-bar")).toEqual([]);
  await page.keyboard.press("Escape");
  await page.keyboard.press("Meta+f");
  hostile.say("control", "surfaceClosed", { surface });
  await expect.poll(async () => (await desktop.windows()).length).toBe(0);
});

test("popups are sixteen at most, go with their window's focus, and a submenu is beside its menu", async () => {
  const { surface, id } = await show(hostile, "menus", [300, 200, 400, 300]);
  const menu = await openPopup(surface, [390, 60, 140, 200]);
  const submenu = await openPopup(menu, [140, 10, 140, 200]);
  await openPopup(submenu, [140, 10, 140, 200]);
  const places = async (): Promise<[number, number][]> => (await viewOf("menus")).popups.map(({ x, y }) => [x, y]);
  await expect.poll(places).toEqual([
    [690, 260],
    [830, 270],
    [970, 280],
  ]);
  for (let n = 0; n < 20; n += 1) await openPopup(surface, [n * 10, 100, 60, 30], false);
  await expect.poll(async () => (await places()).length).toBe(16);
  await openPopup(surface, [0, 50, 481, 90], false);
  const other = await show(quiet, "other", [900, 600, 200, 100]);
  // Hints without a grab stay.
  await expect.poll(async () => (await viewOf("menus")).popups.every(({ width }) => width === 60)).toBe(true);
  for (const [agent, gone] of [
    [hostile, surface],
    [quiet, other.surface],
  ] as const)
    agent.say("control", "surfaceClosed", { surface: gone });
  await expect.poll(async () => (await desktop.windows()).some((window) => window.id === id)).toBe(false);
});

/** A point of a guest's surface beside this part of the host, within reach of a cursor that lies around the pointer. */
function pointBeside(selector: string): Promise<{ x: number; y: number } | null> {
  return page.evaluate((wanted) => {
    const part = document.querySelector(wanted)?.getBoundingClientRect();
    if (part === undefined) return null;
    const [middle, height] = [part.left + part.width / 2, part.top + part.height / 2];
    const beside = [
      [middle, part.bottom + 9],
      [middle, part.top - 9],
      [part.left - 9, height],
      [part.right + 9, height],
    ] as const;
    const found = beside.find(([x, y]) => document.elementFromPoint(x, y)?.closest(".surface") != null);
    return found === undefined ? null : { x: found[0], y: found[1] };
  }, selector);
}

test("a guest's cursor is the host's own where it would lie over what the host draws", async () => {
  const { surface, id } = await show(hostile, "cursor", [10, 70, 1880, 980]);
  const bitmap = { width: 32, height: 32, hotX: 16, hotY: 16, scale: 1 };
  hostile.say("control", "cursorChanged", { cursor: { case: "bitmap", value: bitmap } }, Buffer.alloc(4096, 0xff));
  const canvas = page.locator(`[data-window-id="${id}"] canvas`).first();
  const cursor = (): Promise<string> => canvas.evaluate((element) => getComputedStyle(element).cursor);
  /** The guest's own in the middle of its window, the host's beside the part. */
  const guarded = async (selector: string): Promise<void> => {
    await expect(page.locator(selector).first()).toBeVisible();
    const middle = await page.evaluate(() => ({ x: innerWidth / 2, y: innerHeight / 2 }));
    await page.mouse.move(middle.x, middle.y);
    await expect.poll(cursor, selector).toContain("image-set");
    await expect.poll(() => pointBeside(selector), selector).not.toBeNull();
    const { x, y } = (await pointBeside(selector)) ?? { x: 0, y: 0 };
    await page.mouse.move(x, y);
    await expect.poll(cursor, selector).toBe("default");
  };
  await guarded(`[data-window-id="${id}"] .title-bar`);
  await guarded(".dock");
  // Elsewhere a title bar lies between it and what hangs from the bar.
  await page.keyboard.press("Meta+f");
  await expect(page.locator(".top-bar")).toBeHidden();
  // With the keyboard in it the strip stays where it is, wherever the pointer goes.
  const inStrip = page.locator(".fullscreen-strip button").first();
  await inStrip.focus();
  await guarded(".fullscreen-strip");
  await inStrip.blur();
  const { id: vm } = await vmOf("hostile");
  await tellPage("clipboard.changed", { current: null, waiting: [pasteOf(vm)], pasteKeys: [] });
  await guarded(".paste-bar");
  await tellPage("clipboard.changed", { current: null, waiting: [], pasteKeys: [] });
  await tellPage("network.cards", { cards: [cardOf(vm)] });
  await guarded(".ask-bar");
  await tellPage("network.cards", { cards: [] });
  await page.keyboard.press("Meta+f");
  hostile.say("control", "surfaceClosed", { surface });
  await expect.poll(async () => (await desktop.windows()).length).toBe(0);
});

test("the border of a window is not drawn through a menu that hangs over it", async () => {
  const { surface } = await show(hostile, "edge", [300, 200, 400, 150]);
  await openPopup(surface, [100, 50, 200, 200]);
  await expect.poll(async () => (await viewOf("edge")).popups.length).toBe(1);
  const colours = async (): Promise<Set<string>> => {
    const { data, width } = await desktop.picture();
    const rows = Array.from({ length: 24 }, (_, row) => 200 + 150 - 12 + row);
    return new Set(rows.map((y) => data.subarray((y * width + 500) * 4, (y * width + 500) * 4 + 3).toString("hex")));
  };
  await expect.poll(colours).toEqual(new Set(["c82828"]));
  hostile.say("control", "surfaceClosed", { surface });
  await expect.poll(async () => (await desktop.windows()).length).toBe(0);
});

test("the mark is drawn anew by the command, which does not say it, and by hand in the settings", async () => {
  const file = path.join(desktop.home, "config/prompt-mark.yaml");
  const read = (): string => fs.readFileSync(file, "utf8");
  const wordsIn = (text: string): string => /^words: (.+)$/m.exec(text)?.[1] ?? "no words";
  expect(fs.statSync(file).mode & 0o777).toBe(0o600);
  const before = read();
  const { stdout, code } = await desktop.atoll("settings", "prompt-mark", "new");
  const after = read();
  expect([code, after === before, stdout.includes(wordsIn(after))]).toEqual([0, false, false]);
  await page.getByRole("button", { name: "Atoll", exact: true }).click();
  await page.getByRole("menuitem", { name: "Settings" }).click();
  const settings = page.getByRole("dialog", { name: "Settings" });
  await expect(settings.locator('[data-part="mark"] strong')).toHaveText(wordsIn(after));
  await settings.getByRole("button", { name: "Draw another" }).click();
  await expect.poll(read).not.toBe(after);
  await expect(settings.locator('[data-part="mark"] strong')).toHaveText(wordsIn(read()));
  await page.keyboard.press("Escape");
  await expect(settings).toBeHidden();
});

test("in a frozen window", async () => {
  const { surface, id } = await show(hostile, "frozen", [300, 200, 600, 300]);
  await attack(surface);
  hostile.hello();
  await expect.poll(async () => (await viewOf("frozen")).frozen).toBe(true);
  // The page hears of it by itself.
  await expect(page.locator(`[data-window-id="${id}"] .frozen-badge`)).toBeVisible();
  expect(await coveredParts(...partsOf(id), ".top-bar", ".frozen-badge")).toEqual([]);
});
