/** What the page tells in a corner for some seconds. A test that looks only afterwards may come too late. */
import { expect, type Page } from "@playwright/test";

export interface NotedNotices {
  /** Resolves when one was shown that has this, be it gone or not. */
  has(words: string | RegExp): Promise<void>;
}

/** Notes each notice, and each line of what has crossed, from now on. A page that is loaded anew has to be asked again. */
export async function noteNotices(page: Page): Promise<NotedNotices> {
  const noted = await page.evaluateHandle(() => {
    const seen = new Set<string>();
    const look = (): void => {
      for (const one of document.querySelectorAll(".notice, .crossing-notice")) seen.add(one.textContent);
    };
    look();
    new MutationObserver(look).observe(document.body, { childList: true, subtree: true, characterData: true });
    return seen;
  });
  const all = (): Promise<string[]> => noted.evaluate((seen) => [...seen]);
  return {
    has: (words) => {
      const text: unknown = typeof words === "string" ? expect.stringContaining(words) : expect.stringMatching(words);
      return expect.poll(all, { message: `a notice has ${String(words)}` }).toContainEqual(text);
    },
  };
}
