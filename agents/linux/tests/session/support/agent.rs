//! The agent as a process, on unix sockets in place of virtio ports. Its home and runtime folder are removed when the
//! test ends.

use std::fs;
use std::io::{BufRead, BufReader, ErrorKind};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Instant;

use tempfile::TempDir;

use super::host::Host;
use super::wayland::Client;
use super::{PATIENCE, until};

/// Programs that tests run in the session. Xwayland is left out, since it takes its time to start.
const PROGRAMS: [&str; 5] = ["sh", "sleep", "cat", "true", "printenv"];
static EPOCHS: AtomicU64 = AtomicU64::new(1);

#[derive(Default)]
struct Log {
    lines: Mutex<Vec<String>>,
    more: Condvar,
}

pub struct Agent {
    child: Child,
    folder: TempDir,
    /// Of a program that a test has made for it.
    own: Option<TempDir>,
    log: Arc<Log>,
}

/// The agent of the environment variable ATOLL_AGENT, which npm's set-up has built; else cargo's.
pub fn program() -> PathBuf {
    std::env::var_os("ATOLL_AGENT").map_or_else(|| env!("CARGO_BIN_EXE_atoll-agent").into(), PathBuf::from)
}

fn in_path(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").expect("a PATH");
    let mut files = std::env::split_paths(&path).map(|folder| folder.join(name));
    files.find(|file| file.exists()).unwrap_or_else(|| panic!("{name} is not installed"))
}

impl Agent {
    /// Without Xwayland.
    pub fn start() -> Self {
        Self::launch(&PROGRAMS)
    }

    /// Without Xwayland, by somebody who may have so many files open.
    pub fn start_with_files(count: u32) -> Self {
        Self::start_by(&format!("ulimit -Sn {count} && exec \"$0\" \"$@\""))
    }

    /// Without Xwayland, by somebody who does not want it to end with a terminal, as `nohup` has it.
    pub fn start_without_hangups() -> Self {
        Self::start_by("trap '' HUP && exec \"$0\" \"$@\"")
    }

    fn start_by(script: &str) -> Self {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]).arg(program());
        Self::launch_by(command, &PROGRAMS, None)
    }

    /// With an Xwayland that is this script.
    pub fn start_with_x11_script(script: &str) -> Self {
        let own = TempDir::with_prefix("atoll-xwayland-").expect("a folder");
        let file = own.path().join("Xwayland");
        fs::write(&file, script).expect("a script");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("its mode");
        let mut agent = Self::launch_by(Command::new(program()), &PROGRAMS, Some(&file));
        agent.own = Some(own);
        agent
    }

    /// With Xwayland; gives its display, too, once X11 programs can run.
    pub fn start_with_x11() -> (Self, String) {
        let agent = Self::launch(&[&PROGRAMS[..], &["Xwayland"]].concat());
        let display = agent.display();
        (agent, display)
    }

    fn launch(programs: &[&str]) -> Self {
        Self::launch_by(Command::new(program()), programs, None)
    }

    fn launch_by(mut command: Command, programs: &[&str], more: Option<&Path>) -> Self {
        let folder = TempDir::with_prefix("atoll-agent-").expect("a folder");
        let at = |name: &str| folder.path().join(name);
        for name in ["home", "runtime", "bin", "data/applications"] {
            fs::create_dir_all(at(name)).expect("a folder");
        }
        if programs.contains(&"Xwayland") || more.is_some() {
            make_x11_folder();
        }
        for name in programs {
            symlink(in_path(name), at("bin").join(name)).expect("a link");
        }
        if let Some((file, name)) = more.and_then(|file| Some((file, file.file_name()?))) {
            symlink(file, at("bin").join(name)).expect("a link");
        }
        command.env_clear().env("XDG_RUNTIME_DIR", at("runtime")).env("HOME", at("home")).env("PATH", at("bin"));
        command.env("XDG_DATA_HOME", at("data")).env("XDG_DATA_DIRS", at("none"));
        command.env("ATOLL_CLOCK", at("clock"));
        command.env("ATOLL_SERVICE_SOCKET", at("runtime/atoll/service.sock"));
        for name in ["control", "frames", "bulk"] {
            command.arg(format!("--{name}")).arg(at(name));
        }
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the agent starts");
        let stderr = child.stderr.take().expect("a pipe");
        let log = Arc::new(Log::default());
        let ours = log.clone();
        thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                ours.lines.lock().expect("the log").push(line);
                ours.more.notify_all();
            }
        });
        Self { child, folder, own: None, log }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn applications(&self) -> PathBuf {
        self.path("data/applications")
    }

    pub fn sockets(&self) -> &Path {
        self.folder.path()
    }

    /// Of Xwayland, once X11 programs can run.
    pub fn display(&self) -> String {
        let line = self.wait_log("X11 programs can run on ");
        line.rsplit(' ').next().expect("a word").to_owned()
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// A host of a new session.
    pub fn host(&self) -> Host {
        self.host_with_layout("us")
    }

    pub fn host_with_layout(&self, layout: &str) -> Host {
        Host::connect(self.sockets(), epoch(), layout)
    }

    /// A program in this session.
    pub fn client(&self) -> Client {
        Client::connect(self.wayland())
    }

    pub fn wayland(&self) -> UnixStream {
        let connect = |number| UnixStream::connect(self.path(&format!("runtime/wayland-{number}"))).ok();
        until("the agent listens to Wayland clients", || (0..4).find_map(connect))
    }

    /// The first line of the log that holds `text`, now or soon.
    pub fn wait_log(&self, text: &str) -> String {
        let end = Instant::now() + PATIENCE;
        let mut lines = self.log.lines.lock().expect("the log");
        loop {
            if let Some(line) = lines.iter().find(|line| line.contains(text)) {
                return line.clone();
            }
            let left = end.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "the agent never said {text:?}, but {lines:#?}");
            lines = self.log.more.wait_timeout(lines, left).expect("the log").0;
        }
    }

    pub fn assert_runs(&mut self) {
        assert!(matches!(self.child.try_wait(), Ok(None)), "the agent ended");
    }

    /// SIGTERM, as init does it; gives the exit status.
    pub fn terminate(&mut self) -> Option<i32> {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("a signal");
        self.child.wait().expect("an end").code()
    }
}

/// init makes it in a guest; this machine may not have had an X server yet.
fn make_x11_folder() {
    let folder = Path::new("/tmp/.X11-unix");
    match fs::create_dir(folder) {
        Ok(()) => fs::set_permissions(folder, fs::Permissions::from_mode(0o1777)).expect("a folder for everyone"),
        Err(error) => assert_eq!(error.kind(), ErrorKind::AlreadyExists, "{error}"),
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        if thread::panicking() {
            let lines = self.log.lines.lock().map(|lines| lines.join("\n")).unwrap_or_default();
            eprintln!("-- what the agent said:\n{lines}\n--");
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Another one each time.
pub fn epoch() -> [u8; 16] {
    let mut epoch = [0; 16];
    epoch[..8].copy_from_slice(&EPOCHS.fetch_add(1, Ordering::Relaxed).to_le_bytes());
    epoch[8..12].copy_from_slice(&std::process::id().to_le_bytes());
    epoch
}
