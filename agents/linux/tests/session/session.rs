//! The session with the host: lost, begun again, broken in the middle; and launches.

use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;

use atoll_wire::header::Message as Body;
use atoll_wire::limits::{MAX_CLOCK_MS, MIN_CLOCK_MS};
use atoll_wire::{ClockSet, Key, KeyState, KeyboardFocus, Launch, ListApps, PopupDismissed, opening};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use wayland_client::WEnum;
use wayland_client::protocol::wl_keyboard;

use crate::support::agent::{Agent, epoch};
use crate::support::exec::{Exec, is_gone, wait_gone};
use crate::support::host::{BULK, CONTROL, FRAMES, Host};
use crate::support::until;
use crate::support::wayland::{Client, Rule};

/// Init reads the other end of the pipe, and sets the clock.
#[test]
fn the_hosts_time_goes_to_the_clocks_pipe_where_it_can_be_true() {
    let agent = Agent::start();
    let path = agent.path("clock");
    let mut host = agent.host();
    host.send(CONTROL, Body::ClockSet(ClockSet { unix_ms: MIN_CLOCK_MS }));
    agent.wait_log("the guest's clock is not set");
    mknodat(CWD, &path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).expect("a pipe");
    let mut pipe = fs::OpenOptions::new().read(true).write(true).open(&path).expect("the pipe");
    for unix_ms in [MIN_CLOCK_MS - 1, MAX_CLOCK_MS + 1, u64::MAX, MIN_CLOCK_MS, MAX_CLOCK_MS] {
        host.send(CONTROL, Body::ClockSet(ClockSet { unix_ms }));
    }
    let mut bytes = [0; 16];
    pipe.read_exact(&mut bytes).expect("two times");
    assert_eq!(bytes, *[MIN_CLOCK_MS.to_le_bytes(), MAX_CLOCK_MS.to_le_bytes()].concat());
}

#[test]
fn a_host_that_comes_back_is_told_and_shown_everything() {
    let agent = Agent::start();
    let (mut host, mut client) = (agent.host(), agent.client());
    let window = client.shown_window("main", 300, 200, 1);
    let id = host.window_opened().surface;
    host.shows(id, (300, 200), 1);
    let dialog = client.window("dialog");
    dialog.toplevel.set_parent(Some(&window.toplevel));
    client.show(&dialog.surface, 60, 50, 2);
    let dialog_id = host.window_opened().surface;
    let (child_surface, role) = client.subsurface(&window.surface);
    role.set_position(7, 8);
    client.show(&child_surface, 30, 20, 3);
    window.surface.commit();
    let (popup, _) = client.popup(&window.xdg, &Rule { x: 1, y: 2, width: 40, height: 30 }, None);
    client.show(&popup.surface, 40, 30, 4);
    let popup_id = host.popup_opened().surface;
    host.shows(popup_id, (40, 30), 4);
    host.send(CONTROL, Body::KeyboardFocus(KeyboardFocus { surface: id }));
    client.keyboard_entered(&window.surface);
    host.send(CONTROL, Body::Key(Key { code: 30, state: KeyState::Pressed.into(), time_ms: 1 }));
    client.wait_keyboard("a key", |event| matches!(event, wl_keyboard::Event::Key { .. }).then_some(()));

    // Without a host: no key stays pressed, no window has the keyboard focus, and programs live on.
    drop(host);
    client.wait_keyboard("its release", |event| match event {
        wl_keyboard::Event::Key { state: WEnum::Value(wl_keyboard::KeyState::Released), .. } => Some(()),
        _ => None,
    });
    client.wait_keyboard("leave", |event| matches!(event, wl_keyboard::Event::Leave { .. }).then_some(()));
    client.show(&window.surface, 320, 240, 5);
    client.roundtrip();

    let mut host = agent.host();
    let opened: Vec<_> = (0..2).map(|_| host.window_opened()).collect();
    assert_eq!((opened[0].surface, opened[0].title.as_str()), (id, "main"));
    assert_eq!((opened[1].surface, opened[1].title.as_str(), opened[1].parent), (dialog_id, "dialog", id));
    host.shows(id, (320, 240), 5);
    host.shows(dialog_id, (60, 50), 2);
    host.shows(popup_id, (40, 30), 4);
    let child = *host.surfaces.keys().find(|known| ![id, dialog_id, popup_id].contains(known)).expect("the child");
    host.shows(child, (30, 20), 3);
    assert_eq!(host.surfaces[&id].frame.serial, 1);
    host.send(CONTROL, Body::PopupDismissed(PopupDismissed { surface: popup_id }));
    client.popup_done(&popup);
}

