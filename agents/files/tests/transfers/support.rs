//! A host between two programs.

use std::collections::VecDeque;
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use atoll_wire::header::Message as Body;
use atoll_wire::{
    FileEntry, FileKind, FileOutcome, FileReason, FileResult, FilesEnded, FilesExpected, FilesList, FilesReady,
    FilesReceive, FilesSend, Incoming, Message, StreamCredit, StreamData, StreamEnd, files_receive,
};
use tempfile::TempDir;

/// A busy machine is no failure.
const PATIENCE: Duration = Duration::from_secs(60);
pub const KEY: [u8; 16] = [7; 16];
/// More than a record holds, and not a multiple of one.
pub const LARGE_BYTES: usize = 5_000_011;

pub struct Program {
    child: Child,
    input: Option<ChildStdin>,
    came: Receiver<Message>,
    kept: VecDeque<Message>,
}

impl Program {
    pub fn start(home: &Path) -> Self {
        Self::start_with(home, &[])
    }

    pub fn start_with(home: &Path, more: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_atoll-files"));
        command.arg("--home").arg(home).args(more).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("it starts");
        let (sender, came) = channel();
        let mut out = child.stdout.take().expect("a pipe");
        thread::spawn(move || {
            let mut prefix = [0; 4];
            while out.read_exact(&mut prefix).is_ok() {
                let mut framed = prefix.to_vec();
                framed.resize(4 + u32::from_le_bytes(prefix) as usize, 0);
                if out.read_exact(&mut framed[4..]).is_err()
                    || sender.send(atoll_wire::decode(&framed).expect("sound")).is_err()
                {
                    return;
                }
            }
        });
        let input = child.stdin.take();
        Self { child, input, came, kept: VecDeque::new() }
    }

    pub fn send(&mut self, body: Body) {
        self.send_with(body, &[]);
    }

    pub fn send_with(&mut self, body: Body, payload: &[u8]) {
        let mut framed = Vec::new();
        atoll_wire::encode(body, payload, &mut framed).expect("encodes");
        // It may have been killed.
        let _ = self.input.as_mut().expect("it runs").write_all(&framed);
    }

    /// The next message; None = it has ended.
    pub fn next(&mut self) -> Option<Message> {
        self.kept.pop_front().or_else(|| match self.came.recv_timeout(PATIENCE) {
            Ok(message) => Some(message),
            Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => None,
            Err(error) => panic!("{error}"),
        })
    }

    /// The next message for which `found` gives something; others are kept.
    pub fn wait<T>(&mut self, what: &str, found: impl Fn(&Message) -> Option<T>) -> T {
        let mut others = VecDeque::new();
        loop {
            let message = self.next().unwrap_or_else(|| panic!("it ended; waited for {what}; came {others:?}"));
            if let Some(it) = found(&message) {
                others.append(&mut self.kept);
                self.kept = others;
                return it;
            }
            others.push_back(message);
        }
    }

    pub fn kill(mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("an end");
    }

    /// Closes its input and waits for its end.
    pub fn finish(&mut self) {
        self.input = None;
        assert!(self.child.wait().expect("an end").success());
    }

    pub fn list(&mut self, transfer: u32, paths: &[&str]) -> Result<Vec<FileEntry>, FilesEnded> {
        let paths = paths.iter().map(|path| path.as_bytes().to_vec()).collect();
        self.send(Body::FilesList(FilesList { transfer, paths, ..FilesList::default() }));
        let mut entries = Vec::new();
        loop {
            let message = self.wait("a list", |message| match &message.body {
                Some(Body::FilesListed(listed)) => Some(Ok(listed.clone())),
                Some(Body::FilesEnded(ended)) => Some(Err(ended.clone())),
                _ => None,
            })?;
            entries.extend(message.entries);
            if message.last {
                return Ok(entries);
            }
        }
    }

