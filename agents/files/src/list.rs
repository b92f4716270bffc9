//! Lists what was chosen, and all that is in it. No symbolic link is followed, and what is no file or folder is left out.

use std::collections::{HashMap, HashSet};
use std::ffi::{CStr, OsStr};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Component, Path, PathBuf};
use std::rc::Rc;

use atoll_wire::limits::{
    MAX_FILE_DEPTH, MAX_FILE_NAME_BYTES, MAX_FILE_PATH_BYTES, MAX_FILES, MAX_FILES_PATH_BYTES, MAX_TRANSFER_BYTES,
};
use atoll_wire::{FileEntry, FileKind, FileReason};
use rustix::fs::{AtFlags, Dir, FileType, Stat, statat};
use rustix::io::Errno;

use crate::control::Control;
use crate::{End, beneath, names};

/// What was listed, with what is needed to send it.
#[derive(Debug)]
pub struct Listed {
    roots: Vec<Root>,
    pub files: Vec<Listing>,
}

/// The folder that holds what was chosen.
#[derive(Debug)]
struct Root {
    folder: OwnedFd,
}

/// A file as it was when it was listed. Folders and what is left out have an entry without one.
#[derive(Debug)]
pub struct Listing {
    pub entry: FileEntry,
    root: usize,
    /// Below the root's folder, as it is there: the entry's first component may be another.
    path: Vec<u8>,
    pub seen: Seen,
}

/// What tells that a file is the same and has not been written since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    device: u64,
    inode: u64,
    pub size: u64,
    modified: (i64, u64),
    changed: (i64, u64),
}

impl Seen {
    #[allow(clippy::unnecessary_cast, clippy::useless_conversion)]
    pub fn of(stat: &Stat) -> Self {
        let size = u64::try_from(stat.st_size).unwrap_or(0);
        let modified = (stat.st_mtime as i64, stat.st_mtime_nsec as u64);
        let changed = (stat.st_ctime as i64, stat.st_ctime_nsec as u64);
        Self { device: stat.st_dev as u64, inode: stat.st_ino as u64, size, modified, changed }
    }
}

impl Listed {
    /// Opens a file of the list for reading.
    ///
    /// # Errors
    /// The kernel's.
    pub fn open(&self, listing: &Listing) -> io::Result<OwnedFd> {
        let root = self.roots.get(listing.root).ok_or(io::ErrorKind::NotFound)?;
        beneath::open(&root.folder, &listing.path, beneath::READ)
    }
}

/// Lists `paths`, which are absolute.
///
/// # Errors
/// There is too much, or it was stopped.
pub fn list(paths: &[PathBuf], control: &Control) -> Result<Listed, End> {
    let listed = Listed { roots: Vec::new(), files: Vec::new() };
    let mut lister = Lister { listed, roots: HashMap::new(), path_bytes: 0, bytes: 0, control };
    let mut names = HashSet::new();
    for path in paths {
        lister.add_chosen(path, &mut names)?;
    }
    Ok(lister.listed)
}

struct Lister<'a> {
    listed: Listed,
    /// By the folder's path: what was chosen in one folder shares its descriptor, since a process may have few.
    roots: HashMap<PathBuf, usize>,
    path_bytes: usize,
    bytes: u64,
    control: &'a Control,
}

/// Names of one folder that are still to be looked at.
struct Level {
    folder: Rc<OwnedFd>,
    names: std::vec::IntoIter<Vec<u8>>,
    /// Of the folder: as it is there, and as it is listed.
    path: Vec<u8>,
    listed_path: Vec<u8>,
}

