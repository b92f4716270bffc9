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
/// The same for the other Suricata, which tries rules.
const TRY_WITHIN: Duration = START_WITHIN;
/// Where a connection could not be taken, such as without a file for it.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);
/// The line that Suricata prints once it takes packets.
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

/// Hears what the scanner reports; each call comes from a thread of its own.
pub trait Listener: Send + Sync + 'static {
    /// `detail`: what is wrong, also with rules where it is ready; "".
    fn state(&self, state: State, detail: &str);
    fn seen(&self, seen: Seen);
}

enum Event {
    Want(Wanted),
    Line {
        run: u64,
        line: String,
    },
    Ended {
        run: u64,
    },
    /// The Suricata that tried rules has ended with this output.
    Tried {
        trial: u64,
        output: String,
    },
}

#[derive(Debug)]
pub struct Scanner {
    events: Sender<Event>,
}

impl Scanner {
    /// `folder`: for the files of the scanner alone.
    pub fn start(folder: PathBuf, listener: std::sync::Arc<impl Listener>) -> io::Result<Self> {
        Self::start_program(SURICATA.into(), TRY_WITHIN, folder, listener)
    }

    fn start_program(
        program: PathBuf,
        try_within: Duration,
        folder: PathBuf,
        listener: std::sync::Arc<impl Listener>,
    ) -> io::Result<Self> {
        end_earlier(&folder);
        fs::create_dir_all(&folder)?;
        let socket = folder.join("eve.sock");
        let _ = fs::remove_file(&socket);
        let lines = UnixListener::bind(&socket)?;
        let receiver = std::sync::Arc::clone(&listener);
        thread::Builder::new()
            .name("eve".to_owned())
            .spawn(move || take_records(lines.incoming(), |seen| receiver.seen(seen)))?;
        let (events, received) = mpsc::channel();
        let supervisor = Supervisor {
            program,
            try_within,
            folder,
            listener,
            events: events.clone(),
            wanted: Wanted::default(),
            running: None,
            runs: 0,
            trial: None,
            trials: 0,
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

/// One Suricata at a time; what ends is followed by the next one.
fn take_records(streams: impl Iterator<Item = io::Result<UnixStream>>, mut each: impl FnMut(Seen)) {
    for stream in streams {
        match stream {
            // The end of this connection is not reported: the end of the program is.
            Ok(stream) => drop(eve::read(stream, &mut each)),
            Err(error) => {
                eprintln!("scanner: no records can be taken now: {error}");
                thread::sleep(ACCEPT_AGAIN);
            }
        }
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

/// Rules that are to take the place of those in force are tried by another Suricata before.
struct Trial {
    child: Child,
    number: u64,
    since: Instant,
}

struct Supervisor<L> {
    program: PathBuf,
    try_within: Duration,
    folder: PathBuf,
    listener: std::sync::Arc<L>,
    events: Sender<Event>,
    wanted: Wanted,
    running: Option<Running>,
    runs: u64,
    /// There is none where none runs that is ready.
    trial: Option<Trial>,
    trials: u64,
    pause: Duration,
    /// It has ended, and is started again then.
    again_at: Option<Instant>,
}

impl<L: Listener> Supervisor<L> {
    fn run(mut self, received: &Receiver<Event>) {
        loop {
            let starts_until = self.running.as_ref().filter(|own| !own.is_ready).map(|own| own.since + START_WITHIN);
            let tried_until = self.trial.as_ref().map(|own| own.since + self.try_within);
            let event = match [self.again_at, starts_until, tried_until].into_iter().flatten().min() {
                Some(at) => received.recv_timeout(at.saturating_duration_since(Instant::now())),
                None => received.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match event {
                Ok(Event::Want(wanted)) => self.want(wanted),
                Ok(Event::Line { run, line }) => self.line(run, line),
                Ok(Event::Ended { run }) => self.ended(run),
                Ok(Event::Tried { trial, output }) => self.tried(trial, &output),
                Err(RecvTimeoutError::Timeout) => self.late(),
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// Something's time is over.
    fn late(&mut self) {
        let now = Instant::now();
        if self.again_at.take_if(|at| *at <= now).is_some() {
            self.begin();
        } else if self.trial.as_ref().is_some_and(|own| own.since + self.try_within <= now) {
            self.end_trial();
            let within = self.try_within.as_secs();
            self.keep_rules(&format!("Suricata has not read the new ones within {within} s"));
        } else if self.running.as_ref().is_some_and(|own| !own.is_ready && own.since + START_WITHIN <= now) {
            // It ends, and that is seen.
            self.kill();
        }
    }

    fn want(&mut self, wanted: Wanted) {
        let was_on = self.wanted.is_on;
        self.wanted = wanted;
        if !self.wanted.is_on {
            self.again_at = None;
            self.end_trial();
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
        let mut command = Command::new(&self.program);
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
        // The next one reads the new rules at its start.
        self.end_trial();
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
        // Of those that are not wanted any more.
        self.end_trial();
        match self.try_rules() {
            Ok(trial) => self.trial = Some(trial),
            Err(error) => self.keep_rules(&error.to_string()),
        }
    }

    fn try_rules(&mut self) -> io::Result<Trial> {
        let folder = self.folder.join("candidate");
        rules::write(&folder, &self.wanted.files)?;
        let (ours, theirs) = UnixStream::pair()?;
        let child = self
            .command()
            .args(["-T", "--set", &format!("default-rule-path={}", folder.display())])
            .stdout(OwnedFd::from(theirs.try_clone()?))
            .stderr(OwnedFd::from(theirs))
            .spawn()?;
        self.trials += 1;
        let trial = Trial { child, number: self.trials, since: Instant::now() };
        let (events, number) = (self.events.clone(), trial.number);
        thread::Builder::new().name("trial".to_owned()).spawn(move || {
            let mut output = String::new();
            for line in BufReader::new(ours).split(b'\n').map_while(Result::ok) {
                if output.len() < MAX_OUTPUT {
                    output.push_str(&String::from_utf8_lossy(&line));
                    output.push('\n');
                }
            }
            let _ = events.send(Event::Tried { trial: number, output });
        })?;
        Ok(trial)
    }

    fn end_trial(&mut self) {
        let Some(mut trial) = self.trial.take() else { return };
        // It has ended by itself, at worst.
        let _ = trial.child.kill();
        let _ = trial.child.wait();
    }

    fn tried(&mut self, number: u64, output: &str) {
        let Some(mut trial) = self.trial.take_if(|own| own.number == number) else { return };
        let Some(running) = &self.running else { return };
        let wrong = rules::problems(output);
        match trial.child.wait() {
            Err(error) => self.keep_rules(&error.to_string()),
            Ok(_) if !wrong.is_empty() => self.keep_rules(&wrong.join("; ")),
            Ok(status) if !status.success() && !rules::are_none(&self.wanted.files) => {
                self.keep_rules(&format!("Suricata does not take them ({status})"));
            }
            Ok(_) => {
                let failed = self.load_rules(running.child.id()).err().map(|error| error.to_string());
                self.listener.state(State::Ready, &failed.unwrap_or_default());
            }
        }
    }

    fn keep_rules(&self, reason: &str) {
        self.listener.state(State::Ready, &format!("The rules before stay in force. {reason}"));
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use std::io::Write;
    use std::os::unix::fs::PermissionsExt;
    use std::sync::{Arc, Mutex};

    const PATIENCE: Duration = Duration::from_secs(60);

    struct States(Mutex<Sender<(State, String)>>);

    impl Listener for States {
        fn state(&self, state: State, detail: &str) {
            let _ = self.0.lock().unwrap().send((state, detail.to_owned()));
        }

        fn seen(&self, _: Seen) {}
    }

    /// With a program in place of Suricata that takes packets at once, and never comes to an end with rules that it tries.
    struct World {
        scanner: Scanner,
        states: Receiver<(State, String)>,
        folder: PathBuf,
    }

    impl World {
        fn new(name: &str, try_within: Duration) -> Self {
            let folder = std::env::temp_dir().join(format!("atoll-scanner-{}-{name}", std::process::id()));
            let _ = fs::remove_dir_all(&folder);
            fs::create_dir(&folder).unwrap();
            assert!(Command::new("mkfifo").arg(folder.join("tries")).status().unwrap().success());
            let program = folder.join("program");
            let tries = folder.join("tries").display().to_string();
            let text = format!(
                "#!/bin/sh\ncase \" $* \" in *' -T '*) echo > {tries}; exec sleep 1000 ;; esac\n\
                echo 'Engine started'\nexec sleep 1000\n"
            );
            fs::write(&program, text).unwrap();
            fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
            let (out, states) = mpsc::channel();
            let listener = Arc::new(States(Mutex::new(out)));
            let scanner = Scanner::start_program(program, try_within, folder.join("scan"), listener).unwrap();
            Self { scanner, states, folder }
        }

        fn want(&self, text: &str) {
            let files = vec![RuleFile { file: "own.rules".to_owned(), text: text.to_owned() }];
            self.scanner.want(Wanted { is_on: true, files });
        }

        /// Its detail.
        fn until(&self, wanted: State) -> String {
            loop {
                let (state, detail) = self.states.recv_timeout(PATIENCE).unwrap();
                if state == wanted {
                    return detail;
                }
            }
        }

        fn pid(&self) -> String {
            fs::read_to_string(self.folder.join("scan").join(PID_FILE)).unwrap()
        }
    }

    impl Drop for World {
        fn drop(&mut self) {
            self.scanner.want(Wanted::default());
            while self.states.recv_timeout(PATIENCE).is_ok_and(|(state, _)| state != State::Off) {}
            let _ = fs::remove_dir_all(&self.folder);
        }
    }

    #[test]
    fn a_scanner_that_ends_while_rules_are_tried_is_told_at_once() {
        let world = World::new("ends", TRY_WITHIN);
        world.want("first");
        world.until(State::Ready);
        world.want("second");
        // Until it tries them.
        fs::read(world.folder.join("tries")).unwrap();
        kill(Pid::from_raw(world.pid().parse().unwrap()), Signal::SIGKILL).unwrap();
        assert!(world.until(State::Failing).starts_with("Suricata has ended"));
        assert_eq!(world.until(State::Ready), "");
    }

    #[test]
    fn without_rules_the_scanner_works_and_has_none_to_drop_by() {
        let world = World::new("none", TRY_WITHIN);
        let rules = || fs::read_dir(world.folder.join("scan/rules")).unwrap().count();
        world.scanner.want(Wanted { is_on: true, files: Vec::new() });
        assert_eq!(world.until(State::Ready), "");
        assert_eq!(rules(), 0);
        // Those that were there do not stay, either, for one that starts.
        world.want("drop ip any any -> any any (sid:1;)");
        fs::read(world.folder.join("tries")).unwrap();
        fs::write(world.folder.join("scan/rules/own.rules"), "drop ip any any -> any any (sid:1;)").unwrap();
        world.scanner.want(Wanted { is_on: true, files: Vec::new() });
        kill(Pid::from_raw(world.pid().parse().unwrap()), Signal::SIGKILL).unwrap();
        world.until(State::Failing);
        assert_eq!(world.until(State::Ready), "");
        assert_eq!(rules(), 0);
        // Nothing else says what is dropped but what cannot be followed.
        let text = fs::read_to_string(world.folder.join("scan/suricata.yaml")).unwrap();
        assert!(text.contains(&format!(
            "default-rule-path: \"{}/rules\"\nrule-files: [\"*.rules\"]\n",
            world.folder.join("scan").display()
        )));
    }

    #[test]
    fn rules_that_are_tried_for_too_long_leave_those_before_in_force() {
        let world = World::new("late", Duration::from_secs(1));
        world.want("first");
        assert_eq!(world.until(State::Ready), "");
        let pid = world.pid();
        world.want("second");
        let detail = world.until(State::Ready);
        assert_eq!(detail, "The rules before stay in force. Suricata has not read the new ones within 1 s");
        assert_eq!(world.pid(), pid);
    }

    #[test]
    fn a_connection_that_cannot_be_taken_is_not_the_last_one() {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let line =
            r#"{"event_type": "ssh", "src_ip": "10.137.0.6", "src_port": 1, "dest_ip": "1.2.3.4", "dest_port": 22}"#;
        writeln!(theirs, "{line}").unwrap();
        drop(theirs);
        let mut seen = Vec::new();
        take_records([Err(io::Error::other("no files")), Ok(ours)].into_iter(), |one| seen.push(one));
        assert_eq!(seen.len(), 1);
    }
}
