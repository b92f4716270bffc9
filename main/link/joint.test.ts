/** Two links whose streams are joined: each with an agent that the test speaks for. */
import { afterEach, describe, expect, it, vi } from "vitest";
import { MAX_STREAM_CHUNK_BYTES, MAX_STREAM_CREDIT_BYTES } from "#shared/protocol/limits.ts";
import { CarriedPort } from "./clips/carried-port.ts";
import { EXECS } from "./contracts/execs.ts";
import { type StreamEvent, STREAMS } from "./contracts/streams.ts";
import { ReaderJoint } from "./joint.ts";
import type { MessagePortLike } from "./message-port.ts";
import { portPair } from "./testing/ports.ts";
import { ServiceHost } from "./testing/service-host.ts";

const [STDIN, STDOUT] = [1, 2];
const open: MessagePortLike[] = [];
afterEach(() => open.splice(0).forEach((port) => port.close()));

function running(): ServiceHost {
  const host = new ServiceHost();
  host.order(EXECS, { type: "start", exec: 1, argv: ["x"], tty: null });
  host.say("execStarted", { exec: 1, pid: 7 });
  return host;
}

function channel(): [MessagePortLike, MessagePortLike] {
  const ports = portPair();
  open.push(...ports);
  return ports;
}

/** The writer's stdout is joined with the reader's stdin, which has given so much credit before. */
function joined(credit = 0): { writer: ServiceHost; reader: ServiceHost } {
  const [writer, reader] = [running(), running()];
  const [one, other] = channel();
  if (credit > 0) reader.say("streamCredit", { stream: STDIN, bytes: credit });
  writer.order(STREAMS, { type: "join", stream: STDOUT }, [one]);
  reader.order(STREAMS, { type: "join", stream: STDIN }, [other]);
  return { writer, reader };
}

const sentBytes = (host: ServiceHost): number =>
  host.sent.reduce((sum, { name, payload }) => sum + (name === "streamData" ? (payload?.length ?? 0) : 0), 0);
const creditOf = (host: ServiceHost): number =>
  host.sentOf("streamCredit").reduce((sum, { bytes }) => sum + (bytes ?? 0), 0);
const partingOf = (host: ServiceHost): StreamEvent | undefined =>
  host.eventsOf(STREAMS).find(({ type }) => type === "parted");

async function parted(host: ServiceHost): Promise<StreamEvent | undefined> {
  await host.until(() => partingOf(host) !== undefined);
  return partingOf(host);
}

