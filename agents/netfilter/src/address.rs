//! Ranges of addresses, and which of them are the internet.

use serde::Deserialize;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// A range of addresses. Bits behind the prefix are zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cidr {
    pub address: IpAddr,
    pub prefix: u8,
}

impl Cidr {
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                (own.to_bits() ^ other.to_bits()).checked_shr(32 - u32::from(self.prefix)).unwrap_or(0) == 0
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                (own.to_bits() ^ other.to_bits()).checked_shr(128 - u32::from(self.prefix)).unwrap_or(0) == 0
            }
            _ => false,
        }
    }

    pub fn is_ipv4(&self) -> bool {
        self.address.is_ipv4()
    }
}

impl FromStr for Cidr {
    type Err = String;

    /// `ADDRESS/PREFIX`, or an address alone.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("'{}' is no range of addresses", text.escape_debug());
        let (address, prefix) = text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => most,
            Some(prefix) => prefix.parse().ok().filter(|prefix| *prefix <= most).ok_or_else(wrong)?,
        };
        Ok(match address {
            IpAddr::V4(address) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
                Self { address: Ipv4Addr::from_bits(address.to_bits() & mask).into(), prefix }
            }
            IpAddr::V6(address) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0);
                Self { address: Ipv6Addr::from_bits(address.to_bits() & mask).into(), prefix }
            }
        })
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

impl<'de> Deserialize<'de> for Cidr {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Private, loopback, link-local, CGNAT, multicast and reserved. 198.18.0.0/15 counts as internet: test internets use it.
const NOT_INTERNET_V4: &[&str] = &[
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "192.168.0.0/16",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/3",
];

/// All that is no global unicast, and what of that carries other addresses inside (NAT64, Teredo, 6to4) or is documentation.
/// 2001:2::/48 counts as internet: test internets use it.
const NOT_INTERNET_V6: &[&str] = &[
    "::/3",
    "2001::/32",
    "2001:10::/28",
    "2001:20::/28",
    "2001:db8::/32",
    "2002::/16",
    "3fff::/20",
    "4000::/2",
    "8000::/1",
];

/// Where the VMs are: no link may reach another one's.
pub const LINKS: [&str; 2] = ["10.137.0.0/16", "fd00:137::/32"];

/// An address of a link of some VM: of a VM, or of the firewall itself.
pub fn is_of_links(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.octets().starts_with(&[10, 137]),
        IpAddr::V6(address) => address.segments().starts_with(&[0xfd00, 0x137]),
    }
}

/// The fixed ranges and `more`.
pub fn not_internet(more: &[Cidr]) -> Vec<Cidr> {
    NOT_INTERNET_V4
        .iter()
        .chain(NOT_INTERNET_V6)
        .filter_map(|range| range.parse().ok())
        .chain(more.iter().copied())
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn is_internet(address: &str) -> bool {
        let address = address.parse().unwrap();
        !not_internet(&["81.2.3.0/24".parse().unwrap()]).iter().any(|range| range.contains(address))
    }

    #[test]
    fn knows_what_is_internet() {
        for address in ["1.1.1.1", "198.18.0.10", "198.19.255.255", "2001:2:0:113::10", "2606:4700::1", "2a00::1"] {
            assert!(is_internet(address), "{address}");
        }
        for address in [
            "0.0.0.0",
            "10.1.2.3",
            "100.127.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.31.0.1",
            "192.168.1.1",
            "224.0.0.251",
            "255.255.255.255",
            "81.2.3.4",
            "::",
            "::1",
            "::ffff:10.0.0.1",
            "::ffff:1.1.1.1",
            "64:ff9b::101:101",
            "64:ff9b:1::1",
            "100::1",
            "2001:db8::1",
            "2002:a00:1::1",
            "fd00::1",
            "fe80::1",
            "ff02::1",
        ] {
            assert!(!is_internet(address), "{address}");
        }
    }

    #[test]
    fn all_fixed_ranges_are_read() {
        assert_eq!(not_internet(&[]).len(), NOT_INTERNET_V4.len() + NOT_INTERNET_V6.len());
        assert!(LINKS.iter().all(|range| range.parse::<Cidr>().is_ok()));
    }

    #[test]
    fn addresses_of_links_are_those_of_their_ranges() {
        let ranges = LINKS.map(|range| range.parse::<Cidr>().unwrap());
        for text in [
            "10.137.0.0",
            "10.137.255.255",
            "10.136.255.255",
            "10.138.0.0",
            "fd00:137::",
            "fd00:137:ffff::1",
            "fd00:138::",
            "fd01:137::",
        ] {
            let address = text.parse().unwrap();
            assert_eq!(is_of_links(address), ranges.iter().any(|range| range.contains(address)), "{text}");
        }
    }

    #[test]
    fn reads_ranges_and_clears_what_is_behind_the_prefix() {
        for (text, read) in [
            ("1.2.3.4", "1.2.3.4/32"),
            ("1.2.3.4/8", "1.0.0.0/8"),
            ("1.2.3.4/0", "0.0.0.0/0"),
            ("2001:db8::1/32", "2001:db8::/32"),
            ("::1/0", "::/0"),
        ] {
            assert_eq!(text.parse::<Cidr>().unwrap().to_string(), read);
        }
        for text in ["", "/8", "1.2.3/8", "1.2.3.4/", "1.2.3.4/33", "::/129", "1.2.3.4/-1", "1.2.3.4/8/8"] {
            assert!(text.parse::<Cidr>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_whole_range_holds_all_of_its_family_and_nothing_of_the_other() {
        let all: Cidr = "0.0.0.0/0".parse().unwrap();
        assert!(all.contains("255.1.2.3".parse().unwrap()));
        assert!(!all.contains("::1".parse().unwrap()));
        assert!("::/0".parse::<Cidr>().unwrap().contains("ffff::1".parse().unwrap()));
    }
}
