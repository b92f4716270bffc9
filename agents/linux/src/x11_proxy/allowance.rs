//! How many events of one X11 program the window manager is given: so many at once after a rest, and then so many a second.

use std::time::{Duration, Instant};

use super::packets::Kind;

/// Events that cost the window manager alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cost {
    /// It asks the server a dozen questions, and the host is told.
    Window,
    /// It asks the server a question, or the host is told.
    Property,
    /// It asks nothing.
    Move,
}

const COSTS: usize = 3;
const BURST: [f64; COSTS] = [60.0, 120.0, 200.0];
const PER_S: [f64; COSTS] = [30.0, 20.0, 200.0];

impl Cost {
    /// None = it may always come.
    fn of(kind: Kind) -> Option<Self> {
        match kind {
            Kind::Created | Kind::Mapped | Kind::MapRequested => Some(Self::Window),
            Kind::PropertyChanged { .. } | Kind::Message => Some(Self::Property),
            Kind::Configured | Kind::ConfigureRequested { .. } => Some(Self::Move),
            Kind::Destroyed | Kind::Unmapped | Kind::Reparented => None,
        }
    }
}

#[derive(Debug)]
pub struct Allowance {
    left: [f64; COSTS],
    since: Instant,
}

impl Allowance {
    pub fn new(now: Instant) -> Self {
        Self { left: BURST, since: now }
    }

    /// Takes what an event costs. Err = it is used up; how long until there is enough for the event.
    pub fn take(&mut self, kind: Kind, now: Instant) -> Result<(), Duration> {
        self.refill(now);
        let Some(cost) = Cost::of(kind).map(|cost| cost as usize) else { return Ok(()) };
        if self.left[cost] < 1.0 {
            return Err(Duration::from_secs_f64((1.0 - self.left[cost]) / PER_S[cost]));
        }
        self.left[cost] -= 1.0;
        Ok(())
    }

    pub fn is_full(&mut self, now: Instant) -> bool {
        self.refill(now);
        self.left == BURST
    }

    fn refill(&mut self, now: Instant) {
        let passed_s = now.saturating_duration_since(self.since).as_secs_f64();
        self.since = now;
        for (left, (burst, per_s)) in self.left.iter_mut().zip(BURST.into_iter().zip(PER_S)) {
            *left = (*left + passed_s * per_s).min(burst);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const PROPERTY: Kind = Kind::PropertyChanged { atom: 39, state: 0 };

    #[test]
    fn an_allowance_is_used_up_and_comes_back() {
        let now = Instant::now();
        let mut allowance = Allowance::new(now);
        assert_eq!((0..1000).filter(|_| allowance.take(PROPERTY, now).is_ok()).count(), 120);
        let wait = allowance.take(PROPERTY, now).unwrap_err();
        assert!(allowance.take(PROPERTY, now + wait / 2).is_err());
        assert!(allowance.take(PROPERTY, now + wait + Duration::from_millis(1)).is_ok());
        assert!(!allowance.is_full(now + wait));
        assert!(allowance.is_full(now + Duration::from_secs(60)));
    }

    #[test]
    fn kinds_do_not_use_up_each_others_allowance_and_ends_are_free() {
        let now = Instant::now();
        let mut allowance = Allowance::new(now);
        while allowance.take(PROPERTY, now).is_ok() {}
        assert!(allowance.take(Kind::MapRequested, now).is_ok());
        assert!((0..10_000).all(|_| allowance.take(Kind::Destroyed, now).is_ok()));
    }
}
