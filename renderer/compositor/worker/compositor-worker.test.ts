// Who is drawn when, and what is paid for it. Canvas, screen and clock are the test's; the decoder is the real one.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { PixelCommand, PixelEvent } from "#shared/ipc/link-port.ts";
import type { FrameMessage } from "#shared/model/frame.ts";
import type { SurfaceId } from "#shared/model/window.ts";
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { Decoder } from "../decoders/decoder.ts";
import { CompositorWorker } from "./compositor-worker.ts";
import type { FromCompositor, LinkSessionId } from "./messages.ts";

const wasmPath = join(import.meta.dirname, "../decoders/gen/decoders.wasm");
const SURFACE = 1 as SurfaceId;

let decoder: Decoder;
let compositor: CompositorWorker;
let told: FromCompositor[];
/** Names of VMs, in the order in which their frames were drawn. */
let drawn: string[];
/** What a frame takes to be drawn. */
let drawMs: number;
let clockMs: number;
let frame: ((timestampMs: number) => void) | null;

beforeAll(async () => {
  if (!existsSync(wasmPath))
    execFileSync(process.execPath, [join(import.meta.dirname, "../../../scripts/build-wasm.mjs")]);
  decoder = await Decoder.create(readFileSync(wasmPath));
}, 60_000);

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  told = [];
  drawn = [];
  drawMs = 0;
  clockMs = 1000;
  frame = null;
  vi.stubGlobal("requestAnimationFrame", (callback: (timestampMs: number) => void) => {
    if (frame !== null) throw new Error("one animation frame is asked for at a time");
    frame = callback;
    return 1;
  });
  vi.stubGlobal("ImageData", vi.fn());
  backs = [];
  bandsDrawn = 0;
  vi.stubGlobal("OffscreenCanvas", BackCanvasOfTest);
  vi.spyOn(performance, "now").mockImplementation(() => clockMs);
  compositor = new CompositorWorker(decoder, (message) => told.push(message));
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

/** Canvases that nobody sees. */
let backs: BackCanvasOfTest[];
/** Rectangles that were drawn into them. */
let bandsDrawn: number;

class BackCanvasOfTest {
  width: number;
  height: number;
  constructor(width: number, height: number) {
    this.width = width;
    this.height = height;
    backs.push(this);
  }
  getContext(): object {
    const putImageData = (): void => {
      bandsDrawn += 1;
      clockMs += drawMs;
    };
    return { canvas: this, clearRect: () => undefined, putImageData };
  }
  convertToBlob(): Promise<Blob> {
    return Promise.resolve(new Blob([`${this.width}x${this.height}`]));
  }
}

/** 2048 x 128 pixels of one colour, compressed: one pixel, and a match of all the rest. */
const BAND = (() => {
  const rest = 2048 * 128 * 4 - 4 - 5 - 4;
  const match = rest - 15;
  const more = Array.from({ length: Math.floor(match / 255) }, () => 255);
  return Uint8Array.from([0x4f, 1, 2, 3, 4, 4, 0, ...more, match % 255, 0x50, 1, 2, 3, 4, 1]);
})();

/** The screen's next refresh. */
function nextFrame(afterMs = 16): void {
  clockMs += afterMs;
  vi.advanceTimersByTime(afterMs);
  const callback = frame;
  frame = null;
  callback?.(clockMs);
}

/** A VM's link as the worker sees it, with one surface. */
class Guest {
  readonly said: PixelCommand[] = [];
  /** When it was last given credits. */
  paidAtMs = 0;
  readonly #session: LinkSessionId;
  #serial = 0;
  readonly #port: { onmessage: ((event: { data: PixelEvent }) => void) | null };

