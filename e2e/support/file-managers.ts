/** What a person does in file managers of VMs: copies and pastes by keys, and chooses what Atoll has added to the menu of a file. */
import { expect, type Locator } from "@playwright/test";
import { answerBar, copiedByKeys } from "./clips.ts";
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
    [from, 60],
    [to, 1000],
  ] as const) {
    const { id, element } = await desktop.run(vm, "pcmanfm", folder);
    await desktop.place(id, x, 120, [800, 500]);
    managers.push({ id, content: element.locator('[data-part="content"]') });
  }
  const [source, target] = managers;
  await copiedByKeys(desktop, from.vm, async () => {
    await source?.content.click();
    await page.keyboard.press("Control+a");
    await page.keyboard.press("Control+c");
  });
  if (target !== undefined) await pasteInto(target.content, arrived);
  for (const { id } of managers) await desktop.json("window", "close", id);
}

/** Of a folder with one file alone. */
export interface FileManager {
  /** Of its window. */
  id: string;
  content: Locator;
}

const SEES = { timeout: 240_000, intervals: [1_000] };
/** "Send to VM…", "Open in disposable" and "Scan". */
const ATOLLS_ENTRIES = 3;

/** Shows that folder, which has one file; resolves when that is drawn. */
export async function openFolder(desktop: TestDesktop, { vm, folder }: Folder): Promise<FileManager> {
  const { id, element } = await desktop.run(vm, "pcmanfm", folder);
  await onlyFileIsDrawn(desktop, id, SEES);
  return { id, content: element.locator('[data-part="content"]') };
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
    await content.click({ ...ONLY_FILE, button: "right" });
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
  await expect
    .poll(
      async () => {
        await answerBar(page);
        return arrived();
      },
      { timeout: 120_000 },
    )
    .toBe(true);
}

/** Where pcmanfm shows the only file of a folder. */
export const ONLY_FILE = { position: { x: 200, y: 100 } };

/** A file manager's files are there a while after its window is: until then the folder is what is clicked on. */
export async function onlyFileIsDrawn(
  desktop: TestDesktop,
  id: string,
  options: { timeout?: number } = {},
): Promise<void> {
  const isDrawn = async (): Promise<boolean> => {
    const { data, width } = await desktop.picture(id);
    const { x, y } = ONLY_FILE.position;
    for (let row = y - 10; row < y + 10; row += 1)
      if (data.subarray((row * width + x - 10) * 4, (row * width + x + 10) * 4).some((value) => value !== 255))
        return true;
    return false;
  };
  await expect.poll(isDrawn, options).toBe(true);
}
