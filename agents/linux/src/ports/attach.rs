//! Adds the ports to the event loop: the guest's virtio ports, or unix sockets in their place.

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use calloop::generic::Generic;
use calloop::{Interest, LoopHandle, Mode, PostAction};

use super::{PORTS, PortKind, virtio};
use crate::agent::Agent;
use crate::error::AgentError;

/// Opens the guest's virtio-serial ports.
///
/// # Errors
/// A port is missing or cannot be opened.
pub fn attach_virtio(agent: &mut Agent) -> Result<(), AgentError> {
    for kind in PORTS {
        let fd = Rc::new(virtio::open(kind.name())?);
        agent.ports.get(kind).attach(fd.clone(), false);
        insert(&agent.handle, kind, fd)?;
    }
    agent.ports.set_virtio();
    agent.poll_unconnected_ports();
    Ok(())
}

/// Listens on unix sockets; each has one client at a time, as QEMU's sockets have.
///
/// # Errors
/// A path cannot be bound.
pub fn attach_sockets(agent: &mut Agent, paths: &[PathBuf; 3]) -> Result<(), AgentError> {
    for kind in PORTS {
        let listener = listen(&paths[kind as usize]).map_err(|error| AgentError::Port(kind.name(), error))?;
        let source = Generic::new(listener, Interest::READ, Mode::Level);
        let inserted = agent.handle.insert_source(source, move |_, listener, agent| {
            // The client may have been replaced within one turn: the end of the old one is handled first.
            agent.port_ready(kind);
            if let Ok((stream, _)) = listener.accept() {
                if agent.ports.get(kind).is_attached() {
                    log::warn!("{} has a client already", kind.name());
                } else if stream.set_nonblocking(true).is_ok() {
                    let fd = Rc::new(OwnedFd::from(stream));
                    agent.ports.get(kind).attach(fd.clone(), true);
                    if let Err(error) = insert(&agent.handle, kind, fd) {
                        log::warn!("{error}");
                    }
                }
            }
            Ok(PostAction::Continue)
        });
        inserted.map_err(|error| AgentError::Start("listening", error.to_string()))?;
    }
    Ok(())
}

fn listen(path: &Path) -> std::io::Result<UnixListener> {
    if path.exists() {
        std::fs::remove_file(path)?;
    }
    let listener = UnixListener::bind(path)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Edge-triggered: a virtio port without a host is always ready, with HUP.
fn insert(handle: &LoopHandle<'static, Agent>, kind: PortKind, fd: Rc<OwnedFd>) -> Result<(), AgentError> {
    let source = Generic::new(fd, Interest::BOTH, Mode::Edge);
    handle
        .insert_source(source, move |_, fd, agent| {
            agent.port_ready(kind);
            let mine = agent.ports.get(kind).is_attached_to(fd.as_ref());
            Ok(if mine { PostAction::Continue } else { PostAction::Remove })
        })
        .map(|_| ())
        .map_err(|error| AgentError::Start("port", error.to_string()))
}
