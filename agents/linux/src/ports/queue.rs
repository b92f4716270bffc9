//! Bytes that wait until the port takes them.

use std::collections::VecDeque;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use rustix::io::Errno;

use super::pace::{Count, Pace};

/// Small messages are joined up to this size: each write to a virtio port costs an exit to the hypervisor.
const JOIN_BYTES: usize = 16 * 1024;

#[derive(Debug, Default)]
struct Piece {
    bytes: Vec<u8>,
    /// Of its messages, those that have not been begun.
    waiting: Count,
}

/// Why no more is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// The queue is empty, or the port is full.
    Done,
    /// It was as much as is written at once.
    Budget,
    /// The pace allows more after this time.
    Paced(Duration),
}

#[derive(Debug, Default)]
pub struct Queue {
    pieces: VecDeque<Piece>,
    /// Bytes of the first piece that are written already.
    written: usize,
    bytes: usize,
    messages: usize,
}

impl Queue {
    /// `opens`: it opens a surface.
    pub fn push(&mut self, message: Vec<u8>, opens: bool) {
        self.bytes += message.len();
        self.messages += 1;
        let opens = usize::from(opens);
        match self.pieces.back_mut() {
            Some(last) if last.bytes.len() + message.len() <= JOIN_BYTES => {
                last.bytes.extend_from_slice(&message);
                last.waiting.messages += 1;
                last.waiting.opens += opens;
            }
            _ => self.pieces.push_back(Piece { bytes: message, waiting: Count { messages: 1, opens } }),
        }
    }

    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Bytes that are not written yet.
    pub fn len(&self) -> usize {
        self.bytes
    }

    /// Messages that are not begun yet.
    pub fn messages(&self) -> usize {
        self.messages
    }

    /// Writes until the queue is empty, the port is full, or `budget` bytes are written. Where it was the budget or the
    /// pace, the event loop will not report that the port takes more.
    ///
    /// # Errors
    /// The port's, except that it is full.
    pub fn write_to(
        &mut self,
        fd: impl AsFd,
        mut budget: usize,
        mut pace: Option<&mut Pace>,
    ) -> Result<Stopped, Errno> {
        while let Some(piece) = self.pieces.front_mut() {
            if budget == 0 {
                return Ok(Stopped::Budget);
            }
            if let Some(wait) = pace.as_mut().and_then(|pace| pace.wait(Instant::now())) {
                return Ok(Stopped::Paced(wait));
            }
            let rest = &piece.bytes[self.written..];
            match rustix::io::write(&fd, &rest[..rest.len().min(budget)]) {
                Ok(0) | Err(Errno::AGAIN) => return Ok(Stopped::Done),
                Ok(count) => {
                    let begun = std::mem::take(&mut piece.waiting);
                    self.messages -= begun.messages;
                    if let Some(pace) = &mut pace {
                        pace.spend(begun, count);
                    }
                    budget = budget.saturating_sub(count);
                    self.bytes = self.bytes.saturating_sub(count);
                    self.written += count;
                }
                Err(Errno::INTR) => continue,
                Err(error) => return Err(error),
            }
            if self.written >= piece.bytes.len() {
                self.written = 0;
                self.pieces.pop_front();
            }
        }
        Ok(Stopped::Done)
    }
}
