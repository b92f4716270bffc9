//! Finds the guest's virtio-serial ports by name, with or without udev.
//!
//! @see linux/drivers/char/virtio_console.c: sysfs attribute `name` of each port's device.

use std::fs;
use std::os::fd::OwnedFd;
use std::path::PathBuf;

use rustix::fs::{Mode, OFlags};

use crate::error::AgentError;

const CLASS: &str = "/sys/class/virtio-ports";

/// Opens the port that QEMU calls `name`.
///
/// # Errors
/// `NoPort`, or `Port` when it cannot be opened (another agent runs, or init gave it to nobody).
pub fn open(name: &'static str) -> Result<OwnedFd, AgentError> {
    let path = find(name).ok_or(AgentError::NoPort(name))?;
    rustix::fs::open(&path, OFlags::RDWR | OFlags::NONBLOCK | OFlags::CLOEXEC, Mode::empty())
        .map_err(|error| AgentError::Port(name, error.into()))
}

fn find(name: &str) -> Option<PathBuf> {
    for entry in fs::read_dir(CLASS).ok()?.flatten() {
        let port = fs::read_to_string(entry.path().join("name")).unwrap_or_default();
        if port.trim() == name {
            return Some(PathBuf::from("/dev").join(entry.file_name()));
        }
    }
    None
}
