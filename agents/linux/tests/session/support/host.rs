//! A minimal host: opens the agent's sockets, gives credits, puts frames together. For tests and examples/host.rs.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use atoll_wire::header::Message as Body;
use atoll_wire::{
    Credit, Encoding, Epoch, Frame, Keymap, MAJOR, MINOR, Message, Output, PointerMotion, Welcome, encode, opening,
};

use super::rules::Rules;

/// How long a test waits for what comes by itself: a busy machine is no failure.
pub const PATIENCE: Duration = Duration::from_secs(60);

pub const CONTROL: usize = 0;
pub const FRAMES: usize = 1;
pub const BULK: usize = 2;

/// What the host knows of a surface.
#[derive(Debug, Default, Clone)]
pub struct Shown {
    pub width: u32,
    pub height: u32,
    pub pixels: Vec<u8>,
    pub serial: u32,
    pub frame: Frame,
    /// Payload bytes of the last whole frame.
    pub bytes: usize,
    part_bytes: usize,
    pub damage: Vec<(u32, u32, u32, u32)>,
}

pub struct Host {
    rules: Rules,
    streams: [UnixStream; 3],
    incoming: Receiver<(usize, Message)>,
    /// More messages have come than a host takes.
    has_flooded: Arc<AtomicBool>,
    pub surfaces: BTreeMap<u32, Shown>,
    /// Every message that has come, but for frames, in order.
    pub log: Vec<(usize, Message)>,
    /// False = credits are given by hand.
    pub gives_credits: bool,
    started: Instant,
    last_id: u32,
}

/// Connects, announces `epoch` on one socket, and waits for its echo. The agent has one client at a time, and may first
/// have to notice that the one before is gone.
fn open(path: &Path, epoch: &Epoch) -> UnixStream {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match try_open(path, epoch) {
            Ok(stream) => return stream,
            Err(error) => assert!(Instant::now() < deadline, "{}: {error}", path.display()),
        }
        thread::sleep(Duration::from_millis(10));
    }
}

fn try_open(path: &Path, epoch: &Epoch) -> io::Result<UnixStream> {
    let mut stream = UnixStream::connect(path)?;
    let opening = opening(epoch);
    stream.write_all(&opening)?;
    let mut seen = Vec::new();
    let mut byte = [0];
    while !seen.ends_with(&opening) {
        stream.read_exact(&mut byte)?;
        seen.push(byte[0]);
    }
    Ok(stream)
}

/// Control messages, and surfaces that open, that a host takes: so many at once after a rest, and then so many each second.
const BURST: [f64; 2] = [15_000.0, 4000.0];
const PER_S: [f64; 2] = [5000.0, 1000.0];

