//! An X11 program with a window that the host shows.

use atoll_wire::header::Message as Body;
use atoll_wire::{Configure, KeyboardFocus, Kind};

use super::agent::Agent;
use super::host::{CONTROL, Host};
use super::x11::X11Client;

pub struct Stage {
    pub agent: Agent,
    pub host: Host,
    pub x11: X11Client,
    pub window: u32,
    pub id: u32,
}

/// An X11 program with a window of 300x200, which the host shows at 100,100.
pub fn stage() -> Stage {
    let (agent, display) = Agent::start_with_x11();
    let mut host = agent.host();
    let mut x11 = X11Client::connect(&display);
    let window = x11.shown_window("An X11 window", (10, 10), (300, 200), 0x11_2233);
    let opened = host.window_opened();
    assert_eq!(
        (opened.kind(), opened.title.as_str(), opened.app_id.as_str()),
        (Kind::X11, "An X11 window", "AtollTest")
    );
    let id = opened.surface;
    host.shows(id, (300, 200), 0x11_2233);
    host.send(CONTROL, Body::Configure(Configure { surface: id, serial: 1, x: 100, y: 100, ..Configure::default() }));
    // The window is in its position before the test goes on.
    host.roundtrip();
    Stage { agent, host, x11, window, id }
}

pub fn focus(host: &mut Host, surface: u32) {
    host.send(CONTROL, Body::KeyboardFocus(KeyboardFocus { surface }));
}
