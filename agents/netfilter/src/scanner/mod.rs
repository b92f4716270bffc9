//! Suricata, which looks at what VMs send and get. It runs as long as a VM has to be scanned; while it does not work, the rules
//! let nothing of such a VM pass (ruleset.rs), and the kernel's queue, where nobody takes packets, drops them before that.

pub mod config;
pub mod eve;
pub mod rules;

use eve::Seen;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rules::RuleFile;
use std::fs;
use std::io::{self, BufRead, BufReader};
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

const SURICATA: &str = "suricata";
/// As Linux names its main thread.
const COMM: &str = "Suricata";
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// One that ran for so long was well.
const WELL_AFTER: Duration = Duration::from_secs(60);
/// An emulated guest reads thousands of rules in seconds.
const START_WITHIN: Duration = Duration::from_secs(180);
/// What it says when it takes packets.
const STARTED: &str = "ngine started";
const MAX_LINE: usize = 500;
/// Of what it said since its start.
const MAX_OUTPUT: usize = 64 * 1024;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// A VM has to be scanned.
    pub is_on: bool,
    pub files: Vec<RuleFile>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Off,
    Starting,
    Ready,
    Failing,
}

impl State {
    pub fn word(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Starting => "starting",
            Self::Ready => "ready",
            Self::Failing => "failing",
        }
    }
}

/// What it tells, each from a thread of its own.
pub trait Listener: Send + Sync + 'static {
    /// `detail`: what is wrong, also with rules where it is ready; "".
    fn state(&self, state: State, detail: &str);
    fn seen(&self, seen: Seen);
}

enum Event {
    Want(Wanted),
    Line { run: u64, line: String },
    Ended { run: u64 },
}

#[derive(Debug)]
pub struct Scanner {
    events: Sender<Event>,
}

impl Scanner {
    /// `folder`: of its own, for its files.
    pub fn start(folder: PathBuf, listener: std::sync::Arc<impl Listener>) -> io::Result<Self> {
        end_earlier(&folder);
        fs::create_dir_all(&folder)?;
        let socket = folder.join("eve.sock");
        let _ = fs::remove_file(&socket);
        let lines = UnixListener::bind(&socket)?;
        let receiver = std::sync::Arc::clone(&listener);
        thread::Builder::new().name("eve".to_owned()).spawn(move || {
            // One Suricata at a time; what ends is followed by the next one.
            for stream in lines.incoming().map_while(Result::ok) {
                let _ = eve::read(stream, |seen| receiver.seen(seen));
            }
        })?;
        let (events, received) = mpsc::channel();
        let supervisor = Supervisor {
            folder,
            listener,
            events: events.clone(),
            wanted: Wanted::default(),
            running: None,
            runs: 0,
            pause: FIRST_PAUSE,
            again_at: None,
        };
        thread::Builder::new().name("scanner".to_owned()).spawn(move || supervisor.run(&received))?;
        Ok(Self { events })
    }

    pub fn want(&self, wanted: Wanted) {
        // Its thread ends with the program.
        let _ = self.events.send(Event::Want(wanted));
    }
}

struct Running {
    child: Child,
    number: u64,
    since: Instant,
    is_ready: bool,
    /// That it has, or has left out what is wrong of.
    files: Vec<RuleFile>,
    output: String,
}

struct Supervisor<L> {
    folder: PathBuf,
    listener: std::sync::Arc<L>,
    events: Sender<Event>,
    wanted: Wanted,
    running: Option<Running>,
    runs: u64,
    pause: Duration,
    /// It has ended, and is started again then.
    again_at: Option<Instant>,
}

