//! What the desktop shows of folders here, and what a person does to the files in them. See "Folders" in atoll.proto.

use std::collections::BTreeMap;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use atoll_wire::header::Message as Body;
use atoll_wire::limits::{MAX_FILE_ACTS, MAX_FILE_NAME_BYTES, MAX_FOLDER_ENTRIES, MAX_FOLDERS};
use atoll_wire::{FileAct, FileActed, FileReason, FolderChanged, FolderEntry, FolderShow};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
use rustix::fs::{AtFlags, Dir, FileType, statat};
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, pipe_with};

use crate::{act, beneath};

/// Between two looks at a folder whose files change all the time.
const PAUSE: Duration = Duration::from_millis(200);
/// Names that are looked at; of more only that there are so many.
const MAX_NAMES: usize = 50_000;
/// Bytes of the entries of one FolderChanged, so that it stays below the limit of a header.
const PART_BYTES: usize = 32 * 1024;
/// Of an entry beside its name.
const ENTRY_BYTES: usize = 32;
const EVENTS_BYTES: usize = 4096;

/// Called from the threads.
pub type Say = Arc<dyn Fn(Body) + Send + Sync>;

pub struct Folders {
    home: PathBuf,
    say: Say,
    /// What tells the thread of a folder that the host has seen a change; closed, it ends.
    shown: BTreeMap<u32, OwnedFd>,
    /// Held by the threads of acts.
    acts: Arc<()>,
}

impl Folders {
    pub fn new(home: PathBuf, say: impl Fn(Body) + Send + Sync + 'static) -> Self {
        Self { home, say: Arc::new(say), shown: BTreeMap::new(), acts: Arc::new(()) }
    }

    /// Handles a message of the host. False = it is no message for this.
    pub fn receive(&mut self, body: &Body) -> bool {
        match body {
            Body::FolderShow(show) => self.show(show),
            Body::FolderHide(hide) => drop(self.shown.remove(&hide.folder)),
            Body::FolderSeen(seen) => {
                if let Some(pipe) = self.shown.get(&seen.folder) {
                    // A full pipe has said so often enough.
                    let _ = rustix::io::write(pipe, &[1]);
                }
            }
            Body::FileAct(file_act) => self.act(file_act.clone()),
            _ => return false,
        }
        true
    }

    /// Whether what a thread says of this folder is still for the host.
    pub fn shows(&self, folder: u32) -> bool {
        self.shown.contains_key(&folder)
    }

    fn show(&mut self, request: &FolderShow) {
        let id = request.folder;
        if self.shown.contains_key(&id) || self.shown.len() >= MAX_FOLDERS {
            return;
        }
        let path = self.home.join(beneath::os(&request.path));
        let Ok((seen, tell)) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK) else { return };
        let say = self.say.clone();
        let mut shown = Shown { id, path, seen, last_sent: BTreeMap::new(), is_first: true, more: 0 };
        if thread::Builder::new().name(format!("folder {id}")).spawn(move || shown.run(&say)).is_ok() {
            self.shown.insert(id, tell);
        }
    }

    fn act(&mut self, request: FileAct) {
        let say = self.say.clone();
        let path = self.home.join(beneath::os(&request.path));
        let home = self.home.clone();
        let id = request.act;
        // As many as there are threads of acts, beside our own.
        if Arc::strong_count(&self.acts) > MAX_FILE_ACTS {
            return say(answer(id, Err(FileReason::TooMany)));
        }
        let counted = self.acts.clone();
        let refused = self.say.clone();
        let spawned = thread::Builder::new().name(format!("act {id}")).spawn(move || {
            let done = act::act(&path, request.what, &home);
            // First: the host may ask for the next when it has the answer.
            drop(counted);
            say(answer(id, done));
        });
        if spawned.is_err() {
            refused(answer(id, Err(FileReason::TooMany)));
        }
    }
}

fn answer(act: u32, done: Result<Vec<u8>, FileReason>) -> Body {
    let mut acted = FileActed { act, ..FileActed::default() };
    match done {
        Ok(path) => acted.path = path,
        Err(reason) => acted.set_reason(reason),
    }
    Body::FileActed(acted)
}

/// One folder, in its thread.
struct Shown {
    id: u32,
    path: PathBuf,
    /// A byte for each change that the host has seen.
    seen: OwnedFd,
    last_sent: BTreeMap<Vec<u8>, FolderEntry>,
    is_first: bool,
    /// As it was in the last report.
    more: u32,
}

/// What a thread waits for.
struct Happened {
    is_seen: bool,
    is_changed: bool,
    is_over: bool,
}

