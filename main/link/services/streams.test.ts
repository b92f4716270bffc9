/** Execs and their streams, as main orders and hears of them. */
import { describe, expect, it } from "vitest";
import { FailureCode } from "#shared/protocol/gen/atoll_pb.ts";
import { MAX_EXECS, MAX_STREAM_CHUNK_BYTES, MAX_STREAM_CREDIT_BYTES } from "#shared/protocol/limits.ts";
import { EXECS } from "../contracts/execs.ts";
import { STREAMS } from "../contracts/streams.ts";
import { ServiceHost } from "../testing/service-host.ts";
import { streams } from "./streams.ts";

const [STDIN, STDOUT] = [1, 2];

/** An exec that runs: stdin 1, stdout 2, stderr 3. */
function running(): ServiceHost {
  const host = new ServiceHost();
  host.order(EXECS, { type: "start", exec: 5, argv: ["cat"], tty: null });
  host.say("execStarted", { exec: 5, pid: 7 });
  return host;
}

/** The payload of each StreamData. */
const chunksOf = (host: ServiceHost): Uint8Array[] =>
  host.sent.flatMap(({ name, payload }) => (name === "streamData" && payload !== undefined ? [payload] : []));

describe("an exec", () => {
  it("is started with streams of its own, which are reported to main", () => {
    const host = running();
    expect(host.sentOf("execStart")).toMatchObject([{ exec: 5, argv: ["cat"], stdin: 1, stdout: 2, stderr: 3 }]);
    expect(host.eventsOf(EXECS)).toEqual([{ type: "streams", exec: 5, streams: { stdin: 1, stdout: 2, stderr: 3 } }]);
    host.order(EXECS, { type: "start", exec: 6, argv: ["sh"], tty: { columns: 80, rows: 24, term: "xterm" } });
    expect(host.sentOf("execStart")[1]).toMatchObject({ tty: true, columns: 80, stdin: 4, stdout: 5, stderr: 0 });
  });

  it("is signalled and resized while it runs", () => {
    const host = running();
    host.order(EXECS, { type: "signal", exec: 5, signal: 15 });
    host.order(EXECS, { type: "resize", exec: 5, columns: 100, rows: 30 });
    host.order(EXECS, { type: "signal", exec: 6, signal: 15 });
    expect(host.sentOf("execSignal")).toEqual([{ exec: 5, signal: 15 }]);
    expect(host.sentOf("execResize")).toEqual([{ exec: 5, columns: 100, rows: 30 }]);
  });

  it("fails where too many run, without a word to the guest", () => {
    const host = new ServiceHost();
    for (let exec = 1; exec <= MAX_EXECS + 1; exec += 1)
      host.order(EXECS, { type: "start", exec, argv: ["x"], tty: null });
    expect(host.sentOf("execStart")).toHaveLength(MAX_EXECS);
    expect(host.eventsOf(EXECS).at(-1)).toMatchObject({ type: "failed", exec: MAX_EXECS + 1 });
  });

  it("that fails or exits ends what main writes to it", () => {
    const host = new ServiceHost();
    host.order(EXECS, { type: "start", exec: 1, argv: ["x"], tty: null });
    host.order(STREAMS, { type: "write", stream: STDIN, bytes: new Uint8Array(5) });
    host.say("execFailed", { exec: 1, code: FailureCode.NOT_FOUND, detail: "x" });
    expect(host.eventsOf(STREAMS)).toContainEqual({ type: "stopped", stream: STDIN });
    expect(host.eventsOf(EXECS).at(-1)).toEqual({ type: "failed", exec: 1, code: "not-found", detail: "x" });
    host.order(STREAMS, { type: "write", stream: STDIN, bytes: new Uint8Array(5) });
    host.order(STREAMS, { type: "end", stream: STDIN });
    expect(host.sent.map(({ name }) => name)).toEqual(["execStart"]);
  });
});

