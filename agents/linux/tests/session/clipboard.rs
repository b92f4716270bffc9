//! Copy and paste of Wayland programs with the host: what they copy is offered and read, what the host announces they
//! paste.

use std::fs::File;
use std::io::Seek;
use std::os::fd::OwnedFd;
use std::thread::{self, JoinHandle};

use atoll_wire::header::Message as Body;
use atoll_wire::{ClipAnnounced, ClipPut, PasteGiven, PasteTaken, Selection};
use wayland_client::protocol::wl_data_device;

use crate::support::PATIENCE;
use crate::support::agent::Agent;
use crate::support::clipboard::{Answer, Offer, Program, noise, whole};
use crate::support::clipboard_host::{TEXT, owned};
use crate::support::host::{BULK, CONTROL, Host};
use crate::support::wayland::{Event, Happened};

const CLIPBOARD: Selection = Selection::Clipboard;
const PRIMARY: Selection = Selection::Primary;

fn start() -> (Agent, Host, Program) {
    let agent = Agent::start();
    let mut host = agent.host();
    let program = Program::start(&agent, &mut host);
    (agent, host, program)
}

/// The host has announced text, and the program knows it.
fn announced(host: &mut Host, program: &mut Program) -> (u32, Offer) {
    let number = host.announce(CLIPBOARD, &[TEXT, "text/html"]);
    (number, program.offer(CLIPBOARD))
}

fn reader(pipe: File) -> JoinHandle<Vec<u8>> {
    thread::spawn(move || whole(pipe))
}

fn read(reader: JoinHandle<Vec<u8>>) -> Vec<u8> {
    reader.join().expect("a thread")
}

// ---- From a program to the host

#[test]
fn what_a_wayland_program_copies_is_offered_and_read() {
    for selection in [CLIPBOARD, PRIMARY] {
        let (_agent, mut host, program) = start();
        let types = vec![("text/html", Answer::bytes(b"<b>b</b>")), (TEXT, Answer::bytes("grüße".as_bytes()))];
        let _copying = program.copies(selection, types);
        let (generation, types) = host.clip_offered(selection);
        assert_eq!(types, ["text/html", TEXT]);
        assert_eq!(host.read_clip(selection, generation, TEXT), ("grüße".as_bytes().to_vec(), false));
        assert_eq!(host.read_clip(selection, generation, "text/html"), (b"<b>b</b>".to_vec(), false));
    }
}

#[test]
fn what_a_program_takes_back_or_leaves_behind_is_gone() {
    let (agent, mut host, mut program) = start();
    program.copy(CLIPBOARD, &[TEXT]);
    program.client.roundtrip();
    let first = host.clip_offered(CLIPBOARD);
    program.clear(CLIPBOARD);
    let second = host.clip_offered(CLIPBOARD);
    assert_eq!((first.1.len(), second.1.len()), (1, 0));
    assert_eq!(host.read_clip(CLIPBOARD, first.0, TEXT), (vec![], true));

    program.copy(PRIMARY, &[TEXT]);
    program.client.roundtrip();
    assert_eq!(host.clip_offered(PRIMARY).1, [TEXT]);
    drop(program);
    assert_eq!(host.clip_offered(PRIMARY).1, [] as [&str; 0]);
    drop(agent);
}

#[test]
fn a_flood_of_copies_is_told_now_and_then_and_the_last_one_for_sure() {
    let (_agent, mut host, mut program) = start();
    let mut names: Vec<String> = (0..1000).map(|at| format!("test/{at}")).collect();
    names.push("test/last".to_owned());
    for name in &names {
        program.copy(CLIPBOARD, &[name]);
    }
    program.client.roundtrip();
    let mut told = 1;
    while host.clip_offered(CLIPBOARD).1 != ["test/last"] {
        told += 1;
    }
    assert!(told < 100, "{told} offers");
}

