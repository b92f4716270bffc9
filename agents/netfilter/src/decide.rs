//! What the rules of a link say: about a look-up, and about a connection to an address whose names are known. Pure; the
//! chains of ruleset.rs and the elements of pins.rs say the same to the kernel.

use crate::address::{Cidr, is_of_links};
use crate::model::{Decision, LinkRules, NamePattern, Place, Port, Rule, Target, Transport};
use crate::resolver::known;
use std::net::IpAddr;

pub const DEFAULT_DENY: &str = "builtin:default-deny";
pub const PRIVATE_ANSWER: &str = "builtin:private-answer";
pub const NOT_INTERNET: &str = "builtin:not-internet";
pub const SPOOFED: &str = "builtin:spoofed";
pub const NAME_MISMATCH: &str = "builtin:name-mismatch";
pub const NO_NAME: &str = "builtin:no-name";
pub const QUIC: &str = "builtin:quic";
pub const ENCRYPTED_DNS: &str = "builtin:encrypted-dns";
pub const OTHER_VM: &str = "builtin:other-vm";
pub const NOT_SCANNED: &str = "builtin:not-scanned";
pub const TOO_MANY: &str = "builtin:too-many";
/// Of connections that are counted alone: some rule of the policy decided about each.
pub const NOT_SHOWN: &str = "builtin:not-shown";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict<'a> {
    pub decision: Decision,
    pub rule: &'a str,
}

const DENIED: Verdict<'static> = Verdict { decision: Decision::Deny, rule: DEFAULT_DENY };

/// What is known beside the rules.
#[derive(Debug, Clone, Copy)]
pub struct World<'a> {
    /// Ranges that are no internet.
    pub not_internet: &'a [Cidr],
    /// Names whose answers may be there.
    pub private_names: &'a [NamePattern],
    /// Milliseconds since 1970.
    pub now_ms: u64,
    /// The scanner works.
    pub has_scanner: bool,
    /// The rule by which the connection that is decided about has begun; `None`: it begins.
    pub begun_by: Option<&'a str>,
}

impl World<'_> {
    pub fn is_internet(&self, address: IpAddr) -> bool {
        !self.not_internet.iter().any(|range| range.contains(address))
    }

    /// Whether a VM may have the address as the answer for a name.
    pub fn may_answer(&self, name: &str, address: IpAddr) -> bool {
        self.is_internet(address)
            || self.private_names.iter().any(|pattern| match pattern {
                NamePattern::Name(own) => own == name,
                NamePattern::Below(parent) => is_below(name, parent),
            })
    }
}

/// Ports by which look-ups, or the names of connections, would pass by the firewall: DNS, DNS over TLS and QUIC, and QUIC.
pub const HIDING_PORTS: [(Port, &str); 8] = [
    (Port { transport: Transport::Tcp, number: 53 }, ENCRYPTED_DNS),
    (Port { transport: Transport::Udp, number: 53 }, ENCRYPTED_DNS),
    (Port { transport: Transport::Tcp, number: 853 }, ENCRYPTED_DNS),
    (Port { transport: Transport::Udp, number: 853 }, ENCRYPTED_DNS),
    (Port { transport: Transport::Tcp, number: 8853 }, ENCRYPTED_DNS),
    (Port { transport: Transport::Udp, number: 8853 }, ENCRYPTED_DNS),
    (Port { transport: Transport::Udp, number: 784 }, ENCRYPTED_DNS),
    (HTTP3, QUIC),
];
const HTTP3: Port = Port { transport: Transport::Udp, number: 443 };

/// `None`: nothing is hidden there.
pub fn hiding(port: Option<Port>) -> Option<&'static str> {
    HIDING_PORTS.iter().find(|(own, _)| Some(*own) == port).map(|(_, rule)| *rule)
}

pub fn is_about_port(rule: &Rule, port: Option<Port>) -> bool {
    let Some(number) = rule.port else { return true };
    port.is_some_and(|port| port.number == number && rule.protocol.is_none_or(|transport| transport == port.transport))
}

