//! The transfers of one side, and the files that are watched: what the host says of them, and the threads that do them.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use atoll_wire::header::Message as Body;
use atoll_wire::limits::{
    MAX_CHOSEN_FILES, MAX_DETAIL_BYTES, MAX_FILES, MAX_FILES_LEFT_OUT, MAX_FILES_PATH_BYTES, MAX_TRANSFERS,
};
use atoll_wire::{FileReason, FilesEnded, FilesExpected, FilesList, FilesListed, FilesReceive, FilesSend};

use crate::control::Control;
use crate::list::{Listed, list};
use crate::receive::{Request, receive};
use crate::record::Input;
use crate::send::send;
use crate::watch::Watches;
use crate::{End, Places, beneath};

/// Bytes of the entries of one FilesListed, so that it stays below the limit of a header.
const LISTED_BYTES: usize = 48 * 1024;
/// Of an entry beside its path.
const ENTRY_BYTES: usize = 64;

/// What a thread has to say.
#[derive(Debug)]
pub enum Event {
    /// A message for the host.
    Say(Body),
    /// Goes back to [`Transfers::take`].
    Listed(u32, Box<Listed>),
}

impl From<Body> for Event {
    fn from(body: Body) -> Self {
        Self::Say(body)
    }
}

/// Called from the threads; what it gets is to be handled in its order.
pub type Emit = Arc<dyn Fn(Event) + Send + Sync>;

/// The streams of the process, and what else a transfer needs of it.
pub trait Link {
    /// Where the bytes of a stream go that this side writes. Writing waits for credit; it fails when nobody reads.
    ///
    /// # Errors
    /// The stream cannot be opened under this id.
    fn outgoing(&mut self, stream: u32, transfer: u32) -> Result<Box<dyn Write + Send>, String>;

    /// Where the bytes come from of a stream that the host writes.
    ///
    /// # Errors
    /// The stream cannot be opened under this id.
    fn incoming(&mut self, stream: u32) -> Result<Box<dyn Input + Send>, String>;

    /// Ends a stream of a transfer that has to end.
    fn close(&mut self, stream: u32);

    /// The files that a program has asked to open or to send.
    fn wanted(&self, wanted: u32) -> Option<Vec<PathBuf>>;
}

enum State {
    /// More paths follow.
    Choosing(Vec<PathBuf>),
    Listing,
    Listed(Box<Listed>),
    /// More entries follow.
    Expecting {
        receive: Box<FilesReceive>,
        entries: Vec<atoll_wire::FileEntry>,
        path_bytes: usize,
        input: Box<dyn Input + Send>,
    },
    /// A thread sends or receives.
    Moving,
}

struct Transfer {
    state: State,
    control: Arc<Control>,
    /// 0 = none yet.
    stream: u32,
}

pub struct Transfers {
    places: Arc<Places>,
    emit: Emit,
    open: BTreeMap<u32, Transfer>,
    threads: Vec<JoinHandle<()>>,
    watches: Watches,
}

impl Transfers {
    pub fn new(places: Places, emit: impl Fn(Event) + Send + Sync + 'static) -> Self {
        Self {
            places: Arc::new(places),
            emit: Arc::new(emit),
            open: BTreeMap::new(),
            threads: Vec::new(),
            watches: Watches::default(),
        }
    }

    /// Handles a message of the host. False = it is no message for this.
    pub fn receive(&mut self, body: &Body, link: &mut impl Link) -> bool {
        match body {
            Body::FilesList(list) => self.files_list(list, link),
            Body::FilesSend(send) => self.files_send(send, link),
            Body::FilesReceive(receive) => self.files_receive(receive, link),
            Body::FilesExpected(expected) => self.files_expected(expected, link),
            Body::FilesPause(pause) => {
                if let Some(transfer) = self.open.get(&pause.transfer) {
                    transfer.control.pause(pause.paused);
                }
            }
            Body::FileWatch(watch) => self.watches.add(watch, &self.emit),
            Body::FileUnwatch(unwatch) => self.watches.remove(unwatch.watch),
            Body::FilesStop(stop) => self.stop(stop.transfer, stop.keep, link),
            _ => return false,
        }
        true
    }

