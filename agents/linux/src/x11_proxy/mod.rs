//! Stands between the X server and smithay's window manager. That one handles each event by itself, most of them with
//! questions that the server has to answer first: a program that renames its window without end would hold up the windows
//! of all others. So each program has an allowance, and what waits is merged: see `queues`. It is a thread, since the
//! window manager waits for the server's answers in the agent's own one.

mod allowance;
mod packets;
mod queues;

use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::pipe::{PipeFlags, pipe_with};

use packets::Splitter;
use queues::Queues;

/// Bytes read at once.
const READ_BYTES: usize = 16 * 1024;
/// While the window manager has so much to read, events that can be merged wait.
const MAX_UNREAD_BYTES: usize = 16 * 1024;

/// While it is there, the window manager hears nothing of programs.
#[derive(Debug)]
pub struct Gate {
    _held: OwnedFd,
}

/// Starts the proxy. Gives the end of the connection for the window manager; the proxy ends when either end is closed.
///
/// # Errors
/// There are no file descriptors or threads left.
pub fn start(server: UnixStream) -> io::Result<(UnixStream, Gate)> {
    let (manager, ours) = UnixStream::pair()?;
    let mut to_manager = Outgoing::new(ours)?;
    let mut to_server = Outgoing::new(server)?;
    let (gate, held) = pipe_with(PipeFlags::CLOEXEC)?;
    thread::Builder::new().name("x11-proxy".to_owned()).spawn(move || {
        if let Err(error) = pass_on(&mut to_server, &mut to_manager, gate) {
            log::debug!("the connection with the X server has ended: {error}");
        }
    })?;
    Ok((manager, Gate { _held: held }))
}

/// An end of the proxy, with the bytes that it has not taken yet.
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

/// Ends with an error, at the latest when an end is closed.
fn pass_on(server: &mut Outgoing, manager: &mut Outgoing, gate: OwnedFd) -> io::Result<()> {
    let mut splitter = Splitter::default();
    let mut queues = Queues::default();
    let mut gate = Some(gate);
    loop {
        while let Some(bytes) = manager.read()? {
            server.bytes.extend_from_slice(bytes);
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

fn timespec(wait: Duration) -> Timespec {
    // At least a millisecond: an allowance that lacks a trace would be asked for again and again.
    Timespec::try_from(wait.max(Duration::from_millis(1))).unwrap_or(Timespec { tv_sec: 1, tv_nsec: 0 })
}
