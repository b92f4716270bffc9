//! A program that asks faster than it is served keeps the agent from everything else: the connections are read one after
//! another, each to its end. It is ended; a program that waits for any answer at all never comes to that.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use smithay::reexports::wayland_server::Resource;
use smithay::reexports::wayland_server::backend::DisconnectReason;
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;

use crate::agent::Agent;

/// Processor time of the agent that may go into the requests that are there at once: of the agent, so that a guest that is
/// paused in the middle ends nobody.
const TURN: Duration = Duration::from_secs(2);

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
        if let Some(client) = surface.client() {
            let pid = client.get_credentials(&self.display).map_or(0, |peer| peer.pid);
            log::warn!("process {pid} never stops asking for something and is cut off");
            self.display.backend_handle().kill_client(client.id(), DisconnectReason::ConnectionClosed);
        }
    }
}
