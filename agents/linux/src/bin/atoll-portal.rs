//! `atoll-portal XDG-OPEN`: the portal by which programs (Flatpak's, and any other that does so by itself) ask for links and
//! files to be opened. The session bus starts it when one asks. It does what the agent's `xdg-open` does, by that command
//! itself: the same limits hold, and the host decides. Of all portals it is the only one, and each has a version of its own:
//! programs see that the others are missing, and do without.
//!
//! It is no part of the agent, which each guest has all the time: D-Bus would make that a third larger.
//!
//! Where the guest has a portal of its own this one is not installed: it finds the agent as the default handler.
//!
//! @see https://flatpak.github.io/xdg-desktop-portal/docs/doc-org.freedesktop.portal.OpenURI.html

#[path = "../opening/common.rs"]
mod common;

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, thread};

use atoll_wire::limits::MAX_OPENS_WANTED;
use rustix::fs::{FileType, OFlags, fcntl_getfl, fstat};
use zbus::blocking::connection::Builder;
use zbus::blocking::{self, MessageIterator};
use zbus::fdo::DBusProxy;
use zbus::message::Header;
use zbus::names::UniqueName;
use zbus::zvariant::{ObjectPath, OwnedFd, OwnedObjectPath, OwnedValue, Value};
use zbus::{Connection, DBusError, interface};

use common::{OPENED, PORTAL, is_scheme};

const PATH: &str = "/org/freedesktop/portal/desktop";
const REQUEST: &str = "org.freedesktop.portal.Request";
/// With OpenDirectory, and without tokens of activation.
const VERSION: u32 = 3;

const DONE: u32 = 0;
const FAILED: u32 = 2;
/// What is looked at of a program's environment.
const MAX_ENVIRONMENT: u64 = 1 << 20;

#[derive(Debug, DBusError)]
#[zbus(prefix = "org.freedesktop.portal.Error")]
enum Error {
    #[zbus(error)]
    Bus(zbus::Error),
    InvalidArgument(String),
    Failed(String),
}

type Options = HashMap<String, OwnedValue>;

