//! VMs with rules about names: what is looked up, what is connected to, and what the first bytes say have to agree.

use crate::support::{
    GREETING, OTHER, PATIENCE, WEB, WEB6, World, echo, look_up_at, silent_echo, state, state_of_two, world,
};
use hickory_proto::op::ResponseCode;
use hickory_proto::rr::RecordType;
use serde_json::json;
use std::io::{ErrorKind, Read, Write};
use std::net::IpAddr;
use std::time::Duration;

fn request(host: &str) -> Vec<u8> {
    format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n").into_bytes()
}

/// A ClientHello as programs send it, with nothing but the name in it.
fn hello(name: &str) -> Vec<u8> {
    let length = |bytes: &[u8]| u16::try_from(bytes.len()).unwrap().to_be_bytes();
    let entry = [&[0][..], &length(name.as_bytes()), name.as_bytes()].concat();
    let list = [&length(&entry)[..], &entry].concat();
    let extension = [&[0, 0][..], &length(&list), &list].concat();
    let body = [&[3, 3][..], &[7; 32], &[0, 0, 2, 0x13, 1, 1, 0], &length(&extension), &extension].concat();
    let message = [&[1, 0][..], &length(&body), &body].concat();
    [&[22, 3, 1][..], &length(&message), &message].concat()
}

fn looked_up(rules: &[&str], names: &[&str]) -> Option<World> {
    let mut world = world()?;
    world.tell_rules(rules);
    for name in names {
        assert_eq!(world.look_up(name, RecordType::A).0, ResponseCode::NoError, "{name}");
    }
    Some(world)
}

#[test]
fn an_allowed_name_is_reached_at_once_after_its_look_up_and_not_before() {
    let Some(mut world) = looked_up(&["allow web.example"], &[]) else { return };
    assert_eq!(world.connect_vm(WEB, 80).unwrap_err(), ErrorKind::ConnectionRefused);
    assert_eq!(world.addresses("web.example"), [WEB.parse::<IpAddr>().unwrap()]);
    world.exchange(WEB, 80, &request("web.example")).unwrap();
    world.exchange(WEB, 443, &hello("web.example")).unwrap();
    world.row(json!({ "name": "web.example", "address": WEB, "rule": "allow web.example", "verdict": "allow" }));
    // The other family has its own answer.
    assert!(world.connect_vm(WEB6, 80).is_err());
    assert_eq!(world.look_up("web.example", RecordType::AAAA).1, [WEB6.parse::<IpAddr>().unwrap()]);
    world.exchange(WEB6, 80, &request("web.example")).unwrap();
}

#[test]
fn names_that_no_rule_could_allow_are_not_asked_for_outside() {
    let Some(mut world) = looked_up(&["allow web.example", "allow *.web.example"], &["web.example"]) else { return };
    for name in ["other.example", "secret.evil.example", "notweb.example", "dns.google"] {
        assert_eq!(world.look_up(name, RecordType::A).0, ResponseCode::Refused, "{name}");
        world.row(json!({ "name": name, "protocol": "dns", "verdict": "deny" }));
    }
    assert_eq!(world.look_up("deep.sub.web.example", RecordType::A).0, ResponseCode::NoError);
    assert_eq!(*world.asked.lock().unwrap(), ["web.example", "deep.sub.web.example"]);
    // The second time nobody outside is asked.
    world.addresses("web.example");
    assert_eq!(world.asked.lock().unwrap().len(), 2);
}

