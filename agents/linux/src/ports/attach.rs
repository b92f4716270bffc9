//! Puts the ports into the event loop: the guest's virtio ports, or unix sockets that stand for them.

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use calloop::generic::Generic;
use calloop::timer::{TimeoutAction, Timer};
use calloop::{Interest, LoopHandle, Mode, PostAction};

use super::{PORTS, PortKind, virtio};
use crate::agent::Agent;
use crate::error::AgentError;

/// While a virtio port has no host it is looked at this often, should its wake-up have been missed.
const LONELY: Duration = Duration::from_secs(1);

/// The guest's virtio-serial ports.
///
/// # Errors
/// A port is missing or cannot be opened.
pub fn attach_virtio(agent: &mut Agent) -> Result<(), AgentError> {
    for kind in PORTS {
        let fd = Rc::new(virtio::open(kind.name())?);
        agent.ports.get(kind).attach(fd.clone(), false);
        insert(&agent.handle, kind, fd)?;
    }
    watch_lonely(&agent.handle)
}

/// Unix sockets that the agent listens on; each has one client at a time, as QEMU's have.
///
/// # Errors
/// A path cannot be bound.
pub fn attach_sockets(agent: &mut Agent, paths: &[PathBuf; 3]) -> Result<(), AgentError> {
    for kind in PORTS {
        let listener = listen(&paths[kind as usize]).map_err(|error| AgentError::Port(kind.name(), error))?;
        let source = Generic::new(listener, Interest::READ, Mode::Level);
        let inserted = agent.handle.insert_source(source, move |_, listener, agent| {
            // A client that went and came again within one turn: its end is to be seen first.
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

/// Edge-triggered: a virtio port without a host reports HUP for as long as that lasts.
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

/// Runs while any port is without a session; port_ready starts it again by way of `agent.lonely`.
pub fn watch_lonely(handle: &LoopHandle<'static, Agent>) -> Result<(), AgentError> {
    handle
        .insert_source(Timer::from_duration(LONELY), |_, (), agent| {
            let mut lonely = false;
            for kind in PORTS {
                if agent.ports.get(kind).epoch().is_none() {
                    agent.port_ready(kind);
                    lonely = true;
                }
            }
            agent.watches_lonely = lonely;
            if lonely { TimeoutAction::ToDuration(LONELY) } else { TimeoutAction::Drop }
        })
        .map(|_| ())
        .map_err(|error| AgentError::Start("timer", error.to_string()))
}
