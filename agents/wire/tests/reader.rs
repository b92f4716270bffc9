//! Properties of the agent's end of a port: any bytes, split anywhere.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use atoll_wire::{Epoch, Item, Ping, Reader, WireError, encode, header, opening};
use proptest::prelude::*;

fn framed(bodies: &[(u64, Vec<u8>)]) -> Vec<u8> {
    let mut out = Vec::new();
    for (nonce, payload) in bodies {
        encode(header::Message::Ping(Ping { nonce: *nonce }), payload, &mut out).unwrap();
    }
    out
}

/// Feeds `bytes` in pieces of the given sizes (over and over) and takes what comes out.
fn read(reader: &mut Reader, bytes: &[u8], sizes: &[usize]) -> Vec<Result<Item, WireError>> {
    let mut out = Vec::new();
    let mut rest = bytes;
    for size in sizes.iter().cycle() {
        let (piece, tail) = rest.split_at((*size).clamp(1, rest.len().max(1)).min(rest.len()));
        rest = tail;
        reader.push(piece);
        loop {
            match reader.next_item() {
                Ok(Some(item)) => out.push(Ok(item)),
                Ok(None) => break,
                Err(error) => out.push(Err(error)),
            }
        }
        if rest.is_empty() {
            break;
        }
    }
    out
}

fn pings(items: &[Result<Item, WireError>]) -> Vec<(u64, Vec<u8>)> {
    items
        .iter()
        .filter_map(|item| match item {
            Ok(Item::Message(message)) => match message.body.as_ref()? {
                header::Message::Ping(ping) => Some((ping.nonce, message.payload.clone())),
                _ => None,
            },
            _ => None,
        })
        .collect()
}

fn messages() -> impl Strategy<Value = Vec<(u64, Vec<u8>)>> {
    prop::collection::vec((any::<u64>(), prop::collection::vec(any::<u8>(), 0..40)), 0..6)
}

proptest! {
    #[test]
    fn any_bytes_split_anywhere_give_items_or_errors(
        bytes in prop::collection::vec(any::<u8>(), 0..600),
        open in any::<bool>(),
        sizes in prop::collection::vec(1usize..50, 1..5),
    ) {
        let mut reader = Reader::new();
        if open {
            reader.push(&opening(&[7; 16]));
        }
        read(&mut reader, &bytes, &sizes);
    }

    #[test]
    fn how_the_stream_is_split_does_not_matter(
        bodies in messages(),
        epoch in any::<Epoch>(),
        sizes in prop::collection::vec(1usize..30, 1..5),
    ) {
        let mut bytes = opening(&epoch).to_vec();
        bytes.extend(framed(&bodies));
        let items = read(&mut Reader::new(), &bytes, &sizes);
        prop_assert_eq!(&items[0], &Ok(Item::Announced(epoch)));
        prop_assert_eq!(pings(&items), bodies);
        prop_assert!(items.iter().all(Result::is_ok));
    }

    #[test]
    fn a_new_host_is_found_after_anything(
        junk in prop::collection::vec(any::<u8>(), 0..300),
        bodies in messages(),
        epoch in any::<Epoch>(),
        sizes in prop::collection::vec(1usize..30, 1..5),
    ) {
        let mut reader = Reader::new();
        read(&mut reader, &junk, &sizes);
        // The agent does this when a message stays incomplete for too long: ports/timers.rs.
        reader.hunt();
        let mut bytes = opening(&epoch).to_vec();
        bytes.extend(framed(&bodies));
        let items = read(&mut reader, &bytes, &sizes);
        prop_assert_eq!(pings(&items), bodies);
    }
}

#[test]
fn before_an_announcement_everything_is_discarded() {
    let mut reader = Reader::new();
    reader.push(&framed(&[(1, vec![])]));
    assert_eq!(reader.next_item(), Ok(None));
    assert!(!reader.is_partial());
}

#[test]
fn an_announcement_at_a_boundary_begins_a_new_session() {
    let mut reader = Reader::new();
    let mut bytes = opening(&[1; 16]).to_vec();
    bytes.extend(framed(&[(5, vec![])]));
    bytes.extend(opening(&[2; 16]));
    bytes.extend(framed(&[(6, vec![])]));
    let items = read(&mut reader, &bytes, &[3]);
    assert_eq!(items.iter().filter(|item| matches!(item, Ok(Item::Announced(_)))).count(), 2);
    assert!(items.iter().all(Result::is_ok));
    assert_eq!(pings(&items).len(), 2);
}

#[test]
fn a_broken_length_is_an_error_once_and_then_the_reader_hunts() {
    let mut reader = Reader::new();
    reader.push(&opening(&[1; 16]));
    reader.push(&[0xff; 4096]);
    assert!(matches!(reader.next_item(), Ok(Some(Item::Announced(_)))));
    assert_eq!(reader.next_item(), Err(WireError::LengthTooLarge));
    assert_eq!(reader.next_item(), Ok(None));
    reader.push(&opening(&[2; 16]));
    assert_eq!(reader.next_item(), Ok(Some(Item::Announced([2; 16]))));
}

#[test]
fn a_message_with_a_broken_header_is_an_error() {
    let mut reader = Reader::new();
    reader.push(&opening(&[1; 16]));
    reader.push(&[6, 0, 0, 0, 2, 0, 0, 0, 0x0a, 0x05]);
    assert!(reader.next_item().is_ok());
    assert_eq!(reader.next_item(), Err(WireError::HeaderMalformed));
}

#[test]
fn a_header_longer_than_its_message_is_an_error_before_the_rest_has_come() {
    for (header, outcome) in [(2, Ok(None)), (3, Err(WireError::HeaderTooLarge))] {
        let mut reader = Reader::new();
        reader.push(&opening(&[1; 16]));
        reader.push(&[6, 0, 0, 0, header, 0, 0, 0]);
        assert_eq!(reader.next_item(), Ok(Some(Item::Announced([1; 16]))));
        assert_eq!(reader.next_item(), outcome);
    }
}

#[test]
fn errors_are_called_by_their_codes() {
    for error in [WireError::LengthTooSmall, WireError::Truncated, WireError::HeaderMalformed] {
        assert_eq!(error.to_string(), error.code());
    }
    assert_eq!(WireError::Truncated.code(), "truncated");
}

#[test]
fn a_begun_message_is_partial() {
    let mut reader = Reader::new();
    reader.push(&opening(&[1; 16]));
    assert!(reader.next_item().is_ok());
    assert!(!reader.is_partial());
    reader.push(&[6, 0]);
    assert_eq!(reader.next_item(), Ok(None));
    assert!(reader.is_partial());
    reader.hunt();
    assert!(!reader.is_partial());
}
