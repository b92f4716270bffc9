/**
 * What a program is asked to be like, paced to its answers: one configure of a new size is open at a time, and the newest
 * wish wins. One Configurer for each window.
 */
import type { LinkCommand } from "#shared/ipc/link-port.ts";
import type { Size } from "#shared/model/window.ts";

type ConfigureCommand = Extract<LinkCommand, { type: "configure" }>;
/** Everything of a configure but its serial. */
export type Wish = Omit<ConfigureCommand, "type" | "surface" | "serial">;

export { WINDOW_STATE_BITS as STATE_BITS } from "#shared/model/window.ts";

/** A program that does not answer is asked again with the newest wish after this. */
const PATIENCE_MS = 250;

export class Configurer {
  readonly #send: (wish: Wish, serial: number) => void;
  #serial = 0;
  #answered = 0;
  /** Serial of the last configure that asked for a new size: a program need not draw for the others. */
  #openSerial = 0;
  /** What the program shows: asked for the same again it need not draw. */
  #shown: Size = { width: 0, height: 0 };
  #sent: Wish | null = null;
  #waiting: Wish | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;
  readonly #answerWaiters: { serial: number; resolve: () => void }[] = [];

  constructor(send: (wish: Wish, serial: number) => void) {
    this.#send = send;
  }

  get lastWish(): Wish | null {
    return this.#waiting ?? this.#sent;
  }

  /** No new size is waited for. */
  get isSettled(): boolean {
    return this.#waiting === null && this.#answered >= this.#openSerial;
  }

  ask(wish: Wish): void {
    const last = this.#sent;
    if (last !== null && this.#waiting === null && isSame(last, wish)) return;
    const isNewSize = last === null || !(isSameSize(last, wish) || isSameSize(this.#shown, wish));
    if (isNewSize && last !== null && this.#answered < this.#openSerial) {
      this.#waiting = wish;
      this.#timer ??= setTimeout(() => this.#flush(), PATIENCE_MS);
      return;
    }
    this.#waiting = null;
    this.#sendNow(wish, isNewSize);
  }

  /**
   * A picture of this size came that answers configures up to `serial`. A guest's number: it may be anything.
   * Returns whether no answer to a new size is open, as of this picture.
   */
  answered(untrustedSerial: number, shown: Size): boolean {
    this.#shown = shown;
    const serial = Math.min(untrustedSerial, this.#serial);
    const isAnswer = serial >= this.#openSerial;
    if (serial > this.#answered) this.#accept(serial);
    return isAnswer;
  }

  #accept(serial: number): void {
    this.#answered = serial;
    for (const waiter of this.#answerWaiters.splice(0)) {
      if (waiter.serial <= serial) waiter.resolve();
      else this.#answerWaiters.push(waiter);
    }
    if (this.#answered >= this.#openSerial) this.#flush();
  }

  /** Resolves when the last wish is answered; at once when it is. */
  async whenAnswered(): Promise<void> {
    while (!this.isSettled) {
      await new Promise<void>((resolve) => this.#answerWaiters.push({ serial: this.#openSerial, resolve }));
    }
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#waiting = null;
    for (const waiter of this.#answerWaiters.splice(0)) waiter.resolve();
    this.#answered = this.#serial;
  }

  #flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const wish = this.#waiting;
    this.#waiting = null;
    if (wish !== null && (this.#sent === null || !isSame(this.#sent, wish)))
      this.#sendNow(wish, !isSameSize(this.#shown, wish));
  }

  #sendNow(wish: Wish, isNewSize: boolean): void {
    this.#serial += 1;
    if (isNewSize) this.#openSerial = this.#serial;
    this.#sent = wish;
    this.#send(wish, this.#serial);
  }
}

function isSameSize(a: Size, b: Size): boolean {
  return a.width === b.width && a.height === b.height;
}

function isSame(a: Wish, b: Wish): boolean {
  return (
    a.width === b.width &&
    a.height === b.height &&
    a.states === b.states &&
    a.boundsWidth === b.boundsWidth &&
    a.boundsHeight === b.boundsHeight &&
    a.x === b.x &&
    a.y === b.y
  );
}
