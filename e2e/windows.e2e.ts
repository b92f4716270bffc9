/** What a person does with windows: real programs of real VMs under the desktop's window manager. */
import fs from "node:fs";
import path from "node:path";
import { expect, test } from "@playwright/test";
import type { WindowView } from "#shared/model/window.ts";
import { TestDesktop } from "./support/desktop.ts";

let desktop: TestDesktop;

test.beforeAll(async () => {
  desktop = await TestDesktop.open({ home: "lagoon", web: "coral" });
  for (const vm of ["home", "web"]) await desktop.isRunning(vm);
});

test.afterAll(async () => {
  await desktop.close();
});

test("text typed without Shift keys, as input tools send it, arrives as it was typed", async () => {
  const { id, element } = await desktop.run("home", "foot");
  const page = await desktop.page();
  await element.locator('[data-part="content"]').click();
  const line = 'The Quick (brown) FOX_{jumps} "over" ~/Lazy+Dogs: 100% & <more> | $HOME?';
  await page.keyboard.type("cat > /tmp/typed\n");
  // Before, it would be the shell that reads the line, as its own.
  await desktop.isThere("home", "/tmp/typed");
  await page.keyboard.type(`${line}\n`);
  await expect.poll(() => desktop.read("home", "/tmp/typed")).toBe(`${line}\n`);
  await page.keyboard.press("Control+d");
  await desktop.json("window", "close", id);
});

test("parts of a wheel's notch add up in the program", async () => {
  // Mouse reports: foot writes one for each line that was scrolled, three for a notch.
  const listen = "stty raw -echo; printf '\\033[?1000h\\033[?1006h'; cat > /tmp/wheel";
  const { id, element } = await desktop.run("home", "foot", "sh", "-c", listen);
  const page = await desktop.page();
  await element.locator('[data-part="content"]').hover();
  await desktop.isThere("home", "/tmp/wheel");
  const reports = async (button: number): Promise<number> =>
    (await desktop.read("home", "/tmp/wheel")).split(`<${button};`).length - 1;
  for (let quarter = 0; quarter < 8; quarter += 1) await page.mouse.wheel(0, 30);
  await expect.poll(() => reports(65)).toBe(6);
  await page.mouse.wheel(0, -120);
  await expect.poll(() => reports(64)).toBe(3);
  expect(await reports(65)).toBe(6);
  await desktop.json("window", "close", id);
});

/** A window of `atoll window list`. */
async function windowView(id: string): Promise<WindowView> {
  const found = (await desktop.windows()).find((window) => window.id === id);
  if (found === undefined) throw new Error(`there is no window ${id}`);
  return found;
}

test("a window is maximised and restored without showing an empty or stretched image in between", async () => {
  const { id, element } = await desktop.run("home", "foot");
  const before = await windowView(id);
  // Every frame that is painted: the size of the window's content, and of the canvas in it.
  const looks = await element.evaluateHandle((frame) => {
    const seen: { sizes: string; sinceClickMs: number }[] = [];
    let clickedMs = 0;
    frame.addEventListener("dblclick", () => (clickedMs = performance.now()), { capture: true });
    const look = (): void => {
      const content = frame.querySelector<HTMLElement>('[data-part="content"]');
      const canvas = frame.querySelector("canvas");
      const sizes = `${content?.clientWidth}x${content?.clientHeight} ${canvas?.clientWidth}x${canvas?.clientHeight}`;
      if (seen.at(-1)?.sizes !== sizes) seen.push({ sizes, sinceClickMs: performance.now() - clickedMs });
      requestAnimationFrame(look);
    };
    look();
    return seen;
  });
  await element.locator('[data-part="title"]').dblclick();
  const [width, height] = await (await desktop.page()).evaluate(() => [innerWidth - 2, innerHeight - 34 - 37]);
  await expect.poll(async () => (await windowView(id)).width).toBe(width);
  expect(await windowView(id)).toMatchObject({ height, state: "maximized" });
  const [small, large] = [`${before.width}x${before.height}`, `${width}x${height}`];
  // Its program may be later than the desktop waits.
  await expect.poll(async () => (await looks.jsonValue()).map(({ sizes }) => sizes)).toContain(`${large} ${large}`);
  await element.locator('[data-part="title"]').dblclick();
  await expect.poll(async () => (await windowView(id)).width).toBe(before.width);
  expect(await windowView(id)).toEqual(before);
  // The desktop waits for a second: on a busy machine the program may draw later, and then its window has gone ahead.
  const isAhead = ({ sizes, sinceClickMs }: { sizes: string; sinceClickMs: number }): boolean =>
    sinceClickMs >= 1_000 && [`${large} ${small}`, `${small} ${large}`].includes(sizes);
  const seen = async (): Promise<string[]> =>
    (await looks.jsonValue()).filter((look) => !isAhead(look)).map(({ sizes }) => sizes);
  // The last size is seen in the animation frame after the one in which it was reported.
  await expect.poll(seen).toEqual([`${small} ${small}`, `${large} ${large}`, `${small} ${small}`]);
  await desktop.json("window", "close", id);
});

