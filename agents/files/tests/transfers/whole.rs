//! What is sent arrives.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

use atoll_wire::{FileKind, FileOutcome, FileReason};

use crate::support::{Homes, LARGE_BYTES, bytes, carry, copy, outcome, receive_of, to_incoming, to_path};

const GOOD: (FileOutcome, FileReason) = (FileOutcome::Whole, FileReason::Unspecified);

#[test]
fn a_folder_arrives_whole_with_times_marks_and_no_programs() {
    let homes = Homes::new();
    homes.write("Documents/a.txt", "hello");
    homes.write("Documents/deep/er/large.bin", bytes(LARGE_BYTES));
    homes.write("Documents/empty", "");
    homes.write("Documents/run.sh", "#!/bin/sh\n");
    fs::create_dir(homes.source("Documents/nothing")).unwrap();
    fs::set_permissions(homes.source("Documents/run.sh"), fs::Permissions::from_mode(0o4755)).unwrap();
    // A mark is the receiving agent's alone: those that a source has made do not arrive, however they are spelled.
    for name in
        ["user.atoll.origin", "user.Atoll.Origin", "user.ATOLL.ORIGIN", "user.atoll.origin ", "user.xdg.origin.url"]
    {
        rustix::fs::setxattr(homes.source("Documents/a.txt"), name, b"host", rustix::fs::XattrFlags::empty()).unwrap();
    }
    let (mut source, mut target) = homes.start();
    let (results, ended) = copy(&mut source, &mut target, &["Documents"], to_incoming());
    assert_eq!(ended.reason(), FileReason::Unspecified, "{ended:?}");
    for index in 0..results.len() as u32 {
        assert_eq!(outcome(&results, index), GOOD);
    }
    let at = |name: &str| homes.target("Incoming/work/Documents").join(name);
    assert_eq!(fs::read(at("a.txt")).unwrap(), b"hello");
    assert!(fs::read(at("deep/er/large.bin")).unwrap() == bytes(LARGE_BYTES));
    assert_eq!(fs::read(at("empty")).unwrap(), b"");
    assert!(at("nothing").is_dir());
    assert_eq!(fs::metadata(at("run.sh")).unwrap().mode() & 0o7111, 0);
    let modified = |path| fs::metadata(path).unwrap().mtime();
    assert_eq!(modified(at("a.txt")), modified(homes.source("Documents/a.txt")));
    let mut mark = [0; 16];
    let length = rustix::fs::getxattr(at("a.txt"), "user.atoll.origin", &mut mark[..]).unwrap();
    assert_eq!(&mark[..length], b"work");
    let mut names = [0; 256];
    let length = rustix::fs::listxattr(at("a.txt"), &mut names[..]).unwrap();
    let names = String::from_utf8_lossy(&names[..length]).into_owned();
    assert_eq!(
        names.split_terminator('\0').filter(|name| name.starts_with("user.")).collect::<Vec<_>>(),
        ["user.atoll.origin"]
    );
    // Nothing is left beside it.
    assert_eq!(fs::read_dir(homes.target("Incoming/work")).unwrap().count(), 1);
    let of_top = results.iter().find(|result| result.index == 0).unwrap();
    assert_eq!(of_top.path, homes.target("Incoming/work/Documents").into_os_string().into_encoded_bytes());
    source.finish();
    target.finish();
}

#[test]
fn a_program_is_one_only_where_a_person_has_named_the_place() {
    let homes = Homes::new();
    homes.write("run.sh", "#!/bin/sh\n");
    fs::set_permissions(homes.source("run.sh"), fs::Permissions::from_mode(0o6755)).unwrap();
    let (mut source, mut target) = homes.start();
    copy(&mut source, &mut target, &["run.sh"], to_path("bin/"));
    let mode = fs::metadata(homes.target("bin/run.sh")).unwrap().mode();
    assert_eq!(mode & 0o7100, 0o100);
}

