//! Reads programs and libraries before a guest's memory is kept: forks have them in memory then, which they share, and programs
//! start with hardly a word to the disk.

use nix::sys::sysinfo::sysinfo;
use std::fs::{self, File};
use std::io::{copy, sink};
use std::path::{Path, PathBuf};

const FOLDERS: [&str; 3] = ["/usr/bin", "/usr/sbin", "/usr/lib"];
const DEEPEST: u32 = 8;

/// How much of the guest's memory what is read may have, in eighths: the rest is its programs'.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Share {
    Service = 2,
    /// Its viewers and their toolkit are large.
    Template = 3,
}

pub fn read_programs(share: Share) {
    let budget = sysinfo().map_or(0, |info| info.ram_total() / 8 * share as u64);
    let mut files = Vec::new();
    for folder in FOLDERS {
        list(Path::new(folder), DEEPEST, &mut files);
    }
    for path in chosen(files, budget) {
        // What cannot be read now is read later, or not at all.
        let _ = File::open(path).and_then(|mut file| copy(&mut file, &mut sink()));
    }
}

/// Files below a folder with their sizes; links are not followed.
fn list(folder: &Path, deepest: u32, files: &mut Vec<(u64, PathBuf)>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let Ok(about) = entry.metadata() else { continue };
        if about.is_file() {
            files.push((about.len(), entry.path()));
        } else if about.is_dir() && deepest > 0 {
            list(&entry.path(), deepest - 1, files);
        }
    }
}

/// As many as fit, the small ones first: what most programs need is none of the large ones.
fn chosen(mut files: Vec<(u64, PathBuf)>, budget: u64) -> impl Iterator<Item = PathBuf> {
    files.sort();
    files.into_iter().scan(0, move |sum, (bytes, path)| {
        *sum += bytes;
        (*sum <= budget).then_some(path)
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn the_small_files_come_first_as_far_as_memory_goes() {
        let files = [(5, "e"), (1, "a"), (3, "c")].map(|(bytes, name)| (bytes, PathBuf::from(name))).to_vec();
        let names = |budget| chosen(files.clone(), budget).collect::<Vec<_>>();
        assert_eq!(names(4), [PathBuf::from("a"), PathBuf::from("c")]);
        assert_eq!(names(9).len(), 3);
        assert_eq!(names(0).len(), 0);
    }

    #[test]
    fn lists_files_of_all_folders_and_follows_no_link() {
        let folder = std::env::temp_dir().join(format!("atoll-warm-{}", std::process::id()));
        let below = folder.join("below");
        fs::create_dir_all(&below).unwrap();
        fs::write(below.join("library"), [0; 7]).unwrap();
        symlink("/", folder.join("out")).unwrap();
        let mut files = Vec::new();
        list(&folder, DEEPEST, &mut files);
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(files, [(7, below.join("library"))]);
    }
}