test("a window that nobody asked for opens behind the one in use and asks for attention", async () => {
  const page = await desktop.page();
  const { id, element } = await desktop.run("home", "foot");
  await element.locator('[data-part="content"]').click();
  await desktop.atoll("exec", "web", "--", "sh", "-c", "setsid foot > /dev/null 2>&1 &");
  await expect.poll(async () => (await desktop.windows()).some(({ vm }) => vm === "web")).toBe(true);
  const other = (await desktop.windows()).find(({ vm }) => vm === "web");
  expect(other).toMatchObject({ focused: false });
  expect(await windowView(id)).toMatchObject({ focused: true });
  await page.keyboard.type("echo Mine > /tmp/mine\n");
  await expect.poll(() => desktop.read("home", "/tmp/mine")).toBe("Mine\n");
  // What is started from the desktop, or with the command, does come to the front.
  await page.mouse.move(5, 500);
  const started = await desktop.run("web", "foot");
  await expect.poll(async () => (await windowView(started.id)).focused).toBe(true);
  for (const window of await desktop.windows()) await desktop.json("window", "close", window.id);
  await expect.poll(async () => (await desktop.windows()).length).toBe(0);
});

test("after a crash of the application windows are where and as they were", async () => {
  const ids: string[] = [];
  for (const [vm, ...program] of [
    ["home", "foot"],
    ["web", "foot"],
    // Its shell would give it a title of its own in a moment.
    ["home", "xterm", "-e", "cat"],
    ["home", "mousepad"],
  ] as const) {
    ids.push((await desktop.run(vm, ...program)).id);
  }
  const [moved = "", maximized = "", minimized = "", left = ""] = ids;
  await desktop.place(moved, 333, 155, [420, 310]);
  await desktop.json("window", "maximize", maximized);
  await desktop.json("window", "minimize", minimized);
  await desktop.json("window", "focus", left);
  await (await desktop.page()).keyboard.press("Meta+ArrowLeft");
  await desktop.json("window", "focus", moved);
  const levels = async (): Promise<string[]> =>
    (await desktop.page())
      .locator("[data-window-id]")
      .evaluateAll((frames) =>
        (frames as HTMLElement[])
          .sort((a, b) => Number(a.style.zIndex) - Number(b.style.zIndex))
          .map((frame) => frame.dataset["windowId"] ?? ""),
      );
  const half = await (await desktop.page()).evaluate(() => Math.floor(innerWidth / 2) - 2);
  await expect.poll(async () => (await windowView(left)).width).toBe(half);
  await expect.poll(async () => (await windowView(maximized)).width).toBeGreaterThan(1400);
  const before = { windows: await desktop.windows(), levels: await levels() };
  expect(before.levels.at(-1)).toBe(moved);
  const kept = path.join(desktop.home, "state/placements.json");
  const keptLevels = (): string[] =>
    (JSON.parse(fs.readFileSync(kept, "utf8")) as { windows: { id: string }[] }).windows.map(({ id }) => id);
  // It may not be there yet.
  await expect(() => expect(keptLevels()).toEqual(before.levels)).toPass({ timeout: 60_000 });

  await desktop.crash();
  await desktop.start();
  await expect.poll(async () => (await desktop.windows()).length).toBe(4);
  await expect.poll(() => desktop.windows()).toEqual(before.windows);
  // Nobody has chosen a window since: the one in use has the keyboard by inheritance.
  const inUse = (await desktop.page()).locator("[data-focus-cause]");
  await expect(inUse).toHaveAttribute("data-focus-cause", "inherited");
  await expect.poll(levels).toEqual(before.levels);
  await (await desktop.page()).keyboard.type("echo Back > /tmp/back\n");
  await expect.poll(() => desktop.read("home", "/tmp/back")).toBe("Back\n");
  for (const id of ids) await desktop.json("window", "close", id);
  await expect.poll(async () => (await desktop.windows()).length).toBe(0);
});