#[test]
fn another_name_at_an_allowed_address_gets_no_byte_through() {
    let Some(mut world) = looked_up(&["allow web.example"], &["web.example"]) else { return };
    for (port, bytes, name) in [
        (80, request("twin.example"), json!("twin.example")),
        (443, hello("twin.example"), json!("twin.example")),
        (9000, hello("twin.example"), json!("twin.example")),
        (443, b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00".to_vec(), json!(null)),
        (443, b"something else\n".to_vec(), json!(null)),
        (80, b"GET / HTTP/1.1\r\n\r\n".to_vec(), json!(null)),
        // As some servers take it: after an empty line, and with other spaces.
        (9000, [&b"\r\n"[..], &request("twin.example")].concat(), json!(null)),
        (9000, [&b"\n "[..], &request("twin.example")].concat(), json!(null)),
        (9000, b"GET\t/\tHTTP/1.1\r\nHost: twin.example\r\n\r\n".to_vec(), json!(null)),
        (9000, b"GET / http/1.1\r\nHost: twin.example\r\n\r\n".to_vec(), json!(null)),
    ] {
        let result = world.exchange(WEB, port, &bytes);
        assert_eq!(result, Err(ErrorKind::ConnectionReset), "{port} {}", bytes.escape_ascii());
        world.row(
            json!({ "name": name, "address": WEB, "port": port, "rule": "builtin:name-mismatch", "verdict": "deny" }),
        );
    }
    assert_eq!(*world.received.lock().unwrap(), b"");
}

#[test]
fn the_name_has_to_be_looked_up_at_that_very_address() {
    let rules = &["allow web.example", "allow other.example"];
    let Some(world) = looked_up(rules, &["web.example", "other.example"]) else { return };
    assert_eq!(world.exchange(OTHER, 443, &hello("web.example")), Err(ErrorKind::ConnectionReset));
    world.exchange(OTHER, 443, &hello("other.example")).unwrap();
}

#[test]
fn what_another_vm_has_looked_up_is_not_looked_up() {
    let Some(mut world) = world() else { return };
    let other = world.second_vm(&["allow web.example"]);
    let both = state_of_two(&["allow web.example"], &["allow web.example"]);
    assert_eq!(world.tell(both), [] as [serde_json::Value; 0]);
    assert_eq!(world.addresses("web.example"), [WEB.parse::<IpAddr>().unwrap()]);
    world.exchange(WEB, 443, &hello("web.example")).unwrap();
    let reaches = "timeout 20 bash -c 'exec 3<>/dev/tcp/198.18.0.10/443'";
    assert!(!other.can(reaches));
    assert_eq!(look_up_at("10.137.0.9:53", &other, "web.example", RecordType::A).0, ResponseCode::NoError);
    assert!(other.can(reaches));
}

#[test]
fn a_flight_without_an_end_is_given_up_and_no_byte_of_it_passes() {
    let Some(world) = looked_up(&["allow web.example"], &["web.example"]) else { return };
    let mut slow = world.connect_vm(WEB, 443).unwrap();
    slow.write_all(&hello("web.example")[..20]).unwrap();
    // A message in many records, of which the first one says that there are more.
    let record = |content: &[u8]| [&[22, 3, 1, 0x40, 0][..], content].concat();
    let first = [&[1, 0xff, 0xff, 0xff][..], &[3; 16_380]].concat();
    let long = [vec![record(&first)], vec![record(&[3; 16_384]); 5]].concat().concat();
    assert!(world.exchange(WEB, 443, &long).is_err());
    slow.set_read_timeout(Some(PATIENCE)).unwrap();
    assert_eq!(slow.read(&mut [0]).unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert_eq!(*world.received.lock().unwrap(), b"");
}

#[test]
fn every_request_of_a_connection_counts() {
    let Some(world) = looked_up(&["allow web.example"], &["web.example"]) else { return };
    let mut stream = world.connect_vm(WEB, 80).unwrap();
    for _ in 0..3 {
        echo(&mut stream, &request("web.example")).unwrap();
    }
    // In one segment with an allowed one before it.
    let both = [request("web.example"), request("twin.example")].concat();
    let first = request("web.example").len();
    stream.write_all(&both).unwrap();
    let mut back = Vec::new();
    let error = stream.read_to_end(&mut back).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    assert!(back.len() <= first);
    assert!(!world.received.lock().unwrap().windows(4).any(|part| part == b"twin"));
}

#[test]
fn a_flight_in_many_pieces_is_put_together_first() {
    let Some(world) = looked_up(&["allow web.example"], &["web.example"]) else { return };
    let bytes = hello("web.example");
    let mut stream = world.connect_vm(WEB, 443).unwrap();
    stream.set_nodelay(true).unwrap();
    let (last, rest) = bytes.split_last().unwrap();
    for byte in rest {
        stream.write_all(&[*byte]).unwrap();
    }
    stream.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    assert!(stream.read(&mut [0]).is_err());
    assert_eq!(*world.received.lock().unwrap(), b"");
    stream.write_all(&[*last]).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut back = vec![0; bytes.len()];
    stream.read_exact(&mut back).unwrap();
    assert_eq!(back, bytes);
}

/// Segments are lost, so that others come before them, and words that they have come are lost, so that they come twice.
#[test]
fn a_flight_out_of_order_and_in_part_twice_is_put_together_first() {
    let Some(world) = looked_up(&["allow web.example"], &["web.example"]) else { return };
    let empty = 52;
    world.vm.run(&format!(
        "nft 'table ip other {{
            chain out {{
                type filter hook output priority 0
                tcp dport 443 ip length > {empty} numgen inc mod 5 == 1 counter drop
            }}
            chain in {{
                type filter hook input priority 0
                tcp sport 443 ip length {empty} numgen inc mod 3 == 1 counter drop
            }}
        }}'"
    ));
    let send = |name: &str| {
        let bytes = hello(name);
        let mut stream = world.connect_vm(WEB, 443).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        for piece in bytes.chunks(8) {
            stream.write_all(piece).unwrap();
        }
        let mut back = vec![0; bytes.len()];
        stream.read_exact(&mut back).map_err(|error| error.kind())?;
        assert_eq!(back, bytes);
        Ok(())
    };
    assert_eq!(send("twin.example"), Err(ErrorKind::ConnectionReset));
    assert_eq!(*world.received.lock().unwrap(), b"");
    assert_eq!(send("web.example"), Ok(()));
    let lost = world.vm.run("nft list table ip other");
    assert!(!lost.contains("packets 0 "), "{lost}");
}

