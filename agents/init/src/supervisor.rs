//! The work of PID 1: starts the session bus and the agent as the user, restarts them when they end, reaps orphans, and
//! powers off on SIGTERM, on the power button, and when the agent's exit status asks for it.

use crate::cmdline::{Cmdline, ServiceProgram};
use crate::error::Error;
use crate::fork::Fork;
use crate::modules::{self, Phase};
use crate::readiness::Readiness;
use crate::root::RUN_DIR;
use crate::session::{self, BUS, GID, RUNTIME_DIR, UID};
use crate::session_variables::{COMMANDS, DATA, DATA_FOLDERS, SESSION};
use crate::{clock, exit_status, journal, kept, network, power, warm};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::reboot::set_cad_enabled;
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use std::fs::{File, OpenOptions};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// A service that ran this long has recovered: its next pause is the first one again.
const RECOVERED_AFTER: Duration = Duration::from_secs(60);

/// sd_listen_fds(3): the first of the sockets is descriptor 3.
const BUS_WITH_SOCKET: &str = "export LISTEN_PID=$$ LISTEN_FDS=1; \
     exec /usr/bin/dbus-daemon --session --address=systemd: --nofork --nopidfile --syslog-only 3<&0 </dev/null";

const DBUS_DAEMON: &str = "/usr/bin/dbus-daemon";
/// The folder of a service VM's program, and where that finds the agent. The agent reads the same variable.
const SERVICE_DIR: &str = "/run/atoll/service";
const SERVICE_SOCKET: (&str, &str) = ("ATOLL_SERVICE_SOCKET", "/run/user/1000/atoll/service.sock");

/// The agent's, the first that its library tries: nobody else has one.
const WAYLAND_DISPLAY: &str = "wayland-1";

const ROOT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const PATH: &str = "/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games";

#[derive(Debug)]
struct Service {
    name: &'static str,
    program: String,
    arguments: Vec<String>,
    is_root: bool,
    folder: &'static str,
    /// Variables of its own.
    variables: Vec<(&'static str, String)>,
    state: State,
    pause: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Running {
        pid: Pid,
        since: Instant,
    },
    /// To be started at this time.
    Due(Instant),
}

impl Service {
    fn new(name: &'static str, program: &str, arguments: &[&str]) -> Self {
        Self {
            name,
            program: program.to_owned(),
            arguments: arguments.iter().map(|&argument| argument.to_owned()).collect(),
            is_root: false,
            folder: "/home/user",
            variables: Vec::new(),
            state: State::Due(Instant::now()),
            pause: FIRST_PAUSE,
        }
    }

    fn start_if_due(&mut self, now: Instant) {
        if matches!(self.state, State::Due(at) if at <= now) {
            let mut command = Command::new(&self.program);
            command.args(&self.arguments);
            self.start(command, Stdio::null(), now);
        }
    }

    fn start(&mut self, command: Command, input: Stdio, now: Instant) {
        match with_signals_unblocked(|| self.spawn(command, input)) {
            Ok(pid) => self.state = State::Running { pid, since: now },
            Err(error) => {
                journal::fatal(&format!("cannot start {}: {error}", self.name));
                self.retry_later(now);
            }
        }
    }

    fn of_service(program: &ServiceProgram) -> Self {
        Self {
            is_root: program.is_root,
            folder: SERVICE_DIR,
            variables: vec![service_socket()],
            ..Self::new("service", &format!("{SERVICE_DIR}/{}", program.command), &[])
        }
    }

    /// Starts it for the first time, and comes back when it has got ready.
    fn start_until_ready(&mut self) -> Result<Readiness, Error> {
        let (readiness, input) = Readiness::pair()?;
        let mut command = Command::new(&self.program);
        command.args(&self.arguments);
        self.start(command, input.into(), Instant::now());
        readiness.wait()
    }

    fn spawn(&self, mut command: Command, input: Stdio) -> std::io::Result<Pid> {
        command.env_clear().env("LANG", "C.UTF-8");
        if self.is_root {
            command.envs([("HOME", "/root"), ("USER", "root"), ("LOGNAME", "root"), ("PATH", ROOT_PATH)]);
        } else {
            command
                .envs([
                    ("HOME", "/home/user"),
                    ("USER", "user"),
                    ("LOGNAME", "user"),
                    ("SHELL", "/bin/bash"),
                    ("PATH", PATH),
                    ("XDG_RUNTIME_DIR", RUNTIME_DIR),
                ])
                .env("DBUS_SESSION_BUS_ADDRESS", bus_address())
                .uid(UID)
                .gid(GID);
        }
        let child = command
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(self.folder)
            .process_group(0)
            .stdin(input)
            .stdout(console()?)
            .stderr(console()?)
            .spawn()?;
        Ok(Pid::from_raw(child.id() as i32))
    }

