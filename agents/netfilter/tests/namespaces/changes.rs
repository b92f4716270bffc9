//! What becomes of connections that run when rules change, and of those that the firewall does not know any more.

use crate::support::{ENDLESS_PORT, Namespace, OTHER, PATIENCE, WEB, WEB6, World, echo, state, state_of_two, world};
use hickory_proto::op::ResponseCode;
use hickory_proto::rr::RecordType;
use serde_json::{Value, json};
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// A connection by which something comes all the while.
fn download(world: &World, address: &str, host: &str) -> TcpStream {
    let mut stream = world.connect_vm(address, ENDLESS_PORT).unwrap();
    stream.write_all(format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes()).unwrap();
    comes(&mut stream);
    stream
}

/// More of it does.
fn comes(stream: &mut TcpStream) {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    // More than waited already.
    let mut left = 256 * 1024;
    let mut buffer = [0; 4096];
    while left > 0 {
        let length = stream.read(&mut buffer).unwrap();
        assert_ne!(length, 0);
        left -= length.min(left);
    }
}

/// It ends with a reset, and what is still on its way is no more than was.
fn is_reset(stream: &mut TcpStream, what: &str) {
    let end = Instant::now() + PATIENCE;
    let mut buffer = [0; 65_536];
    loop {
        let left = end.checked_duration_since(Instant::now()).unwrap_or_else(|| panic!("{what}: no reset"));
        stream.set_read_timeout(Some(left.max(Duration::from_millis(1)))).unwrap();
        match stream.read(&mut buffer) {
            Ok(0) => panic!("{what}: an end in order"),
            Ok(_) => {}
            Err(error) => return assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{what}"),
        }
    }
}

#[test]
fn a_download_is_not_touched_by_rules_that_allow_it_and_reset_by_those_that_do_not() {
    let Some(mut world) = world() else { return };
    for (address, kind) in [(WEB, RecordType::A), (WEB6, RecordType::AAAA)] {
        for (allow, host) in [("allow web.example", "web.example"), ("allow internet", "any")] {
            for is_half_closed in [false, true] {
                let what = format!("{address} {allow} {is_half_closed}");
                world.tell_rules(&[allow]);
                assert_eq!(world.look_up("web.example", kind).0, ResponseCode::NoError);
                let mut stream = download(&world, address, host);
                if is_half_closed {
                    stream.shutdown(Shutdown::Write).unwrap();
                    comes(&mut stream);
                }
                world.tell_rules(&[allow, "allow other.example 22"]);
                comes(&mut stream);
                world.tell_rules(&["allow other.example"]);
                is_reset(&mut stream, &what);
                world.no_download_runs(&what);
            }
        }
    }
}

#[test]
fn what_a_rule_for_what_runs_has_begun_goes_on_and_nothing_begins_by_it() {
    let Some(mut world) = world() else { return };
    // A twin has the same address, so that the kernel alone does not know by which rule it began.
    let rules = ["allow twin.example", "allow web.example"];
    world.tell_rules(&rules);
    for name in ["web.example", "twin.example"] {
        assert_eq!(world.look_up(name, RecordType::A).0, ResponseCode::NoError);
    }
    let mut stream = download(&world, WEB, "web.example");
    let mut requests = idle(&world, WEB, 8080);
    let mut desired = state(&rules);
    desired["links"][0]["rules"]["rules"][1]["onlyRunning"] = json!(true);
    assert_eq!(world.tell(desired), [] as [Value; 0]);
    comes(&mut stream);
    echo(&mut requests, REQUEST).unwrap();
    assert_eq!(world.look_up("web.example", RecordType::A).0, ResponseCode::Refused);
    assert_eq!(world.exchange(WEB, 8080, REQUEST), Err(ErrorKind::ConnectionReset));
    world.tell_rules(&["allow twin.example"]);
    is_reset(&mut stream, "a download");
    is_reset(&mut requests, "requests");
}

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: web.example\r\n\r\n";

/// The VM only waits for more.
fn idle(world: &World, address: &str, port: u16) -> TcpStream {
    let mut stream = world.connect_vm(address, port).unwrap();
    echo(&mut stream, REQUEST).unwrap();
    stream
}

fn is_told_of_the_reset(stream: &mut TcpStream, what: &str) {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    assert_eq!(stream.read(&mut [0]).unwrap_err().kind(), ErrorKind::ConnectionReset, "{what}");
}

