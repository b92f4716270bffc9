//! A library that Xwayland is started with (LD_PRELOAD) in an emulated guest: replaces `memcpy` of the C library and
//! `pixman_blt` of pixman.
//!
//! Both copy with vector instructions. QEMU's emulator (TCG) keeps vector registers in memory, so that it moves every
//! byte twice; 64-bit words stay in registers of the host. Xwayland copies each frame two times before it commits it,
//! which is most of what a window that changes as a whole costs in the guest: bench/README.md.
//!
//! Drop when QEMU >= X, where X is the first version whose emulator copies by vector instructions as fast as by words.
//! The agent's rows.rs exists for the same reason. The agent preloads the library where the processor is emulated
//! (environment.rs).

#![cfg_attr(not(test), no_std)]
#![allow(unsafe_code)] // two functions of C, on memory that their callers answer for

use core::arch::asm;
use core::ffi::{c_int, c_void};

const PIXEL_BITS: c_int = 32;
const WORD: usize = size_of::<u64>();
/// As many words as fit into free registers of the processor.
const BLOCK: usize = 8 * WORD;

/// Required where there is no standard library; nothing here panics.
#[cfg(not(test))]
#[panic_handler]
fn panicked(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}

/// Copies from the first byte to the last, so `to` may lie before `from` in the same memory. In assembler, because the
/// compiler would make vector instructions of it, or a call of `memcpy`.
unsafe fn copy(to: *mut u8, from: *const u8, bytes: usize) {
    let mut at = 0;
    while at + BLOCK <= bytes {
        // SAFETY: the block lies within `bytes`.
        unsafe {
            asm!(
                "mov {0}, [{from}]",
                "mov {1}, [{from} + 8]",
                "mov {2}, [{from} + 16]",
                "mov {3}, [{from} + 24]",
                "mov {4}, [{from} + 32]",
                "mov {5}, [{from} + 40]",
                "mov {6}, [{from} + 48]",
                "mov {7}, [{from} + 56]",
                "mov [{to}], {0}",
                "mov [{to} + 8], {1}",
                "mov [{to} + 16], {2}",
                "mov [{to} + 24], {3}",
                "mov [{to} + 32], {4}",
                "mov [{to} + 40], {5}",
                "mov [{to} + 48], {6}",
                "mov [{to} + 56], {7}",
                out(reg) _, out(reg) _, out(reg) _, out(reg) _, out(reg) _, out(reg) _, out(reg) _, out(reg) _,
                from = in(reg) from.add(at),
                to = in(reg) to.add(at),
                options(nostack, preserves_flags),
            );
        }
        at += BLOCK;
    }
    while at + WORD <= bytes {
        // SAFETY: the word lies within `bytes`.
        unsafe {
            asm!(
                "mov {word}, [{from}]",
                "mov [{to}], {word}",
                word = out(reg) _,
                from = in(reg) from.add(at),
                to = in(reg) to.add(at),
                options(nostack, preserves_flags),
            );
        }
        at += WORD;
    }
    while at < bytes {
        // SAFETY: the byte is one of `bytes`.
        unsafe { to.add(at).write_volatile(from.add(at).read_volatile()) };
        at += 1;
    }
}

/// `memcpy` of C.
///
/// # Safety
/// As in C.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn memcpy(to: *mut c_void, from: *const c_void, bytes: usize) -> *mut c_void {
    // SAFETY: as this function requires of its caller.
    unsafe { copy(to.cast(), from.cast(), bytes) };
    to
}

