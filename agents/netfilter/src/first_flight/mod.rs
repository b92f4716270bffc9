//! Connections whose first bytes have to agree with a look-up. The rules lead them here (ruleset.rs), where the kernel puts
//! their segments together in order; a connection to the server is made at once, but nothing of the VM reaches it before the
//! names in it are ones that this VM looked up at that very address, and that rules allow. Protocols in which the server
//! speaks first wait for nothing: neither TLS nor HTTP is one.

pub mod http;
pub mod tls;

use crate::core::Core;
use crate::decide::NAME_MISMATCH;
use crate::model::Decision;
use http::{Requests, Step};
use nix::libc;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::socket::{getsockopt, setsockopt, sockopt};
use std::collections::HashMap;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Of a first flight: a ClientHello with many large keys, or the head of a request.
const MAX_FLIGHT: usize = 64 * 1024;
/// For a flight from its first byte on.
const FLIGHT_WITHIN: Duration = Duration::from_secs(10);
/// Who has sent empty lines alone for so long has asked by them (finger, gopher): no request comes.
const BLANK_FOR: Duration = Duration::from_secs(1);
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// In one direction. A VM's own windows hold back the rest.
const BUFFER: usize = 64 * 1024;
/// Of one VM.
const MAX_CONNECTIONS: usize = 1_024;
/// A thread has small needs: two buffers are on the heap.
const STACK_BYTES: usize = 128 * 1024;
/// How the answer of a server begins that agrees to another protocol.
const SWITCHES: &[u8] = b"HTTP/1.1 101";
const UNCLEAR: &str = "a request in it is not clear about its host";
/// Where what is neither TLS nor HTTP is no protocol that anybody waits for.
const WEB_PORTS: [u16; 4] = [80, 443, 8080, 8443];

#[derive(Debug)]
pub struct FirstFlight {
    core: Arc<Mutex<Core>>,
    open: Mutex<HashMap<u64, Open>>,
}

/// A name in a connection, and the rule that allowed it.
#[derive(Debug)]
struct Agreed {
    name: String,
    rule: String,
}

/// A connection that runs.
#[derive(Debug)]
struct Open {
    link: String,
    from: SocketAddr,
    to: SocketAddr,
    /// Where it is connected to: `to`, or another address of its name.
    at: SocketAddr,
    /// As its first flight named it; empty: nothing did yet.
    names: Vec<Agreed>,
    /// What its address was looked up by when it began: one of them is its own where nothing names it.
    possible: Vec<String>,
    /// The rule by which it has begun where nothing names it.
    begun_by: Option<String>,
    /// The traffic scanner has seen it from its beginning.
    is_scanned: bool,
    cut: Arc<Cut>,
}

/// Ends a connection, whatever its thread waits for.
#[derive(Debug)]
struct Cut {
    is_cut: AtomicBool,
    /// Can be read once it is cut.
    event: EventFd,
}

impl Cut {
    fn new() -> nix::Result<Self> {
        let event = EventFd::from_value_and_flags(0, EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)?;
        Ok(Self { is_cut: AtomicBool::new(false), event })
    }

    fn cut(&self) {
        self.is_cut.store(true, Ordering::Release);
        // Where it was written before, it can be read already.
        let _ = self.event.write(1);
    }

    fn is_cut(&self) -> bool {
        self.is_cut.load(Ordering::Acquire)
    }
}

impl FirstFlight {
    pub fn new(core: Arc<Mutex<Core>>) -> Arc<Self> {
        Arc::new(Self { core, open: Mutex::default() })
    }

    pub fn start(self: &Arc<Self>, port: u16) -> io::Result<()> {
        for any in [IpAddr::from(Ipv4Addr::UNSPECIFIED), IpAddr::from(Ipv6Addr::UNSPECIFIED)] {
            let listener = crate::resolver::listen(SocketAddr::new(any, port))?;
            let own = Arc::clone(self);
            thread::Builder::new().name("flights".to_owned()).spawn(move || own.accept(&listener))?;
        }
        Ok(())
    }

