/** Cleaning of guest text for titles, names and logs. */

/** C0, C1, bidi controls, zero width, line and paragraph separators, unassigned and private use. */
const UNSHOWN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cn}\p{Co}\p{Cs}]/gu;
/** More than this many combining marks on one base character overflow its line. */
const MARKS = /(\p{M}{4})\p{M}+/gu;

const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/**
 * Guest text that can be shown on one line: controls and invisible characters removed, white space folded,
 * at most `maxGraphemes` grapheme clusters (then "…").
 */
export function cleanText(untrustedText: string, maxGraphemes = 256): string {
  const line = untrustedText
    .slice(0, maxGraphemes * 16)
    .replace(/\s/gu, " ")
    .replace(UNSHOWN, "")
    .replace(MARKS, "$1")
    .replace(/ {2,}/g, " ")
    .trim();
  if (line.length <= maxGraphemes) return line;
  let kept = "";
  let count = 0;
  for (const { segment } of segmenter.segment(line)) {
    if (count === maxGraphemes) return `${kept}…`;
    kept += segment;
    count += 1;
  }
  return kept;
}

/** Quotation marks, with which a guest's text could seem to end before it does. */
const QUOTES = /["“”„‟«»]/gu;

/** Guest text between the host's quotation marks, which it cannot close. Put the marks around it, and isolate it. */
export function withinQuotes(text: string): string {
  return text.replace(QUOTES, "'");
}

/** Guest text in a sentence of the host: quoted, and named as the guest's. `who` is the subject. */
export function said(text: string, who = "it"): string {
  return `${who} said: “${withinQuotes(text)}”`;
}

/** Text of a guest for a log line: escapes everything that is not printable ASCII or a letter, and cuts. */
export function escapeForLog(untrustedText: string, maxLength = 200): string {
  const cut = untrustedText.length > maxLength ? `${untrustedText.slice(0, maxLength)}…` : untrustedText;
  return cut.replace(/[\p{C}\p{Zl}\p{Zp}\\]/gu, (c) => `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`);
}

/** Control characters, bidi controls and what else is invisible; tab and line feed, which a terminal may have, are not among them. */
const CONTROLS = /(?![\t\n])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** Text for a terminal or a file, in lines: control characters and invisible ones are shown, as `\x1b` and `\u{202e}`. */
export function escapeControls(text: string): string {
  return text.replace(CONTROLS, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u{${code.toString(16)}}`;
  });
}

/** A JSON document with the same characters escaped in JSON's own way: its value is the same. */
export function escapeControlsInJson(json: string): string {
  return json.replace(CONTROLS, (character) =>
    Array.from(
      { length: character.length },
      (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, "0")}`,
    ).join(""),
  );
}

/** Length of a text in UTF-8, without a copy of it. */
export function utf8Bytes(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x1_0000 ? 3 : 4;
  }
  return bytes;
}

/** Everything that is not seen, or changes how its neighbours are read: controls, bidi controls, fillers, blanks but the plain one. */
const HIDDEN = /(?![ \n])[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Z}\p{Default_Ignorable_Code_Point}\u2800]/gu;

/** A piece of a text: as it is, or one hidden character by its code (`U+202E`). */
export type RevealedPiece = { readonly text: string } | { readonly code: string };

/** A text in pieces, so that what is hidden in it can be drawn in a way that no text can imitate; line feeds stay in it. */
export function revealHidden(text: string): RevealedPiece[] {
  const pieces: RevealedPiece[] = [];
  let end = 0;
  for (const { 0: character, index } of text.matchAll(HIDDEN)) {
    if (index > end) pieces.push({ text: text.slice(end, index) });
    const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase();
    pieces.push({ code: `U+${code.padStart(4, "0")}` });
    end = index + character.length;
  }
  if (end < text.length) pieces.push({ text: text.slice(end) });
  return pieces;
}
