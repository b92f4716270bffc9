//! From one VM to another: a rule that names it opens the way, and nothing else does.

use crate::support::{
    Namespace, PATIENCE, World, add_link, connect_from, echo, look_up_at, state, state_of_two, world,
};
use hickory_proto::op::ResponseCode;
use hickory_proto::rr::RecordType;
use serde_json::{Value, json};
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

const FIRST: [&str; 2] = ["10.137.0.6", "fd00:137:1::2"];
const SECOND: [&str; 2] = ["10.137.0.10", "fd00:137:2::2"];
const THIRD: [&str; 2] = ["10.137.0.14", "fd00:137:3::2"];
/// In each VM a server listens at another one (80), too.
const PORT: u16 = 8080;
const RULE: &str = "allow @link-2 8080";
const NONE: [Value; 0] = [];

fn is_refused(vm: &Namespace, address: &str, port: u16) {
    let kind = connect_from(vm, address, port).unwrap_err();
    assert_eq!(kind, ErrorKind::ConnectionRefused, "{address} {port}");
}

/// Both ends of a connection from the first VM to one that listens there, by which something has gone in both directions.
fn open(world: &World, other: &Namespace, address: &'static str) -> (TcpStream, TcpStream) {
    let listener = other.inside(move || TcpListener::bind((address, PORT)).unwrap());
    let server = thread::spawn(move || {
        let (mut stream, from) = listener.accept().unwrap();
        let mut bytes = [0; 5];
        stream.read_exact(&mut bytes).unwrap();
        stream.write_all(&bytes).unwrap();
        (stream, from)
    });
    let mut client = world.connect_vm(address, PORT).unwrap();
    echo(&mut client, b"hello").unwrap();
    let (server, from) = server.join().unwrap();
    // It sees who connects.
    assert_eq!(from, client.local_addr().unwrap());
    (client, server)
}

fn are_reset((client, server): &mut (TcpStream, TcpStream), what: &str) {
    for (stream, end) in [(client, "client"), (server, "server")] {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        assert_eq!(
            stream.read(&mut [0]).map_err(|error| error.kind()),
            Err(ErrorKind::ConnectionReset),
            "{what} {end}"
        );
    }
}

fn listen(vm: &Namespace, port: u16) -> TcpListener {
    vm.inside(move || TcpListener::bind(SocketAddr::new("::".parse().unwrap(), port)).unwrap())
}

#[test]
fn a_rule_opens_the_way_to_a_vm_at_its_port_for_who_may_begin_it_and_for_nobody_else() {
    let Some(mut world) = world() else { return };
    let (second, third) = (world.second_vm(&[]), world.join_vm(3));
    world.serve_in_first_vm();
    let mut desired = state_of_two(&[RULE], &[]);
    add_link(&mut desired, 3, &["allow internet", "allow any"]);
    for has_uplink in [true, false] {
        if !has_uplink {
            desired["uplink"] = Value::Null;
        }
        assert_eq!(world.tell(desired.clone()), NONE);
        for address in SECOND {
            let (mut client, mut server) = open(&world, &second, address);
            server.write_all(b"more").unwrap();
            client.read_exact(&mut [0; 4]).unwrap();
            world.row(json!({
                "link": "link-1", "address": address, "port": PORT, "state": "open", "verdict": "allow", "rule": RULE,
            }));
            is_refused(&world.vm, address, 80);
            world.row(json!({ "link": "link-1", "address": address, "port": 80, "rule": "builtin:other-vm" }));
        }
        let _listeners = [&second, &world.vm].map(|vm| listen(vm, PORT));
        for port in [80, PORT] {
            for address in FIRST {
                is_refused(&second, address, port);
                is_refused(&third, address, port);
            }
            for address in SECOND {
                is_refused(&third, address, port);
            }
            for address in THIRD {
                is_refused(&world.vm, address, port);
                is_refused(&second, address, port);
            }
        }
        // Nor where the way back is open: the port that the first VM has connected from.
        for address in SECOND {
            let client = world.connect_vm(address, PORT).unwrap();
            let from = client.local_addr().unwrap();
            is_refused(&second, &from.ip().to_string(), from.port());
            is_refused(&third, &from.ip().to_string(), from.port());
        }
    }
}

