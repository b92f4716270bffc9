//! The answer to a VM's packet that does not pass: without one its programs would wait for seconds.

use crate::filter::{
    ETHERNET_BYTES, ETHERTYPE_IPV4, ETHERTYPE_IPV6, Ends, ICMP, ICMPV6, IPV4_BYTES, IPV4_VERSION_AND_LENGTH,
    IPV6_BYTES, TCP, TCP_BYTES, UDP, ipv4_at, ipv6_at, u16_at,
};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const HOP_LIMIT: u8 = 64;
const FIN: u8 = 1;
const SYN: u8 = 2;
const RST: u8 = 4;
const ACK: u8 = 16;
/// Communication administratively prohibited: type and code, see RFC 1812 and RFC 4443.
const PROHIBITED4: [u8; 2] = [3, 13];
const PROHIBITED6: [u8; 2] = [1, 1];
/// Of the packet that it is about: that head and eight bytes are what RFC 792 asks for, and all that is needed for UDP.
const QUOTED: usize = 8;

/// The answer to a frame that was dropped, as a frame: a reset to TCP, an ICMP message of the gateway to UDP. `None`: it gets
/// none, as it is neither, or not the VM's own.
pub fn refusal(frame: &[u8], ends: &Ends) -> Option<Vec<u8>> {
    let packet = frame.get(ETHERNET_BYTES..)?;
    let kind = u16_at(frame, 12)?;
    let answer = match kind {
        ETHERTYPE_IPV4 => refusal4(packet, ends)?,
        ETHERTYPE_IPV6 => refusal6(packet, ends)?,
        _ => return None,
    };
    // To whom it came from, from whom it went to.
    Some([frame.get(6..12)?, frame.get(..6)?, &kind.to_be_bytes()[..], &answer].concat())
}

fn refusal4(packet: &[u8], ends: &Ends) -> Option<Vec<u8>> {
    let packet = packet.get(..usize::from(u16_at(packet, 2)?))?;
    // With options, or a fragment: as the filter has it.
    if *packet.first()? != IPV4_VERSION_AND_LENGTH || u16_at(packet, 6)? & !0x4000 != 0 {
        return None;
    }
    let (from, to) = (ipv4_at(packet, 12)?, ipv4_at(packet, 16)?);
    if from != ends.guest4 || to.is_multicast() || to.is_broadcast() || to.is_unspecified() {
        return None;
    }
    let content = packet.get(IPV4_BYTES..)?;
    match *packet.get(9)? {
        TCP => Some(ipv4(to, from, TCP, &reset(content, IpAddr::V4(to), IpAddr::V4(from))?)),
        UDP => {
            let quoted = packet.get(..IPV4_BYTES + QUOTED)?;
            let mut message = [&PROHIBITED4[..], &[0; 6], quoted].concat();
            let sum = checksum(&message);
            put(&mut message, 2, sum);
            Some(ipv4(ends.gateway4, from, ICMP, &message))
        }
        _ => None,
    }
}

fn refusal6(packet: &[u8], ends: &Ends) -> Option<Vec<u8>> {
    if packet.first()? >> 4 != 6 {
        return None;
    }
    let length = usize::from(u16_at(packet, 4)?);
    let (from, to) = (ipv6_at(packet, 8)?, ipv6_at(packet, 24)?);
    if from != ends.guest6 || to.is_multicast() || to.is_unspecified() {
        return None;
    }
    let content = packet.get(IPV6_BYTES..IPV6_BYTES + length)?;
    match *packet.get(6)? {
        TCP => Some(ipv6(to, from, TCP, &reset(content, IpAddr::V6(to), IpAddr::V6(from))?)),
        UDP => {
            let quoted = packet.get(..IPV6_BYTES + QUOTED)?;
            let mut message = [&PROHIBITED6[..], &[0; 6], quoted].concat();
            let sum = transport_checksum(&message, IpAddr::V6(ends.gateway6), IpAddr::V6(from), ICMPV6);
            put(&mut message, 2, sum);
            Some(ipv6(ends.gateway6, from, ICMPV6, &message))
        }
        _ => None,
    }
}

/// The reset of a segment (RFC 9293, section 3.10.7.1). `None`: it is one itself, or none at all.
fn reset(segment: &[u8], from: IpAddr, to: IpAddr) -> Option<Vec<u8>> {
    let flags = *segment.get(13)?;
    let head = usize::from(segment.get(12)? >> 4) * 4;
    if flags & RST != 0 || head < TCP_BYTES || head > segment.len() {
        return None;
    }
    let number = |at: usize| Some(u32::from_be_bytes(segment.get(at..at + 4)?.try_into().ok()?));
    let (sequence, acknowledged, answer) = if flags & ACK != 0 {
        (number(8)?, 0, RST)
    } else {
        let taken = segment.len() - head + usize::from(flags & SYN != 0) + usize::from(flags & FIN != 0);
        (0, number(4)?.wrapping_add(taken as u32), RST | ACK)
    };
    let ports = [segment.get(2..4)?, segment.get(..2)?].concat();
    let numbers = [sequence.to_be_bytes(), acknowledged.to_be_bytes()].concat();
    let mut answer = [&ports[..], &numbers, &[(TCP_BYTES as u8 / 4) << 4, answer, 0, 0, 0, 0, 0, 0]].concat();
    let sum = transport_checksum(&answer, from, to, TCP);
    put(&mut answer, 16, sum);
    Some(answer)
}

fn ipv4(from: Ipv4Addr, to: Ipv4Addr, protocol: u8, content: &[u8]) -> Vec<u8> {
    let length = (IPV4_BYTES + content.len()) as u16;
    let mut packet = vec![IPV4_VERSION_AND_LENGTH, 0];
    packet.extend(length.to_be_bytes());
    packet.extend([0, 0, 0x40, 0, HOP_LIMIT, protocol, 0, 0]);
    packet.extend(from.octets());
    packet.extend(to.octets());
    let sum = checksum(&packet);
    put(&mut packet, 10, sum);
    packet.extend(content);
    packet
}

fn ipv6(from: Ipv6Addr, to: Ipv6Addr, protocol: u8, content: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x60, 0, 0, 0];
    packet.extend((content.len() as u16).to_be_bytes());
    packet.extend([protocol, HOP_LIMIT]);
    packet.extend(from.octets());
    packet.extend(to.octets());
    packet.extend(content);
    packet
}

fn put(bytes: &mut [u8], at: usize, value: u16) {
    if let Some(place) = bytes.get_mut(at..at + 2) {
        place.copy_from_slice(&value.to_be_bytes());
    }
}

/// Of a segment or message with the addresses that it travels between.
fn transport_checksum(content: &[u8], from: IpAddr, to: IpAddr, protocol: u8) -> u16 {
    let octets = |address: IpAddr| match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    };
    let length = (content.len() as u32).to_be_bytes();
    checksum(&[&octets(from)[..], &octets(to), &length, &[0, 0, 0, protocol], content].concat())
}

/// RFC 1071.
fn checksum(bytes: &[u8]) -> u16 {
    let word = |pair: &[u8]| pair.iter().zip([8, 0]).map(|(&byte, shift)| u32::from(byte) << shift).sum::<u32>();
    let mut sum: u32 = bytes.chunks(2).map(word).sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

#[cfg(test)]
mod tests;
