//! Programs that are broken or hostile: each loses no more than its own windows. The agent, its session with the host,
//! and all other programs go on.

use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use atoll_wire::limits::{MAX_SURFACES, MAX_WINDOWS};
use rustix::fs::ftruncate;
use wayland_client::protocol::wl_shm;
use wayland_protocols::wp::viewporter::client::wp_viewporter::WpViewporter;

use crate::support::agent::Agent;
use crate::support::host::Host;
use crate::support::raw::RawClient;
use crate::support::wayland::{Client, memory};

/// A new program can still open a window, and the host gets its frame.
fn assert_serves(agent: &mut Agent, host: &mut Host) {
    agent.assert_runs();
    let mut client = agent.client();
    let window = client.shown_window("still served", 64, 48, 0x77);
    let opened = host.wait("the window", |body| match body {
        atoll_wire::header::Message::WindowOpened(opened) if opened.title == "still served" => Some(opened.surface),
        _ => None,
    });
    host.shows(opened, (64, 48), 0x77);
    drop(window);
    drop(client);
    host.closed(opened);
}

#[test]
fn a_program_may_die_in_the_middle_of_a_message() {
    use std::io::Write;
    let mut agent = Agent::start();
    let mut host = agent.host();
    for bytes in [&[1u8, 0, 0, 0, 1, 0][..], &[0xff; 4096], &[1, 0, 0, 0, 1, 0, 0xff, 0xff], &[0; 64]] {
        let mut stream = agent.wayland();
        stream.write_all(bytes).expect("the agent reads");
    }
    assert_serves(&mut agent, &mut host);
}

#[test]
fn a_program_may_die_between_attach_and_commit() {
    let mut agent = Agent::start();
    let mut host = agent.host();
    for _ in 0..20 {
        let mut client = agent.client();
        let window = client.shown_window("dies", 100, 100, 1);
        let buffer = client.buffer(100, 100);
        let callback = window.surface.frame(&client.handle, ());
        window.surface.attach(Some(&buffer.buffer), 0, 0);
        buffer.buffer.destroy();
        window.surface.commit();
        drop(callback);
        client.flush();
    }
    assert_serves(&mut agent, &mut host);
}

#[test]
fn a_pool_that_shrinks_under_its_buffer_ends_its_program_alone() {
    let mut agent = Agent::start();
    let (mut host, mut client) = (agent.host(), agent.client());
    let window = client.window("shrinks");
    let buffer = client.buffer(640, 480);
    ftruncate(&buffer.file, 4096).expect("the file");
    window.surface.attach(Some(&buffer.buffer), 0, 0);
    window.surface.damage_buffer(0, 0, 640, 480);
    window.surface.commit();
    client.wait_end();
    assert_serves(&mut agent, &mut host);
}

#[test]
fn pools_and_buffers_that_lie_about_their_size_are_refused() {
    let mut agent = Agent::start();
    let mut host = agent.host();
    let lies: [(i32, [i32; 4]); 6] = [
        (i32::MAX, [0, 100, 100, 400]),
        (4096, [0, i32::MAX, i32::MAX, i32::MAX]),
        (4096, [0, 0, 0, 0]),
        (4096, [4000, 100, 100, 400]),
        (4096, [0, 32, 32, 4]),
        (4096, [-4096, 32, 32, 128]),
    ];
    for (size, [offset, width, height, stride]) in lies {
        let mut client = agent.client();
        let window = client.window("lies");
        let fd = memory(4096);
        let pool = client.shm.create_pool(fd.as_fd(), size, &client.handle, ());
        let buffer = pool.create_buffer(offset, width, height, stride, wl_shm::Format::Xrgb8888, &client.handle, ());
        window.surface.attach(Some(&buffer), 0, 0);
        window.surface.damage(0, 0, i32::MAX, i32::MAX);
        window.surface.commit();
        client.wait_end();
    }
    assert_serves(&mut agent, &mut host);
}

#[test]
fn a_buffer_larger_than_the_wire_is_not_shown() {
    let mut agent = Agent::start();
    let (mut host, mut client) = (agent.host(), agent.client());
    let window = client.window("giant");
    client.show(&window.surface, 9000, 10, 1);
    let id = host.window_opened().surface;
    client.show(&window.surface, 10, 9000, 1);
    client.show(&window.surface, 100, 100, 2);
    host.shows(id, (100, 100), 2);
    assert_serves(&mut agent, &mut host);
}

