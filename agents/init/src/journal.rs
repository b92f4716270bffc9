//! Messages in the kernel's log. `info` is only in `dmesg`; `fatal` also reaches the console with `loglevel=3`.

use std::fs::OpenOptions;
use std::io::Write;

/// Syslog priorities (facility "daemon"), see Documentation/ABI/testing/dev-kmsg.
const CRITICAL: u8 = 3 << 3 | 2;
const WARNING: u8 = 3 << 3 | 4;
const INFO: u8 = 3 << 3 | 6;

fn write(priority: u8, message: &str) {
    // A guest without a log still boots.
    if let Ok(mut kmsg) = OpenOptions::new().write(true).open("/dev/kmsg") {
        let _ = kmsg.write_all(format!("<{priority}>atoll-init: {message}\n").as_bytes());
    }
}

pub fn info(message: &str) {
    write(INFO, message);
}

pub fn warning(message: &str) {
    write(WARNING, message);
}

pub fn fatal(message: &str) {
    write(CRITICAL, message);
}
