//! What of the list is taken: names are checked, and the folders are made.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io;
use std::os::fd::{AsFd, OwnedFd};

use atoll_wire::limits::{MAX_FILE_DEPTH, MAX_FILE_PATH_BYTES, MAX_FILES, MAX_TRANSFER_BYTES};
use atoll_wire::{FileEntry, FileKind, FileOutcome, FileReason, FileResult};
use rustix::fs::{AtFlags, Mode, mkdirat, unlinkat};
use rustix::io::Errno;

use super::destination::Destination;
use super::{Request, staging};
use crate::{End, beneath, names};

/// Numbers that are tried where a name is taken.
pub const MAX_NUMBER: u32 = 10_000;

/// A file or folder that is taken.
#[derive(Debug)]
pub struct Item {
    parent: Option<u32>,
    listed: Vec<u8>,
    /// That it has here.
    pub name: Vec<u8>,
    is_folder: bool,
    pub size: u64,
    pub executable: bool,
    pub modified_s: i64,
    state: FolderState,
}

/// Of a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FolderState {
    Missing,
    /// It was there.
    Found,
    /// This transfer has made it.
    Made,
}

pub struct Plan {
    items: BTreeMap<u32, Item>,
    /// The folder that was opened last: files of one follow each other.
    last: Option<(Option<u32>, OwnedFd)>,
}

impl Plan {
    /// Gives what is refused, too.
    ///
    /// # Errors
    /// The list is not one.
    pub fn new(request: &Request, destination: &Destination) -> Result<(Self, Vec<FileResult>), End> {
        let mut checked =
            Checked { items: BTreeMap::new(), folders: HashMap::new(), keys: HashSet::new(), destination };
        let mut refused = Vec::new();
        let mut bytes = 0_u64;
        let mut next = 0;
        for entry in &request.entries {
            bytes = bytes.saturating_add(entry.size);
            // There is a gap where something is left out.
            let index = entry.index as usize;
            let is_sound =
                (next..MAX_FILES).contains(&index) && matches!(entry.kind(), FileKind::File | FileKind::Folder);
            next = index.saturating_add(1);
            if !is_sound || bytes > request.bytes || bytes > MAX_TRANSFER_BYTES {
                return Err(End::new(FileReason::Size, "the list is not what was announced"));
            }
            if let Err(reason) = checked.add(entry) {
                let mut result = FileResult { index: entry.index, ..FileResult::default() };
                result.set_outcome(FileOutcome::Refused);
                result.set_reason(reason);
                refused.push(result);
            }
        }
        Ok((Self { items: checked.items, last: None }, refused))
    }

    pub fn files(&self) -> impl Iterator<Item = u32> {
        self.items.iter().filter(|(_, item)| !item.is_folder).map(|(index, _)| *index)
    }

    pub fn folders(&self) -> impl Iterator<Item = u32> {
        self.items.iter().filter(|(_, item)| item.is_folder).map(|(index, _)| *index)
    }

    pub fn file(&self, index: u32) -> Option<&Item> {
        self.items.get(&index).filter(|item| !item.is_folder)
    }

    pub fn listed_name(&self, index: u32) -> Option<&Vec<u8>> {
        self.items.get(&index).map(|item| &item.listed)
    }

    pub fn is_chosen(&self, index: u32) -> bool {
        self.items.get(&index).is_some_and(|item| item.parent.is_none())
    }

    /// Below the destination, by the names that are used here.
    pub fn path_of(&self, index: u32) -> Vec<u8> {
        let mut names = Vec::new();
        let mut at = Some(index);
        while let Some(item) = at.and_then(|index| self.items.get(&index)) {
            names.push(&item.name[..]);
            at = item.parent;
        }
        names.reverse();
        names.join(&b'/')
    }

    pub fn rename(&mut self, index: u32, name: Vec<u8>) {
        if let Some(item) = self.items.get_mut(&index) {
            item.name = name;
        }
    }

    /// The folder that an item is to lie in.
    ///
    /// # Errors
    /// It is not there, or is no folder any more.
    pub fn folder_of(&mut self, destination: &Destination, index: u32) -> io::Result<&OwnedFd> {
        let parent = self.items.get(&index).and_then(|item| item.parent);
        let opened = match self.last.take() {
            Some((last, folder)) if last == parent => folder,
            _ => match parent {
                Some(parent) => beneath::open(&destination.folder, &self.path_of(parent), beneath::FOLDER)?,
                None => destination.folder.as_fd().try_clone_to_owned()?,
            },
        };
        Ok(&self.last.insert((parent, opened)).1)
    }

