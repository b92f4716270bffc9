/** Acceptance of a Frame header: bounds, order and credit. The payload's bytes are not looked at, only counted. */
import type { DamageRect, FrameMessage } from "../model/frame.ts";
import type { WireMessageOf } from "./header.ts";
import { Encoding, PixelFormat } from "./gen/atoll_pb.ts";
import {
  MAX_AREA_PX,
  MAX_COORDINATE,
  MAX_DAMAGE_RECTS,
  MAX_FRAME_PARTS,
  MAX_FRAME_COVERS,
  MAX_SCALE,
  MAX_RECT_PX,
  MAX_SIDE_PX,
  maxFrameRects,
} from "./limits.ts";
import type { Surface, SurfaceTable } from "./surfaces.ts";
import { boundedInteger, refuse } from "./violation.ts";

const PIXEL_BYTES = 4;
const ENCODINGS: Readonly<Partial<Record<Encoding, DamageRect["encoding"]>>> = {
  [Encoding.RAW]: "raw",
  [Encoding.LZ4]: "lz4",
  [Encoding.SOLID]: "solid",
};

/**
 * Takes the frame into account (credit, serial, parts) and returns it for the worker, or null where it belongs to a surface
 * that is retired meanwhile. Throws ViolationError.
 *
 * @param maxAreaPx of the buffer, @see maxBufferPx
 */
export function acceptFrame(
  untrusted: WireMessageOf<"frame">,
  payload: Uint8Array,
  surfaces: SurfaceTable,
  maxAreaPx = MAX_AREA_PX,
): FrameMessage | null {
  const found = surfaces.findForFrame(untrusted.surface);
  if (found === undefined) refuse("no-credit", `frame for surface ${untrusted.surface}, which has no credit`);
  const { surface, isLive } = found;
  const width = boundedInteger(untrusted.width, 1, MAX_SIDE_PX, "frame width");
  const height = boundedInteger(untrusted.height, 1, MAX_SIDE_PX, "frame height");
  if (width * height > maxAreaPx) refuse("bad-frame", `${width}x${height} is more than ${maxAreaPx} pixels`);
  takeCredit(surface, untrusted, width, height);
  const damage = acceptDamage(untrusted, width, height, payload.length);
  acceptPart(surface, untrusted.last, damage, payload.length);
  if (!isLive) {
    surfaces.forget(surface);
    return null;
  }
  const scale = boundedInteger(untrusted.scale, 1, MAX_SCALE, "frame scale");
  const format = untrusted.format;
  if (format !== PixelFormat.XRGB8888 && format !== PixelFormat.ARGB8888) refuse("bad-frame", `pixel format ${format}`);
  return {
    type: "frame",
    surface: surface.id,
    serial: untrusted.serial,
    width,
    height,
    scale,
    logicalWidth: logicalSide(untrusted.viewportWidth, width, scale),
    logicalHeight: logicalSide(untrusted.viewportHeight, height, scale),
    geometry: acceptGeometry(untrusted),
    opaque: format === PixelFormat.XRGB8888,
    configureSerial: untrusted.configureSerial,
    damage,
    last: untrusted.last,
    payload,
  };
}

/** The first message of a frame takes one credit; the others must belong to it. */
function takeCredit(surface: Surface, untrusted: WireMessageOf<"frame">, width: number, height: number): void {
  const partial = surface.partial;
  if (partial !== null) {
    if (partial.serial !== untrusted.serial || partial.width !== width || partial.height !== height) {
      refuse("bad-frame", `surface ${surface.id}: frame ${partial.serial} is not complete`);
    }
    return;
  }
  if (surface.credits === 0) refuse("no-credit", `surface ${surface.id} has no credit`);
  if (untrusted.serial <= surface.lastSerial)
    refuse("bad-frame", `surface ${surface.id}: serial ${untrusted.serial} does not rise`);
  surface.credits -= 1;
  surface.lastSerial = untrusted.serial;
  surface.partial = { serial: untrusted.serial, width, height, parts: 0, bytes: 0, rects: 0, areaPx: 0 };
}

