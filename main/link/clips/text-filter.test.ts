import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { tries } from "#shared/testing/tries.ts";
import { TextFilter } from "./text-filter.ts";

function filtered(...chunks: Uint8Array[]): Buffer {
  return filteredBy(new TextFilter(), ...chunks);
}

function filteredBy(filter: TextFilter, ...chunks: Uint8Array[]): Buffer {
  const results = [...chunks.map((chunk) => filter.push(chunk)), filter.end()];
  return Buffer.concat(results.flatMap((result) => (result.ok ? [result.bytes] : [])));
}

/** The same, of a text that is there as a whole: character by character, each decoded by the platform. */
function reference(bytes: Uint8Array): string {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const characterAt = (at: number): string | null => {
    for (const length of [1, 2, 3, 4]) {
      try {
        const text = decoder.decode(bytes.subarray(at, at + length));
        if (at + length <= bytes.length) return text;
      } catch {
        continue;
      }
    }
    return null;
  };
  let text = "";
  for (let at = 0; at < bytes.length;) {
    const character = characterAt(at);
    text += character ?? "?";
    at += character === null ? 1 : Buffer.byteLength(character);
  }
  return text.replaceAll(/(?![\t\n])\p{Cc}/gu, "");
}

describe("text", () => {
  it.each([
    ["stays as it is", "Grüße, 日本 🐚\t\n", "Grüße, 日本 🐚\t\n"],
    ["loses NUL and controls", "a\u0000b\u001b[1mc\u007fd\u0085e\u009ff", "ab[1mcdef"],
    ["has line feeds alone", "a\r\nb\rc\n", "a\nbc\n"],
    ["keeps the last character of two bytes, and the first of four", "\u07ff\u{10000}", "\u07ff\u{10000}"],
    ["keeps bidi controls and what is above C1", "\u00a0\u202e\u200b\ufeff\uffff", "\u00a0\u202e\u200b\ufeff\uffff"],
  ])("%s", (_what, text, expected) => {
    expect(filtered(Buffer.from(text)).toString()).toBe(expected);
  });

  it.each([
    ["a byte that begins nothing", [0x61, 0xff, 0x80], "a??"],
    ["an overlong slash", [0xc0, 0xaf], "??"],
    ["an overlong NUL of three", [0xe0, 0x80, 0x80], "???"],
    ["an overlong NUL of four", [0xf0, 0x80, 0x80, 0x80], "????"],
    ["a surrogate", [0xed, 0xa0, 0x80], "???"],
    ["above U+10FFFF", [0xf4, 0x90, 0x80, 0x80], "????"],
    ["a character that is cut by another one", [0xe2, 0x82, 0x61], "??a"],
    ["a character that is cut by the end", [0x61, 0xf0, 0x9f, 0x90], "a???"],
  ])("has a question mark for each byte of %s", (_what, bytes, expected) => {
    expect(filtered(Uint8Array.from(bytes)).toString()).toBe(expected);
  });

  const byte = fc.oneof(
    fc.integer({ min: 0, max: 0xff }),
    fc.constantFrom(0x0d, 0x0a, 0xc2, 0x85, 0xe0, 0xed, 0xf0, 0xf4, 0x80, 0x9f, 0xa0, 0xbf, 0xff),
  );
  const bytes = fc.oneof(
    fc.array(byte, { maxLength: 40 }).map((all) => Buffer.from(all)),
    fc.string({ unit: "binary", maxLength: 20 }).map((text) => Buffer.from(text)),
  );

  it("is what the whole of it would be, wherever it is cut into chunks, never grows, and has its characters counted", () => {
    fc.assert(
      fc.property(bytes, fc.array(fc.nat(40)), (whole, cuts) => {
        const at = [0, ...cuts.filter((cut) => cut < whole.length).toSorted((a, b) => a - b), whole.length];
        const chunks = at.slice(1).map((end, i) => whole.subarray(at[i], end));
        const filter = new TextFilter();
        const result = filteredBy(filter, ...chunks);
        expect(result.toString()).toBe(reference(whole));
        expect(filter.characters).toBe(Array.from(reference(whole)).length);
        expect(result.length).toBeLessThanOrEqual(whole.length);
      }),
      tries(5000),
    );
  });

  it("says how many bytes it keeps, and gives out no more than it was given", () => {
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 6 }), (chunks) => {
        const filter = new TextFilter();
        let [given, gone] = [0, 0];
        for (const chunk of chunks) {
          given += chunk.length;
          const result = filter.push(chunk);
          gone += result.ok ? result.bytes.length : 0;
          expect(filter.heldBytes).toBeLessThanOrEqual(3);
          expect(gone + filter.heldBytes).toBeLessThanOrEqual(given);
        }
      }),
      tries(1000),
    );
  });
});
