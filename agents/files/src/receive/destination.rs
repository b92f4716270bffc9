//! Where a transfer's files are to lie.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use atoll_wire::files_receive::Destination as Wanted;
use atoll_wire::{FileKind, FileReason};
use rustix::fs::{Mode, fstatvfs, mkdirat};
use rustix::io::Errno;

use super::{Request, staging};
use crate::digest::Digest;
use crate::{End, Places, beneath, names, opened};

/// The folder of a source whose name is no name of a file.
const UNNAMED: &str = "unknown";

pub struct Destination {
    pub folder: OwnedFd,
    /// Of the folder.
    path: PathBuf,
    /// The one file or folder that comes gets this name, which the host has given.
    pub name: Option<Vec<u8>>,
    /// A program may be run where it arrives: the person has named the place.
    pub takes_programs: bool,
    /// The file with this name is replaced, if this is its digest.
    pub replaced: Option<Digest>,
}

impl Destination {
    /// # Errors
    /// There is no such folder, and none can be made.
    pub fn find(request: &Request, places: &Places) -> Result<Self, End> {
        let chosen = request.entries.iter().filter(|entry| !entry.path.contains(&b'/')).count();
        let is_one_file = matches!(&request.entries[..], [entry] if entry.kind() == FileKind::File && chosen == 1);
        if request.opened {
            let folder = || opened::make(places, name_of_source(&request.origin));
            return if is_one_file { Self::new(places.opened.clone(), folder()) } else { Err(not_one()) };
        }
        match &request.destination {
            Wanted::Incoming(_) => Self::new(places.incoming.clone(), incoming(places, &request.origin)),
            Wanted::Path(path) => Self::of_path(&places.absolute(Path::new(beneath::os(path))), chosen),
            Wanted::Replaced(replaced) => {
                let path = Path::new(beneath::os(&replaced.path));
                let (Some(folder), Some(name), true) = (path.parent(), path.file_name(), path.is_absolute()) else {
                    return Err(End::new(FileReason::Unwritable, format!("{} is no file", path.display())));
                };
                let Ok(digest) = replaced.sha256[..].try_into() else {
                    return Err(End::new(FileReason::Digest, "no digest of the file that went out"));
                };
                if !is_one_file {
                    return Err(not_one());
                }
                let found = Self::new(folder.to_owned(), beneath::open_folder(folder))?;
                Ok(Self { name: Some(name.as_bytes().to_vec()), replaced: Some(digest), ..found })
            }
        }
    }

    fn of_path(path: &Path, chosen: usize) -> Result<Self, End> {
        let found = |folder: &Path, opened| {
            Self::new(folder.to_owned(), opened).map(|found| Self { takes_programs: true, ..found })
        };
        if path.as_os_str().as_bytes().ends_with(b"/") {
            return found(path, fs::create_dir_all(path).and_then(|()| beneath::open_folder(path)));
        }
        if path.is_dir() {
            return found(path, beneath::open_folder(path));
        }
        let (Some(folder), Some(name), 1) = (path.parent(), path.file_name(), chosen) else {
            return Err(End::new(FileReason::Unwritable, format!("{} is no folder", path.display())));
        };
        Ok(Self { name: Some(name.as_bytes().to_vec()), ..found(folder, beneath::open_folder(folder))? })
    }

    fn new(path: PathBuf, folder: io::Result<OwnedFd>) -> Result<Self, End> {
        match folder {
            Ok(folder) => {
                let path = path_of(&folder).unwrap_or(path);
                Ok(Self { folder, path, name: None, takes_programs: false, replaced: None })
            }
            Err(error) => Err(End::new(staging::reason(&error), format!("{}: {error}", path.display()))),
        }
    }

    /// The absolute path of what lies at `relative`.
    pub fn path_of(&self, relative: &[u8]) -> Vec<u8> {
        self.path.join(beneath::os(relative)).into_os_string().into_vec()
    }

    /// None = the file system does not say.
    pub fn free_bytes(&self) -> Option<u64> {
        let there = fstatvfs(&self.folder).ok().filter(|there| there.f_blocks > 0)?;
        Some(there.f_bavail.saturating_mul(there.f_frsize))
    }

    /// Makes the names durable that files have got.
    pub fn sync(&self) {
        let _ = rustix::fs::syncfs(&self.folder);
    }
}

fn not_one() -> End {
    End::new(FileReason::TooMany, "one file is expected")
}

/// The folder of what came in may be a link that the user has made; the one of the source within may not.
fn incoming(places: &Places, origin: &str) -> io::Result<OwnedFd> {
    fs::create_dir_all(&places.incoming)?;
    let incoming = beneath::open_folder(&places.incoming)?;
    let name = name_of_source(origin);
    match mkdirat(&incoming, name, Mode::from_raw_mode(0o777)) {
        Ok(()) | Err(Errno::EXIST) => beneath::open(&incoming, name.as_bytes(), beneath::FOLDER),
        Err(error) => Err(error.into()),
    }
}

fn name_of_source(origin: &str) -> &str {
    let is_name = names::is_allowed(origin.as_bytes()) && !names::is_hidden(origin.as_bytes());
    if is_name { origin } else { UNNAMED }
}

fn path_of(folder: &OwnedFd) -> Option<PathBuf> {
    use std::os::fd::AsRawFd;
    let path: OsString = fs::read_link(format!("/proc/self/fd/{}", folder.as_raw_fd())).ok()?.into();
    Path::new(&path).is_absolute().then(|| path.into())
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