/// Whether the rule counts for what hides names. A deny always does; what lets it pass has to name the port, and for QUIC
/// the protocol too, since 443 alone means the web.
pub fn counts_at(rule: &Rule, port: Option<Port>) -> bool {
    rule.decision == Decision::Deny
        || hiding(port).is_none()
        || (rule.port.is_some() && (port != Some(HTTP3) || rule.protocol.is_some()))
}

/// The same for the name of a known resolver (`is_resolver`, so that of many rules each does not look for it anew): what lets it
/// pass has to name that.
fn counts_for(rule: &Rule, is_resolver: bool) -> bool {
    rule.decision == Decision::Deny
        || !is_resolver
        || match &rule.to {
            Target::Any {} | Target::Internet {} => false,
            Target::NamesBelow { name: parent } => known::is_resolver(parent),
            Target::Name { .. } | Target::Addresses { .. } | Target::Vm { .. } => true,
        }
}

/// For what begins now.
pub fn is_in_force(rule: &Rule, now_ms: u64) -> bool {
    !rule.only_running && is_before_end(rule, now_ms)
}

pub fn is_before_end(rule: &Rule, now_ms: u64) -> bool {
    rule.until.is_none_or(|until| now_ms < until)
}

/// For the connection that is decided about, which may have begun by it.
fn counts_now(rule: &Rule, World { now_ms, begun_by, .. }: World<'_>) -> bool {
    is_in_force(rule, now_ms) || (begun_by == Some(rule.id.as_str()) && is_before_end(rule, now_ms))
}

/// Whether `name` is below `parent`: it is not the parent itself.
fn is_below(name: &str, parent: &str) -> bool {
    name.strip_suffix(parent).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
}

/// Where the VM of this name is, if a rule may let something go there; else why it is not given.
pub fn place_of_vm<'a>(rules: &'a LinkRules, vm: &str, now_ms: u64) -> Result<Place, Verdict<'a>> {
    for rule in rules.rules.iter().filter(|rule| counts_for_vms(rule) && is_in_force(rule, now_ms)) {
        let (is_meant, place) = match &rule.to {
            Target::Vm { name, place, .. } => (name == vm, *place),
            Target::Any {} => (true, None),
            _ => (false, None),
        };
        match place {
            Some(place) if is_meant && rule.decision == Decision::Allow => return Ok(place),
            // A port leaves the others.
            _ if is_meant && rule.decision != Decision::Allow && rule.port.is_none() => {
                return Err(Verdict { decision: Decision::Deny, rule: &rule.id });
            }
            _ => {}
        }
    }
    Err(deny(OTHER_VM))
}

/// Whether the rule is about this name.
pub fn is_named(target: &Target, name: &str) -> bool {
    match target {
        Target::Name { name: own } => own == name,
        Target::NamesBelow { name: parent } => is_below(name, parent),
        _ => false,
    }
}

/// `None`: the look-up is forwarded, since a rule may allow what it leads to. Else why not.
pub fn refusal_of_lookup<'a>(rules: &'a LinkRules, name: &str, now_ms: u64) -> Option<Verdict<'a>> {
    let is_resolver = known::is_resolver(name);
    let mut refusal = None;
    for rule in rules.rules.iter().filter(|rule| is_in_force(rule, now_ms) && counts_for(rule, is_resolver)) {
        let matches = match &rule.to {
            Target::Any {} | Target::Internet {} => true,
            Target::Name { .. } | Target::NamesBelow { .. } => is_named(&rule.to, name),
            // The answer is not known yet: it may allow it, but denies nothing by itself.
            Target::Addresses { .. } => rule.decision == Decision::Allow && !is_resolver,
            Target::Vm { .. } => false,
        };
        if !matches {
            continue;
        }
        if rule.decision == Decision::Allow {
            return None;
        }
        let verdict = Verdict { decision: rule.decision, rule: &rule.id };
        if rule.port.is_none() {
            return Some(refusal.unwrap_or(verdict));
        }
        refusal.get_or_insert(verdict);
    }
    Some(refusal.unwrap_or(if is_resolver { deny(ENCRYPTED_DNS) } else { DENIED }))
}

