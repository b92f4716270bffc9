//! Files of the guest: listed, sent, received.

use std::fs;
use std::path::PathBuf;

use atoll_wire::header::Message as Body;
use atoll_wire::limits::MAX_STREAM_CHUNK_BYTES;
use atoll_wire::{
    FileEntry, FileOutcome, FileReason, FileResult, FilesEnded, FilesExpected, FilesList, FilesReceive, FilesSend,
    FilesStop, Incoming, files_receive,
};

use crate::support::agent::Agent;
use crate::support::host::{BULK, Host};

fn home(agent: &Agent, name: &str) -> PathBuf {
    let path = agent.path("home").join(name);
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    path
}

fn list(host: &mut Host, transfer: u32, path: &str) -> Vec<FileEntry> {
    let paths = vec![path.as_bytes().to_vec()];
    host.send(BULK, Body::FilesList(FilesList { transfer, paths, ..FilesList::default() }));
    let mut entries = Vec::new();
    loop {
        let (some, last) = host.wait("FilesListed", |body| match body {
            Body::FilesListed(listed) if listed.transfer == transfer => Some((listed.entries.clone(), listed.last)),
            _ => None,
        });
        entries.extend(some);
        if last {
            return entries;
        }
    }
}

/// The whole stream.
fn read(host: &mut Host, transfer: u32) -> Vec<u8> {
    let stream = host.next_id();
    host.send(BULK, Body::FilesSend(FilesSend { transfer, stream, ..FilesSend::default() }));
    let (bytes, aborted) = host.read_stream(stream);
    assert!(!aborted);
    assert_eq!(ended(host, transfer).reason(), FileReason::Unspecified);
    bytes
}

fn ended(host: &mut Host, transfer: u32) -> FilesEnded {
    host.wait("FilesEnded", |body| match body {
        Body::FilesEnded(ended) if ended.transfer == transfer => Some(ended.clone()),
        _ => None,
    })
}

/// Announces what comes; gives the stream, and the credit that it has.
fn announce(host: &mut Host, transfer: u32, entries: Vec<FileEntry>) -> (u32, usize) {
    let stream = host.next_id();
    let receive = FilesReceive {
        transfer,
        stream,
        key: vec![transfer as u8; 16],
        origin: "other".to_owned(),
        destination: Some(files_receive::Destination::Incoming(Incoming {})),
        files: entries.len() as u32,
        bytes: entries.iter().map(|entry| entry.size).sum(),
        ..FilesReceive::default()
    };
    host.send(BULK, Body::FilesReceive(receive));
    let credit = host.wait_stream_credit(stream) as usize;
    host.send(BULK, Body::FilesExpected(FilesExpected { transfer, entries, last: true }));
    host.wait("FilesReady", |body| match body {
        Body::FilesReady(ready) if ready.transfer == transfer => Some(()),
        _ => None,
    });
    (stream, credit)
}

fn results(host: &mut Host, transfer: u32) -> (Vec<FileResult>, FilesEnded) {
    let mut all = Vec::new();
    loop {
        let next = host.wait("FilesDone", |body| match body {
            Body::FilesDone(done) if done.transfer == transfer => Some(Ok(done.results.clone())),
            Body::FilesEnded(ended) if ended.transfer == transfer => Some(Err(ended.clone())),
            _ => None,
        });
        match next {
            Ok(results) => all.extend(results),
            Err(ended) => return (all, ended),
        }
    }
}

#[test]
fn files_go_out_and_come_in() {
    let agent = Agent::start();
    let mut host = agent.host();
    let content: Vec<u8> = (0..3_000_000_u32).map(|at| (at.wrapping_mul(at) >> 8) as u8).collect();
    fs::write(home(&agent, "d/large"), &content).expect("a file");
    for at in 0..300 {
        fs::write(home(&agent, &format!("d/small {at}")), format!("{at}")).expect("a file");
    }
    let entries = list(&mut host, 1, "d");
    assert_eq!(entries.len(), 302);
    let bytes = read(&mut host, 1);
    let (stream, credit) = announce(&mut host, 2, entries);
    let (first, rest) = bytes.split_at(credit.min(bytes.len()));
    for piece in first.chunks(MAX_STREAM_CHUNK_BYTES) {
        host.write_stream(stream, piece);
    }
    assert!(host.write_whole(stream, rest));
    let (results, ended) = results(&mut host, 2);
    assert_eq!(ended.reason(), FileReason::Unspecified, "{ended:?}");
    // That of the folder came before FilesReady.
    assert!(results.len() == 301 && results.iter().all(|result| result.outcome() == FileOutcome::Whole), "{results:?}");
    let incoming = agent.path("home/Incoming/other/d");
    assert!(fs::read(incoming.join("large")).expect("a file") == content);
    assert_eq!(fs::read(incoming.join("small 299")).expect("a file"), b"299");
}

#[test]
fn a_transfer_that_is_stopped_ends_on_both_sides() {
    let agent = Agent::start();
    let mut host = agent.host();
    fs::write(home(&agent, "f"), vec![7; 3_000_000]).expect("a file");
    let entries = list(&mut host, 1, "f");
    let stream = host.next_id();
    host.send(BULK, Body::FilesSend(FilesSend { transfer: 1, stream, ..FilesSend::default() }));
    host.give_stream_credit(stream, 10_000);
    let some = host.wait_data(stream);
    let (target, _) = announce(&mut host, 2, entries);
    host.write_stream(target, &some);
    host.send(BULK, Body::FilesStop(FilesStop { transfer: 1, keep: false }));
    host.send(BULK, Body::FilesStop(FilesStop { transfer: 2, keep: false }));
    assert_eq!(ended(&mut host, 1).reason(), FileReason::Stopped);
    assert_eq!(ended(&mut host, 2).reason(), FileReason::Stopped);
    assert_eq!(fs::read_dir(agent.path("home/Incoming/other")).expect("a folder").count(), 0);
}
