//! The few messages to the kernel's network configuration that a guest needs. See rtnetlink(7).

use crate::error::Error;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, bind, recv, sendto, socket,
};
use std::net::IpAddr;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::time::{Duration, Instant};

/// The group that hears of each interface.
const RTMGRP_LINK: u32 = 1;
const RTM_NEWLINK: u16 = 16;
const RTM_NEWADDR: u16 = 20;
const RTM_NEWROUTE: u16 = 24;
const NLMSG_ERROR: u16 = 2;
const NLM_F_REQUEST: u16 = 1;
const NLM_F_ACK: u16 = 4;
const NLM_F_REPLACE: u16 = 0x100;
const NLM_F_CREATE: u16 = 0x400;

const IFF_UP: u32 = 1;
const IFA_ADDRESS: u16 = 1;
const IFA_LOCAL: u16 = 2;
/// Used at once: nobody else can have the address, and while there is no carrier nobody could be asked.
const IFA_F_NODAD: u8 = 2;
const RTA_OIF: u16 = 4;
const RTA_GATEWAY: u16 = 5;
const RT_TABLE_MAIN: u8 = 254;
const RTPROT_STATIC: u8 = 4;
const RTN_UNICAST: u8 = 1;

/// `struct nlmsghdr`.
const HEADER_BYTES: usize = 16;

pub struct Netlink {
    socket: OwnedFd,
}

impl Netlink {
    pub fn open() -> Result<Self, Error> {
        Ok(Self { socket: open_socket()? })
    }

    pub fn set_up(&self, index: u32) -> Result<(), Error> {
        self.request(&up_message(index)).map_err(Error::system("interface up"))
    }

    pub fn add_address(&self, index: u32, address: IpAddr, prefix: u8) -> Result<(), Error> {
        self.request(&address_message(index, address, prefix)).map_err(Error::system("address"))
    }

    pub fn add_default_route(&self, index: u32, gateway: IpAddr) -> Result<(), Error> {
        self.request(&route_message(index, gateway)).map_err(Error::system("default route"))
    }

    fn request(&self, message: &[u8]) -> Result<(), Errno> {
        sendto(self.socket.as_raw_fd(), message, &NetlinkAddr::new(0, 0), MsgFlags::empty())?;
        let mut answer = [0; 4096];
        let length = recv(self.socket.as_raw_fd(), &mut answer, MsgFlags::empty())?;
        acknowledged(answer.get(..length).unwrap_or_default())
    }
}

/// What the kernel says of interfaces that come, go and change.
pub struct LinkEvents {
    socket: OwnedFd,
}

impl LinkEvents {
    pub fn listen() -> Result<Self, Error> {
        let socket = open_socket()?;
        bind(socket.as_raw_fd(), &NetlinkAddr::new(0, RTMGRP_LINK)).map_err(Error::system("netlink group"))?;
        Ok(Self { socket })
    }

    /// Returns when something was said; false: not until then.
    pub fn wait(&self, until: Instant) -> Result<bool, Error> {
        let left = until.saturating_duration_since(Instant::now()) + Duration::from_millis(1);
        let mut fds = [PollFd::new(self.socket.as_fd(), PollFlags::POLLIN)];
        match poll(&mut fds, PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX)) {
            Ok(0) => return Ok(false),
            Ok(_) | Err(Errno::EINTR) => {}
            Err(errno) => return Err(Error::System { what: "poll", errno }),
        }
        // What it is, is seen where interfaces are; that something was lost is said, too.
        let mut event = [0; 8192];
        match recv(self.socket.as_raw_fd(), &mut event, MsgFlags::MSG_DONTWAIT) {
            Ok(_) | Err(Errno::EAGAIN | Errno::ENOBUFS | Errno::EINTR) => Ok(true),
            Err(errno) => Err(Error::System { what: "netlink", errno }),
        }
    }
}

fn open_socket() -> Result<OwnedFd, Error> {
    socket(AddressFamily::Netlink, SockType::Raw, SockFlag::SOCK_CLOEXEC, SockProtocol::NetlinkRoute)
        .map_err(Error::system("netlink socket"))
}

