//! Notices that a program holds the X server (GrabServer) while the agent waits for an answer: the window manager asks the
//! server about each new window, in the agent's own thread, and would wait for as long as the program likes. Pure.

use std::time::{Duration, Instant};

/// The server has said nothing for so long, and the agent has done nothing else.
const HELD_TIMEOUT: Duration = Duration::from_secs(5);
/// How often it is looked whether the agent goes on.
const LOOK_EVERY: Duration = Duration::from_millis(250);

#[derive(Debug, Default)]
pub struct HeldWatch {
    /// The agent's turn in which the server was asked, and since when it has said nothing.
    asked: Option<(u64, Instant)>,
}

impl HeldWatch {
    /// The window manager has asked the server something in this turn of the agent; None = it was in none.
    pub fn asked(&mut self, turn: Option<u64>, now: Instant) {
        if let (None, Some(turn)) = (self.asked, turn) {
            self.asked = Some((turn, now));
        }
    }

    /// The server lives.
    pub fn heard(&mut self) {
        self.asked = None;
    }

    /// None = nothing is waited for; else when to look again. Err = the server is held.
    pub fn look(&mut self, turn: Option<u64>, now: Instant) -> Result<Option<Duration>, Held> {
        let Some((asked_in, since)) = self.asked else { return Ok(None) };
        if turn != Some(asked_in) {
            self.asked = None;
            return Ok(None);
        }
        if now.saturating_duration_since(since) < HELD_TIMEOUT { Ok(Some(LOOK_EVERY)) } else { Err(Held) }
    }
}

#[derive(Debug, PartialEq, Eq)]
pub struct Held;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_is_silent_while_the_agent_stands_in_one_turn_is_held() {
        let now = Instant::now();
        let mut watch = HeldWatch::default();
        assert_eq!(watch.look(Some(3), now), Ok(None));
        watch.asked(Some(3), now);
        watch.asked(Some(3), now + HELD_TIMEOUT);
        assert_eq!(watch.look(Some(3), now + HELD_TIMEOUT / 2), Ok(Some(LOOK_EVERY)));
        assert_eq!(watch.look(Some(3), now + HELD_TIMEOUT), Err(Held));
    }

    #[test]
    fn an_agent_that_goes_on_and_a_server_that_says_something_are_not() {
        let now = Instant::now();
        for turn in [None, Some(5)] {
            let mut watch = HeldWatch::default();
            watch.asked(Some(3), now);
            assert_eq!(watch.look(turn, now + HELD_TIMEOUT), Ok(None));
            assert_eq!(watch.look(Some(3), now + HELD_TIMEOUT), Ok(None));
        }
        let mut watch = HeldWatch::default();
        watch.asked(Some(3), now);
        watch.heard();
        assert_eq!(watch.look(Some(3), now + HELD_TIMEOUT), Ok(None));
        watch.asked(None, now);
        assert_eq!(watch.look(None, now + HELD_TIMEOUT), Ok(None));
    }
}
