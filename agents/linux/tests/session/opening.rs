//! What programs of the guest open and send, and what the host opens here.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use atoll_wire::header::Message as Body;
use atoll_wire::{
    FailureCode, FilesList, OpenAnswered, OpenHere, OpenOutcome, OpenWanted, ScanAnswered, ScanDropped, ScanVerdict,
    ScanWanted, ScannedFile, SendAnswered, SendWanted,
};

use crate::support::agent::{Agent, program};
use crate::support::host::{BULK, CONTROL, Host};
use crate::support::status;
use crate::support::until;

/// The command as the guest's programs find it.
fn start(agent: &Agent, name: &str, arguments: &[&str]) -> Child {
    command(agent, name).args(arguments).spawn().expect("the command")
}

fn command(agent: &Agent, name: &str) -> Command {
    let link = agent.path(name);
    if !link.exists() {
        symlink(program(), &link).expect("a link");
    }
    let mut command = Command::new(link);
    command.env_clear().env("XDG_RUNTIME_DIR", agent.path("runtime")).env("HOME", agent.path("home"));
    command.env("XDG_DATA_HOME", agent.path("data")).env("XDG_DATA_DIRS", "/usr/share").current_dir(agent.path("home"));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

/// Exit code and what it said.
fn end(child: Child) -> (i32, String) {
    let output = child.wait_with_output().expect("an end");
    (output.status.code().expect("a code"), String::from_utf8(output.stderr).expect("text"))
}

pub fn wanted(host: &mut Host) -> OpenWanted {
    host.wait("OpenWanted", |body| match body {
        Body::OpenWanted(wanted) => Some(wanted.clone()),
        _ => None,
    })
}

pub fn answer(host: &mut Host, wanted: u32, outcome: OpenOutcome, detail: &str) {
    let detail = detail.to_owned();
    host.send(CONTROL, Body::OpenAnswered(OpenAnswered { wanted, outcome: outcome.into(), detail }));
}

pub fn file(agent: &Agent, name: &str, content: &str) -> PathBuf {
    let path = agent.path("home").join(name);
    fs::write(&path, content).expect("a file");
    path
}

/// The types that this machine knows are the guest's.
pub fn know_types(agent: &Agent) {
    symlink("/usr/share/mime", agent.path("data/mime")).expect("a link");
}

/// A program of the guest that tells its arguments.
pub fn install(agent: &Agent, id: &str, types: &str) {
    let script = agent.path("bin").join(id);
    let opened = agent.path("opened");
    let text =
        format!("#!/bin/sh\necho \"{id} $*\" > {0}.new && exec {1} {0}.new {0}\n", opened.display(), mv().display());
    fs::write(&script, text).expect("a script");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).expect("a script");
    let entry = format!("[Desktop Entry]\nType=Application\nName={id}\nExec={id} %f\nMimeType={types}\n");
    // It appears whole: the agent looks at the folder a moment after a file was made there.
    let made = agent.path(&format!("{id}.made"));
    fs::write(&made, entry).expect("an entry");
    fs::rename(&made, agent.applications().join(format!("{id}.desktop"))).expect("an entry");
}

fn mv() -> PathBuf {
    ["/usr/bin/mv", "/bin/mv"].map(PathBuf::from).into_iter().find(|file| file.exists()).expect("mv is installed")
}

/// What the next program was given.
pub fn opened(agent: &Agent) -> String {
    let file = agent.path("opened");
    let text = until("a program is started", || fs::read_to_string(&file).ok());
    fs::remove_file(&file).expect("a file");
    text.trim_end().to_owned()
}

#[test]
fn a_link_is_opened_where_the_host_says() {
    let agent = Agent::start();
    let mut host = agent.host();
    let child = start(&agent, "atoll-open", &["https://a.example/x?y=z"]);
    let asked = wanted(&mut host);
    assert_eq!((asked.url.as_str(), &asked.path[..], asked.edit), ("https://a.example/x?y=z", &b""[..], false));
    answer(&mut host, asked.wanted, OpenOutcome::Elsewhere, "");
    assert_eq!(end(child), (0, String::new()));
    let child = start(&agent, "atoll-open", &["mailto:a@example.org"]);
    let asked = wanted(&mut host);
    answer(&mut host, asked.wanted, OpenOutcome::Denied, "this VM opens no links");
    assert_eq!(end(child), (4, "atoll-open: this VM opens no links\n".to_owned()));
}