    fn accept(self: &Arc<Self>, listener: &TcpListener) {
        let mut serial = if listener.local_addr().is_ok_and(|own| own.is_ipv4()) { 0 } else { 1 };
        for stream in listener.incoming() {
            let Ok(vm) = stream else { continue };
            serial += 2;
            let own = Arc::clone(self);
            // Without a thread the connection ends, with a reset.
            let _ = thread::Builder::new().name("flight".to_owned()).stack_size(STACK_BYTES).spawn(move || {
                own.carry(serial, vm);
            });
        }
    }

    fn core(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self) -> MutexGuard<'_, HashMap<u64, Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn carry(&self, serial: u64, vm: TcpStream) {
        // Whatever happens: an end of one side that is not an orderly one is a reset of the other.
        reset_at_close(&vm);
        let Some((link, from, to)) = self.ends(&vm) else { return };
        let Ok(cut) = Cut::new().map(Arc::new) else { return };
        {
            let (is_scanned, possible, begun_by) = {
                let core = self.core();
                let possible = core.names(&link, to.ip());
                let begun_by = core.allowed_by(&link, &possible, to, None);
                (core.is_scanned(&link), possible, begun_by)
            };
            let mut open = self.open();
            if open.values().filter(|one| one.link == link).count() >= MAX_CONNECTIONS {
                return;
            }
            let own = Arc::clone(&cut);
            open.insert(
                serial,
                Open {
                    link: link.clone(),
                    from,
                    to,
                    at: to,
                    names: Vec::new(),
                    possible,
                    begun_by,
                    is_scanned,
                    cut: own,
                },
            );
        }
        // Ends of connections are nothing to tell: the kernel's table has them.
        let _ = Carried { flights: self, serial, link, from, to, at: to, cut }.run(&vm);
        self.open().remove(&serial);
    }

    /// Whose it is, and where the VM meant it to go.
    fn ends(&self, vm: &TcpStream) -> Option<(String, SocketAddr, SocketAddr)> {
        let from = vm.peer_addr().ok()?;
        let to = original_destination(vm, from.is_ipv4())?;
        let link = self.core().link_of(from.ip())?;
        Some((link, from, to))
    }

    /// Rules have changed: what runs and is denied by now ends with a reset.
    pub fn cut_what_is_denied(&self) {
        for one in self.open().values() {
            let core = self.core();
            let allows = |names: &[String], to: SocketAddr, begun_by: Option<&str>| {
                core.allowed_by(&one.link, names, to, begun_by).is_some()
            };
            let is_allowed = |to: SocketAddr| {
                if one.names.is_empty() {
                    allows(&one.possible, to, one.begun_by.as_deref())
                } else {
                    let is_agreed = |own: &Agreed| allows(std::slice::from_ref(&own.name), to, Some(&own.rule));
                    one.names.iter().all(is_agreed)
                }
            };
            let is_allowed = is_allowed(one.to) && is_allowed(one.at);
            if !is_allowed || (core.is_scanned(&one.link) && !one.is_scanned) {
                one.cut.cut();
            }
        }
    }

    /// Their other side is gone.
    pub fn cut_all(&self) {
        self.open().values().for_each(|one| one.cut.cut());
    }

    /// The scanner has dropped something of it: it ends with a reset.
    pub fn cut(&self, from: SocketAddr, to: SocketAddr) {
        self.open().values().filter(|one| one.from == from && one.to == to).for_each(|one| one.cut.cut());
    }
}

/// One of them, on its way.
struct Carried<'a> {
    flights: &'a FirstFlight,
    serial: u64,
    link: String,
    from: SocketAddr,
    to: SocketAddr,
    /// As in `Open`.
    at: SocketAddr,
    cut: Arc<Cut>,
}

/// What the VM may send without a look at it.
enum Sends {
    /// It is not known yet what it speaks. `passed`: of its first bytes what has passed all the same, as no request is whole by it.
    Unknown {
        passed: Vec<u8>,
    },
    Http(Requests),
    /// The server has to say yes first: what the VM sends waits.
    Asked,
    Anything,
}

