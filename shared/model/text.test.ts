import { describe, expect, it } from "vitest";
import { cleanText, escapeForLog, withinQuotes } from "./text.ts";

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

it("a guest's text does not end the host's quotation marks around it", () => {
  expect(withinQuotes('“a” "b" «c»')).toBe("'a' 'b' 'c'");
});
