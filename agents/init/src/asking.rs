//! Finds which program has looked up a name that the resolver refused. The host asks for it when it shows a card about the name,
//! and shows it as this guest's own word. A packet socket gets a copy of each answer of the resolver before the program does; when an
//! answer refuses the name, init looks for the process that has the socket with that port. No program waits for this.

use crate::error::Error;
use crate::root::RUN_DIR;
use crate::session::{quiet_thread, tolerate};
use nix::libc;
use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, SockaddrIn, connect, recv, socket};
use std::collections::VecDeque;
use std::fs;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// File in `RUN_DIR` with lines `NAME PROGRAM`, the newest last.
const FILE: &str = "refused-names";
const MAX_LINES: usize = 64;
/// A program that asks again and again is looked for once a second.
const SAME_NAME: Duration = Duration::from_secs(1);
/// Pause after an error of the socket, which is mostly the network's.
const PAUSE: Duration = Duration::from_millis(100);

const UDP: u8 = 17;
const UDP_BYTES: usize = 8;
const DNS: u16 = 53;
const DNS_BYTES: usize = 12;
const RESPONSE: u8 = 0x80;
const REFUSED: u8 = 5;
const LONGEST_NAME: usize = 253;

/// Looks at what this resolver answers from now on.
pub fn watch(resolver: Ipv4Addr) -> Result<(), Error> {
    let answers = answers_of(resolver).map_err(Error::system("a socket for answers"))?;
    quiet_thread(move || {
        come_first();
        let mut seen = Seen::default();
        let mut packet = [0; 1024];
        loop {
            let Ok(length) = recv(answers.as_raw_fd(), &mut packet, MsgFlags::empty()) else {
                sleep(PAUSE);
                continue;
            };
            let Some((port, name)) = refused(packet.get(..length).unwrap_or_default()) else { continue };
            let now = Instant::now();
            if seen.is_just_looked_for(&name, now) {
                continue;
            }
            if let Some(program) = program_with(Path::new("/proc"), port) {
                seen.add(name, program, now);
                tolerate("refused names", seen.write());
            }
        }
    });
    Ok(())
}

/// Receives whole UDP packets from the resolver before the programs that they are for.
fn answers_of(resolver: Ipv4Addr) -> nix::Result<OwnedFd> {
    let answers = socket(AddressFamily::Inet, SockType::Raw, SockFlag::SOCK_CLOEXEC, SockProtocol::Udp)?;
    connect(answers.as_raw_fd(), &SockaddrIn::from(SocketAddrV4::new(resolver, 0)))?;
    Ok(answers)
}

/// Runs at once when a packet comes: the program may end as soon as it has the answer.
#[allow(unsafe_code)]
fn come_first() {
    // SAFETY: the call takes three numbers. It is about this thread alone.
    if unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, -20) } != 0 {
        tolerate("priority", Err(Error::System { what: "setpriority", errno: nix::errno::Errno::last() }));
    }
}

/// Of an answer that refuses: the port that it is for, and the name. `packet`: from the header of IPv4 on.
fn refused(packet: &[u8]) -> Option<(u16, String)> {
    if *packet.get(9)? != UDP {
        return None;
    }
    let datagram = packet.get(usize::from(packet.first()? & 0x0f) * 4..)?;
    let answer = datagram.get(UDP_BYTES..)?;
    let is_refusal = *answer.get(2)? & RESPONSE != 0 && *answer.get(3)? & 0x0f == REFUSED;
    if u16_at(datagram, 0)? != DNS || !is_refusal || u16_at(answer, 4)? != 1 {
        return None;
    }
    Some((u16_at(datagram, 2)?, name(answer.get(DNS_BYTES..)?)?))
}

