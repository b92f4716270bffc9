//! A file that is whole gets its mode, its mark and its name.

use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};

use atoll_wire::{FileOutcome, FileReason};
use rustix::fs::{
    AtFlags, Mode, RenameFlags, Timespec, Timestamps, XattrFlags, fchmod, fsetxattr, fstat, futimens, linkat,
    renameat_with, unlinkat,
};
use rustix::io::Errno;

use super::destination::Destination;
use super::plan::{Item, MAX_NUMBER, Plan};
use super::staging::{self, Staging};
use super::{Request, replaced};
use crate::digest::{Digest, Hasher};
use crate::{Places, beneath, names};

/// Says where a file came from. Marks that the source's own file had are not carried.
pub const ORIGIN: &str = "user.atoll.origin";

/// A file that is whole and lies in the staging folder.
#[derive(Debug)]
pub struct Placed {
    pub index: u32,
    pub digest: Digest,
    /// Of the first one that waits alone.
    pub file: Option<File>,
}

pub struct Placing {
    origin: String,
    takes_programs: bool,
    /// Bits that files do not have.
    without: u32,
}

impl Placing {
    pub fn new(request: &Request, destination: &Destination, places: &Places) -> Self {
        let mut without = places.umask;
        if request.opened {
            without |= 0o077;
        }
        if request.read_only {
            without |= 0o222;
        }
        Self { origin: request.origin.clone(), takes_programs: destination.takes_programs, without }
    }

    /// Gives the file all but its name. With mode 0 it could not be marked.
    ///
    /// # Errors
    /// The kernel's, but for a mark that the file system cannot hold.
    pub fn dress(&self, file: impl AsFd, item: &Item) -> Result<(), FileReason> {
        let failed = |error: Errno| staging::reason(&error.into());
        fchmod(&file, Mode::RUSR | Mode::WUSR).map_err(failed)?;
        let _ = fsetxattr(&file, ORIGIN, self.origin.as_bytes(), XattrFlags::empty());
        let time = Timespec { tv_sec: item.modified_s, tv_nsec: 0 };
        // A time that the file system cannot hold.
        let _ = futimens(&file, &Timestamps { last_access: time, last_modification: time });
        let all = if self.takes_programs && item.executable { 0o777 } else { 0o666 };
        fchmod(&file, Mode::from_raw_mode(all & !self.without)).map_err(failed)
    }

    /// Renames the file to its name, or to one that is free.
    ///
    /// # Errors
    /// Why not. The file is still in the staging folder, or gone.
    pub fn place(
        &self,
        staging: &mut Staging,
        plan: &mut Plan,
        destination: &Destination,
        placed: &Placed,
    ) -> Result<FileOutcome, FileReason> {
        let index = placed.index;
        let item = plan.file(index).ok_or(FileReason::Gone)?;
        let (name, size) = (item.name.clone(), item.size);
        let folder = plan.folder_of(destination, index).map_err(|error| staging::reason(&error))?;
        if let Some(original) = &destination.replaced {
            if let Some(outcome) = replaced::replace(staging, index, folder, &name, original, placed.digest)? {
                return Ok(outcome);
            }
        }
        let text = String::from_utf8_lossy(&name);
        let numbered = (2..MAX_NUMBER).map(|number| names::numbered(&text, number).into_bytes());
        for candidate in std::iter::once(name.clone()).chain(numbered) {
            match rename_to_free(staging.folder(), &index.to_string(), folder, &candidate) {
                Ok(()) => {
                    let outcome = if candidate == name { FileOutcome::Whole } else { FileOutcome::KeptBoth };
                    plan.rename(index, candidate);
                    return Ok(outcome);
                }
                Err(Errno::EXIST) if is_same(folder, &candidate, size, placed.digest) => {
                    staging.remove(index);
                    plan.rename(index, candidate);
                    return Ok(FileOutcome::Same);
                }
                Err(Errno::EXIST) => {}
                Err(error) => return Err(staging::reason(&error.into())),
            }
        }
        Err(FileReason::Unwritable)
    }
}

/// Never replaces what is there.
pub fn rename_to_free(from: &OwnedFd, name: &str, folder: &OwnedFd, to: &[u8]) -> Result<(), Errno> {
    match renameat_with(from, name, folder, to, RenameFlags::NOREPLACE) {
        // A file system that does not know the flag.
        Err(Errno::INVAL | Errno::NOSYS) => {
            linkat(from, name, folder, to, AtFlags::empty())?;
            unlinkat(from, name, AtFlags::empty())
        }
        result => result,
    }
}

/// A file with this content.
fn is_same(folder: &OwnedFd, name: &[u8], size: u64, digest: Digest) -> bool {
    digest_of(folder, name, Some(size)).is_some_and(|there| there.0 == digest)
}

/// Digest of a file that lies in `folder`, and what it is; None = it is no file, or has another size.
pub fn digest_of(folder: &OwnedFd, name: &[u8], size: Option<u64>) -> Option<(Digest, rustix::fs::Stat)> {
    let mut file = File::from(beneath::open(folder, name, beneath::READ).ok()?);
    let stat = fstat(&file).ok()?;
    let is_file = rustix::fs::FileType::from_raw_mode(stat.st_mode) == rustix::fs::FileType::RegularFile;
    let length = u64::try_from(stat.st_size).ok()?;
    if !is_file || size.is_some_and(|size| size != length) {
        return None;
    }
    let mut hasher = Hasher::default();
    (hasher.read(&mut file, length.saturating_add(1)).ok()? == length).then(|| (hasher.digest(), stat))
}
