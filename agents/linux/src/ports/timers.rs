//! Timers of the ports: hosts that come without a wake-up, and messages whose second half never comes.

use std::time::Duration;

use super::{PORTS, PortKind};
use crate::agent::Agent;

/// A virtio port without a host is read this often, should its wake-up have been missed.
const RECONNECT_POLL: Duration = Duration::from_secs(1);
/// A message that has begun must be complete within this; else the host died in the middle of it.
const PARTIAL_MESSAGE_TIMEOUT: Duration = Duration::from_secs(2);

#[derive(Debug, Default)]
pub struct PortTimers {
    reconnect_poll_armed: bool,
    partial_message_armed: [bool; 3],
}

impl Agent {
    /// Reads virtio ports that have no host again and again, until each has one.
    pub fn poll_unconnected_ports(&mut self) {
        if !self.ports.are_virtio() || self.ports.timers.reconnect_poll_armed {
            return;
        }
        self.ports.timers.reconnect_poll_armed = self.after(RECONNECT_POLL, |agent| {
            agent.ports.timers.reconnect_poll_armed = false;
            let mut is_unconnected = false;
            for kind in PORTS {
                if agent.ports.get(kind).epoch().is_none() {
                    agent.port_ready(kind);
                    is_unconnected = true;
                }
            }
            if is_unconnected {
                agent.poll_unconnected_ports();
            }
        });
    }

    /// Ends the session when a message of the port stays incomplete.
    pub fn watch_partial_message(&mut self, kind: PortKind) {
        if !self.ports.get(kind).is_partial() || self.ports.timers.partial_message_armed[kind as usize] {
            return;
        }
        self.ports.timers.partial_message_armed[kind as usize] = self.after(PARTIAL_MESSAGE_TIMEOUT, move |agent| {
            agent.ports.timers.partial_message_armed[kind as usize] = false;
            match agent.ports.get(kind).partial_since() {
                Some(since) if since.elapsed() >= PARTIAL_MESSAGE_TIMEOUT => {
                    log::warn!("{}: a message stayed incomplete", kind.name());
                    agent.ports.get(kind).reset();
                    agent.end_session();
                }
                Some(_) => agent.watch_partial_message(kind),
                None => {}
            }
        });
    }
}
