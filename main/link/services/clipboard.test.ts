/** Offers, requests and content of one guest, as main orders and hears of them; the agent is the test's. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ClipType } from "#shared/model/clip.ts";
import { Selection } from "#shared/protocol/gen/atoll_pb.ts";
import { MAX_STREAM_CREDIT_BYTES } from "#shared/protocol/limits.ts";
import { MAX_TYPE_BYTES } from "../clips/filters.ts";
import { GIVING_STALL_MS } from "../clips/giving.ts";
import { FIRST_BYTE_MS, HEAD_BYTES, BUFFER_BYTES, STALL_MS } from "../clips/buffered-reading.ts";
import { OFFER_MS } from "../clips/offer-pace.ts";
import { CLIPBOARD, type ClipboardEvent, type GivingTarget } from "../contracts/clipboard.ts";
import { ServiceHost } from "../testing/service-host.ts";
import { streams } from "./streams.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const TEXT = "text/plain;charset=utf-8";
const [READING, GIVING] = [7, 8];
/** The first stream of a session. */
const STREAM = 1;

/** What was announced: offer 1 of the clipboard. */
function announced(...types: ClipType[]): ServiceHost {
  const host = new ServiceHost();
  host.order(CLIPBOARD, { type: "announce", selection: "clipboard", offer: 1, types });
  return host;
}

function eventsOf(host: ServiceHost, type: ClipboardEvent["type"]): ClipboardEvent[] {
  return host.eventsOf(CLIPBOARD).filter((event) => event.type === type);
}

describe("an offer", () => {
  it("is told with its types: each once, and only such as could be asked for", () => {
    const host = new ServiceHost();
    const types = ["text/plain", "UTF8_STRING", "text/plain", "", " x", "a\nb", "日本", "text/plain; charset=utf-8"];
    host.say("clipOffered", { selection: Selection.PRIMARY, generation: 4, types });
    expect(host.eventsOf(CLIPBOARD)).toEqual([
      {
        type: "offered",
        selection: "primary",
        generation: 4,
        types: ["text/plain", "UTF8_STRING", "text/plain; charset=utf-8"],
        sinceInputMs: null,
      },
    ]);
  });

  it("of an old generation, or of the same again, costs the guest its channels", () => {
    for (const generation of [4, 3]) {
      const host = new ServiceHost();
      host.say("clipOffered", { selection: Selection.CLIPBOARD, generation: 4 });
      // Each selection is told at its own pace.
      expect(host.say("clipOffered", { selection: Selection.PRIMARY, generation })).toBe("accepted");
      expect(host.say("clipOffered", { selection: Selection.CLIPBOARD, generation })).toBe("number-out-of-range");
    }
  });

  it("that follows others at once is told when they have been, the newest alone", () => {
    const host = new ServiceHost();
    for (let generation = 1; generation <= 100; generation += 1)
      host.say("clipOffered", { selection: Selection.CLIPBOARD, generation });
    vi.advanceTimersByTime(OFFER_MS);
    expect(eventsOf(host, "offered")).toMatchObject([{ generation: 1 }, { generation: 100 }]);
  });
});

describe("a request", () => {
  it("is told, and refused once", () => {
    const host = announced(TEXT);
    host.say("pasteWanted", { request: 3, offer: 1, type: TEXT });
    const paste = { request: 3, offer: 1, selection: "clipboard", type: TEXT };
    expect(host.eventsOf(CLIPBOARD)).toEqual([{ type: "wanted", paste }]);
    for (let count = 0; count < 2; count += 1) host.order(CLIPBOARD, { type: "refuse", request: 3 });
    expect(host.sentOf("pasteRefused")).toEqual([{ request: 3 }]);
  });

  it("for an offer that is over is refused by the link", () => {
    const host = announced(TEXT);
    host.order(CLIPBOARD, { type: "announce", selection: "clipboard", offer: 2, types: [TEXT] });
    expect(host.say("pasteWanted", { request: 1, offer: 1, type: "whatever" })).toBe("accepted");
    expect(host.eventsOf(CLIPBOARD)).toEqual([]);
    expect(host.sentOf("pasteRefused")).toEqual([{ request: 1 }]);
  });

  it("that its program drops is told while it waits; later it is nothing", () => {
    const host = announced(TEXT);
    host.say("pasteWanted", { request: 1, offer: 1, type: TEXT });
    host.say("pasteDropped", { request: 1 });
    expect(host.eventsOf(CLIPBOARD).at(-1)).toEqual({ type: "dropped", request: 1 });
    expect(host.say("pasteDropped", { request: 1 })).toBe("accepted");
    expect(eventsOf(host, "dropped")).toHaveLength(1);
    host.order(CLIPBOARD, {
      type: "give",
      giving: GIVING,
      target: { kind: "request", request: 1 },
      as: TEXT,
      ruleBytes: null,
    });
    expect(host.sentOf("pasteGiven")).toEqual([]);
    expect(host.eventsOf(CLIPBOARD).at(-1)).toMatchObject({ type: "givingEnded", giving: GIVING, outcome: "target" });
  });

  it("of a program that asks a thousand times a second is refused by the link, and main hears of some", () => {
    const host = announced(TEXT);
    for (let request = 1; request <= 1000; request += 1) {
      expect(host.say("pasteWanted", { request, offer: 1, type: TEXT })).toBe("accepted");
      host.order(CLIPBOARD, { type: "refuse", request });
      vi.advanceTimersByTime(1);
    }
    expect(eventsOf(host, "wanted").length).toBeLessThan(350);
    expect(host.sentOf("pasteRefused")).toHaveLength(1000);
  });
});

