//! What the rules deny, packet by packet as far as their limit lets them be logged. nfnetlink_log.h of the kernel.

use super::{ACK, Message, Netlink, Received, find, nfgen};
use crate::netlink::conntrack::{TCP, UDP};
use nix::errno::Errno;
use std::net::IpAddr;
use std::time::Duration;

const ULOG: u16 = 4;
const PACKET: u16 = ULOG << 8;
const CONFIG: u16 = ULOG << 8 | 1;
const CFG_CMD: u16 = 1;
const CFG_MODE: u16 = 2;
const CFG_QTHRESH: u16 = 5;
const CMD_BIND: u8 = 1;
const COPY_PACKET: u8 = 2;
const NFULA_MARK: u16 = 2;
const NFULA_PAYLOAD: u16 = 9;
const NFULA_PREFIX: u16 = 10;
const SNAP_BYTES: u32 = 96;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denied {
    pub link: String,
    /// Of the rule (marks.rs).
    pub mark: u32,
    pub destination: IpAddr,
    pub protocol: u8,
    pub port: Option<u16>,
}

/// A packet as it was logged: what is reported of it.
#[derive(Debug)]
pub struct Logged<'a> {
    prefix: &'a [u8],
    pub mark: u32,
    pub packet: &'a [u8],
}

/// A group of NFLOG.
#[derive(Debug)]
pub struct Log {
    netlink: Netlink,
}

impl Log {
    pub fn open(group: u16) -> nix::Result<Self> {
        let mut netlink = Netlink::netfilter()?;
        let config = |attr: u16, value: &[u8]| Message::new(CONFIG, ACK, &nfgen(0, group)).attr(attr, value);
        netlink.ask(config(CFG_CMD, &[CMD_BIND]))?;
        let mode = [&SNAP_BYTES.to_be_bytes()[..], &[COPY_PACKET, 0]].concat();
        netlink.ask(config(CFG_MODE, &mode))?;
        // Reported at once, not when a hundred are together.
        netlink.ask(config(CFG_QTHRESH, &1_u32.to_be_bytes()))?;
        netlink.answers_within(Duration::ZERO)?;
        Ok(Self { netlink })
    }

    /// How long `next` waits, from now on; zero: for ever. It fails with EAGAIN after that.
    pub fn within(&self, limit: Duration) -> nix::Result<()> {
        self.netlink.answers_within(limit)
    }

    /// Waits for packets. ENOBUFS: some were lost.
    pub fn next(&mut self, mut each: impl FnMut(&Logged<'_>)) -> nix::Result<()> {
        self.netlink.wait(|message| {
            if let Some(logged) = logged(message) {
                each(&logged);
            }
        })
    }

    /// What is there already is nothing any more.
    pub fn forget(&mut self) {
        self.netlink.forget();
    }
}

/// Calls `each` with what is denied. Returns where it cannot be seen any more.
pub fn listen(group: u16, mut each: impl FnMut(Denied)) -> nix::Result<()> {
    let mut log = Log::open(group)?;
    loop {
        match log.next(|logged| {
            if let Some(denied) = denied(logged) {
                each(denied);
            }
        }) {
            // The kernel counts lost ones all the same.
            Ok(()) | Err(Errno::ENOBUFS | Errno::EINTR) => {}
            Err(error) => return Err(error),
        }
    }
}

fn logged<'a>(message: &Received<'a>) -> Option<Logged<'a>> {
    if message.kind != PACKET {
        return None;
    }
    let attrs = message.body.get(4..)?;
    let prefix = find(attrs, NFULA_PREFIX).unwrap_or_default();
    Some(Logged {
        prefix: prefix.strip_suffix(&[0]).unwrap_or(prefix),
        mark: find(attrs, NFULA_MARK).and_then(|mark| Some(u32::from_be_bytes(mark.try_into().ok()?))).unwrap_or(0),
        packet: find(attrs, NFULA_PAYLOAD)?,
    })
}

fn denied(logged: &Logged<'_>) -> Option<Denied> {
    let (destination, protocol, port) = destination(logged.packet)?;
    Some(Denied {
        link: String::from_utf8_lossy(logged.prefix).into_owned(),
        mark: logged.mark,
        destination,
        protocol,
        port,
    })
}

/// Of TCP and UDP without options of IP.
pub fn source_port(packet: &[u8]) -> Option<u16> {
    let length = if packet.first()? >> 4 == 4 { 20 } else { 40 };
    Some(u16::from_be_bytes(packet.get(length..length + 2)?.try_into().ok()?))
}

/// Of a packet's beginning: where it goes to, its protocol and port. Extension headers are not followed: what has one is of
/// no protocol that is shown with a port.
fn destination(packet: &[u8]) -> Option<(IpAddr, u8, Option<u16>)> {
    let (address, protocol, rest) = match packet.first()? >> 4 {
        4 => {
            let length = usize::from(packet[0] & 15) * 4;
            let address: [u8; 4] = packet.get(16..20)?.try_into().ok()?;
            let is_first = u16::from_be_bytes(packet.get(6..8)?.try_into().ok()?) & 0x1fff == 0;
            let rest = if is_first { packet.get(length..) } else { None };
            (IpAddr::from(address), *packet.get(9)?, rest.unwrap_or(&[]))
        }
        6 => {
            let address: [u8; 16] = packet.get(24..40)?.try_into().ok()?;
            (IpAddr::from(address), *packet.get(6)?, packet.get(40..).unwrap_or(&[]))
        }
        _ => return None,
    };
    let has_ports = protocol == TCP || protocol == UDP;
    let port = rest.get(2..4).filter(|_| has_ports).map(|port| u16::from_be_bytes([port[0], port[1]]));
    Some((address, protocol, port))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_where_a_packet_goes_to() {
        let mut packet = vec![0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0, 10, 137, 0, 6, 1, 2, 3, 4];
        packet.extend([0x9c, 0x40, 0x01, 0xbb]);
        assert_eq!(destination(&packet), Some(("1.2.3.4".parse().unwrap(), TCP, Some(443))));
        // A fragment that is not the first has no ports.
        packet[7] = 1;
        assert_eq!(destination(&packet), Some(("1.2.3.4".parse().unwrap(), TCP, None)));
        let mut packet = vec![0x60, 0, 0, 0, 0, 8, UDP, 64];
        packet.extend([0; 31]);
        packet.extend([1, 0x9c, 0x40, 0, 53]);
        assert_eq!(destination(&packet), Some(("::1".parse().unwrap(), UDP, Some(53))));
    }

    proptest! {
        #[test]
        fn no_packet_makes_reading_fail(packet in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = destination(&packet);
            let _ = source_port(&packet);
        }
    }
}
