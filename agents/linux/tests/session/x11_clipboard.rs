//! Copy and paste of X11 programs: among each other, with Wayland programs, with the host.

use std::thread;
use std::time::{Duration, Instant};

use atoll_wire::header::Message as Body;
use atoll_wire::{ClipAnnounced, Key, KeyState, Selection};
use x11rb::connection::Connection;
use x11rb::protocol::Event;

use crate::support::PATIENCE;
use crate::support::agent::Agent;
use crate::support::clipboard::{Answer, Program, noise, whole};
use crate::support::clipboard_host::TEXT;
use crate::support::host::{CONTROL, Host};
use crate::support::x11_clipboard::{X11Copying, X11Pasting};
use crate::support::x11_stage::{Stage, focus, stage};

/// Of linux/input-event-codes.h.
const KEY_V: u32 = 47;
/// On both sides of what is given whole or in parts, here and in X11 programs.
const SIZES: [usize; 9] = [1, 65_535, 65_536, 65_537, 262_143, 262_144, 262_145, 1 << 20, 16 << 20];

fn name_of(selection: Selection) -> &'static str {
    if selection == Selection::Primary { "PRIMARY" } else { "CLIPBOARD" }
}

fn start() -> (Agent, Host, String) {
    let (agent, display) = Agent::start_with_x11();
    let host = agent.host();
    (agent, host, display)
}

/// A type for each of the sizes, with as many bytes.
fn sized() -> Vec<(&'static str, Answer)> {
    SIZES.iter().map(|size| (&*format!("test/{size}").leak(), Answer::bytes(&noise(*size)))).collect()
}

fn asks_host(host: &mut Host) -> bool {
    host.roundtrip();
    host.log.iter().any(|(_, message)| matches!(message.body, Some(Body::PasteWanted(_))))
}

// ---- Within the guest

#[test]
fn what_an_x11_program_copies_a_wayland_program_pastes() {
    for selection in [Selection::Clipboard, Selection::Primary] {
        let (agent, mut host, display) = start();
        let mut program = Program::start(&agent, &mut host);
        let _copying = X11Copying::start(&display, name_of(selection), sized());
        let offer = program.offer(selection);
        assert_eq!(program.types(&offer), sized().iter().map(|(name, _)| *name).collect::<Vec<_>>());
        for size in SIZES {
            assert!(program.paste(&offer, &format!("test/{size}")) == noise(size), "{size} bytes");
        }
        assert!(!asks_host(&mut host));
    }
}

#[test]
fn what_a_wayland_program_copies_an_x11_program_pastes() {
    for selection in [Selection::Clipboard, Selection::Primary] {
        let (agent, mut host, display) = start();
        let _copying = Program::start(&agent, &mut host).copies(selection, sized());
        host.clip_offered(selection);
        let mut pasting = X11Pasting::new(&display);
        wait_owned(&mut pasting, name_of(selection));
        let mut types = vec!["TARGETS".to_owned(), "TIMESTAMP".to_owned(), "MULTIPLE".to_owned()];
        types.extend(sized().iter().map(|(name, _)| (*name).to_owned()));
        assert_eq!(pasting.types(name_of(selection)), types);
        for size in SIZES {
            let pasted = pasting.paste(name_of(selection), &format!("test/{size}"));
            assert!(pasted == Some(noise(size)), "{size} bytes");
        }
        assert!(!asks_host(&mut host));
    }
}

/// Asks until the bridge owns the selection: it is another thread's.
fn wait_owned(pasting: &mut X11Pasting, selection: &str) {
    let end = std::time::Instant::now() + PATIENCE;
    while pasting.paste(selection, "TIMESTAMP").is_none() {
        assert!(std::time::Instant::now() < end, "nobody owns {selection}");
    }
}

