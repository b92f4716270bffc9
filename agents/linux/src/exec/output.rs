//! What an exec says: read as far as the host has given credit, and no further.

use std::os::fd::OwnedFd;
use std::rc::Rc;

use atoll_wire::header::Message as Body;
use atoll_wire::limits::{MAX_STREAM_CHUNK_BYTES, MAX_STREAM_CREDIT_BYTES};
use atoll_wire::{ExecData, ExecEnd, ExecStream};
use calloop::generic::Generic;
use calloop::{Interest, LoopHandle, Mode, PostAction, RegistrationToken};
use rustix::io::Errno;

use crate::agent::Agent;
use crate::ports::PortKind;

#[derive(Debug)]
pub struct Output {
    /// None = the stream has ended.
    fd: Option<Rc<OwnedFd>>,
    token: Option<RegistrationToken>,
    credit: u32,
}

enum Read {
    Data(Vec<u8>),
    /// Nothing is there now, or nothing may be read.
    Waits,
    End,
}

impl Output {
    /// Edge-triggered: without credit the stream stays readable, and nobody may be kept awake by it.
    pub fn new(handle: &LoopHandle<'static, Agent>, exec: u32, stream: ExecStream, fd: OwnedFd) -> Self {
        let fd = Rc::new(fd);
        let source = Generic::new(fd.clone(), Interest::READ, Mode::Edge);
        let token = handle.insert_source(source, move |_, _, agent| {
            agent.exec_output_ready(exec, stream);
            Ok(PostAction::Continue)
        });
        Self { fd: Some(fd), token: token.map_err(|error| log::error!("{error}")).ok(), credit: 0 }
    }

    /// A stream that there is not.
    pub fn over() -> Self {
        Self { fd: None, token: None, credit: 0 }
    }

    pub fn is_over(&self) -> bool {
        self.fd.is_none()
    }

    pub fn add_credit(&mut self, bytes: u32) {
        self.credit = self.credit.saturating_add(bytes).min(MAX_STREAM_CREDIT_BYTES);
    }

    /// Ends the stream; the source that watched it is to be removed.
    pub fn close(&mut self) -> Option<RegistrationToken> {
        self.fd = None;
        self.token.take()
    }

    fn read(&mut self) -> Read {
        let Some(fd) = &self.fd else { return Read::Waits };
        if self.credit == 0 {
            return Read::Waits;
        }
        let mut bytes = vec![0; MAX_STREAM_CHUNK_BYTES.min(self.credit as usize)];
        match rustix::io::read(&**fd, &mut bytes[..]) {
            Ok(0) => Read::End,
            Ok(count) => {
                bytes.truncate(count);
                self.credit -= count as u32;
                Read::Data(bytes)
            }
            Err(Errno::AGAIN | Errno::INTR) => Read::Waits,
            // A terminal whose other end is closed says so by EIO.
            Err(_) => Read::End,
        }
    }
}

impl Agent {
    pub(super) fn exec_output_ready(&mut self, id: u32, stream: ExecStream) {
        loop {
            let Some(exec) = self.execs.get(id) else { return };
            let child_is_gone = exec.exited.is_some();
            let Some(output) = exec.output(stream) else { return };
            if output.is_over() {
                return;
            }
            match output.read() {
                Read::Data(bytes) => {
                    let data = ExecData { exec: id, stream: stream.into() };
                    self.send_with(PortKind::Bulk, Body::ExecData(data), &bytes);
                }
                // With credit left, nothing is in the pipe; and nobody is left whose word it would be.
                Read::Waits if child_is_gone && output.credit > 0 => break,
                Read::Waits => return,
                Read::End => break,
            }
        }
        if let Some(token) = self.execs.get(id).and_then(|exec| exec.output(stream)?.close()) {
            self.handle.remove(token);
        }
        self.send(PortKind::Bulk, Body::ExecEnd(ExecEnd { exec: id, stream: stream.into() }));
        self.exec_settle(id);
    }
}
