//! The firewall VM's program. It does what Atoll tells it (shared/model/firewall.ts): for each VM a link, and rules for what
//! it may connect to. Rules are nftables'; the VMs' resolver is its own, since what a name leads to is what rules speak of.

mod address;
mod canary;
mod core;
mod cut;
mod decide;
mod events;
mod first_flight;
mod flows;
mod lost;
mod marks;
mod model;
mod netlink;
mod nft;
mod pins;
mod refusals;
mod resolver;
mod rows;
mod ruleset;
mod scanner;
mod service;
mod system;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod vectors;

use crate::core::Core;
use first_flight::FirstFlight;
use model::{Problem, read_state};
use resolver::Resolver;
use scanner::eve::{Limit, Seen};
use scanner::{Scanner, State};
use service::{ToAtoll, ToProgram};
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

const SOCKET_VARIABLE: &str = "ATOLL_SERVICE_SOCKET";
const SOCKET: &str = "/run/user/1000/atoll/service.sock";
/// Of a text that the host takes, in characters.
const MAX_CELL: usize = 512;
/// Of what the scanner needs, in the program's own folder.
const SCAN_FOLDER: &str = "scan";
const TICK: Duration = Duration::from_secs(1);
/// Readings of connections that may fail one after the other.
const MAX_FAILURES: u32 = 5;
/// The agent may be a moment from being there.
const CONNECT_AGAIN: Duration = Duration::from_millis(100);

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            // Init starts it again. Until then the kernel keeps its rules, and what they allow by its address passes: it is the host
            // that cuts the links, as its line has ended. After the restart nothing passes until the host has sent the rules.
            eprintln!("netfilter: {reason}");
            ExitCode::FAILURE
        }
    }
}

struct Program {
    core: Arc<Mutex<Core>>,
    flights: Arc<FirstFlight>,
    atoll: ToAtoll,
    /// Revision of the last state that came by this connection to the host; `None`: none yet. Whoever puts something in force
    /// holds the lock until the host was told so: the last report is of what is in force, and names no newer revision.
    revision: Mutex<Option<u64>>,
    /// Held while what went by a lost uplink is ended: what begins after the state that says so is not.
    uplink: Mutex<()>,
    /// Set once, before the first state comes.
    scanner: OnceLock<Scanner>,
    scan: Mutex<(State, String)>,
    alerts: Mutex<Limit>,
}

fn run() -> Result<(), String> {
    let core = Arc::new(Mutex::new(Core::closed()?));
    system::set_up().map_err(|error| error.to_string())?;
    Resolver::new(Arc::clone(&core)).start().map_err(|error| format!("resolver: {error}"))?;
    let flights = FirstFlight::new(Arc::clone(&core));
    flights.start(ruleset::CHECK_PORT).map_err(|error| format!("first flights: {error}"))?;
    let program = Arc::new(Program {
        core,
        flights,
        atoll: ToAtoll::default(),
        revision: Mutex::default(),
        uplink: Mutex::default(),
        scanner: OnceLock::new(),
        scan: Mutex::new((State::Off, String::new())),
        alerts: Mutex::new(Limit::new(Instant::now())),
    });
    let folder = std::env::current_dir().map_err(|error| error.to_string())?.join(SCAN_FOLDER);
    let scanner = Scanner::start(folder, Arc::clone(&program)).map_err(|error| format!("scanner: {error}"))?;
    let _ = program.scanner.set(scanner);
    for (name, body) in
        [("watch", Program::watch as fn(&Program)), ("log", Program::watch_denied), ("tick", Program::tick)]
    {
        let own = Arc::clone(&program);
        let started = thread::Builder::new().name(name.to_owned()).spawn(move || {
            body(&own);
            // Without one of them it is no firewall that can be trusted.
            std::process::exit(1);
        });
        started.map_err(|error| error.to_string())?;
    }
    let path = std::env::var(SOCKET_VARIABLE).unwrap_or_else(|_| SOCKET.to_owned());
    loop {
        match UnixStream::connect(&path) {
            Ok(stream) => program.serve(&stream),
            Err(_) => thread::sleep(CONNECT_AGAIN),
        }
    }
}

