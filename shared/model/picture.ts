/** Bounds of pictures on their way through the box that decodes them and encodes them again. */

/** Bytes, before and after. */
export const MAX_PICTURE_BYTES = 64 * 1024 * 1024;
/** Read from the picture's header before it is decoded. */
export const MAX_PICTURE_PX = 64 * 1024 * 1024;
/** Longest side. */
export const MAX_PICTURE_SIDE_PX = 32_767;

/** Of a picture that is shown before it crosses: drawn smaller to fit. */
const MAX_SHOWN_PICTURE = { width: 480, height: 240 } as const;

/** A picture as the box has drawn it for the person: pixels alone, so that nobody has to decode what a guest sent. */
export interface ShownPicture {
  /** Of `pixels`. */
  width: number;
  height: number;
  /** RGBA, row by row. */
  pixels: Uint8Array;
  /** Of the picture itself. */
  fullWidth: number;
  fullHeight: number;
}

/** The size of what is shown of a picture: as large as it is, or smaller in its own proportions. */
export function shownSize(fullWidth: number, fullHeight: number): { width: number; height: number } {
  const scale = Math.min(1, MAX_SHOWN_PICTURE.width / fullWidth, MAX_SHOWN_PICTURE.height / fullHeight);
  return { width: Math.max(1, Math.floor(fullWidth * scale)), height: Math.max(1, Math.floor(fullHeight * scale)) };
}

/** What a box has said of its picture; null: it is not what a box says. */
export function parseShownPicture(untrusted: unknown): ShownPicture | null {
  if (typeof untrusted !== "object" || untrusted === null) return null;
  const { width, height, pixels, fullWidth, fullHeight } = untrusted as Record<keyof ShownPicture, unknown>;
  if (!isSide(fullWidth, MAX_PICTURE_SIDE_PX) || !isSide(fullHeight, MAX_PICTURE_SIDE_PX)) return null;
  if (!isSide(width, MAX_SHOWN_PICTURE.width) || !isSide(height, MAX_SHOWN_PICTURE.height)) return null;
  if (!(pixels instanceof Uint8Array) || pixels.length !== width * height * 4) return null;
  return { width, height, pixels, fullWidth, fullHeight };
}

function isSide(value: unknown, max: number): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= max;
}

/**
 * Channel of the message that brings the box its ports: [0] where the picture comes from, [1] where it goes, [2] whoever wants to
 * show it before; not there: nobody does.
 */
export const PICTURE_PORTS = "picture-ports";
