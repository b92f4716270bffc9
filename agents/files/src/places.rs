//! Where files lie that have no other place, and what new ones may be.

use std::fs;
use std::path::{Path, PathBuf};

/// Of the user whose files these are.
#[derive(Debug, Clone)]
pub struct Places {
    /// Relative paths begin here.
    pub home: PathBuf,
    /// Has a folder for each source.
    pub incoming: PathBuf,
    /// Has a folder for each file that came to be opened.
    pub opened: PathBuf,
    /// Bits that new files and folders do not have.
    pub umask: u32,
}

impl Places {
    pub fn of_home(home: PathBuf) -> Self {
        let (incoming, opened) = (home.join("Incoming"), home.join("Opened"));
        Self { home, incoming, opened, umask: umask() }
    }

    pub fn absolute(&self, path: &Path) -> PathBuf {
        self.home.join(path)
    }
}

/// Of this process; reading it any other way would change it for a moment.
fn umask() -> u32 {
    const USUAL: u32 = 0o022;
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("Umask:"));
    mask.and_then(|mask| u32::from_str_radix(mask.trim(), 8).ok()).unwrap_or(USUAL)
}