describe("content that the guest writes", () => {
  function reading(as: ClipType = TEXT): ServiceHost {
    const host = new ServiceHost();
    host.order(CLIPBOARD, {
      type: "read",
      reading: READING,
      selection: "clipboard",
      generation: 1,
      sourceType: "UTF8_STRING",
      as,
    });
    return host;
  }
  const write = (host: ServiceHost, bytes: number): string =>
    host.say("streamData", { stream: STREAM }, new Uint8Array(bytes).fill(0x61));
  const endOf = (host: ServiceHost): unknown => eventsOf(host, "readingEnded")[0];
  const ended = (bytes: number, outcome: string): unknown => ({
    type: "readingEnded",
    reading: READING,
    bytes,
    outcome,
  });

  it("is asked for by its type and generation, and may be so long as waits in the link", () => {
    const host = reading();
    expect(host.sentOf("clipRead")).toMatchObject([{ generation: 1, type: "UTF8_STRING", stream: STREAM }]);
    expect(host.sentOf("streamCredit")).toEqual([{ stream: STREAM, bytes: BUFFER_BYTES }]);
  });

  it("is told with its beginning, some times a second, and when it is all there", () => {
    const host = reading();
    for (let count = 0; count < 100; count += 1) {
      write(host, 100);
      vi.advanceTimersByTime(5);
    }
    host.say("streamEnd", { stream: STREAM });
    const told = eventsOf(host, "progress") as Extract<ClipboardEvent, { type: "progress" }>[];
    expect(told.length).toBeLessThanOrEqual(6);
    expect(told.at(-1)).toMatchObject({ bytes: 10_000, isComplete: true });
    const heads = told.flatMap(({ head }) => head?.length ?? []);
    expect(heads.at(-1)).toBe(HEAD_BYTES);
    expect(told.at(-1)?.head).toBeNull();
  });

  it.each([
    ["a guest that never begins", 0, FIRST_BYTE_MS],
    ["one that stops in the middle", 10, STALL_MS],
  ])("ends with %s", (_what, bytes, afterMs) => {
    const host = reading();
    if (bytes > 0) write(host, bytes);
    vi.advanceTimersByTime(afterMs - 1);
    expect(endOf(host)).toBeUndefined();
    vi.advanceTimersByTime(1);
    expect(endOf(host)).toEqual(ended(bytes, "source"));
    expect(host.sentOf("streamEnd")).toEqual([{ stream: STREAM }]);
    // It answers late: that is dropped, and no violation.
    expect(write(host, 10)).toBe("accepted");
    expect(host.say("streamEnd", { stream: STREAM })).toBe("accepted");
    expect(eventsOf(host, "readingEnded")).toHaveLength(1);
  });

  it("may wait as long as a person thinks, when all that may wait is there", () => {
    const host = reading();
    for (let sent = 0; sent < BUFFER_BYTES; sent += 64 * 1024) write(host, 64 * 1024);
    vi.advanceTimersByTime(600_000);
    expect(endOf(host)).toBeUndefined();
    const small = reading();
    write(small, 1);
    small.say("streamEnd", { stream: STREAM });
    vi.advanceTimersByTime(600_000);
    expect(endOf(small)).toBeUndefined();
  });

  it.each([true, false])("that the guest gives up is no content, even a part of it: after some bytes %s", (some) => {
    const host = reading();
    if (some) write(host, 5);
    host.say("streamEnd", { stream: STREAM, aborted: true });
    expect(endOf(host)).toEqual(ended(some ? 5 : 0, "source"));
  });

  it("that is more than its type may have is none", () => {
    const host = reading("text/uri-list");
    write(host, 64 * 1024);
    expect(endOf(host)).toBeUndefined();
    write(host, 1);
    expect(endOf(host)).toEqual(ended(MAX_TYPE_BYTES["text/uri-list"] + 1, "size"));
    expect(host.sentOf("streamEnd")).toHaveLength(1);
  });

  it("is ended twice, or written after its end, by a guest that breaks the protocol", () => {
    const host = reading();
    host.say("streamEnd", { stream: STREAM });
    expect(host.say("streamEnd", { stream: STREAM })).toBe("wrong-state");
    const other = reading();
    other.say("streamEnd", { stream: STREAM });
    expect(write(other, 1)).toBe("wrong-state");
  });

  it("ends with the link", () => {
    const host = reading();
    host.close();
    expect(endOf(host)).toEqual(ended(0, "source"));
    vi.advanceTimersByTime(STALL_MS);
    expect(eventsOf(host, "readingEnded")).toHaveLength(1);
  });

  it("goes to main by orders and events where main is to have it", () => {
    const host = reading();
    write(host, 3);
    host.order(CLIPBOARD, { type: "deliver", reading: READING });
    host.order(CLIPBOARD, { type: "say", transfer: READING, message: { type: "credit", bytes: 2 } });
    host.order(CLIPBOARD, { type: "say", transfer: READING, message: { type: "credit", bytes: 5 } });
    host.say("streamEnd", { stream: STREAM });
    const said = (message: object): object => ({ type: "said", transfer: READING, message });
    expect(eventsOf(host, "said")).toEqual([
      said({ type: "data", bytes: Uint8Array.of(0x61, 0x61) }),
      said({ type: "data", bytes: Uint8Array.of(0x61) }),
      said({ type: "end", aborted: false }),
    ]);
    expect(endOf(host)).toEqual(ended(3, "complete"));
  });

  it("goes on where it went first when main delivers it once more", () => {
    const host = reading();
    write(host, 3);
    for (let count = 0; count < 2; count += 1) host.order(CLIPBOARD, { type: "deliver", reading: READING });
    host.say("streamEnd", { stream: STREAM });
    host.order(CLIPBOARD, { type: "say", transfer: READING, message: { type: "credit", bytes: 3 } });
    expect(endOf(host)).toEqual(ended(3, "complete"));
  });

  it.each([
    ["nonsense", "what"],
    ["more credit than a stream may have", { type: "credit", bytes: MAX_STREAM_CREDIT_BYTES + 1 }],
    ["that it wants no more", { type: "stop" }],
  ])("ends where its reader says %s", (_what, message) => {
    const host = reading();
    host.order(CLIPBOARD, { type: "deliver", reading: READING });
    host.order(CLIPBOARD, { type: "say", transfer: READING, message });
    expect(endOf(host)).toEqual(ended(0, "target"));
  });
});

