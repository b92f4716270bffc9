//! The command line: empty in a guest; with three socket paths where there are no virtio ports (tests, `external` VMs).

use std::path::PathBuf;

use crate::error::AgentError;
use crate::ports::{PORTS, PortKind};

const USAGE: &str = "usage: atoll-agent [--control PATH --frames PATH --bulk PATH]";

/// Where the agent finds its ports.
#[derive(Debug)]
pub enum Arguments {
    /// The virtio-serial ports of the guest.
    Virtio,
    /// Unix sockets on which the agent listens, in the order of [`PORTS`].
    Sockets([PathBuf; 3]),
    Version,
}

pub fn parse(arguments: impl Iterator<Item = String>) -> Result<Arguments, AgentError> {
    let mut arguments = arguments.peekable();
    if arguments.peek().is_none() {
        return Ok(Arguments::Virtio);
    }
    let mut paths: [Option<PathBuf>; 3] = [None, None, None];
    while let Some(argument) = arguments.next() {
        if argument == "--version" {
            return Ok(Arguments::Version);
        }
        let kind = PORTS.into_iter().find(|kind| argument == option(*kind)).ok_or_else(usage)?;
        paths[kind as usize] = Some(arguments.next().ok_or_else(usage)?.into());
    }
    match paths {
        [Some(control), Some(frames), Some(bulk)] => Ok(Arguments::Sockets([control, frames, bulk])),
        _ => Err(usage()),
    }
}

fn option(kind: PortKind) -> &'static str {
    match kind {
        PortKind::Control => "--control",
        PortKind::Frames => "--frames",
        PortKind::Bulk => "--bulk",
    }
}

fn usage() -> AgentError {
    AgentError::Usage(USAGE.to_owned())
}
