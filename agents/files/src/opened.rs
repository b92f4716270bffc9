//! The folders of files that came to be opened: one for each, with a short path, since programs show it. Those that were only
//! looked at are gone with the next start of the agent.

use std::fs::{self, DirBuilder};
use std::io::{self, ErrorKind};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::Path;

use crate::{Places, beneath};

/// Folders of one source.
const MAX_FOLDERS: u32 = 10_000;
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

/// Removes what is there to be looked at alone. A file that could be written may be the only one with what was written, and stays.
pub fn sweep(places: &Places) {
    let Ok(folders) = fs::read_dir(&places.opened) else { return };
    for folder in folders.flatten().filter(|folder| is_ours(&folder.path())) {
        let path = folder.path();
        let Ok(files) = fs::read_dir(&path).and_then(Iterator::collect::<io::Result<Vec<_>>>) else { continue };
        let is_read_only =
            |file: &fs::DirEntry| file.metadata().is_ok_and(|data| data.is_file() && data.mode() & WRITABLE == 0);
        if files.iter().all(is_read_only) {
            for file in files {
                let _ = fs::remove_file(file.path());
            }
            // Fails where something has come meanwhile.
            let _ = fs::remove_dir(path);
        }
    }
}

/// A folder that [`make`] has made, and no link.
fn is_ours(path: &Path) -> bool {
    let number = path.file_name().and_then(|name| name.to_str()?.rsplit_once('-')).map(|(_, number)| number);
    number.is_some_and(|number| number.parse::<u32>().is_ok())
        && path.symlink_metadata().is_ok_and(|data| data.is_dir())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn what_was_looked_at_is_swept_and_what_may_have_been_changed_stays() {
        let home = tempfile::TempDir::new().unwrap();
        let places = Places::of_home(home.path().to_owned());
        sweep(&places);
        for mode in [0o400, 0o600, 0o400] {
            make(&places, "web").unwrap();
            let count = fs::read_dir(&places.opened).unwrap().count();
            let file = places.opened.join(format!("web-{count}/a.txt"));
            fs::write(&file, "a").unwrap();
            fs::set_permissions(&file, Permissions::from_mode(mode)).unwrap();
        }
        // A folder within, one of the user's own, and a link.
        fs::create_dir_all(places.opened.join("host-1/sub")).unwrap();
        fs::create_dir(places.opened.join("mine")).unwrap();
        symlink(home.path(), places.opened.join("link-1")).unwrap();
        fs::create_dir(home.path().join("empty-1")).unwrap();
        sweep(&places);
        let mut left =
            fs::read_dir(&places.opened).unwrap().flatten().map(|entry| entry.file_name()).collect::<Vec<_>>();
        left.sort();
        assert_eq!(left, ["host-1", "link-1", "mine", "web-2"]);
        assert!(home.path().join("empty-1").exists());
        make(&places, "web").unwrap();
        assert!(places.opened.join("web-1").exists());
        assert_eq!(fs::metadata(places.opened.join("web-1")).unwrap().mode() & 0o777, 0o700);
    }
}
