/** Pictures of windows: the surfaces of one, with or without the popups that lie over it. */
import type { WindowId } from "#shared/model/window.ts";
import { geometryOf } from "../compositor/scene.ts";
import type { Links } from "../vms/links.ts";

/** PNG of a window's geometry; `scale` is its pixels per logical unit. null: there is no picture of it. */
export async function windowPicture(
  links: Links,
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
  return links.compositor.screenshot(Math.round(shown.width * scale), Math.round(shown.height * scale), layers);
}