#[test]
fn a_file_is_said_with_its_type_and_can_be_listed() {
    let agent = Agent::start();
    know_types(&agent);
    let mut host = agent.host();
    let path = file(&agent, "-rf", "%PDF-1.4\n");
    let child = start(&agent, "atoll-open", &["--edit", "--", "-rf"]);
    let asked = wanted(&mut host);
    assert_eq!(asked.path, path.as_os_str().as_encoded_bytes());
    assert_eq!((asked.mime_type.as_str(), asked.edit), ("application/pdf", true));
    host.send(BULK, Body::FilesList(FilesList { transfer: 1, wanted: asked.wanted, ..FilesList::default() }));
    let entries = host.wait("FilesListed", |body| match body {
        Body::FilesListed(listed) => Some(listed.entries.clone()),
        _ => None,
    });
    assert!(entries.len() == 1 && entries[0].path == b"-rf" && entries[0].size == 9, "{entries:?}");
    answer(&mut host, asked.wanted, OpenOutcome::Elsewhere, "");
    assert_eq!(end(child).0, 0);
}

#[test]
fn what_is_opened_while_there_is_no_room_for_a_thread_fails_alone() {
    use rustix::process::{Pid, Resource, Rlimit, prlimit};
    let mut agent = Agent::start();
    file(&agent, "a.txt", "a");
    // It has come up.
    agent.host().roundtrip();
    let pid = Pid::from_raw(agent.pid() as i32).expect("a pid");
    let limit = |bytes| {
        prlimit(Some(pid), Resource::As, Rlimit { current: bytes, maximum: None }).expect("a limit");
    };
    // Room for what it answers, and none for a stack.
    limit(Some(status(&agent, "VmSize") + 512 * 1024));
    let said = end(start(&agent, "atoll-open", &["a.txt"]));
    assert_eq!(said, (4, "atoll-open: the guest has no room for one more thread\n".to_owned()));
    limit(None);
    agent.assert_runs();
    assert_eq!(end(start(&agent, "atoll-open", &["a.txt"])).0, 3);
}

#[test]
fn a_disposable_is_asked_for_and_a_folder_opens_in_none() {
    let agent = Agent::start();
    let mut host = agent.host();
    file(&agent, "a", "a");
    let child = start(&agent, "atoll-open", &["--disposable", "--", "a"]);
    let asked = wanted(&mut host);
    assert_eq!((asked.disposable, asked.edit), (true, false));
    answer(&mut host, asked.wanted, OpenOutcome::Elsewhere, "");
    assert_eq!(end(child), (0, String::new()));
    let (code, said) = end(start(&agent, "atoll-open", &["--disposable", "."]));
    assert_eq!((code, said.as_str()), (4, "atoll-open: a folder opens in its own VM alone\n"));
    for (menu, command) in [
        ("file-manager/actions/atoll-disposable.desktop", "atoll-open --disposable -- %F\n"),
        ("file-manager/actions/atoll-send.desktop", "atoll-send -- %F\n"),
        ("file-manager/actions/atoll-scan.desktop", "Name=Scan\n"),
        ("file-manager/actions/atoll-scan.desktop", "atoll-scan -- %F\n"),
        ("Thunar/sendto/atoll-scan.desktop", "atoll-scan -- %F\n"),
        ("Thunar/sendto/atoll-disposable.desktop", "atoll-open --disposable -- %F\n"),
        ("Thunar/sendto/atoll-send.desktop", "atoll-send -- %F\n"),
    ] {
        let entry = fs::read_to_string(agent.path(&format!("runtime/atoll/share/{menu}"))).expect("an entry");
        assert!(entry.contains(command), "{menu}: {entry}");
    }
    drop(host);
    // Without a host it is not opened here instead.
    assert_eq!(end(start(&agent, "atoll-open", &["--disposable", "a"])).0, 4);
}

#[test]
fn an_empty_file_is_what_its_name_says_and_else_a_text() {
    let agent = Agent::start();
    know_types(&agent);
    let mut host = agent.host();
    for (name, mime_type) in [("empty.pdf", "application/pdf"), ("empty", "text/plain")] {
        file(&agent, name, "");
        let child = start(&agent, "atoll-open", &[name]);
        let asked = wanted(&mut host);
        assert_eq!(asked.mime_type, mime_type);
        answer(&mut host, asked.wanted, OpenOutcome::Elsewhere, "");
        assert_eq!(end(child).0, 0);
    }
}