#[test]
fn an_answer_whose_addresses_the_kernel_does_not_take_is_not_given() {
    let Some(world) = looked_up(&["allow web.example"], &[]) else { return };
    world.firewall.run("nft delete table inet atoll");
    assert_eq!(world.look_up("web.example", RecordType::A), (ResponseCode::ServFail, Vec::new()));
    assert_eq!(*world.asked.lock().unwrap(), ["web.example"]);
}

#[test]
fn an_answer_that_is_known_still_lets_the_vm_connect_anew() {
    let Some(world) = looked_up(&["allow web.example"], &["web.example"]) else { return };
    let mut open = world.connect_vm(WEB, 443).unwrap();
    echo(&mut open, &hello("web.example")).unwrap();
    // As where their time is over.
    world.firewall.run("nft flush map inet atoll hosts4-link-1; nft flush map inet atoll ports4-link-1");
    assert_eq!(world.connect_vm(WEB, 443).unwrap_err(), ErrorKind::ConnectionRefused);
    echo(&mut open, b"it goes on").unwrap();
    assert_eq!(world.addresses("web.example"), [WEB.parse::<IpAddr>().unwrap()]);
    world.exchange(WEB, 443, &hello("web.example")).unwrap();
    assert_eq!(*world.asked.lock().unwrap(), ["web.example"]);
}

#[test]
fn where_the_server_speaks_first_nothing_waits() {
    let Some(world) = looked_up(&["allow web.example"], &["web.example"]) else { return };
    let mut stream = world.connect_vm(WEB, 22).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut greeting = vec![0; GREETING.len()];
    stream.read_exact(&mut greeting).unwrap();
    assert_eq!(greeting, GREETING);
    echo(&mut stream, b"SSH-2.0-client\r\n").unwrap();
    // An end of one side alone is passed on.
    stream.write_all(b"last").unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).unwrap();
    assert_eq!(rest, b"last");
}

