/** What is said of kiosks. */
import { type KioskState, type KioskView, VIEWERS } from "#shared/model/kiosk.ts";
import type { TemplateProgress } from "#shared/model/template.ts";

const STATE_WORDS: Readonly<Record<KioskState, string>> = {
  "not-built": "its first start builds its image",
  cold: "starts when you ask for it",
  starting: "is getting ready",
  ready: "ready",
};

/**
 * @param isOpening somebody has asked for it, and its window is not there yet
 * @param build of its template, while that runs
 */
export function kioskWords(
  { name, state, note, detail }: KioskView,
  isOpening: boolean,
  build?: TemplateProgress,
): string {
  const wordsOf = (one: KioskState): string =>
    one === "cold" && name === VIEWERS ? "starts when you open a file" : STATE_WORDS[one];
  const percent = build?.fraction == null ? "" : `, ${Math.floor(build.fraction * 100)} %`;
  const isBuilt = build === undefined || state !== "not-built";
  const words = !isBuilt ? `its image is being built${percent}` : isOpening ? "is opening" : wordsOf(state);
  return [words, note, isOpening ? "" : detail].filter((part) => part !== "").join(". ");
}

/** Those that somebody starts. */
export function startable(kiosks: readonly KioskView[]): readonly KioskView[] {
  return kiosks.filter(({ name }) => name !== VIEWERS);
}

/** Those whose title, name or kind has all words of the query. */
export function searchKiosks(kiosks: readonly KioskView[], query: string): readonly KioskView[] {
  const words = query.toLowerCase().split(/\s+/u).filter(Boolean);
  return kiosks.filter(({ title, name, kind }) => {
    const text = `${title} ${name} ${kind}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
}
