// BGRX and BGRA of a wl_shm buffer to the RGBA of ImageData, in place. `size` is a multiple of 4.

/** Bytes B G R x -> R G B 255. */
export function swizzleOpaque(at: usize, size: usize): void {
  const end = at + size;
  const wideEnd = at + (size & ~15);
  const alpha = i32x4.splat(0xff000000);
  while (at < wideEnd) {
    const pixels = v128.load(at);
    v128.store(at, v128.or(v128.shuffle<u8>(pixels, pixels, 2, 1, 0, 3, 6, 5, 4, 7, 10, 9, 8, 11, 14, 13, 12, 15), alpha));
    at += 16;
  }
  // Not a whole vector: the next rectangle's bytes may follow at once.
  while (at < end) {
    const pixel = load<u32>(at);
    store<u32>(at, 0xff000000 | ((pixel & 0xff) << 16) | (pixel & 0xff00) | ((pixel >> 16) & 0xff));
    at += 4;
  }
}

/** One pixel B G R A, premultiplied -> R G B A, not premultiplied. A colour above its alpha saturates. */
// @ts-ignore: decorator
@inline
function unpremultiply(pixel: u32): u32 {
  const alpha = pixel >> 24;
  if (alpha == 0) return 0;
  if (alpha == 255) return 0xff000000 | ((pixel & 0xff) << 16) | (pixel & 0xff00) | ((pixel >> 16) & 0xff);
  const half = alpha >> 1;
  const blue = min<u32>(255, ((pixel & 0xff) * 255 + half) / alpha);
  const green = min<u32>(255, (((pixel >> 8) & 0xff) * 255 + half) / alpha);
  const red = min<u32>(255, (((pixel >> 16) & 0xff) * 255 + half) / alpha);
  return (alpha << 24) | (blue << 16) | (green << 8) | red;
}

/** Bytes B G R A, colour premultiplied -> R G B A, not premultiplied. */
export function swizzlePremultiplied(at: usize, size: usize): void {
  const end = at + size;
  const wideEnd = at + (size & ~15);
  const alpha = i32x4.splat(0xff000000);
  while (at < wideEnd) {
    const pixels = v128.load(at);
    const alphas = v128.and(pixels, alpha);
    if (i32x4.all_true(i32x4.eq(alphas, alpha))) {
      v128.store(at, v128.shuffle<u8>(pixels, pixels, 2, 1, 0, 3, 6, 5, 4, 7, 10, 9, 8, 11, 14, 13, 12, 15));
    } else if (!v128.any_true(alphas)) {
      v128.store(at, i32x4.splat(0));
    } else {
      for (let i: usize = 0; i < 16; i += 4) store<u32>(at + i, unpremultiply(load<u32>(at + i)));
    }
    at += 16;
  }
  while (at < end) {
    store<u32>(at, unpremultiply(load<u32>(at)));
    at += 4;
  }
}
