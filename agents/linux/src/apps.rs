//! The programs of the guest, as their desktop entries describe them.
//!
//! @see https://specifications.freedesktop.org/desktop-entry-spec/latest/

use std::collections::HashSet;
use std::path::PathBuf;
use std::{env, fs};

use atoll_wire::header::Message as Body;
use atoll_wire::limits::{APP_TEXT_BYTES, MAX_APP_LIST, MAX_APP_TEXT_BYTES, MAX_APPS, MAX_APPS_BYTES};
use atoll_wire::{App, Apps};
use freedesktop_desktop_entry::{DesktopEntry, get_languages_from_env};

use crate::agent::Agent;
use crate::environment::is_executable;
use crate::ports::PortKind;
use crate::services::Service;
use crate::small_file;
use crate::text::cut;

pub const SERVICE: Service = Service { port: PortKind::Control, receive: Agent::receive_list, session_ended: None };

/// Programs in one message: with the longest texts they stay below the limit of a header.
const APPS_IN_MESSAGE: usize = 16;
/// Bytes of all texts of one program together.
const APP_BYTES: usize = 3 * 1024;
/// Folders and files that are looked at for entries: a link may lead to a tree of any size.
const MAX_FOLDERS: usize = 256;
const MAX_FILES: usize = 8192;
/// The command lines that run a program in a terminal.
const TERMINALS: [&[&str]; 2] = [&["foot"], &["xterm", "-e"]];
const DESKTOP: &str = "Atoll";

impl Agent {
    fn receive_list(&mut self, body: &Body, _payload: &[u8]) -> bool {
        let Body::ListApps(list) = body else { return false };
        self.list_apps(list.request);
        true
    }

    fn list_apps(&mut self, request: u32) {
        let apps = list();
        let mut rest = apps.chunks(APPS_IN_MESSAGE).peekable();
        if rest.peek().is_none() {
            self.send(PortKind::Control, Body::Apps(Apps { request, apps: Vec::new(), last: true }));
        }
        while let Some(apps) = rest.next() {
            let last = rest.peek().is_none();
            self.send(PortKind::Control, Body::Apps(Apps { request, apps: apps.to_vec(), last }));
        }
    }
}

/// The command line that opens `files` with a program. None = there is no such program, or its entry has no command.
pub fn command(id: &str, files: &[String]) -> Option<Vec<String>> {
    let id = id.strip_suffix(".desktop").unwrap_or(id);
    let locales = get_languages_from_env();
    let entry = entries(&locales).find(|entry| entry.id() == id).filter(is_program)?;
    let files = files.iter().map(String::as_str).collect::<Vec<_>>();
    let command = entry.parse_exec_with_uris(&files, &locales).ok()?;
    if !entry.terminal() {
        return Some(command);
    }
    let terminal = TERMINALS.iter().find(|terminal| terminal.first().is_some_and(|name| is_in_path(name)))?;
    Some(terminal.iter().map(|word| (*word).to_owned()).chain(command).collect())
}

/// Ids of the programs whose entries name this type, in the order of their folders.
pub fn handlers(kind: &str) -> Vec<String> {
    let names_it = |entry: &DesktopEntry| entry.mime_type().is_some_and(|types| types.contains(&kind));
    let programs = entries(&[]).filter(|entry| is_program(entry) && names_it(entry));
    programs.map(|entry| entry.id().to_owned()).collect()
}

/// All types that programs open.
pub fn all_types() -> Vec<String> {
    let programs = entries(&[]).filter(is_program);
    programs
        .flat_map(|entry| entry.mime_type().unwrap_or_default().into_iter().map(str::to_owned).collect::<Vec<_>>())
        .collect()
}

fn list() -> Vec<App> {
    let locales = get_languages_from_env();
    let mut seen = HashSet::new();
    let apps = entries(&locales)
        // Of entries with the same id the first one counts, also when it says `Hidden=true`.
        .filter(|entry| seen.insert(entry.id().to_owned()) && is_program(entry) && is_listed(entry))
        .filter_map(|entry| app(&entry, &locales));
    let mut apps = fitting(apps);
    apps.sort_by(|one, other| one.name.cmp(&other.name).then_with(|| one.id.cmp(&other.id)));
    apps
}

/// As many as one answer may hold: what is more is left out.
fn fitting(apps: impl Iterator<Item = App>) -> Vec<App> {
    let mut room = MAX_APPS_BYTES;
    apps.take(MAX_APPS)
        .take_while(|app| {
            let bytes = text_bytes(app);
            let fits = bytes <= room;
            room = room.saturating_sub(bytes);
            fits
        })
        .collect()
}

fn text_bytes(App { id, name, mime_types, categories, .. }: &App) -> usize {
    [id, name].into_iter().chain(mime_types).chain(categories).map(|text| text.len() + APP_TEXT_BYTES).sum()
}

