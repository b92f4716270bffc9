/** What is denied again and again is written once, and then how often more: a program that asks a thousand times a second fills no log. */
import type { NewEntry } from "../audit/audit-log.ts";

/** The same denials within this time are one entry more. */
const WINDOW_MS = 10_000;

export class Denials {
  readonly #write: (entry: NewEntry) => Promise<unknown>;
  /** How many more there were of each, by what they have in common. */
  readonly #repeats = new Map<string, number>();

  constructor(write: (entry: NewEntry) => Promise<unknown>) {
    this.#write = write;
  }

  /** Resolves when it is written, or counted. */
  async add(entry: NewEntry): Promise<void> {
    const key = JSON.stringify(entry);
    const repeats = this.#repeats.get(key);
    if (repeats !== undefined) {
      this.#repeats.set(key, repeats + 1);
      return;
    }
    this.#repeats.set(key, 0);
    setTimeout(() => void this.#end(key, entry), WINDOW_MS).unref();
    await this.#write(entry);
  }

  async #end(key: string, entry: NewEntry): Promise<void> {
    const repeats = this.#repeats.get(key) ?? 0;
    this.#repeats.delete(key);
    const times = `${repeats} more time${repeats === 1 ? "" : "s"} within 10 s`;
    if (repeats > 0) await this.#write({ ...entry, detail: entry.detail === "" ? times : `${entry.detail}; ${times}` });
  }
}
