//! The golden vectors against the Rust framing, as TypeScript runs them against its own.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[allow(dead_code)]
mod common;

use std::collections::BTreeSet;

use atoll_wire::{Header, Message, WireError, decode, encode};
use common::{Schema, VECTORS, bytes, split_text, vectors};
use prost::Message as _;

fn header_of(framed: &[u8]) -> &[u8] {
    let length = u32::from_le_bytes(framed[4..8].try_into().unwrap()) as usize;
    &framed[8..8 + length]
}

#[test]
fn every_vector_is_what_its_text_says() {
    let schema = Schema::load();
    for vector in vectors(VECTORS) {
        let name = vector.name;
        let framed = bytes(vector.hex);
        let decoded = decode(&framed);
        if let Some(code) = vector.text.strip_prefix('!') {
            assert_eq!(decoded.expect_err(name).code(), code, "{name}");
            continue;
        }
        let Message { body, payload } = decoded.unwrap_or_else(|error| panic!("{name}: {error}"));
        if vector.text == "?unknown" {
            assert_eq!(body, None, "{name}");
            continue;
        }
        let (json, payload_bytes) = split_text(vector.text);
        assert_eq!(payload.len(), payload_bytes, "{name}");
        assert_eq!(schema.json_of(header_of(&framed)), json, "{name}");
        let mut again = Vec::new();
        encode(body.expect(name), &payload, &mut again).expect(name);
        assert!(again == framed, "{name} encodes to the same bytes");
    }
}

#[test]
fn every_message_of_the_protocol_has_a_vector() {
    let named = vectors(VECTORS)
        .filter_map(|vector| vector.text.strip_prefix("{\"")?.split('"').next())
        .collect::<BTreeSet<_>>();
    for message in Schema::load().messages() {
        assert!(named.contains(message.as_str()), "no vector for {message}");
    }
}

#[test]
fn vectors_have_names_of_their_own() {
    let mut seen = BTreeSet::new();
    for vector in vectors(VECTORS) {
        assert!(seen.insert(vector.name), "{} stands twice", vector.name);
    }
}

#[test]
fn a_flipped_byte_gives_a_message_or_an_error() {
    for vector in vectors(VECTORS) {
        let framed = bytes(vector.hex);
        for at in 0..framed.len().min(256) {
            let mut flipped = framed.clone();
            flipped[at] ^= 0x55;
            let _ = decode(&flipped);
        }
    }
}

#[test]
fn limits_are_those_of_limits_ts() {
    let file = include_str!("../../../shared/protocol/limits.ts");
    let theirs = constants(file, "export const ");
    let ours = constants(include_str!("../src/limits.rs"), "pub const ");
    assert!(ours.len() > 20);
    for (name, value) in &ours {
        let (_, theirs) = theirs.iter().find(|(other, _)| other == name).unwrap_or_else(|| panic!("{name}"));
        assert_eq!(value, theirs, "{name}");
    }
}

#[test]
fn a_buffer_may_be_as_large_as_limits_ts_says() {
    use atoll_wire::limits::{MAX_AREA_PX, max_buffer_px};
    for (output, largest) in [
        (0, 3840 * 2160),
        (1920 * 1080, 3840 * 2160),
        (2560 * 1440, 4 * 2560 * 1440),
        (7680 * 4320, MAX_AREA_PX),
        (u32::MAX, MAX_AREA_PX),
    ] {
        assert_eq!(max_buffer_px(output), largest);
    }
}

/// Name and product of every `prefix NAME ... = a * b;` line.
fn constants(file: &str, prefix: &str) -> Vec<(String, u64)> {
    let product = |text: &str| {
        text.trim_end_matches(';').split('*').map(|f| f.trim().replace('_', "").parse::<u64>().unwrap()).product()
    };
    file.lines()
        .filter_map(|line| line.strip_prefix(prefix)?.split_once('='))
        .map(|(name, value)| (name.split(':').next().unwrap().trim().to_owned(), product(value)))
        .collect()
}

#[test]
fn headers_and_messages_are_encoded_up_to_their_limits() {
    use atoll_wire::limits::{MAX_HEADER_BYTES, MAX_MESSAGE_BYTES};
    let header = |detail_bytes: usize| Header {
        message: Some(atoll_wire::header::Message::RequestFailed(atoll_wire::RequestFailed {
            detail: "x".repeat(detail_bytes),
            ..Default::default()
        })),
    };
    let around = header(MAX_HEADER_BYTES - 100).encoded_len() - (MAX_HEADER_BYTES - 100);
    for (header_bytes, payload_bytes, outcome) in [
        (MAX_HEADER_BYTES, 0, Ok(())),
        (MAX_HEADER_BYTES + 1, 0, Err(WireError::HeaderTooLarge)),
        (MAX_HEADER_BYTES, MAX_MESSAGE_BYTES - 4 - MAX_HEADER_BYTES, Ok(())),
        (MAX_HEADER_BYTES, MAX_MESSAGE_BYTES - 3 - MAX_HEADER_BYTES, Err(WireError::LengthTooLarge)),
    ] {
        let header = header(header_bytes - around);
        assert_eq!(header.encoded_len(), header_bytes);
        let payload = vec![7; payload_bytes];
        let mut out = vec![1];
        assert_eq!(encode(header.message.unwrap(), &payload, &mut out), outcome);
        if outcome.is_ok() {
            assert_eq!(decode(&out[1..]).unwrap().payload, payload);
        } else {
            assert_eq!(out, [1]);
        }
    }
}