#[test]
fn connections_that_an_earlier_firewall_carried_are_reset_idle_ones_too() {
    let Some(mut world) = world() else { return };
    world.tell_rules(&["allow internet"]);
    for address in [WEB, WEB6] {
        let (mut sends, mut waits, mut runs) =
            (idle(&world, address, 80), idle(&world, address, 8080), idle(&world, OTHER, 9000));
        world.forget_connections();
        // Of a connection that is not known nothing passes, and the VM learns it by the answer.
        assert_eq!(echo(&mut sends, b"more"), Err(ErrorKind::ConnectionReset), "{address}");
        let lost = |stream: &TcpStream| {
            let (from, to) = (stream.local_addr().unwrap(), stream.peer_addr().unwrap());
            json!({ "link": "link-1", "sourcePort": from.port(), "address": to.ip(), "port": to.port() })
        };
        let mut again = idle(&world, address, 80);
        let mut desired = state(&["allow internet"]);
        // One that is known by now goes on, whatever the state says of it.
        desired["lost"] = json!([lost(&waits), lost(&again)]);
        assert_eq!(world.tell(desired), [] as [Value; 0]);
        is_told_of_the_reset(&mut waits, address);
        echo(&mut again, b"more").unwrap();
        assert_eq!(echo(&mut runs, b"more"), Err(ErrorKind::ConnectionReset));
    }
}

#[test]
fn connections_of_a_program_that_was_killed_are_reset_idle_ones_too() {
    let Some(mut world) = world() else { return };
    for rule in ["allow internet", "allow web.example"] {
        world.tell_rules(&[rule]);
        assert_eq!(world.look_up("web.example", RecordType::A).0, ResponseCode::NoError);
        let mut waits = idle(&world, WEB, 80);
        world.kill_program();
        world.start_program();
        world.tell_rules(&[rule]);
        is_told_of_the_reset(&mut waits, rule);
    }
}

#[test]
fn connections_by_an_uplink_that_was_lost_are_reset_and_new_ones_pass() {
    let Some(mut world) = world() else { return };
    for rule in ["allow internet", "allow web.example"] {
        world.tell_rules(&[rule]);
        assert_eq!(world.look_up("web.example", RecordType::A).0, ResponseCode::NoError);
        let mut waits = idle(&world, WEB, 80);
        // So that its interface was seen as it is.
        world.row(json!({ "address": WEB, "port": 80, "state": "open" }));
        world.lose_uplink();
        is_told_of_the_reset(&mut waits, rule);
        idle(&world, WEB, 80);
    }
}

/// Its carrier has gone and come before the firewall's VM could see it: nothing shows it but the desired state.
#[test]
fn connections_by_an_uplink_of_an_earlier_session_are_reset_and_new_ones_pass() {
    let Some(mut world) = world() else { return };
    for (number, rule) in ["allow internet", "allow web.example"].into_iter().enumerate() {
        for (address, kind) in [(WEB, RecordType::A), (WEB6, RecordType::AAAA)] {
            let what = format!("{rule} at {address}");
            let mut desired = state(&[rule]);
            desired["uplink"]["session"] = json!(format!("{number} {address}"));
            assert_eq!(world.tell(desired.clone()), [] as [Value; 0]);
            assert_eq!(world.look_up("web.example", kind).0, ResponseCode::NoError);
            let mut waits = idle(&world, address, 80);
            let mut loads = download(&world, address, "web.example");
            // The same one again is no other.
            assert_eq!(world.tell(desired.clone()), [] as [Value; 0]);
            comes(&mut loads);
            desired["uplink"]["session"] = json!(format!("{number} {address} again"));
            assert_eq!(world.tell(desired), [] as [Value; 0]);
            let mut again = idle(&world, address, 80);
            is_told_of_the_reset(&mut waits, &what);
            is_reset(&mut loads, &what);
            echo(&mut again, REQUEST).unwrap();
        }
    }
}

