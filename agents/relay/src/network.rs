//! Networks of both families, by their first bits.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    first: IpAddr,
    prefix: u8,
}

impl Network {
    /// `prefix`: bits that all its addresses share; more than there are count as all.
    pub const fn new(first: IpAddr, prefix: u8) -> Self {
        Self { first, prefix }
    }

    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.first, address) {
            (IpAddr::V4(first), IpAddr::V4(address)) => {
                let shift = 32u32.saturating_sub(self.prefix.into());
                shift == 32 || first.to_bits() >> shift == address.to_bits() >> shift
            }
            (IpAddr::V6(first), IpAddr::V6(address)) => {
                let shift = 128u32.saturating_sub(self.prefix.into());
                shift == 128 || first.to_bits() >> shift == address.to_bits() >> shift
            }
            _ => false,
        }
    }
}

pub const fn v4(a: u8, b: u8, c: u8, prefix: u8) -> Network {
    Network::new(IpAddr::V4(Ipv4Addr::new(a, b, c, 0)), prefix)
}

pub const fn v6(a: u16, b: u16, c: u16, prefix: u8) -> Network {
    Network::new(IpAddr::V6(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0)), prefix)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_network_has_the_addresses_that_begin_as_it_does() {
        let network = v4(10, 137, 0, 30);
        assert!(network.contains(address("10.137.0.3")));
        assert!(!network.contains(address("10.137.0.4")));
        assert!(v6(0x2000, 0, 0, 3).contains(address("3fff::1")));
        assert!(!v6(0x2000, 0, 0, 3).contains(address("4000::")));
    }

    #[test]
    fn families_are_apart_and_no_prefix_is_too_long_or_too_short() {
        assert!(!v4(0, 0, 0, 0).contains(address("::1")));
        assert!(v4(1, 2, 3, 0).contains(address("9.9.9.9")));
        assert!(v6(1, 2, 3, 0).contains(address("::9")));
        let one = Network::new(address("192.0.2.7"), 200);
        assert!(one.contains(address("192.0.2.7")));
        assert!(!one.contains(address("192.0.2.6")));
    }
}
