//! The rules of nftables as text, for `nft -f -`: one transaction, so that there is no moment between two of them. Pure.
//!
//! A packet from a VM passes: the filter of its own interface (`table netdev`: no other source than the VM's own), then at
//! `prerouting`, where its destination is still the one that the VM meant, the chain of its link. That one decides once for
//! each connection and writes what it decided by into the connection's mark (marks.rs); `forward` and `input` let nothing
//! pass that has no such mark. Marked CHECKED, TCP is led to the program's own port, which reads the first flight.

use crate::address::{Cidr, LINKS};
use crate::canary;
use crate::decide::{self, DEFAULT_DENY, Verdict, is_before_end, is_in_force};
use crate::marks::{ALLOWED, CHECKED, CUT, Marks, SCANNED};
use crate::model::{Decision, Link, Port, Rule, Target};
use crate::pins::Element;
use crate::scanner::config::QUEUE;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::net::IpAddr;

pub const UPLINK: &str = "uplink";
/// Where connections are led to whose first flight is read.
pub const CHECK_PORT: u16 = 4443;
/// NFLOG group of what is denied; its prefix is the link's id, and the packet's mark the rule.
pub const DENIED_GROUP: u16 = 2;
/// Connections of one VM at a time: the kernel's table is for all of them, and one that fills it would cut off the others.
const MAX_CONNECTIONS: u32 = 4_000;
/// Elements of each map of a link.
const MAP_SIZE: usize = 65_536;
/// ICMP of IPv6 by its number: nft looks its name up in /etc/protocols, which a small image has not.
const ICMPV6: u8 = 58;

/// Nothing passes: before the first desired state, and at the program's start.
pub const CLOSED: &str = "\
flush ruleset
table inet atoll {
\tchain prerouting { type filter hook prerouting priority -150; policy drop; iifname lo accept; }
\tchain input { type filter hook input priority 0; policy drop; iifname lo accept; }
\tchain forward { type filter hook forward priority 0; policy drop; }
}
";

/// A link whose interface is there.
#[derive(Debug)]
pub struct Joined<'a> {
    pub link: &'a Link,
    /// Its interface came since the last rules, or is another one: its filter is made anew.
    pub is_new: bool,
    /// Its rules are to be tried by canaries before anything of the VM's own passes.
    pub is_shut: bool,
    /// They are other rules than those that canaries have tried: until they are, nothing new of the VM's passes (`tried`).
    pub is_untried: bool,
    pub pins: Vec<Element>,
}

#[derive(Debug)]
pub struct Ruleset<'a> {
    pub joined: Vec<Joined<'a>>,
    /// Ids of links that the last rules had and these have not.
    pub gone: &'a [String],
    /// Ranges that are no internet.
    pub not_internet: &'a [Cidr],
    pub has_uplink: bool,
    /// The scanner works: links that have to be scanned pass by it, else they pass nothing.
    pub has_scanner: bool,
    pub now_ms: u64,
}

macro_rules! line {
    ($text:expr, $($arg:tt)*) => {
        // Writing to a string does not fail.
        { let _ = writeln!($text, $($arg)*); }
    };
}

/// The text. Marks of rules are made as they are needed.
pub fn ruleset(set: &Ruleset<'_>, marks: &mut Marks) -> String {
    let mut text = String::from("add table inet atoll\nflush table inet atoll\n");
    for id in set.gone {
        remove_link(&mut text, id);
    }
    text.push_str("table inet atoll {\n");
    ranges(&mut text, set.not_internet);
    text.push_str("\tset untried { type ifname; }\n");
    for joined in &set.joined {
        objects_of_link(&mut text, &joined.link.id);
    }
    base_chains(&mut text, set);
    scan_chains(&mut text, set);
    for joined in &set.joined {
        chains_of_link(&mut text, joined.link, set, marks);
    }
    text.push_str("}\n");
    fill_ranges(&mut text, set.not_internet);
    text.push_str("flush set inet atoll untried\n");
    for joined in &set.joined {
        if joined.is_untried {
            line!(text, "add element inet atoll untried {{ {} }}", joined.link.id);
        }
        fill_pins(&mut text, &joined.link.id, &joined.pins);
        if joined.is_new {
            filter_of_interface(&mut text, joined.link);
        }
    }
    text
}

/// What the resolver may answer is put in by netlink (elements.rs): these are the maps' names.
pub fn map_name(link: &str, element: &Element) -> String {
    let family = if element.address.is_ipv4() { 4 } else { 6 };
    let kind = if element.port.is_some() { "ports" } else { "hosts" };
    format!("{kind}{family}-{link}")
}

/// Canaries have tried the rules of all links. `shut`: links whose rules the kernel does not keep as they are, of which nothing
/// passes.
pub fn tried(shut: &[String]) -> String {
    let mut text = String::from("flush set inet atoll untried\n");
    for id in shut {
        line!(text, "flush chain inet atoll from-{id}");
        line!(text, "add rule inet atoll from-{id} counter name denied-{id} drop");
    }
    text
}

