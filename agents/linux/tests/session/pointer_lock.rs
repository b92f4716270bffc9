//! Programs that keep the pointer to themselves: by the Wayland protocols, and by X11's warps.

use atoll_wire::header::Message as Body;
use atoll_wire::{PointerLocked, PointerMoved};
use wayland_client::protocol::wl_pointer;
use wayland_protocols::wp::pointer_constraints::zv1::client::zwp_locked_pointer_v1;
use wayland_protocols::wp::pointer_constraints::zv1::client::zwp_pointer_constraints_v1::{
    Lifetime, ZwpPointerConstraintsV1,
};
use wayland_protocols::wp::relative_pointer::zv1::client::zwp_relative_pointer_manager_v1::ZwpRelativePointerManagerV1;
use wayland_protocols::wp::relative_pointer::zv1::client::zwp_relative_pointer_v1;
use x11rb::CURRENT_TIME;
use x11rb::connection::Connection;
use x11rb::protocol::Event as X11Event;
use x11rb::protocol::xproto::{ChangeWindowAttributesAux, ConnectionExt as _, EventMask, GrabMode, MotionNotifyEvent};

use crate::support::agent::Agent;
use crate::support::host::{CONTROL, Host};
use crate::support::wayland::{Client, Event, Window};
use crate::support::x11::X11Client;

fn wanted(host: &mut Host) -> u32 {
    host.wait("PointerLockWanted", |body| match body {
        Body::PointerLockWanted(wanted) => Some(wanted.surface),
        _ => None,
    })
}

fn lock(host: &mut Host, surface: u32) {
    host.send(CONTROL, Body::PointerLocked(PointerLocked { surface }));
}

fn move_by(host: &mut Host, dx: i32, dy: i32) {
    let time_ms = host.time_ms();
    host.send(CONTROL, Body::PointerMoved(PointerMoved { dx_fixed: dx * 256, dy_fixed: dy * 256, time_ms }));
}

fn relative(client: &mut Client) -> (f64, f64) {
    client.wait("relative_motion", |happened| match happened.event {
        Event::RelativePointer(zwp_relative_pointer_v1::Event::RelativeMotion { dx, dy, .. }) => Some((dx, dy)),
        _ => None,
    })
}

fn locked_event(client: &mut Client, locked: bool) {
    client.wait("locked or unlocked", |happened| match happened.event {
        Event::LockedPointer(zwp_locked_pointer_v1::Event::Locked) => locked.then_some(()),
        Event::LockedPointer(zwp_locked_pointer_v1::Event::Unlocked) => (!locked).then_some(()),
        _ => None,
    });
}

/// A window with the pointer over it.
fn stage(agent: &Agent) -> (Host, Client, Window, u32) {
    let (mut host, mut client) = (agent.host(), agent.client());
    let window = client.shown_window("game", 300, 200, 1);
    let id = host.window_opened().surface;
    host.shows(id, (300, 200), 1);
    host.move_pointer(id, 100.0, 50.0);
    client.pointer_entered(&window.surface);
    (host, client, window, id)
}

#[test]
fn a_locked_pointer_moves_without_a_place_until_the_host_takes_it_back() {
    let agent = Agent::start();
    let (mut host, mut client, window, id) = stage(&agent);
    let constraints: ZwpPointerConstraintsV1 = client.bind(1);
    let motions: ZwpRelativePointerManagerV1 = client.bind(1);
    let pointer = client.pointer();
    motions.get_relative_pointer(&pointer, &client.handle, ());
    let handle = client.handle.clone();
    let constraint = constraints.lock_pointer(&window.surface, &pointer, None, Lifetime::Persistent, &handle, ());
    client.flush();
    assert_eq!(wanted(&mut host), id);
    // Another surface's lock is none of its.
    lock(&mut host, id + 1);
    lock(&mut host, id);
    locked_event(&mut client, true);
    move_by(&mut host, 10, -3);
    assert_eq!(relative(&mut client), (10.0, -3.0));
    assert_eq!(client.count(|happened| matches!(happened.event, Event::Pointer(wl_pointer::Event::Motion { .. }))), 0);
    lock(&mut host, 0);
    locked_event(&mut client, false);
    // A person gives it to the program again.
    lock(&mut host, id);
    locked_event(&mut client, true);
    constraint.destroy();
    client.flush();
    assert_eq!(wanted(&mut host), 0);
}

#[test]
fn a_pointer_is_not_confined_and_one_that_goes_elsewhere_is_not_locked() {
    let agent = Agent::start();
    let (mut host, mut client, window, id) = stage(&agent);
    let constraints: ZwpPointerConstraintsV1 = client.bind(1);
    let pointer = client.pointer();
    let handle = client.handle.clone();
    let confined = constraints.confine_pointer(&window.surface, &pointer, None, Lifetime::Persistent, &handle, ());
    client.roundtrip();
    host.roundtrip();
    confined.destroy();
    constraints.lock_pointer(&window.surface, &pointer, None, Lifetime::Oneshot, &handle, ());
    client.flush();
    assert_eq!(wanted(&mut host), id);
    lock(&mut host, id);
    locked_event(&mut client, true);
    host.send(CONTROL, Body::PointerLeft(atoll_wire::PointerLeft {}));
    locked_event(&mut client, false);
    assert_eq!(wanted(&mut host), 0);
}

