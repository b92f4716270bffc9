//! The kernel command line: the contract with the host's hardware drivers.

use crate::error::Error;
use std::fs;

#[derive(Debug, PartialEq, Eq)]
pub struct Cmdline {
    /// `root=`, a path under /dev.
    pub root: String,
    /// `atoll.hostname=`, a valid host name.
    pub hostname: String,
    /// `atoll.probe`: the host only tests whether its accelerator can run this kernel; power off at once.
    pub is_probe: bool,
    /// `atoll.snapshot`: the host keeps this guest's memory once it has come up, and others go on from it.
    pub is_snapshot: bool,
}

pub fn read() -> Result<Cmdline, Error> {
    let path = "/proc/cmdline";
    Ok(parse(&fs::read_to_string(path).map_err(Error::file(path))?))
}

fn parse(text: &str) -> Cmdline {
    let value = |key: &str| {
        text.split_ascii_whitespace()
            .filter_map(|word| word.split_once('='))
            .filter(|(name, _)| *name == key)
            .map(|(_, value)| value)
            .next_back()
    };
    let has = |wanted: &str| text.split_ascii_whitespace().any(|word| word == wanted);
    Cmdline {
        root: value("root").filter(|root| root.starts_with("/dev/")).unwrap_or("/dev/vda").to_owned(),
        hostname: value("atoll.hostname").filter(|name| is_host_name(name)).unwrap_or("atoll").to_owned(),
        is_probe: has("atoll.probe"),
        is_snapshot: has("atoll.snapshot"),
    }
}

fn is_host_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 63
        && !name.starts_with('-')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cmdline(root: &str, hostname: &str) -> Cmdline {
        Cmdline { root: root.to_owned(), hostname: hostname.to_owned(), is_probe: false, is_snapshot: false }
    }

    #[test]
    fn takes_root_and_host_name() {
        assert_eq!(parse("quiet root=/dev/vdb rw atoll.hostname=home panic=-1\n"), cmdline("/dev/vdb", "home"));
    }

    #[test]
    fn the_last_of_two_wins_as_in_the_kernel() {
        assert_eq!(parse("root=/dev/vda root=/dev/vdb"), cmdline("/dev/vdb", "atoll"));
    }

    #[test]
    fn a_probe_is_a_word_of_its_own() {
        assert!(parse("quiet atoll.probe panic=-1").is_probe);
        assert!(!parse("quiet atoll.probes atoll.probe=0").is_probe);
    }

    #[test]
    fn a_snapshot_is_a_word_of_its_own() {
        assert!(parse("quiet atoll.snapshot").is_snapshot);
        assert!(!parse("quiet atoll.hostname=atoll.snapshot").is_snapshot);
    }

    #[test]
    fn falls_back_for_what_is_missing_or_wrong() {
        assert_eq!(parse(""), cmdline("/dev/vda", "atoll"));
        assert_eq!(parse("root=UUID=1 atoll.hostname=a/b"), cmdline("/dev/vda", "atoll"));
        assert_eq!(parse("atoll.hostname=-x atoll.hostname="), cmdline("/dev/vda", "atoll"));
    }
}