describe("content that is cancelled", () => {
  it("ends, where there is any of that number", () => {
    const host = announced(TEXT);
    for (const number of [1, 99]) {
      host.order(CLIPBOARD, { type: "cancelReading", reading: number });
      host.order(CLIPBOARD, { type: "cancelGiving", giving: number });
    }
    expect(host.eventsOf(CLIPBOARD)).toEqual([]);
    const read = { reading: 1, selection: "clipboard", generation: 1, sourceType: "UTF8_STRING", as: TEXT } as const;
    host.order(CLIPBOARD, { type: "read", ...read });
    const target = { kind: "put", selection: "primary" } as const;
    host.order(CLIPBOARD, { type: "give", giving: 2, target, as: TEXT, ruleBytes: null });
    for (let count = 0; count < 2; count += 1) {
      host.order(CLIPBOARD, { type: "cancelReading", reading: 1 });
      host.order(CLIPBOARD, { type: "cancelGiving", giving: 2 });
    }
    expect(host.eventsOf(CLIPBOARD).filter(({ type }) => type !== "said")).toEqual([
      { type: "readingEnded", reading: 1, bytes: 0, outcome: "cancelled" },
      { type: "givingEnded", giving: 2, bytes: 0, characters: null, outcome: "cancelled" },
    ]);
    expect(host.sentOf("clipPut")).toEqual([{ selection: Selection.PRIMARY, type: TEXT, stream: 2 }]);
  });

  it("is none where too many streams are open", () => {
    const host = announced(TEXT);
    while (host.use(streams).table.open("agent") !== null);
    const read = { reading: 1, selection: "clipboard", generation: 1, sourceType: "UTF8_STRING", as: TEXT } as const;
    host.order(CLIPBOARD, { type: "read", ...read });
    host.say("pasteWanted", { request: 1, offer: 1, type: TEXT });
    for (const target of [
      { kind: "request", request: 1 },
      { kind: "put", selection: "clipboard" },
      { kind: "ahead", offer: 1, chord: null },
    ] as const)
      host.order(CLIPBOARD, { type: "give", giving: 2, target, as: TEXT, ruleBytes: null });
    expect(eventsOf(host, "readingEnded")).toMatchObject([{ outcome: "source" }]);
    expect(eventsOf(host, "givingEnded")).toHaveLength(3);
    expect(host.sent.map(({ name }) => name)).toEqual(["clipAnnounced", "pasteRefused"]);
    expect(host.sentOf("clipAnnounced")).toEqual([{ selection: Selection.CLIPBOARD, offer: 1, types: [TEXT] }]);
  });
});

