//! `atoll-pages DOCUMENT`: makes a PDF of the pages that come to its standard input (atoll-pages), beside the document of which
//! they are. The host runs it. `DOCUMENT` is a path in hexadecimal digits, absolute or below the user's home.
//!
//! It prints `page N of M` after each page, and at its end `copy PAGES BYTES PATH`, the path in hexadecimal digits. Exit code 1: there
//! is no copy, and standard error says why.

use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use atoll_files::names::{is_allowed, numbered};
use atoll_wire::limits::MAX_FILE_NAME_BYTES;
use rustix::fs::{AtFlags, CWD, Mode, OFlags};
use rustix::io::Errno;

const COMMAND: &str = "atoll-pages";
/// Of a document whose name cannot be a new file's.
const PLAIN_NAME: &str = "document";
const ENDING: &str = "-safe.pdf";
const BUFFER: usize = 256 << 10;
const MAX_NAMES: u32 = 10_000;

/// Its arguments, where the program was called by this name.
pub fn command(arguments: impl IntoIterator<Item = OsString>) -> Option<Vec<OsString>> {
    let mut arguments = arguments.into_iter();
    let program = arguments.next()?;
    (Path::new(&program).file_name() == Some(OsStr::new(COMMAND))).then(|| arguments.collect())
}

/// Gives the exit code.
pub fn run(arguments: &[OsString]) -> u8 {
    let [document] = arguments else { return failed("usage: atoll-pages DOCUMENT") };
    let Some(document) = from_hex(document.as_bytes()) else { return failed("the path is no hexadecimal number") };
    let home = std::env::var_os("HOME").map_or_else(|| PathBuf::from("/"), PathBuf::from);
    match make(&home.join(Path::new(&OsString::from_vec(document))), &home) {
        Ok(()) => 0,
        Err(reason) => failed(&reason),
    }
}

fn failed(reason: &str) -> u8 {
    eprintln!("{COMMAND}: {reason}");
    1
}

fn make(document: &Path, home: &Path) -> Result<(), String> {
    let (folder, file) = open(document.parent().unwrap_or(home), home).map_err(|error| error.to_string())?;
    // A line at a time, also where it is a pipe.
    let mut output = io::stdout();
    let mut writer = BufWriter::with_capacity(BUFFER, &file);
    let stream = BufReader::with_capacity(BUFFER, io::stdin().lock());
    let page_done = |page, of| {
        let _ = writeln!(output, "page {page} of {of}");
    };
    let copy = atoll_pages::copy(stream, &mut writer, page_done).map_err(|failure| failure.to_string())?;
    writer.flush().map_err(|error| error.to_string())?;
    drop(writer);
    let path = place(&file, &folder, &name_of(document)).map_err(|error| error.to_string())?;
    println!("copy {} {} {}", copy.pages, copy.bytes, to_hex(path.as_os_str().as_bytes()));
    Ok(())
}

/// A file without a name, which is gone with this process: in the document's folder, or at home where nothing may be written there.
fn open(beside: &Path, home: &Path) -> Result<(PathBuf, File), Errno> {
    let unnamed = |folder: &Path| {
        let flags = OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC;
        rustix::fs::open(folder, flags, Mode::RUSR | Mode::WUSR).map(|file| (folder.to_owned(), File::from(file)))
    };
    unnamed(beside).or_else(|_| unnamed(home))
}

/// Gives `file` a name that no other file there has.
fn place(file: &File, folder: &Path, name: &str) -> Result<PathBuf, Errno> {
    use std::os::fd::AsRawFd;
    let unnamed = format!("/proc/self/fd/{}", file.as_raw_fd());
    let names = std::iter::once(name.to_owned()).chain((2..MAX_NAMES).map(|number| numbered(name, number)));
    for name in names {
        let path = folder.join(name);
        match rustix::fs::linkat(CWD, &unnamed, CWD, &path, AtFlags::SYMLINK_FOLLOW) {
            Ok(()) => return Ok(path),
            Err(Errno::EXIST) => {}
            Err(error) => return Err(error),
        }
    }
    Err(Errno::EXIST)
}

/// `report.pdf` and `report.odt` give `report-safe.pdf`.
fn name_of(document: &Path) -> String {
    let stem = document.file_stem().and_then(OsStr::to_str).filter(|stem| is_allowed(stem.as_bytes()));
    let stem = stem.unwrap_or(PLAIN_NAME);
    let room = MAX_FILE_NAME_BYTES - ENDING.len();
    let end = (0..=room.min(stem.len())).rev().find(|at| stem.is_char_boundary(*at)).unwrap_or(0);
    format!("{}{ENDING}", stem.get(..end).unwrap_or_default())
}

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

fn from_hex(digits: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pairs = digits.chunks(2);
    pairs.map(|pair| if let [high, low] = pair { Some(digit(high)? << 4 | digit(low)?) } else { None }).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn it_is_called_by_its_name() {
        let of = |words: &[&str]| command(words.iter().map(OsString::from));
        assert_eq!(of(&["/run/x/atoll-pages", "61"]), Some(vec!["61".into()]));
        assert_eq!(of(&["atoll-agent", "61"]), None);
    }

    #[test]
    fn a_copy_has_the_documents_name() {
        for (document, copy) in [
            ("a/report.pdf", "report-safe.pdf"),
            ("letter", "letter-safe.pdf"),
            ("a.b.odt", "a.b-safe.pdf"),
            ("a\u{202e}fdp.exe", "document-safe.pdf"),
        ] {
            assert_eq!(name_of(Path::new(document)), copy);
        }
        let long = name_of(Path::new(&"é".repeat(127)));
        assert!(is_allowed(long.as_bytes()) && long.ends_with(ENDING), "{long}");
    }

    #[test]
    fn a_path_in_digits_is_the_same_path() {
        assert_eq!(from_hex(to_hex(b"/a\xff b").as_bytes()), Some(b"/a\xff b".to_vec()));
        assert_eq!((from_hex(b"6"), from_hex(b"zz")), (None, None));
    }

    #[test]
    fn a_copy_takes_no_other_files_place() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        fs::write(folder.path().join("a-safe.pdf"), "there")?;
        let (found, file) = open(folder.path(), Path::new("/"))?;
        assert_eq!(fs::read_dir(folder.path())?.count(), 1);
        let path = place(&file, &found, "a-safe.pdf")?;
        assert_eq!(path, folder.path().join("a-safe (2).pdf"));
        assert_eq!(fs::read_to_string(folder.path().join("a-safe.pdf"))?, "there");
        Ok(())
    }

    #[test]
    fn a_copy_is_at_home_where_it_cannot_be_beside_its_document() -> io::Result<()> {
        let home = tempfile::tempdir()?;
        let (found, _) = open(Path::new("/proc/self"), home.path())?;
        assert_eq!(found, home.path());
        Ok(())
    }
}
