//! VMs that are scanned, by the real Suricata. Skipped where this machine has none.

use crate::support::{GREETING, PATIENCE, WEB, WEB6, World, echo, silent_echo, state, world};
use nix::sys::signal::{Signal, kill};
use serde_json::{Value, json};
use std::io::{ErrorKind, Read, Write};
use std::process::Command;

const SIGNATURE: &[u8] = b"ATOLL-SCANNER-TEST-SIGNATURE";
const RULES: &str = include_str!("../../../../services/firewall/rules/atoll.rules");
const EICAR: &str = r"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*";

fn scanned(rules: &[&str], files: &[(&str, &str)]) -> Value {
    let mut desired = state(rules);
    desired["links"][0]["rules"]["scan"] = json!(true);
    desired["scanRules"] = files.iter().map(|(file, text)| json!({ "file": file, "text": text })).collect();
    desired
}

/// With a scanner that is ready. `None`, and a word on the terminal: this machine cannot.
fn scanning_world(rules: &[&str], files: &[(&str, &str)]) -> Option<World> {
    if Command::new("suricata").arg("-V").output().is_err() {
        eprintln!("skipped: this needs suricata");
        return None;
    }
    let mut world = world()?;
    if !world
        .firewall
        .can("nft -c add table inet a '{ chain b { type filter hook forward priority 0; queue num 0; }; }'")
    {
        eprintln!("skipped: this machine's kernel has no nft_queue");
        return None;
    }
    assert_eq!(world.tell(scanned(rules, files)), [] as [Value; 0]);
    ready(&mut world);
    Some(world)
}

/// Its detail.
fn ready(world: &mut World) -> String {
    event(world, "scanner", |data| data["state"] == "ready")["detail"].as_str().unwrap().to_owned()
}

fn event(world: &mut World, name: &str, fits: impl Fn(&Value) -> bool) -> Value {
    world.until(name, |message, _| {
        let is_it = message["type"] == "event" && message["name"] == name && fits(&message["data"]);
        is_it.then(|| message["data"].clone())
    })
}

#[test]
fn what_a_rule_drops_does_not_arrive_and_its_connection_is_reset() {
    let Some(mut world) = scanning_world(&["allow internet"], &[("atoll.rules", RULES)]) else { return };
    for address in [WEB, WEB6] {
        let mut stream = world.connect_vm(address, 9000).unwrap();
        echo(&mut stream, b"hello").unwrap();
        world.received.lock().unwrap().clear();
        assert_eq!(echo(&mut stream, SIGNATURE), Err(ErrorKind::ConnectionReset), "{address}");
        assert_eq!(world.received.lock().unwrap().len(), 0);
        let alert = event(&mut world, "alert", |_| true);
        let expected = json!({
            "link": "link-1", "name": null, "address": address, "port": 9000, "direction": "out",
            "signature": "Atoll test signature", "severity": 2, "action": "dropped",
        });
        assert_eq!(alert, expected);
        let reason = "dropped by the traffic scanner: Atoll test signature";
        world.row(json!({ "address": address, "port": 9000, "verdict": "deny", "reason": reason }));
        world.exchange(address, 9000, b"something else").unwrap();
    }
}

#[test]
fn what_a_server_sends_is_looked_at_where_names_are_checked_too() {
    let rules = ["allow web.example", "deny *.other.example"];
    let Some(mut world) = scanning_world(&rules, &[("atoll.rules", RULES)]) else { return };
    world.addresses("web.example");
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{EICAR}", EICAR.len());
    let request = "GET / HTTP/1.1\r\nHost: web.example\r\n\r\n";
    let mut stream = world.connect_vm(WEB, WEB_PORT).unwrap();
    world.answer_with(answer.as_bytes());
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut got = Vec::new();
    assert_eq!(stream.read_to_end(&mut got).map_err(|error| error.kind()), Err(ErrorKind::ConnectionReset));
    assert!(!String::from_utf8_lossy(&got).contains("EICAR"));
    let alert = event(&mut world, "alert", |_| true);
    assert_eq!(
        [&alert["name"], &alert["direction"], &alert["action"], &alert["port"]],
        [&json!("web.example"), &json!("in"), &json!("dropped"), &json!(WEB_PORT)]
    );
}

/// Its server answers what `answer_with` says.
const WEB_PORT: u16 = 8081;

#[test]
fn without_rules_nothing_is_dropped() {
    let Some(world) = scanning_world(&["allow internet"], &[]) else { return };
    for address in [WEB, WEB6] {
        let mut stream = world.connect_vm(address, 80).unwrap();
        for _ in 0..40 {
            echo(&mut stream, &[7; 32 * 1024]).unwrap();
        }
        echo(&mut stream, SIGNATURE).unwrap();
    }
}

