//! The golden vectors of what Atoll and this program say to each other; main/networks/firewall-vectors.test.ts runs them, too.
#![allow(clippy::unwrap_used)]

use crate::address::not_internet;
use crate::core::Seen;
use crate::decide::{self, World};
use crate::events;
use crate::flows::{Candidate, Flow, Flows, Hidden};
use crate::marks::Marks;
use crate::model::{Decision, Port, Transport, read_state};
use crate::netlink::conntrack::{Connection, TCP, Tuple};
use crate::netlink::counters::Counter;
use crate::refusals::{Kind, Refusals};
use crate::rows::{flow_row, hidden_row, in_order, link_row, refusal_row};
use crate::scanner::State;
use crate::scanner::eve::Alert;
use crate::testing::{second_link_json, state_json};
use crate::{MAX_CELL, service};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::time::{Duration, Instant};

fn vectors() -> Value {
    serde_json::from_str(include_str!("../../../shared/model/firewall-vectors.json")).unwrap()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap()
}

#[test]
fn the_state_is_read() {
    let (state, problems) = read_state(vectors()["state"].clone()).unwrap();
    assert_eq!(problems, []);
    assert_eq!((state.links.len(), state.private_names.len(), state.scan_rules.len()), (1, 2, 1));
    assert_eq!(state.lost[0].source_port, 40_000);
    let rule = &state.links[0].rules.rules[0];
    assert_eq!((rule.port, rule.protocol, rule.until), (Some(443), Some(Transport::Tcp), Some(1_795_910_400_000)));
    let only_running: Vec<bool> = state.links[0].rules.rules.iter().map(|rule| rule.only_running).collect();
    assert_eq!(only_running, [false, true]);
}

/// What the host takes as a setting is of use here: one that is not would leave nothing in force.
#[test]
fn settings_are_read_as_the_host_takes_them() {
    let vectors = vectors();
    let is_read = |field: &str, text: &Value| {
        let mut desired = state_json();
        desired[field] = json!([text]);
        read_state(desired).is_ok()
    };
    let settings = &vectors["settings"];
    let names = settings["privateAnswers"]["taken"].as_object().unwrap().values();
    for (field, taken, refused) in [
        ("dns", list(&settings["dns"]["taken"]).iter().collect::<Vec<_>>(), &settings["dns"]["refused"]),
        ("privateNames", names.collect(), &settings["privateAnswers"]["refused"]),
    ] {
        assert!(!taken.is_empty());
        for text in taken {
            assert!(is_read(field, text), "{field} {text}");
        }
        for text in list(refused) {
            assert!(!is_read(field, text), "{field} {text}");
        }
    }
}

#[test]
fn rules_decide_as_the_policy_does() {
    let ranges = not_internet(&["8.8.4.0/24", "198.19.7.7/24", "2001:2:0:7::7/64"].map(|range| range.parse().unwrap()));
    let world = World { not_internet: &ranges, private_names: &[], now_ms: 0, has_scanner: true, begun_by: None };
    for case in list(&vectors()["decisions"]) {
        let mut desired = state_json();
        let rules = list(&case["rules"]).iter().enumerate().map(|(index, rule)| {
            let mut rule = rule.clone();
            rule["id"] = json!(index.to_string());
            rule["until"] = Value::Null;
            rule
        });
        desired["links"][0]["rules"] = json!({
            "revision": 1, "rules": rules.collect::<Vec<_>>(), "checksNames": false, "scan": false,
        });
        desired["links"].as_array_mut().unwrap().push(second_link_json());
        let (state, problems) = read_state(desired).unwrap();
        assert_eq!(problems, []);
        for connection in list(&case["connections"]) {
            let (to, outcome) = (text(&connection[0]), text(&connection[1]));
            let mut words = to.split(' ');
            let transport = if words.next() == Some("tcp") { Transport::Tcp } else { Transport::Udp };
            let place = words.next().unwrap();
            let (name, address) = place.split_once('=').map_or((None, place), |(name, address)| (Some(name), address));
            let port = Some(Port { transport, number: words.next().unwrap().parse().unwrap() });
            let names: Vec<&str> = name.into_iter().collect();
            let verdict = decide::connection(&state.links[0].rules, &names, address.parse().unwrap(), port, world);
            let decided = format!("{} {}", verdict.decision.word(), verdict.rule);
            assert_eq!(decided, outcome, "{} {to}", case["policy"]);
        }
    }
}