#[test]
fn the_places_of_children_are_told_again() {
    let agent = Agent::start();
    let (mut host, mut client) = (agent.host(), agent.client());
    let window = client.shown_window("main", 300, 200, 1);
    let id = host.window_opened().surface;
    let (surface, role) = client.subsurface(&window.surface);
    role.set_position(7, 8);
    client.show(&surface, 30, 20, 3);
    window.surface.commit();
    client.flush();
    let (child, _) = host.subsurface_opened();
    drop(host);
    let mut host = agent.host();
    assert_eq!(host.subsurface_opened(), (child, id));
    assert_eq!(host.placed(id), [(id, 0, 0), (child, 7, 8)]);
}

#[test]
fn another_epoch_on_a_port_ends_the_session() {
    let agent = Agent::start();
    let mut host = agent.host();
    let pid = Exec::start(&mut host, "echo ready; exec sleep 60").wait_ready(&mut host);
    host.send_bytes(FRAMES, &opening(&epoch()));
    wait_gone(pid);
    drop(host);
    agent.host().roundtrip();
}

#[test]
fn garbage_of_a_host_ends_the_session_and_no_more() {
    let agent = Agent::start();
    for (port, name) in [(CONTROL, "control"), (FRAMES, "frames"), (BULK, "bulk")] {
        let mut host = agent.host();
        let mut client = agent.client();
        client.shown_window("lives", 10, 10, 1);
        host.window_opened();
        host.send_bytes(port, &[0xff; 64]);
        agent.wait_log(&format!("org.atoll.{name}: broken framing"));
        drop(host);
        agent.host().roundtrip();
    }
}

/// A host that ended in the middle of a message: its keys are released, and its bytes are discarded.
#[test]
fn a_message_that_stays_incomplete_ends_the_session() {
    let agent = Agent::start();
    let mut host = agent.host();
    let pid = Exec::start(&mut host, "echo ready; exec sleep 60").wait_ready(&mut host);
    host.send_bytes(CONTROL, &[40, 0, 0, 0, 1, 2, 3]);
    agent.wait_log("a message stayed incomplete");
    wait_gone(pid);
    drop(host);
    agent.host().roundtrip();
}

/// The entry of Debian's zathura-pdf-poppler, with another command: it opens PDF files, and zathura has another entry
/// for menus.
const PDF_VIEWER: &str = "[Desktop Entry]
Version=1.0
Type=Application
Name=Zathura
Comment=A minimalistic document viewer
Exec=sh -c 'exit 0' zathura %U
Terminal=false
NoDisplay=true
Categories=Office;Viewer;
MimeType=application/pdf;
";