/// What a link's rules come to, the same for the same rules in every revision.
pub fn meaning(link: &Link, set: &Ruleset<'_>) -> String {
    let mut text = String::new();
    chains_of_link(&mut text, link, set, &mut Marks::default());
    // Rules about names are in no chain: they decide what the maps get.
    let _ = write!(text, "{:?} {:?}", link.rules.rules, set.not_internet);
    text
}

fn remove_link(text: &mut String, id: &str) {
    for chain in ["from", "vms", "hiding", "pinned", "denied"] {
        line!(text, "delete chain inet atoll {chain}-{id}");
    }
    for map in ["ports4", "hosts4", "ports6", "hosts6"] {
        line!(text, "delete map inet atoll {map}-{id}");
    }
    for counter in ["out", "in", "denied"] {
        line!(text, "delete counter inet atoll {counter}-{id}");
    }
    line!(text, "delete set inet atoll count-{id}");
    line!(text, "add table netdev {id}\ndelete table netdev {id}");
}

fn ranges(text: &mut String, all: &[Cidr]) {
    for (family, kind, is_ipv4) in [(4, "ipv4_addr", true), (6, "ipv6_addr", false)] {
        line!(text, "\tset not-internet{family} {{ type {kind}; flags interval; auto-merge; }}");
        debug_assert!(all.iter().any(|range| range.is_ipv4() == is_ipv4));
    }
}

fn fill_ranges(text: &mut String, all: &[Cidr]) {
    for (family, is_ipv4) in [(4, true), (6, false)] {
        let own: Vec<String> = all.iter().filter(|range| range.is_ipv4() == is_ipv4).map(Cidr::to_string).collect();
        line!(text, "flush set inet atoll not-internet{family}");
        line!(text, "add element inet atoll not-internet{family} {{ {} }}", own.join(", "));
    }
}

fn objects_of_link(text: &mut String, id: &str) {
    for (family, kind) in [(4, "ipv4_addr"), (6, "ipv6_addr")] {
        line!(
            text,
            "\tmap ports{family}-{id} {{ type {kind} . inet_proto . inet_service : mark; flags timeout; size {MAP_SIZE}; }}"
        );
        line!(text, "\tmap hosts{family}-{id} {{ type {kind} : mark; flags timeout; size {MAP_SIZE}; }}");
    }
    // Of its own interface, and of the one that canaries come by.
    line!(text, "\tset count-{id} {{ type iface_index; size 2; flags dynamic; }}");
    for counter in ["out", "in", "denied"] {
        line!(text, "\tcounter {counter}-{id} {{ }}");
    }
}

