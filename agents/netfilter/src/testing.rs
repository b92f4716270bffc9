//! What tests of several modules start from.
#![allow(clippy::unwrap_used)]

use crate::model::{Link, State, read_state};
use serde_json::{Value, json};

/// One link with one rule, and an uplink.
pub fn state_json() -> Value {
    json!({
        "links": [{
            "id": "link-1",
            "own": { "mac": "52:54:00:b7:00:01", "ipv4": "10.137.0.5", "ipv6": "fd00:137:1::1" },
            "guest": { "mac": "52:54:00:a7:00:01", "ipv4": "10.137.0.6", "ipv6": "fd00:137:1::2" },
            "rules": {
                "revision": 3,
                "rules": [{ "id": "r1", "decision": "allow", "to": { "kind": "name", "name": "web.example" }, "port": null, "protocol": null, "until": null }],
                "checksNames": true,
                "scan": false,
            },
        }],
        "uplink": {
            "own": { "mac": "52:54:00:c7:00:01", "ipv4": "10.137.255.2", "ipv6": "fd00:137:ffff::2" },
            "gateway": { "ipv4": "10.137.255.1", "ipv6": "fd00:137:ffff::1" },
            "session": "first",
        },
        "dns": [],
        "notInternet": ["81.2.3.0/24"],
        "privateNames": [],
        "scanRules": [],
        "lost": [],
    })
}

/// `rules`: `DECISION TARGET [PORT[/PROTOCOL]]`, a target being `any`, `internet`, a name, `*.name`, a CIDR or `@link-N`. Their ids
/// are the lines. A second link has no rules.
pub fn state_with(rules: &[&str], checks_names: bool) -> State {
    let rules: Vec<Value> = rules.iter().map(|line| rule_json(line)).collect();
    let mut state = state_json();
    state["links"][0]["rules"]["rules"] = json!(rules);
    state["links"][0]["rules"]["checksNames"] = json!(checks_names);
    state["links"].as_array_mut().unwrap().push(second_link_json());
    let (state, problems) = read_state(state).unwrap();
    assert_eq!(problems, []);
    state
}

pub fn second_link_json() -> Value {
    json!({
        "id": "link-2",
        "own": { "mac": "52:54:00:b7:00:02", "ipv4": "10.137.0.9", "ipv6": "fd00:137:2::1" },
        "guest": { "mac": "52:54:00:a7:00:02", "ipv4": "10.137.0.10", "ipv6": "fd00:137:2::2" },
        "rules": { "revision": 3, "rules": [], "checksNames": false, "scan": false },
    })
}

pub fn link_with(rules: &[&str]) -> Link {
    state_with(rules, false).links.remove(0)
}

pub fn rule_json(line: &str) -> Value {
    let words: Vec<&str> = line.split(' ').collect();
    let to = match words[1] {
        "any" => json!({ "kind": "any" }),
        "internet" => json!({ "kind": "internet" }),
        vm if vm.starts_with('@') => json!({ "kind": "vm", "link": &vm[1..], "name": "other" }),
        range if range.contains('/') => json!({ "kind": "addresses", "cidr": range }),
        name => match name.strip_prefix("*.") {
            Some(name) => json!({ "kind": "names-below", "name": name }),
            None => json!({ "kind": "name", "name": name }),
        },
    };
    let (port, protocol) = match words.get(2).map(|port| port.split_once('/').unwrap_or((port, ""))) {
        None => (None, None),
        Some((port, protocol)) => (Some(port.parse::<u16>().unwrap()), (!protocol.is_empty()).then_some(protocol)),
    };
    json!({ "id": line, "decision": words[0], "to": to, "port": port, "protocol": protocol, "until": null })
}
