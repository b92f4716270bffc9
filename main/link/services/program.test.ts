import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import fc from "fast-check";
import { MAX_FROM_PROGRAM_BYTES, type ToProgram } from "#shared/model/service-messages.ts";
import { MAX_STREAMS } from "#shared/protocol/limits.ts";
import { type ProgramEvent, PROGRAM } from "../contracts/program.ts";
import { ServiceHost } from "../testing/service-host.ts";
import { streams } from "./streams.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const [TO_PROGRAM, FROM_PROGRAM] = [1, 2];
const STATUS = { type: "status", text: "x" };

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** A program has connected, and may be told so many bytes. */
function connected(credit = 1024 * 1024): ServiceHost {
  const host = new ServiceHost();
  host.order(PROGRAM, { type: "listen" });
  expect(host.sentOf("serviceOpen")).toEqual([{ toProgram: TO_PROGRAM, fromProgram: FROM_PROGRAM }]);
  expect(host.say("serviceConnected", { toProgram: TO_PROGRAM })).toBe("accepted");
  if (credit > 0) host.say("streamCredit", { stream: TO_PROGRAM, bytes: credit });
  return host;
}

function say(host: ServiceHost, text: string | Uint8Array, stream = FROM_PROGRAM): string {
  return host.say("streamData", { stream }, typeof text === "string" ? bytes(text) : text);
}

function line(message: unknown): string {
  return `${JSON.stringify(message)}\n`;
}

function events(host: ServiceHost): ProgramEvent[] {
  return host.eventsOf(PROGRAM);
}

function told(host: ServiceHost, stream = TO_PROGRAM): string {
  const parts = host.sent.flatMap(({ name, value, payload }) =>
    name === "streamData" && (value as { stream: number }).stream === stream ? [payload ?? new Uint8Array(0)] : [],
  );
  return new TextDecoder().decode(Buffer.concat(parts));
}

describe("a program that connects", () => {
  it("is announced, and what it says is heard, whole lines alone", () => {
    const host = connected();
    expect(events(host)).toEqual([{ type: "connected" }]);
    const [first, second] = [line(STATUS), line({ type: "health", state: "ok" })];
    say(host, first.slice(0, 5));
    expect(events(host)).toHaveLength(1);
    say(host, first.slice(5) + second);
    expect(events(host).slice(1)).toEqual([
      { type: "message", message: STATUS },
      { type: "message", message: { type: "health", state: "ok", detail: "" } },
    ]);
  });

  it("is awaited only where main has asked for one", () => {
    expect(new ServiceHost().say("serviceConnected", { toProgram: 1 })).toBe("unknown-stream");
    const host = connected();
    expect(host.say("serviceConnected", { toProgram: TO_PROGRAM })).toBe("unknown-stream");
  });

  it("names the stream that it reads, and comes before that has ended", () => {
    for (const ended of [false, true]) {
      const host = new ServiceHost();
      host.order(PROGRAM, { type: "listen" });
      if (ended) host.say("streamEnd", { stream: TO_PROGRAM });
      const toProgram = ended ? TO_PROGRAM : FROM_PROGRAM;
      expect(host.say("serviceConnected", { toProgram })).toBe("unknown-stream");
      expect(events(host)).toEqual([]);
      expect(host.sentOf("streamCredit")).toEqual([]);
    }
  });

  it("is awaited once, however often main asks, and not in a link that has ended", () => {
    const host = connected();
    host.order(PROGRAM, { type: "listen" });
    expect(host.sentOf("serviceOpen")).toHaveLength(1);
    const ended = new ServiceHost();
    ended.close();
    ended.order(PROGRAM, { type: "listen" });
    expect(ended.sentOf("serviceOpen")).toEqual([]);
  });

  it("has nothing to say before it has connected", () => {
    const host = new ServiceHost();
    host.order(PROGRAM, { type: "listen" });
    expect(say(host, line(STATUS))).toBe("no-credit");
  });

  it("can say as much as it has said lines that were read", () => {
    const host = connected();
    const before = host.sentOf("streamCredit").length;
    say(host, line(STATUS));
    expect(host.sentOf("streamCredit").slice(before)).toEqual([{ stream: FROM_PROGRAM, bytes: line(STATUS).length }]);
  });

  it("is refused where too many streams are open, and leaves none open", () => {
    for (const left of [0, 1]) {
      const host = new ServiceHost();
      const { table } = host.use(streams);
      for (let count = left; count < MAX_STREAMS; count += 1) table.open("agent");
      host.order(PROGRAM, { type: "listen" });
      expect(events(host)).toEqual([
        { type: "refused", reason: "too much is under way in this VM: no program can connect" },
      ]);
      expect(host.sentOf("serviceOpen")).toEqual([]);
      for (let count = 0; count < left; count += 1) expect(table.open("agent")).not.toBeNull();
      expect(table.open("agent")).toBeNull();
    }
  });

  it("may end its longest line with its last bytes, and is hung up on for one byte more", () => {
    for (const more of [0, 1]) {
      const host = connected();
      const text = line({ type: "status", text: "x" })
        .trimEnd()
        .padEnd(MAX_FROM_PROGRAM_BYTES + more);
      // The line's end comes with its last bytes.
      for (let at = 0; at < text.length; at += 60_000) {
        const part = text.slice(at, at + 60_000);
        expect(say(host, at + 60_000 < text.length ? part : `${part}\n`)).toBe("accepted");
      }
      const tooLong = `a line has more than ${MAX_FROM_PROGRAM_BYTES} bytes: the connection was ended`;
      expect(events(host).at(-1)).toEqual(
        more === 0 ? { type: "message", message: STATUS } : { type: "refused", reason: tooLong },
      );
    }
  });

  it("is followed by another one when it has ended", () => {
    const host = connected();
    say(host, line(STATUS));
    host.say("streamEnd", { stream: FROM_PROGRAM });
    expect(events(host).map(({ type }) => type)).toEqual(["connected", "message", "gone"]);
    expect(host.sentOf("serviceOpen")).toEqual([
      { toProgram: 1, fromProgram: 2 },
      { toProgram: 3, fromProgram: 4 },
    ]);
    expect(host.sentOf("streamEnd")).toMatchObject([{ stream: TO_PROGRAM }]);
    expect(host.say("serviceConnected", { toProgram: 3 })).toBe("accepted");
    say(host, line(STATUS), 4);
    expect(events(host).at(-1)).toEqual({ type: "message", message: STATUS });
  });
});