test("windows are moved by any part with Alt, tiled at the edges, and come off by their title", async () => {
  const page = await desktop.page();
  const { id, element } = await desktop.run("home", "foot");
  await desktop.place(id, 400, 200, [500, 300]);
  const content = element.locator('[data-part="content"]');
  await content.click();
  await page.keyboard.type("cat > /tmp/dragged\n");
  await desktop.isThere("home", "/tmp/dragged");
  const before = await windowView(id);
  await page.keyboard.down("Alt");
  await page.mouse.move(600, 350);
  await page.mouse.down();
  await page.mouse.move(660, 390, { steps: 3 });
  await page.mouse.up();
  await page.keyboard.up("Alt");
  await expect.poll(() => windowView(id)).toMatchObject({ x: before.x + 60, y: before.y + 40 });

  const title = await element.locator('[data-part="title"]').boundingBox();
  if (title === null) throw new Error("no title");
  await page.mouse.move(title.x + 20, title.y + 10);
  await page.mouse.down();
  await page.mouse.move(300, 400, { steps: 3 });
  await page.mouse.move(0, 400, { steps: 3 });
  await expect(page.locator(".snap-preview")).toBeVisible();
  await page.mouse.up();
  const half = await page.evaluate(() => Math.floor(innerWidth / 2) - 2);
  await expect.poll(() => windowView(id)).toMatchObject({ x: 1, width: half });
  await page.keyboard.press("Meta+ArrowRight");
  await expect.poll(async () => (await windowView(id)).x).toBeGreaterThan(half);

  const tiled = await element.locator('[data-part="title"]').boundingBox();
  if (tiled === null) throw new Error("no title");
  await page.mouse.move(tiled.x + 20, tiled.y + 10);
  await page.mouse.down();
  await page.mouse.move(tiled.x - 100, tiled.y + 120, { steps: 4 });
  await page.mouse.up();
  await expect.poll(() => windowView(id)).toMatchObject({ width: before.width, height: before.height });
  // Nothing of all this was a key or a click of the program.
  await page.keyboard.type("Still Here\n");
  await page.keyboard.press("Control+d");
  await expect.poll(() => desktop.read("home", "/tmp/dragged")).toBe("Still Here\n");
  await page.keyboard.press("Alt+F4");
  await expect.poll(async () => (await desktop.windows()).length).toBe(0);
});

test("a window is resized by its corners and edges: what is opposite stays, and the program draws", async () => {
  const page = await desktop.page();
  const { id, element } = await desktop.run("home", "mousepad");
  await desktop.place(id, 500, 300, [500, 350]);
  const before = await windowView(id);
  const pull = async (handle: string, dx: number, dy: number): Promise<void> => {
    const box = await element.locator(`[data-handle="${handle}"]`).boundingBox();
    if (box === null) throw new Error("no handle");
    // The outermost pixel: the rest of a corner's handle lies over the window.
    const x = box.x + (handle.includes("w") ? 2 : handle.includes("e") ? box.width - 2 : box.width / 2);
    const y = box.y + (handle.includes("n") ? 2 : handle.includes("s") ? box.height - 2 : box.height / 2);
    await page.mouse.move(x, y);
    await page.mouse.down();
    await page.mouse.move(x + dx, y + dy, { steps: 4 });
    await page.mouse.up();
  };
  await pull("se", 60, 40);
  const larger = { x: before.x, y: before.y, width: before.width + 60, height: before.height + 40 };
  await expect.poll(() => windowView(id)).toMatchObject(larger);
  await pull("nw", -30, -20);
  const both = { x: larger.x - 30, y: larger.y - 20, width: larger.width + 30, height: larger.height + 20 };
  await expect.poll(() => windowView(id)).toMatchObject(both);
  await pull("e", -50, 0);
  await expect.poll(() => windowView(id)).toMatchObject({ ...both, width: both.width - 50 });
  // Never smaller than the program can be.
  await pull("w", 2000, 0);
  const right = both.x + both.width - 50;
  await expect.poll(async () => (await windowView(id)).width).toBeLessThan(both.width - 50);
  await expect.poll(async () => right - (await windowView(id)).x).toBeGreaterThanOrEqual(120);
  await expect.poll(async () => ((view) => view.x + view.width)(await windowView(id))).toBe(right);
  await desktop.place(id, 500, 300, [500, 350]);
  await expect.poll(() => windowView(id)).toEqual(before);
  // Escape takes it back.
  await page.mouse.move(before.x + 150, before.y + before.height + 6);
  await page.mouse.down();
  await page.mouse.move(before.x + 150, before.y + before.height + 60, { steps: 4 });
  await expect.poll(async () => (await windowView(id)).height).toBe(before.height + 54);
  await page.keyboard.press("Escape");
  await page.mouse.up();
  await expect.poll(() => windowView(id)).toEqual(before);
  await desktop.json("window", "close", id);
  await expect.poll(async () => (await desktop.windows()).length).toBe(0);
});

