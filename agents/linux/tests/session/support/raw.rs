//! A Wayland client of bytes, for a protocol that no crate of the tests has.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

const DISPLAY: u32 = 1;
const REGISTRY: u32 = 2;
const SYNC: u32 = 3;

pub struct RawClient {
    stream: UnixStream,
    globals: Vec<(u32, String)>,
    last_id: u32,
}

impl RawClient {
    /// Its events are thrown away, but for the names of globals.
    pub fn connect(mut stream: UnixStream) -> Self {
        stream.write_all(&request(DISPLAY, 1, &[REGISTRY])).expect("the agent reads");
        stream.write_all(&request(DISPLAY, 0, &[SYNC])).expect("the agent reads");
        let mut globals = Vec::new();
        loop {
            let (object, opcode, body) = event(&mut stream);
            let number = |at: usize| u32::from_ne_bytes(body[at..at + 4].try_into().expect("four bytes"));
            match (object, opcode) {
                (REGISTRY, 0) => {
                    let name = &body[8..8 + number(4) as usize - 1];
                    globals.push((number(0), String::from_utf8(name.to_vec()).expect("a name")));
                }
                (SYNC, _) => break,
                _ => {}
            }
        }
        let mut rest = stream.try_clone().expect("a copy");
        thread::spawn(move || std::io::copy(&mut rest, &mut std::io::sink()));
        Self { stream, globals, last_id: SYNC }
    }

    pub fn new_id(&mut self) -> u32 {
        self.last_id += 1;
        self.last_id
    }

    pub fn send(&mut self, object: u32, opcode: u16, arguments: &[u32]) {
        self.stream.write_all(&request(object, opcode, arguments)).expect("the agent reads");
    }

    /// Says the same over and over, until it is disconnected or told to stop.
    pub fn flood(mut self, object: u32, opcode: u16, arguments: &[u32], stop: &AtomicBool) {
        let requests = request(object, opcode, arguments).repeat(2000);
        while !stop.load(Ordering::Relaxed) && self.stream.write_all(&requests).is_ok() {}
    }

    /// Gives its id.
    pub fn bind(&mut self, interface: &str) -> u32 {
        let name = self.globals.iter().find(|(_, name)| name == interface).expect("the global").0;
        let id = self.new_id();
        let mut text = interface.as_bytes().to_vec();
        text.resize(text.len() / 4 * 4 + 4, 0);
        let words = text.chunks(4).map(|word| u32::from_ne_bytes(word.try_into().expect("four bytes")));
        let arguments = [name, interface.len() as u32 + 1].into_iter().chain(words).chain([1, id]);
        self.send(REGISTRY, 0, &arguments.collect::<Vec<_>>());
        id
    }
}

impl Drop for RawClient {
    fn drop(&mut self) {
        let _ = self.stream.shutdown(std::net::Shutdown::Both);
    }
}

fn request(object: u32, opcode: u16, arguments: &[u32]) -> Vec<u8> {
    let size = 8 + 4 * arguments.len() as u32;
    let words = [object, size << 16 | u32::from(opcode)].into_iter().chain(arguments.iter().copied());
    words.flat_map(u32::to_ne_bytes).collect()
}

fn event(stream: &mut UnixStream) -> (u32, u16, Vec<u8>) {
    let mut head = [0; 8];
    stream.read_exact(&mut head).expect("an event");
    let [object, size] = [0, 4].map(|at| u32::from_ne_bytes(head[at..at + 4].try_into().expect("four bytes")));
    let mut body = vec![0; (size >> 16) as usize - 8];
    stream.read_exact(&mut body).expect("an event");
    (object, size as u16, body)
}
