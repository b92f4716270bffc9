import { expect, it, vi } from "vitest";
import { fakeTimeouts } from "./fake-timeouts.ts";

const real = globalThis.setTimeout;

it("waits for a timer of that length, which is fake", async () => {
  const timeoutIsSet = fakeTimeouts();
  const over = vi.fn<() => void>();
  setTimeout(over, 300);
  const isSet = timeoutIsSet(300);
  setTimeout(() => undefined, 200);
  setTimeout(over, 300);
  await isSet;
  vi.runAllTimers();
  expect(over).toHaveBeenCalledTimes(2);
});

it("leaves the real ones to those that come after, also when spies are restored", () => {
  vi.restoreAllMocks();
  expect(globalThis.setTimeout).toBe(real);
});
