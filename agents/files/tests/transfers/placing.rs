//! Names that are taken, places that the host names, edited files that come back.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

use atoll_files::{Places, opened};
use atoll_wire::{FileOutcome, FileReason, FilesReceive, Replaced, files_receive};

use crate::support::{Homes, carry, copy, file, outcome, receive_of, records_of, sha256, to_incoming, to_path};

#[test]
fn nothing_is_overwritten_and_the_same_is_not_kept_twice() {
    let homes = Homes::new();
    homes.write("d/a.txt", "new");
    let (mut source, mut target) = homes.start();
    fs::create_dir_all(homes.target("in/d")).unwrap();
    fs::write(homes.target("in/d/a.txt"), "old").unwrap();
    let (results, _) = copy(&mut source, &mut target, &["d"], to_path("in/"));
    assert_eq!(outcome(&results, 1).0, FileOutcome::KeptBoth);
    assert_eq!(
        results.iter().find(|result| result.index == 1).unwrap().path,
        homes.target("in/d/a (2).txt").into_os_string().into_encoded_bytes()
    );
    let (mut source, mut target) = homes.start();
    let (results, _) = copy(&mut source, &mut target, &["d"], to_path("in/"));
    assert_eq!(outcome(&results, 1).0, FileOutcome::Same);
    assert_eq!(fs::read(homes.target("in/d/a.txt")).unwrap(), b"old");
    assert_eq!(fs::read(homes.target("in/d/a (2).txt")).unwrap(), b"new");
    assert_eq!(fs::read_dir(homes.target("in/d")).unwrap().count(), 2);
}

#[test]
fn a_link_that_is_there_is_neither_followed_nor_replaced() {
    let homes = Homes::new();
    homes.write("d/a", "new");
    fs::create_dir_all(homes.target("in")).unwrap();
    fs::create_dir_all(homes.target("outside")).unwrap();
    symlink("../outside", homes.target("in/d")).unwrap();
    let (mut source, mut target) = homes.start();
    let (results, _) = copy(&mut source, &mut target, &["d"], to_path("in/"));
    assert_eq!(outcome(&results, 0).0, FileOutcome::KeptBoth);
    assert_eq!(fs::read(homes.target("in/d (2)/a")).unwrap(), b"new");
    assert_eq!(fs::read_dir(homes.target("outside")).unwrap().count(), 0);
    // The same for a file's name.
    homes.write("b", "new");
    symlink("outside/b", homes.target("b")).unwrap();
    let (mut source, mut target) = homes.start();
    let (results, _) = copy(&mut source, &mut target, &["b"], to_path("b"));
    assert_eq!(outcome(&results, 0).0, FileOutcome::KeptBoth);
    assert!(!homes.target("outside/b").exists());
}

#[test]
fn one_file_may_be_given_a_name_and_several_may_not() {
    let homes = Homes::new();
    homes.write("a", "a");
    homes.write(".hidden", "h");
    let (mut source, mut target) = homes.start();
    copy(&mut source, &mut target, &[".hidden"], to_path(".shown"));
    assert_eq!(fs::read(homes.target(".shown")).unwrap(), b"h");
    let (mut source, mut target) = homes.start();
    let entries = source.list(1, &["a", ".hidden"]).unwrap();
    let ended = target.expect(receive_of(&entries, to_path("missing")), &entries).unwrap_err();
    assert_eq!(ended.reason(), FileReason::Unwritable);
    assert!(ended.detail.contains("is no folder"), "{}", ended.detail);
}

#[test]
fn what_is_opened_has_a_folder_and_its_name_of_its_own() {
    let homes = Homes::new();
    homes.write("run.sh", "#!/bin/sh\n");
    let (mut source, mut target) = homes.start();
    let entries = source.list(1, &["run.sh"]).unwrap();
    let receive = FilesReceive { opened: true, read_only: true, ..receive_of(&entries, to_incoming()) };
    let (_, ready) = target.expect(receive, &entries).unwrap();
    carry(&mut source, &mut target, &ready, &[], |_| false);
    let (results, ended) = target.results();
    assert_eq!(ended.reason(), FileReason::Unspecified);
    let path = std::path::PathBuf::from(String::from_utf8(results[0].path.clone()).unwrap());
    assert_eq!(path.file_name().unwrap(), "run.sh");
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o400);
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
}

