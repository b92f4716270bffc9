//! The program itself, between sockets that stand for VMs.
#![allow(clippy::unwrap_used)]

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

struct Relay {
    child: Child,
    said: BufReader<ChildStdout>,
}

impl Relay {
    fn start(words: &[&str]) -> Self {
        let mut child =
            Command::new(env!("CARGO_BIN_EXE_atoll-relay")).args(words).stdout(Stdio::piped()).spawn().unwrap();
        let said = BufReader::new(child.stdout.take().unwrap());
        Self { child, said }
    }

    /// Waits until it says this, whatever it says before.
    fn says(&mut self, beginning: &str) -> String {
        loop {
            let mut line = String::new();
            assert_ne!(self.said.read_line(&mut line).unwrap(), 0, "it has ended and not said \"{beginning}\"");
            if line.starts_with(beginning) {
                return line;
            }
        }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Sockets(PathBuf);

impl Sockets {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("atoll-relay-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    fn listen(&self, name: &str) -> UnixListener {
        UnixListener::bind(self.path(name)).unwrap()
    }
}

impl Drop for Sockets {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn read(stream: &mut UnixStream, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes).unwrap();
    bytes
}

#[test]
fn joins_two_vms_and_joins_them_again_when_one_was_gone() {
    let sockets = Sockets::new("join");
    let a = sockets.listen("a");
    let mut relay = Relay::start(&["join", &sockets.path("a"), &sockets.path("b")]);
    let (mut one, _) = a.accept().unwrap();
    // What is sent before the other is there is not lost.
    one.write_all(b"early").unwrap();
    let b = sockets.listen("b");
    let (mut other, _) = b.accept().unwrap();
    relay.says("joined");
    assert_eq!(read(&mut other, 5), b"early");
    other.write_all(b"answer").unwrap();
    assert_eq!(read(&mut one, 6), b"answer");

    drop(other);
    relay.says("parted");
    // The one that is there is left, too: it would wait for the rest of a frame.
    assert_eq!(one.read(&mut [0; 8]).unwrap(), 0);
    let (mut one, _) = a.accept().unwrap();
    let (mut other, _) = b.accept().unwrap();
    relay.says("joined");
    other.write_all(b"again").unwrap();
    assert_eq!(read(&mut one, 5), b"again");
}

#[test]
fn an_end_that_comes_and_goes_is_left_alone_for_a_moment_each_time() {
    let sockets = Sockets::new("flapping");
    let (a, b) = (sockets.listen("a"), sockets.listen("b"));
    let mut relay = Relay::start(&["join", &sockets.path("a"), &sockets.path("b")]);
    for _ in 0..3 {
        let ends = (a.accept().unwrap(), b.accept().unwrap());
        relay.says("joined");
        let before = Instant::now();
        drop(ends);
        relay.says("parted");
        let next = a.accept().unwrap();
        // However slow this test is: it is no less.
        assert!(before.elapsed() >= Duration::from_millis(100));
        drop((next, b.accept().unwrap()));
        relay.says("parted");
    }
}

#[test]
fn carries_more_than_fits_into_any_buffer() {
    let sockets = Sockets::new("much");
    let (a, b) = (sockets.listen("a"), sockets.listen("b"));
    let mut relay = Relay::start(&["join", &sockets.path("a"), &sockets.path("b")]);
    let (mut one, _) = a.accept().unwrap();
    let (mut other, _) = b.accept().unwrap();
    let bytes: Vec<u8> = (0..8_000_000u32).map(|at| (at % 251) as u8).collect();
    let sent = bytes.clone();
    let writer = std::thread::spawn(move || one.write_all(&sent).map(|()| one));
    assert!(read(&mut other, bytes.len()) == bytes);
    drop(writer.join().unwrap().unwrap());
    assert_eq!(relay.says("parted"), "parted one end has gone\n");
}

/// Length, hardware addresses, IPv4 and a TCP segment without an option.
fn frame(to: [u8; 4]) -> Vec<u8> {
    let mut frame = vec![0, 0, 0, 54];
    frame.extend([0x52; 12]);
    frame.extend([0x08, 0]);
    frame.extend([0x45, 0, 0, 40, 0, 0, 0x40, 0, 64, 6, 0, 0, 10, 137, 0, 6]);
    frame.extend(to);
    frame.extend([0x80, 0, 0, 80]);
    frame.extend([0; 16]);
    frame
}

const ENDS: &str = "10.137.0.6,10.137.0.5,fd00:137:1::2,fd00:137:1::1";
/// Gives back what it is sent, by the socket whose number follows `-F`.
const ECHO: &str = r#"exec cat <&"$2" >&"$2""#;

#[test]
fn what_speaks_on_the_internet_gets_what_passes_the_filter_alone() {
    let sockets = Sockets::new("uplink");
    let a = sockets.listen("a");
    let words = ["uplink", &sockets.path("a"), ENDS, "--", "bash", "-c", ECHO, "echo"];
    let mut relay = Relay::start(&words);
    let (mut vm, _) = a.accept().unwrap();
    relay.says("joined");
    let (allowed, other) = (frame([1, 1, 1, 1]), frame([198, 18, 0, 10]));
    // In pieces, and with frames between that are for nobody.
    let sent = [&frame([127, 0, 0, 1])[..], &allowed, &frame([192, 168, 0, 1]), &other].concat();
    for piece in sent.chunks(7) {
        vm.write_all(piece).unwrap();
    }
    assert_eq!(read(&mut vm, allowed.len() + other.len()), [allowed, other].concat());
    let counted = relay.says("counted");
    assert!(counted.ends_with(" 2\n"), "{counted}");
    vm.write_all(&[0xff; 4]).unwrap();
    relay.says("parted");
    assert_eq!(vm.read(&mut [0; 8]).unwrap(), 0);
}

#[test]
fn what_speaks_on_the_internet_is_started_again() {
    let sockets = Sockets::new("again");
    let a = sockets.listen("a");
    let words = ["uplink", &sockets.path("a"), ENDS, "--", "bash", "-c", "exit 7"];
    let mut relay = Relay::start(&words);
    for _ in 0..2 {
        let (_vm, _) = a.accept().unwrap();
        assert!(relay.says("parted").contains("7"));
    }
}

#[test]
fn a_program_that_there_is_not_is_said() {
    let sockets = Sockets::new("missing");
    let a = sockets.listen("a");
    let mut relay = Relay::start(&["uplink", &sockets.path("a"), ENDS, "--", "/nowhere/passt"]);
    let (_vm, _) = a.accept().unwrap();
    assert!(relay.says("parted").contains("/nowhere/passt"));
}

#[test]
fn refuses_what_it_does_not_understand() {
    for words in [&["join", "a"][..], &["uplink", "a", "1.2.3.4", "--", "passt"], &[]] {
        let status =
            Command::new(env!("CARGO_BIN_EXE_atoll-relay")).args(words).stderr(Stdio::null()).status().unwrap();
        assert_eq!(status.code(), Some(2));
    }
}
