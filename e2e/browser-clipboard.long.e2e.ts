/** What is copied in a browser, pasted as text and as formatted text by programs of another VM. */
import { randomUUID } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { expect, type Locator, type Page, test } from "@playwright/test";
import { stringify } from "yaml";
import { TestDesktop, type } from "./support/desktop.ts";

const POLICY = `rules:
  - {action: exec, from: "@host", to: "@any", decision: allow}
  - {action: clipboard.paste, from: browser, to: home, decision: allow}
tests: []
`;
const PAGE = `<!DOCTYPE html><title>words</title><p>some <b>bold</b> words<a href="javascript:alert(1)"> more</a></p>`;
/** Seconds: an emulated processor takes its time for a browser. */
const BROWSER_STARTS = "300";

let desktop: TestDesktop;
let page: Page;

test.beforeAll(async () => {
  const browser = { id: randomUUID(), driver: "qemu", label: "coral", template: "debian-web", autostart: true };
  desktop = await TestDesktop.open({ home: "lagoon" }, (home) => {
    fs.writeFileSync(path.join(home, "config/policy.yaml"), POLICY);
    fs.writeFileSync(path.join(home, "config/vms/browser.yaml"), stringify(browser));
  });
  page = await desktop.page();
  for (const vm of ["home", "browser"]) await desktop.isRunning(vm);
});

test.afterAll(async () => {
  await desktop.close();
});

async function current(): Promise<string | null> {
  return (await desktop.json<{ from: string } | null>("clipboard", "show"))?.from ?? null;
}

async function focused(vm: string, ...program: string[]): Promise<Locator> {
  const words = ["run", "--wait-window", BROWSER_STARTS, vm, "--", ...program];
  const { windowId } = await desktop.json<{ windowId: string }>(...words);
  const content = page.locator(`[data-window-id="${windowId}"] [data-part="content"]`);
  await content.click();
  return content;
}

test("a page's words come from Firefox into an editor as text, and formatted without what runs", async () => {
  const put = ["exec", "browser", "--", "sh", "-c", "cat > /tmp/words.html"];
  expect((await desktop.pipe(Buffer.from(PAGE), ...put)).code).toBe(0);
  const browser = await focused("browser", "firefox-esr", "file:///tmp/words.html");
  await expect(async () => {
    await browser.click();
    await page.keyboard.press("Control+a");
    await page.keyboard.press("Control+c");
    await expect.poll(current, { timeout: 8_000 }).toBe("browser");
  }).toPass({ timeout: 300_000 });

  await desktop.atoll("exec", "home", "--", "touch", "/tmp/note.txt");
  await focused("home", "mousepad", "/tmp/note.txt");
  await page.keyboard.press("Control+v");
  await expect(async () => {
    await page.keyboard.press("Control+s");
    await expect
      .poll(() => desktop.read("home", "/tmp/note.txt"), { timeout: 2_000 })
      .toContain("some bold words more");
  }).toPass();

  await focused("home", "foot");
  await type(page, "wl-paste -t text/html > /tmp/pasted.html; touch /tmp/done\n");
  await page.locator(".paste-bar").getByRole("button", { name: "Paste" }).click();
  await desktop.isThere("home", "/tmp/done");
  const html = await desktop.read("home", "/tmp/pasted.html");
  expect(html).toContain("<b>bold</b>");
  expect(html).not.toContain("javascript");
});
