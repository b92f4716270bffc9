/** Bytes at which an engine has failed, by its signatures: it is not asked about them again. Bounded: the oldest goes. */
import type { Engine } from "./engine.ts";

const MAX_ENTRIES = 1_000;

export class Spared {
  readonly #keys = new Set<string>();

  has(engine: Pick<Engine, "name" | "identity">, sha256: string): boolean {
    return this.#keys.has(keyOf(engine, sha256));
  }

  /** Nothing where not all of the file has come to the engine. */
  add(engine: Pick<Engine, "name" | "identity">, { sha256 }: { sha256: string | null }): void {
    if (sha256 === null) return;
    const key = keyOf(engine, sha256);
    this.#keys.delete(key);
    this.#keys.add(key);
    const [oldest] = this.#keys;
    if (this.#keys.size > MAX_ENTRIES && oldest !== undefined) this.#keys.delete(oldest);
  }
}

function keyOf({ name, identity }: Pick<Engine, "name" | "identity">, sha256: string): string {
  return JSON.stringify([name, identity?.version, identity?.signatures, sha256]);
}
