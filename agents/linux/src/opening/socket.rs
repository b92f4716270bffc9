//! The socket on which `atoll-open`, `atoll-send` and `atoll-scan` talk to the agent: $XDG_RUNTIME_DIR/atoll/open, of this user alone.
//!
//! A request is words that end with NUL, up to the end of what the client writes: `open|edit|disposable`, link, path (one of both empty),
//! `send`, VM, paths, or `scan`, paths. The answer is the exit code in decimal, a space, and what to say; then, after a NUL, what the
//! client prints.

use std::fs::{self, Permissions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use atoll_wire::limits::{MAX_CHOSEN_FILES, MAX_FILE_PATH_BYTES, MAX_OPENS_WANTED};
use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};

use crate::agent::Agent;
use crate::error::AgentError;

/// As many paths as can be chosen, with the longest names.
const MAX_REQUEST_BYTES: usize = (MAX_CHOSEN_FILES + 1) * (MAX_FILE_PATH_BYTES + 1);
/// Clients whose request has not come whole, or that wait for an answer.
const MAX_CLIENTS: usize = 2 * MAX_OPENS_WANTED;

pub fn path(runtime: &Path) -> PathBuf {
    runtime.join("atoll/open")
}

/// A client that waits for its answer.
#[derive(Debug)]
pub struct Client(UnixStream);

impl Client {
    pub fn answer(mut self, code: u8, detail: &str) {
        // It may have ended, and then nobody hears.
        let _ = self.0.write_all(format!("{code} {detail}").as_bytes());
    }

    /// `output`: no longer than what the socket takes at once. A host's message is.
    pub fn answer_with(self, code: u8, detail: &str, output: &str) {
        let detail = detail.replace('\0', "");
        self.answer(code, &format!("{detail}\0{output}"));
    }

    /// # Errors
    /// The agent has no descriptor left.
    pub fn connection(&self) -> io::Result<OwnedFd> {
        self.0.try_clone().map(OwnedFd::from)
    }
}

impl Agent {
    /// # Errors
    /// The socket cannot be made.
    pub fn listen_for_openers(&mut self) -> Result<(), AgentError> {
        let failed = |error: io::Error| AgentError::Start("opening", error.to_string());
        let path = path(self.environment.runtime());
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(failed)?;
        }
        // Of an agent that has ended.
        let _ = fs::remove_file(&path);
        let listener = UnixListener::bind(&path).map_err(failed)?;
        fs::set_permissions(&path, Permissions::from_mode(0o600)).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        self.on_readable(listener.try_clone().map_err(failed)?.into(), move |agent, _| {
            while let Ok((client, _)) = listener.accept() {
                agent.take_opener(client);
            }
            true
        });
        Ok(())
    }

    fn take_opener(&mut self, client: UnixStream) {
        if self.opening.clients >= MAX_CLIENTS {
            return Client(client).answer(4, "too many requests at once");
        }
        let Ok(readable) = client.try_clone().map(OwnedFd::from) else { return };
        if fcntl_getfl(&readable).and_then(|flags| fcntl_setfl(&readable, flags | OFlags::NONBLOCK)).is_err() {
            return;
        }
        self.opening.clients += 1;
        let (mut client, mut request) = (Some(client), Vec::new());
        self.on_readable(readable, move |agent, _| {
            let Some(stream) = &mut client else { return false };
            let whole = read_more(stream, &mut request);
            if matches!(whole, Ok(false)) {
                return true;
            }
            agent.opening.clients -= 1;
            if let (Ok(true), Some(stream)) = (whole, client.take()) {
                agent.opener_asks(Client(stream), &request);
            }
            false
        });
    }
}

/// True = the request is whole.
fn read_more(stream: &mut UnixStream, request: &mut Vec<u8>) -> io::Result<bool> {
    let mut buffer = [0; 8192];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return Ok(true),
            Ok(count) => request.extend_from_slice(buffer.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
            Err(error) => return Err(error),
        }
        if request.len() > MAX_REQUEST_BYTES {
            return Err(ErrorKind::InvalidData.into());
        }
    }
}
