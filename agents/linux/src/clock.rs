//! The guest's clock, which stands still while the VM is paused: the host says its time. Only init may set the clock; it
//! reads the time from a pipe.

use std::env;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;

use atoll_wire::header::Message as Body;
use atoll_wire::limits::{MAX_CLOCK_MS, MIN_CLOCK_MS};
use rustix::fs::OFlags;

use crate::agent::Agent;
use crate::ports::PortKind;
use crate::services::Service;

pub const SERVICE: Service = Service { port: PortKind::Control, receive: Agent::receive_clock, session_ended: None };

/// Init's pipe; the environment variable ATOLL_CLOCK names another one.
const PIPE: &str = "/run/atoll/clock";

impl Agent {
    fn receive_clock(&mut self, body: &Body, _payload: &[u8]) -> bool {
        let Body::ClockSet(clock) = body else { return false };
        if !(MIN_CLOCK_MS..=MAX_CLOCK_MS).contains(&clock.unix_ms) {
            log::warn!("the host's time is not used: {} ms", clock.unix_ms);
            return true;
        }
        let pipe = env::var_os("ATOLL_CLOCK").unwrap_or_else(|| PIPE.into());
        let nonblocking = OFlags::NONBLOCK.bits() as i32;
        let opened = OpenOptions::new().write(true).custom_flags(nonblocking).open(pipe);
        if let Err(error) = opened.and_then(|mut pipe| pipe.write_all(&clock.unix_ms.to_le_bytes())) {
            log::warn!("the guest's clock is not set: {error}");
        }
        true
    }
}