#[test]
fn a_type_that_was_added_while_the_agent_runs_is_known() {
    let agent = Agent::start();
    let types = agent.path("data/mime");
    fs::create_dir_all(&types).expect("a folder");
    let mut host = agent.host();
    let said = |host: &mut Host| {
        let child = start(&agent, "atoll-open", &["a.own"]);
        let asked = wanted(host);
        answer(host, asked.wanted, OpenOutcome::Elsewhere, "");
        assert_eq!(end(child).0, 0);
        asked.mime_type
    };
    file(&agent, "a.own", "\u{1}");
    assert_eq!(said(&mut host), "application/octet-stream");
    // As update-mime-database makes it.
    fs::write(types.join("globs2.new"), "50:application/x-own:*.own\n").expect("a file");
    fs::rename(types.join("globs2.new"), types.join("globs2")).expect("a file");
    assert_eq!(said(&mut host), "application/x-own");
}

#[test]
fn files_are_sent_to_another_vm() {
    let agent = Agent::start();
    let mut host = agent.host();
    let (one, two) = (file(&agent, "a", "a"), file(&agent, "b", "b"));
    let child = start(&agent, "atoll-send", &["--to", "work", "a", "b"]);
    let asked: SendWanted = host.wait("SendWanted", |body| match body {
        Body::SendWanted(wanted) => Some(wanted.clone()),
        _ => None,
    });
    assert_eq!((asked.to.as_str(), asked.count), ("work", 2));
    assert_eq!(asked.paths, [one, two].map(|path| path.into_os_string().into_encoded_bytes()));
    let detail = "there is no VM \"work\"".to_owned();
    host.send(
        CONTROL,
        Body::SendAnswered(SendAnswered { wanted: asked.wanted, outcome: OpenOutcome::Failed.into(), detail }),
    );
    assert_eq!(end(child), (4, "atoll-send: there is no VM \"work\"\n".to_owned()));
}

fn scan_wanted(host: &mut Host) -> ScanWanted {
    host.wait("ScanWanted", |body| match body {
        Body::ScanWanted(wanted) => Some(wanted.clone()),
        _ => None,
    })
}

fn scan_dropped(host: &mut Host) -> u32 {
    host.wait("ScanDropped", |body| match body {
        Body::ScanDropped(ScanDropped { wanted }) => Some(*wanted),
        _ => None,
    })
}

fn answer_scan(host: &mut Host, wanted: u32, verdict: ScanVerdict, files: Vec<ScannedFile>, detail: &str) {
    let (verdict, detail) = (verdict.into(), detail.to_owned());
    host.send(CONTROL, Body::ScanAnswered(ScanAnswered { wanted, verdict, files, detail }));
}

fn scanned(path: &str, verdict: ScanVerdict, why: &str) -> ScannedFile {
    ScannedFile { path: path.to_owned(), verdict: verdict.into(), why: why.to_owned() }
}

fn start_scan(agent: &Agent, arguments: &[&str]) -> Child {
    command(agent, "atoll-scan").args(arguments).stdout(Stdio::piped()).spawn().expect("the command")
}

/// Exit code, standard output and standard error.
fn end_scan(child: Child) -> (i32, String, String) {
    let output = child.wait_with_output().expect("an end");
    let [said, failed] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).expect("text"));
    (output.status.code().expect("a code"), said, failed)
}

