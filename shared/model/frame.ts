/** A frame of a surface on its way from the link to the compositor's worker. */
import type { Rect, SurfaceId } from "./window.ts";

/** Everything of a frame but its pixels. */
export interface FrameInfo {
  serial: number;
  /** Buffer, physical pixels. */
  width: number;
  height: number;
  scale: number;
  /** Logical size of the surface. */
  logicalWidth: number;
  logicalHeight: number;
  /** Window geometry in logical units, relative to the surface; null = the whole surface. */
  geometry: Rect | null;
  /** Last configure that the program has answered, 0 = none. */
  configureSerial: number;
}

/** One of the messages that make up a frame: all of one serial follow each other, and the last one has `last`. */
export interface FrameMessage extends FrameInfo {
  type: "frame";
  surface: SurfaceId;
  /** The fourth byte of a pixel is to be ignored. */
  opaque: boolean;
  damage: DamageRect[];
  last: boolean;
  /** Pixels of the rectangles, one after another; not looked at by the link, owned by the receiver. */
  payload: Uint8Array;
}

export interface DamageRect extends Rect {
  /** @see Encoding in atoll.proto */
  encoding: "raw" | "lz4" | "solid";
  /** Bytes of the payload that this rectangle takes, in order. */
  size: number;
}