fn base_chains(text: &mut String, set: &Ruleset<'_>) {
    let each = |what: &dyn Fn(&str) -> String| -> String {
        let all: Vec<String> =
            set.joined.iter().filter(|joined| !joined.is_shut).map(|joined| what(&joined.link.id)).collect();
        all.join(", ")
    };
    line!(text, "\tchain cut {{ meta l4proto tcp reject with tcp reset; drop; }}");

    line!(text, "\tchain prerouting {{ type filter hook prerouting priority -150; policy drop;");
    let canary = canary::MARK;
    line!(text, "\t\tiifname lo meta mark {canary:#x} goto canaries");
    line!(text, "\t\tiifname lo accept");
    // Of neighbours alone: what is not from the next hop has another hop limit, and `forward` lets none of it pass.
    line!(text, "\t\ticmpv6 type {{ nd-neighbor-solicit, nd-neighbor-advert }} ip6 hoplimit 255 accept");
    if set.has_uplink {
        line!(text, "\t\tiifname {UPLINK} goto from-uplink");
    }
    let is_any_open = set.joined.iter().any(|joined| !joined.is_shut);
    if is_any_open {
        line!(text, "\t\tiifname vmap {{ {} }}", each(&|id| format!("{id} : goto from-{id}")));
    }
    line!(text, "\t}}");
    // They are judged by their link's chain, which reports the verdict, and go no further.
    line!(text, "\tchain canaries {{");
    for joined in &set.joined {
        let Link { id, guest, .. } = joined.link;
        line!(text, "\t\tip saddr {} goto from-{id}", guest.ipv4);
        line!(text, "\t\tip6 saddr {} goto from-{id}", guest.ipv6);
    }
    line!(text, "\t\tdrop");
    line!(text, "\t}}");
    line!(text, "\tchain canaries-allowed {{ type filter hook prerouting priority -145; policy accept;");
    line!(text, "\t\tiifname lo meta mark {canary:#x} meta mark set ct mark goto canary-ends");
    line!(text, "\t}}");
    line!(text, "\tchain canary-ends {{");
    line!(text, "\t\tlog group {} snaplen 96", canary::GROUP);
    line!(text, "\t\tdrop");
    line!(text, "\t}}");

    // Nothing may connect from outside. A connection that was cut is reset on this side, too.
    line!(
        text,
        "\tchain from-uplink {{ ct mark and {CUT:#x} != 0 goto cut; ct state established,related accept; drop; }}"
    );

    line!(text, "\tchain to-checks {{ type nat hook prerouting priority dstnat; policy accept;");
    line!(text, "\t\tmeta l4proto tcp ct mark and {CHECKED:#x} != 0 redirect to :{CHECK_PORT}");
    line!(text, "\t}}");

    line!(text, "\tchain input {{ type filter hook input priority filter; policy drop;");
    line!(text, "\t\tiifname lo accept");
    line!(text, "\t\tct state established,related accept");
    line!(text, "\t\ticmpv6 type {{ nd-neighbor-solicit, nd-neighbor-advert }} accept");
    if is_any_open {
        line!(text, "\t\tiifname != {{ {} }} drop", each(&str::to_owned));
        line!(text, "\t\tmeta l4proto {{ tcp, udp }} th dport 53 accept");
        line!(text, "\t\tmeta l4proto tcp ct mark and {CHECKED:#x} != 0 accept");
        line!(text, "\t\ticmp type echo-request accept");
        line!(text, "\t\ticmpv6 type echo-request accept");
    }
    line!(text, "\t}}");

    line!(text, "\tchain forward {{ type filter hook forward priority filter; policy drop;");
    line!(text, "\t\tct mark and {ALLOWED:#x} == 0 drop");
    // From one VM to another, where a rule of the first one says so. Of the other one nothing but answers.
    for (from, to) in pairs(set) {
        line!(text, "\t\tiifname {from} oifname {to} accept");
        line!(text, "\t\tiifname {to} oifname {from} ct state established,related accept");
    }
    if set.has_uplink {
        line!(text, "\t\tiifname {UPLINK} ct state established,related accept");
        // The way to another VM may be gone; nobody else has its address.
        line!(text, "\t\tip daddr {} drop", LINKS[0]);
        line!(text, "\t\tip6 daddr {} drop", LINKS[1]);
        line!(text, "\t\tiifname != {UPLINK} oifname {UPLINK} accept");
    }
    line!(text, "\t}}");

    line!(text, "\tchain postrouting {{ type filter hook postrouting priority filter; policy accept;");
    // Of a carried connection that was cut the program's own socket may have more to send, and sends again what the scanner has
    // dropped: by that no scanner goes any more. The VM gets a reset alone. Nor does it get what is of no connection.
    for what in [format!("ct mark and {CUT:#x} != 0"), "ct state invalid".to_owned()] {
        line!(text, "\t\toifname != {UPLINK} tcp flags and rst == 0 {what} counter drop");
    }
    for joined in &set.joined {
        line!(text, "\t\toifname {id} counter name in-{id}", id = joined.link.id);
    }
    line!(text, "\t}}");
    line!(text, "\tchain to-internet {{ type nat hook postrouting priority srcnat; policy accept;");
    line!(text, "\t\toifname {UPLINK} masquerade");
    line!(text, "\t}}");
    // Packets that provoke an answer of a connection that was cut (cut.rs) are of no connection.
    line!(text, "\tchain probes {{ type filter hook output priority raw; policy accept;");
    line!(text, "\t\tmeta mark {CUT:#x} notrack");
    line!(text, "\t}}");
}

/// Links between which a rule lets something pass, the one that begins it first.
fn pairs<'a>(set: &Ruleset<'a>) -> BTreeSet<(&'a str, &'a str)> {
    let is_joined = |id: &str| set.joined.iter().any(|joined| joined.link.id == id);
    let mut all = BTreeSet::new();
    for Link { id, rules, .. } in set.joined.iter().map(|joined| joined.link) {
        for rule in &rules.rules {
            if let Target::Vm { link, place: Some(_), .. } = &rule.to
                && rule.decision == Decision::Allow
                && is_before_end(rule, set.now_ms)
                && is_joined(link)
            {
                all.insert((id.as_str(), link.as_str()));
            }
        }
    }
    all
}

/// Links that are scanned: their packets wait for the scanner's word, as the VM itself sees them, before addresses are changed
/// on the way out and after that on the way back. Without "bypass": where nobody takes them, they are dropped. Without a scanner
/// they are dropped here: connections that run are cut (core.rs) a moment after these rules are in force, and nothing of them passes
/// in that moment.
fn scan_chains(text: &mut String, set: &Ruleset<'_>) {
    let scanned: Vec<&str> =
        set.joined.iter().filter(|own| own.link.rules.scan).map(|own| own.link.id.as_str()).collect();
    if scanned.is_empty() {
        return;
    }
    let links = scanned.join(", ");
    // One that was cut gets no further than its reset (`from-ID`, `postrouting`), which is not kept back here.
    let (of, then) = if set.has_scanner {
        (ALLOWED | CUT | SCANNED, format!("queue num {QUEUE}"))
    } else {
        (ALLOWED | CUT, "drop".to_owned())
    };
    let waits = format!("ct mark and {of:#x} == {ALLOWED:#x} counter {then}");
    let keeps = format!("meta mark and {SCANNED:#x} != 0 ct mark set ct mark or {SCANNED:#x}");
    // Between two of them a packet was looked at when it came: a second time it would be one that was sent again.
    let from_scanned = format!("iifname {{ {links} }} accept");
    for (name, hook, priority, at, rule) in [
        ("scan-out", "prerouting", "-140", "iifname", &waits),
        ("scanned-out", "prerouting", "-130", "iifname", &keeps),
        ("scan-in", "postrouting", "110", "oifname", &waits),
        ("scanned-in", "postrouting", "120", "oifname", &keeps),
    ] {
        line!(text, "\tchain {name} {{ type filter hook {hook} priority {priority}; policy accept;");
        if name == "scan-in" {
            line!(text, "\t\t{from_scanned}");
        }
        line!(text, "\t\t{at} {{ {links} }} {rule}");
        line!(text, "\t}}");
    }
}

