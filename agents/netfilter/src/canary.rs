//! Canaries: packets that no VM has sent, which the kernel's rules judge as if one had. What they say has to be what decide.rs
//! says; a link of which that is not so gets nothing through.
//!
//! They come in by the loopback interface, so that they pass the very chain of the link, with a mark by which they are told
//! from all else; whatever the verdict is, they end there (ruleset.rs).

use crate::address::{Cidr, LINKS};
use crate::cut::checksum;
use crate::decide::{self, Verdict, World, is_in_force};
use crate::model::{LinkRules, Port, Rule, Target, Transport};
use crate::netlink::conntrack::{TCP, UDP};
use crate::netlink::log::{self, Log};
use nix::errno::Errno;
use nix::ifaddrs::getifaddrs;
use nix::sys::socket::{AddressFamily, LinkAddr, MsgFlags, SockFlag, SockType, sendto, setsockopt, socket, sockopt};
use std::net::IpAddr;
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::Duration;

/// Of packets: nothing else has it (marks.rs).
pub const MARK: u32 = 0x0800_0000;
/// NFLOG group by which they come back, with the mark of what decided.
pub const GROUP: u16 = 3;
/// What has not come back by then never does.
const BACK_WITHIN: Duration = Duration::from_secs(1);
/// On their way at a time: as many as the log's socket holds.
const AT_ONCE: usize = 64;
/// Of one link, of its rules. Of more, some all over the list.
const MAX_RULES: usize = 100;
/// Where nobody is: of the networks for measurements, which count as internet, and private ones.
const SOMEWHERE: [&str; 4] = ["198.19.255.254", "2001:2:0:ffff::fffe", "10.255.255.254", "fd00:ffff::fffe"];
/// Of the web, of what hides names, and one that no rule names by habit.
const PORTS: [(u8, u16); 5] = [(TCP, 443), (UDP, 443), (TCP, 853), (UDP, 53), (TCP, UNUSUAL)];
const UNUSUAL: u16 = 4_000;

/// Where one goes to, and the names by which the VM has looked that up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Canary {
    pub to: IpAddr,
    pub port: Port,
    pub names: Vec<String>,
}

/// For a link: something for each of its rules, and what every VM may try.
pub fn canaries(
    rules: &LinkRules,
    now_ms: u64,
    names: impl Fn(IpAddr) -> Vec<String>,
    addresses: impl Fn(&Target) -> Option<IpAddr>,
) -> Vec<Canary> {
    let fixed = SOMEWHERE.iter().filter_map(|text| text.parse().ok());
    let others = LINKS.iter().filter_map(|range| range.parse::<Cidr>().ok()).map(|range| within(&range));
    let mut all: Vec<(IpAddr, Option<Port>)> =
        fixed.flat_map(|to: IpAddr| PORTS.map(|(protocol, number)| (to, Port::of(protocol, number)))).collect();
    all.extend(others.map(|to| (to, Port::of(TCP, 443))));
    let in_force: Vec<&Rule> = rules.rules.iter().filter(|rule| is_in_force(rule, now_ms)).collect();
    for rule in in_force.iter().step_by(in_force.len().div_ceil(MAX_RULES).max(1)) {
        let number = rule.port.unwrap_or(443);
        let port = Some(Port { transport: rule.protocol.unwrap_or(Transport::Tcp), number });
        match &rule.to {
            Target::Any {} | Target::Internet {} => {
                all.extend(SOMEWHERE.iter().filter_map(|text| text.parse().ok()).map(|to| (to, port)));
            }
            Target::Addresses { cidr } => all.push((within(cidr), port)),
            Target::Name { .. } | Target::NamesBelow { .. } => all.extend(addresses(&rule.to).map(|to| (to, port))),
            Target::Vm { place, .. } => {
                let both = place.iter().flat_map(|place| [IpAddr::from(place.ipv4), IpAddr::from(place.ipv6)]);
                all.extend(both.flat_map(|to| [(to, port), (to, Port::of(TCP, UNUSUAL))]));
            }
        }
    }
    all.into_iter().filter_map(|(to, port)| Some(Canary { to, port: port?, names: names(to) })).collect()
}

