/** A guest's cursor as CSS. It is shown over that guest's surfaces only; the host's frames have the host's cursors. */
import type { CursorImage } from "#shared/model/surface-event.ts";
import { MAX_CURSOR_SIDE_PX } from "#shared/protocol/limits.ts";
import type { CursorReach } from "../compositor/scene.ts";

const SHAPES = new Set([
  "default",
  "none",
  "context-menu",
  "help",
  "pointer",
  "progress",
  "wait",
  "cell",
  "crosshair",
  "text",
  "vertical-text",
  "alias",
  "copy",
  "move",
  "no-drop",
  "not-allowed",
  "grab",
  "grabbing",
  "all-scroll",
  "col-resize",
  "row-resize",
  "n-resize",
  "e-resize",
  "s-resize",
  "w-resize",
  "ne-resize",
  "nw-resize",
  "se-resize",
  "sw-resize",
  "ew-resize",
  "ns-resize",
  "nesw-resize",
  "nwse-resize",
  "zoom-in",
  "zoom-out",
]);

/**
 * Longest side of a cursor that is shown, CSS pixels; those of the usual themes are no larger. At the edge of its window a
 * larger one could cover the host's label: Chromium restricts large cursors only where they reach out of the page.
 */
const MAX_SHOWN_PX = 32;

export interface Cursor {
  readonly css: string;
  /** null: it is one of the host's own. */
  readonly reach: CursorReach | null;
}

export function cursorOf(untrusted: CursorImage): Cursor {
  if (untrusted.kind === "shape") return hosts(SHAPES.has(untrusted.name) ? untrusted.name : "default");
  const { width, height, pixels } = untrusted;
  const isSane =
    width >= 1 && height >= 1 && Math.max(width, height) <= MAX_CURSOR_SIDE_PX && pixels.length === width * height * 4;
  if (!isSane) return hosts("default");
  const scale = Math.max(1, Math.min(4, untrusted.scale));
  if (Math.max(width, height) / scale > MAX_SHOWN_PX) return hosts("default");
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  canvas.getContext("2d")?.putImageData(new ImageData(rgbaOf(pixels), width, height), 0, 0);
  const left = Math.floor(Math.min(untrusted.hotX, width - 1) / scale);
  const top = Math.floor(Math.min(untrusted.hotY, height - 1) / scale);
  return {
    css: `image-set(url("${canvas.toDataURL()}") ${scale}x) ${left} ${top}, default`,
    reach: { left, top, right: width / scale - left, bottom: height / scale - top },
  };
}

function hosts(css: string): Cursor {
  return { css, reach: null };
}

/** BGRA premultiplied -> RGBA not premultiplied. */
function rgbaOf(bgra: Uint8Array): Uint8ClampedArray<ArrayBuffer> {
  const rgba = new Uint8ClampedArray(bgra.length);
  for (let at = 0; at + 3 < bgra.length; at += 4) {
    const alpha = bgra[at + 3] ?? 0;
    const factor = alpha === 0 ? 0 : 255 / alpha;
    rgba[at] = (bgra[at + 2] ?? 0) * factor;
    rgba[at + 1] = (bgra[at + 1] ?? 0) * factor;
    rgba[at + 2] = (bgra[at] ?? 0) * factor;
    rgba[at + 3] = alpha;
  }
  return rgba;
}
