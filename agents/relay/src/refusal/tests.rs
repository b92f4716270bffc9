#![allow(clippy::unwrap_used)]

use super::*;
use proptest::prelude::*;

fn ends() -> Ends {
    Ends::parse("10.137.0.6,10.137.0.5,fd00:137:1::2,fd00:137:1::1").unwrap()
}

fn frame4(to: &str, protocol: u8, content: &[u8]) -> Vec<u8> {
    let packet = ipv4(ends().guest4, to.parse().unwrap(), protocol, content);
    [&[0xaa; 6][..], &[0xbb; 6], &ETHERTYPE_IPV4.to_be_bytes(), &packet].concat()
}

fn frame6(to: &str, protocol: u8, content: &[u8]) -> Vec<u8> {
    let packet = ipv6(ends().guest6, to.parse().unwrap(), protocol, content);
    [&[0xaa; 6][..], &[0xbb; 6], &ETHERTYPE_IPV6.to_be_bytes(), &packet].concat()
}

/// From port 1000 to port 80; the numbers are 7 and 9.
fn segment(flags: u8, content: &[u8]) -> Vec<u8> {
    [&[0x03, 0xe8, 0, 80, 0, 0, 0, 7, 0, 0, 0, 9, 0x50, flags, 0, 0, 0, 0, 0, 0][..], content].concat()
}

/// From port 1000 to port 80.
const DATAGRAM: [u8; 12] = [0x03, 0xe8, 0, 80, 0, 12, 0, 0, 1, 2, 3, 4];

/// Whether what is within has the checksum that it says.
fn is_sound(frame: &[u8], protocol: u8) -> bool {
    let packet = &frame[ETHERNET_BYTES..];
    if packet[0] >> 4 == 4 {
        let (from, to) = (ipv4_at(packet, 12).unwrap(), ipv4_at(packet, 16).unwrap());
        let content = &packet[IPV4_BYTES..];
        let is_content_sound = match protocol {
            ICMP => checksum(content) == 0,
            _ => transport_checksum(content, from.into(), to.into(), protocol) == 0,
        };
        return checksum(&packet[..IPV4_BYTES]) == 0 && is_content_sound && packet[9] == protocol;
    }
    let (from, to) = (ipv6_at(packet, 8).unwrap(), ipv6_at(packet, 24).unwrap());
    transport_checksum(&packet[IPV6_BYTES..], from.into(), to.into(), protocol) == 0 && packet[6] == protocol
}

#[test]
fn a_connection_is_reset_by_whom_it_was_for() {
    for (frame, head, from, to) in [
        (frame4("192.168.1.1", TCP, &segment(SYN, b"")), IPV4_BYTES, 12, 16),
        (frame6("fd00::7", TCP, &segment(SYN, b"")), IPV6_BYTES, 8, 24),
    ] {
        let answer = refusal(&frame, &ends()).unwrap();
        assert_eq!((&answer[..6], &answer[6..12]), (&[0xbb; 6][..], &[0xaa; 6][..]));
        let (packet, asked) = (&answer[ETHERNET_BYTES..], &frame[ETHERNET_BYTES..]);
        let bytes = to - from;
        assert_eq!(packet[from..to], asked[to..to + bytes]);
        assert_eq!(packet[to..to + bytes], asked[from..to]);
        // Its number and one for SYN.
        let numbers = [0, 0, 0, 0, 0, 0, 0, 8];
        assert_eq!(
            packet[head..],
            [&[0, 80, 0x03, 0xe8][..], &numbers, &[0x50, RST | ACK], &packet[head + 14..]].concat()
        );
        assert!(is_sound(&answer, TCP));
    }
}

#[test]
fn one_that_runs_is_reset_at_the_number_that_it_awaits() {
    let answer = refusal(&frame4("192.168.1.1", TCP, &segment(ACK, b"data")), &ends()).unwrap();
    let segment = &answer[ETHERNET_BYTES + IPV4_BYTES..];
    assert_eq!(segment[4..14], [0, 0, 0, 9, 0, 0, 0, 0, 0x50, RST]);
    assert!(is_sound(&answer, TCP));
}

#[test]
fn a_datagram_is_prohibited_by_the_gateway() {
    let frame = frame4("192.168.1.1", UDP, &DATAGRAM);
    let answer = refusal(&frame, &ends()).unwrap();
    let packet = &answer[ETHERNET_BYTES..];
    assert_eq!(ipv4_at(packet, 12), Some(ends().gateway4));
    assert_eq!(packet[IPV4_BYTES..IPV4_BYTES + 2], PROHIBITED4);
    assert_eq!(packet[IPV4_BYTES + 8..], frame[ETHERNET_BYTES..ETHERNET_BYTES + IPV4_BYTES + 8]);
    assert!(is_sound(&answer, ICMP));
    let frame = frame6("fd00::7", UDP, &DATAGRAM);
    let answer = refusal(&frame, &ends()).unwrap();
    let packet = &answer[ETHERNET_BYTES..];
    assert_eq!(ipv6_at(packet, 8), Some(ends().gateway6));
    assert_eq!(packet[IPV6_BYTES..IPV6_BYTES + 2], PROHIBITED6);
    assert!(is_sound(&answer, ICMPV6));
}

#[test]
fn nothing_is_said_to_what_is_no_question_of_the_vm() {
    let foreign = [
        &[0xaa; 12][..],
        &ETHERTYPE_IPV4.to_be_bytes(),
        &ipv4(Ipv4Addr::new(10, 9, 9, 9), Ipv4Addr::new(192, 168, 1, 1), TCP, &segment(SYN, b"")),
    ]
    .concat();
    let mut fragment = frame4("192.168.1.1", UDP, &DATAGRAM);
    fragment[ETHERNET_BYTES + 6] = 0x20;
    for frame in [
        foreign,
        fragment,
        // A reset is not answered by a reset.
        frame4("192.168.1.1", TCP, &segment(RST, b"")),
        frame4("224.0.0.251", UDP, &DATAGRAM),
        frame4("255.255.255.255", UDP, &DATAGRAM),
        frame6("ff02::fb", UDP, &DATAGRAM),
        frame4("192.168.1.1", ICMP, &[3, 1, 0, 0, 0, 0, 0, 0]),
        frame6("fd00::7", ICMPV6, &[135, 0, 0, 0, 0, 0, 0, 0]),
        frame4("192.168.1.1", TCP, &segment(SYN, b"")[..19]),
    ] {
        assert_eq!(refusal(&frame, &ends()), None);
    }
}

proptest! {
    /// It answers its own kind alone, whatever the VM sends, and never with more than it was sent and the heads.
    #[test]
    fn no_bytes_make_it_fail(
        to4 in any::<[u8; 4]>(),
        protocol in prop::sample::select(vec![TCP, UDP, ICMP]),
        content in prop::collection::vec(any::<u8>(), 0..80),
        cut in 0usize..60,
    ) {
        let to = Ipv4Addr::from(to4).to_string();
        let mut frame = frame4(&to, protocol, &content);
        if let Some(answer) = refusal(&frame, &ends()) {
            prop_assert!(answer.len() <= frame.len() + 64);
            let own = if protocol == UDP { ICMP } else { TCP };
            prop_assert!(is_sound(&answer, own));
        }
        frame.truncate(frame.len().saturating_sub(cut));
        let _ = refusal(&frame, &ends());
        let _ = refusal(&content, &ends());
    }
}
