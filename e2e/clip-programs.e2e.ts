/** Real programs on both ends: text from toolkit to toolkit, formatted text, a picture, and what is marked with the mouse. */
import fs from "node:fs";
import path from "node:path";
import { expect, type Locator, type Page, test } from "@playwright/test";
import { PNG } from "pngjs";
import { answerBar, copiedByKeys } from "./support/clips.ts";
import { TestDesktop, type } from "./support/desktop.ts";

const RULES = 5_000;
/** The rules that decide come after very many that do not match. */
const POLICY = `rules:
${Array.from({ length: RULES - 3 }, (_, at) => `  - {action: clipboard.paste, from: vm-${at}, to: web, decision: deny}`).join("\n")}
  - {action: exec, from: "@host", to: "@any", decision: allow}
  - {action: clipboard.paste, from: home, to: web, type: "image/*", decision: ask}
  - {action: clipboard.paste, from: home, to: web, decision: allow}
tests: []
`;
const TEXT = "of-the-terminal";

let desktop: TestDesktop;
let page: Page;

test.beforeAll(async () => {
  desktop = await TestDesktop.open({ home: "lagoon", web: "coral" }, (home) =>
    fs.writeFileSync(path.join(home, "config/policy.yaml"), POLICY),
  );
  page = await desktop.page();
  for (const vm of ["home", "web"]) await desktop.isRunning(vm);
});

test.afterAll(async () => {
  await desktop.close();
});

/** One VM's windows lie beside the other's, so that each can be clicked. */
async function focused(vm: "home" | "web", ...program: string[]): Promise<Locator> {
  const { id, element } = await desktop.run(vm, ...program);
  await desktop.place(id, vm === "home" ? 60 : 1000, 120, [800, 500]);
  const content = element.locator('[data-part="content"]');
  await content.click();
  return content;
}

const copied = (keys: () => Promise<void>): Promise<void> => copiedByKeys(desktop, "home", keys);

/** What a program of the first VM copies when its person starts it there, as one of the other pastes it. */
async function carried(mimeType: string, content: Buffer, answer: () => Promise<void>): Promise<Buffer> {
  expect((await desktop.pipe(content, "exec", "home", "--", "sh", "-c", "cat > /tmp/copied")).code).toBe(0);
  await focused("home", "foot");
  await copied(async () => type(page, `wl-copy -t ${mimeType} < /tmp/copied\n`));
  await focused("web", "foot");
  await type(page, `wl-paste -t ${mimeType} > /tmp/pasted; touch /tmp/done\n`);
  // It pastes without any chord: the person says that they mean it.
  await page.locator(".paste-bar").getByRole("button", { name: "Paste" }).click();
  await answer();
  await desktop.isThere("web", "/tmp/done");
  const got = await desktop.pipe(Buffer.alloc(0), "exec", "web", "--", "sh", "-c", "rm /tmp/done; cat /tmp/pasted");
  return got.stdout;
}

test("from a terminal into an editor of another VM, and from an editor into an X11 terminal", async () => {
  const marked = await focused("home", "foot", "sh", "-c", `printf ${TEXT}; cat`);
  await copied(async () => {
    await marked.dblclick({ position: { x: 20, y: 10 } });
    await page.keyboard.press("Control+Shift+C");
  });
  await desktop.atoll("exec", "web", "--", "touch", "/tmp/note.txt");
  await focused("web", "mousepad", "/tmp/note.txt");
  await page.keyboard.press("Control+v");
  await expect(async () => {
    await answerBar(page);
    await page.keyboard.press("Control+s");
    await expect.poll(() => desktop.read("web", "/tmp/note.txt"), { timeout: 5_000 }).toContain(TEXT);
  }).toPass();

  await focused("home", "mousepad");
  await type(page, "of the editor");
  await copied(async () => {
    await page.keyboard.press("Control+a");
    await page.keyboard.press("Control+c");
  });
  const paste = "*VT100.translations: #override Shift <Key>Insert: insert-selection(CLIPBOARD)";
  await focused("web", "xterm", "-xrm", paste, "-e", "sh", "-c", "stty raw -echo; cat > /tmp/in-xterm");
  await desktop.isThere("web", "/tmp/in-xterm");
  await page.keyboard.press("Shift+Insert");
  await expect.poll(() => desktop.read("web", "/tmp/in-xterm")).toBe("of the editor");
});

test("formatted text comes from program to program without what runs or is fetched", async () => {
  const html =
    '<p>some <b>bold</b> words<script>alert(1)</script><img src="http://192.0.2.1/x.png" onerror="alert(2)"></p>';
  const pasted = (await carried("text/html", Buffer.from(html), () => Promise.resolve())).toString();
  expect(pasted).toContain("<b>bold</b> words");
  expect(pasted).not.toMatch(/script|alert|192\.0\.2\.1/);
});

