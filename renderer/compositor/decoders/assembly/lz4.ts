// One LZ4 block, bounded on both sides. @see https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md

/** Copies at least `length` bytes in steps of 16; source and target do not overlap within a step. */
// @ts-ignore: decorator
@inline
function copyWide(target: usize, source: usize, length: usize): void {
  const end = target + length;
  while (target < end) {
    v128.store(target, v128.load(source));
    target += 16;
    source += 16;
  }
}

/** Fills at least `length` bytes with a pattern that repeats every 16 bytes. */
// @ts-ignore: decorator
@inline
function fillWide(target: usize, pattern: v128, length: usize): void {
  const end = target + length;
  while (target < end) {
    v128.store(target, pattern);
    target += 16;
  }
}

/**
 * Decodes source[0, sourceSize) to precisely targetSize bytes. Returns false for everything else: truncated input, input
 * left over, more or fewer bytes than that, a match that begins before the target.
 */
export function lz4Decode(source: usize, sourceSize: usize, target: usize, targetSize: usize): bool {
  const sourceEnd = source + sourceSize;
  const targetStart = target;
  const targetEnd = target + targetSize;

  while (source < sourceEnd) {
    const token = <usize>load<u8>(source);
    source += 1;

    let literals = token >> 4;
    if (literals == 15) {
      let more: usize = 255;
      while (more == 255) {
        if (source >= sourceEnd) return false;
        more = <usize>load<u8>(source);
        source += 1;
        literals += more;
      }
    }
    if (literals > sourceEnd - source || literals > targetEnd - target) return false;
    copyWide(target, source, literals);
    target += literals;
    source += literals;
    // A block ends with the literals of its last sequence.
    if (source == sourceEnd) return target == targetEnd;

    if (sourceEnd - source < 2) return false;
    const offset = <usize>load<u16>(source);
    source += 2;
    if (offset == 0 || offset > target - targetStart) return false;

    let length = (token & 15) + 4;
    if (length == 19) {
      let more: usize = 255;
      while (more == 255) {
        if (source >= sourceEnd) return false;
        more = <usize>load<u8>(source);
        source += 1;
        length += more;
      }
    }
    if (length > targetEnd - target) return false;
    const match = target - offset;
    if (offset >= 16) {
      copyWide(target, match, length);
    } else if (offset == 4) {
      // The same pixel again: most of what a desktop compresses to.
      fillWide(target, i32x4.splat(load<i32>(match)), length);
    } else if (offset == 8) {
      fillWide(target, i64x2.splat(load<i64>(match)), length);
    } else if (offset == 1) {
      fillWide(target, i8x16.splat(load<i8>(match)), length);
    } else {
      for (let i: usize = 0; i < length; i++) store<u8>(target + i, load<u8>(match + i));
    }
    target += length;
  }
  return false;
}
