/**
 * The mark that the host's prompts have: two words and a small pattern, drawn at random for this person. No guest knows it, so
 * that what a guest draws is no prompt, however much it looks like one.
 */
import { z } from "zod";
import { ADJECTIVES, NOUNS } from "./prompt-words.ts";

export const promptMark = z.strictObject({
  words: z.string().regex(/^[a-z]{2,20} [a-z]{2,20}$/, "two words in small letters"),
  /** What the pattern is drawn from; see renderer/ui/mark-pattern.ts. */
  pattern: z.string().regex(/^[0-9a-f]{8}$/, "eight hexadecimal digits, in quotes"),
});
export type PromptMark = z.infer<typeof promptMark>;

/** How many random bytes a mark takes. */
export const MARK_BYTES = 6;

/** @param random MARK_BYTES bytes that nobody can guess */
export function drawMark(random: Uint8Array): PromptMark {
  const [adjective = 0, noun = 0, ...pattern] = random;
  return {
    words: `${ADJECTIVES[adjective % ADJECTIVES.length]} ${NOUNS[noun % NOUNS.length]}`,
    pattern: pattern.map((byte) => byte.toString(16).padStart(2, "0")).join(""),
  };
}
