//! Launch: starts programs for the host, and finds out which windows are theirs.

use std::process::ExitStatus;
use std::{fs, io};

use atoll_wire::header::Message as Body;
use atoll_wire::limits::MAX_DETAIL_BYTES;
use atoll_wire::{FailureCode, Launch, Launched, ProgramEnded, RequestFailed};

use crate::agent::Agent;
use crate::apps;
use crate::ports::PortKind;
use crate::process::{self, Streams};
use crate::services::Service;
use crate::surfaces::Surface;
use crate::text::cut;

pub const SERVICE: Service =
    Service { port: PortKind::Control, receive: Agent::receive_launch, session_ended: Some(Agent::forget_launches) };

/// Launches that are remembered: older ones have opened their windows long ago.
const REMEMBERED: usize = 256;
/// How many ancestors of a process are looked at.
const ANCESTORS: usize = 32;

/// Which process belongs to which request.
#[derive(Debug, Default)]
pub struct Launches(Vec<(u32, u32)>);

impl Launches {
    fn remember(&mut self, pid: u32, request: u32) {
        // The kernel gives the number of a process that has ended to another one.
        self.0.retain(|(other, _)| *other != pid);
        self.0.push((pid, request));
        let surplus = self.0.len().saturating_sub(REMEMBERED);
        self.0.drain(..surplus);
    }

    /// The request of the launch that a process descends from; 0 = none. A descendant whose parent has ended is found
    /// by its session, which each launch has one of its own.
    pub fn of_process(&self, pid: u32) -> u32 {
        let find = |pid: u32| self.0.iter().rev().find(|(launched, _)| *launched == pid).map(|(_, request)| *request);
        let mut at = pid;
        for _ in 0..ANCESTORS {
            if at <= 1 {
                break;
            }
            if let Some(request) = find(at) {
                return request;
            }
            let Some((parent, session)) = parent_and_session(at) else { break };
            if let Some(request) = find(session) {
                return request;
            }
            at = parent;
        }
        0
    }
}

/// @see proc_pid_stat(5): `pid (comm) state ppid pgrp session`; comm may hold any character.
fn parent_and_session(pid: u32) -> Option<(u32, u32)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace().skip(1);
    let parent = fields.next()?.parse().ok()?;
    let session = fields.nth(1)?.parse().ok()?;
    Some((parent, session))
}

impl Agent {
    /// The session is over: to the host of the next one its numbers are those of other requests, or of none.
    fn forget_launches(&mut self) {
        self.launches = Launches::default();
        self.surfaces.iter_mut().filter_map(Surface::window_mut).for_each(|window| window.launch = 0);
    }

    fn receive_launch(&mut self, body: &Body, _payload: &[u8]) -> bool {
        let Body::Launch(launch) = body else { return false };
        self.launch(launch);
        true
    }

    fn launch(&mut self, launch: &Launch) {
        let argv = if launch.app_id.is_empty() {
            Some(launch.argv.clone())
        } else {
            apps::command(&launch.app_id, &launch.files)
        };
        let Some(argv) = argv.filter(|argv| !argv.is_empty()) else {
            return self.launch_failed(launch.request, FailureCode::NotFound, "no such application".to_owned());
        };
        match self.start_program(&argv, launch.request, None) {
            Ok(pid) => self.send(PortKind::Control, Body::Launched(Launched { request: launch.request, pid })),
            Err(error) => {
                let detail = format!("{}: {error}", argv.first().map_or("", String::as_str));
                self.launch_failed(launch.request, process::failure(&error), detail);
            }
        }
    }

    /// Starts a program, for a request of the host (0 = none), with one more variable; gives its pid.
    ///
    /// # Errors
    /// See [`process::spawn`].
    pub fn start_program(
        &mut self,
        argv: &[String],
        request: u32,
        variable: Option<(&str, String)>,
    ) -> io::Result<u32> {
        let (mut child, ended) = process::spawn(&self.environment, argv, Streams::Console, "", variable)?;
        let pid = child.id();
        if request != 0 {
            self.launches.remember(pid, request);
        }
        let session = self.session.epoch();
        self.on_readable(ended, move |agent, _| {
            if let Ok(status) = child.wait() {
                // Requests of another session have numbers of their own.
                if request != 0 && agent.session.epoch() == session {
                    agent.program_ended(request, status);
                }
            }
            false
        });
        Ok(pid)
    }

    fn program_ended(&mut self, request: u32, status: ExitStatus) {
        if !status.success() {
            let (code, signal) = process::outcome(status);
            self.send(PortKind::Control, Body::ProgramEnded(ProgramEnded { request, code, signal }));
        }
    }

    pub fn launch_failed(&mut self, request: u32, code: FailureCode, mut detail: String) {
        cut(&mut detail, MAX_DETAIL_BYTES);
        self.send(PortKind::Control, Body::RequestFailed(RequestFailed { request, code: code.into(), detail }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_belongs_to_the_launch_of_an_ancestor() {
        let mut launches = Launches::default();
        let own = std::process::id();
        assert_eq!(launches.of_process(own), 0);
        let parent = std::os::unix::process::parent_id();
        launches.remember(parent, 7);
        assert_eq!(launches.of_process(own), 7);
        launches.remember(own, 8);
        assert_eq!(launches.of_process(own), 8);
    }
}
