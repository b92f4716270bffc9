//! Messages to bytes and back: `u32 length | u32 header length | Header | payload`, little endian; `length` counts the
//! bytes after itself. Every length is checked before memory is allocated for it.

use prost::Message as _;

use crate::header;
use crate::limits::{MAX_HEADER_BYTES, MAX_MESSAGE_BYTES};
use crate::opening::{Announcement, OPENING_BYTES, find_announcement, starts_like_announcement};
use crate::{Epoch, Header};

/// Bytes of the two length fields.
const PREFIX_BYTES: usize = 8;

/// Why bytes are not a message. The golden vectors and the host use the same `code` for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WireError {
    /// `length` is less than the 4 bytes of the header length.
    LengthTooSmall,
    /// `length` exceeds [`MAX_MESSAGE_BYTES`].
    LengthTooLarge,
    /// The header exceeds [`MAX_HEADER_BYTES`], or the message that contains it.
    HeaderTooLarge,
    /// The header is not a protobuf message of type `Header`.
    HeaderMalformed,
    /// The bytes end inside the message (only where a whole message is required).
    Truncated,
}

impl WireError {
    pub fn code(self) -> &'static str {
        match self {
            Self::LengthTooSmall => "length-too-small",
            Self::LengthTooLarge => "length-too-large",
            Self::HeaderTooLarge => "header-too-large",
            Self::HeaderMalformed => "header-malformed",
            Self::Truncated => "truncated",
        }
    }
}

impl std::fmt::Display for WireError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(self.code())
    }
}

impl std::error::Error for WireError {}

/// One message of the wire. `body` is None where the header has no field that this version knows: the message is
/// skipped.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    pub body: Option<header::Message>,
    pub payload: Vec<u8>,
}

/// Appends the framed message to `out`.
///
/// # Errors
/// `HeaderTooLarge`, `LengthTooLarge`: nothing was appended.
pub fn encode(body: header::Message, payload: &[u8], out: &mut Vec<u8>) -> Result<(), WireError> {
    let header = Header { message: Some(body) };
    let header_bytes = header.encoded_len();
    let length = 4 + header_bytes + payload.len();
    if header_bytes > MAX_HEADER_BYTES {
        return Err(WireError::HeaderTooLarge);
    }
    if length > MAX_MESSAGE_BYTES {
        return Err(WireError::LengthTooLarge);
    }
    out.reserve(4 + length);
    out.extend_from_slice(&(length as u32).to_le_bytes());
    out.extend_from_slice(&(header_bytes as u32).to_le_bytes());
    header.encode_raw(out);
    out.extend_from_slice(payload);
    Ok(())
}

/// Decodes the message at the start of `bytes`; bytes after it are ignored.
pub fn decode(bytes: &[u8]) -> Result<Message, WireError> {
    match complete_bytes(bytes)? {
        Some(total) => parse(&bytes[..total]),
        None => Err(WireError::Truncated),
    }
}

/// Total size of the message at the start of `bytes`, once it is complete; None = more bytes are needed. Each length is
/// checked as soon as it has come.
fn complete_bytes(bytes: &[u8]) -> Result<Option<usize>, WireError> {
    let Some(length) = u32_at(bytes, 0) else { return Ok(None) };
    if length < 4 {
        return Err(WireError::LengthTooSmall);
    }
    if length > MAX_MESSAGE_BYTES {
        return Err(WireError::LengthTooLarge);
    }
    let Some(header) = u32_at(bytes, 4) else { return Ok(None) };
    if header > MAX_HEADER_BYTES || header > length - 4 {
        return Err(WireError::HeaderTooLarge);
    }
    let total = 4 + length;
    Ok((bytes.len() >= total).then_some(total))
}

/// @param message a whole message, as `complete_bytes` has found it
fn parse(message: &[u8]) -> Result<Message, WireError> {
    let header = u32_at(message, 4).ok_or(WireError::Truncated)?;
    let rest = message.get(PREFIX_BYTES..).ok_or(WireError::Truncated)?;
    let (header, payload) = rest.split_at_checked(header).ok_or(WireError::HeaderTooLarge)?;
    let header = Header::decode(header).map_err(|_| WireError::HeaderMalformed)?;
    Ok(Message { body: header.message, payload: payload.to_vec() })
}

fn u32_at(bytes: &[u8], at: usize) -> Option<usize> {
    let word = bytes.get(at..at + 4)?;
    Some(u32::from_le_bytes(word.try_into().ok()?) as usize)
}