    /// To be called with each event of a thread; gives what is to be sent.
    pub fn take(&mut self, event: Event) -> Option<Body> {
        match event {
            Event::Listed(id, listed) => {
                if let Some(transfer) = self.open.get_mut(&id) {
                    transfer.state = State::Listed(listed);
                }
                None
            }
            Event::Say(body) => {
                if let Body::FilesEnded(ended) = &body {
                    // Of one that was ended here nothing more is said.
                    self.open.remove(&ended.transfer)?;
                }
                match body {
                    // On its way when it was not watched any more.
                    Body::FileSaved(saved) if !self.watches.has(saved.watch) => None,
                    body => Some(body),
                }
            }
        }
    }

    /// The host is gone: what came is kept.
    pub fn end_all(&mut self) {
        for transfer in std::mem::take(&mut self.open).into_values() {
            transfer.control.stop(true);
        }
        self.watches.clear();
    }

    /// Waits for all threads. Their transfers must have been ended, and their streams closed.
    pub fn wait(&mut self) {
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }

    fn files_list(&mut self, request: &FilesList, link: &mut impl Link) {
        let id = request.transfer;
        let mut paths = match self.open.remove(&id) {
            None if self.open.len() >= MAX_TRANSFERS => {
                return self.refuse(id, FileReason::TooMany, "too many transfers");
            }
            None => Vec::new(),
            Some(Transfer { state: State::Choosing(paths), .. }) => paths,
            Some(other) => {
                self.open.insert(id, other);
                return;
            }
        };
        if request.wanted != 0 {
            let Some(wanted) = link.wanted(request.wanted) else {
                return self.refuse(id, FileReason::Gone, "nobody waits for these files any more");
            };
            paths = wanted;
        }
        paths.extend(request.paths.iter().map(|path| self.places.absolute(Path::new(beneath::os(path)))));
        if paths.len() > MAX_CHOSEN_FILES {
            return self.refuse(id, FileReason::TooMany, "too many files at once: send their folder");
        }
        let control = Arc::new(Control::default());
        let state = if request.more { State::Choosing(paths.clone()) } else { State::Listing };
        self.open.insert(id, Transfer { state, control: control.clone(), stream: 0 });
        if !request.more {
            self.spawn(id, move |emit| say_listed(id, &paths, &control, emit));
        }
    }

    fn files_send(&mut self, request: &FilesSend, link: &mut impl Link) {
        let id = request.transfer;
        let Some(transfer) = self.open.get_mut(&id) else { return };
        if !matches!(transfer.state, State::Listed(_)) {
            return;
        }
        if request.left_out.len() > MAX_FILES_LEFT_OUT {
            return self.refuse(id, FileReason::TooMany, "too much is left out");
        }
        let State::Listed(listed) = std::mem::replace(&mut transfer.state, State::Moving) else { return };
        let control = transfer.control.clone();
        match link.outgoing(request.stream, id) {
            Ok(out) => {
                transfer.stream = request.stream;
                let request = request.clone();
                self.spawn(id, move |_| Some(send(&listed, &request, out, &control)));
            }
            Err(detail) => self.refuse(id, FileReason::Unreadable, &detail),
        }
    }

    fn files_receive(&mut self, request: &FilesReceive, link: &mut impl Link) {
        let id = request.transfer;
        if self.open.contains_key(&id) {
            return;
        }
        let input = match link.incoming(request.stream) {
            Ok(input) => input,
            Err(detail) => return self.refuse(id, FileReason::Unwritable, &detail),
        };
        let is_sound = request.key.len() == 16 && request.destination.is_some();
        let (files, state) = (request.files as usize, Box::new(request.clone()));
        let state = State::Expecting { receive: state, entries: Vec::new(), path_bytes: 0, input };
        self.open.insert(id, Transfer { state, control: Arc::default(), stream: request.stream });
        if !is_sound || files > MAX_FILES || self.open.len() > MAX_TRANSFERS {
            self.end(id, FileReason::TooMany, "too many files, or too many transfers", link);
        }
    }

