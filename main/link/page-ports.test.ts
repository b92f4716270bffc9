/** What a page says to a link is parsed before anything is done with it: each number at its bounds and beyond them. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { pageMessageSchema, pixelCommandSchema } from "#shared/ipc/link-port.ts";
import { MAX_WINDOW_SIDE, WINDOW_STATE_BITS } from "#shared/model/window.ts";
import { MAX_COORDINATE, MAX_OPEN_CREDITS } from "#shared/protocol/limits.ts";
import type { MessagePortLike } from "./message-port.ts";
import { type PageCommand, PagePorts } from "./page-ports.ts";

/** A port whose other end is a test: what it says arrives at once. */
class TestPort implements MessagePortLike {
  readonly posted: unknown[] = [];
  readonly #listeners: ((event: { data: unknown }) => void)[] = [];

  postMessage(message: unknown): void {
    this.posted.push(message);
  }
  on(name: "message" | "close", listener: (event: { data: unknown }) => void): void {
    if (name === "message") this.#listeners.push(listener);
  }
  start(): void {
    // It has no queue.
  }
  close(): void {
    // It has no other end.
  }
  say(data: unknown): void {
    for (const listener of this.#listeners) listener({ data });
  }
}

let [events, pixels] = [new TestPort(), new TestPort()];
let page: PagePorts;
let commands: PageCommand[] = [];
let refused: string[] = [];

beforeEach(() => {
  [events, pixels] = [new TestPort(), new TestPort()];
  [commands, refused] = [[], []];
  page = new PagePorts(events, pixels, {
    command: (command) => void commands.push(command),
    refused: (what) => void refused.push(what),
  });
});
afterEach(() => page.close());

type Command = { type: string } & Record<string, unknown>;

const U32 = 0xffff_ffff;
const FIXED = 0x7f_ffff;
const ALL_STATES = Object.values(WINDOW_STATE_BITS).reduce((all, bit) => all | bit, 0);

/** A sound command of each type, and the smallest and largest value of each of its numbers. */
const COMMANDS: Readonly<
  Record<string, { sound: Command; bounds: Readonly<Record<string, readonly [number, number]>> }>
> = {
  configure: {
    sound: {
      type: "configure",
      surface: 1,
      serial: 1,
      width: 10,
      height: 10,
      states: 0,
      boundsWidth: 0,
      boundsHeight: 0,
      x: 0,
      y: 0,
    },
    bounds: {
      surface: [1, U32],
      serial: [1, U32],
      width: [0, MAX_WINDOW_SIDE],
      height: [0, MAX_WINDOW_SIDE],
      states: [0, ALL_STATES],
      boundsWidth: [0, MAX_WINDOW_SIDE],
      boundsHeight: [0, MAX_WINDOW_SIDE],
      x: [-MAX_COORDINATE, MAX_COORDINATE],
      y: [-MAX_COORDINATE, MAX_COORDINATE],
    },
  },
  close: { sound: { type: "close", surface: 1 }, bounds: { surface: [1, U32] } },
  dismissPopup: { sound: { type: "dismissPopup", surface: 1 }, bounds: { surface: [1, U32] } },
  refresh: { sound: { type: "refresh", surface: 1 }, bounds: { surface: [1, U32] } },
  keyboardFocus: { sound: { type: "keyboardFocus", surface: 1 }, bounds: { surface: [1, U32] } },
  key: {
    sound: { type: "key", code: 30, state: "pressed", timeMs: 0 },
    bounds: { code: [1, 767], timeMs: [0, U32] },
  },
  pasteChord: {
    sound: { type: "pasteChord", chord: 1, selection: "primary" },
    bounds: { chord: [1, U32] },
  },
  pointerMotion: {
    sound: { type: "pointerMotion", surface: 1, xFixed: 0, yFixed: 0, timeMs: 0 },
    bounds: { surface: [1, U32], xFixed: [-FIXED, FIXED], yFixed: [-FIXED, FIXED], timeMs: [0, U32] },
  },
  pointerLeft: { sound: { type: "pointerLeft" }, bounds: {} },
  pointerLocked: { sound: { type: "pointerLocked", surface: 1 }, bounds: { surface: [1, U32] } },
  pointerMoved: {
    sound: { type: "pointerMoved", dxFixed: 0, dyFixed: 0, timeMs: 0 },
    bounds: { dxFixed: [-FIXED, FIXED], dyFixed: [-FIXED, FIXED], timeMs: [0, U32] },
  },
  pointerButton: {
    sound: { type: "pointerButton", button: 0x110, pressed: true, timeMs: 0 },
    bounds: { button: [0x110, 0x11f], timeMs: [0, U32] },
  },
  pointerAxis: {
    sound: { type: "pointerAxis", x120: 0, y120: 0, xFixed: 0, yFixed: 0, finger: false, stopped: false, timeMs: 0 },
    bounds: {
      x120: [-12_000, 12_000],
      y120: [-12_000, 12_000],
      xFixed: [-FIXED, FIXED],
      yFixed: [-FIXED, FIXED],
      timeMs: [0, U32],
    },
  },
  output: {
    sound: { type: "output", width: 10, height: 10, scale120: 120, refreshMhz: 60_000 },
    bounds: {
      width: [0, MAX_WINDOW_SIDE],
      height: [0, MAX_WINDOW_SIDE],
      scale120: [60, 480],
      refreshMhz: [1000, 1_000_000],
    },
  },
  credit: {
    sound: { type: "credit", surface: 1, count: 1, shownSerial: 0 },
    bounds: { surface: [1, U32], count: [1, MAX_OPEN_CREDITS], shownSerial: [0, U32] },
  },
  violation: { sound: { type: "violation", surface: 1, detail: "bad block" }, bounds: { surface: [1, U32] } },
};
const OF_COMPOSITOR = ["credit", "violation"];

const portOf = (type: string): TestPort => (OF_COMPOSITOR.includes(type) ? pixels : events);

/** Whether it is refused, and no command. */
function isRefused(command: unknown, port: TestPort): boolean {
  const before = refused.length;
  port.say(command);
  return commands.length === 0 && refused.length === before + 1;
}

describe("the table", () => {
  const [commandSchema] = pageMessageSchema.options;
  const declared = [...commandSchema.options, ...pixelCommandSchema.options].map(({ shape }) => ({
    type: shape.type.value,
    keys: Object.keys(shape),
  }));

  it("has each command", () => {
    expect(declared.map(({ type }) => type).toSorted()).toEqual(Object.keys(COMMANDS).toSorted());
  });

  it.each(declared)("has each field of $type, and the bounds of its numbers", ({ type, keys }) => {
    const { sound, bounds } = COMMANDS[type] ?? { sound: {}, bounds: {} };
    expect(Object.keys(sound).toSorted()).toEqual(keys.toSorted());
    const numbers = Object.entries(sound).flatMap(([key, value]) => (typeof value === "number" ? [key] : []));
    expect(Object.keys(bounds).toSorted()).toEqual(numbers.toSorted());
  });
});

describe.each(Object.entries(COMMANDS))("%s", (type, { sound, bounds }) => {
  it("is a command", () => {
    portOf(type).say(sound);
    expect(commands).toEqual([sound]);
    expect(refused).toEqual([]);
  });

  it("is none on the other port, and none with a field that is missing or of another kind", () => {
    expect(isRefused(sound, portOf(type) === events ? pixels : events)).toBe(true);
    for (const key of Object.keys(sound)) {
      const { [key]: _, ...rest } = sound;
      expect(isRefused(rest, portOf(type))).toBe(true);
      expect(isRefused({ ...sound, [key]: { toString: () => "1" } }, portOf(type))).toBe(true);
    }
  });

  it.each(Object.entries(bounds))("has its bounds: %s", (key, [min, max]) => {
    for (const value of [min, max]) portOf(type).say({ ...sound, [key]: value });
    expect(commands.map((command) => (command as Command)[key])).toEqual([min, max]);
    commands = [];
    for (const value of [min - 1, max + 1, min + 0.5, Number.NaN, Infinity, "1"])
      expect(isRefused({ ...sound, [key]: value }, portOf(type))).toBe(true);
  });
});

it("what is no object is refused", () => {
  for (const what of [null, undefined, 1, "key", [], { type: "__proto__" }, { type: "toString" }]) {
    expect(isRefused(what, events)).toBe(true);
    expect(isRefused(what, pixels)).toBe(true);
  }
});

it("a field that no command has is not handed on", () => {
  events.say({ type: "close", surface: 1, isPersons: true });
  expect(commands).toEqual([{ type: "close", surface: 1 }]);
});

it("a violation's words are bounded", () => {
  pixels.say({ type: "violation", surface: 1, detail: "x".repeat(200) });
  expect(commands).toHaveLength(1);
  commands = [];
  expect(isRefused({ type: "violation", surface: 1, detail: "x".repeat(201) }, pixels)).toBe(true);
});

it("the focus may be nobody's", () => {
  events.say({ type: "keyboardFocus", surface: null });
  expect(commands).toEqual([{ type: "keyboardFocus", surface: null }]);
});

it("nothing is taken of a page that another has replaced", () => {
  page.close();
  events.say({ type: "pointerLeft" });
  pixels.say({ type: "credit", surface: 1, count: 1, shownSerial: 0 });
  events.say({ type: "nothing" });
  expect([commands, refused]).toEqual([[], []]);
});
