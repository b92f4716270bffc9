import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { encodeMessage } from "#shared/protocol/framing.ts";
import { EPOCH_BYTES, PARTIAL_MESSAGE_MS } from "#shared/protocol/limits.ts";
import type { Violation } from "#shared/protocol/violation.ts";
import type { ChannelEndpoint } from "../hardware/driver.ts";
import { PortChannel } from "./port-channel.ts";
import { RateLimit } from "./rate-limit.ts";

let folder: string;
let server: net.Server;
let channel: PortChannel;
let violations: Violation[];
/** The guest's end, which has echoed the opening. */
let peer: net.Socket;
let firstPeer: net.Socket;
/** Resolves when the channel has had its next message. */
let heard: () => Promise<void>;

const socket = (name: string): ChannelEndpoint => ({ kind: "socket", path: path.join(folder, name) });

beforeEach(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-port-"));
  violations = [];
  let wake = (): void => undefined;
  heard = () => new Promise((resolve) => (wake = resolve));
  const opened = heard();
  server = net.createServer((socket) => {
    peer = socket;
    socket.once("data", (opening) => socket.write(opening));
  });
  await new Promise<void>((resolve) => server.listen(path.join(folder, "port.sock"), resolve));
  channel = new PortChannel(socket("port.sock"), new Uint8Array(EPOCH_BYTES), {
    opened: () => wake(),
    message: () => wake(),
    violated: (violation) => violations.push(violation),
    lost: () => undefined,
  });
  await opened;
  firstPeer = peer;
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
});

afterEach(() => {
  vi.useRealTimers();
  channel.close();
  peer.destroy();
  firstPeer.destroy();
  server.close();
  fs.rmSync(folder, { recursive: true });
});

const message = encodeMessage(Uint8Array.of(1, 2, 3), new Uint8Array(5));
const [front, back] = [message.subarray(0, 9), message.subarray(9)];

/** What ends with a whole message, or in the middle of the one behind it, is written in one piece, and read in one. */
async function write(...bytes: Uint8Array[]): Promise<void> {
  const next = heard();
  peer.write(Buffer.concat(bytes));
  await next;
}

describe("a message that stalls", () => {
  it("in the middle cuts the guest off", async () => {
    await write(message, front);
    vi.advanceTimersByTime(PARTIAL_MESSAGE_MS - 1);
    expect(violations).toEqual([]);
    vi.advanceTimersByTime(1);
    const detail = `a message was not complete after ${PARTIAL_MESSAGE_MS / 1000} s`;
    expect(violations).toEqual([{ code: "stalled", detail }]);
  });

  it("is waited for as long as each: many that come slowly, one behind the other, are no stall", async () => {
    await write(message, front);
    for (let count = 0; count < 5; count += 1) {
      vi.advanceTimersByTime(PARTIAL_MESSAGE_MS * 0.9);
      await write(back, front);
    }
    expect(violations).toEqual([]);
    vi.advanceTimersByTime(PARTIAL_MESSAGE_MS);
    expect(violations).toMatchObject([{ code: "stalled" }]);
  });

  it("is forgotten once it is complete", async () => {
    await write(message, front);
    await write(back);
    vi.advanceTimersByTime(PARTIAL_MESSAGE_MS * 2);
    expect(violations).toEqual([]);
  });
});

it("a port that has a pace is read no faster, and loses nothing", async () => {
  const read: number[] = [];
  let wake = (): void => undefined;
  const until = async (count: number): Promise<void> => {
    while (read.length < count) await new Promise<void>((resolve) => (wake = resolve));
  };
  let nowMs = 0;
  let opens = (): void => undefined;
  const opened = new Promise<void>((resolve) => (opens = resolve));
  const paced = new PortChannel(
    socket("port.sock"),
    new Uint8Array(EPOCH_BYTES),
    {
      opened: () => opens(),
      message: ({ payload }) => {
        read.push(payload[0] ?? 0);
        wake();
      },
      violated: (violation) => violations.push(violation),
      lost: () => undefined,
    },
    new RateLimit(100, 10, () => nowMs),
  );
  await opened;
  const pacedPeer = peer;
  const numbered = (from: number, to: number): Buffer =>
    Buffer.concat(
      Array.from({ length: to - from }, (_, at) => encodeMessage(Uint8Array.of(1), Uint8Array.of(from + at))),
    );
  // All in one read: ten are free, the other twenty take 200 ms.
  pacedPeer.write(numbered(0, 30));
  await until(30);
  pacedPeer.write(numbered(30, 40));
  // Another port of the same process is read meanwhile, and shows that this one could have been.
  for (let count = 0; count < 3; count += 1) {
    const next = heard();
    firstPeer.write(message);
    await next;
  }
  expect(read).toHaveLength(30);
  nowMs += 200;
  vi.advanceTimersByTime(200);
  await until(40);
  expect(read).toEqual(Array.from({ length: 40 }, (_, at) => at));
  expect(violations).toEqual([]);
  // It pauses again: those ten were above the pace.
  expect(vi.getTimerCount()).toBe(1);
  paced.close();
  expect(vi.getTimerCount()).toBe(0);
});