describe("content that the guest reads", () => {
  function giving(target: GivingTarget = { kind: "put", selection: "clipboard" }, as: ClipType = TEXT): ServiceHost {
    const host = announced(TEXT, "text/uri-list");
    host.order(CLIPBOARD, { type: "give", giving: GIVING, target, as, ruleBytes: null });
    return host;
  }
  const say = (host: ServiceHost, message: unknown): void =>
    host.order(CLIPBOARD, { type: "say", transfer: GIVING, message });
  const data = (text: string): unknown => ({ type: "data", bytes: new Uint8Array(Buffer.from(text)) });
  const got = (host: ServiceHost): string =>
    host.sent.map(({ name, payload }) => (name === "streamData" ? Buffer.from(payload ?? []).toString() : "")).join("");
  const endOf = (host: ServiceHost): unknown => eventsOf(host, "givingEnded")[0];
  const ended = (bytes: number, outcome: string, characters: number | null = null): unknown => ({
    ...{ type: "givingEnded", giving: GIVING, bytes, characters, outcome },
  });

  it("is asked for as the guest gives credit, and what the filter takes out is asked for again", () => {
    const host = giving();
    expect(eventsOf(host, "said")).toEqual([]);
    host.say("streamCredit", { stream: STREAM, bytes: 4 });
    say(host, data("a\u0000\u0000b"));
    expect(eventsOf(host, "said")).toMatchObject([
      { message: { type: "credit", bytes: 4 } },
      { message: { type: "credit", bytes: 2 } },
    ]);
    say(host, data("cd"));
    say(host, { type: "end", aborted: false });
    expect(got(host)).toBe("abcd");
    expect(endOf(host)).toEqual(ended(4, "complete", 4));
    expect(host.sentOf("streamEnd")).toEqual([{ stream: STREAM, aborted: false }]);
  });

  it("sent ahead is told as taken once, and only what was sent ahead can be", () => {
    const host = giving({ kind: "ahead", offer: 1, chord: null });
    expect(host.sentOf("clipAhead")).toMatchObject([{ offer: 1, type: TEXT, stream: STREAM }]);
    host.say("streamCredit", { stream: STREAM, bytes: 10 });
    say(host, { type: "end", aborted: false });
    expect(host.say("pasteTaken", { stream: STREAM })).toBe("accepted");
    expect(eventsOf(host, "taken")).toEqual([{ type: "taken", giving: GIVING }]);
    expect(host.say("pasteTaken", { stream: STREAM })).toBe("wrong-state");
    const two = giving({ kind: "ahead", offer: 1, chord: null });
    const ahead = { kind: "ahead", offer: 1, chord: null } as const;
    two.order(CLIPBOARD, { type: "give", giving: 9, target: ahead, as: "text/uri-list", ruleBytes: null });
    two.say("pasteTaken", { stream: STREAM + 1 });
    expect(eventsOf(two, "taken")).toEqual([{ type: "taken", giving: 9 }]);
    expect(giving().say("pasteTaken", { stream: STREAM })).toBe("unknown-stream");
  });

  it("sent ahead answers a request that was on its way", () => {
    const host = giving({ kind: "ahead", offer: 1, chord: null });
    host.say("pasteWanted", { request: 1, offer: 1, type: TEXT });
    for (let count = 0; count < 2; count += 1) host.order(CLIPBOARD, { type: "answer", giving: GIVING, request: 1 });
    expect(host.sentOf("pasteGiven")).toEqual([{ request: 1, stream: STREAM }]);
    // One that it never had is refused.
    host.say("pasteWanted", { request: 2, offer: 1, type: TEXT });
    host.order(CLIPBOARD, { type: "answer", giving: 99, request: 2 });
    expect(host.sentOf("pasteRefused")).toEqual([{ request: 2 }]);
  });

  it.each([
    ["an offer that is over", 2, TEXT],
    ["a type that was not announced", 1, "text/html"],
  ] as const)("is not sent ahead for %s", (_what, offer, as) => {
    const host = giving({ kind: "ahead", offer, chord: null }, as);
    expect(host.sentOf("clipAhead")).toEqual([]);
    expect(endOf(host)).toEqual(ended(0, "target"));
  });

  it("answers one request by one stream", () => {
    const host = announced(TEXT);
    host.say("pasteWanted", { request: 1, offer: 1, type: TEXT });
    for (const number of [GIVING, 9])
      host.order(CLIPBOARD, {
        type: "give",
        giving: number,
        target: { kind: "request", request: 1 },
        as: TEXT,
        ruleBytes: null,
      });
    expect(host.sentOf("pasteGiven")).toEqual([{ request: 1, stream: STREAM }]);
    expect(eventsOf(host, "givingEnded")).toEqual([
      { type: "givingEnded", giving: 9, bytes: 0, characters: null, outcome: "target" },
    ]);
  });

  it.each([
    ["nonsense", null, "source"],
    ["more than was asked for", data("abcde"), "source"],
    ["that it is cut", { type: "end", aborted: true }, "source"],
  ])("ends where its source says %s, and nothing of that goes on", (_what, message, outcome) => {
    const host = giving();
    host.say("streamCredit", { stream: STREAM, bytes: 4 });
    say(host, message);
    expect(endOf(host)).toEqual(ended(0, outcome));
    expect(got(host)).toBe("");
    expect(host.sentOf("streamEnd")).toEqual([{ stream: STREAM, aborted: true }]);
    say(host, data("ab"));
    expect(got(host)).toBe("");
  });

  it("of which nothing is what its type says is no content", () => {
    const host = giving({ kind: "put", selection: "clipboard" }, "text/uri-list");
    say(host, data("file:///etc/passwd"));
    say(host, { type: "end", aborted: false });
    expect(endOf(host)).toEqual(ended(0, "content"));
  });

  it("is looked at as a whole where it is a list, before the guest has asked for so much", () => {
    const host = giving({ kind: "put", selection: "clipboard" }, "text/uri-list");
    say(host, data("https://a.example/\n"));
    say(host, { type: "end", aborted: false });
    expect(endOf(host)).toBeUndefined();
    host.say("streamCredit", { stream: STREAM, bytes: 5 });
    host.say("streamCredit", { stream: STREAM, bytes: 100 });
    expect(got(host)).toBe("https://a.example/\r\n");
    expect(endOf(host)).toEqual(ended(20, "complete"));
  });

  it("ends where the guest wants no more", () => {
    const host = giving();
    host.say("streamEnd", { stream: STREAM });
    expect(endOf(host)).toEqual(ended(0, "target"));
    expect(eventsOf(host, "said")).toMatchObject([{ message: { type: "stop" } }]);
  });

  it.each([
    ["the guest, which does not ask for it", 0, "target"],
    ["its source, which says nothing", 4, "source"],
  ])("ends with %s, after a time", (_what, credit, outcome) => {
    const host = giving();
    if (credit > 0) host.say("streamCredit", { stream: STREAM, bytes: credit });
    vi.advanceTimersByTime(GIVING_STALL_MS - 1);
    expect(endOf(host)).toBeUndefined();
    vi.advanceTimersByTime(1);
    expect(endOf(host)).toEqual(ended(0, outcome));
  });
});
