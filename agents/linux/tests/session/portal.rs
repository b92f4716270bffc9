//! The portal of the session bus by which programs ask for links and files to be opened.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use atoll_wire::OpenOutcome;
use atoll_wire::limits::MAX_OPENS_WANTED;
use serde::Serialize;
use zbus::blocking::connection::Builder;
use zbus::blocking::{Connection, Proxy, proxy::SignalIterator};
use zbus::zvariant::{Fd, OwnedObjectPath, OwnedValue, Type, Value};

use crate::opening::{answer, file, install, know_types, opened, wanted};
use crate::support::agent::Agent;
use crate::support::until;

const NAME: &str = "org.freedesktop.portal.Desktop";
const PATH: &str = "/org/freedesktop/portal/desktop";
const OPENING: &str = "org.freedesktop.portal.OpenURI";
const REQUEST: &str = "org.freedesktop.portal.Request";
const UNFIT: &str = "org.freedesktop.portal.Error.InvalidArgument";
static TOKENS: AtomicU32 = AtomicU32::new(0);

/// A session bus, which starts what the agent has installed.
struct Bus {
    daemon: Child,
    address: String,
}

impl Drop for Bus {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}

impl Bus {
    /// With the variables that init gives it.
    fn start(agent: &Agent) -> Self {
        let service = agent.path("runtime/atoll/share/dbus-1/services").join(format!("{NAME}.service"));
        until("the portal is installed", || service.exists().then_some(()));
        let socket = agent.path("runtime/bus");
        let address = format!("unix:path={}", socket.display());
        let mut daemon = Command::new("dbus-daemon");
        daemon.args(["--session", "--nofork", "--nopidfile", "--address", &address]).env_clear();
        daemon.env("PATH", std::env::var_os("PATH").expect("a PATH")).env("HOME", agent.path("home"));
        daemon.env("XDG_RUNTIME_DIR", agent.path("runtime")).env("XDG_DATA_HOME", agent.path("data"));
        daemon.env("XDG_DATA_DIRS", agent.path("runtime/atoll/share")).env("XDG_CURRENT_DESKTOP", "Atoll");
        let daemon = daemon.stdin(Stdio::null()).spawn().expect("dbus-daemon is installed");
        let bus = Self { daemon, address };
        // It is there a moment before somebody listens.
        until("the bus takes calls", || UnixStream::connect(&socket).ok());
        bus
    }

    fn program(&self) -> Program {
        let address = self.address.as_str();
        Program(Builder::address(address).expect("an address").build().expect("the bus takes a program"))
    }
}

/// A program on the bus.
struct Program(Connection);

impl Program {
    fn portal(&self) -> Proxy<'_> {
        Proxy::new(&self.0, NAME, PATH, OPENING).expect("a proxy")
    }

    /// Gives what is answered, and where the answer to the person's choice comes from.
    fn ask<T: Serialize + Type>(&self, method: &str, what: T) -> Result<Asked, String> {
        self.ask_as(&format!("token_{}", TOKENS.fetch_add(1, Ordering::Relaxed)), method, what)
    }

    /// The error is its name.
    fn ask_as<T: Serialize + Type>(&self, token: &str, method: &str, what: T) -> Result<Asked, String> {
        let options = HashMap::from([("handle_token", Value::from(token)), ("writable", Value::from(true))]);
        let own = self.0.unique_name().expect("a name").trim_start_matches(':').replace('.', "_");
        let path = format!("{PATH}/request/{own}/{token}");
        // A program listens before it asks.
        let request = Proxy::new(&self.0, NAME, path.clone(), REQUEST).map_err(|error| error.to_string())?;
        let responses = request.receive_signal("Response").expect("signals");
        match self.portal().call::<_, _, OwnedObjectPath>(method, &("", what, options)) {
            Ok(handle) => {
                assert_eq!(handle.as_str(), path);
                Ok(Asked { request, responses })
            }
            Err(zbus::Error::MethodError(name, ..)) => Err(name.to_string()),
            Err(error) => panic!("{error}"),
        }
    }
}

struct Asked {
    request: Proxy<'static>,
    responses: SignalIterator<'static>,
}

