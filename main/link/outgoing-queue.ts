/** Bytes that main writes to one stream of a guest, held until the guest gives credit for them. Main limits how many it hands over. */

export interface OutgoingListener {
  /** Takes credit for up to `bytes`; returns how many may go now. */
  take(bytes: number): number;
  send(bytes: Uint8Array): void;
  /** Everything has gone. */
  end(): void;
}

export class OutgoingQueue {
  readonly #listener: OutgoingListener;
  readonly #chunks: Uint8Array[] = [];
  #isEnding = false;

  constructor(listener: OutgoingListener) {
    this.#listener = listener;
  }

  write(bytes: Uint8Array): void {
    if (this.#isEnding) return;
    if (bytes.length > 0) this.#chunks.push(bytes);
    this.pump();
  }

  /** Ends the stream when all has gone. */
  end(): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.pump();
  }

  /** Sends what the credit allows. */
  pump(): void {
    for (let chunk = this.#chunks[0]; chunk !== undefined; chunk = this.#chunks[0]) {
      const taken = this.#listener.take(chunk.length);
      if (taken === 0) return;
      this.#listener.send(chunk.subarray(0, taken));
      if (taken === chunk.length) this.#chunks.shift();
      else this.#chunks[0] = chunk.subarray(taken);
    }
    if (this.#isEnding) this.#listener.end();
  }
}