/// Succeeds where the answer comes.
fn ping(address: &str, patience_s: u32) -> String {
    let (family, protocol, ask, sum, answer) = match address.contains(':') {
        // The kernel puts the checksum in.
        true => ("AF_INET6", "IPPROTO_ICMPV6", 128, 0, 129),
        false => ("AF_INET", "IPPROTO_ICMP", 8, 0xf7fd, 0),
    };
    format!(
        "python3 -c \"import socket, struct
s = socket.socket(socket.{family}, socket.SOCK_RAW, socket.{protocol})
s.settimeout({patience_s})
s.connect(('{address}', 0))
s.send(struct.pack('!BBHHH', {ask}, 0, {sum}, 1, 1))
while True:
    packet = s.recv(100)
    if packet[-8:] == struct.pack('!BB', {answer}, 0) + packet[-6:-4] + struct.pack('!HH', 1, 1): break\""
    )
}

#[test]
fn datagrams_and_pings_pass_by_a_rule_that_is_about_them() {
    let Some(mut world) = world() else { return };
    let second = world.second_vm(&[]);
    for address in SECOND {
        let server = second.inside(move || std::net::UdpSocket::bind((address, PORT)).unwrap());
        let send = |world: &World, passes: bool| {
            let patience = if passes { PATIENCE } else { Duration::from_millis(500) };
            server.set_read_timeout(Some(patience)).unwrap();
            let any = if address.contains(':') { "::" } else { "0.0.0.0" };
            let client = world.vm.inside(move || std::net::UdpSocket::bind((any, 0)).unwrap());
            client.set_read_timeout(Some(PATIENCE)).unwrap();
            client.send_to(b"hello", (address, PORT)).unwrap();
            let answer = server.recv_from(&mut [0; 5]).map(|(_, from)| server.send_to(b"back", from).unwrap());
            answer.ok().map(|_| client.recv_from(&mut [0; 4]).unwrap().0)
        };
        for (rule, passes, pings) in
            [("@link-2", true, true), ("@link-2 8080/udp", true, false), ("@link-2 8080/tcp", false, false)]
        {
            assert_eq!(world.tell(state_of_two(&[&format!("allow {rule}")], &[])), NONE);
            assert_eq!(send(&world, passes), passes.then_some(4), "{rule} {address}");
            assert_eq!(world.vm.can(&ping(address, if pings { 60 } else { 1 })), pings, "{rule} {address}");
        }
    }
}

#[test]
fn no_other_rule_opens_a_way_to_a_vm_and_what_denies_before_counts() {
    let Some(mut world) = world() else { return };
    let second = world.second_vm(&[]);
    for (rules, rule) in [
        (&["allow any", "allow internet"][..], "builtin:other-vm"),
        (&["allow 10.0.0.0/8", "allow fd00::/8"], "builtin:other-vm"),
        (&["allow 10.137.0.10/32", "allow fd00:137:2::2/128"], "builtin:other-vm"),
        (&["ask any"], "builtin:other-vm"),
        (&["allow @link-3", "allow @link-1"], "builtin:other-vm"),
        (&["deny any", RULE], "deny any"),
        (&["deny @link-2", RULE], "deny @link-2"),
        (&["deny 10.0.0.0/8", "deny fd00::/8", RULE], ""),
    ] {
        assert_eq!(world.tell(state_of_two(rules, &["allow internet"])), NONE);
        let _listener = listen(&second, PORT);
        for address in SECOND {
            is_refused(&world.vm, address, PORT);
            if !rule.is_empty() {
                world.row(json!({ "address": address, "port": PORT, "rule": rule, "verdict": "deny" }));
            }
        }
    }
    world.tell(state_of_two(&["ask any", "allow any", RULE], &[]));
    for address in SECOND {
        open(&world, &second, address);
    }
}

