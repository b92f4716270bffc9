import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { OpenOutcome, ScanVerdict } from "#shared/protocol/gen/atoll_pb.ts";
import { OPENING } from "../contracts/opening.ts";
import { LAUNCHES } from "../contracts/launches.ts";
import { ServiceHost } from "../testing/service-host.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it("main hears what a program wants, and its answer goes to the guest once", () => {
  const host = new ServiceHost();
  host.say("openWanted", { wanted: 1, url: "https://a/" });
  host.say("sendWanted", { wanted: 2, paths: [Uint8Array.of(0x2f)], count: 1 });
  expect(host.eventsOf(OPENING)).toMatchObject([
    { type: "open", wanted: 1, target: { kind: "url" } },
    { type: "send", wanted: 2, count: 1 },
  ]);
  for (let time = 0; time < 2; time += 1) {
    host.order(OPENING, { type: "answerOpen", wanted: 1, outcome: "here", detail: "" });
    host.order(OPENING, { type: "answerSend", wanted: 2, outcome: "denied", detail: "no" });
  }
  expect(host.sent.slice(-2)).toMatchObject([
    { name: "openAnswered", value: { wanted: 1, outcome: OpenOutcome.HERE } },
    { name: "sendAnswered", value: { wanted: 2, outcome: OpenOutcome.DENIED, detail: "no" } },
  ]);
});

it("a program that opens without end is answered by the link, and main hears of some a second", () => {
  const host = new ServiceHost();
  for (let wanted = 1; wanted <= 1_000; wanted += 1) {
    host.say("openWanted", { wanted, url: "https://a/" });
    host.order(OPENING, { type: "answerOpen", wanted, outcome: "elsewhere", detail: "" });
    vi.advanceTimersByTime(1);
  }
  expect(host.eventsOf(OPENING).length).toBeLessThanOrEqual(60 + 20);
  expect(host.sentOf("openAnswered")).toHaveLength(1_000);
  expect(host.sentOf("openAnswered").at(-1)).toMatchObject({ wanted: 1_000, outcome: OpenOutcome.FAILED });
});

it("a program that sends without end is answered by the link, too", () => {
  const host = new ServiceHost();
  for (let wanted = 1; wanted <= 100; wanted += 1) {
    host.say("sendWanted", { wanted, paths: [Uint8Array.of(0x2f)], count: 1 });
    host.order(OPENING, { type: "answerSend", wanted, outcome: "denied", detail: "" });
  }
  expect(host.eventsOf(OPENING)).toHaveLength(60);
  expect(host.sentOf("sendAnswered")).toHaveLength(100);
  expect(host.sentOf("sendAnswered").at(-1)).toMatchObject({ wanted: 100, outcome: OpenOutcome.FAILED });
});

it("main hears which scan is wanted, and that nobody waits for it; the answer has a verdict for each file", () => {
  const host = new ServiceHost();
  for (const wanted of [1, 2]) host.say("scanWanted", { wanted, paths: [Uint8Array.of(0x2f)] });
  const files = [
    { path: "/a", verdict: "found", why: "Eicar was found in it" },
    { path: "/b", verdict: "not-scanned", why: "it was not scanned" },
    { path: "/c", verdict: "suspicious", why: "it looks suspicious" },
    { path: "/d", verdict: "error", why: "it could not be scanned" },
    { path: "/e", verdict: "clean", why: "" },
  ] as const;
  const answer = { verdict: "found", files, detail: "and more" } as const;
  for (let time = 0; time < 2; time += 1) host.order(OPENING, { type: "answerScan", wanted: 1, answer });
  expect(host.sentOf("scanAnswered")).toMatchObject([
    {
      wanted: 1,
      verdict: ScanVerdict.FOUND,
      files: [
        { path: "/a", verdict: ScanVerdict.FOUND, why: "Eicar was found in it" },
        { verdict: ScanVerdict.NOT_SCANNED },
        { verdict: ScanVerdict.SUSPICIOUS },
        { verdict: ScanVerdict.ERROR },
        { path: "/e", verdict: ScanVerdict.CLEAN, why: "" },
      ],
      detail: "and more",
    },
  ]);
  // The answer to the first has crossed the agent's word.
  for (const wanted of [1, 2, 2]) expect(host.say("scanDropped", { wanted })).toBe("accepted");
  expect(host.eventsOf(OPENING)).toMatchObject([
    { type: "scan", wanted: 1, paths: [Uint8Array.of(0x2f)] },
    { type: "scan", wanted: 2 },
    { type: "scanDropped", wanted: 2 },
  ]);
  host.order(OPENING, { type: "answerScan", wanted: 2, answer });
  expect(host.sentOf("scanAnswered")).toHaveLength(1);
});

it("a program that wants scans without end, and drops them, is answered by the link, too", () => {
  const host = new ServiceHost();
  for (let wanted = 1; wanted <= 100; wanted += 1) {
    host.say("scanWanted", { wanted, paths: [Uint8Array.of(0x2f)] });
    host.say("scanDropped", { wanted });
  }
  expect(host.eventsOf(OPENING)).toHaveLength(2 * 60);
  expect(host.sentOf("scanAnswered")).toHaveLength(40);
  expect(host.sentOf("scanAnswered").at(-1)).toMatchObject({ wanted: 100, verdict: ScanVerdict.NOT_SCANNED });
});

it("what is opened in the guest itself is a launch, with a number of the launches'", () => {
  const host = new ServiceHost();
  host.order(LAUNCHES, { request: 1, open: { kind: "url", url: "https://a/" }, appId: null });
  host.order(LAUNCHES, { request: 2, open: { kind: "file", path: Uint8Array.of(0x2f) }, appId: "foot" });
  expect(host.sentOf("openHere")).toEqual([
    { request: 1, appId: "", url: "https://a/" },
    { request: 2, appId: "foot", path: Uint8Array.of(0x2f) },
  ]);
  expect(host.say("launched", { request: 2, pid: 5 })).toBe("accepted");
  expect(host.eventsOf(LAUNCHES)).toEqual([{ type: "launched", request: 2, pid: 5 }]);
});
