// One worker thread of vitest for many mutants. StrykerJS runs vitest anew for each mutant, and vitest then starts a thread for each
// test file, which loads all modules again: by far the most of a mutant's time.
import type { Plugin } from "vitest/config";
import { ThreadsPoolWorker, type PoolOptions, type PoolWorker, type WorkerRequest } from "vitest/node";

/** What a failed test may have left behind ends with the thread, so it is not kept for ever. */
const RUNS_PER_THREAD = 25;
const POOL = "kept-thread";

type Listener = (message: unknown) => void;

let kept: { thread: ThreadsPoolWorker; runs: number } | undefined;

async function keptThread(options: PoolOptions): Promise<ThreadsPoolWorker> {
  if (kept !== undefined && kept.runs++ < RUNS_PER_THREAD) return kept.thread;
  await kept?.thread.stop();
  kept = { thread: new ThreadsPoolWorker(options), runs: 1 };
  await kept.thread.start();
  return kept.thread;
}

/** What vitest holds for a thread of its own: it is started and stopped with each run, the thread is not. */
class KeptWorker implements PoolWorker {
  readonly name = POOL;
  readonly #options: PoolOptions;
  readonly #listeners: [string, Listener][] = [];
  #thread: ThreadsPoolWorker | undefined;

  constructor(options: PoolOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    this.#thread = await keptThread(this.#options);
  }

  stop(): Promise<void> {
    for (const [event, listener] of this.#listeners.splice(0)) this.#thread?.off(event, listener);
    return Promise.resolve();
  }

  send(message: WorkerRequest | { m: string }): void {
    // A thread that a test has failed in skips the rest by itself: this would come when the next run has begun, and end that.
    if ("m" in message && message.m === "onCancel") return;
    // The thread would close its port.
    if (!("type" in message) || message.type !== "stop") return this.#thread?.send(message as WorkerRequest);
    const stopped = { type: "stopped", __vitest_worker_response__: true };
    for (const [event, listener] of this.#listeners) if (event === "message") listener(stopped);
  }

  on(event: string, listener: Listener): void {
    this.#listeners.push([event, listener]);
    this.#thread?.on(event, listener);
  }

  off(event: string, listener: Listener): void {
    const at = this.#listeners.findIndex(([name, one]) => name === event && one === listener);
    if (at >= 0) this.#listeners.splice(at, 1);
    this.#thread?.off(event, listener);
  }

  deserialize(data: unknown): unknown {
    return data;
  }
}

/** After StrykerJS has said "threads" and has added its set-up. */
export function keepWorker(): Plugin {
  return {
    name: POOL,
    configureVitest({ project }) {
      project.config.isolate = false;
      project.config.pool = POOL;
      project.config.poolRunner = { name: POOL, createPoolWorker: (options) => new KeptWorker(options) };
    },
  };
}
