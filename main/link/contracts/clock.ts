/** The guest's clock. */
import { serviceContract } from "../contract.ts";

/** A paused VM's clock stands still: it is set when the VM goes on. */
export interface ClockOrder {
  isPaused: boolean;
}

export const CLOCK = serviceContract<ClockOrder, never>("clock");
