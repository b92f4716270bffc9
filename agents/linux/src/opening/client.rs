//! The commands of the guest that ask the agent: `atoll-open [--edit|--disposable] URL|FILE...` and
//! `atoll-send [--to VM] FILE...`, and `atoll-scan FILE...`. They wait for the answer. Exit codes are xdg-open's: 1 wrong usage,
//! 2 no such file, 3 no program for it, 4 it failed or was denied; those of `atoll-scan` are clamscan's ([`scan::code`]).
//!
//! `xdg-open URL|FILE` is `atoll-open`, without the shell scripts that would find it as the default handler: they take over a
//! second in an emulated guest. What the agent does not open (links of other kinds, options) is for the guest's own.

use std::env;
use std::ffi::{OsStr, OsString};
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::{process, thread};

use atoll_wire::limits::MAX_SCAN_PATHS;
use rustix::time::{ClockId, clock_gettime};

use super::common::OPENED;
use super::target::{SCHEMES, Target};
use super::{code, scan, socket};
use crate::environment::is_executable;

const NO_FILE: u8 = 2;
/// A program that was started to open something, and wants the same opened within this, has no other program for it.
const LOOP_MS: i64 = 5000;

/// Which command this process is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    Open,
    Send,
    Scan,
    XdgOpen,
}

/// By the name that the program was called by, or by its first argument: `atoll-agent open ...`. Gives what follows, too.
pub fn command(arguments: impl IntoIterator<Item = OsString>) -> Option<(Command, Vec<OsString>)> {
    let mut arguments = arguments.into_iter();
    let program = arguments.next()?;
    let rest = arguments.collect::<Vec<_>>();
    match Path::new(&program).file_name()?.to_str()? {
        "atoll-open" => return Some((Command::Open, rest)),
        "atoll-send" => return Some((Command::Send, rest)),
        "atoll-scan" => return Some((Command::Scan, rest)),
        "xdg-open" => return Some((Command::XdgOpen, rest)),
        _ => {}
    }
    let (first, rest) = rest.split_first()?;
    match first.to_str()? {
        "open" => Some((Command::Open, rest.to_vec())),
        "send" => Some((Command::Send, rest.to_vec())),
        "scan" => Some((Command::Scan, rest.to_vec())),
        _ => None,
    }
}

/// Does what was asked for; gives the exit code.
pub fn run(command: Command, arguments: &[OsString]) -> u8 {
    let result = match command {
        Command::Open => open(arguments),
        Command::Send => send(arguments),
        Command::Scan => scan_files(arguments),
        Command::XdgOpen => xdg_open(arguments),
    };
    match result {
        Ok(()) => code::DONE,
        Err((code, detail)) => {
            let name = match command {
                Command::Open => "atoll-open",
                Command::Send => "atoll-send",
                Command::Scan => "atoll-scan",
                Command::XdgOpen => "xdg-open",
            };
            if !detail.is_empty() {
                eprintln!("{name}: {detail}");
            }
            code
        }
    }
}

/// Exit code and what to say.
type Failure = (u8, String);

fn open(arguments: &[OsString]) -> Result<(), Failure> {
    let option = arguments.first().and_then(|first| first.to_str());
    let (kind, words): (&[u8], _) = match option {
        Some("--edit") => (b"edit", arguments.get(1..).unwrap_or_default()),
        Some("--disposable") => (b"disposable", arguments.get(1..).unwrap_or_default()),
        _ => (b"open", arguments),
    };
    let words = words.strip_prefix(&[OsString::from("--")]).unwrap_or(words);
    if words.is_empty() {
        return Err((code::WRONG, "usage: atoll-open [--edit|--disposable] [--] URL|FILE...".to_owned()));
    }
    // Side by side: each may wait for a person.
    let asked = words.iter().map(|word| {
        let request = open_request(word, kind);
        thread::spawn(move || request.and_then(|request| ask(&request)))
    });
    let asked = asked.collect::<Vec<_>>();
    let results = asked.into_iter().map(|thread| thread.join().unwrap_or_else(|_| Err((code::FAILED, String::new()))));
    results.collect::<Vec<_>>().into_iter().collect()
}

fn xdg_open(arguments: &[OsString]) -> Result<(), Failure> {
    match arguments {
        [word] if !word.as_bytes().starts_with(b"-") && !is_of_the_guest(word) => open(arguments),
        _ => match guests_xdg_open() {
            Some(program) => {
                // Does not come back, unless it fails.
                let error = process::Command::new(program).args(arguments).exec();
                Err((code::FAILED, error.to_string()))
            }
            None => Err((code::NO_PROGRAM, "this guest has no xdg-open of its own for that".to_owned())),
        },
    }
}