    fn ended(&mut self, now: Instant) {
        if matches!(self.state, State::Running { since, .. } if now.duration_since(since) >= RECOVERED_AFTER) {
            self.pause = FIRST_PAUSE;
        }
        self.retry_later(now);
    }

    fn retry_later(&mut self, now: Instant) {
        self.state = State::Due(now + self.pause);
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
    }

    fn is_running_as(&self, pid: Pid) -> bool {
        matches!(self.state, State::Running { pid: own, .. } if own == pid)
    }
}

fn service_socket() -> (&'static str, String) {
    let (name, path) = SERVICE_SOCKET;
    (name, path.to_owned())
}

/// Of the session bus, and so of the programs that it starts: the same as of those that the agent starts.
fn bus_variables() -> Vec<(&'static str, String)> {
    let own = [
        ("PATH", format!("{RUNTIME_DIR}/{COMMANDS}:{PATH}")),
        ("XDG_DATA_DIRS", format!("{RUNTIME_DIR}/{DATA}:{DATA_FOLDERS}")),
        ("WAYLAND_DISPLAY", WAYLAND_DISPLAY.to_owned()),
    ];
    SESSION.into_iter().map(|(name, value)| (name, value.to_owned())).chain(own).collect()
}

/// The session bus with a socket that listens already, as systemd would start it: it is the standard input of the shell.
fn bus_with_socket() -> Command {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", BUS_WITH_SOCKET]);
    command
}

fn bus_address() -> String {
    format!("unix:path={BUS}")
}

/// The serial console, which the host keeps as this VM's log. It becomes the controlling terminal of no process.
fn console() -> std::io::Result<File> {
    OpenOptions::new().write(true).custom_flags(nix::libc::O_NOCTTY).open("/dev/console")
}

/// `processors`: the thread that starts them.
pub fn run(cmdline: &Cmdline, processors: JoinHandle<()>) -> Result<(), Error> {
    let signals = listen()?;
    let address = format!("--address={}", bus_address());
    let arguments = ["--session", &address, "--nofork", "--nopidfile", "--syslog-only"];
    // The small image of a service may have none.
    let mut bus = Path::new(DBUS_DAEMON).exists().then(|| Service::new("session bus", DBUS_DAEMON, &arguments));
    if let Some(bus) = &mut bus {
        bus.variables = bus_variables();
    }
    let mut clock = clock::open_pipe();
    let mut agent = Service::new("agent", &format!("{RUN_DIR}/atoll-agent"), &[]);
    agent.variables = cmdline.service.iter().map(|_| service_socket()).collect();
    let mut service = cmdline.service.as_ref().map(Service::of_service);

    // Each fork has a bus of its own, whose address has an id: it is not in the snapshot.
    if let Some(bus) = bus.as_mut().filter(|_| !cmdline.is_snapshot) {
        bus.start_if_due(Instant::now());
    }
    session::hand_over_ports();
    if cmdline.keeps_files && !cmdline.is_snapshot {
        kept::mount_disk()?;
    }
    agent.start_if_due(Instant::now());
    journal::info("agent started");
    // A fork may be given an interface, for which it shall not have to look for a driver.
    let late = modules::insert(&format!("{RUN_DIR}/modules"), Phase::Late, cmdline.is_snapshot);
    session::tolerate("late modules", late);
    if let Some(network) = &cmdline.network {
        session::tolerate("network", network::configure(network));
    }
    let mut button = power::open_button();
    // A program that connects to it is what starts the bus: what is asked of a new fork first needs none.
    let mut bus_socket = None;
    if cmdline.is_snapshot {
        let _ = processors.join();
        session::wait_for_agent()?;
        warm::read_programs(if service.is_some() { warm::Share::Service } else { warm::Share::Template });
        let kept_program = service.as_mut().filter(|_| cmdline.is_program_in_snapshot);
        let readiness = kept_program.map(Service::start_until_ready).transpose()?;
        let fork = Fork::hold()?;
        if bus.is_some() {
            bus_socket = Some(session::listen_for_bus()?);
        }
        // Each fork has a disk of its own there.
        if cmdline.keeps_files {
            kept::mount_disk()?;
        }
        fork.go_on()?;
        if let Some(readiness) = readiness {
            session::tolerate("the service's program", readiness.go_on());
        }
    }

    loop {
        let now = Instant::now();
        if let Some(socket) = bus_socket.take_if(|socket| is_readable(socket))
            && let Some(bus) = &mut bus
        {
            bus.start(bus_with_socket(), OwnedFd::from(socket).into(), now);
        }
        let started_bus = bus.as_mut().filter(|_| bus_socket.is_none());
        let mut services: Vec<&mut Service> = started_bus.into_iter().chain([&mut agent]).chain(&mut service).collect();
        for service in &mut services {
            service.start_if_due(now);
        }
        reap(&mut services);
        let next = next_start(&services);
        let files =
            [button.as_ref().map(AsFd::as_fd), clock.as_ref().map(AsFd::as_fd), bus_socket.as_ref().map(AsFd::as_fd)];
        wait_for_events(&signals, files, next)?;
        while let Ok(Some(signal)) = signals.read_signal() {
            if signal.ssi_signo != Signal::SIGCHLD as u32 {
                power::off();
            }
        }
        if let Some(pipe) = &mut clock {
            clock::adjust(pipe);
        }
        if button.as_mut().is_some_and(power::was_pressed) {
            power::off();
        }
    }
}

/// The kernel sends SIGINT for Ctrl-Alt-Del, when that is set not to reboot at once.
fn signals_listened_to() -> SigSet {
    [Signal::SIGCHLD, Signal::SIGTERM, Signal::SIGINT].into_iter().collect()
}

/// Runs `spawn` with those signals unblocked, since a new program inherits the mask. A SIGCHLD that is lost meanwhile
/// does no harm: every turn of the loop reaps before it waits.
fn with_signals_unblocked<T>(spawn: impl FnOnce() -> T) -> T {
    let mask = signals_listened_to();
    let _ = mask.thread_unblock();
    let result = spawn();
    let _ = mask.thread_block();
    result
}

fn listen() -> Result<SignalFd, Error> {
    let mask = signals_listened_to();
    mask.thread_block().map_err(Error::system("sigprocmask"))?;
    set_cad_enabled(false).map_err(Error::system("ctrl-alt-del"))?;
    SignalFd::with_flags(&mask, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC).map_err(Error::system("signalfd"))
}

fn next_start(services: &[&mut Service]) -> Option<Instant> {
    services
        .iter()
        .filter_map(|service| match service.state {
            State::Due(at) => Some(at),
            State::Running { .. } => None,
        })
        .min()
}

fn is_readable(socket: &UnixListener) -> bool {
    let mut fds = [PollFd::new(socket.as_fd(), PollFlags::POLLIN)];
    poll(&mut fds, PollTimeout::ZERO).is_ok_and(|ready| ready > 0)
}

fn wait_for_events(
    signals: &SignalFd,
    files: [Option<BorrowedFd<'_>>; 3],
    until: Option<Instant>,
) -> Result<(), Error> {
    let timeout = until.map_or(PollTimeout::NONE, |at| {
        // One millisecond more than is left, so that the deadline has passed when poll returns.
        let left = at.saturating_duration_since(Instant::now()) + Duration::from_millis(1);
        PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX)
    });
    let mut fds = vec![PollFd::new(signals.as_fd(), PollFlags::POLLIN)];
    fds.extend(files.into_iter().flatten().map(|file| PollFd::new(file, PollFlags::POLLIN)));
    match poll(&mut fds, timeout) {
        Ok(_) | Err(Errno::EINTR) => Ok(()),
        Err(errno) => Err(Error::System { what: "poll", errno }),
    }
}

fn reap(services: &mut [&mut Service]) {
    while let Ok(status) = waitpid(Pid::from_raw(-1), Some(WaitPidFlag::WNOHANG)) {
        let Some(pid) = status.pid() else { return };
        for service in services.iter_mut() {
            if service.is_running_as(pid) {
                journal::warning(&format!("{} ended: {status:?}", service.name));
                service.ended(Instant::now());
                if service.name == "agent" && status == WaitStatus::Exited(pid, exit_status::POWER_OFF.into()) {
                    power::off();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn running(since: Instant) -> State {
        State::Running { pid: Pid::from_raw(42), since }
    }

    #[test]
    fn pauses_grow_to_a_limit_and_start_again_after_recovery() {
        let start = Instant::now();
        let mut service = Service::new("agent", "/nowhere", &[]);
        for seconds in [1, 2, 4, 8, 16, 30, 30] {
            service.state = running(start);
            service.ended(start);
            assert_eq!(service.state, State::Due(start + Duration::from_secs(seconds)));
        }
        service.state = running(start);
        service.ended(start + RECOVERED_AFTER);
        assert_eq!(service.state, State::Due(start + RECOVERED_AFTER + FIRST_PAUSE));
    }

    #[test]
    fn only_services_that_are_due_set_a_deadline() {
        let start = Instant::now();
        let mut bus = Service::new("bus", "/nowhere", &[]);
        let mut agent = Service::new("agent", "/nowhere", &[]);
        bus.state = running(start);
        agent.state = running(start);
        assert_eq!(next_start(&[&mut bus, &mut agent]), None);
        agent.ended(start);
        assert_eq!(next_start(&[&mut bus, &mut agent]), Some(start + FIRST_PAUSE));
    }
}
