//! Prepares what the user's session needs: filesystems, names, devices of the channels.

use crate::cmdline::Cmdline;
use crate::error::Error;
use crate::root::mount_new;
use crate::{journal, loopback};
use nix::mount::MsFlags;
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::SigSet;
use nix::unistd::sethostname;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::thread::{JoinHandle, sleep};
use std::time::{Duration, Instant};

/// The one user of a guest: `user`, created by the image.
pub const UID: u32 = 1000;
pub const GID: u32 = 1000;
pub const RUNTIME_DIR: &str = "/run/user/1000";

/// The session bus's socket.
pub const BUS: &str = "/run/user/1000/bus";

const MACHINE_ID: &str = "/etc/machine-id";
const PROCESSORS: &str = "/sys/devices/system/cpu";
const PORT_CLASS: &str = "/sys/class/virtio-ports";
const PORT_LINKS: &str = "/dev/virtio-ports";
/// The agent's ports: control, frames, bulk.
const PORT_PREFIX: &str = "org.atoll.";
const PORT_COUNT: usize = 3;
/// The kernel learns the names of ports by messages of the device, shortly after the driver has started.
const PORT_WAIT: Duration = Duration::from_secs(1);

/// In the runtime folder: a file that the agent makes when it has come up.
const SETTLED: &str = "atoll/settled";
const SETTLED_WAIT: Duration = Duration::from_secs(60);

/// As systemd sets them: programs that need more than the classic 1024 files raise the soft limit themselves.
const FILES_SOFT: u64 = 1024;
const FILES_HARD: u64 = 524_288;

/// Returns the thread that starts the processors.
pub fn prepare(cmdline: &Cmdline) -> Result<JoinHandle<()>, Error> {
    mount_session_filesystems()?;
    link_devices()?;
    sethostname(&cmdline.hostname).map_err(Error::system("sethostname"))?;
    setrlimit(Resource::RLIMIT_NOFILE, FILES_SOFT, FILES_HARD).map_err(Error::system("setrlimit"))?;
    make_owned_dir(RUNTIME_DIR, 0o700, UID, GID)?;
    make_owned_dir("/tmp/.X11-unix", 0o1777, 0, 0)?;
    make_owned_dir("/tmp/.ICE-unix", 0o1777, 0, 0)?;
    tolerate("loopback", loopback::up());
    tolerate("machine id", ensure_machine_id());
    Ok(start_processors())
}

/// Starts the processors that the kernel was told to leave (`maxcpus`). In a thread: each takes a while, and nothing
/// waits for them.
fn start_processors() -> JoinHandle<()> {
    quiet_thread(|| {
        for entry in fs::read_dir(PROCESSORS).into_iter().flatten().flatten() {
            let online = entry.path().join("online");
            if fs::read_to_string(&online).is_ok_and(|state| state.trim() == "0") {
                let path = online.display().to_string();
                tolerate("processor", fs::write(&online, "1").map_err(Error::file(&path)));
            }
        }
    })
}

/// A thread that takes no signals: of those that are sent to the process it could take one away from who waits for it.
pub fn quiet_thread(work: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
    std::thread::spawn(move || {
        tolerate("signals of a thread", SigSet::all().thread_block().map_err(Error::system("sigprocmask")));
        work();
    })
}

fn mount_session_filesystems() -> Result<(), Error> {
    let plain = MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
    mount_new("devpts", "/dev/pts", MsFlags::MS_NOSUID | MsFlags::MS_NOEXEC, "gid=5,mode=0620,ptmxmode=0666")?;
    mount_new("tmpfs", "/dev/shm", plain, "mode=1777")?;
    mount_new("tmpfs", "/tmp", plain, "mode=1777")
}

fn link_devices() -> Result<(), Error> {
    for (target, link) in [
        ("/proc/self/fd", "/dev/fd"),
        ("/proc/self/fd/0", "/dev/stdin"),
        ("/proc/self/fd/1", "/dev/stdout"),
        ("/proc/self/fd/2", "/dev/stderr"),
    ] {
        symlink(target, link).map_err(Error::file(link))?;
    }
    Ok(())
}

fn make_owned_dir(path: &str, mode: u32, uid: u32, gid: u32) -> Result<(), Error> {
    fs::create_dir_all(path)
        .and_then(|()| fs::set_permissions(path, Permissions::from_mode(mode)))
        .and_then(|()| chown(path, Some(uid), Some(gid)))
        .map_err(Error::file(path))
}

