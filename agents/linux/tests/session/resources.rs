//! What the agent costs its guest: bytes on disk, memory, and no processor time when nothing changes.

use std::fs;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use crate::support::agent::{Agent, program};
use crate::support::exec::Exec;
use crate::support::host::Host;
use crate::support::raw::RawClient;
use crate::support::status;
use crate::support::wayland::{Client, Window, memory};

const MIB: u64 = 1024 * 1024;

/// Five windows of 640x480 that do not compress, and the rest of a session.
fn five_windows(agent: &Agent) -> (Host, Client, Vec<Window>) {
    let (mut host, mut client) = (agent.host(), agent.client());
    let windows = (0..5).map(|at: i32| {
        let window = client.window("one of five");
        let buffer = client.buffer(640, 480);
        buffer.fill(|x, y| (x * 7919 + y * 104_729 + at) as u32);
        window.surface.attach(Some(&buffer.buffer), 0, 0);
        window.surface.damage_buffer(0, 0, 640, 480);
        window.surface.commit();
        client.flush();
        let id = host.window_opened().surface;
        host.wait_frame("it", id, |shown| shown.width == 640);
        window
    });
    let windows = windows.collect();
    (host, client, windows)
}

/// Processor time that all its threads have used, in clock ticks.
fn ticks(agent: &Agent) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{}/stat", agent.pid())).expect("it runs");
    let (_, rest) = stat.rsplit_once(") ").expect("its name");
    // utime and stime are fields 14 and 15; the rest begins with field 3. @see proc_pid_stat(5)
    rest.split(' ').skip(11).take(2).map(|ticks| ticks.parse::<u64>().expect("ticks")).sum()
}

/// How often its threads have waited for something: each wake-up ends in another wait.
fn waits(agent: &Agent) -> u64 {
    let tasks = fs::read_dir(format!("/proc/{}/task", agent.pid())).expect("it runs");
    let count = |task: fs::DirEntry| {
        let status = fs::read_to_string(task.path().join("status")).expect("a thread");
        let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:")).expect("the field");
        line.trim().parse::<u64>().expect("a number")
    };
    tasks.flatten().map(count).sum()
}

/// Clock ticks and waits so far.
fn usage(agent: &Agent) -> (u64, u64) {
    (ticks(agent), waits(agent))
}

/// The same after a while in which the host goes on to give credits.
fn usage_after(host: &mut Host, agent: &Agent, time: Duration) -> (u64, u64) {
    let end = Instant::now() + time;
    while host.handle_one(end) {}
    usage(agent)
}

#[test]
fn nothing_happens_when_nothing_changes() {
    let (agent, _display) = Agent::start_with_x11();
    let (mut host, mut client, windows) = five_windows(&agent);
    // All requests have their answers, and after the last frame callback nothing is drawn any more.
    let callback = windows[0].surface.frame(&client.handle, ());
    windows[0].surface.commit();
    client.flush();
    client.callback_done(&callback);
    host.roundtrip();
    // Xwayland and timers may go on for a moment; the longest, a look at new X11 windows, comes after two seconds.
    let mut before = usage(&agent);
    for _ in 0..24 {
        let after = usage_after(&mut host, &agent, Duration::from_millis(2_500));
        if std::mem::replace(&mut before, after) == after {
            break;
        }
    }
    let after = usage_after(&mut host, &agent, Duration::from_secs(3));
    assert_eq!(before, after, "(clock ticks, waits) in three seconds");
}

#[test]
fn five_windows_fit_into_20_mib() {
    let agent = Agent::start();
    let (mut host, _client, _windows) = five_windows(&agent);
    // The host may have the last frame before the agent has put its own copy of it away.
    host.roundtrip();
    // A debug build has a larger program: only the memory that it has allocated counts.
    let field = if cfg!(debug_assertions) && std::env::var_os("ATOLL_AGENT").is_none() { "RssAnon" } else { "VmRSS" };
    let resident = status(&agent, field);
    let parts = ["RssAnon", "RssFile", "RssShmem"].map(|part| format!("{part} {} KiB", status(&agent, part) / 1024));
    assert!(resident < 20 * MIB, "{field} is {} KiB: {}", resident / 1024, parts.join(", "));
}

/// As GTK 3 does: it asks for the server's frame by KDE's protocol, and ends without having released anything.
#[test]
fn windows_that_are_gone_take_no_memory() {
    let agent = Agent::start();
    let mut sizes = Vec::new();
    for _ in 0..6 {
        let mut program = RawClient::connect(agent.wayland());
        let [compositor, manager] =
            ["wl_compositor", "org_kde_kwin_server_decoration_manager"].map(|name| program.bind(name));
        for _ in 0..4000 {
            let [surface, decoration] = [(); 2].map(|()| program.new_id());
            program.send(compositor, 0, &[surface]);
            program.send(manager, 0, &[decoration, surface]);
        }
        drop(program);
        // The agent has handled all that came before.
        agent.client().roundtrip();
        sizes.push(status(&agent, "VmRSS"));
    }
    assert!(sizes[5] < sizes[1] + 4 * MIB, "{sizes:?}");
}

/// The agent holds a file for each pool of memory that programs draw into.
#[test]
fn programs_may_have_more_pools_than_files_of_their_own() {
    const FILES: u32 = 128;
    let mut agent = Agent::start_with_files(FILES);
    let (mut host, mut client) = (agent.host(), agent.client());
    let file = memory(4096);
    let pools = (0..4 * FILES).map(|_| client.shm.create_pool(file.as_fd(), 4096, &client.handle, ()));
    let pools = pools.collect::<Vec<_>>();
    client.roundtrip();
    let window = client.shown_window("drawn into one more", 64, 48, 0x77);
    let id = host.window_opened().surface;
    host.shows(id, (64, 48), 0x77);
    let exec = Exec::start(&mut host, "ulimit -Sn");
    exec.wait_started(&mut host);
    host.give_stream_credit(exec.stdout, 100);
    assert_eq!(host.wait_data(exec.stdout), format!("{FILES}\n").as_bytes());
    drop((window, pools));
    agent.assert_runs();
}

#[test]
#[ignore = "says nothing of a build for tests: npm test runs it on the agent that set-up has built (ATOLL_AGENT)"]
fn the_guests_agent_is_smaller_than_6_mib() {
    let bytes = fs::metadata(program()).expect("the agent").len();
    assert!(bytes < 6 * MIB, "{bytes} bytes");
}