impl Program {
    fn core(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn revision(&self) -> MutexGuard<'_, Option<u64>> {
        self.revision.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Until the connection ends. What is in force stays so: whoever sent it comes back, or the host has cut all links.
    fn serve(&self, stream: &UnixStream) {
        // Another run of Atoll counts anew: a number of the one before would confirm a state that was never sent.
        *self.revision() = None;
        if let Err(error) = self.atoll.open(stream) {
            eprintln!("netfilter: {error}");
            return;
        }
        self.atoll.rows("flows", true, &[], &[]);
        self.atoll.rows("links", true, &[], &[]);
        {
            let mut core = self.core();
            core.flows.tell_all_again();
            core.refusals.tell_all_again();
        }
        self.atoll.health("ok", "");
        self.report_scanner();
        let ended = service::listen(stream, |message| match message {
            ToProgram::Desired { revision, state, .. } => self.tell(revision, state),
            ToProgram::Job { job, .. } => self.atoll.result(job, "the firewall does no jobs"),
            ToProgram::Cancel { .. } => {}
        });
        if let Err(error) = ended {
            eprintln!("netfilter: {error}");
        }
        self.atoll.close();
    }

    fn tell(&self, revision: u64, state: serde_json::Value) {
        // A service's program gets its settings before the state that a right gives it.
        if state.is_null() {
            self.atoll.applied(revision, &[]);
            return;
        }
        let mut in_force = self.revision();
        let problems = match read_state(state) {
            Ok((state, problems)) => {
                *in_force = Some(revision);
                let problems = self.core().tell(state, problems);
                self.look_at_uplink();
                self.flights.cut_what_is_denied();
                if let Some(scanner) = self.scanner.get() {
                    scanner.want(self.core().wanted_scan());
                }
                problems
            }
            // The state before stays in force, and the new one is not confirmed.
            Err(problem) => vec![problem],
        };
        self.atoll.applied(revision, &problems);
        drop(in_force);
        self.report_status();
    }

    fn report_status(&self) {
        let links = self.core().link_ids().len();
        let vms = format!("{links} {}", if links == 1 { "VM" } else { "VMs" });
        let scan = match self.scan().0 {
            State::Off => "",
            State::Starting => ", the traffic scanner starts",
            State::Ready => ", the traffic scanner works",
            State::Failing => ", the traffic scanner does not work",
        };
        self.atoll.status(&format!("{vms}{scan}"));
    }

    fn scan(&self) -> MutexGuard<'_, (State, String)> {
        self.scan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn report_scanner(&self) {
        let (state, detail) = self.scan().clone();
        let (name, data) = events::scanner(state, &detail);
        self.atoll.event(name, &data);
    }

    /// Applies anew, and says so.
    fn apply_again(&self) {
        let in_force = self.revision();
        let problems: Vec<Problem> = self.core().apply();
        self.flights.cut_what_is_denied();
        if let Some(revision) = *in_force {
            self.atoll.applied(revision, &problems);
        }
    }

    /// What went by an uplink that is gone is no connection any more.
    fn look_at_uplink(&self) {
        let _looking = self.uplink.lock().unwrap_or_else(PoisonError::into_inner);
        let was_lost = self.core().uplink_was_lost();
        if was_lost {
            self.flights.cut_all();
        }
    }

    /// Interfaces come after the state that names them: they are plugged in while the VM runs.
    fn watch(&self) {
        let watched = netlink::route::watch(|| {
            self.look_at_uplink();
            let has_changed = self.core().interfaces_changed();
            if has_changed {
                self.apply_again();
            }
        });
        if let Err(error) = watched {
            eprintln!("netfilter: interfaces cannot be watched: {error}");
        }
    }

    fn watch_denied(&self) {
        let watched = netlink::log::listen(ruleset::DENIED_GROUP, |denied| self.core().refuse_packet(&denied));
        if let Err(error) = watched {
            eprintln!("netfilter: what is denied cannot be seen: {error}");
        }
    }

    fn tick(&self) {
        let mut failures = 0;
        let mut table = match netlink::Netlink::netfilter() {
            Ok(table) => table,
            Err(error) => return eprintln!("netfilter: connections cannot be read: {error}"),
        };
        loop {
            thread::sleep(TICK);
            self.look_at_uplink();
            // An interface that could not be set up is tried again, and one whose coming was missed is found.
            let is_stale = {
                let mut core = self.core();
                core.is_stale() || core.interfaces_changed()
            };
            if is_stale {
                self.apply_again();
            }
            // Not while the core is held: look-ups and first flights would wait for it.
            let all = netlink::conntrack::dump(&mut table);
            let counters = match all.and_then(|all| self.core().tick(&all)) {
                Ok(counters) => counters,
                // Such as a table that changes while it is read.
                Err(error) if failures < MAX_FAILURES => {
                    eprintln!("netfilter: connections cannot be read now: {error}");
                    failures += 1;
                    continue;
                }
                Err(error) => {
                    eprintln!("netfilter: connections cannot be read: {error}");
                    return;
                }
            };
            failures = 0;
            let now = Instant::now();
            let (links, flows, hidden, refusals) = {
                let mut core = self.core();
                let flows = (core.flows.changed(now), core.flows.hidden_changed());
                (core.link_ids(), flows.0, flows.1, core.refusals.changed(now))
            };
            let links: Vec<_> = links.iter().map(|link| rows::link_row(link, &counters)).collect();
            self.atoll.rows("links", false, &links, &[]);
            let mut changed = rows::in_order(&flows.0, &refusals.0, now);
            changed.extend(hidden.0.iter().map(rows::hidden_row));
            let mut removed: Vec<String> = flows.1.iter().map(|serial| rows::flow_key(*serial)).collect();
            removed.extend(hidden.1.iter().map(|link| rows::hidden_key(link)));
            removed.extend(refusals.1.iter().map(|serial| rows::refusal_key(*serial)));
            self.atoll.rows("flows", false, &changed, &removed);
        }
    }
}

impl scanner::Listener for Program {
    fn state(&self, state: State, detail: &str) {
        *self.scan() = (state, detail.to_owned());
        if self.core().set_scanner(state == State::Ready) {
            self.apply_again();
        }
        if !detail.is_empty() {
            self.atoll.log("error", &format!("scanner: {detail}"));
        }
        self.report_scanner();
        self.report_status();
    }

    fn seen(&self, seen: Seen) {
        let alert = match seen {
            Seen::Encrypted { from, to } => return self.core().see_encrypted(from, to),
            Seen::Alert(alert) => alert,
        };
        let Some(of) = self.core().see_alert(&alert) else { return };
        if alert.is_dropped {
            self.flights.cut(of.vm, of.other);
        }
        let may_tell = self.alerts.lock().unwrap_or_else(PoisonError::into_inner).take(Instant::now());
        let Some(unreported) = may_tell else { return };
        if unreported > 0 {
            self.atoll.log("warning", &format!("scanner: {unreported} more alerts than can be reported"));
        }
        let (name, data) = events::alert(&of, &alert);
        self.atoll.event(name, &data);
    }
}
