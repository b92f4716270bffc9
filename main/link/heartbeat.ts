/** Pings every few seconds, and says when answers are missing and when they come again. */

const INTERVAL_MS = 3_000;
/** A busy guest on an emulated processor may need seconds for anything. */
const ANSWER_TIMEOUT_MS = 12_000;

export interface HeartbeatListener {
  ping(nonce: bigint): void;
  changed(isResponsive: boolean): void;
}

export class Heartbeat {
  readonly #listener: HeartbeatListener;
  #timer: NodeJS.Timeout | null = null;
  #nonce = 0n;
  /** When the oldest ping without an answer was sent, null = none is open. */
  #askedAtMs: number | null = null;
  #isResponsive = true;
  #isSuspended = false;

  constructor(listener: HeartbeatListener) {
    this.#listener = listener;
  }

  start(): void {
    this.#timer ??= setInterval(() => this.#beat(), INTERVAL_MS);
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  /** A paused VM cannot answer; afterwards it has the whole time again. */
  suspend(isSuspended: boolean): void {
    this.#isSuspended = isSuspended;
    if (this.#askedAtMs !== null) this.#askedAtMs = performance.now();
  }

  answered(nonce: bigint): void {
    if (nonce !== this.#nonce) return;
    this.#askedAtMs = null;
    this.#become(true);
  }

  #beat(): void {
    if (this.#isSuspended) return;
    const now = performance.now();
    if (this.#askedAtMs !== null) {
      if (now - this.#askedAtMs > ANSWER_TIMEOUT_MS) this.#become(false);
      return;
    }
    this.#nonce += 1n;
    this.#askedAtMs = now;
    this.#listener.ping(this.#nonce);
  }

  #become(isResponsive: boolean): void {
    if (this.#isResponsive === isResponsive) return;
    this.#isResponsive = isResponsive;
    this.#listener.changed(isResponsive);
  }
}
