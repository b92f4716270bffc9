//! What a person does to a file on the desktop: another name, into the trash, back from there.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use atoll_wire::FileReason;
use atoll_wire::file_act::What;
use atoll_wire::limits::MAX_FILE_NAME_BYTES;
use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

use crate::{beneath, list, names};

/// Below the user's home. <https://specifications.freedesktop.org/trash-spec/latest/>
const TRASH: &str = ".local/share/Trash";
const INFO_ENDING: &str = ".trashinfo";
/// Of a name in the trash.
const MAX_TRIES: u32 = 10_000;
/// Of a name that gets a number and has a note.
const MAX_NAME_BYTES: usize = MAX_FILE_NAME_BYTES - " (9999)".len() - INFO_ENDING.len();

/// Gives the path where it is afterwards.
///
/// # Errors
/// Why it was not done; then everything is as it was.
pub fn act(path: &Path, what: Option<What>, home: &Path) -> Result<Vec<u8>, FileReason> {
    let moved = match what {
        Some(What::Name(name)) => rename(path, &name)?,
        Some(What::Trash(_)) => trash(path, &home.join(TRASH))?,
        Some(What::Restore(_)) => restore(path, &home.join(TRASH))?,
        None => return Err(FileReason::Unwritable),
    };
    Ok(moved.into_os_string().into_vec())
}

fn rename(path: &Path, name: &[u8]) -> Result<PathBuf, FileReason> {
    if !names::is_allowed(name) {
        return Err(FileReason::Name);
    }
    let new = path.parent().ok_or(FileReason::Gone)?.join(beneath::os(name));
    move_to_free(path, &new)?;
    Ok(new)
}

fn move_to_free(path: &Path, new: &Path) -> Result<(), FileReason> {
    renameat_with(CWD, path, CWD, new, RenameFlags::NOREPLACE).map_err(reason)
}

fn reason(error: Errno) -> FileReason {
    match error {
        Errno::EXIST => FileReason::Collision,
        Errno::NOENT => FileReason::Gone,
        Errno::NOSPC | Errno::DQUOT => FileReason::NoSpace,
        Errno::NAMETOOLONG => FileReason::Name,
        _ => FileReason::Unwritable,
    }
}

fn trash(path: &Path, trash: &Path) -> Result<PathBuf, FileReason> {
    let name = names::shortened(&path.file_name().ok_or(FileReason::Gone)?.to_string_lossy(), MAX_NAME_BYTES);
    let (files, info) = (trash.join("files"), trash.join("info"));
    let failed = |error: io::Error| match list::reason(&error) {
        FileReason::Unreadable => FileReason::Unwritable,
        reason => reason,
    };
    for folder in [&files, &info] {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    for number in 1..MAX_TRIES {
        let name = if number == 1 { name.clone() } else { names::numbered(&name, number) };
        let note = info.join(format!("{name}{INFO_ENDING}"));
        // Whoever creates the note first has the name.
        let mut file = match File::create_new(&note) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => continue,
            result => result.map_err(failed)?,
        };
        let place = files.join(&name);
        let moved =
            file.write_all(note_text(path).as_bytes()).map_err(failed).and_then(|()| move_to_free(path, &place));
        match moved {
            Ok(()) => return Ok(place),
            Err(reason) => {
                let _ = fs::remove_file(&note);
                if reason != FileReason::Collision {
                    return Err(reason);
                }
            }
        }
    }
    Err(FileReason::TooMany)
}

fn restore(place: &Path, trash: &Path) -> Result<PathBuf, FileReason> {
    if place.parent() != Some(&trash.join("files")) {
        return Err(FileReason::Gone);
    }
    let name = place.file_name().ok_or(FileReason::Gone)?.to_string_lossy();
    let note = trash.join("info").join(format!("{name}{INFO_ENDING}"));
    let text = fs::read_to_string(&note).map_err(|_| FileReason::Gone)?;
    let path = text.lines().find_map(|line| line.strip_prefix("Path=")).ok_or(FileReason::Gone)?;
    let path = PathBuf::from(std::ffi::OsString::from_vec(decoded(path)));
    move_to_free(place, &path)?;
    let _ = fs::remove_file(&note);
    Ok(path)
}

fn note_text(path: &Path) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    format!("[Trash Info]\nPath={}\nDeletionDate={}\n", encoded(path), date(now))
}

/// As the path of a URI.
fn encoded(path: &Path) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    let encode = |byte: &u8| if is_plain(*byte) { char::from(*byte).to_string() } else { format!("%{byte:02X}") };
    path.as_os_str().as_bytes().iter().map(encode).collect()
}

fn decoded(text: &str) -> Vec<u8> {
    let mut bytes = text.bytes();
    let mut decoded = Vec::new();
    while let Some(byte) = bytes.next() {
        let hex = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
        let rest = bytes.clone();
        match (byte, hex(bytes.next()), hex(bytes.next())) {
            (b'%', Some(high), Some(low)) => decoded.push(u8::try_from(high * 16 + low).unwrap_or(b'?')),
            _ => {
                decoded.push(byte);
                bytes = rest;
            }
        }
    }
    decoded
}