#[test]
fn absurd_numbers_of_a_surface_are_its_own_trouble() {
    let mut agent = Agent::start();
    let mut host = agent.host();
    for step in 0..8 {
        let mut client = agent.client();
        let window = client.window("absurd");
        let viewports: WpViewporter = client.bind(1);
        let viewport = viewports.get_viewport(&window.surface, &client.handle, ());
        match step {
            0 => window.surface.set_buffer_scale(i32::MAX),
            1 => window.surface.set_buffer_scale(-1),
            2 => viewport.set_source(1e6, 1e6, 1e6, 1e6),
            3 => viewport.set_destination(0, -7),
            4 => window.xdg.set_window_geometry(0, 0, -1, 0),
            5 => window.toplevel.set_min_size(i32::MAX, i32::MAX),
            6 => viewport.set_source(0.0, 0.0, 0.001, 0.001),
            _ => (0..1000).for_each(|_| window.surface.damage(i32::MIN, i32::MAX, i32::MAX, i32::MIN)),
        }
        client.show(&window.surface, 32, 32, 1);
        drop(client);
    }
    assert_serves(&mut agent, &mut host);
}

#[test]
fn a_surface_that_is_placed_above_itself_ends_its_program_alone() {
    let mut agent = Agent::start();
    let (mut host, mut client) = (agent.host(), agent.client());
    let window = client.shown_window("parent", 10, 10, 1);
    let (surface, role) = client.subsurface(&window.surface);
    role.place_above(&surface);
    client.wait_end();
    assert_serves(&mut agent, &mut host);
}

/// smithay goes through such a tree by recursion.
#[test]
fn subsurfaces_in_each_other_without_end_end_their_program_alone() {
    let mut agent = Agent::start();
    let mut host = agent.host();
    for is_from_within in [true, false] {
        let mut client = agent.client();
        let mut last = client.surface();
        for at in 0..100_000 {
            let next = client.surface();
            let (inner, outer) = if is_from_within { (&last, &next) } else { (&next, &last) };
            let role = client.subcompositor.get_subsurface(inner, outer, &client.handle, ());
            if is_from_within {
                role.set_desync();
            }
            // The innermost, whose state depends on all others, or the outermost, with which all others change.
            if at % 100 == 0 && client.try_flush().is_err() {
                break;
            }
            last = next;
        }
        last.commit();
        client.wait_end();
        assert_serves(&mut agent, &mut host);
    }
}

#[test]
fn thousands_of_surfaces_stay_within_the_wire() {
    let mut agent = Agent::start();
    let (mut host, mut client) = (agent.host(), agent.client());
    let mut windows = Vec::new();
    for at in 0..MAX_WINDOWS + 20 {
        let surface = client.surface();
        let xdg = client.shell.get_xdg_surface(&surface, &client.handle, ());
        let toplevel = xdg.get_toplevel(&client.handle, ());
        toplevel.set_title(format!("window {at}"));
        surface.commit();
        windows.push((surface, xdg, toplevel));
    }
    let parent = windows[0].0.clone();
    let mut children = Vec::new();
    for _ in 0..MAX_SURFACES + 100 {
        let (surface, role) = client.subsurface(&parent);
        role.set_desync();
        children.push((surface, role));
    }
    let buffer = client.buffer(4, 4);
    for (surface, _) in &children {
        surface.attach(Some(&buffer.buffer), 0, 0);
        surface.damage(0, 0, 4, 4);
        surface.commit();
    }
    client.roundtrip();
    host.roundtrip();
    // The assertions: the host's rules are not broken, and every surface is closed again.
    assert!(host.surfaces.len() > MAX_WINDOWS && host.surfaces.len() <= MAX_SURFACES);
    drop(client);
    while !host.surfaces.is_empty() {
        host.wait("SurfaceClosed", |body| matches!(body, atoll_wire::header::Message::SurfaceClosed(_)).then_some(()));
    }
    assert_serves(&mut agent, &mut host);
}

/// It never waits for an answer. If it leaves no time for others, it is disconnected; if the agent is quick enough, it
/// stays.
#[test]
fn a_program_that_never_stops_asking_does_not_stop_the_agent() {
    let mut agent = Agent::start();
    let mut host = agent.host();
    let mut client = agent.client();
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = stop.clone();
    let flood = std::thread::spawn(move || {
        let window = client.shown_window("floods", 64, 64, 1);
        while !stopped.load(Ordering::Relaxed) {
            for _ in 0..100 {
                window.surface.damage(0, 0, 10, 10);
                window.surface.commit();
            }
            if client.try_flush().is_err() {
                return;
            }
        }
    });
    let id = host.window_opened().surface;
    for _ in 0..50 {
        host.roundtrip();
    }
    stop.store(true, Ordering::Relaxed);
    flood.join().expect("a thread");
    while host.surfaces.contains_key(&id) {
        host.roundtrip();
    }
    assert_serves(&mut agent, &mut host);
}

/// The same of requests that change nothing until there is a commit, and there is none.
#[test]
fn a_program_that_never_commits_does_not_stop_the_agent_either() {
    const CREATE_SURFACE: u16 = 0;
    const SET_INPUT_REGION: u16 = 5;
    let mut agent = Agent::start();
    let mut host = agent.host();
    let stop = Arc::new(AtomicBool::new(false));
    let mut program = RawClient::connect(agent.wayland());
    let compositor = program.bind("wl_compositor");
    let surface = program.new_id();
    program.send(compositor, CREATE_SURFACE, &[surface]);
    let stopped = stop.clone();
    let flood = std::thread::spawn(move || program.flood(surface, SET_INPUT_REGION, &[0], &stopped));
    for _ in 0..50 {
        host.roundtrip();
    }
    assert_serves(&mut agent, &mut host);
    stop.store(true, Ordering::Relaxed);
    flood.join().expect("a thread");
}