#[test]
fn where_the_server_speaks_first_an_empty_line_and_a_word_without_an_end_pass_at_once() {
    let Some(world) = looked_up(&["allow web.example"], &["web.example"]) else { return };
    for first in [&b"\r\n"[..], b"h"] {
        let mut stream = world.connect_vm(WEB, 22).unwrap();
        let mut greeting = vec![0; GREETING.len()];
        stream.read_exact(&mut greeting).unwrap();
        echo(&mut stream, first).unwrap();
        echo(&mut stream, b"ello\r\n").unwrap();
    }
    // No request is put together of such pieces.
    let mut stream = world.connect_vm(WEB, 22).unwrap();
    stream.read_exact(&mut vec![0; GREETING.len()]).unwrap();
    echo(&mut stream, b"PRI").unwrap();
    assert_eq!(echo(&mut stream, b" * HTTP/2.0\r\n\r\nSM\r\n\r\n").unwrap_err(), ErrorKind::ConnectionReset);
}

#[test]
fn who_asks_by_an_empty_line_gets_an_answer_and_names_no_other_host_afterwards() {
    let Some(mut world) = looked_up(&["allow web.example"], &["web.example"]) else { return };
    let mut stream = world.connect_vm(WEB, 9000).unwrap();
    for line in [&b"\r\n"[..], b"\n", b"users {}\r\n", b"\r\n"] {
        echo(&mut stream, line).unwrap();
    }
    let mut stream = world.connect_vm(WEB, 9000).unwrap();
    echo(&mut stream, b"\r\n").unwrap();
    world.received.lock().unwrap().clear();
    assert_eq!(echo(&mut stream, &request("twin.example")).unwrap_err(), ErrorKind::ConnectionReset);
    assert_eq!(*world.received.lock().unwrap(), b"");
    world.row(json!({ "address": WEB, "port": 9000, "rule": "builtin:name-mismatch", "verdict": "deny" }));
    // Between two requests nothing passes unread.
    let mut stream = world.connect_vm(WEB, 9000).unwrap();
    echo(&mut stream, &request("web.example")).unwrap();
    world.received.lock().unwrap().clear();
    assert!(silent_echo(&mut stream, b"\r\n").is_err());
    assert_eq!(*world.received.lock().unwrap(), b"");
    // A browser's port is for requests alone.
    let result = world.exchange(WEB, 80, b"\r\n\x16");
    assert_eq!(result, Err(ErrorKind::ConnectionReset));
}

#[test]
fn an_address_alone_is_no_name() {
    let Some(mut world) = looked_up(&["deny *.corp", "allow internet"], &["web.example"]) else { return };
    assert_eq!(world.connect_vm(OTHER, 443).unwrap_err(), ErrorKind::ConnectionRefused);
    world.row(json!({ "address": OTHER, "port": 443, "rule": "builtin:no-name", "verdict": "deny" }));
    world.exchange(WEB, 443, &hello("web.example")).unwrap();
    world.row(json!({ "name": "web.example", "rule": "allow internet", "verdict": "allow" }));
}

#[test]
fn ways_around_the_names_are_refused() {
    let Some(mut world) = looked_up(&["allow web.example"], &["web.example"]) else { return };
    assert!(world.connect_vm(WEB, 853).is_err());
    world.row(json!({ "address": WEB, "port": 853, "rule": "builtin:encrypted-dns" }));
    let result = world.vm.inside(|| {
        let socket = std::net::UdpSocket::bind("0.0.0.0:0").unwrap();
        socket.connect((WEB, 443)).unwrap();
        socket.send(b"x").unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        socket.recv(&mut [0]).unwrap_err().kind()
    });
    assert_ne!(result, ErrorKind::WouldBlock);
    world.row(json!({ "address": WEB, "port": 443, "protocol": "udp", "rule": "builtin:quic" }));
    assert_eq!(world.look_up("use-application-dns.net", RecordType::A).0, ResponseCode::NXDomain);
}

