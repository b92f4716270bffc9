/** What a person may be shown of content before it goes anywhere. */
import type { ClipType } from "#shared/model/clip.ts";
import { HEAD_BYTES } from "../link/clips/buffered-reading.ts";
import { TextFilter } from "../link/clips/text-filter.ts";

/** Of the first bytes of content; a character that is cut at their end is left out. Pictures have none. */
export function headText(untrustedBytes: Uint8Array, type: ClipType): string {
  if (type === "image/png") return "";
  const filtered = new TextFilter().push(untrustedBytes.subarray(0, HEAD_BYTES));
  return filtered.ok ? Buffer.from(filtered.bytes).toString("utf8") : "";
}
