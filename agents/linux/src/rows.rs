//! Compares and copies rows of pixels, eight bytes at a time. This file is written for QEMU's emulator (TCG), which
//! guests on hosts without KVM run on. TCG translates a loop of plain 64-bit words into a few host instructions each,
//! but calls a helper function for each vector instruction: five times as slow. Volatile reads keep the compiler from
//! vectorising the loops; they are also right for memory that a program may write to meanwhile.
//!
//! Drop when QEMU >= X, where X is the first version whose emulator runs vector loads, stores and compares as fast as
//! plain words: then replace this file by slices' `==` and `copy_from_slice`. bench/README.md says how to compare.
//! agents/copy exists for the same reason.

use std::marker::PhantomData;

/// The four bytes of a pixel, as they lie in memory.
pub type Pixel = [u8; 4];

/// Words copied in one turn of a loop.
const UNROLLED: usize = 8;
const PIXEL: usize = size_of::<Pixel>();

/// A row of whole pixels, in the agent's own memory or in memory that a program shares with it.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    start: *const u8,
    bytes: usize,
    memory: PhantomData<&'a [u8]>,
}

/// Two pixels, at any alignment.
#[derive(Clone, Copy)]
#[repr(C, packed)]
struct Word(u64);

impl<'a> From<&'a [u8]> for Row<'a> {
    /// @param pixels whole pixels; bytes that are no whole pixel at the end are left out
    fn from(pixels: &'a [u8]) -> Self {
        Self { start: pixels.as_ptr(), bytes: pixels.len() / PIXEL * PIXEL, memory: PhantomData }
    }
}

impl Row<'_> {
    /// # Safety
    /// `bytes` bytes from `start` on can be read for as long as the row is used. Others may write to them.
    #[allow(unsafe_code)]
    pub unsafe fn shared(start: *const u8, bytes: usize) -> Self {
        Self { start, bytes: bytes / PIXEL * PIXEL, memory: PhantomData }
    }

    #[allow(unsafe_code)]
    pub fn first(self) -> Option<Pixel> {
        // SAFETY: the row has a pixel, and any bytes are one.
        (self.bytes >= PIXEL).then(|| unsafe { self.start.cast::<Pixel>().read_volatile() })
    }

    /// Whether all of it is `pixel`.
    #[allow(unsafe_code)]
    pub fn is_solid(self, pixel: Pixel) -> bool {
        let Word(pair) = pair(pixel);
        let (blocks, words) = self.parts();
        let mut unlike = 0;
        let mut at = self.start.cast::<Word>();
        // SAFETY: `parts` counts what lies within the row, and any bytes are a word.
        unsafe {
            for _ in 0..blocks {
                for word in 0..UNROLLED {
                    unlike |= at.add(word).read_volatile().0 ^ pair;
                }
                at = at.add(UNROLLED);
            }
            for word in 0..words {
                unlike |= at.add(word).read_volatile().0 ^ pair;
            }
        }
        unlike == 0 && self.last().is_none_or(|last| last == pixel)
    }

    /// Copies it to `mine`, which has the same length. True = a byte of `mine` has changed.
    #[allow(unsafe_code)]
    pub fn copy_to(self, mine: &mut [u8]) -> bool {
        assert!(mine.len() == self.bytes, "a row is copied to one of its length");
        let (blocks, words) = self.parts();
        let mut differs = 0;
        let mut theirs = self.start.cast::<Word>();
        let mut at = mine.as_mut_ptr().cast::<Word>();
        let mut copy = |from: *const Word, to: *mut Word| {
            // SAFETY: as in `is_solid`, for both.
            unsafe {
                let Word(new) = from.read_volatile();
                differs |= to.read().0 ^ new;
                to.write(Word(new));
            }
        };
        // SAFETY: see above.
        unsafe {
            for _ in 0..blocks {
                for word in 0..UNROLLED {
                    copy(theirs.add(word), at.add(word));
                }
                (theirs, at) = (theirs.add(UNROLLED), at.add(UNROLLED));
            }
            for word in 0..words {
                copy(theirs.add(word), at.add(word));
            }
        }
        let last = self.last().zip(mine.last_chunk_mut::<PIXEL>());
        let last_differs = last.is_some_and(|(new, old)| std::mem::replace(old, new) != new);
        differs != 0 || last_differs
    }

    /// Number of blocks of UNROLLED words, and of words after them.
    fn parts(self) -> (usize, usize) {
        let words = self.bytes / size_of::<Word>();
        (words / UNROLLED, words % UNROLLED)
    }

    /// The pixel after the last word, in a row of an odd number.
    #[allow(unsafe_code)]
    fn last(self) -> Option<Pixel> {
        let is_odd = self.bytes % size_of::<Word>() != 0;
        // SAFETY: an odd number of pixels is at least one.
        is_odd.then(|| unsafe { self.start.add(self.bytes - PIXEL).cast::<Pixel>().read_volatile() })
    }
}

/// Gives a row of whole pixels one colour.
pub fn fill(row: &mut [u8], pixel: Pixel) {
    for mine in row.chunks_exact_mut(PIXEL) {
        mine.copy_from_slice(&pixel);
    }
}

fn pair([a, b, c, d]: Pixel) -> Word {
    Word(u64::from_ne_bytes([a, b, c, d, a, b, c, d]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_any_length_are_copied_and_every_other_byte_is_seen() {
        for pixels in [1, 2, 3, 15, 16, 17, 18, 35] {
            let theirs = [7, 8, 9, 0].repeat(pixels);
            for other in (0..theirs.len()).map(Some).chain([None]) {
                let (mut mine, mut row) = (theirs.clone(), theirs.clone());
                if let Some(at) = other {
                    row[at] ^= 0x10;
                }
                let row = &row[..];
                assert_eq!(Row::from(row).is_solid([7, 8, 9, 0]), other.is_none(), "{other:?}");
                assert_eq!(Row::from(row).copy_to(&mut mine), other.is_some(), "{other:?}");
                assert_eq!(mine, row);
                assert_eq!(Row::from(row).first(), row.first_chunk().copied());
                fill(&mut mine, [7, 8, 9, 0]);
                assert_eq!(mine, theirs);
            }
        }
    }

    #[test]
    fn a_row_may_stand_anywhere_and_be_empty() {
        let bytes: Vec<u8> = (0..=255).collect();
        for start in 0..9 {
            let row = &bytes[start..start + 200];
            let mut mine = vec![0; 200];
            assert!(Row::from(row).copy_to(&mut mine));
            assert_eq!(mine, row);
        }
        let nothing = Row::from(&[][..]);
        assert!(nothing.is_solid([1; 4]) && !nothing.copy_to(&mut []) && nothing.first().is_none());
    }
}
