//! Carries bytes between two VMs and looks at none of them. When one end goes, the other is left, too: half a frame would
//! never be followed by its other half. Then both are tried again.

use crate::report::{Counters, say};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

/// There is no event for a socket that somebody makes, or begins to listen on again.
const RETRY: Duration = Duration::from_millis(100);
const BUFFER_BYTES: usize = 256 * 1024;

pub fn run(one: &str, other: &str) -> ! {
    let counters: &'static Counters = Box::leak(Box::default());
    Counters::report(counters);
    loop {
        let (one, other) = both(one, other);
        say("joined");
        thread::scope(|scope| {
            scope.spawn(|| carry(&one, &other, &counters.out));
            carry(&other, &one, &counters.back);
        });
        say("parted one end has gone");
        // A QEMU that its guest has taken over can come and go all the time: whoever listens would hear of nothing else.
        thread::sleep(RETRY);
    }
}

/// Connects to a VM that may not be there yet.
pub fn connected(socket: &str) -> UnixStream {
    loop {
        match UnixStream::connect(socket) {
            Ok(stream) => return stream,
            Err(_) => thread::sleep(RETRY),
        }
    }
}

/// The first one is kept while the other is tried: a VM would see its peer come and go ten times a second.
fn both(one: &str, other: &str) -> (UnixStream, UnixStream) {
    loop {
        let first = connected(one);
        while !has_gone(&first) {
            if let Ok(second) = UnixStream::connect(other) {
                return (first, second);
            }
            thread::sleep(RETRY);
        }
    }
}

/// Looks without reading: what the VM has sent meanwhile is carried when the other end is there.
fn has_gone(stream: &UnixStream) -> bool {
    // No event is asked for: poll always reports an end.
    let mut fds = [PollFd::new(stream.as_fd(), PollFlags::empty())];
    poll(&mut fds, PollTimeout::ZERO) != Ok(0)
}

/// Until one of them ends; then both have.
pub fn carry(from: &UnixStream, to: &UnixStream, counter: &AtomicU64) {
    let mut buffer = vec![0; BUFFER_BYTES];
    while let Some(length) = read(from, &mut buffer) {
        counter.fetch_add(length as u64, Relaxed);
        let mut to = to;
        if to.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    end(from, to);
}

/// `None`: there is nothing more.
pub fn read(mut from: &UnixStream, buffer: &mut [u8]) -> Option<usize> {
    loop {
        match from.read(buffer) {
            Ok(0) => return None,
            Ok(length) => return Some(length),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
}

/// Whoever reads or writes there notices.
pub fn end(one: &UnixStream, other: &UnixStream) {
    for stream in [one, other] {
        let _ = stream.shutdown(Shutdown::Both); // it has ended already
    }
}
