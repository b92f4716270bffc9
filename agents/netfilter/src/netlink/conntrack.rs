//! The kernel's table of connections: read whole, marked, and emptied of some. nfnetlink_conntrack.h of the kernel.

use super::{ACK, DUMP, Message, Netlink, Received, attrs, find, nfgen};
use crate::model::Decision;
use std::net::{IpAddr, SocketAddr};

const CONNTRACK: u16 = 1;
const CT_NEW: u16 = CONNTRACK << 8;
const CT_GET: u16 = CONNTRACK << 8 | 1;
const CT_DELETE: u16 = CONNTRACK << 8 | 2;
const CTA_TUPLE_ORIG: u16 = 1;
const CTA_TUPLE_REPLY: u16 = 2;
const CTA_PROTOINFO: u16 = 4;
const CTA_MARK: u16 = 8;
const CTA_COUNTERS_ORIG: u16 = 9;
const CTA_COUNTERS_REPLY: u16 = 10;
const CTA_ID: u16 = 12;
const CTA_TUPLE_IP: u16 = 1;
const CTA_TUPLE_PROTO: u16 = 2;
const CTA_COUNTERS_BYTES: u16 = 2;
const CTA_PROTOINFO_TCP: u16 = 1;
const CTA_PROTOINFO_TCP_STATE: u16 = 1;

/// Of a dump: a kernel that is busy answers late, or has no memory for a moment.
const TRIES: u32 = 3;

pub const ICMP: u8 = 1;
pub const TCP: u8 = 6;
pub const UDP: u8 = 17;
pub const ICMPV6: u8 = 58;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Tuple {
    pub source: IpAddr,
    pub destination: IpAddr,
    pub protocol: u8,
    /// 0 where the protocol has none.
    pub source_port: u16,
    pub destination_port: u16,
}

impl Tuple {
    pub fn from(&self) -> SocketAddr {
        SocketAddr::new(self.source, self.source_port)
    }

    pub fn to(&self) -> SocketAddr {
        SocketAddr::new(self.destination, self.destination_port)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// Of the kernel: another connection may get it once this one is gone.
    pub id: u32,
    /// As its first packet had it.
    pub original: Tuple,
    /// As answers have it.
    pub reply: Tuple,
    pub mark: u32,
    pub bytes_out: u64,
    pub bytes_in: u64,
    /// Of the kernel's tcp_conntrack; `None`: no TCP.
    pub tcp_state: Option<u8>,
    /// How the kernel names it when it is asked for something about it.
    raw_original: Vec<u8>,
}

impl Connection {
    pub fn is_ipv4(&self) -> bool {
        self.original.source.is_ipv4()
    }
}

/// All of both families.
pub fn dump(netlink: &mut Netlink) -> nix::Result<Vec<Connection>> {
    let mut tries = 0;
    loop {
        let mut all = Vec::new();
        let read = netlink.dump(Message::new(CT_GET, DUMP, &nfgen(0, 0)), |message| all.extend(connection(message)));
        tries += 1;
        match read {
            Ok(()) => return Ok(all),
            Err(error) if tries == TRIES => return Err(error),
            // What is left of this one would be in the way of the next (EBUSY).
            Err(_) => netlink.forget(),
        }
    }
}

fn connection(message: &Received<'_>) -> Option<Connection> {
    let attrs = message.body.get(4..)?;
    let number = |kind| find(attrs, kind).and_then(be32);
    let bytes = |kind| find(attrs, kind).and_then(|inner| be64(find(inner, CTA_COUNTERS_BYTES)?)).unwrap_or(0);
    let raw_original = find(attrs, CTA_TUPLE_ORIG)?;
    Some(Connection {
        id: number(CTA_ID)?,
        original: tuple(raw_original)?,
        reply: tuple(find(attrs, CTA_TUPLE_REPLY)?)?,
        mark: number(CTA_MARK).unwrap_or(0),
        bytes_out: bytes(CTA_COUNTERS_ORIG),
        bytes_in: bytes(CTA_COUNTERS_REPLY),
        tcp_state: find(attrs, CTA_PROTOINFO)
            .and_then(|info| find(info, CTA_PROTOINFO_TCP))
            .and_then(|tcp| find(tcp, CTA_PROTOINFO_TCP_STATE))
            .and_then(|state| state.first().copied()),
        raw_original: raw_original.to_vec(),
    })
}

fn tuple(bytes: &[u8]) -> Option<Tuple> {
    let (mut source, mut destination) = (None, None);
    for (kind, value) in attrs(find(bytes, CTA_TUPLE_IP)?) {
        match kind {
            1 | 3 => source = address(value),
            2 | 4 => destination = address(value),
            _ => {}
        }
    }
    let proto = find(bytes, CTA_TUPLE_PROTO)?;
    let port = |kind| find(proto, kind).and_then(|value| Some(u16::from_be_bytes(value.try_into().ok()?))).unwrap_or(0);
    Some(Tuple {
        source: source?,
        destination: destination?,
        protocol: *find(proto, 1)?.first()?,
        source_port: port(2),
        destination_port: port(3),
    })
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    match bytes.len() {
        4 => Some(IpAddr::from(<[u8; 4]>::try_from(bytes).ok()?)),
        16 => Some(IpAddr::from(<[u8; 16]>::try_from(bytes).ok()?)),
        _ => None,
    }
}

fn be32(bytes: &[u8]) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.try_into().ok()?))
}