/// A rule about addresses alone.
fn line_of_rule(text: &mut String, rule: &Rule, link: &Link, marks: &mut Marks) {
    let mark = marks.mark(Verdict { decision: rule.decision, rule: &rule.id }, link.rules.revision);
    let then = match rule.decision {
        Decision::Allow => format!("ct mark set {mark:#x} accept"),
        Decision::Ask | Decision::Deny => format!("meta mark set {mark:#x} goto denied-{}", link.id),
    };
    for what in matches(rule) {
        line!(text, "\t\t{what}{}{then}", port_match(rule));
    }
}

/// What hides names from the firewall passes by rules that say so, and is refused else.
fn chain_of_hiding(text: &mut String, link: &Link, set: &Ruleset<'_>, marks: &mut Marks) {
    line!(text, "\tchain hiding-{} {{", link.id);
    let can_match = |rule: &&Rule| {
        let meant =
            |(port, _): &(Port, &str)| decide::is_about_port(rule, Some(*port)) && decide::counts_at(rule, Some(*port));
        !needs_name(rule, link) && !is_about_vm(rule) && decide::HIDING_PORTS.iter().any(meant)
    };
    for rule in link.rules.rules.iter().filter(|rule| is_in_force(rule, set.now_ms)).filter(can_match) {
        line_of_rule(text, rule, link, marks);
    }
    for (what, rule) in [("udp dport 443 ", decide::QUIC), ("", decide::ENCRYPTED_DNS)] {
        let mark = marks.mark(Verdict { decision: Decision::Deny, rule }, link.rules.revision);
        line!(text, "\t\t{what}meta mark set {mark:#x} goto denied-{}", link.id);
    }
    line!(text, "\t}}");
}

fn chains_of_link(text: &mut String, link: &Link, set: &Ruleset<'_>, marks: &mut Marks) {
    let id = &link.id;
    let revision = link.rules.revision;
    let mut deny = |rule: &str, decision: Decision| {
        let mark = marks.mark(Verdict { decision, rule }, revision);
        format!("meta mark set {mark:#x} goto denied-{id}")
    };
    let (own4, own6) = (link.own.ipv4, link.own.ipv6);

    line!(text, "\tchain denied-{id} {{");
    line!(text, "\t\tiifname lo goto canary-ends");
    line!(text, "\t\tcounter name denied-{id}");
    line!(text, "\t\tlimit rate 100/second burst 200 packets log group {DENIED_GROUP} prefix \"{id}\" snaplen 96");
    line!(text, "\t\tmeta l4proto tcp reject with tcp reset");
    line!(text, "\t\treject with icmpx admin-prohibited");
    line!(text, "\t}}");

    line!(text, "\tchain pinned-{id} {{");
    line!(text, "\t\tct mark and {ALLOWED:#x} != 0 accept");
    line!(text, "\t\tmeta mark set ct mark goto denied-{id}");
    line!(text, "\t}}");

    line!(text, "\tchain from-{id} {{");
    line!(text, "\t\tiifname {id} counter name out-{id}");
    line!(text, "\t\tct mark and {CUT:#x} != 0 goto cut");
    line!(text, "\t\tct state invalid goto cut");
    line!(text, "\t\tct state established,related accept");
    for (family, address) in [("ip", IpAddr::from(own4)), ("ip6", IpAddr::from(own6))] {
        line!(text, "\t\t{family} daddr {address} meta l4proto {{ tcp, udp }} th dport 53 accept");
    }
    line!(text, "\t\tip daddr {own4} icmp type echo-request limit rate 20/second accept");
    line!(text, "\t\tip6 daddr {own6} icmpv6 type echo-request limit rate 20/second accept");
    // What every system says to its neighbours is no attempt at anything.
    line!(text, "\t\tip6 daddr ff02::/16 meta l4proto {ICMPV6} drop");
    line!(text, "\t\tmeta l4proto igmp drop");
    // Without a word: it is sent again in a moment.
    line!(text, "\t\tiifname @untried drop");
    line!(text, "\t\tip daddr {own4} {}", deny(decide::NOT_INTERNET, Decision::Deny));
    line!(text, "\t\tip6 daddr {own6} {}", deny(decide::NOT_INTERNET, Decision::Deny));
    line!(text, "\t\tmeta l4proto != {{ tcp, udp, icmp, {ICMPV6} }} {}", deny(DEFAULT_DENY, Decision::Deny));
    line!(text, "\t\ticmp type != echo-request {}", deny(DEFAULT_DENY, Decision::Deny));
    line!(text, "\t\ticmpv6 type != echo-request {}", deny(DEFAULT_DENY, Decision::Deny));
    // In a set, since a count of the rule's own would begin anew with each change of rules.
    line!(
        text,
        "\t\tadd @count-{id} {{ iif ct count over {MAX_CONNECTIONS} }} {}",
        deny(decide::TOO_MANY, Decision::Deny)
    );
    line!(text, "\t\tip daddr {} goto vms-{id}", LINKS[0]);
    line!(text, "\t\tip6 daddr {} goto vms-{id}", LINKS[1]);
    if link.rules.scan && !set.has_scanner {
        line!(text, "\t\t{}", deny(decide::NOT_SCANNED, Decision::Deny));
    }
    let families = || [("ip", 4), ("ip6", 6)].into_iter().filter(|_| link.rules.checks_names);
    for (family, version) in families() {
        let lookup = "meta l4proto { tcp, udp } ct mark set";
        line!(text, "\t\t{lookup} {family} daddr . meta l4proto . th dport map @ports{version}-{id} goto pinned-{id}");
    }
    let hiding: Vec<String> =
        decide::HIDING_PORTS.iter().map(|(port, _)| format!("{} . {}", port.transport.number(), port.number)).collect();
    line!(text, "\t\tmeta l4proto . th dport {{ {} }} goto hiding-{id}", hiding.join(", "));
    for (family, version) in families() {
        line!(text, "\t\tct mark set {family} daddr map @hosts{version}-{id} goto pinned-{id}");
    }
    let in_force = || link.rules.rules.iter().filter(|rule| is_in_force(rule, set.now_ms));
    for rule in in_force().filter(|rule| !needs_name(rule, link) && !is_about_vm(rule)) {
        line_of_rule(text, rule, link, marks);
    }
    let mut deny = |rule: &str| {
        let mark = marks.mark(Verdict { decision: Decision::Deny, rule }, revision);
        format!("meta mark set {mark:#x} goto denied-{id}")
    };
    line!(text, "\t\tip daddr @not-internet4 {}", deny(decide::NOT_INTERNET));
    line!(text, "\t\tip6 daddr @not-internet6 {}", deny(decide::NOT_INTERNET));
    // A rule for the internet would have allowed it, had it been looked up.
    for rule in in_force().filter(|rule| needs_name(rule, link) && is_about_all(rule)) {
        line!(text, "\t\t{}{}", port_match(rule), deny(decide::NO_NAME));
    }
    line!(text, "\t\t{}", deny(DEFAULT_DENY));
    line!(text, "\t}}");
    chain_of_hiding(text, link, set, marks);
    chain_of_vms(text, link, set, marks);
}

