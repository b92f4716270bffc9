//! The program in the guest whose window is watched. An X11 client that draws itself, as toolkits do, and puts its
//! picture with MIT-SHM, so that it is the same program under Xwayland and under an X server that sends its screen.
//!
//!   stimulus flip|paste|paste-png|scroll|noise WIDTH HEIGHT [X Y]     a window, until it is closed
//!   stimulus burn PERCENT                             no window: takes that share of one core
//!
//! `flip` changes all its pixels with each key press; `paste` does when the text that Shift+Insert pastes is there, `paste-png`
//! when the picture is; `scroll` shows a page of text a line further, `noise` another picture of noise, 60 times a second, with
//! the frame's number in the bottom right corner.

use std::error::Error;
use std::os::fd::OwnedFd;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use atoll_bench_tools::{CELL, CELLS, SIDE, squares};
use noto_sans_mono_bitmap::{FontWeight, RasterHeight, get_raster};
use rustix::mm::{MapFlags, ProtFlags};
use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::shm::ConnectionExt as _;
use x11rb::protocol::xproto::{
    Atom, AtomEnum, ConnectionExt as _, CreateGCAux, CreateWindowAux, EventMask, Gcontext, ImageFormat, KeyButMask,
    PropMode, Property, Window, WindowClass,
};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

const FRAME: Duration = Duration::from_nanos(1_000_000_000 / 60);
const LINE: usize = 16;
const PAPER: u32 = 0x00fa_faf7;
const INK: u32 = 0x001c_2430;
const DARK: u32 = 0x0014_3a52;
/// Pictures of noise that are shown in turn.
const NOISES: usize = 8;

type Fallible<T> = Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let done = match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["burn", percent] => percent.parse().map_err(Into::into).map(burn),
        [kind, width, height] => show(kind, width, height, "0", "0"),
        [kind, width, height, x, y] => show(kind, width, height, x, y),
        _ => Err("usage: stimulus flip|paste|paste-png|scroll|noise WIDTH HEIGHT [X Y] | burn PERCENT".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("stimulus: {error}");
            ExitCode::FAILURE
        }
    }
}

fn burn(percent: u64) {
    let period = Duration::from_millis(10);
    let work = period * percent.min(100) as u32 / 100;
    let mut next = Instant::now();
    loop {
        let until = next + work;
        while Instant::now() < until {
            std::hint::spin_loop();
        }
        next = (next + period).max(Instant::now());
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
    }
}

fn show(kind: &str, width: &str, height: &str, x: &str, y: &str) -> Fallible<()> {
    let (width, height) = (width.parse()?, height.parse()?);
    let screen = Screen::open(width, height, x.parse()?, y.parse()?)?;
    match kind {
        "flip" => flip(screen),
        "paste" => paste(screen, b"UTF8_STRING"),
        "paste-png" => paste(screen, b"image/png"),
        "scroll" => animate(screen, &Scroll::new(width.into(), height.into())),
        "noise" => animate(screen, &Noise::new(width.into(), height.into())),
        _ => Err(format!("there is no {kind}").into()),
    }
}

/// A window and two pictures that the X server shares.
struct Screen {
    connection: RustConnection,
    window: Window,
    context: Gcontext,
    width: u16,
    height: u16,
    buffers: Vec<Buffer>,
    next: usize,
}

struct Buffer {
    segment: u32,
    pixels: &'static mut [u32],
    /// The server has not said yet that it has read it.
    is_read: bool,
}

impl Screen {
    fn open(width: u16, height: u16, x: i16, y: i16) -> Fallible<Self> {
        let (connection, number) = x11rb::connect(None)?;
        let root = connection.setup().roots.get(number).ok_or("no screen")?.clone();
        let window = connection.generate_id()?;
        let events =
            EventMask::KEY_PRESS | EventMask::EXPOSURE | EventMask::STRUCTURE_NOTIFY | EventMask::PROPERTY_CHANGE;
        let attributes = CreateWindowAux::new().background_pixel(DARK).event_mask(events);
        let class = WindowClass::INPUT_OUTPUT;
        connection.create_window(
            root.root_depth,
            window,
            root.root,
            x,
            y,
            width,
            height,
            0,
            class,
            root.root_visual,
            &attributes,
        )?;
        let context = connection.generate_id()?;
        connection.create_gc(context, window, &CreateGCAux::new().graphics_exposures(0))?;
        let name = b"stimulus";
        connection.change_property8(PropMode::REPLACE, window, AtomEnum::WM_NAME, AtomEnum::STRING, name)?;
        let pid = connection.intern_atom(false, b"_NET_WM_PID")?.reply()?.atom;
        connection.change_property32(PropMode::REPLACE, window, pid, AtomEnum::CARDINAL, &[std::process::id()])?;
        // Its size is a fixed one: a window manager leaves it.
        let size = x11rb::properties::WmSizeHints {
            min_size: Some((width.into(), height.into())),
            max_size: Some((width.into(), height.into())),
            ..Default::default()
        };
        size.set_normal_hints(&connection, window)?;
        connection.map_window(window)?;
        let buffers =
            (0..2).map(|_| Buffer::share(&connection, width.into(), height.into())).collect::<Result<_, _>>()?;
        connection.flush()?;
        Ok(Self { connection, window, context, width, height, buffers, next: 0 })
    }