/// As by a person who marks text and then copies it: each selection is told at its own pace.
#[test]
fn both_selections_are_told_however_their_copies_alternate() {
    let (_agent, mut host, mut program) = start();
    for (at, which) in [CLIPBOARD, PRIMARY, PRIMARY, CLIPBOARD, PRIMARY].into_iter().enumerate() {
        program.copy(which, &[&format!("test/{at}")]);
        program.client.roundtrip();
    }
    while host.clip_offered(CLIPBOARD).1 != ["test/3"] {}
    while host.clip_offered(PRIMARY).1 != ["test/4"] {}
}

#[test]
fn an_offer_is_cut_to_what_the_host_takes() {
    let (_agent, mut host, mut program) = start();
    let long = "x".repeat(300);
    let mut names: Vec<String> = (0..200).map(|at| format!("test/{at}")).collect();
    names.insert(0, long);
    program.copy(CLIPBOARD, &names.iter().map(String::as_str).collect::<Vec<_>>());
    program.client.roundtrip();
    assert_eq!(host.clip_offered(CLIPBOARD).1, names[1..=128]);
}

#[test]
fn many_reads_of_one_clip_all_complete() {
    let (_agent, mut host, program) = start();
    let bytes = noise(200_000);
    let _copying = program.copies(CLIPBOARD, vec![(TEXT, Answer::bytes(&bytes))]);
    let (generation, _) = host.clip_offered(CLIPBOARD);
    for count in [2, 50] {
        let streams: Vec<u32> = (0..count).map(|_| host.begin_read(CLIPBOARD, generation, TEXT)).collect();
        let all = host.read_streams(&streams);
        let wrong: Vec<_> = all
            .iter()
            .filter(|(came, aborted)| *came != bytes || *aborted)
            .map(|(came, aborted)| (came.len(), *aborted))
            .collect();
        assert_eq!(wrong, [], "of {count}");
    }
}

#[test]
fn a_program_that_is_slow_stalls_or_dies() {
    let (agent, mut host, program) = start();
    let bytes = noise(50_000);
    let slowly = Answer::Slowly(bytes.clone().into(), 1000);
    let (stalls, dies) = (Answer::Stall(b"some".to_vec()), Answer::Die(b"half".to_vec()));
    let silent = Answer::Stall(Vec::new());
    let types = vec![("test/slow", slowly), ("test/stalls", stalls), ("test/dies", dies), ("test/silent", silent)];
    let _copying = program.copies(CLIPBOARD, types);
    let (generation, _) = host.clip_offered(CLIPBOARD);
    let streams = ["test/stalls", "test/silent", "test/slow"].map(|name| host.begin_read(CLIPBOARD, generation, name));
    // Side by side: on a slow machine the silent one may end before all of the slow one has come.
    let [silent, slow] = &host.read_streams(&streams[1..])[..] else { panic!("two streams") };
    assert!(*slow == (bytes, false));
    // No byte within five seconds.
    assert_eq!(*silent, (vec![], true));
    host.give_stream_credit(streams[0], 100);
    // It dies with all that it has not given yet.
    let dying = host.begin_read(CLIPBOARD, generation, "test/dies");
    host.give_stream_credit(dying, 100);
    let (mut aborted, mut is_gone) = (Vec::new(), false);
    while aborted.len() < 2 || !is_gone {
        let end = host.wait("the end of both streams, and of the offer", |body| match body {
            Body::StreamEnd(end) => Some(Some((end.stream, end.aborted))),
            Body::ClipOffered(offered) if offered.types.is_empty() => Some(None),
            _ => None,
        });
        match end {
            Some(end) => aborted.push(end),
            None => is_gone = true,
        }
    }
    aborted.sort_unstable();
    assert_eq!(aborted, [(streams[0], true), (dying, true)]);
    drop(agent);
}

