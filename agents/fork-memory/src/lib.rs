//! A library that QEMU is started with (LD_PRELOAD), on the host: it opens the memory of a snapshot for reading alone.
//!
//! A disposable's memory begins as the file of a snapshot, mapped privately: what the guest writes stays with its own QEMU.
//! QEMU before 8.2 opens that file for writing all the same, so that a QEMU which its guest has taken over could change the
//! memory of every other one. In the box the file cannot be written, and QEMU would not start. Of all files this one is
//! told by its name (main/hardware/qemu/argv.ts has the same one).
//!
//! Drop when no QEMU before 8.2 is supported: from then on there is `memory-backend-file,readonly=on,rom=off`.

#![cfg_attr(not(test), no_std)]
#![allow(unsafe_code)] // two functions of C, and the one that does their work

use core::ffi::{CStr, c_char, c_int};

const NAME: &[u8] = b"/snapshot.ram";
const AT_FDCWD: c_int = -100;
const O_ACCMODE: c_int = 3;
const O_RDONLY: c_int = 0;

/// Required where there is no standard library; nothing here panics.
#[cfg(not(test))]
#[panic_handler]
fn panicked(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}

unsafe extern "C" {
    fn openat64(folder: c_int, path: *const c_char, flags: c_int, ...) -> c_int;
}

fn flags_for(path: &[u8], flags: c_int) -> c_int {
    if path.ends_with(NAME) { flags & !O_ACCMODE | O_RDONLY } else { flags }
}

/// `open64` of C. On this processor a caller passes the mode where a third parameter is, or nothing that is looked at.
///
/// # Safety
/// As in C.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn open64(path: *const c_char, flags: c_int, mode: c_int) -> c_int {
    // SAFETY: as this function requires of its caller.
    unsafe { openat64(AT_FDCWD, path, flags_for(CStr::from_ptr(path).to_bytes(), flags), mode) }
}

/// What `open64` without a mode becomes where C's library checks its callers (_FORTIFY_SOURCE).
///
/// # Safety
/// As in C.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn __open64_2(path: *const c_char, flags: c_int) -> c_int {
    // SAFETY: as this function requires of its caller.
    unsafe { open64(path, flags, 0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const O_RDWR: c_int = 2;
    const O_CLOEXEC: c_int = 0o2_000_000;

    #[test]
    fn only_the_memory_of_a_snapshot_is_opened_for_reading() {
        assert_eq!(flags_for(b"/cache/snapshots/1/snapshot.ram", O_RDWR | O_CLOEXEC), O_CLOEXEC);
        for other in [&b"/home/disk.qcow2"[..], b"/cache/xsnapshot.ram", b"/cache/snapshot.ram.new", b""] {
            assert_eq!(flags_for(other, O_RDWR | O_CLOEXEC), O_RDWR | O_CLOEXEC);
        }
    }
}
