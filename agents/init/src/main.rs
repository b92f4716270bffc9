//! The guest's first program. As `/init` of the initrd it inserts the few kernel modules that the root filesystem
//! needs, mounts the root and switches to it. Still the same process, it is then PID 1: it prepares the session of the
//! one user, starts the session bus and the agent, restarts them when they end, reaps orphans and powers the machine
//! off.
//!
//! It is linked statically and runs nothing from the guest's disk as root, but for the program of a service VM whose manifest
//! says so.

mod asking;
mod clock;
mod cmdline;
mod error;
#[path = "../../exit_status.rs"]
mod exit_status;
mod fork;
mod journal;
mod kept;
mod loopback;
mod modules;
mod netlink;
mod network;
mod power;
mod readiness;
mod root;
mod session;
#[path = "../../session_variables.rs"]
mod session_variables;
mod supervisor;
mod warm;

use error::Error;

fn boot() -> Result<(), Error> {
    let early = root::mount_kernel_filesystems()?;
    let cmdline = cmdline::read()?;
    if cmdline.is_probe {
        power::off();
    }
    modules::insert(&early.modules, modules::Phase::Root, false)?;
    root::enter(&cmdline.root)?;
    let processors = session::prepare(&cmdline)?;
    supervisor::run(&cmdline, processors)
}

fn main() {
    if std::process::id() != 1 {
        eprintln!("atoll-init: this is a guest's PID 1 and does nothing elsewhere");
        std::process::exit(2);
    }
    if let Err(error) = boot() {
        journal::fatal(&format!("boot failed: {error}"));
        // Ending PID 1 would make the kernel panic.
        power::off();
    }
}
