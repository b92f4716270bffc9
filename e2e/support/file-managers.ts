/** Files that are copied by keys in the file manager of one VM, and pasted by keys in another's. */
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
