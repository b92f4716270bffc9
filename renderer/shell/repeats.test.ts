import { expect, it } from "vitest";
import { Repeats } from "./repeats.ts";

it("the same within a double click is a repeat, another request or a later one is not", async () => {
  let nowMs = 0;
  const repeats = new Repeats(() => nowMs);
  const answers: (() => void)[] = [];
  let answered: Promise<unknown> = Promise.resolve();
  const isRepeat = (id: number): boolean => {
    let isAsked = false;
    const answer = repeats.once(["quarantine.delete", { id }], () => {
      isAsked = true;
      return new Promise<void>((resolve) => answers.push(resolve));
    });
    if (isAsked) answered = answer;
    return !isAsked;
  };
  expect([isRepeat(1), isRepeat(1), isRepeat(2)]).toEqual([false, true, false]);
  nowMs = 499;
  expect(isRepeat(1)).toBe(true);
  nowMs = 500;
  expect([isRepeat(1), isRepeat(1)]).toEqual([false, true]);
  answers.at(-1)?.();
  await answered;
  expect([isRepeat(1), isRepeat(1)]).toEqual([false, true]);
});
