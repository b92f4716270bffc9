//! Framed messages on the standard streams.

use std::io::{ErrorKind, Read, Write, stdout};
use std::sync::{Mutex, PoisonError};

use atoll_wire::Message;
use atoll_wire::header::Message as Body;
use atoll_wire::limits::MAX_MESSAGE_BYTES;

/// Standard output: one message at a time, from any thread.
#[derive(Debug, Default)]
pub struct Out(Mutex<Vec<u8>>);

impl Out {
    /// False = the host does not read any more.
    pub fn send(&self, body: Body, payload: &[u8]) -> bool {
        let mut buffer = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        buffer.clear();
        if let Err(error) = atoll_wire::encode(body, payload, &mut buffer) {
            eprintln!("atoll-files: a message cannot be sent: {error}");
            return true;
        }
        let mut out = stdout().lock();
        out.write_all(&buffer).and_then(|()| out.flush()).is_ok()
    }
}

/// The next message; None = the host has closed its end.
///
/// # Errors
/// What came is no message.
pub fn read_message(input: &mut impl Read) -> Result<Option<Message>, String> {
    let mut framed = vec![0; 4];
    match input.read_exact(&mut framed) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
        result => result.map_err(|error| error.to_string())?,
    }
    let length = framed.as_slice().try_into().map_or(0, u32::from_le_bytes) as usize;
    if length > MAX_MESSAGE_BYTES {
        return Err("a message that is too large".to_owned());
    }
    framed.resize(4 + length, 0);
    input.read_exact(framed.get_mut(4..).unwrap_or_default()).map_err(|error| error.to_string())?;
    atoll_wire::decode(&framed).map(Some).map_err(|error| error.to_string())
}
