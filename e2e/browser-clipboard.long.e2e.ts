/**
 * A browser as a person's source and target: what is marked in a page is pasted into programs of another VM, as text and as
 * HTML, and what is copied there goes into the fields of a page. Firefox asks for several types of one paste.
 */
import { expect, type Locator, type Page, test } from "@playwright/test";
import { copiedByKeys } from "./support/clips.ts";
import { TestDesktop, type } from "./support/desktop.ts";
import { changeDefinition, writePolicy } from "./support/prepare.ts";

/** An emulated VM starts a browser for the first time. */
const STARTS = { timeout: 900_000, intervals: [2_000] };
/** A program of such a VM answers keys. */
const ANSWERS = { timeout: 300_000, intervals: [500] };

/** The picture is never reached, as the VM has no network. Each page says in its title that it is there. */
const SOURCE = `<!doctype html><meta charset="utf-8"><title>loading</title>
<p>some <b>bold</b> words<img src="http://192.0.2.1/x.png" onerror="void 0"></p><p>grüße</p>
<script>addEventListener("DOMContentLoaded", () => (document.title = "source-page"));</script>
`;
/** What a program without HTML gets of it. */
const PLAIN = "some bold words\n\ngrüße";
/** What came into its field, and into the part that takes HTML, is in its title. */
const TARGET = `<!doctype html><meta charset="utf-8"><title>loading</title>
<textarea id="text" style="width: 100%; height: 100px"></textarea>
<div id="html" contenteditable style="height: 200px; border: 1px solid"></div>
<script>
const text = document.getElementById("text");
const html = document.getElementById("html");
const tell = () => (document.title = JSON.stringify([text.value, html.innerHTML]));
addEventListener("input", tell);
onload = () => (document.title = "target-page");
</script>
`;

let desktop: TestDesktop;
let page: Page;
/** The browser's window. */
let browser: { id: string; content: Locator };

test.beforeAll(async () => {
  test.setTimeout(1_800_000);
  desktop = await TestDesktop.open({ home: "lagoon", web: "coral" }, (home) => {
    changeDefinition(home, "web", { template: "debian-web", memory: 2048, autostart: false });
    writePolicy(home, [
      { action: "clipboard.paste", from: "web", to: "home", decision: "allow" },
      { action: "clipboard.paste", from: "home", to: "web", decision: "allow" },
    ]);
  });
  page = await desktop.page();
  await desktop.isRunning("home");
  await desktop.json("vm", "start", "web");
  await desktop.isRunning("web");
  for (const [name, document] of [
    ["source", SOURCE],
    ["target", TARGET],
  ] as const)
    await put("web", `/tmp/${name}.html`, document);
});

test.afterAll(async () => {
  await desktop.close();
});

async function put(vm: string, file: string, content: string): Promise<void> {
  expect((await desktop.pipe(Buffer.from(content), "exec", vm, "--", "sh", "-c", `cat > ${file}`)).code).toBe(0);
}

/** The windows of the two VMs lie beside each other, so that each can be clicked. */
async function placed(vm: "home" | "web", id: string): Promise<Locator> {
  await desktop.json("window", "move", id, vm === "home" ? "40" : "640", "100", "580", "600");
  await desktop.json("window", "focus", id);
  return page.locator(`[data-window-id="${id}"] [data-part="content"]`);
}

async function focused(vm: "home" | "web", ...program: string[]): Promise<Locator> {
  const content = await placed(vm, (await desktop.run(vm, ...program)).id);
  await content.click();
  return content;
}

/** The browser shows that page of its VM. */
async function opens(name: "source" | "target"): Promise<void> {
  // A browser that runs is told to open it in another window, and ends.
  await desktop.json("run", "web", "--", "firefox-esr", "--new-window", `file:///tmp/${name}.html`);
  const shown = async (): Promise<string> =>
    (await desktop.windows()).find(({ title }) => title.includes(`${name}-page`))?.id ?? "";
  await expect.poll(shown, STARTS).not.toBe("");
  const id = await shown();
  browser = { id, content: await placed("web", id) };
}

async function title(): Promise<string> {
  return (await desktop.windows()).find(({ id }) => id === browser.id)?.title ?? "";
}

async function copiedPage(): Promise<void> {
  await copiedByKeys(desktop, "web", async () => {
    await browser.content.click({ position: { x: 300, y: 400 } });
    await page.keyboard.press("Control+a");
    await page.keyboard.press("Control+c");
  });
}

test("what is marked in a page comes as text into an editor of another VM", async () => {
  await opens("source");
  await copiedPage();
  await put("home", "/tmp/note.txt", "");
  await focused("home", "mousepad", "/tmp/note.txt");
  await expect(async () => {
    await page.keyboard.press("Control+a");
    await page.keyboard.press("Control+v");
    await expect(async () => {
      await page.keyboard.press("Control+s");
      expect((await desktop.read("home", "/tmp/note.txt")).trimEnd()).toBe(PLAIN);
    }).toPass({ timeout: 20_000, intervals: [1_000] });
  }).toPass(ANSWERS);
});

test("it comes as HTML into a program that takes that, without what would be fetched", async () => {
  await copiedPage();
  // In its own VM it is what the browser made of the page.
  await focused("web", "foot");
  await type(page, "wl-paste -t text/html > /tmp/own; touch /tmp/own-done\n");
  await desktop.isThere("web", "/tmp/own-done");
  const own = await desktop.read("web", "/tmp/own");
  expect(own).toContain("<b>bold</b> words");
  expect(own).toContain("192.0.2.1");

  await focused("home", "foot");
  await type(page, "wl-paste -t text/html > /tmp/pasted; touch /tmp/done\n");
  // It pastes without any chord: the person says that they mean it.
  await page.locator(".paste-bar").getByRole("button", { name: "Paste" }).click({ timeout: ANSWERS.timeout });
  await desktop.isThere("home", "/tmp/done");
  const pasted = await desktop.read("home", "/tmp/pasted");
  expect(pasted).toContain("<b>bold</b> words");
  expect(pasted).toContain("grüße");
  expect(pasted).not.toMatch(/192\.0\.2\.1|alert|onerror/);
});

test("what is copied in an editor comes into a field of a page, and HTML into a part that takes it", async () => {
  await opens("target");
  // One that runs would take it as another tab of its window.
  await focused("home", "mousepad", "--disable-server");
  await type(page, "of the editor");
  await copiedByKeys(desktop, "home", async () => {
    await page.keyboard.press("Control+a");
    await page.keyboard.press("Control+c");
  });
  await pastedAt(150, '["of the editor",');

  await put("home", "/tmp/copied.html", "<p>very <i>fine</i> text<script>alert(1)</script></p>");
  await focused("home", "foot");
  await copiedByKeys(desktop, "home", () => type(page, "wl-copy -t text/html < /tmp/copied.html\n"));
  await pastedAt(300, "very <i>fine</i> text");
  expect(await title()).not.toMatch(/script|alert/);
});

/** Pastes in the page, where something is that takes it, in place of what is there, until its title has this. */
async function pastedAt(y: number, wanted: string): Promise<void> {
  await expect(async () => {
    await browser.content.click({ position: { x: 300, y } });
    await page.keyboard.press("Control+a");
    await page.keyboard.press("Control+v");
    await expect.poll(title, { timeout: 20_000 }).toContain(wanted);
  }).toPass(ANSWERS);
}