#[test]
fn what_came_to_be_looked_at_is_swept_and_all_else_stays() {
    use rustix::fs::{XattrFlags, setxattr};
    let homes = Homes::new();
    let places = Places::of_home(homes.target(""));
    let at = |name: &str| places.opened.join(name);
    opened::sweep(&places);
    for (name, mode, is_marked) in
        [("web-1", 0o400, true), ("web-2", 0o600, true), ("web-3", 0o400, true), ("tax-2023", 0o400, false)]
    {
        if is_marked {
            opened::make(&places, "web").unwrap();
        } else {
            fs::create_dir(at(name)).unwrap();
        }
        let file = at(name).join("a.txt");
        fs::write(&file, "a").unwrap();
        if is_marked {
            setxattr(&file, "user.atoll.origin", b"web", XattrFlags::empty()).unwrap();
        }
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
    }
    // A folder within, one of the user's own, and a link.
    fs::create_dir_all(at("host-1/sub")).unwrap();
    fs::create_dir(at("mine")).unwrap();
    symlink(homes.root(), at("link-1")).unwrap();
    fs::create_dir(homes.target("empty-1")).unwrap();
    opened::sweep(&places);
    let mut left = fs::read_dir(&places.opened).unwrap().flatten().map(|entry| entry.file_name()).collect::<Vec<_>>();
    left.sort();
    assert_eq!(left, ["host-1", "link-1", "mine", "tax-2023", "web-2"]);
    assert!(homes.target("empty-1").exists());
    opened::make(&places, "web").unwrap();
    assert_eq!(fs::metadata(at("web-1")).unwrap().mode() & 0o777, 0o700);
}

/// An edited file with this content comes back to `a.odt`, from which `went_out` had gone.
fn come_back(homes: &Homes, went_out: &str, edited: &str) -> (FileOutcome, FileReason) {
    let (_, mut target) = homes.start();
    let entries = [file(0, "other name.odt", edited.len() as u64)];
    let path = homes.target("a.odt").into_os_string().into_encoded_bytes();
    let replaced =
        files_receive::Destination::Replaced(Replaced { path, sha256: sha256(went_out.as_bytes()).to_vec() });
    let (mut results, _) = target.expect(receive_of(&entries, replaced), &entries).unwrap();
    let (more, _) = target.give(2, &records_of(&[(0, edited.as_bytes())]));
    results.extend(more);
    target.finish();
    outcome(&results, 0)
}

#[test]
fn an_edited_file_takes_its_place_and_a_copy_of_the_first_is_kept() {
    let homes = Homes::new();
    let read = |name: &str| fs::read_to_string(homes.target(name)).unwrap();
    fs::write(homes.target("a.odt"), "one").unwrap();
    assert_eq!(come_back(&homes, "one", "two").0, FileOutcome::Whole);
    assert_eq!((read("a.odt"), read("a.before-edit.odt")), ("two".to_owned(), "one".to_owned()));
    // The second save of the same edit.
    assert_eq!(come_back(&homes, "two", "three").0, FileOutcome::Whole);
    assert_eq!((read("a.odt"), read("a.before-edit.odt")), ("three".to_owned(), "one".to_owned()));
    assert_eq!(fs::read_dir(homes.target("")).unwrap().count(), 2);
    // Edited here in between, and then out again: another copy.
    fs::write(homes.target("a.odt"), "four").unwrap();
    assert_eq!(come_back(&homes, "four", "five").0, FileOutcome::Whole);
    assert_eq!(read("a.before-edit (2).odt"), "four");
}

#[test]
fn a_file_that_changed_on_both_sides_is_kept_twice_and_an_empty_one_is_refused() {
    let homes = Homes::new();
    let read = |name: &str| fs::read_to_string(homes.target(name)).unwrap();
    fs::write(homes.target("a.odt"), "changed here").unwrap();
    assert_eq!(come_back(&homes, "one", "changed there").0, FileOutcome::KeptBoth);
    assert_eq!((read("a.odt"), read("a (2).odt")), ("changed here".to_owned(), "changed there".to_owned()));
    assert_eq!(come_back(&homes, "changed here", ""), (FileOutcome::Refused, FileReason::Empty));
    assert_eq!(come_back(&homes, "one", "changed here").0, FileOutcome::Same);
    assert_eq!(read("a.odt"), "changed here");
    assert_eq!(fs::read_dir(homes.target("")).unwrap().count(), 2);
}
