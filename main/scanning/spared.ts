/** Bytes at which an engine has failed, by its signatures: it is not asked about them again. Bounded: the oldest goes. */
import type { EngineVerdict } from "#shared/model/scan.ts";
import type { LookedAt } from "./scan-batch.ts";

const MAX_ENTRIES = 1_000;

type Identity = Pick<EngineVerdict, "version" | "signatures"> | null;

export class Spared {
  readonly #keys = new Set<string>();

  has(service: string, identity: Identity, sha256: string): boolean {
    return this.#keys.has(keyOf(service, identity, sha256));
  }

  /** With the signatures that it had when it failed. Nothing where not all of the file has come to the engine. */
  add(service: string, { sha256, verdict }: Pick<LookedAt, "sha256" | "verdict">): void {
    if (sha256 === null) return;
    const key = keyOf(service, verdict, sha256);
    this.#keys.delete(key);
    this.#keys.add(key);
    const [oldest] = this.#keys;
    if (this.#keys.size > MAX_ENTRIES && oldest !== undefined) this.#keys.delete(oldest);
  }
}

function keyOf(service: string, identity: Identity, sha256: string): string {
  return JSON.stringify([service, identity?.version ?? null, identity?.signatures ?? null, sha256]);
}
