/** The program of a service VM: one connection at a time, on which each side says one JSON object on a line. */
import type { FromProgram, ToProgram } from "#shared/model/service-messages.ts";
import { serviceContract } from "../contract.ts";

export type ProgramOrder =
  /** From now on a program may connect. Before it the guest is asked for none. */
  { type: "listen" } | { type: "tell"; message: ToProgram };

export type ProgramEvent =
  /** It has connected, and nothing was sent to it yet. */
  | { type: "connected" }
  /** Its connection has ended; another may come. */
  | { type: "gone" }
  | { type: "message"; message: FromProgram }
  /** It has said what is no message: `reason` says why not, in words of the host. */
  | { type: "refused"; reason: string };

export const PROGRAM = serviceContract<ProgramOrder, ProgramEvent>("program");
