//! Programs that want to be looked at, to be in front, to have the keyboard, or to be shown again.

use std::cell::Cell;

use atoll_wire::header::Message as Body;
use atoll_wire::{WindowRequest, WindowState};
use wayland_protocols::xdg::activation::v1::client::xdg_activation_token_v1;
use wayland_protocols::xdg::activation::v1::client::xdg_activation_v1::XdgActivationV1;
use wayland_protocols::xdg::shell::client::xdg_toplevel;
use wayland_protocols::xdg::system_bell::v1::client::xdg_system_bell_v1::XdgSystemBellV1;
use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    AtomEnum, ClientMessageEvent, ConfigureWindowAux, ConnectionExt as _, EventMask, MapState, PropMode, StackMode,
};
use x11rb::wrapper::ConnectionExt as _;

use crate::support::agent::Agent;
use crate::support::host::Host;
use crate::support::wayland::{self, Client};
use crate::support::x11::X11Client;

const SUSPENDED: u32 = WindowState::Suspended as u32;
const SIZE: (u16, u16) = (300, 200);

struct Stage {
    agent: Agent,
    host: Host,
    x11: X11Client,
    window: u32,
    id: u32,
}

/// An X11 program with a window.
fn stage() -> Stage {
    let (agent, display) = Agent::start_with_x11();
    let mut host = agent.host();
    let mut x11 = X11Client::connect(&display);
    let window = x11.shown_window("wants something", (10, 10), SIZE, 0x11_2233);
    let id = host.window_opened().surface;
    host.shows(id, (300, 200), 0x11_2233);
    Stage { agent, host, x11, window, id }
}

fn tell_root(x11: &X11Client, window: u32, kind: &str, data: [u32; 5]) {
    let message = ClientMessageEvent::new(32, window, x11.atom(kind), data);
    let mask = EventMask::SUBSTRUCTURE_REDIRECT | EventMask::SUBSTRUCTURE_NOTIFY;
    x11.connection.send_event(false, x11.root, mask, message).expect("a request");
    x11.connection.flush().expect("the X server reads");
}

fn set_urgent(x11: &X11Client, window: u32, is_urgent: bool) {
    // Flags (XUrgencyHint, InputHint), input, and seven fields that the flags leave out.
    let hints = [if is_urgent { 0x101 } else { 1 }, 1, 0, 0, 0, 0, 0, 0, 0];
    let kind = AtomEnum::WM_HINTS;
    x11.connection.change_property32(PropMode::REPLACE, window, kind, kind, &hints).expect("a request");
    x11.connection.flush().expect("the X server reads");
}

fn unmapped(x11: &mut X11Client, window: u32) {
    x11.wait("UnmapNotify", |event| {
        matches!(event, Event::UnmapNotify(notify) if notify.window == window).then_some(())
    });
}

#[test]
fn x11_programs_ask_for_attention_the_front_and_the_keyboard() {
    let Stage { agent: _agent, mut host, x11, window, id } = stage();
    let demands = x11.atom("_NET_WM_STATE_DEMANDS_ATTENTION");
    set_urgent(&x11, window, true);
    assert_eq!(host.requested(id).0, WindowRequest::Attention);
    tell_root(&x11, window, "_NET_WM_STATE", [1, demands, 0, 1, 0]);
    assert_eq!(host.requested(id).0, WindowRequest::Attention);
    tell_root(&x11, window, "_NET_ACTIVE_WINDOW", [1, 0, 0, 0, 0]);
    assert_eq!(host.requested(id).0, WindowRequest::Activate);
    let above = ConfigureWindowAux::new().stack_mode(StackMode::ABOVE);
    x11.connection.configure_window(window, &above).expect("a request");
    x11.connection.flush().expect("the X server reads");
    assert_eq!(host.requested(id).0, WindowRequest::Raise);
    tell_root(&x11, window, "WM_CHANGE_STATE", [1, 0, 0, 0, 0]);
    assert_eq!(host.requested(id).0, WindowRequest::Unminimize);
    // A state that is taken back asks for nothing; urgency that goes and comes again does.
    tell_root(&x11, window, "_NET_WM_STATE", [0, demands, 0, 1, 0]);
    set_urgent(&x11, window, false);
    x11.text(window, AtomEnum::WM_NAME, b"calm");
    x11.connection.flush().expect("the X server reads");
    while host.window_changed(id).title.as_deref() != Some("calm") {}
    set_urgent(&x11, window, true);
    assert_eq!(host.requested(id).0, WindowRequest::Attention);
    let supported = x11.connection.get_property(false, x11.root, x11.atom("_NET_SUPPORTED"), AtomEnum::ATOM, 0, 1000);
    let supported = supported.expect("a request").reply().expect("a property");
    assert!(supported.value32().expect("atoms").any(|atom| atom == demands));
}

