//! Opening files and links, sending files, and having them scanned: what programs of this guest ask for (the agent is their
//! default handler), and what the host wants opened here.

pub mod client;
mod common;
mod defaults;
mod install;
mod mime;
mod scan;
mod socket;
mod target;

use std::collections::{BTreeMap, VecDeque};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;
use std::sync::Arc;
use std::{io, thread};

use atoll_wire::header::Message as Body;
use atoll_wire::limits::{MAX_CHOSEN_FILES, MAX_OPENS_WANTED};
use atoll_wire::{FailureCode, Launched, OpenHere, OpenOutcome, OpenWanted, SendWanted};
use calloop::RegistrationToken;
use calloop::channel::{self, Sender};

use crate::agent::Agent;
use crate::error::AgentError;
use crate::ports::PortKind;
use crate::process;
use crate::services::Service;
use crate::session::Phase;
use common::OPENED;
use defaults::NoProgram;
use mime::KnownTypes;
use socket::Client;
use target::Target;

pub const SERVICE: Service =
    Service { port: PortKind::Control, receive: Agent::receive_opening, session_ended: Some(Agent::end_opening) };

/// Paths of one SendWanted, bytes; the host asks for the others by FilesList.
const SEND_BYTES: usize = 32 * 1024;

const TOO_MANY: &str = "too many requests wait for an answer";
const NO_THREAD: &str = "the guest has no room for one more thread";

/// Exit codes, as those of xdg-open.
mod code {
    pub const DONE: u8 = 0;
    pub const WRONG: u8 = 1;
    pub const NO_PROGRAM: u8 = 3;
    pub const FAILED: u8 = 4;
}

/// What a program has asked for.
#[derive(Debug)]
enum Asked {
    /// With its type.
    Open(Target, String),
    /// The host has left it to this guest, which has no program for the type: the person is to be told who has one.
    NoProgram(String),
    Send,
    /// With what tells that the client has gone.
    Scan(RegistrationToken),
}

/// Who is to hear that a program was started.
#[derive(Debug)]
enum Asker {
    Host(u32),
    Program(Client),
}

/// What a person has chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    Open,
    Edit,
    Disposable,
}

impl How {
    fn parse(word: &[u8]) -> Option<Self> {
        match word {
            b"open" => Some(Self::Open),
            b"edit" => Some(Self::Edit),
            b"disposable" => Some(Self::Disposable),
            _ => None,
        }
    }
}

/// With what the program is found.
#[derive(Debug)]
enum By {
    /// The id of its entry.
    App(String),
    Type(String),
    /// The type is to be found, too.
    Nothing,
}

/// What a thread is asked to find; for whom is kept here, so that who waits is answered where no thread can be had.
#[derive(Debug)]
enum Search {
    /// The type of what a program wants opened, or edited.
    Type(Client, Target, How),
    Program(Asker, Target),
}

/// What a thread has read.
#[derive(Debug)]
enum Found {
    Type(String),
    Program(Result<Vec<String>, NoProgram>),
}

#[derive(Debug, Default)]
pub struct Opening {
    last: u32,
    waiting: BTreeMap<u32, (Client, Asked)>,
    files: RequestFiles,
    /// Connections whose request is not whole.
    clients: usize,
    searches: BTreeMap<u32, Search>,
    last_search: u32,
    types: Arc<KnownTypes>,
    /// By the number of the search.
    found: Option<Sender<(u32, Found)>>,
}

/// Files of the last requests: the host lists them when it has decided, which may be after it has answered.
#[derive(Debug, Default)]
struct RequestFiles(VecDeque<(u32, Vec<PathBuf>)>);

impl RequestFiles {
    fn of(&self, wanted: u32) -> Option<Vec<PathBuf>> {
        self.0.iter().find(|(id, _)| *id == wanted).map(|(_, files)| files.clone())
    }

    /// Of too many the oldest goes that waits no more: at most `MAX_OPENS_WANTED` wait.
    fn add(&mut self, wanted: u32, files: Vec<PathBuf>, waits: impl Fn(u32) -> bool) {
        self.0.push_back((wanted, files));
        if self.0.len() > MAX_OPENS_WANTED {
            let answered = self.0.iter().position(|(id, _)| !waits(*id));
            self.0.remove(answered.unwrap_or(0));
        }
    }
}

