//! Notices when desktop entries come, go or change, and says so to the host: AppsChanged.

use std::collections::BTreeMap;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use atoll_wire::AppsChanged;
use atoll_wire::header::Message as Body;
use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use rustix::io::Errno;

use crate::agent::Agent;
use crate::apps;
use crate::error::AgentError;
use crate::ports::PortKind;
use crate::session::Phase;

/// A package brings several entries, and a file is written in several steps: they are told as one change.
const SETTLES: Duration = Duration::from_millis(300);
/// Folders with entries that are watched at most, those within the folders of applications included.
const MAX_WATCHED: usize = 64;
const EVENTS_BYTES: usize = 4096;

#[derive(Debug, Default)]
pub struct AppChanges {
    inotify: Option<Rc<OwnedFd>>,
    /// By watch descriptor: the folder, and whether it holds entries. Of one that is not there yet, the nearest folder
    /// above it is watched.
    watched: BTreeMap<i32, (PathBuf, bool)>,
    is_told_soon: bool,
}

impl AppChanges {
    /// Watches what there is to watch now; true = other folders with entries than before.
    fn watch(&mut self) -> bool {
        let Some(fd) = &self.inotify else { return false };
        let mut watched = BTreeMap::new();
        for (folder, has_entries) in wanted() {
            let flags = WatchFlags::CREATE
                | WatchFlags::DELETE
                | WatchFlags::MOVE
                | WatchFlags::CLOSE_WRITE
                | WatchFlags::DELETE_SELF
                | WatchFlags::ONLYDIR;
            match inotify::add_watch(&**fd, &folder, flags) {
                // The same descriptor again for a folder that is watched already.
                Ok(watch) => {
                    let entry = watched.entry(watch).or_insert((folder, false));
                    entry.1 |= has_entries;
                }
                Err(error) => log::debug!("{} is not watched: {error}", folder.display()),
            }
        }
        for gone in self.watched.keys().filter(|watch| !watched.contains_key(watch)) {
            // Of a folder that was deleted the kernel has ended it already.
            let _ = inotify::remove_watch(&**fd, *gone);
        }
        let entries = |watched: &BTreeMap<i32, (PathBuf, bool)>| {
            watched
                .values()
                .filter(|(_, has_entries)| *has_entries)
                .map(|(folder, _)| folder.clone())
                .collect::<Vec<_>>()
        };
        let differs = entries(&watched) != entries(&self.watched);
        self.watched = watched;
        differs
    }

    /// Reads what happened; true = something in a folder with entries.
    fn read(&self, fd: &OwnedFd) -> bool {
        let mut buffer = [MaybeUninit::uninit(); EVENTS_BYTES];
        let mut reader = inotify::Reader::new(fd, &mut buffer);
        let mut happened = false;
        loop {
            match reader.next() {
                Ok(event) => happened |= self.watched.get(&event.wd()).is_some_and(|(_, has_entries)| *has_entries),
                Err(Errno::INTR) => {}
                // Nothing more (AGAIN).
                Err(_) => return happened,
            }
        }
    }
}

impl Agent {
    /// # Errors
    /// The kernel gives no inotify.
    pub fn watch_apps(&mut self) -> Result<(), AgentError> {
        let fd = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)
            .map_err(|error| AgentError::Start("inotify", error.to_string()))?;
        let readable = fd.try_clone().map_err(|error| AgentError::Start("inotify", error.to_string()))?;
        self.app_changes.inotify = Some(Rc::new(fd));
        self.app_changes.watch();
        self.on_readable(readable, |agent, fd| {
            let happened = agent.app_changes.read(fd);
            if agent.app_changes.watch() || happened {
                agent.tell_apps_soon();
            }
            true
        });
        Ok(())
    }

    fn tell_apps_soon(&mut self) {
        if self.app_changes.is_told_soon {
            return;
        }
        self.app_changes.is_told_soon = self.after(SETTLES, |agent| {
            agent.app_changes.is_told_soon = false;
            if agent.session.phase == Phase::Open {
                agent.send(PortKind::Control, Body::AppsChanged(AppsChanged {}));
            }
        });
    }
}

/// Folders to watch, and whether they hold entries.
fn wanted() -> Vec<(PathBuf, bool)> {
    let mut wanted = Vec::new();
    for folder in apps::folders() {
        if folder.is_dir() {
            add_with_folders_within(folder, &mut wanted);
        } else if let Some(above) = folder.ancestors().skip(1).find(|above| above.is_dir()) {
            wanted.push((above.to_owned(), false));
        }
    }
    wanted
}

/// An entry may lie deeper: `kde/org.example.desktop`.
fn add_with_folders_within(folder: PathBuf, wanted: &mut Vec<(PathBuf, bool)>) {
    if wanted.len() >= MAX_WATCHED {
        return;
    }
    let within = folders_within(&folder);
    wanted.push((folder, true));
    for folder in within {
        add_with_folders_within(folder, wanted);
    }
}

fn folders_within(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let folders = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    folders.map(|entry| entry.path()).collect()
}