/// A name that leads to another VM leads no further than its address.
#[test]
fn a_name_that_is_answered_with_the_address_of_a_vm_leads_nowhere() {
    let Some(mut world) = world() else { return };
    let second = world.second_vm(&[]);
    let _listener = listen(&second, PORT);
    for address in SECOND {
        world.names.lock().unwrap().push(("nas.example".to_owned(), address.parse().unwrap(), 300));
    }
    // The other address of the name has no server.
    world.names.lock().unwrap().push(("nas.example".to_owned(), "198.18.0.10".parse().unwrap(), 300));
    world.refuse("198.18.0.10", PORT);
    for rules in [&["allow nas.example"][..], &["allow nas.example", RULE]] {
        let mut desired = state_of_two(rules, &[]);
        desired["privateNames"] = json!(["nas.example"]);
        assert_eq!(world.tell(desired), NONE);
        assert!(world.addresses("nas.example").contains(&SECOND[0].parse().unwrap()));
        if rules.len() == 1 {
            is_refused(&world.vm, SECOND[0], PORT);
        }
        // The firewall tries other addresses of a name itself, and not this one, whatever the VM may do by itself.
        world.watch("output priority -160", "tcp dport 8080 ip daddr 198.18.0.10", "oifname link-2 tcp dport 8080");
        let request = b"GET / HTTP/1.1\r\nHost: nas.example\r\n\r\n";
        assert!(world.exchange("198.18.0.10", PORT, request).is_err());
        assert_eq!(world.passed_of_seen(), 0, "{rules:?}");
    }
}

#[test]
fn the_rule_gone_both_ends_of_an_idle_connection_are_reset_and_nothing_passes_any_more() {
    let Some(mut world) = world() else { return };
    let second = world.second_vm(&["allow internet"]);
    let mut alone = state(&[RULE]);
    alone["lost"] = json!([]);
    for address in SECOND {
        for (desired, what) in [
            (state_of_two(&[], &["allow internet"]), "no rule"),
            (state_of_two(&["deny any", RULE], &[]), "a deny before it"),
            (state_of_two(&["allow @link-2 80"], &[]), "another port"),
        ] {
            assert_eq!(world.tell(state_of_two(&[RULE], &["allow internet"])), NONE);
            let mut ends = open(&world, &second, address);
            world.watch(
                "prerouting priority -160",
                "iifname link-1 tcp dport 8080",
                "oifname link-2 tcp dport 8080 meta length > 60",
            );
            assert_eq!(world.tell(desired), NONE);
            are_reset(&mut ends, &format!("{what} {address}"));
            is_refused(&world.vm, address, PORT);
            assert_eq!(world.passed_of_seen(), 0, "{what}");
        }
    }
}

#[test]
fn a_rule_is_for_the_vm_and_not_for_its_address_that_another_one_may_get() {
    let Some(mut world) = world() else { return };
    let second = world.second_vm(&[]);
    for address in SECOND {
        assert_eq!(world.tell(state_of_two(&[RULE], &[])), NONE);
        let mut ends = open(&world, &second, address);
        // It has gone: who has its rule has a rule for nobody.
        assert_eq!(world.tell(state(&[RULE])), NONE);
        ends.0.set_read_timeout(Some(PATIENCE)).unwrap();
        assert_eq!(ends.0.read(&mut [0]).unwrap_err().kind(), ErrorKind::ConnectionReset);
        is_refused(&world.vm, address, PORT);
        // Another one has its number, and its rule is still for nobody.
        assert_eq!(world.tell(state_of_two(&[], &[])), NONE);
        let _listener = listen(&second, PORT);
        is_refused(&world.vm, address, PORT);
    }
}

