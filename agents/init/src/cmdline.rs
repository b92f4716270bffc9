//! The kernel command line: the contract with the host's hardware drivers.

use crate::error::Error;
use std::fs;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

#[derive(Debug, PartialEq, Eq)]
pub struct Cmdline {
    /// `root=`, a path under /dev.
    pub root: String,
    /// `atoll.hostname=`, a valid host name.
    pub hostname: String,
    /// `atoll.probe`: the host only tests whether its accelerator can run this kernel; power off at once.
    pub is_probe: bool,
    /// `atoll.net=`, what the guest's interface is; `None`: it has none, or it is somebody else's to configure.
    pub network: Option<Network>,
    /// `atoll.snapshot`: the host keeps this guest's memory once it has come up, and others go on from it.
    pub is_snapshot: bool,
    /// `atoll.service=USER:COMMAND`: the program of a service VM, a file of `/run/atoll/service`.
    pub service: Option<ServiceProgram>,
    /// `atoll.program-in-snapshot`: that program has got ready before the memory is kept.
    pub is_program_in_snapshot: bool,
    /// `atoll.keeps-files`: the second disk is for what the service keeps.
    pub keeps_files: bool,
}

#[derive(Debug, PartialEq, Eq)]
pub struct ServiceProgram {
    /// As root of this guest, else as its user.
    pub is_root: bool,
    /// The file's name.
    pub command: String,
}

/// `IPV4/PREFIX,GATEWAY,IPV6/PREFIX,GATEWAY,MAC`: the one interface, whose gateway is the resolver, too.
#[derive(Debug, PartialEq, Eq)]
pub struct Network {
    pub ipv4: Family<Ipv4Addr>,
    pub ipv6: Family<Ipv6Addr>,
    /// Six bytes in lower case hexadecimal, with colons, as the kernel writes it.
    pub mac: String,
}

#[derive(Debug, PartialEq, Eq)]
pub struct Family<Address> {
    pub address: Address,
    /// Bits of its network.
    pub prefix: u8,
    pub gateway: Address,
}

impl<Address: FromStr> Family<Address> {
    fn parse(address: &str, gateway: &str, longest_prefix: u8) -> Option<Self> {
        let (address, prefix) = address.split_once('/')?;
        let prefix = prefix.parse().ok().filter(|&prefix| prefix <= longest_prefix)?;
        Some(Self { address: address.parse().ok()?, prefix, gateway: gateway.parse().ok()? })
    }
}

impl Network {
    pub fn parse(text: &str) -> Option<Self> {
        let words: Vec<_> = text.split(',').collect();
        let [address4, gateway4, address6, gateway6, mac] = words[..] else { return None };
        Some(Self {
            ipv4: Family::parse(address4, gateway4, 32)?,
            ipv6: Family::parse(address6, gateway6, 128)?,
            mac: mac.to_owned(),
        })
    }
}

pub fn read() -> Result<Cmdline, Error> {
    let path = "/proc/cmdline";
    Ok(parse(&fs::read_to_string(path).map_err(Error::file(path))?))
}

fn parse(text: &str) -> Cmdline {
    let value = |key: &str| {
        text.split_ascii_whitespace()
            .filter_map(|word| word.split_once('='))
            .filter(|(name, _)| *name == key)
            .map(|(_, value)| value)
            .next_back()
    };
    let has = |wanted: &str| text.split_ascii_whitespace().any(|word| word == wanted);
    Cmdline {
        root: value("root").filter(|root| root.starts_with("/dev/")).unwrap_or("/dev/vda").to_owned(),
        hostname: value("atoll.hostname").filter(|name| is_host_name(name)).unwrap_or("atoll").to_owned(),
        is_probe: has("atoll.probe"),
        is_snapshot: has("atoll.snapshot"),
        network: value("atoll.net").and_then(Network::parse),
        service: value("atoll.service").and_then(service_program),
        is_program_in_snapshot: has("atoll.program-in-snapshot"),
        keeps_files: has("atoll.keeps-files"),
    }
}

fn service_program(word: &str) -> Option<ServiceProgram> {
    let (user, command) = word.split_once(':')?;
    let is_root = match user {
        "root" => true,
        "user" => false,
        _ => return None,
    };
    let is_name = command.starts_with(|first: char| first.is_ascii_alphanumeric())
        && command.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    is_name.then(|| ServiceProgram { is_root, command: command.to_owned() })
}

