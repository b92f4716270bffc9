//! Opens what lies below a folder, whatever happens to the tree meanwhile: no symbolic link is followed, and no path leads out.

use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::{Mode, OFlags, ResolveFlags, openat, openat2};
use rustix::io::Errno;

const RESOLVE: ResolveFlags = ResolveFlags::BENEATH.union(ResolveFlags::NO_SYMLINKS).union(ResolveFlags::NO_MAGICLINKS);
/// The kernel gives up where folders move while it looks.
const TRIES: usize = 16;

pub const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
/// A pipe or a device does not block, and is found to be one afterwards.
pub const READ: OFlags = OFlags::RDONLY.union(OFlags::NONBLOCK).union(OFlags::NOCTTY).union(OFlags::CLOEXEC);

/// Opens `path`, relative to `folder`, without creating anything.
///
/// # Errors
/// The kernel's; ELOOP or EXDEV where the path would be led elsewhere.
pub fn open(folder: impl AsFd, path: &[u8], flags: OFlags) -> io::Result<OwnedFd> {
    for _ in 0..TRIES {
        match openat2(&folder, path, flags | OFlags::NOFOLLOW, Mode::empty(), RESOLVE) {
            // An older kernel, or a sandbox that does not know the call.
            Err(Errno::NOSYS | Errno::PERM) => return step_by_step(folder, path, flags),
            Err(Errno::AGAIN | Errno::INTR) => {}
            result => return Ok(result?),
        }
    }
    Err(Errno::AGAIN.into())
}

/// The same for a kernel without openat2: one component at a time.
fn step_by_step(folder: impl AsFd, path: &[u8], flags: OFlags) -> io::Result<OwnedFd> {
    let mut names = path.split(|byte| *byte == b'/').peekable();
    let mut at: Option<OwnedFd> = None;
    while let Some(name) = names.next() {
        if name.is_empty() || name == b".." {
            return Err(Errno::XDEV.into());
        }
        let flags = if names.peek().is_some() { FOLDER } else { flags };
        let from = at.as_ref().map_or_else(|| folder.as_fd(), AsFd::as_fd);
        at = Some(openat(from, name, flags | OFlags::NOFOLLOW, Mode::empty())?);
    }
    at.ok_or_else(|| Errno::NOENT.into())
}

/// Opens a folder by a path that may have symbolic links.
///
/// # Errors
/// The kernel's.
pub fn open_folder(path: &Path) -> io::Result<OwnedFd> {
    Ok(rustix::fs::open(path, FOLDER, Mode::empty())?)
}

pub fn os(name: &[u8]) -> &OsStr {
    OsStr::from_bytes(name)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn nothing_leads_out_of_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir_all(at("root/in/deep")).unwrap();
        fs::create_dir(at("outside")).unwrap();
        fs::write(at("outside/secret"), "s").unwrap();
        fs::write(at("root/in/deep/file"), "f").unwrap();
        symlink("../outside", at("root/link")).unwrap();
        symlink("in", at("root/inner")).unwrap();
        symlink("deep/file", at("root/in/alias")).unwrap();
        symlink("/", at("root/in/slash")).unwrap();
        let root = open_folder(&at("root")).unwrap();
        for how in [
            |at: &OwnedFd, path: &[u8], flags| open(at, path, flags),
            |at: &OwnedFd, path: &[u8], flags| step_by_step(at, path, flags),
        ] {
            assert!(how(&root, b"in/deep/file", READ).is_ok());
            assert!(how(&root, b"in/deep", FOLDER).is_ok());
            let bad: [&[u8]; 8] = [
                b"link/secret",
                b"inner/deep/file",
                b"in/alias",
                b"in/slash/etc",
                b"../outside/secret",
                b"in/../../outside/secret",
                b"/etc/passwd",
                b"",
            ];
            for path in bad {
                assert!(how(&root, path, READ).is_err(), "{:?}", os(path));
            }
        }
    }
}