/// All desktop entries, the user's own before the system's.
fn entries(locales: &[String]) -> impl Iterator<Item = DesktopEntry> {
    let read = |path: PathBuf| DesktopEntry::from_str(&path, &small_file::read(&path)?, Some(locales)).ok();
    files_in(folders()).into_iter().filter_map(read)
}

/// Files that may be entries: those of each folder in the order of their names, then those in its folders.
fn files_in(folders: Vec<PathBuf>) -> Vec<PathBuf> {
    let mut waiting: Vec<PathBuf> = folders.into_iter().rev().collect();
    let (mut visited, mut files) = (HashSet::new(), Vec::new());
    while let Some(folder) = waiting.pop() {
        // By another way, or around in a circle.
        let is_new = folder.canonicalize().is_ok_and(|real| visited.len() < MAX_FOLDERS && visited.insert(real));
        let Ok(within) = fs::read_dir(&folder) else { continue };
        if !is_new {
            continue;
        }
        let mut paths = within.flatten().take(MAX_FILES).map(|entry| entry.path()).collect::<Vec<_>>();
        paths.sort_unstable();
        let (folders, others): (Vec<_>, Vec<_>) = paths.into_iter().partition(|path| path.is_dir());
        let entries = others.into_iter().filter(|path| path.extension().is_some_and(|ending| ending == "desktop"));
        files.extend(entries.take(MAX_FILES.saturating_sub(files.len())));
        waiting.extend(folders.into_iter().rev());
    }
    files
}

/// @see https://specifications.freedesktop.org/basedir-spec/latest/
pub fn folders() -> Vec<PathBuf> {
    let given = |name: &str| env::var_os(name).filter(|value| !value.is_empty());
    let home = given("XDG_DATA_HOME").map(PathBuf::from);
    let home = home.or_else(|| given("HOME").map(|home| PathBuf::from(home).join(".local/share")));
    let system = given("XDG_DATA_DIRS").unwrap_or_else(|| "/usr/local/share:/usr/share".into());
    home.into_iter().chain(env::split_paths(&system)).map(|folder| folder.join("applications")).collect()
}

/// It can be started. `Hidden=true` means that the user has deleted it.
fn is_program(entry: &DesktopEntry) -> bool {
    entry.type_().is_none_or(|kind| kind == "Application")
        && entry.exec().is_some()
        && !entry.hidden()
        && entry.try_exec().is_none_or(is_in_path)
}

/// Of use to the host: shown in menus, or opens files.
fn is_listed(entry: &DesktopEntry) -> bool {
    !is_left_out_of_menus(entry) || entry.mime_type().is_some_and(|types| types.iter().any(|kind| !kind.is_empty()))
}

/// The entry wants to be in no menu, or in none of this desktop.
fn is_left_out_of_menus(entry: &DesktopEntry) -> bool {
    let names_us = |list: Option<Vec<&str>>| list.map(|list| list.contains(&DESKTOP));
    entry.no_display() || names_us(entry.only_show_in()) == Some(false) || names_us(entry.not_show_in()) == Some(true)
}

fn is_in_path(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    // As TryExec wants it: joining an absolute path to a folder gives the path itself.
    env::split_paths(&path).any(|folder| is_executable(&folder.join(program)))
}

