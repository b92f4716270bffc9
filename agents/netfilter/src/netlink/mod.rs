//! Messages of netlink as far as the firewall needs them: attributes, requests, dumps. `man 7 netlink`.

pub mod conntrack;
pub mod counters;
pub mod elements;
pub mod log;
pub mod route;

use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, bind, recv, send, setsockopt, socket,
    sockopt,
};
use nix::sys::time::{TimeVal, TimeValLike};
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::Duration;

pub const REQUEST: u16 = 0x1;
pub const ACK: u16 = 0x4;
pub const DUMP: u16 = 0x300;
pub const REPLACE: u16 = 0x100;
pub const CREATE: u16 = 0x400;

const ERROR: u16 = 2;
const DONE: u16 = 3;
const HEADER: usize = 16;
const NESTED: u16 = 0x8000;
/// The kernel's own pieces of a dump are at most 32 KiB.
const BUFFER: usize = 128 * 1024;
/// For the kernel's answer: what has none by then has failed.
const ANSWER_WITHIN: Duration = Duration::from_secs(1);

/// One message that is built.
#[derive(Debug)]
pub struct Message {
    bytes: Vec<u8>,
}

impl Message {
    /// `fixed`: the header of the message's own kind.
    pub fn new(kind: u16, flags: u16, fixed: &[u8]) -> Self {
        let mut bytes = vec![0; 4];
        bytes.extend(kind.to_ne_bytes());
        bytes.extend((flags | REQUEST).to_ne_bytes());
        bytes.extend([0; 8]);
        bytes.extend(fixed);
        Self { bytes }
    }

    pub fn attr(mut self, kind: u16, value: &[u8]) -> Self {
        // Values are addresses, names and numbers of ours: none is near the limit of 64 KiB.
        let length = u16::try_from(value.len() + 4).unwrap_or(u16::MAX);
        self.bytes.extend(length.to_ne_bytes());
        self.bytes.extend(kind.to_ne_bytes());
        self.bytes.extend(value);
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
        self
    }

    pub fn nested(mut self, kind: u16, fill: impl FnOnce(Self) -> Self) -> Self {
        let start = self.bytes.len();
        self = fill(self.attr(kind | NESTED, &[]));
        let length = u16::try_from(self.bytes.len() - start).unwrap_or(u16::MAX);
        if let Some(place) = self.bytes.get_mut(start..start + 2) {
            place.copy_from_slice(&length.to_ne_bytes());
        }
        self
    }

    fn finish(mut self, sequence: u32) -> Vec<u8> {
        let length = u32::try_from(self.bytes.len()).unwrap_or(u32::MAX);
        self.bytes[0..4].copy_from_slice(&length.to_ne_bytes());
        self.bytes[8..12].copy_from_slice(&sequence.to_ne_bytes());
        self.bytes
    }
}

/// A message that was received: its kind, and what follows the header.
#[derive(Debug)]
pub struct Received<'a> {
    pub kind: u16,
    sequence: u32,
    pub body: &'a [u8],
}

fn messages(mut bytes: &[u8]) -> impl Iterator<Item = Received<'_>> {
    std::iter::from_fn(move || {
        let length = usize::try_from(u32_at(bytes, 0)?).ok()?;
        let message = bytes.get(..length).filter(|message| message.len() >= HEADER)?;
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or(&[]);
        Some(Received { kind: u16_at(message, 4)?, sequence: u32_at(message, 8)?, body: &message[HEADER..] })
    })
}

/// Kind and value of each attribute.
pub fn attrs(mut bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let length = usize::from(u16_at(bytes, 0)?);
        let attr = bytes.get(..length).filter(|attr| attr.len() >= 4)?;
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or(&[]);
        Some((u16_at(attr, 2)? & 0x3fff, &attr[4..]))
    })
}

