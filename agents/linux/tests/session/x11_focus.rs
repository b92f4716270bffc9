//! X11's own input focus: who gets it, and that keys wait for it.

use atoll_wire::header::Message as Body;
use atoll_wire::{Key, KeyState};
use rustix::process::{Pid, Signal, kill_process};
use wayland_client::protocol::wl_keyboard;
use x11rb::connection::Connection;
use x11rb::properties::WmHints;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{AtomEnum, PropMode};
use x11rb::wrapper::ConnectionExt as _;

use crate::support::agent::Agent;
use crate::support::host::{CONTROL, Host};
use crate::support::x11_stage::{Stage, focus, stage};

/// Of linux/input-event-codes.h.
const KEY_A: u32 = 30;

fn press(host: &mut Host) {
    for state in [KeyState::Pressed, KeyState::Released] {
        let time_ms = host.time_ms();
        host.send(CONTROL, Body::Key(Key { code: KEY_A, state: state.into(), time_ms }));
    }
}

/// The X server that the agent has started.
fn x_server(agent: &Agent) -> Pid {
    let mut found = std::fs::read_dir("/proc").expect("processes").flatten().filter_map(|entry| {
        let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
        let (name, rest) = stat.rsplit_once(')')?;
        let is_child = rest.split_whitespace().nth(1)?.parse() == Ok(agent.pid());
        let pid = entry.file_name().to_str()?.parse().ok()?;
        (is_child && name.ends_with("(Xwayland")).then(|| Pid::from_raw(pid))?
    });
    found.next().expect("an X server")
}

/// ICCCM, 4.1.7: the input hint says whether the window manager gives a window the focus, WM_TAKE_FOCUS whether it is told.
#[test]
fn a_window_gets_the_focus_by_its_input_model() {
    let Stage { agent: _agent, mut host, mut x11, window, id } = stage();
    let (protocols, take_focus) = (x11.atom("WM_PROTOCOLS"), x11.atom("WM_TAKE_FOCUS"));
    for (hint, takes) in [(true, true), (false, true), (false, false), (true, false)] {
        let hints = WmHints { input: Some(hint), ..WmHints::default() };
        hints.set(&x11.connection, window).expect("a property");
        let atoms: &[u32] = if takes { &[take_focus] } else { &[] };
        let kind = AtomEnum::ATOM;
        x11.connection.change_property32(PropMode::REPLACE, window, protocols, kind, atoms).expect("a property");
        // A new title comes to the host after the hints that were set before.
        let title = format!("{hint} {takes}");
        x11.text(window, AtomEnum::WM_NAME, title.as_bytes());
        x11.connection.flush().expect("the X server reads");
        while host.window_changed(id).title.as_ref() != Some(&title) {}
        x11.forget();
        focus(&mut host, id);
        press(&mut host);
        // The pointer event comes after the keys.
        host.move_pointer(id, 20.0, 20.0);
        x11.wait("motion", |event| matches!(event, Event::MotionNotify(_)).then_some(()));
        let is_told = |event: &Event| match event {
            Event::ClientMessage(message) => message.data.as_data32()[0] == take_focus,
            _ => false,
        };
        if takes {
            x11.wait("WM_TAKE_FOCUS", |event| is_told(event).then_some(()));
        }
        assert!(!x11.has_seen(is_told), "{title}");
        let is_focused = x11.has_seen(|event| matches!(event, Event::FocusIn(_)));
        let has_keys = x11.has_seen(|event| matches!(event, Event::KeyRelease(_)));
        assert_eq!((is_focused, has_keys), (hint, hint), "{title}");
        focus(&mut host, 0);
        host.move_pointer(0, 0.0, 0.0);
        host.roundtrip();
    }
}

/// Whoever types and turns to another window at once has typed it all: the X server reads the keys on another connection
/// than the focus that takes them away.
#[test]
fn what_is_typed_before_the_focus_goes_is_not_lost() {
    const ROUNDS: usize = 200;
    let Stage { agent: _agent, mut host, mut x11, id, .. } = stage();
    for _ in 0..ROUNDS {
        focus(&mut host, id);
        press(&mut host);
        focus(&mut host, 0);
    }
    // Comes after all of them.
    host.move_pointer(id, 20.0, 20.0);
    x11.wait("motion", |event| matches!(event, Event::MotionNotify(_)).then_some(()));
    assert_eq!(x11.count_seen(|event| matches!(event, Event::KeyPress(_))), ROUNDS);
    assert_eq!(x11.count_seen(|event| matches!(event, Event::KeyRelease(_))), ROUNDS);
}

/// Its X server may not answer: other programs get their keys all the same, and the agent answers.
#[test]
fn keys_that_wait_for_a_server_that_does_not_answer_go_on_after_a_while() {
    let Stage { agent, mut host, mut x11, id, .. } = stage();
    let mut client = agent.client();
    let other = client.shown_window("a Wayland window", 50, 50, 1);
    let other_id = host.window_opened().surface;
    host.shows(other_id, (50, 50), 1);
    let server = x_server(&agent);
    kill_process(server, Signal::STOP).expect("a signal");
    focus(&mut host, id);
    press(&mut host);
    focus(&mut host, other_id);
    press(&mut host);
    host.roundtrip();
    client.keyboard_entered(&other.surface);
    client.wait_keyboard("the key", |event| match event {
        wl_keyboard::Event::Key { key, .. } => (*key == KEY_A).then_some(()),
        _ => None,
    });
    kill_process(server, Signal::CONT).expect("a signal");
    // Of what was asked meanwhile.
    x11.wait("FocusOut", |event| matches!(event, Event::FocusOut(_)).then_some(()));
    x11.forget();
    // What was typed into the X11 window meanwhile may be lost; what is typed once the agent has the server's answer is not.
    focus(&mut host, id);
    x11.wait("FocusIn", |event| matches!(event, Event::FocusIn(_)).then_some(()));
    host.roundtrip();
    focus(&mut host, other_id);
    focus(&mut host, id);
    x11.forget();
    press(&mut host);
    x11.wait("the key", |event| matches!(event, Event::KeyRelease(_)).then_some(()));
}
