use std::thread;
use std::time::{Duration, Instant};

pub use host::PATIENCE;

pub mod agent;
pub mod clipboard;
pub mod clipboard_host;
pub mod exec;
pub mod expect;
pub mod host;
pub mod raw;
pub mod rules;
pub mod wayland;
pub mod x11;
pub mod x11_clipboard;
pub mod x11_stage;

/// Looks again and again until there is something.
pub fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(it) = look() {
            return it;
        }
        assert!(Instant::now() < end, "waited in vain: {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// A field of `/proc/PID/status`, in bytes.
pub fn status(agent: &agent::Agent, field: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", agent.pid())).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix(field)).expect("the field");
    let kib = line.trim_start_matches(':').trim().trim_end_matches(" kB");
    kib.parse::<u64>().expect("a number") * 1024
}