fn read_messages(port: usize, mut stream: UnixStream, out: &Sender<(usize, Message)>, has_flooded: &AtomicBool) {
    let mut prefix = [0; 4];
    let (mut left, mut since) = (BURST, Instant::now());
    while stream.read_exact(&mut prefix).is_ok() {
        let length = u32::from_le_bytes(prefix) as usize;
        let mut framed = prefix.to_vec();
        framed.resize(4 + length, 0);
        if stream.read_exact(&mut framed[4..]).is_err() {
            return;
        }
        let message = atoll_wire::decode(&framed).expect("the agent's messages are sound");
        let now = Instant::now();
        let opens =
            matches!(message.body, Some(Body::WindowOpened(_) | Body::PopupOpened(_) | Body::SubsurfaceOpened(_)));
        for (at, cost) in [1.0, f64::from(u8::from(opens))].into_iter().enumerate() {
            left[at] = (left[at] + (now - since).as_secs_f64() * PER_S[at]).min(BURST[at]) - cost;
        }
        since = now;
        if port == CONTROL && left.iter().any(|left| *left < 0.0) {
            has_flooded.store(true, Ordering::Relaxed);
        }
        if out.send((port, message)).is_err() {
            return;
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        for stream in &self.streams {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

impl Host {
    /// Opens a session with the agent that listens in `folder` and welcomes it, with a keyboard layout of XKB.
    pub fn connect(folder: &Path, epoch: Epoch, layout: &str) -> Self {
        let streams = ["control", "frames", "bulk"].map(|name| open(&folder.join(name), &epoch));
        let (sender, incoming) = channel();
        let has_flooded = Arc::new(AtomicBool::new(false));
        for (port, stream) in streams.iter().enumerate() {
            let (stream, sender) = (stream.try_clone().expect("a copy"), sender.clone());
            let has_flooded = has_flooded.clone();
            thread::spawn(move || read_messages(port, stream, &sender, &has_flooded));
        }
        let mut host = Self {
            rules: Rules::default(),
            streams,
            incoming,
            has_flooded,
            surfaces: BTreeMap::new(),
            log: Vec::new(),
            gives_credits: true,
            started: Instant::now(),
            last_id: 0,
        };
        host.wait("hello", |body| matches!(body, Body::Hello(_)).then_some(()));
        host.send(
            CONTROL,
            Body::Welcome(Welcome {
                major: MAJOR,
                minor: MINOR,
                output: Some(Output { width: 1280, height: 800, scale_120: 120, refresh_mhz: 60_000 }),
                keymap: Some(Keymap { layout: layout.to_owned(), ..Keymap::default() }),
            }),
        );
        host
    }

    pub fn send(&mut self, port: usize, body: Body) {
        self.send_with(port, body, &[]);
    }

    pub fn send_with(&mut self, port: usize, body: Body, payload: &[u8]) {
        self.rules.sent(&body);
        let mut bytes = Vec::new();
        encode(body, payload, &mut bytes).expect("encodes");
        self.streams[port].write_all(&bytes).expect("the agent reads");
    }

    pub fn send_bytes(&mut self, port: usize, bytes: &[u8]) {
        self.streams[port].write_all(bytes).expect("the agent reads");
    }

    /// For an exec or a stream.
    pub fn next_id(&mut self) -> u32 {
        self.last_id += 1;
        self.last_id
    }

    pub fn time_ms(&self) -> u32 {
        self.started.elapsed().as_millis() as u32
    }

    /// Waits for a message for which `found` gives something. It and all messages before it are forgotten.
    pub fn wait<T>(&mut self, what: &str, found: impl Fn(&Body) -> Option<T>) -> T {
        self.wait_message(what, |message| found(message.body.as_ref()?))
    }

    pub fn wait_message<T>(&mut self, what: &str, found: impl Fn(&Message) -> Option<T>) -> T {
        let end = Instant::now() + PATIENCE;
        loop {
            while !self.log.is_empty() {
                let (_, message) = self.log.remove(0);
                if let Some(it) = found(&message) {
                    return it;
                }
            }
            self.step(what, end);
        }
    }

    /// Waits until a frame of the surface satisfies `found`.
    pub fn wait_frame(&mut self, what: &str, surface: u32, found: impl Fn(&Shown) -> bool) -> Shown {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(shown) = self.surfaces.get(&surface).filter(|shown| shown.serial > 0 && found(shown)) {
                return shown.clone();
            }
            self.step(what, end);
        }
    }

    /// Handles one message. False = none came in time.
    pub fn handle_one(&mut self, end: Instant) -> bool {
        let left = end.saturating_duration_since(Instant::now());
        self.incoming.recv_timeout(left).map(|(port, message)| self.receive(port, message)).is_ok()
    }

    fn step(&mut self, what: &str, end: Instant) {
        if !self.handle_one(end) {
            panic!("waited in vain for {what}; came: {:?}; surfaces: {:?}", self.log, self.surfaces.keys());
        }
    }

    fn receive(&mut self, port: usize, message: Message) {
        self.rules.check(&message);
        assert!(!self.has_flooded.load(Ordering::Relaxed), "the agent floods the host");
        let opened = match message.body.as_ref() {
            Some(Body::Frame(frame)) => {
                let frame = frame.clone();
                return self.draw(&frame, &message.payload);
            }
            Some(Body::WindowOpened(opened)) => Some(opened.surface),
            Some(Body::PopupOpened(opened)) => Some(opened.surface),
            Some(Body::SubsurfaceOpened(opened)) => Some(opened.surface),
            Some(Body::SurfaceClosed(closed)) => {
                self.surfaces.remove(&closed.surface);
                None
            }
            _ => None,
        };
        if let Some(surface) = opened {
            assert!(self.surfaces.insert(surface, Shown::default()).is_none(), "surface {surface} was opened twice");
            if self.gives_credits {
                self.credit(surface, 2);
            }
        }
        self.log.push((port, message));
    }

    pub fn credit(&mut self, surface: u32, count: u32) {
        let shown_serial = self.surfaces.get(&surface).map_or(0, |shown| shown.serial);
        self.rules.granted(surface, count);
        self.send(FRAMES, Body::Credit(Credit { surface, count, shown_serial }));
    }

    fn draw(&mut self, frame: &Frame, payload: &[u8]) {
        let Some(shown) = self.surfaces.get_mut(&frame.surface) else { return };
        if shown.frame.serial != frame.serial {
            assert_eq!(frame.serial, shown.frame.serial + 1, "serials count up");
            shown.part_bytes = 0;
            shown.damage.clear();
        }
        if (shown.width, shown.height) != (frame.width, frame.height) {
            (shown.width, shown.height) = (frame.width, frame.height);
            shown.pixels = vec![0; frame.width as usize * frame.height as usize * 4];
        }
        let mut rest = payload;
        for rect in &frame.damage {
            let (bytes, tail) = rest.split_at(rect.size as usize);
            rest = tail;
            let size = rect.width as usize * rect.height as usize * 4;
            let raw = match rect.encoding() {
                Encoding::Lz4 => lz4_flex::block::decompress(bytes, size).expect("LZ4"),
                Encoding::Solid => bytes.repeat(size / 4),
                _ => bytes.to_vec(),
            };
            assert_eq!(raw.len(), size);
            for (row, line) in raw.chunks(rect.width as usize * 4).enumerate() {
                let at = ((rect.y as usize + row) * frame.width as usize + rect.x as usize) * 4;
                shown.pixels[at..at + line.len()].copy_from_slice(line);
            }
            shown.damage.push((rect.x, rect.y, rect.width, rect.height));
        }
        assert!(rest.is_empty());
        shown.part_bytes += payload.len();
        shown.frame = frame.clone();
        if frame.last {
            shown.serial = frame.serial;
            shown.bytes = shown.part_bytes;
            if self.gives_credits {
                self.credit(frame.surface, 1);
            }
        }
    }

    pub fn move_pointer(&mut self, surface: u32, x: f64, y: f64) {
        let time_ms = self.time_ms();
        let (x_fixed, y_fixed) = ((x * 256.0) as i32, (y * 256.0) as i32);
        self.send(CONTROL, Body::PointerMotion(PointerMotion { surface, x_fixed, y_fixed, time_ms }));
    }
}
