//! Both ends of the streams: a writer that waits for credit, and a reader that gives it.

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, ErrorKind, Read, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use atoll_files::Input;
use atoll_wire::header::Message as Body;
use atoll_wire::limits::{MAX_STREAM_CHUNK_BYTES, MAX_STREAM_CREDIT_BYTES};
use atoll_wire::{StreamCredit, StreamData, StreamEnd};

use crate::io::Out;

/// Credit that the host has at first, bytes.
const INITIAL_CREDIT_BYTES: usize = 1024 * 1024;
/// Credit is given back in pieces of this size at least.
const CREDIT_STEP_BYTES: usize = 128 * 1024;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Bytes that the host takes of a stream; None = it wants no more.
#[derive(Debug)]
pub struct Credit {
    bytes: Mutex<Option<u32>>,
    more: Condvar,
}

impl Credit {
    pub fn add(&self, more: u32) {
        if let Some(bytes) = lock(&self.bytes).as_mut() {
            *bytes = bytes.saturating_add(more).min(MAX_STREAM_CREDIT_BYTES);
        }
        self.more.notify_all();
    }

    pub fn close(&self) {
        *lock(&self.bytes) = None;
        self.more.notify_all();
    }

    fn take(&self, wanted: usize) -> Option<usize> {
        let guard = self.more.wait_while(lock(&self.bytes), |bytes| *bytes == Some(0));
        let mut guard = guard.unwrap_or_else(PoisonError::into_inner);
        let bytes = guard.as_mut()?;
        let count = wanted.min(*bytes as usize).min(MAX_STREAM_CHUNK_BYTES);
        *bytes -= u32::try_from(count).unwrap_or(0);
        Some(count)
    }
}

/// A stream that this side writes; it ends when this is dropped.
#[derive(Debug)]
pub struct CreditWriter {
    stream: u32,
    out: Arc<Out>,
    credit: Arc<Credit>,
}

impl CreditWriter {
    pub fn new(stream: u32, out: Arc<Out>) -> Self {
        Self { stream, out, credit: Arc::new(Credit { bytes: Mutex::new(Some(0)), more: Condvar::new() }) }
    }

    pub fn credit(&self) -> Arc<Credit> {
        self.credit.clone()
    }
}

impl Write for CreditWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.is_empty() {
            return Ok(0);
        }
        let count = self.credit.take(bytes.len()).ok_or(ErrorKind::BrokenPipe)?;
        let sent =
            self.out.send(Body::StreamData(StreamData { stream: self.stream }), bytes.get(..count).unwrap_or_default());
        if sent { Ok(count) } else { Err(ErrorKind::BrokenPipe.into()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for CreditWriter {
    fn drop(&mut self) {
        let aborted = lock(&self.credit.bytes).is_none();
        self.out.send(Body::StreamEnd(StreamEnd { stream: self.stream, aborted }), &[]);
    }
}

#[derive(Debug)]
struct Waiting {
    bytes: VecDeque<u8>,
    /// That the host may still send.
    credit: usize,
    /// It has sent its end, or has to.
    has_ended: bool,
}

/// The loop's end of a stream that the host writes.
#[derive(Debug)]
pub struct Queue {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

pub type Queues = BTreeMap<u32, Arc<Queue>>;

impl Queue {
    /// False = beyond the credit.
    pub fn push(&self, bytes: &[u8]) -> bool {
        let mut waiting = lock(&self.waiting);
        let Some(left) = waiting.credit.checked_sub(bytes.len()) else { return false };
        waiting.credit = left;
        waiting.bytes.extend(bytes);
        self.changed.notify_all();
        true
    }

    pub fn close(&self) {
        lock(&self.waiting).has_ended = true;
        self.changed.notify_all();
    }
}

/// The thread's end. The host gets its first credit at once.
#[derive(Debug)]
pub struct QueueReader {
    stream: u32,
    out: Arc<Out>,
    queue: Arc<Queue>,
    /// Taken, and not given back as credit.
    owed: usize,
}

impl QueueReader {
    pub fn new(stream: u32, out: Arc<Out>) -> (Self, Arc<Queue>) {
        let waiting = Waiting { bytes: VecDeque::new(), credit: INITIAL_CREDIT_BYTES, has_ended: false };
        let queue = Arc::new(Queue { waiting: Mutex::new(waiting), changed: Condvar::new() });
        let reader = Self { stream, out, queue: queue.clone(), owed: 0 };
        reader.give(INITIAL_CREDIT_BYTES);
        (reader, queue)
    }

    fn give(&self, bytes: usize) {
        let bytes = u32::try_from(bytes).unwrap_or(0);
        self.out.send(Body::StreamCredit(StreamCredit { stream: self.stream, bytes }), &[]);
    }
}

impl Read for QueueReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let guard = self
            .queue
            .changed
            .wait_while(lock(&self.queue.waiting), |waiting| waiting.bytes.is_empty() && !waiting.has_ended);
        let mut waiting = guard.unwrap_or_else(PoisonError::into_inner);
        let count = waiting.bytes.read(buffer)?;
        self.owed += count;
        if self.owed >= CREDIT_STEP_BYTES && !waiting.has_ended {
            let owed = std::mem::take(&mut self.owed);
            waiting.credit += owed;
            drop(waiting);
            self.give(owed);
        }
        Ok(count)
    }
}

impl Input for QueueReader {
    fn is_ready(&self) -> bool {
        let waiting = lock(&self.queue.waiting);
        !waiting.bytes.is_empty() || waiting.has_ended
    }
}

impl Drop for QueueReader {
    fn drop(&mut self) {
        if !lock(&self.queue.waiting).has_ended {
            self.out.send(Body::StreamEnd(StreamEnd { stream: self.stream, aborted: false }), &[]);
        }
    }
}
