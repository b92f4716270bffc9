//! One port: whether a host is connected, the bytes that it sent, the bytes that wait for it.

use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::time::{Duration, Instant};

use atoll_wire::{Epoch, Item, Message, Reader, WireError, opening};
use rustix::io::Errno;

use super::PortKind;
use super::pace::Pace;
use super::queue::{Queue, Stopped};

/// Bytes read at once; the kernel's own buffers have 32 KiB.
const READ_BYTES: usize = 64 * 1024;
/// Bytes written in one turn of the event loop at most, so that a large frame does not delay a key.
const TURN_BYTES: usize = 512 * 1024;

/// What a port has received.
#[derive(Debug)]
pub enum Received {
    /// A host has opened a session; the echo of its announcement is queued.
    Opened,
    Message(Message),
    /// The session of the port is over: the host has closed it, or sent bytes that are no message.
    Lost(Option<WireError>),
}

/// Result of [`Port::flush`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flushed {
    /// The queue is empty, or the port is full: the event loop will report when it takes more.
    Waits,
    /// The port takes more, but the other ports are to have their turn.
    More,
    /// The host takes more after this time.
    Later(Duration),
    /// The port is broken; its session is over.
    Lost,
}

#[derive(Debug)]
pub struct Port {
    pub kind: PortKind,
    /// None = no client is connected to the socket.
    fd: Option<Rc<OwnedFd>>,
    /// A socket is closed with its client. A virtio port stays open when the host closes its end.
    is_socket: bool,
    reader: Reader,
    /// Reads go here; kept, since new memory would have to be cleared for each read.
    buffer: Box<[u8]>,
    queue: Queue,
    /// Of the control port: frames have their credits, and the host reads the bulk port at a pace of its own.
    pace: Option<Pace>,
    epoch: Option<Epoch>,
    partial: Option<Instant>,
}

impl Port {
    pub fn new(kind: PortKind) -> Self {
        Self {
            kind,
            fd: None,
            is_socket: false,
            reader: Reader::new(),
            buffer: vec![0; READ_BYTES].into_boxed_slice(),
            queue: Queue::default(),
            pace: (kind == PortKind::Control).then(|| Pace::new(Instant::now())),
            epoch: None,
            partial: None,
        }
    }

    pub fn attach(&mut self, fd: Rc<OwnedFd>, is_socket: bool) {
        self.fd = Some(fd);
        self.is_socket = is_socket;
        self.reset();
    }

    pub fn is_attached(&self) -> bool {
        self.fd.is_some()
    }

    pub fn is_attached_to(&self, fd: &Rc<OwnedFd>) -> bool {
        self.fd.as_ref().is_some_and(|mine| Rc::ptr_eq(mine, fd))
    }

    /// Forgets the session; what comes is discarded up to the next announcement of a host.
    pub fn reset(&mut self) {
        self.reader.hunt();
        self.queue.clear();
        self.epoch = None;
        self.partial = None;
    }

    /// Epoch of the session that the port was opened for.
    pub fn epoch(&self) -> Option<Epoch> {
        self.epoch
    }

    /// The first bytes of a message have come, but not all of it.
    pub fn is_partial(&self) -> bool {
        self.partial.is_some()
    }

    /// Since when no whole message has come while an incomplete one waits.
    pub fn partial_since(&self) -> Option<Instant> {
        self.partial
    }

    pub fn queued_bytes(&self) -> usize {
        self.queue.len()
    }

    pub fn queued_messages(&self) -> usize {
        self.queue.messages()
    }

    /// `opens`: the message opens a surface.
    pub fn send(&mut self, bytes: Vec<u8>, opens: bool) {
        if self.epoch.is_some() {
            self.queue.push(bytes, opens);
        }
    }

    /// Reads once. True = there may be more: call again.
    pub fn receive(&mut self) -> (Vec<Received>, bool) {
        let mut received = Vec::new();
        let Some(fd) = self.fd.clone() else { return (received, false) };
        let more = match rustix::io::read(&*fd, &mut *self.buffer) {
            // End of file. A virtio port: no host is connected. A socket: its client has closed it.
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
        match self.queue.write_to(&*fd, TURN_BYTES, self.pace.as_mut()) {
            Ok(Stopped::Budget) => Flushed::More,
            Ok(Stopped::Done) => Flushed::Waits,
            Ok(Stopped::Paced(wait)) => Flushed::Later(wait),
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
                    // The host repeats its announcement until it sees the echo, and accepts only one echo.
                    if self.epoch != Some(epoch) {
                        self.queue.clear();
                        self.queue.push(opening(&epoch).to_vec(), false);
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
            if self.is_socket {
                self.fd = None;
            }
        }
    }
}
