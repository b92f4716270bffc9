/** One gesture between VMs: what is copied by keys in one VM is pasted by keys in another, when the policy or the person allows it. */
import { expect, type Locator, type Page, test } from "@playwright/test";
import { TestDesktop, type } from "./support/desktop.ts";

const TEXT = "from home, with love: <b>&</b>";
let desktop: TestDesktop;
let page: Page;
let prompt: Locator;

interface AuditEntry {
  action: string;
  from: string;
  to: string;
  type: string | null;
  bytes: number | null;
  decision: string;
  by: string;
}

test.beforeAll(async () => {
  desktop = await TestDesktop.open({ home: "lagoon", side: "lagoon", web: "coral" });
  page = await desktop.page();
  prompt = page.getByRole("alertdialog");
  for (const vm of ["home", "side", "web"]) await desktop.isRunning(vm);
});

test.afterAll(async () => {
  await desktop.close();
});

/** What can be pasted elsewhere comes from this VM. */
async function isCurrent(vm: string): Promise<void> {
  await expect
    .poll(async () => (await desktop.json<{ from: string } | null>("clipboard", "show"))?.from ?? null, {
      timeout: 8_000,
    })
    .toBe(vm);
}

/** Types a text in an editor of this VM and copies all of it, by keys alone. */
async function copyIn(vm: string, text: string): Promise<void> {
  const { element } = await desktop.run(vm, "mousepad");
  await element.locator('[data-part="content"]').click();
  await type(page, text);
  // On a slow machine the editor may answer later than a copy counts as the person's: they press again.
  await expect(async () => {
    await page.keyboard.press("Control+a");
    await page.keyboard.press("Control+c");
    await isCurrent(vm);
  }).toPass();
}

/** A terminal that writes the lines which are pasted into it to a file. */
async function reader(vm: string, file: string, ...program: string[]): Promise<Locator> {
  const { element } = await desktop.run(vm, ...program, "sh", "-c", `stty raw -echo; cat > ${file}`);
  await element.locator('[data-part="content"]').click();
  await desktop.isThere(vm, file);
  return element;
}

test("between VMs of one label a paste is silent", async () => {
  await copyIn("home", TEXT);
  await reader("side", "/tmp/pasted", "foot");
  await page.keyboard.press("Control+Shift+V");
  await expect.poll(() => desktop.read("side", "/tmp/pasted")).toBe(TEXT);
  await expect(prompt).toHaveCount(0);
});

test("between VMs of different labels the person is asked, and what they allow once is pasted", async () => {
  // An X11 program; it waits for as long as a person may take.
  const paste = "*VT100.translations: #override Ctrl Shift <Key>V: insert-selection(CLIPBOARD)";
  const resources = ["-xrm", paste, "-xrm", "*selectionTimeout: 60000"];
  await reader("web", "/tmp/pasted", "xterm", ...resources, "-e");
  await page.keyboard.press("Control+Shift+V");
  await expect(prompt).toBeVisible();
  await expect(prompt).toContainText(TEXT);
  expect(await desktop.read("web", "/tmp/pasted")).toBe("");
  const asked = await desktop.json<{ from: string; to: string; buttons: { name: string }[] }[]>("prompt", "list");
  expect(asked).toMatchObject([{ action: "clipboard.paste", from: "home", to: "web" }]);
  expect(asked[0]?.buttons.map(({ name }) => name)).toEqual(["deny", "always", "minutes", "once"]);
  await prompt.locator('[data-answer="once"]').click();
  await expect.poll(() => desktop.read("web", "/tmp/pasted")).toBe(TEXT);
});

test("the command puts and gets through the policy", async () => {
  const unanswered = await desktop.atoll("clipboard", "get", "home", "--ask", "2");
  expect(unanswered).toMatchObject({ code: 3, stdout: "" });
  await expect(prompt).toHaveCount(0);

  const put = desktop.pipe(Buffer.from("of the host"), "clipboard", "put", "web");
  await prompt.locator('[data-answer="once"]').click();
  expect((await put).code).toBe(0);
  await isCurrent("web");
  const got = desktop.atoll("clipboard", "get", "web");
  await prompt.locator('[data-answer="once"]').click();
  expect(await got).toEqual({ code: 0, stdout: "of the host", stderr: "" });
});

test("a program that reads without the person's gesture gets nothing, and nobody is asked", async () => {
  await isCurrent("web");
  const snooped = await desktop.atoll("exec", "home", "--", "timeout", "4", "wl-paste", "--no-newline");
  expect(snooped).toMatchObject({ stdout: "" });
  expect(snooped.code).not.toBe(0);
  await expect(prompt).toHaveCount(0);
});

test("what has crossed is in the audit log, without its content", async () => {
  const entries = await desktop.json<AuditEntry[]>("audit");
  const bytes = Buffer.byteLength(TEXT);
  expect(entries).toContainEqual(
    expect.objectContaining({
      action: "clipboard.paste",
      from: "home",
      to: "side",
      decision: "allow",
      by: "rule",
      bytes,
    }),
  );
  expect(entries).toContainEqual(
    expect.objectContaining({
      action: "clipboard.paste",
      from: "home",
      to: "web",
      decision: "allow",
      by: "person",
      bytes,
    }),
  );
  expect(entries).toContainEqual(expect.objectContaining({ from: "home", to: "@host", by: "lapsed" }));
  expect(JSON.stringify(entries)).not.toContain("with love");
  expect(await desktop.json("audit", "--verify")).toMatchObject({ ok: true, firstBad: null });
});