impl Opening {
    /// The files of a request.
    pub fn files(&self, wanted: u32) -> Option<Vec<PathBuf>> {
        self.files.of(wanted)
    }

    /// No more wait for an answer than the host takes.
    fn is_full(&self) -> bool {
        let typing = self.searches.values().filter(|search| matches!(search, Search::Type(..))).count();
        self.waiting.len() + typing >= MAX_OPENS_WANTED
    }

    /// Takes what waits, if it is of the kind that is answered.
    fn answered(&mut self, wanted: u32, is_kind: impl FnOnce(&Asked) -> bool) -> Option<(Client, Asked)> {
        self.waiting.get(&wanted).filter(|(_, asked)| is_kind(asked))?;
        self.waiting.remove(&wanted)
    }

    fn add(&mut self, client: Client, asked: Asked, files: Vec<PathBuf>) -> u32 {
        self.last += 1;
        self.waiting.insert(self.last, (client, asked));
        self.files.add(self.last, files, |id| self.waiting.contains_key(&id));
        self.last
    }
}

impl Agent {
    /// Becomes the handler of what programs open.
    ///
    /// # Errors
    /// The event loop takes no more, or the socket cannot be made.
    pub fn start_opening(&mut self) -> Result<(), AgentError> {
        let (sender, found) = channel::channel();
        let inserted = self.handle.insert_source(found, |event, (), agent| {
            if let channel::Event::Msg((search, found)) = event {
                agent.found(search, found);
            }
        });
        inserted.map_err(|error| AgentError::Start("opening", error.to_string()))?;
        self.opening.found = Some(sender);
        self.listen_for_openers()?;
        self.install_opener();
        Ok(())
    }

    fn receive_opening(&mut self, body: &Body, _payload: &[u8]) -> bool {
        match body {
            Body::OpenHere(open) => self.open_here(open),
            Body::OpenAnswered(answered) => self.answer(answered.wanted, answered.outcome(), &answered.detail),
            Body::SendAnswered(answered) => self.answer(answered.wanted, answered.outcome(), &answered.detail),
            Body::ScanAnswered(answered) => self.answer_scan(answered),
            _ => return false,
        }
        true
    }

    fn open_here(&mut self, open: &OpenHere) {
        let path = match open.path.as_slice() {
            [] => Vec::new(),
            path => self.environment.home().join(OsStr::from_bytes(path)).into_os_string().into_vec(),
        };
        match Target::of(&open.url, &path) {
            Ok(target) => {
                let by = if open.app_id.is_empty() { By::Nothing } else { By::App(open.app_id.clone()) };
                self.find_program(Asker::Host(open.request), target, by);
            }
            Err(detail) => self.launch_failed(open.request, FailureCode::Other, detail),
        }
    }

    /// A program has asked.
    fn opener_asks(&mut self, client: Client, request: &[u8]) {
        let text = request.strip_suffix(b"\0").unwrap_or(request);
        let words = text.split(|byte| *byte == 0).collect::<Vec<_>>();
        match words[..] {
            [b"send", to, ref paths @ ..] => self.send_wanted(client, &String::from_utf8_lossy(to), paths),
            [b"scan", ref paths @ ..] => self.scan_wanted(client, paths),
            [how, url, path] => match (How::parse(how), Target::of(&String::from_utf8_lossy(url), path)) {
                (Some(how), Ok(target)) => self.find_type(client, target, how),
                (Some(_), Err(detail)) => client.answer(code::WRONG, &detail),
                (None, _) => client.answer(code::WRONG, "not understood"),
            },
            _ => client.answer(code::WRONG, "not understood"),
        }
    }

    /// In a thread: it reads the guest's types, and the file.
    fn find_type(&mut self, client: Client, target: Target, how: How) {
        if self.opening.is_full() {
            return client.answer(code::FAILED, TOO_MANY);
        }
        let types = Arc::clone(&self.opening.types);
        let wanted = target.clone();
        self.search(Search::Type(client, target, how), move || Found::Type(types.current().of(&wanted)));
    }

    /// Does the work in a thread; what it gives comes to `found`.
    fn search(&mut self, search: Search, work: impl FnOnce() -> Found + Send + 'static) {
        let Some(sender) = self.opening.found.clone() else { return };
        self.opening.last_search = self.opening.last_search.wrapping_add(1);
        let number = self.opening.last_search;
        let spawned = thread::Builder::new().name("opening".to_owned()).spawn(move || {
            let _ = sender.send((number, work()));
        });
        match spawned {
            Ok(_) => drop(self.opening.searches.insert(number, search)),
            Err(error) => self.search_failed(search, &error),
        }
    }

