//! Subsurfaces: sync and desync, order, depth, other parents.

use crate::support::agent::Agent;
use crate::support::host::Host;
use crate::support::wayland::{Client, Window};

struct Stage {
    _agent: Agent,
    host: Host,
    client: Client,
    window: Window,
    id: u32,
}

fn stage() -> Stage {
    let agent = Agent::start();
    let (mut host, mut client) = (agent.host(), agent.client());
    let window = client.shown_window("parent", 100, 100, 1);
    let id = host.window_opened().surface;
    host.shows(id, (100, 100), 1);
    Stage { _agent: agent, host, client, window, id }
}

#[test]
fn a_synchronous_child_changes_with_its_parent() {
    let Stage { _agent, mut host, mut client, window, id } = stage();
    let (surface, role) = client.subsurface(&window.surface);
    role.set_position(10, -20);
    client.show(&surface, 40, 30, 2);
    client.roundtrip();
    // The subsurface is not shown before the parent's commit; then it is shown in its position.
    window.surface.commit();
    client.flush();
    let (child, parent) = host.subsurface_opened();
    assert_eq!(parent, id);
    assert_eq!(host.placed(id), [(id, 0, 0), (child, 10, -20)]);
    host.shows(child, (40, 30), 2);

    client.show(&surface, 40, 30, 3);
    client.show(&window.surface, 100, 100, 4);
    // The parent's frame was taken together with the subsurface's: the newer frame of neither was sent before.
    host.shows(id, (100, 100), 4);
    host.shows(child, (40, 30), 3);
}

#[test]
fn a_synchronous_child_waits_for_its_parent() {
    let Stage { _agent, mut host, mut client, window, id } = stage();
    let (surface, _role) = client.subsurface(&window.surface);
    client.show(&surface, 40, 30, 2);
    window.surface.commit();
    client.flush();
    let (child, _) = host.subsurface_opened();
    host.shows(child, (40, 30), 2);
    client.show(&surface, 40, 30, 3);
    client.roundtrip();
    // If the agent had sent a frame of the subsurface, it would have come before this one.
    host.refresh(id);
    let before = host.surfaces[&id].serial;
    host.wait_frame("the parent again", id, |shown| shown.serial > before);
    assert_eq!(host.surfaces[&child].pixel(0, 0), 2);
    window.surface.commit();
    client.flush();
    host.shows(child, (40, 30), 3);
}

#[test]
fn a_desynchronised_child_changes_alone() {
    let Stage { _agent, mut host, mut client, window, .. } = stage();
    let (surface, role) = client.subsurface(&window.surface);
    role.set_desync();
    client.show(&surface, 40, 30, 2);
    window.surface.commit();
    client.flush();
    let (child, _) = host.subsurface_opened();
    host.shows(child, (40, 30), 2);
    for pixel in 3..6 {
        let callback = surface.frame(&client.handle, ());
        client.show(&surface, 40, 30, pixel);
        host.shows(child, (40, 30), pixel);
        client.callback_done(&callback);
    }
}

#[test]
fn children_are_stacked_and_moved() {
    let Stage { _agent, mut host, mut client, window, id } = stage();
    let (one, one_role) = client.subsurface(&window.surface);
    let (two, two_role) = client.subsurface(&window.surface);
    client.show(&one, 20, 20, 2);
    client.show(&two, 20, 20, 3);
    window.surface.commit();
    client.flush();
    let (first, _) = host.subsurface_opened();
    let (second, _) = host.subsurface_opened();
    assert_eq!(host.placed(id), [(id, 0, 0), (first, 0, 0), (second, 0, 0)]);
    two_role.place_below(&window.surface);
    one_role.set_position(5, 6);
    window.surface.commit();
    client.flush();
    assert_eq!(host.placed(id), [(second, 0, 0), (id, 0, 0), (first, 5, 6)]);
    // A subsurface without a buffer is not shown, and one that is destroyed is closed.
    one.attach(None, 0, 0);
    one.commit();
    window.surface.commit();
    client.flush();
    host.closed(first);
    two_role.destroy();
    client.flush();
    host.closed(second);
}

#[test]
fn a_child_may_get_another_parent() {
    let Stage { _agent, mut host, mut client, window, id } = stage();
    let other = client.shown_window("other", 100, 100, 7);
    let other_id = host.window_opened().surface;
    let (surface, role) = client.subsurface(&window.surface);
    client.show(&surface, 20, 20, 2);
    window.surface.commit();
    client.flush();
    let (child, parent) = host.subsurface_opened();
    assert_eq!(parent, id);
    role.destroy();
    let role = client.subcompositor.get_subsurface(&surface, &other.surface, &client.handle, ());
    role.set_position(3, 4);
    client.show(&surface, 20, 20, 3);
    other.surface.commit();
    client.flush();
    host.closed(child);
    let (again, parent) = host.subsurface_opened();
    assert_eq!(parent, other_id);
    assert_eq!(host.placed(other_id), [(other_id, 0, 0), (again, 3, 4)]);
    host.shows(again, (20, 20), 3);
}

/// The wire allows a depth of eight: what is deeper is not shown, and the session goes on.
#[test]
fn children_nested_too_deep_are_not_shown() {
    let Stage { _agent, mut host, mut client, window, .. } = stage();
    let mut parents = vec![window.surface.clone()];
    for pixel in 0..12 {
        let (surface, role) = client.subsurface(parents.last().expect("a parent"));
        role.set_desync();
        client.show(&surface, 8, 8, pixel);
        for parent in parents.iter().rev() {
            parent.commit();
        }
        parents.push(surface);
    }
    client.flush();
    for _ in 0..8 {
        host.subsurface_opened();
    }
    client.show(&window.surface, 100, 100, 9);
    let id = *host.surfaces.keys().next().expect("the window");
    host.shows(id, (100, 100), 9);
    assert_eq!(host.surfaces.len(), 9);
}

#[test]
fn a_child_that_moves_all_the_time_is_told_once_a_frame_and_ends_where_it_is() {
    let Stage { _agent, mut host, mut client, window, id } = stage();
    let (surface, role) = client.subsurface(&window.surface);
    client.show(&surface, 40, 30, 2);
    window.surface.commit();
    client.flush();
    let (child, _) = host.subsurface_opened();
    host.placed(id);
    let began = std::time::Instant::now();
    for x in 1..=2000 {
        role.set_position(x, 0);
        window.surface.commit();
        client.roundtrip();
    }
    let mut told = 1;
    while host.placed(id) != [(id, 0, 0), (child, 2000, 0)] {
        told += 1;
    }
    let allowed = began.elapsed().as_millis() / 16 + 2;
    assert!(told > 1 && told <= allowed, "told {told} times, {allowed} allowed");
}
