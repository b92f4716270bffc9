//! The firewall's state: the desired state, what of it is in force, what VMs looked up and what was refused. One lock for all of it, so
//! that rules, pins and answers are never inconsistent.

use crate::address::{Cidr, is_of_links, not_internet};
use crate::canary::{self, Canary, Prober};
use crate::cut;
use crate::decide::{self, World};
use crate::flows::{Candidate, Flows, Named, name_by_rule};
use crate::lost::Lost;
use crate::marks::{CHECKED, CUT, Marks};
use crate::model::{Decision, Link, LinkEnd, LinkRules, LostConnection, Port, Problem, State, Target, Transport};
use crate::netlink::conntrack::{self, Connection, TCP, Tuple};
use crate::netlink::counters::{self, Counter};
use crate::netlink::log::Denied;
use crate::netlink::{Netlink, elements, route};
use crate::nft;
use crate::pins::{Element, Pins};
use crate::refusals::{Kind, Refusals};
use crate::resolver::answer::{Answer, Question};
use crate::resolver::cache::Cache;
use crate::ruleset::{self, CLOSED, Joined, Ruleset, UPLINK};
use crate::scanner::Wanted;
use crate::scanner::eve::Alert;
use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Of the links' networks.
const PREFIXES: [u8; 2] = [30, 64];
/// Of every machine and namespace.
const LOOPBACK: u32 = 1;
/// As large as both sides can have it: an emulated guest pays by the packet.
const MTU: u32 = 65_520;

/// After how long rules that are not wholly in force are applied again: at first, and at the longest.
const FIRST_RETRY: Duration = Duration::from_secs(1);
const LONGEST_RETRY: Duration = Duration::from_secs(30);

/// As a row says it.
const ENCRYPTED: &str = "encrypted: the traffic scanner cannot look inside";

/// Whose packet raised an alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    pub link: String,
    /// By which the VM looked the other end up.
    pub name: Option<String>,
    pub is_out: bool,
    pub vm: SocketAddr,
    pub other: SocketAddr,
}

#[derive(Debug, Default)]
struct OfLink {
    pins: Pins,
    cache: Cache,
}

/// By which it is known to be the same as before. Its carrier says first that it is lost, and may go and come unseen where the VM
/// is busy; the session does not.
#[derive(Debug, PartialEq, Eq)]
struct UplinkSeen {
    interface: u32,
    carrier_losses: u32,
    session: String,
}

#[derive(Debug)]
pub struct Core {
    state: State,
    reported_problems: Vec<Problem>,
    ranges: Vec<Cidr>,
    marks: Marks,
    of_links: HashMap<String, OfLink>,
    /// Of links and the uplink whose interface is set up: its index.
    interfaces: HashMap<String, u32>,
    /// Links that the rules in force have.
    joined: Vec<String>,
    has_scanner: bool,
    /// Links whose packets the scanner gets.
    scanned: HashSet<String>,
    /// Those of which connections may run whose beginning it has not seen.
    scanned_late: HashSet<String>,
    pub refusals: Refusals,
    pub flows: Flows,
    route: Netlink,
    netfilter: Netlink,
    prober: Prober,
    /// Of a rule that is in force: when the next one ends, in milliseconds since 1970.
    next_end: Option<u64>,
    /// Links that are shut, since canaries did not say what their rules say. They are tried again before they are opened.
    shut: HashSet<String>,
    /// What the rules of links come to that canaries have tried, and found good.
    tried: HashMap<String, String>,
    lost: Lost,
    /// Of the uplink when it was last looked at.
    uplink_seen: Option<UplinkSeen>,
    /// When links that are shut are tried again, and connections that could not be cut, and how long after the last time; `None`: there
    /// are none.
    retry: Option<(Instant, Duration)>,
    /// Wall clock minus monotonic clock, when they were last looked at.
    clock_offset: Option<Duration>,
    start: Instant,
}

impl Core {
    /// Nothing passes from here on, and no connection of an earlier run of the program is left.
    pub fn closed() -> Result<Self, String> {
        nft::apply(CLOSED)?;
        let failed = |error: nix::Error| format!("netlink: {error}");
        let mut netfilter = Netlink::netfilter().map_err(failed)?;
        let mut route = Netlink::route().map_err(failed)?;
        route::set_up(&mut route, LOOPBACK).map_err(failed)?;
        let mut lost = Lost::default();
        // Of an earlier run: a table that cannot be read is forgotten all the same.
        let before = conntrack::dump(&mut netfilter).unwrap_or_default();
        lost.add(before.iter().filter(|one| is_carried(one)).flat_map(|one| ends_to_ask(one.original)));
        conntrack::forget_all(&mut netfilter).map_err(failed)?;
        Ok(Self {
            state: State::default(),
            reported_problems: Vec::new(),
            ranges: not_internet(&[]),
            marks: Marks::default(),
            of_links: HashMap::new(),
            interfaces: HashMap::new(),
            joined: Vec::new(),
            has_scanner: false,
            scanned: HashSet::new(),
            scanned_late: HashSet::new(),
            refusals: Refusals::default(),
            flows: Flows::default(),
            route,
            netfilter,
            prober: Prober::open().map_err(failed)?,
            next_end: None,
            shut: HashSet::new(),
            tried: HashMap::new(),
            lost,
            uplink_seen: None,
            retry: None,
            clock_offset: None,
            start: Instant::now(),
        })
    }

