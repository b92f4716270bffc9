/**
 * Files of this computer that the person has chosen in the host's dialog or dropped on the desktop. The page is given a word
 * for them, once: it can name no other file of this computer.
 */
import { randomUUID } from "node:crypto";
import { AppError } from "#shared/model/app-error.ts";

/** Choices of which the page has made nothing yet. */
const MAX_OPEN = 32;

export class ChosenFiles {
  /** Oldest first. */
  readonly #choices = new Map<string, readonly string[]>();

  /** @returns the word for these absolute paths */
  add(paths: readonly string[]): string {
    const word = randomUUID();
    this.#choices.set(word, paths);
    const [oldest] = this.#choices.keys();
    if (this.#choices.size > MAX_OPEN && oldest !== undefined) this.#choices.delete(oldest);
    return word;
  }

  /** @throws AppError usage.bad-argument, where they are not known, or were taken before */
  take(word: string): readonly string[] {
    const paths = this.#choices.get(word);
    this.#choices.delete(word);
    if (paths === undefined)
      throw new AppError("usage.bad-argument", "These files can no longer be used: choose them again.");
    return paths;
  }
}
