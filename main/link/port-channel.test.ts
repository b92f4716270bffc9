import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { encodeMessage } from "#shared/protocol/framing.ts";
import { EPOCH_BYTES, PARTIAL_MESSAGE_MS } from "#shared/protocol/limits.ts";
import type { Violation } from "#shared/protocol/violation.ts";
import { PortChannel } from "./port-channel.ts";

let folder: string;
let server: net.Server;
let channel: PortChannel;
let violations: Violation[];
/** The guest's end, which has echoed the opening. */
let peer: net.Socket;
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
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
});

afterEach(() => {
  vi.useRealTimers();
  channel.close();
  peer.destroy();
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