/// The kernel answers each request: 0, or the number of an error with a minus.
fn acknowledged(answer: &[u8]) -> Result<(), Errno> {
    let kind = answer.get(4..6).and_then(|bytes| bytes.try_into().ok()).map(u16::from_ne_bytes);
    let code =
        answer.get(HEADER_BYTES..HEADER_BYTES + 4).and_then(|bytes| bytes.try_into().ok()).map(i32::from_ne_bytes);
    match (kind, code) {
        (Some(NLMSG_ERROR), Some(0)) => Ok(()),
        (Some(NLMSG_ERROR), Some(code)) => Err(Errno::from_raw(code.wrapping_neg())),
        _ => Err(Errno::EBADMSG),
    }
}

fn message(kind: u16, flags: u16, body: &[u8]) -> Vec<u8> {
    let mut message = Vec::with_capacity(HEADER_BYTES + body.len());
    message.extend(((HEADER_BYTES + body.len()) as u32).to_ne_bytes());
    message.extend(kind.to_ne_bytes());
    message.extend((NLM_F_REQUEST | NLM_F_ACK | flags).to_ne_bytes());
    message.extend([0; 8]); // sequence, sender: one request at a time
    message.extend(body);
    message
}

/// `struct rtattr`; all values here fill whole words.
fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
    let mut attribute = Vec::with_capacity(4 + value.len());
    attribute.extend(((4 + value.len()) as u16).to_ne_bytes());
    attribute.extend(kind.to_ne_bytes());
    attribute.extend(value);
    attribute
}

/// `struct ifinfomsg`.
fn up_message(index: u32) -> Vec<u8> {
    let words = [0, index, IFF_UP, IFF_UP];
    message(RTM_NEWLINK, 0, &words.iter().flat_map(|word| word.to_ne_bytes()).collect::<Vec<_>>())
}

/// `struct ifaddrmsg`.
fn address_message(index: u32, address: IpAddr, prefix: u8) -> Vec<u8> {
    let (family, bytes) = octets(address);
    let mut body = vec![family, prefix, IFA_F_NODAD, 0];
    body.extend(index.to_ne_bytes());
    body.extend(attribute(IFA_LOCAL, &bytes));
    body.extend(attribute(IFA_ADDRESS, &bytes));
    message(RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, &body)
}

/// `struct rtmsg`.
fn route_message(index: u32, gateway: IpAddr) -> Vec<u8> {
    let (family, bytes) = octets(gateway);
    let mut body = vec![family, 0, 0, 0, RT_TABLE_MAIN, RTPROT_STATIC, 0, RTN_UNICAST, 0, 0, 0, 0];
    body.extend(attribute(RTA_GATEWAY, &bytes));
    body.extend(attribute(RTA_OIF, &index.to_ne_bytes()));
    message(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, &body)
}

fn octets(address: IpAddr) -> (u8, Vec<u8>) {
    match address {
        IpAddr::V4(address) => (nix::libc::AF_INET as u8, address.octets().to_vec()),
        IpAddr::V6(address) => (nix::libc::AF_INET6 as u8, address.octets().to_vec()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_says_its_length() {
        let v4 = IpAddr::from([10, 137, 0, 6]);
        let v6 = IpAddr::from([0xfd00, 0x137, 1, 0, 0, 0, 0, 2]);
        for (message, length) in [
            (up_message(1), 32),
            (address_message(2, v4, 30), 16 + 8 + 8 + 8),
            (address_message(2, v6, 64), 16 + 8 + 20 + 20),
            (route_message(2, v4), 16 + 12 + 8 + 8),
            (route_message(2, v6), 16 + 12 + 20 + 8),
        ] {
            assert_eq!(message.len(), length);
            assert_eq!(message[..4], (length as u32).to_ne_bytes());
        }
    }

    #[test]
    fn the_kernel_says_what_became_of_a_request() {
        let answer = |kind: u16, code: i32| {
            let mut answer = vec![36, 0, 0, 0];
            answer.extend(kind.to_ne_bytes());
            answer.extend([0; 10]);
            answer.extend(code.to_ne_bytes());
            answer
        };
        assert_eq!(acknowledged(&answer(NLMSG_ERROR, 0)), Ok(()));
        assert_eq!(acknowledged(&answer(NLMSG_ERROR, -19)), Err(Errno::ENODEV));
        assert_eq!(acknowledged(&answer(3, 0)), Err(Errno::EBADMSG));
        assert_eq!(acknowledged(&[0; 8]), Err(Errno::EBADMSG));
    }
}
