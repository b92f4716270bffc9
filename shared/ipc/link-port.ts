/**
 * The page's end of a link: one MessagePort per VM between the link process and the desktop's page (events and input),
 * and a second one between the link process and the compositor worker (pixels and credits). Both are handed out by main.
 *
 * What the link says has been validated by it. What the page says is parsed again by the link (pageMessageSchema).
 */
import { z } from "zod";
import type { GuestPopup, GuestWindow, PlacedChild, SurfaceId, WindowRequest } from "../model/window.ts";
import { MAX_WINDOW_SIDE } from "../model/window.ts";
import { MAX_COORDINATE } from "../protocol/limits.ts";

export type CursorImage =
  | { kind: "shape"; name: string }
  | {
      kind: "bitmap";
      width: number;
      height: number;
      hotX: number;
      hotY: number;
      scale: number;
      /** BGRA premultiplied */ pixels: Uint8Array;
    };

/** link -> page: what happens to the surfaces of a VM, in the agent's order. */
export type SurfaceEvent =
  | { type: "windowOpened"; window: GuestWindow }
  | {
      type: "windowChanged";
      surface: SurfaceId;
      change: Partial<Pick<GuestWindow, "title" | "appId" | "parent" | "modal" | "hints" | "clientDecorated">>;
    }
  | { type: "popupOpened"; popup: GuestPopup }
  | { type: "popupMoved"; surface: SurfaceId; rect: GuestPopup["rect"] }
  | { type: "subsurfaceOpened"; surface: SurfaceId; parent: SurfaceId }
  | { type: "childrenPlaced"; parent: SurfaceId; children: PlacedChild[] }
  | { type: "windowRequested"; surface: SurfaceId; request: WindowRequest }
  | { type: "surfaceClosed"; surface: SurfaceId }
  | { type: "cursorChanged"; cursor: CursorImage };

/** link -> page. `attached` comes first, then the surfaces that exist, then what happens. */
export type LinkEvent =
  | { type: "attached" }
  | SurfaceEvent
  /** To be answered by `markReached`: until then the link keeps back what a guest says too fast. */
  | { type: "mark" }
  /** The channels are closed: windows of this VM freeze. Nothing follows. */
  | { type: "closed"; reason: "protocol-violation" | "agent-lost" | "stopped"; detail: string };

const surface = z.int().min(1).max(0xffff_ffff);
const timeMs = z.int().min(0).max(0xffff_ffff);
const coordinate = z.int().min(-0x7fff_ff).max(0x7fff_ff);
const side = z.int().min(0).max(MAX_WINDOW_SIDE);

/** page -> link, main -> link: input and window orders. */
const linkCommandSchema = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("configure"),
    surface,
    serial: z.int().min(1).max(0xffff_ffff),
    width: side,
    height: side,
    /** bits: 1 activated, 2 maximized, 4 fullscreen, 8 resizing, 16 tiled */
    states: z.int().min(0).max(31),
    boundsWidth: side,
    boundsHeight: side,
    x: z.int().min(-MAX_COORDINATE).max(MAX_COORDINATE),
    y: z.int().min(-MAX_COORDINATE).max(MAX_COORDINATE),
  }),
  z.object({ type: z.literal("close"), surface }),
  z.object({ type: z.literal("dismissPopup"), surface }),
  z.object({ type: z.literal("refresh"), surface }),
  z.object({ type: z.literal("keyboardFocus"), surface: surface.nullable() }),
  z.object({
    type: z.literal("key"),
    code: z.int().min(1).max(767),
    state: z.enum(["released", "pressed", "repeated"]),
    timeMs,
  }),
  /** xFixed, yFixed: surface-local logical units x 256 */
  z.object({ type: z.literal("pointerMotion"), surface, xFixed: coordinate, yFixed: coordinate, timeMs }),
  z.object({ type: z.literal("pointerLeft") }),
  z.object({ type: z.literal("pointerButton"), button: z.int().min(0x110).max(0x11f), pressed: z.boolean(), timeMs }),
  z.object({
    type: z.literal("pointerAxis"),
    x120: z.int().min(-12_000).max(12_000),
    y120: z.int().min(-12_000).max(12_000),
    xFixed: coordinate,
    yFixed: coordinate,
    finger: z.boolean(),
    stopped: z.boolean(),
    timeMs,
  }),
  z.object({
    type: z.literal("output"),
    width: side,
    height: side,
    scale120: z.int().min(60).max(480),
    refreshMhz: z.int().min(1000).max(1_000_000),
  }),
]);
export type LinkCommand = z.infer<typeof linkCommandSchema>;

/** page -> link. `markReached`: all that came before the last `mark` has been dealt with. */
export const pageMessageSchema = z.discriminatedUnion("type", [
  linkCommandSchema,
  z.object({ type: z.literal("markReached") }),
]);
export type PageMessage = z.infer<typeof pageMessageSchema>;

export interface DamageRect {
  /** Physical pixels of the buffer. */
  x: number;
  y: number;
  width: number;
  height: number;
  /** @see Encoding in atoll.proto */
  encoding: "raw" | "lz4" | "solid";
  /** Bytes of the payload that this rectangle takes, in order. */
  size: number;
}

/** link -> worker. Header checked by the link, payload not looked at; `payload` is owned by the receiver. */
export interface FrameMessage {
  type: "frame";
  surface: SurfaceId;
  serial: number;
  /** Buffer, physical pixels. */
  width: number;
  height: number;
  scale: number;
  /** Logical size of the surface. */
  logicalWidth: number;
  logicalHeight: number;
  /** Window geometry in logical units, relative to the surface; null = the whole surface. */
  geometry: { x: number; y: number; width: number; height: number } | null;
  opaque: boolean;
  configureSerial: number;
  damage: DamageRect[];
  last: boolean;
  payload: Uint8Array;
}

/** link -> worker: the surface is gone; its memory may be reused. */
export interface SurfaceRetired {
  type: "retired";
  surface: SurfaceId;
}

export type PixelEvent = FrameMessage | SurfaceRetired;

/** worker -> link. `violation`: a payload did not decode; the link closes the VM's channels. */
export const pixelCommandSchema = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("credit"),
    surface,
    count: z.int().min(1).max(8),
    shownSerial: z.int().min(0).max(0xffff_ffff),
  }),
  z.object({ type: z.literal("violation"), surface, detail: z.string().max(200) }),
]);
export type PixelCommand = z.infer<typeof pixelCommandSchema>;