#[test]
fn a_vm_that_a_rule_opens_the_way_to_has_a_name_which_nobody_outside_is_asked_for() {
    let Some(mut world) = world() else { return };
    let second = world.second_vm(&[]);
    assert_eq!(world.tell(state_of_two(&["allow internet", "allow web.example", RULE], &[])), NONE);
    for (kind, address) in [RecordType::A, RecordType::AAAA].into_iter().zip(SECOND) {
        let (code, addresses) = world.look_up("Printer.vm.Internal", kind);
        assert_eq!((code, addresses), (ResponseCode::NoError, vec![address.parse().unwrap()]));
        open(&world, &second, address);
    }
    assert_eq!(world.look_up("printer.vm.internal", RecordType::MX), (ResponseCode::NoError, vec![]));
    assert_eq!(world.look_up_by_tcp("printer.vm.internal"), (ResponseCode::NoError, 1));
    for name in ["bank.vm.internal", "vm.internal", "a.printer.vm.internal"] {
        assert_eq!(world.look_up(name, RecordType::A).0, ResponseCode::Refused, "{name}");
        world.row(json!({ "link": "link-1", "name": name, "protocol": "dns", "rule": "builtin:other-vm" }));
    }
    // The other one has no rule for this one.
    let answer = look_up_at("10.137.0.9:53", &second, "printer.vm.internal", RecordType::A);
    assert_eq!(answer.0, ResponseCode::Refused);
    assert_eq!(world.tell(state_of_two(&["allow internet"], &[])), NONE);
    assert_eq!(world.look_up("printer.vm.internal", RecordType::A).0, ResponseCode::Refused);
    assert_eq!(world.asked.lock().unwrap().len(), 0);
}

#[test]
fn where_the_way_to_a_vm_is_gone_nothing_goes_by_the_uplink_in_its_place() {
    let Some(mut world) = world() else { return };
    let second = world.second_vm(&[]);
    assert_eq!(world.tell(state_of_two(&[RULE, "allow internet"], &[])), NONE);
    open(&world, &second, SECOND[0]);
    world.firewall.run("ip link del link-2");
    world.until("no link-2", |message, _| {
        (message["type"] == "applied" && message["problems"] != json!([])).then_some(())
    });
    for (address, family) in SECOND.into_iter().zip(["ip", "ip6"]) {
        let to = format!("{family} daddr {address}");
        world.watch("prerouting priority -160", &format!("iifname link-1 {to}"), &to);
        world.connect_vm(address, PORT).unwrap_err();
        assert_eq!(world.passed_of_seen(), 0, "{address}");
    }
    world.exchange("198.18.0.10", 80, b"hello").unwrap();
}

#[test]
fn connections_between_vms_outlive_the_uplink_and_end_with_the_program() {
    let Some(mut world) = world() else { return };
    let second = world.second_vm(&[]);
    for address in SECOND {
        let desired = state_of_two(&[RULE, "allow internet"], &[]);
        assert_eq!(world.tell(desired.clone()), NONE);
        let mut ends = open(&world, &second, address);
        world.row(json!({ "address": address, "state": "open" }));
        world.lose_uplink();
        let mut again = desired.clone();
        again["uplink"]["session"] = json!(format!("after {address}"));
        assert_eq!(world.tell(again), NONE);
        // What went by the uplink is seen to be lost within a second.
        world.until("a tick", |message, _| (message["type"] == "rows" && message["table"] == "links").then_some(()));
        let (client, server) = &mut ends;
        server.write_all(b"and on").unwrap();
        client.read_exact(&mut [0; 6]).unwrap();
        world.kill_program();
        world.start_program();
        // Nothing passes before the firewall knows it.
        world.connect_vm(address, PORT).unwrap_err();
        assert_eq!(world.tell(desired), NONE);
        for (stream, end) in [(client, "client"), (server, "server")] {
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            let kind = stream.read(&mut [0]).map_err(|error| error.kind());
            assert_eq!(kind, Err(ErrorKind::ConnectionReset), "{address} {end}");
        }
        open(&world, &second, address);
    }
}

#[test]
fn before_the_scanner_works_nothing_passes_between_vms_of_which_one_is_scanned() {
    let Some(mut world) = world() else { return };
    let second = world.second_vm(&[]);
    for scanned in [&[0][..], &[1], &[0, 1]] {
        let desired = state_of_two(&[RULE], &[]);
        assert_eq!(world.tell(desired.clone()), NONE);
        let mut ends = open(&world, &second, SECOND[0]);
        let mut scans = desired.clone();
        for link in scanned {
            scans["links"][*link]["rules"]["scan"] = json!(true);
        }
        world.send(&scans);
        are_reset(&mut ends, &format!("{scanned:?}"));
        for address in SECOND {
            assert!(world.connect_vm(address, PORT).is_err());
        }
    }
}
