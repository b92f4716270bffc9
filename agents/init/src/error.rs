//! Why a boot can fail. Every variant names what it happened to.

use nix::errno::Errno;
use std::{fmt, io};

#[derive(Debug)]
pub enum Error {
    /// A mount failed: a kernel without the filesystem, or a damaged root.
    Mount { target: String, errno: Errno },
    /// A module of the template could not be inserted, although its device exists.
    Module { name: String, errno: Errno },
    /// The root device did not appear: the command line or the disk is wrong.
    NoRoot { device: String },
    /// A file could not be read, written or created.
    File { path: String, source: io::Error },
    /// The agent has not come up, in a guest whose memory was to be kept.
    NotSettled,
    /// The program of a service has ended, or taken too long, before it was ready to be kept.
    NotReady,
    /// The host's renewal of a fork is none.
    Renewal(&'static str),
    /// No interface has the address that the host has named.
    NoInterface { mac: String },
    /// A system call failed that cannot fail for PID 1 in a sound guest.
    System { what: &'static str, errno: Errno },
}

impl Error {
    pub fn mount(target: &str) -> impl FnOnce(Errno) -> Self {
        let target = target.to_owned();
        move |errno| Self::Mount { target, errno }
    }

    pub fn file(path: &str) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { path, source }
    }

    pub fn system(what: &'static str) -> impl FnOnce(Errno) -> Self {
        move |errno| Self::System { what, errno }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mount { target, errno } => write!(f, "cannot mount {target}: {errno}"),
            Self::Module { name, errno } => write!(f, "cannot insert module {name}: {errno}"),
            Self::NoRoot { device } => write!(f, "root device {device} did not appear"),
            Self::NoInterface { mac } => write!(f, "there is no network interface {mac}"),
            Self::NotSettled => write!(f, "the agent has not come up"),
            Self::NotReady => write!(f, "the service's program has not got ready"),
            Self::Renewal(what) => write!(f, "the host's renewal: {what}"),
            Self::File { path, source } => write!(f, "{path}: {source}"),
            Self::System { what, errno } => write!(f, "{what}: {errno}"),
        }
    }
}

impl std::error::Error for Error {}
