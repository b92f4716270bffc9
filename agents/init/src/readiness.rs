//! A program that is in the kept memory says when it has got ready, and is told when it goes on: one byte each way, by the socket
//! that is its standard input.

use crate::error::Error;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// What it reads may be large. The host gives up earlier where it waits for less.
const LONGEST: Duration = Duration::from_secs(600);

#[derive(Debug)]
pub struct Readiness(UnixStream);

impl Readiness {
    /// The other end is the program's.
    pub fn pair() -> Result<(Self, OwnedFd), Error> {
        let (own, program) = UnixStream::pair().map_err(Error::file("a socket"))?;
        own.set_read_timeout(Some(LONGEST)).map_err(Error::file("a socket"))?;
        Ok((Self(own), program.into()))
    }

    pub fn wait(mut self) -> Result<Self, Error> {
        self.0.read_exact(&mut [0]).map_err(|_| Error::NotReady)?;
        Ok(self)
    }

    pub fn go_on(mut self) -> Result<(), Error> {
        self.0.write_all(&[0]).map_err(|_| Error::NotReady)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use std::thread;

    #[test]
    fn waits_for_the_program_which_then_waits_for_its_word() {
        let (readiness, input) = Readiness::pair().unwrap();
        let program = thread::spawn(move || {
            let mut input = UnixStream::from(input);
            input.write_all(&[1]).unwrap();
            input.read_exact(&mut [0])
        });
        readiness.wait().unwrap().go_on().unwrap();
        assert!(program.join().unwrap().is_ok());
    }

    #[test]
    fn a_program_that_ends_before_is_not_ready() {
        let (readiness, input) = Readiness::pair().unwrap();
        drop(input);
        assert!(matches!(readiness.wait(), Err(Error::NotReady)));
    }
}
