//! Which names a VM has looked up at which address, and until when: what its connections are allowed by. One per link.

use crate::decide::{self, World, decide, is_about_address, ports_of};
use crate::marks::{ALLOWED, CHECKED, Marks};
use crate::model::{LinkRules, Port, Target};
use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// Of one link. A VM that looks up more forgets what ends first.
const MAX_ADDRESSES: usize = 16_384;
const MAX_NAMES_OF_ADDRESS: usize = 32;

/// An element of a link's maps in the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Element {
    pub address: IpAddr,
    /// `None`: of the map for all ports.
    pub port: Option<Port>,
    pub mark: u32,
    pub lasts: Duration,
}

#[derive(Debug, Clone)]
struct Pin {
    name: String,
    until: Instant,
}

#[derive(Debug, Default)]
pub struct Pins {
    by_address: HashMap<IpAddr, Vec<Pin>>,
}

impl Pins {
    /// A pin that is there lasts as long as the longer of the two.
    pub fn add(&mut self, name: &str, address: IpAddr, now: Instant, lasts: Duration) {
        if !self.by_address.contains_key(&address) && self.by_address.len() >= MAX_ADDRESSES {
            self.make_room(now);
        }
        let pins = self.by_address.entry(address).or_default();
        let until = now + lasts;
        if let Some(pin) = pins.iter_mut().find(|pin| pin.name == name) {
            pin.until = pin.until.max(until);
            return;
        }
        pins.retain(|pin| pin.until > now);
        if pins.len() >= MAX_NAMES_OF_ADDRESS {
            let first = pins.iter().enumerate().min_by_key(|(_, pin)| pin.until).map(|(index, _)| index);
            first.map(|index| pins.swap_remove(index));
        }
        pins.push(Pin { name: name.to_owned(), until });
    }

    fn make_room(&mut self, now: Instant) {
        self.by_address.retain(|_, pins| pins.iter().any(|pin| pin.until > now));
        if self.by_address.len() < MAX_ADDRESSES {
            return;
        }
        let end = |pins: &[Pin]| pins.iter().map(|pin| pin.until).max();
        let first = self.by_address.iter().min_by_key(|(_, pins)| end(pins)).map(|(address, _)| *address);
        first.map(|address| self.by_address.remove(&address));
    }

    /// The latest one last.
    pub fn names(&self, address: IpAddr, now: Instant) -> Vec<&str> {
        let mut pins: Vec<&Pin> =
            self.by_address.get(&address).into_iter().flatten().filter(|pin| pin.until > now).collect();
        pins.sort_by_key(|pin| pin.until);
        pins.into_iter().map(|pin| pin.name.as_str()).collect()
    }

    /// Where else the name is: for what cannot be reached at its first address.
    pub fn addresses(&self, name: &str, now: Instant) -> Vec<IpAddr> {
        let has = |pins: &[Pin]| pins.iter().any(|pin| pin.name == name && pin.until > now);
        self.by_address.iter().filter(|(_, pins)| has(pins)).map(|(address, _)| *address).collect()
    }

    /// One of the addresses that a name of the rule was looked up at.
    pub fn address_of(&self, target: &Target, now: Instant) -> Option<IpAddr> {
        let has = |pins: &[Pin]| pins.iter().any(|pin| decide::is_named(target, &pin.name) && pin.until > now);
        self.by_address.iter().find(|(_, pins)| has(pins)).map(|(address, _)| *address)
    }

    pub fn clear(&mut self) {
        self.by_address.clear();
    }

    /// What the kernel is to know of the address.
    pub fn elements(
        &self,
        address: IpAddr,
        rules: &LinkRules,
        marks: &mut Marks,
        world: World<'_>,
        now: Instant,
    ) -> Vec<Element> {
        let names = self.names(address, now);
        let Some(until) = self.by_address.get(&address).and_then(|pins| pins.iter().map(|pin| pin.until).max()) else {
            return Vec::new();
        };
        let lasts = until.saturating_duration_since(now);
        if lasts.is_zero() {
            return Vec::new();
        }
        let mut mark = |port| {
            let verdict = decide(rules, &names, address, port, world);
            // What the rules of every link say of such ports (ruleset.rs).
            if decide::hiding(port) == Some(verdict.rule) {
                return None;
            }
            let mark = marks.mark(verdict, rules.revision);
            let is_checked = mark & ALLOWED != 0 && !is_about_address(rules, verdict.rule);
            Some(if is_checked { mark | CHECKED } else { mark })
        };
        let all = mark(None);
        let ports = ports_of(rules).into_iter().map(|port| (Some(port), mark(Some(port))));
        ports
            .filter(|(_, mark)| *mark != all)
            .chain([(None, all)])
            .filter_map(|(port, mark)| mark.map(|mark| Element { address, port, mark, lasts }))
            .collect()
    }

