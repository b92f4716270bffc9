//! X11 programs, through Xwayland: windows, menus, keys; and selections between X11 and Wayland.

use std::io::{Read, Write};
use std::os::fd::AsFd;

use atoll_wire::header::Message as Body;
use atoll_wire::{CloseRequested, Configure, Key, KeyState, Kind, PopupDismissed, WindowRequest};
use wayland_client::Proxy;
use wayland_client::protocol::wl_data_device_manager::WlDataDeviceManager;
use wayland_client::protocol::{wl_data_device, wl_data_source};
use x11rb::CURRENT_TIME;
use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    AtomEnum, ClientMessageEvent, ConfigureWindowAux, ConnectionExt as _, EventMask, GrabMode, PropMode, Property,
    SELECTION_NOTIFY_EVENT, SelectionNotifyEvent,
};
use x11rb::wrapper::ConnectionExt as _;

use crate::support::agent::Agent;
use crate::support::host::{CONTROL, Host};
use crate::support::wayland::{self, Client};
use crate::support::x11::X11Client;
use crate::support::x11_stage::{Stage, focus, stage};

/// Of linux/input-event-codes.h.
const KEY_A: u32 = 30;

/// An override-redirect window with a grab, as menus are.
fn open_menu(x11: &mut X11Client, host: &mut Host, place: (i16, i16)) -> (u32, u32) {
    let menu = x11.window(place, (80, 120), true);
    x11.show(menu, (80, 120), 0x44_5566);
    let opened = host.popup_opened();
    assert!(opened.grab);
    host.shows(opened.surface, (80, 120), 0x44_5566);
    let events = EventMask::BUTTON_PRESS | EventMask::BUTTON_RELEASE | EventMask::POINTER_MOTION;
    let grabbed = x11
        .connection
        .grab_pointer(true, menu, events, GrabMode::ASYNC, GrabMode::ASYNC, 0u32, 0u32, CURRENT_TIME)
        .expect("a request")
        .reply()
        .expect("a grab");
    assert_eq!(u8::from(grabbed.status), 0);
    (menu, opened.surface)
}

/// Waits for a press outside the menu, then closes the menu as its program would.
fn closes_on_press_outside(x11: &mut X11Client, menu: u32) {
    let (x, y) = x11.wait("a press outside the menu", |event| match event {
        Event::ButtonPress(press) => Some((press.event_x, press.event_y)),
        _ => None,
    });
    assert!(!(0..80).contains(&x) || !(0..120).contains(&y), "a press at {x},{y} is inside the menu");
    x11.connection.ungrab_pointer(CURRENT_TIME).expect("a request");
    x11.connection.unmap_window(menu).expect("a request");
    x11.connection.flush().expect("the X server reads");
}

#[test]
fn an_x11_window_is_configured_and_closed() {
    let Stage { agent: _agent, mut host, mut x11, window, id } = stage();
    host.send(
        CONTROL,
        Body::Configure(Configure {
            surface: id,
            serial: 2,
            width: 400,
            height: 250,
            x: 60,
            y: 70,
            ..Configure::default()
        }),
    );
    x11.wait("ConfigureNotify", |event| match event {
        Event::ConfigureNotify(notify) => ((notify.width, notify.height) == (400, 250)).then_some(()),
        _ => None,
    });
    let place =
        x11.connection.translate_coordinates(window, x11.root, 0, 0).expect("a request").reply().expect("a place");
    assert_eq!((place.dst_x, place.dst_y), (60, 70));
    x11.paint(window, (400, 250), 0x77_8899);
    let shown = host.shows(id, (400, 250), 0x77_8899);
    assert_eq!(shown.frame.configure_serial, 2);

    x11.text(window, AtomEnum::WM_NAME, b"another title");
    x11.connection.flush().expect("the X server reads");
    assert_eq!(host.window_changed(id).title.as_deref(), Some("another title"));

    host.send(CONTROL, Body::CloseRequested(CloseRequested { surface: id }));
    let (kind, what) = x11.wait("WM_DELETE_WINDOW", |event| match event {
        Event::ClientMessage(message) => Some((message.type_, message.data.as_data32()[0])),
        _ => None,
    });
    assert_eq!((kind, what), (x11.atom("WM_PROTOCOLS"), x11.atom("WM_DELETE_WINDOW")));
    x11.connection.destroy_window(window).expect("a request");
    x11.connection.flush().expect("the X server reads");
    host.closed(id);
}

