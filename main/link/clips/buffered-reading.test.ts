/** Content on its way from a guest to the one that reads it; guest and reader are the test's. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { MAX_STREAM_CREDIT_BYTES } from "#shared/protocol/limits.ts";
import { CarriedPort } from "./carried-port.ts";
import { FIRST_BYTE_MS, HEAD_BYTES, BufferedReading, BUFFER_BYTES, STALL_MS } from "./buffered-reading.ts";

/** Less is granted only to a guest that may send nothing. */
const LEAST_GRANT_BYTES = 32 * 1024;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

class Reading {
  readonly log: unknown[] = [];
  readonly grants: number[] = [];
  readonly messages: unknown[] = [];
  readonly buffered: BufferedReading;
  readonly port = new CarriedPort((message) => this.messages.push(message));

  constructor(maxBytes = 1e9) {
    const listener = {
      progress: (bytes: number) => void this.log.push({ bytes }),
      ended: (bytes: number, outcome: string) => void this.log.push({ bytes, outcome }),
    };
    this.buffered = new BufferedReading(maxBytes, listener, {
      grant: (bytes) => {
        this.grants.push(bytes);
        return bytes;
      },
      stop: () => void this.log.push("stop"),
    });
    this.buffered.begin();
  }

  write(bytes: number): void {
    this.buffered.data(new Uint8Array(bytes));
  }

  credit(bytes: number): void {
    this.port.carried({ type: "credit", bytes });
  }

  get sentBytes(): number[] {
    return this.messages.flatMap((message) => {
      const { bytes } = message as { bytes?: Uint8Array };
      return bytes === undefined ? [] : [bytes.length];
    });
  }
}

describe("a reading", () => {
  it("gives its reader what it has asked for and no more, and is complete when all of it has gone", () => {
    const reading = new Reading();
    reading.write(5);
    reading.write(5);
    reading.buffered.deliver(reading.port);
    expect(reading.sentBytes).toEqual([]);
    reading.credit(2);
    expect(reading.sentBytes).toEqual([2]);
    reading.credit(3);
    expect(reading.sentBytes).toEqual([2, 3]);
    reading.credit(5);
    expect(reading.sentBytes).toEqual([2, 3, 5]);
    reading.buffered.ended(false);
    expect(reading.messages.at(-1)).toEqual({ type: "end", aborted: false });
    expect(reading.log).toEqual([{ bytes: 10 }, { bytes: 10, outcome: "complete" }]);
  });

  it("that is delivered before its first byte goes on", () => {
    const reading = new Reading();
    reading.buffered.deliver(reading.port);
    reading.credit(1);
    expect(reading.log).toEqual([]);
    reading.write(1);
    expect(reading.sentBytes).toEqual([1]);
  });

  it("of nothing waits until it is delivered", () => {
    const reading = new Reading();
    reading.buffered.ended(false);
    expect(reading.log).toEqual([{ bytes: 0 }]);
    reading.buffered.deliver(reading.port);
    expect(reading.log).toEqual([{ bytes: 0 }, { bytes: 0, outcome: "complete" }]);
  });

  it("is delivered once: any other port is closed", () => {
    const reading = new Reading();
    const closed: number[] = [];
    const portOf = (number: number): CarriedPort =>
      new (class extends CarriedPort {
        override close(): void {
          closed.push(number);
        }
      })(() => undefined);
    reading.buffered.deliver(portOf(1));
    reading.buffered.deliver(portOf(2));
    expect(closed).toEqual([2]);
    reading.buffered.cancel();
    reading.buffered.deliver(portOf(3));
    expect(closed).toEqual([2, 1, 3]);
  });

  it("ends where its reader asks for more than a stream may have in all", () => {
    const reading = new Reading();
    reading.buffered.deliver(reading.port);
    reading.credit(MAX_STREAM_CREDIT_BYTES);
    expect(reading.log).toEqual([]);
    reading.credit(1);
    expect(reading.log).toEqual(["stop", { bytes: 0, outcome: "target" }]);
  });

  it("tells its guest and its reader once that it is cancelled, and nothing after that", () => {
    const reading = new Reading();
    reading.buffered.deliver(reading.port);
    reading.credit(3);
    reading.write(5);
    reading.buffered.cancel();
    expect(reading.messages.at(-1)).toEqual({ type: "end", aborted: true });
    const grants = reading.grants.length;
    reading.buffered.cancel();
    reading.buffered.begin();
    reading.write(5);
    reading.buffered.ended(false);
    vi.advanceTimersByTime(STALL_MS);
    expect(reading.log).toEqual(["stop", { bytes: 5, outcome: "cancelled" }]);
    expect(reading.sentBytes).toEqual([3]);
    expect(reading.grants).toHaveLength(grants);
  });

  it("that is over tells nothing of what still comes", () => {
    const reading = new Reading();
    reading.buffered.cancel();
    reading.write(5);
    vi.advanceTimersByTime(STALL_MS);
    expect(reading.log).toEqual(["stop", { bytes: 0, outcome: "cancelled" }]);
  });

  it("that is all there tells its guest nothing when it is cancelled", () => {
    const reading = new Reading();
    reading.write(5);
    reading.buffered.ended(false);
    reading.buffered.cancel();
    expect(reading.log).toEqual([{ bytes: 5 }, { bytes: 5, outcome: "cancelled" }]);
  });

  it("takes the most that its type may have", () => {
    const reading = new Reading(5);
    reading.write(5);
    expect(reading.log).toEqual([]);
    reading.write(1);
    expect(reading.log).toEqual(["stop", { bytes: 6, outcome: "size" }]);
  });

  it("shows the beginning, cut where it is long", () => {
    const heads: (Uint8Array | null)[] = [];
    const nothing = (): void => undefined;
    const progress = (_bytes: number, head: Uint8Array | null): void => void heads.push(head);
    const buffered = new BufferedReading(1e9, { progress, ended: nothing }, { grant: (bytes) => bytes, stop: nothing });
    buffered.begin();
    buffered.data(new Uint8Array(HEAD_BYTES - 1).fill(1));
    buffered.data(Uint8Array.of(2, 3));
    buffered.ended(false);
    expect(heads).toEqual([Uint8Array.from([...new Uint8Array(HEAD_BYTES - 1).fill(1), 2])]);
  });
});

