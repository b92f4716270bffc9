//! Files on their way: lists what was chosen, sends it as records of one stream, and receives such a stream. See "Files" in
//! atoll.proto. Used by the agent for its guest's files, and by the program `atoll-files` for the host's own.
//!
//! Each transfer has a thread of its own ([`Transfers`]): it reads or writes its stream through a bounded pipe or queue, and
//! says what it has to say through one function. Nothing here waits for a person or draws anything.

mod act;
mod beneath;
mod control;
mod digest;
mod folders;
mod list;
pub mod names;
pub mod opened;
pub mod pipe;
mod places;
mod receive;
mod record;
mod send;
mod transfers;
mod watch;

pub use control::Control;
pub use digest::Digest;
pub use folders::Folders;
pub use places::Places;
pub use record::Input;
pub use transfers::{Event, Link, Transfers};

use atoll_wire::FileReason;

/// How a transfer ended; becomes FilesEnded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    /// Unspecified: all that was asked for is done.
    pub reason: FileReason,
    /// For people.
    pub detail: String,
}

impl End {
    const DONE: Self = Self { reason: FileReason::Unspecified, detail: String::new() };

    fn new(reason: FileReason, detail: impl Into<String>) -> Self {
        Self { reason, detail: detail.into() }
    }
}
