#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;
use proptest::prelude::*;

fn ends() -> Ends {
    Ends::parse("10.137.0.6,10.137.0.5,fd00:137:1::2,fd00:137:1::1").unwrap()
}

/// Hardware addresses are nobody's business here.
fn ethernet(kind: u16, packet: &[u8]) -> Vec<u8> {
    [&[0x52; 12][..], &kind.to_be_bytes(), packet].concat()
}

fn arp_frame(sender: &str, target: &str) -> Vec<u8> {
    let octets = |text: &str| text.parse::<Ipv4Addr>().unwrap().octets();
    let packet = [&ARP_HEAD[..], &[0, 1], &[0x52; 6], &octets(sender), &[0; 6], &octets(target), &[0; 18]].concat();
    ethernet(ETHERTYPE_ARP, &packet)
}

struct Packet {
    from: IpAddr,
    to: IpAddr,
    protocol: u8,
    content: Vec<u8>,
}

impl Packet {
    fn to(to: &str) -> Self {
        let to: IpAddr = to.parse().unwrap();
        let from = if to.is_ipv4() { IpAddr::V4(ends().guest4) } else { IpAddr::V6(ends().guest6) };
        Self { from, to, protocol: TCP, content: tcp(443) }
    }

    fn from(mut self, from: &str) -> Self {
        self.from = from.parse().unwrap();
        self
    }

    fn with(mut self, protocol: u8, content: Vec<u8>) -> Self {
        self.protocol = protocol;
        self.content = content;
        self
    }

    fn bytes(&self) -> Vec<u8> {
        let length = self.content.len() as u16;
        match (self.from, self.to) {
            (IpAddr::V4(from), IpAddr::V4(to)) => [
                &[0x45, 0],
                &(length + 20).to_be_bytes()[..],
                &[0, 0, 0x40, 0, 64, self.protocol, 0, 0],
                &from.octets(),
                &to.octets(),
                &self.content,
            ]
            .concat(),
            (IpAddr::V6(from), IpAddr::V6(to)) => [
                &[0x60, 0, 0, 0],
                &length.to_be_bytes()[..],
                &[self.protocol, 64],
                &from.octets(),
                &to.octets(),
                &self.content,
            ]
            .concat(),
            _ => panic!("two families"),
        }
    }

    fn frame(&self) -> Vec<u8> {
        ethernet(if self.to.is_ipv4() { ETHERTYPE_IPV4 } else { ETHERTYPE_IPV6 }, &self.bytes())
    }

    fn passes(&self) -> bool {
        passes(&self.frame(), &ends(), &[])
    }
}

fn tcp(port: u16) -> Vec<u8> {
    [&[0x80, 0][..], &port.to_be_bytes(), &[0; 16]].concat()
}

fn udp(port: u16) -> Vec<u8> {
    [&[0x80, 0][..], &port.to_be_bytes(), &[0, 8, 0, 0]].concat()
}

fn neighbour_frame(kind: u8, to: &str, target: &str) -> Packet {
    let target = target.parse::<Ipv6Addr>().unwrap().octets();
    Packet::to(to).with(ICMPV6, [&[kind, 0, 0, 0, 0, 0, 0, 0][..], &target].concat())
}

#[test]
fn what_is_meant_for_the_internet_passes() {
    for to in ["1.1.1.1", "198.18.0.10", "2606:4700::1111", "2001:2::10"] {
        assert!(Packet::to(to).passes(), "{to}");
        assert!(Packet::to(to).with(UDP, udp(443)).passes(), "{to}");
    }
    assert!(Packet::to("1.1.1.1").with(ICMP, vec![ECHO_REQUEST, 0, 0, 0, 0, 0, 0, 0]).passes());
    assert!(Packet::to("2606::1").with(ICMPV6, vec![ECHO_REQUEST6, 0, 0, 0, 0, 0, 0, 0]).passes());
}

#[test]
fn a_frame_may_be_filled_up() {
    let frame = [Packet::to("1.1.1.1").frame(), vec![0; 30]].concat();
    assert!(passes(&frame, &ends(), &[]));
}

