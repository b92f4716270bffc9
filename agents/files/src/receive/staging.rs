//! The folder in which files lie until they are whole: hidden, of this user alone, on the file system of the destination.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use atoll_wire::FileReason;
use rustix::fs::{
    AtFlags, Dir, FallocateFlags, FileType, FlockOperation, Mode, OFlags, chmodat, fallocate, fchmod, flock, fstat,
    ftruncate, mkdirat, openat, statat, syncfs, unlinkat,
};
use rustix::io::Errno;

use super::destination::hex;
use super::place::Placed;
use crate::digest::Hasher;
use crate::{End, beneath};

const PREFIX: &str = ".atoll-";
/// What an interrupted transfer has left is kept so long.
const KEPT: Duration = Duration::from_secs(7 * 24 * 3600);
/// Space for files of this size and more is taken before their bytes come.
const ALLOCATED_BYTES: u64 = 1024 * 1024;
const NO_MODE: Mode = Mode::empty();

pub struct Staging {
    parent: OwnedFd,
    name: String,
    folder: OwnedFd,
    /// Of an earlier try: the file with this index, how much of it is there, and what the hash has seen of it.
    rest: Option<(u32, File, u64, Hasher)>,
}

/// A file that is being written.
pub struct Staged {
    file: File,
    length: u64,
}

impl Staging {
    /// # Errors
    /// It cannot be made, or another transfer has it.
    pub fn open(parent: &OwnedFd, key: &[u8]) -> Result<Self, End> {
        remove_stale(parent);
        let name = format!("{PREFIX}{}", hex(key));
        let failed = |error: io::Error| End::new(reason(&error), format!("{name}: {error}"));
        match mkdirat(parent, &*name, Mode::RWXU) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(error) => return Err(failed(error.into())),
        }
        let folder = beneath::open(parent, name.as_bytes(), beneath::FOLDER).map_err(&failed)?;
        flock(&folder, FlockOperation::NonBlockingLockExclusive).map_err(|error| failed(error.into()))?;
        let parent = parent.try_clone().map_err(&failed)?;
        Ok(Self { parent, name: name.clone(), folder, rest: None })
    }

    pub fn folder(&self) -> &OwnedFd {
        &self.folder
    }

    /// Removes all files but the one that an earlier try has begun.
    pub fn keep_only(&self, index: u32) {
        let kept = index.to_string();
        for name in files_in(&self.folder) {
            if name != kept.as_bytes() && name.first().is_some_and(u8::is_ascii_digit) {
                let _ = unlinkat(&self.folder, &name[..], AtFlags::empty());
            }
        }
    }

    /// How much of the file is there, hashed again. None = nothing of use.
    pub fn rest_of(&mut self, index: u32, size: u64) -> Option<(u64, Hasher)> {
        let name = index.to_string();
        let stat = statat(&self.folder, &*name, AtFlags::SYMLINK_NOFOLLOW).ok()?;
        let length = u64::try_from(stat.st_size).ok()?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile || length == 0 || length > size {
            self.remove(index);
            return None;
        }
        // Its owner may not open it either, with mode 0.
        chmodat(&self.folder, &*name, Mode::RUSR | Mode::WUSR, AtFlags::empty()).ok()?;
        let flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mut file = File::from(openat(&self.folder, &*name, flags, NO_MODE).ok()?);
        fchmod(&file, NO_MODE).ok()?;
        let mut hasher = Hasher::default();
        let length = hasher.read(&mut file, length).ok()?;
        self.rest = Some((index, file, length, hasher.clone()));
        Some((length, hasher))
    }

    /// Bytes that are taken already for the file of an earlier try: more than came of it, where space was taken before.
    pub fn rest_space(&self) -> u64 {
        const BLOCK_BYTES: u64 = 512;
        let Some((_, file, length, _)) = &self.rest else { return 0 };
        let blocks = fstat(file).ok().and_then(|stat| u64::try_from(stat.st_blocks).ok()).unwrap_or(0);
        blocks.saturating_mul(BLOCK_BYTES).max(*length)
    }

    /// Begins a file, or goes on with it at `offset`.
    ///
    /// # Errors
    /// The kernel's.
    pub fn begin(&mut self, index: u32, offset: u64, size: u64) -> io::Result<(Staged, Hasher)> {
        if let Some((_, mut file, length, hasher)) =
            self.rest.take().filter(|(at, _, length, _)| (*at, *length) == (index, offset))
        {
            ftruncate(&file, length)?;
            file.seek(SeekFrom::Start(length))?;
            return Ok((Staged { file, length }, hasher));
        }
        if offset > 0 {
            return Err(io::ErrorKind::NotFound.into());
        }
        self.remove(index);
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = File::from(openat(&self.folder, index.to_string(), flags, NO_MODE)?);
        if size >= ALLOCATED_BYTES {
            // Not every file system can.
            let allocated = fallocate(&file, FallocateFlags::KEEP_SIZE, 0, size);
            if let Err(error @ (Errno::NOSPC | Errno::DQUOT | Errno::FBIG)) = allocated {
                return Err(error.into());
            }
        }
        Ok((Staged { file, length: 0 }, Hasher::default()))
    }

    /// Makes files durable: one by itself, several with one call.
    ///
    /// # Errors
    /// The disk's.
    pub fn sync(&self, files: &[Placed]) -> io::Result<()> {
        match files {
            [Placed { file: Some(file), .. }] => file.sync_all(),
            _ => Ok(syncfs(&self.folder)?),
        }
    }

    pub fn remove(&mut self, index: u32) {
        if self.rest.as_ref().is_some_and(|(at, ..)| *at == index) {
            self.rest = None;
        }
        let _ = unlinkat(&self.folder, index.to_string(), AtFlags::empty());
    }

    /// Removes the folder with all that is in it.
    pub fn discard(&self) {
        remove_folder(&self.parent, self.name.as_bytes(), &self.folder);
    }
}

