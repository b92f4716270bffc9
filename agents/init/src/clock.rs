//! Sets the guest's clock to the host's time. The agent, which the host tells it, is no root: it writes the time into a
//! pipe that belongs to it.

use crate::error::Error;
use crate::root::RUN_DIR;
use crate::session::{GID, UID};
use crate::{journal, session};
use nix::libc;
use nix::sys::stat::Mode;
use nix::sys::time::TimeSpec;
use nix::time::{ClockId, clock_gettime, clock_settime};
use nix::unistd::mkfifo;
use std::fs::{File, OpenOptions};
use std::io::Read;
use std::os::unix::fs::{OpenOptionsExt, chown};
use std::time::Duration;

/// A message: milliseconds since 1970, little endian.
const MESSAGE_BYTES: usize = 8;
/// The years 2020 to 2099: nothing else is a host's time. The same bounds as the wire's.
const SANE_MS: std::ops::RangeInclusive<u64> = 1_577_836_800_000..=4_102_444_799_999;
/// A clock that is off by less is left alone: each step back is a fright to programs.
const TOLERANCE: Duration = Duration::from_millis(100);

/// The pipe; None = the clock stays as it is.
pub fn open_pipe() -> Option<File> {
    let path = format!("{RUN_DIR}/clock");
    let made = mkfifo(path.as_str(), Mode::S_IRUSR | Mode::S_IWUSR).map_err(Error::system("mkfifo"));
    let owned = made.and_then(|()| chown(&path, Some(UID), Some(GID)).map_err(Error::file(&path)));
    // Opened for both, so that it never ends: an agent that goes may be followed by another.
    let flags = libc::O_NONBLOCK | libc::O_CLOEXEC;
    let opened = owned.and_then(|()| {
        OpenOptions::new().read(true).write(true).custom_flags(flags).open(&path).map_err(Error::file(&path))
    });
    opened.map_err(|error| session::tolerate("clock", Err(error))).ok()
}

/// Takes the newest time from the pipe, and sets the clock where it is wrong.
pub fn adjust(pipe: &mut File) {
    let mut bytes = [0; 64 * MESSAGE_BYTES];
    let Ok(length) = pipe.read(&mut bytes) else { return };
    let Some(wanted) = newest(&bytes[..length]) else { return };
    let Ok(now) = clock_gettime(ClockId::CLOCK_REALTIME) else { return };
    if wanted.abs_diff(Duration::from(now)) < TOLERANCE {
        return;
    }
    match clock_settime(ClockId::CLOCK_REALTIME, TimeSpec::from(wanted)) {
        Ok(()) => journal::info("the clock was set to the host's"),
        Err(errno) => journal::warning(&format!("the clock cannot be set: {errno}")),
    }
}

/// The last time of whole messages; None = there is none that can be true.
fn newest(bytes: &[u8]) -> Option<Duration> {
    if bytes.len() % MESSAGE_BYTES != 0 {
        return None;
    }
    let last = bytes.last_chunk::<MESSAGE_BYTES>()?;
    let ms = u64::from_le_bytes(*last);
    SANE_MS.contains(&ms).then(|| Duration::from_millis(ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_of_whole_messages_counts_if_it_can_be_true() {
        let (early, late) = (*SANE_MS.start(), *SANE_MS.end());
        let both = [early.to_le_bytes(), late.to_le_bytes()].concat();
        assert_eq!(newest(&both), Some(Duration::from_millis(late)));
        assert_eq!(newest(&early.to_le_bytes()), Some(Duration::from_millis(early)));
        for wrong in [early - 1, late + 1, 0, u64::MAX] {
            assert_eq!(newest(&wrong.to_le_bytes()), None);
        }
        assert_eq!(newest(&both[..15]), None);
        assert_eq!(newest(&[]), None);
    }
}
