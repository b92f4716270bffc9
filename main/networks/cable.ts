/**
 * A relay that is kept running, and the interfaces at its ends: they have a carrier exactly while frames pass. Made when a
 * link may be; whoever ends it has cut the link when `end` returns.
 */
import { messageOf } from "#shared/model/app-error.ts";
import { Backoff } from "../base/backoff.ts";
import { Emitter } from "../base/emitter.ts";
import type { MachineNics } from "../hardware/driver.ts";
import type { Relay, RelayWork, StartRelay } from "./relay.ts";

/** The first delay before a relay that ended is started again, or a carrier set that could not be, and the longest. */
const RESTART_MS = 200;
const MAX_RESTART_MS = 10_000;

export interface CableEnd {
  readonly nics: MachineNics;
  /** Of the interface. */
  readonly id: string;
}

export interface CableOptions {
  readonly work: RelayWork;
  readonly startRelay: StartRelay;
  /** In the order in which they get their carriers. */
  readonly ends: readonly CableEnd[];
  /** Whether the ends may get their carriers now; always where nothing is said. `look` asks again. */
  readonly mayRise?: () => boolean;
}

export interface CableEvents {
  /** Frames passed, and do not any more. Before "changed". */
  parted: [];
  changed: [];
}

export class Cable extends Emitter<CableEvents> {
  readonly #options: CableOptions;
  readonly #restarts = new Backoff(RESTART_MS, MAX_RESTART_MS);
  #relay: Relay | null = null;
  #timer: NodeJS.Timeout | undefined;
  readonly #carrierRetries = new Backoff(RESTART_MS, MAX_RESTART_MS);
  #carrierTimer: NodeJS.Timeout | undefined;
  #isJoined = false;
  /** How often that was said: what was asked of an end before is not about how it is now. */
  #turn = 0;
  /** All ends have their carriers. */
  #isRaised = false;
  #isOver = false;
  #problem: string | null = null;

  constructor(options: CableOptions) {
    super();
    this.#options = options;
    this.#start();
  }

  /** Frames pass, and both ends know it. */
  get isUp(): boolean {
    return this.#isJoined && this.#problem === null;
  }

  /** Why it is not up; null: it only takes its time. */
  get problem(): string | null {
    return this.#problem;
  }

  /** What `mayRise` says may have changed. */
  look(): void {
    if (this.#isJoined && !this.#isRaised && this.#problem === null) void this.#raise();
  }

  /** Cut, at once and for good. */
  end(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#relay?.end();
    this.#joined(false, null);
  }

  #start(): void {
    const relay = this.#options.startRelay(this.#options.work);
    this.#relay = relay;
    relay.on("joined", () => this.#joined(true, null));
    relay.on("parted", (reason) => this.#joined(false, reason));
    relay.on("ended", (reason) => {
      this.#joined(false, reason);
      this.#timer = setTimeout(() => this.#start(), this.#restarts.nextDelayMs(performance.now()));
    });
  }

  #joined(isJoined: boolean, problem: string | null): void {
    const hasParted = this.#isJoined && !isJoined;
    clearTimeout(this.#carrierTimer);
    this.#turn += 1;
    this.#isJoined = isJoined;
    this.#isRaised = false;
    this.#problem = problem;
    if (hasParted && !this.#isOver) this.emit("parted");
    if (isJoined) void this.#raise();
    else this.#lower();
    if (!this.#isOver) this.emit("changed");
  }

  /**
   * Asked of all ends at once: one that does not answer, such as a VM's that was killed, must not have another end's carrier go
   * when a next cable has raised it.
   */
  #lower(): void {
    for (const { nics, id } of this.#options.ends) nics.setLink(id, false).catch(() => undefined);
  }

  async #raise(): Promise<void> {
    if (this.#options.mayRise?.() === false) return;
    const turn = this.#turn;
    try {
      for (const { nics, id } of this.#options.ends) {
        await nics.setLink(id, true);
        if (turn !== this.#turn) return;
      }
      this.#isRaised = true;
    } catch (error) {
      if (turn !== this.#turn) return;
      // Where the VM has ended, whoever has made the cable ends it.
      this.#problem = messageOf(error);
      this.#raiseLater();
      this.emit("changed");
    }
  }

  #raiseLater(): void {
    clearTimeout(this.#carrierTimer);
    this.#carrierTimer = setTimeout(
      () => this.#joined(true, null),
      this.#carrierRetries.nextDelayMs(performance.now()),
    );
  }
}