#[test]
fn what_an_x11_program_copies_another_pastes() {
    let (_agent, mut host, display) = start();
    for selection in [Selection::Clipboard, Selection::Primary] {
        let _copying = X11Copying::start(&display, name_of(selection), sized());
        host.clip_offered(selection);
        let mut pasting = X11Pasting::new(&display);
        for size in SIZES {
            let pasted = pasting.paste(name_of(selection), &format!("test/{size}"));
            assert!(pasted == Some(noise(size)), "{size} bytes");
        }
    }
    assert!(!asks_host(&mut host));
}

#[test]
fn text_goes_by_the_names_of_both_kinds() {
    let (agent, mut host, display) = start();
    let mut program = Program::start(&agent, &mut host);
    let _copying = X11Copying::start(&display, "CLIPBOARD", vec![("UTF8_STRING", Answer::bytes("grüße".as_bytes()))]);
    let offer = program.offer(Selection::Clipboard);
    assert_eq!(program.types(&offer), ["UTF8_STRING", TEXT, "text/plain", "TEXT", "STRING"]);
    assert_eq!(program.paste(&offer, TEXT), "grüße".as_bytes());
    let (_, types) = host.clip_offered(Selection::Clipboard);
    assert_eq!(types, ["UTF8_STRING"]);
    let _copying = program.copies(Selection::Clipboard, vec![(TEXT, Answer::bytes("größe".as_bytes()))]);
    host.clip_offered(Selection::Clipboard);
    let mut pasting = X11Pasting::new(&display);
    while pasting.types("CLIPBOARD").len() != 8 {}
    for name in ["UTF8_STRING", "TEXT", "text/plain"] {
        assert_eq!(pasting.paste("CLIPBOARD", name).as_deref(), Some("größe".as_bytes()), "{name}");
    }
    assert_eq!(pasting.paste("CLIPBOARD", "STRING").as_deref(), Some(b"gr\xf6\xdfe".as_slice()));
    assert_eq!(pasting.paste("CLIPBOARD", "image/png"), None);
    assert_eq!(pasting.paste("CLIPBOARD", "MULTIPLE"), None);
}

#[test]
fn text_in_latin1_is_utf8_for_all_others() {
    let (agent, mut host, display) = start();
    let mut program = Program::start(&agent, &mut host);
    let long = [b"\xfc".repeat(300_000), b"e".to_vec()].concat();
    for (given, expected) in [(b"gr\xfc\xdfe".to_vec(), "grüße".to_owned()), (long, "ü".repeat(300_000) + "e")] {
        let _copying = X11Copying::start(&display, "CLIPBOARD", vec![("STRING", Answer::bytes(&given))]);
        let (generation, types) = host.clip_offered(Selection::Clipboard);
        assert_eq!(types, ["STRING"]);
        let offer = program.offer(Selection::Clipboard);
        assert!(program.paste(&offer, TEXT) == expected.as_bytes());
        assert!(host.read_clip(Selection::Clipboard, generation, "STRING") == (expected.into_bytes(), false));
    }
}

#[test]
fn several_types_are_given_at_once_and_what_is_refused_is_said() {
    let (agent, mut host, display) = start();
    let large = noise(300_000);
    let content = vec![(TEXT, Answer::bytes(b"text")), ("image/png", Answer::bytes(&large))];
    let _copying = Program::start(&agent, &mut host).copies(Selection::Clipboard, content);
    host.clip_offered(Selection::Clipboard);
    let mut pasting = X11Pasting::new(&display);
    wait_owned(&mut pasting, "CLIPBOARD");
    let given = pasting.paste_all("CLIPBOARD", &["TARGETS", "UTF8_STRING", "text/html", "MULTIPLE", "STRING"]);
    let given: Vec<_> = given.iter().map(|one| one.as_deref()).collect();
    assert_eq!(given[1..], [Some(b"text".as_slice()), None, None, Some(b"text".as_slice())]);
    assert_eq!(given[0].map(|atoms| atoms.len() / 4), Some(9));
    assert!(pasting.paste_all("CLIPBOARD", &["image/png"]) == [Some(b"INCR".to_vec())]);
    assert_eq!(pasting.paste_all("CLIPBOARD", &[]), [] as [Option<Vec<u8>>; 0]);
}