/// Of what goes to addresses of links: other VMs, and the firewall itself at links of others.
fn chain_of_vms(text: &mut String, link: &Link, set: &Ruleset<'_>, marks: &mut Marks) {
    let Link { id, rules, .. } = link;
    let deny = |rule: &str, marks: &mut Marks| {
        let mark = marks.mark(Verdict { decision: Decision::Deny, rule }, rules.revision);
        format!("meta mark set {mark:#x} goto denied-{id}")
    };
    line!(text, "\tchain vms-{id} {{");
    for rule in rules.rules.iter().filter(|rule| is_in_force(rule, set.now_ms) && decide::counts_for_vms(rule)) {
        if set.has_scanner || !decide::waits_for_scanner(rule, rules) {
            line_of_rule(text, rule, link, marks);
            continue;
        }
        let then = deny(decide::NOT_SCANNED, marks);
        for what in matches(rule) {
            line!(text, "\t\t{what}{}{then}", port_match(rule));
        }
    }
    line!(text, "\t\t{}", deny(decide::OTHER_VM, marks));
    line!(text, "\t}}");
}

/// Whether the rule speaks of what was looked up alone: then the maps say so.
fn needs_name(rule: &Rule, link: &Link) -> bool {
    match rule.to {
        Target::Name { .. } | Target::NamesBelow { .. } => true,
        Target::Any {} | Target::Internet {} => link.rules.checks_names && rule.decision == Decision::Allow,
        Target::Addresses { .. } | Target::Vm { .. } => false,
    }
}

fn is_about_vm(rule: &Rule) -> bool {
    matches!(rule.to, Target::Vm { .. })
}

fn is_about_all(rule: &Rule) -> bool {
    matches!(rule.to, Target::Any {} | Target::Internet {})
}

/// One for each family where they differ. As decide.rs has it.
fn matches(rule: &Rule) -> Vec<String> {
    match &rule.to {
        Target::Any {} => vec![String::new()],
        Target::Internet {} => {
            vec!["ip daddr != @not-internet4 ".to_owned(), "ip6 daddr != @not-internet6 ".to_owned()]
        }
        Target::Addresses { cidr } if cidr.is_ipv4() => vec![format!("ip daddr {cidr} ")],
        Target::Addresses { cidr } => vec![format!("ip6 daddr {cidr} ")],
        Target::Name { .. } | Target::NamesBelow { .. } | Target::Vm { place: None, .. } => Vec::new(),
        Target::Vm { place: Some(place), .. } => {
            vec![format!("ip daddr {} ", place.ipv4), format!("ip6 daddr {} ", place.ipv6)]
        }
    }
}

