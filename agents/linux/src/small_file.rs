//! Small text files that programs of the guest may write, or put something else in their place: a pipe, which nobody writes,
//! or a file without an end. Neither may stop the agent.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use rustix::fs::{FileType, Mode, OFlags, fstat};

/// Lists of types and desktop entries have some tens of KiB at most.
const MAX_BYTES: u64 = 1024 * 1024;

/// The text of a file. None = there is none, it is no file, no UTF-8, or larger than a MiB.
pub fn read(path: &Path) -> Option<String> {
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = rustix::fs::open(path, flags, Mode::empty()).ok()?;
    let stat = fstat(&file).ok()?;
    let is_small = u64::try_from(stat.st_size).is_ok_and(|size| size <= MAX_BYTES);
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile || !is_small {
        return None;
    }
    let mut text = String::new();
    // It may grow meanwhile.
    File::from(file).take(MAX_BYTES).read_to_string(&mut text).ok()?;
    Some(text)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use rustix::fs::{CWD, mkfifoat};
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn what_is_no_small_text_file_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("text"), "grüße").unwrap();
        symlink("text", at("link")).unwrap();
        assert_eq!(read(&at("text")), Some("grüße".to_owned()));
        assert_eq!(read(&at("link")), Some("grüße".to_owned()));

        mkfifoat(CWD, at("pipe"), Mode::RUSR | Mode::WUSR).unwrap();
        symlink("/dev/zero", at("endless")).unwrap();
        File::create(at("large")).unwrap().set_len(1 << 40).unwrap();
        fs::write(at("bytes"), [0xff]).unwrap();
        fs::create_dir(at("folder")).unwrap();
        for name in ["pipe", "endless", "large", "bytes", "folder", "none"] {
            assert_eq!(read(&at(name)), None, "{name}");
        }
    }
}