/// The X server reads the copy on one connection and the key on another.
#[test]
fn a_key_right_after_a_copy_pastes_it() {
    let Stage { agent, mut host, mut x11, id, .. } = stage();
    for round in 0..20 {
        let text = format!("round {round}");
        let copying = Program::start(&agent, &mut host);
        let copying = copying.copies(Selection::Clipboard, vec![(TEXT, Answer::bytes(text.as_bytes()))]);
        focus(&mut host, id);
        let time_ms = host.time_ms();
        host.send(CONTROL, Body::Key(Key { code: KEY_V, state: KeyState::Pressed.into(), time_ms }));
        x11.wait("the key", |event| matches!(event, Event::KeyPress(_)).then_some(()));
        let mut pasting = X11Pasting::new(&agent.display());
        assert_eq!(pasting.paste("CLIPBOARD", "UTF8_STRING").as_deref(), Some(text.as_bytes()));
        drop(copying);
        host.send(CONTROL, Body::Key(Key { code: KEY_V, state: KeyState::Released.into(), time_ms }));
    }
    // What the host has announced before the key as well.
    for _ in 0..20 {
        host.announce(Selection::Clipboard, &[TEXT]);
        let time_ms = host.time_ms();
        host.send(CONTROL, Body::Key(Key { code: KEY_V, state: KeyState::Pressed.into(), time_ms }));
        x11.wait("the key", |event| matches!(event, Event::KeyPress(_)).then_some(()));
        let mut pasting = X11Pasting::new(&agent.display());
        pasting.ask("CLIPBOARD", "UTF8_STRING");
        let request = host.paste_wanted().request;
        host.refuse(request);
        assert_eq!(pasting.answer(), None);
        host.send(CONTROL, Body::Key(Key { code: KEY_V, state: KeyState::Released.into(), time_ms }));
    }
}

#[test]
fn many_x11_programs_paste_one_clip_side_by_side() {
    let (agent, mut host, display) = start();
    let bytes = noise(1 << 20);
    let _copying = Program::start(&agent, &mut host).copies(Selection::Clipboard, vec![(TEXT, Answer::bytes(&bytes))]);
    host.clip_offered(Selection::Clipboard);
    wait_owned(&mut X11Pasting::new(&display), "CLIPBOARD");
    let mut dies = X11Pasting::new(&display);
    dies.ask("CLIPBOARD", TEXT);
    assert!(dies.is_answered());
    dies.take_first_part();
    let sleeps = X11Pasting::new(&display);
    sleeps.ask("CLIPBOARD", TEXT);
    let others = (0..20).map(|_| X11Pasting::new(&display)).map(|mut pasting| {
        pasting.ask("CLIPBOARD", "UTF8_STRING");
        thread::spawn(move || pasting.answer())
    });
    let others: Vec<_> = others.collect();
    // In the middle of it.
    drop(dies);
    for other in others {
        assert!(other.join().expect("a thread").as_ref() == Some(&bytes));
    }
    drop(sleeps);
}

#[test]
fn a_paste_from_an_x11_program_that_dies_or_sleeps_ends() {
    let (agent, mut host, display) = start();
    let mut program = Program::start(&agent, &mut host);
    let types = vec![
        ("test/dies", Answer::Die(b"half".to_vec())),
        ("test/silent", Answer::Stall(Vec::new())),
        ("test/slow", Answer::Slowly(noise(5000).into(), 100)),
    ];
    let _copying = X11Copying::start(&display, "CLIPBOARD", types);
    let offer = program.offer(Selection::Clipboard);
    assert_eq!(program.paste(&offer, "test/silent"), b"");
    assert_eq!(program.paste(&offer, "test/slow"), noise(5000));
    assert_eq!(program.paste(&offer, "test/dies"), b"half");
    // And what it had copied with it.
    assert!(program.next_offer(Selection::Clipboard).is_none());
    assert_eq!(host.clip_offered(Selection::Clipboard).1.len(), 3);
    assert_eq!(host.clip_offered(Selection::Clipboard).1.len(), 0);
}