#[test]
fn files_are_scanned_and_each_has_a_line_with_its_verdict() {
    let agent = Agent::start();
    let mut host = agent.host();
    let (one, two) = (file(&agent, "a", "a"), file(&agent, "b\nc", "b"));
    symlink("a", agent.path("home/link")).expect("a link");
    let child = start_scan(&agent, &["--", "link", "b\nc"]);
    let asked = scan_wanted(&mut host);
    // A link itself has nothing in it.
    assert_eq!(asked.paths, [one, two].map(|path| path.into_os_string().into_encoded_bytes()));
    let files = vec![
        scanned("/h/b\nc", ScanVerdict::Found, "Eicar was found in it (ClamAV)"),
        scanned("/h/a", ScanVerdict::Clean, ""),
    ];
    answer_scan(&mut host, asked.wanted, ScanVerdict::Found, files, "7 more files are clean.");
    let said = "/h/b\\nc: found (Eicar was found in it (ClamAV))\n/h/a: clean\n".to_owned();
    assert_eq!(end_scan(child), (1, said, "atoll-scan: 7 more files are clean.\n".to_owned()));
    for (verdict, code) in [
        (ScanVerdict::Clean, 0),
        (ScanVerdict::Suspicious, 1),
        (ScanVerdict::NotScanned, 2),
        (ScanVerdict::Error, 2),
        (ScanVerdict::Unspecified, 2),
    ] {
        let child = start_scan(&agent, &["a"]);
        let asked = scan_wanted(&mut host);
        // Of another kind: it waits on.
        answer(&mut host, asked.wanted, OpenOutcome::Denied, "");
        answer_scan(&mut host, asked.wanted, verdict, vec![scanned("/h/a", verdict, "")], "");
        let (said, lines, _) = end_scan(child);
        assert_eq!((said, lines.lines().count()), (code, 1), "{verdict:?}");
    }
    // What is not there is not scanned, and the others are.
    let child = start_scan(&agent, &["missing", "a"]);
    let asked = scan_wanted(&mut host);
    assert_eq!(asked.paths.len(), 1);
    answer_scan(&mut host, asked.wanted, ScanVerdict::Clean, vec![scanned("/h/a", ScanVerdict::Clean, "")], "");
    let (code, said, failed) = end_scan(child);
    assert_eq!((code, said.as_str()), (2, "/h/a: clean\n"));
    assert!(failed.starts_with("atoll-scan: missing: "), "{failed}");
    for arguments in [&[][..], &["--all"], &["https://a.example/"]] {
        assert_eq!(end_scan(start_scan(&agent, arguments)).0, 2, "{arguments:?}");
    }
}

#[test]
fn as_many_lines_as_a_message_of_the_host_holds_come_whole() {
    let agent = Agent::start();
    let mut host = agent.host();
    file(&agent, "a", "a");
    let child = start_scan(&agent, &["a"]);
    let asked = scan_wanted(&mut host);
    // Nearly MAX_HEADER_BYTES.
    let files = (0..5000).map(|at| scanned(&format!("/{at:04}"), ScanVerdict::NotScanned, "")).collect();
    answer_scan(&mut host, asked.wanted, ScanVerdict::NotScanned, files, "");
    let (code, said, _) = end_scan(child);
    assert_eq!((code, said.lines().count()), (2, 5000));
    assert!(said.ends_with("/4999: not-scanned\n"));
}

#[test]
fn a_scan_for_which_nobody_waits_is_dropped_and_a_late_answer_is_nobodys() {
    let agent = Agent::start();
    let mut host = agent.host();
    file(&agent, "a", "a");
    let mut child = start_scan(&agent, &["a"]);
    let asked = scan_wanted(&mut host);
    child.kill().expect("an end");
    child.wait().expect("an end");
    assert_eq!(scan_dropped(&mut host), asked.wanted);
    answer_scan(&mut host, asked.wanted, ScanVerdict::Clean, vec![scanned("/h/a", ScanVerdict::Clean, "")], "");
    // No more wait than the host takes.
    let waiting = (0..8).map(|_| start_scan(&agent, &["a"])).collect::<Vec<_>>();
    let asked = (0..8).map(|_| scan_wanted(&mut host).wanted).collect::<Vec<_>>();
    assert_eq!(end_scan(start_scan(&agent, &["a"])).0, 2);
    for wanted in &asked {
        answer_scan(&mut host, *wanted, ScanVerdict::Clean, Vec::new(), "");
    }
    for child in waiting {
        assert_eq!(end_scan(child).0, 0);
    }
    let child = start_scan(&agent, &["a"]);
    scan_wanted(&mut host);
    drop(host);
    let (code, _, failed) = end_scan(child);
    assert_eq!((code, failed.as_str()), (2, "atoll-scan: Atoll does not answer any more\n"));
    assert_eq!(end_scan(start_scan(&agent, &["a"])).0, 2);
}

#[test]
fn what_cannot_be_opened_is_said_without_asking_the_host() {
    let agent = Agent::start();
    let mut host = agent.host();
    for (arguments, code) in
        [(&["missing"][..], 2), (&["javascript:alert(1)"], 1), (&["https://user@a.example/"], 1), (&[], 1), (&["/"], 3)]
    {
        let (said, text) = end(start(&agent, "atoll-open", arguments));
        assert_eq!(said, code, "{arguments:?} {text}");
        assert!(text.starts_with("atoll-open: "), "{text}");
    }
    assert_eq!(end(start(&agent, "atoll-send", &["missing"])).0, 2);
    assert_eq!(end(start(&agent, "atoll-send", &[])).0, 1);
    host.roundtrip();
}