#[test]
fn ordinary_motions_are_told_as_movements_too() {
    let agent = Agent::start();
    let (mut host, mut client, _window, id) = stage(&agent);
    let motions: ZwpRelativePointerManagerV1 = client.bind(1);
    motions.get_relative_pointer(&client.pointer(), &client.handle, ());
    client.roundtrip();
    host.move_pointer(id, 104.5, 49.0);
    assert_eq!(relative(&mut client), (4.5, -1.0));
}

/// An X11 window of 600x400 with the pointer over its middle, which hides and grabs the pointer and warps it back to the
/// middle at each motion, as games do; gives what it has summed up once it has moved by `until`.
struct Game {
    x11: X11Client,
    window: u32,
    sum: (i32, i32),
}

impl Game {
    fn play(&mut self, until: (i32, i32)) {
        while self.sum != until {
            let motion: MotionNotifyEvent =
                self.x11.wait(&format!("motions; {:?} so far", self.sum), |event| match event {
                    X11Event::MotionNotify(motion) => Some(*motion),
                    _ => None,
                });
            let (dx, dy) = (i32::from(motion.event_x) - 300, i32::from(motion.event_y) - 200);
            if (dx, dy) != (0, 0) {
                self.sum = (self.sum.0 + dx, self.sum.1 + dy);
                self.warp();
            }
        }
    }

    fn warp(&self) {
        self.x11.connection.warp_pointer(0u32, self.window, 0, 0, 0, 0, 300, 200).expect("a request");
        // It is done, and what the host says next comes after it.
        self.x11.connection.get_input_focus().expect("a request").reply().expect("an answer");
    }
}

fn game(host: &mut Host, display: &str) -> (Game, u32) {
    let mut x11 = X11Client::connect(display);
    let window = x11.shown_window("warps", (10, 10), (600, 400), 0x30_3060);
    let id = host.window_opened().surface;
    host.shows(id, (600, 400), 0x30_3060);
    host.send(CONTROL, Body::KeyboardFocus(atoll_wire::KeyboardFocus { surface: id }));
    // Each motion is waited for: one that is left over would be summed up.
    for x in [290, 300] {
        host.move_pointer(id, f64::from(x), 200.0);
        x11.wait("the pointer in its place", |event| {
            matches!(event, X11Event::MotionNotify(motion) if motion.event_x == x).then_some(())
        });
    }
    let nothing = x11.connection.generate_id().expect("an id");
    x11.connection.create_pixmap(1, nothing, window, 1, 1).expect("a request");
    let cursor = x11.connection.generate_id().expect("an id");
    x11.connection.create_cursor(cursor, nothing, nothing, 0, 0, 0, 0, 0, 0, 0, 0).expect("a request");
    let hidden = ChangeWindowAttributesAux::new().cursor(cursor);
    x11.connection.change_window_attributes(window, &hidden).expect("a request");
    let events = EventMask::BUTTON_PRESS | EventMask::POINTER_MOTION;
    let grab = x11.connection.grab_pointer(
        true,
        window,
        events,
        GrabMode::ASYNC,
        GrabMode::ASYNC,
        window,
        cursor,
        CURRENT_TIME,
    );
    assert_eq!(u8::from(grab.expect("a request").reply().expect("a grab").status), 0);
    let game = Game { x11, window, sum: (0, 0) };
    game.warp();
    (game, id)
}

#[test]
fn twenty_movements_of_10_pixels_are_200_to_an_x11_program_that_warps() {
    let (agent, display) = Agent::start_with_x11();
    let mut host = agent.host();
    let (mut game, id) = game(&mut host, &display);
    assert_eq!(wanted(&mut host), id);
    lock(&mut host, id);
    for step in 1..=20 {
        move_by(&mut host, 10, 0);
        game.play((step * 10, 0));
    }
    // And far beyond the edge of any screen.
    for step in 1..=20 {
        move_by(&mut host, -250, 10);
        game.play((200 - step * 250, step * 10));
    }
}

/// Before a person's press the host grants nothing.
#[test]
fn they_are_200_also_while_the_pointer_is_not_locked() {
    let (agent, display) = Agent::start_with_x11();
    let mut host = agent.host();
    let (mut game, id) = game(&mut host, &display);
    for step in 1..=20 {
        host.move_pointer(id, f64::from(300 + step * 10), 200.0);
        game.play((step * 10, 0));
    }
}
