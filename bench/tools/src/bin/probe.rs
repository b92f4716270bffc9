//! The host's side of a measurement: presses keys by XTEST and watches the screen by XDamage, from outside of whatever
//! shows windows on it. Prints one JSON document; times are milliseconds, or nanoseconds of CLOCK_MONOTONIC.
//!
//!   probe keys X,Y,W,H COUNT KEY...                presses the keys in turn; from each press to a changed pixel there
//!   probe frames X,Y SECONDS                       frame numbers whose pattern's top left corner is there
//!   probe await X,Y,W,H COLOUR TIMEOUT_S           when a pixel there has (or, with a leading "!", has not) the colour
//!   probe pointer X,Y [click]                      moves the pointer there
//!   probe window [focus]                           where the largest window is; gives it the keyboard
//!
//! KEY is a letter or the name of a keysym (BackSpace). COLOUR is RRGGBB; several are joined by a comma.

use std::error::Error;
use std::os::fd::AsFd;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use atoll_bench_tools::{CELL, CELLS, SIDE, number, step};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::time::{ClockId, clock_gettime};
use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::damage::{ConnectionExt as _, ReportLevel};
use x11rb::protocol::xproto::{
    BUTTON_PRESS_EVENT, BUTTON_RELEASE_EVENT, ConnectionExt as _, ImageFormat, InputFocus, KEY_PRESS_EVENT,
    KEY_RELEASE_EVENT, Keycode, MOTION_NOTIFY_EVENT, Rectangle, Window,
};
use x11rb::protocol::xtest::ConnectionExt as _;
use x11rb::rust_connection::RustConnection;

type Fallible<T> = Result<T, Box<dyn Error>>;

