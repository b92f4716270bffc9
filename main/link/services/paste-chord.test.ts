/** What the guest is sent while a paste chord holds input, and what ends that: orders of main, the agent, and the page. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ClipType } from "#shared/model/clip.ts";
import { Kind, Selection } from "#shared/protocol/gen/atoll_pb.ts";
import { MAX_STREAM_CHUNK_BYTES } from "#shared/protocol/limits.ts";
import { CLIPBOARD } from "../contracts/clipboard.ts";
import { PASTE_HOLD_MS } from "../paste-hold.ts";
import { ServiceHost } from "../testing/service-host.ts";
import { FIRST_PART_BYTES } from "./clipboard.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const TEXT = "text/plain;charset=utf-8";
const [GIVING, STREAM, CHORD] = [8, 1, 5];
const [CTRL, V, X] = [29, 47, 45];

let host: ServiceHost;
beforeEach(() => {
  host = new ServiceHost();
  host.say("windowOpened", { surface: 1, kind: Kind.WAYLAND });
});

function announce(...types: ClipType[]): void {
  host.order(CLIPBOARD, { type: "announce", selection: "clipboard", offer: 1, types });
}

function key(code: number, state: "pressed" | "released"): void {
  host.command({ type: "key", code, state, timeMs: 0 });
}

/** Ctrl+V as the page sends it, and that it is let go of. */
function pressPaste(chord = CHORD): void {
  key(CTRL, "pressed");
  host.command({ type: "pasteChord", chord, selection: "clipboard" });
  key(V, "pressed");
  key(V, "released");
  key(CTRL, "released");
}

/** Codes of the keys that the guest has got, in order. */
const keys = (): unknown[] => host.sentOf("key").map(({ code }) => code);
const HELD = [CTRL];
const ALL = [CTRL, V, V, CTRL];

function giveAhead(): void {
  const target = { kind: "ahead", offer: 1, chord: CHORD } as const;
  host.order(CLIPBOARD, { type: "give", giving: GIVING, target, as: TEXT, ruleBytes: null });
}

function sourceSays(message: unknown): void {
  host.order(CLIPBOARD, { type: "say", transfer: GIVING, message });
}

describe("a paste chord, while another VM's clip can be pasted", () => {
  beforeEach(() => announce(TEXT));

  it("waits until all that was sent ahead is with the agent", () => {
    pressPaste();
    giveAhead();
    host.say("streamCredit", { stream: STREAM, bytes: 1_000 });
    sourceSays({ type: "data", bytes: Uint8Array.of(0x61) });
    expect(keys()).toEqual(HELD);
    sourceSays({ type: "end", aborted: false });
    expect(keys()).toEqual(ALL);
    // The agent has the content before the key.
    const names = host.sent.map(({ name }) => name);
    expect(names.lastIndexOf("streamData")).toBeLessThan(names.lastIndexOf("key"));
  });

  it("waits for the first part of what is large", () => {
    pressPaste();
    giveAhead();
    host.say("streamCredit", { stream: STREAM, bytes: FIRST_PART_BYTES });
    for (let left = FIRST_PART_BYTES; left > 0; left -= MAX_STREAM_CHUNK_BYTES) {
      expect(keys()).toEqual(HELD);
      sourceSays({ type: "data", bytes: new Uint8Array(MAX_STREAM_CHUNK_BYTES).fill(0x61) });
    }
    expect(keys()).toEqual(ALL);
  });

  it.each([
    ["main says that nothing comes", () => host.order(CLIPBOARD, { type: "settle", chord: CHORD })],
    ["its source has failed", () => (giveAhead(), sourceSays({ type: "end", aborted: true }))],
    ["it was cancelled", () => (giveAhead(), host.order(CLIPBOARD, { type: "cancelGiving", giving: GIVING }))],
    [
      "what it would paste is no longer announced",
      () => host.order(CLIPBOARD, { type: "announce", selection: "clipboard", offer: 2, types: [] }),
    ],
    [
      "a program of its own VM copies",
      () => host.say("clipOffered", { selection: Selection.CLIPBOARD, generation: 1, types: ["text/plain"] }),
    ],
    ["so much time has gone", () => vi.advanceTimersByTime(PASTE_HOLD_MS)],
    ["a page has come", () => host.attachPage()],
    ["the keyboard leaves", () => host.command({ type: "keyboardFocus", surface: null })],
    ["the keyboard goes to another window", () => host.command({ type: "keyboardFocus", surface: 1 })],
    ["the link ends", () => host.close()],
  ])("waits no longer when %s", (_why, act) => {
    pressPaste();
    expect(keys()).toEqual(HELD);
    act();
    expect(keys()).toEqual(ALL);
  });

  it("goes before the focus that leaves", () => {
    pressPaste();
    host.command({ type: "keyboardFocus", surface: null });
    expect(host.sent.map(({ name }) => name).slice(-2)).toEqual(["key", "keyboardFocus"]);
  });

  it.each([
    ["another chord", () => host.order(CLIPBOARD, { type: "settle", chord: CHORD - 1 })],
    [
      "what is marked with the mouse",
      () => {
        host.order(CLIPBOARD, { type: "announce", selection: "primary", offer: 2, types: [] });
        host.say("clipOffered", { selection: Selection.PRIMARY, generation: 1, types: ["text/plain"] });
      },
    ],
  ])("waits on when something is said of %s", (_what, act) => {
    pressPaste();
    act();
    expect(keys()).toEqual(HELD);
  });

  it("waits for nothing when main has said so before it came", () => {
    host.order(CLIPBOARD, { type: "settle", chord: CHORD });
    pressPaste();
    expect(keys()).toEqual(ALL);
  });

  it("holds all input that follows, in its order", () => {
    host.command({ type: "pasteChord", chord: CHORD, selection: "clipboard" });
    key(V, "pressed");
    const before = host.sent.length;
    host.command({ type: "pointerMotion", surface: 1, xFixed: 0, yFixed: 0, timeMs: 0 });
    host.command({ type: "pointerButton", button: 0x110, pressed: true, timeMs: 0 });
    host.command({ type: "pointerMoved", dxFixed: 1, dyFixed: 1, timeMs: 0 });
    const axis = { x120: 0, y120: 120, xFixed: 0, yFixed: 0, finger: false, stopped: false, timeMs: 0 };
    host.command({ type: "pointerAxis", ...axis });
    key(X, "pressed");
    host.command({ type: "pointerLocked", surface: null });
    host.command({ type: "pointerLeft" });
    expect(host.sent).toHaveLength(before);
    host.order(CLIPBOARD, { type: "settle", chord: CHORD });
    expect(host.sent.map(({ name }) => name).slice(before)).toEqual([
      "key",
      "pointerMotion",
      "pointerButton",
      "pointerMoved",
      "pointerAxis",
      "key",
      "pointerLocked",
      "pointerLeft",
    ]);
  });

  it("that a new page presses is held by its own number", () => {
    host.order(CLIPBOARD, { type: "settle", chord: 50 });
    host.attachPage();
    pressPaste(1);
    expect(keys()).toEqual(HELD);
  });
});