#[test]
fn rows_are_made_as_the_host_takes_them() {
    let rows = vectors()["rows"].clone();
    let same =
        |kind: &str, (key, cells): (String, Value)| assert_eq!(json!({ "key": key, "cells": cells }), rows[kind]);
    let start = Instant::now();

    let mut marks = Marks::default();
    let mark = marks.mark(decide::Verdict { decision: Decision::Allow, rule: "r1" }, 4);
    let tuple = Tuple {
        source: "10.137.0.6".parse().unwrap(),
        destination: "198.18.0.1".parse().unwrap(),
        protocol: TCP,
        source_port: 1000,
        destination_port: 443,
    };
    let mut flows = Flows::default();
    let links = HashMap::from([(tuple.source, "link-1".to_owned())]);
    let all = [Connection::of_test(1, tuple, mark, 120, Some(3))];
    let web = Candidate { name: "web.example".to_owned(), rule: "r1".to_owned() };
    flows.see(&all, &links, &marks, |_, _| vec![web.clone()], start);
    let mut flows = flows.changed(start).0;
    same("flow", flow_row(&flows[0], start + Duration::from_secs(7)));

    same("hidden", hidden_row(&Hidden { link: "link-1".to_owned(), count: 12, revision: 4 }));

    let mut refusals = Refusals::default();
    let kind = Kind {
        link: "link-1".to_owned(),
        name: None,
        address: "2001:2::1".parse().ok(),
        port: Some(25),
        protocol: "udp",
        decision: Decision::Ask,
        rule: "builtin:first-use".to_owned(),
        revision: 4,
        reason: "it asks",
    };
    refusals.add(kind, 2, start);
    let refusals = refusals.changed(start).0;
    same("refusal", refusal_row(&refusals[0], start + Duration::from_secs(3)));

    let keys = |flows: &[Flow]| in_order(flows, &refusals, start).into_iter().map(|(key, _)| key).collect::<Vec<_>>();
    assert_eq!(keys(&flows), ["c1", "d1"]);
    flows[0].since += Duration::from_secs(1);
    assert_eq!(keys(&flows), ["d1", "c1"]);

    let counters = [("atoll", "out-link-1", 10, 1), ("atoll", "in-link-1", 20, 1), ("atoll", "denied-link-1", 9, 3)]
        .into_iter()
        .chain([("link-1", "spoofed", 9, 2)])
        .map(|(table, name, bytes, packets)| Counter {
            table: table.to_owned(),
            name: name.to_owned(),
            bytes,
            packets,
        });
    same("link", link_row("link-1", &counters.collect::<Vec<_>>()));
}

#[test]
fn events_are_made_as_the_host_takes_them() {
    let vectors = vectors();
    let same = |kind: &str, (name, data): (&str, Value)| {
        assert_eq!(json!({ "name": name, "data": data }), vectors["events"][kind], "{kind}");
    };
    same("works", events::scanner(State::Ready, ""));
    // As long as a text may be, in characters.
    let cut = text(&vectors["events"]["fails"]["data"]["detail"]);
    assert_eq!(cut.chars().count(), MAX_CELL);
    same("fails", events::scanner(State::Failing, &format!("{cut} and more")));

    let seen = |name: Option<&str>, is_out, other: &str| Seen {
        link: "link-1".to_owned(),
        name: name.map(str::to_owned),
        is_out,
        vm: "10.137.0.6:40000".parse().unwrap(),
        other: other.parse().unwrap(),
    };
    let alert = |is_dropped| {
        let (from, to) = ("198.18.0.1:80".parse().unwrap(), "10.137.0.6:40000".parse().unwrap());
        Alert { from, to, signature: "Atoll test".to_owned(), severity: 2, is_dropped }
    };
    same("dropped", events::alert(&seen(Some("web.example"), false, "198.18.0.1:80"), &alert(true)));
    same("seen", events::alert(&seen(None, true, "[2001:2::1]:0"), &alert(false)));
}

#[test]
fn limits_are_within_those_of_the_host() {
    let limits = &vectors()["limits"];
    assert_eq!(service::MAX_TO_PROGRAM_BYTES, number(&limits["toProgramBytes"]) + 1, "a line, with its line feed");
    assert!(service::MAX_ROWS as u64 <= number(&limits["rowsAtOnce"]));
    assert_eq!(service::MAX_PROBLEMS as u64, number(&limits["problems"]));
    assert!(service::MAX_REASON as u64 <= number(&limits["sentence"]));
    assert_eq!(MAX_CELL as u64, number(&limits["cellCharacters"]));
}

#[test]
fn names_of_rules_that_no_line_is_of_are_known_to_the_host() {
    let vectors = vectors();
    let known: Vec<&str> = list(&vectors["builtins"]).iter().map(text).collect();
    for own in [
        decide::DEFAULT_DENY,
        decide::PRIVATE_ANSWER,
        decide::NOT_INTERNET,
        decide::SPOOFED,
        decide::NAME_MISMATCH,
        decide::NO_NAME,
        decide::QUIC,
        decide::ENCRYPTED_DNS,
        decide::OTHER_VM,
        decide::NOT_SCANNED,
        decide::TOO_MANY,
        decide::NOT_SHOWN,
    ] {
        assert!(known.contains(&own), "{own}");
    }
}
