/**
 * What engines have said of which bytes: of each engine with the signatures that it has now, and of each party's own files: how soon
 * a verdict comes would tell one VM what another has. Bounded: the oldest goes.
 */
import type { EngineVerdict, ScanVerdict } from "#shared/model/scan.ts";

const MAX_ENTRIES = 50_000;
/** Another try may say something else. */
const LASTING: readonly ScanVerdict[] = ["clean", "found", "suspicious"];

export class VerdictCache {
  readonly #verdicts = new Map<string, EngineVerdict>();

  get(
    service: string,
    party: string,
    identity: Pick<EngineVerdict, "version" | "signatures"> | null,
    sha256: string,
  ): EngineVerdict | null {
    if (identity?.version == null || identity.signatures === null) return null;
    return this.#verdicts.get(keyOf(service, party, identity, sha256)) ?? null;
  }

  put(service: string, party: string, { sha256, verdict }: { sha256: string | null; verdict: EngineVerdict }): void {
    if (sha256 === null || verdict.version === null || verdict.signatures === null) return;
    if (!LASTING.includes(verdict.verdict)) return;
    const key = keyOf(service, party, verdict, sha256);
    this.#verdicts.delete(key);
    this.#verdicts.set(key, verdict);
    const [oldest] = this.#verdicts.keys();
    if (this.#verdicts.size > MAX_ENTRIES && oldest !== undefined) this.#verdicts.delete(oldest);
  }
}

function keyOf(
  service: string,
  party: string,
  { version, signatures }: Pick<EngineVerdict, "version" | "signatures">,
  sha256: string,
): string {
  return JSON.stringify([service, party, version, signatures, sha256]);
}
