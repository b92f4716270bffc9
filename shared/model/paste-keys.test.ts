import { expect, test } from "vitest";
import { DEFAULT_PASTE_KEYS, isPasteChord, PASTE_KEYS_PATTERN } from "./paste-keys.ts";

const NONE = { ctrlKey: false, altKey: false, shiftKey: false, metaKey: false };
const CTRL = { ...NONE, ctrlKey: true };

test.each([
  [{ ...CTRL, key: "v", code: "KeyV" }, true],
  [{ ...CTRL, shiftKey: true, key: "V", code: "KeyV" }, true],
  [{ ...NONE, shiftKey: true, key: "Insert", code: "Insert" }, true],
  [{ ...CTRL, key: "м", code: "KeyV" }, true],
  [{ ...CTRL, key: "v", code: "Period" }, true],
  [{ ...CTRL, key: "k", code: "KeyV" }, false],
  [{ ...NONE, key: "v", code: "KeyV" }, false],
  [{ ...CTRL, altKey: true, key: "v", code: "KeyV" }, false],
  [{ ...CTRL, metaKey: true, key: "v", code: "KeyV" }, false],
  [{ ...CTRL, key: "c", code: "KeyC" }, false],
  [{ ...CTRL, key: "Control", code: "ControlLeft" }, false],
])("%o is a paste: %s", (event, isPaste) => {
  expect(isPasteChord(event, DEFAULT_PASTE_KEYS)).toBe(isPaste);
});

test("a key that has a name is known by it, and a modifier more is another chord", () => {
  expect(isPasteChord({ ...CTRL, key: "Paste", code: "KeyX" }, ["Ctrl+Paste"])).toBe(true);
  expect(isPasteChord({ ...CTRL, shiftKey: true, key: "V", code: "KeyV" }, ["Ctrl+V"])).toBe(false);
});

test.each([
  ["Ctrl+V", true],
  ["Shift+Alt+F12", true],
  ["V", false],
  ["Ctrl+", false],
  ["Super+V", false],
  ["Ctrl+v", false],
])("%s can be written in the settings: %s", (chord, isTaken) => {
  expect(PASTE_KEYS_PATTERN.test(chord)).toBe(isTaken);
});
