/**
 * The page's end of a link: one MessagePort per VM between the link process and the desktop's page (events and input),
 * and a second one between the link process and the compositor worker (pixels and credits). Both are handed out by main.
 *
 * What the link says has been validated by it. What the page says is parsed again by the link (pageMessageSchema).
 */
import { z } from "zod";
import { CLIP_SELECTIONS } from "../model/clip.ts";
import type { FrameMessage } from "../model/frame.ts";
import type { SurfaceEvent } from "../model/surface-event.ts";
import { MAX_WINDOW_SIDE, type SurfaceId, WINDOW_STATE_BITS } from "../model/window.ts";
import { MAX_COORDINATE, MAX_OPEN_CREDITS } from "../protocol/limits.ts";
import { MAX_U32 } from "../protocol/violation.ts";

/** link -> page. `attached` comes first, then the surfaces that exist, then what happens. */
export type LinkEvent =
  | { type: "attached" }
  | SurfaceEvent
  /** To be answered by `fenceReached`: until then the link holds back what a guest says too fast. */
  | { type: "fence" }
  /** The channels are closed: windows of this VM freeze. Nothing follows. */
  | { type: "closed"; reason: "protocol-violation" | "agent-lost"; detail: string };

/** Positions and distances in logical units x 256, as Wayland's wl_fixed_t: up to MAX_COORDINATE and a fraction. */
export const MAX_FIXED = 0x7f_ffff;
const MAX_KEY_CODE = 767; // KEY_MAX of linux/input-event-codes.h
const [BTN_MOUSE, BTN_LAST] = [0x110, 0x11f]; // of the same
/** A hundred notches of a wheel. */
const MAX_WHEEL_120 = 12_000;
const ALL_STATES = Object.values(WINDOW_STATE_BITS).reduce((all, bit) => all | bit, 0);
const MAX_VIOLATION_CHARACTERS = 200;

const surface = z.int().min(1).max(MAX_U32);
const timeMs = z.int().min(0).max(MAX_U32);
const fixed = z.int().min(-MAX_FIXED).max(MAX_FIXED);
const position = z.int().min(-MAX_COORDINATE).max(MAX_COORDINATE);
const side = z.int().min(0).max(MAX_WINDOW_SIDE);
const wheel = z.int().min(-MAX_WHEEL_120).max(MAX_WHEEL_120);

/** page -> link: input, and what the window manager wants of windows. */
const linkCommandSchema = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("configure"),
    surface,
    serial: z.int().min(1).max(MAX_U32),
    width: side,
    height: side,
    /** Bits of WINDOW_STATE_BITS. */
    states: z.int().min(0).max(ALL_STATES),
    boundsWidth: side,
    boundsHeight: side,
    x: position,
    y: position,
  }),
  z.object({ type: z.literal("close"), surface }),
  z.object({ type: z.literal("dismissPopup"), surface }),
  z.object({ type: z.literal("refresh"), surface }),
  z.object({ type: z.literal("keyboardFocus"), surface: surface.nullable() }),
  z.object({
    type: z.literal("key"),
    code: z.int().min(1).max(MAX_KEY_CODE),
    state: z.enum(["released", "pressed", "repeated"]),
    timeMs,
  }),
  /** The next key or button pastes from that selection: main knows of it by the same number, which is above all before of this page. */
  z.object({
    type: z.literal("pasteChord"),
    chord: z.int().min(1).max(MAX_U32),
    selection: z.enum(CLIP_SELECTIONS),
  }),
  /** xFixed, yFixed: surface-local logical units x 256 */
  z.object({ type: z.literal("pointerMotion"), surface, xFixed: fixed, yFixed: fixed, timeMs }),
  z.object({ type: z.literal("pointerLeft") }),
  /** The program of that surface has the pointer to itself: `pointerMoved` comes in place of motions. null: no more. */
  z.object({ type: z.literal("pointerLocked"), surface: surface.nullable() }),
  /** Logical units x 256. */
  z.object({ type: z.literal("pointerMoved"), dxFixed: fixed, dyFixed: fixed, timeMs }),
  z.object({
    type: z.literal("pointerButton"),
    button: z.int().min(BTN_MOUSE).max(BTN_LAST),
    pressed: z.boolean(),
    timeMs,
  }),
  z.object({
    type: z.literal("pointerAxis"),
    x120: wheel,
    y120: wheel,
    xFixed: fixed,
    yFixed: fixed,
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

/** page -> link. `fenceReached`: all that came before the last `fence` has been dealt with. */
export const pageMessageSchema = z.discriminatedUnion("type", [
  linkCommandSchema,
  z.object({ type: z.literal("fenceReached") }),
]);
export type PageMessage = z.infer<typeof pageMessageSchema>;

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
    count: z.int().min(1).max(MAX_OPEN_CREDITS),
    shownSerial: z.int().min(0).max(MAX_U32),
  }),
  z.object({ type: z.literal("violation"), surface, detail: z.string().max(MAX_VIOLATION_CHARACTERS) }),
]);
export type PixelCommand = z.infer<typeof pixelCommandSchema>;
