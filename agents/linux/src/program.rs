//! The program of a service VM: it connects to a socket of the agent, and what both sides say is carried between it and the
//! host by two streams. Nothing of it is interpreted here.

use std::fs::{self, Permissions};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

use atoll_wire::header::Message as Body;
use atoll_wire::{ServiceConnected, ServiceOpen};

use crate::agent::Agent;
use crate::error::AgentError;
use crate::ports::PortKind;
use crate::services::Service;
use crate::streams::{Ending, StreamFd};

pub const SERVICE: Service =
    Service { port: PortKind::Bulk, receive: Agent::receive_program, session_ended: Some(Agent::end_program) };

/// Set by init, for the agent and for the program, in the guest of a service VM alone.
const SOCKET: &str = "ATOLL_SERVICE_SOCKET";

#[derive(Debug, Default)]
pub struct Program {
    /// The streams of the next connection.
    offered: Option<ServiceOpen>,
    /// A connection for which the host has offered none yet: the newest one.
    waiting: Option<UnixStream>,
}

impl Agent {
    /// In a service VM: takes connections of its program. Root's and this user's: the socket is this user's alone.
    ///
    /// # Errors
    /// The socket cannot be made.
    pub fn listen_for_program(&mut self) -> Result<(), AgentError> {
        let Some(path) = std::env::var_os(SOCKET) else { return Ok(()) };
        let path = Path::new(&path);
        let failed = |error: io::Error| AgentError::Start("the service's socket", error.to_string());
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(failed)?;
        }
        // Of an agent that has ended.
        let _ = fs::remove_file(path);
        let listener = UnixListener::bind(path).map_err(failed)?;
        fs::set_permissions(path, Permissions::from_mode(0o600)).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        self.on_readable(listener.try_clone().map_err(failed)?.into(), move |agent, _| {
            while let Ok((client, _)) = listener.accept() {
                // The one that waited is closed: its program has ended, or should not have connected twice.
                agent.program.waiting = Some(client);
                agent.join_program();
            }
            true
        });
        Ok(())
    }

    fn receive_program(&mut self, body: &Body, _payload: &[u8]) -> bool {
        let Body::ServiceOpen(open) = body else { return false };
        self.program.offered = Some(*open);
        self.join_program();
        true
    }

    /// Joins a connection with the streams that the host has offered, once there are both.
    fn join_program(&mut self) {
        let Some(open) = self.program.offered else { return };
        let Some(client) = self.program.waiting.take() else { return };
        let ServiceOpen { to_program, from_program } = open;
        self.program.offered = None;
        if let Err(refusal) = self.streams.check(&[to_program, from_program]) {
            return log::warn!("the service's program: {refusal}");
        }
        match ends(client) {
            Ok((input, output)) => {
                self.send(PortKind::Bulk, Body::ServiceConnected(ServiceConnected { to_program }));
                self.open_incoming(to_program, input.clone(), Some(&input), &[], move |agent, ending| match ending {
                    // What it has said last is still in the socket.
                    Ending::Declined => agent.drain_stream(from_program),
                    Ending::Complete | Ending::Aborted => agent.abort_stream(from_program),
                });
                self.open_outgoing(from_program, output.clone(), Some(&output), move |agent, _| {
                    agent.decline_stream(to_program)
                });
            }
            Err(error) => {
                log::warn!("the service's program: {error}");
                self.program.offered = Some(open);
            }
        }
    }

    /// The session is over: its streams are, and so are the connections.
    fn end_program(&mut self) {
        self.program = Program::default();
    }
}

/// Two copies: the loop watches each by itself.
fn ends(client: UnixStream) -> io::Result<(StreamFd, StreamFd)> {
    let copy = client.try_clone()?;
    Ok((StreamFd::new(OwnedFd::from(client))?, StreamFd::new(OwnedFd::from(copy))?))
}
