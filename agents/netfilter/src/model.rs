//! What Atoll tells the firewall (shared/model/firewall.ts), checked. A link that is wrong costs that link alone: without
//! rules it passes nothing.

use crate::address::Cidr;
use crate::netlink::conntrack::{TCP, UDP};
use crate::scanner::rules::{RuleFile, is_good_name};
use serde::Deserialize;
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Mac(pub [u8; 6]);

impl FromStr for Mac {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("'{}' is no MAC address", text.escape_debug());
        let mut bytes = [0; 6];
        let mut parts = text.split(':');
        for byte in &mut bytes {
            let part = parts.next().filter(|part| part.len() == 2).ok_or_else(wrong)?;
            *byte = u8::from_str_radix(part, 16).map_err(|_| wrong())?;
        }
        if parts.next().is_some() { Err(wrong()) } else { Ok(Self(bytes)) }
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

impl TryFrom<String> for Mac {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl<'de> Deserialize<'de> for Mac {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkEnd {
    pub mac: Mac,
    pub ipv4: Ipv4Addr,
    pub ipv6: Ipv6Addr,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// `link-N`: also the name of its interface, and of its chains and sets.
    pub id: String,
    pub own: LinkEnd,
    pub guest: LinkEnd,
    pub rules: LinkRules,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct LinkRules {
    pub revision: u64,
    pub rules: Vec<Rule>,
    pub checks_names: bool,
    pub scan: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    Allow,
    Ask,
    Deny,
}

impl Decision {
    pub fn word(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Ask => "ask",
            Self::Deny => "deny",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Rule {
    pub id: String,
    pub decision: Decision,
    pub to: Target,
    pub port: Option<u16>,
    /// Of the port alone. `None`: both.
    pub protocol: Option<Transport>,
    /// Milliseconds since 1970.
    pub until: Option<u64>,
    /// It lets what runs by it run on, and nothing begin.
    #[serde(default)]
    pub only_running: bool,
}

/// What has ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    Tcp,
    Udp,
}

impl Transport {
    pub const BOTH: [Self; 2] = [Self::Tcp, Self::Udp];

