//! Interruptions: afterwards each file is whole or absent, and a transfer can be resumed.

use std::fs;
use std::path::Path;

use atoll_wire::header::Message as Body;
use atoll_wire::{FileOutcome, FileReason, FilesStop};

use crate::support::{
    Homes, LARGE_BYTES, Program, begin, bytes, carry, end, file, outcome, receive_of, record, to_incoming, to_path,
};

/// Hidden folders of transfers.
fn staging(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with(".atoll-")).collect()
}

/// A folder of large and small files, in the order of their names.
fn many(homes: &Homes) {
    for at in 0..40 {
        homes.write(&format!("d/{at:02}"), bytes(if at % 10 == 5 { LARGE_BYTES } else { 3000 + at }));
    }
}

/// Each file that is there is the one of the source; gives how many there are.
fn whole_files(homes: &Homes) -> usize {
    let Ok(entries) = fs::read_dir(homes.target("in/d")) else { return 0 };
    entries
        .map(|entry| {
            let name = entry.unwrap().file_name();
            let [there, here] = ["target/in/d", "source/d"].map(|folder| homes.root().join(folder).join(&name));
            assert!(fs::read(there).unwrap() == fs::read(here).unwrap(), "{name:?}");
        })
        .count()
}

#[test]
fn a_target_that_is_killed_at_any_moment_leaves_whole_files_and_goes_on() {
    let homes = Homes::new();
    many(&homes);
    let mut before = 0;
    // Further each time, at no particular boundary.
    for step in 1..12_u64 {
        let (mut source, mut target) = homes.start();
        let entries = source.list(1, &["d"]).unwrap();
        let (_, ready) = target.expect(receive_of(&entries, to_path("in/")), &entries).unwrap();
        carry(&mut source, &mut target, &ready, &[], |through| through > step * 333_333);
        target.kill();
        let there = whole_files(&homes);
        assert!(there >= before, "{there} of {before}");
        before = there;
    }
    let (mut source, mut target) = homes.start();
    let entries = source.list(1, &["d"]).unwrap();
    let (_, ready) = target.expect(receive_of(&entries, to_path("in/")), &entries).unwrap();
    carry(&mut source, &mut target, &ready, &[], |_| false);
    assert_eq!(target.results().1.reason(), FileReason::Unspecified);
    assert_eq!(whole_files(&homes), 40);
    assert!(staging(&homes.target("in")).is_empty());
}

#[test]
fn a_large_file_goes_on_where_it_was() {
    let homes = Homes::new();
    homes.write("large", bytes(LARGE_BYTES));
    let (mut source, mut target) = homes.start();
    let entries = source.list(1, &["large"]).unwrap();
    let (_, ready) = target.expect(receive_of(&entries, to_path("in/")), &entries).unwrap();
    carry(&mut source, &mut target, &ready, &[], |through| through > 3_000_000);
    target.send(Body::FilesStop(FilesStop { transfer: 1, keep: true }));
    assert_eq!(target.results().1.reason(), FileReason::Stopped);
    assert_eq!(staging(&homes.target("in")).len(), 1);
    assert!(!homes.target("in/large").exists());

    let (mut source, mut target) = homes.start();
    let entries = source.list(1, &["large"]).unwrap();
    let (_, ready) = target.expect(receive_of(&entries, to_path("in/")), &entries).unwrap();
    assert!(ready.offset > 1_000_000 && ready.prefix_sha256.len() == 32, "{ready:?}");
    let through = carry(&mut source, &mut target, &ready, &[], |_| false);
    assert!(through < LARGE_BYTES as u64, "{through}");
    assert_eq!(outcome(&target.results().0, 0).0, FileOutcome::Whole);
    assert!(fs::read(homes.target("in/large")).unwrap() == bytes(LARGE_BYTES));
}

