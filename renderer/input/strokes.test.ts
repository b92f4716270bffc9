import { describe, expect, it } from "vitest";
import { EVDEV_CODES } from "./key-codes.ts";
import { strokeOf } from "./strokes.ts";

const US = new Map([
  ...[..."abcdefghijklmnopqrstuvwxyz"].map((letter): [string, string] => [`Key${letter.toUpperCase()}`, letter]),
  ...[..."0123456789"].map((digit): [string, string] => [`Digit${digit}`, digit]),
  ["Slash", "/"],
  ["Quote", "'"],
  ["Minus", "-"],
]);
const key = (code: string, made: string, ...held: string[]) => ({
  code,
  key: made,
  shiftKey: held.includes("Shift"),
  getModifierState: (name: string) => held.includes(name),
});
const needsShift = (...event: Parameters<typeof key>): boolean | undefined => strokeOf(key(...event), US)?.needsShift;

describe("a key event of the host", () => {
  it("is the key at the same place of the guest's keyboard", () => {
    expect(strokeOf(key("KeyA", "a"), US)).toEqual({ code: EVDEV_CODES["KeyA"], needsShift: false });
    expect(strokeOf(key("", "é"), US)).toBeNull();
  });

  it("with a character that only Shift makes, and no Shift, is an input tool's: Shift is added", () => {
    expect(needsShift("KeyA", "A")).toBe(true);
    expect(needsShift("Digit1", "!")).toBe(true);
    expect(needsShift("Slash", "?")).toBe(true);
    expect(needsShift("Quote", '"')).toBe(true);
  });

  it("of a real keyboard gets no Shift: whatever is held or locked explains its character", () => {
    expect(needsShift("KeyA", "a")).toBe(false);
    expect(needsShift("KeyA", "A", "Shift")).toBe(false);
    expect(needsShift("KeyA", "A", "CapsLock")).toBe(false);
    expect(needsShift("KeyQ", "@", "AltGraph")).toBe(false);
    expect(needsShift("Enter", "Enter")).toBe(false);
    expect(needsShift("Space", " ")).toBe(false);
  });

  it("of another layout, or of its second group, gets no Shift", () => {
    const french = new Map([
      ["Digit1", "&"],
      ["Digit5", "("],
      ["Slash", "!"],
    ]);
    for (const [code, made] of french) expect(strokeOf(key(code, made), french)?.needsShift).toBe(false);
    expect(needsShift("KeyA", "ф")).toBe(false);
    expect(needsShift("Minus", "ß")).toBe(false);
    expect(needsShift("Quote", "ä")).toBe(false);
  });

  it("is understood where the browser has no layout map", () => {
    expect(strokeOf(key("KeyA", "A"), null)?.needsShift).toBe(true);
    expect(strokeOf(key("KeyA", "a"), null)?.needsShift).toBe(false);
    expect(strokeOf(key("Digit2", "@"), null)?.needsShift).toBe(true);
  });
});
