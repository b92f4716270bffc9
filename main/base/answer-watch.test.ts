import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { AnswerWatch } from "./answer-watch.ts";

let answers: boolean;
let asked: number;
let hung: number;
let watch: AnswerWatch;

beforeEach(() => {
  vi.useFakeTimers();
  [answers, asked, hung] = [true, 0, 0];
  watch = new AnswerWatch({
    ask: () => {
      asked += 1;
      return answers ? Promise.resolve() : new Promise(() => undefined);
    },
    hung: () => (hung += 1),
  });
});

afterEach(() => {
  watch.stop();
  vi.useRealTimers();
});

test("what answers is asked again, and is not hung", async () => {
  watch.start();
  await vi.advanceTimersByTimeAsync(60_000);
  expect([asked, hung]).toEqual([12, 0]);
});

test("what does not answer is said to be hung, once, within 15 s", async () => {
  watch.start();
  await vi.advanceTimersByTimeAsync(5_000);
  answers = false;
  await vi.advanceTimersByTimeAsync(14_999);
  expect(hung).toBe(0);
  await vi.advanceTimersByTimeAsync(1);
  expect(hung).toBe(1);
  await vi.advanceTimersByTimeAsync(60_000);
  expect([asked, hung]).toEqual([2, 1]);
});

test("an answer that fails is one; a late one is, too", async () => {
  let settle: (() => void) | undefined;
  watch = new AnswerWatch({
    ask: () => {
      asked += 1;
      return asked === 1 ? Promise.reject(new Error("gone")) : new Promise<void>((resolve) => (settle = resolve));
    },
    hung: () => (hung += 1),
  });
  watch.start();
  await vi.advanceTimersByTimeAsync(15_000);
  expect([asked, hung]).toEqual([2, 0]);
  settle?.();
  await vi.advanceTimersByTimeAsync(10_000);
  expect([asked, hung]).toEqual([3, 0]);
});

test("a time in which this process did not run is no silence", async () => {
  watch.start();
  answers = false;
  await vi.advanceTimersByTimeAsync(5_000);
  // Suspended for an hour: its timers come once.
  vi.setSystemTime(Date.now() + 3_600_000);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(hung).toBe(0);
});

test("after a new start what was asked before counts no more; stopped, nothing is asked", async () => {
  answers = false;
  watch.start();
  await vi.advanceTimersByTimeAsync(10_000);
  watch.start();
  await vi.advanceTimersByTimeAsync(14_999);
  expect(hung).toBe(0);
  watch.stop();
  await vi.advanceTimersByTimeAsync(60_000);
  expect([asked, hung]).toEqual([2, 0]);
});
