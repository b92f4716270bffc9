import { expect, it } from "vitest";
import { drawMark, MARK_BYTES, promptMark } from "./prompt-mark.ts";
import { ADJECTIVES, NOUNS } from "./prompt-words.ts";

it("a mark is two words and a pattern of its random bytes, and is read as it was written", () => {
  const mark = drawMark(Uint8Array.of(0, 255, 0x0a, 0, 0xff, 0x10));
  expect(mark).toEqual({ words: `${ADJECTIVES[0]} ${NOUNS[127]}`, pattern: "0a00ff10" });
  expect(drawMark(Uint8Array.of(129, 2, 0, 0, 0, 0)).words).toBe(`${ADJECTIVES[1]} ${NOUNS[2]}`);
  expect(mark.pattern).toHaveLength((MARK_BYTES - 2) * 2);
  expect(promptMark.parse(mark)).toEqual(mark);
});

it("every word is as likely as any other, and none is in the list twice", () => {
  for (const words of [ADJECTIVES, NOUNS]) {
    expect(new Set(words).size).toBe(128);
    for (const word of words) expect(word).toMatch(/^[a-z]{2,20}$/);
  }
});
