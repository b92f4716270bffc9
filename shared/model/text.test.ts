import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  cleanText,
  escapeControls,
  escapeControlsInJson,
  escapeForLog,
  revealHidden,
  said,
  utf8Bytes,
  withinQuotes,
} from "./text.ts";

describe("cleanText", () => {
  it("removes what can hide, turn or break a line", () => {
    expect(cleanText("a\u202e[corp]\u0007b\u2028c\u200d")).toBe("a[corp]b c");
  });

  it("stops marks from piling up", () => {
    expect(cleanText(`e${"\u0301".repeat(128)}`).length).toBeLessThanOrEqual(5);
  });

  it("cuts at so many clusters, not inside of one", () => {
    expect(cleanText("👍🏽👍🏽👍🏽", 2)).toBe("👍🏽👍🏽…");
  });

  it("keeps all of what is short enough, by clusters and not by units", () => {
    expect(cleanText("abc", 3)).toBe("abc");
    expect(cleanText("abcd", 3)).toBe("abc…");
    expect(cleanText("👍🏽👍🏽", 2)).toBe("👍🏽👍🏽");
    expect(cleanText("x".repeat(256))).toBe("x".repeat(256));
    expect(cleanText("x".repeat(257))).toBe(`${"x".repeat(256)}…`);
  });

  it("looks at no more of a text than can be shown", () => {
    expect(cleanText(`${"\u200b".repeat(32)}a`, 2)).toBe("");
    expect(cleanText(`${"\u200b".repeat(31)}a`, 2)).toBe("a");
  });

  it("folds and trims white space", () => {
    expect(cleanText(" a \n\t b\u3000 ")).toBe("a b");
    expect(cleanText(`e${"\u0301".repeat(6)}`)).toBe(`e${"\u0301".repeat(4)}`);
  });

  it("keeps markup as the text it is", () => {
    expect(cleanText("<img onerror=x>")).toBe("<img onerror=x>");
  });
});

it("escapeForLog leaves no control character", () => {
  expect(escapeForLog("a\u001b[31m\nb")).toBe("a\\u{1b}[31m\\u{a}b");
  expect(escapeForLog("\\u{a} \u2028\u2029 \u{E0041} é")).toBe("\\u{5c}u{a} \\u{2028}\\u{2029} \\u{e0041} é");
});

it("escapeForLog cuts what is too long, before it is escaped", () => {
  expect(escapeForLog("x".repeat(200))).toBe("x".repeat(200));
  expect(escapeForLog("x".repeat(201))).toBe(`${"x".repeat(200)}…`);
  expect(escapeForLog("\n\n\n", 2)).toBe("\\u{a}\\u{a}…");
});

it("utf8Bytes counts what an encoder would write", () => {
  for (const text of [
    "",
    "a",
    "\u007f",
    "\u0080",
    "\u07ff",
    "\u0800",
    "\uffff",
    "\u{10000}",
    "\u{10ffff}",
    "aé€😀",
    "\ud800x",
  ])
    expect(utf8Bytes(text)).toBe(new TextEncoder().encode(text).length);
});

it("escapeControls leaves tabs and lines, and no other control character", () => {
  expect(escapeControls("ü\ta\n\u001b[31m\u009b\u202e\u2028\u{E0041}\r")).toBe(
    "ü\ta\n\\x1b[31m\\x9b\\u{202e}\\u{2028}\\u{e0041}\\x0d",
  );
});

it("escapeControls shows small codes as two digits, and larger ones in braces", () => {
  expect(escapeControls("\u0007\u00ad\u0600")).toBe("\\x07\\xad\\u{600}");
});

it("escapeControlsInJson changes what is seen, not what is said", () => {
  const value = { text: "a\u001b\u009b\u202e\u2028\u{E0041}ü\n" };
  const text = escapeControlsInJson(JSON.stringify(value, undefined, 2));
  expect(text.replaceAll("\n", "")).toMatch(/^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]*$/u);
  expect(JSON.parse(text)).toEqual(value);
});

it("a guest's text does not end the host's quotation marks around it", () => {
  expect(withinQuotes('“a” "b" «c»')).toBe("'a' 'b' 'c'");
});

it("a guest's text in a sentence of the host is quoted, and said to be the guest's", () => {
  expect(said("“Shut down”")).toBe("it said: “'Shut down'”");
  expect(said("Shut down", "the VM")).toBe("the VM said: “Shut down”");
});

describe("revealHidden", () => {
  const shown = (text: string): string =>
    revealHidden(text)
      .map((piece) => ("code" in piece ? `[${piece.code}]` : piece.text))
      .join("");

  it.each([
    ["plain\nlines, with blanks", "plain\nlines, with blanks"],
    ["pay \u{202e}711", "pay [U+202E]711"],
    ["a\u{7}\tb\r\n", "a[U+0007][U+0009]b[U+000D]\n"],
    ["zero\u{200b}width\u{feff}", "zero[U+200B]width[U+FEFF]"],
    ["tag\u{e0041}, filler\u{3164}, braille\u{2800}", "tag[U+E0041], filler[U+3164], braille[U+2800]"],
    ["no-break\u{a0}, wide\u{3000}, line\u{2028}", "no-break[U+00A0], wide[U+3000], line[U+2028]"],
    ["lone \u{d800} surrogate", "lone [U+D800] surrogate"],
    ["שלום é 😀", "שלום é 😀"],
    ["", ""],
  ])("%j is shown as %j", (text, expected) => expect(shown(text)).toBe(expected));

  it("has no piece without anything in it", () => {
    expect(revealHidden("\u{7}\u{7}a\u{7}")).toEqual([
      { code: "U+0007" },
      { code: "U+0007" },
      { text: "a" },
      { code: "U+0007" },
    ]);
  });

  it("loses no character that is seen", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const back = revealHidden(text)
          .map((piece) => ("code" in piece ? String.fromCodePoint(parseInt(piece.code.slice(2), 16)) : piece.text))
          .join("");
        expect(back).toBe(text);
      }),
    );
  });
});
