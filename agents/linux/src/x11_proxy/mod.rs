//! Stands between the X server and smithay's window manager. That one handles each event by itself, most of them with
//! questions that the server has to answer first: a program that renames its window without end would hold up the windows
//! of all others. So each program has an allowance, and what waits is merged: see `queues`. It is a thread, since the
//! window manager waits for the server's answers in the agent's own one. So that no program makes it wait, the window manager's
//! connection is one that is served also while a program holds the server.

mod allowance;
mod packets;
mod queues;
mod requests;

use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::pipe::{PipeFlags, pipe_with};

use crate::x11_connection::make_impervious;
use packets::{Splitter, setup_length, setup_request_length};
use queues::Queues;
use requests::Requests;

/// Bytes read at once.
const READ_BYTES: usize = 16 * 1024;
/// While the window manager has so much to read, events that can be merged wait.
const MAX_UNREAD_BYTES: usize = 16 * 1024;

/// While it is there, the window manager hears nothing of programs.
#[derive(Debug)]
pub struct Gate {
    _held: OwnedFd,
}

/// Starts the relay. Gives the end of the connection for the window manager; the relay ends when either end is closed.
///
/// # Errors
/// There are no file descriptors or threads left.
pub fn start(server: UnixStream) -> io::Result<(UnixStream, Gate)> {
    let (manager, ours) = UnixStream::pair()?;
    let (gate, held) = pipe_with(PipeFlags::CLOEXEC)?;
    thread::Builder::new().name("x11-relay".to_owned()).spawn(move || {
        if let Err(error) = set_up(server, ours).and_then(|mut relay| relay.run(gate)) {
            log::debug!("the connection with the X server has ended: {error}");
        }
    })?;
    Ok((manager, Gate { _held: held }))
}

/// An end of the relay, with the bytes that it has not taken yet.
struct Outgoing {
    stream: UnixStream,
    bytes: Vec<u8>,
    buffer: Box<[u8]>,
}

impl Outgoing {
    fn new(stream: UnixStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        Ok(Self { stream, bytes: Vec::new(), buffer: vec![0; READ_BYTES].into_boxed_slice() })
    }

    /// None = nothing has come.
    fn read(&mut self) -> io::Result<Option<&[u8]>> {
        match self.stream.read(&mut self.buffer) {
            Ok(0) => Err(ErrorKind::UnexpectedEof.into()),
            Ok(size) => Ok(Some(&self.buffer[..size])),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        let mut written = 0;
        while written < self.bytes.len() {
            match self.stream.write(&self.bytes[written..]) {
                Ok(size) => written += size,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.bytes.drain(..written);
        Ok(())
    }

    fn interest(&self) -> PollFlags {
        if self.bytes.is_empty() { PollFlags::IN } else { PollFlags::IN | PollFlags::OUT }
    }
}

struct Relay {
    server: Outgoing,
    manager: Outgoing,
    queues: Queues,
}

/// Passes on how the window manager sets up its connection, and then makes it one that no program can hold.
fn set_up(mut server: UnixStream, mut manager: UnixStream) -> io::Result<Relay> {
    server.set_nonblocking(false)?;
    let request = read_whole(&mut manager, 12, setup_request_length)?;
    server.write_all(&request)?;
    let answer = read_whole(&mut server, 8, setup_length)?;
    let mut queues = Queues::default();
    queues.set_up(&answer);
    // Before the manager is told: what it asks comes after it.
    queues.ahead = make_impervious(&mut server)?;
    manager.write_all(&answer)?;
    Ok(Relay { server: Outgoing::new(server)?, manager: Outgoing::new(manager)?, queues })
}

/// Reads a message whose first bytes, so many, say how long it is.
fn read_whole(from: &mut UnixStream, first: usize, length: fn(&[u8]) -> Option<usize>) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; first];
    from.read_exact(&mut bytes)?;
    let whole = length(&bytes).ok_or(ErrorKind::InvalidData)?;
    bytes.resize(whole.max(first), 0);
    from.read_exact(&mut bytes[first..])?;
    Ok(bytes)
}

impl Relay {
    /// Ends with an error, at the latest when an end is closed.
    fn run(&mut self, gate: OwnedFd) -> io::Result<()> {
        let Self { server, manager, queues } = self;
        let mut splitter = Splitter::default();
        let mut requests = Requests::default();
        let mut gate = Some(gate);
        loop {
            while let Some(bytes) = manager.read()? {
                requests.pass(bytes, &mut server.bytes);
            }
            server.flush()?;
            while let Some(bytes) = server.read()? {
                splitter.push(bytes);
                let now = Instant::now();
                while let Some(packet) = splitter.next() {
                    queues.take(packet, now, &mut manager.bytes);
                }
            }
            let mut wait = None;
            if manager.bytes.len() < MAX_UNREAD_BYTES {
                wait = queues.release(Instant::now(), &mut manager.bytes);
            }
            manager.flush()?;
            let timeout = wait.map(timespec);
            let (to_server, to_manager) = (server.interest(), manager.interest());
            let mut ends = vec![PollFd::new(&server.stream, to_server), PollFd::new(&manager.stream, to_manager)];
            ends.extend(gate.as_ref().map(|gate| PollFd::new(gate, PollFlags::IN)));
            match poll(&mut ends, timeout.as_ref()) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            // Its other end is closed.
            if ends.get(2).is_some_and(|gate| !gate.revents().is_empty()) {
                drop(ends);
                gate = None;
                queues.is_open = true;
            }
        }
    }
}

fn timespec(wait: Duration) -> Timespec {
    // At least a millisecond: an allowance that lacks a trace would be asked for again and again.
    Timespec::try_from(wait.max(Duration::from_millis(1))).unwrap_or(Timespec { tv_sec: 1, tv_nsec: 0 })
}