fn be64(bytes: &[u8]) -> Option<u64> {
    Some(u64::from_be_bytes(bytes.try_into().ok()?))
}

fn family(connection: &Connection) -> u8 {
    if connection.is_ipv4() { 2 } else { 10 }
}

pub fn set_mark(netlink: &mut Netlink, connection: &Connection, mark: u32) -> nix::Result<()> {
    netlink.ask(
        Message::new(CT_NEW, ACK, &nfgen(family(connection), 0))
            .attr(CTA_TUPLE_ORIG | super::NESTED, &connection.raw_original)
            .attr(CTA_MARK, &mark.to_be_bytes()),
    )
}

pub fn forget(netlink: &mut Netlink, connection: &Connection) -> nix::Result<()> {
    netlink.ask(
        Message::new(CT_DELETE, ACK, &nfgen(family(connection), 0))
            .attr(CTA_TUPLE_ORIG | super::NESTED, &connection.raw_original),
    )
}

pub fn forget_all(netlink: &mut Netlink) -> nix::Result<()> {
    netlink.ask(Message::new(CT_DELETE, ACK, &nfgen(0, 0)))
}

/// What a row calls the connection's state.
pub fn state_word(tcp_state: Option<u8>) -> &'static str {
    match tcp_state {
        // SYN_SENT, SYN_RECV, SYN_SENT2.
        Some(1 | 2 | 9) => "opening",
        // FIN_WAIT, CLOSE_WAIT, LAST_ACK, TIME_WAIT, CLOSE.
        Some(4..=8) => "closed",
        _ => "open",
    }
}

pub fn protocol_word(protocol: u8) -> &'static str {
    match protocol {
        TCP => "tcp",
        UDP => "udp",
        ICMP | ICMPV6 => "icmp",
        _ => "other",
    }
}

/// Whether the mark was given by a rule that lets it pass.
pub fn decision_of(mark: u32) -> Decision {
    if mark & crate::marks::ALLOWED != 0 && mark & crate::marks::CUT == 0 { Decision::Allow } else { Decision::Deny }
}

#[cfg(test)]
impl Connection {
    pub fn of_test(id: u32, original: Tuple, mark: u32, bytes_out: u64, tcp_state: Option<u8>) -> Self {
        Self { id, original, reply: original, mark, bytes_out, bytes_in: 0, tcp_state, raw_original: Vec::new() }
    }
}
