/** A guest's word in a sentence of the host, where it is text alone: a notice, a name for those who hear it. Pure. */
import { cleanText, withinQuotes } from "#shared/model/text.ts";

/** Of a name within a sentence: the whole of it stands where it is judged. */
const SHOWN_CHARACTERS = 80;

/** Quoted, without what is hidden in it, and isolated so that it does not turn what is beside it around. */
export function quoted(name: string): string {
  return `“\u2068${withinQuotes(cleanText(name, SHOWN_CHARACTERS))}\u2069”`;
}