describe("a paste chord waits for nothing", () => {
  it("when nothing is announced", () => {
    pressPaste();
    expect(keys()).toEqual(ALL);
  });

  it("when only what is marked with the mouse is", () => {
    host.order(CLIPBOARD, { type: "announce", selection: "primary", offer: 1, types: [TEXT] });
    pressPaste();
    expect(keys()).toEqual(ALL);
  });

  it("when a program of its own VM has copied since", () => {
    announce(TEXT);
    host.say("clipOffered", { selection: Selection.CLIPBOARD, generation: 1, types: ["text/plain"] });
    pressPaste();
    expect(keys()).toEqual(ALL);
  });
});

describe("the middle button", () => {
  const MIDDLE = 0x112;
  const markedThere = (...types: ClipType[]): void =>
    host.order(CLIPBOARD, { type: "announce", selection: "primary", offer: 2, types });
  /** As the page sends it. */
  function pressMiddle(): void {
    host.command({ type: "pasteChord", chord: CHORD, selection: "primary" });
    for (const pressed of [true, false]) host.command({ type: "pointerButton", button: MIDDLE, pressed, timeMs: 0 });
  }
  const buttons = (): number => host.sentOf("pointerButton").length;

  it("waits for what is marked in another VM, until all that was sent ahead is with the agent", () => {
    markedThere(TEXT);
    pressMiddle();
    expect(buttons()).toBe(0);
    const target = { kind: "ahead", offer: 2, chord: CHORD } as const;
    host.order(CLIPBOARD, { type: "give", giving: GIVING, target, as: TEXT, ruleBytes: null });
    host.say("streamCredit", { stream: STREAM, bytes: 1_000 });
    sourceSays({ type: "data", bytes: Uint8Array.of(0x61) });
    expect(buttons()).toBe(0);
    sourceSays({ type: "end", aborted: false });
    expect(buttons()).toBe(2);
    const names = host.sent.map(({ name }) => name);
    expect(names.lastIndexOf("streamData")).toBeLessThan(names.indexOf("pointerButton"));
  });

  it.each([
    ["nothing marked elsewhere can be pasted", () => announce(TEXT)],
    [
      "a program of its own VM has marked something since",
      () => {
        markedThere(TEXT);
        host.say("clipOffered", { selection: Selection.PRIMARY, generation: 1, types: ["text/plain"] });
      },
    ],
    ["that was taken back", () => (markedThere(TEXT), markedThere())],
  ])("waits for nothing when %s", (_why, before) => {
    before();
    pressMiddle();
    expect(buttons()).toBe(2);
  });
});