/// As where the application was killed: what joins the links was lost with it, and is made anew.
#[test]
fn connections_by_an_uplink_that_was_lost_while_the_vm_was_cut_off_are_reset_when_it_is_back() {
    let Some(mut world) = world() else { return };
    for rule in ["allow internet", "allow web.example"] {
        for (address, kind) in [(WEB, RecordType::A), (WEB6, RecordType::AAAA)] {
            let what = format!("{rule} at {address}");
            world.tell_rules(&[rule]);
            assert_eq!(world.look_up("web.example", kind).0, ResponseCode::NoError);
            let mut waits = idle(&world, address, 80);
            let mut loads = download(&world, address, "web.example");
            comes(&mut loads);
            for port in [80, ENDLESS_PORT] {
                world.row(json!({ "address": address, "port": port, "state": "open" }));
            }
            world.unplugged(|world| {
                world.lose_uplink();
                for port in [80, ENDLESS_PORT] {
                    world.row(json!({ "address": address, "port": port, "state": "closed" }));
                }
            });
            is_told_of_the_reset(&mut waits, &what);
            is_reset(&mut loads, &what);
            idle(&world, address, 80);
        }
    }
}

/// Connects again and again until it is over: how often it did, and how often it did not.
fn tries(vm: &Namespace, address: &str, is_over: &Arc<AtomicBool>) -> JoinHandle<(u32, u32)> {
    /// The kernel sends what was dropped again after a second, which would hide that it was dropped.
    const BEFORE_IT_IS_SENT_AGAIN: Duration = Duration::from_millis(900);
    let (to, is_over) = (SocketAddr::new(address.parse().unwrap(), 80), Arc::clone(is_over));
    vm.apart(move || {
        let (mut reached, mut failed) = (0, 0);
        while !is_over.load(Ordering::Relaxed) {
            // A word on it, since a server's queue of those that nobody has taken yet is short.
            let talk = |mut stream| echo(&mut stream, b"hello").ok();
            match TcpStream::connect_timeout(&to, BEFORE_IT_IS_SENT_AGAIN).ok().and_then(talk) {
                Some(()) => reached += 1,
                None => failed += 1,
            }
        }
        (reached, failed)
    })
}

#[test]
fn nothing_new_passes_by_changed_rules_before_they_were_tried_and_other_vms_do_not_notice() {
    let Some(mut world) = world() else { return };
    let other = world.second_vm(&["allow internet"]);
    assert_eq!(world.tell(state_of_two(&["allow 198.18.0.10/32"], &["allow internet"])), [] as [Value; 0]);
    let mut open = idle(&world, WEB, 80);
    // So that to try the rules takes its time: canaries that do not come back are waited for.
    world.firewall.run(
        "nft 'table inet other {
            chain first {
                type filter hook prerouting priority -151
                iifname lo meta mark != 0 ip saddr 10.137.0.6 ip daddr 10.255.255.254 drop
            }
        }'",
    );
    let is_over = Arc::new(AtomicBool::new(false));
    let all = [tries(&world.vm, OTHER, &is_over), tries(&other, OTHER, &is_over)];
    let problems = world.tell(state_of_two(&["allow internet"], &["allow internet"]));
    is_over.store(true, Ordering::Relaxed);
    assert_eq!(problems.len(), 1, "{problems:?}");
    let [(reached, _), (of_other, failed)] = all.map(|one| one.join().unwrap());
    assert_eq!((reached, failed), (0, 0));
    assert!(of_other > 0);
    world.firewall.run("nft delete table inet other");
    world.until("in force", |message, _| {
        (message["type"] == "applied" && message["problems"] == json!([])).then_some(())
    });
    world.exchange(OTHER, 80, b"hello").unwrap();
    echo(&mut open, b"and on").unwrap();
}

/// A connection is marked as cut before the program comes to its own two sockets, which may have more to send, or send again what the
/// scanner has dropped.
#[test]
fn what_the_program_still_sends_of_a_connection_that_was_cut_does_not_arrive() {
    let Some(mut world) = world() else { return };
    world.tell_rules(&["allow web.example"]);
    world.answer_with(&[b'x'; 2_000]);
    for (address, kind) in [(WEB, RecordType::A), (WEB6, RecordType::AAAA)] {
        assert_eq!(world.look_up("web.example", kind).0, ResponseCode::NoError);
        let mut stream = world.connect_vm(address, 8081).unwrap();
        // The mark alone, at the packet that has the answer.
        world.watch(
            "output priority -160",
            "meta length > 1000 tcp sport 4443 ct mark set ct mark or 0x80000000",
            "oifname link-1 meta length > 1000",
        );
        stream.write_all(REQUEST).unwrap();
        assert_eq!(world.passed_of_seen(), 0, "{address}");
        assert_eq!(echo(&mut stream, b"more"), Err(ErrorKind::ConnectionReset), "{address}");
    }
}