impl Shown {
    fn run(&mut self, say: &Say) {
        let (mut is_changed, mut is_awaited) = (true, false);
        let mut watched = None;
        let mut looked: Option<Instant> = None;
        loop {
            let pause = looked.map_or(Duration::ZERO, |at| PAUSE.saturating_sub(at.elapsed()));
            let has_to_look = is_changed && !is_awaited;
            if has_to_look && pause.is_zero() {
                // Before the look: what happens after it is noticed.
                watched = watched.filter(|events| !is_gone(events)).or_else(|| watch(&self.path).ok());
                is_changed = watched.is_none();
                looked = Some(Instant::now());
                is_awaited = self.report(say);
                continue;
            }
            let timeout = has_to_look.then_some(pause);
            // One that is known need not be heard of again: the thread would not rest until the host has seen the last one.
            let events = watched.as_ref().filter(|_| !is_changed);
            let happened = wait(&self.seen, events, timeout);
            if happened.is_over {
                return;
            }
            is_awaited &= !happened.is_seen;
            is_changed |= happened.is_changed;
        }
    }

    /// Reports what has changed since the last report. False = nothing has.
    fn report(&mut self, say: &Say) -> bool {
        let (entries, more) = entries(&self.path).unwrap_or_default();
        let changed: Vec<FolderEntry> =
            entries.values().filter(|entry| self.last_sent.get(&entry.name) != Some(entry)).cloned().collect();
        let removed: Vec<Vec<u8>> =
            self.last_sent.keys().filter(|name| !entries.contains_key(*name)).cloned().collect();
        if changed.is_empty() && removed.is_empty() && more == self.more && !self.is_first {
            return false;
        }
        let mut parts = vec![self.part()];
        let mut room = PART_BYTES;
        // Of what is gone first: the host counts what there is.
        let removed = removed.into_iter().map(|name| (None, name));
        for (entry, name) in removed.chain(changed.into_iter().map(|entry| (Some(entry), Vec::new()))) {
            let bytes = ENTRY_BYTES + entry.as_ref().map_or(name.len(), |entry| entry.name.len());
            if bytes > room {
                parts.push(FolderChanged { reset: false, ..self.part() });
                room = PART_BYTES;
            }
            room = room.saturating_sub(bytes);
            if let Some(part) = parts.last_mut() {
                match entry {
                    Some(entry) => part.entries.push(entry),
                    None => part.removed.push(name),
                }
            }
        }
        if let Some(part) = parts.last_mut() {
            (part.last, part.more) = (true, more);
        }
        (self.last_sent, self.is_first, self.more) = (entries, false, more);
        for part in parts {
            say(Body::FolderChanged(part));
        }
        true
    }

    fn part(&self) -> FolderChanged {
        FolderChanged { folder: self.id, reset: self.is_first, ..FolderChanged::default() }
    }
}

/// Watches the folder, which is made where it is not there.
fn watch(path: &Path) -> io::Result<OwnedFd> {
    std::fs::create_dir_all(path)?;
    let events = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
    let flags = WatchFlags::CREATE
        | WatchFlags::DELETE
        | WatchFlags::MOVED_FROM
        | WatchFlags::MOVED_TO
        | WatchFlags::MODIFY
        | WatchFlags::CLOSE_WRITE
        | WatchFlags::DELETE_SELF
        | WatchFlags::MOVE_SELF
        | WatchFlags::ONLYDIR;
    inotify::add_watch(&events, path, flags)?;
    Ok(events)
}

/// The events that are there are read. True = the folder is not at its path any more.
fn is_gone(events: &OwnedFd) -> bool {
    let mut buffer = [MaybeUninit::uninit(); EVENTS_BYTES];
    let mut reader = inotify::Reader::new(events, &mut buffer);
    let mut is_gone = false;
    loop {
        match reader.next() {
            Ok(event) => {
                let ends = ReadFlags::DELETE_SELF | ReadFlags::MOVE_SELF | ReadFlags::IGNORED;
                is_gone |= event.events().intersects(ends);
            }
            Err(Errno::INTR) => {}
            Err(_) => return is_gone,
        }
    }
}

/// Events of the folder are left to be read by `is_gone`.
fn wait(seen: &OwnedFd, events: Option<&OwnedFd>, timeout: Option<Duration>) -> Happened {
    let timeout = timeout.and_then(|timeout| Timespec::try_from(timeout).ok());
    let mut fds = vec![PollFd::new(seen, PollFlags::IN)];
    fds.extend(events.map(|events| PollFd::new(events, PollFlags::IN)));
    match poll(&mut fds, timeout.as_ref()) {
        Ok(_) | Err(Errno::INTR) => {}
        Err(_) => return Happened { is_seen: false, is_changed: false, is_over: true },
    }
    let is_changed = fds.get(1).is_some_and(|fd| !fd.revents().is_empty());
    let is_ready = fds.first().is_some_and(|fd| !fd.revents().is_empty());
    let mut buffer = [0; 64];
    let read = if is_ready { rustix::io::read(seen, &mut buffer) } else { Err(Errno::AGAIN) };
    Happened { is_seen: matches!(read, Ok(count) if count > 0), is_changed, is_over: read == Ok(0) }
}

