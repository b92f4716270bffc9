/** Content on its way from one that writes it to a guest; guest and writer are the test's. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ClipType } from "#shared/model/clip.ts";
import { MAX_STREAM_CREDIT_BYTES } from "#shared/protocol/limits.ts";
import { CarriedPort } from "./carried-port.ts";
import { clipFilter } from "./filters.ts";
import { Giving, GIVING_STALL_MS } from "./giving.ts";

const TEXT = "text/plain;charset=utf-8";
/** What is worth a message. */
const PART = 32 * 1024;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

class Content {
  /** To the guest, and of the end. */
  readonly log: unknown[] = [];
  /** To the writer. */
  readonly said: unknown[] = [];
  readonly port = new CarriedPort((message) => this.said.push(message));
  readonly giving: Giving;
  #credit = 0;

  constructor(waitingBytes: number, as: ClipType = TEXT) {
    this.giving = new Giving(this.port, {
      filter: clipFilter(as, null),
      waitingBytes,
      stream: {
        credit: () => this.#credit,
        write: (bytes) => {
          const written = Math.min(bytes.length, this.#credit);
          this.#credit -= written;
          if (written > 0) this.log.push({ written });
          return written;
        },
        end: (aborted) => this.log.push({ aborted }),
      },
      ended: (bytes, outcome) => this.log.push({ bytes, outcome }),
    });
  }

  credit(bytes: number): void {
    this.#credit += bytes;
    this.giving.credited();
  }

  write(bytes: number): void {
    this.port.carried({ type: "data", bytes: new Uint8Array(bytes).fill(0x61) });
  }
}

describe("what the writer may send", () => {
  it("is what may wait here and what the guest has asked for, once", () => {
    const content = new Content(10);
    content.giving.credited();
    expect(content.said).toEqual([{ type: "credit", bytes: 10 }]);
    content.credit(PART);
    expect(content.said.slice(1)).toEqual([{ type: "credit", bytes: PART }]);
  });

  it("comes in parts that are worth a message, unless it has none left", () => {
    const content = new Content(10);
    for (let bytes = 0; bytes < PART; bytes += 1024) {
      expect(content.said).toHaveLength(1);
      content.credit(1024);
    }
    expect(content.said.slice(1)).toEqual([{ type: "credit", bytes: PART }]);
    content.write(PART + 10);
    expect(content.said).toHaveLength(2);
    content.credit(5);
    expect(content.said.slice(2)).toEqual([{ type: "credit", bytes: 5 }]);
  });

  it.each([
    ["its guest has not read", TEXT],
    ["its filter has not seen the end of", "text/uri-list"],
  ] as const)("is less by what %s", (_what, as) => {
    const content = new Content(10, as);
    content.write(4);
    content.giving.credited();
    expect(content.said).toEqual([{ type: "credit", bytes: 10 }]);
    content.write(6);
    content.giving.credited();
    expect(content.said).toHaveLength(1);
  });

  it("is at most what a stream may have", () => {
    const content = new Content(2 * MAX_STREAM_CREDIT_BYTES);
    content.giving.credited();
    expect(content.said).toEqual([{ type: "credit", bytes: MAX_STREAM_CREDIT_BYTES }]);
    content.write(PART);
    expect(content.said.slice(1)).toEqual([{ type: "credit", bytes: PART }]);
  });
});

describe("a giving", () => {
  it("awaits its guest where something waits to be read, although its writer might send more", () => {
    const content = new Content(10);
    content.write(4);
    vi.advanceTimersByTime(GIVING_STALL_MS);
    expect(content.log).toEqual([{ aborted: true }, { bytes: 0, outcome: "target" }]);
  });

  it.each([
    ["cancelled", "cancelled", (content: Content) => content.giving.cancel()],
    ["lost with the link", "target", (content: Content) => content.giving.lost()],
    ["not wanted any more", "target", (content: Content) => content.giving.stopped()],
    ["lost with its writer", "source", (content: Content) => content.port.lost()],
  ])("that is %s ends once, and nothing of it goes on", (_what, outcome, act) => {
    const content = new Content(10);
    content.write(4);
    for (let count = 0; count < 2; count += 1) act(content);
    const stop = [{ type: "credit", bytes: 10 }, { type: "stop" }];
    expect(content.said).toEqual(stop);
    content.credit(10);
    content.write(4);
    vi.advanceTimersByTime(GIVING_STALL_MS);
    expect(content.log).toEqual([{ aborted: true }, { bytes: 0, outcome }]);
    expect(content.said).toEqual(stop);
  });

  it("whose writer goes on after its end is cut", () => {
    const content = new Content(10);
    content.write(4);
    content.port.carried({ type: "end", aborted: false });
    content.write(1);
    expect(content.log).toEqual([{ aborted: true }, { bytes: 0, outcome: "source" }]);
  });
});

it("a guest's credit that comes after the end leaves no timer", () => {
  const content = new Content(10);
  content.giving.cancel();
  content.giving.credited();
  expect(vi.getTimerCount()).toBe(0);
});
