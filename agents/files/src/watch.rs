//! Tells when a file was saved: by inotify on its folder, since many programs save by writing another file and renaming it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::thread;

use atoll_wire::header::Message as Body;
use atoll_wire::limits::MAX_FILE_WATCHES;
use atoll_wire::{FileSaved, FileWatch};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
use rustix::fs::{FileType, fstat};
use rustix::io::Errno;
use rustix::pipe::{PipeFlags, pipe_with};

use crate::beneath;
use crate::digest::{Digest, Hasher};
use crate::list::Seen;
use crate::transfers::Emit;

const EVENTS_BYTES: usize = 4096;
const HASHED_AT_ONCE_BYTES: u64 = 4 * 1024 * 1024;

/// The files that are watched. A thread for each ends when its end of the pipe is closed.
#[derive(Debug, Default)]
pub struct Watches(BTreeMap<u32, OwnedFd>);

impl Watches {
    pub fn add(&mut self, request: &FileWatch, emit: &Emit) {
        let id = request.watch;
        if self.0.contains_key(&id) || self.0.len() >= MAX_FILE_WATCHES {
            return;
        }
        match Watch::new(request) {
            Ok((mut watch, stop)) => {
                let emit = emit.clone();
                if thread::Builder::new().name(format!("watch {id}")).spawn(move || watch.run(&emit)).is_ok() {
                    self.0.insert(id, stop);
                }
            }
            // It is never saved then.
            Err(error) => eprintln!("{} is not watched: {error}", Path::new(beneath::os(&request.path)).display()),
        }
    }

    pub fn remove(&mut self, id: u32) {
        self.0.remove(&id);
    }

    /// It is watched still.
    pub fn has(&self, id: u32) -> bool {
        self.0.contains_key(&id)
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }
}

struct Watch {
    id: u32,
    folder: OwnedFd,
    name: Vec<u8>,
    events: OwnedFd,
    /// Hung up when the watch is to end.
    stopped: OwnedFd,
    /// Of what was there last.
    digest: Option<Digest>,
}

impl Watch {
    /// Gives what stops it, too.
    fn new(request: &FileWatch) -> io::Result<(Self, OwnedFd)> {
        let path = Path::new(beneath::os(&request.path));
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        let events = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
        let flags = WatchFlags::CLOSE_WRITE | WatchFlags::MOVED_TO | WatchFlags::CREATE | WatchFlags::ONLYDIR;
        inotify::add_watch(&events, folder, flags)?;
        let (stopped, stop) = pipe_with(PipeFlags::CLOEXEC)?;
        let folder = beneath::open_folder(folder)?;
        let mut watch =
            Self { id: request.watch, folder, name: name.as_bytes().to_vec(), events, stopped, digest: None };
        // What is saved at once is noticed; for a large file nobody is kept waiting.
        watch.digest = watch.read(HASHED_AT_ONCE_BYTES).map(|(digest, _)| digest);
        Ok((watch, stop))
    }

    fn run(&mut self, emit: &Emit) {
        self.digest = self.digest.or_else(|| self.read(u64::MAX).map(|(digest, _)| digest));
        while self.wait() {
            if !self.is_of_it() {
                continue;
            }
            let Some((digest, size)) = self.read(u64::MAX) else { continue };
            if self.digest.replace(digest) != Some(digest) {
                emit(Body::FileSaved(FileSaved { watch: self.id, size, sha256: digest.to_vec() }).into());
            }
        }
    }

    /// False = the watch has to end.
    fn wait(&self) -> bool {
        loop {
            let mut fds = [PollFd::new(&self.events, PollFlags::IN), PollFd::new(&self.stopped, PollFlags::IN)];
            match poll(&mut fds, None) {
                Ok(_) => return fds.iter().skip(1).all(|fd| fd.revents().is_empty()),
                Err(Errno::INTR) => {}
                Err(_) => return false,
            }
        }
    }

    /// Reads the events that are there. True = one of them is of the file.
    fn is_of_it(&self) -> bool {
        let mut buffer = [MaybeUninit::uninit(); EVENTS_BYTES];
        let mut reader = inotify::Reader::new(&self.events, &mut buffer);
        let mut happened = false;
        loop {
            match reader.next() {
                // A queue that has overflowed may have lost one of it.
                Ok(event) => {
                    happened |= event.file_name().is_some_and(|name| name.to_bytes() == self.name)
                        || event.events().contains(ReadFlags::QUEUE_OVERFLOW);
                }
                Err(Errno::INTR) => {}
                Err(_) => return happened,
            }
        }
    }

    /// Digest and size; None = it is larger, or gone, or is written while it is read: another event follows.
    fn read(&self, largest: u64) -> Option<(Digest, u64)> {
        let mut file = File::from(beneath::open(&self.folder, &self.name, beneath::READ).ok()?);
        let before = fstat(&file).ok().filter(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile)?;
        let before = Seen::of(&before);
        if before.size > largest {
            return None;
        }
        let mut hasher = Hasher::default();
        hasher.read(&mut file, before.size).ok()?;
        let after = Seen::of(&fstat(&file).ok()?);
        (before == after).then(|| (hasher.digest(), before.size))
    }
}
