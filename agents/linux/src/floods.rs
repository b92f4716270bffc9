//! Disconnects clients that monopolise the event loop or exceed the host's message quota.
//!
//! The connections of clients are read one after another, each until it is empty: a client that sends faster than the
//! agent handles its requests would stop everything else. And a client that opens and closes surfaces without end would
//! use up the quota that the host has for messages of one VM. A client that waits for any answer can do neither.
//!
//! Many clients together can do the latter all the same. What the host is told leaves at a pace (ports/pace.rs): while too
//! much of it waits, changes that can wait are not told, and the requests of programs are not read.

use std::os::unix::net::UnixStream;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use calloop::RegistrationToken;
use rustix::time::{ClockId, clock_gettime};
use smithay::reexports::wayland_server::Resource;
use smithay::reexports::wayland_server::backend::DisconnectReason;
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;

use crate::agent::Agent;
use crate::dispatch_watch::{DispatchWatch, Watched};
use crate::ports::PortKind;
use crate::protocols::ClientState;

/// Processor time of the agent that may go into dispatching without a break. Processor time, so that a guest that is
/// paused meanwhile does not lose its clients.
pub const MAX_DISPATCH_TIME: Duration = Duration::from_secs(2);

/// Requests that become messages to the host: surfaces that are opened, and requests of windows. This many may come at
/// once, and then so many each second. Each is a few messages; the host ends the session at 5000 a second.
const REQUEST_BURST: f64 = 2000.0;
const REQUESTS_PER_S: f64 = 500.0;

/// Messages for the host that wait: from so many on, changes of what it knows wait as well, and are told in their newest
/// state; from so many on no program is read, until no more than so many are left.
const DEFER_FROM: usize = 500;
const PAUSE_FROM: usize = 2000;
const READ_FROM: usize = 1000;

/// The requests that a client may still make; see REQUEST_BURST.
#[derive(Debug)]
pub struct RequestBudget(Mutex<(f64, Instant)>);

impl Default for RequestBudget {
    fn default() -> Self {
        Self(Mutex::new((REQUEST_BURST, Instant::now())))
    }
}

impl RequestBudget {
    /// False = the budget is used up.
    fn take(&self, now: Instant) -> bool {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (left, since) = *inner;
        let left = (left + now.saturating_duration_since(since).as_secs_f64() * REQUESTS_PER_S).min(REQUEST_BURST);
        *inner = ((left - 1.0).max(0.0), now);
        left >= 1.0
    }
}

/// Since when the agent has been dispatching requests without a break.
#[derive(Debug, Default)]
pub struct FloodWatch {
    /// On the clock of the agent's own processor time.
    dispatch_began_at: Duration,
    /// None = it could not be started.
    pub watch: Option<DispatchWatch>,
    last_client: u64,
    /// What reads the requests of programs.
    programs: Option<RegistrationToken>,
    are_paused: bool,
}

/// Of the calling thread.
pub fn processor_time() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
}

impl Agent {
    pub fn programs_are_read_by(&mut self, source: RegistrationToken) {
        self.flood_watch.programs = Some(source);
    }

    /// Whether so much waits for the host that changes of what it knows are to wait.
    pub fn is_backed_up(&mut self) -> bool {
        self.ports.get(PortKind::Control).queued_messages() > DEFER_FROM
    }

    /// Once a turn: stops reading programs, or begins again.
    pub fn pause_or_read_programs(&mut self) {
        let waiting = self.ports.get(PortKind::Control).queued_messages();
        let are_paused = waiting > if self.flood_watch.are_paused { READ_FROM } else { PAUSE_FROM };
        let Some(programs) = self.flood_watch.programs.as_ref().filter(|_| are_paused != self.flood_watch.are_paused)
        else {
            return;
        };
        let done = if are_paused { self.handle.disable(programs) } else { self.handle.enable(programs) };
        match done {
            Ok(()) => self.flood_watch.are_paused = are_paused,
            Err(error) => log::error!("{error}"),
        }
    }

    pub fn start_dispatch_watch(&mut self) {
        let started = DispatchWatch::start();
        self.flood_watch.watch =
            started.inspect_err(|error| log::error!("programs that flood are not noticed: {error}")).ok();
    }

    /// A client has connected.
    pub fn watch_client(&mut self, client: &UnixStream) -> Option<Watched> {
        self.flood_watch.last_client += 1;
        let watched = self.flood_watch.watch.as_ref()?.watch(self.flood_watch.last_client, client);
        watched.inspect_err(|error| log::debug!("a client is not watched: {error}")).ok()
    }

    pub fn begin_dispatch(&mut self) {
        self.flood_watch.dispatch_began_at = processor_time();
        self.flood_watch.watch.iter().for_each(DispatchWatch::begin);
    }

    pub fn end_dispatch(&mut self) {
        self.flood_watch.watch.iter().for_each(DispatchWatch::end);
    }

    /// A client has made a request that takes time.
    pub fn disconnect_if_flooding(&mut self, surface: &WlSurface) {
        let now = processor_time();
        if now.saturating_sub(self.flood_watch.dispatch_began_at) < MAX_DISPATCH_TIME {
            return;
        }
        // The clients that are dispatched next in this turn have used no time yet.
        self.flood_watch.dispatch_began_at = now;
        self.disconnect(surface);
    }

    /// A client has made a request that becomes messages to the host.
    pub fn charge_request(&mut self, surface: &WlSurface) {
        let Some(client) = surface.client() else { return };
        // Xwayland has no budget: it speaks for many programs.
        if client.get_data::<ClientState>().is_some_and(|state| !state.request_budget.take(Instant::now())) {
            self.disconnect(surface);
        }
    }

    fn disconnect(&self, surface: &WlSurface) {
        let Some(client) = surface.client() else { return };
        let pid = client.get_credentials(&self.display).map_or(0, |peer| peer.pid);
        log::warn!("process {pid} floods the compositor with requests: disconnected");
        self.display.backend_handle().kill_client(client.id(), DisconnectReason::ConnectionClosed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_used_up_and_comes_back() {
        let budget = RequestBudget::default();
        let now = Instant::now();
        assert_eq!((0..3000).filter(|_| budget.take(now)).count(), REQUEST_BURST as usize);
        let later = now + Duration::from_secs(1);
        assert_eq!((0..3000).filter(|_| budget.take(later)).count(), REQUESTS_PER_S as usize);
        let much_later = now + Duration::from_secs(1000);
        assert_eq!((0..3000).filter(|_| budget.take(much_later)).count(), REQUEST_BURST as usize);
    }
}
