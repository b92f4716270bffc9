//! The program in network namespaces of this machine, as it is in its VM: packets, look-ups, rows. Skipped where the machine
//! has none.
#![allow(clippy::unwrap_used, clippy::panic)]

mod changes;
mod names;
mod scanning;
mod support;
mod vms;
mod ways;

use hickory_proto::op::ResponseCode;
use hickory_proto::rr::RecordType;
use serde_json::json;
use std::io::{ErrorKind, Read};
use support::{OTHER, PATIENCE, WEB, WEB6, World, echo, silent_echo, state, state_of_two, world};

/// No answer at all: to a packet, or to the question whose address the gateway's is.
fn is_silence(error: ErrorKind) -> bool {
    matches!(error, ErrorKind::TimedOut | ErrorKind::HostUnreachable)
}

#[test]
fn a_vm_without_rules_reaches_nothing_and_is_told_so_at_once() {
    let Some(mut world) = world() else { return };
    world.tell_rules(&[]);
    for address in [WEB, WEB6, "10.99.0.1", "192.168.1.1"] {
        // It is no silence, of which a program learns by its own patience alone.
        assert_eq!(world.connect_vm(address, 80).unwrap_err(), ErrorKind::ConnectionRefused, "{address}");
    }
    assert_eq!(world.look_up("web.example", RecordType::A).0, ResponseCode::Refused);
    assert_eq!(world.asked.lock().unwrap().len(), 0);
    let cells = json!({ "link": "link-1", "rule": "builtin:default-deny", "verdict": "deny", "revision": 7 });
    let with = |more: serde_json::Value| {
        let mut cells = cells.clone();
        cells.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        cells
    };
    world.row(with(json!({ "address": WEB, "port": 80, "protocol": "tcp" })));
    world.row(with(json!({ "address": WEB6, "port": 80, "protocol": "tcp" })));
    world.row(with(json!({ "name": "web.example", "address": null, "port": null, "protocol": "dns" })));
    world.row(json!({ "address": "192.168.1.1", "rule": "builtin:not-internet", "count": 1 }));
}

#[test]
fn where_the_kernel_does_not_keep_the_rules_nothing_passes_and_it_is_told() {
    let Some(mut world) = world() else { return };
    world.tell_rules(&["allow internet"]);
    let mut open = world.connect_vm(WEB, 80).unwrap();
    echo(&mut open, b"hello").unwrap();
    // As by a fault: packets of canaries are allowed by a rule that is not of the desired state.
    world.firewall.run(
        "nft 'table inet other {\n chain first {\n type filter hook prerouting priority -151\n iifname lo meta mark set 1\n }\n }'",
    );
    let problems = world.tell(state(&["deny 1.2.3.0/24", "allow internet"]));
    assert_eq!((problems.len(), problems[0]["where"].as_str()), (1, Some("link-1")), "{problems:?}");
    assert!(problems[0]["reason"].as_str().unwrap().starts_with("the kernel does not keep its rules"));
    assert!(is_silence(world.connect_vm(WEB, 80).unwrap_err()));
    assert!(silent_echo(&mut open, b"more").is_err());
    world.firewall.run("nft delete table inet other");
    // Tried again without a new state: the fault may have been that of a moment.
    world.until("in force", |message, _| {
        (message["type"] == "applied" && message["problems"] == json!([])).then_some(())
    });
    world.exchange(WEB, 80, b"hello").unwrap();
}

#[test]
fn the_internet_is_reached_by_a_rule_for_it() {
    let Some(mut world) = world() else { return };
    world.tell_rules(&["allow internet"]);
    for address in [WEB, WEB6] {
        world.exchange(address, 80, b"hello").unwrap();
    }
    assert_eq!(world.addresses("web.example"), [WEB.parse::<std::net::IpAddr>().unwrap()]);
    let mut stream = world.connect_vm(WEB, 80).unwrap();
    echo(&mut stream, &[7; 3000]).unwrap();
    let row = world.row(json!({ "name": "web.example", "address": WEB, "state": "open" }));
    assert_eq!((row["rule"].as_str(), row["verdict"].as_str()), (Some("allow internet"), Some("allow")));
    assert!(row["bytesOut"].as_u64().unwrap() >= 3000 && row["bytesIn"].as_u64().unwrap() >= 3000);
    drop(stream);
    world.row(json!({ "name": "web.example", "address": WEB, "state": "closed" }));
    assert_eq!(world.connect_vm("10.99.0.1", 80).unwrap_err(), ErrorKind::ConnectionRefused);
    assert_eq!(world.look_up("inside.example", RecordType::A).0, ResponseCode::Refused);
    world.row(json!({ "name": "inside.example", "rule": "builtin:private-answer" }));
}

