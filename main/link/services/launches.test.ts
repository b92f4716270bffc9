/** Programs that the host starts: what an agent says of them, and what is kept of that. */
import { afterEach, expect, it, vi } from "vitest";
import { FailureCode } from "#shared/protocol/gen/atoll_pb.ts";
import { MAX_DETAIL_BYTES } from "#shared/protocol/limits.ts";
import { LAUNCHES } from "../contracts/launches.ts";
import { MAX_OPEN_REQUESTS } from "../open-requests.ts";
import { ServiceHost } from "../testing/service-host.ts";
import { launches } from "./launches.ts";

afterEach(() => void vi.useRealTimers());

/** As many as are remembered. */
const MAX_REMEMBERED = 256;

const launch = (host: ServiceHost, request: number): void =>
  host.order(LAUNCHES, { request, appId: null, argv: ["foot"], files: [] });

/** Requests 1 to `count`, each answered: its program runs. */
function running(count: number): ServiceHost {
  const host = new ServiceHost();
  for (let request = 1; request <= count; request += 1) {
    launch(host, request);
    expect(host.say("launched", { request, pid: request })).toBe("accepted");
  }
  return host;
}

it("a program that ends badly is told to main, one that ends well is not", () => {
  const host = running(3);
  host.say("programEnded", { request: 1 });
  host.say("programEnded", { request: 2, code: 255 });
  host.say("programEnded", { request: 3, signal: 127 });
  expect(host.eventsOf(LAUNCHES).slice(3)).toEqual([
    { type: "ended", request: 2, end: { code: 255, signal: 0 } },
    { type: "ended", request: 3, end: { code: 0, signal: 127 } },
  ]);
});

it.each([
  ["an end that is no exit code", { request: 1, code: 256 }, "number-out-of-range"],
  ["a signal that there is not", { request: 1, signal: 128 }, "number-out-of-range"],
  ["the end of what does not run", { request: 2 }, "unknown-request"],
  ["the end of no launch", { request: 0 }, "unknown-request"],
])("%s is a violation", (_what, end, code) => {
  expect(running(1).say("programEnded", end)).toBe(code);
});

it("a program ends once", () => {
  const host = running(1);
  host.say("programEnded", { request: 1, code: 1 });
  expect(host.say("programEnded", { request: 1, code: 1 })).toBe("unknown-request");
  expect(host.eventsOf(LAUNCHES)).toHaveLength(2);
});

it("of what is older than all that is remembered it is not known whether it runs: nothing of it is told", () => {
  const host = running(MAX_REMEMBERED + 1);
  expect(host.say("programEnded", { request: 1, code: 1 })).toBe("accepted");
  expect(host.eventsOf(LAUNCHES)).toHaveLength(MAX_REMEMBERED + 1);
  host.say("programEnded", { request: 2, code: 1 });
  expect(host.eventsOf(LAUNCHES).at(-1)).toEqual({ type: "ended", request: 2, end: { code: 1, signal: 0 } });
  expect(host.say("programEnded", { request: MAX_REMEMBERED + 2 })).toBe("unknown-request");
  expect(running(MAX_REMEMBERED + 1).say("programEnded", { request: 0 })).toBe("unknown-request");
});

it("a failure says why, in words that are cleaned and bounded", () => {
  const host = new ServiceHost();
  launch(host, 1);
  host.say("requestFailed", { request: 1, code: FailureCode.NOT_PERMITTED, detail: "no\u001b[31m" });
  expect(host.eventsOf(LAUNCHES)).toEqual([{ type: "failed", request: 1, code: "not-permitted", detail: "no[31m" }]);
  launch(host, 2);
  expect(host.say("requestFailed", { request: 2, detail: "x".repeat(MAX_DETAIL_BYTES + 1) })).toBe("text-too-long");
});

it.each(["launched", "requestFailed"] as const)("%s that nobody waits for is dropped, and not said twice", (name) => {
  const host = new ServiceHost();
  launch(host, 1);
  host.order(LAUNCHES, { request: 1, isGivenUp: true });
  expect(host.say(name, { request: 1 })).toBe("accepted");
  expect(host.eventsOf(LAUNCHES)).toEqual([]);
  expect(host.say(name, { request: 1 })).toBe("unknown-request");
});

it("one more than may be open fails at once, and the guest hears nothing of it", () => {
  const host = new ServiceHost();
  for (let request = 1; request <= MAX_OPEN_REQUESTS + 1; request += 1) launch(host, request);
  expect(host.sentOf("launch")).toHaveLength(MAX_OPEN_REQUESTS);
  expect(host.eventsOf(LAUNCHES)).toMatchObject([{ type: "failed", request: MAX_OPEN_REQUESTS + 1, code: "other" }]);
  expect(host.use(launches).ageMs(MAX_OPEN_REQUESTS + 1)).toBeNull();
});

it("the age of a launch counts from when it was ordered, or when the person asked for it", () => {
  vi.useFakeTimers();
  const host = new ServiceHost();
  const ageMs = (request: number): number | null => host.use(launches).ageMs(request);
  vi.advanceTimersByTime(5_000);
  launch(host, 1);
  expect(host.sentOf("launch")).toEqual([{ request: 1, appId: "", argv: ["foot"], files: [] }]);
  vi.advanceTimersByTime(30_000);
  expect(ageMs(1)).toBe(30_000);
  for (const request of [1, 2]) host.order(LAUNCHES, { request, isAskedNow: true });
  vi.advanceTimersByTime(1_000);
  expect([1, 2].map(ageMs)).toEqual([1_000, null]);
});

it("nothing is awaited after the end", () => {
  const host = new ServiceHost();
  launch(host, 1);
  host.close();
  expect(host.say("launched", { request: 1 })).toBe("unknown-request");
});

it("the age of a launch is known of those that were asked for, the newest of them", () => {
  const host = running(MAX_REMEMBERED + 1);
  const ageMs = (request: number): number | null => host.use(launches).ageMs(request);
  expect([0, 1, MAX_REMEMBERED + 2].map(ageMs)).toEqual([null, null, null]);
  for (const request of [2, MAX_REMEMBERED + 1]) expect(ageMs(request)).toBeGreaterThanOrEqual(0);
});
