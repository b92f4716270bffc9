//! One port: who is at its other end, the bytes that come, the bytes that wait to go.

use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::time::Instant;

use atoll_wire::{Epoch, Item, Message, Reader, WireError, opening};
use rustix::io::Errno;

use super::PortKind;
use super::queue::Queue;

/// Read at once; the kernel's own buffers are 32 KiB.
const READ_BYTES: usize = 64 * 1024;
/// Written in one turn of the loop, so that a large picture does not keep a key waiting.
const TURN_BYTES: usize = 512 * 1024;

/// What a port has received.
#[derive(Debug)]
pub enum Received {
    /// A host opened a session that the agent has not heard of; its echo is queued already.
    Opened,
    Message(Message),
    /// The port's session is over: the host went away, or broke the framing.
    Lost(Option<WireError>),
}

/// Result of [`Port::flush`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flushed {
    /// Nothing is left, or the port is full: its readiness will say when to go on.
    Waits,
    /// The port takes more, but it is the others' turn.
    More,
    /// The port is broken; its session is over.
    Lost,
}

#[derive(Debug)]
pub struct Port {
    pub kind: PortKind,
    /// None = no client of the socket that stands for the port.
    fd: Option<Rc<OwnedFd>>,
    /// The end of the stream is the end of the file descriptor (a socket's client); a virtio port stays.
    ends: bool,
    reader: Reader,
    /// Where reads go; kept, so that it need not be cleared for each.
    buffer: Box<[u8]>,
    queue: Queue,
    epoch: Option<Epoch>,
    partial: Option<Instant>,
}

impl Port {
    pub fn new(kind: PortKind) -> Self {
        Self {
            kind,
            fd: None,
            ends: false,
            reader: Reader::new(),
            buffer: vec![0; READ_BYTES].into_boxed_slice(),
            queue: Queue::default(),
            epoch: None,
            partial: None,
        }
    }

    pub fn attach(&mut self, fd: Rc<OwnedFd>, ends: bool) {
        self.fd = Some(fd);
        self.ends = ends;
        self.reset();
    }

    pub fn is_attached(&self) -> bool {
        self.fd.is_some()
    }

    pub fn is_attached_to(&self, fd: &Rc<OwnedFd>) -> bool {
        self.fd.as_ref().is_some_and(|mine| Rc::ptr_eq(mine, fd))
    }

    /// Forgets the session; what comes is discarded up to the next announcement.
    pub fn reset(&mut self) {
        self.reader.hunt();
        self.queue.clear();
        self.epoch = None;
        self.partial = None;
    }

    /// The session that the port was opened for.
    pub fn epoch(&self) -> Option<Epoch> {
        self.epoch
    }

    /// A message has begun and is not complete.
    pub fn is_partial(&self) -> bool {
        self.partial.is_some()
    }

    /// When the bytes that wait for their end last grew by a whole message, or began.
    pub fn partial_since(&self) -> Option<Instant> {
        self.partial
    }

    pub fn queued_bytes(&self) -> usize {
        self.queue.len()
    }

    pub fn send(&mut self, bytes: Vec<u8>) {
        if self.epoch.is_some() {
            self.queue.push(bytes);
        }
    }

    /// Reads what is there, up to a bounded amount. True = more may be there: call again.
    pub fn receive(&mut self) -> (Vec<Received>, bool) {
        let mut received = Vec::new();
        let Some(fd) = self.fd.clone() else { return (received, false) };
        let more = match rustix::io::read(&*fd, &mut *self.buffer) {
            // virtio-console: no host is connected. A socket: its client is gone.
            Ok(0) => {
                self.lose(None, &mut received);
                false
            }
            Ok(count) => {
                self.reader.push(self.buffer.get(..count).unwrap_or_default());
                self.take_items(&mut received);
                true
            }
            Err(Errno::AGAIN) => false,
            Err(Errno::INTR) => true,
            Err(error) => {
                log::warn!("reading {}: {error}", self.kind.name());
                self.lose(None, &mut received);
                false
            }
        };
        let since = if received.is_empty() { self.partial } else { None };
        self.partial = self.reader.is_partial().then(|| since.unwrap_or_else(Instant::now));
        (received, more)
    }

    /// Writes what the port takes.
    pub fn flush(&mut self) -> Flushed {
        let Some(fd) = self.fd.clone() else { return Flushed::Waits };
        match self.queue.write_to(&*fd, TURN_BYTES) {
            Ok(true) => Flushed::More,
            Ok(false) => Flushed::Waits,
            Err(error) => {
                log::info!("writing {}: {error}", self.kind.name());
                self.reset();
                Flushed::Lost
            }
        }
    }

    fn take_items(&mut self, received: &mut Vec<Received>) {
        loop {
            match self.reader.next_item() {
                Ok(Some(Item::Message(message))) => received.push(Received::Message(message)),
                Ok(Some(Item::Announced(epoch))) => {
                    // The host repeats its announcement until it sees the echo, so it may come twice; it takes only one echo.
                    if self.epoch != Some(epoch) {
                        self.queue.clear();
                        self.queue.push(opening(&epoch).to_vec());
                        self.epoch = Some(epoch);
                        received.push(Received::Opened);
                    }
                }
                Ok(None) => return,
                Err(error) => self.lose(Some(error), received),
            }
        }
    }

    fn lose(&mut self, error: Option<WireError>, received: &mut Vec<Received>) {
        if self.epoch.take().is_some() {
            self.queue.clear();
            received.push(Received::Lost(error));
        }
        if error.is_none() {
            self.reader.hunt();
            if self.ends {
                self.fd = None;
            }
        }
    }
}