test("a program of X11 that has whole cells alone gets a size of these by the command, too", async () => {
  const { id } = await desktop.run("home", "xterm");
  const sized = async (width: number, height: number): Promise<[number, number]> => {
    await desktop.place(id, 40, 80, [width, height]);
    const { width: hasWidth, height: hasHeight } = await windowView(id);
    return [hasWidth, hasHeight];
  };
  const [width, height] = await sized(605, 403);
  // Less than a cell is left out.
  expect([605 - width < 30, 403 - height < 30, width <= 605, height <= 403]).toEqual([true, true, true, true]);
  expect(await sized(width + 1, height + 1)).toEqual([width, height]);
  await desktop.closeXterm(id);
});

test("Alt+Tab shows whose windows there are and goes to the one before", async () => {
  const page = await desktop.page();
  const home = await desktop.run("home", "foot");
  const web = await desktop.run("web", "foot");
  await home.element.locator('[data-part="content"]').click();
  await page.keyboard.down("Alt");
  await page.keyboard.press("Tab");
  const cards = page.getByRole("listbox", { name: "Windows" }).getByRole("option");
  await expect(cards).toHaveCount(2);
  await expect(cards.nth(1)).toHaveAttribute("aria-selected", "true");
  await expect(cards.nth(0)).toContainText("home");
  await expect(cards.nth(1)).toContainText("web");
  // The picture is the window's: foot's background fills most of it.
  await expect
    .poll(() =>
      cards
        .nth(1)
        .locator("canvas")
        .evaluate((canvas: HTMLCanvasElement) => canvas.width * canvas.height),
    )
    .toBeGreaterThan(10_000);
  await page.keyboard.up("Alt");
  await expect(cards).toHaveCount(0);
  await expect.poll(async () => (await windowView(web.id)).focused).toBe(true);
  await page.keyboard.type("echo Web > /tmp/switched\n");
  await expect.poll(() => desktop.read("web", "/tmp/switched")).toBe("Web\n");
  for (const { id } of [home, web]) await desktop.json("window", "close", id);
  await expect.poll(async () => (await desktop.windows()).length).toBe(0);
});

test("full screen is the person's: the label's colour stays around it, and so does the way out", async () => {
  const page = await desktop.page();
  const { id, element } = await desktop.run("web", "foot");
  await element.locator('[data-part="content"]').click();
  const before = await windowView(id);
  await page.keyboard.press("Meta+f");
  const [width, height] = await page.evaluate(() => [innerWidth - 6, innerHeight - 6]);
  await expect.poll(() => windowView(id)).toMatchObject({ x: 3, y: 3, width, height, state: "fullscreen" });
  await expect(page.locator(".top-bar")).toBeHidden();
  await expect(page.locator(".fullscreen-edge")).toHaveCSS("background-color", "rgb(224, 103, 74)");
  await page.mouse.move(600, 1);
  await page.getByRole("button", { name: "Leave full screen" }).click();
  await expect.poll(() => windowView(id)).toEqual(before);
  await expect(page.locator(".top-bar")).toBeVisible();

  // A program that wants it gets the work area.
  const wanting = await desktop.run("web", "foot", "--fullscreen");
  await expect.poll(() => windowView(wanting.id)).toMatchObject({ y: 70, state: "fullscreen" });
  await expect(page.locator(".top-bar")).toBeVisible();
  for (const window of [id, wanting.id]) await desktop.json("window", "close", window);
  await expect.poll(async () => (await desktop.windows()).length).toBe(0);
});