/// The base image has an empty machine id; each VM makes its own at its first boot.
fn ensure_machine_id() -> Result<(), Error> {
    let has_one = fs::metadata(MACHINE_ID).is_ok_and(|file| file.len() >= 32);
    if has_one {
        return Ok(());
    }
    renew_machine_id()
}

pub fn renew_machine_id() -> Result<(), Error> {
    let id: String = new_uuid()?.chars().filter(char::is_ascii_hexdigit).collect();
    fs::write(MACHINE_ID, format!("{id}\n")).map_err(Error::file(MACHINE_ID))
}

/// A fresh one of the kernel's, with a line feed.
pub fn new_uuid() -> Result<String, Error> {
    let source = "/proc/sys/kernel/random/uuid";
    fs::read_to_string(source).map_err(Error::file(source))
}

/// Waits for the agent's ports, gives them to the user, and links them by name as udev would: /dev/virtio-ports/NAME.
pub fn hand_over_ports() {
    let start = Instant::now();
    let mut ports = named_ports(PORT_PREFIX);
    while ports.len() < PORT_COUNT && start.elapsed() < PORT_WAIT {
        sleep(Duration::from_millis(2));
        ports = named_ports(PORT_PREFIX);
    }
    if ports.len() < PORT_COUNT {
        journal::warning(&format!("{} of {PORT_COUNT} ports found", ports.len()));
    }
    for (device, name) in ports {
        tolerate(&name, hand_over_port(&device, &name).map_err(Error::file(&device)));
    }
}

/// Device and name of the ports whose names begin so.
pub fn named_ports(prefix: &str) -> Vec<(String, String)> {
    let Ok(entries) = fs::read_dir(PORT_CLASS) else { return Vec::new() };
    entries
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let name = fs::read_to_string(path.join("name")).ok()?.trim_end().to_owned();
            let device = format!("/dev/{}", path.file_name()?.to_str()?);
            (name.starts_with(prefix) && !name.contains('/') && Path::new(&device).exists()).then_some((device, name))
        })
        .collect()
}

fn hand_over_port(device: &str, name: &str) -> io::Result<()> {
    chown(device, Some(UID), Some(GID))?;
    fs::set_permissions(device, Permissions::from_mode(0o600))?;
    fs::create_dir_all(PORT_LINKS)?;
    symlink(device, format!("{PORT_LINKS}/{name}"))
}

/// Waits until the agent has nothing to do any more: X11 programs can run, too, or there is no Xwayland.
pub fn wait_for_agent() -> Result<(), Error> {
    let settled = format!("{RUNTIME_DIR}/{SETTLED}");
    let start = Instant::now();
    while !Path::new(&settled).exists() {
        if start.elapsed() > SETTLED_WAIT {
            return Err(Error::NotSettled);
        }
        sleep(Duration::from_millis(10));
    }
    Ok(())
}

/// The session bus's socket, before there is a bus: who connects waits for it.
pub fn listen_for_bus() -> Result<UnixListener, Error> {
    let listener = UnixListener::bind(BUS).map_err(Error::file(BUS))?;
    chown(BUS, Some(UID), Some(GID)).map_err(Error::file(BUS))?;
    fs::set_permissions(BUS, Permissions::from_mode(0o666)).map_err(Error::file(BUS))?;
    Ok(listener)
}

/// For steps without which a session still works: a failure is logged.
pub fn tolerate(what: &str, result: Result<(), Error>) {
    if let Err(error) = result {
        journal::warning(&format!("{what}: {error}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::sys::signal::Signal;
    use std::sync::mpsc::channel;

    #[test]
    fn a_quiet_thread_leaves_signals_to_the_one_that_waits_for_them() {
        let (sender, receiver) = channel();
        let thread = quiet_thread(move || {
            let _ = sender.send(SigSet::thread_get_mask()); // a mask that does not come fails below
        });
        let mask = receiver.recv().ok().and_then(Result::ok);
        assert!(mask.is_some_and(|mask| [Signal::SIGCHLD, Signal::SIGTERM].iter().all(|&one| mask.contains(one))));
        assert!(thread.join().is_ok());
    }
}
