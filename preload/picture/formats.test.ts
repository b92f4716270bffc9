import { describe, expect, it } from "vitest";
import { isKnownPicture } from "./formats.ts";

const bytesOf = (latin1: string): Uint8Array => new Uint8Array(Buffer.from(latin1, "latin1"));

describe("a picture that is decoded", () => {
  it.each([
    ["PNG", "\x89PNG\r\n\x1a\n..."],
    ["JPEG", "\xff\xd8\xff\xe0"],
    ["GIF", "GIF87a"],
    ["GIF", "GIF89a"],
    ["WebP", "RIFF....WEBPVP8 "],
    ["BMP", "BM......"],
  ])("is a %s", (_format, bytes) => {
    expect(isKnownPicture(bytesOf(bytes))).toBe(true);
  });

  it.each([
    ["SVG", '<svg xmlns="http://www.w3.org/2000/svg"/>'],
    ["AVIF", "\x00\x00\x00 ftypavif"],
    ["an icon", "\x00\x00\x01\x00"],
    ["a sound", "RIFF....WAVEfmt "],
    ["a page", "<html>"],
    ["the beginning of one", "\x89PN"],
    ["nothing", ""],
  ])("is no %s", (_format, bytes) => {
    expect(isKnownPicture(bytesOf(bytes))).toBe(false);
  });
});
