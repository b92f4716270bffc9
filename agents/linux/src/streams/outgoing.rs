//! A stream that the agent writes: its source is read as far as the host has given credit, and no further.

use std::io::{ErrorKind, Read};

use atoll_wire::limits::{MAX_STREAM_CHUNK_BYTES, MAX_STREAM_CREDIT_BYTES};

use super::Ending;

pub struct Outgoing {
    source: Box<dyn Read>,
    /// Bytes that the host takes.
    credit: u32,
    is_draining: bool,
}

/// What comes next of a stream.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    Data(Vec<u8>),
    /// There is nothing to read now, or no credit.
    Waits,
    Ended(Ending),
}

impl Outgoing {
    pub fn new(source: impl Read + 'static) -> Self {
        Self { source: Box::new(source), credit: 0, is_draining: false }
    }

    pub fn add_credit(&mut self, bytes: u32) {
        self.credit = self.credit.saturating_add(bytes).min(MAX_STREAM_CREDIT_BYTES);
    }

    /// From now on the stream ends where its source has nothing to read.
    pub fn drain(&mut self) {
        self.is_draining = true;
    }

    pub fn step(&mut self) -> Step {
        if self.credit == 0 {
            return Step::Waits;
        }
        let mut bytes = vec![0; MAX_STREAM_CHUNK_BYTES.min(self.credit as usize)];
        loop {
            match self.source.read(&mut bytes) {
                Ok(0) => return Step::Ended(Ending::Complete),
                Ok(count) => {
                    bytes.truncate(count);
                    self.credit -= count as u32;
                    return Step::Data(bytes);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock && self.is_draining => {
                    return Step::Ended(Ending::Complete);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Step::Waits,
                Err(error) => {
                    log::debug!("reading for a stream: {error}");
                    return Step::Ended(Ending::Aborted);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::VecDeque;
    use std::io;

    /// Gives what a test has put there, a piece at a time; an empty piece = nothing for now.
    struct Pieces(VecDeque<io::Result<Vec<u8>>>);

    impl Read for Pieces {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let Some(piece) = self.0.pop_front() else { return Ok(0) };
            let mut piece = piece?;
            if piece.is_empty() {
                return Err(ErrorKind::WouldBlock.into());
            }
            let rest = piece.split_off(piece.len().min(buffer.len()));
            buffer[..piece.len()].copy_from_slice(&piece);
            if !rest.is_empty() {
                self.0.push_front(Ok(rest));
            }
            Ok(piece.len())
        }
    }

    fn outgoing(pieces: impl IntoIterator<Item = io::Result<Vec<u8>>>) -> Outgoing {
        Outgoing::new(Pieces(pieces.into_iter().collect()))
    }

    #[test]
    fn memory_is_a_source_like_any_other() {
        let mut stream = Outgoing::new(&b"bytes"[..]);
        assert_eq!(stream.step(), Step::Waits);
        stream.add_credit(3);
        assert_eq!(stream.step(), Step::Data(b"byt".to_vec()));
        assert_eq!(stream.step(), Step::Waits);
        stream.add_credit(u32::MAX);
        assert_eq!(stream.step(), Step::Data(b"es".to_vec()));
        assert_eq!(stream.step(), Step::Ended(Ending::Complete));
    }

    #[test]
    fn a_source_that_fails_aborts_and_one_that_is_interrupted_goes_on() {
        let fails = [ErrorKind::Interrupted.into(), ErrorKind::Other.into()];
        let mut stream = outgoing(fails.map(|error: io::Error| Err(error)));
        stream.add_credit(1);
        assert_eq!(stream.step(), Step::Ended(Ending::Aborted));
    }

    #[test]
    fn a_drained_stream_ends_where_its_source_has_nothing() {
        let mut stream = outgoing([Ok(vec![1]), Ok(vec![]), Ok(vec![]), Ok(vec![2])]);
        stream.add_credit(10);
        assert_eq!(stream.step(), Step::Data(vec![1]));
        assert_eq!(stream.step(), Step::Waits);
        stream.drain();
        assert_eq!(stream.step(), Step::Ended(Ending::Complete));
    }

    proptest! {
        #[test]
        fn all_bytes_come_in_order_and_never_more_than_the_credit(
            pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200_000), 0..4),
            credits in prop::collection::vec(prop_oneof![0u32..100_000, Just(u32::MAX)], 1..20),
        ) {
            let mut stream = outgoing(pieces.iter().cloned().map(Ok));
            let (mut open, mut came, mut has_ended) = (0u64, Vec::new(), false);
            for credit in credits.into_iter().chain([u32::MAX; 4]) {
                stream.add_credit(credit);
                open = (open + u64::from(credit)).min(u64::from(MAX_STREAM_CREDIT_BYTES));
                while !has_ended {
                    match stream.step() {
                        Step::Data(bytes) => {
                            prop_assert!((1..=MAX_STREAM_CHUNK_BYTES).contains(&bytes.len()));
                            prop_assert!(bytes.len() as u64 <= open);
                            open -= bytes.len() as u64;
                            came.extend(bytes);
                        }
                        Step::Waits => break,
                        Step::Ended(ending) => {
                            prop_assert_eq!(ending, Ending::Complete);
                            has_ended = true;
                        }
                    }
                }
            }
            prop_assert!(has_ended);
            prop_assert!(came == pieces.concat());
        }
    }
}
