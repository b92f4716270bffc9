/** Standard input on its way to execs: held until the guest gives credit. */

export interface ExecInputListener {
  /** Takes credit for up to `bytes`; returns how many may go now. */
  take(exec: number, bytes: number): number;
  send(exec: number, bytes: Uint8Array): void;
  end(exec: number): void;
}

interface Queue {
  chunks: Uint8Array[];
  isFinished: boolean;
}

export class ExecInput {
  readonly #listener: ExecInputListener;
  readonly #queues = new Map<number, Queue>();

  constructor(listener: ExecInputListener) {
    this.#listener = listener;
  }

  open(exec: number): void {
    this.#queues.set(exec, { chunks: [], isFinished: false });
  }

  write(exec: number, bytes: Uint8Array): void {
    if (bytes.length > 0) this.#queues.get(exec)?.chunks.push(bytes);
    this.pump(exec);
  }

  finish(exec: number): void {
    const queue = this.#queues.get(exec);
    if (queue === undefined) return;
    queue.isFinished = true;
    this.pump(exec);
  }

  forget(exec: number): void {
    this.#queues.delete(exec);
  }

  /** Sends what the credit allows. */
  pump(exec: number): void {
    const queue = this.#queues.get(exec);
    if (queue === undefined) return;
    for (let chunk = queue.chunks[0]; chunk !== undefined; chunk = queue.chunks[0]) {
      const taken = this.#listener.take(exec, chunk.length);
      if (taken === 0) return;
      this.#listener.send(exec, chunk.subarray(0, taken));
      if (taken === chunk.length) queue.chunks.shift();
      else queue.chunks[0] = chunk.subarray(taken);
    }
    if (!queue.isFinished) return;
    this.#queues.delete(exec);
    this.#listener.end(exec);
  }
}
