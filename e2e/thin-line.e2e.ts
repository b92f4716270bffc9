/** The thin line through all layers: one key press into a program of a real VM, shown in the real application. */
import { expect, test } from "@playwright/test";
import type { WindowView } from "#shared/model/window.ts";
import { changedPixels, TestDesktop, type } from "./support/desktop.ts";

let desktop: TestDesktop;

test.beforeAll(async () => {
  desktop = await TestDesktop.open();
  await desktop.isRunning("home");
});

test.afterAll(async () => {
  await desktop.close();
});

for (const { program, kind } of [
  { program: "foot", kind: "wayland" },
  { program: "xterm", kind: "x11" },
]) {
  test(`a line typed into ${program} arrives in the guest and shows on the desktop`, async () => {
    const { id, element } = await desktop.run("home", program);
    const [window] = (await desktop.windows()).filter((candidate) => candidate.id === id);
    expect(window).toMatchObject({ vm: "home", kind, state: "normal", frozen: false, popups: [] });

    await element.locator('[data-part="content"]').click();
    const file = `/tmp/typed-${program}`;
    const line = `Over ${program}: "quotes", $HOME & ~ | 100 % [x] {y} <z> \\ ; Unknown?`;
    const page = await desktop.page();
    await type(page, `cat > ${file}\n`);
    await desktop.isThere("home", file);
    const before = await desktop.picture(id);
    await type(page, `${line}\n`);
    await expect.poll(() => desktop.read("home", file)).toBe(`${line}\n`);
    await expect.poll(async () => changedPixels(before, await desktop.picture(id))).toBeGreaterThan(100);
    await page.keyboard.press("Control+d");

    await desktop.json("window", "close", id);
    await expect.poll(async () => (await desktop.windows()).some((candidate) => candidate.id === id)).toBe(false);
  });
}

test("an X11 program may be started as soon as its VM runs", async () => {
  await desktop.json("vm", "kill", "home", "--wait");
  await desktop.json("vm", "start", "home", "--wait");
  const { id } = await desktop.run("home", "xterm");
  await desktop.closeXterm(id);
});

test("Xwayland copies by whole words where the processor is emulated, and only there", async () => {
  const [home] = await desktop.vms();
  const maps = ["exec", "home", "--", "sh", "-c", "cat /proc/$(pidof Xwayland)/maps"];
  expect((await desktop.atoll(...maps)).stdout.includes("/atoll-copy.so")).toBe(home?.accelerator === "tcg");
});

test("exec carries bytes, exit codes and signals", async () => {
  expect(await desktop.atoll("exec", "home", "--", "sh", "-c", "echo out; echo err >&2; exit 7")).toEqual({
    code: 7,
    stdout: "out\n",
    stderr: "err\n",
  });
  expect((await desktop.atoll("exec", "home", "--", "sh", "-c", "kill -9 $$")).code).toBe(128 + 9);
  // Those that the agent itself waits for reach its programs too.
  expect((await desktop.atoll("exec", "home", "--", "sh", "-c", "kill -TERM $$")).code).toBe(128 + 15);
  expect((await desktop.atoll("exec", "home", "--", "sh", "-c", "kill -INT $$")).code).toBe(128 + 2);
  expect((await desktop.atoll("exec", "home", "--", "no-such-command")).code).toBe(125);
  expect((await desktop.atoll("exec", "nowhere", "--", "true")).code).toBe(125);
  const bytes = Uint8Array.from({ length: 700_000 }, (_, i) => (i * 7919) >> 3);
  const back = await desktop.pipe(bytes, "exec", "home", "--", "cat");
  expect(back.code).toBe(0);
  expect(back.stdout.equals(bytes)).toBe(true);
});

test("window commands answer with the window as it is then", async () => {
  const { id } = await desktop.run("home", "foot");
  const windowCommand = (...words: string[]) => desktop.json<WindowView>("window", ...words);
  expect(await windowCommand("move", id, "300", "200", "500", "300")).toMatchObject({
    x: 300,
    y: 200,
    state: "normal",
  });
  // foot takes whole cells, and draws them in its own time.
  const larger = async (): Promise<boolean> => {
    const { width = 0, height = 0 } = (await desktop.windows()).find((window) => window.id === id) ?? {};
    return width > 470 && width <= 500 && height > 270 && height <= 300;
  };
  await expect.poll(larger).toBe(true);
  expect(await windowCommand("maximize", id)).toMatchObject({ state: "maximized", focused: true });
  expect(await windowCommand("restore", id)).toMatchObject({ x: 300, y: 200, state: "normal" });
  expect(await windowCommand("minimize", id)).toMatchObject({ state: "minimized", focused: false });
  expect(await windowCommand("focus", id)).toMatchObject({ state: "normal", focused: true });
  expect(await windowCommand("close", id)).toMatchObject({ id });
});

test("errors have the contract's codes", async () => {
  const missing = await desktop.atoll("window", "close", "00000000.1", "--json");
  expect(missing.code).toBe(1);
  expect(JSON.parse(missing.stderr)).toMatchObject({ error: { code: "window.not-found" } });
  expect((await desktop.atoll("vm", "list", "--no-such-option")).code).toBe(2);
  const noNumber = await desktop.atoll("window", "move", "00000000.1", "1", "two");
  expect(noNumber).toMatchObject({ code: 2, stdout: "" });
  expect(noNumber.stderr).toContain('"two" is not a whole number');
  expect((await desktop.atoll("vm", "create", "a'/><", "--label", "rose")).code).toBe(2);
  const noProgram = await desktop.atoll("run", "home", "--json", "no-such-application");
  expect(noProgram.code).toBe(1);
  expect(JSON.parse(noProgram.stderr)).toMatchObject({ error: { code: "app.not-found" } });
});