    pub fn now_ms(&self) -> u64 {
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(0))
    }

    pub fn link_of(&self, guest: IpAddr) -> Option<String> {
        let is_own = |link: &&Link| IpAddr::V4(link.guest.ipv4) == guest || IpAddr::V6(link.guest.ipv6) == guest;
        self.state.links.iter().find(is_own).map(|link| link.id.clone())
    }

    pub fn rules(&self, link: &str) -> Option<&LinkRules> {
        self.state.links.iter().find(|own| own.id == link).map(|own| &own.rules)
    }

    pub fn resolvers(&self) -> Vec<IpAddr> {
        self.state.dns.clone()
    }

    fn world(&self, now_ms: u64) -> World<'_> {
        World {
            not_internet: &self.ranges,
            private_names: &self.state.private_names,
            now_ms,
            has_scanner: self.has_scanner,
            begun_by: None,
        }
    }

    /// Whether a VM may have the address as the answer for a name.
    pub fn may_answer(&self, name: &str, address: IpAddr) -> bool {
        self.world(0).may_answer(name, address)
    }

    /// Puts the desired state into force. Gives what is wrong with it, by links.
    pub fn tell(&mut self, state: State, problems: Vec<Problem>) -> Vec<Problem> {
        for link in &state.links {
            let of_link = self.of_links.entry(link.id.clone()).or_default();
            // Another decision about a name has to be one about its next look-up, too, and so has another word on private answers.
            let is_other =
                self.state.links.iter().find(|own| own.id == link.id).map(|own| &own.rules) != Some(&link.rules);
            if is_other || self.state.private_names != state.private_names {
                of_link.cache.clear();
            }
        }
        self.refusals.share_among(state.links.len());
        self.of_links.retain(|id, _| state.links.iter().any(|link| link.id == *id));
        if self.state.lost != state.lost {
            self.lost.add(state.lost.iter().filter_map(|lost| tuple_of(lost, &state.links)).flat_map(ends_to_ask));
        }
        self.ranges = not_internet(&state.not_internet);
        self.state = state;
        self.reported_problems = problems;
        self.apply()
    }

    /// Whether an interface that is in use is gone, or another one has come for one that waits.
    pub fn interfaces_changed(&mut self) -> bool {
        let Ok(there) = route::interfaces(&mut self.route) else { return false };
        let own = |end: &LinkEnd| there.iter().find(|interface| interface.mac == end.mac).map(|own| own.index);
        let ends = self.state.links.iter().map(|link| (link.id.as_str(), &link.own));
        let uplink = self.state.uplink.iter().map(|uplink| (UPLINK, &uplink.own));
        ends.chain(uplink).any(|(id, end)| own(end) != self.interfaces.get(id).copied())
    }

    /// Puts rules for everything that is there into force.
    pub fn apply(&mut self) -> Vec<Problem> {
        let before = self.shut.clone();
        let problems = self.apply_once();
        // These rules still shut a link that has passed its canaries just now: they are made again without that.
        if before.iter().any(|id| self.joined.contains(id) && !self.shut.contains(id)) {
            return self.apply_once();
        }
        problems
    }

    fn apply_once(&mut self) -> Vec<Problem> {
        let mut problems = self.reported_problems.clone();
        let before = std::mem::take(&mut self.interfaces);
        self.set_up_interfaces(&mut problems);
        let now = Instant::now();
        let now_ms = self.now_ms();
        self.next_end = self
            .state
            .links
            .iter()
            .flat_map(|link| &link.rules.rules)
            .filter_map(|rule| rule.until)
            .filter(|until| *until > now_ms)
            .min();
        let world = World {
            not_internet: &self.ranges,
            private_names: &self.state.private_names,
            now_ms,
            has_scanner: self.has_scanner,
            begun_by: None,
        };
        let mut joined = Vec::new();
        for link in self.state.links.iter().filter(|link| self.interfaces.contains_key(&link.id)) {
            let pins = match self.of_links.get(&link.id) {
                Some(of_link) if link.rules.checks_names => {
                    of_link.pins.all_elements(&link.rules, &mut self.marks, world, now)
                }
                _ => Vec::new(),
            };
            let is_new = !self.joined.contains(&link.id) || self.interfaces.get(&link.id) != before.get(&link.id);
            joined.push(Joined { link, is_new, is_shut: self.shut.contains(&link.id), is_untried: true, pins });
        }
        let gone: Vec<String> =
            self.joined.iter().filter(|id| !joined.iter().any(|own| own.link.id == **id)).cloned().collect();
        let mut set = Ruleset {
            joined,
            gone: &gone,
            not_internet: &self.ranges,
            has_uplink: self.interfaces.contains_key(UPLINK),
            has_scanner: self.has_scanner,
            now_ms,
        };
        let meanings: HashMap<String, String> =
            set.joined.iter().map(|own| (own.link.id.clone(), ruleset::meaning(own.link, &set))).collect();
        for own in &mut set.joined {
            own.is_untried = self.tried.get(&own.link.id) != meanings.get(&own.link.id);
        }
        if let Err(reason) = nft::apply(&ruleset::ruleset(&set, &mut self.marks)) {
            eprintln!("netfilter: nft refused the rules: {reason}");
            // One by one: what does not compile costs its own VM the network, not all of them. From nothing, since what was
            // taken back of the rules before is not known.
            let closed = nft::apply(CLOSED);
            let (marks, is_closed) = (&mut self.marks, closed.is_ok());
            set.gone = &[];
            set.joined.retain_mut(|own| {
                own.is_new = true;
                let alone = Ruleset {
                    joined: vec![Joined { is_new: true, pins: own.pins.clone(), ..*own }],
                    gone: &[],
                    not_internet: set.not_internet,
                    has_uplink: set.has_uplink,
                    has_scanner: set.has_scanner,
                    now_ms,
                };
                let checked = nft::check(&ruleset::ruleset(&alone, marks));
                if let Err(reason) = &checked {
                    problems.push(Problem { place: own.link.id.clone(), reason: reason.clone() });
                }
                checked.is_ok()
            });
            if let Err(reason) = nft::apply(&ruleset::ruleset(&set, marks)) {
                problems.extend(
                    set.joined.drain(..).map(|own| Problem { place: own.link.id.clone(), reason: reason.clone() }),
                );
            }
            if !is_closed {
                problems.push(Problem { place: String::new(), reason: "the kernel takes no rules at all".to_owned() });
            }
        }
        self.joined = set.joined.iter().map(|own| own.link.id.clone()).collect();
        let scanned: HashSet<String> = set
            .joined
            .iter()
            .filter(|own| own.link.rules.scan && self.has_scanner)
            .map(|own| own.link.id.clone())
            .collect();
        self.scanned_late.extend(scanned.difference(&self.scanned).cloned());
        self.scanned = scanned;
        let mut failed = self.cut_what_is_denied();
        self.scanned_late = still_late(&self.scanned_late, &self.scanned, &failed);
        failed.extend(self.try_rules(meanings));
        self.retry = match self.retry {
            _ if failed.is_empty() => None,
            None => Some((now + FIRST_RETRY, FIRST_RETRY)),
            Some((_, after)) => {
                let after = (after * 2).min(LONGEST_RETRY);
                Some((now + after, after))
            }
        };
        problems.extend(failed);
        problems
    }

    /// Whether the kernel says of canaries what the rules say. A link of which it does not is shut. `meanings`: of the links' rules.
    fn try_rules(&mut self, mut meanings: HashMap<String, String>) -> Vec<Problem> {
        let now_ms = self.now_ms();
        let now = Instant::now();
        let mut all: Vec<(IpAddr, Canary)> = Vec::new();
        let mut links = Vec::new();
        for link in self.state.links.iter().filter(|link| self.joined.contains(&link.id)) {
            let pins = self.of_links.get(&link.id).map(|of_link| &of_link.pins);
            let names = |to: IpAddr| -> Vec<String> {
                pins.map_or_else(Vec::new, |pins| pins.names(to, now).into_iter().map(str::to_owned).collect())
            };
            let address = |target: &Target| pins.and_then(|pins| pins.address_of(target, now));
            for canary in canary::canaries(&link.rules, now_ms, names, address) {
                let guest = if canary.to.is_ipv4() { link.guest.ipv4.into() } else { link.guest.ipv6.into() };
                all.push((guest, canary));
                links.push(link);
            }
        }
        let back = self.prober.send(&all).unwrap_or_else(|error| {
            eprintln!("netfilter: canaries cannot be sent: {error}");
            vec![None; all.len()]
        });
        let mut problems: Vec<Problem> = Vec::new();
        for (((_, canary), link), mark) in all.iter().zip(links).zip(back) {
            let expected = canary::expected(canary, &link.rules, self.world(now_ms));
            let decided = mark.and_then(|mark| self.marks.decided(mark));
            let is_so = decided.is_some_and(|decided| {
                decided.decision == expected.decision
                    && (expected.decision == Decision::Deny || decided.rule == expected.rule)
            });
            if is_so || problems.iter().any(|problem| problem.place == link.id) {
                continue;
            }
            let decision = decided.map_or("nothing", |decided| decided.decision.word());
            let reason = format!(
                "the kernel does not keep its rules: to {} at port {} it says {decision}, the rules {}",
                canary.to,
                canary.port.number,
                expected.decision.word()
            );
            problems.push(Problem { place: link.id.clone(), reason });
        }
        let shut: Vec<String> = problems.iter().map(|problem| problem.place.clone()).collect();
        self.shut = shut.iter().cloned().collect();
        meanings.retain(|id, _| self.joined.contains(id) && !self.shut.contains(id));
        let are_tried = self.tried == meanings;
        self.tried = meanings;
        if are_tried && shut.is_empty() {
            return problems;
        }
        if let Err(reason) = nft::apply(&ruleset::tried(&shut)) {
            // They are closed as they are: links that were not tried, and those that are to be shut.
            let _ = nft::apply(CLOSED);
            self.tried.clear();
            problems.push(Problem { place: String::new(), reason });
        }
        problems
    }

    fn set_up_interfaces(&mut self, problems: &mut Vec<Problem>) {
        let mut wanted: Vec<(String, LinkEnd)> =
            self.state.links.iter().map(|link| (link.id.clone(), link.own.clone())).collect();
        wanted.extend(self.state.uplink.iter().map(|uplink| (UPLINK.to_owned(), uplink.own.clone())));
        let there = match route::interfaces(&mut self.route) {
            Ok(there) => there,
            Err(error) => {
                problems.push(Problem { place: String::new(), reason: format!("no list of interfaces: {error}") });
                return;
            }
        };
        for (id, own) in wanted {
            let Some(interface) = there.iter().find(|interface| interface.mac == own.mac) else {
                problems.push(Problem { place: id, reason: format!("its interface {} is not there yet", own.mac) });
                continue;
            };
            match self.set_up_interface(&id, interface) {
                Ok(()) => drop(self.interfaces.insert(id, interface.index)),
                Err(error) => problems.push(Problem { place: id, reason: format!("its interface: {error}") }),
            }
        }
    }

    fn set_up_interface(&mut self, id: &str, interface: &route::Interface) -> nix::Result<()> {
        let route = &mut self.route;
        let index = interface.index;
        if interface.name != id {
            route::rename(route, index, id)?;
        }
        let mtu = if interface.max_mtu == 0 { MTU } else { MTU.min(interface.max_mtu) };
        if interface.mtu != mtu {
            route::set_mtu(route, index, mtu)?;
        }
        if !interface.is_up || interface.name != id {
            route::set_up(route, index)?;
        }
        if id == UPLINK {
            let Some(uplink) = &self.state.uplink else { return Ok(()) };
            for address in route::both(uplink.own.ipv4, uplink.own.ipv6) {
                route::add_address(route, index, address, if address.is_ipv4() { 32 } else { 128 })?;
            }
            for gateway in route::both(uplink.gateway.ipv4, uplink.gateway.ipv6) {
                route::add_default_route(route, index, gateway)?;
            }
            return Ok(());
        }
        let Some(link) = self.state.links.iter().find(|link| link.id == id) else { return Ok(()) };
        for (address, prefix) in route::both(link.own.ipv4, link.own.ipv6).into_iter().zip(PREFIXES) {
            route::add_address(route, index, address, prefix)?;
        }
        for address in route::both(link.guest.ipv4, link.guest.ipv6) {
            route::fix_neighbour(route, index, address, link.guest.mac)?;
        }
        Ok(())
    }

    /// Rules may have changed under connections that run: those that are denied now end at once, and so do those whose beginning
    /// the scanner has not seen. A problem: some may run on, so that the host has to cut their links.
    fn cut_what_is_denied(&mut self) -> Vec<Problem> {
        match conntrack::dump(&mut self.netfilter) {
            Ok(all) => self.cut_denied_of(&all),
            Err(error) => {
                let reason = format!("what runs cannot be looked at: {error}");
                vec![Problem { place: String::new(), reason }]
            }
        }
    }

    fn cut_denied_of(&mut self, all: &[Connection]) -> Vec<Problem> {
        let mut problems: Vec<Problem> = Vec::new();
        for connection in all {
            if conntrack::decision_of(connection.mark) != Decision::Allow || self.is_still_allowed(connection) {
                continue;
            }
            let Err(error) = cut::cut(&mut self.netfilter, connection) else { continue };
            // Of no link any more: of all.
            let begun_by = self.link_of(connection.original.source).unwrap_or_default();
            for place in [begun_by].into_iter().chain(self.link_of(connection.original.destination)) {
                if !problems.iter().any(|problem| problem.place == place) {
                    let reason = format!("a connection that is denied now could not be cut: {error}");
                    problems.push(Problem { place, reason });
                }
            }
        }
        problems
    }

    fn is_still_allowed(&self, connection: &Connection) -> bool {
        let Some(link) = self.link_of(connection.original.source) else { return false };
        let other = self.link_of(connection.original.destination);
        if [Some(&link), other.as_ref()].into_iter().flatten().any(|end| self.scanned_late.contains(end)) {
            return false;
        }
        let Some(rules) = self.rules(&link) else { return false };
        let address = connection.original.destination;
        let world = self.world(self.now_ms());
        // By the name that it was made by: a connection outlives what it was looked up by.
        let mut names = self.flows.names_of(connection);
        if names.is_empty() {
            names = self.names(&link, address);
        }
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let port = Port::of(connection.original.protocol, connection.original.destination_port);
        // The kernel has decided by the address, which several names may have.
        let by_address = || self.marks.decided(connection.mark).map(|decided| decided.rule.as_str());
        let begun_by = self.flows.rule_of(connection).or_else(by_address);
        decide::connection(rules, &names, address, port, World { begun_by, ..world }).decision == Decision::Allow
    }

    /// The rule that allows a connection of TCP to an address that the VM looked up by these names. `begun_by`: that by which it has
    /// begun; `None`: it begins.
    pub fn allowed_by(&self, link: &str, names: &[String], to: SocketAddr, begun_by: Option<&str>) -> Option<String> {
        let rules = self.rules(link)?;
        let world = self.world(self.now_ms());
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let port = Some(Port { transport: Transport::Tcp, number: to.port() });
        let verdict = decide::connection(rules, &names, to.ip(), port, World { begun_by, ..world });
        (verdict.decision == Decision::Allow).then(|| verdict.rule.to_owned())
    }

    /// The scanner takes packets, or does not: rules are to be applied after this. Whether it is another state than before.
    pub fn set_scanner(&mut self, works: bool) -> bool {
        std::mem::replace(&mut self.has_scanner, works) != works
    }

    pub fn is_scanned(&self, link: &str) -> bool {
        self.scanned.contains(link)
    }

    /// Which link a packet of these ends is of, whether its VM has sent it, and the other end.
    /// Between two VMs: that of the one that has begun the connection, as far as that is known.
    fn link_of_packet(&self, from: SocketAddr, to: SocketAddr) -> Option<(String, bool, SocketAddr, SocketAddr)> {
        let back = || self.link_of(to.ip()).map(|link| (link, false, to, from));
        match self.link_of(from.ip()) {
            Some(_) if is_of_links(to.ip()) && self.flows.is_known(to, from) => back(),
            Some(link) => Some((link, true, from, to)),
            None => back(),
        }
    }

    /// Nothing of what is in the connection can be read.
    pub fn see_encrypted(&mut self, from: SocketAddr, to: SocketAddr) {
        if let Some((_, _, vm, other)) = self.link_of_packet(from, to) {
            self.flows.note(vm, other, ENCRYPTED.to_owned());
        }
    }

    /// Reports what the traffic scanner has seen. A connection of which it has dropped something ends, with a reset.
    pub fn see_alert(&mut self, alert: &Alert) -> Option<Seen> {
        let (link, is_out, vm, other) = self.link_of_packet(alert.from, alert.to)?;
        let name = self.flows.name_between(vm, other).map(str::to_owned);
        let name = name.or_else(|| self.names(&link, other.ip()).pop());
        if alert.is_dropped {
            self.flows.note(vm, other, format!("dropped by the traffic scanner: {}", alert.signature));
            for connection in conntrack::dump(&mut self.netfilter).unwrap_or_default() {
                let original = connection.original;
                let ends = (original.from(), original.to());
                if ends != (vm, other) && ends != (other, vm) {
                    continue;
                }
                if let Err(error) = cut::cut(&mut self.netfilter, &connection) {
                    eprintln!("netfilter: a connection could not be cut: {error}");
                }
            }
        }
        Some(Seen { link, name, is_out, vm, other })
    }

    /// Where else a name of the address is that the link's VM may reach there, at the same port.
    pub fn other_places(&self, link: &str, to: SocketAddr) -> Vec<SocketAddr> {
        let Some(of_link) = self.of_links.get(link) else { return Vec::new() };
        let now = Instant::now();
        let mut all = Vec::new();
        for name in self.names(link, to.ip()) {
            let addresses = of_link.pins.addresses(&name, now).into_iter();
            // Not to another VM: that would see the firewall in place of who connects.
            let addresses = addresses.filter(|other| *other != to.ip() && !is_of_links(*other));
            let places = addresses.map(|other| SocketAddr::new(other, to.port()));
            // A VM gets all addresses of an answer, also those that rules deny.
            all.extend(
                places.filter(|other| self.allowed_by(link, std::slice::from_ref(&name), *other, None).is_some()),
            );
        }
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Its row says where it leads.
    pub fn note_place(&mut self, from: SocketAddr, to: SocketAddr, at: IpAddr) {
        self.flows.note(from, to, format!("connected to {at}: {} was not reached", to.ip()));
    }

    /// The first flight of a connection of TCP has named it: the rule that allows that name there. Its row says which one.
    /// `begun_by`: as of `allowed_by`.
    pub fn name_connection(
        &mut self,
        link: &str,
        (from, to): (SocketAddr, SocketAddr),
        name: &str,
        begun_by: Option<&str>,
    ) -> Option<String> {
        let rule = self.allowed_by(link, &[name.to_owned()], to, begun_by)?;
        let revision = self.rules(link)?.revision;
        self.flows.set_name(from, to, Named { name: name.to_owned(), rule: rule.clone(), revision });
        Some(rule)
    }

    /// By which the VM looked the address up; the latest last.
    pub fn names(&self, link: &str, address: IpAddr) -> Vec<String> {
        let Some(of_link) = self.of_links.get(link) else { return Vec::new() };
        of_link.pins.names(address, Instant::now()).into_iter().map(str::to_owned).collect()
    }

    /// Lets the link's VM connect to the addresses, as far as rules allow it for that name, once the kernel knows.
    pub fn pin(&mut self, link: &str, name: &str, addresses: &[IpAddr], lasts: Duration) -> nix::Result<()> {
        let now = Instant::now();
        let now_ms = self.now_ms();
        let Some(own) = self.state.links.iter().find(|own| own.id == link) else { return Ok(()) };
        let Some(of_link) = self.of_links.get_mut(link) else { return Ok(()) };
        for address in addresses {
            of_link.pins.add(name, *address, now, lasts);
        }
        if !own.rules.checks_names || !self.joined.iter().any(|id| id == link) {
            return Ok(());
        }
        let world = World {
            not_internet: &self.ranges,
            private_names: &self.state.private_names,
            now_ms,
            has_scanner: self.has_scanner,
            begun_by: None,
        };
        let mut distinct = addresses.to_vec();
        distinct.sort_unstable();
        distinct.dedup();
        let all: Vec<Element> = distinct
            .iter()
            .flat_map(|address| of_link.pins.elements(*address, &own.rules, &mut self.marks, world, now))
            .collect();
        elements::put(&mut self.netfilter, link, &all)
    }

    pub fn cached(&self, link: &str, question: &Question, now: Instant) -> Option<(Answer, u32)> {
        let cache = &self.of_links.get(link)?.cache;
        cache.get(&question.name, question.kind, now).map(|(answer, left_s)| (answer.clone(), left_s))
    }

    pub fn keep(&mut self, link: &str, question: &Question, answer: Answer, now: Instant) {
        if let Some(of_link) = self.of_links.get_mut(link) {
            of_link.cache.put(&question.name, question.kind, answer, now);
        }
    }

    pub fn refuse_lookup(&mut self, link: &str, name: &str, decision: Decision, rule: &str) {
        self.refuse(link, Some(name), None, None, "dns", decision, rule, "");
    }

    pub fn refuse_answer(&mut self, link: &str, name: &str, address: IpAddr, rule: &str) {
        self.refuse(link, Some(name), Some(address), None, "dns", Decision::Deny, rule, "");
    }

    #[allow(clippy::too_many_arguments, reason = "the columns of a row")]
    pub fn refuse(
        &mut self,
        link: &str,
        name: Option<&str>,
        address: Option<IpAddr>,
        port: Option<u16>,
        protocol: &'static str,
        decision: Decision,
        rule: &str,
        reason: &'static str,
    ) {
        let Some(revision) = self.rules(link).map(|rules| rules.revision) else { return };
        let name = name.map(|name| name.chars().take(253).collect());
        let kind = Kind {
            link: link.to_owned(),
            name,
            address,
            port,
            protocol,
            decision,
            rule: rule.to_owned(),
            revision,
            reason,
        };
        self.refusals.add(kind, 1, Instant::now());
    }

    /// A packet that the kernel denied.
    pub fn refuse_packet(&mut self, denied: &Denied) {
        let Some(decided) = self.marks.decided(denied.mark) else { return };
        let port = denied.port.and_then(|number| Port::of(denied.protocol, number));
        let world = self.world(self.now_ms());
        let at = denied.destination;
        let candidates = candidates(&self.of_links, &self.state.links, world, &denied.link, at, port);
        let kind = Kind {
            link: denied.link.clone(),
            name: name_by_rule(&candidates, &decided.rule),
            address: Some(at),
            port: denied.port,
            protocol: conntrack::protocol_word(denied.protocol),
            decision: decided.decision,
            rule: decided.rule.clone(),
            revision: decided.revision,
            reason: "",
        };
        if self.rules(&denied.link).is_some() {
            self.refusals.add_packet(kind, Instant::now());
        }
    }

    /// Whether the uplink's other end has gone since it was last looked at, and with it all that went by it. The kernel knows those
    /// connections until its state says otherwise, but those whose first flight was read are the program's own: it resets them itself
    /// (`FirstFlight::cut_all`). A VM that cannot be reached at this moment does not get that reset, and is asked when it can be.
    pub fn uplink_was_lost(&mut self) -> bool {
        let Some(uplink) = self.state.uplink.as_ref() else { return false };
        let Ok(there) = route::interfaces(&mut self.route) else { return false };
        let Some(own) = there.iter().find(|interface| interface.mac == uplink.own.mac) else { return false };
        let session = uplink.session.clone();
        let now = UplinkSeen { interface: own.index, carrier_losses: own.carrier_losses, session };
        let was_lost = self.uplink_seen.as_ref().is_some_and(|before| *before != now);
        self.uplink_seen = Some(now);
        if was_lost {
            for connection in
                conntrack::dump(&mut self.netfilter).unwrap_or_default().iter().filter(|one| is_carried(one))
            {
                // Another VM is not reached by it.
                if is_of_links(connection.original.destination) {
                    continue;
                }
                if connection.mark & CHECKED == 0 {
                    // It may have ended by itself.
                    let _ = conntrack::forget(&mut self.netfilter, connection);
                }
                self.lost.add([connection.original]);
            }
        }
        was_lost
    }

    /// VMs that wait for more of a connection that is none learn it.
    fn ask_about_lost(&mut self) {
        if self.lost.is_empty() {
            return;
        }
        let Ok(there) = route::interfaces(&mut self.route) else { return };
        let links = || self.state.links.iter();
        let is_of = |link: &Link, vm: IpAddr| IpAddr::V4(link.guest.ipv4) == vm || IpAddr::V6(link.guest.ipv6) == vm;
        // Where there are no links at all the host has not sent any yet.
        if !self.state.links.is_empty() {
            self.lost.retain(|vm| links().any(|link| is_of(link, vm)));
        }
        let is_reached = |link: &&Link| {
            self.joined.contains(&link.id)
                && there.iter().any(|interface| interface.mac == link.own.mac && interface.has_carrier)
        };
        let reached: Vec<&Link> = links().filter(is_reached).collect();
        for tuple in self.lost.due(|vm| reached.iter().any(|link| is_of(link, vm))) {
            if let Err(error) = cut::ask_vm(&tuple) {
                eprintln!("netfilter: a VM could not be asked about a connection: {error}");
            }
        }
    }

    /// Once a second: what the kernel counted. `all`: its table, which is read before, since nothing else is done by this meanwhile.
    pub fn tick(&mut self, all: &[Connection]) -> nix::Result<Vec<Counter>> {
        self.ask_about_lost();
        let now = Instant::now();
        let links: HashMap<IpAddr, String> = self
            .state
            .links
            .iter()
            .flat_map(|link| route::both(link.guest.ipv4, link.guest.ipv6).map(|address| (address, link.id.clone())))
            .collect();
        let (of_links, all_links) = (&self.of_links, &self.state.links);
        let world = World {
            not_internet: &self.ranges,
            private_names: &self.state.private_names,
            now_ms: self.now_ms(),
            has_scanner: self.has_scanner,
            begun_by: None,
        };
        let candidates = |link: &str, tuple: &Tuple| {
            let port = Port::of(tuple.protocol, tuple.destination_port);
            candidates(of_links, all_links, world, link, tuple.destination, port)
        };
        self.flows.see(all, &links, &self.marks, candidates, now);
        self.forget_cut(all);
        let counted = counters::counters(&mut self.netfilter)?;
        for link in &self.state.links {
            let denied = counted.iter().find(|own| own.name == format!("denied-{}", link.id));
            self.refusals.counted(&link.id, denied.map_or(0, |own| own.packets), link.rules.revision, now);
            let spoofed = counted.iter().find(|own| own.table == link.id && own.name == "spoofed");
            self.refusals.spoofed(&link.id, spoofed.map_or(0, |own| own.packets), link.rules.revision, now);
        }
        Ok(counted)
    }

    /// Those that were cut have been reset by now.
    fn forget_cut(&mut self, all: &[Connection]) {
        let cut: HashSet<u32> = all.iter().filter(|one| one.mark & CUT != 0).map(|one| one.id).collect();
        for connection in self.flows.cut_for_long(&cut).iter().filter_map(|id| all.iter().find(|one| one.id == *id)) {
            // It may have ended by itself.
            let _ = conntrack::forget(&mut self.netfilter, connection);
        }
    }

    /// Whether a rule's time is over, or the clocks went apart: the host had been asleep, and what was looked up is old.
    pub fn is_stale(&mut self) -> bool {
        const APART: Duration = Duration::from_secs(10);
        let wall = Duration::from_millis(self.now_ms());
        let offset = wall.saturating_sub(self.start.elapsed());
        let before = self.clock_offset.replace(offset).unwrap_or(offset);
        let has_jumped = offset.abs_diff(before) > APART;
        if has_jumped {
            for of_link in self.of_links.values_mut() {
                of_link.pins.clear();
                of_link.cache.clear();
            }
        }
        // A canary may have been late or lost where the machine is busy: a link must not stay shut for that.
        let is_to_retry = self.retry.is_some_and(|(at, _)| at <= Instant::now());
        has_jumped || is_to_retry || self.next_end.is_some_and(|end| end <= self.now_ms())
    }

    /// What the scanner is to do: a VM that waits for its interface counts already.
    pub fn wanted_scan(&self) -> Wanted {
        let is_on = self.state.links.iter().any(|link| link.rules.scan);
        Wanted { is_on, files: self.state.scan_rules.clone() }
    }

    pub fn link_ids(&self) -> Vec<String> {
        self.state.links.iter().map(|link| link.id.clone()).collect()
    }
}