/// A frame of the old size does not answer the configure of a new size.
#[test]
fn a_resize_is_answered_by_the_frame_of_that_size() {
    let Stage { agent: _agent, mut host, x11: _x11, id, .. } = stage();
    host.configure(id, 2, (350, 220), 1);
    let shown = host.wait_frame("the answer", id, |shown| shown.frame.configure_serial == 2);
    assert_eq!((shown.width, shown.height), (350, 220));
    // The size stays the same: the configure is answered at once.
    host.configure(id, 3, (350, 220), 0);
    host.wait_frame("the next answer", id, |shown| shown.frame.configure_serial == 3);
}

#[test]
fn an_x11_program_asks_for_size_and_states() {
    let Stage { agent: _agent, mut host, mut x11, window, id } = stage();
    x11.connection.configure_window(window, &ConfigureWindowAux::new().width(320).height(240)).expect("a request");
    x11.connection.flush().expect("the X server reads");
    x11.wait("ConfigureNotify", |event| match event {
        Event::ConfigureNotify(notify) => ((notify.width, notify.height) == (320, 240)).then_some(()),
        _ => None,
    });
    x11.paint(window, (320, 240), 5);
    host.shows(id, (320, 240), 5);
    let (state, fullscreen) = (x11.atom("_NET_WM_STATE"), x11.atom("_NET_WM_STATE_FULLSCREEN"));
    let message = ClientMessageEvent::new(32, window, state, [1, fullscreen, 0, 1, 0]);
    let mask = EventMask::SUBSTRUCTURE_REDIRECT | EventMask::SUBSTRUCTURE_NOTIFY;
    x11.connection.send_event(false, x11.root, mask, message).expect("a request");
    x11.connection.flush().expect("the X server reads");
    assert_eq!(host.requested(id).0, WindowRequest::Fullscreen);
}

/// The X server gets keys on one connection and the focus on another, and reads them in any order.
#[test]
fn keys_right_after_the_focus_reach_the_window_also_while_the_server_is_busy() {
    let Stage { agent: _agent, mut host, mut x11, window, id } = stage();
    for _ in 0..300 {
        for _ in 0..200 {
            x11.paint(window, (300, 200), 0x44_5566);
        }
        focus(&mut host, id);
        for state in [KeyState::Pressed, KeyState::Released] {
            let time_ms = host.time_ms();
            host.send(CONTROL, Body::Key(Key { code: KEY_A, state: state.into(), time_ms }));
        }
        x11.wait("the key", |event| matches!(event, Event::KeyRelease(_)).then_some(()));
        focus(&mut host, 0);
        host.roundtrip();
    }
}

/// Init waits for this file before it goes on.
#[test]
fn an_x_server_that_cannot_start_is_not_waited_for() {
    let agent = Agent::start_with_x11_script("#!/bin/sh\nexit 1\n");
    let mut host = agent.host();
    let mut client = agent.client();
    let _window = client.shown_window("needs no X server", 50, 50, 1);
    let id = host.window_opened().surface;
    host.shows(id, (50, 50), 1);
    agent.wait_log("Xwayland ended while it started");
    // Written right after that.
    host.roundtrip();
    assert!(agent.path("runtime/atoll/settled").exists());
}

/// Xwayland lets no program hold it (GrabServer), which nothing in the agent is ready for: the window manager asks it for
/// each of these windows, and waits for the answers.
#[test]
fn a_program_that_holds_the_server_does_not_hold_the_windows_of_others() {
    let Stage { agent, mut host, mut x11, .. } = stage();
    x11.connection.grab_server().expect("a request");
    // The window manager asks the server for each of them.
    let held: Vec<_> = (0..5).map(|at| x11.shown_window(&format!("held {at}"), (20, 20), (40, 30), at)).collect();
    for at in 0..held.len() {
        let opened = host.window_opened();
        assert_eq!(opened.title, format!("held {at}"));
        host.shows(opened.surface, (40, 30), at as u32);
    }
    let mut client = agent.client();
    let _window = client.shown_window("a Wayland window", 50, 50, 1);
    let opened = host.window_opened();
    assert_eq!(opened.title, "a Wayland window");
    host.shows(opened.surface, (50, 50), 1);
    x11.connection.destroy_window(held[0]).expect("a request");
    x11.connection.flush().expect("the X server reads");
    host.wait("SurfaceClosed", |body| matches!(body, Body::SurfaceClosed(_)).then_some(()));
}

