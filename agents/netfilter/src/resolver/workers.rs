//! Threads that wait for the next look-up: to begin and end one for each costs more than the look-up's own work, most of all
//! where the machine is emulated.

use std::io::{self, ErrorKind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// More end when they are done.
const KEPT: usize = 4;

type Work = Box<dyn FnOnce() + Send>;

#[derive(Debug)]
pub struct Workers {
    queue: Sender<Work>,
    rest: Arc<Rest>,
}

#[derive(Debug)]
struct Rest {
    /// Of what is given to one that waits.
    queue: Mutex<Receiver<Work>>,
    /// Those that wait, less what is in the queue.
    waiting: AtomicUsize,
}

impl Default for Workers {
    fn default() -> Self {
        let (queue, given) = channel();
        Self { queue, rest: Arc::new(Rest { queue: Mutex::new(given), waiting: AtomicUsize::new(0) }) }
    }
}

impl Workers {
    /// Does it at once, in another thread. An error: there is no other one, and it is not done.
    pub fn work(&self, what: impl FnOnce() + Send + 'static) -> io::Result<()> {
        let one_less = |waiting: usize| waiting.checked_sub(1);
        if self.rest.waiting.fetch_update(Ordering::AcqRel, Ordering::Acquire, one_less).is_ok() {
            // The other end lives as long as this one.
            return self.queue.send(Box::new(what)).map_err(|_| ErrorKind::BrokenPipe.into());
        }
        let rest = Arc::clone(&self.rest);
        let body = move || {
            what();
            while let Some(next) = rest.next() {
                next();
            }
        };
        thread::Builder::new().name("lookup".to_owned()).spawn(body).map(drop)
    }
}

impl Rest {
    /// `None`: enough others wait.
    fn next(&self) -> Option<Work> {
        let one_more = |waiting: usize| (waiting < KEPT).then_some(waiting + 1);
        self.waiting.fetch_update(Ordering::AcqRel, Ordering::Acquire, one_more).ok()?;
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use std::collections::HashSet;
    use std::sync::Barrier;

    #[test]
    fn all_is_done_at_once_and_threads_are_used_again() {
        const AT_ONCE: usize = KEPT * 3;
        let workers = Workers::default();
        let (out, done) = channel();
        let mut threads = HashSet::new();
        for _ in 0..20 {
            // Nobody passes before all are there.
            let barrier = Arc::new(Barrier::new(AT_ONCE));
            for _ in 0..AT_ONCE {
                let (barrier, out) = (Arc::clone(&barrier), out.clone());
                let body = move || {
                    barrier.wait();
                    out.send(thread::current().id()).unwrap();
                };
                workers.work(body).unwrap();
            }
            threads.extend(done.iter().take(AT_ONCE));
            while workers.rest.waiting.load(Ordering::Acquire) < KEPT {
                thread::yield_now();
            }
        }
        assert!(threads.len() <= AT_ONCE + 19 * (AT_ONCE - KEPT), "{}", threads.len());
    }
}