/// A connection of TCP that a rule lets pass.
fn is_carried(connection: &Connection) -> bool {
    connection.original.protocol == TCP && conntrack::decision_of(connection.mark) == Decision::Allow
}

/// Of a connection that is lost: its VM, and another VM where it leads to one.
fn ends_to_ask(original: Tuple) -> impl Iterator<Item = Tuple> {
    let back = Tuple {
        source: original.destination,
        destination: original.source,
        source_port: original.destination_port,
        destination_port: original.source_port,
        ..original
    };
    [original].into_iter().chain(is_of_links(original.destination).then_some(back))
}

/// By which the link's VM looked the address up, the latest last.
fn candidates(
    of_links: &HashMap<String, OfLink>,
    links: &[Link],
    world: World<'_>,
    link: &str,
    address: IpAddr,
    port: Option<Port>,
) -> Vec<Candidate> {
    let (Some(of_link), Some(own)) = (of_links.get(link), links.iter().find(|own| own.id == link)) else {
        return Vec::new();
    };
    let names = of_link.pins.names(address, Instant::now());
    let candidate = |name: &str| {
        let rule = decide::connection(&own.rules, &[name], address, port, world).rule;
        Candidate { name: name.to_owned(), rule: rule.to_owned() }
    };
    names.into_iter().map(candidate).collect()
}

