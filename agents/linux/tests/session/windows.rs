//! Toplevels: opened, described, configured, asked for, closed.

use atoll_wire::header::Message as Body;
use atoll_wire::{CloseRequested, Decoration, Kind, Output, OutputChanged, WindowRequest};
use wayland_client::Proxy;
use wayland_client::protocol::{wl_output, wl_surface};
use wayland_protocols::wp::fractional_scale::v1::client::wp_fractional_scale_manager_v1::WpFractionalScaleManagerV1;
use wayland_protocols::wp::fractional_scale::v1::client::wp_fractional_scale_v1;
use wayland_protocols::xdg::dialog::v1::client::xdg_wm_dialog_v1::XdgWmDialogV1;
use wayland_protocols::xdg::shell::client::xdg_toplevel;

use crate::support::agent::Agent;
use crate::support::host::CONTROL;
use crate::support::wayland::Event;

#[test]
fn a_window_opens_shows_and_closes() {
    let agent = Agent::start();
    let (mut host, mut client) = (agent.host(), agent.client());
    let window = client.shown_window("A title", 120, 80, 0x11_2233);
    let opened = host.window_opened();
    assert_eq!((opened.title.as_str(), opened.app_id.as_str()), ("A title", "org.atoll.test"));
    assert_eq!((opened.kind(), opened.pid, opened.launch), (Kind::Wayland, std::process::id(), 0));
    assert_eq!(opened.decoration(), Decoration::Client);
    let shown = host.shows(opened.surface, (120, 80), 0x11_2233);
    assert!(shown.pixels.chunks(4).all(|pixel| pixel[..3] == [0x33, 0x22, 0x11]));

    host.send(CONTROL, Body::CloseRequested(CloseRequested { surface: opened.surface }));
    client.wait("xdg_toplevel.close", |happened| {
        matches!(happened.event, Event::Toplevel(xdg_toplevel::Event::Close)).then_some(())
    });
    window.toplevel.destroy();
    client.flush();
    host.closed(opened.surface);
}

#[test]
fn a_program_that_ends_takes_its_windows_along() {
    let agent = Agent::start();
    let (mut host, mut client) = (agent.host(), agent.client());
    client.shown_window("one", 10, 10, 1);
    let one = host.window_opened().surface;
    client.shown_window("two", 10, 10, 2);
    let two = host.window_opened().surface;
    drop(client);
    let mut open = vec![one, two];
    while !open.is_empty() {
        let closed = host.wait("SurfaceClosed", |body| match body {
            Body::SurfaceClosed(closed) => Some(closed.surface),
            _ => None,
        });
        open.retain(|id| *id != closed);
    }
}

#[test]
fn a_window_that_is_unmapped_comes_back_as_another() {
    let agent = Agent::start();
    let (mut host, mut client) = (agent.host(), agent.client());
    let window = client.shown_window("again", 30, 30, 5);
    let first = host.window_opened().surface;
    window.surface.attach(None, 0, 0);
    window.surface.commit();
    client.flush();
    host.closed(first);
    window.surface.commit();
    client.configured(&window);
    client.show(&window.surface, 30, 30, 6);
    let second = host.window_opened();
    assert_eq!(second.title, "again");
    host.shows(second.surface, (30, 30), 6);
}

#[test]
fn a_buffer_that_is_larger_than_the_host_takes_is_not_sent() {
    let agent = Agent::start();
    let (mut host, mut client) = (agent.host(), agent.client());
    let window = client.shown_window("large", 100, 100, 1);
    let id = host.window_opened().surface;
    host.shows(id, (100, 100), 1);
    // The host's rules (support/rules.rs) would refuse it.
    client.show(&window.surface, 4000, 2500, 2);
    client.show(&window.surface, 120, 110, 3);
    host.shows(id, (120, 110), 3);
}

#[test]
fn a_configure_is_answered_with_its_serial() {
    let agent = Agent::start();
    let (mut host, mut client) = (agent.host(), agent.client());
    let window = client.shown_window("sized", 100, 100, 1);
    let id = host.window_opened().surface;
    host.configure(id, 7, (300, 200), 1 | 2);
    let configured = client.configured(&window);
    assert_eq!((configured.width, configured.height), (300, 200));
    assert!(configured.has(xdg_toplevel::State::Activated) && configured.has(xdg_toplevel::State::Maximized));
    assert!(!configured.has(xdg_toplevel::State::Fullscreen));
    client.show(&window.surface, 300, 200, 2);
    assert_eq!(host.shows(id, (300, 200), 2).frame.configure_serial, 7);
}

