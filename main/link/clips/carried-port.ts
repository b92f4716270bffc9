/** A port whose other end is in main, or in the link: messages travel as orders and events of a service. */
import type { MessagePortLike } from "../message-port.ts";

export class CarriedPort implements MessagePortLike {
  readonly #send: (message: unknown) => void;
  readonly #waiting: unknown[] = [];
  #listener: ((event: { data: unknown }) => void) | null = null;
  #closed: () => void = () => undefined;
  #isClosed = false;

  /** @param send carries a message to the other end */
  constructor(send: (message: unknown) => void) {
    this.#send = send;
  }

  postMessage(message: unknown): void {
    if (!this.#isClosed) this.#send(message);
  }

  on(name: "message" | "close", listener: ((event: { data: unknown }) => void) | (() => void)): void {
    if (name === "message") this.#listener = listener;
    else this.#closed = listener as () => void;
  }

  start(): void {
    for (const message of this.#waiting.splice(0)) this.carried(message);
  }

  close(): void {
    this.#isClosed = true;
  }

  /** The other end has said it. */
  carried(message: unknown): void {
    if (this.#isClosed) return;
    if (this.#listener === null) this.#waiting.push(message);
    else this.#listener({ data: message });
  }

  /** The other end is gone. */
  lost(): void {
    if (!this.#isClosed) this.#closed();
  }
}
