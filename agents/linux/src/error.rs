//! Why the agent cannot start or go on. Everything that a client or the host does wrong is handled where it happens.

use std::fmt;
use std::io;

#[derive(Debug)]
pub enum AgentError {
    /// The command line is not understood; the text says how.
    Usage(String),
    /// The guest has no virtio-serial port of this name: QEMU was started without it.
    NoPort(&'static str),
    /// Opening a port, or listening in its place, failed.
    Port(&'static str, io::Error),
    /// `XDG_RUNTIME_DIR` is not set.
    NoRuntimeDir,
    /// The Wayland socket, the event loop or one of its sources could not be made.
    Start(&'static str, String),
}

impl fmt::Display for AgentError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(what) => write!(out, "{what}"),
            Self::NoPort(name) => write!(out, "there is no virtio-serial port {name}"),
            Self::Port(name, error) => write!(out, "port {name}: {error}"),
            Self::NoRuntimeDir => write!(out, "XDG_RUNTIME_DIR is not set"),
            Self::Start(what, why) => write!(out, "{what}: {why}"),
        }
    }
}

impl std::error::Error for AgentError {}
