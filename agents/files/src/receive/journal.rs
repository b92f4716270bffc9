//! What a transfer has done, for the next try after an interruption: a file in its staging folder. It never says more than
//! what is so; what it misses is received again, and found to be the same.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Write};

use atoll_wire::limits::MAX_FILES;
use atoll_wire::{FileEntry, FileReason};
use rustix::fs::{AtFlags, Mode, OFlags, openat, unlinkat};

use super::Request;
use super::destination::hex;
use super::staging::{self, Staging};
use crate::End;
use crate::digest::Hasher;

const NAME: &str = "journal";
/// A line for each entry and one more, with the longest names.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

pub struct Journal(File);

/// What an earlier try has done.
#[derive(Debug, Default)]
pub struct Past {
    /// Nothing is to be done for any file before this one.
    pub next: u32,
    /// Files that have failed: at most `MAX_FILES`, and perhaps none of the list.
    pub failed: BTreeMap<u32, FileReason>,
    /// Names that folders have got.
    pub folders: BTreeMap<u32, Vec<u8>>,
}

impl Past {
    fn pass(&mut self, index: u32) {
        self.next = self.next.max(index.saturating_add(1));
    }
}

impl Journal {
    /// Reads what the journal of the same list says; the one of another list is begun anew, and what is there removed.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn open(staging: &Staging, request: &Request) -> Result<(Self, Past), End> {
        let list = hex(&list_digest(request));
        Self::try_open(staging, &list).map_err(|error| End::new(staging::reason(&error), error.to_string()))
    }

    fn try_open(staging: &Staging, list: &str) -> io::Result<(Self, Past)> {
        let flags = OFlags::RDWR | OFlags::APPEND | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mut file = File::from(openat(staging.folder(), NAME, flags, Mode::RUSR | Mode::WUSR)?);
        let mut text = Vec::new();
        (&mut file).take(MAX_BYTES).read_to_end(&mut text)?;
        if let Some(past) = parse(&text, list) {
            return Ok((Self(file), past));
        }
        unlinkat(staging.folder(), NAME, AtFlags::empty())?;
        staging.keep_only(u32::MAX);
        let mut file = File::from(openat(staging.folder(), NAME, flags | OFlags::EXCL, Mode::RUSR | Mode::WUSR)?);
        writeln!(file, "{list}")?;
        Ok((Self(file), Past::default()))
    }

    /// A file has its name.
    pub fn done(&mut self, index: u32) {
        // Without the line the file comes again.
        let _ = self.0.write_all(format!("done {index}\n").as_bytes());
    }

    /// A file is given up: the next try says so again, to a host that may not have heard it.
    pub fn failed(&mut self, index: u32, reason: FileReason) {
        let _ = self.0.write_all(format!("failed {index} {}\n", i32::from(reason)).as_bytes());
    }

    pub fn folder(&mut self, index: u32, name: &[u8]) {
        let _ = self.0.write_all(format!("folder {index} {}\n", hex(name)).as_bytes());
    }
}

/// None = it is of another list. A last line that is not whole counts for nothing.
fn parse(text: &[u8], list: &str) -> Option<Past> {
    let text = String::from_utf8_lossy(text);
    let mut lines = text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n'));
    if lines.next() != Some(list) {
        return None;
    }
    let mut past = Past::default();
    for line in lines {
        let mut words = line.split(' ');
        let (kind, index, value) =
            (words.next(), words.next().and_then(|index| index.parse::<u32>().ok()), words.next());
        let Some(index) = index else { continue };
        match (kind, value) {
            (Some("done"), None) => past.pass(index),
            (Some("failed"), Some(reason)) => {
                past.pass(index);
                if past.failed.len() < MAX_FILES {
                    past.failed.insert(index, reason_of(reason));
                }
            }
            (Some("folder"), Some(name)) => {
                if let Some(name) = unhex(name) {
                    past.folders.insert(index, name);
                }
            }
            _ => {}
        }
    }
    Some(past)
}

fn reason_of(text: &str) -> FileReason {
    let reason = text.parse::<i32>().ok().and_then(|reason| FileReason::try_from(reason).ok());
    reason.filter(|reason| *reason != FileReason::Unspecified).unwrap_or(FileReason::Unreadable)
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

/// The same list gives the same.
fn list_digest(request: &Request) -> [u8; 32] {
    let mut hasher = Hasher::default();
    for FileEntry { kind, path, size, executable, modified_s, .. } in &request.entries {
        hasher.update(&kind.to_le_bytes());
        hasher.update(&path.len().to_le_bytes());
        hasher.update(path);
        hasher.update(&size.to_le_bytes());
        hasher.update(&[u8::from(*executable)]);
        hasher.update(&modified_s.to_le_bytes());
    }
    hasher.digest()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_journal_says_what_was_done() {
        let past = parse(b"list\nfolder 0 61206228322929\ndone 1\ndone 4\nfolder x\ndone 9", "list").unwrap();
        assert_eq!(past.next, 5);
        assert_eq!(past.folders[&0], b"a b(2))");
        let past = parse(b"list\nfailed 3 13\nfailed 2 99\nfailed 5 0\nfailed 6\nfailed 9 1", "list").unwrap();
        assert_eq!(past.next, 6);
        let failed = [(2, FileReason::Unreadable), (3, FileReason::NoSpace), (5, FileReason::Unreadable)];
        assert_eq!(past.failed, BTreeMap::from(failed));
        assert!(parse(b"other\ndone 1\n", "list").is_none());
        assert!(parse(b"list", "list").is_none());
        assert_eq!(parse(b"list\ndone 4294967295\n", "list").unwrap().next, u32::MAX);
    }

    #[test]
    fn a_journal_with_more_failures_than_a_transfer_has_files_costs_no_more_memory() {
        let lines = (0..u32::try_from(MAX_FILES).unwrap() + 9).map(|index| format!("failed {index} 13\n"));
        let text = format!("list\n{}", lines.collect::<String>());
        assert_eq!(parse(text.as_bytes(), "list").unwrap().failed.len(), MAX_FILES);
    }
}
