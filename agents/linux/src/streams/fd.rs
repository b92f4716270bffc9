//! A file descriptor of a stream: the loop watches it, and the stream reads or writes it.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::rc::Rc;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

/// Closed with its last copy. It does not block.
#[derive(Debug, Clone)]
pub struct StreamFd(Rc<OwnedFd>);

impl StreamFd {
    /// # Errors
    /// It cannot be made one that does not block.
    pub fn new(fd: OwnedFd) -> io::Result<Self> {
        fcntl_setfl(&fd, fcntl_getfl(&fd)? | OFlags::NONBLOCK)?;
        Ok(Self(Rc::new(fd)))
    }

    /// Of a pipe or socket that is written: its other end is closed.
    pub fn has_no_reader(&self) -> bool {
        let mut fds = [PollFd::new(&*self.0, PollFlags::OUT)];
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        poll(&mut fds, Some(&now)).is_ok() && fds[0].revents().contains(PollFlags::ERR)
    }
}

impl AsFd for StreamFd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl Read for StreamFd {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(rustix::io::read(&*self.0, buffer)?)
    }
}

impl Write for StreamFd {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(rustix::io::write(&*self.0, bytes)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn it_never_blocks_and_knows_when_nobody_reads() {
        let (ours, theirs) = io::pipe().unwrap();
        let mut fd = StreamFd::new(theirs.into()).unwrap();
        assert!(!fd.has_no_reader());
        let filled = std::iter::repeat_with(|| fd.write(&[0; 4096])).find_map(Result::err).unwrap();
        assert_eq!(filled.kind(), io::ErrorKind::WouldBlock);
        drop(ours);
        assert!(fd.has_no_reader());
        assert_eq!(fd.write(&[0]).unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }
}