describe("joined streams", () => {
  it("carry bytes from agent to agent, and credit the other way, whenever it was given", async () => {
    const { writer, reader } = joined(10);
    await writer.until(() => creditOf(writer) === 10);
    reader.say("streamCredit", { stream: STDIN, bytes: 5 });
    await writer.until(() => creditOf(writer) === 15);
    writer.say("streamData", { stream: STDOUT }, Uint8Array.of(1, 2, 3));
    writer.say("streamData", { stream: STDOUT }, Uint8Array.of(4));
    writer.say("streamEnd", { stream: STDOUT });
    expect(await parted(reader)).toEqual({ type: "parted", stream: STDIN, bytes: 4, aborted: false });
    expect(partingOf(writer)).toEqual({ type: "parted", stream: STDOUT, bytes: 4, aborted: false });
    const data = reader.sent.flatMap(({ name, payload }) => (name === "streamData" ? [...(payload ?? [])] : []));
    expect(data).toEqual([1, 2, 3, 4]);
    expect(reader.sentOf("streamEnd")).toEqual([{ stream: STDIN, aborted: false }]);
  });

  it("report nothing to main but their progress and their end", async () => {
    const { writer, reader } = joined(1000);
    await writer.until(() => creditOf(writer) === 1000);
    for (let count = 0; count < 1000; count += 1) writer.say("streamData", { stream: STDOUT }, Uint8Array.of(1));
    await reader.until(() => reader.eventsOf(STREAMS).length > 0);
    expect(reader.eventsOf(STREAMS)).toEqual([{ type: "progress", stream: STDIN, bytes: 1000 }]);
    writer.say("streamEnd", { stream: STDOUT });
    await parted(reader);
    expect(reader.eventsOf(STREAMS).map(({ type }) => type)).toEqual(["progress", "parted"]);
    expect(writer.eventsOf(STREAMS).every(({ type }) => type === "progress" || type === "parted")).toBe(true);
  });

  it("never hold more than the reader has asked for", async () => {
    const { writer } = joined(100);
    await writer.until(() => creditOf(writer) === 100);
    expect(writer.say("streamData", { stream: STDOUT }, new Uint8Array(101))).toBe("no-credit");
  });

  it.each([true, false])("end with the writer, and say whether that was all: aborted %s", async (aborted) => {
    const { writer, reader } = joined();
    writer.say("streamEnd", { stream: STDOUT, aborted });
    expect(await parted(reader)).toMatchObject({ aborted });
    expect(reader.sentOf("streamEnd")).toEqual([{ stream: STDIN, aborted }]);
  });

  it("end with a reader that wants no more: the writer is stopped, and what it still sends is dropped", async () => {
    const { writer, reader } = joined(100);
    await writer.until(() => creditOf(writer) === 100);
    reader.say("streamEnd", { stream: STDIN });
    expect(reader.sentOf("streamEnd")).toEqual([{ stream: STDIN, aborted: true }]);
    expect(await parted(writer)).toMatchObject({ aborted: true });
    expect(writer.sentOf("streamEnd")).toHaveLength(1);
    expect(writer.say("streamData", { stream: STDOUT }, new Uint8Array(100))).toBe("accepted");
    expect(writer.say("streamEnd", { stream: STDOUT, aborted: true })).toBe("accepted");
    expect(sentBytes(reader)).toBe(0);
  });

  it("end with the command that reads", async () => {
    const { writer, reader } = joined();
    reader.say("streamEnd", { stream: 2 });
    reader.say("streamEnd", { stream: 3 });
    reader.say("execExited", { exec: 1 });
    expect(await parted(writer)).toMatchObject({ aborted: true });
    expect(partingOf(reader)).toMatchObject({ aborted: true });
  });

  it.each(["writer", "reader"] as const)("end for both when main parts them at the %s", async (side) => {
    const hosts = joined(10);
    hosts[side].order(STREAMS, { type: "part", stream: side === "writer" ? STDOUT : STDIN });
    expect(await parted(hosts.writer)).toMatchObject({ aborted: true });
    expect(await parted(hosts.reader)).toMatchObject({ aborted: true });
    expect(hosts.reader.sentOf("streamEnd")).toEqual([{ stream: STDIN, aborted: true }]);
    expect(hosts.writer.sentOf("streamEnd")).toHaveLength(1);
  });

  it.each(["writer", "reader"] as const)("end for both when the %s's channels are closed", async (side) => {
    const hosts = joined(10);
    hosts[side].close();
    expect(await parted(hosts[side === "writer" ? "reader" : "writer"])).toMatchObject({ aborted: true });
  });

  it("of which one is over already end at once", async () => {
    const [writer, reader] = [running(), running()];
    const [one, other] = channel();
    writer.say("streamEnd", { stream: STDOUT });
    writer.order(STREAMS, { type: "join", stream: STDOUT }, [one]);
    reader.order(STREAMS, { type: "join", stream: STDIN }, [other]);
    expect(partingOf(writer)).toMatchObject({ bytes: 0, aborted: true });
    expect(await parted(reader)).toMatchObject({ bytes: 0, aborted: true });
  });
});

describe("to the other link is said", () => {
  /** What comes out of a port, up to the message of that type. */
  function saidUntil(port: MessagePortLike, type: string): Promise<unknown[]> {
    const heard: unknown[] = [];
    return new Promise((resolve) => {
      port.on("message", ({ data }) => {
        heard.push(data);
        if ((data as { type: string }).type === type) resolve(heard);
      });
      port.start();
    });
  }
  const part = (stream: number) => (host: ServiceHost) => host.order(STREAMS, { type: "part", stream });

  it.each([
    ["the guest wants no more", (host: ServiceHost) => void host.say("streamEnd", { stream: STDIN })],
    ["main parts it", part(STDIN)],
  ])("credit as the guest gives it, and a stop when %s", async (_what, end) => {
    const reader = running();
    const [mine, theirs] = channel();
    const said = saidUntil(theirs, "stop");
    // It has given none yet, and none is said.
    reader.order(STREAMS, { type: "join", stream: STDIN }, [mine]);
    reader.say("streamCredit", { stream: STDIN, bytes: 5 });
    end(reader);
    expect(await said).toEqual([{ type: "credit", bytes: 5 }, { type: "stop" }]);
  });

  it.each([
    ["the guest ends", (host: ServiceHost) => void host.say("streamEnd", { stream: STDOUT }), false],
    ["the guest gives up", (host: ServiceHost) => void host.say("streamEnd", { stream: STDOUT, aborted: true }), true],
    ["main parts it", part(STDOUT), true],
  ])("how it ended when %s", async (_what, end, aborted) => {
    const writer = running();
    const [mine, theirs] = channel();
    const said = saidUntil(theirs, "end");
    writer.order(STREAMS, { type: "join", stream: STDOUT }, [mine]);
    end(writer);
    expect(await said).toEqual([{ type: "end", aborted }]);
  });
});

