//! Switches from the initrd to the root filesystem: kernel filesystems, the root device, and the move.

use crate::error::Error;
use nix::mount::{MsFlags, mount};
use std::fs;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Where the agent and the late modules are in the running guest: a tmpfs that init fills, so that they always have the
/// version of the host.
pub const RUN_DIR: &str = "/run/atoll";
const NEW_ROOT: &str = "/sysroot";
const INITRD_MODULES: &str = "/modules";
/// The program's folder of a service VM.
const INITRD_SERVICE: &str = "/service";
const ROOT_WAIT: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub struct Early {
    /// The folder of kernel modules of the initrd.
    pub modules: String,
}

pub fn mount_kernel_filesystems() -> Result<Early, Error> {
    let hardened = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    mount_new("devtmpfs", "/dev", MsFlags::MS_NOSUID, "mode=0755")?;
    mount_new("proc", "/proc", hardened, "")?;
    mount_new("sysfs", "/sys", hardened, "")?;
    Ok(Early { modules: INITRD_MODULES.to_owned() })
}

/// Mounts a filesystem that has no device, and creates its mount point.
pub fn mount_new(kind: &str, target: &str, flags: MsFlags, options: &str) -> Result<(), Error> {
    fs::create_dir_all(target).map_err(Error::file(target))?;
    mount(Some(kind), target, Some(kind), flags, Some(options)).map_err(Error::mount(target))
}

/// Mounts `device` and makes it `/`; frees the memory of the initrd.
pub fn enter(device: &str) -> Result<(), Error> {
    wait_for(device)?;
    fs::create_dir_all(NEW_ROOT).map_err(Error::file(NEW_ROOT))?;
    // With "discard" the room of a deleted file goes back to the host.
    mount(Some(device), NEW_ROOT, Some("ext4"), MsFlags::MS_NOATIME, Some("errors=remount-ro,noinit_itable,discard"))
        .map_err(Error::mount("the root"))?;
    let new_run = format!("{NEW_ROOT}/run");
    mount_new("tmpfs", &new_run, MsFlags::MS_NOSUID | MsFlags::MS_NODEV, "mode=0755,size=20%")?;
    move_payload()?;
    for target in ["/dev", "/proc", "/sys"] {
        move_mount(target, &format!("{NEW_ROOT}{target}"))?;
    }
    std::env::set_current_dir(NEW_ROOT).map_err(Error::file(NEW_ROOT))?;
    move_mount(".", "/")?;
    nix::unistd::chroot(".").map_err(Error::system("chroot"))?;
    std::env::set_current_dir("/").map_err(Error::file("/"))
}

/// The driver finds the disk before its insertion returns: waiting is for slow devices only.
fn wait_for(device: &str) -> Result<(), Error> {
    let start = Instant::now();
    while !Path::new(device).exists() {
        if start.elapsed() > ROOT_WAIT {
            return Err(Error::NoRoot { device: device.to_owned() });
        }
        sleep(Duration::from_millis(2));
    }
    Ok(())
}

/// Moves the agent and the modules into the new root's tmpfs; the initrd they are removed from is memory, too.
fn move_payload() -> Result<(), Error> {
    let target = format!("{NEW_ROOT}{RUN_DIR}");
    let modules = format!("{target}/modules");
    fs::create_dir_all(&modules).map_err(Error::file(&modules))?;
    for name in ["atoll-agent", "atoll-copy.so", "atoll-portal"] {
        move_file(&format!("/{name}"), &format!("{target}/{name}"))?;
    }
    for entry in fs::read_dir(INITRD_MODULES).map_err(Error::file(INITRD_MODULES))? {
        let entry = entry.map_err(Error::file(INITRD_MODULES))?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        move_file(&format!("{INITRD_MODULES}/{name}"), &format!("{modules}/{name}"))?;
    }
    if Path::new(INITRD_SERVICE).exists() {
        move_folder(INITRD_SERVICE, &format!("{target}/service"))?;
    }
    // The running program stays mapped without its file.
    fs::remove_file("/init").map_err(Error::file("/init"))
}

/// With folders in it; modes are kept.
fn move_folder(from: &str, to: &str) -> Result<(), Error> {
    fs::create_dir_all(to).map_err(Error::file(to))?;
    for entry in fs::read_dir(from).map_err(Error::file(from))? {
        let entry = entry.map_err(Error::file(from))?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let (from, to) = (format!("{from}/{name}"), format!("{to}/{name}"));
        if entry.path().is_dir() {
            move_folder(&from, &to)?;
        } else {
            move_file(&from, &to)?;
        }
    }
    fs::remove_dir(from).map_err(Error::file(from))
}

fn move_file(from: &str, to: &str) -> Result<(), Error> {
    fs::copy(from, to).map_err(Error::file(from))?;
    fs::remove_file(from).map_err(Error::file(from))
}

fn move_mount(from: &str, to: &str) -> Result<(), Error> {
    mount(Some(from), to, None::<&str>, MsFlags::MS_MOVE, None::<&str>).map_err(Error::mount(to))
}