impl Lister<'_> {
    fn add_chosen(&mut self, path: &Path, names: &mut HashSet<Vec<u8>>) -> Result<(), End> {
        let Some((folder, name)) = split(path) else {
            // Its last name, as a list has no other paths.
            let name = path
                .components()
                .filter_map(|part| if let Component::Normal(name) = part { Some(name) } else { None })
                .next_back();
            return self.leave_out(name.unwrap_or(OsStr::new("root")).as_bytes().to_vec(), FileReason::Gone);
        };
        let listed_name = free_name(&name, names);
        let root = match self.root_of(folder) {
            Ok(root) => root,
            Err(error) => return self.leave_out(listed_name, reason(&error)),
        };
        let Some(folder) = self.listed.roots.get(root).and_then(|root| root.folder.as_fd().try_clone_to_owned().ok())
        else {
            return self.leave_out(listed_name, FileReason::Unreadable);
        };
        let mut levels = Vec::new();
        self.add(root, &Rc::new(folder), &name, name.clone(), listed_name, &mut levels)?;
        while let Some(level) = levels.last_mut() {
            let Some(name) = level.names.next() else {
                levels.pop();
                continue;
            };
            let (folder, path, listed_path) =
                (level.folder.clone(), join(&level.path, &name), join(&level.listed_path, &name));
            self.add(root, &folder, &name, path, listed_path, &mut levels)?;
        }
        Ok(())
    }

    /// # Errors
    /// The folder cannot be opened.
    fn root_of(&mut self, folder: PathBuf) -> io::Result<usize> {
        if let Some(root) = self.roots.get(&folder) {
            return Ok(*root);
        }
        let root = self.listed.roots.len();
        self.listed.roots.push(Root { folder: beneath::open_folder(&folder)? });
        self.roots.insert(folder, root);
        Ok(root)
    }

    /// Adds what has this name in `folder`; a folder becomes one more level.
    fn add(
        &mut self,
        root: usize,
        folder: &Rc<OwnedFd>,
        name: &[u8],
        path: Vec<u8>,
        listed_path: Vec<u8>,
        levels: &mut Vec<Level>,
    ) -> Result<(), End> {
        if self.control.is_stopped() {
            return Err(End::new(FileReason::Stopped, ""));
        }
        let stat = match statat(&**folder, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => stat,
            Err(error) => return self.leave_out(listed_path, reason(&error.into())),
        };
        let seen = Seen::of(&stat);
        let mut entry = FileEntry { path: listed_path, modified_s: seen.modified.0, ..FileEntry::default() };
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => {
                self.bytes = self.bytes.saturating_add(seen.size);
                if self.bytes > MAX_TRANSFER_BYTES {
                    self.bytes -= seen.size;
                    return self.leave_out(entry.path, FileReason::TooLarge);
                }
                entry.set_kind(FileKind::File);
                entry.size = seen.size;
                entry.executable = stat.st_mode & 0o111 != 0;
            }
            FileType::Directory => {
                // What is in it could not be listed.
                if levels.len() >= MAX_FILE_DEPTH || entry.path.len() + 1 + MAX_FILE_NAME_BYTES > MAX_FILE_PATH_BYTES {
                    return self.leave_out(entry.path, FileReason::TooDeep);
                }
                let room = MAX_FILES.saturating_sub(self.listed.files.len());
                match beneath::open(&**folder, name, beneath::FOLDER).and_then(|opened| names_in(opened, room)) {
                    Ok((folder, names)) => {
                        let names = names.into_iter();
                        levels.push(Level {
                            folder: Rc::new(folder),
                            names,
                            path: path.clone(),
                            listed_path: entry.path.clone(),
                        });
                    }
                    Err(error) => return self.leave_out(entry.path, reason(&error)),
                }
                entry.set_kind(FileKind::Folder);
            }
            FileType::Symlink => return self.leave_out(entry.path, FileReason::Symlink),
            _ => return self.leave_out(entry.path, FileReason::Special),
        }
        self.push(Listing { entry, root, path, seen })
    }

    fn leave_out(&mut self, path: Vec<u8>, reason: FileReason) -> Result<(), End> {
        let mut entry = FileEntry { path, ..FileEntry::default() };
        entry.set_kind(FileKind::LeftOut);
        entry.set_reason(reason);
        let seen = Seen { device: 0, inode: 0, size: 0, modified: (0, 0), changed: (0, 0) };
        self.push(Listing { entry, root: 0, path: Vec::new(), seen })
    }

    fn push(&mut self, mut listing: Listing) -> Result<(), End> {
        self.path_bytes += listing.entry.path.len();
        let index = self.listed.files.len();
        if index >= MAX_FILES || self.path_bytes > MAX_FILES_PATH_BYTES {
            let detail =
                format!("more than {MAX_FILES} files, or {MAX_FILES_PATH_BYTES} bytes of names: send a part of them");
            return Err(End::new(FileReason::TooMany, detail));
        }
        listing.entry.index = u32::try_from(index).unwrap_or(u32::MAX);
        self.listed.files.push(listing);
        Ok(())
    }
}

