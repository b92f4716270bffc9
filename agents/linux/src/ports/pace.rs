//! How fast messages leave a port. The host ends the session of a VM whose control port brings more than its quotas allow,
//! whichever of its programs was the cause. Each program has a budget (floods.rs), but any number of them can be started.

use std::time::{Duration, Instant};

/// Of messages, bytes and surfaces that open: so many at once after a rest, and then so many each second. The host allows
/// two to three times as much at once, and a quarter more or twice as much a second (MAX_CONTROL_* and MAX_OPENS_* of
/// shared/protocol/limits.ts).
const BURST: [f64; 3] = [5000.0, 16.0 * MIB, 2000.0];
const PER_S: [f64; 3] = [4000.0, 8.0 * MIB, 800.0];
const MIB: f64 = 1024.0 * 1024.0;

/// Of what waits in a queue.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    pub messages: usize,
    /// Of the messages: those that open a surface.
    pub opens: usize,
}

#[derive(Debug)]
pub struct Pace {
    left: [f64; 3],
    since: Instant,
}

impl Pace {
    pub fn new(now: Instant) -> Self {
        Self { left: BURST, since: now }
    }

    /// How long until more may be sent; None = it may now.
    pub fn wait(&mut self, now: Instant) -> Option<Duration> {
        let passed_s = now.saturating_duration_since(self.since).as_secs_f64();
        self.since = now;
        let mut wait_s = 0.0_f64;
        for ((left, burst), per_s) in self.left.iter_mut().zip(BURST).zip(PER_S) {
            *left = (*left + passed_s * per_s).min(burst);
            wait_s = wait_s.max(-*left / per_s);
        }
        (wait_s > 0.0).then(|| Duration::from_secs_f64(wait_s))
    }

    /// So much is sent, which may be more than is left.
    pub fn spend(&mut self, count: Count, bytes: usize) {
        self.left[0] -= count.messages as f64;
        self.left[1] -= bytes as f64;
        self.left[2] -= count.opens as f64;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn messages(messages: usize) -> Count {
        Count { messages, opens: 0 }
    }

    #[test]
    fn surfaces_that_open_have_to_wait_sooner_than_others() {
        let now = Instant::now();
        let mut pace = Pace::new(now);
        pace.spend(Count { messages: 2400, opens: 2400 }, 100);
        assert_eq!(pace.wait(now), Some(Duration::from_millis(500)));
    }

    #[test]
    fn what_is_sent_beyond_the_burst_has_to_wait() {
        let now = Instant::now();
        let mut pace = Pace::new(now);
        pace.spend(messages(5000), 100);
        assert_eq!(pace.wait(now), None);
        pace.spend(messages(2000), 100);
        assert_eq!(pace.wait(now), Some(Duration::from_millis(500)));
        assert!(pace.wait(now + Duration::from_millis(400)).is_some());
        assert_eq!(pace.wait(now + Duration::from_millis(501)), None);
    }

    #[test]
    fn few_large_messages_have_to_wait_as_well() {
        let now = Instant::now();
        let mut pace = Pace::new(now);
        pace.spend(messages(1), 24 << 20);
        assert_eq!(pace.wait(now), Some(Duration::from_secs(1)));
        // No rest is longer than the burst.
        let later = now + Duration::from_secs(1000);
        assert_eq!(pace.wait(later), None);
        pace.spend(messages(1), 24 << 20);
        assert_eq!(pace.wait(later), Some(Duration::from_secs(1)));
    }
}
