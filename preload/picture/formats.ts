/** Formats of pictures that are decoded; what Chromium knows besides (SVG, AVIF, ICO, ...) is not given to it. */

const BEGINNINGS: readonly (readonly (number | null)[])[] = [
  [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a], // PNG
  [0xff, 0xd8, 0xff], // JPEG
  [0x47, 0x49, 0x46, 0x38, null, 0x61], // GIF
  [0x52, 0x49, 0x46, 0x46, null, null, null, null, 0x57, 0x45, 0x42, 0x50], // WebP
  [0x42, 0x4d], // BMP
];

export function isKnownPicture(untrusted: Uint8Array): boolean {
  return BEGINNINGS.some((beginning) => beginning.every((byte, at) => byte === null || untrusted[at] === byte));
}