#[test]
fn a_change_of_rules_resets_connections_that_run_even_idle_ones() {
    let Some(mut world) = world() else { return };
    world.tell_rules(&["allow internet"]);
    for address in [WEB, WEB6] {
        let mut stream = world.connect_vm(address, 8080).unwrap();
        echo(&mut stream, b"hello").unwrap();
        world.row(json!({ "address": address, "state": "open" }));
        world.tell_rules(&["deny internet 8080", "allow internet"]);
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        assert_eq!(stream.read(&mut [0]).unwrap_err().kind(), ErrorKind::ConnectionReset, "{address}");
        world.row(json!({ "address": address, "verdict": "deny", "port": 8080 }));
        world.tell_rules(&["allow internet"]);
        world.exchange(address, 8080, b"again").unwrap();
    }
}

#[test]
fn what_a_change_of_rules_allows_runs_on() {
    let Some(mut world) = world() else { return };
    world.tell_rules(&["allow internet"]);
    let mut stream = world.connect_vm(WEB, 80).unwrap();
    echo(&mut stream, b"hello").unwrap();
    world.tell_rules(&["deny internet 8080", "allow internet"]);
    echo(&mut stream, b"and on").unwrap();
}

#[test]
fn nothing_passes_with_another_source_than_the_vms_own() {
    let Some(mut world) = world() else { return };
    world.tell_rules(&["allow internet"]);
    world.vm.run(
        "ip addr add 10.137.0.50/32 dev lo; ip addr add 198.18.9.9/32 dev lo
        ip addr add fd00:137:2::2/128 dev lo; ip addr add 2001:2:9::9/128 dev lo",
    );
    for (to, gateway, sources) in
        [(WEB, "10.137.0.5", ["10.137.0.50", "198.18.9.9"]), (WEB6, "fd00:137:1::1", ["fd00:137:2::2", "2001:2:9::9"])]
    {
        for source in sources {
            world.vm.run(&format!("ip route replace default via {gateway} src {source}"));
            assert!(is_silence(world.connect_vm(to, 80).unwrap_err()), "{source}");
        }
    }
    world.vm.run(
        "ip route replace default via 10.137.0.5; ip link set eth0 down; ip link set eth0 address 52:54:00:a7:00:02
        ip link set eth0 up; ip route replace default via 10.137.0.5",
    );
    assert!(is_silence(world.connect_vm(WEB, 80).unwrap_err()));
    world.until("spoofed packets", |_, world| {
        world.links.iter().find(|(key, cells)| key == "link-1" && cells["packetsDenied"].as_u64() > Some(4)).map(drop)
    });
    world.row(json!({ "link": "link-1", "rule": "builtin:spoofed", "verdict": "deny" }));
    assert_eq!(world.flows.len(), 1);
}

#[test]
fn foreign_resolvers_are_refused() {
    let Some(mut world) = world() else { return };
    world.tell_rules(&["allow internet"]);
    assert_eq!(world.connect_vm("198.18.0.53", 53).unwrap_err(), ErrorKind::ConnectionRefused);
    world.row(json!({ "address": "198.18.0.53", "port": 53, "rule": "builtin:encrypted-dns" }));
}

#[test]
fn what_the_kernel_counts_is_in_the_rows() {
    let Some(mut world) = world() else { return };
    world.tell_rules(&[]);
    world.vm.run(&format!(
        "python3 -c \"import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for i in range(2000): s.sendto(b'x', ('{OTHER}', 1000 + i % 3))\""
    ));
    world.until("2000 denied", |_, world| {
        let counted = world.links.first().map_or(0, |(_, cells)| cells["packetsDenied"].as_u64().unwrap());
        let listed: u64 = world.flows.iter().map(|(_, cells)| cells["count"].as_u64().unwrap()).sum();
        (counted == 2000 && listed == 2000).then_some(())
    });
    assert!(world.flows.len() < 10);
}

#[test]
fn one_vm_does_not_fill_the_table_of_all() {
    let Some(mut world) = world() else { return };
    let connect_5000 = |port: u16| {
        format!(
            "python3 -c \"import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for i in range(5000): s.sendto(b'x', ('{OTHER}', {port} + i))\""
        )
    };
    let denied = |world: &World| -> u64 {
        let denied = world.flows.iter().filter(|(_, cells)| cells["verdict"] == "deny");
        denied.map(|(_, cells)| cells["count"].as_u64().unwrap()).sum()
    };
    world.tell_rules(&["allow internet"]);
    world.vm.run(&connect_5000(10000));
    world.row(json!({ "rule": "builtin:too-many", "verdict": "deny" }));
    world.until("a thousand too many", |_, world| (denied(world) >= 1000).then_some(()));
    // Other rules are no new allowance. Some connections may have ended by then, but not a thousand.
    world.tell_rules(&["deny internet 8080", "allow internet"]);
    world.vm.run(&connect_5000(20000));
    world.until("nearly all of them", |_, world| (denied(world) > 5000).then_some(()));
    assert!(world.addresses("web.example").contains(&WEB.parse().unwrap()));
}

