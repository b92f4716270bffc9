/** Guests that push, within the protocol: the host's parts stay seen, and nobody comes to the front by himself. */
import { expect, test } from "@playwright/test";
import type { WindowView } from "#shared/model/window.ts";
import { Decoration, Encoding, Kind, PixelFormat, WindowRequest } from "#shared/protocol/gen/atoll_pb.ts";
import type { ScriptedAgent } from "../main/link/testing/scripted-agent.ts";
import { TestDesktop } from "./support/desktop.ts";
import { openWindow, paint, scriptedVm } from "./support/scripted-vm.ts";

let desktop: TestDesktop;
let pushy: ScriptedAgent;
let quiet: ScriptedAgent;

test.beforeAll(async () => {
  desktop = await TestDesktop.open({});
  quiet = await scriptedVm(desktop, "quiet", "lagoon");
  pushy = await scriptedVm(desktop, "pushy", "coral");
  openWindow(quiet, 1);
  await paint(quiet, 1, 500, 300);
  await expect.poll(async () => (await windowsOf("quiet")).length).toBe(1);
});

test.afterAll(async () => {
  for (const agent of [quiet, pushy]) agent.close();
  await desktop.close();
});

async function windowsOf(vm: string): Promise<WindowView[]> {
  return (await desktop.windows()).filter((window) => window.vm === vm);
}

test("windows and requests of a VM that nobody used stay behind, and ask for attention", async () => {
  const page = await desktop.page();
  const [mine] = await windowsOf("quiet");
  await page.locator(`[data-window-id="${mine?.id}"] [data-part="content"]`).click();
  for (const surface of [1, 2, 3]) {
    openWindow(pushy, surface);
    await paint(pushy, surface, 900, 600);
    for (let times = 0; times < 50; times += 1)
      pushy.say("control", "windowRequested", { surface, request: WindowRequest.ACTIVATE });
  }
  await expect.poll(async () => (await windowsOf("pushy")).length).toBe(3);
  await expect(page.getByRole("button", { name: "window 3, pushy, needs attention" })).toBeVisible();
  expect(await windowsOf("quiet")).toMatchObject([{ focused: true }]);
  const levels = await page
    .locator("[data-window-id]")
    .evaluateAll((frames) =>
      (frames as HTMLElement[]).map(({ dataset, style }) => [dataset["vm"], Number(style.zIndex)]),
    );
  expect(levels.sort((a, b) => Number(a[1]) - Number(b[1])).at(-1)?.[0]).toBe("quiet");
});

test("a program that wants the whole screen gets the work area, with its label and below the host's bar", async () => {
  const page = await desktop.page();
  const [window] = await windowsOf("pushy");
  pushy.say("control", "windowRequested", { surface: 1, request: WindowRequest.FULLSCREEN });
  // In the background it has to wait until it is used.
  await desktop.json("window", "focus", window?.id ?? "");
  await expect.poll(async () => (await windowsOf("pushy"))[0]?.state).toBe("fullscreen");
  const frame = page.locator(`[data-window-id="${window?.id}"]`);
  await expect.poll(async () => (await frame.boundingBox())?.y).toBe(34);
  await expect(frame.locator(".tag")).toContainText("pushy");
  await expect(page.locator(".top-bar")).toBeVisible();
  pushy.say("control", "windowRequested", { surface: 1, request: WindowRequest.UNFULLSCREEN });
  await expect.poll(async () => (await windowsOf("pushy"))[0]?.state).toBe("normal");
});

test("a popup as large as it can be covers neither the bar nor most of the screen, and has the label's border", async () => {
  const page = await desktop.page();
  const rect = { x: -1000, y: -800, width: 3000, height: 2000 };
  // One without a grab is shown only while its window has focus.
  const owner = (await windowsOf("pushy")).find(({ title }) => title === "window 1");
  await desktop.json("window", "focus", owner?.id ?? "");
  pushy.say("control", "popupOpened", { surface: 10, kind: Kind.X11, parent: 1, rect, grab: false });
  await paint(pushy, 10, 3000, 2000);
  const clip = page.locator(".popup-clip");
  await expect(clip).toBeVisible();
  const box = await clip.boundingBox();
  const [width, height] = await page.evaluate(() => [innerWidth, innerHeight]);
  if (box === null || width === undefined || height === undefined) throw new Error("no popup");
  expect(box.x).toBeGreaterThanOrEqual(1);
  expect(box.y).toBeGreaterThanOrEqual(35);
  expect(box.x + box.width).toBeLessThanOrEqual(width - 1);
  expect(box.y + box.height).toBeLessThanOrEqual(height - 1);
  expect(box.width * box.height).toBeLessThanOrEqual((width * (height - 34) * 2) / 3);
  await expect(clip).toHaveCSS("outline-width", "1px");
  // What its guest leaves transparent is no hole that takes clicks.
  await expect(clip).not.toHaveCSS("background-color", "rgba(0, 0, 0, 0)");
  pushy.say("control", "surfaceClosed", { surface: 10 });
  await expect(clip).toHaveCount(0);
});

