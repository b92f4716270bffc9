/** What is copied in VMs and on the host, told from what was copied there before. */
import { expect, type Page } from "@playwright/test";
import type { TestDesktop } from "./desktop.ts";

/** A program that has not answered keys by then will not, or so late that its answer counts for nothing. */
const ANSWERS_MS = 30_000;

interface CurrentClip {
  id: number;
  /** A VM's name, or "@host". */
  from: string;
}

/** What can be pasted elsewhere; null: nothing. */
async function currentClip(desktop: TestDesktop): Promise<CurrentClip | null> {
  return desktop.json<CurrentClip | null>("clipboard", "show");
}

/** Where what can be pasted elsewhere comes from; null: there is nothing. What has to be new is waited for by `newClip`. */
export async function clipSource(desktop: TestDesktop): Promise<string | null> {
  return (await currentClip(desktop))?.from ?? null;
}

/** Does what copies there, and waits until that is what can be pasted elsewhere: one that was copied there before is not. */
export async function newClip(
  desktop: TestDesktop,
  from: string,
  copy: () => Promise<unknown>,
  options: { timeout?: number } = {},
): Promise<void> {
  const before = (await currentClip(desktop))?.id ?? 0;
  await copy();
  const isNew = async (): Promise<boolean> => {
    const clip = await currentClip(desktop);
    return clip !== null && clip.id > before && clip.from === from;
  };
  await expect.poll(isNew, { message: `what was copied in ${from} can be pasted`, ...options }).toBe(true);
}

/** The same by keys. On a slow machine the program may answer later than a copy counts as the person's: they press again. */
export async function copiedByKeys(desktop: TestDesktop, from: string, keys: () => Promise<unknown>): Promise<void> {
  await expect(() => newClip(desktop, from, keys, { timeout: ANSWERS_MS })).toPass();
}

/** Says "Paste" in the small bar, where it is there: a program of a slow machine asks so late that it counts as no answer to keys. */
export async function answerBar(page: Page): Promise<void> {
  const paste = page.locator(".paste-bar").first().getByRole("button", { name: "Paste" });
  // It may lapse meanwhile.
  if (await paste.isVisible()) await paste.click({ timeout: 10_000 }).catch(() => undefined);
}