describe("what main writes", () => {
  it("goes as the guest gives credit, and it is reported to main how much has gone", () => {
    const host = running();
    host.order(STREAMS, { type: "write", stream: STDIN, bytes: new Uint8Array(10) });
    host.order(STREAMS, { type: "end", stream: STDIN });
    host.say("streamCredit", { stream: STDIN, bytes: 4 });
    expect(chunksOf(host).map(({ length }) => length)).toEqual([4]);
    expect(host.sentOf("streamEnd")).toEqual([]);
    host.say("streamCredit", { stream: STDIN, bytes: 100 });
    expect(chunksOf(host).map(({ length }) => length)).toEqual([4, 6]);
    expect(host.sentOf("streamEnd")).toEqual([{ stream: STDIN, aborted: false }]);
    expect(host.eventsOf(STREAMS)).toEqual([
      { type: "taken", stream: STDIN, bytes: 4 },
      { type: "taken", stream: STDIN, bytes: 6 },
      { type: "stopped", stream: STDIN },
    ]);
  });

  it("is of its own stream, and its end is said once, also where the guest's own comes late", () => {
    const host = running();
    host.say("streamCredit", { stream: STDIN, bytes: 100 });
    host.order(STREAMS, { type: "write", stream: STDIN, bytes: new Uint8Array(3) });
    expect(host.sentOf("streamData")).toEqual([{ stream: STDIN }]);
    host.order(STREAMS, { type: "end", stream: STDIN });
    const told = host.eventsOf(STREAMS).length;
    expect(host.say("streamEnd", { stream: STDIN })).toBe("accepted");
    expect(host.sentOf("streamEnd")).toEqual([{ stream: STDIN, aborted: false }]);
    expect(host.eventsOf(STREAMS)).toHaveLength(told);
  });

  it.each([STDOUT, 99])("is nothing of stream %s, which is not the host's to write", (stream) => {
    const host = running();
    const before = host.sent.length;
    host.order(STREAMS, { type: "end", stream });
    host.order(STREAMS, { type: "write", stream, bytes: new Uint8Array(3) });
    host.order(STREAMS, { type: "join", stream });
    host.order(STREAMS, { type: "part", stream });
    expect(host.sent).toHaveLength(before);
    expect(host.eventsOf(STREAMS)).toEqual([]);
  });

  it("is cut into chunks", () => {
    const host = running();
    host.say("streamCredit", { stream: STDIN, bytes: MAX_STREAM_CREDIT_BYTES });
    host.order(STREAMS, { type: "write", stream: STDIN, bytes: new Uint8Array(MAX_STREAM_CHUNK_BYTES + 1) });
    expect(chunksOf(host).map(({ length }) => length)).toEqual([MAX_STREAM_CHUNK_BYTES, 1]);
  });

  it("ends where the guest wants no more", () => {
    const host = running();
    host.order(STREAMS, { type: "write", stream: STDIN, bytes: new Uint8Array(10) });
    host.say("streamEnd", { stream: STDIN });
    expect(host.sentOf("streamEnd")).toEqual([{ stream: STDIN, aborted: true }]);
    expect(host.eventsOf(STREAMS)).toEqual([{ type: "stopped", stream: STDIN }]);
    host.order(STREAMS, { type: "write", stream: STDIN, bytes: new Uint8Array(10) });
    expect(chunksOf(host)).toEqual([]);
  });
});

describe("what the guest writes", () => {
  it("comes within the credit that main gives", () => {
    const host = running();
    host.order(STREAMS, { type: "grant", stream: STDOUT, bytes: 3 });
    expect(host.sentOf("streamCredit")).toEqual([{ stream: STDOUT, bytes: 3 }]);
    expect(host.say("streamData", { stream: STDOUT }, Uint8Array.of(1, 2))).toBe("accepted");
    expect(host.say("streamEnd", { stream: STDOUT, aborted: true })).toBe("accepted");
    expect(host.eventsOf(STREAMS)).toEqual([
      { type: "data", stream: STDOUT, bytes: Uint8Array.of(1, 2) },
      { type: "ended", stream: STDOUT, aborted: true },
    ]);
    host.order(STREAMS, { type: "grant", stream: STDOUT, bytes: 3 });
    expect(host.sentOf("streamCredit")).toHaveLength(1);
  });

  it.each([
    [
      "data without credit",
      (host: ServiceHost) => host.say("streamData", { stream: 3 }, new Uint8Array(1)),
      "no-credit",
    ],
    [
      "data of its input",
      (host: ServiceHost) => host.say("streamData", { stream: STDIN }, new Uint8Array(1)),
      "wrong-direction",
    ],
    ["a stream that nobody opened", (host: ServiceHost) => host.say("streamEnd", { stream: 9 }), "unknown-stream"],
    [
      "credit of its output",
      (host: ServiceHost) => host.say("streamCredit", { stream: STDOUT, bytes: 1 }),
      "wrong-direction",
    ],
    [
      "too much credit",
      (host: ServiceHost) => host.say("streamCredit", { stream: STDIN, bytes: 0xffff_ffff }),
      "number-out-of-range",
    ],
    ["an end before its output's", (host: ServiceHost) => host.say("execExited", { exec: 5 }), "wrong-state"],
  ])("is a violation: %s", (_what, say, code) => {
    expect(say(running())).toBe(code);
  });
});