#[test]
fn here_it_is_opened_by_the_guests_own_program() {
    let agent = Agent::start();
    know_types(&agent);
    install(&agent, "plain", "text/plain;");
    install(&agent, "better", "text/plain;x-scheme-handler/https;");
    fs::create_dir_all(agent.path("home/.config")).expect("a folder");
    fs::write(agent.path("home/.config/mimeapps.list"), "[Default Applications]\ntext/plain=better.desktop\n")
        .expect("a list");
    let mut host = agent.host();
    let path = file(&agent, "notes.txt", "hello");
    let child = start(&agent, "atoll-open", &["notes.txt"]);
    let asked = wanted(&mut host);
    assert_eq!(asked.mime_type, "text/plain");
    answer(&mut host, asked.wanted, OpenOutcome::Here, "");
    assert_eq!(opened(&agent), format!("better {}", path.display()));
    assert_eq!(end(child), (0, String::new()));
    // The same where the host itself wants it; the named program goes before the default.
    let absolute = path.as_os_str().as_encoded_bytes();
    for (app_id, program, named) in
        [("", "better", absolute), ("plain", "plain", absolute), ("", "better", b"notes.txt")]
    {
        let open = OpenHere { request: 5, path: named.to_vec(), app_id: app_id.to_owned(), ..OpenHere::default() };
        host.send(CONTROL, Body::OpenHere(open));
        host.wait("Launched", |body| matches!(body, Body::Launched(launched) if launched.request == 5).then_some(()));
        assert_eq!(opened(&agent), format!("{program} {}", path.display()));
    }
    host.send(
        CONTROL,
        Body::OpenHere(OpenHere { request: 6, url: "https://a.example/".to_owned(), ..OpenHere::default() }),
    );
    host.wait("Launched", |body| matches!(body, Body::Launched(launched) if launched.request == 6).then_some(()));
    assert_eq!(opened(&agent), "better https://a.example/");
}

#[test]
fn without_a_program_the_type_is_said() {
    let agent = Agent::start();
    know_types(&agent);
    let mut host = agent.host();
    let path = file(&agent, "a.pdf", "%PDF-1.4\n");
    let open = OpenHere { request: 5, path: path.as_os_str().as_encoded_bytes().to_vec(), ..OpenHere::default() };
    host.send(CONTROL, Body::OpenHere(open));
    let failed = host.wait("RequestFailed", |body| match body {
        Body::RequestFailed(failed) if failed.request == 5 => Some(failed.clone()),
        _ => None,
    });
    assert_eq!((failed.code(), failed.detail.as_str()), (FailureCode::NotFound, "application/pdf"));
    let child = start(&agent, "atoll-open", &["a.pdf"]);
    let asked = wanted(&mut host);
    assert!(!asked.no_program);
    answer(&mut host, asked.wanted, OpenOutcome::Here, "");
    // The host tells the person who has one, and gives the words for the program that has asked.
    let told = wanted(&mut host);
    assert_eq!((told.no_program, told.edit, told.disposable), (true, false, false));
    assert_eq!((told.path, told.mime_type.as_str()), (asked.path, "application/pdf"));
    answer(&mut host, told.wanted, OpenOutcome::Failed, "another VM has one");
    assert_eq!(end(child), (3, "atoll-open: another VM has one\n".to_owned()));
    // Whatever is answered, it is not begun again.
    let child = start(&agent, "atoll-open", &["https://a.example/"]);
    let asked = wanted(&mut host);
    answer(&mut host, asked.wanted, OpenOutcome::Here, "");
    let told = wanted(&mut host);
    assert_eq!((told.no_program, told.url.as_str(), told.mime_type.as_str()), (true, "https://a.example/", ""));
    answer(&mut host, told.wanted, OpenOutcome::Here, "");
    assert_eq!(end(child), (3, "atoll-open: no program here opens x-scheme-handler/https\n".to_owned()));
    for (url, path) in [("file:///etc/passwd", &b""[..]), ("", b"relative"), ("", b""), ("http://a/", b"/b")] {
        host.send(
            CONTROL,
            Body::OpenHere(OpenHere { request: 7, url: url.to_owned(), path: path.to_vec(), ..OpenHere::default() }),
        );
        host.wait("RequestFailed", |body| {
            matches!(body, Body::RequestFailed(failed) if failed.request == 7).then_some(())
        });
    }
}

