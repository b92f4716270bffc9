//! What is shown of a buffer: scale, viewport, transform, damage; and the whole frame again when the host asks for it.

use atoll_wire::Frame;
use wayland_client::Proxy;
use wayland_client::protocol::wl_output::Transform;
use wayland_protocols::wp::viewporter::client::wp_viewporter::WpViewporter;

use crate::support::agent::Agent;

fn geometry(frame: &Frame) -> (u32, u32) {
    frame.geometry.as_ref().map_or((0, 0), |geometry| (geometry.width, geometry.height))
}

#[test]
fn only_what_changed_is_sent() {
    let agent = Agent::start();
    let (mut host, mut client) = (agent.host(), agent.client());
    let window = client.window("damage");
    let buffer = client.show(&window.surface, 640, 480, 1);
    let id = host.window_opened().surface;
    host.shows(id, (640, 480), 1);
    buffer.fill(|x, y| if (x, y) == (300, 200) { 9 } else { 1 });
    window.surface.attach(Some(&buffer.buffer), 0, 0);
    window.surface.damage(0, 0, i32::MAX, i32::MAX);
    window.surface.commit();
    client.flush();
    let shown = host.wait_frame("the dot", id, |shown| shown.pixel(300, 200) == 9);
    let area: u32 = shown.damage.iter().map(|(_, _, width, height)| width * height).sum();
    assert!(area <= 64 * 64, "{area} pixels for one");
}

#[test]
fn a_refresh_brings_the_whole_frame() {
    let agent = Agent::start();
    let (mut host, mut client) = (agent.host(), agent.client());
    client.shown_window("whole", 200, 100, 5);
    let id = host.window_opened().surface;
    let first = host.shows(id, (200, 100), 5);
    host.refresh(id);
    let again = host.wait_frame("it again", id, |shown| shown.serial > first.serial);
    assert_eq!(again.damage, [(0, 0, 200, 100)]);
}

/// A program draws while its last frame is on its way to the host. Else it would wait for a credit between any two
/// frames.
#[test]
fn a_program_is_one_frame_ahead_of_the_credits() {
    let agent = Agent::start();
    let (mut host, mut client) = (agent.host(), agent.client());
    host.gives_credits = false;
    let window = client.window("ahead");
    let first = window.surface.frame(&client.handle, ());
    client.show(&window.surface, 100, 100, 1);
    let id = host.window_opened().surface;
    host.credit(id, 1);
    host.shows(id, (100, 100), 1);
    client.callback_done(&first);

    // There is no credit for the next one: the frame waits, and its program with it.
    let second = window.surface.frame(&client.handle, ());
    client.show(&window.surface, 100, 100, 2);
    client.roundtrip();
    host.roundtrip();
    assert_eq!(host.surfaces[&id].pixel(0, 0), 1);
    assert_eq!(client.count(|happened| happened.to == second.id()), 0);

    host.credit(id, 1);
    host.shows(id, (100, 100), 2);
    client.callback_done(&second);
}

#[test]
fn a_buffer_scale_is_passed_on() {
    let agent = Agent::start();
    let (mut host, mut client) = (agent.host(), agent.client());
    let window = client.window("dense");
    window.surface.set_buffer_scale(2);
    client.show(&window.surface, 200, 100, 5);
    let id = host.window_opened().surface;
    let shown = host.shows(id, (200, 100), 5);
    assert_eq!((shown.frame.scale, geometry(&shown.frame)), (2, (100, 50)));
}

#[test]
fn a_viewport_crops_and_scales() {
    let agent = Agent::start();
    let (mut host, mut client) = (agent.host(), agent.client());
    let window = client.window("cropped");
    let viewports: WpViewporter = client.bind(1);
    let viewport = viewports.get_viewport(&window.surface, &client.handle, ());
    viewport.set_source(10.0, 20.0, 30.0, 40.0);
    viewport.set_destination(90, 80);
    let buffer = client.buffer(100, 100);
    buffer.fill(|x, y| (x * 256 + y) as u32);
    window.surface.attach(Some(&buffer.buffer), 0, 0);
    window.surface.commit();
    client.flush();
    let id = host.window_opened().surface;
    let shown = host.shows(id, (30, 40), 10 * 256 + 20);
    assert_eq!(shown.pixel(29, 39), 39 * 256 + 59);
    assert_eq!((shown.frame.viewport_width, shown.frame.viewport_height), (90, 80));
    assert_eq!(geometry(&shown.frame), (90, 80));

    // The crop shows the damage, which is in coordinates of the buffer.
    buffer.fill(|x, y| if (x, y) == (15, 25) { 0xff_ffff } else { (x * 256 + y) as u32 });
    window.surface.attach(Some(&buffer.buffer), 0, 0);
    window.surface.damage_buffer(15, 25, 1, 1);
    window.surface.commit();
    client.flush();
    host.wait_frame("the dot", id, |shown| shown.pixel(5, 5) == 0xff_ffff);

    // Another part of the same buffer, which is not attached again.
    viewport.set_source(50.0, 60.0, 20.0, 10.0);
    window.surface.commit();
    client.flush();
    let shown = host.shows(id, (20, 10), 50 * 256 + 60);
    assert_eq!(shown.pixel(19, 9), 69 * 256 + 69);
    viewport.set_source(-1.0, -1.0, -1.0, -1.0);
    viewport.set_destination(-1, -1);
    window.surface.commit();
    client.flush();
    let shown = host.shows(id, (100, 100), 0);
    assert_eq!((shown.pixel(15, 25), shown.pixel(99, 99)), (0xff_ffff, 99 * 256 + 99));
    assert_eq!(geometry(&shown.frame), (100, 100));
}

