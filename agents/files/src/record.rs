//! Records of a transfer's stream: `u8 kind | u32 index | u32 length | bytes`, little endian.

use std::io::{self, ErrorKind, Read, Write};

use atoll_wire::limits::MAX_FILE_RECORD_BYTES;

use crate::digest::Digest;

/// Bytes of kind, index and length.
pub const PREFIX_BYTES: usize = 9;
/// Holds the largest record, and reads ahead.
const BUFFER_BYTES: usize = 2 * MAX_FILE_RECORD_BYTES;

const BEGIN: u8 = 1;
const DATA: u8 = 2;
const END: u8 = 3;
const FAILED: u8 = 4;
const ALL: u8 = 5;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Record<'a> {
    /// Bytes of a file follow, from `offset` on.
    Begin {
        index: u32,
        offset: u64,
    },
    Data {
        index: u32,
        bytes: &'a [u8],
    },
    /// The file is whole; digest of all of it.
    End {
        index: u32,
        digest: Digest,
    },
    /// Number of a FileReason, not checked.
    Failed {
        index: u32,
        reason: u8,
    },
    /// Nothing follows.
    All,
}

/// Why there is no next record.
#[derive(Debug)]
pub enum NoRecord {
    /// The stream has ended without `All`, or reading failed.
    Cut,
    /// Not a record.
    Malformed,
}

/// Where records come from.
pub trait Input: Read {
    /// Reading now would not block, as there are bytes or the end.
    fn is_ready(&self) -> bool;
}

impl<T: Input + ?Sized> Input for Box<T> {
    fn is_ready(&self) -> bool {
        (**self).is_ready()
    }
}

impl Input for &[u8] {
    fn is_ready(&self) -> bool {
        true
    }
}

/// Reads records; lengths are checked before anything is kept.
pub struct Records<R> {
    input: R,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
}

impl<R: Input> Records<R> {
    pub fn new(input: R) -> Self {
        Self { input, buffer: vec![0; BUFFER_BYTES].into_boxed_slice(), start: 0, end: 0 }
    }

    /// The next record can be read without waiting, as far as one can tell.
    pub fn is_ready(&self) -> bool {
        !matches!(self.complete(), Ok(None)) || self.input.is_ready()
    }

    /// # Errors
    /// See [`NoRecord`].
    pub fn read(&mut self) -> Result<Record<'_>, NoRecord> {
        let length = loop {
            if let Some(length) = self.complete()? {
                break length;
            }
            self.fill()?;
        };
        let record = self.start..self.start + PREFIX_BYTES + length;
        self.start = record.end;
        parse(self.buffer.get(record).unwrap_or_default())
    }

    /// Length of the next record's bytes, once all of them are there.
    fn complete(&self) -> Result<Option<usize>, NoRecord> {
        let bytes = self.buffer.get(self.start..self.end).unwrap_or_default();
        let Some((kind, _, length)) = prefix(bytes) else { return Ok(None) };
        let is_sound = match kind {
            BEGIN => length == 8,
            DATA => (1..=MAX_FILE_RECORD_BYTES).contains(&length),
            END => length == 32,
            FAILED => length == 1,
            ALL => length == 0,
            _ => false,
        };
        match is_sound {
            true => Ok((bytes.len() >= PREFIX_BYTES + length).then_some(length)),
            false => Err(NoRecord::Malformed),
        }
    }

    fn fill(&mut self) -> Result<(), NoRecord> {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        loop {
            match self.input.read(self.buffer.get_mut(self.end..).unwrap_or_default()) {
                Ok(0) => return Err(NoRecord::Cut),
                Ok(count) => {
                    self.end += count;
                    return Ok(());
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return Err(NoRecord::Cut),
            }
        }
    }
}

fn prefix(bytes: &[u8]) -> Option<(u8, u32, usize)> {
    let (kind, rest) = bytes.split_first()?;
    let (index, rest) = rest.split_first_chunk()?;
    let (length, _) = rest.split_first_chunk()?;
    Some((*kind, u32::from_le_bytes(*index), u32::from_le_bytes(*length) as usize))
}

/// @param record whole, with a length that its kind may have
fn parse(record: &[u8]) -> Result<Record<'_>, NoRecord> {
    let (kind, index, _) = prefix(record).ok_or(NoRecord::Malformed)?;
    let bytes = record.get(PREFIX_BYTES..).unwrap_or_default();
    let parsed = match kind {
        BEGIN => bytes.try_into().ok().map(|offset| Record::Begin { index, offset: u64::from_le_bytes(offset) }),
        DATA => Some(Record::Data { index, bytes }),
        END => bytes.try_into().ok().map(|digest| Record::End { index, digest }),
        FAILED => bytes.first().map(|reason| Record::Failed { index, reason: *reason }),
        _ => (index == 0).then_some(Record::All),
    };
    parsed.ok_or(NoRecord::Malformed)
}