/// Of links of which connections may run whose beginning the scanner has not seen: those that are scanned still, and of which one
/// could not be cut. What began since on the others is not cut again.
fn still_late(late: &HashSet<String>, scanned: &HashSet<String>, failed: &[Problem]) -> HashSet<String> {
    let has_failed = |link: &String| failed.iter().any(|problem| problem.place.is_empty() || problem.place == *link);
    late.intersection(scanned).filter(|link| has_failed(link)).cloned().collect()
}

/// `None`: no link is its VM's.
fn tuple_of(lost: &LostConnection, links: &[Link]) -> Option<Tuple> {
    let guest = &links.iter().find(|link| link.id == lost.link)?.guest;
    Some(Tuple {
        source: if lost.address.is_ipv4() { guest.ipv4.into() } else { guest.ipv6.into() },
        destination: lost.address,
        protocol: TCP,
        source_port: lost.source_port,
        destination_port: lost.port,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::decide::Verdict;
    use crate::marks::ALLOWED;
    use crate::netlink::TestKernel;
    use crate::resolver::{answer, release};
    use crate::rows::flow_row;
    use crate::testing::state_with;
    use hickory_proto::op::{Message, Query, ResponseCode};
    use hickory_proto::rr::rdata::A;
    use hickory_proto::rr::{Name, RData, Record, RecordType};
    use nix::sched::{CloneFlags, unshare};
    use std::process::Command;
    use std::thread;

    /// With a kernel's network of its own. Skipped where the machine has none, as tests/namespaces.
    fn apart(test: impl FnOnce(Core) + Send + 'static) {
        let tested = thread::spawn(|| {
            let nft = || Command::new("/usr/sbin/nft").args(["list", "ruleset"]).output();
            if unshare(CloneFlags::CLONE_NEWNET).is_err() || !nft().is_ok_and(|output| output.status.success()) {
                eprintln!("skipped: this needs root, network namespaces and nftables (nft in /usr/sbin)");
                return;
            }
            test(Core::closed().unwrap());
        });
        tested.join().unwrap();
    }

    #[test]
    fn only_a_link_of_which_something_could_not_be_cut_is_looked_at_again_for_what_was_not_scanned() {
        let set = |links: &[&str]| links.iter().map(|link| (*link).to_owned()).collect::<HashSet<String>>();
        let late = set(&["link-1", "link-2", "link-3"]);
        let failed = |place: &str| [Problem { place: place.to_owned(), reason: String::new() }];
        let scanned = set(&["link-1", "link-2", "link-4"]);
        assert_eq!(still_late(&late, &scanned, &[]), set(&[]));
        assert_eq!(still_late(&late, &scanned, &failed("link-1")), set(&["link-1"]));
        assert_eq!(still_late(&late, &scanned, &failed("link-3")), set(&[]));
        // What runs could not be looked at.
        assert_eq!(still_late(&late, &scanned, &failed("")), set(&["link-1", "link-2"]));
    }

    fn places(problems: &[Problem]) -> Vec<&str> {
        let mut places: Vec<&str> = problems.iter().map(|problem| problem.place.as_str()).collect();
        places.sort_unstable();
        places
    }

    #[test]
    fn where_connections_that_run_cannot_be_looked_at_all_links_have_a_problem_until_they_can() {
        apart(|mut core| {
            // There are no interfaces.
            assert_eq!(
                places(&core.tell(state_with(&["allow internet"], false), Vec::new())),
                ["link-1", "link-2", UPLINK]
            );
            assert_eq!(core.retry, None);
            // It answers nothing about connections.
            core.netfilter = Netlink::route().unwrap();
            assert_eq!(places(&core.apply()), ["", "link-1", "link-2", UPLINK]);
            assert!(core.retry.is_some());
            core.netfilter = Netlink::netfilter().unwrap();
            assert_eq!(places(&core.apply()), ["link-1", "link-2", UPLINK]);
            assert_eq!(core.retry, None);
        });
    }

    #[test]
    fn an_answer_is_not_given_where_the_kernel_does_not_acknowledge_its_addresses() {
        apart(|mut core| {
            core.tell(state_with(&["allow web.example"], true), Vec::new());
            // As where its interface is there.
            core.joined = vec!["link-1".to_owned()];
            let name = Name::from_ascii("web.example.").unwrap();
            let mut asked = Message::new();
            asked.add_query(Query::query(name.clone(), RecordType::A));
            let question = answer::read_question(&asked.to_vec().unwrap()).unwrap().unwrap();
            asked.add_answer(Record::from_rdata(name, 300, RData::A(A::new(198, 18, 0, 10))));
            let known = answer::filter(&question, &asked, |_| true);
            assert_eq!(known.addresses.len(), 1);
            let mut given = |acknowledged: std::ops::Range<u32>| {
                let (netlink, kernel) = TestKernel::new();
                acknowledged.for_each(|sequence| kernel.acknowledge(sequence));
                core.netfilter = netlink;
                let bytes = release(&mut core, "link-1", &question, &known, 300, true);
                let message = Message::from_vec(&bytes).unwrap();
                (message.response_code(), message.answers().len())
            };
            assert_eq!(given(0..0), (ResponseCode::ServFail, 0));
            // Of all that is sent: the batch begins with 1.
            assert_eq!(given(1..20), (ResponseCode::NoError, 1));
            assert_eq!(given(0..0), (ResponseCode::ServFail, 0));
        });
    }

    #[test]
    fn of_a_connection_that_cannot_be_scanned_the_row_says_so() {
        apart(|mut core| {
            let mut state = state_with(&["allow internet"], false);
            state.links[0].rules.scan = true;
            core.tell(state, Vec::new());
            let allowed = Verdict { decision: Decision::Allow, rule: "allow internet" };
            let mark = core.marks.mark(allowed, 3);
            let vm = |port| SocketAddr::new("10.137.0.6".parse().unwrap(), port);
            let server: SocketAddr = "198.18.0.10:443".parse().unwrap();
            let connection = |port: u16| {
                let tuple = Tuple {
                    source: vm(port).ip(),
                    destination: server.ip(),
                    protocol: TCP,
                    source_port: port,
                    destination_port: server.port(),
                };
                Connection::of_test(port.into(), tuple, mark, 0, Some(3))
            };
            // The scanner says it of packets of both directions: before the connection has a row, and after.
            core.see_encrypted(vm(1), server);
            let all = [1, 2, 3].map(connection);
            let links = HashMap::from([(vm(1).ip(), "link-1".to_owned())]);
            let now = Instant::now();
            core.flows.see(&all, &links, &core.marks, |_, _| Vec::new(), now);
            core.see_encrypted(server, vm(2));
            // Nobody's.
            core.see_encrypted("10.137.9.9:3".parse().unwrap(), server);
            let rows = core.flows.changed(now).0;
            let reasons: Vec<_> = rows.iter().map(|flow| flow_row(flow, now).1["reason"].clone()).collect();
            assert_eq!(reasons, [ENCRYPTED, ENCRYPTED, ""]);
            assert_eq!(ENCRYPTED, "encrypted: the traffic scanner cannot look inside");
        });
    }

    #[test]
    fn what_was_looked_up_is_forgotten_where_the_clocks_have_gone_apart_and_a_rule_ends_by_the_wall_clock() {
        const HOURS: Duration = Duration::from_secs(4 * 3600);
        apart(|mut core| {
            let address = "198.18.0.1".parse().unwrap();
            core.tell(state_with(&["allow web.example"], true), Vec::new());
            // As where the host had been suspended, and where its clock was set back.
            for change in [Duration::checked_sub, Duration::checked_add] {
                core.pin("link-1", "web.example", &[address], HOURS).unwrap();
                assert!(!core.is_stale());
                assert_eq!(core.names("link-1", address), ["web.example"]);
                core.clock_offset = change(core.clock_offset.unwrap(), HOURS);
                assert!(core.is_stale());
                assert_eq!(core.names("link-1", address), [] as [String; 0]);
                assert!(!core.is_stale());
            }
            core.next_end = Some(core.now_ms() + 60_000);
            assert!(!core.is_stale());
            core.next_end = Some(core.now_ms());
            assert!(core.is_stale());
        });
    }

    /// From the first VM to the second one.
    fn between_vms(port: u16, mark: u32) -> Connection {
        let tuple = Tuple {
            source: "10.137.0.6".parse().unwrap(),
            destination: "10.137.0.10".parse().unwrap(),
            protocol: TCP,
            source_port: port,
            destination_port: 631,
        };
        Connection::of_test(port.into(), tuple, mark, 0, Some(3))
    }

    #[test]
    fn a_connection_between_vms_ends_where_the_scanner_has_not_seen_its_beginning_at_either_end() {
        apart(|mut core| {
            core.tell(state_with(&["allow @link-2 631"], false), Vec::new());
            core.has_scanner = true;
            let runs = between_vms(40_000, ALLOWED);
            assert!(core.is_still_allowed(&runs));
            for link in ["link-1", "link-2"] {
                core.scanned_late = HashSet::from([link.to_owned()]);
                assert!(!core.is_still_allowed(&runs), "{link}");
            }
            // Where it cannot be cut, both are to be looked at again.
            core.netfilter = Netlink::route().unwrap();
            assert_eq!(places(&core.cut_denied_of(&[runs])), ["link-1", "link-2"]);
        });
    }

    #[test]
    fn what_is_seen_of_a_packet_between_vms_is_of_the_one_that_has_begun() {
        apart(|mut core| {
            core.tell(state_with(&["allow @link-2 631"], false), Vec::new());
            let mark = core.marks.mark(Verdict { decision: Decision::Allow, rule: "allow @link-2 631" }, 3);
            let runs = between_vms(40_000, mark);
            let (first, second) = (runs.original.from(), runs.original.to());
            let links = HashMap::from([(first.ip(), "link-1".to_owned()), (second.ip(), "link-2".to_owned())]);
            core.flows.see(&[runs], &links, &core.marks, |_, _| Vec::new(), Instant::now());
            let of = |link: &str, is_out, vm, other| Some((link.to_owned(), is_out, vm, other));
            assert_eq!(core.link_of_packet(first, second), of("link-1", true, first, second));
            assert_eq!(core.link_of_packet(second, first), of("link-1", false, first, second));
            // Nobody has begun it yet.
            let other = SocketAddr::new(second.ip(), 80);
            assert_eq!(core.link_of_packet(other, first), of("link-2", true, other, first));
        });
    }

    #[test]
    fn a_connection_that_cannot_be_cut_is_a_problem_of_its_link() {
        apart(|mut core| {
            core.tell(state_with(&["deny internet"], false), Vec::new());
            let tuple = Tuple {
                source: "10.137.0.6".parse().unwrap(),
                destination: "1.2.3.4".parse().unwrap(),
                protocol: TCP,
                source_port: 40_000,
                destination_port: 443,
            };
            let runs = [tuple, Tuple { source_port: 40_001, ..tuple }]
                .map(|tuple| Connection::of_test(1, tuple, ALLOWED, 0, Some(3)));
            core.netfilter = Netlink::route().unwrap();
            assert_eq!(places(&core.cut_denied_of(&runs)), ["link-1"]);
        });
    }
}