/// Folder and name of what was chosen. A path such as `.` is resolved first. None = there is no such thing.
fn split(path: &Path) -> Option<(PathBuf, Vec<u8>)> {
    let ends_in_name = path.file_name().is_some() && !path.as_os_str().as_bytes().ends_with(b"/.");
    let path = if ends_in_name { path.to_owned() } else { path.canonicalize().ok()? };
    let name = path.file_name()?.as_bytes().to_vec();
    Some((path.parent()?.to_owned(), name))
}

/// Two of the same name, chosen in different folders, are listed under different ones.
fn free_name(name: &[u8], taken: &mut HashSet<Vec<u8>>) -> Vec<u8> {
    let mut free = name.to_vec();
    let mut number = 2;
    while !taken.insert(free.clone()) {
        free = names::numbered(&String::from_utf8_lossy(name), number).into_bytes();
        number += 1;
    }
    free
}

/// All names in a folder, sorted; a few more than `room` at most.
fn names_in(folder: OwnedFd, room: usize) -> io::Result<(OwnedFd, Vec<Vec<u8>>)> {
    let mut names = Vec::new();
    for entry in Dir::read_from(&folder)? {
        let entry = entry?;
        let name: &CStr = entry.file_name();
        let name = name.to_bytes();
        if name != b"." && name != b".." {
            names.push(name.to_vec());
        }
        if names.len() > room {
            break;
        }
    }
    names.sort_unstable();
    Ok((folder, names))
}

fn join(folder: &[u8], name: &[u8]) -> Vec<u8> {
    Path::new(OsStr::from_bytes(folder)).join(OsStr::from_bytes(name)).into_os_string().into_vec()
}

/// Why something cannot be read.
pub fn reason(error: &io::Error) -> FileReason {
    match error.raw_os_error().map(Errno::from_raw_os_error) {
        Some(Errno::NOENT) => FileReason::Gone,
        Some(Errno::LOOP | Errno::XDEV | Errno::NOTDIR) => FileReason::Symlink,
        Some(Errno::NXIO) => FileReason::Special,
        _ => FileReason::Unreadable,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::fs;

    #[test]
    fn what_was_chosen_in_one_folder_shares_one_descriptor() {
        let home = tempfile::tempdir().unwrap();
        let mut paths = Vec::new();
        for folder in ["a", "b"] {
            fs::create_dir(home.path().join(folder)).unwrap();
            for name in 0..20 {
                let path = home.path().join(folder).join(format!("{folder}{name}"));
                fs::write(&path, path.as_os_str().as_bytes()).unwrap();
                paths.push(path);
            }
        }
        // As a person chooses, now here and now there.
        paths.sort_by_key(|path| path.file_name().map(OsStr::len));
        let listed = list(&paths, &Control::default()).unwrap();
        assert_eq!((listed.roots.len(), listed.files.len()), (2, paths.len()));
        for (listing, path) in listed.files.iter().zip(&paths) {
            let opened = listed.open(listing).unwrap();
            let text = io::read_to_string(fs::File::from(opened)).unwrap();
            assert_eq!(text.as_bytes(), path.as_os_str().as_bytes());
        }
    }
}