    /// Draws the next picture when the server has read the one that it takes the place of; false when it has not.
    fn put(&mut self, draw: impl FnOnce(&mut [u32])) -> Fallible<bool> {
        let Some(buffer) = self.buffers.get_mut(self.next).filter(|buffer| !buffer.is_read) else { return Ok(false) };
        draw(buffer.pixels);
        buffer.is_read = true;
        let (width, height) = (self.width, self.height);
        self.connection.shm_put_image(
            self.window,
            self.context,
            width,
            height,
            0,
            0,
            width,
            height,
            0,
            0,
            24,
            ImageFormat::Z_PIXMAP.into(),
            true,
            buffer.segment,
            0,
        )?;
        self.connection.flush()?;
        self.next = (self.next + 1) % self.buffers.len();
        Ok(true)
    }

    /// Reads a property and removes it; gives its type, and how many bytes it had.
    fn take(&self, property: Atom) -> Fallible<(Atom, usize)> {
        let any = AtomEnum::ANY;
        let content = self.connection.get_property(true, self.window, property, any, 0, u32::MAX / 4)?.reply()?;
        Ok((content.type_, content.value.len()))
    }

    fn fill(&mut self, is_dark: bool) -> Fallible<()> {
        let colour = if is_dark { DARK } else { PAPER };
        while !self.put(|pixels| pixels.fill(colour))? {
            let event = self.connection.wait_for_event()?;
            self.heard(&event);
        }
        Ok(())
    }

    fn heard(&mut self, event: &Event) {
        if let Event::ShmCompletion(completion) = event {
            for buffer in &mut self.buffers {
                buffer.is_read &= buffer.segment != completion.shmseg;
            }
        }
    }
}

impl Buffer {
    fn share(connection: &RustConnection, width: usize, height: usize) -> Fallible<Self> {
        let bytes = width * height * 4;
        let memory: OwnedFd = rustix::fs::memfd_create("stimulus", rustix::fs::MemfdFlags::CLOEXEC)?;
        rustix::fs::ftruncate(&memory, bytes as u64)?;
        let flags = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: a mapping of our own that is never unmapped; the server only reads it, and a picture is only written
        // while the server does not (see `put`).
        let pixels = unsafe {
            let start = rustix::mm::mmap(std::ptr::null_mut(), bytes, flags, MapFlags::SHARED, &memory, 0)?;
            std::slice::from_raw_parts_mut(start.cast::<u32>(), bytes / 4)
        };
        let segment = connection.generate_id()?;
        connection.shm_attach_fd(segment, memory, true)?;
        Ok(Self { segment, pixels, is_read: false })
    }
}

fn flip(mut screen: Screen) -> Fallible<()> {
    let mut is_dark = true;
    loop {
        let event = screen.connection.wait_for_event()?;
        screen.heard(&event);
        match event {
            Event::KeyPress(_) => is_dark = !is_dark,
            Event::Expose(_) => {}
            _ => continue,
        }
        screen.fill(is_dark)?;
    }
}

/// Where a paste of X11 is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Paste {
    None,
    Asked,
    /// The owner sends it piece by piece (INCR); an empty one is the end.
    InPieces,
}

/// `target`: the type that it asks for.
fn paste(mut screen: Screen, target: &[u8]) -> Fallible<()> {
    let mut is_dark = true;
    let mut state = Paste::None;
    let atom = |name: &[u8]| Fallible::Ok(screen.connection.intern_atom(false, name)?.reply()?.atom);
    let (clipboard, target, incr) = (atom(b"CLIPBOARD")?, atom(target)?, atom(b"INCR")?);
    let property = atom(b"STIMULUS_PASTED")?;
    loop {
        let event = screen.connection.wait_for_event()?;
        screen.heard(&event);
        match event {
            Event::KeyPress(press) if state == Paste::None && press.state.contains(KeyButMask::SHIFT) => {
                state = Paste::Asked;
                screen.connection.convert_selection(screen.window, clipboard, target, property, press.time)?;
                screen.connection.flush()?;
            }
            Event::SelectionNotify(answer) if answer.property == x11rb::NONE => state = Paste::None,
            Event::SelectionNotify(_) => {
                let (kind, _) = screen.take(property)?;
                state = if kind == incr { Paste::InPieces } else { Paste::None };
                is_dark ^= state == Paste::None;
            }
            Event::PropertyNotify(change)
                if state == Paste::InPieces && change.atom == property && change.state == Property::NEW_VALUE =>
            {
                if screen.take(property)?.1 == 0 {
                    state = Paste::None;
                    is_dark = !is_dark;
                }
            }
            Event::Expose(_) => {}
            _ => continue,
        }
        if state == Paste::None {
            screen.fill(is_dark)?;
        }
    }
}