#[test]
fn a_program_that_only_opens_files_is_listed_as_hidden_and_launched() {
    let agent = Agent::start();
    let viewer = "org.pwmt.zathura-pdf-poppler";
    let deleted = PDF_VIEWER.replace("NoDisplay=true", "Hidden=true");
    let no_types = PDF_VIEWER.replace("MimeType=application/pdf;\n", "");
    for (id, entry) in [(viewer, PDF_VIEWER), ("deleted", &deleted), ("no-types", &no_types)] {
        fs::write(agent.applications().join(format!("{id}.desktop")), entry).expect("an entry");
    }
    let mut host = agent.host();
    host.send(CONTROL, Body::ListApps(ListApps { request: 1 }));
    let apps = host.wait("Apps", |body| match body {
        Body::Apps(apps) => Some(apps.apps.clone()),
        _ => None,
    });
    let [app] = &apps[..] else { panic!("{apps:?}") };
    assert_eq!((app.id.as_str(), app.name.as_str(), app.hidden), (viewer, "Zathura", true));
    assert_eq!(app.mime_types, ["application/pdf"]);

    let launch = |id: &str, request| Launch {
        request,
        app_id: format!("{id}.desktop"),
        files: vec!["/tmp/a.pdf".to_owned()],
        ..Launch::default()
    };
    host.send(CONTROL, Body::Launch(launch(viewer, 2)));
    host.wait("Launched", |body| matches!(body, Body::Launched(launched) if launched.request == 2).then_some(()));
    host.send(CONTROL, Body::Launch(launch("deleted", 3)));
    host.wait("RequestFailed", |body| matches!(body, Body::RequestFailed(failed) if failed.request == 3).then_some(()));
}

#[test]
fn an_application_is_launched_by_its_desktop_id() {
    let agent = Agent::start();
    let script = agent.path("bin/tool");
    fs::write(&script, "#!/bin/sh\necho \"$WAYLAND_DISPLAY $*\" > \"$HOME/started.new\"\nmv \"$HOME/started.new\" \"$HOME/started\"\nexec sleep 60\n").expect("a script");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).expect("its mode");
    std::os::unix::fs::symlink("/bin/mv", agent.path("bin/mv")).expect("a link");
    let entry = "[Desktop Entry]\nType=Application\nName=A tool\nExec=tool --open %f\n";
    fs::write(agent.applications().join("org.example.Tool.desktop"), entry).expect("an entry");
    let mut host = agent.host();
    host.send(CONTROL, Body::ListApps(ListApps { request: 1 }));
    let apps = host.wait("Apps", |body| match body {
        Body::Apps(apps) => Some(apps.apps.clone()),
        _ => None,
    });
    assert_eq!(apps.iter().map(|app| app.id.as_str()).collect::<Vec<_>>(), ["org.example.Tool"]);

    let files = vec!["/tmp/a file".to_owned()];
    let app_id = "org.example.Tool.desktop".to_owned();
    host.send(CONTROL, Body::Launch(Launch { request: 2, app_id, files, ..Launch::default() }));
    let pid = host.wait("Launched", |body| match body {
        Body::Launched(launched) if launched.request == 2 => Some(launched.pid),
        _ => None,
    });
    let started = agent.path("home/started");
    let said = until("it runs", || fs::read_to_string(&started).ok());
    assert_eq!(said, "wayland-1 --open /tmp/a file\n");
    // A launched program belongs to the user: it goes on when the host goes.
    drop(host);
    let mut host = agent.host();
    host.roundtrip();
    assert!(!is_gone(pid));
    rustix::process::kill_process(
        rustix::process::Pid::from_raw(pid as i32).expect("a pid"),
        rustix::process::Signal::KILL,
    )
    .expect("a signal");
    // That was another session's request: it is not told. One that ends well is not either.
    for (request, script) in [(2, "kill -SEGV $$"), (3, "true"), (4, "exit 7")] {
        let argv = ["sh", "-c", script].map(str::to_owned).to_vec();
        host.send(CONTROL, Body::Launch(Launch { request, argv, ..Launch::default() }));
    }
    let mut ends = (0..2).map(|_| {
        host.wait("ProgramEnded", |body| match body {
            Body::ProgramEnded(end) => Some((end.request, end.code, end.signal)),
            _ => None,
        })
    });
    let mut ends = [ends.next(), ends.next()];
    ends.sort_unstable();
    assert_eq!(ends, [Some((2, 0, 11)), Some((4, 7, 0))]);

    for (request, app_id, argv) in
        [(5, "no.such.App", vec![]), (6, "", vec!["no-such-program".to_owned()]), (7, "", vec![])]
    {
        host.send(CONTROL, Body::Launch(Launch { request, app_id: app_id.to_owned(), argv, files: Vec::new() }));
        host.wait("RequestFailed", |body| match body {
            Body::RequestFailed(failed) if failed.request == request => Some(()),
            _ => None,
        });
    }
}

