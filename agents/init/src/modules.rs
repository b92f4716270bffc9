//! Kernel modules. The initrd carries a few in `/modules`; the file `/modules/order` says in which order they are
//! inserted.
//!
//! A line of `order` is `PHASE FILE [MODALIAS-PREFIX]`, dependencies before dependents:
//! ```text
//! root virtio_blk.ko
//! late virtio_net.ko virtio:d00000001v
//! ```
//! `root` modules are needed to mount the root; `late` modules are inserted after the agent was started. A module with
//! a prefix is only inserted when the machine has a device whose modalias begins with it, or may get one later.

use crate::error::Error;
use nix::errno::Errno;
use nix::kmod::{ModuleInitFlags, finit_module};
use std::fs::{self, File};
use std::path::Path;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    Root,
    Late,
}

#[derive(Debug, PartialEq, Eq)]
struct Entry<'a> {
    phase: Phase,
    file: &'a str,
    modalias_prefix: Option<&'a str>,
}

fn parse(order: &str) -> impl Iterator<Item = Entry<'_>> {
    order.lines().filter_map(|line| {
        let mut words = line.split_ascii_whitespace();
        let phase = match words.next()? {
            "root" => Phase::Root,
            "late" => Phase::Late,
            _ => return None,
        };
        Some(Entry { phase, file: words.next()?, modalias_prefix: words.next() })
    })
}

/// Inserts the modules of one phase from `folder`, in order. `with_absent`: also those of devices that are not there yet.
pub fn insert(folder: &str, phase: Phase, with_absent: bool) -> Result<(), Error> {
    let path = format!("{folder}/order");
    let order = fs::read_to_string(&path).map_err(Error::file(&path))?;
    let mut aliases = None;
    for entry in parse(&order).filter(|entry| entry.phase == phase) {
        let wanted = with_absent
            || entry.modalias_prefix.is_none_or(|prefix| {
                aliases.get_or_insert_with(modaliases).iter().any(|alias| alias.starts_with(prefix))
            });
        if wanted {
            insert_one(&format!("{folder}/{}", entry.file))?;
        }
    }
    Ok(())
}

fn insert_one(path: &str) -> Result<(), Error> {
    let file = File::open(path).map_err(Error::file(path))?;
    match finit_module(&file, c"", ModuleInitFlags::empty()) {
        Ok(()) | Err(Errno::EEXIST) => Ok(()),
        Err(errno) => Err(Error::Module { name: path.to_owned(), errno }),
    }
}

fn modaliases() -> Vec<String> {
    ["virtio", "pci", "acpi"]
        .iter()
        .filter_map(|bus| fs::read_dir(Path::new("/sys/bus").join(bus).join("devices")).ok())
        .flatten()
        .filter_map(|device| fs::read_to_string(device.ok()?.path().join("modalias")).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_phases_and_conditions_in_order() {
        let entries: Vec<_> = parse("root virtio_blk.ko\n\n# no\nlate virtio_net.ko virtio:d00000001v\n").collect();
        assert_eq!(
            entries,
            [
                Entry { phase: Phase::Root, file: "virtio_blk.ko", modalias_prefix: None },
                Entry { phase: Phase::Late, file: "virtio_net.ko", modalias_prefix: Some("virtio:d00000001v") },
            ]
        );
    }
}
