import { expect, onTestFinished, vi } from "vitest";

/**
 * Fake timers of `setTimeout`, until the test is over. A test waits until one of a given length is set, not for a number of timers:
 * code that an earlier test of the same process left running may set others.
 *
 * @returns resolves once a timer of `ms` is set after the call. Its checks take the fake clock on, by 50 ms each
 */
export function fakeTimeouts(): (ms: number) => Promise<void> {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const fake = globalThis.setTimeout;
  let set: number[] = [];
  // No spy: Vitest restores them all after a file, this one to the fake timer.
  globalThis.setTimeout = ((callback: () => void, ms = 0) => {
    set.push(ms);
    return fake(callback, ms);
  }) as typeof setTimeout;
  onTestFinished(() => {
    globalThis.setTimeout = fake;
    vi.useRealTimers();
  });
  return async (ms) => {
    set = [];
    await vi.waitFor(() => expect(set).toContain(ms));
  };
}
