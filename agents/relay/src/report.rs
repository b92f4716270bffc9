//! What this program says, a line of words each:
//! ```text
//! joined               both ends are there: frames pass
//! parted REASON        one of them has gone
//! counted OUT IN DROPPED
//! ```
//! `counted`: bytes from the first end and to it, and frames that were dropped, since the start; once a second at most, and
//! when it parts.

use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

const INTERVAL: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
pub struct Counters {
    pub out: AtomicU64,
    pub back: AtomicU64,
    pub dropped: AtomicU64,
}

impl Counters {
    fn all(&self) -> [u64; 3] {
        [&self.out, &self.back, &self.dropped].map(|counter| counter.load(Relaxed))
    }

    /// Says the counts each second in which they have changed, for as long as the program runs.
    pub fn report(counters: &'static Self) {
        std::thread::spawn(|| {
            let mut last = [0; 3];
            loop {
                std::thread::sleep(INTERVAL);
                let now = counters.all();
                if now != last {
                    last = now;
                    say(&format!("counted {} {} {}", now[0], now[1], now[2]));
                }
            }
        });
    }
}

/// Whoever started this listens. When nobody does, the application has ended, and the links with it.
pub fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    if writeln!(out, "{line}").and_then(|()| out.flush()).is_err() {
        std::process::exit(0);
    }
}
