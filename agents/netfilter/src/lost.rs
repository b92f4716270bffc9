//! Connections of TCP that an earlier firewall carried, or that went by an uplink that is gone: the kernel does not know them, and
//! nothing comes by them any more. A VM that only waits for more would do so for ever: it is asked something (cut.rs), and its
//! answer is of no connection, so that the rules reset it.

use crate::netlink::conntrack::Tuple;
use std::net::IpAddr;

/// How often each is asked about: a packet may be lost.
const ATTEMPTS: u8 = 3;
/// Connections that are asked about, at most. VMs of others have to find out by themselves.
const MAX_LOST: usize = 8_000;

#[derive(Debug, Default)]
pub struct Lost(Vec<(Tuple, u8)>);

impl Lost {
    pub fn add(&mut self, all: impl IntoIterator<Item = Tuple>) {
        for tuple in all {
            if self.0.len() < MAX_LOST && !self.0.iter().any(|(own, _)| *own == tuple) {
                self.0.push((tuple, ATTEMPTS));
            }
        }
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Of VMs that no link has any more.
    pub fn retain(&mut self, is_there: impl Fn(IpAddr) -> bool) {
        self.0.retain(|(tuple, _)| is_there(tuple.source));
    }

    /// What is to be asked now: of VMs that can be reached.
    pub fn due(&mut self, is_reached: impl Fn(IpAddr) -> bool) -> Vec<Tuple> {
        let mut due = Vec::new();
        for (tuple, left) in self.0.iter_mut().filter(|(tuple, _)| is_reached(tuple.source)) {
            *left -= 1;
            due.push(*tuple);
        }
        self.0.retain(|(_, left)| *left > 0);
        due
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::netlink::conntrack::TCP;

    fn tuple(source: &str, source_port: u16) -> Tuple {
        Tuple {
            source: source.parse().unwrap(),
            destination: "198.18.0.1".parse().unwrap(),
            protocol: TCP,
            source_port,
            destination_port: 443,
        }
    }

    #[test]
    fn each_is_asked_some_times_once_its_vm_can_be_reached() {
        let mut lost = Lost::default();
        let (one, other) = (tuple("10.137.0.6", 1), tuple("10.137.0.10", 1));
        lost.add([one, other, one]);
        assert_eq!(lost.due(|_| false), []);
        for _ in 0..ATTEMPTS {
            assert_eq!(lost.due(|vm| vm == one.source), [one]);
        }
        assert_eq!(lost.due(|vm| vm == one.source), []);
        lost.retain(|vm| vm != other.source);
        assert!(lost.is_empty());
    }

    #[test]
    fn there_is_room_for_so_many() {
        let mut lost = Lost::default();
        lost.add((0..u16::MAX).take(MAX_LOST + 1).map(|port| tuple("10.137.0.6", port)));
        assert_eq!(lost.due(|_| true).len(), MAX_LOST);
    }
}
