//! Which turn the agent's event loop is in: for threads that have to know whether it hangs in one.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use calloop::{EventIterator, EventSource, Poll, PostAction, Readiness, Token, TokenFactory};

/// Odd: in a turn; even: it waits for events.
#[derive(Debug, Clone, Default)]
pub struct Turns(Arc<AtomicU64>);

impl Turns {
    /// None = it waits for events.
    pub fn current(&self) -> Option<u64> {
        Some(self.0.load(Ordering::Acquire)).filter(|turn| turn % 2 == 1)
    }

    fn begin(&self) {
        self.0.fetch_or(1, Ordering::AcqRel);
    }

    fn end(&self) {
        // From odd to the next even one.
        if self.current().is_some() {
            self.0.fetch_add(1, Ordering::AcqRel);
        }
    }
}

/// The source by which the event loop says so. It has no events.
#[derive(Debug)]
pub struct TurnSource(pub Turns);

impl EventSource for TurnSource {
    type Event = ();
    type Metadata = ();
    type Ret = ();
    type Error = io::Error;

    const NEEDS_EXTRA_LIFECYCLE_EVENTS: bool = true;

    fn process_events<F>(&mut self, _: Readiness, _: Token, _: F) -> io::Result<PostAction>
    where
        F: FnMut((), &mut ()),
    {
        Ok(PostAction::Continue)
    }

    fn register(&mut self, _: &mut Poll, _: &mut TokenFactory) -> calloop::Result<()> {
        Ok(())
    }

    fn reregister(&mut self, _: &mut Poll, _: &mut TokenFactory) -> calloop::Result<()> {
        Ok(())
    }

    fn unregister(&mut self, _: &mut Poll) -> calloop::Result<()> {
        Ok(())
    }

    fn before_sleep(&mut self) -> calloop::Result<Option<(Readiness, Token)>> {
        self.0.end();
        Ok(None)
    }

    fn before_handle_events(&mut self, _: EventIterator<'_>) {
        self.0.begin();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_turn_is_seen_from_its_events_to_the_next_wait() {
        let turns = Turns::default();
        let mut event_loop = calloop::EventLoop::<Vec<Option<u64>>>::try_new().unwrap();
        event_loop.handle().insert_source(TurnSource(turns.clone()), |(), (), _| ()).unwrap();
        let (ping, pinged) = calloop::ping::make_ping().unwrap();
        let heard = turns.clone();
        event_loop.handle().insert_source(pinged, move |(), (), seen| seen.push(heard.current())).unwrap();
        let mut seen = Vec::new();
        for _ in 0..2 {
            ping.ping();
            event_loop.dispatch(Duration::ZERO, &mut seen).unwrap();
        }
        assert_eq!(seen, [Some(1), Some(3)]);
        turns.end();
        assert_eq!(turns.current(), None);
    }
}