#[test]
fn xdg_open_asks_the_host_and_leaves_the_rest_to_the_guests_own() {
    let agent = Agent::start();
    know_types(&agent);
    let mut host = agent.host();
    let path = file(&agent, "a.txt", "a");
    for word in ["https://a.example/", "a.txt"] {
        let child = start(&agent, "xdg-open", &[word]);
        let asked = wanted(&mut host);
        assert!(asked.url == word || asked.path == path.as_os_str().as_encoded_bytes(), "{asked:?}");
        answer(&mut host, asked.wanted, OpenOutcome::Elsewhere, "");
        assert_eq!(end(child), (0, String::new()));
    }
    let script = agent.path("bin/xdg-open");
    fs::write(&script, "#!/bin/sh\necho \"$*\" >&2\nexit 5\n").expect("a script");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).expect("a script");
    // Its own folder is the first of PATH, as in a guest.
    let folders = [program().parent().expect("a folder").to_owned(), agent.path("."), agent.path("bin")];
    let folders = std::env::join_paths(folders).expect("a PATH");
    for word in ["magnet:?xt=urn:a", "--version"] {
        let child = command(&agent, "xdg-open").arg(word).env("PATH", &folders).spawn().expect("the command");
        assert_eq!(end(child), (5, format!("{word}\n")));
    }
    for (word, code) in [("https://user@a.example/", 1), ("missing", 2), ("--version", 3)] {
        assert_eq!(end(start(&agent, "xdg-open", &[word])).0, code, "{word}");
    }
    host.roundtrip();
}

#[test]
fn a_program_that_asks_for_its_own_file_again_is_refused() {
    let agent = Agent::start();
    know_types(&agent);
    install(&agent, "plain", "text/plain;");
    let path = file(&agent, "a.txt", "a");
    let mut host = agent.host();
    let child = start(&agent, "atoll-open", &["a.txt"]);
    let asked = wanted(&mut host);
    answer(&mut host, asked.wanted, OpenOutcome::Here, "");
    opened(&agent);
    assert_eq!(end(child).0, 0);
    // As the program would, with the variable that it was started with.
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    let mark = format!("{} {}", now.tv_sec * 1000 + now.tv_nsec / 1_000_000, path.display());
    let nested = command(&agent, "atoll-open").arg("a.txt").env("ATOLL_OPENED", mark).spawn().expect("the command");
    assert_eq!(end(nested).0, 3);
}

#[test]
fn the_agent_is_the_default_of_its_session() {
    let agent = Agent::start();
    let mut host = agent.host();
    // The entry comes after the agent: it notices.
    install(&agent, "plain", "text/plain;image/x-own;");
    host.wait("AppsChanged", |body| matches!(body, Body::AppsChanged(_)).then_some(()));
    let list = fs::read_to_string(agent.path("home/.config/atoll-mimeapps.list")).expect("a list");
    for kind in ["text/plain", "image/x-own", "x-scheme-handler/https", "x-scheme-handler/mailto"] {
        assert!(list.contains(&format!("{kind}=atoll-open.desktop\n")), "{kind} in {list}");
    }
    let entry =
        fs::read_to_string(agent.path("runtime/atoll/share/applications/atoll-open.desktop")).expect("an entry");
    assert!(entry.contains("NoDisplay=true") && entry.contains("image/x-own;"), "{entry}");
    let mode = fs::metadata(agent.path("runtime/atoll/open")).expect("a socket").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(agent.path("runtime/atoll/commands/atoll-send").exists());
}

#[test]
fn openers_that_wait_end_with_the_session_and_the_next_host_is_asked() {
    let agent = Agent::start();
    let mut host = agent.host();
    let child = start(&agent, "atoll-open", &["https://a.example/"]);
    wanted(&mut host);
    drop(host);
    assert_eq!(end(child).0, 4);
    let mut host = agent.host();
    let child = start(&agent, "atoll-open", &["https://b.example/"]);
    let asked = wanted(&mut host);
    // An answer for nobody, and twice.
    answer(&mut host, 999, OpenOutcome::Here, "");
    answer(&mut host, asked.wanted, OpenOutcome::Elsewhere, "");
    answer(&mut host, asked.wanted, OpenOutcome::Here, "");
    assert_eq!(end(child).0, 0);
    host.roundtrip();
}
