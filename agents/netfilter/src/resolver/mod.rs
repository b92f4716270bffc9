//! The VMs' resolver: at the firewall's own address of each link. A name that no rule could allow is not asked for outside;
//! an answer is given only when the kernel lets the VM connect to what is in it.

pub mod answer;
pub mod cache;
pub mod known;
mod upstream;
mod workers;

use crate::core::Core;
use crate::decide::{self, DEFAULT_DENY, PRIVATE_ANSWER, Verdict, refusal_of_lookup};
use crate::model::{Decision, LinkRules, is_canonical};
use answer::{Answer, Question};
use hickory_proto::op::ResponseCode;
use nix::sys::socket::{self, AddressFamily, Backlog, SockFlag, SockType, SockaddrStorage, setsockopt, sockopt};
use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use workers::Workers;

const PORT: u16 = 53;
/// Of one VM at a time: look-ups that wait for an upstream, and connections of TCP.
const MAX_AT_ONCE: usize = 64;
const MAX_STREAMS: usize = 16;
/// A connection that asks nothing for so long is closed.
const STREAM_IDLE: Duration = Duration::from_secs(10);
/// A VM may connect for so long after its answer has ended: what it looked up it has just begun to use.
const GRACE: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub struct Resolver {
    core: Arc<Mutex<Core>>,
    /// How many things of a VM are under way.
    busy: Mutex<HashMap<(IpAddr, bool), usize>>,
    workers: Workers,
}

impl Resolver {
    pub fn new(core: Arc<Mutex<Core>>) -> Arc<Self> {
        Arc::new(Self { core, busy: Mutex::default(), workers: Workers::default() })
    }

    /// Listens for both families. The rules let nothing reach it but what comes from a VM over its own link.
    pub fn start(self: &Arc<Self>) -> std::io::Result<()> {
        for any in [IpAddr::from(Ipv4Addr::UNSPECIFIED), IpAddr::from(Ipv6Addr::UNSPECIFIED)] {
            let (udp, tcp) = bind(any)?;
            let udp = Arc::new(udp);
            let own = Arc::clone(self);
            thread::Builder::new().name("udp".to_owned()).spawn(move || own.serve_udp(&udp))?;
            let own = Arc::clone(self);
            thread::Builder::new().name("tcp".to_owned()).spawn(move || own.serve_tcp(&tcp))?;
        }
        Ok(())
    }

    fn serve_udp(self: &Arc<Self>, socket: &Arc<UdpSocket>) {
        let mut buffer = [0; 4096];
        loop {
            let Ok((length, from)) = socket.recv_from(&mut buffer) else { continue };
            let bytes = &buffer[..length];
            match self.at_once(from.ip(), bytes, true) {
                Some(Known::Answered(answer)) => drop(socket.send_to(&answer, from)),
                Some(Known::Ask(question, resolvers)) => self.ask_apart(socket, from, question, resolvers),
                None => {}
            }
        }
    }

    fn ask_apart(
        self: &Arc<Self>,
        socket: &Arc<UdpSocket>,
        from: SocketAddr,
        question: Question,
        resolvers: Vec<IpAddr>,
    ) {
        let (own, out) = (Arc::clone(self), Arc::clone(socket));
        let Some(busy) = self.begin(from.ip(), false, MAX_AT_ONCE) else {
            let failed = answer::write(&question, &Answer::error(ResponseCode::ServFail), 0, true);
            drop(socket.send_to(&failed, from));
            return;
        };
        // Without a thread the VM asks again.
        let _ = self.workers.work(move || {
            let answer = own.ask(from.ip(), &question, &resolvers, true);
            drop(out.send_to(&answer, from));
            drop(busy);
        });
    }

    fn serve_tcp(self: &Arc<Self>, listener: &TcpListener) {
        for stream in listener.incoming() {
            let Ok(stream) = stream else { continue };
            let Ok(from) = stream.peer_addr() else { continue };
            let Some(busy) = self.begin(from.ip(), true, MAX_STREAMS) else { continue };
            let own = Arc::clone(self);
            let _ = thread::Builder::new().name("stream".to_owned()).spawn(move || {
                // The end of a connection is not logged.
                let _ = own.serve_stream(stream, from.ip());
                drop(busy);
            });
        }
    }

    fn serve_stream(self: &Arc<Self>, mut stream: TcpStream, from: IpAddr) -> std::io::Result<()> {
        stream.set_read_timeout(Some(STREAM_IDLE))?;
        stream.set_write_timeout(Some(STREAM_IDLE))?;
        loop {
            let mut length = [0; 2];
            stream.read_exact(&mut length)?;
            let mut bytes = vec![0; usize::from(u16::from_be_bytes(length))];
            stream.read_exact(&mut bytes)?;
            let answer = match self.at_once(from, &bytes, false) {
                Some(Known::Answered(answer)) => answer,
                Some(Known::Ask(question, resolvers)) => self.ask(from, &question, &resolvers, false),
                None => return Ok(()),
            };
            let length = u16::try_from(answer.len()).unwrap_or(0);
            stream.write_all(&[&length.to_be_bytes(), answer.as_slice()].concat())?;
        }
    }

