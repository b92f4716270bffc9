//! A file that is watched.

use std::fs;
use std::io::Write;

use atoll_wire::header::Message as Body;
use atoll_wire::{FileSaved, FileUnwatch, FileWatch};

use crate::support::{Homes, Program, sha256};

fn saved(program: &mut Program) -> FileSaved {
    program.wait("FileSaved", |message| match &message.body {
        Some(Body::FileSaved(saved)) => Some(saved.clone()),
        _ => None,
    })
}

#[test]
fn a_file_is_saved_when_it_was_written_or_renamed_over() {
    let homes = Homes::new();
    homes.write("a.odt", "one");
    homes.write("b", "other");
    let path = homes.source("a.odt");
    let mut program = Program::start(&homes.source(""));
    let watched = path.clone().into_os_string().into_encoded_bytes();
    program.send(Body::FileWatch(FileWatch { watch: 1, path: watched.clone() }));
    // It is watched once this is answered.
    program.list(1, &["b"]).unwrap();

    let mut file = fs::File::create(&path).unwrap();
    file.write_all(b"tw").unwrap();
    file.write_all(b"o").unwrap();
    drop(file);
    assert_eq!(saved(&mut program), FileSaved { watch: 1, size: 3, sha256: sha256(b"two").to_vec() });

    // Another file, and the same content again, are nothing new.
    homes.write("b", "changed");
    homes.write("a.odt", "two");
    homes.write("new", "three");
    fs::rename(homes.source("new"), &path).unwrap();
    assert_eq!(saved(&mut program).sha256, sha256(b"three"));

    program.send(Body::FileUnwatch(FileUnwatch { watch: 1 }));
    program.send(Body::FileWatch(FileWatch { watch: 2, path: watched }));
    program.list(2, &["b"]).unwrap();
    homes.write("a.odt", "four");
    assert_eq!(saved(&mut program), FileSaved { watch: 2, size: 4, sha256: sha256(b"four").to_vec() });
    program.finish();
}
