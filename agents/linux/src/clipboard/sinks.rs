//! Descriptors that programs have pasted into, which may be any: a write into a file of a FUSE filesystem, or into a socket
//! whose program takes back that it does not block, takes as long as another program likes. The agent itself writes into
//! pipes alone, and by descriptions that nobody else has.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::sync::Arc;
use std::thread;

use rustix::fs::{FileType, OFlags, fstat};

use super::give::program_pipe;

/// Threads that write for the agent at once. One that a filesystem holds is there as long as that does.
const MAX_THREADS: usize = 16;
const PIECE_BYTES: usize = 64 * 1024;

/// The threads hold the value.
#[derive(Debug, Default)]
pub struct Sinks(Arc<()>);

impl Sinks {
    /// A descriptor by which the same is written without ever blocking.
    ///
    /// # Errors
    /// Too many such files are being written; the kernel's.
    pub fn open(&self, fd: OwnedFd) -> io::Result<OwnedFd> {
        if FileType::from_raw_mode(fstat(&fd)?.st_mode) == FileType::Fifo {
            match reopened(&fd) {
                // The pipe of another user's program cannot be opened again.
                Err(error) if error.kind() == ErrorKind::PermissionDenied => {}
                opened => return opened,
            }
        }
        if Arc::strong_count(&self.0) > MAX_THREADS {
            return Err(ErrorKind::ResourceBusy.into());
        }
        let (read, write) = program_pipe()?;
        let counted = self.0.clone();
        thread::Builder::new().name("paste".to_owned()).spawn(move || {
            if let Err(error) = pass_on(read.into(), fd.into()) {
                log::debug!("pasting into a file: {error}");
            }
            drop(counted);
        })?;
        Ok(write)
    }
}

/// The same pipe by a description of its own: whether a write blocks is the description's, which the program has as well.
fn reopened(pipe: &OwnedFd) -> io::Result<OwnedFd> {
    let path = format!("/proc/self/fd/{}", pipe.as_raw_fd());
    let flags = OFlags::NONBLOCK.bits() as i32;
    Ok(OpenOptions::new().write(true).custom_flags(flags).open(path)?.into())
}

/// Until the agent has closed its end, or the file takes no more. The file may be one that does not block as well.
fn pass_on(mut from: File, mut to: File) -> io::Result<()> {
    use rustix::event::{PollFd, PollFlags, poll};
    let mut buffer = vec![0; PIECE_BYTES];
    loop {
        let count = match from.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let mut rest = &buffer[..count];
        while !rest.is_empty() {
            match to.write(rest) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(count) => rest = &rest[count..],
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    poll(&mut [PollFd::new(&to, PollFlags::OUT)], None)?;
                }
                Err(error) => return Err(error),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::os::unix::net::UnixStream;

    #[test]
    fn what_is_pasted_reaches_files_and_sockets_whole() {
        let sinks = Sinks::default();
        let bytes: Vec<u8> = (0..300_000u32).map(|at| at as u8).collect();
        let (ours, theirs) = UnixStream::pair().unwrap();
        theirs.set_nonblocking(true).unwrap();
        let mut sink = File::from(sinks.open(theirs.into()).unwrap());
        let sent = bytes.clone();
        let writer = thread::spawn(move || sink.write_all(&sent));
        let mut came = Vec::new();
        (&ours).read_to_end(&mut came).unwrap();
        assert!(came == bytes);
        writer.join().unwrap().unwrap();
    }

    #[test]
    fn no_more_threads_wait_for_programs_than_the_limit() {
        let sinks = Sinks::default();
        let mut held = Vec::new();
        for _ in 0..MAX_THREADS {
            let (ours, theirs) = UnixStream::pair().unwrap();
            held.push((sinks.open(theirs.into()).unwrap(), ours));
        }
        let (_ours, theirs) = UnixStream::pair().unwrap();
        assert_eq!(sinks.open(theirs.into()).unwrap_err().kind(), ErrorKind::ResourceBusy);
    }

    #[test]
    fn a_pipe_does_not_block_whatever_its_program_says() {
        use rustix::fs::{fcntl_getfl, fcntl_setfl};
        let (read, write) = io::pipe().unwrap();
        let theirs = write.try_clone().unwrap();
        let ours = crate::streams::StreamFd::new(Sinks::default().open(write.into()).unwrap()).unwrap();
        fcntl_setfl(&theirs, fcntl_getfl(&theirs).unwrap() - OFlags::NONBLOCK).unwrap();
        let filled = std::iter::repeat_with(|| ours.clone().write(&[0; 4096])).find_map(Result::err).unwrap();
        assert_eq!(filled.kind(), ErrorKind::WouldBlock);
        drop(read);
        assert!(ours.has_no_reader());
    }
}
