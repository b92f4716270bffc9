/**
 * Sends a window's configures at the pace of its program: at most one that asks for a new size is unanswered, and when the
 * answer comes the newest request follows. One Configurer for each window.
 */
import type { Size } from "#shared/model/window.ts";
import { type ConfigureRequest, isSameRequest } from "../model/configure-request.ts";

/** A program that does not answer is sent the newest request after this. */
const ANSWER_TIMEOUT_MS = 250;

export class Configurer {
  readonly #send: (request: ConfigureRequest, serial: number) => void;
  #serial = 0;
  #answeredSerial = 0;
  /** Of the last configure that asked for a new size: a program need not draw for the others. */
  #resizeSerial = 0;
  /** Size of the program's last frame: asked for the same again it need not draw. */
  #drawn: Size = { width: 0, height: 0 };
  /** The same when it was last asked for a new size. A program may accept that before it draws. */
  #drawnBefore: Size = { width: 0, height: 0 };
  /** It has drawn since then, in another size. */
  #hasDrawn = false;
  #sent: ConfigureRequest | null = null;
  /** To be sent once the program has answered. */
  #waiting: ConfigureRequest | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;
  readonly #answerWaiters: { serial: number; resolve: () => void }[] = [];

  constructor(send: (request: ConfigureRequest, serial: number) => void) {
    this.#send = send;
  }

  get lastRequest(): ConfigureRequest | null {
    return this.#waiting ?? this.#sent;
  }

  /** The program has answered the last request for a new size. */
  get isSettled(): boolean {
    return this.#waiting === null && this.#isAnswered;
  }

  get #isAnswered(): boolean {
    return this.#answeredSerial >= this.#resizeSerial;
  }

  /** The window has this size, and no answer is on its way that would give it another one. */
  #isShown(request: Size): boolean {
    return this.#isAnswered && this.#hasDrawn && isSameSize(this.#drawn, request);
  }

  /** Sends it now or, while a new size is unanswered, later; one that is not sent yet is replaced by the next. */
  request(request: ConfigureRequest): void {
    const last = this.#sent;
    if (last !== null && this.#waiting === null && isSameRequest(last, request)) return;
    const isNewSize = last === null || !(isSameSize(last, request) || this.#isShown(request));
    if (isNewSize && last !== null && !this.#isAnswered) {
      this.#waiting = request;
      this.#timer ??= setTimeout(() => this.#flush(), ANSWER_TIMEOUT_MS);
      return;
    }
    this.#waiting = null;
    this.#sendNow(request, isNewSize);
  }

  /**
   * A frame of this size came that answers configures up to `serial`. A guest's number: it may be anything.
   * Returns whether, as of this frame, every request for a new size is answered.
   */
  answered(untrustedSerial: number, drawn: Size): boolean {
    this.#drawn = drawn;
    const serial = Math.min(untrustedSerial, this.#serial);
    if (serial >= this.#resizeSerial && !isSameSize(drawn, this.#drawnBefore)) this.#hasDrawn = true;
    // It may let go of a request that has waited for it, and is to be answered next.
    if (serial > this.#answeredSerial) this.#accept(serial);
    return serial >= this.#resizeSerial && this.#waiting === null;
  }

  #accept(serial: number): void {
    this.#answeredSerial = serial;
    for (const waiter of this.#answerWaiters.splice(0)) {
      if (waiter.serial <= serial) waiter.resolve();
      else this.#answerWaiters.push(waiter);
    }
    if (this.#isAnswered) this.#flush();
  }

  /** Resolves when the last request is answered; at once when it is. */
  async whenAnswered(): Promise<void> {
    while (!this.isSettled) {
      await new Promise<void>((resolve) => this.#answerWaiters.push({ serial: this.#resizeSerial, resolve }));
    }
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#waiting = null;
    for (const waiter of this.#answerWaiters.splice(0)) waiter.resolve();
    this.#answeredSerial = this.#serial;
  }

  #flush(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const request = this.#waiting;
    this.#waiting = null;
    if (request !== null && (this.#sent === null || !isSameRequest(this.#sent, request)))
      this.#sendNow(request, !this.#isShown(request));
  }

  #sendNow(request: ConfigureRequest, isNewSize: boolean): void {
    this.#serial += 1;
    if (isNewSize) {
      this.#resizeSerial = this.#serial;
      this.#drawnBefore = this.#drawn;
      this.#hasDrawn = false;
    }
    this.#sent = request;
    this.#send(request, this.#serial);
  }
}

function isSameSize(a: Size, b: Size): boolean {
  return a.width === b.width && a.height === b.height;
}
