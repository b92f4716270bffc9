/** What a person does with windows: real programs of real VMs under the desktop's window manager. */
import { expect, test } from "@playwright/test";
import { TestDesktop } from "./support/desktop.ts";

let desktop: TestDesktop;

test.beforeAll(async () => {
  desktop = await TestDesktop.open();
  await desktop.isRunning("home");
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
  await expect.poll(() => desktop.atoll("exec", "home", "--", "test", "-e", "/tmp/wheel")).toMatchObject({ code: 0 });
  const reports = async (button: number): Promise<number> =>
    (await desktop.read("home", "/tmp/wheel")).split(`<${button};`).length - 1;
  for (let quarter = 0; quarter < 8; quarter += 1) await page.mouse.wheel(0, 30);
  await expect.poll(() => reports(65)).toBe(6);
  await page.mouse.wheel(0, -120);
  await expect.poll(() => reports(64)).toBe(3);
  expect(await reports(65)).toBe(6);
  await desktop.json("window", "close", id);
});