it("what a guest still sends when its joint is over is neither carried nor counted", async () => {
  const writer = running();
  const [mine, theirs] = channel();
  writer.order(STREAMS, { type: "join", stream: STDOUT }, [mine]);
  theirs.postMessage({ type: "credit", bytes: 10 });
  theirs.postMessage({ type: "stop" });
  await parted(writer);
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  expect(writer.say("streamData", { stream: STDOUT }, new Uint8Array(10))).toBe("accepted");
  // Of progress main would be told.
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

it("a reader's joint that ends while it writes reports no progress after that", () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const heard: unknown[] = [];
  const listener = {
    progress: (bytes: number) => void heard.push({ progress: bytes }),
    parted: (bytes: number, aborted: boolean) => void heard.push({ parted: bytes, aborted }),
  };
  const port = new CarriedPort(() => undefined);
  const joint: ReaderJoint = new ReaderJoint(port, 0, listener, {
    write: ({ length }) => {
      // The channels break.
      joint.part();
      return length;
    },
    end: () => undefined,
  });
  port.carried({ type: "data", bytes: Uint8Array.of(1, 2) });
  expect(heard).toEqual([{ parted: 0, aborted: true }]);
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

describe("a link that was taken over by its guest", () => {
  it.each([
    ["nonsense", "what"],
    ["data in another form", { type: "data", bytes: [1, 2] }],
    ["no data", { type: "data", bytes: new Uint8Array(0) }],
    ["more than a chunk", { type: "data", bytes: new Uint8Array(MAX_STREAM_CHUNK_BYTES + 1) }],
    ["more than the reader has asked for", { type: "data", bytes: new Uint8Array(11) }],
    ["an end that does not say how", { type: "end" }],
  ])("costs the reader its joint and nothing else: %s", async (_what, message) => {
    const reader = running();
    const [mine, theirs] = channel();
    reader.say("streamCredit", { stream: STDIN, bytes: 10 });
    reader.order(STREAMS, { type: "join", stream: STDIN }, [mine]);
    theirs.postMessage(message);
    expect(await parted(reader)).toMatchObject({ aborted: true });
    expect(reader.sentOf("streamEnd")).toEqual([{ stream: STDIN, aborted: true }]);
    expect(sentBytes(reader)).toBeLessThanOrEqual(10);
    expect(reader.violations).toEqual([]);
    expect(reader.say("streamEnd", { stream: STDOUT })).toBe("accepted");
  });

  it.each([
    ["nonsense", null],
    ["credit of nothing", { type: "credit", bytes: 0 }],
    ["endless credit", { type: "credit", bytes: MAX_STREAM_CREDIT_BYTES + 1 }],
    ["data the wrong way", { type: "data", bytes: new Uint8Array(1) }],
  ])("costs the writer its joint and nothing else: %s", async (_what, message) => {
    const writer = running();
    const [mine, theirs] = channel();
    writer.order(STREAMS, { type: "join", stream: STDOUT }, [mine]);
    theirs.postMessage(message);
    expect(await parted(writer)).toMatchObject({ aborted: true });
    expect(writer.sentOf("streamEnd")).toHaveLength(1);
    expect(writer.violations).toEqual([]);
    expect(writer.say("streamEnd", { stream: STDOUT, aborted: true })).toBe("accepted");
  });

  it("cannot give more credit than a stream may have, in many pieces", async () => {
    const writer = running();
    const [mine, theirs] = channel();
    writer.order(STREAMS, { type: "join", stream: STDOUT }, [mine]);
    for (let count = 0; count < 3; count += 1)
      theirs.postMessage({ type: "credit", bytes: MAX_STREAM_CREDIT_BYTES / 2 });
    expect(await parted(writer)).toMatchObject({ aborted: true });
    expect(creditOf(writer)).toBe(MAX_STREAM_CREDIT_BYTES);
  });
});