// ---- From a program to the host

#[test]
fn what_an_x11_program_copies_is_offered_and_read() {
    for selection in [Selection::Clipboard, Selection::Primary] {
        let (_agent, mut host, display) = start();
        let copying = X11Copying::start(&display, name_of(selection), sized());
        let (generation, types) = host.clip_offered(selection);
        assert_eq!(types, sized().iter().map(|(name, _)| *name).collect::<Vec<_>>());
        for size in SIZES {
            let (bytes, aborted) = host.read_clip(selection, generation, &format!("test/{size}"));
            assert!(!aborted && bytes == noise(size), "{size} bytes: {} came", bytes.len());
        }
        copying.quit();
        assert_eq!(host.clip_offered(selection).1, [] as [&str; 0]);
    }
}

#[test]
fn reads_of_an_x11_program_that_is_slow_stalls_or_dies() {
    let (_agent, mut host, display) = start();
    let types = vec![
        ("test/slow", Answer::Slowly(noise(5000).into(), 100)),
        ("test/silent", Answer::Stall(Vec::new())),
        ("test/dies", Answer::Die(b"half".to_vec())),
        ("test/many", Answer::bytes(&noise(200_000))),
    ];
    let copying = X11Copying::start(&display, "CLIPBOARD", types);
    let (generation, _) = host.clip_offered(Selection::Clipboard);
    let read = |host: &mut Host, name: &str| host.read_clip(Selection::Clipboard, generation, name);
    assert!(read(&mut host, "test/slow") == (noise(5000), false));
    assert_eq!(read(&mut host, "test/silent"), (vec![], true));
    for count in [2, 50] {
        let streams: Vec<u32> =
            (0..count).map(|_| host.begin_read(Selection::Clipboard, generation, "test/many")).collect();
        let all = host.read_streams(&streams);
        assert!(all.iter().all(|(came, aborted)| *came == noise(200_000) && !aborted));
    }
    copying.wait_asked();
    let (came, aborted) = read(&mut host, "test/dies");
    assert!(aborted && (came.is_empty() || came == b"half"));
}

// ---- From the host to a program