/// Pictures that follow each other.
trait Film {
    fn draw(&self, frame: usize, pixels: &mut [u32]);
}

fn animate(mut screen: Screen, film: &impl Film) -> Fallible<()> {
    let width = usize::from(screen.width);
    let corner = usize::from(screen.height - SIDE) * width + width - usize::from(SIDE);
    let mut frame = 0;
    let mut due = Instant::now();
    loop {
        while let Some(event) = screen.connection.poll_for_event()? {
            screen.heard(&event);
        }
        if screen.put(|pixels| {
            film.draw(frame, pixels);
            stamp(&mut pixels[corner..], width, frame as u16);
        })? {
            frame += 1;
        }
        due += FRAME;
        let now = Instant::now();
        if due < now {
            // Late: the frames that were missed are not made up for.
            due = now;
        }
        std::thread::sleep(due - now);
    }
}

/// Draws the frame's number; `pixels` begins at the pattern's first pixel.
fn stamp(pixels: &mut [u32], stride: usize, number: u16) {
    let squares = squares(number);
    for (y, row) in pixels.chunks_mut(stride).take(SIDE.into()).enumerate() {
        for (x, pixel) in row.iter_mut().take(SIDE.into()).enumerate() {
            let square = (y as u16 / CELL) * CELLS + x as u16 / CELL;
            *pixel = if squares >> square & 1 == 1 { 0xff_ffff } else { 0 };
        }
    }
}

/// A long page of text, of which each frame shows a line further.
struct Scroll {
    page: Vec<u32>,
    stride: usize,
    lines: usize,
}

impl Scroll {
    fn new(width: usize, height: usize) -> Self {
        let lines = 97;
        let mut page = vec![PAPER; width * (lines * LINE + height)];
        let mut seed = 1;
        for line in 0..page.len() / width / LINE {
            // The page's end repeats its beginning, so that it scrolls for ever.
            if line % lines == 0 {
                seed = 1;
            }
            write_line(&mut page[line * LINE * width..], width, &mut seed);
        }
        Self { page, stride: width, lines }
    }
}

impl Film for Scroll {
    fn draw(&self, frame: usize, pixels: &mut [u32]) {
        let start = frame % self.lines * LINE * self.stride;
        pixels.copy_from_slice(&self.page[start..start + pixels.len()]);
    }
}

/// Words of small letters, as long as the line is wide or shorter.
fn write_line(pixels: &mut [u32], stride: usize, seed: &mut u32) {
    let end = stride - (random(seed) as usize % (stride / 2));
    let mut x = 8;
    while x + 8 < end {
        for _ in 0..2 + random(seed) % 8 {
            let letter = char::from(b'a' + (random(seed) % 26) as u8);
            if let Some(raster) = get_raster(letter, FontWeight::Regular, RasterHeight::Size16)
                && x + raster.width() < end
            {
                for (row, line) in raster.raster().iter().zip(pixels.chunks_mut(stride)) {
                    for (coverage, pixel) in row.iter().zip(&mut line[x..]) {
                        *pixel = mix(PAPER, INK, u32::from(*coverage));
                    }
                }
            }
            x += 8;
        }
        x += 8;
    }
}

fn mix(paper: u32, ink: u32, coverage: u32) -> u32 {
    let channel = |shift: u32| {
        let (paper, ink) = (paper >> shift & 255, ink >> shift & 255);
        ((paper * (255 - coverage) + ink * coverage) / 255) << shift
    };
    channel(16) | channel(8) | channel(0)
}

/// Colours that change smoothly, with noise on them, as a film has.
struct Noise {
    pictures: Vec<Vec<u32>>,
}

impl Noise {
    fn new(width: usize, height: usize) -> Self {
        let mut seed = 7;
        let picture = |at: usize| {
            let mut pixels = Vec::with_capacity(width * height);
            for y in 0..height {
                for x in 0..width {
                    let grain = random(&mut seed) % 24;
                    let red = (x * 200 / width + at * 4) as u32 + grain;
                    let green = (y * 200 / height + at * 3) as u32 + grain;
                    let blue = ((x + y) * 200 / (width + height) + at * 2) as u32 + grain;
                    pixels.push(red.min(255) << 16 | green.min(255) << 8 | blue.min(255));
                }
            }
            pixels
        };
        Self { pictures: (0..NOISES).map(picture).collect() }
    }
}

impl Film for Noise {
    fn draw(&self, frame: usize, pixels: &mut [u32]) {
        pixels.copy_from_slice(&self.pictures[frame % NOISES]);
    }
}

/// Marsaglia's xorshift32: the same numbers in every run.
fn random(seed: &mut u32) -> u32 {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    *seed >> 3
}