#[test]
fn what_is_no_file_is_left_out_with_its_reason() {
    let homes = Homes::new();
    homes.write("d/a", "a");
    symlink("a", homes.source("d/link")).unwrap();
    symlink("/etc", homes.source("d/slash")).unwrap();
    symlink("loop", homes.source("d/loop")).unwrap();
    rustix::fs::mknodat(rustix::fs::CWD, homes.source("d/pipe"), rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(homes.source("d/socket")).unwrap();
    let (mut source, _) = homes.start();
    let entries = source.list(1, &["d", "missing"]).unwrap();
    let reasons =
        entries.iter().map(|entry| (String::from_utf8_lossy(&entry.path).into_owned(), entry.kind(), entry.reason()));
    let left_out = |path: &str, reason| (path.to_owned(), FileKind::LeftOut, reason);
    assert_eq!(
        reasons.collect::<Vec<_>>(),
        [
            ("d".to_owned(), FileKind::Folder, FileReason::Unspecified),
            ("d/a".to_owned(), FileKind::File, FileReason::Unspecified),
            left_out("d/link", FileReason::Symlink),
            left_out("d/loop", FileReason::Symlink),
            left_out("d/pipe", FileReason::Special),
            left_out("d/slash", FileReason::Symlink),
            left_out("d/socket", FileReason::Special),
            left_out("missing", FileReason::Gone),
        ]
    );
}

#[test]
fn of_a_farm_of_links_the_files_arrive_and_each_link_is_said() {
    let homes = Homes::new();
    homes.write("farm/file", "whole");
    for at in 0..5000 {
        // To the file, to the next one, out of the folder, to the folder above, to itself.
        let target =
            ["file".to_owned(), format!("{}", at + 1), "/etc/passwd".to_owned(), "..".to_owned(), format!("{at}")];
        symlink(&target[at % 5], homes.source(&format!("farm/{at}"))).unwrap();
    }
    let (mut source, mut target) = homes.start();
    let mut entries = source.list(1, &["farm"]).unwrap();
    assert_eq!(entries.iter().filter(|entry| entry.reason() == FileReason::Symlink).count(), 5000);
    entries.retain(|entry| entry.kind() != FileKind::LeftOut);
    let (mut results, ready) = target.expect(receive_of(&entries, to_path("there/")), &entries).unwrap();
    carry(&mut source, &mut target, &ready, &[], |_| false);
    let (more, ended) = target.results();
    results.extend(more);
    assert_eq!(ended.reason(), FileReason::Unspecified, "{ended:?}");
    assert_eq!(results.iter().filter(|result| result.outcome() == FileOutcome::Whole).count(), 2);
    let there = fs::read_dir(homes.target("there/farm")).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(there.collect::<Vec<_>>(), ["file"]);
}

#[test]
fn what_is_left_out_is_a_gap_in_what_is_expected() {
    let homes = Homes::new();
    for name in ["d/a", "d/c", "d/e"] {
        homes.write(name, name);
    }
    symlink("a", homes.source("d/b")).unwrap();
    let (mut source, mut target) = homes.start();
    let mut entries = source.list(1, &["d"]).unwrap();
    // The link, and a file that the host does not want.
    entries.retain(|entry| ![2, 3].contains(&entry.index));
    let (mut results, ready) = target.expect(receive_of(&entries, to_path("in/")), &entries).unwrap();
    // The source sends it all the same.
    carry(&mut source, &mut target, &ready, &[], |_| false);
    let (more, ended) = target.results();
    results.extend(more);
    assert_eq!(ended.reason(), FileReason::Unspecified, "{ended:?}");
    assert_eq!([0, 1, 4].map(|index| outcome(&results, index)), [GOOD; 3]);
    assert_eq!(fs::read_dir(homes.target("in/d")).unwrap().count(), 2);
}

#[test]
fn what_has_no_name_is_left_out_under_one() {
    let homes = Homes::new();
    let (mut source, _) = homes.start();
    let entries = source.list(1, &["/", "gone/."]).unwrap();
    assert_eq!(entries.iter().map(|entry| &entry.path[..]).collect::<Vec<_>>(), [&b"root"[..], b"gone"]);
}

#[test]
fn thousands_of_small_files_arrive() {
    let homes = Homes::new();
    for at in 0..2000 {
        homes.write(&format!("many/{}/{at}", at % 7), format!("file {at}"));
    }
    let (mut source, mut target) = homes.start();
    let (results, ended) = copy(&mut source, &mut target, &["many"], to_path("there/"));
    assert_eq!(ended.reason(), FileReason::Unspecified);
    assert_eq!(results.len(), 2008);
    assert!(results.iter().all(|result| result.outcome() == FileOutcome::Whole));
    for at in 0..2000 {
        assert_eq!(
            fs::read_to_string(homes.target(&format!("there/many/{}/{at}", at % 7))).unwrap(),
            format!("file {at}")
        );
    }
}

#[test]
fn two_files_of_one_name_are_both_listed() {
    let homes = Homes::new();
    homes.write("a/x.txt", "1");
    homes.write("b/x.txt", "2");
    let (mut source, mut target) = homes.start();
    copy(&mut source, &mut target, &["a/x.txt", "b/x.txt"], to_path("in/"));
    assert_eq!(fs::read(homes.target("in/x.txt")).unwrap(), b"1");
    assert_eq!(fs::read(homes.target("in/x (2).txt")).unwrap(), b"2");
}
