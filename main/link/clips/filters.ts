/** The filter and the bounds of each type. Pictures come here as they were encoded again (main/clipboard/picture-box.ts). */
import { type ClipType, COPIED_FILES } from "#shared/model/clip.ts";
import { MAX_CLIP_BYTES } from "#shared/protocol/limits.ts";
import { AddressFilter, MAX_ADDRESSES_BYTES } from "./address-filter.ts";
import { FileListFilter, MAX_FILE_LIST_BYTES } from "./file-list-filter.ts";
import type { ClipFilter } from "./filter.ts";
import { TextFilter } from "./text-filter.ts";

/** Largest content of a type, before and after its filter, bytes. */
export const MAX_TYPE_BYTES: Readonly<Record<ClipType, number>> = {
  "text/plain;charset=utf-8": MAX_CLIP_BYTES,
  // The target's agent parses it as a whole.
  "text/html": 4 * 1024 * 1024,
  "text/uri-list": MAX_ADDRESSES_BYTES,
  [COPIED_FILES]: MAX_FILE_LIST_BYTES,
  "image/png": MAX_CLIP_BYTES,
};

const FILTERS: Readonly<Record<ClipType, () => ClipFilter>> = {
  "text/plain;charset=utf-8": () => new TextFilter(),
  "text/html": () => new TextFilter(),
  "text/uri-list": () => new AddressFilter(),
  [COPIED_FILES]: () => new FileListFilter(),
  "image/png": () => ({
    heldBytes: 0,
    characters: null,
    push: (bytes) => ({ ok: true, bytes }),
    end: () => ({ ok: true, bytes: new Uint8Array(0) }),
  }),
};

/** With the bounds of the type. `ruleBytes`: what the rule lets through; null: it does not say. */
export function clipFilter(type: ClipType, ruleBytes: number | null): ClipFilter {
  const inner = FILTERS[type]();
  const maxBytes = Math.min(MAX_TYPE_BYTES[type], ruleBytes ?? Infinity);
  let total = 0;
  return {
    get heldBytes() {
      return inner.heldBytes;
    },
    get characters() {
      // Of markup the number says nothing to a person.
      return type === "text/html" ? null : inner.characters;
    },
    push(untrusted) {
      total += untrusted.length;
      return total > maxBytes ? { ok: false, by: "size" } : inner.push(untrusted);
    },
    end: () => inner.end(),
  };
}