test("a picture is shown in the prompt, and comes from program to program with its pixels, encoded again", async () => {
  const png = noise(64, 48);
  const copy = Buffer.concat([PNG.sync.write(png), Buffer.from("behind its end")]);
  const pasted = await carried("image/png", copy, async () => {
    const prompt = page.getByRole("alertdialog");
    await expect(prompt).toContainText("64 × 48");
    const drawn = (): Promise<[width: number, height: number, isSame: boolean]> =>
      prompt
        .locator("canvas")
        .evaluate((canvas: HTMLCanvasElement) => {
          const data = canvas.getContext("2d")?.getImageData(0, 0, canvas.width, canvas.height).data;
          return { width: canvas.width, height: canvas.height, pixels: Array.from(data ?? []) };
        })
        .then(({ width, height, pixels }) => [width, height, Buffer.from(pixels).equals(png.data)]);
    // The canvas is there a moment before its pixels are.
    await expect.poll(drawn).toEqual([64, 48, true]);
    await prompt.locator('[data-answer="once"]').click();
  });
  expect(pasted.includes("behind its end")).toBe(false);
  const decoded = PNG.sync.read(pasted);
  expect([decoded.width, decoded.height, decoded.data.equals(png.data)]).toEqual([64, 48, true]);
});

test("a picture is copied in a viewer and pasted by the menus of a paint program, with its pixels", async () => {
  const png = noise(64, 48);
  for (const [vm, file, picture] of [
    ["home", "/tmp/viewed.png", png],
    ["web", "/tmp/canvas.png", new PNG({ width: 200, height: 150 })],
  ] as const) {
    const bytes = PNG.sync.write(picture, { colorType: 2 });
    expect((await desktop.pipe(bytes, "exec", vm, "--", "sh", "-c", `cat > ${file}`)).code).toBe(0);
  }
  await focused("home", "ristretto", "/tmp/viewed.png");
  await copied(() => page.keyboard.press("Control+c"));

  const paint = await desktop.run("web", "mtpaint", "/tmp/canvas.png");
  // It opens a second window, with its settings.
  await expect
    .poll(async () => (await desktop.windows()).filter(({ title }) => title === "Settings Toolbar"))
    .toHaveLength(1);
  // It shows black windows long before it draws, or reads keys.
  await expect.poll(async () => hasWhite(await desktop.picture(paint.id))).toBe(true);
  await desktop.json("window", "focus", paint.id);
  await page.keyboard.press("Alt+Space");
  await page.getByRole("menuitem", { name: "Paste from home" }).click();
  // Edit, Import Clipboard from System, which has no key of its own: the fourth from below of those that can be chosen.
  for (const key of ["Alt+e", "End", "ArrowUp", "ArrowUp", "ArrowUp", "Enter"]) await page.keyboard.press(key);
  const bar = page.locator(".paste-bar").getByRole("button", { name: "Paste" });
  const once = page.getByRole("alertdialog").locator('[data-answer="once"]');
  await expect(once.or(bar)).toBeVisible();
  // On a slow machine it may ask when the ten seconds of the window's menu are over.
  if (await bar.isVisible()) await bar.click();
  await once.click();
  await expect(async () => {
    for (const key of ["Control+v", "Enter", "Control+s"]) await page.keyboard.press(key);
    await expect.poll(() => hasPainted(png), { timeout: 20_000 }).toBe(true);
  }).toPass();
});

/** Whether the paint program has saved this picture, in whatever place. */
async function hasPainted(part: PNG): Promise<boolean> {
  const { stdout } = await desktop.pipe(Buffer.alloc(0), "exec", "web", "--", "cat", "/tmp/canvas.png");
  // It may be writing it.
  return stdout.includes("IEND") && holds(PNG.sync.read(stdout), part);
}

function hasWhite({ data }: PNG): boolean {
  for (let at = 0; at < data.length; at += 4) if (data.readUInt32BE(at) === 0xffffffff) return true;
  return false;
}

/** Whether a picture has another one anywhere in it. */
function holds(whole: PNG, part: PNG): boolean {
  const row = (from: PNG, x: number, y: number): Buffer =>
    from.data.subarray((y * from.width + x) * 4, (y * from.width + x + part.width) * 4);
  const rows = Array.from({ length: part.height }, (_, y) => row(part, 0, y));
  for (let top = 0; top <= whole.height - part.height; top += 1) {
    for (let left = 0; left <= whole.width - part.width; left += 1) {
      if (rows.every((wanted, y) => row(whole, left, top + y).equals(wanted))) return true;
    }
  }
  return false;
}

/** A picture of which no part is like another one. */
function noise(width: number, height: number): PNG {
  const png = new PNG({ width, height });
  for (let at = 0; at < png.data.length; at += 4) png.data.writeUInt32BE(((at * 2654435761) | 0xff) >>> 0, at);
  return png;
}

test("what is marked with the mouse is pasted by the middle button in its own VM, and elsewhere where the settings say so", async () => {
  const source = await focused("home", "foot", "sh", "-c", "printf 'marked '; cat");
  const target = await focused("web", "foot", "sh", "-c", "stty raw -echo; cat > /tmp/middle");
  await desktop.isThere("web", "/tmp/middle");
  const cross = async (): Promise<void> => {
    await source.dblclick({ position: { x: 20, y: 10 } });
    await target.click({ button: "middle" });
  };
  await cross();
  await type(page, "x");
  await expect.poll(() => desktop.read("web", "/tmp/middle")).toBe("x");
  fs.writeFileSync(path.join(desktop.home, "config/settings.yaml"), "middleClickAcrossVms: true\n");
  await expect(async () => {
    await cross();
    await expect.poll(() => desktop.read("web", "/tmp/middle"), { timeout: 5_000 }).toContain("marked");
  }).toPass();
});