describe("what is no message", () => {
  it.each([
    ["nonsense", "a line is not JSON in UTF-8"],
    [new Uint8Array([0x22, 0xff, 0x22]), "a line is not JSON in UTF-8"],
    [JSON.stringify({ type: "own" }), "a message is not valid: type: invalid_union"],
    [JSON.stringify({ ...STATUS, more: 1 }), "a message is not valid: unrecognized_keys"],
    [JSON.stringify({ type: "health", state: "fine" }), "a message is not valid: state: invalid_value"],
    ["null", "a message is not valid: invalid_type"],
  ])("%j is refused, and the next line counts", (text, reason) => {
    const host = connected();
    say(host, text);
    say(host, `\n${line(STATUS)}`);
    expect(events(host).slice(1)).toEqual([
      { type: "refused", reason },
      { type: "message", message: STATUS },
    ]);
  });

  it("a line that is too long ends the connection, whether its end has come or not", () => {
    for (const end of ["", "\n"]) {
      const host = connected();
      const filler = new Uint8Array(32 * 1024).fill(0x20);
      for (let sent = 0; sent <= MAX_FROM_PROGRAM_BYTES; sent += filler.length) say(host, filler);
      if (end !== "") say(host, end);
      expect(events(host).at(-1)).toMatchObject({ type: "refused" });
      expect(host.sentOf("streamEnd").map(({ stream }) => stream)).toEqual([FROM_PROGRAM, TO_PROGRAM]);
      host.say("streamEnd", { stream: FROM_PROGRAM });
      expect(events(host).at(-1)).toEqual({ type: "gone" });
    }
  });

  it("a line is as long as it may be, and not a byte longer", () => {
    for (const [bytesMore, type] of [
      [0, "message"],
      [1, "refused"],
    ] as const) {
      const host = connected();
      const text = JSON.stringify(STATUS);
      const whole = bytes(text + " ".repeat(MAX_FROM_PROGRAM_BYTES + bytesMore - text.length));
      // As much at a time as its credit allows.
      for (let at = 0; at < whole.length; at += 32 * 1024) say(host, whole.subarray(at, at + 32 * 1024));
      // Without its end it is one that may still be, or is too long already.
      expect(events(host).length).toBe(1 + bytesMore);
      say(host, "\n");
      expect(events(host).at(-1)).toMatchObject({ type });
    }
  });

  it("an empty line is nothing", () => {
    const host = connected();
    say(host, `\n\n${line(STATUS)}\n`);
    expect(events(host).slice(1)).toEqual([{ type: "message", message: STATUS }]);
  });

  it("bytes of any kind, cut anywhere, are read or refused and never more", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 200 }), { maxLength: 20 }), (parts) => {
        const host = connected();
        for (const part of parts) expect(say(host, part)).toBe("accepted");
        expect(host.violations).toEqual([]);
        expect(events(host).every(({ type }) => ["connected", "refused"].includes(type))).toBe(true);
      }),
    );
  });
});

