//! A pseudo-terminal: the host has its master end, the program the other.

use std::io::{self, Read};
use std::os::fd::OwnedFd;

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::streams::StreamFd;

/// A terminal has no end of file but this key (EOT, control-D).
pub const END_OF_FILE: &[u8] = &[4];

/// Both ends of a new terminal, the master first.
pub fn open(columns: u32, rows: u32) -> io::Result<(OwnedFd, OwnedFd)> {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
    grantpt(&master)?;
    unlockpt(&master)?;
    let name = ptsname(&master, Vec::new())?;
    let other = rustix::fs::open(name, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty())?;
    tcsetwinsize(&master, size(columns, rows))?;
    Ok((master, other))
}

/// 0 = the usual number.
pub fn size(columns: u32, rows: u32) -> Winsize {
    let cells = |count: u32, default: u16| match u16::try_from(count) {
        Ok(0) => default,
        Ok(count) => count,
        Err(_) => u16::MAX,
    };
    Winsize { ws_row: cells(rows, 24), ws_col: cells(columns, 80), ws_xpixel: 0, ws_ypixel: 0 }
}

/// What a program writes to its terminal. The kernel says EIO, not end of file, when the program's end is closed.
#[derive(Debug)]
pub struct Output(pub StreamFd);

impl Read for Output {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buffer) {
            Err(error) if error.raw_os_error() == Some(Errno::IO.raw_os_error()) => Ok(0),
            result => result,
        }
    }
}
