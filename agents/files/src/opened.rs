//! The folders of files that came to be opened: one for each, with a short path, since programs show it. Those that were only
//! looked at are gone with the next start of the agent.

use std::fs::{self, DirBuilder};
use std::io::{self, ErrorKind};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::Path;

use rustix::fs::lgetxattr;

use crate::receive::ORIGIN;
use crate::{Places, beneath};

/// Folders of one source.
const MAX_FOLDERS: u32 = 10_000;
/// Of the mark that says where a file is from: what a name of a file has, and more.
const MAX_MARK_BYTES: usize = 4096;
/// What somebody may have changed stays.
const WRITABLE: u32 = 0o222;

/// Makes `~/Opened/SOURCE-NUMBER`, of this user alone.
///
/// # Errors
/// The kernel's; or there are too many.
pub fn make(places: &Places, source: &str) -> io::Result<OwnedFd> {
    let builder = |recursive: bool| {
        let mut builder = DirBuilder::new();
        builder.recursive(recursive).mode(0o700);
        builder
    };
    builder(true).create(&places.opened)?;
    for number in 1..MAX_FOLDERS {
        let path = places.opened.join(format!("{source}-{number}"));
        match builder(false).create(&path) {
            Ok(()) => return beneath::open_folder(&path),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(ErrorKind::AlreadyExists.into())
}

/// Removes what came to be looked at alone. A file that could be written may be the only one with what was written, and stays; so
/// does what did not come from elsewhere: the user may keep files of their own there.
pub fn sweep(places: &Places) {
    let Ok(folders) = fs::read_dir(&places.opened) else { return };
    for folder in folders.flatten().filter(|folder| is_ours(&folder.path())) {
        let path = folder.path();
        let Ok(files) = fs::read_dir(&path).and_then(Iterator::collect::<io::Result<Vec<_>>>) else { continue };
        let is_read_only =
            |file: &fs::DirEntry| file.metadata().is_ok_and(|data| data.is_file() && data.mode() & WRITABLE == 0);
        if files.iter().all(|file| is_read_only(file) && came_from_elsewhere(&file.path())) {
            for file in files {
                let _ = fs::remove_file(file.path());
            }
            // Fails where something has come meanwhile.
            let _ = fs::remove_dir(path);
        }
    }
}

fn came_from_elsewhere(path: &Path) -> bool {
    lgetxattr(path, ORIGIN, &mut [0; MAX_MARK_BYTES][..]).is_ok()
}

/// A folder that [`make`] has made, and no link.
fn is_ours(path: &Path) -> bool {
    let number = path.file_name().and_then(|name| name.to_str()?.rsplit_once('-')).map(|(_, number)| number);
    number.is_some_and(|number| number.parse::<u32>().is_ok())
        && path.symlink_metadata().is_ok_and(|data| data.is_dir())
}
