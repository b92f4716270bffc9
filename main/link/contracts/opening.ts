/** What programs of a guest ask the host to open, to send elsewhere or to scan. */
import type { AcceptedOpen, AcceptedScan, AcceptedSend, ScanAnswer, WantedOutcome } from "#shared/protocol/opening.ts";
import { serviceContract } from "../contract.ts";

/** An answer to what waits for one. `detail`: for the program that has asked. */
export type OpeningOrder =
  | { type: "answerOpen"; wanted: number; outcome: WantedOutcome; detail: string }
  | { type: "answerSend"; wanted: number; outcome: Exclude<WantedOutcome, "here">; detail: string }
  | { type: "answerScan"; wanted: number; answer: ScanAnswer };

export type OpeningEvent =
  | ({ type: "open" } & AcceptedOpen)
  | ({ type: "send" } & AcceptedSend)
  | ({ type: "scan" } & AcceptedScan)
  /** Nobody waits for that scan any more. */
  | { type: "scanDropped"; wanted: number };

export const OPENING = serviceContract<OpeningOrder, OpeningEvent>("opening");