it("a service of the link may take a stream itself", () => {
  const host = new ServiceHost();
  const hub = host.use(streams);
  const stream = hub.table.open("agent") ?? 0;
  const heard: unknown[] = [];
  hub.take(stream, { data: (bytes) => heard.push(bytes), ended: (aborted) => heard.push(aborted) });
  expect(hub.grant(stream, 10)).toBe(10);
  host.say("streamData", { stream }, Uint8Array.of(1));
  host.say("streamEnd", { stream });
  expect(heard).toEqual([Uint8Array.of(1), false]);
  expect(host.eventsOf(STREAMS)).toEqual([]);
});

it("an endpoint of the link hears of what it asks for alone", () => {
  const host = new ServiceHost();
  const hub = host.use(streams);
  const [read, written] = [hub.table.open("agent") ?? 0, hub.table.open("host") ?? 0];
  hub.take(read, {});
  hub.take(written, {});
  hub.grant(read, 1);
  expect(host.say("streamData", { stream: read }, Uint8Array.of(1))).toBe("accepted");
  expect(host.say("streamEnd", { stream: read })).toBe("accepted");
  expect(host.say("streamCredit", { stream: written, bytes: 2 })).toBe("accepted");
  expect(hub.write(written, Uint8Array.of(1, 2, 3))).toBe(2);
  expect(hub.write(written, Uint8Array.of(3))).toBe(0);
  expect(chunksOf(host)).toEqual([Uint8Array.of(1, 2)]);
  expect(host.sentOf("streamData")).toEqual([{ stream: written }]);
  expect(host.say("streamEnd", { stream: written })).toBe("accepted");
  expect(host.sentOf("streamEnd")).toEqual([{ stream: written, aborted: true }]);
  expect(host.eventsOf(STREAMS)).toEqual([]);
  hub.end(written, false);
  expect(host.sentOf("streamEnd")).toHaveLength(1);
});

it("what the link has of a stream that the guest writes is ended by the link once, and its endpoint hears of it", () => {
  const host = new ServiceHost();
  const hub = host.use(streams);
  const stream = hub.table.open("agent") ?? 0;
  const heard: boolean[] = [];
  hub.take(stream, { ended: (aborted) => void heard.push(aborted) });
  for (let count = 0; count < 2; count += 1) hub.stop(stream);
  expect(host.sentOf("streamEnd")).toEqual([{ stream }]);
  expect(heard).toEqual([]);
  host.say("streamEnd", { stream, aborted: true });
  expect(heard).toEqual([true]);
});

it("streams of what is over end for both sides' endpoints", () => {
  const host = new ServiceHost();
  const hub = host.use(streams);
  const [read, written, silent, unread] = [
    hub.table.open("agent") ?? 0,
    hub.table.open("host") ?? 0,
    hub.table.open("host") ?? 0,
    hub.table.open("agent") ?? 0,
  ];
  const heard: unknown[] = [];
  hub.take(read, { ended: (aborted) => void heard.push(["ended", aborted]) });
  hub.take(written, { stopped: () => void heard.push("stopped") });
  hub.take(silent, {});
  hub.take(unread, {});
  for (const stream of [read, written, silent, unread]) hub.table.drop(stream);
  expect(heard).toEqual([["ended", true], "stopped"]);
  expect(host.eventsOf(STREAMS)).toEqual([]);
});