#[test]
fn a_message_of_two_states_is_heard_as_both() {
    let Stage { agent: _agent, mut host, x11, window, id } = stage();
    let [demands, modal] = ["_NET_WM_STATE_DEMANDS_ATTENTION", "_NET_WM_STATE_MODAL"].map(|name| x11.atom(name));
    for (first, second, is_modal) in [(modal, demands, true), (demands, modal, false)] {
        tell_root(&x11, window, "_NET_WM_STATE", [2, first, second, 1, 0]);
        // In whatever order.
        let (wants_attention, modal) = (Cell::new(false), Cell::new(None));
        host.wait("attention and modality", |body| {
            match body {
                Body::WindowRequested(wanted) if wanted.request() == WindowRequest::Attention => {
                    wants_attention.set(true)
                }
                Body::WindowChanged(changed) if changed.surface == id => modal.set(changed.modal.or(modal.get())),
                _ => {}
            }
            (wants_attention.get() && modal.get() == Some(is_modal)).then_some(())
        });
    }
}

#[test]
fn a_program_that_asks_all_the_time_is_heard_a_few_times_a_second() {
    let Stage { agent: _agent, mut host, x11, window, id } = stage();
    let started = host.time_ms();
    for _ in 0..2000 {
        tell_root(&x11, window, "_NET_ACTIVE_WINDOW", [1, 0, 0, 0, 0]);
    }
    // The X server has handled them, and what comes last is heard last.
    x11.connection.sync().expect("the X server lives");
    tell_root(&x11, window, "WM_CHANGE_STATE", [1, 0, 0, 0, 0]);
    let mut count = 0;
    while host.requested(id).0 != WindowRequest::Unminimize {
        count += 1;
    }
    let most = (host.time_ms() - started) / 100 + 3;
    assert!(count <= most, "{count} requests, at most {most} expected");
}

#[test]
fn a_minimised_x11_window_is_iconic_until_the_host_shows_it() {
    let Stage { agent: _agent, mut host, mut x11, window, id } = stage();
    host.configure(id, 1, (300, 200), SUSPENDED);
    unmapped(&mut x11, window);
    x11.forget();
    let kind = x11.atom("WM_STATE");
    let state = x11.connection.get_property(false, window, kind, kind, 0, 2).expect("a request").reply();
    assert_eq!(state.expect("WM_STATE").value32().expect("numbers").next(), Some(3));
    host.configure(id, 2, (300, 200), 0);
    x11.wait("Expose", |event| matches!(event, Event::Expose(_)).then_some(()));
    x11.paint(window, SIZE, 0x44_5566);
    host.shows(id, (300, 200), 0x44_5566);
    // Nobody but the host has asked for it.
    tell_root(&x11, window, "_NET_ACTIVE_WINDOW", [1, 0, 0, 0, 0]);
    assert_eq!(host.requested(id).0, WindowRequest::Activate);
}

/// As by a person who clicks twice in the dock: the second time the window is not mapped yet.
#[test]
fn an_x11_window_that_is_minimised_again_at_once_stays_so() {
    let Stage { agent: _agent, mut host, mut x11, window, id } = stage();
    host.configure(id, 1, (300, 200), SUSPENDED);
    unmapped(&mut x11, window);
    x11.forget();
    host.configure(id, 2, (300, 200), 0);
    host.configure(id, 3, (300, 200), SUSPENDED);
    unmapped(&mut x11, window);
    let attributes = x11.connection.get_window_attributes(window).expect("a request").reply();
    assert_eq!(attributes.expect("the window").map_state, MapState::UNMAPPED);
    x11.forget();
    host.configure(id, 4, (300, 200), 0);
    x11.wait("Expose", |event| matches!(event, Event::Expose(_)).then_some(()));
    x11.paint(window, SIZE, 0x44_5566);
    host.shows(id, (300, 200), 0x44_5566);
}

#[test]
fn a_minimised_x11_window_comes_back_when_its_program_maps_it() {
    let Stage { agent: _agent, mut host, mut x11, window, id } = stage();
    for pixel in [0x44_5566, 0x77_8899] {
        host.configure(id, pixel, (300, 200), SUSPENDED);
        unmapped(&mut x11, window);
        x11.forget();
        x11.show(window, SIZE, pixel);
        assert_eq!(host.requested(id).0, WindowRequest::Unminimize);
        host.configure(id, pixel + 1, (300, 200), 0);
        host.shows(id, (300, 200), pixel);
    }
    x11.connection.destroy_window(window).expect("a request");
    x11.connection.flush().expect("the X server reads");
    host.closed(id);
}

