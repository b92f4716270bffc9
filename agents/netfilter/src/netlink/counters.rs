//! Named counters of the rules.

use super::{DUMP, Message, Netlink, Received, find, nfgen};

const NFTABLES: u16 = 10;
const GET_OBJECT: u16 = NFTABLES << 8 | 19;
const OBJ_TABLE: u16 = 1;
const OBJ_NAME: u16 = 2;
const OBJ_DATA: u16 = 4;
const COUNTER_BYTES: u16 = 1;
const COUNTER_PACKETS: u16 = 2;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counter {
    pub table: String,
    pub name: String,
    pub bytes: u64,
    pub packets: u64,
}

/// Of all tables of all families.
pub fn counters(netlink: &mut Netlink) -> nix::Result<Vec<Counter>> {
    let mut all = Vec::new();
    netlink.dump(Message::new(GET_OBJECT, DUMP, &nfgen(0, 0)), |message| all.extend(counter(message)))?;
    Ok(all)
}

fn counter(message: &Received<'_>) -> Option<Counter> {
    let attrs = message.body.get(4..)?;
    let text = |kind| {
        let value = find(attrs, kind)?;
        Some(String::from_utf8_lossy(value.strip_suffix(&[0]).unwrap_or(value)).into_owned())
    };
    let data = find(attrs, OBJ_DATA)?;
    let number = |kind| Some(u64::from_be_bytes(find(data, kind)?.try_into().ok()?));
    Some(Counter {
        table: text(OBJ_TABLE)?,
        name: text(OBJ_NAME)?,
        bytes: number(COUNTER_BYTES)?,
        packets: number(COUNTER_PACKETS)?,
    })
}