impl Asked {
    fn response(&mut self) -> u32 {
        let message = self.responses.next().expect("an answer");
        let (response, results) = message.body().deserialize::<(u32, HashMap<String, OwnedValue>)>().expect("its form");
        assert!(results.is_empty());
        response
    }

    fn is_there(&self) -> bool {
        self.request.introspect().is_ok_and(|xml| xml.contains(REQUEST))
    }
}

#[test]
fn a_link_goes_where_the_host_says_and_the_program_hears_of_it() {
    let agent = Agent::start();
    let mut host = agent.host();
    let bus = Bus::start(&agent);
    let program = bus.program();
    assert_eq!(program.portal().get_property::<u32>("version").expect("a version"), 3);
    for (url, outcome, response) in
        [("https://a.example/x?y=z", OpenOutcome::Elsewhere, 0), ("mailto:a@example.org", OpenOutcome::Denied, 2)]
    {
        let mut asked = program.ask("OpenURI", url).expect("a request");
        let wanted = wanted(&mut host);
        assert_eq!((wanted.url.as_str(), wanted.edit, wanted.disposable), (url, false, false));
        assert!(asked.is_there());
        answer(&mut host, wanted.wanted, outcome, "");
        assert_eq!(asked.response(), response);
        assert!(!asked.is_there());
    }
    // No other portal is there: programs do without.
    let chooser = Proxy::new(&program.0, NAME, PATH, "org.freedesktop.portal.FileChooser").expect("a proxy");
    assert!(chooser.get_property::<u32>("version").is_err());
}

#[test]
fn a_file_that_a_program_has_open_is_opened_and_its_folder_here() {
    let agent = Agent::start();
    know_types(&agent);
    install(&agent, "files", "inode/directory;");
    let mut host = agent.host();
    let bus = Bus::start(&agent);
    let program = bus.program();
    let path = file(&agent, "-rf", "%PDF-1.4\n");
    let opened_file = File::open(&path).expect("a file");
    let mut asked = program.ask("OpenFile", Fd::from(&opened_file)).expect("a request");
    let wanted = wanted(&mut host);
    assert_eq!((&wanted.path[..], wanted.mime_type.as_str()), (path.as_os_str().as_encoded_bytes(), "application/pdf"));
    answer(&mut host, wanted.wanted, OpenOutcome::Elsewhere, "");
    assert_eq!(asked.response(), 0);
    let mut asked = program.ask("OpenDirectory", Fd::from(&opened_file)).expect("a request");
    assert_eq!(opened(&agent), format!("files {}", agent.path("home").display()));
    assert_eq!(asked.response(), 0);
    fs::remove_file(&path).expect("a file");
    assert_eq!(program.ask("OpenFile", Fd::from(&opened_file)).err().as_deref(), Some(UNFIT));
    host.roundtrip();
}

#[test]
fn what_cannot_be_opened_is_refused_without_asking_the_host() {
    let agent = Agent::start();
    let mut host = agent.host();
    let bus = Bus::start(&agent);
    let program = bus.program();
    for url in ["file:///etc/passwd", "FILE:/etc/passwd", "-rf", "/etc/passwd", "a b:c", ""] {
        assert_eq!(program.ask("OpenURI", url).err().as_deref(), Some(UNFIT), "{url}");
    }
    // As by xdg-open. There is no program for a link of another kind.
    for url in ["https://user@a.example/", "http://a\n/", "magnet:?xt=urn:a"] {
        assert_eq!(program.ask("OpenURI", url).expect("a request").response(), 2, "{url}");
    }
    let asked = program.ask_as("same", "OpenURI", "https://a.example/").expect("a request");
    assert_eq!(program.ask_as("same", "OpenURI", "https://b.example/").err().as_deref(), Some(UNFIT));
    assert_eq!(wanted(&mut host).url, "https://a.example/");
    assert!(asked.is_there());
    host.roundtrip();
}

