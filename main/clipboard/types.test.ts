import { describe, expect, it } from "vitest";
import { isSecret, offeredAs } from "./types.ts";

const TEXT = "text/plain;charset=utf-8";

describe("the types that another VM is offered", () => {
  it.each([
    ["a GTK program's text", ["text/plain;charset=utf-8", "text/plain", "UTF8_STRING", "STRING"], { [TEXT]: TEXT }],
    ["an X11 program's", ["TARGETS", "TIMESTAMP", "STRING", "UTF8_STRING"], { [TEXT]: "UTF8_STRING" }],
    ["one of an old X11 program", ["TEXT", "STRING", "COMPOUND_TEXT"], { [TEXT]: "STRING" }],
    ["other spellings", ['text/plain; charset="UTF-8"'], { [TEXT]: 'text/plain; charset="UTF-8"' }],
    ["utf8 without a dash", ["text/plain;charset=utf8"], { [TEXT]: "text/plain;charset=utf8" }],
    ["of two spellings the first", ["Text/Plain", "text/plain"], { [TEXT]: "Text/Plain" }],
    [
      "a browser's page",
      ["text/html", "text/_moz_htmlinfo", "text/plain"],
      { [TEXT]: "text/plain", "text/html": "text/html" },
    ],
    ["a picture: as PNG, of whatever it is", ["image/tiff", "image/gif", "image/jpeg"], { "image/png": "image/jpeg" }],
    [
      "copied files, and no text of their paths",
      ["text/uri-list", "x-special/gnome-copied-files", "text/plain"],
      { "x-special/gnome-copied-files": "x-special/gnome-copied-files" },
    ],
    ["a list of addresses", ["text/uri-list"], { "text/uri-list": "text/uri-list" }],
  ])("%s", (_what, sourceTypes, expected) => {
    expect(Object.fromEntries(offeredAs(sourceTypes))).toEqual(expected);
  });

  it.each([
    "application/x-executable",
    "image/svg+xml",
    "image/tiff",
    "text/plain;charset=utf-16",
    "text/rtf",
    "",
    "constructor",
  ])("are never %s", (type) => {
    expect(offeredAs([type]).size).toBe(0);
  });
});

describe("a password manager's clip", () => {
  it.each(["x-kde-passwordManagerHint", "text/x-kde-passwordManagerHint"])("has %s", (hint) => {
    expect(isSecret(["text/plain", hint])).toBe(true);
  });

  it("is no other one", () => {
    expect(isSecret(["text/plain", "UTF8_STRING"])).toBe(false);
  });
});