#[test]
fn a_file_that_has_failed_is_no_other_after_an_interruption() {
    let homes = Homes::new();
    let entries = [file(0, "gone", 4), file(1, "other bytes", 4), file(2, "good", 4), file(3, "next", 4)];
    let failed = [(FileOutcome::Failed, FileReason::Gone), (FileOutcome::Failed, FileReason::Digest)];
    let mut target = Program::start(&homes.target(""));
    target.expect(receive_of(&entries, to_path("in/")), &entries).unwrap();
    let gone = record(4, 0, &[FileReason::Gone as u8]);
    let other = [begin(1), record(2, 1, b"1234"), end(1, b"4321")].concat();
    let good = [begin(2), record(2, 2, b"1234"), end(2, b"1234")].concat();
    // And no more: the host has ended.
    let (results, ended) = target.give(2, &[gone, other, good].concat());
    assert_eq!(ended.reason(), FileReason::Stopped);
    assert_eq!([outcome(&results, 0), outcome(&results, 1)], failed);

    // Each time, to whoever asks.
    for _ in 0..2 {
        let mut target = Program::start(&homes.target(""));
        let (results, ready) = target.expect(receive_of(&entries, to_path("in/")), &entries).unwrap();
        assert_eq!(ready.first, 3);
        assert_eq!(results.len(), 2);
        assert_eq!([outcome(&results, 0), outcome(&results, 1)], failed);
        target.kill();
    }
}

/// Tampers with what an interrupted transfer has left, and goes on.
fn resume_after(tamper: impl Fn(&Homes)) {
    let homes = Homes::new();
    homes.write("large", bytes(LARGE_BYTES));
    let (mut source, mut target) = homes.start();
    let entries = source.list(1, &["large"]).unwrap();
    let (_, ready) = target.expect(receive_of(&entries, to_path("in/")), &entries).unwrap();
    carry(&mut source, &mut target, &ready, &[], |through| through > 3_000_000);
    target.send(Body::FilesStop(FilesStop { transfer: 1, keep: true }));
    target.results();
    tamper(&homes);
    let (mut source, mut target) = homes.start();
    let again = source.list(1, &["large"]).unwrap();
    let (_, ready) = target.expect(receive_of(&again, to_path("in/")), &again).unwrap();
    carry(&mut source, &mut target, &ready, &[], |_| false);
    assert_eq!(outcome(&target.results().0, 0).0, FileOutcome::Whole);
    assert!(fs::read(homes.target("in/large")).unwrap() == fs::read(homes.source("large")).unwrap());
}

fn partial(homes: &Homes) -> std::path::PathBuf {
    homes.target("in").join(&staging(&homes.target("in"))[0]).join("0")
}

#[test]
fn what_an_interruption_has_left_is_not_trusted() {
    use std::os::unix::fs::PermissionsExt;
    let write = |homes: &Homes, bytes: &[u8]| {
        let path = partial(homes);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(path, bytes).unwrap();
    };
    resume_after(|homes| write(homes, &[0; 100_000]));
    resume_after(|homes| write(homes, b""));
    resume_after(|homes| write(homes, &vec![0; LARGE_BYTES + 1]));
    resume_after(|homes| fs::remove_file(partial(homes)).unwrap());
    resume_after(|homes| fs::write(partial(homes).with_file_name("journal"), "nonsense\ndone 0\n").unwrap());
    // The source's file is another now.
    resume_after(|homes| {
        let mut other = bytes(LARGE_BYTES);
        other[5] ^= 1;
        homes.write("large", other);
    });
}

#[test]
fn a_transfer_that_is_not_wanted_any_more_leaves_nothing() {
    let homes = Homes::new();
    homes.write("d/large", bytes(LARGE_BYTES));
    let (mut source, mut target) = homes.start();
    let entries = source.list(1, &["d"]).unwrap();
    let (_, ready) = target.expect(receive_of(&entries, to_incoming()), &entries).unwrap();
    carry(&mut source, &mut target, &ready, &[], |through| through > 1_000_000);
    target.send(Body::FilesStop(FilesStop { transfer: 1, keep: false }));
    source.send(Body::FilesStop(FilesStop { transfer: 1, keep: false }));
    assert_eq!(target.results().1.reason(), FileReason::Stopped);
    assert_eq!(fs::read_dir(homes.target("Incoming/work")).unwrap().count(), 0);
}

#[test]
fn a_file_that_changes_after_it_was_listed_counts_for_nothing() {
    let homes = Homes::new();
    for name in ["grown", "same size", "gone", "good"] {
        homes.write(&format!("d/{name}"), "1234");
    }
    let (mut source, mut target) = homes.start();
    let entries = source.list(1, &["d"]).unwrap();
    homes.write("d/grown", "12345");
    homes.write("d/same size", "4321");
    fs::remove_file(homes.source("d/gone")).unwrap();
    let (_, ready) = target.expect(receive_of(&entries, to_path("in/")), &entries).unwrap();
    carry(&mut source, &mut target, &ready, &[], |_| false);
    let (results, ended) = target.results();
    assert_eq!(ended.reason(), FileReason::Unspecified);
    let reasons = (1..5).map(|index| outcome(&results, index).1).collect::<Vec<_>>();
    assert_eq!(reasons, [FileReason::Gone, FileReason::Unspecified, FileReason::Changed, FileReason::Changed]);
    assert_eq!(fs::read_dir(homes.target("in/d")).unwrap().count(), 1);
}