/** All parts of a frame are decoded and drawn in one task of the compositor, which every VM shares: what they cost is bounded. */
function acceptPart(surface: Surface, isLast: boolean, damage: FrameMessage["damage"], payloadBytes: number): void {
  const partial = surface.partial;
  if (partial === null) return;
  const frameAreaPx = partial.width * partial.height;
  partial.parts += 1;
  partial.bytes += payloadBytes;
  partial.rects += damage.length;
  for (const { width, height } of damage) partial.areaPx += width * height;
  if (partial.parts > MAX_FRAME_PARTS)
    refuse("quota", `surface ${surface.id}: more than ${MAX_FRAME_PARTS} messages for one frame`);
  if (partial.rects > maxFrameRects(frameAreaPx))
    refuse("quota", `surface ${surface.id}: ${partial.rects} damage rectangles for one frame`);
  if (partial.areaPx > frameAreaPx * MAX_FRAME_COVERS)
    refuse("bad-frame", `surface ${surface.id}: more pixels than a ${partial.width}x${partial.height} frame has`);
  // A small frame has overhead.
  if (partial.bytes > frameAreaPx * 4 * MAX_FRAME_COVERS + 4096)
    refuse("bad-frame", `surface ${surface.id}: more bytes than a ${partial.width}x${partial.height} frame has`);
  if (isLast) surface.partial = null;
}

function acceptDamage(
  untrusted: WireMessageOf<"frame">,
  width: number,
  height: number,
  payloadBytes: number,
): FrameMessage["damage"] {
  if (untrusted.damage.length > MAX_DAMAGE_RECTS) refuse("quota", `more than ${MAX_DAMAGE_RECTS} damage rectangles`);
  let bytes = 0;
  const damage = untrusted.damage.map((rect) => {
    // Each is a u32, so the sums below are exact.
    if (rect.width === 0 || rect.height === 0 || rect.x + rect.width > width || rect.y + rect.height > height) {
      refuse("bad-frame", `damage ${rect.width}x${rect.height}+${rect.x}+${rect.y} is not within ${width}x${height}`);
    }
    const rawBytes = rect.width * rect.height * 4;
    const encoding = ENCODINGS[rect.encoding];
    if (encoding === undefined) refuse("bad-frame", `encoding ${rect.encoding}`);
    if (encoding !== "solid" && rect.width * rect.height > MAX_RECT_PX)
      refuse("bad-frame", `a rectangle of ${rect.width}x${rect.height} is more than ${MAX_RECT_PX} pixels`);
    const isSound =
      encoding === "lz4"
        ? rect.size > 0 && rect.size <= lz4Bound(rawBytes)
        : rect.size === (encoding === "solid" ? PIXEL_BYTES : rawBytes);
    if (!isSound) refuse("bad-frame", `${rect.size} bytes for a rectangle of ${rawBytes}`);
    bytes += rect.size;
    return { x: rect.x, y: rect.y, width: rect.width, height: rect.height, encoding, size: rect.size };
  });
  if (bytes !== payloadBytes) refuse("bad-frame", `rectangles name ${bytes} bytes, the payload has ${payloadBytes}`);
  return damage;
}

/** Largest LZ4 block of `bytes` bytes, as LZ4_compressBound says. */
function lz4Bound(bytes: number): number {
  return bytes + Math.floor(bytes / 255) + 16;
}

function logicalSide(untrustedViewport: number, buffer: number, scale: number): number {
  if (untrustedViewport === 0) return Math.max(1, Math.round(buffer / scale));
  return boundedInteger(untrustedViewport, 1, MAX_SIDE_PX, "viewport");
}

function acceptGeometry(untrusted: WireMessageOf<"frame">): FrameMessage["geometry"] {
  const rect = untrusted.geometry;
  if (rect === undefined) return null;
  return {
    x: boundedInteger(rect.x, -MAX_COORDINATE, MAX_COORDINATE, "geometry x"),
    y: boundedInteger(rect.y, -MAX_COORDINATE, MAX_COORDINATE, "geometry y"),
    width: boundedInteger(rect.width, 1, MAX_SIDE_PX, "geometry width"),
    height: boundedInteger(rect.height, 1, MAX_SIDE_PX, "geometry height"),
  };
}
