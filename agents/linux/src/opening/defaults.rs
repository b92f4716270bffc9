//! Which program of the guest opens a type: the user's choice, as if the agent were no handler of anything.
//!
//! @see https://specifications.freedesktop.org/mime-apps-spec/latest/

use std::collections::BTreeMap;
use std::env;
use std::path::{Path, PathBuf};

use super::mime::Types;
use super::target::Target;
use crate::{apps, small_file};

const LISTS: &str = "mimeapps.list";
/// Programs that would ask the agent again.
const ASKING: [&str; 5] = ["xdg-open", "gio", "exo-open", "atoll-open", "atoll-agent"];

/// One mimeapps.list: ids of entries, by group and type.
#[derive(Debug, Default)]
struct MimeApps(BTreeMap<(String, String), Vec<String>>);

impl MimeApps {
    fn parse(text: &str) -> Self {
        let mut lists = BTreeMap::new();
        let mut group = String::new();
        for line in text.lines().map(str::trim) {
            if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
                group = name.to_owned();
            } else if let Some((kind, ids)) = line.split_once('=').filter(|_| !line.starts_with('#')) {
                let ids = ids.split(';').map(str::trim).filter(|id| !id.is_empty()).map(str::to_owned).collect();
                lists.entry((group.clone(), kind.trim().to_owned())).or_insert(ids);
            }
        }
        Self(lists)
    }

    fn get(&self, group: &str, kind: &str) -> &[String] {
        self.0.get(&(group.to_owned(), kind.to_owned())).map_or(&[], Vec::as_slice)
    }
}

/// Why nothing opens it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoProgram {
    /// The type.
    pub mime_type: String,
}

/// The command line that opens `target` with the program `app_id`. Reads files and may take a while.
///
/// # Errors
/// There is no such program.
pub fn command_of(app_id: &str, target: &Target) -> Result<Vec<String>, NoProgram> {
    let command = apps::command(app_id, &[target.argument()]);
    command.ok_or_else(|| NoProgram { mime_type: app_id.to_owned() })
}

/// The same with the program that this guest has for the type.
///
/// # Errors
/// No program opens it.
pub fn command(target: &Target, mime_type: &str, types: &Types) -> Result<Vec<String>, NoProgram> {
    let files = [target.argument()];
    let lists = lists();
    let ids =
        types.with_parents(mime_type).into_iter().flat_map(|kind| programs(&lists, &kind, &apps::handlers(&kind)));
    let found = ids.filter_map(|id| apps::command(&id, &files)).find(|argv| !asks_again(argv));
    found.ok_or_else(|| NoProgram { mime_type: mime_type.to_owned() })
}

/// Ids of the programs for a type, the best first.
fn programs(lists: &[MimeApps], kind: &str, handlers: &[String]) -> Vec<String> {
    let of_group = |group: &'static str| {
        lists.iter().flat_map(move |list| list.get(group, kind).iter().map(|id| without_ending(id)))
    };
    let removed = of_group("Removed Associations").collect::<Vec<_>>();
    let others = of_group("Added Associations").chain(handlers.iter().cloned()).filter(|id| !removed.contains(id));
    of_group("Default Applications").chain(others).collect()
}

fn without_ending(id: &str) -> String {
    id.strip_suffix(".desktop").unwrap_or(id).to_owned()
}

fn asks_again(argv: &[String]) -> bool {
    let name = argv.first().and_then(|program| Path::new(program).file_name()).unwrap_or_default();
    ASKING.iter().any(|asking| name == *asking)
}

/// The lists of this user and of the system, those of other desktops left out.
fn lists() -> Vec<MimeApps> {
    let given = |name: &str| env::var_os(name).filter(|value| !value.is_empty());
    let home = given("HOME").map(PathBuf::from).unwrap_or_default();
    let config = given("XDG_CONFIG_HOME").map_or_else(|| home.join(".config"), PathBuf::from);
    let system = given("XDG_CONFIG_DIRS").unwrap_or_else(|| "/etc/xdg".into());
    let folders = std::iter::once(config).chain(env::split_paths(&system)).chain(apps::folders());
    folders.filter_map(|folder| small_file::read(&folder.join(LISTS))).map(|text| MimeApps::parse(&text)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const USER: &str =
        "[Default Applications]\ntext/plain=nano.desktop;\n[Removed Associations]\ntext/plain=vim.desktop\n";
    const SYSTEM: &str = "# comment\n[Added Associations]\ntext/plain = emacs.desktop; ed.desktop\n[Default Applications]\ntext/plain=mousepad.desktop\n";

    #[test]
    fn the_users_choice_comes_before_the_systems_and_both_before_others() {
        let lists = [MimeApps::parse(USER), MimeApps::parse(SYSTEM)];
        let handlers = ["vim", "gedit"].map(str::to_owned);
        assert_eq!(programs(&lists, "text/plain", &handlers), ["nano", "mousepad", "emacs", "ed", "gedit"]);
        assert_eq!(programs(&lists, "text/html", &handlers), ["vim", "gedit"]);
    }

    #[test]
    fn a_program_that_asks_the_agent_again_is_none() {
        for (program, asks) in
            [("/usr/bin/xdg-open", true), ("gio", true), ("/run/atoll/atoll-agent", true), ("zathura", false)]
        {
            assert_eq!(asks_again(&[program.to_owned()]), asks, "{program}");
        }
    }
}