/// The agent undoes every transform that a program may draw with.
#[test]
fn a_buffer_transform_is_undone() {
    let agent = Agent::start();
    let (mut host, mut client) = (agent.host(), agent.client());
    let window = client.window("turned");
    let (width, height) = (30, 20);
    // The upright content; `place` says where the program draws the upright pixel (x, y).
    let upright = |x: i32, y: i32| (x * 256 + y + 1) as u32;
    type Place = fn(i32, i32, i32, i32) -> (i32, i32);
    let turns: [(Transform, Place); 8] = [
        (Transform::Normal, |x, y, _, _| (x, y)),
        (Transform::_90, |x, y, w, _| (y, w - 1 - x)),
        (Transform::_180, |x, y, w, h| (w - 1 - x, h - 1 - y)),
        (Transform::_270, |x, y, _, h| (h - 1 - y, x)),
        (Transform::Flipped, |x, y, w, _| (w - 1 - x, y)),
        (Transform::Flipped90, |x, y, _, _| (y, x)),
        (Transform::Flipped180, |x, y, _, h| (x, h - 1 - y)),
        (Transform::Flipped270, |x, y, w, h| (h - 1 - y, w - 1 - x)),
    ];
    let mut id = 0;
    for (step, (transform, place)) in turns.into_iter().enumerate() {
        let sides = if place(0, 1, width, height).0 == place(0, 0, width, height).0 {
            (width, height)
        } else {
            (height, width)
        };
        let buffer = client.buffer(sides.0, sides.1);
        let mut drawn = vec![0; (width * height) as usize];
        for (x, y) in (0..height).flat_map(|y| (0..width).map(move |x| (x, y))) {
            let (to_x, to_y) = place(x, y, width, height);
            drawn[(to_y * sides.0 + to_x) as usize] = upright(x, y) + step as u32 * 0x1_0000;
        }
        buffer.fill(|x, y| drawn[(y * sides.0 + x) as usize]);
        window.surface.set_buffer_transform(transform);
        window.surface.attach(Some(&buffer.buffer), 0, 0);
        window.surface.damage(0, 0, width, height);
        window.surface.commit();
        client.flush();
        if id == 0 {
            id = host.window_opened().surface;
        }
        let shown = host.shows(id, (width as u32, height as u32), upright(0, 0) + step as u32 * 0x1_0000);
        for (x, y) in (0..height).flat_map(|y| (0..width).map(move |x| (x, y))) {
            let want = upright(x, y) + step as u32 * 0x1_0000;
            assert_eq!(shown.pixel(x as u32, y as u32), want, "{transform:?} at {x},{y}");
        }
    }
}

/// Values beyond the limits of the wire are bounded by the agent; else the host would end the session.
#[test]
fn odd_sizes_stay_within_the_wire() {
    let agent = Agent::start();
    let (mut host, mut client) = (agent.host(), agent.client());
    let window = client.window("odd");
    window.surface.set_buffer_scale(4);
    client.show(&window.surface, 4, 4, 1);
    let id = host.window_opened().surface;
    let shown = host.shows(id, (4, 4), 1);
    assert_eq!(geometry(&shown.frame), (1, 1));
    window.surface.set_buffer_scale(20);
    client.show(&window.surface, 20, 20, 2);
    let shown = host.shows(id, (20, 20), 2);
    assert_eq!(geometry(&shown.frame), (1, 1));
    window.surface.set_buffer_scale(1);

    let viewports: WpViewporter = client.bind(1);
    let viewport = viewports.get_viewport(&window.surface, &client.handle, ());
    viewport.set_destination(i32::MAX, 1);
    client.show(&window.surface, 10, 10, 3);
    host.shows(id, (10, 10), 3);
    viewport.set_destination(-1, -1);
    window.xdg.set_window_geometry(i32::MIN, 5, i32::MAX, i32::MAX);
    client.show(&window.surface, 10, 10, 4);
    host.shows(id, (10, 10), 4);
    window.xdg.set_window_geometry(0, 0, 100_000, 1);
    client.show(&window.surface, 10, 10, 5);
    host.shows(id, (10, 10), 5);
}