#[test]
fn what_is_not_the_internet_does_not() {
    for to in [
        "127.0.0.1",
        "10.0.0.1",
        "10.137.0.5",
        "10.137.0.6",
        "192.168.1.1",
        "169.254.169.254",
        "255.255.255.255",
        "224.0.0.251",
        "::1",
        "fd00:137:1::1",
        "fd00::1",
        "fe80::1",
        "ff02::1",
        "ff02::2",
        "::ffff:1.1.1.1",
        "64:ff9b::101:101",
    ] {
        assert!(!Packet::to(to).passes(), "{to}");
    }
}

#[test]
fn what_the_host_has_itself_does_not() {
    let own = [Network::new("1.1.1.1".parse().unwrap(), 24)];
    assert!(!passes(&Packet::to("1.1.1.200").frame(), &ends(), &own));
    assert!(passes(&Packet::to("1.1.2.200").frame(), &ends(), &own));
}

#[test]
fn only_the_resolver_of_the_gateway_is_reached() {
    for gateway in ["10.137.0.5", "fd00:137:1::1"] {
        assert!(Packet::to(gateway).with(UDP, udp(53)).passes());
        assert!(Packet::to(gateway).with(TCP, tcp(53)).passes());
        assert!(!Packet::to(gateway).with(UDP, udp(67)).passes());
        assert!(!Packet::to(gateway).with(TCP, tcp(22)).passes());
        assert!(!Packet::to(gateway).with(ICMP, vec![ECHO_REQUEST; 8]).passes());
        assert!(!Packet::to(gateway).with(ICMPV6, vec![ECHO_REQUEST6; 8]).passes());
    }
}

#[test]
fn another_source_than_the_vms_own_does_not_pass() {
    assert!(!Packet::to("1.1.1.1").from("10.137.0.10").passes());
    assert!(!Packet::to("1.1.1.1").from("127.0.0.1").passes());
    assert!(!Packet::to("2606::1").from("fd00:137:2::2").passes());
    assert!(!Packet::to("2606::1").from("fe80::1").passes());
    assert!(!Packet::to("10.137.0.5").from("10.137.0.10").with(UDP, udp(53)).passes());
}

#[test]
fn only_the_gateway_is_looked_for() {
    let ask = |sender, target| passes(&arp_frame(sender, target), &ends(), &[]);
    assert!(ask("10.137.0.6", "10.137.0.5"));
    assert!(ask("0.0.0.0", "10.137.0.5"));
    assert!(!ask("10.137.0.6", "10.137.0.6"));
    assert!(!ask("10.137.0.6", "192.168.1.1"));
    assert!(!ask("10.137.0.5", "10.137.0.5"));
    let mut other = arp_frame("10.137.0.6", "10.137.0.5");
    other[14 + 5] = 16;
    assert!(!passes(&other, &ends(), &[]));

    let solicit = |to, target| neighbour_frame(NEIGHBOUR_SOLICITATION, to, target).passes();
    assert!(solicit("ff02::1:ff00:1", "fd00:137:1::1"));
    assert!(solicit("fd00:137:1::1", "fd00:137:1::1"));
    assert!(!solicit("ff02::1:ff00:1", "fd00:137:1::2"));
    assert!(!solicit("ff02::1", "fd00:137:1::1"));
    assert!(!solicit("2606::1", "fd00:137:1::1"));
    assert!(neighbour_frame(NEIGHBOUR_ADVERTISEMENT, "fd00:137:1::1", "fd00:137:1::2").passes());
    assert!(!neighbour_frame(NEIGHBOUR_ADVERTISEMENT, "2606::1", "fd00:137:1::2").passes());
}