/// One datagram, as the VM sends it; whether one came back.
fn is_answered(world: &World, address: &'static str, port: u16) -> bool {
    world.vm.inside(move || {
        let any = if address.contains(':') { "[::]:0" } else { "0.0.0.0:0" };
        let socket = std::net::UdpSocket::bind(any).unwrap();
        socket.connect((address, port)).unwrap();
        socket.send(b"x").unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        match socket.recv(&mut [0; 4]) {
            Ok(_) => true,
            Err(error) => {
                assert_ne!(error.kind(), ErrorKind::WouldBlock, "{address} {port}: a hang is no refusal");
                false
            }
        }
    })
}

#[test]
fn what_hides_names_needs_a_rule_that_names_its_port() {
    for address in [WEB, WEB6] {
        let Some(mut world) = world() else { return };
        world.tell_rules(&["allow internet"]);
        world.exchange(address, 443, b"hello").unwrap();
        for port in [53, 853, 8853] {
            assert_eq!(world.connect_vm(address, port).unwrap_err(), ErrorKind::ConnectionRefused);
            world.row(json!({ "address": address, "port": port, "protocol": "tcp", "rule": "builtin:encrypted-dns" }));
        }
        for (port, rule) in [(443, "builtin:quic"), (853, "builtin:encrypted-dns"), (784, "builtin:encrypted-dns")] {
            assert!(!is_answered(&world, address, port));
            world.row(json!({ "address": address, "port": port, "protocol": "udp", "rule": rule }));
        }
        assert_eq!(world.look_up("dns.google", RecordType::A).0, ResponseCode::Refused);
        world.row(json!({ "name": "dns.google", "protocol": "dns", "rule": "builtin:encrypted-dns" }));
        // A rule for the web's port does not mean QUIC; one that names the protocol does.
        world.tell_rules(&["allow internet 443", "allow internet"]);
        assert!(!is_answered(&world, address, 443));
        world.tell_rules(&["allow internet", "allow internet 443/udp", "allow internet 853"]);
        assert!(is_answered(&world, address, 443));
        world.exchange(address, 853, b"hello").unwrap();
        world.row(json!({ "address": address, "port": 853, "rule": "allow internet 853", "verdict": "allow" }));
        assert_eq!(world.connect_vm(address, 8853).unwrap_err(), ErrorKind::ConnectionRefused);
    }
}

#[test]
fn a_name_may_have_what_hides_names_by_a_rule_that_says_so() {
    let rules = &["allow web.example 443/udp", "allow web.example 853", "allow web.example"];
    let Some(mut world) = looked_up(rules, &["web.example"]) else { return };
    assert!(is_answered(&world, WEB, 443));
    world.exchange(WEB, 853, &hello("web.example")).unwrap();
    world.exchange(WEB, 443, &hello("web.example")).unwrap();
    // Not at an address that was not looked up.
    assert!(!is_answered(&world, OTHER, 443));
    assert!(world.connect_vm(OTHER, 853).is_err());
    world.row(json!({ "address": OTHER, "port": 853, "rule": "builtin:encrypted-dns" }));
    world.names.lock().unwrap().push(("dns.google".to_owned(), OTHER.parse().unwrap(), 300));
    assert_eq!(world.look_up("dns.google", RecordType::A).0, ResponseCode::Refused);
    world.tell_rules(&["allow dns.google 443", "allow internet"]);
    assert_eq!(world.look_up("dns.google", RecordType::A).0, ResponseCode::NoError);
    world.exchange(OTHER, 443, &hello("dns.google")).unwrap();
    assert!(world.connect_vm(OTHER, 853).is_err());
}

