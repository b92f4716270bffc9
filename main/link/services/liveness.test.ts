import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { LIVENESS } from "../contracts/liveness.ts";
import { ServiceHost } from "../testing/service-host.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("an agent answers each ping once, and main hears when it does not and when it does again", () => {
  const host = new ServiceHost();
  host.opened();
  vi.advanceTimersByTime(21_000);
  expect(host.sentOf("ping")).toEqual([{ nonce: 1n }]);
  expect(host.eventsOf(LIVENESS)).toEqual([{ isResponsive: false }]);
  expect(host.say("pong", { nonce: 1n })).toBe("accepted");
  expect(host.eventsOf(LIVENESS)).toEqual([{ isResponsive: false }, { isResponsive: true }]);
  expect(host.say("pong", { nonce: 1n })).toBe("unknown-request");
});

it("an answer to a ping that was not is a violation", () => {
  const host = new ServiceHost();
  host.opened();
  vi.advanceTimersByTime(3_000);
  expect(host.say("pong", { nonce: 2n })).toBe("unknown-request");
});

it("a guest that is paused is not missed, and nobody is asked after the end", () => {
  const host = new ServiceHost();
  host.opened();
  vi.advanceTimersByTime(3_000);
  host.order(LIVENESS, { isPaused: true });
  vi.advanceTimersByTime(60_000);
  expect(host.eventsOf(LIVENESS)).toEqual([]);
  host.say("pong", { nonce: 1n });
  host.order(LIVENESS, { isPaused: false });
  host.close();
  vi.advanceTimersByTime(60_000);
  expect(host.sentOf("ping")).toHaveLength(1);
});
