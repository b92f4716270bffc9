//! X11 windows that begin, belong, change and end in other ways than most.

use std::time::{Duration, Instant};

use atoll_wire::header::Message as Body;
use atoll_wire::{Kind, SizeHints, WindowRequest};
use x11rb::connection::Connection;
use x11rb::properties::{AspectRatio, WmSizeHints};
use x11rb::protocol::Event;
use x11rb::protocol::shape::{ConnectionExt as _, SK, SO};
use x11rb::protocol::xproto::{
    AtomEnum, ChangeWindowAttributesAux, ClientMessageEvent, ClipOrdering, ConfigureWindowAux, ConnectionExt as _,
    EventMask, PropMode, Rectangle,
};
use x11rb::wrapper::ConnectionExt as _;

use crate::support::PATIENCE;
use crate::support::agent::Agent;
use crate::support::host::{Host, Shown};
use crate::support::wayland::Client;
use crate::support::x11::X11Client;
use crate::support::x11_stage::{Stage, stage};

/// F1: a list of Tk's combo box is made as an ordinary window.
#[test]
fn a_window_that_becomes_override_redirect_is_shown_where_it_was_moved() {
    let Stage { agent: _agent, mut host, mut x11, id, .. } = stage();
    let list = x11.window((0, 0), (10, 10), false);
    x11.connection
        .change_window_attributes(list, &ChangeWindowAttributesAux::new().override_redirect(1))
        .expect("a request");
    let place = ConfigureWindowAux::new().x(130).y(150).width(80).height(120);
    x11.connection.configure_window(list, &place).expect("a request");
    x11.show(list, (80, 120), 0x44_5566);
    let opened = host.popup_opened();
    let rect = opened.rect.expect("a place");
    assert_eq!((opened.parent, rect.x, rect.y, rect.width, rect.height), (id, 30, 50, 80, 120));
    host.shows(opened.surface, (80, 120), 0x44_5566);
}

fn state(x11: &X11Client, window: u32, names: &[&str]) {
    let atoms: Vec<u32> = names.iter().map(|name| x11.atom(name)).collect();
    let property = x11.atom("_NET_WM_STATE");
    x11.connection.change_property32(PropMode::REPLACE, window, property, AtomEnum::ATOM, &atoms).expect("a request");
}

/// F5
#[test]
fn states_that_an_x11_window_has_before_it_is_shown_are_asked_for() {
    let Stage { agent: _agent, mut host, x11, .. } = stage();
    let maximized = ["_NET_WM_STATE_MAXIMIZED_VERT", "_NET_WM_STATE_MAXIMIZED_HORZ"];
    for (names, request) in
        [(&maximized[..], WindowRequest::Maximize), (&["_NET_WM_STATE_FULLSCREEN"][..], WindowRequest::Fullscreen)]
    {
        let window = x11.window((0, 0), (50, 50), false);
        state(&x11, window, names);
        x11.connection.map_window(window).expect("a request");
        x11.connection.flush().expect("the X server reads");
        let opened = host.window_opened();
        assert_eq!(host.requested(opened.surface).0, request);
    }
}

/// F5
#[test]
fn states_that_a_wayland_window_asks_for_before_its_first_commit_are_passed_on() {
    let agent = Agent::start();
    let mut host = agent.host();
    let mut client: Client = agent.client();
    let surface = client.surface();
    let xdg = client.shell.get_xdg_surface(&surface, &client.handle, ());
    let toplevel = xdg.get_toplevel(&client.handle, ());
    toplevel.set_maximized();
    toplevel.set_fullscreen(None);
    toplevel.unset_fullscreen();
    surface.commit();
    client.roundtrip();
    let opened = host.window_opened();
    assert_eq!(host.requested(opened.surface).0, WindowRequest::Maximize);
    toplevel.set_minimized();
    client.roundtrip();
    assert_eq!(host.requested(opened.surface).0, WindowRequest::Minimize);
}