#[test]
fn a_private_answer_is_given_for_a_name_that_may_have_one() {
    let Some(mut world) = looked_up(&["allow *.example"], &[]) else { return };
    assert_eq!(world.look_up("inside.example", RecordType::A).0, ResponseCode::Refused);
    world.row(json!({ "name": "inside.example", "address": "10.99.0.1", "rule": "builtin:private-answer" }));
    assert!(world.connect_vm("10.99.0.1", 443).is_err());
    let mut desired = state(&["allow *.example"]);
    desired["privateNames"] = json!(["inside.example"]);
    assert_eq!(world.tell(desired.clone()), [] as [serde_json::Value; 0]);
    assert_eq!(world.addresses("inside.example"), ["10.99.0.1".parse::<IpAddr>().unwrap()]);
    world.exchange("10.99.0.1", 443, &hello("inside.example")).unwrap();
    // Another name has no such answer, and no rule for the internet lets it there.
    world.names.lock().unwrap().push(("evil.example".to_owned(), "10.99.0.1".parse().unwrap(), 300));
    assert_eq!(world.look_up("evil.example", RecordType::A).0, ResponseCode::Refused);
    assert_eq!(world.exchange("10.99.0.1", 443, &hello("evil.example")), Err(ErrorKind::ConnectionReset));
    desired["privateNames"] = json!([]);
    assert_eq!(world.tell(desired), [] as [serde_json::Value; 0]);
    assert_eq!(world.look_up("inside.example", RecordType::A).0, ResponseCode::Refused);
}

#[test]
fn ports_and_asking_are_told_apart() {
    let rules = &["allow web.example 443", "ask other.example"];
    let Some(mut world) = looked_up(rules, &["web.example"]) else { return };
    assert_eq!(world.connect_vm(WEB, 80).unwrap_err(), ErrorKind::ConnectionRefused);
    world.row(json!({ "name": "web.example", "address": WEB, "port": 80, "rule": "builtin:default-deny" }));
    world.exchange(WEB, 443, &hello("web.example")).unwrap();
    assert_eq!(world.look_up("other.example", RecordType::A).0, ResponseCode::Refused);
    world.row(json!({ "name": "other.example", "protocol": "dns", "verdict": "ask", "rule": "ask other.example" }));
}

