import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { encodeMessage } from "#shared/protocol/framing.ts";
import { EPOCH_BYTES, PARTIAL_MESSAGE_MS } from "#shared/protocol/limits.ts";
import type { Violation } from "#shared/protocol/violation.ts";
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
  channel = new PortChannel(path.join(folder, "port.sock"), new Uint8Array(EPOCH_BYTES), {
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
    expect(violations).toMatchObject([{ code: "stalled" }]);
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
    path.join(folder, "port.sock"),
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
  paced.close();
});