describe("a port of its own", () => {
  /** All that the channel said, in order. */
  let told: string[];
  let wake: () => void;
  const open: { channel: PortChannel; guest: Promise<net.Socket> }[] = [];

  beforeEach(() => {
    told = [];
    wake = () => undefined;
  });
  afterEach(async () => {
    for (const { channel, guest } of open.splice(0)) {
      channel.close();
      (await guest).destroy();
    }
  });

  /** A channel, and the guest's end of it, which says nothing by itself. */
  function connect(onMessage: (channel: PortChannel, payload: Uint8Array) => void = () => undefined): {
    channel: PortChannel;
    guest: Promise<net.Socket>;
  } {
    server.removeAllListeners("connection");
    const guest = new Promise<net.Socket>((resolve) => server.once("connection", resolve));
    const say = (what: string): void => {
      told.push(what);
      wake();
    };
    const own: PortChannel = new PortChannel(socket("port.sock"), new Uint8Array(EPOCH_BYTES), {
      opened: () => say("opened"),
      message: ({ payload }) => {
        say(`message ${payload.join(" ")}`);
        onMessage(own, payload);
      },
      violated: ({ code }) => {
        own.close();
        say(code);
      },
      lost: (cause) => say(`lost: ${cause}`),
    });
    open.push({ channel: own, guest });
    return { channel: own, guest };
  }
  async function until(what: string): Promise<void> {
    while (!told.includes(what)) await new Promise<void>((resolve) => (wake = resolve));
  }
  const heardBy = (guest: net.Socket): Promise<Buffer> =>
    new Promise((resolve) => guest.once("data", (bytes) => resolve(Buffer.from(bytes))));
  const said = (...bytes: number[]): Uint8Array => encodeMessage(Uint8Array.of(1), Uint8Array.from(bytes));

  it("is opened again and again until the guest has answered, and not after that", async () => {
    const { channel: own, guest } = connect();
    const socket = await guest;
    const opening = await heardBy(socket);
    for (let count = 0; count < 2; count += 1) {
      const again = heardBy(socket);
      expect(vi.getTimerCount()).toBe(1);
      vi.advanceTimersByTime(250);
      expect(await again).toEqual(opening);
    }
    expect([told, own.isOpen]).toEqual([[], false]);
    socket.write(Buffer.concat([Buffer.of(1, 2, 3), opening, said(7)]));
    await until("message 7");
    expect([told, own.isOpen]).toEqual([["opened", "message 7"], true]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("has an answer in pieces", async () => {
    const { guest } = connect();
    const socket = await guest;
    const opening = await heardBy(socket);
    const next = heard();
    socket.write(opening.subarray(0, 5));
    // Another port of the same process is read meanwhile.
    firstPeer.write(message);
    await next;
    expect(told).toEqual([]);
    socket.write(Buffer.concat([opening.subarray(5), said(8)]));
    await until("message 8");
    expect(told).toEqual(["opened", "message 8"]);
  });

  it("of a guest that does not answer, and says something else for ever, is a violation", async () => {
    const { guest } = connect();
    const socket = await guest;
    const flood = (): void => {
      if (!socket.destroyed) socket.write(Buffer.alloc(1024 * 1024, 0xee), flood);
    };
    socket.on("error", () => undefined);
    flood();
    await until("no-echo");
    expect(told).toEqual(["no-echo"]);
  });

  it("with a message that is not framed as it must be is a violation", async () => {
    const { guest } = connect();
    const socket = await guest;
    socket.write(Buffer.concat([await heardBy(socket), said(1), Buffer.alloc(8, 0xff), said(2)]));
    await until("length-too-large");
    expect(told).toEqual(["opened", "message 1", "length-too-large"]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("that a message has closed is read no further, also of what came with it", async () => {
    const { channel: own, guest } = connect((one, payload) => {
      if (payload[0] === 2) one.close();
    });
    const socket = await guest;
    socket.on("error", () => undefined);
    const ended = new Promise<void>((resolve) => socket.once("close", () => resolve()));
    const opening = await heardBy(socket);
    socket.write(Buffer.concat([opening, said(1), said(2), said(3), Buffer.alloc(8, 0xff)]));
    await ended;
    expect(told).toEqual(["opened", "message 1", "message 2"]);
    expect(vi.getTimerCount()).toBe(0);
    own.write(said(4));
    own.close();
  });

  it("that is closed waits for nothing: no opening, no message that stalls", async () => {
    const { channel: unopened, guest: silent } = connect();
    await heardBy(await silent);
    expect(vi.getTimerCount()).toBe(1);
    unopened.close();
    expect(vi.getTimerCount()).toBe(0);
    const { channel: own, guest } = connect();
    const socket = await guest;
    socket.write(Buffer.concat([await heardBy(socket), said(1), front]));
    await until("message 1");
    expect(vi.getTimerCount()).toBe(1);
    own.close();
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(PARTIAL_MESSAGE_MS);
    expect(told).toEqual(["opened", "message 1"]);
  });

  it("has as long for a message that comes byte by byte as for one that stalls", async () => {
    const { guest } = connect();
    const socket = await guest;
    socket.write(Buffer.concat([await heardBy(socket), said(1), front]));
    await until("message 1");
    for (let at = 0; at < 3; at += 1) {
      vi.advanceTimersByTime(PARTIAL_MESSAGE_MS / 4);
      socket.write(back.subarray(at, at + 1));
      // Another port of the same process is read meanwhile, and shows that this one could have been.
      for (let count = 0; count < 3; count += 1) {
        const next = heard();
        firstPeer.write(message);
        await next;
      }
    }
    expect(told).toEqual(["opened", "message 1"]);
    vi.advanceTimersByTime(PARTIAL_MESSAGE_MS / 4);
    expect(told).toEqual(["opened", "message 1", "stalled"]);
  });

  it("is not opened again while the guest has not read what was said before", async () => {
    const { channel: own, guest } = connect();
    const socket = await guest;
    await heardBy(socket);
    socket.pause();
    own.write(new Uint8Array(8 * 1024 * 1024));
    const { queuedBytes } = own;
    expect(queuedBytes).toBeGreaterThan(0);
    for (let count = 0; count < 10; count += 1) vi.advanceTimersByTime(250);
    expect(own.queuedBytes).toBe(queuedBytes);
  });

  it("that the guest ends is lost, once", async () => {
    const { guest } = connect();
    const socket = await guest;
    socket.write(await heardBy(socket));
    await until("opened");
    socket.destroy();
    await until("lost: the port was closed");
    expect(told).toEqual(["opened", "lost: the port was closed"]);
  });

  it("that is not there is lost", async () => {
    const lost = await new Promise<string>((resolve) => {
      new PortChannel(socket("none.sock"), new Uint8Array(EPOCH_BYTES), {
        opened: () => resolve("opened"),
        message: () => resolve("message"),
        violated: () => resolve("violated"),
        lost: resolve,
      });
    });
    expect(lost).toContain("ENOENT");
  });

  it("says what the guest has not read yet, and when it has", async () => {
    const { channel: own, guest } = connect();
    const socket = await guest;
    socket.write(await heardBy(socket));
    await until("opened");
    await new Promise<void>((resolve) => own.whenDrained(resolve));
    expect(own.queuedBytes).toBe(0);
    // The guest reads nothing: more than a socket of the system holds.
    socket.pause();
    own.write(new Uint8Array(8 * 1024 * 1024));
    expect(own.queuedBytes).toBeGreaterThan(0);
    let isDrained = false;
    const drained = new Promise<void>((resolve) =>
      own.whenDrained(() => {
        isDrained = true;
        resolve();
      }),
    );
    await new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve)));
    expect(isDrained).toBe(false);
    socket.resume();
    await drained;
    expect(own.queuedBytes).toBe(0);
  });
});