#[test]
fn a_read_of_an_offer_that_is_over_or_of_another_type_is_aborted() {
    let (agent, mut host, program) = start();
    let first = program.copies(CLIPBOARD, vec![(TEXT, Answer::Stall(b"old".to_vec()))]);
    let (generation, _) = host.clip_offered(CLIPBOARD);
    for (selection, generation, name) in
        [(CLIPBOARD, generation, "text/html"), (CLIPBOARD, generation + 1, TEXT), (PRIMARY, generation, TEXT)]
    {
        assert_eq!(host.read_clip(selection, generation, name), (vec![], true));
    }
    let stream = host.begin_read(CLIPBOARD, generation, TEXT);
    first.wait_asked();
    // Something else is copied in the middle of it.
    let other = Program::start(&agent, &mut host);
    let _copying = other.copies(CLIPBOARD, vec![(TEXT, Answer::bytes(b"new"))]);
    assert!(host.wait_stream_end(stream));
    assert_eq!(host.read_clip(CLIPBOARD, generation, TEXT), (vec![], true));
}

#[test]
fn a_read_goes_on_while_the_host_gives_no_credit() {
    let (_agent, mut host, program) = start();
    let copying = program.copies(CLIPBOARD, vec![(TEXT, Answer::bytes(b"text"))]);
    let (generation, _) = host.clip_offered(CLIPBOARD);
    let stream = host.begin_read(CLIPBOARD, generation, TEXT);
    copying.wait_asked();
    // Longer than the agent waits for the first byte of a program that is silent (FIRST_BYTE_TIMEOUT).
    thread::sleep(std::time::Duration::from_millis(5600));
    assert_eq!(host.read_stream(stream), (b"text".to_vec(), false));
}

#[test]
fn a_new_session_is_told_what_stands() {
    let (agent, mut host, program) = start();
    let _copying = program.copies(CLIPBOARD, vec![(TEXT, Answer::bytes(b"text"))]);
    host.clip_offered(CLIPBOARD);
    drop(host);
    let mut host = agent.host();
    let (generation, types) = host.clip_offered(CLIPBOARD);
    assert_eq!(types, [TEXT]);
    assert_eq!(host.read_clip(CLIPBOARD, generation, TEXT), (b"text".to_vec(), false));
}

// ---- From the host to a program