#[test]
fn a_configure_is_answered_by_a_program_that_acknowledges_a_later_one() {
    let agent = Agent::start();
    let (mut host, mut client) = (agent.host(), agent.client());
    let window = client.shown_window("asking", 100, 100, 1);
    let id = host.window_opened().surface;
    host.configure(id, 7, (300, 200), 1);
    host.roundtrip();
    // The agent answers its request by a configure of its own.
    window.toplevel.set_maximized();
    client.roundtrip();
    client.acknowledge(std::slice::from_ref(&window.xdg));
    client.show(&window.surface, 300, 200, 2);
    assert_eq!(host.shows(id, (300, 200), 2).frame.configure_serial, 7);
}

#[test]
fn a_configure_that_changes_no_pixel_is_answered_by_an_empty_frame() {
    let agent = Agent::start();
    let (mut host, mut client) = (agent.host(), agent.client());
    let window = client.shown_window("still", 100, 100, 1);
    let id = host.window_opened().surface;
    host.shows(id, (100, 100), 1);
    // Other states: the program gets a configure, and answers it by a commit without a buffer.
    host.configure(id, 3, (0, 0), 1);
    client.configured(&window);
    window.surface.commit();
    client.flush();
    let shown = host.wait_frame("the answer", id, |shown| shown.frame.configure_serial == 3);
    assert!(shown.damage.is_empty() && shown.bytes == 0 && shown.frame.last);
    // The same again: the program gets no configure, and the host gets an answer all the same.
    host.configure(id, 4, (0, 0), 1);
    let shown = host.wait_frame("the next answer", id, |shown| shown.frame.configure_serial == 4);
    assert!(shown.damage.is_empty());
    client.roundtrip();
    assert!(client.take(|happened| matches!(happened.event, Event::XdgSurface(_)).then_some(())).is_none());
}

#[test]
fn a_program_asks_for_states() {
    let agent = Agent::start();
    let (mut host, mut client) = (agent.host(), agent.client());
    let window = client.shown_window("asks", 100, 100, 1);
    let id = host.window_opened().surface;
    host.configure(id, 1, (0, 0), 1);
    client.configured(&window);

    window.toplevel.set_maximized();
    client.flush();
    assert_eq!(host.requested(id).0, WindowRequest::Maximize);
    // xdg_shell wants a configure as the answer, whatever the host decides.
    assert!(!client.configured(&window).has(xdg_toplevel::State::Maximized));
    host.configure(id, 2, (1280, 800), 1 | 2);
    assert!(client.configured(&window).has(xdg_toplevel::State::Maximized));

    window.toplevel.set_fullscreen(None);
    client.flush();
    assert_eq!(host.requested(id).0, WindowRequest::Fullscreen);
    host.configure(id, 3, (1280, 800), 1 | 4);
    while !client.configured(&window).has(xdg_toplevel::State::Fullscreen) {}
    window.toplevel.unset_fullscreen();
    window.toplevel.unset_maximized();
    window.toplevel.set_minimized();
    client.flush();
    for request in [WindowRequest::Unfullscreen, WindowRequest::Unmaximize, WindowRequest::Minimize] {
        assert_eq!(host.requested(id).0, request);
    }
}

#[test]
fn a_resize_of_no_edge_is_not_passed_on() {
    let agent = Agent::start();
    let (mut host, mut client) = (agent.host(), agent.client());
    let window = client.shown_window("drags", 100, 100, 1);
    let id = host.window_opened().surface;
    window.toplevel.resize(&client.seat, 1, xdg_toplevel::ResizeEdge::None);
    window.toplevel.resize(&client.seat, 1, xdg_toplevel::ResizeEdge::BottomRight);
    window.toplevel._move(&client.seat, 1);
    client.flush();
    assert_eq!(host.requested(id), (WindowRequest::Resize, 10));
    assert_eq!(host.requested(id).0, WindowRequest::Move);
}

