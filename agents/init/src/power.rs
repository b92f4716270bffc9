//! The power button, and powering the machine off.

use crate::{journal, kept};
use nix::errno::Errno;
use nix::mount::{MsFlags, mount};
use nix::sys::reboot::{RebootMode, reboot};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, sync};
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::thread::sleep;
use std::time::{Duration, Instant};

const BUTTON_NAME: &str = "Power Button";
/// `struct input_event` on 64 bit: two 8-byte times, then type, code, value.
const EVENT_SIZE: usize = 24;
const EV_KEY: u16 = 1;
const KEY_POWER: u16 = 116;

/// Time that programs have to end after SIGTERM.
const GRACE: Duration = Duration::from_secs(3);

/// Opens the event device of the ACPI power button. It exists once the modules `button` and `evdev` are inserted.
pub fn open_button() -> Option<File> {
    let entries = fs::read_dir("/sys/class/input").ok()?;
    let name = entries.filter_map(Result::ok).map(|entry| entry.path()).find_map(|path| {
        let event = path.file_name()?.to_str()?.to_owned();
        let label = fs::read_to_string(path.join("device/name")).ok()?;
        (event.starts_with("event") && label.trim_end() == BUTTON_NAME).then_some(event)
    })?;
    OpenOptions::new().read(true).custom_flags(nix::libc::O_NONBLOCK).open(format!("/dev/input/{name}")).ok()
}

/// Reads the button's events. True = it was pressed.
pub fn was_pressed(button: &mut File) -> bool {
    let mut events = [0; EVENT_SIZE * 16];
    let mut pressed = false;
    loop {
        match button.read(&mut events) {
            Ok(0) => return pressed,
            Ok(length) => pressed |= events[..length].chunks_exact(EVENT_SIZE).any(is_power_press),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return pressed,
        }
    }
}

fn is_power_press(event: &[u8]) -> bool {
    let kind = u16::from_ne_bytes([event[16], event[17]]);
    let code = u16::from_ne_bytes([event[18], event[19]]);
    let value = i32::from_ne_bytes([event[20], event[21], event[22], event[23]]);
    (kind, code, value) == (EV_KEY, KEY_POWER, 1)
}

/// Ends all programs, makes the root filesystem clean and powers off. Does not return.
pub fn off() -> ! {
    journal::info("switching off");
    end_all();
    sync();
    kept::unmount_disk();
    let read_only = MsFlags::MS_REMOUNT | MsFlags::MS_RDONLY;
    if let Err(errno) = mount(None::<&str>, "/", None::<&str>, read_only, None::<&str>) {
        journal::warning(&format!("the root stays writable: {errno}"));
    }
    loop {
        let Err(errno) = reboot(RebootMode::RB_POWER_OFF);
        journal::fatal(&format!("cannot switch off: {errno}"));
        sleep(GRACE);
    }
}

fn end_all() {
    let everyone = Pid::from_raw(-1);
    let _ = kill(everyone, Signal::SIGTERM);
    let start = Instant::now();
    while reap_all() && start.elapsed() < GRACE {
        sleep(Duration::from_millis(5));
    }
    let _ = kill(everyone, Signal::SIGKILL);
    while reap_all() && start.elapsed() < GRACE * 2 {
        sleep(Duration::from_millis(5));
    }
}

/// Reaps the children that have ended. True = others are left.
fn reap_all() -> bool {
    loop {
        match waitpid(Pid::from_raw(-1), Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::StillAlive) => return true,
            Ok(_) | Err(Errno::EINTR) => {}
            Err(_) => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(kind: u16, code: u16, value: i32) -> [u8; EVENT_SIZE] {
        let mut bytes = [0; EVENT_SIZE];
        bytes[16..18].copy_from_slice(&kind.to_ne_bytes());
        bytes[18..20].copy_from_slice(&code.to_ne_bytes());
        bytes[20..24].copy_from_slice(&value.to_ne_bytes());
        bytes
    }

    #[test]
    fn only_the_press_of_the_power_key_counts() {
        assert!(is_power_press(&event(EV_KEY, KEY_POWER, 1)));
        assert!(!is_power_press(&event(EV_KEY, KEY_POWER, 0)));
        assert!(!is_power_press(&event(EV_KEY, 30, 1)));
        assert!(!is_power_press(&event(0, 0, 0)));
    }
}
