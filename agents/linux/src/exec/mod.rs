//! exec: programs whose streams the host holds, over the bulk port. Each stream has credits, so that none delays another
//! and nothing is kept that the host did not ask for. They end with the session that started them.

mod input;
mod output;
mod start;

use std::collections::BTreeMap;
use std::os::fd::OwnedFd;
use std::process::{Child, ExitStatus};
use std::time::Duration;

use atoll_wire::header::Message as Body;
use atoll_wire::limits::MAX_DETAIL_BYTES;
use atoll_wire::{
    ExecCredit, ExecData, ExecEnd, ExecExited, ExecFailed, ExecResize, ExecSignal, ExecStart, ExecStream, FailureCode,
};
use rustix::process::Signal;
use rustix::termios::{Winsize, tcsetwinsize};

use crate::agent::Agent;
use crate::ports::PortKind;
use crate::process;
use crate::windows::cut;
use input::Input;
use output::Output;

/// What a program that was told to hang up gets when it does not.
const GRACE: Duration = Duration::from_secs(2);

#[derive(Debug, Default)]
pub struct Execs(BTreeMap<u32, Exec>);

#[derive(Debug)]
struct Exec {
    child: Child,
    input: Input,
    /// Standard output; of a terminal, all output.
    stdout: Output,
    stderr: Output,
    /// The host's end of the terminal.
    terminal: Option<OwnedFd>,
    /// The child is gone: what its streams still hold is sent, then this.
    exited: Option<ExitStatus>,
}

impl Exec {
    fn output(&mut self, stream: ExecStream) -> Option<&mut Output> {
        match stream {
            ExecStream::Stdout => Some(&mut self.stdout),
            ExecStream::Stderr => Some(&mut self.stderr),
            ExecStream::Stdin | ExecStream::Unspecified => None,
        }
    }
}

impl Execs {
    fn get(&mut self, exec: u32) -> Option<&mut Exec> {
        self.0.get_mut(&exec)
    }
}

impl Agent {
    pub fn exec_start(&mut self, start: &ExecStart) {
        if let Err((code, mut detail)) = self.try_exec(start) {
            cut(&mut detail, MAX_DETAIL_BYTES);
            self.send(PortKind::Bulk, Body::ExecFailed(ExecFailed { exec: start.exec, code: code.into(), detail }));
        }
    }

    pub fn exec_signal(&mut self, request: &ExecSignal) {
        let Some(exec) = self.execs.get(request.exec) else { return };
        let number = i32::try_from(request.signal).ok();
        match number.and_then(Signal::from_named_raw) {
            Some(signal) if exec.exited.is_none() => process::signal(&exec.child, signal),
            _ => log::debug!("signal {} is not sent", request.signal),
        }
    }

    pub fn exec_resize(&mut self, resize: &ExecResize) {
        let Some(terminal) = self.execs.get(resize.exec).and_then(|exec| exec.terminal.as_ref()) else { return };
        if let Err(error) = tcsetwinsize(terminal, window_size(resize.columns, resize.rows)) {
            log::debug!("resizing a terminal: {error}");
        }
    }

    pub fn exec_data(&mut self, data: &ExecData, payload: &[u8]) {
        if data.stream() == ExecStream::Stdin {
            if let Some(exec) = self.execs.get(data.exec) {
                exec.input.push(payload);
            }
            self.exec_input_ready(data.exec);
        }
    }

    pub fn exec_end(&mut self, end: &ExecEnd) {
        if end.stream() == ExecStream::Stdin {
            if let Some(exec) = self.execs.get(end.exec) {
                exec.input.end();
            }
            self.exec_input_ready(end.exec);
        }
    }

    pub fn exec_credit(&mut self, credit: &ExecCredit) {
        let stream = credit.stream();
        if let Some(output) = self.execs.get(credit.exec).and_then(|exec| exec.output(stream)) {
            output.add_credit(credit.bytes);
            self.exec_output_ready(credit.exec, stream);
        }
    }

    /// The child ended, or one of its streams did: says so when both streams are drained.
    fn exec_settle(&mut self, id: u32) {
        let Some(exec) = self.execs.get(id) else { return };
        let Some(status) = exec.exited else { return };
        if !exec.stdout.is_over() || !exec.stderr.is_over() {
            return;
        }
        let (code, signal) = process::outcome(status);
        self.remove_exec(id);
        self.send(PortKind::Bulk, Body::ExecExited(ExecExited { exec: id, code, signal }));
    }

    fn remove_exec(&mut self, id: u32) -> Option<Exec> {
        let mut exec = self.execs.0.remove(&id)?;
        for token in [exec.input.close(), exec.stdout.close(), exec.stderr.close()].into_iter().flatten() {
            self.handle.remove(token);
        }
        Some(exec)
    }

    /// The session is over: so are its execs.
    pub fn end_execs(&mut self) {
        let ids = self.execs.0.keys().copied().collect::<Vec<_>>();
        for id in ids {
            let Some(mut exec) = self.remove_exec(id) else { continue };
            if exec.exited.is_some() {
                continue;
            }
            process::signal(&exec.child, Signal::HUP);
            let mut patience = true;
            self.after(GRACE, move |_| {
                if std::mem::take(&mut patience) && matches!(exec.child.try_wait(), Ok(None)) {
                    process::signal(&exec.child, Signal::KILL);
                    let _ = exec.child.wait();
                }
            });
        }
    }
}

fn window_size(columns: u32, rows: u32) -> Winsize {
    let cells = |count: u32, default: u16| match u16::try_from(count) {
        Ok(0) => default,
        Ok(count) => count,
        Err(_) => u16::MAX,
    };
    Winsize { ws_row: cells(rows, 24), ws_col: cells(columns, 80), ws_xpixel: 0, ws_ypixel: 0 }
}

/// Why an exec did not start.
type Refusal = (FailureCode, String);
