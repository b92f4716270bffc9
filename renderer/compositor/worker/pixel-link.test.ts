import { beforeEach, describe, expect, it } from "vitest";
import type { PixelCommand, PixelEvent } from "#shared/ipc/link-port.ts";
import type { FrameMessage } from "#shared/model/frame.ts";
import type { SurfaceId } from "#shared/model/window.ts";
import type { Decoder } from "../decoders/decoder.ts";
import type { LinkSessionId } from "./messages.ts";
import { MemoryBudget } from "./memory-budget.ts";
import { type DrawTurn, PixelLink } from "./pixel-link.ts";

/** What a VM may take of the compositor's memory; the decoder and the canvas are not what is tested. */
const decoder = { load: () => true, decode: () => null } as unknown as Decoder;
const turn: DrawTurn = { decoder, uncutMs: Infinity, isTimeUp: () => false };

class FakePort {
  onmessage: ((event: { data: PixelEvent }) => void) | null = null;
  readonly heard: PixelCommand[] = [];
  postMessage(command: PixelCommand): void {
    this.heard.push(command);
  }
  close(): void {
    this.onmessage = null;
  }
}

const SCREEN_PX = 5_000_000;
/** Of frames that wait. */
const WAITING_MIB = Math.floor((SCREEN_PX * 24 * 4) / 1024 / 1024);
const MEGABYTE = 1024 * 1024;
const id = (n: number): SurfaceId => n as SurfaceId;
const canvas = (): OffscreenCanvas => ({ width: 1, height: 1, getContext: () => ({}) }) as unknown as OffscreenCanvas;
const frame = (surface: number, width: number, height: number, payloadBytes = 0, last = true): FrameMessage => ({
  type: "frame",
  surface: id(surface),
  serial: 1,
  width,
  height,
  scale: 1,
  logicalWidth: width,
  logicalHeight: height,
  geometry: null,
  opaque: true,
  configureSerial: 0,
  damage: [],
  last,
  payload: { length: payloadBytes } as Uint8Array,
});

let port: FakePort;
let link: PixelLink;
/** Surfaces that were reported to want another canvas. */
let wanted: SurfaceId[];
/** Surfaces that were reported to have lost their pixels. */
let emptied: SurfaceId[];
const say = (data: PixelEvent): void => port.onmessage?.({ data });
const violations = (): PixelCommand[] => port.heard.filter(({ type }) => type === "violation");

beforeEach(() => {
  port = new FakePort();
  [wanted, emptied] = [[], []];
  const links = new Map<number, PixelLink>();
  const budget = new MemoryBudget(links);
  // 5 MPx: 24 of them are 122 MPx, 488 MB.
  budget.setScreen(SCREEN_PX);
  link = new PixelLink(1 as LinkSessionId, port as unknown as MessagePort, {
    frameWaits: () => undefined,
    canvasWanted: (_life, surface) => wanted.push(surface),
    emptied: (_life, surface) => emptied.push(surface),
    frameChanged: () => undefined,
    grows: (grown, px) => budget.hasRoom(grown, px),
    holds: (held) => budget.limitWaiting(held),
    spent: () => undefined,
  });
  links.set(1, link);
});

describe("the memory of one VM in the compositor", () => {
  it("is bounded over all of its windows: past it the VM loses its channels, and nothing of it is drawn any more", () => {
    // 16.8 MPx each; 120 MPx are allowed.
    for (let n = 1; n <= 7; n += 1) {
      link.open(id(n), canvas());
      say(frame(n, 4096, 4096));
      link.drawNext(turn);
    }
    expect(violations()).toEqual([]);
    const last = canvas();
    link.open(id(8), last);
    say(frame(8, 4096, 4096));
    link.drawNext(turn);
    expect(violations()).toHaveLength(1);
    expect(last.width, "nothing is allocated before it is checked").toBe(1);
    port.heard.length = 0;
    say(frame(1, 10, 10));
    link.drawNext(turn);
    link.giveCredits();
    expect(port.heard).toEqual([]);
  });

  it("is free again when a window closes", () => {
    for (let n = 1; n <= 8; n += 1) {
      link.open(id(n), canvas());
      say(frame(n, 4096, 4096));
      link.drawNext(turn);
      if (n === 1) say({ type: "retired", surface: id(1) });
    }
    expect(violations()).toEqual([]);
  });

  it.each([[[]], [[{ type: "retired", surface: id(1) }]]] as [PixelEvent[]][])(
    "is given back when the page shows the window no more, and not before (%j)",
    (before) => {
      const own = canvas();
      link.open(id(1), own);
      say(frame(1, 400, 300));
      link.drawNext(turn);
      before.forEach(say);
      expect([own.width, own.height]).toEqual([400, 300]);
      link.forget(id(1));
      expect([own.width, own.height]).toEqual([1, 1]);
    },
  );

  it.each([
    ["retired by its guest", (n: number) => say({ type: "retired", surface: id(n) })],
    ["closed on the page", (n: number) => link.forget(id(n))],
  ])("is free again when a window is %s in the middle of a frame", (_how, close) => {
    for (let n = 1; n <= 1000; n += 1) {
      link.open(id(n), canvas());
      say(frame(n, 8192, 4320, MEGABYTE, false));
      close(n);
    }
    expect(violations()).toEqual([]);
  });

  it("is free again when a frame is complete, however many parts it had", () => {
    link.open(id(1), canvas());
    for (let count = 0; count < 1000; count += 1) {
      say(frame(1, 8192, 4320, MEGABYTE, count % 3 === 2));
      link.drawNext(turn);
    }
    expect(violations()).toEqual([]);
  });

  it("is bounded for frames that wait, of which the last part never comes as well", () => {
    link.open(id(1), canvas());
    for (let part = 0; part < WAITING_MIB; part += 1) say(frame(1, 8192, 4320, MEGABYTE, false));
    expect(violations()).toEqual([]);
    say(frame(1, 8192, 4320, MEGABYTE, false));
    expect(violations()).toHaveLength(1);
  });

  it("counts rectangles of frames that wait: a message of a few bytes may have a thousand", () => {
    link.open(id(1), canvas());
    const damage = Array.from({ length: 1024 }, () => ({
      x: 0,
      y: 0,
      width: 1,
      height: 1,
      encoding: "solid" as const,
      size: 4,
    }));
    const bytes = 1024 * (64 + 4);
    const most = Math.floor((SCREEN_PX * 24 * 4) / bytes);
    for (let part = 0; part < most; part += 1) say({ ...frame(1, 100, 100, 4096, false), damage });
    expect(violations()).toEqual([]);
    say({ ...frame(1, 100, 100, 4096, false), damage });
    expect(violations()).toHaveLength(1);
  });
});

