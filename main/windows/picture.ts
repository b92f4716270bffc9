/** Screenshots as they are sent to the `atoll` command. */
import type { Picture } from "#shared/ipc/fields.ts";

export function asPicture(png: Uint8Array): Picture {
  return { base64: Buffer.from(png.buffer, png.byteOffset, png.byteLength).toString("base64") };
}
