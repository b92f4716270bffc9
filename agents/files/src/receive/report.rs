//! FilesDone: what came of the files, a few times a second.

use std::time::{Duration, Instant};

use atoll_wire::header::Message as Body;
use atoll_wire::limits::MAX_FILE_RESULTS;
use atoll_wire::{FileResult, FilesDone};

use crate::transfers::Emit;

/// Results of one message: with the longest paths they stay below the limit of a header.
const RESULT_BYTES: usize = 48 * 1024;

pub struct Report<'a> {
    transfer: u32,
    emit: &'a Emit,
    every: Duration,
    last: Instant,
    results: Vec<FileResult>,
    bytes: u64,
    sent_bytes: u64,
}

impl<'a> Report<'a> {
    pub fn new(transfer: u32, emit: &'a Emit, every: Duration) -> Self {
        Self { transfer, emit, every, last: Instant::now(), results: Vec::new(), bytes: 0, sent_bytes: 0 }
    }

    pub fn add(&mut self, result: FileResult) {
        self.results.push(result);
    }

    /// Bytes of a file have come.
    pub fn count(&mut self, bytes: usize) {
        self.bytes += bytes as u64;
    }

    pub fn send_if_due(&mut self) {
        let has_more = !self.results.is_empty() || self.bytes != self.sent_bytes;
        if has_more && self.last.elapsed() >= self.every {
            self.send();
        }
    }

    /// Sends all that was not sent yet.
    pub fn send(&mut self) {
        self.last = Instant::now();
        let mut results = std::mem::take(&mut self.results).into_iter().peekable();
        while results.peek().is_some() || self.bytes != self.sent_bytes {
            let mut message = FilesDone { transfer: self.transfer, results: Vec::new(), bytes: self.bytes };
            let mut room = RESULT_BYTES;
            while let Some(result) =
                results.next_if(|result| message.results.len() < MAX_FILE_RESULTS && bytes_of(result) <= room)
            {
                room -= bytes_of(&result);
                message.results.push(result);
            }
            self.sent_bytes = self.bytes;
            (self.emit)(Body::FilesDone(message).into());
        }
    }
}

fn bytes_of(result: &FileResult) -> usize {
    64 + result.path.len()
}