describe("a surface of which the page has not spoken yet", () => {
  it("is given no credit, and what comes of it costs nothing", () => {
    for (let part = 0; part < 1000; part += 1) say(frame(1, 8192, 4320, MEGABYTE, false));
    expect(port.heard).toEqual([]);
    link.open(id(1), canvas());
    expect(port.heard).toEqual([{ type: "credit", surface: 1, count: 2, shownSerial: 0 }]);
    for (let part = 0; part < WAITING_MIB; part += 1) say(frame(1, 8192, 4320, MEGABYTE, false));
    expect(violations()).toEqual([]);
  });
});

describe("a surface that becomes translucent", () => {
  const drawAll = (): void => {
    while (link.hasWaiting) link.drawNext(turn);
  };
  const kinds = (): { canvas: OffscreenCanvas; made: boolean[] } => {
    const made: boolean[] = [];
    const getContext = (_kind: string, { alpha }: { alpha: boolean }): object => {
      made.push(alpha);
      return {};
    };
    return { canvas: { width: 1, height: 1, getContext } as unknown as OffscreenCanvas, made };
  };

  it("waits for another canvas, asked for once, and then shows all that it was sent in its order", () => {
    const [first, second] = [kinds(), kinds()];
    link.open(id(1), first.canvas);
    say(frame(1, 10, 10));
    drawAll();
    for (const [width, opaque] of [
      [20, false],
      [30, true],
      [40, false],
    ] as const)
      say({ ...frame(1, width, 10, 100), opaque });
    drawAll();
    link.giveCredits();
    expect(wanted).toEqual([1]);
    expect(first).toMatchObject({ made: [false], canvas: { width: 10 } });
    // Nothing that was not shown is paid for.
    expect(port.heard.filter(({ type }) => type === "credit")).toMatchObject([{ count: 2 }, { count: 1 }]);
    link.replaceCanvas(id(1), second.canvas);
    drawAll();
    link.giveCredits();
    expect(wanted).toEqual([1]);
    expect(second).toMatchObject({ made: [true], canvas: { width: 40 } });
    expect(port.heard.at(-1)).toMatchObject({ type: "credit", count: 3 });
  });

  it("needs none when it was translucent from the first frame on", () => {
    const only = kinds();
    link.open(id(1), only.canvas);
    for (const opaque of [false, true, false]) say({ ...frame(1, 10, 10), opaque });
    drawAll();
    expect(wanted).toEqual([]);
    expect(only.made).toEqual([true]);
  });

  it("gives back the bytes that waited for a canvas that never came", () => {
    for (let n = 1; n <= 400; n += 1) {
      link.open(id(n), canvas());
      say(frame(n, 1, 1));
      say({ ...frame(n, 1, 1, MEGABYTE), opaque: false });
      drawAll();
      say({ type: "retired", surface: id(n) });
    }
    expect(violations()).toEqual([]);
  });
});

it("a canvas whose pixels are lost with the graphics processor's memory is reported, while there is a guest that can draw it", () => {
  const lost = canvas();
  link.open(id(1), lost);
  say(frame(1, 10, 10));
  link.drawNext(turn);
  const restored = (): void => {
    lost.oncontextrestored?.call(lost, new Event("contextrestored"));
  };
  restored();
  expect(emptied).toEqual([1]);
  link.end();
  restored();
  expect(emptied).toEqual([1]);
});