fn deny(rule: &'static str) -> Verdict<'static> {
    Verdict { decision: Decision::Deny, rule }
}

/// Of a connection to an address that was looked up as `name`. `port` `None`: what has no ports.
fn decide_by_name<'a>(
    rules: &'a LinkRules,
    name: Option<&str>,
    address: IpAddr,
    port: Option<Port>,
    world: World<'_>,
) -> Verdict<'a> {
    let is_resolver = name.is_some_and(known::is_resolver);
    let hidden = hiding(port).or(is_resolver.then_some(ENCRYPTED_DNS));
    // What it is about first: of a thousand rules nearly all are about something else.
    rules
        .rules
        .iter()
        .filter(|rule| match &rule.to {
            // Where names are checked, nobody knows whom an address without a name is of.
            Target::Any {} | Target::Internet {}
                if rule.decision == Decision::Allow && rules.checks_names && name.is_none() =>
            {
                false
            }
            Target::Any {} => true,
            Target::Internet {} => world.is_internet(address),
            Target::Name { .. } | Target::NamesBelow { .. } => name.is_some_and(|name| {
                is_named(&rule.to, name) && (rule.decision == Decision::Deny || world.may_answer(name, address))
            }),
            Target::Addresses { cidr } => cidr.contains(address),
            Target::Vm { .. } => false,
        })
        .filter(|rule| counts_now(rule, world) && is_about_port(rule, port) && counts_at(rule, port))
        .find(|rule| counts_for(rule, is_resolver))
        .map_or(hidden.map_or(DENIED, deny), |rule| Verdict { decision: rule.decision, rule: &rule.id })
}

/// Of a connection to an address that the link's VM looked up by these names: one that allows it is enough, since the first
/// flight has to name it (first_flight.rs). Without names: by what the rules say of addresses.
pub fn decide<'a>(
    rules: &'a LinkRules,
    names: &[&str],
    address: IpAddr,
    port: Option<Port>,
    world: World<'_>,
) -> Verdict<'a> {
    let by_name = |name: Option<&str>| decide_by_name(rules, name, address, port, world);
    let verdicts: Vec<Verdict<'a>> = names.iter().map(|name| by_name(Some(name))).collect();
    let allowed = verdicts.iter().find(|verdict| verdict.decision == Decision::Allow);
    allowed.or(verdicts.first()).copied().unwrap_or_else(|| by_name(None))
}

/// Whether the rule counts for addresses of links: no other one opens a way between VMs, and a deny of all or of an address counts
/// there, too. Nobody is asked about another VM.
pub fn counts_for_vms(rule: &Rule) -> bool {
    match rule.to {
        Target::Vm { .. } => true,
        Target::Any {} | Target::Addresses { .. } => rule.decision == Decision::Deny,
        Target::Internet {} | Target::Name { .. } | Target::NamesBelow { .. } => false,
    }
}

/// Of a connection to an address of a link.
fn between_vms<'a>(rules: &'a LinkRules, address: IpAddr, port: Option<Port>, world: World<'_>) -> Verdict<'a> {
    let is_about = |rule: &Rule| match &rule.to {
        Target::Vm { place, .. } => place.is_some_and(|place| place.is_at(address)),
        Target::Addresses { cidr } => cidr.contains(address),
        _ => true,
    };
    let mut counting = rules.rules.iter().filter(|rule| counts_for_vms(rule) && counts_now(rule, world));
    match counting.find(|rule| is_about(rule) && is_about_port(rule, port)) {
        None => deny(OTHER_VM),
        Some(rule) if waits_for_scanner(rule, rules) && !world.has_scanner => deny(NOT_SCANNED),
        Some(rule) => Verdict { decision: rule.decision, rule: &rule.id },
    }
}

