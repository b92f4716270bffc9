//! The host's own addresses and the networks that it is in, kept up to date: what a VM must not reach by way of the internet. An
//! internet for tests that the host makes up at its loopback interface is none of them.

use crate::internet::is_of_test_internet;
use crate::network::Network;
use nix::errno::Errno;
use nix::ifaddrs::getifaddrs;
use nix::net::if_::InterfaceFlags;
use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, SockaddrStorage, bind, recv, socket,
};
use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::AsRawFd;
use std::sync::{Arc, PoisonError, RwLock};

/// Changes of addresses and routes of both families, see rtnetlink(7): RTMGRP_*.
const CHANGES: u32 = 0x10 | 0x40 | 0x100 | 0x400;
const ROUTES4: &str = "/proc/net/route";
const ROUTES6: &str = "/proc/net/ipv6_route";
/// The loopback interface, as routes name it.
const LOOPBACK: &str = "lo";
const ROUTE_UP: u32 = 1;
const ROUTE_GATEWAY: u32 = 2;

#[derive(Debug, Clone, Default)]
pub struct HostNetworks {
    current: Arc<RwLock<Vec<Network>>>,
}

impl HostNetworks {
    /// Reads them, and again at each change. Without that nothing may pass, so the program ends where it cannot be done.
    pub fn watch() -> io::Result<Self> {
        let changes =
            socket(AddressFamily::Netlink, SockType::Raw, SockFlag::SOCK_CLOEXEC, SockProtocol::NetlinkRoute)?;
        // Before the first look: what changes after it is noticed.
        bind(changes.as_raw_fd(), &NetlinkAddr::new(0, CHANGES))?;
        let networks = Self::default();
        networks.set(read()?);
        let watched = networks.clone();
        std::thread::spawn(move || {
            let mut message = [0; 16 * 1024];
            loop {
                let seen = match recv(changes.as_raw_fd(), &mut message, MsgFlags::empty()) {
                    // Some were lost: only that there was one counts.
                    Ok(_) | Err(Errno::ENOBUFS | Errno::EINTR) => read(),
                    Err(errno) => Err(errno.into()),
                };
                match seen {
                    Ok(seen) => watched.set(seen),
                    Err(error) => {
                        eprintln!("atoll-relay: the host's addresses cannot be read: {error}");
                        std::process::exit(1);
                    }
                }
            }
        });
        Ok(networks)
    }