pub fn find(bytes: &[u8], kind: u16) -> Option<&[u8]> {
    attrs(bytes).find(|(own, _)| *own == kind).map(|(_, value)| value)
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

pub fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

#[derive(Debug)]
pub struct Netlink {
    fd: OwnedFd,
    sequence: u32,
    buffer: Vec<u8>,
}

impl Netlink {
    pub fn route() -> nix::Result<Self> {
        Self::open(SockProtocol::NetlinkRoute, 0)
    }

    pub fn netfilter() -> nix::Result<Self> {
        Self::open(SockProtocol::NetlinkNetFilter, 0)
    }

    fn open(protocol: SockProtocol, groups: u32) -> nix::Result<Self> {
        let fd = socket(AddressFamily::Netlink, SockType::Raw, SockFlag::SOCK_CLOEXEC, protocol)?;
        bind(fd.as_raw_fd(), &NetlinkAddr::new(0, groups))?;
        Ok(Self { fd, sequence: 0, buffer: vec![0; BUFFER] })
    }

    fn answers_within(&self, limit: Duration) -> nix::Result<()> {
        let limit = TimeVal::milliseconds(i64::try_from(limit.as_millis()).unwrap_or(i64::MAX));
        setsockopt(&self.fd, sockopt::ReceiveTimeout, &limit)
    }

    /// Sends one message and waits for the kernel's word on it.
    pub fn ask(&mut self, message: Message) -> nix::Result<()> {
        self.ask_all(vec![message])
    }

    /// Sends all at once; the last one has to be answered by the kernel, so one of them carries ACK.
    pub fn ask_all(&mut self, all: Vec<Message>) -> nix::Result<()> {
        self.answers_within(ANSWER_WITHIN)?;
        let first = self.sequence.wrapping_add(1);
        let mut bytes = Vec::new();
        let mut answered = first;
        for message in all {
            self.sequence = self.sequence.wrapping_add(1);
            if u16_at(&message.bytes, 6).is_some_and(|flags| flags & ACK != 0) {
                answered = self.sequence;
            }
            bytes.extend(message.finish(self.sequence));
        }
        send(self.fd.as_raw_fd(), &bytes, MsgFlags::empty())?;
        loop {
            let length = recv(self.fd.as_raw_fd(), &mut self.buffer, MsgFlags::empty())?;
            for message in messages(&self.buffer[..length]) {
                // Of what was asked earlier and not waited for.
                if message.kind != ERROR || message.sequence.wrapping_sub(first) > u32::MAX / 2 {
                    continue;
                }
                match u32_at(message.body, 0) {
                    Some(0) if message.sequence == answered => return Ok(()),
                    Some(0) | None => {}
                    Some(error) => return Err(Errno::from_raw((error as i32).wrapping_neg())),
                }
            }
        }
    }

    /// Calls `each` with every message of a dump.
    pub fn dump(&mut self, message: Message, mut each: impl FnMut(&Received<'_>)) -> nix::Result<()> {
        self.answers_within(ANSWER_WITHIN)?;
        self.sequence = self.sequence.wrapping_add(1);
        send(self.fd.as_raw_fd(), &message.finish(self.sequence), MsgFlags::empty())?;
        loop {
            let length = recv(self.fd.as_raw_fd(), &mut self.buffer, MsgFlags::empty())?;
            for message in messages(&self.buffer[..length]).filter(|message| message.sequence == self.sequence) {
                let error = u32_at(message.body, 0).map_or(0, |error| (error as i32).wrapping_neg());
                match message.kind {
                    // A dump that failed on its way ends so, too.
                    DONE if error == 0 => return Ok(()),
                    DONE | ERROR => return Err(Errno::from_raw(error)),
                    _ => each(&message),
                }
            }
        }
    }

    /// Reads what is there, and throws it away.
    fn forget(&mut self) {
        while recv(self.fd.as_raw_fd(), &mut self.buffer, MsgFlags::MSG_DONTWAIT).is_ok() {}
    }

    /// Waits for messages that nobody asked for. ENOBUFS: some were lost.
    fn wait(&mut self, mut each: impl FnMut(&Received<'_>)) -> nix::Result<()> {
        let length = recv(self.fd.as_raw_fd(), &mut self.buffer, MsgFlags::empty())?;
        messages(&self.buffer[..length]).for_each(|message| each(&message));
        Ok(())
    }
}

/// Header of the messages of netfilter.
fn nfgen(family: u8, resource: u16) -> [u8; 4] {
    let [high, low] = resource.to_be_bytes();
    [family, 0, high, low]
}

/// With a kernel that says what a test says for it, and else nothing.
#[cfg(test)]
#[derive(Debug)]
pub struct TestKernel(OwnedFd);

#[cfg(test)]
#[allow(clippy::unwrap_used)]
impl TestKernel {
    pub fn new() -> (Netlink, Self) {
        let (fd, kernel) =
            nix::sys::socket::socketpair(AddressFamily::Unix, SockType::Datagram, None, SockFlag::SOCK_CLOEXEC)
                .unwrap();
        (Netlink { fd, sequence: 0, buffer: vec![0; BUFFER] }, Self(kernel))
    }

    fn say(&self, bytes: &[u8]) {
        send(self.0.as_raw_fd(), bytes, MsgFlags::empty()).unwrap();
    }

    /// Of what was sent with this number, or will be: it is done.
    pub fn acknowledge(&self, sequence: u32) {
        self.say(&Message::new(ERROR, 0, &0_i32.to_ne_bytes()).finish(sequence));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use nix::libc;
    use nix::sys::socket::getsockopt;
    use proptest::prelude::*;
    use std::sync::mpsc;
    use std::thread;

    const PATIENCE: Duration = Duration::from_secs(60);

    /// What becomes of it; a test must not wait for ever where that does.
    fn asked(mut netlink: Netlink, all: Vec<Message>) -> (nix::Result<()>, Netlink) {
        let (out, result) = mpsc::channel();
        thread::spawn(move || {
            let result = netlink.ask_all(all);
            let _ = out.send((result, netlink));
        });
        result.recv_timeout(PATIENCE).unwrap()
    }

    #[test]
    fn what_the_kernel_does_not_acknowledge_has_failed_after_a_second() {
        let (netlink, kernel) = TestKernel::new();
        let acknowledged = |count: u16| (0..count).map(|kind| Message::new(kind, ACK, &[])).collect::<Vec<_>>();
        let (result, netlink) = asked(netlink, acknowledged(2));
        assert_eq!(result, Err(Errno::EAGAIN));
        let limit = getsockopt(&netlink.fd, sockopt::ReceiveTimeout).unwrap();
        assert_eq!(limit, TimeVal::seconds(1));
        // It comes late: nothing is acknowledged by it but what it is for.
        kernel.acknowledge(2);
        let (result, netlink) = asked(netlink, acknowledged(1));
        assert_eq!(result, Err(Errno::EAGAIN));
        // A part of it is not all.
        kernel.acknowledge(4);
        let (result, netlink) = asked(netlink, acknowledged(2));
        assert_eq!(result, Err(Errno::EAGAIN));
        kernel.acknowledge(6);
        kernel.acknowledge(7);
        assert_eq!(asked(netlink, acknowledged(2)).0, Ok(()));
    }

    #[test]
    fn a_dump_that_failed_on_its_way_is_no_whole_one() {
        for (error, result) in [(0_i32, Ok(())), (-libc::ENOMEM, Err(Errno::ENOMEM))] {
            let (mut netlink, kernel) = TestKernel::new();
            let answer = [Message::new(9, 0, &[]).finish(1), Message::new(DONE, 0, &error.to_ne_bytes()).finish(1)];
            kernel.say(&answer.concat());
            let mut seen = Vec::new();
            assert_eq!(netlink.dump(Message::new(8, DUMP, &[]), |message| seen.push(message.kind)), result);
            assert_eq!(seen, [9]);
        }
    }

    #[test]
    fn attributes_are_read_as_they_were_written() {
        let message =
            Message::new(7, ACK, &[1, 2, 3, 4]).attr(1, b"abc").nested(2, |inner| inner.attr(3, &[9])).finish(5);
        let all: Vec<_> = messages(&message).collect();
        assert_eq!((all.len(), all[0].kind, all[0].sequence), (1, 7, 5));
        let body = &all[0].body[4..];
        assert_eq!(find(body, 1), Some(&b"abc"[..]));
        assert_eq!(find(body, 2).and_then(|inner| find(inner, 3)), Some(&[9][..]));
        assert_eq!(find(body, 4), None);
    }

    proptest! {
        #[test]
        fn no_bytes_make_reading_fail(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = messages(&bytes).count();
            let _ = attrs(&bytes).count();
        }
    }
}