#[test]
fn a_dialog_names_its_window() {
    let agent = Agent::start();
    let (mut host, mut client) = (agent.host(), agent.client());
    let window = client.shown_window("main", 100, 100, 1);
    let main = host.window_opened().surface;
    let dialog = client.shown_window("dialog", 50, 50, 2);
    let id = host.window_opened().surface;
    dialog.toplevel.set_parent(Some(&window.toplevel));
    client.flush();
    assert_eq!(host.window_changed(id).parent, Some(main));

    let dialogs: XdgWmDialogV1 = client.bind(1);
    let modal = dialogs.get_xdg_dialog(&dialog.toplevel, &client.handle, ());
    modal.set_modal();
    client.flush();
    assert_eq!(host.window_changed(id).modal, Some(true));
    // The window is closed, the dialog stays.
    window.toplevel.destroy();
    client.flush();
    host.closed(main);
    assert_eq!(host.window_changed(id).parent, Some(0));
}

#[test]
fn a_title_that_changes_all_the_time_is_told_now_and_then() {
    let agent = Agent::start();
    let (mut host, mut client) = (agent.host(), agent.client());
    let window = client.shown_window("counts", 100, 100, 1);
    let id = host.window_opened().surface;
    host.shows(id, (100, 100), 1);
    let began = std::time::Instant::now();
    for count in 0..=2000 {
        window.toplevel.set_title(count.to_string());
        client.roundtrip();
    }
    let mut told = 0;
    while host.window_changed(id).title.as_deref() != Some("2000") {
        told += 1;
    }
    let allowed = began.elapsed().as_millis() / 100 + 2;
    assert!(told > 0 && told <= allowed, "told {told} times, {allowed} allowed");
}

#[test]
fn size_hints_and_geometry_are_told() {
    let agent = Agent::start();
    let (mut host, mut client) = (agent.host(), agent.client());
    let window = client.window("hints");
    window.toplevel.set_min_size(20, 30);
    window.toplevel.set_max_size(400, 0);
    window.xdg.set_window_geometry(10, 12, 80, 60);
    client.show(&window.surface, 100, 100, 3);
    let id = host.window_opened().surface;
    let hints = host.window_changed(id).hints.expect("hints");
    assert_eq!((hints.min_width, hints.min_height, hints.max_width, hints.max_height), (20, 30, 400, 0));
    let geometry = host.shows(id, (100, 100), 3).frame.geometry.expect("a geometry");
    assert_eq!((geometry.x, geometry.y, geometry.width, geometry.height), (10, 12, 80, 60));
}

#[test]
fn the_hosts_scale_reaches_programs() {
    let agent = Agent::start();
    let (mut host, mut client) = (agent.host(), agent.client());
    let output: wl_output::WlOutput = client.bind(4);
    let window = client.shown_window("scaled", 100, 100, 1);
    let id = host.window_opened().surface;
    host.shows(id, (100, 100), 1);
    let scales: WpFractionalScaleManagerV1 = client.bind(1);
    let fractional = scales.get_fractional_scale(&window.surface, &client.handle, ());
    client.forget();
    let now = Output { width: 2560, height: 1440, scale_120: 180, refresh_mhz: 144_000 };
    host.send(CONTROL, Body::OutputChanged(OutputChanged { output: Some(now) }));
    let preferred = client.wait("preferred_scale", |happened| match &happened.event {
        Event::FractionalScale(wp_fractional_scale_v1::Event::PreferredScale { scale })
            if happened.to == fractional.id() =>
        {
            Some(*scale)
        }
        _ => None,
    });
    assert_eq!(preferred, 180);
    let whole = client.wait("preferred_buffer_scale", |happened| match &happened.event {
        Event::Surface(wl_surface::Event::PreferredBufferScale { factor }) => Some(*factor),
        _ => None,
    });
    assert_eq!(whole, 2);
    let mode = client.wait("wl_output.mode", |happened| match &happened.event {
        Event::Output(wl_output::Event::Mode { width, height, refresh, .. }) => Some((*width, *height, *refresh)),
        _ => None,
    });
    assert_eq!(mode, (2560, 1440, 144_000));
    drop(output);
}