/// ICCCM, 4.1.4: a window that is unmapped already is withdrawn by a message to the root window.
#[test]
fn a_minimised_x11_window_can_be_withdrawn_and_destroyed() {
    let Stage { agent: _agent, mut host, mut x11, window, id } = stage();
    host.configure(id, 1, (300, 200), SUSPENDED);
    unmapped(&mut x11, window);
    host.roundtrip();
    let gone = x11rb::protocol::xproto::UnmapNotifyEvent {
        response_type: x11rb::protocol::xproto::UNMAP_NOTIFY_EVENT,
        sequence: 0,
        event: x11.root,
        window,
        from_configure: false,
    };
    let mask = EventMask::SUBSTRUCTURE_REDIRECT | EventMask::SUBSTRUCTURE_NOTIFY;
    x11.connection.send_event(false, x11.root, mask, gone).expect("a request");
    x11.connection.flush().expect("the X server reads");
    host.closed(id);
    x11.forget();
    x11.show(window, SIZE, 0x44_5566);
    let again = host.window_opened().surface;
    host.shows(again, (300, 200), 0x44_5566);
    host.configure(again, 1, (300, 200), SUSPENDED);
    unmapped(&mut x11, window);
    x11.connection.destroy_window(window).expect("a request");
    x11.connection.flush().expect("the X server reads");
    host.closed(again);
}

/// A token as programs get it, of nothing that anybody has done.
fn token(client: &mut Client, activation: &XdgActivationV1) -> String {
    let token = activation.get_activation_token(&client.handle, ());
    token.commit();
    client.wait("xdg_activation_token.done", |happened| match &happened.event {
        wayland::Event::ActivationToken(xdg_activation_token_v1::Event::Done { token }) => Some(token.clone()),
        _ => None,
    })
}

#[test]
fn a_wayland_program_asks_for_activation_with_a_token_that_counts_once() {
    let agent = Agent::start();
    let (mut host, mut client) = (agent.host(), agent.client());
    let activation: XdgActivationV1 = client.bind(1);
    let window = client.shown_window("wants the keyboard", 50, 50, 1);
    let id = host.window_opened().surface;
    let good = token(&mut client, &activation);
    activation.activate(good.clone(), &window.surface);
    client.flush();
    assert_eq!(host.requested(id), (WindowRequest::Activate, 0));
    activation.activate(good, &window.surface);
    activation.activate("made up".to_owned(), &window.surface);
    window.toplevel.set_minimized();
    client.flush();
    assert_eq!(host.requested(id).0, WindowRequest::Minimize);
    // So many tokens that the first ones are forgotten.
    let tokens: Vec<String> = (0..300).map(|_| token(&mut client, &activation)).collect();
    activation.activate(tokens[0].clone(), &window.surface);
    window.toplevel.set_minimized();
    client.flush();
    assert_eq!(host.requested(id).0, WindowRequest::Minimize);
    activation.activate(tokens[299].clone(), &window.surface);
    client.flush();
    assert_eq!(host.requested(id).0, WindowRequest::Activate);
}

#[test]
fn a_wayland_program_that_rings_wants_attention() {
    let agent = Agent::start();
    let (mut host, mut client) = (agent.host(), agent.client());
    let bell: XdgSystemBellV1 = client.bind(1);
    let window = client.shown_window("rings", 50, 50, 1);
    let id = host.window_opened().surface;
    let (child, _role) = client.subsurface(&window.surface);
    client.show(&child, 5, 5, 2);
    window.surface.commit();
    // Of no window, and of one that there is not: nobody is told of it.
    bell.ring(None);
    bell.ring(Some(&client.surface()));
    for rung in [&window.surface, &child] {
        bell.ring(Some(rung));
        client.flush();
        assert_eq!(host.requested(id), (WindowRequest::Attention, 0));
    }
}

#[test]
fn a_minimised_wayland_program_is_told_that_nothing_of_it_is_shown() {
    let agent = Agent::start();
    let (mut host, mut client) = (agent.host(), agent.client());
    let window = client.shown_window("minimised", 50, 50, 1);
    let id = host.window_opened().surface;
    for states in [SUSPENDED, 0] {
        host.configure(id, states + 1, (50, 50), states);
        let told = client.configured(&window).has(xdg_toplevel::State::Suspended);
        assert_eq!(told, states == SUSPENDED);
    }
}
