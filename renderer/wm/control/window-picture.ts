/** Images of windows, with or without the popups that lie over them. */
import { maxBufferPx } from "#shared/protocol/limits.ts";
import type { WindowId } from "#shared/model/window.ts";
import { geometryOf } from "../../compositor/scene.ts";
import type { Compositor } from "../../compositor/compositor.ts";
import type { Links } from "./links.ts";

/** Pixels of an image: as many as the largest buffer that is shown on this screen may have, with room for rounding. */
function maxPicturePx(): number {
  return 0.99 * maxBufferPx(window.innerWidth * window.innerHeight * window.devicePixelRatio ** 2);
}

/**
 * PNG of a window's geometry; null: it has no frame yet. `scaleOf` chooses the PNG's pixels per logical pixel, given the
 * window's logical size and the scale of its buffer.
 */
export async function windowPicture(
  { links, compositor }: { links: Links; compositor: Compositor },
  id: WindowId,
  scaleOf: (logical: { width: number; height: number }, native: number) => number,
  withPopups: boolean,
): Promise<Uint8Array | null> {
  const found = links.find(id);
  const frame = found?.surface.frame;
  if (found === undefined || frame === undefined || frame === null) return null;
  const { scene, popups } = found.session;
  const shown = geometryOf(frame);
  const wanted = scaleOf(shown, frame.width / frame.logicalWidth);
  // Size and scale of a window are what its program says: an image of it is no larger than what could be shown.
  const scale = Math.min(wanted, Math.sqrt(maxPicturePx() / (shown.width * shown.height)));
  const layers = scene.layers(found.surface, { x: -shown.x, y: -shown.y }, scale);
  for (const popup of withPopups ? popups.surfacesOn(found.surface.id) : []) {
    if (popup.surface.frame === null) continue;
    const inner = geometryOf(popup.surface.frame);
    layers.push(...scene.layers(popup.surface, { x: popup.whole.x - inner.x, y: popup.whole.y - inner.y }, scale));
  }
  return compositor.screenshot(Math.round(shown.width * scale), Math.round(shown.height * scale), layers);
}
