//! Starts an exec: the child, its pipes or its terminal, and what watches them.

use std::io;
use std::os::fd::OwnedFd;
use std::process::Child;

use atoll_wire::header::Message as Body;
use atoll_wire::limits::MAX_EXECS;
use atoll_wire::{ExecCredit, ExecStart, ExecStarted, ExecStream, FailureCode};
use rustix::fs::{Mode, OFlags, fcntl_getfl, fcntl_setfl};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::tcsetwinsize;

use super::input::{INPUT_BYTES, Input};
use super::output::Output;
use super::{Exec, Refusal, window_size};
use crate::agent::Agent;
use crate::ports::PortKind;
use crate::process::{self, Streams};

impl Agent {
    pub(super) fn try_exec(&mut self, start: &ExecStart) -> Result<(), Refusal> {
        let other = |error: io::Error| (FailureCode::Other, error.to_string());
        let id = start.exec;
        if self.execs.0.contains_key(&id) || self.execs.0.len() >= MAX_EXECS {
            return Err((FailureCode::Other, "too many execs".to_owned()));
        }
        let (exec, ended) = if start.tty { self.with_terminal(start)? } else { self.with_pipes(start)? };
        let pid = exec.child.id();
        self.execs.0.insert(id, exec);
        self.send(PortKind::Bulk, Body::ExecStarted(ExecStarted { exec: id, pid }));
        let stream = ExecStream::Stdin.into();
        self.send(PortKind::Bulk, Body::ExecCredit(ExecCredit { exec: id, stream, bytes: INPUT_BYTES }));
        self.on_readable(ended, move |agent, _| {
            agent.exec_ended(id);
            false
        })
        .map(|_| ())
        .ok_or_else(|| other(io::ErrorKind::Other.into()))
    }

    fn with_pipes(&mut self, start: &ExecStart) -> Result<(Exec, OwnedFd), Refusal> {
        let (mut child, ended) = self.spawn_exec(start, Streams::Pipes)?;
        let stdin = child.stdin.take().map(OwnedFd::from);
        let stdout = child.stdout.take().map(OwnedFd::from);
        let stderr = child.stderr.take().map(OwnedFd::from);
        let exec = Exec {
            child,
            input: self.exec_input(start.exec, stdin, false),
            stdout: self.exec_output(start.exec, ExecStream::Stdout, stdout),
            stderr: self.exec_output(start.exec, ExecStream::Stderr, stderr),
            terminal: None,
            exited: None,
        };
        Ok((exec, ended))
    }

    fn with_terminal(&mut self, start: &ExecStart) -> Result<(Exec, OwnedFd), Refusal> {
        let (ours, theirs) = open_terminal(start).map_err(|error| (FailureCode::Other, error.to_string()))?;
        let copy = || ours.try_clone().map_err(|error| (FailureCode::Other, error.to_string()));
        let (input, output) = (copy()?, copy()?);
        let (child, ended) = self.spawn_exec(start, Streams::Terminal(theirs))?;
        let exec = Exec {
            child,
            input: self.exec_input(start.exec, Some(input), true),
            stdout: self.exec_output(start.exec, ExecStream::Stdout, Some(output)),
            stderr: Output::over(),
            terminal: Some(ours),
            exited: None,
        };
        Ok((exec, ended))
    }

    fn spawn_exec(&self, start: &ExecStart, streams: Streams) -> Result<(Child, OwnedFd), Refusal> {
        let spawned = process::spawn(&self.environment, &start.argv, streams, &start.term);
        let child = spawned.map_err(|error| {
            (process::failure(&error), format!("{}: {error}", start.argv.first().map_or("", String::as_str)))
        })?;
        let ended = process::watch(&child).map_err(|error| (FailureCode::Other, error.to_string()))?;
        Ok((child, ended))
    }

    fn exec_input(&self, id: u32, fd: Option<OwnedFd>, is_terminal: bool) -> Input {
        match fd.map(nonblocking) {
            Some(Ok(fd)) => Input::new(&self.handle, id, fd, is_terminal),
            _ => Input::over(),
        }
    }

    fn exec_output(&self, id: u32, stream: ExecStream, fd: Option<OwnedFd>) -> Output {
        match fd.map(nonblocking) {
            Some(Ok(fd)) => Output::new(&self.handle, id, stream, fd),
            _ => Output::over(),
        }
    }

    fn exec_ended(&mut self, id: u32) {
        let Some(exec) = self.execs.get(id) else { return };
        // Of the pidfd's readiness this is the end for certain.
        match exec.child.wait() {
            Ok(status) => exec.exited = Some(status),
            Err(error) => log::error!("waiting for an exec: {error}"),
        }
        // What the child wrote is in the pipes by now; what its own children may write later is theirs.
        self.exec_output_ready(id, ExecStream::Stdout);
        self.exec_output_ready(id, ExecStream::Stderr);
        self.exec_settle(id);
    }
}

fn nonblocking(fd: OwnedFd) -> io::Result<OwnedFd> {
    let flags = fcntl_getfl(&fd)?;
    fcntl_setfl(&fd, flags | OFlags::NONBLOCK)?;
    Ok(fd)
}

/// The host's end and the child's end of a new pseudo-terminal.
fn open_terminal(start: &ExecStart) -> io::Result<(OwnedFd, OwnedFd)> {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
    grantpt(&ours)?;
    unlockpt(&ours)?;
    let name = ptsname(&ours, Vec::new())?;
    let theirs = rustix::fs::open(name, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty())?;
    tcsetwinsize(&ours, window_size(start.columns, start.rows))?;
    Ok((ours, theirs))
}
