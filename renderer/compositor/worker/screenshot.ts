/** Canvases, one above the other, as a PNG. */
import type { Layer } from "./messages.ts";

export async function composePng(
  width: number,
  height: number,
  layers: readonly Layer[],
  canvasOf: (layer: Layer) => OffscreenCanvas | null,
): Promise<Uint8Array<ArrayBuffer> | null> {
  if (!(width >= 1 && height >= 1)) return null;
  const sheet = new OffscreenCanvas(width, height);
  const context = sheet.getContext("2d");
  if (context === null) return null;
  for (const layer of layers) {
    const canvas = canvasOf(layer);
    if (canvas === null || canvas.width === 0 || canvas.height === 0) continue;
    context.drawImage(canvas, layer.x, layer.y, layer.width, layer.height);
  }
  try {
    const blob = await sheet.convertToBlob({ type: "image/png" });
    return new Uint8Array(await blob.arrayBuffer());
  } catch {
    return null;
  }
}
