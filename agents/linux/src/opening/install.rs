//! Makes the agent the default handler of the session: a desktop entry, a list of defaults that comes before all others of this
//! desktop, the commands `atoll-open`, `atoll-send`, `atoll-scan`, `atoll-pages` and `xdg-open`, and the portal. What the user has
//! chosen stays known, in mimeapps.list.

use std::collections::BTreeSet;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::{env, fs, io};

use super::common::PORTAL;
use super::target::SCHEMES;
use crate::agent::Agent;
use crate::{apps, small_file};

const ENTRY: &str = "atoll-open.desktop";
/// The prefix is that of XDG_CURRENT_DESKTOP, in small letters.
const LIST: &str = "atoll-mimeapps.list";
/// Folders, and what is no file: opened by the program that shows them.
const OTHERS: [&str; 3] = ["inode/", "x-content/", "x-scheme-handler/"];

impl Agent {
    /// Also when programs have come or gone.
    pub fn install_opener(&self) {
        if let Err(error) = self.try_install_opener() {
            log::warn!("programs open files without the host: {error}");
        }
    }

    fn try_install_opener(&self) -> io::Result<()> {
        let agent = env::current_exe()?;
        let commands = self.environment.commands();
        fs::create_dir_all(&commands)?;
        for name in ["atoll-open", "atoll-send", "atoll-scan", "atoll-pages", "xdg-open"] {
            match symlink(&agent, commands.join(name)) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
                _ => {}
            }
        }
        let types = types();
        let list = types.iter().map(|kind| format!("{kind}={ENTRY}\n")).collect::<String>();
        let types = types.iter().map(|kind| format!("{kind};")).collect::<String>();
        let [open, send, scan] = ["atoll-open", "atoll-send", "atoll-scan"].map(|name| exec_word(&commands.join(name)));
        let entry = format!(
            "[Desktop Entry]\nType=Application\nName=Open\nNoDisplay=true\nTerminal=false\nExec={open} %u\nMimeType={types}\n"
        );
        let sending = action("Send to VM…", "document-send", &format!("{send} -- %F"), "all/all");
        let scanning = action("Scan", "system-search", &format!("{scan} -- %F"), "all/all");
        // Folders are of use in their own VM alone.
        let disposing =
            action("Open in disposable", "document-open", &format!("{open} --disposable -- %F"), "all/allfiles");
        let data = self.environment.data();
        write(&data.join("applications").join(ENTRY), &entry)?;
        let actions = data.join("file-manager/actions");
        write(&actions.join("atoll-send.desktop"), &sending)?;
        write(&actions.join("atoll-scan.desktop"), &scanning)?;
        write(&actions.join("atoll-disposable.desktop"), &disposing)?;
        // Thunar knows no actions of others, but what is in its menu "Send To".
        let thunar = data.join("Thunar/sendto");
        write(&thunar.join("atoll-send.desktop"), &send_to("VM…", "document-send", &format!("{send} -- %F")))?;
        write(&thunar.join("atoll-scan.desktop"), &send_to("Scan", "system-search", &format!("{scan} -- %F")))?;
        let disposing = send_to("Disposable, to open it", "document-open", &format!("{open} --disposable -- %F"));
        write(&thunar.join("atoll-disposable.desktop"), &disposing)?;
        install_portal(&agent.with_file_name("atoll-portal"), &commands.join("xdg-open"), &data)?;
        write(&self.environment.config().join(LIST), &format!("[Default Applications]\n{list}"))
    }
}

/// A guest's own portal has more, and finds the agent as the default handler.
fn install_portal(program: &Path, xdg_open: &Path, data: &Path) -> io::Result<()> {
    let service = Path::new("dbus-1/services").join(format!("{PORTAL}.service"));
    if apps::folders().iter().filter_map(|folder| folder.parent()).any(|data| data.join(&service).exists()) {
        return match fs::remove_file(data.join(service)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        };
    }
    let exec = format!("\"{}\" \"{}\"", program.display(), xdg_open.display());
    write(&data.join(service), &format!("[D-BUS Service]\nName={PORTAL}\nExec={exec}\n"))
}

/// An entry of file managers' menus.
fn action(name: &str, icon: &str, exec: &str, types: &str) -> String {
    format!(
        "[Desktop Entry]\nType=Action\nName={name}\nIcon={icon}\nTargetContext=true\nTargetToolbar=false\nProfiles=run;\n\n\
         [X-Action-Profile run]\nExec={exec}\nMimeTypes={types};\n"
    )
}

/// An entry of Thunar's menu "Send To".
fn send_to(name: &str, icon: &str, exec: &str) -> String {
    format!("[Desktop Entry]\nType=Application\nName={name}\nIcon={icon}\nExec={exec}\n")
}

/// A word of a desktop entry's Exec. It is bare where it may be: xdg-mime and xdg-open take quotes for a part of the name, find
/// no such program, and go on to the next handler of the type.
fn exec_word(path: &Path) -> String {
    let path = path.display().to_string();
    let is_bare = path.chars().all(|letter| letter.is_ascii_alphanumeric() || "/-._+,:@".contains(letter));
    if is_bare { path } else { format!("\"{path}\"") }
}

/// A program that reads it meanwhile sees the old one or the new one.
fn write(path: &Path, text: &str) -> io::Result<()> {
    if small_file::read(path).is_some_and(|there| there == text) {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let fresh = path.with_extension("new");
    fs::write(&fresh, text)?;
    fs::rename(&fresh, path)
}

/// All types that the guest knows or that a program of it opens.
fn types() -> BTreeSet<String> {
    let known = apps::folders().into_iter().filter_map(|folder| {
        let data = folder.parent()?.to_owned();
        small_file::read(&data.join("mime/types"))
    });
    let known = known.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>());
    let mut types = known.chain(apps::all_types()).filter(|kind| is_type(kind)).collect::<BTreeSet<_>>();
    types.extend(SCHEMES.map(|scheme| format!("x-scheme-handler/{scheme}")));
    types
}

fn is_type(kind: &str) -> bool {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "!#$&-^_.+/".contains(letter);
    kind.contains('/') && kind.chars().all(is_plain) && !OTHERS.iter().any(|other| kind.starts_with(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_quoted_only_where_it_must_be() {
        assert_eq!(
            exec_word(Path::new("/run/user/1000/atoll/commands/atoll-open")),
            "/run/user/1000/atoll/commands/atoll-open"
        );
        assert_eq!(exec_word(Path::new("/run/a b/atoll-open")), "\"/run/a b/atoll-open\"");
    }
}