impl<L: Listener> Supervisor<L> {
    fn run(mut self, received: &Receiver<Event>) {
        loop {
            let starts_until = self.running.as_ref().filter(|own| !own.is_ready).map(|own| own.since + START_WITHIN);
            let event = match self.again_at.or(starts_until) {
                Some(at) => received.recv_timeout(at.saturating_duration_since(Instant::now())),
                None => received.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match event {
                Ok(Event::Want(wanted)) => self.want(wanted),
                Ok(Event::Line { run, line }) => self.line(run, line),
                Ok(Event::Ended { run }) => self.ended(run),
                Err(RecvTimeoutError::Timeout) if self.again_at.take().is_some() => self.begin(),
                // It ends, and that is seen.
                Err(RecvTimeoutError::Timeout) => self.kill(),
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn want(&mut self, wanted: Wanted) {
        let was_on = self.wanted.is_on;
        self.wanted = wanted;
        if !self.wanted.is_on {
            self.again_at = None;
            self.kill();
            self.running = None;
            if was_on {
                self.listener.state(State::Off, "");
            }
        } else if !was_on {
            self.pause = FIRST_PAUSE;
            self.begin();
        } else {
            self.take_rules();
        }
    }

    fn kill(&mut self) {
        let Some(running) = &mut self.running else { return };
        // It has ended by itself, at worst.
        let _ = running.child.kill();
        let _ = running.child.wait();
    }

    fn begin(&mut self) {
        self.listener.state(State::Starting, "");
        self.runs += 1;
        match self.spawn() {
            Ok(running) => self.running = Some(running),
            Err(error) => self.again(&format!("{SURICATA}: {error}")),
        }
    }

    fn spawn(&self) -> io::Result<Running> {
        fs::write(self.folder.join("suricata.yaml"), config::config(&self.folder))?;
        rules::write(&self.folder.join("rules"), &self.wanted.files)?;
        let (ours, theirs) = UnixStream::pair()?;
        let child = self
            .command()
            .args(["-q", &config::QUEUE.to_string()])
            .stdout(OwnedFd::from(theirs.try_clone()?))
            .stderr(OwnedFd::from(theirs))
            .spawn()?;
        // What cannot be written is not ended by the next run of this program.
        let _ = fs::write(self.folder.join(PID_FILE), child.id().to_string());
        let (events, run) = (self.events.clone(), self.runs);
        thread::Builder::new().name("suricata".to_owned()).spawn(move || {
            for line in BufReader::new(ours).split(b'\n').map_while(Result::ok) {
                let line: String = String::from_utf8_lossy(&line).chars().take(MAX_LINE).collect();
                let _ = events.send(Event::Line { run, line });
            }
            let _ = events.send(Event::Ended { run });
        })?;
        let files = self.wanted.files.clone();
        Ok(Running { child, number: run, since: Instant::now(), is_ready: false, files, output: String::new() })
    }

    fn command(&self) -> Command {
        let mut command = Command::new(SURICATA);
        command.arg("-c").arg(self.folder.join("suricata.yaml")).arg("-l").arg(&self.folder).stdin(Stdio::null());
        command
    }

    fn line(&mut self, run: u64, line: String) {
        let Some(running) = self.running.as_mut().filter(|own| own.number == run) else { return };
        eprintln!("scanner: {line}");
        if running.is_ready {
            return;
        }
        if running.output.len() < MAX_OUTPUT {
            running.output.push_str(&line);
            running.output.push('\n');
        }
        if line.contains(STARTED) {
            running.is_ready = true;
            let wrong = rules::problems(&running.output);
            running.output = String::new();
            self.listener.state(State::Ready, &wrong.join("; "));
            self.take_rules();
        }
    }

    fn ended(&mut self, run: u64) {
        let Some(mut running) = self.running.take_if(|own| own.number == run) else { return };
        let how = running.child.wait().map_or_else(|error| error.to_string(), |status| status.to_string());
        if running.since.elapsed() > WELL_AFTER {
            self.pause = FIRST_PAUSE;
        }
        let last = running.output.lines().last().unwrap_or("");
        self.again(&format!("Suricata has ended ({how}) {last}"));
    }

    fn again(&mut self, reason: &str) {
        self.listener.state(State::Failing, reason.trim_end());
        self.again_at = Some(Instant::now() + self.pause);
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
    }

    /// Other rules take the place of those in force, once all of them can be read.
    fn take_rules(&mut self) {
        let Some(running) = self.running.as_mut().filter(|own| own.is_ready) else { return };
        if running.files == self.wanted.files {
            return;
        }
        // Also where they are wrong: they are not looked at again before they change.
        running.files.clone_from(&self.wanted.files);
        let pid = running.child.id();
        let detail = match self.try_rules() {
            Ok(wrong) if wrong.is_empty() => self.load_rules(pid).err().map(|error| error.to_string()),
            Ok(wrong) => Some(format!("The rules before stay in force. {}", wrong.join("; "))),
            Err(error) => Some(format!("The rules before stay in force. {error}")),
        };
        self.listener.state(State::Ready, &detail.unwrap_or_default());
    }

    fn try_rules(&self) -> io::Result<Vec<String>> {
        let folder = self.folder.join("candidate");
        rules::write(&folder, &self.wanted.files)?;
        let output =
            self.command().arg("-T").arg("--set").arg(format!("default-rule-path={}", folder.display())).output()?;
        let printed = [output.stdout, output.stderr].concat();
        let wrong = rules::problems(&String::from_utf8_lossy(&printed));
        if wrong.is_empty() && !output.status.success() && !rules::are_none(&self.wanted.files) {
            return Err(io::Error::other(format!("Suricata does not take them ({})", output.status)));
        }
        Ok(wrong)
    }

    fn load_rules(&self, pid: u32) -> io::Result<()> {
        rules::write(&self.folder.join("rules"), &self.wanted.files)?;
        let pid = i32::try_from(pid).map_err(io::Error::other)?;
        // It reads them anew, and goes on with the old ones meanwhile.
        Ok(kill(Pid::from_raw(pid), Signal::SIGUSR2)?)
    }
}

const PID_FILE: &str = "suricata.pid";

/// One that an earlier run of this program has left holds the queue.
fn end_earlier(folder: &std::path::Path) {
    let pid = fs::read_to_string(folder.join(PID_FILE)).ok().and_then(|text| text.trim().parse::<i32>().ok());
    let Some(pid) = pid else { return };
    let comm = || fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    if comm().starts_with(COMM) {
        // Gone in the meantime.
        let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
    }
}