/// `pixman_blt` of pixman: copies a rectangle of pixels between two images. Strides are counted in 32-bit words, depths
/// in bits.
///
/// Returns 0 for other depths than 32: nothing is copied, and the caller does it itself.
///
/// # Safety
/// The rectangle lies within both images; where they are the same, it is moved up or to the left, or does not overlap.
#[cfg_attr(not(test), unsafe(no_mangle))]
#[allow(clippy::too_many_arguments)]
pub unsafe extern "C" fn pixman_blt(
    from: *const u32,
    to: *mut u32,
    from_stride: c_int,
    to_stride: c_int,
    from_depth: c_int,
    to_depth: c_int,
    from_x: c_int,
    from_y: c_int,
    to_x: c_int,
    to_y: c_int,
    width: c_int,
    height: c_int,
) -> c_int {
    if from_depth != PIXEL_BITS || to_depth != PIXEL_BITS {
        return 0;
    }
    let offset = |stride: c_int, x: c_int, y: c_int| stride as isize * y as isize + x as isize;
    let bytes = width.max(0) as usize * size_of::<u32>();
    for row in 0..height {
        // SAFETY: as this function requires of its caller.
        unsafe {
            copy(
                to.offset(offset(to_stride, to_x, to_y + row)).cast(),
                from.offset(offset(from_stride, from_x, from_y + row)).cast(),
                bytes,
            );
        }
    }
    1
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SIDE: usize = 40;

    /// Two pictures, and a rectangle that lies within both.
    fn blits() -> impl Strategy<Value = [usize; 6]> {
        (1..SIDE, 1..SIDE).prop_flat_map(|(width, height)| {
            let (x, y) = (0..=SIDE - width, 0..=SIDE - height);
            (x.clone(), y.clone(), x, y)
                .prop_map(move |(from_x, from_y, to_x, to_y)| [from_x, from_y, to_x, to_y, width, height])
        })
    }

    fn picture(seed: u32) -> Vec<u32> {
        (0..(SIDE * SIDE) as u32).map(|at| seed ^ at.wrapping_mul(0x9e37_79b9)).collect()
    }

    fn blit(from: *const u32, to: *mut u32, depth: c_int, blit: [usize; 6]) -> c_int {
        let stride = SIDE as c_int;
        let [from_x, from_y, to_x, to_y, width, height] = blit.map(|number| number as c_int);
        // SAFETY: `blits` gives what lies within.
        unsafe { pixman_blt(from, to, stride, stride, depth, PIXEL_BITS, from_x, from_y, to_x, to_y, width, height) }
    }

    fn expected(from: &[u32], mut to: Vec<u32>, [from_x, from_y, to_x, to_y, width, height]: [usize; 6]) -> Vec<u32> {
        for row in 0..height {
            for column in 0..width {
                to[(to_y + row) * SIDE + to_x + column] = from[(from_y + row) * SIDE + from_x + column];
            }
        }
        to
    }

    proptest! {
        #[test]
        fn bytes_are_copied_and_none_beside_them(bytes in 0..300_usize, from in 0..16_usize, to in 0..16_usize) {
            let source: Vec<u8> = (0..400).map(|at| at as u8).collect();
            let mut target = vec![0xee; 400];
            let mut wanted = target.clone();
            wanted[to..to + bytes].copy_from_slice(&source[from..from + bytes]);
            // SAFETY: both hold more than that.
            let given = unsafe { memcpy(target.as_mut_ptr().add(to).cast(), source.as_ptr().add(from).cast(), bytes) };
            prop_assert_eq!(given.cast::<u8>(), target[to..].as_mut_ptr());
            prop_assert_eq!(target, wanted);
        }

        #[test]
        fn a_rectangle_goes_from_picture_to_picture(one in blits()) {
            let (from, mut to) = (picture(1), picture(2));
            let wanted = expected(&from, to.clone(), one);
            prop_assert_eq!(blit(from.as_ptr(), to.as_mut_ptr(), PIXEL_BITS, one), 1);
            prop_assert_eq!(to, wanted);
        }

        #[test]
        fn a_rectangle_goes_up_and_to_the_left_in_its_own_picture(one in blits()) {
            let [from_x, from_y, to_x, to_y, width, height] = one;
            // As X servers scroll; the other ways they copy backwards, by themselves.
            let one = [from_x.max(to_x), from_y.max(to_y), from_x.min(to_x), from_y.min(to_y), width, height];
            let mut both = picture(3);
            let wanted = expected(&both.clone(), both.clone(), one);
            let start = both.as_mut_ptr();
            prop_assert_eq!(blit(start, start, PIXEL_BITS, one), 1);
            prop_assert_eq!(both, wanted);
        }
    }

    #[test]
    fn other_depths_are_left_to_the_caller() {
        let (from, mut to) = (picture(1), picture(2));
        assert_eq!(blit(from.as_ptr(), to.as_mut_ptr(), 16, [0, 0, 0, 0, 4, 4]), 0);
        assert_eq!(to, picture(2));
    }
}