test("a program with a header bar of its own has a slim frame: whose it is, a place to drag, a menu", async () => {
  const page = await desktop.page();
  openWindow(pushy, 20, { decoration: Decoration.CLIENT, title: "[quiet] Not me" });
  await paint(pushy, 20, 400, 300);
  const found = async (): Promise<WindowView | undefined> =>
    (await windowsOf("pushy")).find(({ title }) => title.startsWith("[quiet]"));
  await expect.poll(async () => (await found())?.width).toBe(400);
  const view = await found();
  await desktop.place(view?.id ?? "", 600, 300);
  await desktop.json("window", "focus", view?.id ?? "");
  const frame = page.locator(`[data-window-id="${view?.id}"]`);
  await expect(frame.locator(".title-bar")).toHaveCSS("height", "27px");
  await expect(frame.locator(".tag")).toHaveText("pushy");
  await expect(frame.getByRole("button", { name: "Close" })).toHaveCount(0);
  const bar = await frame.locator(".title-bar").boundingBox();
  await page.mouse.move((bar?.x ?? 0) + 150, (bar?.y ?? 0) + 14);
  await page.mouse.down();
  await page.mouse.move((bar?.x ?? 0) + 190, (bar?.y ?? 0) + 34, { steps: 3 });
  await page.mouse.up();
  await expect.poll(found).toMatchObject({ x: 640, y: 320 });
  await frame.getByRole("button", { name: "Window menu" }).click();
  await page.getByRole("menuitem", { name: "Close" }).click();
  expect(await pushy.hear("closeRequested")).toMatchObject({ surface: 20 });
});

test("a person who turns away from a VM stays away; its chip says that it wants something, and leads there", async () => {
  const page = await desktop.page();
  const [mine] = await windowsOf("quiet");
  const wanting = (await windowsOf("pushy")).find(({ title }) => title === "window 3");
  await desktop.json("window", "focus", mine?.id ?? "");
  await desktop.json("window", "focus", wanting?.id ?? "");
  await page.keyboard.press("a");
  await page.keyboard.down("Alt");
  await page.keyboard.press("Tab");
  await page.keyboard.up("Alt");
  await expect.poll(async () => (await windowsOf("quiet"))[0]?.focused).toBe(true);
  for (let times = 0; times < 50; times += 1)
    pushy.say("control", "windowRequested", { surface: 3, request: WindowRequest.ACTIVATE });
  await expect(page.getByRole("button", { name: "window 3, pushy, needs attention" })).toBeVisible();
  expect((await windowsOf("quiet"))[0]?.focused).toBe(true);
  await page.getByRole("button", { name: "pushy, needs you" }).click();
  await page.getByRole("menuitem", { name: "window 3" }).click();
  await expect
    .poll(async () => (await windowsOf("pushy")).find(({ title }) => title === "window 3")?.focused)
    .toBe(true);
});

test("a tiny window of a VM with a long name has its buttons and the shape of its label", async () => {
  const page = await desktop.page();
  const name = "v".repeat(31);
  const agent = await scriptedVm(desktop, name, "sand");
  openWindow(agent, 1);
  await paint(agent, 1, 8, 8);
  await expect.poll(async () => (await windowsOf(name)).length).toBe(1);
  const frame = page.locator(`.guest-window[data-vm="${name}"]`);
  const bar = await frame.locator(".title-bar").boundingBox();
  for (const part of [frame.getByRole("button", { name: "Close" }), frame.locator(".tag .label-shape")]) {
    const box = await part.boundingBox();
    if (bar === null || box === null) throw new Error("not there");
    expect(box.width).toBeGreaterThanOrEqual(10);
    expect(box.x).toBeGreaterThanOrEqual(bar.x);
    expect(box.x + box.width).toBeLessThanOrEqual(bar.x + bar.width);
  }
  agent.close();
});

test("a window that becomes translucent shows all that it draws, on another canvas", async () => {
  const [window] = await windowsOf("quiet");
  const picture = { surface: 1, width: 500, height: 300, scale: 1, format: PixelFormat.ARGB8888 };
  const solid = { y: 0, width: 250, height: 300, encoding: Encoding.SOLID, size: 4 };
  const both = [
    { ...solid, x: 0 },
    { ...solid, x: 250 },
  ];
  // Blue, green, red, alpha: a half that nothing of is seen, and an orange one.
  const pixels = Buffer.from([0, 0, 0, 0, 10, 100, 250, 255]);
  quiet.say("frames", "frame", { ...picture, serial: 2, damage: both, last: true }, pixels);
  const colours = async (): Promise<string[]> => {
    const { data, width } = await desktop.picture(window?.id);
    return [100, 400].map((x) => data.subarray((150 * width + x) * 4, (150 * width + x) * 4 + 4).toString("hex"));
  };
  await expect.poll(colours).toEqual(["00000000", "fa640aff"]);
  const left = [{ ...solid, x: 0 }];
  quiet.say("frames", "frame", { ...picture, serial: 3, damage: left, last: true }, Buffer.from([255, 0, 0, 255]));
  await expect.poll(colours).toEqual(["0000ffff", "fa640aff"]);
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
  // What comes behind it is known, so it is: the press is meant for a program that wants the pointer.
  game.say("control", "windowChanged", { surface: 1, title: "wants the pointer" });
  await expect
    .poll(async () => (await desktop.windows()).find((window) => window.id === id)?.title)
    .toBe("wants the pointer");
  const box = await page.locator(`[data-window-id="${id}"] [data-part="content"]`).boundingBox();
  const [x, y] = [(box?.x ?? 0) + 200, (box?.y ?? 0) + 100];
  await page.mouse.click(x, y);
  expect(await game.hear("pointerLocked")).toMatchObject({ surface: 1 });
  await expect(page.getByRole("region", { name: "Notifications" })).toContainText(
    'VM "game" has the pointer: press Esc or Super to release it.',
  );
  await page.mouse.move(x + 20, y);
  expect(await game.hear("pointerMoved")).toBeDefined();
  await page.keyboard.press("Meta");
  expect(await game.hear("pointerLocked")).toMatchObject({ surface: 0 });
  await expect.poll(() => page.evaluate(() => document.pointerLockElement)).toBeNull();
  game.close();
});
