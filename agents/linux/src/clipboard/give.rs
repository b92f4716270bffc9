//! The content of a clip for a program that asks for it, or for the host: whoever owns the clip writes it into the
//! descriptor. A descriptor that is dropped is the end of its pipe: the program gets nothing.

use std::io;
use std::os::fd::OwnedFd;

use rustix::pipe::{PipeFlags, pipe_with};

use super::clips::{Owner, WaylandSource, Which};
use super::types::own_type;
use crate::agent::Agent;

/// A pipe into which a program writes, in the usual way: it may block.
///
/// # Errors
/// The kernel's, mostly that there are too many descriptors.
pub fn program_pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    Ok(pipe_with(PipeFlags::CLOEXEC)?)
}

impl Agent {
    /// Has the content of a clip written into `fd`, under one of the names that its type has. Nothing is written where
    /// that clip is over. `read` = the host's stream that it is for.
    pub fn give_clip(&mut self, which: Which, generation: u32, wanted: &str, fd: OwnedFd, read: Option<u32>) {
        let Some(clip) = self.clipboard.clips.of_generation(which, generation) else { return };
        let Some(own) = own_type(&clip.types, wanted) else { return };
        let own = own.to_owned();
        match clip.owner.clone() {
            Owner::Wayland(source) => source.send(own, fd),
            Owner::X11 { copy } => self.read_x11(which, copy, own, fd, read),
            Owner::Host { offer } => self.paste(offer, own, fd),
            Owner::Agent(bytes) => self.deliver_kept(bytes, fd),
        }
    }
}

impl WaylandSource {
    fn send(&self, mime_type: String, fd: OwnedFd) {
        use std::os::fd::AsFd;
        match self {
            Self::Clipboard(source) => source.send(mime_type, fd.as_fd()),
            Self::Primary(source) => source.send(mime_type, fd.as_fd()),
        }
    }
}