/// One direction.
struct Way {
    waiting: Vec<u8>,
    /// How many of the waiting may go.
    may_go: usize,
    has_begun: bool,
    is_ended: bool,
    is_end_passed: bool,
}

impl Way {
    fn new() -> Self {
        Self { waiting: Vec::new(), may_go: 0, has_begun: false, is_ended: false, is_end_passed: false }
    }

    fn wants_more(&self, most: usize) -> bool {
        !self.is_ended && self.waiting.len() < most
    }

    fn read(&mut self, mut from: &TcpStream, most: usize) -> io::Result<()> {
        let start = self.waiting.len();
        let room = most.saturating_sub(start).min(BUFFER);
        self.waiting.resize(start + room, 0);
        let read = from.read(&mut self.waiting[start..]);
        self.waiting.truncate(start + *read.as_ref().unwrap_or(&0));
        match read {
            Ok(0) => self.is_ended = true,
            Ok(_) => self.has_begun = true,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// All that waits may go, though it is not known what it is.
    fn pass_unknown(&mut self, sends: &mut Sends) {
        if let Sends::Unknown { passed } = sends {
            passed.extend_from_slice(&self.waiting[self.may_go..]);
        }
        self.may_go = self.waiting.len();
    }

    fn write(&mut self, mut to: &TcpStream) -> io::Result<()> {
        if self.may_go > 0 {
            match to.write(&self.waiting[..self.may_go]) {
                Ok(length) => {
                    self.waiting.drain(..length);
                    self.may_go -= length;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        if self.is_ended && self.waiting.is_empty() && !self.is_end_passed {
            self.is_end_passed = true;
            to.shutdown(Shutdown::Write)?;
        }
        Ok(())
    }
}

impl Carried<'_> {
    fn run(&mut self, vm: &TcpStream) -> io::Result<()> {
        let server = self.connect()?;
        reset_at_close(&server);
        for stream in [vm, &server] {
            stream.set_nonblocking(true)?;
            stream.set_nodelay(true)?;
        }
        let (mut out, mut back) = (Way::new(), Way::new());
        let mut sends = Sends::Unknown { passed: Vec::new() };
        let mut first_byte: Option<Instant> = None;
        while !(out.is_end_passed && back.is_end_passed) {
            let most = if matches!(sends, Sends::Anything) { BUFFER } else { MAX_FLIGHT };
            let is_judging = !matches!(sends, Sends::Anything) && out.waiting.len() > out.may_go;
            let wait = if is_judging && !matches!(sends, Sends::Asked) {
                let is_unknown = matches!(sends, Sends::Unknown { .. }) && !self.is_web();
                let is_blank = is_unknown && http::is_blank(&out.waiting[out.may_go..]);
                let within = if is_blank { BLANK_FOR } else { FLIGHT_WITHIN };
                let until = *first_byte.get_or_insert_with(Instant::now) + within;
                match until.checked_duration_since(Instant::now()) {
                    Some(left) => PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX),
                    None if is_blank => {
                        out.pass_unknown(&mut sends);
                        continue;
                    }
                    None => return self.deny(None, "its first bytes did not come to an end"),
                }
            } else {
                first_byte = None;
                PollTimeout::NONE
            };
            let mut events = [PollFlags::empty(); 2];
            events[0].set(PollFlags::POLLIN, out.wants_more(most));
            events[0].set(PollFlags::POLLOUT, back.may_go > 0);
            events[1].set(PollFlags::POLLIN, back.wants_more(BUFFER));
            events[1].set(PollFlags::POLLOUT, out.may_go > 0);
            // One that nothing is wanted of would be reported for its end again and again.
            let mut fds: Vec<PollFd<'_>> = [vm.as_fd(), server.as_fd()]
                .into_iter()
                .zip(events)
                .filter(|(_, events)| !events.is_empty())
                .map(|(fd, events)| PollFd::new(fd, events))
                .chain([PollFd::new(self.cut.event.as_fd(), PollFlags::POLLIN)])
                .collect();
            poll(&mut fds, wait)?;
            // Nothing more of it passes, and both sides are reset.
            if self.cut.is_cut() {
                return Ok(());
            }
            let mut ready = fds.iter().map(|fd| fd.revents().unwrap_or(PollFlags::empty()));
            let mut next = |events: PollFlags| if events.is_empty() { events } else { ready.next().unwrap_or(events) };
            let (of_vm, of_server) = (next(events[0]), next(events[1]));
            if (of_vm | of_server).contains(PollFlags::POLLERR) {
                return Err(io::Error::from(ErrorKind::ConnectionReset));
            }
            let can_read = |events: PollFlags| events.intersects(PollFlags::POLLIN | PollFlags::POLLHUP);
            let (vm_ready, server_ready) = (can_read(of_vm), can_read(of_server));
            if vm_ready && out.wants_more(most) {
                out.read(vm, most)?;
            }
            if server_ready && back.wants_more(BUFFER) {
                back.read(&server, BUFFER)?;
            }
            self.judge(&mut sends, &mut out, &back)?;
            // An answer that is to be read waits for its beginning.
            let is_read = matches!(sends, Sends::Asked) && !back.is_ended && back.waiting.len() < SWITCHES.len();
            back.may_go = if is_read { 0 } else { back.waiting.len() };
            out.write(&server)?;
            back.write(vm)?;
        }
        end_in_order(vm);
        end_in_order(&server);
        Ok(())
    }

    /// The server that the VM meant; where it is not reached, another address that it looked up by the same name and may reach. No
    /// rule of the kernel judges this program's own connections.
    fn connect(&mut self) -> io::Result<TcpStream> {
        let error = match TcpStream::connect_timeout(&self.to, CONNECT_WITHIN) {
            Err(error) => error,
            connected => return connected,
        };
        let mut tried = Vec::new();
        loop {
            {
                // In one step with the choice, so that a change of rules from here on cuts it; and chosen anew each time, as they may
                // have changed while one was waited for.
                let mut open = self.flights.open();
                let others = self.flights.core().other_places(&self.link, self.to);
                let Some(other) = others.into_iter().find(|other| !tried.contains(other)) else { return Err(error) };
                self.at = other;
                open.get_mut(&self.serial).into_iter().for_each(|own| own.at = other);
            }
            tried.push(self.at);
            let connected = TcpStream::connect_timeout(&self.at, CONNECT_WITHIN);
            if self.cut.is_cut() {
                return Err(error);
            }
            if connected.is_ok() {
                self.flights.core().note_place(self.from, self.to, self.at.ip());
                return connected;
            }
        }
    }

    fn is_web(&self) -> bool {
        WEB_PORTS.contains(&self.to.port())
    }

    /// Says how much of what waits may go.
    fn judge(&self, sends: &mut Sends, out: &mut Way, back: &Way) -> io::Result<()> {
        loop {
            let new = &out.waiting[out.may_go..];
            match sends {
                Sends::Anything => {
                    out.may_go = out.waiting.len();
                    return Ok(());
                }
                Sends::Asked => {
                    let Some(status) = back.waiting.get(..SWITCHES.len()) else { return Ok(()) };
                    *sends = if status == SWITCHES { Sends::Anything } else { Sends::Http(Requests::later()) };
                }
                Sends::Unknown { .. } if new.is_empty() => return Ok(()),
                Sends::Unknown { passed } if passed.is_empty() && tls::is_tls(new) => match tls::read(new) {
                    tls::Hello::Partial if new.len() < MAX_FLIGHT && !out.is_ended => return Ok(()),
                    tls::Hello::Partial | tls::Hello::Wrong => return self.deny(None, "its first bytes are no TLS"),
                    tls::Hello::Nameless => return self.deny(None, "it names no server (TLS without SNI)"),
                    tls::Hello::Name(name) => {
                        self.agree(&name)?;
                        *sends = Sends::Anything;
                    }
                },
                Sends::Unknown { passed } => {
                    let all = [passed.as_slice(), new].concat();
                    match http::is_http(&all) {
                        None if all.len() < MAX_FLIGHT && !out.is_ended => {
                            // It waits for no request. One may come all the same, and is not passed on then.
                            if back.has_begun && !self.is_web() {
                                out.pass_unknown(sends);
                            }
                            return Ok(());
                        }
                        Some(true) if passed.is_empty() => *sends = Sends::Http(Requests::default()),
                        Some(true) => return self.deny(None, UNCLEAR),
                        _ if self.is_web() => return self.deny(None, "its first bytes name no server"),
                        _ => *sends = Sends::Anything,
                    }
                }
                Sends::Http(requests) => match requests.step(new) {
                    Step::Partial => return Ok(()),
                    Step::Pass(length) => out.may_go += length,
                    Step::Request { length, host } => {
                        self.agree(&host)?;
                        out.may_go += length;
                    }
                    Step::Upgrade { length, host } => {
                        self.agree(&host)?;
                        out.may_go += length;
                        *sends = Sends::Asked;
                        return Ok(());
                    }
                    Step::Wrong => return self.deny(None, UNCLEAR),
                },
            }
        }
    }

    /// The name has to be one that this VM looked up at this address, and that rules allow there: at the one that the VM meant, and
    /// at the one that is connected to.
    fn agree(&self, name: &str) -> io::Result<()> {
        // Both in one step: rules that change in between would not find the name, and leave it open.
        let is_agreed = {
            let mut open = self.flights.open();
            let mut core = self.flights.core();
            let mut own = open.get_mut(&self.serial);
            let is_at = |to: &SocketAddr| core.names(&self.link, to.ip()).iter().any(|own| own == name);
            let is_looked_up = [self.to, self.at].iter().all(is_at);
            // A connection outlives the look-up that it was made by.
            let agreed = own.as_ref().and_then(|own| own.names.iter().find(|there| there.name == name));
            let begun_by = agreed.map(|agreed| agreed.rule.clone());
            let is_possible = (is_looked_up || begun_by.is_some())
                && core.allowed_by(&self.link, &[name.to_owned()], self.at, begun_by.as_deref()).is_some();
            let ends = (self.from, self.to);
            let rule = is_possible.then(|| core.name_connection(&self.link, ends, name, begun_by.as_deref())).flatten();
            if let (Some(rule), None, Some(own)) = (&rule, begun_by, own.as_mut()) {
                own.names.push(Agreed { name: name.to_owned(), rule: rule.clone() });
            }
            rule.is_some()
        };
        if is_agreed { Ok(()) } else { self.deny(Some(name), "") }
    }

    /// An error, so that both sides are reset.
    fn deny(&self, name: Option<&str>, reason: &'static str) -> io::Result<()> {
        let (address, port) = (Some(self.to.ip()), Some(self.to.port()));
        let mut core = self.flights.core();
        core.refuse(&self.link, name, address, port, "tcp", Decision::Deny, NAME_MISMATCH, reason);
        Err(io::Error::from(ErrorKind::PermissionDenied))
    }
}

fn original_destination(vm: &TcpStream, is_ipv4: bool) -> Option<SocketAddr> {
    if is_ipv4 {
        let to = getsockopt(vm, sockopt::OriginalDst).ok()?;
        return Some(SocketAddr::new(
            Ipv4Addr::from(u32::from_be(to.sin_addr.s_addr)).into(),
            u16::from_be(to.sin_port),
        ));
    }
    let to = getsockopt(vm, sockopt::Ip6tOriginalDst).ok()?;
    Some(SocketAddr::new(Ipv6Addr::from(to.sin6_addr.s6_addr).into(), u16::from_be(to.sin6_port)))
}

fn linger(stream: &TcpStream, seconds: Option<i32>) {
    let linger = libc::linger { l_onoff: seconds.is_some().into(), l_linger: seconds.unwrap_or(0) };
    // A socket takes it, or is none any more.
    let _ = setsockopt(stream, sockopt::Linger, &linger);
}

fn reset_at_close(stream: &TcpStream) {
    linger(stream, Some(0));
}

fn end_in_order(stream: &TcpStream) {
    linger(stream, None);
}
