//! The disk of what a service keeps: a file system of its own, which its image and its memory snapshot know nothing of.

use crate::error::Error;
use nix::mount::{MsFlags, mount, umount};
use std::fs;

/// The second one of the machine.
const DEVICE: &str = "/dev/vdb";
/// Services and the host name it, too.
const FOLDER: &str = "/home/user/kept";

pub fn mount_disk() -> Result<(), Error> {
    fs::create_dir_all(FOLDER).map_err(Error::file(FOLDER))?;
    let flags = MsFlags::MS_NOATIME | MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    let options = "errors=remount-ro,noinit_itable,discard";
    mount(Some(DEVICE), FOLDER, Some("ext4"), flags, Some(options)).map_err(Error::mount(FOLDER))
}

/// Nothing is to be made good at its next start. Most machines have none.
pub fn unmount_disk() {
    let _ = umount(FOLDER);
}