#[test]
fn a_file_that_changes_while_it_is_read_counts_for_nothing() {
    let homes = Homes::new();
    homes.write("large", bytes(LARGE_BYTES));
    let (mut source, mut target) = homes.start();
    let entries = source.list(1, &["large"]).unwrap();
    let (_, ready) = target.expect(receive_of(&entries, to_path("in/")), &entries).unwrap();
    let is_changed = std::cell::Cell::new(false);
    carry(&mut source, &mut target, &ready, &[], |through| {
        if through > 1_000_000 && !is_changed.replace(true) {
            use std::os::unix::fs::FileExt;
            let file = fs::File::options().write(true).open(homes.source("large")).unwrap();
            file.write_all_at(b"x", LARGE_BYTES as u64 - 1).unwrap();
        }
        false
    });
    assert_eq!(outcome(&target.results().0, 0), (FileOutcome::Failed, FileReason::Changed));
    assert!(!homes.target("in/large").exists());
}

/// The space of a large file is taken before its bytes come. A file system of 6 MB, which only root can mount.
#[test]
fn a_file_goes_on_where_the_disk_has_room_for_it_and_for_no_other() {
    use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};
    let homes = Homes::new();
    homes.write("large", bytes(LARGE_BYTES));
    let small = homes.target("in");
    fs::create_dir(&small).unwrap();
    if mount("tmpfs", &small, "tmpfs", MountFlags::empty(), Some(c"size=6M")).is_err() {
        return;
    }
    let (mut source, mut target) = homes.start();
    let entries = source.list(1, &["large"]).unwrap();
    let (_, ready) = target.expect(receive_of(&entries, to_path("in/")), &entries).unwrap();
    carry(&mut source, &mut target, &ready, &[], |through| through > 2_000_000);
    target.send(Body::FilesStop(FilesStop { transfer: 1, keep: true }));
    assert_eq!(target.results().1.reason(), FileReason::Stopped);

    let (mut source, mut target) = homes.start();
    let entries = source.list(1, &["large"]).unwrap();
    let resumed = target.expect(receive_of(&entries, to_path("in/")), &entries);
    let ended = resumed.map(|(_, ready)| {
        carry(&mut source, &mut target, &ready, &[], |_| false);
        (target.results().1.reason(), fs::read(small.join("large")).unwrap() == bytes(LARGE_BYTES))
    });
    target.finish();
    drop(target);
    unmount(&small, UnmountFlags::DETACH).unwrap();
    assert_eq!(ended, Ok((FileReason::Unspecified, true)));
}

/// A file system of 16 MB, which only root can mount.
#[test]
fn a_full_disk_refuses_what_does_not_fit_and_takes_the_rest() {
    use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};
    let homes = Homes::new();
    homes.write("d/a small", bytes(1000));
    homes.write("d/b large", bytes(LARGE_BYTES));
    homes.write("d/c small", bytes(1000));
    let small = homes.target("in");
    fs::create_dir(&small).unwrap();
    if mount("tmpfs", &small, "tmpfs", MountFlags::empty(), Some(c"size=8M")).is_err() {
        return;
    }
    let (mut source, mut target) = homes.start();
    let entries = source.list(1, &["d"]).unwrap();
    let (_, ready) = target.expect(receive_of(&entries, to_path("in/")), &entries).unwrap();
    // Somebody else takes the space in between.
    fs::write(small.join("other"), vec![1; 5_000_000]).unwrap();
    carry(&mut source, &mut target, &ready, &[], |_| false);
    let (results, ended) = target.results();
    assert_eq!(ended.reason(), FileReason::Unspecified);
    let reasons = (1..4).map(|index| outcome(&results, index).1).collect::<Vec<_>>();
    let left = fs::read_dir(&small).unwrap().count();
    target.finish();
    drop(target);
    unmount(&small, UnmountFlags::DETACH).unwrap();
    assert_eq!(reasons, [FileReason::Unspecified, FileReason::NoSpace, FileReason::Unspecified]);
    assert_eq!(left, 2);
}