    /// As packets have it.
    pub fn number(self) -> u8 {
        match self {
            Self::Tcp => TCP,
            Self::Udp => UDP,
        }
    }
}

/// Where a connection of what has ports goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Port {
    pub transport: Transport,
    pub number: u16,
}

impl Port {
    /// `None`: what has none.
    pub fn of(protocol: u8, number: u16) -> Option<Self> {
        let transport = Transport::BOTH.into_iter().find(|one| one.number() == protocol)?;
        Some(Self { transport, number })
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Target {
    // Braces: serde would let unknown fields pass in a variant without them.
    Any {},
    Internet {},
    Name {
        name: String,
    },
    NamesBelow {
        name: String,
    },
    Addresses {
        cidr: Cidr,
    },
    /// Another VM, by its link. `name`: as VMs look it up.
    Vm {
        link: String,
        name: String,
        /// `None`: the desired state has no such link, or it is the rule's own. The rule matches nothing then.
        #[serde(skip)]
        place: Option<Place>,
    },
}

/// Of a VM that a rule leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub ipv4: Ipv4Addr,
    pub ipv6: Ipv6Addr,
    /// What comes to it is scanned, as what it sends is.
    pub is_scanned: bool,
}

impl Place {
    pub fn is_at(&self, address: IpAddr) -> bool {
        match address {
            IpAddr::V4(address) => address == self.ipv4,
            IpAddr::V6(address) => address == self.ipv6,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Uplink {
    pub own: LinkEnd,
    pub gateway: Gateway,
    /// Another one each time that what went by it is lost.
    pub session: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gateway {
    pub ipv4: Ipv4Addr,
    pub ipv6: Ipv6Addr,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct State {
    pub links: Vec<Link>,
    pub uplink: Option<Uplink>,
    /// Never empty where there is an uplink.
    pub dns: Vec<IpAddr>,
    /// Beside the fixed ranges of address.rs.
    pub not_internet: Vec<Cidr>,
    /// Names whose answers may be addresses that are not on the internet.
    pub private_names: Vec<NamePattern>,
    /// What the scanner looks for.
    pub scan_rules: Vec<RuleFile>,
    /// That an earlier firewall carried.
    pub lost: Vec<LostConnection>,
}

/// A connection of TCP that is none any more, which its VM may not know.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct LostConnection {
    /// Of its VM.
    pub link: String,
    pub source_port: u16,
    /// The other end.
    pub address: IpAddr,
    pub port: u16,
}

/// `NAME`, or `*.NAME`: all below it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum NamePattern {
    Name(String),
    Below(String),
}

impl TryFrom<String> for NamePattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let (name, is_below) = text.strip_prefix("*.").map_or((text.as_str(), false), |name| (name, true));
        if !is_canonical(name) {
            return Err(format!("'{}' is no name", text.escape_debug()));
        }
        Ok(if is_below { Self::Below(name.to_owned()) } else { Self::Name(name.to_owned()) })
    }
}

/// Why a part of the desired state is not in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Id of a link, or "".
    pub place: String,
    pub reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct LooseState {
    links: Vec<Value>,
    uplink: Option<Uplink>,
    dns: Vec<IpAddr>,
    not_internet: Vec<Cidr>,
    private_names: Vec<NamePattern>,
    scan_rules: Vec<RuleFile>,
    lost: Vec<LostConnection>,
}

/// The state without the links that are wrong, and what is wrong. An error: nothing of it can be used.
pub fn read_state(state: Value) -> Result<(State, Vec<Problem>), Problem> {
    let wrong = |reason: &dyn fmt::Display| Problem { place: String::new(), reason: reason.to_string() };
    let loose: LooseState = serde_json::from_value(state).map_err(|error| wrong(&error))?;
    let mut problems = Vec::new();
    let mut links: Vec<Link> = Vec::new();
    let mut taken = HashSet::new();
    for value in loose.links {
        let place = value.get("id").and_then(Value::as_str).unwrap_or("").chars().take(20).collect::<String>();
        match read_link(value) {
            Ok(link) if taken.insert(link.id.clone()) => links.push(link),
            Ok(_) => {
                links.retain(|link| link.id != place);
                problems.push(Problem { place, reason: "it is there twice".to_owned() });
            }
            Err(reason) => problems.push(Problem { place, reason }),
        }
    }
    find_places(&mut links);
    let (scan_rules, unnamed): (Vec<RuleFile>, Vec<RuleFile>) =
        loose.scan_rules.into_iter().partition(|rules| is_good_name(&rules.file));
    if let Some(rules) = unnamed.first() {
        return Err(wrong(&format!("'{}' is no name of a file of rules", rules.file.escape_debug())));
    }
    let gateway = loose.uplink.as_ref().map(|uplink| IpAddr::V4(uplink.gateway.ipv4));
    let dns = if loose.dns.is_empty() { gateway.into_iter().collect() } else { loose.dns };
    let LooseState { uplink, not_internet, private_names, lost, .. } = loose;
    Ok((State { links, uplink, dns, not_internet, private_names, scan_rules, lost }, problems))
}

/// Of rules that lead to VMs of other links.
fn find_places(links: &mut [Link]) {
    let place = |link: &Link| Place { ipv4: link.guest.ipv4, ipv6: link.guest.ipv6, is_scanned: link.rules.scan };
    let places: HashMap<String, Place> = links.iter().map(|link| (link.id.clone(), place(link))).collect();
    for Link { id, rules, .. } in links {
        for rule in &mut rules.rules {
            if let Target::Vm { link, place, .. } = &mut rule.to {
                *place = places.get(link).filter(|_| link != id).copied();
            }
        }
    }
}

fn read_link(value: Value) -> Result<Link, String> {
    let mut link: Link = serde_json::from_value(value).map_err(|error| error.to_string())?;
    let number = link.id.strip_prefix("link-").ok_or("its id is not link-N")?;
    if number.is_empty() || number.len() > 4 || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("its id is not link-N".to_owned());
    }
    for rule in &link.rules.rules {
        if rule.protocol.is_some() && rule.port.is_none() {
            return Err(format!("rule {}: it has a protocol and no port", rule.id.escape_debug()));
        }
        if let Target::Name { name } | Target::NamesBelow { name } = &rule.to {
            if !is_canonical(name) {
                return Err(format!("rule {}: '{}' is no name", rule.id.escape_debug(), name.escape_debug()));
            }
            link.rules.checks_names = true;
        }
        if let Target::Vm { name, .. } = &rule.to
            && (!is_canonical(name) || name.contains('.'))
        {
            return Err(format!("rule {}: '{}' is no name of a VM", rule.id.escape_debug(), name.escape_debug()));
        }
    }
    Ok(link)
}

/// Lower case, no dot at the end, as DNS has it.
pub fn is_canonical(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 253
        && name.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte))
        })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::testing::state_json;
    use serde_json::json;

