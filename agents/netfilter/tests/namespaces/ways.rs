//! Ways past the firewall that a hostile VM has beside those of names.rs: each is tried, and leads nowhere.

use crate::support::{OTHER, WEB, WEB6, World, look_up, world};
use hickory_proto::op::ResponseCode;
use hickory_proto::rr::RecordType;
use serde_json::json;
use std::io::ErrorKind;
use std::net::IpAddr;

/// Sends frames from the VM's interface: `fields` is Python for the bytes behind the Ethernet type.
fn send_frame(world: &World, to: &str, kind: &str, fields: &str) {
    world.vm.run(&format!(
        "python3 -c \"import socket, struct
mac = lambda text: bytes.fromhex(text.replace(':', ''))
ip4, ip6 = socket.inet_aton, lambda text: socket.inet_pton(socket.AF_INET6, text)
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(('eth0', 0))
own = mac('52:54:00:a7:00:01')
def icmp6(source, target, content):
    pseudo = ip6(source) + ip6(target) + struct.pack('!IHBB', len(content), 0, 0, 58)
    words = struct.unpack('!%dH' % ((len(pseudo) + len(content)) // 2), pseudo + content)
    total = sum(words)
    while total > 0xffff: total = (total & 0xffff) + (total >> 16)
    content = content[:2] + struct.pack('!H', ~total & 0xffff) + content[4:]
    return struct.pack('!IHBB', 0x60000000, len(content), 58, 255) + ip6(source) + ip6(target) + content
for _ in range(3): s.send(mac('{to}') + own + {kind} + {fields})\""
    ));
}

#[test]
fn other_vms_and_the_firewall_itself_are_not_reached_and_a_scan_is_told() {
    let Some(mut world) = world() else { return };
    let other = world.second_vm(&["allow internet"]);
    for address in ["10.137.0.10", "fd00:137:2::2", "10.137.0.9", "fd00:137:2::1", "10.137.7.2"] {
        assert_eq!(world.connect_vm(address, 80).unwrap_err(), ErrorKind::ConnectionRefused, "{address}");
        world.row(json!({ "address": address, "port": 80, "rule": "builtin:other-vm", "verdict": "deny" }));
    }
    // Of the gateway the resolver alone answers.
    for (address, port) in [("10.137.0.5", 4443), ("10.137.0.5", 22), ("fd00:137:1::1", 4443)] {
        assert_eq!(world.connect_vm(address, port).unwrap_err(), ErrorKind::ConnectionRefused, "{address} {port}");
    }
    // It is there, and reaches the internet.
    assert!(other.can("timeout 60 bash -c 'exec 3<>/dev/tcp/198.18.0.10/80'"));
    assert!(other.can("timeout 60 bash -c 'exec 3<>/dev/tcp/127.0.0.1/80'"));
}

#[test]
fn no_arp_and_no_neighbour_discovery_changes_where_packets_go() {
    let Some(mut world) = world() else { return };
    let other = world.second_vm(&["allow internet"]);
    world.exchange(WEB, 80, b"before").unwrap();
    let neighbours = world.firewall.run("ip neigh show nud permanent | sort");
    assert_eq!(neighbours.lines().count(), 4, "{neighbours}");
    let broadcast = "ff:ff:ff:ff:ff:ff";
    // The VM says that it is another one, the gateway, and the host's side of the uplink; as an answer, and as a question.
    for claimed in ["10.137.0.10", "10.137.0.5", "10.137.255.1"] {
        for operation in [1, 2] {
            let fields = format!(
                "struct.pack('!HHBBH', 1, 0x0800, 6, 4, {operation}) + own + ip4('{claimed}') + own + ip4('{claimed}')"
            );
            send_frame(&world, broadcast, "b'\\x08\\x06'", &fields);
        }
    }
    // The same by neighbour advertisements, and as a router.
    for claimed in ["fd00:137:2::2", "fd00:137:1::1", "fd00:137:ffff::1"] {
        let fields = format!(
            "icmp6('{claimed}', 'ff02::1', struct.pack('!BBHI', 136, 0, 0, 0xa0000000) + ip6('{claimed}') + b'\\x02\\x01' + own)"
        );
        send_frame(&world, "33:33:00:00:00:01", "b'\\x86\\xdd'", &fields);
    }
    let router =
        "icmp6('fe80::1', 'ff02::1', struct.pack('!BBHBBHII', 134, 0, 0, 64, 0, 1800, 0, 0) + b'\\x01\\x01' + own)";
    send_frame(&world, "33:33:00:00:00:01", "b'\\x86\\xdd'", router);
    assert_eq!(world.firewall.run("ip neigh show nud permanent | sort"), neighbours);
    assert!(!world.firewall.run("ip -6 route").contains("fe80::1"));
    world.exchange(WEB, 80, b"after").unwrap();
    world.exchange(WEB6, 80, b"after").unwrap();
    assert!(other.can("timeout 60 bash -c 'exec 3<>/dev/tcp/198.18.0.10/80'"));
    world.row(json!({ "link": "link-1", "rule": "builtin:spoofed", "verdict": "deny" }));
}

#[test]
fn look_ups_by_tcp_are_looked_at_as_those_by_udp_and_a_long_answer_comes_by_it_alone() {
    let Some(mut world) = world() else { return };
    world.tell_rules(&["allow web.example", "allow many.example"]);
    for number in 0..250_u16 {
        let [high, low] = number.to_be_bytes();
        let address = IpAddr::from([198, 19, high, low]);
        world.names.lock().unwrap().push(("many.example".to_owned(), address, 300));
    }
    assert_eq!(world.look_up_by_tcp("other.example"), (ResponseCode::Refused, 0));
    world.row(json!({ "name": "other.example", "protocol": "dns", "verdict": "deny" }));
    assert_eq!(world.look_up_by_tcp("web.example"), (ResponseCode::NoError, 1));
    world.exchange(WEB, 80, b"GET / HTTP/1.1\r\nHost: web.example\r\n\r\n").unwrap();
    assert_eq!(world.addresses("many.example"), [] as [IpAddr; 0]);
    assert_eq!(world.look_up_by_tcp("many.example"), (ResponseCode::NoError, 200));
}

#[test]
fn a_name_whose_answer_changes_each_second_leads_where_the_vm_was_told() {
    let Some(mut world) = world() else { return };
    world.tell_rules(&["allow turning.example"]);
    let turn = |world: &World, to: &str| {
        let mut names = world.names.lock().unwrap();
        names.retain(|(name, _, _)| name != "turning.example");
        names.push(("turning.example".to_owned(), to.parse().unwrap(), 0));
    };
    let request = b"GET / HTTP/1.1\r\nHost: turning.example\r\n\r\n";
    let web: IpAddr = WEB.parse().unwrap();
    for to in [WEB, OTHER, WEB, OTHER, "10.99.0.1"] {
        turn(&world, to);
        // A lifetime of nothing is one of a minute: whoever asks again has the same answer, and is let there.
        assert_eq!(world.addresses("turning.example"), [web]);
        world.exchange(WEB, 80, request).unwrap();
        assert!(world.connect_vm(OTHER, 80).is_err());
    }
    assert_eq!(world.asked.lock().unwrap().iter().filter(|name| *name == "turning.example").count(), 1);
}

#[test]
fn two_hundred_first_uses_of_thirty_names_at_once_are_refused_at_once_and_all_told() {
    let Some(mut world) = world() else { return };
    world.tell_rules(&["ask internet"]);
    let names: Vec<String> = (0..200).map(|number| format!("n{}.example", number % 30)).collect();
    std::thread::scope(|scope| {
        for some in names.chunks(10) {
            let vm = world.vm.clone();
            scope.spawn(move || {
                for name in some {
                    assert_eq!(look_up(&vm, name, RecordType::A).0, ResponseCode::Refused);
                }
            });
        }
    });
    world.until("200 look-ups", |_, world| {
        let asked =
            world.flows.iter().filter(|(_, cells)| cells["verdict"] == "ask" && cells["rule"] == "ask internet");
        let counts: Vec<u64> = asked.map(|(_, cells)| cells["count"].as_u64().unwrap()).collect();
        (counts.len() == 30 && counts.iter().sum::<u64>() == 200).then_some(())
    });
    assert_eq!(world.asked.lock().unwrap().len(), 0);
}