#[test]
fn what_the_host_announces_a_wayland_program_pastes() {
    for selection in [CLIPBOARD, PRIMARY] {
        let (_agent, mut host, mut program) = start();
        let number = host.announce(selection, &[TEXT, "image/png"]);
        let offer = program.offer(selection);
        assert_eq!(program.types(&offer), [TEXT, "image/png", "UTF8_STRING", "text/plain", "TEXT", "STRING"]);
        for size in [0, 1, 65_535, 65_536, 65_537, 262_143, 262_144, 262_145, 1 << 20, 16 << 20] {
            let pasted = reader(program.receive(&offer, "text/plain"));
            let wanted = host.paste_wanted();
            assert_eq!((wanted.offer, wanted.r#type.as_str()), (number, TEXT));
            let stream = host.give(wanted.request);
            let text = noise(size);
            assert!(host.write_whole(stream, &text));
            assert!(read(pasted) == text, "{size} bytes");
        }
    }
}

/// The host knows what it announced: it is not told back.
#[test]
fn what_the_host_announces_is_not_offered_to_it() {
    let (_agent, mut host, mut program) = start();
    let (number, _) = announced(&mut host, &mut program);
    host.announce(PRIMARY, &[TEXT]);
    let withdrawn = ClipAnnounced { selection: CLIPBOARD.into(), offer: number + 10, types: Vec::new() };
    host.send(CONTROL, Body::ClipAnnounced(withdrawn));
    host.roundtrip();
    let told = |host: &mut Host| {
        host.roundtrip();
        host.log.iter().any(|(_, message)| matches!(message.body, Some(Body::ClipOffered(_))))
    };
    assert!(!told(&mut host));
    program.copy(CLIPBOARD, &[TEXT]);
    program.client.roundtrip();
    assert_eq!(host.clip_offered(CLIPBOARD).1, [TEXT]);
}

/// A write may block although the descriptor was ready: the program that has it takes back what the agent has said of it,
/// or a filesystem of another program does not answer.
#[test]
fn a_descriptor_that_blocks_holds_nobody() {
    use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
    let (agent, mut host, mut program) = start();
    let (_, offer) = announced(&mut host, &mut program);
    let (pipe_read, pipe) = rustix::pipe::pipe().expect("a pipe");
    let (socket_read, socket) = std::os::unix::net::UnixStream::pair().expect("sockets");
    let sockets = (OwnedFd::from(socket), File::from(OwnedFd::from(socket_read)));
    for (fd, pasted) in [(pipe, File::from(pipe_read)), sockets] {
        program.receive_into(&offer, TEXT, &fd);
        let request = host.paste_wanted().request;
        fcntl_setfl(&fd, fcntl_getfl(&fd).expect("its flags") - OFlags::NONBLOCK).expect("it blocks");
        let stream = host.give(request);
        // More than the kernel keeps of it.
        let bytes = noise(300_000);
        assert!(host.write_part(stream, &bytes));
        let mut other = agent.client();
        let _window = other.shown_window("not held", 50, 50, 1);
        let id = host.window_opened().surface;
        host.shows(id, (50, 50), 1);
        drop(fd);
        let pasted = reader(pasted);
        host.end_stream(stream);
        assert!(read(pasted) == bytes);
    }
}

#[test]
fn a_file_can_be_pasted_into() {
    let (_agent, mut host, mut program) = start();
    let (_, offer) = announced(&mut host, &mut program);
    let mut file = tempfile::tempfile().expect("a file");
    program.receive_into(&offer, TEXT, &file);
    let request = host.paste_wanted().request;
    let stream = host.give(request);
    let bytes = noise(1 << 20);
    assert!(host.write_whole(stream, &bytes));
    let end = std::time::Instant::now() + PATIENCE;
    while file.metadata().expect("its size").len() < bytes.len() as u64 {
        assert!(std::time::Instant::now() < end, "not all of it came");
        thread::yield_now();
    }
    file.rewind().expect("its beginning");
    assert!(whole(file) == bytes);
}

#[test]
fn what_is_refused_or_given_too_late_is_the_end_of_the_pipe() {
    let (_agent, mut host, mut program) = start();
    let (_, offer) = announced(&mut host, &mut program);
    let pasted = reader(program.receive(&offer, TEXT));
    let request = host.paste_wanted().request;
    host.refuse(request);
    assert_eq!(read(pasted), b"");
    // The host's answer crosses with its own: the stream ends at once.
    let stream = host.give(request);
    assert!(!host.wait_stream_end(stream));
    host.refuse(request);
    host.refuse(9999);
    host.roundtrip();
}

#[test]
fn a_program_that_closes_its_pipe_is_told_to_the_host() {
    let (_agent, mut host, mut program) = start();
    let (_, offer) = announced(&mut host, &mut program);
    let pipe = program.receive(&offer, TEXT);
    let request = host.paste_wanted().request;
    drop(pipe);
    assert_eq!(host.paste_dropped(), request);
    // In the middle of what it is given.
    let pipe = program.receive(&offer, TEXT);
    let stream = {
        let request = host.paste_wanted().request;
        host.give(request)
    };
    assert!(host.write_part(stream, &noise(100)));
    drop(pipe);
    assert!(!host.write_whole(stream, &noise(4 << 20)));
}

#[test]
fn an_old_offer_gives_nothing_and_asks_nobody() {
    let (_agent, mut host, mut program) = start();
    let (first, old) = announced(&mut host, &mut program);
    let waits = reader(program.receive(&old, TEXT));
    let request = host.paste_wanted().request;
    let (second, new) = announced(&mut host, &mut program);
    assert!(second > first);
    // Who waited for the old one gets the end, and who asks by it.
    assert_eq!(host.paste_dropped(), request);
    assert_eq!(read(waits), b"");
    assert_eq!(program.paste(&old, TEXT), b"");
    let _waits = program.receive(&new, TEXT);
    assert_eq!(host.paste_wanted().offer, second);
}

#[test]
fn what_is_withdrawn_is_gone() {
    let (_agent, mut host, mut program) = start();
    let (number, offer) = announced(&mut host, &mut program);
    let waits = reader(program.receive(&offer, TEXT));
    host.paste_wanted();
    let none = ClipAnnounced { selection: CLIPBOARD.into(), offer: number + 1, types: Vec::new() };
    host.send(CONTROL, Body::ClipAnnounced(none.clone()));
    assert!(program.next_offer(CLIPBOARD).is_none());
    assert_eq!(read(waits), b"");
    assert_eq!(program.paste(&offer, TEXT), b"");
    // It takes nothing from a program.
    program.copy(CLIPBOARD, &["test/own"]);
    program.client.roundtrip();
    assert_eq!(host.clip_offered(CLIPBOARD).1, ["test/own"]);
    host.send(CONTROL, Body::ClipAnnounced(none));
    host.roundtrip();
    program.client.roundtrip();
    let own = program.offer(CLIPBOARD);
    assert_eq!(program.types(&own), ["test/own"]);
    let more =
        |happened: &Happened| matches!(happened.event, Event::DataDevice(wl_data_device::Event::Selection { .. }));
    assert_eq!(program.client.count(more), 0);
}

#[test]
fn a_host_that_goes_takes_its_offers_along() {
    let (agent, mut host, mut program) = start();
    let (_, offer) = announced(&mut host, &mut program);
    let waits = reader(program.receive(&offer, TEXT));
    host.paste_wanted();
    let half = reader(program.receive(&offer, TEXT));
    let stream = {
        let request = host.paste_wanted().request;
        host.give(request)
    };
    assert!(host.write_part(stream, b"half"));
    host.roundtrip();
    drop(host);
    assert_eq!(read(waits), b"");
    read(half);
    assert!(program.next_offer(CLIPBOARD).is_none());
    assert_eq!(program.paste(&offer, TEXT), b"");
    drop(agent);
}

#[test]
fn more_requests_than_the_host_takes_get_the_end_at_once() {
    let (_agent, mut host, mut program) = start();
    let (_, offer) = announced(&mut host, &mut program);
    let mut open: Vec<File> = (0..64).map(|_| program.receive(&offer, TEXT)).collect();
    let requests: Vec<u32> = (0..64).map(|_| host.paste_wanted().request).collect();
    assert_eq!(program.paste(&offer, TEXT), b"");
    // Each is answered by itself.
    let readers: Vec<_> = open.drain(..).map(reader).collect();
    for request in &requests {
        let stream = host.give(*request);
        assert!(host.write_whole(stream, format!("of {request}").as_bytes()));
    }
    for (request, reader) in requests.iter().zip(readers) {
        assert_eq!(read(reader), format!("of {request}").as_bytes());
    }
}

#[test]
fn a_program_that_asks_without_end_does_not_keep_the_host_busy() {
    let (_agent, mut host, mut program) = start();
    let (_, offer) = announced(&mut host, &mut program);
    for _ in 0..2000 {
        drop(program.receive(&offer, TEXT));
    }
    program.client.roundtrip();
    host.roundtrip();
    let asked = |(_, message): &&(usize, atoll_wire::Message)| matches!(message.body, Some(Body::PasteWanted(_)));
    let asked = host.log.iter().filter(asked).count();
    assert!(asked < 200, "{asked} requests");
}

#[test]
fn what_is_sent_ahead_is_there_when_the_program_asks() {
    let (_agent, mut host, mut program) = start();
    let (number, offer) = announced(&mut host, &mut program);
    let stream = host.send_ahead(number, TEXT);
    assert!(host.write_whole(stream, b"ahead"));
    host.roundtrip();
    assert_eq!(program.paste(&offer, "UTF8_STRING"), b"ahead");
    let taken = host.wait("PasteTaken", |body| match body {
        Body::PasteTaken(PasteTaken { stream }) => Some(*stream),
        _ => None,
    });
    assert_eq!(taken, stream);
    // For one request: the next one is asked for.
    let again = reader(program.receive(&offer, TEXT));
    let request = host.paste_wanted().request;
    host.refuse(request);
    assert_eq!(read(again), b"");
}

#[test]
fn a_large_clip_that_is_sent_ahead_goes_on_when_it_is_taken() {
    let (_agent, mut host, mut program) = start();
    let (number, offer) = announced(&mut host, &mut program);
    let stream = host.send_ahead(number, TEXT);
    let bytes = noise(20 << 20);
    let (first, rest) = bytes.split_at(1 << 20);
    assert!(host.write_part(stream, first));
    let pasted = reader(program.receive(&offer, TEXT));
    assert!(host.write_whole(stream, rest));
    assert!(read(pasted) == bytes);
}

#[test]
fn what_is_sent_ahead_can_answer_a_request_that_came_first() {
    let (_agent, mut host, mut program) = start();
    let (number, offer) = announced(&mut host, &mut program);
    let pasted = reader(program.receive(&offer, TEXT));
    let request = host.paste_wanted().request;
    let stream = host.send_ahead(number, TEXT);
    assert!(host.write_whole(stream, b"ahead"));
    host.send(BULK, Body::PasteGiven(PasteGiven { request, stream }));
    assert_eq!(read(pasted), b"ahead");
}

#[test]
fn what_is_sent_ahead_and_not_asked_for_is_dropped() {
    let (_agent, mut host, mut program) = start();
    let (number, offer) = announced(&mut host, &mut program);
    let stream = host.send_ahead(number, TEXT);
    assert!(host.write_part(stream, b"ahead"));
    // Two seconds: the agent wants no more of it.
    assert!(!host.wait_stream_end(stream));
    let pasted = reader(program.receive(&offer, TEXT));
    let request = host.paste_wanted().request;
    // The host may just have named it.
    host.send(BULK, Body::PasteGiven(PasteGiven { request, stream }));
    assert_eq!(read(pasted), b"");
    // Of another offer or type: not wanted at all.
    for (number, name) in [(number + 100, TEXT), (number, "image/png"), (0, TEXT)] {
        let stream = host.send_ahead(number, name);
        assert!(!host.wait_stream_end(stream));
    }
    // A handful is kept.
    let streams: Vec<u32> = (0..5).map(|_| host.send_ahead(number, TEXT)).collect();
    assert!(!host.wait_stream_end(streams[0]));
}

#[test]
fn what_is_sent_ahead_may_overtake_its_announcement() {
    let (_agent, mut host, mut program) = start();
    let offer = host.announce(CLIPBOARD, &[TEXT]) + 1_000;
    program.offer(CLIPBOARD);
    let stream = host.send_ahead(offer, TEXT);
    assert!(host.write_whole(stream, b"early"));
    host.roundtrip();
    host.send(
        CONTROL,
        Body::ClipAnnounced(ClipAnnounced { selection: CLIPBOARD.into(), offer, types: vec![TEXT.to_owned()] }),
    );
    let announced = program.offer(CLIPBOARD);
    assert_eq!(read(reader(program.receive(&announced, TEXT))), b"early");
}

#[test]
fn what_is_sent_ahead_and_refused_answers_no_request() {
    let (_agent, mut host, mut program) = start();
    let (number, offer) = announced(&mut host, &mut program);
    let pasted = reader(program.receive(&offer, TEXT));
    let request = host.paste_wanted().request;
    // Of a type that was not announced. The host has named it before it hears that nobody reads it.
    let stream = host.send_ahead(number, "image/png");
    host.send(BULK, Body::PasteGiven(PasteGiven { request, stream }));
    assert_eq!(read(pasted), b"");
    assert!(!host.wait_stream_end(stream));
    // Nobody waits for this request any more, and the stream has ended: that is said once (support/rules.rs).
    host.send(BULK, Body::PasteGiven(PasteGiven { request, stream }));
    // What comes on the same port after it has been answered when this has.
    let pasted = reader(program.receive(&offer, TEXT));
    let request = host.paste_wanted().request;
    let next = host.give(request);
    assert!(host.write_whole(next, b"next"));
    assert_eq!(read(pasted), b"next");
}

#[test]
fn html_of_the_host_is_cleaned() {
    let (_agent, mut host, mut program) = start();
    let (number, offer) = announced(&mut host, &mut program);
    let dirty = "<p onclick='x()'>größer<script>x()</script><img src='http://x/'></p>".as_bytes();
    // Firefox pastes no HTML that does not say in these words how it is encoded.
    let clean = "<meta http-equiv=\"content-type\" content=\"text/html; charset=utf-8\"><p>größer<img></p>".as_bytes();
    let paste = |host: &mut Host, bytes: &[u8], is_whole: bool| {
        let pasted = reader(program.receive(&offer, "text/html"));
        let request = host.paste_wanted().request;
        let stream = host.give(request);
        let wanted = host.write_part(stream, bytes);
        if is_whole && wanted {
            host.end_stream(stream);
        } else {
            host.abort_stream(stream);
        }
        read(pasted)
    };
    assert_eq!(paste(&mut host, dirty, true), clean);
    assert_eq!(paste(&mut host, b"<p>\xff</p>", true), b"");
    assert_eq!(paste(&mut host, b"<p>half", false), b"");
    assert_eq!(paste(&mut host, &vec![b'a'; (4 << 20) + 1], true), b"");
    let stream = host.send_ahead(number, "text/html");
    assert!(host.write_whole(stream, dirty));
    host.roundtrip();
    assert_eq!(program.paste(&offer, "text/html"), clean);
}

#[test]
fn what_the_host_aborts_ends() {
    let (_agent, mut host, mut program) = start();
    let (_, offer) = announced(&mut host, &mut program);
    let pasted = reader(program.receive(&offer, TEXT));
    let request = host.paste_wanted().request;
    let stream = host.give(request);
    assert!(host.write_part(stream, b"some"));
    host.abort_stream(stream);
    assert_eq!(read(pasted), b"some");
}

#[test]
fn what_the_host_puts_is_a_clip_of_the_guest() {
    let (_agent, mut host, mut program) = start();
    let bytes = noise(3 << 20);
    host.put(CLIPBOARD, TEXT, &bytes);
    let (generation, types) = host.clip_offered(CLIPBOARD);
    assert_eq!(types, [TEXT]);
    let offer = program.offer(CLIPBOARD);
    assert_eq!(program.types(&offer).len(), 5);
    // As often as somebody wants it, and nobody is asked.
    for name in [TEXT, "STRING"] {
        assert!(program.paste(&offer, name) == bytes);
    }
    assert!(host.read_clip(CLIPBOARD, generation, TEXT) == (bytes, false));
    // What is not whole changes nothing.
    let stream = host.next_id();
    let put = ClipPut { selection: CLIPBOARD.into(), r#type: owned(&["test/half"]).remove(0), stream };
    host.send(BULK, Body::ClipPut(put));
    assert!(host.write_part(stream, b"half"));
    host.abort_stream(stream);
    host.roundtrip();
    assert_eq!(program.paste(&offer, TEXT).len(), 3 << 20);
    // Until something else is copied.
    program.copy(CLIPBOARD, &["test/own"]);
    program.client.roundtrip();
    assert_eq!(host.clip_offered(CLIPBOARD).1, ["test/own"]);
    assert_eq!(program.paste(&offer, TEXT), b"");
}

#[test]
fn what_is_larger_than_a_clip_is_neither_put_nor_read() {
    let (_agent, mut host, program) = start();
    let large = noise(65 << 20);
    let stream = host.next_id();
    let put = ClipPut { selection: CLIPBOARD.into(), r#type: TEXT.to_owned(), stream };
    host.send(BULK, Body::ClipPut(put));
    assert!(!host.write_whole(stream, &large));
    let _copying = program.copies(CLIPBOARD, vec![(TEXT, Answer::Bytes(large.into()))]);
    let (generation, _) = host.clip_offered(CLIPBOARD);
    let (came, aborted) = host.read_clip(CLIPBOARD, generation, TEXT);
    assert!(aborted && came.len() <= 64 << 20, "{} bytes, {aborted}", came.len());
}

// ---- Within the guest

#[test]
fn what_a_wayland_program_copies_another_pastes() {
    for selection in [CLIPBOARD, PRIMARY] {
        let (agent, mut host, program) = start();
        let types = [65_535, 65_536, 65_537, 262_143, 262_144, 262_145, 1 << 20, 16 << 20];
        let names = types.map(|size: usize| (size, &*format!("test/{size}").leak()));
        let content = names.map(|(size, name)| (name, Answer::bytes(&noise(size)))).to_vec();
        let _copying = program.copies(selection, content);
        let mut other = Program::start(&agent, &mut host);
        let offer = other.offer(selection);
        for (size, name) in names {
            assert!(other.paste(&offer, name) == noise(size), "{size}");
        }
        let asked = |(_, message): &(usize, atoll_wire::Message)| matches!(message.body, Some(Body::PasteWanted(_)));
        host.roundtrip();
        assert!(!host.log.iter().any(asked));
    }
}

/// A program that could read each clip without having the keyboard would be no use to a person who pastes.
#[test]
fn programs_have_no_other_way_to_the_clipboard() {
    let (_agent, _host, program) = start();
    let names = program.client.interfaces();
    assert!(names.contains(&"wl_data_device_manager".to_owned()));
    assert!(!names.iter().any(|name| name.contains("data_control")), "{names:?}");
}

/// Descriptors that the agent has open.
fn descriptors(agent: &Agent) -> usize {
    std::fs::read_dir(format!("/proc/{}/fd", agent.pid())).expect("it runs").count()
}

/// 10,000 of them with ATOLL_LONG, which `npm run long` sets.
#[test]
fn pastes_that_fail_leave_no_descriptor_behind() {
    let count = if std::env::var_os("ATOLL_LONG").is_some() { 10_000 } else { 500 };
    let (agent, mut host, mut program) = start();
    let (number, offer) = announced(&mut host, &mut program);
    let before = descriptors(&agent);
    for at in 0..count {
        let pipe = program.receive(&offer, if at % 3 == 0 { "text/html" } else { TEXT });
        if at % 7 == 0 {
            let stream = host.send_ahead(number, TEXT);
            host.abort_stream(stream);
        }
        if at % 2 == 0 {
            drop(pipe);
        } else {
            drop(reader(pipe));
        }
        while let Some((_, message)) = host.log.pop() {
            if let Some(Body::PasteWanted(wanted)) = message.body {
                host.refuse(wanted.request);
            }
        }
        host.handle_one(std::time::Instant::now());
    }
    host.announce(CLIPBOARD, &[TEXT]);
    program.client.roundtrip();
    host.roundtrip();
    // One that was open for a moment before may have gone since.
    let after = descriptors(&agent);
    assert!(after <= before, "{after} descriptors, {before} before");
}