/// The same, of what is copied and who has the keyboard.
#[test]
fn a_program_that_holds_the_server_does_not_hold_the_agent() {
    let Stage { agent, mut host, mut x11, id, .. } = stage();
    let mut client = agent.client();
    let (manager, device) = data_device(&client);
    let other = client.shown_window("copies", 50, 50, 1);
    let other_id = host.window_opened().surface;
    host.shows(other_id, (50, 50), 1);
    focus(&mut host, other_id);
    let serial = client.keyboard_entered(&other.surface);
    x11.connection.grab_server().expect("a request");
    // An answer: the server is held from here on.
    x11.atom("ATOLL_TEST");
    let source = manager.create_data_source(&client.handle, ());
    source.offer("text/plain;charset=utf-8".to_owned());
    device.set_selection(Some(&source), serial);
    client.roundtrip();
    focus(&mut host, id);
    host.roundtrip();
    x11.connection.ungrab_server().expect("a request");
    x11.connection.flush().expect("the X server reads");
    focus(&mut host, other_id);
    focus(&mut host, id);
    let time_ms = host.time_ms();
    host.send(CONTROL, Body::Key(Key { code: KEY_A, state: KeyState::Pressed.into(), time_ms }));
    x11.wait("the key", |event| matches!(event, Event::KeyPress(_)).then_some(()));
}

#[test]
fn an_override_redirect_window_is_a_popup_in_its_place() {
    let Stage { agent: _agent, mut host, mut x11, id, .. } = stage();
    // In coordinates of the root window, in which the parent is at 100,100.
    let menu = x11.window((130, 150), (80, 120), true);
    x11.show(menu, (80, 120), 0x44_5566);
    let opened = host.popup_opened();
    let rect = opened.rect.expect("a place");
    assert_eq!(
        (opened.parent, opened.kind(), rect.x, rect.y, rect.width, rect.height),
        (id, Kind::X11, 30, 50, 80, 120)
    );
    host.shows(opened.surface, (80, 120), 0x44_5566);
    x11.connection.configure_window(menu, &ConfigureWindowAux::new().x(140).y(160)).expect("a request");
    x11.connection.flush().expect("the X server reads");
    let moved = host.wait("PopupMoved", |body| match body {
        Body::PopupMoved(moved) => moved.rect,
        _ => None,
    });
    assert_eq!((moved.x, moved.y), (40, 60));
    x11.connection.unmap_window(menu).expect("a request");
    x11.connection.flush().expect("the X server reads");
    host.closed(opened.surface);
}

#[test]
fn a_tooltip_is_no_menu() {
    let Stage { agent: _agent, mut host, mut x11, .. } = stage();
    let tip = x11.window((130, 150), (80, 20), true);
    let (kind, tooltip) = (x11.atom("_NET_WM_WINDOW_TYPE"), x11.atom("_NET_WM_WINDOW_TYPE_TOOLTIP"));
    x11.connection.change_property32(PropMode::REPLACE, tip, kind, AtomEnum::ATOM, &[tooltip]).expect("a request");
    x11.show(tip, (80, 20), 9);
    assert!(!host.popup_opened().grab);
}

#[test]
fn an_x11_menu_ends_when_another_program_is_pressed() {
    let Stage { agent, mut host, mut x11, id, .. } = stage();
    let mut client = agent.client();
    let other = client.shown_window("a Wayland window", 200, 100, 1);
    let other_id = host.window_opened().surface;
    host.shows(other_id, (200, 100), 1);
    host.move_pointer(id, 20.0, 20.0);
    x11.wait("motion", |event| matches!(event, Event::MotionNotify(_)).then_some(()));
    let (menu, menu_id) = open_menu(&mut x11, &mut host, (120, 120));
    host.move_pointer(other_id, 5.0, 6.0);
    client.pointer_entered(&other.surface);
    host.press(true);
    closes_on_press_outside(&mut x11, menu);
    host.closed(menu_id);
    // The other program gets the press as well, in the same position.
    assert_eq!(client.pointer_entered(&other.surface), (5.0, 6.0));
    client.button_pressed();
    host.press(false);
}