#[test]
fn a_token_that_is_no_part_of_a_path_is_refused() {
    let agent = Agent::start();
    let bus = Bus::start(&agent);
    let program = bus.program();
    let ask = |token: Value<'_>| {
        let options = HashMap::from([("handle_token", token)]);
        match program.portal().call::<_, _, OwnedObjectPath>("OpenURI", &("", "https://a.example/", options)) {
            Err(zbus::Error::MethodError(name, ..)) => name.to_string(),
            other => panic!("{other:?}"),
        }
    };
    for token in ["", "a/b", "../x", "a-b", "ä", &"a".repeat(256)] {
        assert_eq!(ask(Value::from(token)), UNFIT, "{token}");
    }
    assert_eq!(ask(Value::from(5u32)), UNFIT);
}

#[test]
fn no_more_requests_wait_than_the_host_takes_and_one_that_is_closed_is_not_answered() {
    let agent = Agent::start();
    let mut host = agent.host();
    let bus = Bus::start(&agent);
    let program = bus.program();
    let mut waiting = Vec::new();
    for at in 0..MAX_OPENS_WANTED {
        waiting
            .push((program.ask("OpenURI", format!("https://a.example/{at}")).expect("a request"), wanted(&mut host)));
    }
    let failed = Some("org.freedesktop.portal.Error.Failed");
    assert_eq!(program.ask("OpenURI", "https://a.example/more").err().as_deref(), failed);
    let (closed, first) = waiting.remove(0);
    closed.request.call::<_, _, ()>("Close", &()).expect("it ends");
    assert!(!closed.is_there());
    answer(&mut host, first.wanted, OpenOutcome::Elsewhere, "");
    for (mut asked, wanted) in waiting {
        answer(&mut host, wanted.wanted, OpenOutcome::Elsewhere, "");
        assert_eq!(asked.response(), 0);
    }
    let mut asked = program.ask("OpenURI", "https://a.example/again").expect("there is room again");
    let again = wanted(&mut host);
    answer(&mut host, again.wanted, OpenOutcome::Elsewhere, "");
    assert_eq!(asked.response(), 0);
}

#[test]
fn a_program_that_asks_for_its_own_link_again_is_refused() {
    let agent = Agent::start();
    let mut host = agent.host();
    let bus = Bus::start(&agent);
    let url = "https://a.example/";
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    let mark = format!("{} {url}", now.tv_sec * 1000 + now.tv_nsec / 1_000_000);
    // As one that was started with this variable.
    let call = ["call", "--address", &bus.address, "--dest", NAME, "--object-path", PATH, "--method"];
    let mut asking = Command::new("gdbus");
    asking.args(call).arg(format!("{OPENING}.OpenURI")).args(["", url, "@a{sv} {}"]).env("ATOLL_OPENED", &mark);
    let said = asking.output().expect("gdbus is installed");
    let said = String::from_utf8(said.stdout).expect("text");
    let handle = said.split('\'').nth(1).unwrap_or_else(|| panic!("{said}"));
    let program = bus.program();
    let request = Proxy::new(&program.0, NAME, handle, REQUEST).expect("a proxy");
    until("the request is over", || (!request.introspect().is_ok_and(|xml| xml.contains(REQUEST))).then_some(()));
    // The next one is the first that the host is asked about.
    let other = "https://b.example/";
    let mut asked = program.ask("OpenURI", other).expect("a request");
    let wanted = wanted(&mut host);
    assert_eq!(wanted.url, other);
    answer(&mut host, wanted.wanted, OpenOutcome::Elsewhere, "");
    assert_eq!(asked.response(), 0);
}

#[test]
fn a_guest_that_has_a_portal_keeps_it() {
    let agent = Agent::start();
    let mut host = agent.host();
    host.roundtrip();
    let own = agent.path("runtime/atoll/share/dbus-1/services").join(format!("{NAME}.service"));
    assert!(own.exists());
    let services = agent.path("data/dbus-1/services");
    fs::create_dir_all(&services).expect("a folder");
    fs::write(services.join(OsStr::new(&format!("{NAME}.service"))), "").expect("a file");
    // It looks again when programs have come.
    install(&agent, "plain", "text/plain;");
    host.wait("AppsChanged", |body| matches!(body, atoll_wire::header::Message::AppsChanged(_)).then_some(()));
    assert!(!own.exists());
}
