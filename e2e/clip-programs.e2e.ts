/** Real programs on both ends: formatted text, a picture and what is marked with the mouse, from VM to VM. */
import fs from "node:fs";
import path from "node:path";
import { expect, type Page, test } from "@playwright/test";
import { PNG } from "pngjs";
import { TestDesktop, type } from "./support/desktop.ts";

const POLICY = `rules:
  - {action: exec, from: "@host", to: "@any", decision: allow}
  - {action: clipboard.paste, from: home, to: web, type: "image/*", decision: ask}
  - {action: clipboard.paste, from: home, to: web, decision: allow}
tests: []
`;

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

async function current(): Promise<string | null> {
  return (await desktop.json<{ from: string } | null>("clipboard", "show"))?.from ?? null;
}

async function focused(vm: string, ...program: string[]): Promise<void> {
  const { element } = await desktop.run(vm, ...program);
  await element.locator('[data-part="content"]').click();
}

/** What a program of the first VM copies when its person starts it there, as one of the other pastes it. */
async function carried(
  [from, to]: [from: string, to: string],
  mimeType: string,
  content: Buffer,
  answer: () => Promise<void> = () => Promise.resolve(),
): Promise<Buffer> {
  expect((await desktop.pipe(content, "exec", from, "--", "sh", "-c", "cat > /tmp/copied")).code).toBe(0);
  await focused(from, "foot");
  await type(page, `wl-copy -t ${mimeType} < /tmp/copied\n`);
  await expect.poll(current).toBe(from);
  await focused(to, "foot");
  await type(page, `wl-paste -t ${mimeType} > /tmp/pasted; touch /tmp/done\n`);
  // It pastes without any chord: the person says that they mean it.
  await page.locator(".paste-bar").getByRole("button", { name: "Paste" }).click();
  await answer();
  await desktop.isThere(to, "/tmp/done");
  const got = await desktop.pipe(Buffer.alloc(0), "exec", to, "--", "sh", "-c", "rm /tmp/done; cat /tmp/pasted");
  return got.stdout;
}

test("a picture is shown in the prompt, and comes from program to program with its pixels, encoded again", async () => {
  const png = new PNG({ width: 64, height: 48 });
  for (let at = 0; at < png.data.length; at += 4) png.data.writeUInt32BE(((at * 2654435761) | 0xff) >>> 0, at);
  const copied = Buffer.concat([PNG.sync.write(png), Buffer.from("behind its end")]);
  const pasted = await carried(["home", "web"], "image/png", copied, async () => {
    const prompt = page.getByRole("alertdialog");
    await expect(prompt).toContainText("64 × 48");
    const drawn = await prompt.locator("canvas").evaluate((canvas: HTMLCanvasElement) => {
      const data = canvas.getContext("2d")?.getImageData(0, 0, canvas.width, canvas.height).data;
      return { width: canvas.width, height: canvas.height, pixels: Array.from(data ?? []) };
    });
    expect([drawn.width, drawn.height, Buffer.from(drawn.pixels).equals(png.data)]).toEqual([64, 48, true]);
    await prompt.locator('[data-answer="once"]').click();
  });
  expect(pasted.includes("behind its end")).toBe(false);
  const decoded = PNG.sync.read(pasted);
  expect([decoded.width, decoded.height, decoded.data.equals(png.data)]).toEqual([64, 48, true]);
});

test("formatted text comes from program to program without what runs or is fetched", async () => {
  const html =
    '<p>some <b>bold</b> words<script>alert(1)</script><img src="http://192.0.2.1/x.png" onerror="alert(2)"></p>';
  const pasted = (await carried(["home", "web"], "text/html", Buffer.from(html))).toString();
  expect(pasted).toContain("<b>bold</b> words");
  expect(pasted).not.toMatch(/script|alert|192\.0\.2\.1/);
});

test("what is marked with the mouse is pasted by the middle button in its own VM, and elsewhere where the settings say so", async () => {
  const { element } = await desktop.run("home", "foot", "sh", "-c", "printf 'marked '; cat");
  const source = element.locator('[data-part="content"]');
  const { element: other } = await desktop.run("web", "foot", "sh", "-c", "stty raw -echo; cat > /tmp/middle");
  const target = other.locator('[data-part="content"]');
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
