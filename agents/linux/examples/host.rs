//! A host for trying the agent by hand. Talks to an agent that listens on FOLDER/{control,frames,bulk}; reads commands
//! from stdin, one a line:
//!   launch ARGV.. | app ID | apps | exec ARGV.. | tty ARGV.. | focus ID | text WORDS | key CODE | move ID X Y
//!   button CODE | scroll STEPS | configure ID W H STATES | close ID | dump ID FILE.ppm | wait MS | refresh ID | list | off

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, dead_code)]

#[path = "../tests/session/support/host.rs"]
mod host;
#[path = "../tests/session/support/rules.rs"]
mod rules;

use std::io::BufRead;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use atoll_wire::header::Message as Body;
use atoll_wire::{
    CloseRequested, Configure, ExecStart, Key, KeyState, KeyboardFocus, Launch, ListApps, PointerAxis, PointerButton,
    PowerOff, Refresh, StreamCredit, StreamEnd,
};
use host::{BULK, CONTROL, Host};

/// Letters to evdev codes of a US keyboard.
const KEYS: &str = "  1234567890-=  qwertyuiop[]\n asdfghjkl;'` \\zxcvbnm,./    ";

fn main() {
    let folder = PathBuf::from(std::env::args().nth(1).expect("FOLDER"));
    let mut epoch = [0; 16];
    epoch[..4].copy_from_slice(&std::process::id().to_le_bytes());
    let mut host = Host::connect(&folder, epoch, "us");
    let mut requests = 0;
    for line in std::io::stdin().lock().lines() {
        let line = line.unwrap();
        let words = line.split_whitespace().collect::<Vec<_>>();
        let Some((command, rest)) = words.split_first() else { continue };
        requests += 1;
        let number = |at: usize| rest.get(at).and_then(|word| word.parse::<i64>().ok()).unwrap_or(0);
        let strings = || rest.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let surface = number(0) as u32;
        let time_ms = host.time_ms();
        match *command {
            "launch" => {
                host.send(CONTROL, Body::Launch(Launch { request: requests, argv: strings(), ..Launch::default() }))
            }
            "app" => {
                let app_id = rest[0].to_owned();
                host.send(CONTROL, Body::Launch(Launch { request: requests, app_id, ..Launch::default() }));
            }
            "apps" => host.send(CONTROL, Body::ListApps(ListApps { request: requests })),
            "exec" | "tty" => exec(&mut host, requests, strings(), *command == "tty"),
            "focus" => host.send(CONTROL, Body::KeyboardFocus(KeyboardFocus { surface })),
            "text" => type_text(&mut host, &(rest.join(" ") + "\n")),
            "key" => press(&mut host, surface),
            "move" => host.move_pointer(surface, number(1) as f64, number(2) as f64),
            "button" => {
                for pressed in [true, false] {
                    host.send(CONTROL, Body::PointerButton(PointerButton { button: surface, pressed, time_ms }));
                }
            }
            "scroll" => {
                let y_120 = number(0) as i32;
                let axis = PointerAxis { y_120, y_fixed: y_120 * 32, time_ms, ..PointerAxis::default() };
                host.send(CONTROL, Body::PointerAxis(axis));
            }
            "configure" => host.send(
                CONTROL,
                Body::Configure(Configure {
                    surface,
                    serial: requests,
                    width: number(1) as u32,
                    height: number(2) as u32,
                    states: number(3) as u32,
                    ..Configure::default()
                }),
            ),
            "close" => host.send(CONTROL, Body::CloseRequested(CloseRequested { surface })),
            "refresh" => host.send(CONTROL, Body::Refresh(Refresh { surface })),
            "off" => host.send(CONTROL, Body::PowerOff(PowerOff {})),
            "dump" => std::fs::write(rest[1], ppm(&host.surfaces[&surface])).unwrap(),
            "wait" => run_for(&mut host, number(0) as u64),
            "list" => {
                for (id, shown) in &host.surfaces {
                    let (width, height, serial, bytes) = (shown.width, shown.height, shown.serial, shown.bytes);
                    println!("{id}: {width}x{height} serial {serial}, last {bytes} bytes in {:?}", shown.damage);
                }
            }
            other => println!("? {other}"),
        }
        run_for(&mut host, 50);
        for (port, message) in host.log.drain(..) {
            let text = String::from_utf8_lossy(&message.payload).into_owned();
            println!("{port} {:?} {}", message.body.unwrap(), text.chars().take(200).collect::<String>());
        }
    }
}

fn exec(host: &mut Host, exec: u32, argv: Vec<String>, tty: bool) {
    let (stdin, stdout, stderr) = (exec * 3, exec * 3 + 1, exec * 3 + 2);
    let (columns, rows, term) = (80, 24, "xterm".to_owned());
    host.send(BULK, Body::ExecStart(ExecStart { exec, argv, tty, columns, rows, term, stdin, stdout, stderr }));
    for stream in [stdout, stderr] {
        host.send(BULK, Body::StreamCredit(StreamCredit { stream, bytes: 65536 }));
    }
    if !tty {
        host.send(BULK, Body::StreamEnd(StreamEnd { stream: stdin, aborted: false }));
    }
}

fn type_text(host: &mut Host, text: &str) {
    for letter in text.chars() {
        let code = match letter {
            ' ' => 57,
            letter => KEYS.chars().position(|key| key == letter).unwrap_or(0) as u32,
        };
        press(host, code);
    }
}

fn press(host: &mut Host, code: u32) {
    for state in [KeyState::Pressed, KeyState::Released] {
        let time_ms = host.time_ms();
        host.send(CONTROL, Body::Key(Key { code, state: state.into(), time_ms }));
    }
}

/// Handles what comes for a while.
fn run_for(host: &mut Host, time_ms: u64) {
    let end = Instant::now() + Duration::from_millis(time_ms);
    while host.handle_one(end) {}
}

/// Binary PPM of a frame; alpha is ignored.
fn ppm(shown: &host::Shown) -> Vec<u8> {
    let mut out = format!("P6 {} {} 255\n", shown.width, shown.height).into_bytes();
    out.extend(shown.pixels.chunks_exact(4).flat_map(|pixel| [pixel[2], pixel[1], pixel[0]]));
    out
}
