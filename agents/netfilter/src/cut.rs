//! Ends connections that rules deny now. An idle TCP connection would not notice. So each side is sent a segment outside of its
//! window, which it has to answer (RFC 9293, 3.10.7.4); the rules answer that with a reset, which ends the connection there.

use crate::marks::CUT;
use crate::netlink::Netlink;
use crate::netlink::conntrack::{Connection, TCP, Tuple, forget, set_mark};
use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, SockaddrStorage, sendto, setsockopt, socket, sockopt,
};
use std::net::{IpAddr, SocketAddr};
use std::os::fd::AsRawFd;

/// Where there is no state that a reset could end (UDP, ICMP) the kernel forgets the connection: its next packet counts as a first
/// one. After an error the connection may run on.
pub fn cut(netlink: &mut Netlink, connection: &Connection) -> nix::Result<()> {
    let is_tcp = connection.original.protocol == TCP;
    let cut = if is_tcp { set_mark(netlink, connection, connection.mark | CUT) } else { forget(netlink, connection) };
    match cut {
        Ok(()) if is_tcp => {}
        // It has ended by itself.
        Err(Errno::ENOENT) => return Ok(()),
        _ => return cut,
    }
    let (out, back) = (connection.original, connection.reply);
    // The other side sees the firewall's own address and port.
    for asked in [ask_vm(&out), probe(back.to(), back.from())] {
        if let Err(error) = asked {
            // Nothing of it passes all the same: who sends something learns it then.
            eprintln!("netfilter: an end of a connection that was cut could not be asked: {error}");
        }
    }
    Ok(())
}

/// Sends such a segment to the VM of the connection. The rules reset the answer where the connection is cut, or where the kernel
/// does not know it.
pub fn ask_vm(original: &Tuple) -> nix::Result<()> {
    probe(original.to(), original.from())
}

fn probe(from: SocketAddr, to: SocketAddr) -> nix::Result<()> {
    let family = if to.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 };
    // With this protocol the header of IP is ours, too.
    let raw = socket(family, SockType::Raw, SockFlag::SOCK_CLOEXEC, SockProtocol::Raw)?;
    setsockopt(&raw, sockopt::Mark, &CUT)?;
    let place = SockaddrStorage::from(SocketAddr::new(to.ip(), 0));
    sendto(raw.as_raw_fd(), &packet(from, to), &place, MsgFlags::empty()).map(drop)
}

/// A bare ACK with numbers of no meaning.
fn packet(from: SocketAddr, to: SocketAddr) -> Vec<u8> {
    const LENGTH: u8 = 20;
    const ACK: u8 = 0x10;
    let mut tcp = [
        &from.port().to_be_bytes()[..],
        &to.port().to_be_bytes(),
        &0_u32.to_be_bytes(),
        &0_u32.to_be_bytes(),
        &[(LENGTH / 4) << 4, ACK, 0, 0, 0, 0, 0, 0],
    ]
    .concat();
    let (header, pseudo) = match (from.ip(), to.ip()) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            // The kernel fills in identification and checksum.
            let header =
                [&[0x45, 0, 0, 2 * LENGTH, 0, 0, 0, 0, 64, TCP, 0, 0][..], &from.octets(), &to.octets()].concat();
            (header, [&from.octets()[..], &to.octets(), &[0, TCP, 0, LENGTH]].concat())
        }
        (IpAddr::V6(from), IpAddr::V6(to)) => {
            let header = [&[0x60, 0, 0, 0, 0, LENGTH, TCP, 64][..], &from.octets(), &to.octets()].concat();
            (header, [&from.octets()[..], &to.octets(), &[0, 0, 0, LENGTH, 0, 0, 0, TCP]].concat())
        }
        // The kernel has no connection between families.
        _ => return Vec::new(),
    };
    let sum = checksum(&[pseudo, tcp.clone()].concat());
    tcp[16..18].copy_from_slice(&sum.to_be_bytes());
    [header, tcp].concat()
}

/// Of the Internet (RFC 1071), of an even number of bytes.
pub fn checksum(bytes: &[u8]) -> u16 {
    let words = bytes.chunks_exact(2).map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]])));
    let mut sum: u32 = words.sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn packets_have_good_checksums() {
        for (from, to, header) in [("10.0.0.1:443", "10.0.0.2:40000", 20), ("[fd00::1]:443", "[fd00::2]:40000", 40)] {
            let packet = packet(from.parse().unwrap(), to.parse().unwrap());
            assert_eq!(packet.len(), header + 20);
            let addresses = if header == 20 { &packet[12..20] } else { &packet[8..40] };
            let sum = checksum(&[addresses, &[0, TCP, 0, 20], &packet[header..]].concat());
            assert_eq!(sum, 0);
        }
    }
}
