import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { EVDEV_BUTTONS, EVDEV_CODES } from "./key-codes.ts";

describe("key codes", () => {
  it("are evdev's, each named once", () => {
    const codes = Object.values(EVDEV_CODES);
    expect(new Set(codes).size).toBe(codes.length);
    expect(codes.every((code) => code >= 1 && code <= 767)).toBe(true);
  });

  it("cover every key of a full keyboard", () => {
    const letters = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ"].map((letter) => `Key${letter}`);
    const digits = [..."0123456789"].flatMap((digit) => [`Digit${digit}`, `Numpad${digit}`]);
    const functions = Array.from({ length: 24 }, (_, at) => `F${at + 1}`);
    const others = [
      "Escape",
      "Tab",
      "CapsLock",
      "Space",
      "Enter",
      "Backspace",
      "Delete",
      "Insert",
      "Home",
      "End",
      "PageUp",
      "PageDown",
      "ArrowUp",
      "ArrowDown",
      "ArrowLeft",
      "ArrowRight",
      "ShiftLeft",
      "ShiftRight",
      "ControlLeft",
      "ControlRight",
      "AltLeft",
      "AltRight",
      "IntlBackslash",
      "Minus",
      "Equal",
      "BracketLeft",
      "BracketRight",
      "Semicolon",
      "Quote",
      "Backquote",
      "Backslash",
      "Comma",
      "Period",
      "Slash",
      "NumpadEnter",
      "NumpadAdd",
      "NumpadSubtract",
      "NumpadMultiply",
      "NumpadDivide",
      "NumpadDecimal",
      "NumLock",
      "ScrollLock",
      "PrintScreen",
      "Pause",
      "ContextMenu",
    ];
    for (const code of [...letters, ...digits, ...functions, ...others]) expect(EVDEV_CODES, code).toHaveProperty(code);
  });

  it("are what the kernel's header says", () => {
    let header: string;
    try {
      header = readFileSync("/usr/include/linux/input-event-codes.h", "utf8");
    } catch {
      return; // no kernel headers on this machine
    }
    const kernel = (name: string): number =>
      Number(new RegExp(`#define\\s+${name}\\s+(0x[0-9a-f]+|\\d+)`, "i").exec(header)?.[1]);
    const same: Record<string, string> = {
      KeyA: "KEY_A",
      KeyZ: "KEY_Z",
      Digit0: "KEY_0",
      F1: "KEY_F1",
      F12: "KEY_F12",
      F13: "KEY_F13",
      F24: "KEY_F24",
      NumpadEnter: "KEY_KPENTER",
      IntlBackslash: "KEY_102ND",
      IntlRo: "KEY_RO",
      ContextMenu: "KEY_COMPOSE",
      AltRight: "KEY_RIGHTALT",
      Lang1: "KEY_HANGEUL",
      BrowserBack: "KEY_BACK",
      PrintScreen: "KEY_SYSRQ",
      NumpadComma: "KEY_KPCOMMA",
      AudioVolumeUp: "KEY_VOLUMEUP",
      MediaPlayPause: "KEY_PLAYPAUSE",
      Delete: "KEY_DELETE",
    };
    for (const [code, name] of Object.entries(same)) expect(EVDEV_CODES[code], name).toBe(kernel(name));
    expect(EVDEV_BUTTONS).toEqual(["BTN_LEFT", "BTN_MIDDLE", "BTN_RIGHT", "BTN_SIDE", "BTN_EXTRA"].map(kernel));
  });
});
