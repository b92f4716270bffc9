//! Transfers from one folder to another, by the program for the host's own files on both sides.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod faults;
mod hostile;
mod placing;
mod support;
mod watching;
mod whole;