/// What is in the folder by name, and how many more there are.
fn entries(path: &Path) -> io::Result<(BTreeMap<Vec<u8>, FolderEntry>, u32)> {
    let folder = beneath::open_folder(path)?;
    let mut names = Vec::new();
    for entry in Dir::read_from(&folder)? {
        let name = entry?.file_name().to_bytes().to_vec();
        if !name.starts_with(b".") && name.len() <= MAX_FILE_NAME_BYTES {
            names.push(name);
        }
        if names.len() >= MAX_NAMES {
            break;
        }
    }
    names.sort_unstable();
    let mut entries = BTreeMap::new();
    let mut more = 0;
    for name in names {
        if entries.len() >= MAX_FOLDER_ENTRIES {
            more += 1;
        } else if let Some(entry) = entry(&folder, name) {
            entries.insert(entry.name.clone(), entry);
        }
    }
    Ok((entries, more))
}

/// None = it is gone, or neither a file nor a folder.
fn entry(folder: &OwnedFd, name: Vec<u8>) -> Option<FolderEntry> {
    let stat = statat(folder, &*name, AtFlags::SYMLINK_NOFOLLOW).ok()?;
    let is_folder = match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => false,
        FileType::Directory => true,
        _ => return None,
    };
    let size = if is_folder { 0 } else { u64::try_from(stat.st_size).unwrap_or(0) };
    Some(FolderEntry { name, folder: is_folder, size, modified_s: stat.st_mtime })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;
    use atoll_wire::{FolderHide, FolderSeen};
    use std::fs;
    use std::sync::Mutex;
    use std::sync::mpsc::{Receiver, channel};

    /// No event takes as long.
    const PATIENCE: Duration = Duration::from_secs(60);

    struct Desk {
        home: tempfile::TempDir,
        folders: Folders,
        messages: Receiver<Body>,
        /// What the host knows.
        names: BTreeMap<Vec<u8>, FolderEntry>,
    }

    impl Desk {
        fn new() -> Self {
            let home = tempfile::tempdir().unwrap();
            let (sender, messages) = channel();
            let sender = Mutex::new(sender);
            let folders = Folders::new(home.path().to_owned(), move |body| sender.lock().unwrap().send(body).unwrap());
            Self { home, folders, messages, names: BTreeMap::new() }
        }

        fn show(&mut self) {
            assert!(self.folders.receive(&Body::FolderShow(FolderShow { folder: 1, path: b"Desktop".to_vec() })));
        }

        fn seen(&mut self) {
            assert!(self.folders.receive(&Body::FolderSeen(FolderSeen { folder: 1 })));
        }

        fn path(&self, name: &str) -> PathBuf {
            self.home.path().join("Desktop").join(name)
        }

        /// A whole change; gives its last part.
        fn change(&mut self) -> FolderChanged {
            loop {
                let Body::FolderChanged(part) = self.messages.recv_timeout(PATIENCE).unwrap() else { continue };
                if part.reset {
                    self.names.clear();
                }
                for name in &part.removed {
                    assert!(self.names.remove(name).is_some(), "{name:?} was never reported");
                }
                self.names.extend(part.entries.iter().map(|entry| (entry.name.clone(), entry.clone())));
                if part.last {
                    return part;
                }
            }
        }

        /// Takes changes until the host knows just these names.
        fn until(&mut self, names: &[&str]) {
            while self.names.keys().map(|name| String::from_utf8_lossy(name)).collect::<Vec<_>>() != names {
                self.seen();
                self.change();
            }
        }
    }

    #[test]
    fn a_folder_is_made_and_reported_as_it_changes() {
        let mut desk = Desk::new();
        desk.show();
        assert!(desk.change().reset);
        fs::write(desk.path("b.txt"), "12345").unwrap();
        fs::create_dir(desk.path("a")).unwrap();
        fs::write(desk.path(".hidden"), "").unwrap();
        std::os::unix::fs::symlink("/etc/passwd", desk.path("link")).unwrap();
        desk.until(&["a", "b.txt"]);
        let (folder, file) = (&desk.names[&b"a"[..]], &desk.names[&b"b.txt"[..]]);
        assert!(folder.folder && !file.folder);
        assert!(file.modified_s > 1_600_000_000);
        fs::rename(desk.path("b.txt"), desk.path("c")).unwrap();
        fs::remove_dir(desk.path("a")).unwrap();
        desk.until(&["c"]);
    }

    #[test]
    fn however_often_files_change_one_change_waits_for_the_host() {
        let mut desk = Desk::new();
        desk.show();
        desk.change();
        for at in 0..2_000 {
            fs::write(desk.path(&format!("{}", at % 50)), at.to_string()).unwrap();
        }
        fs::write(desk.path("last"), "").unwrap();
        // The host has not seen the first one yet.
        assert!(desk.messages.try_recv().is_err());
        desk.seen();
        desk.change();
        assert!(desk.messages.try_recv().is_err());
        assert_eq!(desk.names.len(), 51);
    }

    /// A line of `status` of the thread of that name.
    fn of_thread(name: &str, field: &str) -> String {
        let tasks = fs::read_dir("/proc/self/task").unwrap().flatten().map(|task| task.path());
        let read = |path: PathBuf| fs::read_to_string(path).unwrap_or_default();
        let task = tasks.into_iter().find(|task| read(task.join("comm")).trim() == name).unwrap();
        let status = read(task.join("status"));
        status.lines().find_map(|line| line.strip_prefix(field)).unwrap().trim().to_owned()
    }

    #[test]
    fn a_folder_that_changes_rests_until_the_host_has_seen_it() {
        let mut desk = Desk::new();
        desk.folders.receive(&Body::FolderShow(FolderShow { folder: 77, path: b"Desktop".to_vec() }));
        desk.change();
        let until = |is_so: &dyn Fn() -> bool| {
            let end = Instant::now() + PATIENCE;
            while !is_so() {
                assert!(Instant::now() < end, "the thread never rests");
                thread::yield_now();
            }
        };
        let rests = || of_thread("folder 77", "voluntary_ctxt_switches:").parse::<u64>().unwrap();
        until(&|| of_thread("folder 77", "State:").starts_with('S'));
        let before = rests();
        fs::write(desk.path("a"), "").unwrap();
        // It has been woken, and waits again.
        until(&|| rests() > before);
    }

    #[test]
    fn of_too_many_files_the_first_are_told_and_how_many_there_are() {
        let mut desk = Desk::new();
        fs::create_dir(desk.path("")).unwrap();
        for at in 0..MAX_FOLDER_ENTRIES + 7 {
            fs::write(desk.path(&format!("{at:05}{}", "x".repeat(200))), "").unwrap();
        }
        desk.show();
        let last = desk.change();
        assert_eq!((last.more, last.reset), (7, false));
        assert_eq!(desk.names.len(), MAX_FOLDER_ENTRIES);
        assert!(desk.names.keys().all(|name| name < &b"00500".to_vec()));
    }

    #[test]
    fn a_folder_that_is_removed_is_made_again_and_watched() {
        let mut desk = Desk::new();
        desk.show();
        desk.change();
        fs::write(desk.path("a"), "").unwrap();
        desk.until(&["a"]);
        fs::remove_dir_all(desk.path("")).unwrap();
        desk.until(&[]);
        while !desk.path("").exists() {
            thread::yield_now();
        }
        fs::write(desk.path("b"), "").unwrap();
        desk.until(&["b"]);
    }

    #[test]
    fn a_folder_that_is_hidden_is_not_reported_any_more() {
        let mut desk = Desk::new();
        desk.show();
        desk.change();
        assert!(desk.folders.shows(1));
        desk.folders.receive(&Body::FolderHide(FolderHide { folder: 1 }));
        assert!(!desk.folders.shows(1));
        desk.show();
        // A new thread, which reports the whole.
        assert!(desk.change().reset);
    }

    #[test]
    fn an_act_is_answered_with_where_the_file_is() {
        let mut desk = Desk::new();
        fs::create_dir(desk.path("")).unwrap();
        fs::write(desk.path("a"), "").unwrap();
        let act = FileAct {
            act: 3,
            path: b"Desktop/a".to_vec(),
            what: Some(atoll_wire::file_act::What::Name(b"b".to_vec())),
        };
        let path = desk.path("b").into_os_string().into_encoded_bytes();
        for (reason, path) in [(FileReason::Unspecified, path), (FileReason::Gone, Vec::new())] {
            desk.folders.receive(&Body::FileAct(act.clone()));
            let Body::FileActed(acted) = desk.messages.recv_timeout(PATIENCE).unwrap() else { panic!("no answer") };
            assert_eq!((acted.act, acted.reason(), &acted.path), (3, reason, &path));
        }
    }
}
