/** Tells the guest the host's time: at its hello, when it goes on after a pause, and when the host's own clock has jumped. */
import { MAX_CLOCK_MS, MIN_CLOCK_MS } from "#shared/protocol/limits.ts";
import { CONTROL } from "#shared/protocol/routes.ts";
import { CLOCK, type ClockOrder } from "../contracts/clock.ts";
import { type LinkContext, type LinkService, linkService } from "../service.ts";

const LOOK_MS = 2_000;
/** The host's clock has jumped by more than this: it slept, or was set. */
const JUMP_MS = 250;

class Clock implements LinkService<never, ClockOrder> {
  readonly messages = {};
  readonly #context: LinkContext<"clockSet", never>;
  #timer: NodeJS.Timeout | null = null;
  #isPaused = false;
  /** Between the host's clock and the time that has passed (which does not go on while the host sleeps), when it was sent last. */
  #sentOffsetMs = 0;

  constructor(context: LinkContext<"clockSet", never>) {
    this.#context = context;
  }

  opened(): void {
    this.#tell();
    this.#timer ??= setInterval(() => this.#look(), LOOK_MS);
  }

  order({ isPaused }: ClockOrder): void {
    const goesOn = this.#isPaused && !isPaused;
    this.#isPaused = isPaused;
    if (goesOn) this.#tell();
  }

  closed(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  #look(): void {
    // A paused guest reads the message when it goes on, and then its time is late.
    if (!this.#isPaused && Math.abs(offsetMs() - this.#sentOffsetMs) > JUMP_MS) this.#tell();
  }

  #tell(): void {
    this.#sentOffsetMs = offsetMs();
    const now = Date.now();
    // A host whose clock is not set knows no better than the guest.
    if (now >= MIN_CLOCK_MS && now <= MAX_CLOCK_MS) this.#context.send("clockSet", { unixMs: BigInt(now) });
  }
}

function offsetMs(): number {
  return Date.now() - performance.now();
}

export const clock = linkService(CLOCK, { accepts: {}, sends: { clockSet: CONTROL } }, (context) => new Clock(context));