#[test]
fn an_x11_menu_ends_when_the_host_says_so() {
    let Stage { agent: _agent, mut host, mut x11, id, .. } = stage();
    host.move_pointer(id, 20.0, 20.0);
    let (menu, menu_id) = open_menu(&mut x11, &mut host, (120, 120));
    host.send(CONTROL, Body::PopupDismissed(PopupDismissed { surface: menu_id }));
    closes_on_press_outside(&mut x11, menu);
    host.closed(menu_id);
}

#[test]
fn long_and_odd_texts_of_x11_are_cut() {
    let Stage { agent: _agent, mut host, mut x11, window, id } = stage();
    x11.text(window, AtomEnum::WM_NAME, &vec![b'x'; 1024 * 1024]);
    x11.connection.flush().expect("the X server reads");
    let title = host.window_changed(id).title.expect("a title");
    assert!(title.len() <= 4096 && title.starts_with("xxx"), "{} bytes", title.len());
    x11.text(window, AtomEnum::WM_CLASS, &[0xff; 70_000]);
    x11.text(window, AtomEnum::WM_NAME, b"\xff\xfe\0\x01 end");
    x11.text(window, AtomEnum::WM_NORMAL_HINTS, &[0xff; 7]);
    x11.text(window, AtomEnum::WM_TRANSIENT_FOR, &[0xff; 3]);
    x11.text(window, AtomEnum::WM_HINTS, &[0xff; 5]);
    x11.connection.flush().expect("the X server reads");
    assert!(!x11.has_seen(|_| false));
    x11.text(window, AtomEnum::WM_NAME, b"sound again");
    x11.connection.flush().expect("the X server reads");
    while host.window_changed(id).title.as_deref() != Some("sound again") {}
}

#[test]
fn x11_windows_come_and_go_quickly() {
    let Stage { mut agent, mut host, x11, .. } = stage();
    for at in 0..100 {
        let window = x11.window((0, 0), (50, 50), at % 3 == 0);
        x11.connection.map_window(window).expect("a request");
        if at % 2 == 0 {
            x11.connection.unmap_window(window).expect("a request");
        }
        x11.connection.destroy_window(window).expect("a request");
    }
    x11.connection.sync().expect("the X server lives");
    drop(x11);
    host.roundtrip();
    agent.assert_runs();
    while !host.surfaces.is_empty() {
        host.wait("SurfaceClosed", |body| matches!(body, Body::SurfaceClosed(_)).then_some(()));
    }
}

// ---- Selections

fn data_device(client: &Client) -> (WlDataDeviceManager, wl_data_device::WlDataDevice) {
    let manager: WlDataDeviceManager = client.bind(3);
    let device = manager.get_data_device(&client.seat, &client.handle, ());
    (manager, device)
}

#[test]
fn what_x11_copies_wayland_pastes() {
    let Stage { agent, mut host, mut x11, window, .. } = stage();
    let mut client = agent.client();
    let (_manager, _device) = data_device(&client);
    let other = client.shown_window("pastes", 50, 50, 1);
    let other_id = host.window_opened().surface;
    host.shows(other_id, (50, 50), 1);
    focus(&mut host, other_id);
    client.keyboard_entered(&other.surface);
    client.forget();
    let (clipboard, targets, utf8) = (x11.atom("CLIPBOARD"), x11.atom("TARGETS"), x11.atom("UTF8_STRING"));
    x11.connection.set_selection_owner(window, clipboard, CURRENT_TIME).expect("a request");
    x11.connection.flush().expect("the X server reads");
    // Both the window manager and the agent's bridge ask for the types of the selection.
    for _ in 0..2 {
        answer(&mut x11, targets, |x11, requestor, property| {
            x11.connection
                .change_property32(PropMode::REPLACE, requestor, property, AtomEnum::ATOM, &[targets, utf8])
                .expect("a request");
        });
    }
    let offer = client.wait("an offer", |happened| match &happened.event {
        wayland::Event::DataDevice(wl_data_device::Event::Selection { id: Some(offer) }) => Some(offer.clone()),
        _ => None,
    });
    let (mut read, write) = std::io::pipe().expect("a pipe");
    offer.receive("text/plain;charset=utf-8".to_owned(), write.as_fd());
    client.flush();
    drop(write);
    answer(&mut x11, utf8, |x11, requestor, property| {
        x11.connection
            .change_property8(PropMode::REPLACE, requestor, property, utf8, "grüße".as_bytes())
            .expect("a request");
    });
    let mut pasted = String::new();
    read.read_to_string(&mut pasted).expect("what was copied");
    assert_eq!(pasted, "grüße");
}

