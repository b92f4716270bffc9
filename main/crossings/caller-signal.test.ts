import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { CliCaller } from "../ipc/caller.ts";
import { callerSignal } from "./caller-signal.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function waiting(askS: number): { signal: AbortSignal; close: () => void } {
  let close = (): void => undefined;
  const connection = { onClose: (closed: () => void) => (close = closed) };
  const signal = callerSignal({ connection } as unknown as CliCaller, askS);
  return { signal, close: () => close() };
}

it("the command waits for so many seconds", () => {
  const { signal } = waiting(20);
  vi.advanceTimersByTime(19_999);
  expect(signal.aborted).toBe(false);
  vi.advanceTimersByTime(1);
  expect(signal.aborted).toBe(true);
});

it("a command that has gone waits no longer, and leaves no timer", () => {
  const { signal, close } = waiting(20);
  close();
  expect(signal.aborted).toBe(true);
  expect(vi.getTimerCount()).toBe(0);
});