    pub fn with<Result>(&self, use_them: impl FnOnce(&[Network]) -> Result) -> Result {
        use_them(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn set(&self, networks: Vec<Network>) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = networks;
    }
}

fn read() -> io::Result<Vec<Network>> {
    let mut networks = Vec::new();
    for interface in getifaddrs()? {
        let ip = |address: Option<&SockaddrStorage>| address.and_then(ip_of);
        let Some(address) = ip(interface.address.as_ref()) else { continue };
        if interface.flags.contains(InterfaceFlags::IFF_LOOPBACK) && is_of_test_internet(address) {
            continue;
        }
        networks.push(Network::new(address, u8::MAX));
        if let Some(mask) = ip(interface.netmask.as_ref()) {
            networks.extend(network(address, prefix_of(mask)));
        }
        if let Some(peer) = ip(interface.destination.as_ref()) {
            networks.push(Network::new(peer, u8::MAX));
        }
    }
    // A host without one of the families has no such file.
    networks.extend(fs::read_to_string(ROUTES4).unwrap_or_default().lines().filter_map(route4));
    networks.extend(fs::read_to_string(ROUTES6).unwrap_or_default().lines().filter_map(route6));
    Ok(networks)
}

fn ip_of(address: &SockaddrStorage) -> Option<IpAddr> {
    let v4 = address.as_sockaddr_in().map(|address| IpAddr::V4(address.ip()));
    v4.or_else(|| address.as_sockaddr_in6().map(|address| IpAddr::V6(address.ip())))
}

fn prefix_of(mask: IpAddr) -> u8 {
    match mask {
        IpAddr::V4(mask) => mask.to_bits().leading_ones() as u8,
        IpAddr::V6(mask) => mask.to_bits().leading_ones() as u8,
    }
}

/// `None`: it is everything.
fn network(first: IpAddr, prefix: u8) -> Option<Network> {
    (prefix > 0).then(|| Network::new(first, prefix))
}

/// A line of /proc/net/route, where it is of a network without a gateway, which is a local one. Addresses are there as the
/// kernel has them in memory.
fn route4(line: &str) -> Option<Network> {
    let words: Vec<_> = line.split_ascii_whitespace().collect();
    let hex = |at: usize| u32::from_str_radix(words.get(at)?, 16).ok();
    let (to, flags, mask) = (hex(1)?, hex(3)?, hex(7)?);
    let address = |number: u32| IpAddr::V4(Ipv4Addr::from(number.to_ne_bytes()));
    local(flags, words.first()?, address(to), prefix_of(address(mask)))
}

/// The same of /proc/net/ipv6_route, where addresses are written as bytes.
fn route6(line: &str) -> Option<Network> {
    let words: Vec<_> = line.split_ascii_whitespace().collect();
    let to = u128::from_str_radix(words.first()?, 16).ok()?;
    let prefix = u8::from_str_radix(words.get(1)?, 16).ok()?;
    let flags = u32::from_str_radix(words.get(8)?, 16).ok()?;
    local(flags, words.get(9)?, IpAddr::V6(Ipv6Addr::from_bits(to)), prefix)
}

fn local(flags: u32, interface: &str, first: IpAddr, prefix: u8) -> Option<Network> {
    let is_test = interface == LOOPBACK && is_of_test_internet(first);
    if flags & ROUTE_UP == 0 || flags & ROUTE_GATEWAY != 0 || is_test {
        return None;
    }
    network(first, prefix)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn has(network: Option<Network>, address: &str) -> bool {
        network.is_some_and(|network| network.contains(address.parse().unwrap()))
    }

    #[test]
    fn reads_local_networks_from_the_kernels_routes() {
        let local = "eth0\t0002A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0";
        assert!(has(route4(local), "192.168.2.77"));
        assert!(!has(route4(local), "192.168.3.77"));
        let default = "eth0\t00000000\t0102A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0";
        assert_eq!(route4(default), None);
        assert_eq!(route4("Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT"), None);

        let local = "20010db8000000010000000000000000 40 00000000000000000000000000000000 00 \
                     00000000000000000000000000000000 00000100 00000001 00000000 00000001 eth0";
        assert!(has(route6(local), "2001:db8:0:1::7"));
        assert!(!has(route6(local), "2001:db8:0:2::7"));
        let default = "00000000000000000000000000000000 00 00000000000000000000000000000000 00 \
                       fe800000000000000000000000000001 00000400 00000001 00000000 00000003 eth0";
        assert_eq!(route6(default), None);
        assert_eq!(route6("a line"), None);
    }

    #[test]
    fn an_internet_for_tests_is_the_hosts_own_but_at_the_loopback() {
        let own4 =
            |interface: &str| route4(&format!("{interface}\t000012C6\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0"));
        assert!(has(own4("eth0"), "198.18.0.7"));
        assert_eq!(own4("lo"), None);
        let own6 = |interface: &str| {
            route6(&format!(
                "20010002000001130000000000000000 40 00000000000000000000000000000000 00 \
                 00000000000000000000000000000000 00000100 00000001 00000000 00000001 {interface}"
            ))
        };
        assert!(has(own6("eth0"), "2001:2:0:113::7"));
        assert_eq!(own6("lo"), None);
        // What else is there is the host's.
        let other = "00000000000000000000000000000001 80 00000000000000000000000000000000 00 \
                     00000000000000000000000000000000 00000000 00000002 00000000 80200001 lo";
        assert!(has(route6(other), "::1"));
    }

    #[test]
    fn the_loopback_is_the_hosts_own() {
        let own = read().unwrap();
        assert!(own.iter().any(|network| network.contains("127.0.0.1".parse().unwrap())));
    }
}