fn main() -> ExitCode {
    let Some(xdg_open) = env::args_os().nth(1) else {
        eprintln!("atoll-portal: usage: atoll-portal XDG-OPEN");
        return ExitCode::FAILURE;
    };
    match serve(xdg_open.into()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("atoll-portal: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Serves until the bus ends.
///
/// # Errors
/// There is no bus, or another portal has the name.
fn serve(xdg_open: PathBuf) -> zbus::Result<()> {
    let portal = Portal { xdg_open, waiting: Arc::default(), last: AtomicU32::new(0) };
    let connection = Builder::session()?.serve_at(PATH, portal)?.name(PORTAL)?.build()?;
    MessageIterator::from(&connection).take_while(Result::is_ok).for_each(drop);
    Ok(())
}

#[derive(Debug)]
struct Portal {
    /// The agent's command.
    xdg_open: PathBuf,
    /// One clone for each request that has not ended.
    waiting: Arc<()>,
    last: AtomicU32,
}

#[interface(name = "org.freedesktop.portal.OpenURI")]
impl Portal {
    #[zbus(property(emits_changed_signal = "const"), name = "version")]
    fn version(&self) -> u32 {
        VERSION
    }

    #[zbus(name = "OpenURI", out_args("handle"))]
    async fn open_uri(
        &self,
        _parent_window: String,
        uri: String,
        options: Options,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<OwnedObjectPath, Error> {
        match uri.split_once(':') {
            Some((scheme, _)) if is_scheme(scheme) && !scheme.eq_ignore_ascii_case("file") => {}
            // A file is given as one, which shows that the program may read it.
            _ => return Err(Error::InvalidArgument("no link, or one to a file".to_owned())),
        }
        self.open(OsStr::new(&uri), &options, &header, connection).await
    }

    #[zbus(out_args("handle"))]
    async fn open_file(
        &self,
        _parent_window: String,
        fd: OwnedFd,
        options: Options,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<OwnedObjectPath, Error> {
        let file = path_of(&fd).map_err(Error::InvalidArgument)?;
        self.open(file.as_os_str(), &options, &header, connection).await
    }

    /// The folder that a file is in.
    #[zbus(out_args("handle"))]
    async fn open_directory(
        &self,
        _parent_window: String,
        fd: OwnedFd,
        options: Options,
        #[zbus(header)] header: Header<'_>,
        #[zbus(connection)] connection: &Connection,
    ) -> Result<OwnedObjectPath, Error> {
        let file = path_of(&fd).map_err(Error::InvalidArgument)?;
        let folder = if file.is_dir() { Some(&*file) } else { file.parent() };
        self.open(folder.unwrap_or(&file).as_os_str(), &options, &header, connection).await
    }
}

impl Portal {
    async fn open(
        &self,
        word: &OsStr,
        options: &Options,
        header: &Header<'_>,
        connection: &Connection,
    ) -> Result<OwnedObjectPath, Error> {
        let sender = header.sender().ok_or_else(|| Error::Failed("nobody asks".to_owned()))?;
        let handle = self.handle(sender, options)?;
        // The one of the portal itself is no request's.
        if Arc::strong_count(&self.waiting) > MAX_OPENS_WANTED {
            return Err(Error::Failed("too many requests wait for an answer".to_owned()));
        }
        let waits = Arc::clone(&self.waiting);
        let opened = mark_of(connection, sender).await;
        if !connection.object_server().at(&handle, Request).await? {
            return Err(Error::InvalidArgument("there is a request with this token".to_owned()));
        }
        let answer =
            Answer { connection: connection.clone().into(), sender: sender.to_owned(), handle: handle.clone() };
        let started = self.start(word, opened.as_deref()).and_then(|child| {
            let wait = move || {
                answer.give(child);
                drop(waits);
            };
            thread::Builder::new().name("request".to_owned()).spawn(wait)
        });
        match started {
            Ok(_) => Ok(handle),
            Err(error) => {
                connection.object_server().remove::<Request, _>(&handle).await?;
                Err(Error::Failed(error.to_string()))
            }
        }
    }

    fn start(&self, word: &OsStr, opened: Option<&OsStr>) -> io::Result<Child> {
        let mut command = Command::new(&self.xdg_open);
        command.arg(word).stdin(Stdio::null()).stdout(Stdio::null());
        match opened {
            Some(mark) => command.env(OPENED, mark),
            None => command.env_remove(OPENED),
        };
        command.spawn()
    }

    /// The program knows it before it asks, so that it hears an answer that comes at once.
    fn handle(&self, sender: &UniqueName<'_>, options: &Options) -> Result<OwnedObjectPath, Error> {
        let sender = sender.trim_start_matches(':').replace('.', "_");
        let token = match options.get("handle_token").map(|token| &**token) {
            Some(Value::Str(token)) => token.to_string(),
            Some(_) => return Err(Error::InvalidArgument("handle_token is no text".to_owned())),
            None => format!("atoll{}", self.last.fetch_add(1, Ordering::Relaxed)),
        };
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if token.is_empty() || token.len() > 255 || !token.bytes().all(is_plain) {
            return Err(Error::InvalidArgument("handle_token cannot be a part of a path".to_owned()));
        }
        let path = ObjectPath::try_from(format!("{PATH}/request/{sender}/{token}"));
        path.map(OwnedObjectPath::from).map_err(|error| Error::InvalidArgument(error.to_string()))
    }
}

/// What a program has asked for, until it is answered.
#[derive(Debug)]
struct Request;

#[interface(name = "org.freedesktop.portal.Request")]
impl Request {
    /// The program does not want to hear any more. A question to the person stays: what they answer is done.
    async fn close(&self, #[zbus(header)] header: Header<'_>, #[zbus(connection)] connection: &Connection) {
        if let Some(path) = header.path() {
            let _ = connection.object_server().remove::<Self, _>(path).await;
        }
    }
}

struct Answer {
    connection: blocking::Connection,
    sender: UniqueName<'static>,
    handle: OwnedObjectPath,
}

impl Answer {
    /// When the command has ended.
    fn give(self, mut child: Child) {
        let is_done = child.wait().is_ok_and(|status| status.success());
        // It was closed, or the bus is gone.
        if !self.connection.object_server().remove::<Request, _>(&self.handle).unwrap_or(false) {
            return;
        }
        let body = (if is_done { DONE } else { FAILED }, HashMap::<&str, Value<'_>>::new());
        let _ = self.connection.emit_signal(Some(self.sender.clone()), &self.handle, REQUEST, "Response", &body);
    }
}

/// Where the file is that a program has open. It has no other way to say which one it means.
fn path_of(file: impl AsFd) -> Result<PathBuf, String> {
    let file = file.as_fd();
    let unfit = |error: io::Error| error.to_string();
    let flags = fcntl_getfl(file).map_err(|error| unfit(error.into()))?;
    if !flags.contains(OFlags::PATH) && flags.contains(OFlags::WRONLY) {
        return Err("the file is not open for reading".to_owned());
    }
    let opened = fstat(file).map_err(|error| unfit(error.into()))?;
    if !matches!(FileType::from_raw_mode(opened.st_mode), FileType::RegularFile | FileType::Directory) {
        return Err("neither a file nor a folder".to_owned());
    }
    let path = fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd())).map_err(unfit)?;
    // It may have been removed, or may never have had a name.
    let there = path.symlink_metadata().map_err(unfit)?;
    if !path.is_absolute() || (there.dev(), there.ino()) != (opened.st_dev, opened.st_ino) {
        return Err("the file is not at its path any more".to_owned());
    }
    Ok(path)
}

/// What the program was started to open, and when: see the agent's `opening/client.rs`. A loop by way of the portal is one, too.
async fn mark_of(connection: &Connection, sender: &UniqueName<'_>) -> Option<OsString> {
    let bus = DBusProxy::new(connection).await.ok()?;
    let pid = bus.get_connection_unix_process_id(sender.clone().into()).await.ok()?;
    mark_in(&Path::new("/proc").join(pid.to_string()).join("environ"))
}

fn mark_in(environment: &Path) -> Option<OsString> {
    let mut variables = Vec::new();
    File::open(environment).ok()?.take(MAX_ENVIRONMENT).read_to_end(&mut variables).ok()?;
    let mut variables = variables.split(|byte| *byte == 0);
    let value = variables.find_map(|variable| variable.strip_prefix(OPENED.as_bytes())?.strip_prefix(b"="))?;
    Some(OsStr::from_bytes(value).to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::os::unix::net::UnixStream;

    #[test]
    fn a_file_is_known_by_what_is_at_its_path() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().canonicalize().unwrap();
        let path = folder.join("a b");
        fs::write(&path, "a").unwrap();
        let read = File::open(&path).unwrap();
        assert_eq!(path_of(&read), Ok(path.clone()));
        assert_eq!(path_of(File::open(&folder).unwrap()), Ok(folder.clone()));
        let named = rustix::fs::open(&path, OFlags::PATH, rustix::fs::Mode::empty()).unwrap();
        assert_eq!(path_of(&named), Ok(path.clone()));
        assert!(path_of(File::options().write(true).open(&path).unwrap()).is_err());
        assert!(path_of(UnixStream::pair().unwrap().0).is_err());
        assert!(path_of(File::open("/dev/null").unwrap()).is_err());
        // Another one has taken its place, or a link that leads to it.
        fs::rename(&path, folder.join("c")).unwrap();
        fs::write(&path, "b").unwrap();
        assert_eq!(path_of(&read), Ok(folder.join("c")));
        fs::remove_file(folder.join("c")).unwrap();
        assert!(path_of(&read).is_err());
    }

    #[test]
    fn what_a_program_was_started_for_is_in_its_environment() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("environ");
        for (variables, mark) in [
            ("A=1\0ATOLL_OPENED=5 /a b\0B=2\0", Some("5 /a b")),
            ("ATOLL_OPENED_NOT=1\0", None),
            ("X=ATOLL_OPENED=1\0", None),
            ("", None),
        ] {
            fs::write(&file, variables).unwrap();
            assert_eq!(mark_in(&file), mark.map(OsString::from));
        }
        assert_eq!(mark_in(&folder.path().join("none")), None);
    }
}
