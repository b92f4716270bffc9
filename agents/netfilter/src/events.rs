//! Names and data of the program's events: shared/model/firewall.ts.

use crate::MAX_CELL;
use crate::core::Seen;
use crate::scanner::State;
use crate::scanner::eve::Alert;
use serde_json::{Value, json};

/// How the scanner is.
pub fn scanner(state: State, detail: &str) -> (&'static str, Value) {
    let detail: String = detail.chars().take(MAX_CELL).collect();
    ("scanner", json!({ "state": state.word(), "detail": detail }))
}

/// What it has seen. `of`: whose packet that was.
pub fn alert(of: &Seen, alert: &Alert) -> (&'static str, Value) {
    let port = of.other.port();
    let data = json!({
        "link": of.link,
        "name": of.name,
        "address": of.other.ip().to_string(),
        "port": (port != 0).then_some(port),
        "direction": if of.is_out { "out" } else { "in" },
        "signature": alert.signature,
        "severity": alert.severity,
        "action": if alert.is_dropped { "dropped" } else { "seen" },
    });
    ("alert", data)
}
