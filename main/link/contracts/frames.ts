/** Frames, as long as no page shows them. */
import { serviceContract } from "../contract.ts";

/** Its windows shall be drawn although no page has come: of a VM that is made ready before it is asked for. */
export interface FramesOrder {
  isDrawnAhead: boolean;
}

/** A surface has drawn a frame that no page shows: one in DREW_MS. */
export interface FramesEvent {
  type: "drew";
}

/** Between two events, ms. */
export const DREW_MS = 250;

export const FRAMES_AHEAD = serviceContract<FramesOrder, FramesEvent>("frames");