    /// Announces what comes; gives what was refused already, and where to begin.
    pub fn expect(
        &mut self,
        receive: FilesReceive,
        entries: &[FileEntry],
    ) -> Result<(Vec<FileResult>, FilesReady), FilesEnded> {
        let transfer = receive.transfer;
        self.send(Body::FilesReceive(receive));
        let mut rest = entries.chunks(200).peekable();
        if rest.peek().is_none() {
            self.send(Body::FilesExpected(FilesExpected { transfer, entries: vec![], last: true }));
        }
        while let Some(some) = rest.next() {
            let last = rest.peek().is_none();
            self.send(Body::FilesExpected(FilesExpected { transfer, entries: some.to_vec(), last }));
        }
        let mut results = Vec::new();
        loop {
            match self.next().expect("it runs").body {
                Some(Body::FilesDone(done)) => results.extend(done.results),
                Some(Body::FilesReady(ready)) => return Ok((results, ready)),
                Some(Body::FilesEnded(ended)) => return Err(ended),
                Some(Body::StreamCredit(_) | Body::StreamEnd(_)) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// Writes to a stream, whatever the credit (it is large enough for what tests say by hand), and waits for the end.
    pub fn give(&mut self, stream: u32, bytes: &[u8]) -> (Vec<FileResult>, FilesEnded) {
        for piece in bytes.chunks(60_000) {
            self.send_with(Body::StreamData(StreamData { stream }), piece);
        }
        self.send(Body::StreamEnd(StreamEnd { stream, aborted: false }));
        self.results()
    }

    pub fn results(&mut self) -> (Vec<FileResult>, FilesEnded) {
        let mut results = Vec::new();
        loop {
            match self.next().expect("it runs").body {
                Some(Body::FilesDone(done)) => results.extend(done.results),
                Some(Body::FilesEnded(ended)) => return (results, ended),
                Some(Body::StreamCredit(_) | Body::StreamEnd(_)) => {}
                other => panic!("{other:?}"),
            }
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Homes of two users.
pub struct Homes {
    folder: TempDir,
}

impl Homes {
    pub fn new() -> Self {
        // Not in memory: marks and free space as on a disk.
        let folder = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
        for name in ["source", "target"] {
            fs::create_dir(folder.path().join(name)).expect("a folder");
        }
        Self { folder }
    }

    pub fn root(&self) -> &Path {
        self.folder.path()
    }

    pub fn source(&self, name: &str) -> PathBuf {
        self.folder.path().join("source").join(name)
    }

    pub fn target(&self, name: &str) -> PathBuf {
        self.folder.path().join("target").join(name)
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.source(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, bytes).expect("a file");
    }

    pub fn start(&self) -> (Program, Program) {
        (Program::start(&self.source("")), Program::start(&self.target("")))
    }
}

pub fn to_incoming() -> files_receive::Destination {
    files_receive::Destination::Incoming(Incoming {})
}

pub fn to_path(path: &str) -> files_receive::Destination {
    files_receive::Destination::Path(path.as_bytes().to_vec())
}

/// For the entries of a list that are sent; numbers them anew.
pub fn receive_of(entries: &[FileEntry], destination: files_receive::Destination) -> FilesReceive {
    FilesReceive {
        transfer: 1,
        stream: 2,
        key: KEY.to_vec(),
        origin: "work".to_owned(),
        destination: Some(destination),
        files: entries.len() as u32,
        bytes: entries.iter().map(|entry| entry.size).sum(),
        ..FilesReceive::default()
    }
}

pub fn file(index: u32, path: impl AsRef<[u8]>, size: u64) -> FileEntry {
    let mut entry = FileEntry { index, path: path.as_ref().to_vec(), size, ..FileEntry::default() };
    entry.set_kind(FileKind::File);
    entry
}

pub fn folder(index: u32, path: &str) -> FileEntry {
    let mut entry = FileEntry { index, path: path.as_bytes().to_vec(), ..FileEntry::default() };
    entry.set_kind(FileKind::Folder);
    entry
}

/// Outcome and reason of an entry.
pub fn outcome(results: &[FileResult], index: u32) -> (FileOutcome, FileReason) {
    let mut of_it = results.iter().filter(|result| result.index == index);
    let result = of_it.next().unwrap_or_else(|| panic!("no result of {index} in {results:?}"));
    assert!(of_it.next().is_none(), "{index} twice in {results:?}");
    (result.outcome(), result.reason())
}

/// Passes the stream on as the host does, until `stop` says so (with what has gone through) or both have ended.
pub fn carry(
    source: &mut Program,
    target: &mut Program,
    ready: &FilesReady,
    left_out: &[u32],
    stop: impl Fn(u64) -> bool,
) -> u64 {
    let send = FilesSend {
        transfer: 1,
        stream: 1,
        first: ready.first,
        offset: ready.offset,
        prefix_sha256: ready.prefix_sha256.clone(),
        left_out: left_out.to_vec(),
    };
    source.send(Body::FilesSend(send));
    let mut credit = 512 * 1024_u32;
    source.send(Body::StreamCredit(StreamCredit { stream: 1, bytes: credit }));
    let mut through = 0;
    while !stop(through) {
        let message = source.wait("the stream", |message| match &message.body {
            Some(Body::StreamData(_) | Body::StreamEnd(_)) => Some(message.clone()),
            _ => None,
        });
        match message.body {
            Some(Body::StreamData(_)) => {
                let bytes = message.payload.len() as u32;
                through += u64::from(bytes);
                credit -= bytes;
                target.send_with(Body::StreamData(StreamData { stream: 2 }), &message.payload);
                if credit < 128 * 1024 {
                    // As much as the target takes.
                    let message = target.wait("credit", |message| match &message.body {
                        Some(Body::StreamCredit(_) | Body::FilesEnded(_)) => Some(message.clone()),
                        _ => None,
                    });
                    let Some(Body::StreamCredit(StreamCredit { bytes: more, .. })) = message.body else {
                        target.kept.push_front(message);
                        break;
                    };
                    credit += more;
                    source.send(Body::StreamCredit(StreamCredit { stream: 1, bytes: more }));
                }
            }
            Some(Body::StreamEnd(StreamEnd { aborted, .. })) => {
                target.send(Body::StreamEnd(StreamEnd { stream: 2, aborted }));
                break;
            }
            _ => {}
        }
    }
    through
}

/// A whole transfer.
pub fn copy(
    source: &mut Program,
    target: &mut Program,
    paths: &[&str],
    destination: files_receive::Destination,
) -> (Vec<FileResult>, FilesEnded) {
    let entries = source.list(1, paths).expect("a list");
    let receive = receive_of(&entries, destination);
    let (mut results, ready) = target.expect(receive, &entries).expect("ready");
    carry(source, target, &ready, &[], |_| false);
    let (more, ended) = target.results();
    results.extend(more);
    (results, ended)
}

/// Bytes that no two places have alike.
pub fn bytes(count: usize) -> Vec<u8> {
    (0..count as u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect()
}

pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    use sha2::Digest;
    sha2::Sha256::digest(bytes).into()
}

/// One record, whatever it says.
pub fn record(kind: u8, index: u32, bytes: &[u8]) -> Vec<u8> {
    [&[kind][..], &index.to_le_bytes(), &(bytes.len() as u32).to_le_bytes(), bytes].concat()
}

pub fn begin(index: u32) -> Vec<u8> {
    record(1, index, &0_u64.to_le_bytes())
}

/// The end of a file of which `bytes` were read.
pub fn end(index: u32, bytes: &[u8]) -> Vec<u8> {
    record(3, index, &sha256(bytes))
}

/// A stream of small files.
pub fn records_of(files: &[(u32, &[u8])]) -> Vec<u8> {
    let of_file = |(index, bytes): &(u32, &[u8])| {
        let data = if bytes.is_empty() { Vec::new() } else { record(2, *index, bytes) };
        [begin(*index), data, end(*index, bytes)].concat()
    };
    [files.iter().flat_map(of_file).collect(), record(5, 0, b"")].concat()
}
