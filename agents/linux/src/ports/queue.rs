//! Bytes that wait until the port takes them.

use std::collections::VecDeque;
use std::os::fd::AsFd;

use rustix::io::Errno;

/// Small messages are joined up to this size: each write to a virtio port costs an exit to the hypervisor.
const JOIN_BYTES: usize = 16 * 1024;

#[derive(Debug, Default)]
pub struct Queue {
    pieces: VecDeque<Vec<u8>>,
    /// Bytes of the first piece that are written already.
    written: usize,
    bytes: usize,
}

impl Queue {
    pub fn push(&mut self, piece: Vec<u8>) {
        self.bytes += piece.len();
        match self.pieces.back_mut() {
            Some(last) if last.len() + piece.len() <= JOIN_BYTES => last.extend_from_slice(&piece),
            _ => self.pieces.push_back(piece),
        }
    }

    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Bytes that are not written yet.
    pub fn len(&self) -> usize {
        self.bytes
    }

    /// Writes until the queue is empty, the port is full, or `budget` bytes are written. True = it was the budget: the
    /// event loop will not report that the port takes more.
    ///
    /// # Errors
    /// The port's, except that it is full.
    pub fn write_to(&mut self, fd: impl AsFd, mut budget: usize) -> Result<bool, Errno> {
        while let Some(piece) = self.pieces.front() {
            if budget == 0 {
                return Ok(true);
            }
            let rest = &piece[self.written..];
            match rustix::io::write(&fd, &rest[..rest.len().min(budget)]) {
                Ok(0) | Err(Errno::AGAIN) => return Ok(false),
                Ok(count) => {
                    budget = budget.saturating_sub(count);
                    self.bytes = self.bytes.saturating_sub(count);
                    self.written += count;
                }
                Err(Errno::INTR) => continue,
                Err(error) => return Err(error),
            }
            if self.written >= piece.len() {
                self.written = 0;
                self.pieces.pop_front();
            }
        }
        Ok(false)
    }
}
