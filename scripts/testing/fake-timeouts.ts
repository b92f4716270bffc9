import { expect, onTestFinished, vi } from "vitest";

/**
 * Fake timers of `setTimeout`, until the test is over. What waits for one to be set does so by its length: a count has those, too,
 * that tests before this one left in the same process.
 *
 * @returns resolves once a timer of `ms` is set after the call. Its checks take the fake clock on, by 50 ms each
 */
export function fakeTimeouts(): (ms: number) => Promise<void> {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const set = vi.spyOn(globalThis, "setTimeout");
  // First the spy: it would put the fake one back.
  onTestFinished(() => {
    set.mockRestore();
    vi.useRealTimers();
  });
  return async (ms) => {
    set.mockClear();
    await vi.waitFor(() => expect(set).toHaveBeenCalledWith(expect.any(Function), ms));
  };
}