/// None = the entry has no name.
fn app(entry: &DesktopEntry, locales: &[String]) -> Option<App> {
    let mut room = APP_BYTES;
    let mut text = |text: &str| {
        let mut text = text.to_owned();
        cut(&mut text, MAX_APP_TEXT_BYTES.min(room));
        room -= text.len();
        text
    };
    let id = text(entry.id());
    let name = text(&entry.name(locales)?);
    let mut list = |list: Option<Vec<&str>>| {
        let whole =
            list.unwrap_or_default().into_iter().filter(|item| !item.is_empty() && item.len() <= MAX_APP_TEXT_BYTES);
        // A type that is cut would be another type: what does not fit is left out.
        let fitting = whole.take(MAX_APP_LIST).take_while(|item| {
            let fits = item.len() + 2 <= room;
            room = room.saturating_sub(item.len() + 2);
            fits
        });
        fitting.map(str::to_owned).collect::<Vec<_>>()
    };
    let categories = list(entry.categories());
    let mime_types = list(entry.mime_type());
    Some(App { id, name, mime_types, categories, hidden: is_left_out_of_menus(entry) })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use prost::Message as _;
    use std::os::unix::fs::symlink;

    fn entry(body: &str) -> DesktopEntry {
        let text = format!("[Desktop Entry]\nType=Application\nName=Example\n{body}");
        DesktopEntry::from_str("/usr/share/applications/org.example.App.desktop", &text, None::<&[String]>).unwrap()
    }

    #[test]
    fn entries_are_found_in_their_order_and_links_lead_nowhere_for_long() {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name);
        for folder in ["user/kde/deep", "user/a", "system"] {
            fs::create_dir_all(at(folder)).unwrap();
        }
        for name in ["user/z", "user/b", "user/kde/c", "user/kde/deep/d", "user/a/e", "system/f"] {
            fs::write(at(&format!("{name}.desktop")), "").unwrap();
        }
        fs::write(at("user/mimeinfo.cache"), "").unwrap();
        symlink("..", at("user/kde/up")).unwrap();
        symlink(at("user"), at("system/again")).unwrap();
        let found = |folders: &[&str]| {
            let found = files_in(folders.iter().map(|name| at(name)).collect());
            let short = |path: PathBuf| path.strip_prefix(root.path()).unwrap().display().to_string();
            found.into_iter().map(short).collect::<Vec<_>>()
        };
        let all = ["user/b", "user/z", "user/a/e", "user/kde/c", "user/kde/deep/d", "system/f"];
        assert_eq!(found(&["none", "user", "system"]), all.map(|name| format!("{name}.desktop")));
        // As large as a home, or a whole system.
        for at_folder in 0..MAX_FOLDERS + 50 {
            let folder = at(&format!("home/{at_folder}"));
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("x.desktop"), "").unwrap();
        }
        symlink(at("home"), at("system/home")).unwrap();
        let without_entries = ["system", "user", "a", "kde", "deep", "home"].len();
        assert_eq!(found(&["system"]).len(), all.len() + MAX_FOLDERS - without_entries);
    }

    #[test]
    fn what_cannot_be_started_is_no_program() {
        assert!(is_program(&entry("Exec=true\n")));
        for line in ["Hidden=true", "TryExec=no-such-program"] {
            assert!(!is_program(&entry(&format!("Exec=true\nMimeType=text/plain;\n{line}\n"))), "{line}");
        }
        assert!(!is_program(&entry("Comment=no command\n")));
    }

    #[test]
    fn what_is_left_out_of_menus_is_listed_when_it_opens_files() {
        for (line, hidden) in [
            ("NoDisplay=false", false),
            ("NoDisplay=true", true),
            ("OnlyShowIn=XFCE;", true),
            ("OnlyShowIn=XFCE;Atoll;", false),
            ("NotShowIn=Atoll;", true),
            ("NotShowIn=XFCE;", false),
        ] {
            let plain = entry(&format!("Exec=true\n{line}\n"));
            assert_eq!(is_listed(&plain), !hidden, "{line}");
            let opens_files = entry(&format!("Exec=true\nMimeType=application/pdf;\n{line}\n"));
            assert!(is_listed(&opens_files), "{line}");
            assert_eq!(app(&opens_files, &[]).unwrap().hidden, hidden, "{line}");
        }
        assert!(!is_listed(&entry("Exec=true\nNoDisplay=true\nMimeType=\n")));
    }

    #[test]
    fn an_application_is_described() {
        let app = app(&entry("Exec=true\nMimeType=text/plain;text/html;\nCategories=Utility;\nTerminal=true\n"), &[])
            .unwrap();
        assert_eq!((app.id.as_str(), app.name.as_str(), app.hidden), ("org.example.App", "Example", false));
        assert_eq!(app.mime_types, ["text/plain", "text/html"]);
        assert_eq!(app.categories, ["Utility"]);
    }

    #[test]
    fn an_application_that_says_too_much_is_cut() {
        let types = (0..4000).map(|at| format!("application/x-{at};")).collect::<String>();
        let name = "é".repeat(2000);
        let text = format!("[Desktop Entry]\nType=Application\nName={name}\nExec=true\nMimeType={types}\n");
        let entry = DesktopEntry::from_str("/usr/share/applications/long.desktop", &text, None::<&[String]>).unwrap();
        let app = app(&entry, &[]).unwrap();
        assert!(app.name.len() <= MAX_APP_TEXT_BYTES && app.mime_types.len() <= MAX_APP_LIST);
        let apps = Apps { request: 1, apps: vec![app; APPS_IN_MESSAGE], last: false };
        assert!(apps.encoded_len() < atoll_wire::limits::MAX_HEADER_BYTES);
    }

    #[test]
    fn a_list_that_is_too_long_is_cut() {
        let app = App { id: "x".into(), mime_types: vec!["text/plain".into(); 200], ..App::default() };
        let kept = fitting(std::iter::repeat_n(app, 1000));
        let bytes = kept.iter().map(text_bytes).sum::<usize>();
        assert!(bytes <= MAX_APPS_BYTES && bytes > MAX_APPS_BYTES - 16 * 1024, "{bytes}");
    }
}