/// The window manager is asked to add a state (1), to remove (0) or to toggle it (2).
fn change_state(x11: &X11Client, window: u32, action: u32, name: &str) {
    let data = [action, x11.atom(name), 0, 1, 0];
    let message = ClientMessageEvent::new(32, window, x11.atom("_NET_WM_STATE"), data);
    let mask = EventMask::SUBSTRUCTURE_REDIRECT | EventMask::SUBSTRUCTURE_NOTIFY;
    x11.connection.send_event(false, x11.root, mask, message).expect("a request");
    x11.connection.flush().expect("the X server reads");
}

#[test]
fn a_dialog_of_x11_is_modal_from_its_first_state_on_and_as_long_as_its_program_says_so() {
    let Stage { agent: _agent, mut host, x11, window: owner, id } = stage();
    let dialog = x11.window((0, 0), (50, 50), false);
    state(&x11, dialog, &["_NET_WM_STATE_SKIP_PAGER", "_NET_WM_STATE_MODAL"]);
    let kind = AtomEnum::WINDOW;
    x11.connection
        .change_property32(PropMode::REPLACE, dialog, AtomEnum::WM_TRANSIENT_FOR, kind, &[owner])
        .expect("a request");
    x11.connection.map_window(dialog).expect("a request");
    x11.connection.flush().expect("the X server reads");
    let opened = host.window_opened();
    assert_eq!((opened.parent, opened.modal), (id, true));
    for (action, is_modal) in [(0, false), (1, true), (2, false), (2, true)] {
        change_state(&x11, dialog, action, "_NET_WM_STATE_MODAL");
        assert_eq!(host.window_changed(opened.surface).modal, Some(is_modal));
    }
    // Another state says nothing of it, and no such action is known.
    change_state(&x11, dialog, 0, "_NET_WM_STATE_ABOVE");
    change_state(&x11, dialog, 3, "_NET_WM_STATE_MODAL");
    x11.text(dialog, AtomEnum::WM_NAME, b"last");
    x11.connection.flush().expect("the X server reads");
    while let changed = host.window_changed(opened.surface)
        && changed.title.as_deref() != Some("last")
    {
        assert_eq!(changed.modal, None);
    }
}

/// F13
#[test]
fn the_steps_of_a_windows_size_are_told() {
    let Stage { agent: _agent, mut host, x11, .. } = stage();
    let window = x11.window((0, 0), (400, 300), false);
    let steps = WmSizeHints {
        min_size: Some((100, 80)),
        max_size: Some((700, 600)),
        size_increment: Some((10, 20)),
        base_size: Some((5, 8)),
        aspect: Some((AspectRatio::new(1, 2), AspectRatio::new(3, 2))),
        ..WmSizeHints::default()
    };
    steps.set_normal_hints(&x11.connection, window).expect("a request");
    x11.connection.map_window(window).expect("a request");
    x11.connection.flush().expect("the X server reads");
    let opened = host.window_opened();
    let told = SizeHints {
        min_width: 100,
        min_height: 80,
        max_width: 700,
        max_height: 600,
        base_width: 5,
        base_height: 8,
        step_width: 10,
        step_height: 20,
        min_aspect: 32_768,
        max_aspect: 98_304,
    };
    assert_eq!(opened.hints, Some(told));
    // The least size stands for a base that is not given; steps and ratios of nothing are none.
    let ratios = Some((AspectRatio::new(1, 0), AspectRatio::new(-3, 2)));
    let less = WmSizeHints { base_size: None, aspect: ratios, size_increment: Some((-1, 0)), ..steps };
    less.set_normal_hints(&x11.connection, window).expect("a request");
    x11.connection.flush().expect("the X server reads");
    let changed = host.window_changed(opened.surface).hints;
    let rest = SizeHints { base_width: 100, base_height: 80, step_width: 0, step_height: 0, ..told };
    assert_eq!(changed, Some(SizeHints { min_aspect: 0, max_aspect: 0, ..rest }));
}