    #[test]
    fn reads_what_the_host_tells() {
        let (state, problems) = read_state(state_json()).unwrap();
        assert_eq!(problems, []);
        assert_eq!(state.links.len(), 1);
        assert_eq!(state.links[0].own.mac.to_string(), "52:54:00:b7:00:01");
        assert_eq!(state.dns, ["10.137.255.1".parse::<IpAddr>().unwrap()]);
    }

    #[test]
    fn what_is_wrong_with_a_link_costs_that_link() {
        for (change, reason) in [
            ("/links/0/id", json!("eth0")),
            ("/links/0/own/mac", json!("52:54:00")),
            ("/links/0/guest/ipv4", json!("10.0.0.256")),
            ("/links/0/rules/revision", json!(-1)),
            ("/links/0/rules/rules/0/port", json!(70000)),
            ("/links/0/rules/rules/0/decision", json!("perhaps")),
            ("/links/0/rules/rules/0/to", json!({"kind": "name", "name": "Web.Example"})),
            ("/links/0/rules/rules/0/to", json!({"kind": "name", "name": "a\" accept"})),
            ("/links/0/rules/rules/0/to", json!({"kind": "addresses", "cidr": "1.2.3.4/33"})),
            ("/links/0/rules/rules/0/to", json!({"kind": "any", "name": "x"})),
            ("/links/0/rules/rules/0/to", json!({"kind": "vm", "link": "link-2"})),
            ("/links/0/rules/rules/0/to", json!({"kind": "vm", "link": "link-2", "name": "a.b"})),
            ("/links/0/rules/rules/0/to", json!({"kind": "vm", "link": "link-2", "name": "a", "place": null})),
            ("/links/0/rules/rules/0/protocol", json!("icmp")),
            ("/links/0/rules/rules/0/protocol", json!("udp")),
        ] {
            let mut desired = state_json();
            *desired.pointer_mut(change).unwrap() = reason;
            let (state, problems) = read_state(desired).unwrap();
            assert_eq!((state.links.len(), problems.len()), (0, 1), "{change}");
        }
    }

    #[test]
    fn unknown_fields_are_a_problem() {
        let mut desired = state_json();
        desired["links"][0]["rules"]["more"] = json!(true);
        assert_eq!(read_state(desired).unwrap().1[0].place, "link-1");
        let mut desired = state_json();
        desired["more"] = json!(true);
        assert!(read_state(desired).is_err());
    }

    #[test]
    fn a_link_that_comes_twice_is_refused() {
        let mut desired = state_json();
        let link = desired["links"][0].clone();
        desired["links"].as_array_mut().unwrap().push(link);
        let (state, problems) = read_state(desired).unwrap();
        assert_eq!((state.links.len(), problems[0].place.as_str()), (0, "link-1"));
    }

    #[test]
    fn a_rule_for_a_vm_knows_where_it_is_and_one_for_none_that_is_told_matches_nothing() {
        for (link, is_there) in [("link-2", true), ("link-3", false), ("link-1", false)] {
            let mut desired = state_json();
            let mut second = desired["links"][0].clone();
            second["id"] = json!("link-2");
            second["guest"]["ipv4"] = json!("10.137.0.10");
            second["rules"]["scan"] = json!(true);
            desired["links"].as_array_mut().unwrap().push(second);
            desired["links"][0]["rules"]["rules"][0]["to"] = json!({ "kind": "vm", "link": link, "name": "printer" });
            let (state, problems) = read_state(desired).unwrap();
            assert_eq!(problems, []);
            let place = match state.links[0].rules.rules[0].to {
                Target::Vm { place, .. } => place,
                _ => None,
            };
            let found = place.map(|place| (place.is_at("10.137.0.10".parse().unwrap()), place.is_scanned));
            assert_eq!(found, is_there.then_some((true, true)), "{link}");
        }
    }

    #[test]
    fn a_rule_of_a_name_makes_its_link_check_names() {
        let mut desired = state_json();
        desired["links"][0]["rules"]["checksNames"] = json!(false);
        assert!(read_state(desired).unwrap().0.links[0].rules.checks_names);
    }
}
