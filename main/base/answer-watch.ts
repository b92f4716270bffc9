/** Notices that a process which should always answer does not any more. */

/** How often it is asked. Two of these without an answer, and it counts as hung. */
const EVERY_MS = 5_000;
const UNANSWERED = 2;

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
    let unanswered = 0;
    let isAsked = false;
    const timer = setInterval(() => {
      if (isAsked) {
        unanswered += 1;
        if (unanswered < UNANSWERED) return;
        this.stop();
        return this.#options.hung();
      }
      isAsked = true;
      unanswered = 0;
      const answered = (): void => void (isAsked = false);
      this.#options.ask().then(answered, answered);
    }, EVERY_MS);
    timer.unref();
    this.#timer = timer;
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