/// An address of the range that is no network's own, where there is room.
fn within(range: &Cidr) -> IpAddr {
    match range.address {
        IpAddr::V4(address) if range.prefix < 31 => IpAddr::from((address.to_bits() | 1).to_be_bytes()),
        IpAddr::V6(address) if range.prefix < 127 => IpAddr::from((address.to_bits() | 1).to_be_bytes()),
        address => address,
    }
}

/// What the kernel has to say of it.
pub fn expected<'a>(canary: &Canary, rules: &'a LinkRules, world: World<'_>) -> Verdict<'a> {
    let names: Vec<&str> = canary.names.iter().map(String::as_str).collect();
    decide::connection(rules, &names, canary.to, Some(canary.port), world)
}

#[derive(Debug)]
pub struct Prober {
    log: Log,
    raw: OwnedFd,
    loopback: LinkAddr,
}

impl Prober {
    pub fn open() -> nix::Result<Self> {
        let log = Log::open(GROUP)?;
        log.within(BACK_WITHIN)?;
        let raw = socket(AddressFamily::Packet, SockType::Raw, SockFlag::SOCK_CLOEXEC, None)?;
        setsockopt(&raw, sockopt::Mark, &MARK)?;
        let loopback = getifaddrs()?
            .filter(|interface| interface.interface_name == "lo")
            .find_map(|interface| interface.address?.as_link_addr().copied())
            .ok_or(Errno::ENODEV)?;
        Ok(Self { log, raw, loopback })
    }

    /// Sends them, and gives the marks with which they came back; `None` for one that did not, twice.
    pub fn send(&mut self, all: &[(IpAddr, Canary)]) -> nix::Result<Vec<Option<u32>>> {
        let mut back = Vec::new();
        for some in all.chunks(AT_ONCE) {
            back.extend(self.send_some(some)?);
        }
        // Where the machine is busy one may be late, or its log's socket full: a link is not shut for that.
        let late: Vec<usize> = (0..back.len()).filter(|place| back[*place].is_none()).collect();
        for places in late.chunks(AT_ONCE) {
            let some: Vec<(IpAddr, Canary)> = places.iter().map(|place| all[*place].clone()).collect();
            for (place, mark) in places.iter().zip(self.send_some(&some)?) {
                back[*place] = mark;
            }
        }
        Ok(back)
    }

    fn send_some(&mut self, some: &[(IpAddr, Canary)]) -> nix::Result<Vec<Option<u32>>> {
        let mut back = vec![None; some.len()];
        // Of those before, which came late.
        self.log.forget();
        for (number, (from, canary)) in some.iter().enumerate() {
            let number = u16::try_from(number + 1).unwrap_or(u16::MAX);
            let frame = frame(*from, canary.to, canary.port, number);
            sendto(self.raw.as_raw_fd(), &frame, &self.loopback, MsgFlags::empty())?;
        }
        while back.contains(&None) {
            let result = self.log.next(|logged| {
                let number = log::source_port(logged.packet).and_then(|port| usize::from(port).checked_sub(1));
                if let Some(place) = number.and_then(|number| back.get_mut(number)) {
                    *place = Some(logged.mark);
                }
            });
            match result {
                Ok(()) | Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN | Errno::ENOBUFS) => break,
                Err(error) => return Err(error),
            }
        }
        Ok(back)
    }
}