impl Staged {
    pub fn length(&self) -> u64 {
        self.length
    }

    /// # Errors
    /// The disk's.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.length += bytes.len() as u64;
        Ok(())
    }

    pub fn into_file(self) -> File {
        self.file
    }
}

impl AsFd for Staged {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.file.as_fd()
    }
}

/// What transfers have left that nobody has resumed.
fn remove_stale(parent: &OwnedFd) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    for name in files_in(parent) {
        let is_ours = name
            .strip_prefix(PREFIX.as_bytes())
            .is_some_and(|key| key.len() == 32 && key.iter().all(u8::is_ascii_hexdigit));
        if !is_ours {
            continue;
        }
        let Ok(folder) = beneath::open(parent, &name, beneath::FOLDER) else { continue };
        let is_old = fstat(&folder).is_ok_and(|stat| {
            let modified = Duration::from_secs(u64::try_from(stat.st_mtime).unwrap_or(0));
            now.saturating_sub(modified) > KEPT
        });
        if is_old && flock(&folder, FlockOperation::NonBlockingLockExclusive).is_ok() {
            remove_folder(parent, &name, &folder);
        }
    }
}

fn remove_folder(parent: &OwnedFd, name: &[u8], folder: &OwnedFd) {
    for name in files_in(folder) {
        let _ = unlinkat(folder, &name[..], AtFlags::empty());
    }
    let _ = unlinkat(parent, name, AtFlags::REMOVEDIR);
}

fn files_in(folder: &OwnedFd) -> Vec<Vec<u8>> {
    let Ok(entries) = Dir::read_from(folder) else { return Vec::new() };
    let names = entries.flatten().map(|entry| entry.file_name().to_bytes().to_vec());
    names.filter(|name| name != b"." && name != b"..").collect()
}

/// Why something cannot be written.
pub fn reason(error: &io::Error) -> FileReason {
    match error.raw_os_error().map(Errno::from_raw_os_error) {
        Some(Errno::NOSPC | Errno::DQUOT) => FileReason::NoSpace,
        Some(Errno::FBIG) => FileReason::TooLarge,
        Some(Errno::NAMETOOLONG | Errno::ILSEQ) => FileReason::Name,
        _ => FileReason::Unwritable,
    }
}
