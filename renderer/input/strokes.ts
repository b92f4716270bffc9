/**
 * What a key event of the host is on the guest's keyboard. A real keyboard's events say it by their code. An input tool may
 * send a character without the Shift key that makes it (Playwright's `keyboard.type("A")`): Shift is added around it.
 * @see https://wicg.github.io/keyboard-map/
 */
import { EVDEV_CODES } from "./key-codes.ts";

/** Characters that keys make without modifiers on the host's layout: `navigator.keyboard.getLayoutMap()`. */
export type LayoutMap = ReadonlyMap<string, string>;

export interface Stroke {
  /** evdev */
  code: number;
  /** The character needs Shift, which nobody holds. */
  needsShift: boolean;
}

/** US keyboard: what input tools take for granted. */
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

/** null: no key of a keyboard that a guest knows. */
export function strokeOf(event: StrokeFacts, layout: LayoutMap | null): Stroke | null {
  const code = EVDEV_CODES[event.code];
  return code === undefined ? null : { code, needsShift: lacksShift(event, layout) };
}

function lacksShift(event: StrokeFacts, layout: LayoutMap | null): boolean {
  const { code, key } = event;
  // Whatever a person holds or has locked explains the character.
  if (event.shiftKey || ["CapsLock", "AltGraph"].some((name) => event.getModifierState(name))) return false;
  const plain = layout === null ? usLetterOf(code) : layout.get(code);
  if (plain === key) return false;
  if (US_SHIFTED[code] === key) return true;
  return plain !== undefined && key !== plain && key.toLowerCase() === plain && plain.toUpperCase() === key;
}

function usLetterOf(code: string): string | undefined {
  return /^Key[A-Z]$/.test(code) ? code.slice(3).toLowerCase() : undefined;
}