    pub fn all_elements(&self, rules: &LinkRules, marks: &mut Marks, world: World<'_>, now: Instant) -> Vec<Element> {
        let mut addresses: Vec<IpAddr> = self.by_address.keys().copied().collect();
        addresses.sort_unstable();
        addresses.into_iter().flat_map(|address| self.elements(address, rules, marks, world, now)).collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::address::not_internet;
    use crate::testing::link_with;

    const MINUTE: Duration = Duration::from_secs(60);

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_pin_ends_and_a_later_answer_renews_it() {
        let (mut pins, start) = (Pins::default(), Instant::now());
        pins.add("a.example", address("1.2.3.4"), start, MINUTE);
        pins.add("b.example", address("1.2.3.4"), start, 2 * MINUTE);
        pins.add("a.example", address("1.2.3.4"), start, MINUTE / 2);
        assert_eq!(pins.names(address("1.2.3.4"), start), ["a.example", "b.example"]);
        assert_eq!(pins.names(address("1.2.3.4"), start + MINUTE), ["b.example"]);
        pins.add("a.example", address("1.2.3.4"), start + MINUTE, 3 * MINUTE);
        assert_eq!(pins.names(address("1.2.3.4"), start + MINUTE), ["b.example", "a.example"]);
        assert_eq!(pins.addresses("a.example", start + MINUTE), [address("1.2.3.4")]);
        assert_eq!(pins.names(address("1.2.3.5"), start), [""; 0]);
    }

    #[test]
    fn memory_is_bounded() {
        let (mut pins, start) = (Pins::default(), Instant::now());
        for number in 0..20_000_u32 {
            let address = IpAddr::from((0x0200_0000 + number).to_be_bytes());
            pins.add("a.example", address, start, MINUTE + Duration::from_millis(number.into()));
        }
        assert_eq!(pins.by_address.len(), MAX_ADDRESSES);
        for number in 0..100 {
            pins.add(&format!("{number}.example"), address("1.2.3.4"), start, 2 * MINUTE);
        }
        assert_eq!(pins.names(address("1.2.3.4"), start).len(), MAX_NAMES_OF_ADDRESS);
    }

    #[test]
    fn the_kernel_knows_ports_that_differ_from_the_rest() {
        let (mut pins, mut marks, start) = (Pins::default(), Marks::default(), Instant::now());
        let ranges = not_internet(&[]);
        let world = World { not_internet: &ranges, private_names: &[], now_ms: 0, has_scanner: false, begun_by: None };
        pins.add("a.example", address("1.2.3.4"), start, MINUTE);
        let rules = link_with(&["deny a.example 25", "allow a.example", "allow b.example 443"]).rules;
        let elements = pins.elements(address("1.2.3.4"), &rules, &mut marks, world, start);
        let shown: Vec<_> = elements
            .iter()
            .map(|element| {
                (element.port, element.mark & (ALLOWED | CHECKED), marks.decided(element.mark).unwrap().rule.as_str())
            })
            .collect();
        let (tcp, udp) = (Port::of(6, 25), Port::of(17, 25));
        let denied = "deny a.example 25";
        assert_eq!(shown, [(tcp, 0, denied), (udp, 0, denied), (None, ALLOWED | CHECKED, "allow a.example")]);
        assert_eq!(elements[0].lasts, MINUTE);
    }

    #[test]
    fn what_an_address_is_allowed_by_needs_no_name() {
        let (mut pins, mut marks, start) = (Pins::default(), Marks::default(), Instant::now());
        let ranges = not_internet(&[]);
        let world = World { not_internet: &ranges, private_names: &[], now_ms: 0, has_scanner: false, begun_by: None };
        pins.add("a.example", address("1.2.3.4"), start, MINUTE);
        let rules = link_with(&["deny b.example", "allow 1.2.3.0/24"]).rules;
        let elements = pins.all_elements(&rules, &mut marks, world, start);
        assert_eq!(elements[0].mark & (ALLOWED | CHECKED), ALLOWED);
    }
}
