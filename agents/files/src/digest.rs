//! SHA-256 of a file.

use std::io::{self, Read};

use sha2::{Digest as _, Sha256};

pub type Digest = [u8; 32];

/// Bytes read at once.
const READ_BYTES: usize = 256 * 1024;

/// What the hash has seen so far.
#[derive(Debug, Clone, Default)]
pub struct Hasher(Sha256);

impl Hasher {
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    pub fn digest(self) -> Digest {
        self.0.finalize().into()
    }

    /// Reads at most `limit` bytes; gives how many there were.
    ///
    /// # Errors
    /// Reading.
    pub fn read(&mut self, file: &mut impl Read, limit: u64) -> io::Result<u64> {
        let mut buffer = vec![0; READ_BYTES];
        let mut count = 0;
        while count < limit {
            let wanted = usize::try_from(limit - count).unwrap_or(READ_BYTES).min(READ_BYTES);
            match file.read(buffer.get_mut(..wanted).unwrap_or_default()) {
                Ok(0) => break,
                Ok(read) => {
                    self.update(buffer.get(..read).unwrap_or_default());
                    count += read as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(count)
    }
}
