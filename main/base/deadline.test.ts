import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { deadline } from "./deadline.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const late = (): Error => new Error("late");

it("aborts after its time, with its reason", () => {
  const { signal } = deadline(1_000, late);
  vi.advanceTimersByTime(999);
  expect(signal.aborted).toBe(false);
  vi.advanceTimersByTime(1);
  expect(signal.reason).toEqual(late());
});

it("aborts with another signal, now or later, and with its reason", () => {
  const gone = new Error("gone");
  const other = new AbortController();
  const { signal } = deadline(1_000, late, other.signal);
  expect(signal.aborted).toBe(false);
  other.abort(gone);
  expect(signal.reason).toBe(gone);
  expect(deadline(1_000, late, other.signal).signal.reason).toBe(gone);
});

it("leaves nothing behind once the work is done", () => {
  const other = new AbortController();
  const { signal, end } = deadline(1_000, late, other.signal);
  end();
  expect(vi.getTimerCount()).toBe(0);
  other.abort();
  expect(signal.aborted).toBe(false);
});