describe("a flood", () => {
  it("waits for its turn, is heard in order, and ends after the last line", () => {
    const host = connected();
    const all = Array.from({ length: 1_500 }, (_, at) => line({ type: "status", text: String(at) }));
    for (let at = 0; at < all.length; at += 100) say(host, all.slice(at, at + 100).join(""));
    host.say("streamEnd", { stream: FROM_PROGRAM });
    expect(events(host).length).toBeLessThanOrEqual(1_001);
    expect(events(host).at(-1)?.type).toBe("message");
    vi.advanceTimersByTime(10_000);
    const texts = events(host).flatMap((event) =>
      event.type === "message" && event.message.type === "status" ? [event.message.text] : [],
    );
    expect(texts).toEqual(all.map((_, at) => String(at)));
    expect(events(host).at(-1)).toEqual({ type: "gone" });
  });

  it("with a line that is too long is over when that has its turn, and another program may come", () => {
    const host = connected();
    for (let at = 0; at < 11; at += 1) say(host, line(STATUS).repeat(100));
    const filler = new Uint8Array(32 * 1024).fill(0x20);
    for (let sent = 0; sent < MAX_FROM_PROGRAM_BYTES; sent += filler.length) say(host, filler);
    say(host, " \n");
    host.say("streamEnd", { stream: FROM_PROGRAM });
    expect(events(host).at(-1)?.type).toBe("message");
    vi.advanceTimersByTime(10_000);
    expect(events(host).slice(-2)).toMatchObject([{ type: "refused" }, { type: "gone" }]);
    expect(host.sentOf("serviceOpen")).toHaveLength(2);
  });

  it("of a link that has ended is read no further", () => {
    const host = connected();
    for (let at = 0; at < 15; at += 1) say(host, line(STATUS).repeat(100));
    const before = events(host).length;
    host.close();
    vi.advanceTimersByTime(10_000);
    expect(events(host)).toHaveLength(before);
  });
});

describe("what it is told", () => {
  const desired = (revision: number): ToProgram => ({ type: "desired", revision, settings: {}, state: null });

  it("comes as lines, as fast as it takes them", () => {
    const host = connected(10);
    host.order(PROGRAM, { type: "tell", message: desired(1) });
    host.order(PROGRAM, { type: "tell", message: { type: "job", job: 1, input: "x" } });
    expect(told(host)).toBe(line(desired(1)).slice(0, 10));
    host.say("streamCredit", { stream: TO_PROGRAM, bytes: 1_000 });
    expect(told(host)).toBe(line(desired(1)) + line({ type: "job", job: 1, input: "x" }));
  });

  it("is the newest state alone, where it has seen nothing of an earlier one", () => {
    const host = connected(0);
    for (const revision of [1, 2, 3]) host.order(PROGRAM, { type: "tell", message: desired(revision) });
    host.say("streamCredit", { stream: TO_PROGRAM, bytes: 10 });
    for (const revision of [4, 5]) host.order(PROGRAM, { type: "tell", message: desired(revision) });
    host.say("streamCredit", { stream: TO_PROGRAM, bytes: 1_000 });
    expect(told(host)).toBe(line(desired(3)) + line(desired(5)));
  });

  it("is nothing where none is connected", () => {
    const host = new ServiceHost();
    host.order(PROGRAM, { type: "tell", message: desired(1) });
    host.order(PROGRAM, { type: "listen" });
    host.order(PROGRAM, { type: "tell", message: desired(2) });
    host.say("serviceConnected", { toProgram: TO_PROGRAM });
    host.say("streamCredit", { stream: TO_PROGRAM, bytes: 1_000 });
    expect(told(host)).toBe("");
  });

  it("ends where it reads no more", () => {
    const host = connected(0);
    host.order(PROGRAM, { type: "tell", message: desired(1) });
    host.say("streamEnd", { stream: TO_PROGRAM });
    expect(host.sentOf("streamEnd")).toMatchObject([{ stream: TO_PROGRAM, aborted: true }]);
    host.order(PROGRAM, { type: "tell", message: desired(2) });
    expect(told(host)).toBe("");
    host.say("streamEnd", { stream: FROM_PROGRAM });
    expect(events(host).at(-1)).toEqual({ type: "gone" });
  });
});