/// Writes one record.
///
/// # Errors
/// Writing.
pub fn write(out: &mut impl Write, record: Record<'_>) -> io::Result<()> {
    let offset;
    let (kind, index, bytes) = match &record {
        Record::Begin { index, offset: first } => {
            offset = first.to_le_bytes();
            (BEGIN, *index, &offset[..])
        }
        Record::Data { index, bytes } => (DATA, *index, *bytes),
        Record::End { index, digest } => (END, *index, &digest[..]),
        Record::Failed { index, reason } => (FAILED, *index, std::slice::from_ref(reason)),
        Record::All => (ALL, 0, &[][..]),
    };
    let length = u32::try_from(bytes.len()).map_err(|_| ErrorKind::InvalidInput)?;
    out.write_all(&[kind])?;
    out.write_all(&index.to_le_bytes())?;
    out.write_all(&length.to_le_bytes())?;
    out.write_all(bytes)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    /// Gives a few bytes at a time.
    struct Slow<'a>(&'a [u8], usize);

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = self.1.min(buffer.len());
            self.0.read(&mut buffer[..count])
        }
    }

    impl Input for Slow<'_> {
        fn is_ready(&self) -> bool {
            false
        }
    }

    #[test]
    fn a_record_has_these_bytes() {
        let mut out = Vec::new();
        write(&mut out, Record::Begin { index: 0x0403_0201, offset: 5 }).unwrap();
        write(&mut out, Record::Data { index: 1, bytes: b"ab" }).unwrap();
        write(&mut out, Record::Failed { index: 2, reason: 5 }).unwrap();
        write(&mut out, Record::All).unwrap();
        let expected: [&[u8]; 4] = [
            &[1, 1, 2, 3, 4, 8, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0],
            &[2, 1, 0, 0, 0, 2, 0, 0, 0, b'a', b'b'],
            &[4, 2, 0, 0, 0, 1, 0, 0, 0, 5],
            &[5, 0, 0, 0, 0, 0, 0, 0, 0],
        ];
        assert_eq!(out, expected.concat());
    }

    #[test]
    fn lengths_that_a_record_cannot_have_are_refused_before_its_bytes_come() {
        let largest = MAX_FILE_RECORD_BYTES as u32;
        for (kind, length) in [
            (0, 0),
            (1, 7),
            (1, 9),
            (2, 0),
            (2, largest + 1),
            (2, u32::MAX),
            (3, 31),
            (3, 33),
            (4, 0),
            (4, 2),
            (5, 1),
            (6, 0),
            (255, 8),
        ] {
            let prefix = [&[kind][..], &[0; 4], &u32::to_le_bytes(length)].concat();
            let mut records = Records::new(&prefix[..]);
            assert!(matches!(records.read(), Err(NoRecord::Malformed)), "{kind} {length}");
        }
        let all_with_index = [5, 1, 0, 0, 0, 0, 0, 0, 0];
        assert!(matches!(Records::new(&all_with_index[..]).read(), Err(NoRecord::Malformed)));
    }

    #[derive(Debug, Clone)]
    enum Owned {
        Begin(u32, u64),
        Data(u32, Vec<u8>),
        End(u32, Digest),
        Failed(u32, u8),
        All,
    }

    impl Owned {
        fn lent(&self) -> Record<'_> {
            match self {
                Self::Begin(index, offset) => Record::Begin { index: *index, offset: *offset },
                Self::Data(index, bytes) => Record::Data { index: *index, bytes },
                Self::End(index, digest) => Record::End { index: *index, digest: *digest },
                Self::Failed(index, reason) => Record::Failed { index: *index, reason: *reason },
                Self::All => Record::All,
            }
        }
    }

    fn record() -> impl Strategy<Value = Owned> {
        prop_oneof![
            (any::<u32>(), any::<u64>()).prop_map(|(index, offset)| Owned::Begin(index, offset)),
            (any::<u32>(), 1..=MAX_FILE_RECORD_BYTES, any::<u8>())
                .prop_map(|(index, size, byte)| Owned::Data(index, vec![byte; size])),
            (any::<u32>(), prop::collection::vec(any::<u8>(), 1..40))
                .prop_map(|(index, bytes)| Owned::Data(index, bytes)),
            (any::<u32>(), any::<Digest>()).prop_map(|(index, digest)| Owned::End(index, digest)),
            (any::<u32>(), any::<u8>()).prop_map(|(index, reason)| Owned::Failed(index, reason)),
            Just(Owned::All),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
        #[test]
        fn what_was_written_is_read_however_it_comes(list in prop::collection::vec(record(), 0..8), piece in 1usize..100_000) {
            let mut bytes = Vec::new();
            for record in &list {
                write(&mut bytes, record.lent()).unwrap();
            }
            let mut records = Records::new(Slow(&bytes, piece));
            for record in &list {
                prop_assert_eq!(records.read().unwrap(), record.lent());
            }
            prop_assert!(matches!(records.read(), Err(NoRecord::Cut)));
        }

        #[test]
        fn any_bytes_end(bytes in prop::collection::vec(prop_oneof![0u8..6, any::<u8>()], 0..2000), piece in 1usize..50) {
            let mut records = Records::new(Slow(&bytes, piece));
            // Each record takes at least its prefix.
            let ends = (0..=bytes.len() / PREFIX_BYTES + 1).any(|_| records.read().is_err());
            prop_assert!(ends);
        }
    }
}