/// A link that the host is not asked about: its program, if any, is the guest's.
fn is_of_the_guest(word: &OsStr) -> bool {
    match Target::parse(word) {
        Ok(_) => false,
        Err(_) => word
            .to_str()
            .and_then(|text| text.split_once(':'))
            .is_some_and(|(scheme, _)| !SCHEMES.iter().any(|known| scheme.eq_ignore_ascii_case(known))),
    }
}

/// The next one of PATH, which is not this program.
fn guests_xdg_open() -> Option<PathBuf> {
    let own = env::current_exe().and_then(|path| path.canonicalize()).ok()?;
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .map(|folder| folder.join("xdg-open"))
        .find(|file| is_executable(file) && file.canonicalize().is_ok_and(|file| file != own))
}

fn open_request(word: &OsStr, kind: &[u8]) -> Result<Vec<u8>, Failure> {
    let target = match Target::parse(word).map_err(|detail| (code::WRONG, detail))? {
        // What a link points to is opened under its own name.
        Target::File(path) => Target::File(found(&path)?),
        target => target,
    };
    if is_loop(&env::var(OPENED).unwrap_or_default(), &target.argument(), now_ms()) {
        return Err((code::NO_PROGRAM, "the program that opens it has asked to open it again".to_owned()));
    }
    Ok(words(&[kind, target.url_text().as_bytes(), target.path_bytes()]))
}

fn send(arguments: &[OsString]) -> Result<(), Failure> {
    let usage = || (code::WRONG, "usage: atoll-send [--to VM] [--] FILE...".to_owned());
    let (to, files) = match arguments {
        [option, to, files @ ..] if option == "--to" => (to.as_bytes(), files),
        files => (&[][..], files),
    };
    let files = files.strip_prefix(&[OsString::from("--")]).unwrap_or(files);
    if files.is_empty() {
        return Err(usage());
    }
    let mut paths = Vec::new();
    for file in files {
        let Target::File(path) = Target::parse(file).map_err(|detail| (code::WRONG, detail))? else {
            return Err(usage());
        };
        // A link is not followed: it is left out, and a message says so.
        path.symlink_metadata().map_err(|error| (NO_FILE, format!("{}: {error}", path.display())))?;
        paths.push(std::path::absolute(&path).map_err(|error| (NO_FILE, error.to_string()))?);
    }
    let all = [&b"send"[..], to].into_iter().chain(paths.iter().map(|path| path.as_os_str().as_bytes()));
    ask(&words(&all.collect::<Vec<_>>()))
}

/// Scans the files in as many requests as they need; gives the worst of the verdicts. Something that was found is worse than what
/// was not scanned: that may be clean.
fn scan_files(arguments: &[OsString]) -> Result<(), Failure> {
    let files = arguments.strip_prefix(&[OsString::from("--")]).unwrap_or(arguments);
    let is_option = files.first().is_some_and(|first| first.as_bytes().starts_with(b"-")) && files == arguments;
    if files.is_empty() || is_option {
        return Err((scan::code::NOT_SCANNED, "usage: atoll-scan [--] FILE...".to_owned()));
    }
    let mut worst = scan::code::CLEAN;
    let mut take = |code: u8| {
        if code == scan::code::FOUND || worst == scan::code::CLEAN {
            worst = code;
        }
    };
    let mut paths = Vec::new();
    for file in files {
        // What a link leads to is scanned: of a link itself there is nothing to say.
        match local_file(file) {
            Ok(path) => paths.push(path),
            Err(detail) => {
                eprintln!("atoll-scan: {detail}");
                take(scan::code::NOT_SCANNED);
            }
        }
    }
    for part in parts(&paths) {
        let all = [&b"scan"[..]].into_iter().chain(part.iter().map(|path| path.as_os_str().as_bytes()));
        let Answer { code, detail, output } = ask_for(&words(&all.collect::<Vec<_>>()), scan::code::NOT_SCANNED)?;
        // Nobody may read it any more.
        let _ = std::io::stdout().write_all(output.as_bytes());
        if !detail.is_empty() {
            eprintln!("atoll-scan: {}", scan::shown(&detail));
        }
        take(code);
    }
    if worst == scan::code::CLEAN { Ok(()) } else { Err((worst, String::new())) }
}

/// As [`Target::parse`] has it; a link on the network is none.
fn local_file(word: &OsStr) -> Result<PathBuf, String> {
    match Target::parse(word)? {
        Target::File(path) => {
            path.canonicalize().map_err(|error| format!("{}: {error}", scan::shown(&path.display().to_string())))
        }
        Target::Url(url) => Err(format!("{url}: is no file")),
    }
}