/// Answers the next request for `target` of the selection.
fn answer(x11: &mut X11Client, target: u32, give: impl Fn(&X11Client, u32, u32)) {
    let request = x11.wait("SelectionRequest", |event| match event {
        Event::SelectionRequest(request) if request.target == target => Some(*request),
        _ => None,
    });
    give(x11, request.requestor, request.property);
    let notify = SelectionNotifyEvent {
        response_type: SELECTION_NOTIFY_EVENT,
        sequence: 0,
        time: request.time,
        requestor: request.requestor,
        selection: request.selection,
        target: request.target,
        property: request.property,
    };
    x11.connection.send_event(false, request.requestor, EventMask::NO_EVENT, notify).expect("a request");
    x11.connection.flush().expect("the X server reads");
}

#[test]
fn what_wayland_copies_x11_pastes() {
    let Stage { agent, mut host, mut x11, window, id } = stage();
    let mut client = agent.client();
    let (manager, device) = data_device(&client);
    let other = client.shown_window("copies", 50, 50, 1);
    let other_id = host.window_opened().surface;
    host.shows(other_id, (50, 50), 1);
    focus(&mut host, other_id);
    let serial = client.keyboard_entered(&other.surface);
    let source = manager.create_data_source(&client.handle, ());
    source.offer("text/plain;charset=utf-8".to_owned());
    device.set_selection(Some(&source), serial);
    client.roundtrip();
    // The person turns to the X11 window and presses a key there: with that its program pastes. The X server reads the
    // copy, made on another connection, before the key.
    focus(&mut host, id);
    let time_ms = host.time_ms();
    host.send(CONTROL, Body::Key(Key { code: KEY_A, state: KeyState::Pressed.into(), time_ms }));
    x11.wait("the key", |event| matches!(event, Event::KeyPress(_)).then_some(()));

    // Larger than an X11 property may be: it comes in parts (INCR).
    let copied = "0123456789abcdef".repeat(32 * 1024);
    let (clipboard, utf8, incr) = (x11.atom("CLIPBOARD"), x11.atom("UTF8_STRING"), x11.atom("INCR"));
    let property = x11.atom("ATOLL_TEST");
    x11.connection.convert_selection(window, clipboard, utf8, property, CURRENT_TIME).expect("a request");
    x11.connection.flush().expect("the X server reads");
    let fd = client.wait("a request for the data", |happened| match &happened.event {
        wayland::Event::DataSource(wl_data_source::Event::Send { fd, .. }) if happened.to == source.id() => {
            Some(fd.try_clone().expect("a copy"))
        }
        _ => None,
    });
    // Drops the event's copy of the pipe, which would keep it open.
    client.forget();
    let said = copied.clone();
    let writer = std::thread::spawn(move || std::fs::File::from(fd).write_all(said.as_bytes()));
    let answer = x11.wait("SelectionNotify", |event| match event {
        Event::SelectionNotify(notify) => Some(notify.property),
        _ => None,
    });
    assert_eq!(answer, property);
    let mut pasted = Vec::new();
    let mut is_whole = false;
    while !is_whole {
        x11.wait("a new value of the property", |event| match event {
            Event::PropertyNotify(notify) => {
                (notify.atom == property && notify.state == Property::NEW_VALUE).then_some(())
            }
            _ => None,
        });
        let cookie = x11.connection.get_property(true, window, property, AtomEnum::ANY, 0, u32::MAX / 4);
        let reply = cookie.expect("a request").reply().expect("a property");
        if reply.type_ == utf8 {
            is_whole = reply.value.is_empty();
            pasted.extend_from_slice(&reply.value);
        } else {
            assert_eq!(reply.type_, incr, "it comes in parts");
        }
    }
    writer.join().expect("a thread").expect("all of it is taken");
    assert!(pasted == copied.as_bytes(), "{} of {} bytes", pasted.len(), copied.len());
}
