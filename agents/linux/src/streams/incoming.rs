//! A stream that the agent reads: the host writes against credit, which it gets back as the sink takes the bytes.

use std::collections::VecDeque;
use std::io::{ErrorKind, Write};

use super::Ending;

/// Credit that the host has at first, bytes; as many may wait for the sink.
pub const INITIAL_CREDIT_BYTES: u32 = 256 * 1024;

pub struct Incoming {
    sink: Box<dyn Write>,
    waiting: VecDeque<u8>,
    /// Bytes that the host may still send.
    credit: usize,
    /// What the sink gets after all that the host sent.
    epilogue: &'static [u8],
    /// The host has sent all; with what that is to be called.
    ended: Option<Ending>,
}

/// What came of giving to the sink what it takes.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// It took bytes for which the host gets as much credit.
    Taken(u32),
    /// It has got everything, or takes no more (`Declined`).
    Ended(Ending),
}

impl Incoming {
    pub fn new(sink: impl Write + 'static, epilogue: &'static [u8]) -> Self {
        let credit = INITIAL_CREDIT_BYTES as usize;
        Self { sink: Box::new(sink), waiting: VecDeque::new(), credit, epilogue, ended: None }
    }

    /// # Errors
    /// The number of bytes beyond the credit, or after the end; none of `bytes` was taken.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), usize> {
        let credit = if self.ended.is_some() { 0 } else { self.credit };
        match credit.checked_sub(bytes.len()) {
            Some(left) => {
                self.credit = left;
                self.waiting.extend(bytes);
                Ok(())
            }
            None => Err(bytes.len() - credit),
        }
    }

    /// The host sends no more; `aborted`: what it sent is not all.
    pub fn end(&mut self, aborted: bool) {
        if self.ended.is_none() {
            self.ended = Some(if aborted { Ending::Aborted } else { Ending::Complete });
            self.waiting.extend(self.epilogue);
        }
    }

    /// The host has sent its end.
    pub fn has_ended(&self) -> bool {
        self.ended.is_some()
    }

    pub fn step(&mut self) -> Step {
        let mut taken = 0;
        while !self.waiting.is_empty() {
            match self.sink.write(self.waiting.as_slices().0) {
                Ok(0) => return Step::Ended(Ending::Declined),
                Ok(count) => {
                    self.waiting.drain(..count);
                    taken += count;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(_) => return Step::Ended(Ending::Declined),
            }
        }
        match self.ended {
            Some(ending) if self.waiting.is_empty() => Step::Ended(ending),
            // No credit after the end: there is nobody to use it.
            Some(_) => Step::Taken(0),
            None => {
                self.credit += taken;
                Step::Taken(taken as u32)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::cell::RefCell;
    use std::io;
    use std::rc::Rc;

    /// Takes as much as it has room for, and keeps it.
    #[derive(Clone, Default)]
    struct Bucket {
        bytes: Rc<RefCell<Vec<u8>>>,
        room: Rc<RefCell<usize>>,
        is_closed: Rc<RefCell<bool>>,
    }

    impl Write for Bucket {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if *self.is_closed.borrow() {
                return Err(ErrorKind::BrokenPipe.into());
            }
            let count = bytes.len().min(*self.room.borrow());
            *self.room.borrow_mut() -= count;
            self.bytes.borrow_mut().extend(&bytes[..count]);
            if count == 0 { Err(ErrorKind::WouldBlock.into()) } else { Ok(count) }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn the_epilogue_comes_after_all_bytes_and_once() {
        let bucket = Bucket::default();
        *bucket.room.borrow_mut() = 5;
        let mut stream = Incoming::new(bucket.clone(), b"\x04");
        assert_eq!(stream.push(b"hello"), Ok(()));
        stream.end(false);
        stream.end(true);
        assert_eq!(stream.step(), Step::Taken(0));
        *bucket.room.borrow_mut() = 5;
        assert_eq!(stream.step(), Step::Ended(Ending::Complete));
        assert_eq!(*bucket.bytes.borrow(), b"hello\x04");
    }

    #[test]
    fn what_is_beyond_the_credit_or_after_the_end_is_refused() {
        let mut stream = Incoming::new(Bucket::default(), b"");
        let all = vec![7; INITIAL_CREDIT_BYTES as usize];
        assert_eq!(stream.push(&all), Ok(()));
        assert_eq!(stream.push(&[1, 2]), Err(2));
        stream.end(true);
        assert_eq!(stream.push(&[1]), Err(1));
    }

    #[test]
    fn a_sink_that_is_closed_wants_no_more() {
        let bucket = Bucket::default();
        let mut stream = Incoming::new(bucket.clone(), b"");
        *bucket.is_closed.borrow_mut() = true;
        assert_eq!(stream.step(), Step::Taken(0));
        assert_eq!(stream.push(b"x"), Ok(()));
        assert_eq!(stream.step(), Step::Ended(Ending::Declined));
        // Also after the host's end: not all of it was taken.
        stream.end(false);
        assert_eq!(stream.step(), Step::Ended(Ending::Declined));
    }

    proptest! {
        #[test]
        fn all_bytes_arrive_in_order_and_all_credit_comes_back(
            turns in prop::collection::vec((prop::collection::vec(any::<u8>(), 0..60_000), 0usize..60_000), 0..12),
        ) {
            let bucket = Bucket::default();
            let mut stream = Incoming::new(bucket.clone(), b"");
            let (mut sent, mut credit) = (Vec::new(), INITIAL_CREDIT_BYTES as usize);
            for (bytes, room) in turns {
                let fits = bytes.len() <= credit;
                prop_assert_eq!(stream.push(&bytes).is_ok(), fits);
                if fits {
                    credit -= bytes.len();
                    sent.extend(bytes);
                }
                *bucket.room.borrow_mut() = room;
                match stream.step() {
                    Step::Taken(bytes) => credit += bytes as usize,
                    Step::Ended(ending) => prop_assert!(false, "{:?}", ending),
                }
                prop_assert_eq!(credit + sent.len() - bucket.bytes.borrow().len(), INITIAL_CREDIT_BYTES as usize);
            }
            *bucket.room.borrow_mut() = usize::MAX;
            stream.end(false);
            prop_assert_eq!(stream.step(), Step::Ended(Ending::Complete));
            prop_assert_eq!(&*bucket.bytes.borrow(), &sent);
        }
    }
}
