//! Starts an exec: the child, its streams, and what notices its end.

use std::io;
use std::os::fd::OwnedFd;
use std::process::Child;

use atoll_wire::header::Message as Body;
use atoll_wire::limits::MAX_EXECS;
use atoll_wire::{ExecStart, ExecStarted, FailureCode};

use rustix::process::Signal;

use super::{Exec, Refusal, terminal};
use crate::agent::Agent;
use crate::ports::PortKind;
use crate::process::{self, Streams};
use crate::streams::StreamFd;

/// The agent's ends of a child's standard streams.
enum Ends {
    Pipes {
        stdin: StreamFd,
        stdout: StreamFd,
        stderr: StreamFd,
    },
    /// Two copies of the master end. The kernel has one state of readiness for both, the loop watches each by itself.
    Terminal {
        input: StreamFd,
        output: StreamFd,
    },
}

struct Spawned {
    child: Child,
    ends: Ends,
    terminal: Option<OwnedFd>,
    /// Can be read once the child has ended.
    ended: OwnedFd,
}

impl Agent {
    pub(super) fn try_exec(&mut self, start: &ExecStart) -> Result<(), Refusal> {
        let id = start.exec;
        if self.execs.0.contains_key(&id) || self.execs.0.len() >= MAX_EXECS {
            return Err((FailureCode::Other, "too many execs".to_owned()));
        }
        let all = [start.stdin, start.stdout, start.stderr];
        let streams = if start.tty { &all[..2] } else { &all[..] };
        self.streams.check(streams).map_err(|refusal| (FailureCode::Other, refusal.to_string()))?;
        let Spawned { child, ends, terminal, ended } =
            if start.tty { self.spawn_with_terminal(start)? } else { self.spawn_with_pipes(start)? };
        let pid = child.id();
        let exec = Exec { child, stdin: start.stdin, outputs: streams[1..].to_vec(), terminal, exited: None };
        self.execs.0.insert(id, exec);
        self.send(PortKind::Bulk, Body::ExecStarted(ExecStarted { exec: id, pid }));
        self.open_exec_streams(start, ends);
        let watched = self.on_readable(ended, move |agent, _| {
            agent.exec_ended(id, pid);
            false
        });
        if watched.is_none() {
            // Nobody would hear of its end: it is now.
            self.execs.0.get(&id).iter().for_each(|exec| process::signal(&exec.child, Signal::KILL));
            self.exec_ended(id, pid);
        }
        Ok(())
    }

    fn open_exec_streams(&mut self, start: &ExecStart, ends: Ends) {
        let (id, stdout, stderr) = (start.exec, start.stdout, start.stderr);
        let stdout_ended = move |agent: &mut Agent, ending| agent.exec_output_ended(id, stdout, ending);
        match ends {
            Ends::Pipes { stdin, stdout: output, stderr: errors } => {
                self.open_incoming(start.stdin, stdin.clone(), Some(&stdin), &[], |_, _| ());
                self.open_outgoing(stdout, output.clone(), Some(&output), stdout_ended);
                self.open_outgoing(stderr, errors.clone(), Some(&errors), move |agent, ending| {
                    agent.exec_output_ended(id, stderr, ending);
                });
            }
            Ends::Terminal { input, output } => {
                self.open_incoming(start.stdin, input.clone(), Some(&input), terminal::END_OF_FILE, |_, _| ());
                self.open_outgoing(stdout, terminal::Output(output.clone()), Some(&output), stdout_ended);
            }
        }
    }

    fn spawn_with_pipes(&self, start: &ExecStart) -> Result<Spawned, Refusal> {
        let (mut child, ended) = self.spawn_exec(start, Streams::Pipes)?;
        match pipe_ends(&mut child) {
            Ok(ends) => Ok(Spawned { child, ends, terminal: None, ended }),
            Err(refusal) => {
                process::end(&mut child);
                Err(refusal)
            }
        }
    }

    fn spawn_with_terminal(&self, start: &ExecStart) -> Result<Spawned, Refusal> {
        let (master, other_end) = terminal::open(start.columns, start.rows).map_err(other)?;
        let copy = || stream_end(Some(master.try_clone().map_err(other)?));
        let ends = Ends::Terminal { input: copy()?, output: copy()? };
        let (child, ended) = self.spawn_exec(start, Streams::Terminal(other_end))?;
        Ok(Spawned { child, ends, terminal: Some(master), ended })
    }

    fn spawn_exec(&self, start: &ExecStart, streams: Streams) -> Result<(Child, OwnedFd), Refusal> {
        let spawned = process::spawn(&self.environment, &start.argv, streams, &start.term, None);
        spawned.map_err(|error| {
            (process::failure(&error), format!("{}: {error}", start.argv.first().map_or("", String::as_str)))
        })
    }
}

fn pipe_ends(child: &mut Child) -> Result<Ends, Refusal> {
    Ok(Ends::Pipes {
        stdin: stream_end(child.stdin.take().map(OwnedFd::from))?,
        stdout: stream_end(child.stdout.take().map(OwnedFd::from))?,
        stderr: stream_end(child.stderr.take().map(OwnedFd::from))?,
    })
}

fn stream_end(fd: Option<OwnedFd>) -> Result<StreamFd, Refusal> {
    fd.ok_or_else(|| io::ErrorKind::NotFound.into()).and_then(StreamFd::new).map_err(other)
}

fn other(error: io::Error) -> Refusal {
    (FailureCode::Other, error.to_string())
}
