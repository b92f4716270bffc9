//! How a session begins on a port: the host announces magic + epoch, the agent echoes the same bytes.

use crate::limits::EPOCH_BYTES;

/// As the length of a message it would exceed the limit: between messages it cannot be mistaken for one.
pub const MAGIC: [u8; 8] = *b"ATOLL\x01\r\n";
/// Bytes of an announcement and of its echo.
pub const OPENING_BYTES: usize = MAGIC.len() + EPOCH_BYTES;

/// Identifies one session of a host with an agent.
pub type Epoch = [u8; EPOCH_BYTES];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Announcement {
    pub epoch: Epoch,
}

impl Announcement {
    /// The announcement at the start of `bytes`; None = it is incomplete, or something else.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let rest = bytes.strip_prefix(&MAGIC)?;
        Some(Self { epoch: rest.get(..EPOCH_BYTES)?.try_into().ok()? })
    }
}

/// The bytes of an announcement, and of its echo.
pub fn opening(epoch: &Epoch) -> [u8; OPENING_BYTES] {
    let mut bytes = [0; OPENING_BYTES];
    bytes[..MAGIC.len()].copy_from_slice(&MAGIC);
    bytes[MAGIC.len()..].copy_from_slice(epoch);
    bytes
}

/// Whether `bytes` are, or may become, an announcement. Four bytes decide, since they are no valid length; fewer do not
/// count.
pub(crate) fn starts_like_announcement(bytes: &[u8]) -> bool {
    let known = bytes.len().min(MAGIC.len());
    known >= 4 && bytes[..known] == MAGIC[..known]
}

/// The first whole announcement in `bytes`, and where it begins.
pub(crate) fn find_announcement(bytes: &[u8]) -> Option<(usize, Announcement)> {
    bytes
        .windows(OPENING_BYTES)
        .enumerate()
        .find_map(|(at, window)| Announcement::parse(window).map(|announcement| (at, announcement)))
}
