/**
 * What scanners say of files. An engine is a service with the right `scanned-files`: it gets a file a job, and answers with a
 * `scanAnswer`. Its word is a guest's.
 *
 *   {"scan": {"path": PATH, "sha256": HEX, "bytes": N}}   the file lies there; whoever has answered has removed it
 *   {"forget": FOLDER}                                     nobody asks about what is there any more; answered with {}
 *
 * One with a table `quarantine` keeps files apart, on its VM's disk. Then a scan may say `"keep": {"key", "name", "verdicts"}`: where
 * its verdict is one of these, a copy is to lie at KEY/NAME in its quarantine, and `"kept": true` says so. A row of the table has
 * the cells `key` and `bytes`.
 *   {"drop": [KEY...]}                                     they are removed; answered with {}
 */
import { z } from "zod";
import { cleanText } from "./text.ts";

/**
 * `clean`: every byte and every file in it was looked at; `suspicious`: a guess of the engine's; `not-scanned`: the reason says
 * why not all of it could be looked at; `error`: the engine has failed.
 */
export const SCAN_VERDICTS = ["clean", "found", "suspicious", "not-scanned", "error"] as const;
export type ScanVerdict = (typeof SCAN_VERDICTS)[number];

export interface EngineVerdict {
  name: string;
  /** null: the engine has not said it. */
  version: string | null;
  /** Names the signatures that it has; another set has another name. null: as above. */
  signatures: string | null;
  verdict: ScanVerdict;
  /** Of what was found. */
  signature: string | null;
  /** For people: why it is not scanned, or what went wrong. */
  reason: string | null;
}

export interface FileVerdict {
  /** Hexadecimal; null: not every byte was read. */
  sha256: string | null;
  /** Of all engines. */
  verdict: ScanVerdict;
  engines: EngineVerdict[];
}

const text = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .transform((said) => cleanText(said, max));

/** What an engine answers. */
export const scanAnswer = z
  .strictObject({
    sha256: z.string().regex(/^[0-9a-f]{64}$/),
    bytes: z.int().min(0),
    engine: z.strictObject({ name: text(60), version: text(60), signatures: text(60) }),
    verdict: z.enum(SCAN_VERDICTS),
    signature: text(200).nullable(),
    reason: text(300).nullable(),
    kept: z.boolean().default(false),
  })
  .refine(({ verdict, signature }) => verdict !== "found" || signature !== null, "found, and nothing is named")
  .refine(
    ({ verdict, signature, reason }) => verdict !== "clean" || (signature === null && reason === null),
    "clean, and something is named",
  );

/** What counts of several: the first of these that one of them says. Without any engine nothing is clean. */
const BY_WEIGHT: readonly ScanVerdict[] = ["found", "suspicious", "error", "not-scanned"];

export function combinedVerdict(engines: readonly Pick<EngineVerdict, "verdict">[]): ScanVerdict {
  if (engines.length === 0) return "not-scanned";
  return BY_WEIGHT.find((one) => engines.some(({ verdict }) => verdict === one)) ?? "clean";
}

/** Where one engine is enough: clean, where one of them says so. */
export function passedByOne(said: FileVerdict): FileVerdict {
  return said.engines.some(({ verdict }) => verdict === "clean") ? { ...said, verdict: "clean" } : said;
}

/** For people: what of the engines is the reason of the combined verdict; "" of what is clean. */
export function verdictWords({ verdict, engines }: Pick<FileVerdict, "verdict" | "engines">): string {
  const engine = engines.find((one) => one.verdict === verdict);
  const named = engine === undefined ? "" : ` (${engine.name})`;
  const reason = engine?.reason ?? (engines.length === 0 ? "no scanner runs" : "it could not be looked at");
  switch (verdict) {
    case "clean":
      return "";
    case "found":
      return `${engine?.signature ?? "malware"} was found in it${named}`;
    case "suspicious":
      return `it looks suspicious: ${engine?.signature ?? engine?.reason ?? "no reason was given"}${named}`;
    case "not-scanned":
      return `it was not scanned: ${reason}${named}`;
    case "error":
      return `it could not be scanned: ${reason}${named}`;
  }
}
