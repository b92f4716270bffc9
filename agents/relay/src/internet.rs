//! What the internet is: public addresses, but for those of the host and of the networks that it is in. The same ranges are in
//! main/policy/destination.ts, which explains; this one enforces, and is stricter where nobody has an address.

use crate::network::{Network, v4, v6};
use std::net::IpAddr;

/// Addresses that are not public (RFC 6890), and those that carry IPv4 within.
const NOT_PUBLIC: [Network; 22] = [
    v4(0, 0, 0, 8),
    v4(10, 0, 0, 8),
    v4(100, 64, 0, 10),
    v4(127, 0, 0, 8),
    v4(169, 254, 0, 16),
    v4(172, 16, 0, 12),
    v4(192, 0, 0, 24),
    v4(192, 0, 2, 24),
    v4(192, 88, 99, 24),
    v4(192, 168, 0, 16),
    v4(198, 51, 100, 24),
    v4(203, 0, 113, 24),
    // Multicast, reserved and broadcast.
    v4(224, 0, 0, 3),
    // Below 2000::/3: unspecified, loopback, mapped IPv4, NAT64, discard; above it: private, link-local, multicast.
    v6(0, 0, 0, 3),
    v6(0x4000, 0, 0, 2),
    v6(0x8000, 0, 0, 1),
    v6(0x2001, 0, 0, 23),
    v6(0x2001, 0xdb8, 0, 32),
    v6(0x2002, 0, 0, 16),
    v6(0x3fff, 0, 0, 20),
    // Names of hosts (ORCHID), no addresses.
    v6(0x2001, 0x10, 0, 28),
    v6(0x2001, 0x20, 0, 28),
];

/// Where internets for tests are (RFC 2544, RFC 5180). One that the host itself makes up is at its loopback interface.
const TEST_INTERNETS: [Network; 2] = [v4(198, 18, 0, 15), v6(0x2001, 2, 0, 48)];

pub fn is_of_test_internet(address: IpAddr) -> bool {
    is_in(address, &TEST_INTERNETS)
}

/// `own`: the host's addresses and the networks that it is in, see host.rs.
pub fn is_internet(address: IpAddr, own: &[Network]) -> bool {
    !is_in(address, own) && (is_of_test_internet(address) || !is_in(address, &NOT_PUBLIC))
}

fn is_in(address: IpAddr, networks: &[Network]) -> bool {
    networks.iter().any(|network| network.contains(address))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn is(text: &str, own: &[Network]) -> bool {
        is_internet(text.parse().unwrap(), own)
    }

    #[test]
    fn public_addresses_are() {
        for address in
            ["1.1.1.1", "9.255.255.255", "11.0.0.0", "100.128.0.0", "172.32.0.1", "193.0.0.1", "223.255.255.255"]
        {
            assert!(is(address, &[]), "{address}");
        }
        for address in ["2000::1", "2606:4700::1111", "2a00::", "2003::1", "2001:200::1", "3ffe::1"] {
            assert!(is(address, &[]), "{address}");
        }
    }

    #[test]
    fn private_local_and_reserved_ones_are_not() {
        for address in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.251",
            "239.255.255.250",
            "240.0.0.1",
            "255.255.255.255",
        ] {
            assert!(!is(address, &[]), "{address}");
        }
        for address in [
            "::",
            "::1",
            "::ffff:1.1.1.1",
            "64:ff9b::101:101",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:a00:1::1",
            "3fff::1",
            "fc00::1",
            "fd00:137:1::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "4000::1",
            "8000::1",
        ] {
            assert!(!is(address, &[]), "{address}");
        }
    }

    #[test]
    fn what_the_host_has_itself_is_not() {
        let own = [v4(1, 1, 1, 24), v6(0x2606, 0x4700, 0, 64)];
        assert!(!is("1.1.1.7", &own));
        assert!(!is("2606:4700::1111", &own));
        assert!(is("1.1.2.7", &own));
        assert!(is("2606:4700:0:1::1", &own));
    }

    #[test]
    fn ranges_for_tests_are_but_for_networks_that_the_host_is_in() {
        let own = [v4(198, 18, 7, 24), v6(0x2001, 2, 0, 64)];
        for address in ["198.18.0.10", "198.19.255.255", "2001:2:0:113::1"] {
            assert!(is(address, &own), "{address}");
        }
        for address in ["198.18.7.1", "198.18.7.255", "2001:2::1"] {
            assert!(!is(address, &own), "{address}");
        }
        assert!(!is("2001:3::1", &[]));
    }
}