fn is_host_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 63
        && !name.starts_with('-')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cmdline(root: &str, hostname: &str) -> Cmdline {
        Cmdline {
            root: root.to_owned(),
            hostname: hostname.to_owned(),
            is_probe: false,
            is_snapshot: false,
            network: None,
            service: None,
            is_program_in_snapshot: false,
            keeps_files: false,
        }
    }

    #[test]
    fn takes_root_and_host_name() {
        assert_eq!(parse("quiet root=/dev/vdb rw atoll.hostname=home panic=-1\n"), cmdline("/dev/vdb", "home"));
    }

    #[test]
    fn the_last_of_two_wins_as_in_the_kernel() {
        assert_eq!(parse("root=/dev/vda root=/dev/vdb"), cmdline("/dev/vdb", "atoll"));
    }

    #[test]
    fn a_probe_is_a_word_of_its_own() {
        assert!(parse("quiet atoll.probe panic=-1").is_probe);
        assert!(!parse("quiet atoll.probes atoll.probe=0").is_probe);
    }

    #[test]
    fn a_snapshot_is_a_word_of_its_own() {
        assert!(parse("quiet atoll.snapshot").is_snapshot);
        assert!(!parse("quiet atoll.hostname=atoll.snapshot").is_snapshot);
    }

    #[test]
    fn what_a_service_keeps_and_whether_its_program_is_in_the_snapshot_are_words_of_their_own() {
        let both = parse("quiet atoll.program-in-snapshot atoll.keeps-files");
        assert!(both.is_program_in_snapshot && both.keeps_files);
        let none = parse("quiet atoll.program-in-snapshots atoll.keeps-files=1");
        assert!(!none.is_program_in_snapshot && !none.keeps_files);
    }

    #[test]
    fn takes_the_network_that_the_host_says() {
        let network = |value: &str| parse(&format!("quiet atoll.net={value} panic=-1")).network;
        assert_eq!(
            network("10.137.0.6/30,10.137.0.5,fd00:137:1::2/64,fd00:137:1::1,52:54:00:a7:00:01"),
            Some(Network {
                ipv4: Family {
                    address: Ipv4Addr::new(10, 137, 0, 6),
                    prefix: 30,
                    gateway: Ipv4Addr::new(10, 137, 0, 5)
                },
                ipv6: Family {
                    address: Ipv6Addr::new(0xfd00, 0x137, 1, 0, 0, 0, 0, 2),
                    prefix: 64,
                    gateway: Ipv6Addr::new(0xfd00, 0x137, 1, 0, 0, 0, 0, 1),
                },
                mac: "52:54:00:a7:00:01".to_owned(),
            })
        );
        for wrong in [
            "",
            "10.137.0.6/30,10.137.0.5",
            "10.137.0.6,10.137.0.5,fd00::2/64,fd00::1,52:54:00:a7:00:01",
            "10.137.0.6/33,10.137.0.5,fd00::2/64,fd00::1,52:54:00:a7:00:01",
            "10.137.0.6/30,10.137.0.5,fd00::2/129,fd00::1,52:54:00:a7:00:01",
            "fd00::2/30,10.137.0.5,fd00::2/64,fd00::1,52:54:00:a7:00:01",
            "10.137.0.6/30,10.137.0.5,fd00::2/64,fd00::1,52:54:00:a7:00:01,more",
        ] {
            assert_eq!(network(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn takes_the_program_of_a_service() {
        let service = |is_root, command: &str| Some(ServiceProgram { is_root, command: command.to_owned() });
        assert_eq!(parse("atoll.service=root:netfilter").service, service(true, "netfilter"));
        assert_eq!(parse("atoll.service=user:serve-1.py quiet").service, service(false, "serve-1.py"));
        for wrong in ["serve.py", "admin:serve.py", "root:", "root:../init", "root:a/b", "user:.hidden", "user:-x"] {
            assert_eq!(parse(&format!("atoll.service={wrong}")).service, None, "{wrong}");
        }
    }

    #[test]
    fn falls_back_for_what_is_missing_or_wrong() {
        assert_eq!(parse(""), cmdline("/dev/vda", "atoll"));
        assert_eq!(parse("root=UUID=1 atoll.hostname=a/b"), cmdline("/dev/vda", "atoll"));
        assert_eq!(parse("atoll.hostname=-x atoll.hostname="), cmdline("/dev/vda", "atoll"));
    }
}