#[test]
fn a_rule_that_denies_a_name_now_resets_its_connections() {
    let rules = &["allow web.example", "allow other.example"];
    let Some(mut world) = looked_up(rules, &["web.example", "other.example"]) else { return };
    let mut denied = world.connect_vm(WEB, 443).unwrap();
    echo(&mut denied, &hello("web.example")).unwrap();
    let mut allowed = world.connect_vm(OTHER, 443).unwrap();
    echo(&mut allowed, &hello("other.example")).unwrap();
    world.row(json!({ "name": "web.example", "state": "open" }));
    world.tell_rules(&["allow other.example"]);
    denied.set_read_timeout(Some(PATIENCE)).unwrap();
    assert_eq!(denied.read(&mut [0]).unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert!(world.connect_vm(WEB, 443).is_err());
    echo(&mut allowed, b"and on").unwrap();
    // What was looked up before is known under the new rules, too.
    world.exchange(OTHER, 443, &hello("other.example")).unwrap();
}

/// Two names have one address, and each a rule of its own: the kernel marks connections to it by one of the two.
#[test]
fn a_connection_to_a_name_at_a_shared_address_is_its_own_rules() {
    let both = &["allow web.example", "allow twin.example"];
    let Some(mut world) = looked_up(both, &["web.example", "twin.example"]) else { return };
    for (gone, stays) in [("web.example", "twin.example"), ("twin.example", "web.example")] {
        world.tell_rules(both);
        let (rule, other) = (format!("allow {stays}"), format!("allow {gone}"));
        let open = |bytes: &[u8], port| {
            let mut stream = world.connect_vm(WEB, port).unwrap();
            echo(&mut stream, bytes).unwrap();
            stream
        };
        let (mut ended, mut runs) = (open(&request(gone), 80), open(&request(stays), 80));
        let (mut ended_tls, mut runs_tls) = (open(&hello(gone), 443), open(&hello(stays), 443));
        // It says no name, and may be of both.
        let mut unnamed = open(b"something else\n", 9000);
        let row = |port: u16, name: &str, rule: &str| json!({ "name": name, "port": port, "rule": rule, "revision": 7, "verdict": "allow", "state": "open" });
        for port in [80, 443] {
            world.row(row(port, stays, &rule));
            world.row(row(port, gone, &other));
        }
        let cells = world.row(json!({ "port": 9000, "state": "open" }));
        let (own, may_be) = if cells["name"] == stays { (&rule, gone) } else { (&other, stays) };
        assert_eq!(cells["rule"], **own);
        assert_eq!(cells["reason"], format!("it said no name, and may be of {may_be}"));
        world.tell_rules(&[&rule]);
        for stream in [&mut ended, &mut ended_tls] {
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            assert_eq!(stream.read(&mut [0]).unwrap_err().kind(), ErrorKind::ConnectionReset, "{gone}");
        }
        for stream in [&mut runs, &mut runs_tls, &mut unnamed] {
            echo(stream, &request(stays)).unwrap();
        }
        drop((runs, runs_tls, unnamed));
        for port in [80, 443, 9000] {
            while world.flows.iter().any(|(_, cells)| cells["port"] == port && cells["state"] == "open") {
                world.until("closed", |message, _| (message["type"] == "rows").then_some(()));
            }
        }
    }
}

#[test]
fn where_an_address_does_not_answer_another_one_of_its_name_is_taken_unless_a_rule_denies_it() {
    let Some(mut world) = world() else { return };
    world.refuse(WEB, 9000);
    for address in [WEB, OTHER] {
        world.names.lock().unwrap().push(("two.example".to_owned(), address.parse().unwrap(), 300));
    }
    world.tell_rules(&["deny blocked.example", "allow internet"]);
    assert_eq!(world.addresses("two.example").len(), 2);
    let mut stream = world.connect_vm(WEB, 9000).unwrap();
    echo(&mut stream, &hello("two.example")).unwrap();
    let reason = format!("connected to {OTHER}: {WEB} was not reached");
    world.row(json!({ "name": "two.example", "address": WEB, "port": 9000, "reason": reason }));
    let deny = format!("deny {OTHER}/32");
    world.tell_rules(&[&deny, "deny blocked.example", "allow internet"]);
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    assert_eq!(stream.read(&mut [0]).unwrap_err().kind(), ErrorKind::ConnectionReset);
    world.received.lock().unwrap().clear();
    for bytes in [hello("two.example"), request("two.example"), b"something else\n".to_vec()] {
        assert_eq!(world.exchange(WEB, 9000, &bytes), Err(ErrorKind::ConnectionReset), "{}", bytes.escape_ascii());
    }
    assert_eq!(*world.received.lock().unwrap(), b"");
}

#[test]
fn many_look_ups_each_followed_by_a_connection_are_never_refused() {
    let Some(world) = looked_up(&["allow *.example"], &[]) else { return };
    for number in 0..100_u8 {
        let address: IpAddr = WEB.parse().unwrap();
        world.names.lock().unwrap().push((format!("{number}.example"), address, 0));
    }
    for number in 0..100 {
        let name = format!("{number}.example");
        assert_eq!(world.addresses(&name).len(), 1);
        world.exchange(WEB, 443, &hello(&name)).unwrap();
    }
}

#[test]
fn as_many_connections_by_name_as_are_said_are_open_at_a_time() {
    let Some(world) = looked_up(&["allow web.example"], &["web.example"]) else { return };
    // More than a session's programs may have files.
    let mut open: Vec<_> = (0..600).map(|_| world.connect_vm(WEB, 443).unwrap()).collect();
    for stream in &mut open {
        echo(stream, &hello("web.example")).unwrap();
    }
}
