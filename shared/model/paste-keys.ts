/** Chords with which programs paste, as a person writes them in settings.yaml: `Ctrl+Shift+V`. Pure. */

export const DEFAULT_PASTE_KEYS: readonly string[] = ["Ctrl+V", "Ctrl+Shift+V", "Shift+Insert"];

/** At least one modifier, in any order, and a letter, a digit, Insert, Paste or a function key. */
export const PASTE_KEYS_PATTERN = /^(?:(?:Ctrl|Alt|Shift)\+){1,3}(?:[A-Z0-9]|Insert|Paste|F[1-9]|F1[0-2])$/;
/** The same for people. */
export const PASTE_KEYS_WORDS =
  "modifiers (Ctrl, Alt, Shift) and a key (a letter, a digit, Insert, Paste, F1 to F12), joined by +";

type KeyFacts = Pick<KeyboardEventLike, "key" | "code" | "ctrlKey" | "altKey" | "shiftKey" | "metaKey">;

/** The part of the DOM's KeyboardEvent that counts. */
interface KeyboardEventLike {
  readonly key: string;
  readonly code: string;
  readonly ctrlKey: boolean;
  readonly altKey: boolean;
  readonly shiftKey: boolean;
  readonly metaKey: boolean;
}

/** By what the key means; where its layout has no Latin letters, by its place, as programs do. */
export function isPasteChord(event: KeyFacts, chords: readonly string[]): boolean {
  if (event.metaKey) return false;
  return chords.some((chord) => {
    const parts = chord.split("+");
    const key = parts.pop() ?? "";
    const has = (modifier: string): boolean => parts.includes(modifier);
    return (
      event.ctrlKey === has("Ctrl") &&
      event.altKey === has("Alt") &&
      event.shiftKey === has("Shift") &&
      meant(event) === key.toLowerCase()
    );
  });
}

function meant({ key, code }: KeyFacts): string {
  const isLatin = key.length > 1 || /^[\x20-\x7e]$/.test(key);
  return (isLatin ? key : code.replace(/^(Key|Digit)/, "")).toLowerCase();
}
