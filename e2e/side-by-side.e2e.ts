/** The main job: programs of two VMs side by side, worked with by mouse and keyboard; and the page may come and go. */
import { expect, type Page, test } from "@playwright/test";
import type { Rect } from "#shared/model/window.ts";
import type { PNG } from "pngjs";
import { changedPixels, TestDesktop, type } from "./support/desktop.ts";

// The second test needs the windows of the first: after a failure Playwright would run it on a new, empty desktop.
test.describe.configure({ mode: "serial" });

let desktop: TestDesktop;
let page: Page;

test.beforeAll(async () => {
  desktop = await TestDesktop.open({ home: "lagoon", web: "coral" });
  page = await desktop.page();
  await Promise.all([desktop.isRunning("home"), desktop.isRunning("web")]);
});

test.afterAll(async () => {
  await desktop.close();
});

async function popupsOf(id: string): Promise<Rect[]> {
  return (await desktop.windows()).find((window) => window.id === id)?.popups ?? [];
}

async function hasWindow(id: string): Promise<boolean> {
  return (await desktop.windows()).some((window) => window.id === id);
}

/** Screenshot of a window when its program has drawn all that was sent to it. */
async function settledPicture(id: string): Promise<PNG> {
  let last = await desktop.picture(id);
  await expect
    .poll(async () => {
      const before = last;
      last = await desktop.picture(id);
      return changedPixels(before, last);
    })
    .toBe(0);
  return last;
}

test("what is typed goes to the focused window's program, and to no other VM", async () => {
  const home = await desktop.run("home", "foot", "sh", "-c", "cat > /tmp/typed; sleep 1000");
  const web = await desktop.run("web", "xterm", "-e", "sh", "-c", "cat > /tmp/typed; sleep 1000");
  await desktop.place(home.id, 10, 90, [600, 400]);
  await desktop.place(web.id, 700, 90, [600, 400]);
  for (const round of ["one", "two", "three"]) {
    await home.element.locator('[data-part="content"]').click();
    await type(page, `Home ${round}\n`);
    await web.element.locator('[data-part="content"]').click();
    await type(page, `web ${round}\n`);
  }
  await expect.poll(() => desktop.read("home", "/tmp/typed")).toBe("Home one\nHome two\nHome three\n");
  await expect.poll(() => desktop.read("web", "/tmp/typed")).toBe("web one\nweb two\nweb three\n");
});

test("a page that is loaded again has every window again, with its content and its input", async () => {
  const before = await desktop.windows();
  const pictures: PNG[] = [];
  for (const { id } of before) pictures.push(await settledPicture(id));
  await page.reload();
  await expect.poll(async () => (await desktop.windows()).map(({ id }) => id)).toEqual(before.map(({ id }) => id));
  for (const [at, { id }] of before.entries()) {
    const picture = pictures[at];
    if (picture === undefined) throw new Error("no picture");
    // Only a cursor may have changed.
    await expect.poll(async () => changedPixels(picture, await desktop.picture(id))).toBeLessThan(600);
  }
  await page.locator('.guest-window[data-vm="web"] [data-part="content"]').click();
  await type(page, "web again\n");
  await expect.poll(() => desktop.read("web", "/tmp/typed")).toContain("web again\n");
});

test("a menu of a GTK program opens, is seen and is clicked", async () => {
  const { id, element } = await desktop.run("home", "mousepad");
  const content = element.locator('[data-part="content"]');
  const closed = await desktop.picture();
  await content.click({ position: { x: 20, y: 12 } });
  await expect.poll(async () => (await popupsOf(id)).length).toBe(1);
  const [menu] = await popupsOf(id);
  if (menu === undefined) throw new Error("no menu");
  // Most of the menu's rectangle looks different from what was there.
  await expect
    .poll(async () => changedPixels(closed, await desktop.picture()))
    .toBeGreaterThan((menu.width * menu.height) / 50);
  // Its last entry is Quit.
  await page.mouse.click(menu.x + 60, menu.y + menu.height - 16);
  await expect.poll(() => hasWindow(id)).toBe(false);
});

test("a click counts for focus alone where a program's act has just uncovered another VM's window under the pointer", async () => {
  // Its program is sent a button as ESC [ M and three bytes.
  const listens = "printf '\\033[?1000h'; stty raw -echo; touch /tmp/clicks; cat > /tmp/clicks";
  const below = await desktop.run("web", "xterm", "-e", "sh", "-c", listens);
  await desktop.isThere("web", "/tmp/clicks");
  const above = await desktop.run("home", "foot", "sh", "-c", "echo $$ > /tmp/pid; exec sleep 1000");
  await desktop.isThere("home", "/tmp/pid");
  for (const { id } of [below, above]) await desktop.place(id, 100, 500, [600, 400]);
  await desktop.json("window", "focus", above.id);
  const at = { x: 400, y: 720 };
  await page.mouse.click(at.x, at.y);
  // In the task in which it goes: a person who was about to click would.
  const clicked = page.evaluate(
    ([gone, { x, y }]) =>
      new Promise<string | undefined>((resolve) => {
        new MutationObserver((_, observer) => {
          if (document.querySelector(`[data-window-id="${gone}"]`) !== null) return;
          observer.disconnect();
          const element = document.elementFromPoint(x, y);
          const press = { clientX: x, clientY: y, bubbles: true, cancelable: true, pointerType: "mouse", pointerId: 1 };
          element?.dispatchEvent(new PointerEvent("pointerdown", { ...press, buttons: 1 }));
          element?.dispatchEvent(new PointerEvent("pointerup", press));
          resolve(element?.closest<HTMLElement>("[data-window-id]")?.dataset["windowId"]);
        }).observe(document.body, { childList: true, subtree: true });
      }),
    [above.id, at] as const,
  );
  await desktop.atoll("exec", "home", "--", "sh", "-c", "kill $(cat /tmp/pid)");
  expect(await clicked).toBe(below.id);
  await expect(below.element).toHaveAttribute("data-focused", "true");
  await type(page, "x");
  await expect.poll(() => desktop.read("web", "/tmp/clicks")).toBe("x");
  // Where a person has moved the pointer, the click is meant.
  await page.mouse.move(at.x + 20, at.y);
  await page.mouse.down();
  await page.mouse.up();
  await expect.poll(async () => (await desktop.read("web", "/tmp/clicks")).startsWith("x\u001b[M")).toBe(true);
});

// The last one: Playwright's own page is gone with the process.
test("a page that hangs is opened again, with every window", async () => {
  const places = async (): Promise<unknown[]> =>
    (await desktop.windows()).map(({ id, x, y, width, height }) => ({ id, x, y, width, height }));
  const before = await places();
  const [first] = await desktop.windows();
  await desktop.electron.evaluate(({ webContents }) => {
    void webContents.getAllWebContents()[0]?.executeJavaScript("for (;;);");
  });
  await expect.poll(() => desktop.log()).toContain("the desktop's page does not answer");
  const answers = async (): Promise<void> =>
    expect(await desktop.atoll("window", "focus", first?.id ?? "")).toMatchObject({ code: 0 });
  await expect(answers).toPass({ timeout: 180_000 });
  // Those of another VM may come a moment later.
  await expect.poll(places).toEqual(before);
  expect((await desktop.picture(first?.id)).width).toBe(first?.width);
});
