//! The wire between a guest's agent and its host: `atoll.proto`'s messages, framing and limits. Does no I/O.

mod framing;
#[rustfmt::skip]
#[allow(clippy::all)]
mod r#gen;
pub mod limits;
mod opening;

pub use framing::{Item, Message, Reader, WireError, decode, encode};
pub use r#gen::*;
pub use opening::{Announcement, Epoch, MAGIC, OPENING_BYTES, opening};

/// The protocol's version as the agent speaks it; see `Hello`.
pub const MAJOR: u32 = 2;
pub const MINOR: u32 = 1;