/// What comes next in the bytes of one port.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// A host has announced a session; messages follow.
    Announced(Epoch),
    Message(Message),
}

/// The agent's end of one port: bytes in, items out. At first it hunts for an announcement (magic + epoch) and discards
/// everything before it. After an error it hunts again.
#[derive(Debug, Default)]
pub struct Reader {
    buffer: Vec<u8>,
    /// Bytes of `buffer` that were returned already.
    used: usize,
    framed: bool,
}

impl Reader {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next item; None = more bytes are needed.
    pub fn next_item(&mut self) -> Result<Option<Item>, WireError> {
        if !self.framed {
            return Ok(self.hunt_on());
        }
        let rest = &self.buffer[self.used..];
        if starts_like_announcement(rest) {
            return Ok(match Announcement::parse(rest) {
                Some(announcement) => {
                    self.consume(OPENING_BYTES);
                    Some(Item::Announced(announcement.epoch))
                }
                None => {
                    self.compact();
                    None
                }
            });
        }
        match complete_bytes(rest) {
            Ok(Some(total)) => {
                let parsed = parse(&rest[..total]);
                match parsed {
                    Ok(message) => {
                        self.consume(total);
                        Ok(Some(Item::Message(message)))
                    }
                    Err(error) => Err(self.fail(error)),
                }
            }
            Ok(None) => {
                self.compact();
                Ok(None)
            }
            Err(error) => Err(self.fail(error)),
        }
    }

    /// Discards everything up to the next announcement (after a disconnect, or when a message stays incomplete).
    pub fn hunt(&mut self) {
        self.framed = false;
        self.buffer.clear();
        self.used = 0;
    }

    /// The first bytes of a message or announcement have come, but not all of it.
    pub fn is_partial(&self) -> bool {
        self.framed && self.used < self.buffer.len()
    }

    fn hunt_on(&mut self) -> Option<Item> {
        let rest = &self.buffer[self.used..];
        if let Some((at, announcement)) = find_announcement(rest) {
            self.consume(at + OPENING_BYTES);
            self.framed = true;
            return Some(Item::Announced(announcement.epoch));
        }
        // The tail may be the beginning of an announcement: it is kept.
        let surplus = rest.len().saturating_sub(OPENING_BYTES - 1);
        self.consume(surplus);
        self.compact();
        None
    }

    /// Hunting begins at the first bytes of the broken message: an announcement may begin at any of them.
    fn fail(&mut self, error: WireError) -> WireError {
        self.framed = false;
        error
    }

    fn consume(&mut self, bytes: usize) {
        self.used += bytes;
    }

    fn compact(&mut self) {
        self.buffer.drain(..self.used);
        self.used = 0;
        // The memory of a large message is given back.
        if self.buffer.is_empty() && self.buffer.capacity() > MAX_HEADER_BYTES {
            self.buffer = Vec::new();
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::{Item, Reader, encode};
    use crate::limits::MAX_HEADER_BYTES;
    use crate::{Ping, header, opening};

    /// Takes what has come, to the last whole message.
    fn drain(reader: &mut Reader) -> usize {
        let mut messages = 0;
        while let Some(item) = reader.next_item().unwrap() {
            messages += usize::from(matches!(item, Item::Message(_)));
        }
        messages
    }

    #[test]
    fn what_was_read_takes_no_memory() {
        let (mut small, mut large) = (Vec::new(), Vec::new());
        encode(header::Message::Ping(Ping { nonce: 1 }), &[], &mut small).unwrap();
        encode(header::Message::Ping(Ping { nonce: 2 }), &vec![0; 2 * MAX_HEADER_BYTES], &mut large).unwrap();
        let mut reader = Reader::new();
        reader.push(&opening(&[1; 16]));
        reader.push(&large);
        // The beginning of another one: the large memory is kept until that is read, too.
        reader.push(&small[..3]);
        assert_eq!(drain(&mut reader), 1);
        assert_eq!((reader.used, reader.buffer.len()), (0, 3));
        reader.push(&small[3..]);
        assert_eq!(drain(&mut reader), 1);
        assert_eq!((reader.used, reader.buffer.capacity()), (0, 0));
        // A small memory is kept for the next message.
        reader.push(&small);
        assert_eq!(drain(&mut reader), 1);
        assert_eq!((reader.used, reader.buffer.len()), (0, 0));
        assert!(reader.buffer.capacity() > 0);
    }
}