  constructor(name: string, session: number, context: object = {}) {
    this.#session = session as LinkSessionId;
    const postMessage = (command: PixelCommand): void => {
      this.said.push(command);
      if (command.type === "credit") this.paidAtMs = clockMs;
    };
    const port = { onmessage: null, postMessage, close: () => undefined };
    this.#port = port;
    compositor.handle({ type: "link", session: this.#session, pixels: port as unknown as MessagePort });
    const putImageData = (): void => {
      drawn.push(name);
      clockMs += drawMs;
    };
    const drawImage = (): void => void drawn.push(`${name}, whole`);
    const canvas = { width: 0, height: 0, getContext: () => Object.assign(context, { putImageData, drawImage }) };
    compositor.handle({
      type: "open",
      session: this.#session,
      surface: SURFACE,
      canvas: canvas as unknown as OffscreenCanvas,
    });
  }

  /** Credits given so far. */
  get credits(): number {
    return this.said.reduce((sum, command) => sum + (command.type === "credit" ? command.count : 0), 0);
  }

  send(change: Partial<FrameMessage> = {}): void {
    this.#serial += 1;
    const rect = { x: 0, y: 0, width: 2, height: 1, encoding: "raw" as const, size: 8 };
    const frame: FrameMessage = {
      type: "frame",
      surface: SURFACE,
      serial: this.#serial,
      width: 2,
      height: 1,
      scale: 1,
      logicalWidth: 2,
      logicalHeight: 1,
      geometry: null,
      opaque: true,
      configureSerial: 0,
      damage: [rect],
      last: true,
      payload: new Uint8Array(8),
      ...change,
    };
    this.#port.onmessage?.({ data: frame });
  }

  forget(): void {
    compositor.handle({ type: "forget", session: this.#session, surface: SURFACE });
  }

  end(): void {
    compositor.handle({ type: "end", session: this.#session });
  }

  /** Whether the compositor still holds what is known of this session. */
  isKept(): boolean {
    return compositor.knows(this.#session);
  }

  show(isVisible: boolean): void {
    compositor.handle({ type: "visibility", session: this.#session, surface: SURFACE, isVisible });
  }
}

test("a surface that opens may send two frames", () => {
  expect(new Guest("a", 1).said).toEqual([{ type: "credit", surface: SURFACE, count: 2, shownSerial: 0 }]);
});

test("a frame that comes to an idle screen is drawn at once, and paid for when the screen has shown it", () => {
  const guest = new Guest("a", 1);
  guest.send();
  expect(drawn).toEqual(["a"]);
  expect(guest.credits).toBe(2);
  nextFrame();
  expect(guest.said.at(-1)).toEqual({ type: "credit", surface: SURFACE, count: 1, shownSerial: 1 });
  expect(frame, "nothing waits").toBeNull();
});

test("while one VM animates, a frame of one that was quiet is drawn at once", () => {
  const [busy, quiet] = [new Guest("busy", 1), new Guest("quiet", 2)];
  for (let count = 0; count < 3; count += 1) busy.send();
  expect(drawn).toEqual(["busy"]);
  quiet.send();
  expect(drawn).toEqual(["busy", "quiet"]);
  // Its next one is an animation's.
  quiet.send();
  expect(drawn).toHaveLength(2);
  nextFrame();
  expect(drawn).toHaveLength(5);
});

describe("after a key", () => {
  function animating(): { typed: Guest; busy: Guest } {
    const [typed, busy] = [new Guest("typed", 1), new Guest("busy", 2)];
    busy.send();
    nextFrame();
    busy.send();
    drawn = [];
    return { typed, busy };
  }

  test("other VMs' frames are neither drawn nor paid until the key's own VM has answered", () => {
    const { typed, busy } = animating();
    compositor.handle({ type: "keyPressed", session: 1 as LinkSessionId });
    nextFrame();
    expect([drawn, busy.credits]).toEqual([[], 3]);
    busy.send();
    expect(frame, "a screen that is refreshed without a frame shows the answer later").toBeNull();
    typed.send();
    expect(drawn).toEqual(["typed"]);
    nextFrame();
    expect([drawn, busy.credits]).toEqual([["typed", "busy", "busy"], 5]);
    nextFrame();
    expect([drawn.length, frame], "nothing waits").toEqual([3, null]);
  });

  test("that is not answered, they wait two refreshes of the screen, and not again until its VM draws", () => {
    const { typed, busy } = animating();
    compositor.handle({ type: "keyPressed", session: 1 as LinkSessionId });
    for (let count = 0; count < 2; count += 1) nextFrame();
    expect(drawn).toEqual(["busy"]);
    // The first key was typing, for half a second; the next ones are not.
    for (let count = 0; count < 32; count += 1) {
      nextFrame();
      compositor.handle({ type: "keyPressed", session: 1 as LinkSessionId });
    }
    busy.send();
    nextFrame();
    expect(drawn).toEqual(["busy", "busy"]);
    typed.send();
    nextFrame();
    compositor.handle({ type: "keyPressed", session: 1 as LinkSessionId });
    busy.send();
    nextFrame();
    expect(drawn).toEqual(["busy", "busy", "typed"]);
  });

  test("others are drawn in every refresh until the next key may come, then in every second one, and the others are left free", () => {
    const { typed, busy } = animating();
    // What the busy VM sent before the key.
    nextFrame();
    compositor.handle({ type: "keyPressed", session: 1 as LinkSessionId });
    typed.send();
    nextFrame();
    const refreshes: string[] = [];
    for (let count = 0; count < 20; count += 1) {
      drawn = [];
      busy.send();
      const isRequested = frame !== null;
      nextFrame();
      const unused = isRequested ? "requested" : "free";
      refreshes.push(drawn.length > 0 ? "drawn" : unused);
    }
    // 16 ms each: drawn 32, 48 and 64 ms after the key; the refresh at 80 ms had been requested before.
    expect(refreshes.join(" ")).toBe(`drawn drawn drawn requested drawn${" free drawn".repeat(7)} free`);
  });

  test("others are drawn in every refresh again when nobody has typed for half a second", () => {
    const { typed, busy } = animating();
    compositor.handle({ type: "keyPressed", session: 1 as LinkSessionId });
    typed.send();
    for (let count = 0; count < 33; count += 1) nextFrame();
    drawn = [];
    for (let count = 0; count < 4; count += 1) {
      busy.send();
      nextFrame();
    }
    expect(drawn).toHaveLength(4);
  });

  test("what is typed in another VM than before does not hold that one's frames back", () => {
    const { typed, busy } = animating();
    compositor.handle({ type: "keyPressed", session: 1 as LinkSessionId });
    typed.send();
    nextFrame();
    compositor.handle({ type: "keyPressed", session: 2 as LinkSessionId });
    for (let count = 0; count < 3; count += 1) {
      drawn = [];
      busy.send();
      nextFrame();
      expect(drawn).not.toEqual([]);
    }
  });

  test("a VM is not kept from drawing by its own", () => {
    const { busy } = animating();
    compositor.handle({ type: "keyPressed", session: 2 as LinkSessionId });
    nextFrame();
    expect([drawn, busy.credits]).toEqual([["busy"], 4]);
  });
});

test("while it animates, a VM's frames wait for the next refresh of the screen", () => {
  const guest = new Guest("a", 1);
  guest.send();
  guest.send();
  expect(drawn).toHaveLength(1);
  nextFrame();
  expect(drawn).toHaveLength(2);
  expect(guest.credits).toBe(4);
});

test("a frame in several messages is one frame, drawn when the last is there", () => {
  const guest = new Guest("a", 1);
  guest.send({ last: false });
  expect(drawn).toHaveLength(0);
  guest.send();
  expect(drawn).toHaveLength(2);
  nextFrame();
  expect(guest.credits).toBe(3);
});

test("what nobody sees is not paid for until somebody does", () => {
  const guest = new Guest("a", 1);
  guest.show(false);
  guest.send();
  nextFrame();
  nextFrame();
  expect(guest.credits).toBe(2);
  guest.show(true);
  nextFrame();
  expect(guest.credits).toBe(3);
});

test.each(["greedy", "modest"])("one frame of each VM is drawn in turn, whoever came first (%s)", (first) => {
  const guests = new Map(
    (first === "greedy" ? ["greedy", "modest"] : ["modest", "greedy"]).map((n, at) => [n, new Guest(n, at)]),
  );
  guests.get("greedy")?.send();
  drawn = [];
  for (let count = 0; count < 6; count += 1) guests.get("greedy")?.send();
  guests.get("modest")?.send();
  nextFrame();
  expect(drawn.indexOf("modest")).toBeLessThan(2);
  expect(drawn).toHaveLength(7);
});

test("when the time of a frame is up, the rest is drawn in later ones, and nobody is left out", () => {
  const guests = ["a", "b", "c"].map((name, at) => new Guest(name, at + 1));
  for (const guest of guests) guest.send(); // now all of them animate
  drawn = [];
  drawMs = 11; // one frame is all that there is time for
  for (const guest of guests) for (let count = 0; count < 3; count += 1) guest.send();
  nextFrame();
  expect(drawn).toHaveLength(1);
  for (let count = 0; count < 5; count += 1) nextFrame();
  expect(drawn).toHaveLength(6);
  for (const name of ["a", "b", "c"]) expect(drawn.filter((one) => one === name).length, name).toBeGreaterThan(0);
  for (let count = 0; count < 5; count += 1) nextFrame();
  expect(drawn.toSorted()).toEqual(["a", "a", "a", "b", "b", "b", "c", "c", "c"]);
  expect(guests.map(({ credits }) => credits)).toEqual([2 + 4, 2 + 4, 2 + 4]);
});

describe("a large frame", () => {
  /** 4 MPx: 16 bands, each of which takes 3 ms. */
  const [width, height] = [2048, 2048];
  const bands = Array.from({ length: 16 }, (_, at) => {
    return { x: 0, y: at * 128, width, height: 128, encoding: "lz4" as const, size: BAND.length };
  });
  const large = (guest: Guest): void =>
    guest.send({ width, height, damage: bands, payload: Buffer.concat(bands.map(() => BAND)) });

  function animating(...guests: Guest[]): void {
    for (const guest of guests) guest.send();
    nextFrame();
    drawn = [];
    drawMs = 3;
  }

  test("is cut while another VM draws: that one draws in every refresh, and the large one is shown whole or not at all", () => {
    const [flood, other] = [new Guest("flood", 1), new Guest("other", 2)];
    animating(flood, other);
    large(flood);
    const refreshes: string[] = [];
    for (let count = 0; count < 8; count += 1) {
      drawn = [];
      other.send();
      nextFrame();
      refreshes.push(drawn.join(" "));
      if (drawn.some((name) => name.startsWith("flood"))) break;
    }
    expect(refreshes.length).toBeGreaterThan(3);
    expect(refreshes.every((names) => names.includes("other"))).toBe(true);
    // Its bands went to a canvas that nobody sees.
    expect(refreshes.at(-1)).toContain("flood, whole");
    expect(refreshes.slice(0, -1).join(" ")).not.toContain("flood");
    expect(flood.credits, "it is paid for when it is shown").toBe(2 + 1 + 1);
    expect(other.credits).toBe(2 + 1 + refreshes.length);
  });

  test("lets its VM rest while refreshes come late, so that others have theirs", () => {
    const bandsWhile = (lateMs: number): number => {
      drawn = [];
      backs = [];
      bandsDrawn = 0;
      const [flood, other] = [new Guest("flood", lateMs + 1), new Guest("other", lateMs + 2)];
      animating(flood, other);
      for (let count = 0, dueMs = clockMs; count < 40; count += 1) {
        large(flood);
        other.send();
        // `lateMs`: another process has the processor.
        dueMs += 16 + lateMs;
        nextFrame(Math.max(1, dueMs - clockMs));
      }
      expect(drawn.filter((name) => name === "other").length).toBeGreaterThan(35);
      for (const guest of [flood, other]) guest.end();
      return bandsDrawn;
    };
    const [inTime, late] = [bandsWhile(0), bandsWhile(20)];
    expect(late).toBeLessThan(inTime / 1.5);
    expect(late, "it has its turns").toBeGreaterThan(20);
  });

  test("does not delay what others are paid: they draw their next frames meanwhile", () => {
    const [flood, other] = [new Guest("flood", 1), new Guest("other", 2)];
    animating(flood, other);
    large(flood);
    other.send();
    nextFrame();
    expect(other.credits).toBe(2 + 2);
    expect(clockMs - other.paidAtMs, "at the first band after it").toBeGreaterThanOrEqual(3);
  });

  test("is drawn in one piece, without a copy, where no other VM draws", () => {
    const alone = new Guest("alone", 1);
    void new Guest("quiet", 2);
    animating(alone);
    large(alone);
    nextFrame();
    expect(drawn).toEqual(Array.from({ length: 16 }, () => "alone"));
    expect(backs).toEqual([]);
  });

  test("is drawn in one piece when it answers a key", () => {
    const [typed, busy] = [new Guest("typed", 1), new Guest("busy", 2)];
    animating(typed, busy);
    busy.send();
    compositor.handle({ type: "keyPressed", session: 1 as LinkSessionId });
    large(typed);
    nextFrame();
    expect(drawn.filter((name) => name === "typed")).toHaveLength(16);
    expect(backs).toEqual([]);
  });

  test("gives the memory of its back canvas back when the VM draws small frames again, or has ended", () => {
    const [flood, other] = [new Guest("flood", 1), new Guest("other", 2)];
    animating(flood, other);
    large(flood);
    for (let count = 0; count < 10; count += 1) {
      other.send();
      nextFrame();
    }
    expect(backs).toMatchObject([{ width, height }]);
    flood.send();
    nextFrame();
    expect(backs).toMatchObject([{ width: 0, height: 0 }]);
    large(flood);
    other.send();
    nextFrame();
    flood.end();
    expect(backs.map((back) => back.width)).toEqual([0, 0]);
  });

  test("of which a band does not decode cuts its VM off", () => {
    const [flood, other] = [new Guest("flood", 1), new Guest("other", 2)];
    animating(flood, other);
    const payload = Buffer.concat([...bands.slice(1).map(() => BAND), Buffer.alloc(BAND.length, 255)]);
    flood.send({ width, height, damage: bands, payload });
    for (let count = 0; count < 10; count += 1) {
      other.send();
      nextFrame();
    }
    expect(flood.said.at(-1)).toMatchObject({ type: "violation" });
    expect(drawn).not.toContain("flood, whole");
  });
});

test("surfaces that change their size are drawn as fast as the page can follow, and keep no other VM waiting", () => {
  const [flood, other] = [new Guest("flood", 1), new Guest("other", 2)];
  flood.send();
  other.send();
  nextFrame();
  told = [];
  for (let count = 0; count < 40; count += 1) flood.send({ logicalWidth: 3 + (count % 2) });
  const credits = other.credits;
  for (let refresh = 1; refresh <= 3; refresh += 1) {
    other.send();
    nextFrame();
    expect(told.filter(({ type }) => type === "frameChanged").length).toBeLessThanOrEqual(12 * refresh);
    expect(other.credits).toBe(credits + refresh);
  }
  for (let count = 0; count < 3; count += 1) nextFrame();
  expect(told.filter(({ type }) => type === "frameChanged")).toHaveLength(40);
});

test("a VM whose frame does not decode is reported and drawn no more; the others go on", () => {
  const [bad, good] = [new Guest("bad", 1), new Guest("good", 2)];
  bad.send({
    damage: [{ x: 0, y: 0, width: 2, height: 1, encoding: "lz4", size: 8 }],
    payload: new Uint8Array(8).fill(255),
  });
  expect(bad.said.at(-1)).toMatchObject({ type: "violation", surface: SURFACE });
  bad.send();
  good.send();
  nextFrame();
  expect(drawn).toEqual(["good"]);
  expect(bad.credits).toBe(2);
  expect(good.credits).toBe(3);
});

test("a VM for whose frame there is no memory is reported and drawn no more; the others go on", () => {
  // Its canvas gives nothing to draw on.
  const [bad, good] = [new Guest("bad", 1, Object.freeze({})), new Guest("good", 2)];
  bad.send();
  expect(bad.said.at(-1)).toMatchObject({ type: "violation" });
  good.send();
  nextFrame();
  good.send();
  nextFrame();
  expect(drawn).toEqual(["good", "good"]);
  expect([bad.credits, good.credits]).toEqual([2, 4]);
});

test.each([
  ["its last window goes", ["end", "forget"]],
  ["it ends without windows", ["forget", "end"]],
] as const)("nothing is kept of a session that has ended when %s", (_when, [first, second]) => {
  const guest = new Guest("a", 1);
  guest[first]();
  guest[second]();
  expect(guest.isKept()).toBe(false);
});

test("a session that has ended keeps its last frames until they are forgotten", () => {
  const guest = new Guest("a", 1);
  guest.end();
  expect(guest.isKept()).toBe(true);
});

describe("what a VM may take of the worker's memory is measured by the screen", () => {
  const violation: unknown = expect.objectContaining({ type: "violation" });
  /** Of a buffer as large as 40 screens of full HD. */
  const LARGE = { width: 1920 * 8, height: 1080 * 5 };
  const screenOf2Hd = (): void => compositor.handle({ type: "screen", px: 2 * 1920 * 1080 });

  test("by its canvases", () => {
    const small = new Guest("small", 1);
    small.send(LARGE);
    nextFrame();
    expect(small.said).toContainEqual(violation);
    expect(drawn).toEqual([]);
    screenOf2Hd();
    const large = new Guest("large", 2);
    large.send(LARGE);
    nextFrame();
    expect(large.said).not.toContainEqual(violation);
    expect(drawn).toEqual(["large"]);
  });

  test("by what waits to be drawn", () => {
    const part = { payload: { length: LARGE.width * LARGE.height * 4 } as Uint8Array, last: false };
    const small = new Guest("small", 1);
    small.send(part);
    expect(small.said).toContainEqual(violation);
    screenOf2Hd();
    const large = new Guest("large", 2);
    large.send(part);
    expect(large.said).not.toContainEqual(violation);
  });

  test("by a picture of a window, for which no canvas is made where it is too large", async () => {
    const picture = async (request: number): Promise<string | null> => {
      compositor.handle({ type: "screenshot", request, width: 1920 * 5, height: 1080, layers: [] });
      await vi.waitFor(() => expect(told.at(-1)).toMatchObject({ type: "screenshot", request }));
      const last = told.at(-1);
      return last?.type !== "screenshot" || last.png === null ? null : new TextDecoder().decode(last.png);
    };
    expect(await picture(1)).toBeNull();
    expect(backs).toEqual([]);
    screenOf2Hd();
    expect(await picture(2)).toBe("9600x1080");
  });
});

describe("a rectangle of one colour", () => {
  const SOLID = { x: 3, y: 4, width: 50, height: 60, encoding: "solid" as const, size: 4 };
  const BIG = { width: 100, height: 100, damage: [SOLID] };

  /** What is done to the canvas for a solid pixel B G R A. */
  function fillsFor(session: number, pixel: readonly number[], opaque: boolean): unknown[] {
    const fills: unknown[] = [];
    const context = {
      fillStyle: "",
      clearRect: (...rect: number[]) => fills.push("clear", rect),
      fillRect(...rect: number[]) {
        fills.push(this.fillStyle, rect);
      },
    };
    const guest = new Guest("home", session, context);
    guest.send({ ...BIG, opaque, payload: Uint8Array.from(pixel) });
    nextFrame();
    return fills;
  }

  test("is filled with it", () => {
    expect(fillsFor(1, [0x56, 0x34, 0x12, 0x99], true)).toEqual(["#123456ff", [3, 4, 50, 60]]);
  });

  test("takes the place of what is there where it is translucent, and is not premultiplied any more", () => {
    const rect = [3, 4, 50, 60];
    expect(fillsFor(1, [0, 0, 0x40, 0x80], false)).toEqual(["clear", rect, "#80000080", rect]);
    expect(fillsFor(2, [0, 0, 0, 0], false)).toEqual(["clear", rect, "#00000000", rect]);
  });

  test("that has no whole pixel costs the VM its channels", () => {
    const guest = new Guest("home", 1);
    guest.send({ ...BIG, damage: [{ ...SOLID, size: 3 }], payload: new Uint8Array(3) });
    expect(guest.said).toContainEqual(expect.objectContaining({ type: "violation" }));
  });
});