#[test]
fn what_the_host_announces_an_x11_program_pastes() {
    for selection in [Selection::Clipboard, Selection::Primary] {
        let (_agent, mut host, display) = start();
        let mut pasting = X11Pasting::new(&display);
        let number = host.announce(selection, &[TEXT, "image/png"]);
        wait_owned(&mut pasting, name_of(selection));
        let types = pasting.types(name_of(selection));
        assert_eq!(types[3..], [TEXT, "image/png", "UTF8_STRING", "text/plain", "TEXT", "STRING"]);
        assert!(!asks_host(&mut host));
        for size in SIZES {
            pasting.ask(name_of(selection), "UTF8_STRING");
            let wanted = host.paste_wanted();
            assert_eq!((wanted.offer, wanted.r#type.as_str()), (number, TEXT));
            let stream = host.give(wanted.request);
            let pasted = thread::spawn(move || {
                let answer = pasting.answer();
                (pasting, answer)
            });
            assert!(host.write_whole(stream, &noise(size)));
            let (back, answer) = pasted.join().expect("a thread");
            pasting = back;
            assert!(answer == Some(noise(size)), "{size} bytes");
        }
        // A program that has gone is told to the host.
        pasting.ask(name_of(selection), "UTF8_STRING");
        let request = host.paste_wanted().request;
        drop(pasting);
        assert_eq!(host.paste_dropped(), request);
        // Withdrawn, nobody owns it.
        let none = ClipAnnounced { selection: selection.into(), offer: number + 1, types: Vec::new() };
        host.send(CONTROL, Body::ClipAnnounced(none));
        let mut pasting = X11Pasting::new(&display);
        while pasting.paste(name_of(selection), "TARGETS").is_some() {}
    }
}

/// As an office program does at each announcement and each time it gets the keyboard: the list is the offer's own.
#[test]
fn a_hundred_lists_of_types_ask_nobody() {
    let Stage { agent, mut host, id, .. } = stage();
    let mut pasting = X11Pasting::new(&agent.display());
    host.announce(Selection::Clipboard, &[TEXT]);
    wait_owned(&mut pasting, "CLIPBOARD");
    for at in 0..100 {
        let own = format!("test/{at}");
        host.announce(Selection::Clipboard, &[TEXT, &own]);
        for surface in [0, id] {
            focus(&mut host, surface);
            while !pasting.types("CLIPBOARD").contains(&own) {}
        }
    }
    assert!(!asks_host(&mut host));
    // It is not deaf: a request for content is heard.
    pasting.ask("CLIPBOARD", "UTF8_STRING");
    let request = host.paste_wanted().request;
    host.refuse(request);
    assert_eq!(pasting.answer(), None);
}

#[test]
fn what_is_sent_ahead_or_put_an_x11_program_pastes() {
    let (agent, mut host, display) = start();
    let mut pasting = X11Pasting::new(&display);
    let number = host.announce(Selection::Clipboard, &[TEXT]);
    wait_owned(&mut pasting, "CLIPBOARD");
    let stream = host.send_ahead(number, TEXT);
    assert!(host.write_whole(stream, b"ahead"));
    host.roundtrip();
    assert_eq!(pasting.paste("CLIPBOARD", "UTF8_STRING").as_deref(), Some(b"ahead".as_slice()));
    // A copy of an X11 program ends what was announced.
    let _copying = X11Copying::start(&display, "CLIPBOARD", vec![("STRING", Answer::bytes(b"own"))]);
    assert_eq!(host.clip_offered(Selection::Clipboard).1, ["STRING"]);
    let mut program = Program::start(&agent, &mut host);
    let offer = program.offer(Selection::Clipboard);
    assert_eq!(program.paste(&offer, "STRING"), b"own");
    host.put(Selection::Clipboard, TEXT, &noise(300_000));
    assert_eq!(host.clip_offered(Selection::Clipboard).1, [TEXT]);
    while pasting.types("CLIPBOARD").len() != 8 {}
    assert!(pasting.paste("CLIPBOARD", TEXT) == Some(noise(300_000)));
    // The other way round: nothing of it is left for X11 programs once a Wayland program has copied.
    let pipe = program.offer(Selection::Clipboard);
    assert!(whole(program.receive(&pipe, TEXT)) == noise(300_000));
}

/// 10,000 of them with ATOLL_LONG. The agent itself refuses those that come too fast.
#[test]
fn x11_pastes_that_fail_leave_no_descriptor_behind() {
    let count = if std::env::var_os("ATOLL_LONG").is_some() { 10_000 } else { 90 };
    let (agent, mut host, display) = start();
    host.announce(Selection::Clipboard, &[TEXT]);
    let mut pasting = X11Pasting::new(&display);
    wait_owned(&mut pasting, "CLIPBOARD");
    let descriptors = || std::fs::read_dir(format!("/proc/{}/fd", agent.pid())).expect("it runs").count();
    let before = descriptors();
    let mut passed_on = 0;
    for _ in 0..count {
        pasting.ask("CLIPBOARD", TEXT);
        while !pasting.x11.has_seen(|event| matches!(event, Event::SelectionNotify(_))) {
            host.handle_one(Instant::now() + Duration::from_millis(1));
            while let Some((_, message)) = host.log.pop() {
                if let Some(Body::PasteWanted(wanted)) = message.body {
                    passed_on += 1;
                    host.refuse(wanted.request);
                }
            }
        }
        assert_eq!(pasting.answer(), None);
    }
    assert!(passed_on >= 90, "{passed_on} were passed on");
    pasting.x11.connection.flush().expect("the X server reads");
    // One that was open for a moment before may have gone since.
    let after = descriptors();
    assert!(after <= before, "{after} descriptors, {before} before");
}