/// As many as one request holds each.
fn parts(paths: &[PathBuf]) -> Vec<&[PathBuf]> {
    let mut parts = Vec::new();
    let mut rest = paths;
    while !rest.is_empty() {
        let mut room = scan::REQUEST_BYTES;
        let fits = rest.iter().take(MAX_SCAN_PATHS).take_while(|path| {
            let bytes = path.as_os_str().len();
            let fits = bytes <= room;
            room = room.saturating_sub(bytes);
            fits
        });
        // One that is longer than any may be is refused by the agent.
        let (part, others) = rest.split_at(fits.count().max(1));
        parts.push(part);
        rest = others;
    }
    parts
}

fn found(path: &Path) -> Result<PathBuf, Failure> {
    path.canonicalize().map_err(|error| (NO_FILE, format!("{}: {error}", path.display())))
}

fn words(words: &[&[u8]]) -> Vec<u8> {
    words.iter().flat_map(|word| word.iter().copied().chain([0])).collect()
}

struct Answer {
    code: u8,
    detail: String,
    /// For the standard output.
    output: String,
}

/// Asks the agent, and waits for its answer.
fn ask(request: &[u8]) -> Result<(), Failure> {
    match ask_for(request, code::FAILED)? {
        Answer { code: code::DONE, .. } => Ok(()),
        Answer { code, detail, .. } => Err((code, detail)),
    }
}

/// `failure`: the exit code where the agent cannot be asked.
fn ask_for(request: &[u8], failure: u8) -> Result<Answer, Failure> {
    let runtime = env::var_os("XDG_RUNTIME_DIR").unwrap_or_default();
    let path = socket::path(Path::new(&runtime));
    let failed = |error: std::io::Error| (failure, format!("the agent does not answer: {error}"));
    let mut stream = UnixStream::connect(path).map_err(failed)?;
    stream.write_all(request).and_then(|()| stream.shutdown(Shutdown::Write)).map_err(failed)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).map_err(failed)?;
    let (status, output) = answer.split_once('\0').unwrap_or((&answer, ""));
    match status.split_once(' ').and_then(|(code, detail)| Some((code.parse().ok()?, detail))) {
        Some((code, detail)) => Ok(Answer { code, detail: detail.to_owned(), output: output.to_owned() }),
        None => Err((failure, "the agent does not answer".to_owned())),
    }
}

/// The value of [`OPENED`]: when, and what.
pub fn mark(target: &str) -> String {
    format!("{} {target}", now_ms())
}

fn is_loop(mark: &str, target: &str, now_ms: i64) -> bool {
    let Some((then, marked)) = mark.split_once(' ') else { return false };
    marked == target && then.parse::<i64>().is_ok_and(|then| (0..LOOP_MS).contains(&(now_ms - then)))
}

fn now_ms() -> i64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec * 1000 + now.tv_nsec / 1_000_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_known_by_its_name_or_its_first_word() {
        let of =
            |words: &[&str]| command(words.iter().map(OsString::from)).map(|(command, rest)| (command, rest.len()));
        assert_eq!(of(&["/run/x/atoll-open", "a"]), Some((Command::Open, 1)));
        assert_eq!(of(&["atoll-send"]), Some((Command::Send, 0)));
        assert_eq!(of(&["/run/x/atoll-scan", "a"]), Some((Command::Scan, 1)));
        assert_eq!(of(&["/run/x/xdg-open", "a"]), Some((Command::XdgOpen, 1)));
        assert_eq!(of(&["atoll-agent", "open", "a", "b"]), Some((Command::Open, 2)));
        assert_eq!(of(&["atoll-agent", "--control", "x"]), None);
        assert_eq!(of(&["atoll-agent"]), None);
    }

    #[test]
    fn files_to_scan_are_parted_into_what_a_request_holds() {
        let path = |bytes: usize| PathBuf::from("/".repeat(bytes));
        let sizes = |paths: &[PathBuf]| parts(paths).iter().map(|part| part.len()).collect::<Vec<_>>();
        assert_eq!(sizes(&[]), Vec::<usize>::new());
        assert_eq!(sizes(&vec![path(1); MAX_SCAN_PATHS]), [MAX_SCAN_PATHS]);
        assert_eq!(sizes(&vec![path(1); MAX_SCAN_PATHS + 1]), [MAX_SCAN_PATHS, 1]);
        assert_eq!(sizes(&vec![path(4096); 9]), [8, 1]);
        assert_eq!(sizes(&[path(scan::REQUEST_BYTES + 1), path(1)]), [1, 1]);
    }

    #[test]
    fn the_same_file_again_at_once_is_a_loop() {
        assert!(is_loop("1000 /a b", "/a b", 1500));
        assert!(!is_loop("1000 /a b", "/a b", 9000));
        assert!(!is_loop("1000 /a", "/b", 1500));
        assert!(!is_loop("", "/a", 1));
        assert!(!is_loop("9000 /a", "/a", 1000));
    }
}
