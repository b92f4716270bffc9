/**
 * Text of a guest on its way to another one: valid UTF-8 without control characters. A byte that is not UTF-8 becomes "?", so
 * that the text never grows; C0 and C1 controls and DEL are taken out, but for tab and line feed (CRLF becomes LF). What does
 * not change the meaning of a byte stream to a program stays: bidi controls, and characters of the future.
 */
import type { ClipFilter, Filtered } from "./filter.ts";

const [TAB, LINE_FEED, SPACE, QUESTION_MARK, DEL] = [0x09, 0x0a, 0x20, 0x3f, 0x7f];

export class TextFilter implements ClipFilter {
  /** The beginning of a character whose rest has not come, at most 3 bytes. */
  #begun: Uint8Array = new Uint8Array(0);
  #characters = 0;

  get heldBytes(): number {
    return this.#begun.length;
  }

  get characters(): number {
    return this.#characters;
  }

  push(untrusted: Uint8Array): Filtered {
    const bytes = this.#begun.length === 0 ? untrusted : Buffer.concat([this.#begun, untrusted]);
    const kept = new Uint8Array(bytes.length);
    let [at, end, furtherBytes] = [0, 0, 0];
    while (at < bytes.length) {
      const byte = bytes[at] ?? 0;
      if (byte < 0x80) {
        if ((byte >= SPACE && byte !== DEL) || byte === TAB || byte === LINE_FEED) kept[end++] = byte;
        at += 1;
        continue;
      }
      const length = characterAt(bytes, at);
      if (length === "cut") break;
      if (length === 0) kept[end++] = QUESTION_MARK;
      else if (!isC1(bytes, at)) {
        for (let i = 0; i < length; i += 1) kept[end++] = bytes[at + i] ?? 0;
        furtherBytes += length - 1;
      }
      at += Math.max(1, length);
    }
    this.#begun = bytes.slice(at);
    this.#characters += end - furtherBytes;
    return { ok: true, bytes: kept.subarray(0, end) };
  }

  end(): Filtered {
    const bytes = new Uint8Array(this.#begun.length).fill(QUESTION_MARK);
    this.#begun = new Uint8Array(0);
    this.#characters += bytes.length;
    return { ok: true, bytes };
  }
}

/** U+0080 to U+009F. */
function isC1(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0xc2 && (bytes[at + 1] ?? 0) < 0xa0;
}

/**
 * Length of the character of more than one byte that begins there; 0: none does; "cut": it may, the rest has not come.
 * @see The Unicode Standard, table 3-7 "Well-Formed UTF-8 Byte Sequences"
 */
function characterAt(bytes: Uint8Array, at: number): number | "cut" {
  const first = bytes[at] ?? 0;
  const length =
    first >= 0xc2 && first <= 0xdf ? 2 : first >= 0xe0 && first <= 0xef ? 3 : first >= 0xf0 && first <= 0xf4 ? 4 : 0;
  for (let i = 1; i < length; i += 1) {
    const next = bytes[at + i];
    if (next === undefined) return "cut";
    const [min, max] = i === 1 ? secondRange(first) : [0x80, 0xbf];
    if (next < min || next > max) return 0;
  }
  return length;
}

/** No overlong forms, no surrogates, nothing above U+10FFFF. */
function secondRange(first: number): readonly [number, number] {
  if (first === 0xe0) return [0xa0, 0xbf];
  if (first === 0xed) return [0x80, 0x9f];
  if (first === 0xf0) return [0x90, 0xbf];
  if (first === 0xf4) return [0x80, 0x8f];
  return [0x80, 0xbf];
}