/// Is the program that it launches as well.
#[test]
fn a_launch_is_forgotten_with_its_session() {
    use std::env::{current_exe, var_os};
    if var_os("ATOLL_TEST_LAUNCHED").is_some() {
        let folder = std::path::PathBuf::from(var_os("XDG_RUNTIME_DIR").expect("a folder"));
        let socket = folder.join(var_os("WAYLAND_DISPLAY").expect("a display"));
        let mut client = Client::connect(UnixStream::connect(socket).expect("the agent listens"));
        let _window = client.shown_window("launched", 40, 30, 1);
        return client.wait_end();
    }
    let agent = Agent::start();
    let mut host = agent.host();
    let own = current_exe().expect("this program").display().to_string();
    let script = format!("ATOLL_TEST_LAUNCHED=1 exec '{own}' --exact session::a_launch_is_forgotten_with_its_session");
    let argv = ["sh", "-c", &script].map(str::to_owned).to_vec();
    host.send(CONTROL, Body::Launch(Launch { request: 7, argv, ..Launch::default() }));
    let opened = host.window_opened();
    assert_eq!((opened.title.as_str(), opened.launch), ("launched", 7));
    drop(host);
    let mut host = agent.host();
    let again = host.window_opened();
    assert_eq!((again.surface, again.pid, again.launch), (opened.surface, opened.pid, 0));
}

#[test]
fn entries_that_come_and_go_are_noticed() {
    let agent = Agent::start();
    let mut host = agent.host();
    host.roundtrip();
    let changed = |host: &mut Host| host.wait("AppsChanged", |body| matches!(body, Body::AppsChanged(_)).then_some(()));
    let entry = "[Desktop Entry]\nType=Application\nName=One\nExec=true\n";
    fs::write(agent.applications().join("one.desktop"), entry).expect("an entry");
    changed(&mut host);
    let within = agent.applications().join("within");
    fs::create_dir(&within).expect("a folder");
    changed(&mut host);
    fs::write(within.join("two.desktop"), entry).expect("an entry");
    changed(&mut host);
    fs::remove_file(agent.applications().join("one.desktop")).expect("it is there");
    changed(&mut host);
    // A folder that did not exist when the agent started (XDG_DATA_DIRS).
    fs::create_dir_all(agent.path("none/applications")).expect("a folder");
    changed(&mut host);
    fs::write(agent.path("none/applications/three.desktop"), entry).expect("an entry");
    changed(&mut host);
}

/// A pipe that nobody writes, and a file of a terabyte.
#[test]
fn what_is_no_small_file_among_lists_and_entries_stops_nothing() {
    use rustix::fs::{CWD, Mode, mkfifoat};
    let agent = Agent::start();
    let mut host = agent.host();
    fs::create_dir(agent.path("data/mime")).expect("a folder");
    mkfifoat(CWD, agent.path("data/mime/types"), Mode::RUSR | Mode::WUSR).expect("a pipe");
    let large = fs::File::create(agent.applications().join("large.desktop")).expect("a file");
    large.set_len(1 << 40).expect("its size");
    let entry = "[Desktop Entry]\nType=Application\nName=One\nExec=true\n";
    fs::write(agent.applications().join("one.desktop"), entry).expect("an entry");
    host.wait("AppsChanged", |body| matches!(body, Body::AppsChanged(_)).then_some(()));
    host.send(CONTROL, Body::ListApps(ListApps { request: 1 }));
    let apps = host.wait("Apps", |body| match body {
        Body::Apps(apps) => Some(apps.apps.clone()),
        _ => None,
    });
    assert_eq!(apps.iter().map(|app| app.id.as_str()).collect::<Vec<_>>(), ["one"]);
}

#[test]
fn the_agent_ends_when_it_is_told_to() {
    let mut agent = Agent::start();
    agent.host().roundtrip();
    assert_eq!(agent.terminate(), Some(0));
}