#[test]
fn while_the_scanner_is_gone_nothing_passes_and_it_comes_back() {
    let Some(mut world) = scanning_world(&["allow internet"], &[("atoll.rules", RULES)]) else { return };
    let mut stream = world.connect_vm(WEB, 80).unwrap();
    echo(&mut stream, b"hello").unwrap();
    let before = world.scanner().unwrap();
    kill(before, Signal::SIGSTOP).unwrap();
    // Not gone, but it takes nothing.
    assert_eq!(silent_echo(&mut stream, b"hello"), Err(ErrorKind::WouldBlock));
    world.received.lock().unwrap().clear();
    kill(before, Signal::SIGKILL).unwrap();
    event(&mut world, "scanner", |data| data["state"] == "failing");
    assert_eq!(echo(&mut stream, b"hello"), Err(ErrorKind::ConnectionReset));
    ready(&mut world);
    assert_eq!(world.received.lock().unwrap().len(), 0);
    world.exchange(WEB, 80, b"hello").unwrap();
    assert_eq!(world.exchange(WEB, 80, SIGNATURE), Err(ErrorKind::ConnectionReset));
    assert_ne!(world.scanner(), Some(before));
}

#[test]
fn a_vm_that_is_scanned_reaches_nothing_before_the_scanner_works_and_is_told_why() {
    if scanning_world(&[], &[]).is_none() {
        return;
    }
    let Some(mut world) = world() else { return };
    let mut stream = {
        world.tell_rules(&["allow internet"]);
        assert_eq!(world.scanner(), None);
        world.connect_vm(WEB, 80).unwrap()
    };
    world.tell(scanned(&["allow internet"], &[]));
    assert_eq!(world.connect_vm(WEB, 80).unwrap_err(), ErrorKind::ConnectionRefused);
    assert_eq!(echo(&mut stream, b"from before"), Err(ErrorKind::ConnectionReset));
    ready(&mut world);
    world.row(json!({ "address": WEB, "verdict": "deny", "rule": "builtin:not-scanned" }));
    world.exchange(WEB, 80, b"hello").unwrap();
    // Nobody needs it any more.
    world.tell_rules(&["allow internet"]);
    event(&mut world, "scanner", |data| data["state"] == "off");
    world.exchange(WEB, 80, SIGNATURE).unwrap();
}

/// The rules for a VM that waits for its scanner are in force before its connections are cut.
#[test]
fn what_runs_does_not_pass_unscanned_before_it_is_cut() {
    let Some(mut world) = world() else { return };
    world.tell_rules(&["allow internet"]);
    let mut stream = world.connect_vm(WEB, 9000).unwrap();
    echo(&mut stream, b"hello").unwrap();
    // As if it were never cut.
    world.watch(
        "prerouting priority -155",
        "iifname link-1 ct mark set ct mark and 0x7fffffff meta length > 1000",
        "oifname uplink meta length > 1000",
    );
    world.tell(scanned(&["allow internet"], &[]));
    stream.write_all(&[7; 2_000]).unwrap();
    assert_eq!(world.passed_of_seen(), 0);
}

#[test]
fn rules_that_cannot_be_read_are_told_by_line_and_the_old_ones_stay() {
    let old = "drop tcp any any -> any any (msg:\"old\"; content:\"OLD-WORD\"; sid:1000001;)\n";
    let new = "drop tcp any any -> any any (msg:\"new\"; content:\"NEW-WORD\"; sid:1000002;)\n";
    let Some(mut world) = scanning_world(&["allow internet"], &[("own.rules", old)]) else { return };
    let wrong = format!("{new}\nnonsense\n");
    world.tell(scanned(&["allow internet"], &[("own.rules", &wrong)]));
    let detail = ready(&mut world);
    assert!(detail.starts_with("The rules before stay in force. own.rules, line 3: "), "{detail}");
    world.exchange(WEB, 80, b"NEW-WORD").unwrap();
    assert_eq!(world.exchange(WEB, 80, b"OLD-WORD"), Err(ErrorKind::ConnectionReset));
    let running = world.scanner();
    world.tell(scanned(&["allow internet"], &[("own.rules", new)]));
    assert_eq!(ready(&mut world), "");
    let end = std::time::Instant::now() + PATIENCE;
    while world.exchange(WEB, 80, b"NEW-WORD").is_ok() {
        assert!(std::time::Instant::now() < end, "the new rules are not in force");
    }
    world.exchange(WEB, 80, b"OLD-WORD").unwrap();
    assert_eq!(world.scanner(), running);
}

#[test]
fn what_cannot_be_scanned_is_said_to_be_so() {
    let Some(mut world) = scanning_world(&["allow internet"], &[("atoll.rules", RULES)]) else { return };
    let mut stream = world.connect_vm(WEB, 22).unwrap();
    let mut greeting = vec![0; GREETING.len()];
    stream.read_exact(&mut greeting).unwrap();
    stream.write_all(b"SSH-2.0-other\r\n").unwrap();
    world.row(json!({ "port": 22, "verdict": "allow", "reason": "encrypted: the traffic scanner cannot look inside" }));
}