/// F2
#[test]
fn an_override_redirect_window_is_not_tied_to_another_programs_window() {
    let Stage { agent, mut host, mut x11, window, id } = stage();
    let mut other = X11Client::connect(&agent.display());
    let lone = other.window((900, 600), (200, 100), true);
    other.show(lone, (200, 100), 0x44_5566);
    let opened = host.window_opened();
    assert_eq!((opened.kind(), opened.parent), (Kind::X11, 0));
    host.shows(opened.surface, (200, 100), 0x44_5566);
    x11.connection.destroy_window(window).expect("a request");
    x11.connection.flush().expect("the X server reads");
    host.closed(id);
    // It lives on.
    other.paint(lone, (200, 100), 0x77_8899);
    host.shows(opened.surface, (200, 100), 0x77_8899);
    other.connection.unmap_window(lone).expect("a request");
    other.connection.flush().expect("the X server reads");
    host.closed(opened.surface);
    x11.has_seen(|_| false);
}

/// F7: events come in faster than the window manager handles them.
#[test]
fn a_program_that_renames_its_window_without_end_delays_no_other_program() {
    let Stage { agent, mut host, x11, window, id } = stage();
    let mut other = X11Client::connect(&agent.display());
    for number in 0..20_000 {
        x11.text(window, AtomEnum::WM_NAME, format!("title {number}").as_bytes());
    }
    x11.connection.flush().expect("the X server reads");
    let quick = other.shown_window("quick", (0, 0), (60, 40), 5);
    let opened = host.window_opened();
    host.shows(opened.surface, (60, 40), 5);
    // What was told of the title until now is forgotten.
    for number in 0..5_000 {
        x11.text(window, AtomEnum::WM_NAME, format!("again {number}").as_bytes());
    }
    x11.connection.flush().expect("the X server reads");
    let changes = changes_until(&mut host, id, "again 4999");
    assert!(changes < 400, "{changes} changes of the title were told");
    other.connection.destroy_window(quick).expect("a request");
    other.connection.flush().expect("the X server reads");
    host.closed(opened.surface);
}

/// How often the title was told until it is `title`.
fn changes_until(host: &mut Host, id: u32, title: &str) -> usize {
    let mut changes = 1;
    while host.window_changed(id).title.as_deref() != Some(title) {
        changes += 1;
    }
    changes
}

/// As LibreOffice says its title where that has a dash.
#[test]
fn titles_in_compound_text_are_told() {
    let Stage { agent: _agent, mut host, mut x11, .. } = stage();
    let compound_text = x11.atom("COMPOUND_TEXT");
    let named = |x11: &X11Client, window: u32, name: &[u8]| {
        let name = x11.connection.change_property8(PropMode::REPLACE, window, AtomEnum::WM_NAME, compound_text, name);
        name.expect("a property");
        x11.connection.flush().expect("the X server reads");
    };
    let window = x11.window((0, 0), (60, 40), false);
    named(&x11, window, b"letter.odt \x1b%G\xe2\x80\x94\x1b%@ Writer");
    x11.show(window, (60, 40), 5);
    let opened = host.window_opened();
    assert_eq!(opened.title, "letter.odt \u{2014} Writer");
    named(&x11, window, b"caf\xe9");
    assert_eq!(host.window_changed(opened.surface).title.as_deref(), Some("caf\u{e9}"));
    // Its name in UTF-8 counts before.
    let utf8 = x11.atom("UTF8_STRING");
    let net_wm_name = x11.atom("_NET_WM_NAME");
    let name = x11.connection.change_property8(PropMode::REPLACE, window, net_wm_name, utf8, b"new");
    name.expect("a property");
    named(&x11, window, b"old");
    assert_eq!(host.window_changed(opened.surface).title.as_deref(), Some("new"));
}