/// It causes more messages than the host accepts from one VM.
#[test]
fn a_program_that_opens_and_closes_without_end_is_ended() {
    let mut agent = Agent::start();
    let mut host = agent.host();
    for kind in 0..3 {
        let mut client = agent.client();
        let window = client.shown_window("first", 10, 10, 1);
        let id = host.window_opened().surface;
        let buffer = client.buffer(1, 1);
        while client.try_roundtrip().is_ok() {
            for _ in 0..50 {
                match kind {
                    0 => {
                        let surface = client.surface();
                        let xdg = client.shell.get_xdg_surface(&surface, &client.handle, ());
                        let toplevel = xdg.get_toplevel(&client.handle, ());
                        surface.commit();
                        toplevel.destroy();
                        xdg.destroy();
                        surface.destroy();
                    }
                    1 => window.toplevel.set_maximized(),
                    _ => {
                        let (surface, role) = client.subsurface(&window.surface);
                        role.set_desync();
                        surface.attach(Some(&buffer.buffer), 0, 0);
                        surface.commit();
                        role.destroy();
                        surface.destroy();
                    }
                }
            }
        }
        while host.surfaces.contains_key(&id) {
            host.roundtrip();
        }
    }
    assert_serves(&mut agent, &mut host);
}

/// Each of them stays within what one program may ask for.
#[test]
fn many_programs_that_flood_together_do_not_flood_the_host() {
    const PROGRAMS: usize = 15;
    const REQUESTS: usize = 1900;
    let mut agent = Agent::start();
    let mut host = agent.host();
    let mut programs = Vec::new();
    for _ in 0..PROGRAMS {
        let mut client = agent.client();
        let window = client.shown_window("one of many", 10, 10, 1);
        programs.push((client, window, host.window_opened().surface));
    }
    for (client, window, _) in &programs {
        for _ in 0..REQUESTS / 100 {
            (0..100).for_each(|_| window.toplevel.set_maximized());
            client.flush();
        }
    }
    // All of it comes, and nobody is disconnected.
    for _ in 0..PROGRAMS * REQUESTS {
        host.wait("a request", |body| matches!(body, atoll_wire::header::Message::WindowRequested(_)).then_some(()));
    }
    programs.iter_mut().for_each(|(client, ..)| client.roundtrip());
    drop(programs);
    assert_serves(&mut agent, &mut host);
}

/// Whoever leaves no time for others is disconnected, as above.
#[test]
fn many_programs_that_open_and_close_together_do_not_flood_the_host() {
    const PROGRAMS: usize = 8;
    const WINDOWS: usize = 1500;
    let mut agent = Agent::start();
    let mut host = agent.host();
    let open_and_close = |mut client: Client| {
        for at in 0..WINDOWS {
            if at % 50 == 0 && client.try_flush().is_err() {
                return;
            }
            let surface = client.surface();
            let xdg = client.shell.get_xdg_surface(&surface, &client.handle, ());
            let toplevel = xdg.get_toplevel(&client.handle, ());
            surface.commit();
            toplevel.destroy();
            xdg.destroy();
            surface.destroy();
        }
        if client.try_roundtrip().is_err() {
            eprintln!("a program was disconnected");
        }
    };
    let programs: Vec<_> = (0..PROGRAMS).map(|_| agent.client()).collect();
    let programs: Vec<_> =
        programs.into_iter().map(|client| std::thread::spawn(move || open_and_close(client))).collect();
    programs.into_iter().for_each(|program| program.join().expect("a thread"));
    assert_serves(&mut agent, &mut host);
}

/// Places of subsurfaces are told once a frame; of a thousand they would be more than a host takes.
#[test]
fn a_thousand_surfaces_that_never_stand_still_do_not_flood_the_host() {
    const WINDOWS: usize = 200;
    let mut agent = Agent::start();
    let (mut host, mut client) = (agent.host(), agent.client());
    let mut moving = Vec::new();
    for _ in 0..WINDOWS {
        let window = client.shown_window("moves", 10, 10, 1);
        let (surface, role) = client.subsurface(&window.surface);
        let buffer = client.show(&surface, 4, 4, 2);
        window.surface.commit();
        moving.push((window, surface, role, buffer));
    }
    client.roundtrip();
    let until = std::time::Instant::now() + std::time::Duration::from_secs(5);
    let mut at = 0;
    while std::time::Instant::now() < until {
        at += 1;
        for (window, _, role, _) in &moving {
            role.set_position(at % 100, 1);
            window.surface.commit();
        }
        if client.try_roundtrip().is_err() {
            break;
        }
    }
    host.roundtrip();
    drop(moving);
    drop(client);
    assert_serves(&mut agent, &mut host);
}
