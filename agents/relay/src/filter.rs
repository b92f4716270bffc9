//! Which of a VM's frames may reach the internet's side: those of the VM itself to an address of the internet, look-ups at
//! the gateway's resolver, and the question where the gateway is. What cannot be read is dropped: there is no frame that
//! this and passt could understand in two ways.

use crate::internet::is_internet;
use crate::network::Network;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The two ends of the link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ends {
    pub guest4: Ipv4Addr,
    pub gateway4: Ipv4Addr,
    pub guest6: Ipv6Addr,
    pub gateway6: Ipv6Addr,
}

impl Ends {
    /// `IPV4,GATEWAY4,IPV6,GATEWAY6`
    pub fn parse(text: &str) -> Option<Self> {
        let words: Vec<_> = text.split(',').collect();
        let [guest4, gateway4, guest6, gateway6] = words[..] else { return None };
        Some(Self {
            guest4: guest4.parse().ok()?,
            gateway4: gateway4.parse().ok()?,
            guest6: guest6.parse().ok()?,
            gateway6: gateway6.parse().ok()?,
        })
    }
}

pub const ETHERNET_BYTES: usize = 14;
pub const ETHERTYPE_IPV4: u16 = 0x0800;
const ETHERTYPE_ARP: u16 = 0x0806;
pub const ETHERTYPE_IPV6: u16 = 0x86dd;
/// Ethernet and IPv4, with addresses of 6 and 4 bytes.
const ARP_HEAD: [u8; 6] = [0, 1, 0x08, 0, 6, 4];
const ARP_BYTES: usize = 28;
/// Without options: who sends some has no use for them here, and they can say where a packet goes next.
pub const IPV4_VERSION_AND_LENGTH: u8 = 0x45;
pub const IPV4_BYTES: usize = 20;
pub const IPV6_BYTES: usize = 40;
pub const ICMP: u8 = 1;
pub const TCP: u8 = 6;
pub const UDP: u8 = 17;
pub const ICMPV6: u8 = 58;
const ECHO_REQUEST: u8 = 8;
const ECHO_REQUEST6: u8 = 128;
const NEIGHBOUR_SOLICITATION: u8 = 135;
const NEIGHBOUR_ADVERTISEMENT: u8 = 136;
/// The target is after type, code, checksum and four reserved bytes.
const NEIGHBOUR_TARGET: usize = 8;
pub const TCP_BYTES: usize = 20;
const UDP_BYTES: usize = 8;
const ICMP_BYTES: usize = 8;
const DNS: u16 = 53;

/// `frame`: from its destination's hardware address on. `own`: as in `is_internet`.
pub fn passes(frame: &[u8], ends: &Ends, own: &[Network]) -> bool {
    judged(frame, ends, own).unwrap_or(false)
}

/// `None`: it is too short for what it says to be.
fn judged(frame: &[u8], ends: &Ends, own: &[Network]) -> Option<bool> {
    let packet = frame.get(ETHERNET_BYTES..)?;
    match u16_at(frame, 12)? {
        ETHERTYPE_ARP => arp(packet, ends),
        ETHERTYPE_IPV4 => ipv4(packet, ends, own),
        ETHERTYPE_IPV6 => ipv6(packet, ends, own),
        // Tagged (VLAN) frames, too.
        _ => Some(false),
    }
}

fn arp(packet: &[u8], ends: &Ends) -> Option<bool> {
    let packet = packet.get(..ARP_BYTES)?;
    let sender = ipv4_at(packet, 14)?;
    let is_own = sender == ends.guest4 || sender.is_unspecified();
    Some(packet.starts_with(&ARP_HEAD) && is_own && ipv4_at(packet, 24)? == ends.gateway4)
}

fn ipv4(packet: &[u8], ends: &Ends, own: &[Network]) -> Option<bool> {
    // What Ethernet has filled it up with is not a part of it.
    let packet = packet.get(..usize::from(u16_at(packet, 2)?))?;
    let fragment = u16_at(packet, 6)?;
    // The first bit is reserved, the second says "don't fragment", the others are those of a fragment.
    if *packet.first()? != IPV4_VERSION_AND_LENGTH || fragment & !0x4000 != 0 {
        return Some(false);
    }
    let content = packet.get(IPV4_BYTES..)?;
    let to = ipv4_at(packet, 16)?;
    let protocol = *packet.get(9)?;
    if ipv4_at(packet, 12)? != ends.guest4 {
        return Some(false);
    }
    if to == ends.gateway4 {
        return is_look_up(protocol, content);
    }
    Some(is_internet(IpAddr::V4(to), own) && is_known(protocol, content, (ICMP, ECHO_REQUEST))?)
}

fn ipv6(packet: &[u8], ends: &Ends, own: &[Network]) -> Option<bool> {
    if packet.first()? >> 4 != 6 {
        return Some(false);
    }
    let end = IPV6_BYTES + usize::from(u16_at(packet, 4)?);
    let content = packet.get(IPV6_BYTES..end)?;
    // Extension headers, fragments among them, are none of the protocols below.
    let protocol = *packet.get(6)?;
    let to = ipv6_at(packet, 24)?;
    if protocol == ICMPV6 && matches!(content.first()?, &NEIGHBOUR_SOLICITATION | &NEIGHBOUR_ADVERTISEMENT) {
        return neighbour(content, to, ends);
    }
    if ipv6_at(packet, 8)? != ends.guest6 {
        return Some(false);
    }
    if to == ends.gateway6 {
        return is_look_up(protocol, content);
    }
    Some(is_internet(IpAddr::V6(to), own) && is_known(protocol, content, (ICMPV6, ECHO_REQUEST6))?)
}

/// Where the gateway is, and the answer to its question where the VM is.
fn neighbour(content: &[u8], to: Ipv6Addr, ends: &Ends) -> Option<bool> {
    let target = ipv6_at(content, NEIGHBOUR_TARGET)?;
    Some(match content.first()? {
        &NEIGHBOUR_SOLICITATION => {
            target == ends.gateway6 && (to == ends.gateway6 || to == solicited_node(ends.gateway6))
        }
        _ => to == ends.gateway6,
    })
}

/// The multicast address at which an address is asked for (RFC 4291, section 2.7.1).
fn solicited_node(address: Ipv6Addr) -> Ipv6Addr {
    let [.., a, b, c] = address.octets();
    Ipv6Addr::from([0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, a, b, c])
}

fn is_look_up(protocol: u8, content: &[u8]) -> Option<bool> {
    let least = match protocol {
        TCP => TCP_BYTES,
        UDP => UDP_BYTES,
        _ => return Some(false),
    };
    Some(u16_at(content.get(..least)?, 2)? == DNS)
}

fn is_known(protocol: u8, content: &[u8], echo: (u8, u8)) -> Option<bool> {
    Some(match protocol {
        TCP => content.len() >= TCP_BYTES,
        UDP => content.len() >= UDP_BYTES,
        _ => content.len() >= ICMP_BYTES && (protocol, *content.first()?) == echo,
    })
}

pub fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

pub fn ipv4_at(bytes: &[u8], at: usize) -> Option<Ipv4Addr> {
    let octets: [u8; 4] = bytes.get(at..at + 4)?.try_into().ok()?;
    Some(octets.into())
}

pub fn ipv6_at(bytes: &[u8], at: usize) -> Option<Ipv6Addr> {
    let octets: [u8; 16] = bytes.get(at..at + 16)?.try_into().ok()?;
    Some(octets.into())
}

#[cfg(test)]
mod tests;
