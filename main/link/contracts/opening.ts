/** What programs of a guest ask the host to open or to send elsewhere. */
import type { AcceptedOpen, AcceptedSend, WantedOutcome } from "#shared/protocol/opening.ts";
import { serviceContract } from "../contract.ts";

/** An answer to what waits for one. `detail`: for the program that has asked. */
export type OpeningOrder =
  | { type: "answerOpen"; wanted: number; outcome: WantedOutcome; detail: string }
  | { type: "answerSend"; wanted: number; outcome: Exclude<WantedOutcome, "here">; detail: string };

export type OpeningEvent = ({ type: "open" } & AcceptedOpen) | ({ type: "send" } & AcceptedSend);

export const OPENING = serviceContract<OpeningOrder, OpeningEvent>("opening");
