//! What an exec hears: the host writes against credit, which it gets back as the program reads.

use std::collections::VecDeque;
use std::os::fd::OwnedFd;
use std::rc::Rc;

use atoll_wire::ExecCredit;
use atoll_wire::ExecStream;
use atoll_wire::header::Message as Body;
use calloop::generic::Generic;
use calloop::{Interest, LoopHandle, Mode, PostAction, RegistrationToken};
use rustix::io::Errno;

use crate::agent::Agent;
use crate::ports::PortKind;

/// Credit that the host has at first; as much may wait here.
pub const INPUT_BYTES: u32 = 256 * 1024;
/// A terminal has no end of file but this key (EOT, control-D).
const TERMINAL_END: u8 = 4;

#[derive(Debug)]
pub struct Input {
    /// None = the program's end is closed; what comes is dropped.
    fd: Option<Rc<OwnedFd>>,
    token: Option<RegistrationToken>,
    waiting: VecDeque<u8>,
    ends: bool,
    is_terminal: bool,
}

impl Input {
    pub fn new(handle: &LoopHandle<'static, Agent>, exec: u32, fd: OwnedFd, is_terminal: bool) -> Self {
        let fd = Rc::new(fd);
        let source = Generic::new(fd.clone(), Interest::WRITE, Mode::Edge);
        let token = handle.insert_source(source, move |_, _, agent| {
            agent.exec_input_ready(exec);
            Ok(PostAction::Continue)
        });
        let token = token.map_err(|error| log::error!("{error}")).ok();
        Self { fd: Some(fd), token, waiting: VecDeque::new(), ends: false, is_terminal }
    }

    pub fn over() -> Self {
        Self { fd: None, token: None, waiting: VecDeque::new(), ends: false, is_terminal: false }
    }

    /// More than the credit says is not kept.
    pub fn push(&mut self, bytes: &[u8]) {
        let room = (INPUT_BYTES as usize).saturating_sub(self.waiting.len());
        self.waiting.extend(&bytes[..bytes.len().min(room)]);
    }

    /// No more comes: the program's end is closed once it has all.
    pub fn end(&mut self) {
        if self.is_terminal && !self.ends {
            self.waiting.push_back(TERMINAL_END);
        }
        self.ends = true;
    }

    pub fn close(&mut self) -> Option<RegistrationToken> {
        self.fd = None;
        self.token.take()
    }

    /// Writes what the program takes; gives the number of bytes that are dealt with.
    fn write(&mut self) -> u32 {
        let mut count = 0;
        while let (Some(fd), false) = (&self.fd, self.waiting.is_empty()) {
            match rustix::io::write(&**fd, self.waiting.as_slices().0) {
                Ok(written) => {
                    self.waiting.drain(..written);
                    count += written;
                }
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return count as u32,
                // The program does not listen any more.
                Err(_) => break,
            }
        }
        count += self.waiting.len();
        self.waiting.clear();
        count as u32
    }
}

impl Agent {
    pub(super) fn exec_input_ready(&mut self, id: u32) {
        let Some(exec) = self.execs.get(id) else { return };
        let bytes = exec.input.write();
        let is_done = exec.input.ends && exec.input.waiting.is_empty() && !exec.input.is_terminal;
        if let Some(token) = is_done.then(|| exec.input.close()).flatten() {
            self.handle.remove(token);
        }
        if bytes > 0 {
            let credit = ExecCredit { exec: id, stream: ExecStream::Stdin.into(), bytes };
            self.send(PortKind::Bulk, Body::ExecCredit(credit));
        }
    }
}
