/** One gesture between VMs: what is copied by keys in one VM is pasted by keys in another, when the policy or the person allows it. */
import fs from "node:fs";
import path from "node:path";
import { expect, type Locator, type Page, test } from "@playwright/test";
import { clipSource, copiedByKeys, newClip } from "./support/clips.ts";
import { TestDesktop, type } from "./support/desktop.ts";
import { contentOf, pathsBelow } from "./support/files-below.ts";
import { noteNotices } from "./support/notices.ts";
import { Snooper } from "./support/snooper.ts";

/** An X11 terminal that waits for what it pastes as long as a person may take. */
const PATIENT = [
  ...["xterm", "-xrm", "*selectionTimeout: 60000"],
  ...["-xrm", "*VT100.translations: #override Ctrl Shift <Key>V: insert-selection(CLIPBOARD)"],
];
const TEXT = "from home, with love: <b>&</b>";
let desktop: TestDesktop;
let page: Page;
let prompt: Locator;
/** Its window in "home". */
let editor: string | null = null;

interface AuditEntry {
  action: string;
  from: string;
  to: string;
  type: string | null;
  bytes: number | null;
  characters: number | null;
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

/** Types a text in the editor of "home" and copies all of it, by keys alone. */
async function copyInHome(text: string): Promise<void> {
  editor ??= (await desktop.run("home", "mousepad")).id;
  await desktop.json("window", "focus", editor);
  await page.keyboard.press("Control+a");
  await type(page, text);
  await copiedByKeys(desktop, "home", async () => {
    await page.keyboard.press("Control+a");
    await page.keyboard.press("Control+c");
  });
  // The history has read it: it is the editor's whole text.
  const newest = (): Promise<string | undefined> =>
    page.evaluate(async () => {
      const answer = await window.atoll.request("clipboard.history", { search: "", label: null });
      return answer.ok ? answer.value[0]?.text : undefined;
    });
  await expect.poll(newest).toBe(text);
}

/** A terminal that writes the lines which are pasted into it to a file. */
async function reader(vm: string, file: string, ...program: string[]): Promise<Locator> {
  const { element } = await desktop.run(vm, ...program, "sh", "-c", `stty raw -echo; cat > ${file}`);
  await element.locator('[data-part="content"]').click();
  await desktop.isThere(vm, file);
  return element;
}

async function focus(window: Locator): Promise<void> {
  await desktop.json("window", "focus", (await window.getAttribute("data-window-id")) ?? "");
}

test("between VMs of one label a paste is silent", async () => {
  await copyInHome(TEXT);
  await reader("side", "/tmp/pasted", "foot");
  await page.keyboard.press("Control+Shift+V");
  await expect.poll(() => desktop.read("side", "/tmp/pasted")).toBe(TEXT);
  await expect(prompt).toHaveCount(0);
});

test("between VMs of different labels the person is asked, and what they allow once is pasted", async () => {
  await reader("web", "/tmp/pasted", ...PATIENT, "-e");
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

test("Always writes a rule: the pair is silent from then on, each crossing is told, and Undo makes it ask again", async () => {
  const decision = async (): Promise<string> => {
    const words = ["policy", "check", "clipboard.paste", "--from", "home", "--to", "web"];
    return (await desktop.json<{ decision: string }>(...words)).decision;
  };
  const rules = (): string => fs.readFileSync(path.join(desktop.home, "config/policy.yaml"), "utf8");
  const before = rules();
  await copyInHome("first");
  const window = await reader("web", "/tmp/always", ...PATIENT, "-e");
  await page.keyboard.press("Control+Shift+V");
  await prompt.locator('[data-answer="always"]').click();
  await expect.poll(() => desktop.read("web", "/tmp/always")).toBe("first");
  expect([await decision(), rules() === before]).toEqual(["allow", false]);

  await copyInHome("another");
  await focus(window);
  const notices = await noteNotices(page);
  await page.keyboard.press("Control+Shift+V");
  await notices.has("home→webtext, 7 charactersby rule");
  await expect.poll(() => desktop.read("web", "/tmp/always")).toBe("firstanother");
  await expect(prompt).toHaveCount(0);

  await page.keyboard.press("Meta+p");
  await expect(page.locator(".last-change")).toContainText("“Always” wrote line");
  await page.keyboard.press("Control+z");
  await expect.poll(decision).toBe("ask");
  expect(rules()).toBe(before);
  await page.keyboard.press("Escape");
  await copyInHome("once more");
  await focus(window);
  await page.keyboard.press("Control+Shift+V");
  await expect(prompt).toContainText("once more");
  await page.keyboard.press("Escape");
  await expect(prompt).toHaveCount(0);
});

test("the command puts and gets through the policy", async () => {
  const unanswered = await desktop.atoll("clipboard", "get", "home", "--ask", "2");
  expect(unanswered).toMatchObject({ code: 3, stdout: "" });
  await expect(prompt).toHaveCount(0);

  await newClip(desktop, "web", async () => {
    const put = desktop.pipe(Buffer.from("of the host"), "clipboard", "put", "web");
    await prompt.locator('[data-answer="once"]').click();
    expect((await put).code).toBe(0);
  });
  const got = desktop.atoll("clipboard", "get", "web");
  await prompt.locator('[data-answer="once"]').click();
  expect(await got).toEqual({ code: 0, stdout: "of the host", stderr: "" });
});

test("a program that reads without the person's gesture gets nothing, and nobody is asked", async () => {
  expect(await clipSource(desktop)).toBe("web");
  const snooped = await desktop.atoll("exec", "home", "--", "timeout", "4", "wl-paste", "--no-newline");
  expect(snooped).toMatchObject({ stdout: "" });
  expect(snooped.code).not.toBe(0);
  await expect(prompt).toHaveCount(0);
});

test("what a program marks as a password is hidden in the prompt, kept in no history, and gone after half a minute", async () => {
  const history = page.getByRole("dialog", { name: "Clipboard history" });
  const { element } = await desktop.run("home", "foot");
  await element.locator('[data-part="content"]').click();
  // As a type of text it is offered beside the usual ones.
  await copiedByKeys(desktop, "home", () => type(page, "wl-copy -t text/x-kde-passwordManagerHint correct-horse\n"));
  const got = desktop.atoll("clipboard", "get", "home");
  await expect(prompt).toContainText("hidden, 13 characters");
  await expect(prompt).not.toContainText("horse");
  await page.keyboard.press("Escape");
  expect(await got).toMatchObject({ code: 3, stdout: "" });
  await page.keyboard.press("Meta+v");
  await expect(history.getByRole("option").first()).toBeVisible();
  await expect(history).not.toContainText("horse");
  await page.keyboard.press("Escape");
  await expect.poll(() => desktop.json("clipboard", "show"), { timeout: 60_000 }).toBeNull();
});

test("a program that asks for both selections a thousand times a second gets nothing of what is copied and pasted elsewhere", async () => {
  const bar = page.locator(".paste-bar");
  // The policy lets this VM have what is copied in "home": only that nobody pastes there keeps it.
  // It keeps a processor busy: everything else is started before it.
  const beside = await reader("web", "/tmp/beside", ...PATIENT, "-e");
  const own = await reader("side", "/tmp/typed", "foot");
  const snooper = await Snooper.start(desktop, "side");
  await copyInHome("not for snoopers");
  await snooper.asks(1_000);
  await focus(beside);
  await page.keyboard.press("Control+Shift+V");
  await expect(prompt).toBeVisible();
  await snooper.asks(1_000);
  await prompt.locator('[data-answer="once"]').click();
  await expect.poll(() => desktop.read("web", "/tmp/beside")).toBe("not for snoopers");
  await snooper.asks(1_000);
  await expect(bar).toHaveCount(0);

  // In its own VM the person is told once, and is left alone then.
  await focus(own);
  await expect(bar).toBeVisible();
  await type(page, "x");
  await expect.poll(() => desktop.read("side", "/tmp/typed")).toBe("x");
  await bar.getByRole("button", { name: "Ignore" }).click();
  await expect(bar).toHaveCount(0);
  await snooper.asks(1_000);
  await expect(bar).toHaveCount(0);
  await expect(prompt).toHaveCount(0);
  expect(await snooper.given()).toBe("");

  // What the person pastes in its own VM is there for it, too: nothing else has kept it from it.
  await page.keyboard.press("Control+Shift+V");
  await expect.poll(() => snooper.given()).toContain("not for snoopers");
  await snooper.end();
});

test("what has crossed is in the audit log, without its content", async () => {
  const entries = await desktop.json<AuditEntry[]>("audit");
  const [bytes, characters] = [Buffer.byteLength(TEXT), Array.from(TEXT).length];
  expect(entries).toContainEqual(
    expect.objectContaining({
      action: "clipboard.paste",
      from: "home",
      to: "side",
      decision: "allow",
      by: "rule",
      bytes,
      characters,
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
      characters,
    }),
  );
  expect(entries).toContainEqual(expect.objectContaining({ from: "home", to: "@host", by: "lapsed" }));
  expect(JSON.stringify(entries)).not.toContain("with love");
  expect(await desktop.json("audit", "--verify")).toMatchObject({ ok: true, firstBad: null });
});

test("what was copied before is found, chosen, pinned, cleared and pasted by keys alone", async () => {
  const history = page.getByRole("dialog", { name: "Clipboard history" });
  const options = history.getByRole("option");
  const search = history.getByRole("combobox");
  await copyInHome("the newest");
  await reader("side", "/tmp/picked", "foot");
  await page.keyboard.press("Meta+v");
  await expect(search).toBeFocused();
  await expect(options.first()).toContainText("the newest");
  const all = await options.count();
  expect(all).toBeGreaterThan(2);
  await expect(options.first()).toHaveAttribute("aria-selected", "true");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowUp");
  await expect(options.nth(1)).toHaveAttribute("aria-selected", "true");

  await type(page, "love home");
  await expect(options).toHaveCount(1);
  await page.keyboard.press("Control+p");
  await expect(options.getByRole("button", { name: "Unpin" })).toBeVisible();
  await page.keyboard.press("Control+a");
  await page.keyboard.press("Backspace");
  await expect(options).toHaveCount(all);
  const clear = history.getByRole("button", { name: "Clear" });
  for (let tabs = 0; tabs < 6 && !(await clear.evaluate((one) => one === document.activeElement)); tabs += 1)
    await page.keyboard.press("Tab");
  await expect(clear).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(options).toHaveCount(1);
  await expect(options).toContainText(TEXT);
  await page.keyboard.press("Escape");
  await expect(history).toHaveCount(0);
  expect(await desktop.read("side", "/tmp/picked")).toBe("");

  await page.keyboard.press("Meta+v");
  await expect(options).toHaveCount(1);
  await page.keyboard.press("Enter");
  await expect(history).toHaveCount(0);
  await page.keyboard.press("Control+Shift+V");
  await expect.poll(() => desktop.read("side", "/tmp/picked")).toBe(TEXT);
  expect(hostFiles().filter((file) => contentOf(file).includes("with love"))).toEqual([]);
});

/** What the application itself has written: not the disks of VMs. */
function hostFiles(): string[] {
  const files = pathsBelow(desktop.home)
    .filter((name) => !name.endsWith(".qcow2"))
    .map((name) => path.join(desktop.home, name));
  expect(files).toContain(path.join(desktop.home, "state/atoll.log"));
  return files;
}
