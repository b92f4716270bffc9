//! An edited file comes back: it takes the place of the one that went out, of which a copy is kept beside it. At each moment
//! both contents have a name.

use std::os::fd::OwnedFd;

use atoll_wire::{FileOutcome, FileReason};
use rustix::fs::{
    AtFlags, Mode, RenameFlags, Stat, XattrFlags, chmodat, fgetxattr, fsetxattr, linkat, renameat, renameat_with,
    statat, unlinkat,
};
use rustix::io::Errno;

use super::destination::hex;
use super::place::digest_of;
use super::plan::MAX_NUMBER;
use super::staging::{self, Staging};
use crate::digest::Digest;
use crate::{beneath, names};

/// Before the extension of the copy.
const BACKUP: &str = ".before-edit";
/// Of a file that came back by an earlier save, its digest: the copy of what was there before the first one is kept already.
const RETURNED: &str = "user.atoll.returned";

/// Replaces the file `name`, if it is what went out. None = it is another by now, or gone: both are to be kept.
///
/// # Errors
/// Why not; the file that was there is there.
pub fn replace(
    staging: &mut Staging,
    index: u32,
    folder: &OwnedFd,
    name: &[u8],
    original: &Digest,
    edited: Digest,
) -> Result<Option<FileOutcome>, FileReason> {
    let Some((there, seen)) = digest_of(folder, name, None) else { return Ok(None) };
    if there == edited {
        staging.remove(index);
        return Ok(Some(FileOutcome::Same));
    }
    if there != *original {
        return Ok(None);
    }
    let failed = |error: Errno| staging::reason(&error.into());
    let backup = if is_returned(folder, name, &there) { None } else { Some(back_up(folder, name).map_err(failed)?) };
    let staged = index.to_string();
    let mode = Mode::from_raw_mode(seen.st_mode & 0o777);
    let _ = chmodat(staging.folder(), &*staged, mode, AtFlags::empty());
    mark_returned(staging.folder(), &staged, &edited);
    match renameat_with(staging.folder(), &*staged, folder, name, RenameFlags::EXCHANGE) {
        Ok(()) if is_file(staging.folder(), &staged, &seen) => {
            staging.remove(index);
            Ok(Some(FileOutcome::Whole))
        }
        Ok(()) => {
            // Another program has put its own file there in between: it gets its name back.
            renameat_with(staging.folder(), &*staged, folder, name, RenameFlags::EXCHANGE).map_err(failed)?;
            if let Some(backup) = backup {
                let _ = unlinkat(folder, &backup[..], AtFlags::empty());
            }
            Ok(None)
        }
        // A file system that cannot exchange.
        Err(Errno::INVAL | Errno::NOSYS) => {
            renameat(staging.folder(), &*staged, folder, name).map_err(failed)?;
            Ok(Some(FileOutcome::Whole))
        }
        Err(error) => Err(failed(error)),
    }
}

/// A second name for the file that is there; gives it.
fn back_up(folder: &OwnedFd, name: &[u8]) -> Result<Vec<u8>, Errno> {
    let first = names::suffixed(&String::from_utf8_lossy(name), BACKUP);
    let numbered = (2..MAX_NUMBER).map(|number| names::numbered(&first, number));
    for backup in std::iter::once(first.clone()).chain(numbered) {
        match linkat(folder, name, folder, &*backup, AtFlags::empty()) {
            Err(Errno::EXIST) => {}
            result => return result.map(|()| backup.into_bytes()),
        }
    }
    Err(Errno::EXIST)
}

/// It is what was seen, and has not been written since.
fn is_file(folder: &OwnedFd, name: &str, seen: &Stat) -> bool {
    let key = |stat: &Stat| (stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime, stat.st_mtime_nsec);
    statat(folder, name, AtFlags::SYMLINK_NOFOLLOW).is_ok_and(|stat| key(&stat) == key(seen))
}

fn mark_returned(folder: &OwnedFd, name: &str, digest: &Digest) {
    if let Ok(file) = beneath::open(folder, name.as_bytes(), beneath::READ) {
        let _ = fsetxattr(&file, RETURNED, hex(digest).as_bytes(), XattrFlags::empty());
    }
}

fn is_returned(folder: &OwnedFd, name: &[u8], digest: &Digest) -> bool {
    let mut value = [0; 64];
    let Ok(file) = beneath::open(folder, name, beneath::READ) else { return false };
    fgetxattr(&file, RETURNED, &mut value[..]).is_ok_and(|length| value.get(..length) == Some(hex(digest).as_bytes()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use rustix::fs::{Timespec, Timestamps, utimensat};
    use std::fs;

    #[test]
    fn a_file_that_was_written_in_the_same_second_is_another() {
        let home = tempfile::tempdir().unwrap();
        let folder = beneath::open_folder(home.path()).unwrap();
        fs::write(home.path().join("1"), "one").unwrap();
        let at = |tv_nsec| {
            let time = Timespec { tv_sec: 1_700_000_000, tv_nsec };
            let times = Timestamps { last_access: time, last_modification: time };
            utimensat(&folder, "1", &times, AtFlags::empty()).unwrap();
        };
        at(5);
        let seen = statat(&folder, "1", AtFlags::SYMLINK_NOFOLLOW).unwrap();
        assert!(is_file(&folder, "1", &seen));
        at(6);
        assert!(!is_file(&folder, "1", &seen));
        at(5);
        fs::write(home.path().join("1"), "longer").unwrap();
        at(5);
        assert!(!is_file(&folder, "1", &seen));
    }
}