#[test]
fn protocols_that_nobody_needs_do_not_pass() {
    for protocol in [0, 2, 4, 41, 43, 44, 47, 50, 60, 132] {
        assert!(!Packet::to("1.1.1.1").with(protocol, vec![0; 64]).passes(), "{protocol}");
        assert!(!Packet::to("2606::1").with(protocol, vec![0; 64]).passes(), "{protocol}");
    }
    // A redirect, and a router's advertisement.
    assert!(!Packet::to("1.1.1.1").with(ICMP, vec![5; 8]).passes());
    assert!(!Packet::to("2606::1").with(ICMPV6, vec![134; 8]).passes());
    assert!(!Packet::to("1.1.1.1").with(ICMPV6, vec![ECHO_REQUEST6; 8]).passes());
}

#[test]
fn tags_options_fragments_and_other_versions_do_not_pass() {
    let packet = Packet::to("1.1.1.1").bytes();
    assert!(!passes(&ethernet(0x8100, &[&[0, 1, 0x08, 0], &packet[..]].concat()), &ends(), &[]));
    assert!(!passes(&ethernet(0x88a8, &[&[0, 1, 0x08, 0], &packet[..]].concat()), &ends(), &[]));
    let changed = |at: usize, value: u8| {
        let mut packet = packet.clone();
        packet[at] = value;
        passes(&ethernet(ETHERTYPE_IPV4, &packet), &ends(), &[])
    };
    assert!(changed(6, 0));
    assert!(!changed(0, 0x46));
    assert!(!changed(0, 0x44));
    assert!(!changed(0, 0x65));
    assert!(!changed(6, 0x20));
    assert!(!changed(6, 0x80));
    assert!(!changed(7, 1));
    assert!(!passes(&ethernet(ETHERTYPE_IPV6, &packet), &ends(), &[]));
    assert!(!passes(&ethernet(ETHERTYPE_IPV4, &Packet::to("2606::1").bytes()), &ends(), &[]));
}

#[test]
fn a_length_that_the_frame_has_not_does_not_pass() {
    for packet in [Packet::to("1.1.1.1"), Packet::to("2606::1")] {
        let mut frame = packet.frame();
        frame.pop();
        assert!(!passes(&frame, &ends(), &[]));
        assert!(!Packet { content: vec![0; 19], ..packet }.passes());
    }
}

/// Where a frame would take a packet: read apart from the code under test, and as leniently as a receiver could.
fn lenient_destination(frame: &[u8]) -> Option<IpAddr> {
    match (frame[12], frame[13], frame.get(14)? >> 4) {
        (0x08, 0x00, 4) => Some(IpAddr::V4(<[u8; 4]>::try_from(frame.get(30..34)?).ok()?.into())),
        (0x86, 0xdd, 6) => Some(IpAddr::V6(<[u8; 16]>::try_from(frame.get(38..54)?).ok()?.into())),
        _ => None,
    }
}

proptest! {
    #[test]
    fn every_frame_is_judged(frame in prop::collection::vec(any::<u8>(), 0..200)) {
        passes(&frame, &ends(), &[]);
    }

    #[test]
    fn a_packet_that_passes_is_for_the_internet_or_the_gateway(
        is_v4 in any::<bool>(),
        change in prop::collection::vec((0usize..60, any::<u8>()), 0..4),
        to4 in any::<[u8; 4]>(),
        to6 in any::<[u8; 16]>(),
        protocol in prop::sample::select(vec![ICMP, TCP, UDP, ICMPV6, 0, 43, 44]),
        content in prop::collection::vec(any::<u8>(), 0..60),
        cut in 0usize..120,
    ) {
        let to = if is_v4 { IpAddr::V4(to4.into()) } else { IpAddr::V6(to6.into()) };
        let mut frame = Packet::to(&to.to_string()).with(protocol, content).frame();
        for (at, value) in change {
            if let Some(byte) = frame.get_mut(14 + at) { *byte = value; }
        }
        frame.truncate(frame.len().saturating_sub(cut).max(14));
        if passes(&frame, &ends(), &[]) {
            let known = [IpAddr::V4(ends().gateway4), ends().gateway6.into(), solicited_node(ends().gateway6).into()];
            let is_allowed = lenient_destination(&frame).is_some_and(|to| is_internet(to, &[]) || known.contains(&to));
            prop_assert!(is_allowed, "{:02x?}", frame);
        }
    }
}
