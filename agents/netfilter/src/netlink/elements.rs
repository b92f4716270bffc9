//! Elements of a link's maps: written one answer of the resolver at a time, and acknowledged by the kernel before the VM
//! has the answer. nf_tables.h of the kernel.

use super::{ACK, CREATE, Message, Netlink, nfgen};
use crate::pins::Element;
use crate::ruleset::map_name;
use std::net::IpAddr;

const NFNL_MSG_BATCH_BEGIN: u16 = 0x10;
const NFNL_MSG_BATCH_END: u16 = 0x11;
const NFTABLES: u16 = 10;
const NEW_ELEMENTS: u16 = NFTABLES << 8 | 12;
/// Removes them where they are: no error where they are not.
const DESTROY_ELEMENTS: u16 = NFTABLES << 8 | 30;
const INET: u8 = 1;
const LIST_TABLE: u16 = 1;
const LIST_SET: u16 = 2;
const LIST_ELEMENTS: u16 = 3;
const LIST_ELEM: u16 = 1;
const ELEM_KEY: u16 = 1;
const ELEM_DATA: u16 = 2;
const ELEM_TIMEOUT: u16 = 4;
const ELEM_EXPIRATION: u16 = 5;
const DATA_VALUE: u16 = 1;
/// Of one message: its attributes' length is 16 bits.
const IN_A_MESSAGE: usize = 256;

/// Puts the elements in, or in the place of those with their keys: all, or none. They last from now on, however long those
/// that were there would have: adding an element that exists renews nothing.
pub fn put(netlink: &mut Netlink, link: &str, elements: &[Element]) -> nix::Result<()> {
    if elements.is_empty() {
        return Ok(());
    }
    let mut batch = vec![Message::new(NFNL_MSG_BATCH_BEGIN, 0, &nfgen(0, NFTABLES))];
    let mut by_map: Vec<(String, Vec<&Element>)> = Vec::new();
    for element in elements {
        let map = map_name(link, element);
        match by_map.iter_mut().find(|(name, _)| *name == map) {
            Some((_, own)) => own.push(element),
            None => by_map.push((map, vec![element])),
        }
    }
    for (map, own) in &by_map {
        for some in own.chunks(IN_A_MESSAGE) {
            batch.push(list(DESTROY_ELEMENTS, 0, map, some, false));
            batch.push(list(NEW_ELEMENTS, CREATE | ACK, map, some, true));
        }
    }
    batch.push(Message::new(NFNL_MSG_BATCH_END, 0, &nfgen(0, NFTABLES)));
    netlink.ask_all(batch)
}

fn list(kind: u16, flags: u16, map: &str, elements: &[&Element], is_whole: bool) -> Message {
    Message::new(kind, flags, &nfgen(INET, 0))
        .attr(LIST_TABLE, b"atoll\0")
        .attr(LIST_SET, &[map.as_bytes(), &[0]].concat())
        .nested(LIST_ELEMENTS, |message| {
            elements.iter().fold(message, |message, element| {
                message.nested(LIST_ELEM, |inner| {
                    let inner = inner.nested(ELEM_KEY, |data| data.attr(DATA_VALUE, &key(element)));
                    if !is_whole {
                        return inner;
                    }
                    let lasts = u64::try_from(element.lasts.as_millis().max(1)).unwrap_or(u64::MAX).to_be_bytes();
                    inner
                        .nested(ELEM_DATA, |data| data.attr(DATA_VALUE, &element.mark.to_ne_bytes()))
                        .attr(ELEM_TIMEOUT, &lasts)
                        .attr(ELEM_EXPIRATION, &lasts)
                })
            })
        })
}

/// Fields of a concatenation are filled up to four bytes each.
fn key(element: &Element) -> Vec<u8> {
    let mut key = match element.address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    };
    if let Some(port) = element.port {
        key.extend([port.transport.number(), 0, 0, 0]);
        key.extend(port.number.to_be_bytes());
        key.extend([0, 0]);
    }
    key
}