    fn files_expected(&mut self, expected: &FilesExpected, link: &mut impl Link) {
        let id = expected.transfer;
        let Some(transfer) = self.open.get_mut(&id) else { return };
        let State::Expecting { receive, entries, path_bytes, .. } = &mut transfer.state else { return };
        *path_bytes += expected.entries.iter().map(|entry| entry.path.len()).sum::<usize>();
        entries.extend(expected.entries.iter().cloned());
        let wanted = receive.files as usize;
        let is_wrong =
            entries.len() > wanted || *path_bytes > MAX_FILES_PATH_BYTES || (expected.last && entries.len() != wanted);
        if is_wrong {
            return self.end(id, FileReason::Size, "the list is not what was announced", link);
        }
        if expected.last {
            let State::Expecting { receive, entries, input, .. } =
                std::mem::replace(&mut transfer.state, State::Moving)
            else {
                return;
            };
            let control = transfer.control.clone();
            let places = self.places.clone();
            let Some(request) = request(*receive, entries) else { return };
            self.spawn(id, move |emit| Some(self::receive(&request, &places, input, &control, emit)));
        }
    }

    fn stop(&mut self, id: u32, keep: bool, link: &mut impl Link) {
        let Some(transfer) = self.open.get_mut(&id) else { return };
        transfer.control.stop(keep);
        let stream = transfer.stream;
        // Where there is a thread, it says that it has ended.
        if !matches!(transfer.state, State::Moving | State::Listing) {
            self.end(id, FileReason::Stopped, "", link);
        } else if stream != 0 {
            link.close(stream);
        }
    }

    /// Ends a transfer that has no thread.
    fn end(&mut self, id: u32, reason: FileReason, detail: &str, link: &mut impl Link) {
        if let Some(transfer) = self.open.get(&id).filter(|transfer| transfer.stream != 0) {
            link.close(transfer.stream);
        }
        self.refuse(id, reason, detail);
    }

    fn refuse(&mut self, id: u32, reason: FileReason, detail: &str) {
        self.open.entry(id).or_insert_with(|| Transfer { state: State::Moving, control: Arc::default(), stream: 0 });
        say_ended(&self.emit, id, End::new(reason, detail));
    }

    /// Does the work in a thread; what it gives ends the transfer.
    fn spawn(&mut self, id: u32, work: impl FnOnce(&Emit) -> Option<End> + Send + 'static) {
        let emit = self.emit.clone();
        let spawned = thread::Builder::new().name(format!("files {id}")).spawn(move || {
            if let Some(end) = work(&emit) {
                say_ended(&emit, id, end);
            }
        });
        self.threads.retain(|thread| !thread.is_finished());
        match spawned {
            Ok(thread) => self.threads.push(thread),
            Err(error) => self.refuse(id, FileReason::Unreadable, &error.to_string()),
        }
    }
}

fn say_ended(emit: &Emit, transfer: u32, end: End) {
    let mut ended = FilesEnded { transfer, reason: 0, detail: end.detail };
    let limit = (0..=MAX_DETAIL_BYTES).rev().find(|at| ended.detail.is_char_boundary(*at)).unwrap_or(0);
    ended.detail.truncate(limit);
    ended.set_reason(end.reason);
    emit(Body::FilesEnded(ended).into());
}

/// Lists, and tells the host. Gives an end where nothing can be listed.
fn say_listed(id: u32, paths: &[PathBuf], control: &Control, emit: &Emit) -> Option<End> {
    let listed = match list(paths, control) {
        Ok(listed) => listed,
        Err(end) => return Some(end),
    };
    let mut messages = Vec::new();
    let mut message = FilesListed { transfer: id, ..FilesListed::default() };
    let mut room = LISTED_BYTES;
    for listing in &listed.files {
        let bytes = ENTRY_BYTES + listing.entry.path.len();
        if bytes > room {
            messages.push(std::mem::replace(&mut message, FilesListed { transfer: id, ..FilesListed::default() }));
            room = LISTED_BYTES;
        }
        room = room.saturating_sub(bytes);
        message.entries.push(listing.entry.clone());
    }
    message.last = true;
    messages.push(message);
    // First: once the host has the whole list, it may ask for the files.
    emit(Event::Listed(id, Box::new(listed)));
    for message in messages {
        emit(Body::FilesListed(message).into());
    }
    None
}

fn request(receive: FilesReceive, entries: Vec<atoll_wire::FileEntry>) -> Option<Request> {
    Some(Request {
        transfer: receive.transfer,
        key: receive.key.try_into().ok()?,
        origin: receive.origin,
        destination: receive.destination?,
        opened: receive.opened,
        read_only: receive.read_only,
        bytes: receive.bytes,
        entries,
    })
}
