import fc from "fast-check";
import { expect, it } from "vitest";
import { TerminalText } from "./terminal-text.ts";

function shown(...chunks: (string | number[])[]): string {
  const text = new TerminalText();
  return chunks.map((chunk) => text.shown(Buffer.from(chunk as string))).join("") + text.rest();
}

it.each<[string, string | number[], string]>([
  ["text, tab and line feed", "grüß\t日本\n", "grüß\t日本\n"],
  ["a title report", "\x1b[21t", "\\x1b[21t"],
  ["the clipboard's OSC 52", "\x1b]52;c;aGk=\x07", "\\x1b]52;c;aGk=\\x07"],
  ["a carriage return, which hides what was written", "rm\rls", "rm\\x0dls"],
  ["a backspace", "a\bb", "a\\x08b"],
  ["a null and a delete", "\0\x7f", "\\x00\\x7f"],
  ["C1, as UTF-8", "\u009b31m", "\\x9b31m"],
  ["C1, as a byte", [0x9b, 0x33], "\ufffd3"],
  ["an override of direction", "gpj.\u202Eexe", "gpj.\\u{202e}exe"],
  ["a separator of lines", "a\u2028b", "a\\u{2028}b"],
  ["an invisible character beyond 16 bits", "a\u{E0041}b", "a\\u{e0041}b"],
  ["a mark of byte order", "\uFEFFa", "\\u{feff}a"],
])("%s", (_what, said, expected) => expect(shown(said)).toBe(expected));

it("a character, or an escape, in two pieces is the same", () => {
  expect(shown([0xc3], [0xbc])).toBe("ü");
  expect(shown([0xc2], [0x9b])).toBe("\\x9b");
  expect(shown([0xe2, 0x80], [0xae])).toBe("\\u{202e}");
  expect(shown([0x1b], "[2J")).toBe("\\x1b[2J");
  expect(shown([0xe2, 0x80])).toBe("\ufffd");
});

it("whatever is said, and however it is cut, no control character comes through", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 8 })), (chunks) => {
      const whole = shown(...chunks.map((chunk) => [...chunk]));
      expect(whole).not.toMatch(/[^\P{C}\t\n\p{Cn}\p{Co}]/u);
      expect(whole).toBe(shown(chunks.flatMap((chunk) => [...chunk])));
    }),
  );
});
