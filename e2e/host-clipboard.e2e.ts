/** The host's own clipboard, as another program of its display copies and pastes. */
import { execFile, spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { expect, type Locator, type Page, test } from "@playwright/test";
import { resolveElectron } from "../scripts/setup/electron.mjs";
import { cache } from "../scripts/setup/paths.mjs";
import { clipSource, copiedByKeys, newClip } from "./support/clips.ts";
import { TestDesktop, type } from "./support/desktop.ts";
import { pasteInto } from "./support/file-managers.ts";
import { noteNotices } from "./support/notices.ts";
import { allowHostClips } from "./support/prepare.ts";

/** Of the person: files come there. */
const home = fs.mkdtempSync(path.join(os.tmpdir(), "atoll person "));
const at = (...names: string[]): string => path.join(home, ...names);
let desktop: TestDesktop;
let page: Page;
let manager: Locator | null = null;

test.beforeAll(async () => {
  await copyOnHost("of the host, ünï");
  const env = { HOME: home, ATOLL_CACHE: cache };
  const electron = { executablePath: resolveElectron().executable, env };
  desktop = await TestDesktop.open({ web: "coral" }, allowHostClips, { electron });
  page = await desktop.page();
  await desktop.isRunning("web");
});

test.afterAll(async () => {
  await desktop.close();
  fs.rmSync(home, { recursive: true });
});

/**
 * As another program of the host's display copies: it stays there and answers until somebody else copies. xclip ends before its child has
 * the clipboard.
 */
async function copyOnHost(text: string, ...target: string[]): Promise<void> {
  const words = ["-selection", "clipboard", ...target, "-in"];
  const child = spawn("xclip", words, { stdio: ["pipe", "ignore", "ignore"] });
  child.stdin.end(text);
  expect(await once(child, "exit")).toEqual([0, null]);
  // xclip fails where there is nothing of that target.
  await expect(async () => expect(await pasteOnHost(...target)).toBe(text)).toPass();
}

/** As another program of the host's display pastes. */
async function pasteOnHost(...target: string[]): Promise<string> {
  return (await promisify(execFile)("xclip", ["-selection", "clipboard", ...target, "-out"])).stdout;
}

const current = (): Promise<string | null> => clipSource(desktop);

async function focused(vm: string, ...program: string[]): Promise<void> {
  const { element } = await desktop.run(vm, ...program);
  await element.locator('[data-part="content"]').click();
}

/** A terminal that writes what is pasted into it to a file. */
async function reader(vm: string, file: string): Promise<void> {
  await focused(vm, "foot", "sh", "-c", `stty raw -echo; cat > ${file}`);
  await desktop.isThere(vm, file);
}

/** The person comes back from another program of the host, where they have copied these files. */
async function copyFilesOnHost(list: string, target: string): Promise<void> {
  await newClip(desktop, "@host", async () => {
    await copyOnHost(list, "-t", target);
    await desktop.electron.evaluate(({ BrowserWindow }) => {
      const [window] = BrowserWindow.getAllWindows();
      window?.blur();
      window?.focus();
    });
  });
}

const address = (name: string): string => pathToFileURL(at(name)).href;

/** The window of a file manager in "web", in the folder "into", which has a file: one that comes later it may not show yet. */
async function fileManager(): Promise<Locator> {
  if (manager !== null) return manager;
  await desktop.atoll("exec", "web", "--", "sh", "-c", "mkdir into && echo four > into/four.txt");
  const { element } = await desktop.run("web", "pcmanfm", "into");
  manager = element.locator('[data-part="content"]');
  return manager;
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
  await copiedByKeys(desktop, "web", async () => {
    await page.keyboard.press("Control+a");
    await page.keyboard.press("Control+c");
  });
  expect(await pasteOnHost()).toBe("of the host, ünï");
  await page.keyboard.press("Meta+c");
  await expect.poll(pasteOnHost).toBe("of the web");
  expect(await current()).toBe("web");
});

test("files that a file manager of the host has copied are pasted as files, in that of a VM, when the person pastes there", async () => {
  const large = randomBytes(300_000);
  fs.mkdirSync(at("folder"));
  fs.writeFileSync(at("two 🐚.bin"), large);
  fs.writeFileSync(at("folder/inner.txt"), "inner\n");
  fs.writeFileSync(at("beside.txt"), "not chosen\n");
  await copyFilesOnHost(["copy", address("two 🐚.bin"), address("folder")].join("\n"), "x-special/gnome-copied-files");

  // A program that asks by itself.
  await focused("web", "foot", "sh", "-c", "wl-paste -t text/uri-list > /tmp/snooped 2>&1; touch /tmp/asked; cat");
  const bar = page.locator(".paste-bar");
  await expect(bar).toContainText("files of this computer");
  await bar.getByRole("button", { name: "Ignore" }).click();
  await desktop.isThere("web", "/tmp/asked");
  expect(await desktop.read("web", "/tmp/snooped")).not.toContain("file:");
  expect(await desktop.json("transfer", "list")).toEqual([]);

  const inner = (): Promise<string> => desktop.read("web", "into/folder/inner.txt");
  await pasteInto(await fileManager(), async () => (await inner()) === "inner\n");
  // The file manager copies one after the other.
  await expect
    .poll(async () => (await desktop.atoll("exec", "web", "--", "sha256sum", "into/two 🐚.bin")).stdout)
    .toContain(createHash("sha256").update(large).digest("hex"));
  expect(fs.readFileSync(at("two 🐚.bin")).equals(large)).toBe(true);
  // What lies beside them stays there.
  expect((await desktop.atoll("exec", "web", "--", "sh", "-c", "ls into Incoming/host")).stdout).not.toContain(
    "beside",
  );

  // Of another file manager, which has addresses alone; one of the files is gone by the time of the paste.
  fs.writeFileSync(at("three.txt"), "three\n");
  await copyFilesOnHost(`${address("three.txt")}\r\n${address("gone.txt")}\r\n`, "text/uri-list");
  const notices = await noteNotices(page);
  await pasteInto(await fileManager(), async () => (await desktop.read("web", "into/three.txt")) === "three\n");
  await notices.has("but for 1 file");
});

test("files that are copied in a VM come to the host by Super+C", async () => {
  const content = await fileManager();
  await copiedByKeys(desktop, "web", async () => {
    await content.click();
    await page.keyboard.press("Control+a");
    await page.keyboard.press("Control+c");
  });
  await page.keyboard.press("Meta+c");
  // A file has its name when it is whole.
  const arrived = at("Incoming/web/four.txt");
  await expect.poll(() => fs.existsSync(arrived), { timeout: 180_000 }).toBe(true);
  expect(fs.readFileSync(arrived, "utf8")).toBe("four\n");
});
