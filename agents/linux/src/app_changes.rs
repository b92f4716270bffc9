//! Watches the folders of desktop entries, and reports changes to the host: AppsChanged.

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

/// Changes that come within this are reported together: a package brings several entries, and a file is written in
/// several steps.
const SETTLE_TIME: Duration = Duration::from_millis(300);
/// Folders with entries that are watched at most, subfolders included.
const MAX_WATCHED: usize = 64;
/// Looks at what there is to watch; more = folders come and go all the time, and the next event looks again.
const MAX_ROUNDS: usize = 8;
const EVENTS_BYTES: usize = 4096;

#[derive(Debug, Default)]
pub struct AppChanges {
    inotify: Option<Rc<OwnedFd>>,
    /// By watch descriptor: the folder, and whether it holds entries. Where a folder of entries does not exist yet, the
    /// nearest folder above it is watched.
    watched: BTreeMap<i32, (PathBuf, bool)>,
    timer_armed: bool,
}

impl AppChanges {
    /// Watches the folders that exist now. True = the folders with entries are not the same as before.
    fn watch(&mut self) -> bool {
        let mut differs = false;
        for _ in 0..MAX_ROUNDS {
            let folders = wanted();
            differs |= self.watch_folders(folders.clone());
            // A folder that came before the one above it was watched has made no event.
            if wanted() == folders {
                break;
            }
        }
        differs
    }

    fn watch_folders(&mut self, folders: Vec<(PathBuf, bool)>) -> bool {
        let Some(fd) = &self.inotify else { return false };
        let mut watched = BTreeMap::new();
        for (folder, has_entries) in folders {
            let flags = WatchFlags::CREATE
                | WatchFlags::DELETE
                | WatchFlags::MOVE
                | WatchFlags::CLOSE_WRITE
                | WatchFlags::DELETE_SELF
                | WatchFlags::ONLYDIR;
            match inotify::add_watch(&**fd, &folder, flags) {
                // The kernel gives the same descriptor again for a folder that is watched already.
                Ok(watch) => {
                    let entry = watched.entry(watch).or_insert((folder, false));
                    entry.1 |= has_entries;
                }
                Err(error) => log::debug!("{} is not watched: {error}", folder.display()),
            }
        }
        for gone in self.watched.keys().filter(|watch| !watched.contains_key(watch)) {
            // The kernel has removed the watch of a folder that was deleted already.
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

    /// Reads the events that are there. True = one of them is of a folder with entries.
    fn read(&self, fd: &OwnedFd) -> bool {
        let mut buffer = [MaybeUninit::uninit(); EVENTS_BYTES];
        let mut reader = inotify::Reader::new(fd, &mut buffer);
        let mut happened = false;
        loop {
            match reader.next() {
                Ok(event) => happened |= self.watched.get(&event.wd()).is_some_and(|(_, has_entries)| *has_entries),
                Err(Errno::INTR) => {}
                // No more events (AGAIN).
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
                agent.report_app_changes_later();
            }
            true
        });
        Ok(())
    }

    fn report_app_changes_later(&mut self) {
        if self.app_changes.timer_armed {
            return;
        }
        self.app_changes.timer_armed = self.after(SETTLE_TIME, |agent| {
            agent.app_changes.timer_armed = false;
            agent.install_opener();
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