/// A first packet as the VM would send it, in a frame of Ethernet. Its source port is its number.
fn frame(from: IpAddr, to: IpAddr, port: Port, number: u16) -> Vec<u8> {
    const SYN: u8 = 2;
    let ends = [number.to_be_bytes(), port.number.to_be_bytes()].concat();
    let (mut content, at) = match port.transport {
        Transport::Tcp => ([&ends[..], &[0; 8], &[5 << 4, SYN, 0xff, 0xff, 0, 0, 0, 0]].concat(), 16),
        Transport::Udp => ([&ends[..], &[0, 8, 0, 0]].concat(), 6),
    };
    let protocol = port.transport.number();
    // Both kinds are short.
    let length = u8::try_from(content.len()).unwrap_or(u8::MAX);
    let (kind, mut header, pseudo) = match (from, to) {
        (IpAddr::V4(from), IpAddr::V4(to)) => (
            [0x08, 0x00],
            [&[0x45, 0, 0, 20 + length, 0, 0, 0, 0, 64, protocol, 0, 0][..], &from.octets(), &to.octets()].concat(),
            [&from.octets()[..], &to.octets(), &[0, protocol, 0, length]].concat(),
        ),
        (IpAddr::V6(from), IpAddr::V6(to)) => (
            [0x86, 0xdd],
            [&[0x60, 0, 0, 0, 0, length, protocol, 64][..], &from.octets(), &to.octets()].concat(),
            [&from.octets()[..], &to.octets(), &[0, 0, 0, length, 0, 0, 0, protocol]].concat(),
        ),
        // A link's own address of that family is taken.
        _ => return Vec::new(),
    };
    let sum = checksum(&[pseudo, content.clone()].concat());
    content[at..at + 2].copy_from_slice(&sum.to_be_bytes());
    if to.is_ipv4() {
        let sum = checksum(&header);
        header[10..12].copy_from_slice(&sum.to_be_bytes());
    }
    [&[0; 12][..], &kind, &header, &content].concat()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::address::not_internet;
    use crate::model::Decision;
    use crate::testing::link_with;

    fn all(lines: &[&str]) -> Vec<(String, Decision)> {
        let rules = link_with(lines).rules;
        let ranges = not_internet(&[]);
        let world = World { not_internet: &ranges, private_names: &[], now_ms: 0, has_scanner: false, begun_by: None };
        let pinned: IpAddr = "1.2.3.4".parse().unwrap();
        let names = |to: IpAddr| if to == pinned { vec!["a.example".to_owned()] } else { Vec::new() };
        let addresses =
            |target: &Target| matches!(target, Target::Name { name } if name == "a.example").then_some(pinned);
        let flying = canaries(&rules, 0, names, addresses);
        let shown = |one: &Canary| format!("{} {:?} {}", one.to, one.port.transport, one.port.number);
        flying.iter().map(|one| (shown(one), expected(one, &rules, world).decision)).collect()
    }

    #[test]
    fn without_rules_all_are_denied() {
        let all = all(&[]);
        assert_eq!(all.len(), SOMEWHERE.len() * PORTS.len() + LINKS.len());
        assert!(all.iter().all(|(_, decision)| *decision == Decision::Deny));
    }

    #[test]
    fn each_rule_has_one_and_no_rule_but_one_that_names_it_opens_the_way_to_another_vm() {
        let all = all(&[
            "allow 9.9.9.0/24 53/udp",
            "allow a.example",
            "ask b.example",
            "allow 10.0.0.0/8",
            "allow internet",
            "allow @link-2 631",
        ]);
        let is = |place: &str, decision| assert!(all.contains(&(place.to_owned(), decision)), "{place}: {all:?}");
        is("9.9.9.1 Udp 53", Decision::Allow);
        is("1.2.3.4 Tcp 443", Decision::Allow);
        is("10.255.255.254 Tcp 443", Decision::Allow);
        is("198.19.255.254 Tcp 443", Decision::Deny);
        is("198.19.255.254 Udp 443", Decision::Deny);
        is("10.137.0.1 Tcp 443", Decision::Deny);
        for vm in ["10.137.0.10", "fd00:137:2::2"] {
            is(&format!("{vm} Tcp 631"), Decision::Allow);
            is(&format!("{vm} Tcp 4000"), Decision::Deny);
        }
    }

    #[test]
    fn of_many_rules_some_are_tried() {
        let lines: Vec<String> =
            (0..1_000).map(|number| format!("allow 9.{}.{}.1/32", number / 250, number % 250)).collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        assert_eq!(all(&lines).len(), SOMEWHERE.len() * PORTS.len() + LINKS.len() + MAX_RULES);
    }

    #[test]
    fn frames_have_good_checksums() {
        for (from, to, header) in [("10.137.0.6", "1.2.3.4", 20), ("fd00:137:1::2", "2001:2::1", 40)] {
            for (protocol, length) in [(TCP, 20_u8), (UDP, 8)] {
                let port = Port::of(protocol, 443).unwrap();
                let frame = frame(from.parse().unwrap(), to.parse().unwrap(), port, 7);
                let packet = &frame[14..];
                assert_eq!((packet.len(), log::source_port(packet)), (header + usize::from(length), Some(7)));
                let addresses = if header == 20 { &packet[12..20] } else { &packet[8..40] };
                assert_eq!(checksum(&[addresses, &[0, protocol, 0, length], &packet[header..]].concat()), 0);
                assert!(header == 40 || checksum(&packet[..20]) == 0);
            }
        }
    }
}
