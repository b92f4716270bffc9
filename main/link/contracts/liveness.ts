/** Whether the agent answers. */
import { serviceContract } from "../contract.ts";

/** While the VM is paused no answer is expected. */
export interface LivenessOrder {
  isPaused: boolean;
}

/** Answers are missing, or come again. */
export interface LivenessEvent {
  isResponsive: boolean;
}

export const LIVENESS = serviceContract<LivenessOrder, LivenessEvent>("liveness");
