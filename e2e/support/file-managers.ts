/** What a person does in file managers of VMs: copies and pastes by keys, and chooses what Atoll has added to the menu of a file. */
import { expect, type Locator } from "@playwright/test";
import type { TestDesktop } from "./desktop.ts";

interface Folder {
  vm: string;
  /** Below the user's home; it is there. */
  folder: string;
}

/** `arrived` says whether what is awaited is there. */
export async function pasteAll(
  desktop: TestDesktop,
  { from, to, arrived }: { from: Folder; to: Folder; arrived: () => Promise<boolean> },
): Promise<void> {
  const page = await desktop.page();
  const managers: { id: string; content: Locator }[] = [];
  for (const [{ vm, folder }, x] of [
    [from, "60"],
    [to, "1000"],
  ] as const) {
    const { id, element } = await desktop.run(vm, "pcmanfm", folder);
    await desktop.json("window", "move", id, x, "120", "800", "500");
    managers.push({ id, content: element.locator('[data-part="content"]') });
  }
  const [source, target] = managers;
  // On a slow machine the program may answer later than a copy counts as the person's.
  await expect(async () => {
    await source?.content.click();
    await page.keyboard.press("Control+a");
    await page.keyboard.press("Control+c");
    const current = async (): Promise<unknown> =>
      (await desktop.json<{ from: string } | null>("clipboard", "show"))?.from;
    await expect.poll(current, { timeout: 8_000 }).toBe(from.vm);
  }).toPass();
  if (target !== undefined) await pasteInto(target.content, arrived);
  for (const { id } of managers) await desktop.json("window", "close", id);
}

/** Of a folder with one file alone. */
export interface FileManager {
  /** Of its window. */
  id: string;
  content: Locator;
}

/** The middle of a folder's only icon. */
export const ICON = { position: { x: 200, y: 100 } };
const SEES = { timeout: 240_000, intervals: [1_000] };
/** "Send to VM…", "Open in disposable" and "Scan". */
const ATOLLS_ENTRIES = 3;

/** Shows that folder, which has one file; resolves when that is drawn. */
export async function openFolder(desktop: TestDesktop, { vm, folder }: Folder): Promise<FileManager> {
  const { id, element } = await desktop.run(vm, "pcmanfm", folder);
  await expect.poll(() => isIconDrawn(desktop, id), SEES).toBe(true);
  return { id, content: element.locator('[data-part="content"]') };
}

/** Its file is there a while after its window is; until then the folder is what is clicked on. */
async function isIconDrawn(desktop: TestDesktop, id: string): Promise<boolean> {
  const { data, width } = await desktop.picture(id);
  const { x, y } = ICON.position;
  for (let row = y - 10; row < y + 10; row += 1)
    if (data.subarray((row * width + x - 10) * 4, (row * width + x + 10) * 4).some((value) => value !== 255))
      return true;
  return false;
}

/**
 * Chooses one of Atoll's entries in the menu of the only file. They are above "Properties", the last one, in the order in which the
 * file manager has found them: each is tried. `isChosen` rejects where it was another one, which has done nothing then.
 */
export async function chooseOfAtoll(
  desktop: TestDesktop,
  { id, content }: FileManager,
  isChosen: () => Promise<void>,
): Promise<void> {
  const { keyboard } = content.page();
  const hasMenu = async (): Promise<boolean> =>
    (await desktop.windows()).some((view) => view.id === id && view.popups.length > 0);
  let entry = ATOLLS_ENTRIES;
  await expect(async () => {
    entry = (entry % ATOLLS_ENTRIES) + 1;
    await content.click({ ...ICON, button: "right" });
    await expect.poll(hasMenu).toBe(true);
    for (let times = 0; times <= entry; times += 1) await keyboard.press("ArrowUp");
    await keyboard.press("Enter");
    await isChosen();
  }).toPass(SEES);
}

/** Ctrl+V in a file manager. `arrived` says whether what is awaited is there. */
export async function pasteInto(content: Locator, arrived: () => Promise<boolean>): Promise<void> {
  const page = content.page();
  await content.click();
  await page.keyboard.press("Control+v");
  // On a slow machine the program asks so late that it counts as no answer to the keys.
  const bar = page.locator(".paste-bar").getByRole("button", { name: "Paste" });
  await expect
    .poll(
      async () => {
        if (await bar.isVisible()) await bar.click();
        return arrived();
      },
      { timeout: 60_000 },
    )
    .toBe(true);
}
