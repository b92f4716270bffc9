/** The host's clipboard where the host's display is a Wayland compositor, as another program there copies and pastes. */
import { expect, type Page, test } from "@playwright/test";
import { clipSource, copiedByKeys } from "./support/clips.ts";
import { TestDesktop, type } from "./support/desktop.ts";
import { allowHostClips } from "./support/prepare.ts";
import { Sway } from "./support/sway.ts";

let sway: Sway;
let desktop: TestDesktop;
let page: Page;

test.beforeAll(async () => {
  sway = await Sway.start();
  await sway.copy("of the host, ünï");
  desktop = await TestDesktop.open({ web: "coral" }, allowHostClips, sway.surroundings);
  page = await desktop.page();
  await desktop.isRunning("web");
});

test.afterAll(async () => {
  await desktop.close();
  await sway.end();
});

async function focused(...program: string[]): Promise<void> {
  const { element } = await desktop.run("web", ...program);
  await element.locator('[data-part="content"]').click();
}

test("what another program has copied is pasted by the chord of a paste", async () => {
  await expect.poll(() => clipSource(desktop)).toBe("@host");
  await focused("foot", "sh", "-c", "stty raw -echo; cat > /tmp/of-host");
  await desktop.isThere("web", "/tmp/of-host");
  await page.keyboard.press("Control+Shift+V");
  await expect.poll(() => desktop.read("web", "/tmp/of-host")).toBe("of the host, ünï");
});

test("what is copied in a VM comes to the other programs by Super+C, and not while another window has the keyboard", async () => {
  await focused("mousepad");
  await type(page, "of the web");
  await copiedByKeys(desktop, "web", async () => {
    await page.keyboard.press("Control+a");
    await page.keyboard.press("Control+c");
  });
  expect(await sway.paste()).toBe("of the host, ünï");

  // The compositor drops what a window without the keyboard copies.
  await sway.workspace("2");
  await expect
    .poll(() => desktop.electron.evaluate(({ BrowserWindow }) => BrowserWindow.getFocusedWindow() === null))
    .toBe(true);
  await page.keyboard.press("Meta+c");
  await expect(page.getByRole("alert")).toContainText("The host's display did not take what was copied");
  expect(await sway.paste()).toBe("of the host, ünï");

  await sway.workspace("1");
  await sway.pressKey();
  await page.keyboard.press("Meta+c");
  await expect.poll(() => sway.paste()).toBe("of the web");
});
