/**
 * Input that waits behind a paste chord, while what the person copied in another VM is on its way here: a program that has
 * little patience asks for it as soon as it sees the chord. Of what was marked with the mouse the middle button is the chord.
 * Only what the host knows decides; nothing waits for longer than PASTE_HOLD_MS, and nothing overtakes what came before it.
 */
import type { ClipSelection } from "#shared/model/clip.ts";

/** A person hardly notices it. */
export const PASTE_HOLD_MS = 150;
/** A mouse says up to a thousand motions a second. */
export const MAX_HELD = 512;

type Waiting = { chord: number; selection: ClipSelection; untilMs: number } | { act: () => void };

export class PasteHold {
  readonly #waiting: Waiting[] = [];
  #timer: NodeJS.Timeout | undefined;
  readonly #foreign = new Set<ClipSelection>();
  /** Chords that were settled, until a newer one comes: they may come yet. */
  readonly #settled = new Set<number>();

  /** Whether another VM's clip can be pasted here from that selection: else its chords hold nothing. */
  setForeign(selection: ClipSelection, isForeign: boolean): void {
    if (isForeign) this.#foreign.add(selection);
    else this.#foreign.delete(selection);
    this.#pump();
  }

  /** What follows is a paste chord of that number, which is above all before of this page. */
  chord(chord: number, selection: ClipSelection): void {
    const isSettled = this.#settled.has(chord);
    for (const settled of this.#settled) if (settled <= chord) this.#settled.delete(settled);
    this.#wait({ chord, selection, untilMs: isSettled ? -Infinity : performance.now() + PASTE_HOLD_MS });
    this.#pump();
  }

  /** Acts at once, or as soon as what came before has. */
  take(act: () => void): void {
    if (this.#waiting.length === 0) return act();
    this.#wait({ act });
  }

  /** What that chord pastes is here, or nothing comes for it. May overtake the chord. */
  settle(chord: number): void {
    this.#settled.add(chord);
    for (const waiting of this.#waiting) if ("chord" in waiting && waiting.chord === chord) waiting.untilMs = -Infinity;
    this.#pump();
  }

  /** All that waits acts now. */
  flush(): void {
    clearTimeout(this.#timer);
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift())
      if ("act" in next) next.act();
  }

  /** A page has come, which counts its chords anew. */
  begin(): void {
    this.flush();
    this.#settled.clear();
  }

  #wait(waiting: Waiting): void {
    this.#waiting.push(waiting);
    if (this.#waiting.length > MAX_HELD) this.flush();
  }

  #pump(): void {
    clearTimeout(this.#timer);
    for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
      if ("chord" in next) {
        const leftMs = next.untilMs - performance.now();
        if (this.#foreign.has(next.selection) && leftMs > 0) {
          this.#timer = setTimeout(() => this.#pump(), leftMs);
          return;
        }
      }
      this.#waiting.shift();
      if ("act" in next) next.act();
    }
  }
}
