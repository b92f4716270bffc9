//! Keys that X11 programs get while the host repeats one.

use atoll_wire::header::Message as Body;
use atoll_wire::{Key, KeyState};
use x11rb::protocol::Event;
use x11rb::protocol::xkb::{BoolCtrl, ConnectionExt as _, PerClientFlag};

use crate::support::host::{CONTROL, Host};
use crate::support::x11::X11Client;
use crate::support::x11_stage::{Stage, focus, stage};

/// Of linux/input-event-codes.h.
const KEY_A: u32 = 30;

fn send_key(host: &mut Host, state: KeyState) {
    let time_ms = host.time_ms();
    host.send(CONTROL, Body::Key(Key { code: KEY_A, state: state.into(), time_ms }));
}

/// Whether the next key event is a press.
fn next_key(x11: &mut X11Client) -> bool {
    let (code, is_press) = x11.wait("a key", |event| match event {
        Event::KeyPress(key) => Some((key.detail, true)),
        Event::KeyRelease(key) => Some((key.detail, false)),
        _ => None,
    });
    assert_eq!(u32::from(code), KEY_A + 8);
    is_press
}

/// Holds a key until it has been repeated a few times; gives the key events until its release, which is the last one.
fn hold(host: &mut Host, x11: &mut X11Client) -> Vec<bool> {
    send_key(host, KeyState::Pressed);
    let mut keys = Vec::new();
    while keys.iter().filter(|is_press| **is_press).count() < 5 {
        send_key(host, KeyState::Repeated);
        keys.push(next_key(x11));
    }
    send_key(host, KeyState::Released);
    host.roundtrip();
    // Nothing comes after the release of a key: a focus that is lost tells that all has come.
    focus(host, 0);
    x11.wait("FocusOut", |event| matches!(event, Event::FocusOut(_)).then_some(()));
    while x11.has_seen(|event| matches!(event, Event::KeyPress(_) | Event::KeyRelease(_))) {
        keys.push(next_key(x11));
    }
    keys
}

#[test]
fn a_held_key_is_a_release_and_a_press_at_each_repeat() {
    let Stage { agent: _agent, mut host, mut x11, id, .. } = stage();
    focus(&mut host, id);
    x11.wait("FocusIn", |event| matches!(event, Event::FocusIn(_)).then_some(()));
    let keys = hold(&mut host, &mut x11);
    let expected = (0..keys.len()).map(|at| at % 2 == 0);
    assert!(keys.iter().copied().eq(expected) && keys.len() % 2 == 0, "{keys:?}");
}

#[test]
fn a_held_key_is_released_once_where_a_program_asks_for_that() {
    let Stage { agent: _agent, mut host, mut x11, id, .. } = stage();
    x11.connection.xkb_use_extension(1, 0).expect("a request").reply().expect("an answer");
    // ID::USE_CORE_KBD
    const CORE_KEYBOARD: u16 = 0x100;
    let detectable = PerClientFlag::DETECTABLE_AUTO_REPEAT;
    let none = BoolCtrl::from(0u32);
    let flags = x11.connection.xkb_per_client_flags(CORE_KEYBOARD, detectable, detectable, none, none, none);
    flags.expect("a request").reply().expect("an answer");
    focus(&mut host, id);
    x11.wait("FocusIn", |event| matches!(event, Event::FocusIn(_)).then_some(()));
    let keys = hold(&mut host, &mut x11);
    let (release, presses) = keys.split_last().expect("keys");
    assert!(!release && presses.iter().all(|is_press| *is_press), "{keys:?}");
}