/// `None`: a name that no host on the internet has.
fn name(mut bytes: &[u8]) -> Option<String> {
    let mut name = String::new();
    loop {
        let (&length, rest) = bytes.split_first()?;
        if length == 0 {
            return (!name.is_empty()).then_some(name);
        }
        let label = rest.get(..usize::from(length))?;
        bytes = rest.get(usize::from(length)..)?;
        let is_plain = label.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(byte));
        if !is_plain || name.len() + label.len() >= LONGEST_NAME {
            return None;
        }
        if !name.is_empty() {
            name.push('.');
        }
        name.extend(label.iter().map(|byte| char::from(byte.to_ascii_lowercase())));
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

/// The program that has a socket of UDP with this port. `proc`: /proc.
fn program_with(proc: &Path, port: u16) -> Option<String> {
    let socket = ["udp", "udp6"].iter().find_map(|file| {
        let table = fs::read_to_string(proc.join("net").join(file)).ok()?;
        table.lines().find_map(|line| socket_of(line, port))
    })?;
    let mut pids: Vec<u32> = fs::read_dir(proc)
        .ok()?
        .flatten()
        .filter_map(|entry| entry.file_name().to_str().and_then(|name| name.parse().ok()))
        .collect();
    // What has just begun is the likeliest, and the first to end.
    pids.sort_unstable_by(|one, other| other.cmp(one));
    let folders = pids.into_iter().map(|pid| proc.join(pid.to_string()));
    let mut owners = folders.filter(|folder| has_socket(&folder.join("fd"), &socket));
    fs::read_to_string(owners.next()?.join("comm")).ok().map(|comm| comm.trim_end().replace(char::is_control, "?"))
}

/// As links of /proc/PID/fd name it.
fn socket_of(line: &str, port: u16) -> Option<String> {
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    let (_, own) = words.get(1)?.rsplit_once(':')?;
    (u16::from_str_radix(own, 16).ok()? == port).then(|| format!("socket:[{}]", words.get(9).unwrap_or(&"")))
}

fn has_socket(files: &Path, socket: &str) -> bool {
    let links = fs::read_dir(files).into_iter().flatten().flatten();
    links.filter_map(|file| fs::read_link(file.path()).ok()).any(|to| to.as_os_str() == socket)
}

#[derive(Debug, Default)]
struct Seen(VecDeque<(String, String, Instant)>);

impl Seen {
    fn is_just_looked_for(&self, name: &str, now: Instant) -> bool {
        self.0.iter().any(|(own, _, at)| own == name && now.duration_since(*at) < SAME_NAME)
    }

    fn add(&mut self, name: String, program: String, now: Instant) {
        self.0.retain(|(own, by, _)| *own != name || *by != program);
        if self.0.len() == MAX_LINES {
            self.0.pop_front();
        }
        self.0.push_back((name, program, now));
    }

    fn lines(&self) -> String {
        self.0.iter().map(|(name, program, _)| format!("{name} {program}\n")).collect()
    }

    /// Whoever reads it has all of it.
    fn write(&self) -> Result<(), Error> {
        let path = format!("{RUN_DIR}/{FILE}");
        let new = format!("{path}.new");
        fs::write(&new, self.lines()).map_err(Error::file(&new))?;
        fs::rename(&new, &path).map_err(Error::file(&path))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use std::net::UdpSocket;

    /// An answer with this code to a question for the name, as the resolver of 10.137.0.5 sends it to a port.
    fn answer(name: &str, port: u16, code: u8) -> Vec<u8> {
        let labels = name.split('.').flat_map(|label| [&[label.len() as u8], label.as_bytes()].concat());
        let question: Vec<u8> = labels.chain([0, 0, 1, 0, 1]).collect();
        let dns = [&[7, 7, 0x81, 0x80 | code, 0, 1, 0, 0, 0, 0, 0, 0][..], &question].concat();
        let udp = [&DNS.to_be_bytes()[..], &port.to_be_bytes(), &[0, 0, 0, 0], &dns].concat();
        let mut header = vec![0x45, 0, 0, 0, 0, 0, 0, 0, 64, UDP, 0, 0];
        header.extend([10, 137, 0, 5, 10, 137, 0, 6]);
        [header, udp].concat()
    }

    #[test]
    fn reads_name_and_port_of_an_answer_that_refuses() {
        assert_eq!(refused(&answer("Shop.Example", 40_000, REFUSED)), Some((40_000, "shop.example".to_owned())));
        let mut with_options = answer("shop.example", 7, REFUSED);
        with_options.splice(20..20, [1, 1, 1, 1]);
        with_options[0] = 0x46;
        assert_eq!(refused(&with_options), Some((7, "shop.example".to_owned())));
    }

    #[test]
    fn what_does_not_refuse_a_name_is_passed_over() {
        for code in [0, 2, 3] {
            assert_eq!(refused(&answer("shop.example", 40_000, code)), None);
        }
        for name in ["a b.example", "a\nb.example", "ä.example"] {
            assert_eq!(refused(&answer(name, 40_000, REFUSED)), None, "{name:?}");
        }
        let long = vec!["a".repeat(60); 5].join(".");
        assert_eq!(refused(&answer(&long, 40_000, REFUSED)), None);
        let whole = answer("shop.example", 40_000, REFUSED);
        for (at, byte) in [(9, 6), (20, 1), (30, 0x01), (33, 2)] {
            let mut other = whole.clone();
            other[at] = byte;
            assert_eq!(refused(&other), None, "{at}");
        }
        // Type and class of the question do not count.
        for length in 0..whole.len() - 4 {
            assert_eq!(refused(&whole[..length]), None, "{length}");
        }
        for byte in 0..=u8::MAX {
            refused(&[byte; 600]);
        }
    }

    #[test]
    fn finds_the_program_whose_socket_has_the_port() {
        let own = fs::read_to_string("/proc/self/comm").unwrap();
        for address in ["127.0.0.1:0", "[::1]:0"] {
            // A machine without IPv6.
            let Ok(socket) = UdpSocket::bind(address) else { continue };
            let port = socket.local_addr().unwrap().port();
            assert_eq!(program_with(Path::new("/proc"), port).as_deref(), Some(own.trim_end()), "{address}");
            drop(socket);
            assert_eq!(program_with(Path::new("/proc"), port), None);
        }
    }

    #[test]
    fn the_newest_are_kept_each_once() {
        let start = Instant::now();
        let mut seen = Seen::default();
        for number in 0..MAX_LINES + 1 {
            seen.add(format!("{number}.example"), "curl".to_owned(), start);
        }
        seen.add("1.example".to_owned(), "curl".to_owned(), start + SAME_NAME);
        seen.add("1.example".to_owned(), "wget".to_owned(), start + SAME_NAME);
        let text = seen.lines();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), MAX_LINES);
        assert_eq!(
            (lines[0], lines[MAX_LINES - 2], lines[MAX_LINES - 1]),
            ("3.example curl", "1.example curl", "1.example wget")
        );
        assert!(seen.is_just_looked_for("1.example", start + SAME_NAME));
        assert!(!seen.is_just_looked_for("1.example", start + SAME_NAME * 2));
        assert!(!seen.is_just_looked_for("0.example", start));
    }
}
