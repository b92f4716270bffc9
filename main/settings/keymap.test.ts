import { describe, expect, it } from "vitest";
import { parseKeyboardFile, parseRulesNames } from "./keymap.ts";

describe("the host's keymap", () => {
  it("is read from the X server's property", () => {
    expect(
      parseRulesNames('_XKB_RULES_NAMES(STRING) = "evdev", "pc105", "de,us", "nodeadkeys,", "ctrl:nocaps"\n'),
    ).toEqual({
      rules: "evdev",
      model: "pc105",
      layout: "de,us",
      variant: "nodeadkeys,",
      options: "ctrl:nocaps",
    });
    expect(parseRulesNames("_XKB_RULES_NAMES:  not found.\n")).toBeNull();
  });

  it("is read from Debian's keyboard file", () => {
    const text = '# comment\nXKBMODEL="pc104"\nXKBLAYOUT="fr"\nXKBVARIANT=""\nXKBOPTIONS="terminate:ctrl_alt_bksp"\n';
    expect(parseKeyboardFile(text)).toMatchObject({ model: "pc104", layout: "fr", options: "terminate:ctrl_alt_bksp" });
    expect(parseKeyboardFile("BACKSPACE=guess\n")).toBeNull();
  });
});