    fn search_failed(&mut self, search: Search, error: &io::Error) {
        log::warn!("{NO_THREAD}: {error}");
        match search {
            Search::Program(Asker::Host(request), _) => {
                self.launch_failed(request, FailureCode::Other, NO_THREAD.to_owned());
            }
            Search::Type(client, ..) | Search::Program(Asker::Program(client), _) => {
                client.answer(code::FAILED, NO_THREAD);
            }
        }
    }

    fn found(&mut self, number: u32, found: Found) {
        match (self.opening.searches.remove(&number), found) {
            (Some(Search::Type(client, target, how)), Found::Type(mime_type)) => {
                self.open_wanted(client, target, mime_type, how);
            }
            (Some(Search::Program(asker, target)), Found::Program(command)) => {
                self.program_found(asker, target, command);
            }
            _ => {}
        }
    }

    fn open_wanted(&mut self, client: Client, target: Target, mime_type: String, how: How) {
        // Without a host there is nobody to ask. A folder is of use here alone.
        let is_alone = self.session.phase != Phase::Open;
        if how == How::Disposable && (is_alone || mime_type == mime::FOLDER) {
            let why = if is_alone { "Atoll does not answer" } else { "a folder opens in its own VM alone" };
            return client.answer(code::FAILED, why);
        }
        if is_alone || mime_type == mime::FOLDER {
            return self.find_program(Asker::Program(client), target, By::Type(mime_type));
        }
        let files = match &target {
            Target::File(path) => vec![path.clone()],
            Target::Url(_) => Vec::new(),
        };
        let (edit, disposable) = (how == How::Edit, how == How::Disposable);
        let body = OpenWanted { edit, disposable, ..open_wanted(&target, &mime_type) };
        let wanted = self.opening.add(client, Asked::Open(target, mime_type), files);
        self.send(PortKind::Control, Body::OpenWanted(OpenWanted { wanted, ..body }));
    }

    /// Only the host knows who else has a program, and can show it to the person: few programs show what a command says.
    fn no_program(&mut self, client: Client, target: &Target, mime_type: String) {
        if self.session.phase != Phase::Open || self.opening.is_full() || mime_type == mime::FOLDER {
            return client.answer(code::NO_PROGRAM, &no_program_for(&mime_type));
        }
        let body = OpenWanted { no_program: true, ..open_wanted(target, &mime_type) };
        let wanted = self.opening.add(client, Asked::NoProgram(mime_type), Vec::new());
        self.send(PortKind::Control, Body::OpenWanted(OpenWanted { wanted, ..body }));
    }

    fn send_wanted(&mut self, client: Client, to: &str, paths: &[&[u8]]) {
        if self.session.phase != Phase::Open {
            return client.answer(code::FAILED, "Atoll does not answer");
        }
        if self.opening.is_full() {
            return client.answer(code::FAILED, TOO_MANY);
        }
        if paths.is_empty() || paths.len() > MAX_CHOSEN_FILES || !paths.iter().all(|path| path.starts_with(b"/")) {
            return client.answer(code::WRONG, "no files, or too many at once: send their folder");
        }
        let files = paths.iter().map(|path| PathBuf::from(OsString::from_vec(path.to_vec()))).collect::<Vec<_>>();
        let mut room = SEND_BYTES;
        let fits = |file: &&PathBuf| {
            let bytes = file.as_os_str().len() + 8;
            let fits = bytes <= room;
            room = room.saturating_sub(bytes);
            fits
        };
        let paths = files.iter().take_while(fits).map(|file| file.as_os_str().as_bytes().to_vec()).collect();
        let count = u32::try_from(files.len()).unwrap_or(u32::MAX);
        let wanted = self.opening.add(client, Asked::Send, files);
        self.send(PortKind::Control, Body::SendWanted(SendWanted { wanted, paths, to: to.to_owned(), count }));
    }

