/** Notices that a process has stopped answering. */

/** How often it is asked. */
const EVERY_MS = 5_000;
/** So many turns after the one that asked, without an answer, it counts as hung. */
const MAX_UNANSWERED = 2;
/** One before the turn that asks. */
const UNASKED = -1;

interface Options {
  /** Settles when it has answered; how, does not matter. */
  ask: () => Promise<unknown>;
  /** Called once: it has not answered for 10 to 15 seconds. Nobody is asked until the next `start`. */
  hung: () => void;
}

/** Counts its own turns, not time: a host that was suspended meanwhile, or this process, is no reason to end another one. */
export class AnswerWatch {
  readonly #options: Options;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: Options) {
    this.#options = options;
  }

  /** Begins anew. What was asked before counts no more. */
  start(): void {
    this.stop();
    let unanswered = UNASKED;
    const timer = setInterval(() => {
      unanswered += 1;
      if (unanswered === MAX_UNANSWERED) {
        this.stop();
        this.#options.hung();
      } else if (unanswered === 0) {
        const answered = (): void => void (unanswered = UNASKED);
        this.#options.ask().then(answered, answered);
      }
    }, EVERY_MS);
    timer.unref();
    this.#timer = timer;
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