test("a menu of a program opens outside of its window, with the label's border, and ends with its window's focus", async () => {
  const page = await desktop.page();
  const { id, element } = await desktop.run("home", "mousepad");
  const other = await desktop.run("home", "foot");
  await desktop.place(id, 60, 100, [420, 200]);
  await desktop.place(other.id, 800, 400);
  await desktop.json("window", "focus", id);
  const popups = async (): Promise<WindowView["popups"]> => (await windowView(id)).popups;
  const openMenu = async (): Promise<void> => {
    await element.locator('[data-part="content"]').click({ position: { x: 18, y: 12 } });
    await expect.poll(async () => (await popups()).length).toBe(1);
  };
  await openMenu();
  const view = await windowView(id);
  const [menu] = view.popups;
  expect((menu?.y ?? 0) + (menu?.height ?? 0)).toBeGreaterThan(view.y + view.height);
  await expect(element.locator(".popup-clip")).toHaveCSS("outline-style", "solid");
  // Its entries are clicked where they are seen, below the window: Ctrl+Q is the last one.
  await page.mouse.move((menu?.x ?? 0) + 60, (menu?.y ?? 0) + (menu?.height ?? 0) - 60);
  await page.keyboard.press("Escape");
  await expect.poll(popups).toEqual([]);
  await openMenu();
  await other.element.locator('[data-part="title"]').click();
  await expect.poll(popups).toEqual([]);
  await desktop.json("window", "focus", id);
  await openMenu();
  await page.mouse.click((menu?.x ?? 0) + 60, (menu?.y ?? 0) + (menu?.height ?? 0) - 14);
  await expect.poll(async () => (await desktop.windows()).map((window) => window.id)).toEqual([other.id]);
  await desktop.json("window", "close", other.id);
});

test("a window's menu works by mouse and by keyboard alone", async () => {
  const page = await desktop.page();
  const { id, element } = await desktop.run("home", "foot");
  await desktop.place(id, 300, 200, [500, 300]);
  const before = await windowView(id);
  await element.locator('[data-part="title"]').click({ button: "right" });
  await page.getByRole("menuitem", { name: "Left half" }).click();
  await expect.poll(() => windowView(id)).toMatchObject({ x: 1 });
  await page.keyboard.press("Alt+Space");
  await expect(page.getByRole("menuitem", { name: "Restore" })).toBeVisible();
  await page.keyboard.press("ArrowDown");
  await expect(page.getByRole("menuitem", { name: "Restore" })).toBeFocused();
  await page.keyboard.press("Enter");
  await expect.poll(() => windowView(id)).toEqual(before);
  await page.keyboard.press("Alt+Space");
  await page.getByRole("menuitem", { name: "Move with arrow keys" }).click();
  await expect(page.locator(":root")).toHaveAttribute("data-gesture", "move");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Shift+ArrowDown");
  await page.keyboard.press("Enter");
  await expect.poll(() => windowView(id)).toMatchObject({ x: before.x + 24, y: before.y + 1 });
  await page.keyboard.type("echo Mine > /tmp/menu\n");
  await expect.poll(() => desktop.read("home", "/tmp/menu")).toBe("Mine\n");

  const second = await desktop.run("home", "foot");
  await page.getByRole("button", { name: "2 windows of foot, home" }).click();
  await page.getByRole("menuitem").first().click();
  await expect.poll(async () => (await windowView(id)).focused).toBe(true);
  for (const window of [id, second.id]) await desktop.json("window", "close", window);
});

test("windows of a VM that is paused say so, and it goes on from there", async () => {
  const { id, element } = await desktop.run("home", "foot");
  await desktop.json("vm", "pause", "home", "--wait", "20");
  await element.getByRole("button", { name: "Paused, resume home" }).click();
  await desktop.isRunning("home");
  await expect(element.getByRole("button", { name: "Paused, resume home" })).toHaveCount(0);
  await desktop.json("window", "close", id);
});
