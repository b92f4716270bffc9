/**
 * Which key of the guest's keyboard a key event of the host is. For a real keyboard the event's `code` says it. An input
 * tool may send a character without the Shift key that it needs (Playwright's `keyboard.type("A")`): Shift is added.
 * @see https://wicg.github.io/keyboard-map/
 */
import { EVDEV_CODES } from "./key-codes.ts";

/** `code` -> the character that the key types without modifiers on the host's layout: `navigator.keyboard.getLayoutMap()`. */
export type LayoutMap = ReadonlyMap<string, string>;

export interface Stroke {
  /** evdev */
  code: number;
  /** The character needs Shift, and Shift is not pressed. */
  needsShift: boolean;
}

/** Of a US keyboard, which is what input tools assume. */
const US_SHIFTED: Readonly<Record<string, string>> = {
  Backquote: "~",
  Digit1: "!",
  Digit2: "@",
  Digit3: "#",
  Digit4: "$",
  Digit5: "%",
  Digit6: "^",
  Digit7: "&",
  Digit8: "*",
  Digit9: "(",
  Digit0: ")",
  Minus: "_",
  Equal: "+",
  BracketLeft: "{",
  BracketRight: "}",
  Backslash: "|",
  Semicolon: ":",
  Quote: '"',
  Comma: "<",
  Period: ">",
  Slash: "?",
};

export interface StrokeFacts {
  code: string;
  key: string;
  shiftKey: boolean;
  getModifierState(name: string): boolean;
}

/** null: the guest's keyboard has no such key. */
export function strokeOf(event: StrokeFacts, layout: LayoutMap | null): Stroke | null {
  const code = EVDEV_CODES[event.code];
  return code === undefined ? null : { code, needsShift: lacksShift(event, layout) };
}

function lacksShift(event: StrokeFacts, layout: LayoutMap | null): boolean {
  const { code, key } = event;
  // A modifier or lock that is on explains the character.
  if (event.shiftKey || ["CapsLock", "AltGraph"].some((name) => event.getModifierState(name))) return false;
  const plain = layout === null ? usLetterOf(code) : layout.get(code);
  if (plain === key) return false;
  if (US_SHIFTED[code] === key) return true;
  return plain !== undefined && key !== plain && key.toLowerCase() === plain && plain.toUpperCase() === key;
}

function usLetterOf(code: string): string | undefined {
  return /^Key[A-Z]$/.test(code) ? code.slice(3).toLowerCase() : undefined;
}
