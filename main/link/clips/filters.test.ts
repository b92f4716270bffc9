import { describe, expect, it } from "vitest";
import { CLIP_TYPES, COPIED_FILES } from "#shared/model/clip.ts";
import type { Filtered } from "./filter.ts";
import { clipFilter, MAX_TYPE_BYTES } from "./filters.ts";

const TEXT = "text/plain;charset=utf-8";
const CHUNK_BYTES = 64 * 1024;

/** Pushes so many bytes in pieces; the first answer that refuses, or the last. */
function pushed(filter: ReturnType<typeof clipFilter>, bytes: number): Filtered | undefined {
  const chunk = new Uint8Array(CHUNK_BYTES).fill(0x61);
  let result: Filtered | undefined;
  for (let left = bytes; left > 0 && result?.ok !== false; left -= CHUNK_BYTES)
    result = filter.push(chunk.subarray(0, left));
  return result;
}

describe("a filter", () => {
  it.each(CLIP_TYPES)("of %s takes no byte more than the type may have", (type) => {
    expect(clipFilter(type, null).push(new Uint8Array(MAX_TYPE_BYTES[type] + 1))).toEqual({ ok: false, by: "size" });
  });

  it.each(["text/uri-list", COPIED_FILES, "image/png"] as const)("of %s takes the most that it may have", (type) => {
    const filter = clipFilter(type, null);
    expect(pushed(filter, MAX_TYPE_BYTES[type])?.ok).toBe(true);
    expect(filter.push(Uint8Array.of(0x61))).toEqual({ ok: false, by: "size" });
  });

  it.each(CLIP_TYPES)("of %s takes as much as the rule lets through", (type) => {
    const filter = clipFilter(type, 10);
    expect(pushed(filter, 10)?.ok).toBe(true);
    expect(filter.push(Uint8Array.of(0x61))).toEqual({ ok: false, by: "size" });
  });

  it("takes no more than the type may have where the rule would let through more", () => {
    const filter = clipFilter("text/uri-list", 10 * MAX_TYPE_BYTES["text/uri-list"]);
    expect(pushed(filter, MAX_TYPE_BYTES["text/uri-list"] + 1)).toEqual({ ok: false, by: "size" });
  });

  it("lets through nothing at all where the rule says so", () => {
    expect(clipFilter(TEXT, 0).push(Uint8Array.of(0x61))).toEqual({ ok: false, by: "size" });
  });

  it("says what the type's own one holds back", () => {
    const filter = clipFilter("text/uri-list", null);
    filter.push(Buffer.from("https://a.example/"));
    expect(filter.heldBytes).toBe(18);
    expect(filter.end()).toEqual({ ok: true, bytes: Buffer.from("https://a.example/\r\n") });
    expect(filter.heldBytes).toBe(0);
  });

  it.each(CLIP_TYPES)("of %s counts the characters of plain text, and of nothing else", (type) => {
    const filter = clipFilter(type, null);
    filter.push(Buffer.from("Grü\0ße 🐚"));
    expect(filter.characters).toBe(type === TEXT ? 7 : null);
  });

  it("of a picture changes nothing: it was encoded again before", () => {
    const filter = clipFilter("image/png", null);
    const bytes = Uint8Array.of(0, 0x89, 0xff);
    expect(filter.push(bytes)).toEqual({ ok: true, bytes });
    expect(filter.heldBytes).toBe(0);
    expect(filter.end()).toEqual({ ok: true, bytes: new Uint8Array(0) });
  });
});
