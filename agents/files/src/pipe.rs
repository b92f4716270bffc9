//! A pipe between a thread of a transfer and a loop that never blocks.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::OwnedFd;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::pipe::{PipeFlags, fcntl_setpipe_size, pipe_with};

use crate::record::Input;

/// As much as a stream may be ahead.
const PIPE_BYTES: usize = 1024 * 1024;

/// The end that a thread reads.
#[derive(Debug)]
pub struct PipeInput(File);

/// Reading end and writing end.
///
/// # Errors
/// The kernel's.
pub fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let (reader, writer) = pipe_with(PipeFlags::CLOEXEC)?;
    // A user may have many pipes, and then only small ones.
    let _ = fcntl_setpipe_size(&writer, PIPE_BYTES);
    Ok((reader, writer))
}

impl From<OwnedFd> for PipeInput {
    fn from(fd: OwnedFd) -> Self {
        Self(fd.into())
    }
}

impl Read for PipeInput {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Input for PipeInput {
    fn is_ready(&self) -> bool {
        let mut fds = [PollFd::new(&self.0, PollFlags::IN)];
        poll(&mut fds, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })).is_ok_and(|ready| ready > 0)
    }
}
