import { describe, expect, it } from "vitest";
import { cleanText, escapeControls, escapeControlsInJson, escapeForLog, withinQuotes } from "./text.ts";

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

  it("keeps markup as the text it is", () => {
    expect(cleanText("<img onerror=x>")).toBe("<img onerror=x>");
  });
});

it("escapeForLog leaves no control character", () => {
  expect(escapeForLog("a\u001b[31m\nb")).toBe("a\\u{1b}[31m\\u{a}b");
});

it("escapeControls leaves tabs and lines, and no other control character", () => {
  expect(escapeControls("ü\ta\n\u001b[31m\u009b\u202e\u2028\u{E0041}\r")).toBe(
    "ü\ta\n\\x1b[31m\\x9b\\u{202e}\\u{2028}\\u{e0041}\\x0d",
  );
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