/// F7, F8: windows come and go faster than an allowance has it, with ids that come again.
#[test]
fn windows_of_programs_that_come_and_go_leave_nothing() {
    let Stage { agent, mut host, x11: _x11, id, .. } = stage();
    for _ in 0..40 {
        let x11 = X11Client::connect(&agent.display());
        for at in 0..6 {
            let window = x11.window((0, 0), (50, 50), at % 3 == 0);
            x11.text(window, AtomEnum::WM_NAME, b"short");
            x11.connection.map_window(window).expect("a request");
        }
        x11.connection.sync().expect("the X server lives");
    }
    let mut last = X11Client::connect(&agent.display());
    let window = last.shown_window("last", (0, 0), (60, 40), 5);
    let opened = shown_at_last(&mut host, &mut last, window);
    last.connection.destroy_window(window).expect("a request");
    last.connection.flush().expect("the X server reads");
    host.closed(opened);
    while !host.surfaces.keys().eq([&id]) {
        host.wait("SurfaceClosed", |body| matches!(body, Body::SurfaceClosed(_)).then_some(()));
    }
}

/// Waits until the window's picture is shown. Its id has been used before, so that a request for an older window may have mapped
/// it: then it is mapped again, and draws again as the X server tells it.
fn shown_at_last(host: &mut Host, x11: &mut X11Client, window: u32) -> u32 {
    let end = Instant::now() + PATIENCE;
    loop {
        let is_shown = |(_, shown): &(&u32, &Shown)| shown.serial > 0 && shown.width == 60 && shown.pixel(0, 0) == 5;
        if let Some((id, _)) = host.surfaces.iter().find(is_shown) {
            return *id;
        }
        if x11.has_seen(|event| matches!(event, Event::Expose(expose) if expose.window == window)) {
            x11.forget();
            x11.paint(window, (60, 40), 5);
        }
        assert!(Instant::now() < end, "the last window is not shown: {:?}", host.surfaces.keys());
        host.handle_one(Instant::now() + Duration::from_millis(20));
    }
}

fn shape(x11: &X11Client, window: u32, rects: &[(i16, i16, u16, u16)]) {
    let rects: Vec<Rectangle> =
        rects.iter().map(|(x, y, width, height)| Rectangle { x: *x, y: *y, width: *width, height: *height }).collect();
    x11.connection
        .shape_rectangles(SO::SET, SK::BOUNDING, ClipOrdering::UNSORTED, window, 0, 0, &rects)
        .expect("a request");
}

/// F14
#[test]
fn what_lies_outside_of_a_windows_shape_is_transparent() {
    let Stage { agent: _agent, mut host, mut x11, .. } = stage();
    let window = x11.window((0, 0), (100, 80), false);
    shape(&x11, window, &[(20, 10, 60, 60)]);
    x11.show(window, (100, 80), 0x44_5566);
    let id = host.window_opened().surface;
    let inside = |shown: &Shown, x: u32, y: u32| {
        let at = (y * shown.width + x) as usize * 4;
        (shown.pixels[at + 3] == u8::MAX && shown.pixel(x, y) == 0x44_5566, shown.pixels[at..at + 4] == [0; 4])
    };
    host.wait_frame("a cut picture", id, |shown| {
        inside(shown, 50, 40).0 && inside(shown, 5, 5).1 && inside(shown, 95, 75).1
    });
    // Another shape, without a new picture of what both show.
    shape(&x11, window, &[(0, 0, 30, 80)]);
    x11.connection.flush().expect("the X server reads");
    x11.paint(window, (100, 80), 0x44_5566);
    host.wait_frame("another cut", id, |shown| inside(shown, 5, 5).0 && inside(shown, 50, 40).1);
    // And none.
    x11.connection.shape_mask(SO::SET, SK::BOUNDING, window, 0, 0, x11rb::NONE).expect("a request");
    x11.connection.flush().expect("the X server reads");
    x11.paint(window, (100, 80), 0x44_5566);
    host.wait_frame("a whole picture", id, |shown| {
        [(5, 5), (50, 40), (95, 75)].into_iter().all(|(x, y)| shown.pixel(x, y) == 0x44_5566)
    });
}
