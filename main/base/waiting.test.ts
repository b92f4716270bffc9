import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Emitter } from "./emitter.ts";
import { type Settle, waitFor } from "./waiting.ts";

let emitter: Emitter<{ done: [string] }>;
let listeners: number;

/** Listens for `done`, and counts who listens. */
function listen({ resolve }: Settle<string>): () => void {
  listeners += 1;
  const stop = emitter.on("done", resolve);
  return () => {
    listeners -= 1;
    stop();
  };
}

beforeEach(() => {
  vi.useFakeTimers();
  emitter = new Emitter();
  listeners = 0;
});
afterEach(() => void vi.useRealTimers());

it("resolves with the first event, and leaves neither listener nor timer", async () => {
  const waiting = waitFor({ listen, timeoutMs: 1_000, onTimeout: ({ reject }) => reject(new Error("late")) });
  emitter.emit("done", "first");
  emitter.emit("done", "second");
  expect(await waiting).toBe("first");
  expect(listeners).toBe(0);
  expect(vi.getTimerCount()).toBe(0);
});

it("settles at its time limit as onTimeout says", async () => {
  const waiting = waitFor({ listen, timeoutMs: 1_000, onTimeout: ({ resolve }) => resolve("late") });
  vi.advanceTimersByTime(999);
  expect(listeners).toBe(1);
  vi.advanceTimersByTime(1);
  expect(await waiting).toBe("late");
  expect(listeners).toBe(0);
});

it("takes what is there already, and stops listening all the same", async () => {
  const waiting = waitFor<string>({
    listen: (settle) => {
      settle.resolve("there");
      return listen(settle);
    },
    timeoutMs: 1_000,
  });
  expect(await waiting).toBe("there");
  expect(listeners).toBe(0);
  expect(vi.getTimerCount()).toBe(0);
});

it("is cancelled with the reason of its signal", async () => {
  const cancelling = new AbortController();
  const waiting = waitFor({ listen, timeoutMs: 1_000, signal: cancelling.signal });
  const reason = new Error("the application ends");
  cancelling.abort(reason);
  await expect(waiting).rejects.toBe(reason);
  expect(listeners).toBe(0);
  expect(vi.getTimerCount()).toBe(0);
});

it("does not begin where its signal was aborted before", async () => {
  await expect(waitFor({ listen, signal: AbortSignal.abort(new Error("over")) })).rejects.toThrow("over");
  expect(listeners).toBe(0);
});
