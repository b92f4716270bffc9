//! Changes that follow each other too quickly are sent later, in their newest state: a program that moves or renames
//! something all the time sends no more messages to the host than others.

use std::time::{Duration, Instant};

use crate::agent::Agent;

/// Stacking and positions of subsurfaces, positions of popups, and the cursor: each is sent at most once within this,
/// which is one frame of the host's screen.
pub const UPDATE_INTERVAL: Duration = Duration::from_millis(16);
/// Title and other properties of a window: sent at most once within this.
pub const PROPERTIES_INTERVAL: Duration = Duration::from_millis(100);

/// Timers that end a wait. When one fires it does nothing but let the loop turn: the end of the turn sends what is due.
#[derive(Debug, Default)]
pub struct Deferred {
    flush_timer_armed: bool,
    properties_timer_armed: bool,
    ports_timer_armed: bool,
}

/// Whether something that was sent at `sent_at` may not be sent again yet.
pub fn is_too_early(sent_at: Option<Instant>, interval: Duration) -> bool {
    sent_at.is_some_and(|at| at.elapsed() < interval)
}

impl Agent {
    /// Sends the updates that were held back, within `UPDATE_INTERVAL`.
    pub fn send_updates_later(&mut self) {
        if !self.deferred.flush_timer_armed {
            let armed = self.after(UPDATE_INTERVAL, |agent| agent.deferred.flush_timer_armed = false);
            self.deferred.flush_timer_armed = armed;
        }
    }

    /// Writes to the ports again after this time.
    pub fn flush_ports_later(&mut self, wait: Duration) {
        if !self.deferred.ports_timer_armed {
            let armed = self.after(wait, |agent| agent.deferred.ports_timer_armed = false);
            self.deferred.ports_timer_armed = armed;
        }
    }

    /// Sends the properties of windows that were held back, within `PROPERTIES_INTERVAL`.
    pub fn send_window_properties_later(&mut self) {
        if !self.deferred.properties_timer_armed {
            let armed = self.after(PROPERTIES_INTERVAL, |agent| agent.deferred.properties_timer_armed = false);
            self.deferred.properties_timer_armed = armed;
        }
    }
}
