//! Starts programs: each in a session (setsid) of its own, watched by a pidfd.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;

use atoll_wire::FailureCode;
use nix::sys::signal::{SigHandler, SigSet, Signal as NixSignal};
use rustix::process::{
    Pid, PidfdFlags, Resource, Rlimit, Signal, getrlimit, kill_process_group, pidfd_open, setrlimit,
};

use crate::environment::Environment;

/// Files that the agent may have open: one for each connection, and one for each piece of memory that a program draws into.
const MAX_FILES: u64 = 65_536;
/// What its programs get, where the agent has raised its own: select() knows no more files than the usual limit allows.
static PROGRAM_FILES: OnceLock<Rlimit> = OnceLock::new();

/// Lets the agent have more files open than its programs. To be called before the first one is started.
pub fn raise_file_limit() {
    let usual = getrlimit(Resource::Nofile);
    let most = usual.maximum.map_or(MAX_FILES, |maximum| maximum.min(MAX_FILES));
    if usual.current.is_none_or(|current| current >= most) {
        return;
    }
    match setrlimit(Resource::Nofile, Rlimit { current: Some(most), ..usual }) {
        Ok(()) => {
            let _ = PROGRAM_FILES.set(usual);
        }
        Err(error) => log::warn!("the agent may have few files open: {error}"),
    }
}

/// The standard streams of a program.
#[derive(Debug)]
pub enum Streams {
    /// Nothing to read; what it writes goes to the console, like the agent's log.
    Console,
    /// Three pipes, whose other ends are in the `Child`.
    Pipes,
    /// A pseudo-terminal, which becomes the controlling terminal.
    Terminal(OwnedFd),
}

/// Starts `argv` in a new session, in HOME, with the session's environment and one more `variable`. Gives a file
/// descriptor, too, that can be read once it has ended.
///
/// # Errors
/// It does not exist, or may not be run; see [`failure`]. Or it cannot be watched, and has been ended.
pub fn spawn(
    environment: &Environment,
    argv: &[String],
    streams: Streams,
    term: &str,
    variable: Option<(&str, String)>,
) -> io::Result<(Child, OwnedFd)> {
    let Some((program, arguments)) = argv.split_first() else { return Err(io::ErrorKind::InvalidInput.into()) };
    let mut command = Command::new(program);
    command.args(arguments).env_clear().envs(environment.variables()).envs(variable);
    let home = environment.home();
    if home.is_dir() {
        command.current_dir(home);
    }
    let mut has_terminal = false;
    match streams {
        Streams::Console => {
            command.stdin(Stdio::null());
        }
        Streams::Pipes => {
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        }
        Streams::Terminal(end) => {
            let end = File::from(end);
            command.stdin(end.try_clone()?).stdout(end.try_clone()?).stderr(end);
            command.env("TERM", if term.is_empty() { "xterm-256color" } else { term });
            has_terminal = true;
        }
    }
    set_session(&mut command, has_terminal);
    let child = command.spawn()?;
    let ended = watch(&child);
    watched(child, ended)
}

/// Nobody would notice the end of a program that is not watched, nor end it with its session.
fn watched(mut child: Child, ended: io::Result<OwnedFd>) -> io::Result<(Child, OwnedFd)> {
    match ended {
        Ok(ended) => Ok((child, ended)),
        Err(error) => {
            end(&mut child);
            Err(error)
        }
    }
}

/// Ends a program at once, with all of its process group.
pub fn end(child: &mut Child) {
    signal(child, Signal::KILL);
    if let Err(error) = child.wait() {
        log::error!("waiting for a program: {error}");
    }
}

/// The child leads a session, and so a process group, of its own; a terminal on its standard input becomes the
/// controlling one. Signals that the agent has blocked, to wait for them, are unblocked: programs inherit the mask. They
/// inherit ignored signals, too: where the agent was started with `nohup`, a terminal that hangs up could not end them.
#[allow(unsafe_code)]
fn set_session(command: &mut Command, has_terminal: bool) {
    let files = PROGRAM_FILES.get().copied();
    let in_child = move || {
        SigSet::empty().thread_set_mask()?;
        for signal in [NixSignal::SIGHUP, NixSignal::SIGINT, NixSignal::SIGQUIT, NixSignal::SIGTERM] {
            // SAFETY: the default is no function of ours.
            unsafe { nix::sys::signal::signal(signal, SigHandler::SigDfl)? };
        }
        if let Some(files) = files {
            setrlimit(Resource::Nofile, files)?;
        }
        rustix::process::setsid()?;
        if has_terminal {
            rustix::process::ioctl_tiocsctty(rustix::stdio::stdin())?;
        }
        Ok(())
    };
    // SAFETY: system calls alone, which are safe between fork and exec; nothing is allocated or locked.
    unsafe { command.pre_exec(in_child) };
}

fn watch(child: &Child) -> io::Result<OwnedFd> {
    let pid = pid_of(child).ok_or(io::ErrorKind::InvalidInput)?;
    Ok(pidfd_open(pid, PidfdFlags::empty())?)
}

/// Sends a signal to the process group that the child leads.
pub fn signal(child: &Child, signal: Signal) {
    if let Some(pid) = pid_of(child) {
        let _ = kill_process_group(pid, signal);
    }
}

fn pid_of(child: &Child) -> Option<Pid> {
    Pid::from_raw(i32::try_from(child.id()).ok()?)
}

/// Exit code and signal; one of them is 0.
pub fn outcome(status: ExitStatus) -> (u32, u32) {
    let number = |value: Option<i32>| value.and_then(|value| u32::try_from(value).ok()).unwrap_or(0);
    (number(status.code()), number(status.signal()))
}

/// The wire's name for why `spawn` failed.
pub fn failure(error: &io::Error) -> FailureCode {
    match error.kind() {
        io::ErrorKind::NotFound => FailureCode::NotFound,
        io::ErrorKind::PermissionDenied => FailureCode::NotPermitted,
        _ => FailureCode::Other,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use rustix::process::test_kill_process;

    #[test]
    fn a_program_that_cannot_be_watched_is_ended() {
        let mut command = Command::new("sleep");
        command.arg("1000");
        set_session(&mut command, false);
        let child = command.spawn().unwrap();
        let pid = pid_of(&child).unwrap();
        let refused = watched(child, Err(io::ErrorKind::OutOfMemory.into()));
        assert_eq!(refused.unwrap_err().kind(), io::ErrorKind::OutOfMemory);
        assert!(test_kill_process(pid).is_err());
        let child = Command::new("sleep").arg("1000").spawn().unwrap();
        let ended = watch(&child);
        let (mut child, _ended) = watched(child, ended).unwrap();
        assert!(child.try_wait().unwrap().is_none());
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
