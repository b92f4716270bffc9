/** Files that scanners keep apart, as people see them: plain data. */
import type { CrossingParty } from "./crossing.ts";
import { type FileVerdict, verdictWords } from "./scan.ts";

/** `kept`: it can be restored; `away`: the scanner that has it does not run; `gone`: the scanner has it no more. */
export const QUARANTINE_STATES = ["kept", "away", "gone"] as const;
export type QuarantineState = (typeof QUARANTINE_STATES)[number];

export interface QuarantinedFile extends FileVerdict {
  /** From 1, never used again. */
  id: number;
  /** As its source has listed it; hidden characters are in it: the guest's word. */
  path: string;
  bytes: number;
  from: CrossingParty;
  /** Where it was on its way to; null: it was only looked at. */
  to: CrossingParty | null;
  /** ISO 8601, UTC. */
  time: string;
  /** Name of the service in whose VM it lies. */
  service: string;
  state: QuarantineState;
  /** What scanners have said of it since, with other signatures; null: what they said when it was kept. */
  now: LaterVerdict | null;
}

export interface LaterVerdict extends Pick<FileVerdict, "verdict" | "engines"> {
  /** ISO 8601, UTC. */
  time: string;
}

/** For people, also of what is clean. */
export function laterWords(now: Pick<FileVerdict, "verdict" | "engines">): string {
  return now.verdict === "clean" ? "nothing is found in it" : verdictWords(now);
}
