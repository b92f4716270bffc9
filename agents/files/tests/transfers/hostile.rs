//! A source that says what it likes.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use atoll_wire::header::Message as Body;
use atoll_wire::{FileOutcome, FileReason, FilesExpected, FilesList, FilesReceive, FilesSend};

use crate::support::{
    Homes, Program, begin, end, file, folder, outcome, receive_of, record, records_of, sha256, to_incoming, to_path,
};

const ALL: [u8; 9] = [5, 0, 0, 0, 0, 0, 0, 0, 0];

#[test]
fn names_that_may_not_be_used_are_refused_one_by_one() {
    let homes = Homes::new();
    let mut target = Program::start(&homes.target(""));
    let names: [&[u8]; 19] = [
        b"..",
        b".",
        b"",
        b"../up",
        b"/etc/passwd",
        b"a\\b",
        b"a\nb",
        b"a\0b",
        b".bashrc",
        b"nul",
        b"x.",
        b"caf\xe9",
        "\u{202e}fdp.exe".as_bytes(),
        b"nowhere/a",
        b"good/../../up",
        b"good//a",
        b"good/.",
        b"good/a",
        b"good/.hidden",
    ];
    let mut entries = vec![folder(0, "good")];
    entries.extend(names.iter().enumerate().map(|(at, name)| file(at as u32 + 1, name, 1)));
    entries.push(file(entries.len() as u32, "good/A", 1));
    entries.push(file(entries.len() as u32, "good/e\u{301}", 1));
    entries.push(file(entries.len() as u32, "good/É", 1));
    let files = (1..entries.len() as u32).map(|index| (index, &b"x"[..])).collect::<Vec<_>>();
    let (mut results, _) = target.expect(receive_of(&entries, to_incoming()), &entries).unwrap();
    let (more, ended) = target.give(2, &records_of(&files));
    results.extend(more);
    assert_eq!(ended.reason(), FileReason::Unspecified, "{ended:?}");
    for index in 1..=17 {
        assert_eq!(
            outcome(&results, index),
            (FileOutcome::Refused, FileReason::Name),
            "{:?}",
            names[index as usize - 1]
        );
    }
    for (index, expected) in
        [(18, None), (19, None), (20, Some(FileReason::Collision)), (21, None), (22, Some(FileReason::Collision))]
    {
        assert_eq!(outcome(&results, index).1, expected.unwrap_or(FileReason::Unspecified), "{index}");
    }
    let mut there = fs::read_dir(homes.target("Incoming/work/good"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect::<Vec<_>>();
    there.sort();
    assert_eq!(there, [".hidden", "a", "e\u{301}"]);
    assert_eq!(fs::read_dir(homes.target("Incoming/work")).unwrap().count(), 1);
    assert_eq!(fs::read_dir(homes.target("")).unwrap().count(), 1);
}

#[test]
fn what_is_dropped_is_bounded_too() {
    for (dropped, reason) in [(8, FileReason::Unspecified), (9, FileReason::Stopped)] {
        let homes = Homes::new();
        let mut target = Program::start(&homes.target(""));
        let entries = [file(0, "..", 4), file(1, "a", 4)];
        target.expect(receive_of(&entries, to_incoming()), &entries).unwrap();
        let (_, ended) = target.give(2, &records_of(&[(0, &b"xxxxxxxxx"[..dropped]), (1, b"aaaa")]));
        assert_eq!(ended.reason(), reason, "{ended:?}");
    }
}

#[test]
fn lies_about_size_and_content_are_found_out() {
    let homes = Homes::new();
    let mut target = Program::start(&homes.target(""));
    let entries = (0..6).map(|at| file(at, format!("f{at}"), 4)).collect::<Vec<_>>();
    target.expect(receive_of(&entries, to_incoming()), &entries).unwrap();
    let stream = [
        // More, fewer, other bytes than were said; then one that fails at the source, with a reason of no meaning.
        [begin(0), record(2, 0, b"12345"), end(0, b"12345")].concat(),
        [begin(1), record(2, 1, b"123"), end(1, b"123")].concat(),
        [begin(2), record(2, 2, b"1234"), end(2, b"4321")].concat(),
        [begin(3), record(2, 3, b"12"), record(4, 3, &[5])].concat(),
        record(4, 4, &[255]),
        records_of(&[(5, b"1234")]),
    ];
    let (results, ended) = target.give(2, &stream.concat());
    assert_eq!(ended.reason(), FileReason::Unspecified, "{ended:?}");
    let reasons = (0..6).map(|index| outcome(&results, index).1).collect::<Vec<_>>();
    use FileReason::{Changed, Digest, Size, Unreadable, Unspecified};
    assert_eq!(reasons, [Size, Size, Digest, Changed, Unreadable, Unspecified]);
    assert_eq!(fs::read_dir(homes.target("Incoming/work")).unwrap().count(), 1);
}

#[test]
fn of_a_file_that_was_scanned_only_those_bytes_are_taken() {
    let homes = Homes::new();
    let mut target = Program::start(&homes.target(""));
    let scanned = |index, bytes: &[u8]| atoll_wire::FileEntry {
        sha256: sha256(bytes).to_vec(),
        ..file(index, format!("f{index}"), 4)
    };
    let entries = [scanned(0, b"1234"), scanned(1, b"1234"), file(2, "f2", 4)];
    target.expect(receive_of(&entries, to_incoming()), &entries).unwrap();
    let (results, ended) = target.give(2, &records_of(&[(0, b"1234"), (1, b"4321"), (2, b"4321")]));
    assert_eq!(ended.reason(), FileReason::Unspecified, "{ended:?}");
    use FileReason::{Digest, Unspecified};
    assert_eq!([0, 1, 2].map(|index| outcome(&results, index).1), [Unspecified, Digest, Unspecified]);
    assert!(!homes.target("Incoming/work/f1").exists());
}

#[test]
fn a_stream_that_is_none_ends_the_transfer_and_leaves_nothing_half() {
    let streams: [Vec<u8>; 10] = [
        b"GET / HTTP/1.1\r\n\r\n".to_vec(),
        record(2, 0, b"data before its file"),
        [begin(0), begin(1)].concat(),
        [begin(0), record(2, 1, b"x")].concat(),
        [begin(1), record(2, 1, b"1234"), end(1, b"1234"), begin(0)].concat(),
        [begin(0), record(2, 0, b"1234"), end(0, b"1234"), begin(0)].concat(),
        begin(2),
        record(1, 0, &7_u64.to_le_bytes()),
        [begin(0), end(1, b"")].concat(),
        vec![2, 0, 0, 0, 0, 255, 255, 255, 255],
    ];
    for (at, stream) in streams.into_iter().enumerate() {
        let homes = Homes::new();
        let mut target = Program::start(&homes.target(""));
        let entries = [file(0, "f0", 4), file(1, "f1", 4), folder(2, "d")];
        target.expect(receive_of(&entries, to_incoming()), &entries).unwrap();
        let (results, ended) = target.give(2, &[stream, ALL.to_vec()].concat());
        assert_eq!(ended.reason(), FileReason::Stopped, "{at}: {ended:?}");
        for name in ["f0", "f1"] {
            let path = homes.target("Incoming/work").join(name);
            let is_told = results
                .iter()
                .any(|result| result.outcome() == FileOutcome::Whole && result.path.ends_with(name.as_bytes()));
            assert_eq!(path.exists(), is_told, "{at} {name}");
            assert!(!path.exists() || fs::read(path).unwrap() == b"1234", "{at} {name}");
        }
    }
}

#[test]
fn a_list_that_is_not_what_was_announced_is_refused() {
    let homes = Homes::new();
    type Change = fn(&mut FilesReceive, &mut Vec<atoll_wire::FileEntry>);
    let cases: [(&str, Change); 8] = [
        ("more bytes", |receive, _| receive.bytes = 3),
        ("more files", |receive, _| receive.files = 1),
        ("fewer files", |receive, _| receive.files = 3),
        ("far too many", |receive, _| receive.files = 100_001),
        ("no key", |receive, _| receive.key.clear()),
        ("one twice", |_, entries| entries[1].index = 0),
        ("not rising", |_, entries| entries[0].index = 2),
        ("an index above all", |_, entries| entries[1].index = 100_000),
    ];
    for (what, change) in cases {
        let mut target = Program::start(&homes.target(""));
        let mut entries = vec![file(0, "a", 2), file(1, "b", 2)];
        let mut receive = receive_of(&entries, to_incoming());
        change(&mut receive, &mut entries);
        assert!(target.expect(receive, &entries).is_err(), "{what}");
    }
    assert!(!homes.target("Incoming/work/a").exists());
}

#[test]
fn a_file_that_nobody_expects_is_dropped() {
    let homes = Homes::new();
    let mut target = Program::start(&homes.target(""));
    let entries = [file(0, "a", 4), file(2, "b", 4)];
    target.expect(receive_of(&entries, to_incoming()), &entries).unwrap();
    let last = u32::MAX;
    let sent: [(u32, &[u8]); 6] =
        [(0, b"1234"), (1, b"unasked"), (2, b"1234"), (99, b"unasked"), (last, b"unasked"), (last, b"unasked")];
    let (results, ended) = target.give(2, &records_of(&sent));
    assert_eq!(ended.reason(), FileReason::Unspecified, "{ended:?}");
    let told: Vec<_> = results.iter().map(|result| (result.index, result.outcome())).collect();
    assert_eq!(told, [(0, FileOutcome::Whole), (2, FileOutcome::Whole)]);
    assert_eq!(fs::read_dir(homes.target("Incoming/work")).unwrap().count(), 2);
}

#[test]
fn messages_in_any_order_end_nothing() {
    let homes = Homes::new();
    homes.write("a", "a");
    let mut program = Program::start(&homes.source(""));
    program.send(Body::FilesSend(FilesSend { transfer: 9, stream: 9, ..FilesSend::default() }));
    program.send(Body::FilesExpected(FilesExpected { transfer: 9, entries: vec![file(0, "a", 1)], last: true }));
    program.send(Body::FilesStop(atoll_wire::FilesStop { transfer: 9, keep: true }));
    program.send(Body::FilesPause(atoll_wire::FilesPause { transfer: 9, paused: true }));
    program.send(Body::FilesList(FilesList { transfer: 8, wanted: 5, ..FilesList::default() }));
    let ended = program.wait("an end", |message| match &message.body {
        Some(Body::FilesEnded(ended)) => Some(ended.clone()),
        _ => None,
    });
    assert_eq!((ended.transfer, ended.reason()), (8, FileReason::Gone));
    assert_eq!(program.list(1, &["a"]).unwrap().len(), 1);
    program.finish();
}

#[test]
fn an_origin_that_is_no_name_leads_nowhere() {
    for origin in ["..", "../../x", "a/b", "", ".ssh"] {
        let homes = Homes::new();
        let mut target = Program::start(&homes.target(""));
        let entries = [file(0, "a", 1)];
        let receive = FilesReceive { origin: origin.to_owned(), ..receive_of(&entries, to_incoming()) };
        target.expect(receive, &entries).unwrap();
        target.give(2, &records_of(&[(0, b"x")]));
        assert!(homes.target("Incoming/unknown/a").exists(), "{origin}");
    }
}

#[test]
fn a_folder_that_becomes_a_link_while_files_come_is_not_followed() {
    let homes = Homes::new();
    let mut target = Program::start(&homes.target(""));
    let entries = [folder(0, "d"), file(1, "d/a", 1)];
    target.expect(receive_of(&entries, to_path("in/")), &entries).unwrap();
    fs::create_dir(homes.target("outside")).unwrap();
    fs::remove_dir(homes.target("in/d")).unwrap();
    symlink("../outside", homes.target("in/d")).unwrap();
    let (results, _) = target.give(2, &records_of(&[(1, b"x")]));
    assert_eq!(outcome(&results, 1), (FileOutcome::Failed, FileReason::Unwritable));
    assert_eq!(fs::read_dir(homes.target("outside")).unwrap().count(), 0);
    assert_eq!(fs::read_dir(homes.target("in")).unwrap().count(), 1);
}

#[test]
fn a_folder_of_the_source_that_becomes_a_link_is_not_followed() {
    let homes = Homes::new();
    homes.write("d/in/a", "a");
    homes.write("secret/a", "s");
    let (mut source, mut target) = homes.start();
    let entries = source.list(1, &["d"]).unwrap();
    fs::rename(homes.source("d/in"), homes.source("d/was")).unwrap();
    symlink("../secret", homes.source("d/in")).unwrap();
    let (_, ready) = target.expect(receive_of(&entries, to_incoming()), &entries).unwrap();
    crate::support::carry(&mut source, &mut target, &ready, &[], |_| false);
    let (results, _) = target.results();
    assert_eq!(outcome(&results, 2), (FileOutcome::Failed, FileReason::Symlink));
}

#[test]
fn a_program_that_is_confined_sees_nothing_else() {
    let homes = Homes::new();
    homes.write("in/a", "a");
    homes.write("out/b", "b");
    let read = homes.source("in");
    let mut source = Program::start_with(&homes.source(""), &["--read", read.to_str().unwrap()]);
    let kinds = source.list(1, &["in/a", "out/b"]).unwrap().into_iter().map(|entry| entry.reason()).collect::<Vec<_>>();
    // Where the kernel has no Landlock, both are seen.
    assert!(kinds == [FileReason::Unspecified, FileReason::Unreadable] || !has_landlock(), "{kinds:?}");
    let into = homes.target("in");
    fs::create_dir(&into).unwrap();
    let mut target = Program::start_with(&homes.target(""), &["--write", into.to_str().unwrap()]);
    let entries = [file(0, "a", 1)];
    target.expect(receive_of(&entries, to_path("in/")), &entries).unwrap();
    let (results, _) = target.give(2, &records_of(&[(0, b"x")]));
    assert_eq!(outcome(&results, 0).0, FileOutcome::Whole);
    let mut target = Program::start_with(&homes.target(""), &["--write", into.to_str().unwrap()]);
    assert!(target.expect(receive_of(&entries, to_path("other/")), &entries).is_err() || !has_landlock());
}

fn has_landlock() -> bool {
    use landlock::{AccessFs, CompatLevel, Compatible, Ruleset, RulesetAttr};
    let strict = Ruleset::default().set_compatibility(CompatLevel::HardRequirement);
    strict.handle_access(AccessFs::Execute).is_ok_and(|rules| rules.create().is_ok())
}

#[test]
fn a_folder_that_cannot_be_written_is_said() {
    // A process of root may write everywhere.
    if rustix::process::geteuid().is_root() {
        return;
    }
    let homes = Homes::new();
    fs::create_dir(homes.target("in")).unwrap();
    fs::set_permissions(homes.target("in"), fs::Permissions::from_mode(0o500)).unwrap();
    let mut target = Program::start(&homes.target(""));
    let entries = [file(0, "a", 1)];
    assert_eq!(
        target.expect(receive_of(&entries, to_path("in/")), &entries).unwrap_err().reason(),
        FileReason::Unwritable
    );
}

#[test]
fn more_than_the_disk_holds_is_refused_before_it_comes() {
    let homes = Homes::new();
    let mut target = Program::start(&homes.target(""));
    let entries = [file(0, "a", 1024 * 1024 * 1024 * 1024)];
    let ended = target.expect(receive_of(&entries, to_incoming()), &entries).unwrap_err();
    assert_eq!(ended.reason(), FileReason::NoSpace);
    assert!(ended.detail.contains("are free"), "{}", ended.detail);
    assert_eq!(fs::read_dir(homes.target("Incoming/work")).unwrap().count(), 0);
}