/// Of a rule that leads to a VM: either of the two is scanned.
pub fn waits_for_scanner(rule: &Rule, rules: &LinkRules) -> bool {
    let is_scanned = |to: &Target| matches!(to, Target::Vm { place: Some(place), .. } if place.is_scanned);
    rule.decision == Decision::Allow && (rules.scan || is_scanned(&rule.to))
}

/// The whole word on a connection that leaves by the uplink, or goes to another VM: with what is denied whatever rules say.
pub fn connection<'a>(
    rules: &'a LinkRules,
    names: &[&str],
    address: IpAddr,
    port: Option<Port>,
    world: World<'_>,
) -> Verdict<'a> {
    if is_of_links(address) {
        return between_vms(rules, address, port, world);
    }
    if rules.scan && !world.has_scanner {
        return deny(NOT_SCANNED);
    }
    decide(rules, names, address, port, world)
}

/// Whether the rule is about the address alone, so that nothing has to agree with a name.
pub fn is_about_address(rules: &LinkRules, id: &str) -> bool {
    rules.rules.iter().any(|rule| rule.id == id && matches!(rule.to, Target::Addresses { .. }))
}

/// The ports that rules name.
pub fn ports_of(rules: &LinkRules) -> Vec<Port> {
    let of_rule = |rule: &Rule| {
        let (number, protocol) = (rule.port, rule.protocol);
        let transports = Transport::BOTH.into_iter().filter(move |one| protocol.is_none_or(|own| own == *one));
        transports.filter_map(move |transport| number.map(|number| Port { transport, number }))
    };
    let mut ports: Vec<Port> = rules.rules.iter().flat_map(of_rule).collect();
    ports.sort_unstable();
    ports.dedup();
    ports
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::address::not_internet;
    use crate::testing::link_with;

    fn rules(lines: &[&str]) -> LinkRules {
        link_with(lines).rules
    }

    fn lookup(lines: &[&str], name: &str) -> String {
        refusal_of_lookup(&rules(lines), name, 0).map_or("forward".to_owned(), |verdict| verdict.rule.to_owned())
    }

    #[test]
    fn a_lookup_is_forwarded_where_a_rule_may_allow_what_it_leads_to() {
        for (lines, name, result) in [
            (&["allow web.example"][..], "web.example", "forward"),
            (&["allow web.example"], "a.web.example", DEFAULT_DENY),
            (&["allow *.web.example"], "a.b.web.example", "forward"),
            (&["allow *.web.example"], "web.example", DEFAULT_DENY),
            (&["allow *.web.example"], "evilweb.example", DEFAULT_DENY),
            (&["allow internet"], "web.example", "forward"),
            (&["allow any"], "web.example", "forward"),
            (&["allow 1.2.3.0/24"], "web.example", "forward"),
            (&["deny 1.2.3.0/24"], "web.example", DEFAULT_DENY),
            (&[], "web.example", DEFAULT_DENY),
            // Special over general, in order.
            (&["allow jira.corp", "deny *.corp", "allow internet"], "jira.corp", "forward"),
            (&["allow jira.corp", "deny *.corp", "allow internet"], "wiki.corp", "deny *.corp"),
            (&["allow jira.corp", "deny *.corp", "allow internet"], "web.example", "forward"),
            // A port leaves the others.
            (&["deny web.example 25", "allow web.example"], "web.example", "forward"),
            (&["ask web.example 443"], "web.example", "ask web.example 443"),
            (&["ask internet"], "web.example", "ask internet"),
            (&["deny any", "allow web.example"], "web.example", "deny any"),
            // Known resolvers have to be named.
            (&["allow internet"], "dns.google", ENCRYPTED_DNS),
            (&["ask any"], "dns.google", ENCRYPTED_DNS),
            (&["allow 8.8.8.0/24"], "dns.google", ENCRYPTED_DNS),
            (&["allow *.google"], "dns.google", ENCRYPTED_DNS),
            (&["allow internet", "allow dns.google"], "dns.google", "forward"),
            (&["allow *.dns.nextdns.io"], "abc.dns.nextdns.io", "forward"),
            (&["deny *.google", "allow dns.google"], "dns.google", "deny *.google"),
            (&["ask dns.google"], "dns.google", "ask dns.google"),
        ] {
            assert_eq!(lookup(lines, name), result, "{lines:?} {name}");
        }
    }

    #[test]
    fn a_rule_for_what_runs_lets_nothing_begin() {
        let ranges = not_internet(&[]);
        let world = World { not_internet: &ranges, private_names: &[], now_ms: 0, has_scanner: false, begun_by: None };
        let mut rules = rules(&["allow web.example", "ask internet"]);
        rules.rules[0].only_running = true;
        let address = "1.2.3.4".parse().unwrap();
        let decided = |rules: &LinkRules, begun_by| {
            connection(rules, &["web.example"], address, Port::of(6, 443), World { begun_by, ..world }).rule.to_owned()
        };
        assert_eq!(decided(&rules, Some("allow web.example")), "allow web.example");
        assert_eq!(decided(&rules, None), "ask internet");
        // As the chains of its link have it.
        assert!(!is_in_force(&rules.rules[0], 0));
        // By which another rule let it begin does not count.
        assert_eq!(decided(&rules, Some("ask internet")), "ask internet");
        assert_eq!(refusal_of_lookup(&rules, "web.example", 0).map(|verdict| verdict.rule), Some("ask internet"));
        rules.rules[0].until = Some(0);
        assert_eq!(decided(&rules, Some("allow web.example")), "ask internet");
    }

    #[test]
    fn decides_connections_by_names_address_and_port() {
        let ranges = not_internet(&[]);
        let world = World { not_internet: &ranges, private_names: &[], now_ms: 0, has_scanner: false, begun_by: None };
        for (lines, names, address, port, result) in [
            (&["allow web.example 443"][..], &["web.example"][..], "1.2.3.4", Some(443), "allow web.example 443"),
            (&["allow web.example 443"], &["web.example"], "1.2.3.4", Some(80), DEFAULT_DENY),
            (&["allow web.example 443"], &["web.example"], "1.2.3.4", None, DEFAULT_DENY),
            (&["allow web.example"], &[], "1.2.3.4", Some(443), DEFAULT_DENY),
            (&["allow web.example"], &["other.example", "web.example"], "1.2.3.4", Some(1), "allow web.example"),
            (&["deny *.corp", "allow internet"], &[], "1.2.3.4", Some(443), DEFAULT_DENY),
            (&["deny *.corp", "allow internet"], &["a.corp"], "1.2.3.4", Some(443), "deny *.corp"),
            (&["deny *.corp", "allow internet"], &["web.example"], "1.2.3.4", Some(443), "allow internet"),
            (&["allow internet"], &[], "1.2.3.4", Some(443), "allow internet"),
            (&["allow internet"], &[], "192.168.1.1", Some(443), DEFAULT_DENY),
            (&["allow any"], &[], "192.168.1.1", Some(443), "allow any"),
            (&["allow 192.168.0.0/16"], &[], "192.168.1.1", Some(443), "allow 192.168.0.0/16"),
            (&["deny 1.2.3.4/32", "allow internet"], &[], "1.2.3.4", Some(443), "deny 1.2.3.4/32"),
            (&["deny any 25", "allow internet"], &[], "1.2.3.4", Some(25), "deny any 25"),
            (&["deny any 25", "allow internet"], &[], "2a00::1", Some(26), "allow internet"),
        ] {
            let address = address.parse().unwrap();
            let rules = rules(lines);
            let port = port.map(|number| Port { transport: Transport::Tcp, number });
            assert_eq!(decide(&rules, names, address, port, world).rule, result, "{lines:?} {names:?}");
        }
    }

    #[test]
    fn a_way_to_another_vm_is_opened_by_a_rule_that_names_it_and_by_no_other() {
        let ranges = not_internet(&[]);
        let world = World { not_internet: &ranges, private_names: &[], now_ms: 0, has_scanner: false, begun_by: None };
        let (own, other) = ("10.137.0.10", "10.137.0.14");
        for (lines, address, port, result) in [
            (&["allow @link-2 631"][..], own, Some(631), "allow @link-2 631"),
            (&["allow @link-2 631"], "fd00:137:2::2", Some(631), "allow @link-2 631"),
            (&["allow @link-2 631"], own, Some(80), OTHER_VM),
            (&["allow @link-2 631"], own, None, OTHER_VM),
            (&["allow @link-2 631"], other, Some(631), OTHER_VM),
            (&["allow @link-2 631"], "10.137.0.9", Some(631), OTHER_VM),
            (&["allow @link-2 631/udp"], own, Some(631), OTHER_VM),
            (&["allow @link-2"], own, Some(53), "allow @link-2"),
            (&["allow @link-2"], own, None, "allow @link-2"),
            // The desired state has no such link.
            (&["allow @link-9"], own, Some(631), OTHER_VM),
            (&["allow any"], own, Some(631), OTHER_VM),
            (&["ask any"], own, Some(631), OTHER_VM),
            (&["allow internet"], own, Some(631), OTHER_VM),
            (&["allow 10.137.0.10/32"], own, Some(631), OTHER_VM),
            (&["allow 10.0.0.0/8", "allow fd00::/8"], "fd00:137:2::2", Some(631), OTHER_VM),
            (&["allow any", "allow @link-2"], own, Some(631), "allow @link-2"),
            (&["ask any", "allow @link-2"], own, Some(631), "allow @link-2"),
            (&["deny any", "allow @link-2"], own, Some(631), "deny any"),
            (&["deny any 631", "allow @link-2"], own, Some(80), "allow @link-2"),
            (&["deny 10.0.0.0/8", "allow @link-2"], own, Some(631), "deny 10.0.0.0/8"),
            (&["deny 10.0.0.0/8", "allow @link-2"], "fd00:137:2::2", Some(631), "allow @link-2"),
            (&["deny internet", "allow @link-2"], own, Some(631), "allow @link-2"),
            (&["deny @link-2 631", "allow @link-2"], own, Some(631), "deny @link-2 631"),
            (&["allow @link-2", "deny @link-2"], own, Some(631), "allow @link-2"),
        ] {
            let rules = rules(lines);
            let port = port.map(|number| Port { transport: Transport::Tcp, number });
            // A name that was looked up at its address changes nothing.
            for names in [&[][..], &["a.example"]] {
                let verdict = connection(&rules, names, address.parse().unwrap(), port, world);
                assert_eq!(verdict.rule, result, "{lines:?} {address}");
                assert_eq!(verdict.decision == Decision::Allow, result.starts_with("allow"));
            }
        }
    }

    #[test]
    fn where_a_vm_is_is_said_where_a_rule_may_open_the_way_to_it() {
        for (lines, name, result) in [
            (&["allow @link-2"][..], "other", Ok("10.137.0.10")),
            (&["allow @link-2 631"], "other", Ok("10.137.0.10")),
            (&["deny @link-2 80", "allow @link-2"], "other", Ok("10.137.0.10")),
            (&["allow any", "allow @link-2"], "other", Ok("10.137.0.10")),
            (&["allow @link-2"], "another", Err(OTHER_VM)),
            (&["allow @link-2"], "", Err(OTHER_VM)),
            (&["allow @link-9"], "other", Err(OTHER_VM)),
            (&["allow any", "allow internet", "allow 10.0.0.0/8"], "other", Err(OTHER_VM)),
            (&["deny any", "allow @link-2"], "other", Err("deny any")),
            (&["deny @link-2", "allow @link-2"], "other", Err("deny @link-2")),
        ] {
            let rules = rules(lines);
            let place = place_of_vm(&rules, name, 0).map(|place| place.ipv4.to_string());
            assert_eq!(place.as_deref().map_err(|verdict| verdict.rule), result, "{lines:?} {name}");
        }
    }

    #[test]
    fn between_two_vms_either_of_which_is_scanned_nothing_passes_without_a_scanner() {
        let ranges = not_internet(&[]);
        let mut rules = rules(&["deny @link-2 80", "allow @link-2"]);
        for (scans, is_scanned) in [(false, false), (true, false), (false, true), (true, true)] {
            rules.scan = scans;
            for rule in &mut rules.rules {
                if let Target::Vm { place: Some(place), .. } = &mut rule.to {
                    place.is_scanned = is_scanned;
                }
            }
            for has_scanner in [false, true] {
                let world = World { not_internet: &ranges, private_names: &[], now_ms: 0, has_scanner, begun_by: None };
                let decided = |number| {
                    let port = Some(Port { transport: Transport::Tcp, number });
                    connection(&rules, &[], "10.137.0.10".parse().unwrap(), port, world).rule.to_owned()
                };
                let waits = (scans || is_scanned) && !has_scanner;
                assert_eq!(decided(631), if waits { NOT_SCANNED } else { "allow @link-2" }, "{scans} {is_scanned}");
                assert_eq!(decided(80), "deny @link-2 80");
            }
        }
    }

    #[test]
    fn what_has_to_be_scanned_is_allowed_while_the_scanner_works() {
        let ranges = not_internet(&[]);
        let mut rules = rules(&["allow internet"]);
        for (scan, has_scanner, result) in
            [(false, false, "allow internet"), (true, true, "allow internet"), (true, false, NOT_SCANNED)]
        {
            rules.scan = scan;
            let world = World { not_internet: &ranges, private_names: &[], now_ms: 0, has_scanner, begun_by: None };
            let port = Some(Port { transport: Transport::Tcp, number: 80 });
            let verdict = connection(&rules, &[], "1.2.3.4".parse().unwrap(), port, world);
            assert_eq!(verdict.rule, result, "{scan} {has_scanner}");
        }
    }

    #[test]
    fn what_hides_names_passes_by_a_rule_that_says_so() {
        let ranges = not_internet(&[]);
        let world = World { not_internet: &ranges, private_names: &[], now_ms: 0, has_scanner: false, begun_by: None };
        let web: &[&str] = &["web.example"];
        for (lines, names, port, result) in [
            (&["allow internet"][..], &[][..], "udp 443", QUIC),
            (&["allow internet"], &[], "tcp 443", "allow internet"),
            (&["ask any"], &[], "udp 443", QUIC),
            (&["allow web.example 443"], web, "udp 443", QUIC),
            (&["allow web.example 443"], web, "tcp 443", "allow web.example 443"),
            (&["allow web.example 443/udp"], web, "udp 443", "allow web.example 443/udp"),
            (&["allow web.example 443/udp"], web, "tcp 443", DEFAULT_DENY),
            (&["allow internet", "ask 1.2.3.0/24 443/udp"], &[], "udp 443", "ask 1.2.3.0/24 443/udp"),
            (&["allow internet"], &[], "tcp 853", ENCRYPTED_DNS),
            (&["allow internet"], &[], "udp 853", ENCRYPTED_DNS),
            (&["allow internet"], &[], "tcp 8853", ENCRYPTED_DNS),
            (&["allow internet"], &[], "udp 784", ENCRYPTED_DNS),
            (&["allow internet"], &[], "udp 53", ENCRYPTED_DNS),
            (&["allow internet", "allow internet 853"], &[], "tcp 853", "allow internet 853"),
            (&["allow 1.2.3.4/32 53"], &[], "udp 53", "allow 1.2.3.4/32 53"),
            (&["allow 1.2.3.4/32 53/tcp"], &[], "udp 53", ENCRYPTED_DNS),
            (&["deny web.example", "allow 1.2.3.4/32 853"], web, "tcp 853", "deny web.example"),
            (&["deny any", "allow internet 853"], &[], "tcp 853", "deny any"),
            (&["allow internet"], &["dns.google"], "tcp 443", ENCRYPTED_DNS),
            (&["allow internet", "allow dns.google"], &["dns.google"], "tcp 443", "allow dns.google"),
            (&["allow dns.google"], &["dns.google"], "tcp 853", ENCRYPTED_DNS),
            (&["allow dns.google 853"], &["dns.google"], "tcp 853", "allow dns.google 853"),
            (&["allow internet 853"], &["dns.google"], "tcp 853", ENCRYPTED_DNS),
        ] {
            let (transport, number) = port.split_once(' ').unwrap();
            let transport = if transport == "tcp" { Transport::Tcp } else { Transport::Udp };
            let port = Some(Port { transport, number: number.parse().unwrap() });
            let rules = rules(lines);
            let verdict = decide(&rules, names, "1.2.3.4".parse().unwrap(), port, world);
            assert_eq!(verdict.rule, result, "{lines:?} {names:?} {port:?}");
        }
    }

    #[test]
    fn a_vm_that_is_scanned_reaches_the_same_as_without_once_the_scanner_works_and_else_nothing() {
        let ranges = not_internet(&[]);
        let lines = &["deny 1.2.3.0/24", "allow web.example 443", "deny internet 25", "allow internet"];
        let decided = |scan, has_scanner, names: &[&str], address: &str, number| {
            let world = World { not_internet: &ranges, private_names: &[], now_ms: 0, has_scanner, begun_by: None };
            let rules = LinkRules { scan, ..rules(lines) };
            let port = Port::of(6, number);
            connection(&rules, names, address.parse().unwrap(), port, world).rule.to_owned()
        };
        for (names, address, number) in [
            (&[][..], "1.2.3.4", 443),
            (&["web.example"][..], "8.8.4.4", 443),
            (&["web.example"], "8.8.4.4", 25),
            (&["other.example"], "8.8.4.4", 80),
            (&[], "192.168.1.1", 80),
        ] {
            let unscanned = decided(false, false, names, address, number);
            assert_ne!(unscanned, NOT_SCANNED);
            assert_eq!(decided(true, true, names, address, number), unscanned);
            assert_eq!(decided(true, false, names, address, number), NOT_SCANNED);
        }
    }

    #[test]
    fn a_private_answer_is_taken_of_names_that_are_named() {
        let ranges = not_internet(&[]);
        let named = ["nas.home".to_owned(), "*.corp".to_owned()].map(|text| NamePattern::try_from(text).unwrap());
        let world =
            World { not_internet: &ranges, private_names: &named, now_ms: 0, has_scanner: false, begun_by: None };
        let rules = rules(&["deny bad.corp", "allow *.corp", "allow *.home", "allow internet"]);
        for (name, address, result) in [
            ("nas.home", "10.1.2.3", "allow *.home"),
            ("other.home", "10.1.2.3", DEFAULT_DENY),
            ("other.home", "1.2.3.4", "allow *.home"),
            ("a.corp", "64:ff9b::a01:203", "allow *.corp"),
            ("bad.corp", "10.1.2.3", "deny bad.corp"),
            ("corp", "10.1.2.3", DEFAULT_DENY),
        ] {
            let address = address.parse().unwrap();
            assert_eq!(decide(&rules, &[name], address, None, world).rule, result, "{name} {address}");
        }
    }

    #[test]
    fn a_rule_counts_until_its_end() {
        let mut rules = rules(&["allow web.example"]);
        rules.rules[0].until = Some(1000);
        assert!(refusal_of_lookup(&rules, "web.example", 999).is_none());
        assert!(refusal_of_lookup(&rules, "web.example", 1000).is_some());
    }
}