#[test]
fn an_interface_may_come_after_what_is_told_of_it() {
    let Some(mut world) = world() else { return };
    let mut desired = state(&["allow internet"]);
    let mut second = desired["links"][0].clone();
    second["id"] = json!("link-2");
    second["own"] = json!({ "mac": "52:54:00:b7:00:02", "ipv4": "10.137.0.9", "ipv6": "fd00:137:2::1" });
    second["guest"] = json!({ "mac": "52:54:00:a7:00:02", "ipv4": "10.137.0.10", "ipv6": "fd00:137:2::2" });
    desired["links"].as_array_mut().unwrap().push(second);
    let problems = world.tell(desired);
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0]["where"], "link-2");
    world.exchange(WEB, 80, b"hello").unwrap();
    world.firewall.run("ip link add eth9 address 52:54:00:b7:00:02 type veth peer name peer9");
    world
        .until("link-2", |message, _| (message["type"] == "applied" && message["problems"] == json!([])).then_some(()));
    assert!(world.firewall.run("ip -br addr show link-2").contains("10.137.0.9/30"));
    assert!(world.firewall.run("nft list table netdev link-2").contains("10.137.0.10"));
    world.exchange(WEB, 80, b"hello").unwrap();
    // It goes, and its rules with it.
    world.firewall.run("ip link del link-2");
    world.until("no link-2", |message, _| {
        (message["type"] == "applied" && message["problems"] != json!([])).then_some(())
    });
    assert!(!world.firewall.run("nft list table inet atoll").contains("link-2"));
}

#[test]
fn nothing_is_said_to_be_in_force_that_this_run_of_atoll_has_not_told() {
    let Some(mut world) = world() else { return };
    let desired = state_of_two(&["allow internet"], &["allow internet"]);
    for _ in 0..3 {
        world.tell(desired.clone());
    }
    world.start_atoll_again();
    world.until("health", |message, _| (message["type"] == "health").then_some(()));
    world.firewall.run("ip link add eth9 address 52:54:00:b7:00:02 type veth peer name peer9");
    // Its rules are applied anew, and this is confirmed before the state that is sent now.
    let is_there = "until ip -br addr show dev link-2 2>&1 | grep -q 10.137.0.9; do sleep 0.05; done";
    world.firewall.run(&format!("timeout 60 sh -c '{is_there}'"));
    world.send(&desired);
    let revision =
        world.until("applied", |message, _| (message["type"] == "applied").then(|| message["revision"].clone()));
    assert_eq!(revision, 1);
    world.exchange(WEB, 80, b"hello").unwrap();
}

#[test]
fn a_wrong_link_costs_that_link_and_wrong_state_changes_nothing() {
    let Some(mut world) = world() else { return };
    world.tell_rules(&["allow internet"]);
    assert_eq!(world.tell(json!({ "links": 1 }))[0]["where"], "");
    world.exchange(WEB, 80, b"hello").unwrap();
    let mut desired = state(&["allow internet"]);
    desired["links"][0]["rules"]["rules"][0]["port"] = json!(-1);
    assert_eq!(world.tell(desired)[0]["where"], "link-1");
    assert!(world.connect_vm(WEB, 80).is_err());
}

#[test]
fn rules_that_nft_does_not_take_cost_their_vm_the_network_and_no_other() {
    let Some(mut world) = world() else { return };
    let other = world.second_vm(&["allow internet"]);
    let reaches = "timeout 20 bash -c 'exec 3<>/dev/tcp/198.18.0.10/80'";
    assert!(other.can(reaches));
    world.tell_rules(&["allow internet"]);
    // A table that another program owns has the name of that link's.
    let mut owner = world.firewall.owner_of_table("netdev link-2");
    let both = state_of_two(&["allow internet"], &["allow internet"]);
    let problems = world.tell(both.clone());
    assert_eq!(problems.iter().map(|problem| &problem["where"]).collect::<Vec<_>>(), ["link-2"], "{problems:?}");
    assert!(problems[0]["reason"].as_str().unwrap().contains("Operation not permitted"), "{problems:?}");
    world.exchange(WEB, 80, b"hello").unwrap();
    assert!(!other.can(reaches));
    owner.kill().unwrap();
    owner.wait().unwrap();
    assert_eq!(world.tell(both), [] as [serde_json::Value; 0]);
    assert!(other.can(reaches));
}

#[test]
fn a_program_that_was_killed_lets_nothing_pass_until_it_is_told_again() {
    let Some(mut world) = world() else { return };
    world.tell_rules(&["allow internet"]);
    world.exchange(WEB, 80, b"hello").unwrap();
    world.kill_program();
    world.start_program();
    assert!(world.connect_vm(WEB, 80).is_err());
    world.tell_rules(&["allow internet"]);
    world.exchange(WEB, 80, b"hello").unwrap();
}
