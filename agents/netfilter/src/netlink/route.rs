//! Interfaces: found by MAC, named after their link, with addresses, neighbours that do not change, and routes.

use super::{ACK, CREATE, DUMP, Message, Netlink, REPLACE, Received, find, u32_at};
use crate::model::Mac;
use nix::sys::socket::SockProtocol;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

const RTM_NEWLINK: u16 = 16;
const RTM_GETLINK: u16 = 18;
const RTM_NEWADDR: u16 = 20;
const RTM_NEWROUTE: u16 = 24;
const RTM_NEWNEIGH: u16 = 28;
const IFLA_ADDRESS: u16 = 1;
const IFLA_IFNAME: u16 = 3;
const IFLA_MTU: u16 = 4;
const IFLA_MAX_MTU: u16 = 51;
const IFLA_CARRIER_DOWN_COUNT: u16 = 48;
const IFF_UP: u32 = 1;
const IFF_LOWER_UP: u32 = 0x1_0000;
const IFA_ADDRESS: u16 = 1;
const IFA_LOCAL: u16 = 2;
const IFA_F_NODAD: u8 = 2;
const NDA_DST: u16 = 1;
const NDA_LLADDR: u16 = 2;
const NUD_PERMANENT: u16 = 0x80;
const RTA_OIF: u16 = 4;
const RTA_GATEWAY: u16 = 5;
const RTNH_F_ONLINK: u32 = 4;
const RTMGRP_LINK: u32 = 1;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    pub index: u32,
    pub name: String,
    pub mac: Mac,
    pub is_up: bool,
    pub has_carrier: bool,
    /// How often its carrier went away.
    pub carrier_losses: u32,
    pub mtu: u32,
    /// 0: the kernel gave none.
    pub max_mtu: u32,
}

fn family(address: IpAddr) -> u8 {
    if address.is_ipv4() { 2 } else { 10 }
}

fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}

fn ifinfo(index: u32, flags: u32, change: u32) -> Vec<u8> {
    [[0; 4], index.to_ne_bytes(), flags.to_ne_bytes(), change.to_ne_bytes()].concat()
}

/// Those that have a MAC of six bytes.
pub fn interfaces(netlink: &mut Netlink) -> nix::Result<Vec<Interface>> {
    let mut all = Vec::new();
    netlink.dump(Message::new(RTM_GETLINK, DUMP, &ifinfo(0, 0, 0)), |message| all.extend(interface(message)))?;
    Ok(all)
}

fn interface(message: &Received<'_>) -> Option<Interface> {
    let attrs = message.body.get(16..)?;
    let number = |kind| find(attrs, kind).and_then(|value| u32_at(value, 0));
    let name = find(attrs, IFLA_IFNAME)?;
    let flags = u32_at(message.body, 8)?;
    Some(Interface {
        index: u32_at(message.body, 4)?,
        name: String::from_utf8_lossy(name.strip_suffix(&[0]).unwrap_or(name)).into_owned(),
        mac: Mac(find(attrs, IFLA_ADDRESS)?.try_into().ok()?),
        is_up: flags & IFF_UP != 0,
        has_carrier: flags & IFF_LOWER_UP != 0,
        carrier_losses: number(IFLA_CARRIER_DOWN_COUNT).unwrap_or(0),
        mtu: number(IFLA_MTU)?,
        max_mtu: number(IFLA_MAX_MTU).unwrap_or(0),
    })
}

/// Only an interface that is down can be renamed.
pub fn rename(netlink: &mut Netlink, index: u32, name: &str) -> nix::Result<()> {
    let down = ifinfo(index, 0, IFF_UP);
    netlink.ask(Message::new(RTM_NEWLINK, ACK, &down))?;
    let name = [name.as_bytes(), &[0]].concat();
    netlink.ask(Message::new(RTM_NEWLINK, ACK, &ifinfo(index, 0, 0)).attr(IFLA_IFNAME, &name))
}

pub fn set_mtu(netlink: &mut Netlink, index: u32, mtu: u32) -> nix::Result<()> {
    netlink.ask(Message::new(RTM_NEWLINK, ACK, &ifinfo(index, 0, 0)).attr(IFLA_MTU, &mtu.to_ne_bytes()))
}

pub fn set_up(netlink: &mut Netlink, index: u32) -> nix::Result<()> {
    netlink.ask(Message::new(RTM_NEWLINK, ACK, &ifinfo(index, IFF_UP, IFF_UP)))
}

/// Nobody on the link can have the address taken away by claiming it: there is no duplicate address detection.
pub fn add_address(netlink: &mut Netlink, index: u32, address: IpAddr, prefix: u8) -> nix::Result<()> {
    let fixed = [&[family(address), prefix, IFA_F_NODAD, 0][..], &index.to_ne_bytes()].concat();
    let octets = octets(address);
    netlink.ask(
        Message::new(RTM_NEWADDR, ACK | CREATE | REPLACE, &fixed).attr(IFA_LOCAL, &octets).attr(IFA_ADDRESS, &octets),
    )
}

/// A neighbour that neither ARP nor neighbour discovery changes.
pub fn fix_neighbour(netlink: &mut Netlink, index: u32, address: IpAddr, mac: Mac) -> nix::Result<()> {
    let fixed = [
        &[family(address), 0, 0, 0][..],
        &index.to_ne_bytes(),
        &NUD_PERMANENT.to_ne_bytes(),
        // Flags and type.
        &[0, 0],
    ]
    .concat();
    netlink.ask(
        Message::new(RTM_NEWNEIGH, ACK | CREATE | REPLACE, &fixed)
            .attr(NDA_DST, &octets(address))
            .attr(NDA_LLADDR, &mac.0),
    )
}

/// The default route by a gateway that is on the interface's own link, whatever its address.
pub fn add_default_route(netlink: &mut Netlink, index: u32, gateway: IpAddr) -> nix::Result<()> {
    const MAIN: u8 = 254;
    const STATIC: u8 = 4;
    const UNICAST: u8 = 1;
    let fixed = [&[family(gateway), 0, 0, 0, MAIN, STATIC, 0, UNICAST][..], &RTNH_F_ONLINK.to_ne_bytes()].concat();
    netlink.ask(
        Message::new(RTM_NEWROUTE, ACK | CREATE | REPLACE, &fixed)
            .attr(RTA_GATEWAY, &octets(gateway))
            .attr(RTA_OIF, &index.to_ne_bytes()),
    )
}

/// Calls `changed` after each change of an interface; returns where that cannot be seen.
pub fn watch(mut changed: impl FnMut()) -> nix::Result<()> {
    let mut netlink = Netlink::open(SockProtocol::NetlinkRoute, RTMGRP_LINK)?;
    loop {
        match netlink.wait(|_| {}) {
            Ok(()) | Err(nix::errno::Errno::ENOBUFS | nix::errno::Errno::EINTR) => changed(),
            Err(error) => return Err(error),
        }
    }
}

/// Of a link's own ends, for the two families.
pub fn both(ipv4: Ipv4Addr, ipv6: Ipv6Addr) -> [IpAddr; 2] {
    [ipv4.into(), ipv6.into()]
}
