/**
 * Groups entries that repeat, as denials do: the log gets one, and later one with the count of those that followed. So a program that
 * asks a thousand times a second does not fill the log, even where it asks for something else each time.
 */
import type { NewEntry } from "./audit-log.ts";

/** The same ones within this time are one entry more. */
const WINDOW_MS = 10_000;
/** So many different ones of one party within that time are written each; of more nobody reads what differs. */
const MAX_DIFFERENT = 20;

export class Repeats {
  readonly #write: (entry: NewEntry) => Promise<unknown>;
  /** How many more there were of each, by what they have in common. */
  readonly #repeats = new Map<string, number>();
  /** How many different ones there are, by whom. */
  readonly #different = new Map<string, number>();

  constructor(write: (entry: NewEntry) => Promise<unknown>) {
    this.#write = write;
  }

  /** Resolves when it is written, or counted. */
  async add(one: NewEntry): Promise<void> {
    const party = JSON.stringify([one.action, one.from]);
    const different = this.#different.get(party) ?? 0;
    const isKnown = this.#repeats.has(JSON.stringify(one));
    const entry = isKnown || different < MAX_DIFFERENT ? one : withoutDetails(one);
    const key = JSON.stringify(entry);
    const repeats = this.#repeats.get(key);
    if (repeats !== undefined) {
      this.#repeats.set(key, repeats + 1);
      return;
    }
    this.#repeats.set(key, 0);
    this.#different.set(party, different + 1);
    setTimeout(() => void this.#end(key, party, entry), WINDOW_MS).unref();
    await this.#write(entry);
  }

  async #end(key: string, party: string, entry: NewEntry): Promise<void> {
    const repeats = this.#repeats.get(key) ?? 0;
    this.#repeats.delete(key);
    const left = (this.#different.get(party) ?? 1) - 1;
    if (left > 0) this.#different.set(party, left);
    else this.#different.delete(party);
    const times = `${repeats} more time${repeats === 1 ? "" : "s"} within 10 s`;
    if (repeats > 0) await this.#write({ ...entry, detail: entry.detail === "" ? times : `${entry.detail}; ${times}` });
  }
}

function withoutDetails(entry: NewEntry): NewEntry {
  return { ...entry, type: null, bytes: null, detail: "one of many" };
}
