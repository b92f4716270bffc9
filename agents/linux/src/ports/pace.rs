//! How fast messages leave a port. The host ends the session of a VM whose control port brings more than its quotas allow,
//! whichever of its programs was the cause. Each program has a budget (floods.rs), but any number of them can be started.

use std::time::{Duration, Instant};

/// Of messages and of bytes: so many at once after a rest, and then so many each second. The host allows three times the
/// messages at once and a quarter more a second, and twice the bytes (MAX_CONTROL_* of shared/protocol/limits.ts).
const BURST: [f64; 2] = [5000.0, 16.0 * MIB];
const PER_S: [f64; 2] = [4000.0, 8.0 * MIB];
const MIB: f64 = 1024.0 * 1024.0;

#[derive(Debug)]
pub struct Pace {
    left: [f64; 2],
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
    pub fn spend(&mut self, messages: usize, bytes: usize) {
        self.left[0] -= messages as f64;
        self.left[1] -= bytes as f64;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_is_sent_beyond_the_burst_has_to_wait() {
        let now = Instant::now();
        let mut pace = Pace::new(now);
        pace.spend(5000, 100);
        assert_eq!(pace.wait(now), None);
        pace.spend(2000, 100);
        assert_eq!(pace.wait(now), Some(Duration::from_millis(500)));
        assert!(pace.wait(now + Duration::from_millis(400)).is_some());
        assert_eq!(pace.wait(now + Duration::from_millis(501)), None);
    }

    #[test]
    fn few_large_messages_have_to_wait_as_well() {
        let now = Instant::now();
        let mut pace = Pace::new(now);
        pace.spend(1, 24 << 20);
        assert_eq!(pace.wait(now), Some(Duration::from_secs(1)));
        // No rest is longer than the burst.
        let later = now + Duration::from_secs(1000);
        assert_eq!(pace.wait(later), None);
        pace.spend(1, 24 << 20);
        assert_eq!(pace.wait(later), Some(Duration::from_secs(1)));
    }
}
