//! The guest's first program. As `/init` of the initrd it inserts the few modules that the root needs, mounts the root
//! and moves into it; then, still the same process, it is PID 1: it prepares the session of the one user, starts the
//! session bus and the agent, keeps them alive, reaps orphans and switches the machine off.
//!
//! It is linked statically and reads nothing from the guest's disk that it would run as root.

mod cmdline;
mod error;
mod journal;
mod loopback;
mod modules;
mod power;
mod root;
mod session;
mod supervisor;

use error::Error;

fn boot() -> Result<(), Error> {
    let early = root::mount_kernel_filesystems()?;
    let cmdline = cmdline::read()?;
    if cmdline.is_probe {
        power::off();
    }
    modules::insert(&early.modules, modules::Phase::Root)?;
    root::enter(&cmdline.root)?;
    session::prepare(&cmdline)?;
    supervisor::run()
}

fn main() {
    if std::process::id() != 1 {
        eprintln!("atoll-init: this is a guest's PID 1 and does nothing elsewhere");
        std::process::exit(2);
    }
    if let Err(error) = boot() {
        journal::fatal(&format!("boot failed: {error}"));
        // Leaving PID 1 would be a kernel panic, which the host reports as "guest panic": a fault of the guest all the same.
        power::off();
    }
}