    fn begin(self: &Arc<Self>, from: IpAddr, is_stream: bool, most: usize) -> Option<Busy> {
        let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        let count = busy.entry((from, is_stream)).or_default();
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Busy { resolver: Arc::clone(self), key: (from, is_stream) })
    }

    fn core(&self) -> std::sync::MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The answer, where nobody outside has to be asked. `None`: who asks is no VM, or it is no question.
    fn at_once(&self, from: IpAddr, bytes: &[u8], is_udp: bool) -> Option<Known> {
        let mut core = self.core();
        let link = core.link_of(from)?;
        let question = match answer::read_question(bytes)? {
            Ok(question) => question,
            Err(refused) => return Some(Known::Answered(refused.to_vec().ok()?)),
        };
        let refuse = |code| Some(Known::Answered(answer::write(&question, &Answer::error(code), 0, is_udp)));
        let rules = core.rules(&link)?;
        if question.name == known::CANARY {
            return refuse(ResponseCode::NXDomain);
        }
        if let Some(vm) = known::vm_of(&question.name) {
            let place = decide::place_of_vm(rules, vm, core.now_ms());
            match place.map_err(|Verdict { decision, rule }| (decision, rule.to_owned())) {
                Ok(place) => {
                    let answer = Answer::of_vm(&question, place);
                    return Some(Known::Answered(answer::write(&question, &answer, answer.ttl_s, is_udp)));
                }
                Err((decision, rule)) => {
                    core.refuse_lookup(&link, &question.name, decision, &rule);
                    return refuse(ResponseCode::Refused);
                }
            }
        }
        if let Some((decision, rule)) = refusal(rules, &question.name, core.now_ms()) {
            core.refuse_lookup(&link, &question.name, decision, &rule);
            return refuse(ResponseCode::Refused);
        }
        let now = Instant::now();
        let Some((answer, left_s)) = core.cached(&link, &question, now) else {
            return Some(Known::Ask(question, core.resolvers()));
        };
        Some(Known::Answered(release(&mut core, &link, &question, &answer, left_s, is_udp)))
    }

    fn ask(&self, from: IpAddr, question: &Question, resolvers: &[IpAddr], is_udp: bool) -> Vec<u8> {
        let fail = |code| answer::write(question, &Answer::error(code), 0, is_udp);
        let Some(upstream) = upstream::ask(question, resolvers) else { return fail(ResponseCode::ServFail) };
        let mut core = self.core();
        // Meanwhile the link may be gone, or its rules others.
        let Some(link) = core.link_of(from) else { return fail(ResponseCode::ServFail) };
        let Some(rules) = core.rules(&link) else { return fail(ResponseCode::ServFail) };
        if refusal(rules, &question.name, core.now_ms()).is_some() {
            return fail(ResponseCode::Refused);
        }
        let answer = answer::filter(question, &upstream, |address| core.may_answer(&question.name, address));
        if let Some(address) = answer.private {
            core.refuse_answer(&link, &question.name, address, PRIVATE_ANSWER);
            if answer.addresses.is_empty() {
                return fail(ResponseCode::Refused);
            }
        }
        if answer.code == ResponseCode::ServFail {
            return fail(ResponseCode::ServFail);
        }
        let left_s = answer.ttl_s;
        core.keep(&link, question, answer.clone(), Instant::now());
        release(&mut core, &link, question, &answer, left_s, is_udp)
    }
}

/// In the kernel first: a VM that has the answer connects at once.
pub fn release(
    core: &mut Core,
    link: &str,
    question: &Question,
    answer: &Answer,
    left_s: u32,
    is_udp: bool,
) -> Vec<u8> {
    let lasts = Duration::from_secs(left_s.into()) + GRACE;
    match core.pin(link, &question.name, &answer.addresses, lasts) {
        Ok(()) => answer::write(question, answer, left_s, is_udp),
        Err(error) => {
            eprintln!("netfilter: {link}: the kernel took no addresses of a name: {error}");
            answer::write(question, &Answer::error(ResponseCode::ServFail), 0, is_udp)
        }
    }
}

/// Why the name is not looked up.
fn refusal(rules: &LinkRules, name: &str, now_ms: u64) -> Option<(Decision, String)> {
    if !is_canonical(name) {
        return Some((Decision::Deny, DEFAULT_DENY.to_owned()));
    }
    refusal_of_lookup(rules, name, now_ms).map(|Verdict { decision, rule }| (decision, rule.to_owned()))
}

enum Known {
    Answered(Vec<u8>),
    Ask(Question, Vec<IpAddr>),
}

/// One of the things that are under way for a VM, until it is dropped.
struct Busy {
    resolver: Arc<Resolver>,
    key: (IpAddr, bool),
}

impl Drop for Busy {
    fn drop(&mut self) {
        let mut busy = self.resolver.busy.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = busy.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                busy.remove(&self.key);
            }
        }
    }
}

fn bind(any: IpAddr) -> std::io::Result<(UdpSocket, TcpListener)> {
    let address = SocketAddr::new(any, PORT);
    Ok((UdpSocket::from(bound(address, SockType::Datagram)?), listen(address)?))
}

pub fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let fd = bound(address, SockType::Stream)?;
    socket::listen(&fd, Backlog::new(128)?)?;
    Ok(TcpListener::from(fd))
}

/// For IPv6 alone, where the address is of it: both families have their own.
fn bound(address: SocketAddr, kind: SockType) -> nix::Result<OwnedFd> {
    let family = if address.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 };
    let fd = socket::socket(family, kind, SockFlag::SOCK_CLOEXEC, None)?;
    if address.is_ipv6() {
        setsockopt(&fd, sockopt::Ipv6V6Only, &true)?;
    }
    setsockopt(&fd, sockopt::ReuseAddr, &true)?;
    socket::bind(fd.as_raw_fd(), &SockaddrStorage::from(address))?;
    Ok(fd)
}