    /// Makes a folder, or finds it there; gives its name. None = the one above it could not be made.
    ///
    /// # Errors
    /// Why not.
    pub fn make_folder(
        &mut self,
        destination: &Destination,
        index: u32,
        past: Option<&Vec<u8>>,
    ) -> Result<Option<Vec<u8>>, FileReason> {
        let Some(item) = self.items.get(&index) else { return Ok(None) };
        let above = item.parent.and_then(|parent| self.items.get(&parent));
        if above.is_some_and(|above| above.state == FolderState::Missing) {
            return Ok(None);
        }
        let wanted = item.name.clone();
        let folder = self.folder_of(destination, index).map_err(|error| staging::reason(&error))?;
        let numbered =
            (2..MAX_NUMBER).map(|number| names::numbered(&String::from_utf8_lossy(&wanted), number).into_bytes());
        for name in past.cloned().into_iter().chain([wanted.clone()]).chain(numbered) {
            let state = match mkdirat(folder, &name[..], Mode::from_raw_mode(0o777)) {
                Ok(()) => FolderState::Made,
                Err(Errno::EXIST) if beneath::open(folder, &name, beneath::FOLDER).is_ok() => FolderState::Found,
                Err(Errno::EXIST) => continue,
                Err(error) => return Err(staging::reason(&error.into())),
            };
            if let Some(item) = self.items.get_mut(&index) {
                item.name.clone_from(&name);
                item.state = state;
            }
            return Ok(Some(name));
        }
        Err(FileReason::Unwritable)
    }

    /// Of a transfer that did not come to its end: folders that it has made and that hold nothing.
    pub fn remove_empty_folders(&self, destination: &Destination) {
        for (index, _) in self.items.iter().rev().filter(|(_, item)| item.is_folder && item.state == FolderState::Made)
        {
            let path = self.path_of(*index);
            let (above, name) = match path.iter().rposition(|byte| *byte == b'/') {
                Some(at) => (path.get(..at).unwrap_or_default(), path.get(at + 1..).unwrap_or_default()),
                None => (&[][..], &path[..]),
            };
            let folder = match above {
                [] => destination.folder.as_fd().try_clone_to_owned(),
                above => beneath::open(&destination.folder, above, beneath::FOLDER),
            };
            if let Ok(folder) = folder {
                // Fails where it holds something.
                let _ = unlinkat(folder, name, AtFlags::REMOVEDIR);
            }
        }
    }
}

struct Checked<'a> {
    items: BTreeMap<u32, Item>,
    /// By listed path; of a folder that is refused: why.
    folders: HashMap<Vec<u8>, Result<u32, FileReason>>,
    /// Keys of names, by folder.
    keys: HashSet<(Option<u32>, String)>,
    destination: &'a Destination,
}

impl Checked<'_> {
    fn add(&mut self, entry: &FileEntry) -> Result<(), FileReason> {
        let is_folder = entry.kind() == FileKind::Folder;
        let checked = self.check(entry);
        if is_folder {
            self.folders.insert(entry.path.clone(), checked.as_ref().map(|_| entry.index).map_err(|reason| *reason));
        }
        let (parent, name) = checked?;
        let item = Item {
            parent,
            listed: name.clone(),
            name,
            is_folder,
            size: entry.size,
            executable: entry.executable,
            modified_s: entry.modified_s,
            state: FolderState::Missing,
        };
        self.items.insert(entry.index, item);
        Ok(())
    }

    /// Index of the folder that it lies in, and the name that it is to have.
    fn check(&mut self, entry: &FileEntry) -> Result<(Option<u32>, Vec<u8>), FileReason> {
        let path = &entry.path[..];
        if path.len() > MAX_FILE_PATH_BYTES {
            return Err(FileReason::Name);
        }
        if path.iter().filter(|byte| **byte == b'/').count() > MAX_FILE_DEPTH {
            return Err(FileReason::TooDeep);
        }
        let (parent, name) = match path.iter().rposition(|byte| *byte == b'/') {
            Some(at) => {
                let above = self.folders.get(path.get(..at).unwrap_or_default()).copied();
                (Some(above.unwrap_or(Err(FileReason::Name))?), path.get(at + 1..).unwrap_or_default())
            }
            None => (None, path),
        };
        if parent.is_none() {
            if self.destination.replaced.is_some() && entry.size == 0 {
                return Err(FileReason::Empty);
            }
            if let Some(given) = &self.destination.name {
                // The host's own word, and a single one.
                return Ok((None, given.clone()));
            }
            if names::is_hidden(name) {
                return Err(FileReason::Name);
            }
        }
        let text = std::str::from_utf8(name).ok().filter(|_| names::is_allowed(name)).ok_or(FileReason::Name)?;
        if !self.keys.insert((parent, names::key(text))) {
            return Err(FileReason::Collision);
        }
        Ok((parent, name.to_vec()))
    }
}
