/** The host's own clipboard, as another program of its display copies and pastes. */
import { execFile, spawn } from "node:child_process";
import { promisify } from "node:util";
import { expect, type Page, test } from "@playwright/test";
import { TestDesktop, type } from "./support/desktop.ts";
import { allowHostClips } from "./support/prepare.ts";

let desktop: TestDesktop;
let page: Page;

test.beforeAll(async () => {
  await copyOnHost("of the host, ünï");
  desktop = await TestDesktop.open({ web: "coral" }, allowHostClips);
  page = await desktop.page();
  await desktop.isRunning("web");
});

test.afterAll(async () => {
  await desktop.close();
});

/** As another program of the host's display copies: it stays there and answers until somebody else copies. */
function copyOnHost(text: string): Promise<void> {
  const child = spawn("xclip", ["-selection", "clipboard", "-in"], { stdio: ["pipe", "ignore", "ignore"] });
  child.stdin.end(text);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code) => (code === 0 ? resolve() : reject(new Error(`xclip ended with ${code}`))));
  });
}

/** As another program of the host's display pastes. */
async function pasteOnHost(): Promise<string> {
  return (await promisify(execFile)("xclip", ["-selection", "clipboard", "-out"])).stdout;
}

async function current(): Promise<string | null> {
  return (await desktop.json<{ from: string } | null>("clipboard", "show"))?.from ?? null;
}

async function focused(vm: string, ...program: string[]): Promise<void> {
  const { element } = await desktop.run(vm, ...program);
  await element.locator('[data-part="content"]').click();
}

/** A terminal that writes what is pasted into it to a file. */
async function reader(vm: string, file: string): Promise<void> {
  await focused(vm, "foot", "sh", "-c", `stty raw -echo; cat > ${file}`);
  await desktop.isThere(vm, file);
}

test("what another program of the host has copied is pasted by the chord of a paste, and by nothing else", async () => {
  await expect.poll(current).toBe("@host");
  await reader("web", "/tmp/of-host");
  await page.keyboard.press("Control+Shift+V");
  await expect.poll(() => desktop.read("web", "/tmp/of-host")).toBe("of the host, ünï");
});

test("what is copied in a VM comes to the host's programs by Super+C alone", async () => {
  await focused("web", "mousepad");
  await type(page, "of the web");
  await expect(async () => {
    await page.keyboard.press("Control+a");
    await page.keyboard.press("Control+c");
    await expect.poll(current, { timeout: 8_000 }).toBe("web");
  }).toPass();
  expect(await pasteOnHost()).toBe("of the host, ünï");
  await page.keyboard.press("Meta+c");
  await expect.poll(pasteOnHost).toBe("of the web");
  expect(await current()).toBe("web");
});
