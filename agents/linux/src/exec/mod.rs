//! exec: programs whose standard streams the host holds, or that have a terminal which it holds. They end with the
//! session that started them.

mod start;
mod terminal;

use std::collections::BTreeMap;
use std::os::fd::OwnedFd;
use std::process::{Child, ExitStatus};
use std::time::Duration;

use atoll_wire::header::Message as Body;
use atoll_wire::limits::MAX_DETAIL_BYTES;
use atoll_wire::{ExecExited, ExecFailed, ExecResize, ExecSignal, ExecStart, FailureCode};
use rustix::process::Signal;
use rustix::termios::tcsetwinsize;

use crate::agent::Agent;
use crate::ports::PortKind;
use crate::process;
use crate::services::Service;
use crate::streams::Ending;
use crate::text::cut;

pub const SERVICE: Service =
    Service { port: PortKind::Bulk, receive: Agent::receive_exec, session_ended: Some(Agent::end_execs) };

/// A program that was sent SIGHUP and does not end within this is killed.
const HANGUP_GRACE: Duration = Duration::from_secs(2);

/// The programs that run, by the host's numbers.
#[derive(Debug, Default)]
pub struct Execs(BTreeMap<u32, Exec>);

#[derive(Debug)]
struct Exec {
    child: Child,
    /// The stream that the program reads.
    stdin: u32,
    /// The streams that it writes and that have not ended.
    outputs: Vec<u32>,
    /// The master end of its terminal.
    terminal: Option<OwnedFd>,
    /// The child has ended: what its streams still hold is sent, then this.
    exited: Option<ExitStatus>,
}

/// Why an exec did not start.
type Refusal = (FailureCode, String);

impl Agent {
    fn receive_exec(&mut self, body: &Body, _payload: &[u8]) -> bool {
        match body {
            Body::ExecStart(start) => self.exec_start(start),
            Body::ExecSignal(signal) => self.exec_signal(signal),
            Body::ExecResize(resize) => self.exec_resize(resize),
            _ => return false,
        }
        true
    }

    fn exec_start(&mut self, start: &ExecStart) {
        if let Err((code, mut detail)) = self.try_exec(start) {
            cut(&mut detail, MAX_DETAIL_BYTES);
            self.send(PortKind::Bulk, Body::ExecFailed(ExecFailed { exec: start.exec, code: code.into(), detail }));
        }
    }

    fn exec_signal(&mut self, request: &ExecSignal) {
        let Some(exec) = self.execs.0.get(&request.exec) else { return };
        let number = i32::try_from(request.signal).ok();
        match number.and_then(Signal::from_named_raw) {
            Some(signal) if exec.exited.is_none() => process::signal(&exec.child, signal),
            _ => log::debug!("signal {} is not sent", request.signal),
        }
    }

    fn exec_resize(&mut self, resize: &ExecResize) {
        let Some(terminal) = self.execs.0.get(&resize.exec).and_then(|exec| exec.terminal.as_ref()) else { return };
        if let Err(error) = tcsetwinsize(terminal, terminal::size(resize.columns, resize.rows)) {
            log::debug!("resizing a terminal: {error}");
        }
    }

    fn exec_ended(&mut self, id: u32, pid: u32) {
        // The host of another session may have given the number anew, to a program that still runs.
        let Some(exec) = self.execs.0.get_mut(&id).filter(|exec| exec.child.id() == pid) else { return };
        // Its pidfd was readable, so this does not block.
        match exec.child.wait() {
            Ok(status) => exec.exited = Some(status),
            Err(error) => log::error!("waiting for an exec: {error}"),
        }
        // What the child wrote is in the pipes by now; what its own children may write later is not waited for.
        for stream in exec.outputs.clone() {
            self.drain_stream(stream);
        }
        self.settle_exec(id);
    }

    fn exec_output_ended(&mut self, id: u32, stream: u32, ending: Ending) {
        let Some(exec) = self.execs.0.get_mut(&id) else { return };
        exec.outputs.retain(|output| *output != stream);
        if ending == Ending::Declined && exec.terminal.take().is_some() {
            // The last copy of the master is closed with its input: the kernel hangs up the terminal (SIGHUP).
            let stdin = exec.stdin;
            self.decline_stream(stdin);
        }
        self.settle_exec(id);
    }

    /// Reports the end of an exec once the child has ended and its output streams have.
    fn settle_exec(&mut self, id: u32) {
        let Some(exec) = self.execs.0.get(&id).filter(|exec| exec.outputs.is_empty()) else { return };
        let Some(status) = exec.exited else { return };
        let stdin = exec.stdin;
        self.execs.0.remove(&id);
        self.decline_stream(stdin);
        let (code, signal) = process::outcome(status);
        self.send(PortKind::Bulk, Body::ExecExited(ExecExited { exec: id, code, signal }));
    }

    /// The session is over, and with it its execs.
    pub fn end_execs(&mut self) {
        for mut exec in std::mem::take(&mut self.execs.0).into_values() {
            if exec.exited.is_some() {
                continue;
            }
            process::signal(&exec.child, Signal::HUP);
            self.after(HANGUP_GRACE, move |_| {
                if matches!(exec.child.try_wait(), Ok(None)) {
                    process::signal(&exec.child, Signal::KILL);
                    let _ = exec.child.wait();
                }
            });
        }
    }
}
