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

export type LaunchEvent =
  | { type: "launched"; request: number; pid: number }
  | { type: "failed"; request: number; code: FailureKind; detail: string };

export const LAUNCHES = serviceContract<LaunchOrder | GiveUp, LaunchEvent>("launches");