    fn answer(&mut self, wanted: u32, outcome: OpenOutcome, detail: &str) {
        let Some((client, asked)) = self.opening.answered(wanted, |asked| !matches!(asked, Asked::Scan(_))) else {
            return;
        };
        let or = |usual: &'static str| if detail.is_empty() { usual } else { detail }.to_owned();
        match (outcome, asked) {
            (_, Asked::NoProgram(mime_type)) => {
                let detail = if detail.is_empty() { &no_program_for(&mime_type) } else { detail };
                client.answer(code::NO_PROGRAM, detail);
            }
            (OpenOutcome::Here, Asked::Open(target, mime_type)) => {
                self.find_program(Asker::Program(client), target, By::Type(mime_type));
            }
            (OpenOutcome::Elsewhere, _) => client.answer(code::DONE, detail),
            (OpenOutcome::Denied, _) => client.answer(code::FAILED, &or("it was denied")),
            _ => client.answer(code::FAILED, &or("it failed")),
        }
    }

    /// Finds the program in a thread: it reads the guest's entries and types, and the file.
    fn find_program(&mut self, asker: Asker, target: Target, by: By) {
        let types = Arc::clone(&self.opening.types);
        let wanted = target.clone();
        self.search(Search::Program(asker, target), move || {
            Found::Program(match by {
                By::App(id) => defaults::command_of(&id, &wanted),
                By::Type(mime_type) => defaults::command(&wanted, &mime_type, &types.current()),
                By::Nothing => {
                    let types = types.current();
                    defaults::command(&wanted, &types.of(&wanted), &types)
                }
            })
        });
    }

    fn program_found(&mut self, asker: Asker, target: Target, command: Result<Vec<String>, NoProgram>) {
        let argv = match (command, &asker) {
            (Ok(argv), _) => argv,
            (Err(NoProgram { mime_type }), Asker::Host(request)) => {
                return self.launch_failed(*request, FailureCode::NotFound, mime_type);
            }
            (Err(NoProgram { mime_type }), Asker::Program(_)) => {
                let Asker::Program(client) = asker else { return };
                return self.no_program(client, &target, mime_type);
            }
        };
        let request = if let Asker::Host(request) = asker { request } else { 0 };
        let mark = (OPENED, client::mark(&target.argument()));
        match (self.start_program(&argv, request, Some(mark)), asker) {
            (Ok(pid), Asker::Host(request)) => self.send(PortKind::Control, Body::Launched(Launched { request, pid })),
            (Ok(_), Asker::Program(client)) => client.answer(code::DONE, ""),
            (Err(error), asker) => {
                let detail = format!("{}: {error}", argv.first().map_or("", String::as_str));
                match asker {
                    Asker::Host(request) => self.launch_failed(request, process::failure(&error), detail),
                    Asker::Program(client) => client.answer(code::FAILED, &detail),
                }
            }
        }
    }

    /// The session is over: nobody answers any more.
    fn end_opening(&mut self) {
        for (client, asked) in std::mem::take(&mut self.opening.waiting).into_values() {
            let code = match asked {
                Asked::Scan(gone) => {
                    self.handle.remove(gone);
                    scan::code::NOT_SCANNED
                }
                Asked::Open(..) | Asked::NoProgram(_) | Asked::Send => code::FAILED,
            };
            client.answer(code, "Atoll does not answer any more");
        }
        self.opening.files = RequestFiles::default();
        // Another host has other requests under these numbers.
        self.opening.searches.retain(|_, search| !matches!(search, Search::Program(Asker::Host(_), _)));
    }
}

/// The question for the host, without how it is to be opened.
fn open_wanted(target: &Target, mime_type: &str) -> OpenWanted {
    let (url, path) = (target.url_text().to_owned(), target.path_bytes().to_vec());
    let mime_type = if url.is_empty() { mime_type.to_owned() } else { String::new() };
    OpenWanted { url, path, mime_type, ..OpenWanted::default() }
}

fn no_program_for(mime_type: &str) -> String {
    format!("no program here opens {mime_type}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_files_of_a_request_that_waits_are_kept_however_many_come_after_it() {
        let mut files = RequestFiles::default();
        let path = |id: u32| vec![PathBuf::from(format!("/{id}"))];
        files.add(1, path(1), |_| true);
        for id in 2..=200 {
            // Each is answered before the next one comes.
            files.add(id, path(id), |other| other == 1 || other == id);
        }
        assert_eq!(files.of(1), Some(path(1)));
        assert_eq!(files.of(200), Some(path(200)));
        assert_eq!(files.of(137), None);
        assert_eq!(files.of(138), Some(path(138)));
        assert_eq!(files.0.len(), MAX_OPENS_WANTED);
    }
}
