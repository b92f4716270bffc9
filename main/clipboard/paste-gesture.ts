/** For how long, and for how many requests, what a person did lets the programs of a VM paste. Pure. */
import type { PasteGesture } from "#shared/model/clip.ts";
import { MAX_PASTES } from "#shared/protocol/limits.ts";
import type { Clip } from "./clip.ts";

const LASTS_MS: Readonly<Record<PasteGesture, number>> = { keys: 2_000, middle: 2_000, menu: 10_000 };

interface PasteGrant {
  untilMs: number;
  left: number;
}

const NONE: PasteGrant = { untilMs: -Infinity, left: 0 };

export class GestureWindow {
  /** Of whatever can be pasted: the person has pressed a chord in a window of the VM, or chosen Paste in its menu. */
  #gesture: PasteGrant = NONE;
  /** Of this clip alone: it was shown to the person, who said yes. */
  #answer: { clip: Clip; grant: PasteGrant } | null = null;

  begin(kind: PasteGesture, nowMs: number): void {
    // The window menu's longer one is not cut short by a chord.
    this.#gesture = { untilMs: Math.max(this.#gesture.untilMs, nowMs + LASTS_MS[kind]), left: MAX_PASTES };
  }

  /** The person has answered a question about this clip; it lasts as long as a gesture of that kind. */
  answered(clip: Clip, kind: PasteGesture, nowMs: number): void {
    const untilMs = this.#answer?.clip === clip ? this.#answer.grant.untilMs : -Infinity;
    this.#answer = { clip, grant: { untilMs: Math.max(untilMs, nowMs + LASTS_MS[kind]), left: MAX_PASTES } };
  }

  /** Whether a request for this clip counts as meant by the person; browsers make several of one paste. */
  take(clip: Clip, nowMs: number): boolean {
    const { grant } = this.#answer?.clip === clip ? this.#answer : { grant: NONE };
    const taken = [grant, this.#gesture].find(({ untilMs, left }) => nowMs <= untilMs && left > 0);
    if (taken === undefined) return false;
    taken.left -= 1;
    return true;
  }
}