fn port_match(rule: &Rule) -> String {
    let Some(port) = rule.port else { return String::new() };
    match rule.protocol {
        None => format!("meta l4proto {{ tcp, udp }} th dport {port} "),
        Some(transport) => format!("meta l4proto {} th dport {port} ", transport.number()),
    }
}

fn fill_pins(text: &mut String, id: &str, pins: &[Element]) {
    for (map, is_ipv4, has_port) in
        [("ports4", true, true), ("hosts4", true, false), ("ports6", false, true), ("hosts6", false, false)]
    {
        line!(text, "flush map inet atoll {map}-{id}");
        let own: Vec<String> = pins
            .iter()
            .filter(|pin| pin.address.is_ipv4() == is_ipv4 && pin.port.is_some() == has_port)
            .map(|pin| {
                let port =
                    pin.port.map_or(String::new(), |port| format!(" . {} . {}", port.transport.number(), port.number));
                let lasts = pin.lasts.as_millis().max(1);
                format!("{}{port} timeout {lasts}ms expires {lasts}ms : {:#x}", pin.address, pin.mark)
            })
            .collect();
        if !own.is_empty() {
            line!(text, "add element inet atoll {map}-{id} {{ {} }}", own.join(", "));
        }
    }
}

/// What comes with another source than the VM's own is dropped without a word. Neighbours of both sides are fixed (route.rs):
/// no ARP and no neighbour discovery changes where packets go.
fn filter_of_interface(text: &mut String, link: &Link) {
    let (id, guest) = (&link.id, &link.guest);
    line!(text, "add table netdev {id}\ndelete table netdev {id}");
    line!(text, "table netdev {id} {{");
    line!(text, "\tcounter spoofed {{ }}");
    line!(text, "\tchain ingress {{ type filter hook ingress device \"{id}\" priority -500; policy drop;");
    line!(text, "\t\tether saddr != {} counter name spoofed drop", guest.mac);
    line!(
        text,
        "\t\tether type arp arp htype 1 arp ptype ip arp saddr ether {} arp saddr ip {} accept",
        guest.mac,
        guest.ipv4
    );
    line!(text, "\t\tether type ip ip saddr {} accept", guest.ipv4);
    line!(text, "\t\tether type ip6 ip6 saddr {} accept", guest.ipv6);
    line!(
        text,
        "\t\tether type ip6 ip6 saddr {{ ::, fe80::/10 }} icmpv6 type {{ nd-neighbor-solicit, nd-neighbor-advert }} accept"
    );
    line!(text, "\t\tether type ip6 ip6 saddr {{ ::, fe80::/10 }} ip6 daddr ff02::/16 drop");
    line!(text, "\t\tcounter name spoofed drop");
    line!(text, "\t}}\n}}");
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::address::not_internet;
    use crate::testing::state_with;
    use std::time::Duration;

    fn text(rules: &[&str], checks_names: bool, gone: &[String]) -> String {
        let state = state_with(rules, checks_names);
        let ranges = not_internet(&state.not_internet);
        let pins = ["198.18.0.1", "2001:2::1"]
            .iter()
            .flat_map(|address| [Port::of(6, 443), None].map(|port| (address, port)))
            .map(|(address, port)| Element {
                address: address.parse().unwrap(),
                port,
                mark: 5,
                lasts: Duration::from_secs(90),
            })
            .collect();
        let joined = vec![Joined { link: &state.links[0], is_new: true, is_shut: false, is_untried: false, pins }];
        let set = Ruleset { joined, gone, not_internet: &ranges, has_uplink: true, has_scanner: false, now_ms: 0 };
        ruleset(&set, &mut Marks::default())
    }

    fn chain(text: &str, name: &str) -> Vec<String> {
        let start = text.find(&format!("\tchain {name} {{")).unwrap();
        let lines = text[start..].lines().skip(1).take_while(|line| *line != "\t}");
        lines.map(|line| line.trim().to_owned()).collect()
    }

    #[test]
    fn rules_are_in_their_order_and_what_none_matches_is_denied() {
        let text = text(&["deny any 25", "allow 10.1.0.0/16 22", "allow internet"], false, &[]);
        let rules = chain(&text, "from-link-1");
        let end: Vec<&str> = rules.iter().rev().take(7).rev().map(String::as_str).collect();
        assert_eq!(
            end,
            [
                "meta l4proto { tcp, udp } th dport 25 meta mark set 0x4 goto denied-link-1",
                "ip daddr 10.1.0.0/16 meta l4proto { tcp, udp } th dport 22 ct mark set 0x40000005 accept",
                "ip daddr != @not-internet4 ct mark set 0x40000006 accept",
                "ip6 daddr != @not-internet6 ct mark set 0x40000006 accept",
                "ip daddr @not-internet4 meta mark set 0x1 goto denied-link-1",
                "ip6 daddr @not-internet6 meta mark set 0x1 goto denied-link-1",
                "meta mark set 0x2 goto denied-link-1",
            ]
        );
    }

    #[test]
    fn between_vms_passes_what_a_rule_for_one_begins_and_what_answers_it_and_else_nothing() {
        let state = |rules: &[&str]| {
            let mut state = state_with(rules, false);
            state.uplink = None;
            state
        };
        let text = |state: &crate::model::State, has_uplink, links: usize| {
            let ranges = not_internet(&[]);
            let joined = |link| Joined { link, is_new: true, is_shut: false, is_untried: false, pins: Vec::new() };
            let joined = state.links.iter().take(links).map(joined).collect();
            let set = Ruleset { joined, gone: &[], not_internet: &ranges, has_uplink, has_scanner: false, now_ms: 5 };
            ruleset(&set, &mut Marks::default())
        };
        let forward = |rules: &[&str], has_uplink| chain(&text(&state(rules), has_uplink, 2), "forward");
        let no_other: &[&str] = &["ct mark and 0x40000000 == 0 drop"];
        for rules in [&[][..], &["allow any", "allow 10.137.0.0/16", "allow internet", "deny @link-2", "allow @link-9"]]
        {
            assert_eq!(forward(rules, false), no_other, "{rules:?}");
            // With an uplink all that is accepted goes by it.
            let by_uplink = forward(rules, true);
            assert!(by_uplink.iter().all(|line| line.contains("uplink") || line.ends_with("drop")), "{by_uplink:?}");
        }
        let opened = [
            "iifname link-1 oifname link-2 accept",
            "iifname link-2 oifname link-1 ct state established,related accept",
        ];
        assert_eq!(forward(&["allow @link-2 631", "allow @link-2 80"], false)[1..], opened);
        // No way is left that its interface has: by the uplink nothing goes to a VM.
        assert_eq!(chain(&text(&state(&["allow @link-2"]), false, 1), "forward"), no_other);
        let mut over = state(&["allow @link-2"]);
        over.links[0].rules.rules[0].until = Some(5);
        assert_eq!(chain(&text(&over, false, 2), "forward"), no_other);
        let lines = chain(&text(&state(&["deny any 25", "allow any", "allow @link-2 631"]), true, 2), "vms-link-1");
        assert_eq!(lines.len(), 4, "{lines:?}");
        assert!(lines[0].starts_with("meta l4proto { tcp, udp } th dport 25 meta mark set"));
        assert!(lines[1].starts_with("ip daddr 10.137.0.10 meta l4proto { tcp, udp } th dport 631 ct mark set"));
        assert!(lines[2].starts_with("ip6 daddr fd00:137:2::2 meta l4proto { tcp, udp } th dport 631 ct mark set"));
        assert!(lines[3].ends_with("goto denied-link-1"));
    }

    #[test]
    fn a_rule_for_everything_is_about_each_address() {
        let rules = chain(&text(&["allow any"], false, &[]), "from-link-1");
        assert!(rules.contains(&"ct mark set 0x40000004 accept".to_owned()), "{rules:#?}");
    }

    #[test]
    fn where_names_count_a_rule_for_the_internet_needs_one() {
        let text = text(&["deny *.corp", "allow internet"], true, &[]);
        let rules = chain(&text, "from-link-1").join("\n");
        assert!(!rules.contains("accept\nip6 daddr != @not-internet6"));
        assert!(rules.contains("ct mark set ip daddr . meta l4proto . th dport map @ports4-link-1 goto pinned-link-1"));
        let end: Vec<&str> = rules.lines().rev().take(2).collect();
        assert_eq!(end, ["meta mark set 0x2 goto denied-link-1", "meta mark set 0x4 goto denied-link-1"]);
    }

    #[test]
    fn what_hides_names_has_a_chain_of_the_rules_that_name_it() {
        for checks_names in [false, true] {
            let all = &["deny any 25", "deny 1.2.3.0/24", "allow 9.9.9.9/32 53", "allow internet"];
            let text = text(all, checks_names, &[]);
            let rules = chain(&text, "from-link-1");
            let at = |start: &str| rules.iter().position(|rule| rule.starts_with(start));
            let hiding = at("meta l4proto . th dport { 6 . 53, 17 . 53,").unwrap();
            // Before what a rule says of all ports of an address, and before general rules.
            assert!([at("ct mark set ip daddr map"), at("ip daddr != @not")].iter().flatten().all(|own| hiding < *own));
            let end = ["deny 1.2.3.0/24", "allow 9.9.9.9/32 53", decide::QUIC, decide::ENCRYPTED_DNS];
            assert_eq!(chain(&text, "hiding-link-1").len(), end.len());
        }
    }

    #[test]
    fn what_must_be_scanned_does_not_pass_without_a_scanner() {
        let mut state = state_with(&["allow internet"], false);
        state.links[0].rules.scan = true;
        let ranges = not_internet(&[]);
        let joined =
            vec![Joined { link: &state.links[0], is_new: false, is_shut: false, is_untried: false, pins: Vec::new() }];
        let set = Ruleset { joined, gone: &[], not_internet: &ranges, has_uplink: true, has_scanner: false, now_ms: 0 };
        let rules = chain(&ruleset(&set, &mut Marks::default()), "from-link-1");
        let scan = rules.iter().position(|rule| rule == "meta mark set 0x4 goto denied-link-1").unwrap();
        assert!(rules.iter().position(|rule| rule.contains("ct mark set")).is_none_or(|accept| scan < accept));
    }

    #[test]
    fn what_is_scanned_waits_for_the_scanner_and_never_passes_it() {
        let mut state = state_with(&["allow internet"], false);
        let ranges = not_internet(&[]);
        let text = |state: &crate::model::State, has_scanner| {
            let joined = vec![Joined {
                link: &state.links[0],
                is_new: false,
                is_shut: false,
                is_untried: false,
                pins: Vec::new(),
            }];
            let set = Ruleset { joined, gone: &[], not_internet: &ranges, has_uplink: true, has_scanner, now_ms: 0 };
            ruleset(&set, &mut Marks::default())
        };
        // Not scanned: nothing is queued, whether a scanner works or not.
        assert!(!text(&state, true).contains("queue"));
        state.links[0].rules.scan = true;
        let without = text(&state, false);
        let text = text(&state, true);
        assert!(!without.contains("queue"));
        for (name, at) in [("scan-out", "iifname"), ("scan-in", "oifname")] {
            let queue = format!("{at} {{ link-1 }} ct mark and 0xd0000000 == 0x40000000 counter queue num 0");
            let from_scanned = (name == "scan-in").then(|| "iifname { link-1 } accept".to_owned());
            assert_eq!(chain(&text, name), from_scanned.clone().into_iter().chain([queue]).collect::<Vec<_>>());
            // What the scanner had seen enough of is no exception.
            let drop = format!("{at} {{ link-1 }} ct mark and 0xc0000000 == 0x40000000 counter drop");
            assert_eq!(chain(&without, name), from_scanned.into_iter().chain([drop]).collect::<Vec<_>>());
        }
        assert!(!text.contains("bypass"));
        assert!(!chain(&text, "from-link-1").contains(&"meta mark set 0x4 goto denied-link-1".to_owned()));
    }

    #[test]
    fn of_a_link_that_is_shut_nothing_but_canaries_comes_to_its_rules() {
        let state = state_with(&["allow internet"], false);
        let ranges = not_internet(&[]);
        let text = |is_shut| {
            let joined =
                vec![Joined { link: &state.links[0], is_new: true, is_shut, is_untried: false, pins: Vec::new() }];
            let set =
                Ruleset { joined, gone: &[], not_internet: &ranges, has_uplink: true, has_scanner: false, now_ms: 0 };
            ruleset(&set, &mut Marks::default())
        };
        let by_interface = "iifname vmap { link-1 : goto from-link-1 }".to_owned();
        assert!(chain(&text(false), "prerouting").contains(&by_interface));
        let shut = text(true);
        assert!(!chain(&shut, "prerouting").iter().chain(&chain(&shut, "input")).any(|rule| rule.contains("link-1")));
        assert!(chain(&shut, "canaries").iter().any(|rule| rule.ends_with("goto from-link-1")));
    }

    #[test]
    fn rules_are_not_asked_about_new_connections_before_they_were_tried() {
        let mut state = state_with(&["allow internet", "deny *.corp"], true);
        let ranges = not_internet(&[]);
        let set = |state: &crate::model::State, is_untried| {
            let joined =
                vec![Joined { link: &state.links[0], is_new: false, is_shut: false, is_untried, pins: vec![] }];
            let set =
                Ruleset { joined, gone: &[], not_internet: &ranges, has_uplink: true, has_scanner: false, now_ms: 0 };
            (ruleset(&set, &mut Marks::default()), meaning(&state.links[0], &set))
        };
        let (text, before) = set(&state, true);
        let rules = chain(&text, "from-link-1");
        let at = |start: &str| rules.iter().position(|rule| rule.starts_with(start)).unwrap();
        let untried = at("iifname @untried drop");
        assert!(at("ct state established,related accept") < untried);
        assert!(rules.iter().take(untried).all(|rule| !rule.contains("ct mark set")));
        assert!(text.contains("\nflush set inet atoll untried\nadd element inet atoll untried { link-1 }\n"));
        assert!(!set(&state, false).0.contains("add element inet atoll untried"));
        // The same rules in another revision are no others, and another name is.
        state.links[0].rules.revision += 1;
        assert_eq!(set(&state, false).1, before);
        state.links[0].rules.rules.pop();
        assert_ne!(set(&state, false).1, before);
    }

    #[test]
    fn nft_takes_the_text() {
        let all: &[&str] = &[
            "deny any 25",
            "ask internet 8080",
            "allow 2001:2::/48",
            "deny 1.2.3.4/32",
            "allow web.example",
            "allow @link-2 631",
            "allow any",
        ];
        if let Err(reason) = crate::nft::check("table inet probe { }") {
            eprintln!("skipped: {reason}");
            return;
        }
        for checks_names in [false, true] {
            let text = text(all, checks_names, &[]);
            // Interfaces are not there: the filter of the link's own is left out.
            let (rules, _) = text.split_once("add table netdev").unwrap();
            crate::nft::check(rules).unwrap();
        }
    }
}
