/**
 * Files of this computer that the person has chosen in the host's dialog or dropped on the desktop. The page is given a token
 * for them, good once: it can name no other file of this computer.
 */
import { randomUUID } from "node:crypto";
import { AppError } from "#shared/model/app-error.ts";

/** Choices of which the page has made nothing yet. */
const MAX_OPEN = 32;

export class ChosenFiles {
  /** Oldest first. */
  readonly #choices = new Map<string, readonly string[]>();

  /** @returns the token for these absolute paths */
  add(paths: readonly string[]): string {
    const token = randomUUID();
    this.#choices.set(token, paths);
    const [oldest] = this.#choices.keys();
    if (this.#choices.size > MAX_OPEN && oldest !== undefined) this.#choices.delete(oldest);
    return token;
  }

  /** @throws AppError usage.bad-argument, where they are not known, or were taken before */
  take(token: string): readonly string[] {
    const paths = this.#choices.get(token);
    this.#choices.delete(token);
    if (paths === undefined)
      throw new AppError("usage.bad-argument", "These files can no longer be used: choose them again.");
    return paths;
  }
}