it("nothing is reported of a reading that was ended while its bytes were passed on", () => {
  const log: unknown[] = [];
  const note = (...words: unknown[]): void => void log.push(words);
  const buffered = new BufferedReading(
    1e9,
    { progress: note, ended: note },
    { grant: (bytes) => bytes, stop: () => undefined },
  );
  const port = new CarriedPort((message) => {
    if ((message as { type: string }).type === "data") buffered.cancel();
  });
  buffered.begin();
  buffered.deliver(port);
  port.carried({ type: "credit", bytes: 1 });
  buffered.data(Uint8Array.of(1));
  expect(log).toEqual([[1, "cancelled"]]);
  expect(vi.getTimerCount()).toBe(0);
});

describe("what the guest may send", () => {
  it("is what may wait here, and what the reader has asked for beyond that", () => {
    const reading = new Reading();
    reading.buffered.deliver(reading.port);
    expect(reading.grants).toEqual([BUFFER_BYTES]);
    reading.write(BUFFER_BYTES);
    expect(reading.grants).toEqual([BUFFER_BYTES]);
    reading.credit(1);
    reading.credit(BUFFER_BYTES - 1);
    expect(reading.grants).toEqual([BUFFER_BYTES, 1, BUFFER_BYTES - 1]);
  });

  it("is extended in large parts while it may still send", () => {
    const reading = new Reading();
    reading.buffered.deliver(reading.port);
    reading.credit(LEAST_GRANT_BYTES - 1);
    expect(reading.grants).toEqual([BUFFER_BYTES]);
    reading.credit(1);
    expect(reading.grants).toEqual([BUFFER_BYTES, LEAST_GRANT_BYTES]);
  });

  it("is no more once all is there", () => {
    const reading = new Reading();
    reading.write(10);
    reading.buffered.ended(false);
    reading.buffered.deliver(reading.port);
    reading.credit(9);
    expect(reading.sentBytes).toEqual([9]);
    expect(reading.grants).toEqual([BUFFER_BYTES]);
  });

  it("is not awaited longer because its reader asks for more", () => {
    const reading = new Reading();
    reading.buffered.deliver(reading.port);
    vi.advanceTimersByTime(FIRST_BYTE_MS - 1);
    reading.credit(LEAST_GRANT_BYTES);
    expect(reading.grants).toHaveLength(2);
    vi.advanceTimersByTime(1);
    expect(reading.log).toEqual(["stop", { bytes: 0, outcome: "source" }]);
  });
});
