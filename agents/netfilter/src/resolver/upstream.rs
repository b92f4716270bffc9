//! Asks the resolvers outside, in their order, over UDP; over TCP where an answer is too long for that.

use super::answer::{Question, read_upstream, write_upstream};
use hickory_proto::op::Message;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

const PORT: u16 = 53;
const ROUNDS: usize = 2;
/// For one resolver in one round.
const WITHIN: Duration = Duration::from_millis(1500);

/// `None`: nobody answered.
pub fn ask(question: &Question, resolvers: &[IpAddr]) -> Option<Message> {
    (0..ROUNDS).flat_map(|_| resolvers).find_map(|resolver| ask_one(question, SocketAddr::new(*resolver, PORT)))
}

fn ask_one(question: &Question, resolver: SocketAddr) -> Option<Message> {
    // Its keys are of the system's randomness. The port is another piece that somebody who guesses has to hit.
    let id = (RandomState::new().build_hasher().finish() & 0xffff) as u16;
    let bytes = write_upstream(question, id);
    let answer = over_udp(question, resolver, id, &bytes)?;
    if answer.truncated() { over_tcp(question, resolver, id, &bytes) } else { Some(answer) }
}

fn over_udp(question: &Question, resolver: SocketAddr, id: u16, bytes: &[u8]) -> Option<Message> {
    let any: IpAddr = if resolver.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((any, 0)).ok()?;
    socket.connect(resolver).ok()?;
    socket.send(bytes).ok()?;
    let until = Instant::now() + WITHIN;
    let mut buffer = [0; 4096];
    loop {
        let left = until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())?;
        socket.set_read_timeout(Some(left)).ok()?;
        let length = socket.recv(&mut buffer).ok()?;
        // What is no answer to this does not end the wait for it.
        if let Some(answer) = read_upstream(question, id, &buffer[..length]) {
            return Some(answer);
        }
    }
}

fn over_tcp(question: &Question, resolver: SocketAddr, id: u16, bytes: &[u8]) -> Option<Message> {
    let mut stream = TcpStream::connect_timeout(&resolver, WITHIN).ok()?;
    stream.set_read_timeout(Some(WITHIN)).ok()?;
    stream.set_write_timeout(Some(WITHIN)).ok()?;
    let length = u16::try_from(bytes.len()).ok()?;
    stream.write_all(&[&length.to_be_bytes(), bytes].concat()).ok()?;
    let mut length = [0; 2];
    stream.read_exact(&mut length).ok()?;
    let mut answer = vec![0; usize::from(u16::from_be_bytes(length))];
    stream.read_exact(&mut answer).ok()?;
    read_upstream(question, id, &answer)
}
