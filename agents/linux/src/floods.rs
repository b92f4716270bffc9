//! Programs that ask without end. One that asks faster than it is served keeps the agent from everything else: the
//! connections are read one after another, each to its end. One that opens and closes without end says more, by way of the
//! agent, than the host hears from one VM. Each is ended; a program that waits for any answer never comes to that.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use smithay::reexports::wayland_server::Resource;
use smithay::reexports::wayland_server::backend::DisconnectReason;
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;

use crate::agent::Agent;
use crate::protocols::ClientState;

/// Processor time of the agent that may go into the requests that are there at once: of the agent, so that a guest that is
/// paused in the middle ends nobody.
const TURN: Duration = Duration::from_secs(2);

/// Surfaces that a program may open, and requests that it may make of its windows, at once and then each second. Each is
/// a few messages to the host, which ends the session at 5000 a second.
const ASKS: f64 = 2000.0;
const ASKS_PER_S: f64 = 500.0;

/// What a program may still ask that is passed on to the host.
#[derive(Debug)]
pub struct Allowance(Mutex<(f64, Instant)>);

impl Default for Allowance {
    fn default() -> Self {
        Self(Mutex::new((ASKS, Instant::now())))
    }
}

impl Allowance {
    /// False = it is used up.
    fn take(&self, now: Instant) -> bool {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (asks, since) = *inner;
        let asks = (asks + now.saturating_duration_since(since).as_secs_f64() * ASKS_PER_S).min(ASKS);
        *inner = ((asks - 1.0).max(0.0), now);
        asks >= 1.0
    }
}

fn processor_time() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
}

impl Agent {
    pub fn begin_serving(&mut self) {
        self.serves_since = processor_time();
    }

    /// A program has asked for something that takes time.
    pub fn end_if_flooding(&mut self, surface: &WlSurface) {
        let now = processor_time();
        if now.saturating_sub(self.serves_since) < TURN {
            return;
        }
        // Those that come after it in this turn have done nothing.
        self.serves_since = now;
        self.cut_off(surface);
    }

    /// A program opens a surface, or asks for something, of which the host is told at once.
    pub fn count_ask(&mut self, surface: &WlSurface) {
        let Some(client) = surface.client() else { return };
        // Xwayland speaks for many programs, and is not counted.
        if client.get_data::<ClientState>().is_some_and(|state| !state.allowance.take(Instant::now())) {
            self.cut_off(surface);
        }
    }

    fn cut_off(&self, surface: &WlSurface) {
        let Some(client) = surface.client() else { return };
        let pid = client.get_credentials(&self.display).map_or(0, |peer| peer.pid);
        log::warn!("process {pid} never stops asking for something and is cut off");
        self.display.backend_handle().kill_client(client.id(), DisconnectReason::ConnectionClosed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_allowance_is_used_up_and_comes_back() {
        let allowance = Allowance::default();
        let now = Instant::now();
        assert_eq!((0..3000).filter(|_| allowance.take(now)).count(), ASKS as usize);
        let later = now + Duration::from_secs(1);
        assert_eq!((0..3000).filter(|_| allowance.take(later)).count(), ASKS_PER_S as usize);
        let much_later = now + Duration::from_secs(1000);
        assert_eq!((0..3000).filter(|_| allowance.take(much_later)).count(), ASKS as usize);
    }
}