/// A guest's clock has no time zone: `YYYY-MM-DDThh:mm:ss`.
fn date(unix_s: u64) -> String {
    const DAY_S: u64 = 86_400;
    let (mut days, seconds) = (unix_s / DAY_S, unix_s % DAY_S);
    let is_leap = |year: u64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let mut year = 1970;
    while days >= 365 + u64::from(is_leap(year)) {
        days -= 365 + u64::from(is_leap(year));
        year += 1;
    }
    let february = 28 + u64::from(is_leap(year));
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{:02}T{hour:02}:{minute:02}:{second:02}", days + 1)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use atoll_wire::{FileRestore, FileTrash};

    fn home() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let desktop = folder.path().join("Desktop");
        fs::create_dir(&desktop).unwrap();
        (folder, desktop)
    }

    #[test]
    fn a_new_name_never_replaces_a_file() {
        let (home, desktop) = home();
        for name in ["a", "b"] {
            fs::write(desktop.join(name), name).unwrap();
        }
        let rename = |name: &[u8]| act(&desktop.join("a"), Some(What::Name(name.to_vec())), home.path());
        assert_eq!(rename(b"b"), Err(FileReason::Collision));
        for name in [&b""[..], b".", b"..", b"x/y", b"../x", b"x\0", b"a\xff", b"end."] {
            assert_eq!(rename(name), Err(FileReason::Name), "{name:?}");
        }
        assert_eq!(fs::read(desktop.join("b")).unwrap(), b"b");
        let new = desktop.join("c d.txt");
        assert_eq!(rename(b"c d.txt"), Ok(new.as_os_str().as_bytes().to_vec()));
        assert_eq!(fs::read(new).unwrap(), b"a");
        assert_eq!(rename(b"e"), Err(FileReason::Gone));
    }

    #[test]
    fn what_goes_to_the_trash_comes_back() {
        let (home, desktop) = home();
        let file = desktop.join("50% of \u{e9}.txt");
        let mut places = Vec::new();
        for content in ["one", "two"] {
            fs::write(&file, content).unwrap();
            let place = act(&file, Some(What::Trash(FileTrash {})), home.path()).unwrap();
            assert!(!file.exists());
            places.push(PathBuf::from(beneath::os(&place)));
        }
        assert_ne!(places[0], places[1]);
        let restore = |place: &Path| act(place, Some(What::Restore(FileRestore {})), home.path());
        assert_eq!(restore(&places[0]), Ok(file.as_os_str().as_bytes().to_vec()));
        assert_eq!(fs::read_to_string(&file).unwrap(), "one");
        // The other one may not replace it, and stays where it is.
        assert_eq!(restore(&places[1]), Err(FileReason::Collision));
        assert!(places[1].exists());
        assert_eq!(restore(&places[0]), Err(FileReason::Gone));
        assert_eq!(restore(&file), Err(FileReason::Gone));
        assert_eq!(fs::read_dir(home.path().join(TRASH).join("info")).unwrap().count(), 1);
    }

    #[test]
    fn a_file_of_the_longest_name_goes_to_the_trash_and_comes_back() {
        let (home, desktop) = home();
        for name in [format!("{}x.tar.gz", "é".repeat(123)), "é".repeat(127), format!(".{}", "x".repeat(254))] {
            let file = desktop.join(&name);
            for content in ["one", "two"] {
                fs::write(&file, content).unwrap();
                let place = act(&file, Some(What::Trash(FileTrash {})), home.path()).unwrap();
                if content == "two" {
                    assert!(!file.exists());
                    act(Path::new(beneath::os(&place)), Some(What::Restore(FileRestore {})), home.path()).unwrap();
                }
            }
            assert_eq!(fs::read_to_string(&file).unwrap(), "two", "{name}");
        }
    }

    #[test]
    fn dates_are_as_the_calendar_has_them() {
        for (unix_s, text) in [
            (0, "1970-01-01T00:00:00"),
            (951_782_400, "2000-02-29T00:00:00"),
            (1_709_251_199, "2024-02-29T23:59:59"),
            (1_795_869_705, "2026-11-28T12:41:45"),
            (4_102_444_799, "2099-12-31T23:59:59"),
        ] {
            assert_eq!(date(unix_s), text);
        }
    }

    #[test]
    fn paths_are_written_as_in_a_uri() {
        let path = Path::new(beneath::os(b"/home/user/a b%\xff"));
        assert_eq!(encoded(path), "/home/user/a%20b%25%FF");
        assert_eq!(decoded(&encoded(path)), path.as_os_str().as_bytes());
        assert_eq!(decoded("%4"), b"%4");
        assert_eq!(decoded("%zz%"), b"%zz%");
    }
}
