//! Cells of the tables "flows" and "links": shared/model/firewall.ts.

use crate::decide::NOT_SHOWN;
use crate::flows::{Flow, Hidden};
use crate::model::Decision;
use crate::netlink::counters::Counter;
use crate::refusals::Refusal;
use serde_json::{Value, json};
use std::time::Instant;

/// Of "reason", in characters, as the host takes it.
const MAX_REASON: usize = 200;

/// In the order in which they began; a connection counts as begun when it is first seen.
pub fn in_order(flows: &[Flow], refusals: &[Refusal], now: Instant) -> Vec<(String, Value)> {
    let flows = flows.iter().map(|flow| (flow.since, flow_row(flow, now)));
    let refusals = refusals.iter().map(|refusal| (refusal.since, refusal_row(refusal, now)));
    let mut rows: Vec<_> = flows.chain(refusals).collect();
    rows.sort_by_key(|(since, _)| *since);
    rows.into_iter().map(|(_, row)| row).collect()
}

pub fn flow_row(flow: &Flow, now: Instant) -> (String, Value) {
    let has_ports = flow.tuple.destination_port != 0;
    let reason = match flow.note.as_str() {
        "" if flow.decision == Decision::Allow => unnamed(flow),
        "" => "cut: the rules changed".to_owned(),
        note => note.to_owned(),
    };
    let reason: String = reason.chars().take(MAX_REASON).collect();
    let cells = json!({
        "link": flow.link,
        "name": flow.name,
        "address": flow.tuple.destination.to_string(),
        "port": has_ports.then_some(flow.tuple.destination_port),
        "sourcePort": has_ports.then_some(flow.tuple.source_port),
        "protocol": flow.protocol,
        "bytesOut": flow.bytes_out,
        "bytesIn": flow.bytes_in,
        "state": flow.state,
        "verdict": flow.decision.word(),
        "rule": flow.rule,
        "revision": flow.revision,
        "reason": reason,
        "count": 1,
        "ageS": now.saturating_duration_since(flow.since).as_secs(),
    });
    (flow_key(flow.serial), cells)
}

/// Which other names a connection may be of that did not say its own, where rules differ about them; "" where they do not.
fn unnamed(flow: &Flow) -> String {
    let others: Vec<&str> = flow.others().collect();
    match others[..] {
        [] => String::new(),
        [one] => format!("it said no name, and may be of {one}"),
        [one, ..] => format!("it said no name, and may be of {one} or {} more", others.len() - 1),
    }
}

pub fn flow_key(serial: u64) -> String {
    format!("c{serial}")
}

/// Of connections that have no row of their own.
pub fn hidden_row(hidden: &Hidden) -> (String, Value) {
    let cells = json!({
        "link": hidden.link,
        "name": null,
        "address": null,
        "port": null,
        "sourcePort": null,
        "protocol": "other",
        "bytesOut": 0,
        "bytesIn": 0,
        "state": "open",
        "verdict": Decision::Allow.word(),
        "rule": NOT_SHOWN,
        "revision": hidden.revision,
        "reason": format!("{} more connections are not shown", hidden.count),
        "count": hidden.count,
        "ageS": 0,
    });
    (hidden_key(&hidden.link), cells)
}

pub fn hidden_key(link: &str) -> String {
    format!("more-{link}")
}

pub fn refusal_row(refusal: &Refusal, now: Instant) -> (String, Value) {
    let kind = &refusal.kind;
    let cells = json!({
        "link": kind.link,
        "name": kind.name,
        "address": kind.address.map(|address| address.to_string()),
        "port": kind.port,
        "sourcePort": null,
        "protocol": kind.protocol,
        "bytesOut": 0,
        "bytesIn": 0,
        "state": "closed",
        "verdict": kind.decision.word(),
        "rule": kind.rule,
        "revision": kind.revision,
        "reason": kind.reason,
        "count": refusal.count,
        "ageS": now.saturating_duration_since(refusal.since).as_secs(),
    });
    (refusal_key(refusal.serial), cells)
}

pub fn refusal_key(serial: u64) -> String {
    format!("d{serial}")
}

/// What is spoofed is counted in the table of the link's own interface.
pub fn link_row(link: &str, counters: &[Counter]) -> (String, Value) {
    let of = |name: &str| counters.iter().find(|own| own.table == "atoll" && own.name == format!("{name}-{link}"));
    let spoofed = counters.iter().find(|own| own.table == link).map_or(0, |own| own.packets);
    let cells = json!({
        "bytesOut": of("out").map_or(0, |own| own.bytes),
        "bytesIn": of("in").map_or(0, |own| own.bytes),
        "packetsDenied": of("denied").map_or(0, |own| own.packets) + spoofed,
    });
    (link.to_owned(), cells)
}
