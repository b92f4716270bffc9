//! What the rules of a link say: about a look-up, and about a connection to an address whose names are known. Pure; the
//! chains of ruleset.rs and the elements of pins.rs say the same to the kernel.

use crate::address::Cidr;
use crate::model::{Decision, LinkRules, Rule, Target};
use crate::netlink::conntrack::{TCP, UDP};
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
    /// Milliseconds since 1970.
    pub now_ms: u64,
}

impl World<'_> {
    pub fn is_internet(&self, address: IpAddr) -> bool {
        !self.not_internet.iter().any(|range| range.contains(address))
    }
}

pub fn is_in_force(rule: &Rule, now_ms: u64) -> bool {
    rule.until.is_none_or(|until| now_ms < until)
}

/// Whether `name` is below `parent`: it is not the parent itself.
fn is_below(name: &str, parent: &str) -> bool {
    name.strip_suffix(parent).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
}

/// null: the look-up is forwarded, since a rule may allow what it leads to. Else why not.
pub fn refusal_of_lookup<'a>(rules: &'a LinkRules, name: &str, now_ms: u64) -> Option<Verdict<'a>> {
    let mut refusal = None;
    for rule in rules.rules.iter().filter(|rule| is_in_force(rule, now_ms)) {
        let matches = match &rule.to {
            Target::Any {} | Target::Internet {} => true,
            Target::Name { name: own } => own == name,
            Target::NamesBelow { name: parent } => is_below(name, parent),
            // The answer is not known yet: it may allow it, but denies nothing by itself.
            Target::Addresses { .. } => rule.decision == Decision::Allow,
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
    Some(refusal.unwrap_or(DENIED))
}

/// Of a connection to an address that was looked up as `name`. `port` null: what has no ports.
fn decide_by_name<'a>(
    rules: &'a LinkRules,
    name: Option<&str>,
    address: IpAddr,
    port: Option<u16>,
    world: World<'_>,
) -> Verdict<'a> {
    rules
        .rules
        .iter()
        .filter(|rule| is_in_force(rule, world.now_ms) && (rule.port.is_none() || rule.port == port))
        .find(|rule| match &rule.to {
            // An allowance for everything is one for the internet: what is private has to be named.
            Target::Any {} | Target::Internet {} if rule.decision == Decision::Allow => {
                world.is_internet(address) && (name.is_some() || !rules.checks_names)
            }
            Target::Any {} => true,
            Target::Internet {} => world.is_internet(address),
            Target::Name { name: own } => name == Some(own),
            Target::NamesBelow { name: parent } => name.is_some_and(|name| is_below(name, parent)),
            Target::Addresses { cidr } => cidr.contains(address),
        })
        .map_or(DENIED, |rule| Verdict { decision: rule.decision, rule: &rule.id })
}

/// Of a connection to an address that the link's VM looked up by these names: one that allows it is enough, since the first
/// flight has to name it (first_flight.rs). Without names: by what the rules say of addresses.
pub fn decide<'a>(
    rules: &'a LinkRules,
    names: &[&str],
    address: IpAddr,
    port: Option<u16>,
    world: World<'_>,
) -> Verdict<'a> {
    let by_name = |name: Option<&str>| decide_by_name(rules, name, address, port, world);
    let verdicts: Vec<Verdict<'a>> = names.iter().map(|name| by_name(Some(name))).collect();
    let allowed = verdicts.iter().find(|verdict| verdict.decision == Decision::Allow);
    allowed.or(verdicts.first()).copied().unwrap_or_else(|| by_name(None))
}

/// The whole word on a connection that leaves by the uplink: with what is denied whatever rules say.
pub fn connection<'a>(
    rules: &'a LinkRules,
    names: &[&str],
    address: IpAddr,
    protocol: u8,
    port: Option<u16>,
    world: World<'_>,
) -> Verdict<'a> {
    let deny = |rule| Verdict { decision: Decision::Deny, rule };
    match (protocol, port) {
        _ if rules.scan => deny(NOT_SCANNED),
        (TCP | UDP, Some(53)) => deny(ENCRYPTED_DNS),
        (TCP | UDP, Some(853 | 8853)) | (UDP, Some(784)) if rules.checks_names => deny(ENCRYPTED_DNS),
        (UDP, Some(443)) if rules.checks_names => deny(QUIC),
        _ => decide(rules, names, address, port, world),
    }
}

/// Whether the rule is about the address alone, so that nothing has to agree with a name.
pub fn is_about_address(rules: &LinkRules, id: &str) -> bool {
    rules.rules.iter().any(|rule| rule.id == id && matches!(rule.to, Target::Addresses { .. }))
}

/// The ports that rules name.
pub fn ports_of(rules: &LinkRules) -> Vec<u16> {
    let mut ports: Vec<u16> = rules.rules.iter().filter_map(|rule| rule.port).collect();
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
        ] {
            assert_eq!(lookup(lines, name), result, "{lines:?} {name}");
        }
    }

    #[test]
    fn decides_connections_by_names_address_and_port() {
        let ranges = not_internet(&[]);
        let world = World { not_internet: &ranges, now_ms: 0 };
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
            (&["allow any"], &[], "192.168.1.1", Some(443), DEFAULT_DENY),
            (&["allow 192.168.0.0/16"], &[], "192.168.1.1", Some(443), "allow 192.168.0.0/16"),
            (&["deny 1.2.3.4/32", "allow internet"], &[], "1.2.3.4", Some(443), "deny 1.2.3.4/32"),
            (&["deny any 25", "allow internet"], &[], "1.2.3.4", Some(25), "deny any 25"),
            (&["deny any 25", "allow internet"], &[], "2a00::1", Some(26), "allow internet"),
        ] {
            let address = address.parse().unwrap();
            let rules = rules(lines);
            assert_eq!(decide(&rules, names, address, port, world).rule, result, "{lines:?} {names:?}");
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
