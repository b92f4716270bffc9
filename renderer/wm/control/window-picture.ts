/** Images of windows, with or without the popups that lie over them. */
import type { WindowId } from "#shared/model/window.ts";
import { geometryOf } from "../../compositor/scene.ts";
import type { Compositor } from "../../compositor/compositor.ts";
import type { Links } from "./links.ts";

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
  const scale = scaleOf(shown, frame.width / frame.logicalWidth);
  const layers = scene.layers(found.surface, { x: -shown.x, y: -shown.y }, scale);
  for (const popup of withPopups ? popups.surfacesOn(found.surface.id) : []) {
    if (popup.surface.frame === null) continue;
    const inner = geometryOf(popup.surface.frame);
    layers.push(...scene.layers(popup.surface, { x: popup.whole.x - inner.x, y: popup.whole.y - inner.y }, scale));
  }
  return compositor.screenshot(Math.round(shown.width * scale), Math.round(shown.height * scale), layers);
}
