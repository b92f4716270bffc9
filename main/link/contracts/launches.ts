/** Programs with windows that the host starts. */
import type { FailureKind } from "#shared/protocol/failure.ts";
import { type GiveUp, serviceContract } from "../contract.ts";

/** `request`: of main's choosing, never used twice. `appId` null: argv. */
export interface LaunchOrder {
  request: number;
  appId: string | null;
  argv: string[];
  /** Absolute guest paths, for `appId`. */
  files: string[];
}

/** Opens a link, or a file there, with the program that this guest has for it; `appId` null: the default one. */
export interface OpenHereOrder {
  request: number;
  open: { kind: "url"; url: string } | { kind: "file"; path: Uint8Array };
  appId: string | null;
}

/** Exit code, or number of the signal; one of both is 0. */
export interface ProgramEnd {
  readonly code: number;
  readonly signal: number;
}

/** Somebody has asked for a launch of before only now: its windows may take focus as if it had been ordered now. */
export interface AskedNow {
  request: number;
  isAskedNow: true;
}

export type LaunchEvent =
  | { type: "launched"; request: number; pid: number }
  /** Its process has ended, and not well. */
  | { type: "ended"; request: number; end: ProgramEnd }
  | { type: "failed"; request: number; code: FailureKind; detail: string };

export const LAUNCHES = serviceContract<LaunchOrder | OpenHereOrder | AskedNow | GiveUp, LaunchEvent>("launches");