/// Between an answer and the next press: a whole number of screen refreshes plus a part that differs each time, so that
/// presses come at all phases of whoever works at 60 Hz. A person who types fast presses every 100 ms.
const GAP: Duration = Duration::from_millis(100);
const GAP_STEP: Duration = Duration::from_micros(7_300);
const GAP_STEPS: u32 = 13;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let done = match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["keys", region, count, lost_after, ref keys @ ..] => keys_to_pixels(region, count, lost_after, keys),
        ["frames", corner, seconds] => count_frames(corner, seconds),
        ["await", region, colours, timeout] => await_colour(region, colours, timeout),
        ["window"] => largest_window(false),
        ["window", "focus"] => largest_window(true),
        ["pointer", place] => point(place, false),
        ["pointer", place, "click"] => point(place, true),
        _ => Err("usage: probe keys|frames|await|pointer|window ...".into()),
    };
    match done {
        Ok(json) => {
            println!("{json}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("probe: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The X screen: what is drawn on it, by whomever.
struct Watcher {
    connection: RustConnection,
    root: Window,
}

impl Watcher {
    fn open() -> Fallible<Self> {
        let (connection, number) = x11rb::connect(None)?;
        let root = connection.setup().roots.get(number).ok_or("no screen")?.root;
        connection.damage_query_version(1, 1)?.reply()?;
        let damage = connection.generate_id()?;
        // On the root window: all windows' drawing is reported, after it was done.
        connection.damage_create(damage, root, ReportLevel::RAW_RECTANGLES)?;
        connection.flush()?;
        Ok(Self { connection, root })
    }

    /// The pixels there, four bytes each, blue first.
    fn pixels(&self, region: Rectangle) -> Fallible<Vec<u8>> {
        let Rectangle { x, y, width, height } = region;
        let image = self.connection.get_image(ImageFormat::Z_PIXMAP, self.root, x, y, width, height, !0)?;
        Ok(image.reply()?.data)
    }

    /// Waits until something is drawn in `region`; false when nothing is until `until`.
    fn await_drawing(&self, region: Rectangle, until: Instant) -> Fallible<bool> {
        loop {
            let mut is_hit = false;
            while let Some(event) = self.connection.poll_for_event()? {
                is_hit |= matches!(event, Event::DamageNotify(notify) if overlap(notify.area, region));
            }
            if is_hit {
                return Ok(true);
            }
            let now = Instant::now();
            if now >= until {
                return Ok(false);
            }
            let left = until - now;
            let timeout = Timespec { tv_sec: left.as_secs() as i64, tv_nsec: left.subsec_nanos().into() };
            let stream = self.connection.stream();
            poll(&mut [PollFd::new(&stream.as_fd(), PollFlags::IN)], Some(&timeout))?;
        }
    }

    fn fake(&self, kind: u8, detail: u8, x: i16, y: i16) -> Fallible<()> {
        self.connection.xtest_fake_input(kind, detail, x11rb::CURRENT_TIME, self.root, x, y, 0)?;
        self.connection.flush()?;
        Ok(())
    }

    /// Waits until the server has done what came before: an answer to anything says so.
    fn settle(&self) -> Fallible<()> {
        self.connection.get_input_focus()?.reply()?;
        Ok(())
    }

    /// The key that gives this keysym without Shift.
    fn keycode(&self, key: &str) -> Fallible<Keycode> {
        let wanted = match key {
            "BackSpace" => 0xff08,
            "Return" => 0xff0d,
            "Insert" => 0xff63,
            "Shift" => 0xffe1,
            "Super" => 0xffeb,
            "Escape" => 0xff1b,
            "Right" => 0xff53,
            _ if key.len() == 1 => u32::from(key.as_bytes().first().copied().unwrap_or_default()),
            _ => return Err(format!("there is no key {key}").into()),
        };
        let setup = self.connection.setup();
        let (first, count) = (setup.min_keycode, setup.max_keycode - setup.min_keycode + 1);
        let mapping = self.connection.get_keyboard_mapping(first, count)?.reply()?;
        let keysyms = mapping.keysyms.chunks(mapping.keysyms_per_keycode.into());
        let found = keysyms.zip(first..).find(|(keysyms, _)| keysyms.first() == Some(&wanted));
        Ok(found.ok_or("the keyboard does not have that key")?.1)
    }
}

fn overlap(a: Rectangle, b: Rectangle) -> bool {
    let apart = |a: i16, a_length: u16, b: i16, b_length: u16| {
        i32::from(a) + i32::from(a_length) <= i32::from(b) || i32::from(b) + i32::from(b_length) <= i32::from(a)
    };
    !apart(a.x, a.width, b.x, b.width) && !apart(a.y, a.height, b.y, b.height)
}

/// `lost_after`: a press that changes nothing for so many seconds is counted as lost.
fn keys_to_pixels(region: &str, count: &str, lost_after: &str, keys: &[&str]) -> Fallible<String> {
    let lost_after = Duration::from_secs(lost_after.parse()?);
    let region = rectangle(region)?;
    let watcher = Watcher::open()?;
    let keycodes = |chord: &&str| chord.split('+').map(|key| watcher.keycode(key)).collect::<Fallible<Vec<_>>>();
    let chords = keys.iter().map(keycodes).collect::<Fallible<Vec<_>>>()?;
    let presses: u32 = count.parse()?;
    let mut times = Vec::new();
    let mut lost = 0;
    for (at, chord) in (0..presses).zip(chords.iter().cycle()) {
        let Some((key, held)) = chord.split_last() else { continue };
        let gap = GAP + GAP_STEP * (at * 5 % GAP_STEPS);
        std::thread::sleep(gap);
        for key in held {
            watcher.fake(KEY_PRESS_EVENT, *key, 0, 0)?;
        }
        let before = watcher.pixels(region)?;
        let start = Instant::now();
        watcher.fake(KEY_PRESS_EVENT, *key, 0, 0)?;
        let time = loop {
            if !watcher.await_drawing(region, start + lost_after)? {
                break None;
            }
            if watcher.pixels(region)? != before {
                break Some(start.elapsed());
            }
        };
        for key in chord.iter().rev() {
            watcher.fake(KEY_RELEASE_EVENT, *key, 0, 0)?;
        }
        match time {
            Some(time) => times.push(format!("{:.3}", time.as_secs_f64() * 1e3)),
            None => lost += 1,
        }
    }
    // A release that the server has not read when its client goes is lost: the key would be held down, and the next press of
    // it no press, but for the server's repeats.
    watcher.settle()?;
    Ok(format!("{{\"ms\":[{}],\"lost\":{lost}}}", times.join(",")))
}

fn count_frames(corner: &str, seconds: &str) -> Fallible<String> {
    let (x, y) = place(corner)?;
    let region = Rectangle { x, y, width: SIDE, height: SIDE };
    let watcher = Watcher::open()?;
    let start = Instant::now();
    let end = start + Duration::from_secs_f64(seconds.parse()?);
    let (mut shown, mut drawn) = (0, 0);
    let mut last: Option<(u16, Instant)> = None;
    let mut intervals = Vec::new();
    while watcher.await_drawing(region, end)? {
        let Some(now) = number(read_squares(&watcher.pixels(region)?)) else { continue };
        let seen = Instant::now();
        if let Some((before, at)) = last {
            let Some(step) = step(before, now) else { continue };
            shown += 1;
            drawn += u32::from(step);
            intervals.push(format!("{:.2}", (seen - at).as_secs_f64() * 1e3));
        }
        last = Some((now, seen));
    }
    let seconds = start.elapsed().as_secs_f64();
    let intervals = intervals.join(",");
    Ok(format!("{{\"shown\":{shown},\"drawn\":{drawn},\"seconds\":{seconds:.4},\"intervalsMs\":[{intervals}]}}"))
}

/// Looks at the middle of each square.
fn read_squares(pixels: &[u8]) -> u16 {
    let mut squares = 0;
    for square in 0..CELLS * CELLS {
        let (x, y) = (square % CELLS * CELL + CELL / 2, square / CELLS * CELL + CELL / 2);
        let at = usize::from(y * SIDE + x) * 4;
        let green = pixels.get(at + 1).copied().unwrap_or_default();
        squares |= u16::from(green > 127) << square;
    }
    squares
}

fn await_colour(region: &str, colours: &str, timeout: &str) -> Fallible<String> {
    let region = rectangle(region)?;
    let (is_wanted, list) = colours.strip_prefix('!').map_or((true, colours), |list| (false, list));
    let wanted = list.split(',').map(|colour| u32::from_str_radix(colour, 16)).collect::<Result<Vec<_>, _>>()?;
    let watcher = Watcher::open()?;
    let until = Instant::now() + Duration::from_secs_f64(timeout.parse()?);
    loop {
        let pixels = watcher.pixels(region)?;
        let is_there = pixels.chunks_exact(4).any(|pixel| {
            let colour = pixel.iter().take(3).rev().fold(0, |colour, channel| colour << 8 | u32::from(*channel));
            wanted.contains(&colour) == is_wanted
        });
        if is_there {
            let now = clock_gettime(ClockId::Monotonic);
            return Ok(format!("{{\"atNs\":{}}}", now.tv_sec * 1_000_000_000 + now.tv_nsec));
        }
        if !watcher.await_drawing(region, until)? {
            return Err("it did not come in time".into());
        }
    }
}

fn largest_window(focuses: bool) -> Fallible<String> {
    let (connection, number) = x11rb::connect(None)?;
    let root = connection.setup().roots.get(number).ok_or("no screen")?.root;
    let mut largest = None;
    for window in connection.query_tree(root)?.reply()?.children {
        let place = connection.get_geometry(window)?.reply()?;
        let area = u32::from(place.width) * u32::from(place.height);
        if largest.as_ref().is_none_or(|(most, _)| area > *most) {
            largest = Some((area, (window, place)));
        }
    }
    let Some((_, (window, place))) = largest else { return Ok("null".to_owned()) };
    if focuses {
        connection.set_input_focus(InputFocus::PARENT, window, x11rb::CURRENT_TIME)?.check()?;
    }
    let (x, y, width, height) = (place.x, place.y, place.width, place.height);
    Ok(format!("{{\"x\":{x},\"y\":{y},\"width\":{width},\"height\":{height}}}"))
}

fn point(at: &str, clicks: bool) -> Fallible<String> {
    let (x, y) = place(at)?;
    let watcher = Watcher::open()?;
    watcher.fake(MOTION_NOTIFY_EVENT, 0, x, y)?;
    if clicks {
        watcher.fake(BUTTON_PRESS_EVENT, 1, 0, 0)?;
        watcher.fake(BUTTON_RELEASE_EVENT, 1, 0, 0)?;
    }
    watcher.settle()?;
    Ok("{}".to_owned())
}

fn place(text: &str) -> Fallible<(i16, i16)> {
    let (x, y) = text.split_once(',').ok_or("X,Y")?;
    Ok((x.parse()?, y.parse()?))
}

fn rectangle(text: &str) -> Fallible<Rectangle> {
    match text.split(',').collect::<Vec<_>>()[..] {
        [x, y, width, height] => {
            Ok(Rectangle { x: x.parse()?, y: y.parse()?, width: width.parse()?, height: height.parse()? })
        }
        _ => Err("X,Y,WIDTH,HEIGHT".into()),
    }
}
