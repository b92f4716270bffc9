//! The order in which the X server's packets reach the window manager: replies at once, the events of each program in their
//! order, and those of a program that has used up its allowance later, merged. Pure: packets in, bytes out.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use super::allowance::Allowance;
use super::packets::{Event, Ids, Kind, Place, sequence};

/// Waiting events of one program; above this those of the server pass without an allowance, and others are dropped.
const MAX_WAITING: usize = 4096;
/// Longest time for which waiting events are held back because the window manager would ignore them, see `Queues::framing`.
const FRAMING_TIME: Duration = Duration::from_secs(2);

#[derive(Debug)]
struct Program {
    allowance: Allowance,
    waiting: VecDeque<Event>,
}

#[derive(Debug, Default)]
pub struct Queues {
    /// Programs are heard.
    pub is_open: bool,
    /// The window manager's; None = the connection has not been set up.
    ids: Option<Ids>,
    programs: HashMap<u32, Program>,
    /// Of the programs' windows, and of no others that the window manager is told of.
    places: HashMap<u32, Place>,
    /// Of the server's last packet.
    last_sequence: u16,
    /// The window manager ignores events of the two requests by which it puts a window into a frame, and knows them by their
    /// sequence numbers: none that waits may be given these. The first of the two, and until when it is respected.
    framing: Option<(u16, Instant)>,
}

impl Queues {
    /// Takes the server's next packet; appends what the window manager is given of it to `out`.
    pub fn take(&mut self, packet: &[u8], now: Instant, out: &mut Vec<u8>) {
        let Some(ids) = self.ids else {
            self.ids = Ids::of_setup(packet);
            out.extend_from_slice(packet);
            return;
        };
        self.last_sequence = sequence(packet).unwrap_or(self.last_sequence);
        match Event::of(packet) {
            Some(event) if !ids.are_own(event.window) && ids.owner(event.window) != 0 => {
                self.take_event(event, ids.owner(event.window), now, out);
            }
            own => {
                if own.is_some_and(|event| event.kind == Kind::Created) {
                    self.framing = Some((self.last_sequence, now + FRAMING_TIME));
                }
                out.extend_from_slice(packet);
            }
        }
    }

    fn take_event(&mut self, event: Event, owner: u32, now: Instant, out: &mut Vec<u8>) {
        match event.kind {
            // It may name any number of windows, and none that is there.
            _ if event.is_sent() => {}
            Kind::Destroyed => drop(self.places.remove(&event.window)),
            _ => self.places.entry(event.window).or_default().update(&event),
        }
        if event.kind == Kind::Reparented {
            return;
        }
        let is_ignored = self.is_of_framing(now);
        let program = self
            .programs
            .entry(owner)
            .or_insert_with(|| Program { allowance: Allowance::new(now), waiting: VecDeque::new() });
        let is_first = self.is_open && program.waiting.is_empty();
        if is_ignored || (is_first && program.allowance.take(event.kind, now).is_ok()) {
            self.give(event, out);
        } else if !event.is_sent() || program.waiting.len() < MAX_WAITING {
            merge(&mut program.waiting, event);
        }
    }

    /// Appends the waiting events to `out` that may be given by now. Gives how long to wait until the next one may; None =
    /// no event waits.
    pub fn release(&mut self, now: Instant, out: &mut Vec<u8>) -> Option<Duration> {
        if !self.is_open {
            return None;
        }
        if self.is_of_framing(now) {
            let waits = self.programs.values().any(|program| !program.waiting.is_empty());
            return waits.then_some(FRAMING_TIME);
        }
        let mut next = None;
        let mut given = Vec::new();
        self.programs.retain(|_, program| {
            while let Some(event) = program.waiting.front().copied() {
                let wait = match program.allowance.take(event.kind, now) {
                    Err(wait) if program.waiting.len() <= MAX_WAITING => wait,
                    _ => {
                        program.waiting.pop_front();
                        given.push(event);
                        continue;
                    }
                };
                next = Some(next.map_or(wait, |next: Duration| next.min(wait)));
                break;
            }
            !program.waiting.is_empty() || !program.allowance.is_full(now)
        });
        for event in given {
            self.give(event, out);
        }
        next
    }

    fn is_of_framing(&self, now: Instant) -> bool {
        self.framing.is_some_and(|(first, until)| self.last_sequence.wrapping_sub(first) <= 1 && now < until)
    }

    fn give(&self, event: Event, out: &mut Vec<u8>) {
        // Sequence numbers never fall: the window manager would take one that does for one of the next round.
        let event = event.with_sequence(self.last_sequence);
        out.extend_from_slice(&event.bytes);
        if event.kind == Kind::Mapped && event.is_override_redirect() {
            // Where the window is was of no interest to the window manager before it had become override-redirect.
            let place = self.places.get(&event.window).copied().unwrap_or_default();
            out.extend_from_slice(&place.configured(&event).bytes);
        }
    }
}

/// Lets an event wait, and drops those that it makes superfluous. Ids are used again: what waits of an older window with the
/// same id stays as it is.
fn merge(waiting: &mut VecDeque<Event>, event: Event) {
    let is_same = |other: &Event| other.window == event.window;
    let is_edge = |other: &Event| is_same(other) && matches!(other.kind, Kind::Created | Kind::Destroyed);
    let mut span = waiting.split_off(waiting.iter().rposition(is_edge).unwrap_or(0));
    merge_span(&mut span, event);
    waiting.append(&mut span);
}

/// `waiting` begins with the window's last Created or Destroyed, if there is one.
fn merge_span(waiting: &mut VecDeque<Event>, event: Event) {
    let is_same = |other: &Event| other.window == event.window;
    match event.kind {
        // The window manager reads what a property is by then.
        Kind::PropertyChanged { .. } => {
            if waiting.iter().any(|other| is_same(other) && other.kind == event.kind) {
                return;
            }
        }
        Kind::Configured | Kind::ConfigureRequested { .. } => {
            if let Some(other) = waiting.iter_mut().find(|other| is_same(other) && other.kind == event.kind) {
                *other = event;
                return;
            }
        }
        Kind::Unmapped => waiting.retain(|other| {
            !is_same(other) || !matches!(other.kind, Kind::Mapped | Kind::MapRequested | Kind::Unmapped)
        }),
        Kind::Destroyed => {
            let is_unknown = waiting.iter().any(|other| is_same(other) && other.kind == Kind::Created);
            let is_end = |kind: Kind| matches!(kind, Kind::Unmapped | Kind::Destroyed);
            waiting.retain(|other| !is_same(other) || (is_end(other.kind) && !is_unknown));
            if is_unknown {
                return;
            }
        }
        // The same request again: the newest place in the order counts.
        Kind::Message => {
            let is_again = |other: &Event| {
                other.kind == event.kind && other.bytes[1] == event.bytes[1] && other.bytes[4..] == event.bytes[4..]
            };
            waiting.retain(|other| !is_again(other));
        }
        Kind::Created | Kind::Mapped | Kind::MapRequested | Kind::Reparented => {}
    }
    waiting.push_back(event);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::packets::{PACKET_BYTES, Splitter};
    use super::*;

    const OURS: u32 = 0x0020_0000;
    const PROGRAM: u32 = 0x0040_0000;
    const OTHER: u32 = 0x0060_0000;

    fn setup() -> Vec<u8> {
        let mut answer = vec![0; 40];
        answer[0] = 1;
        answer[6..8].copy_from_slice(&8u16.to_ne_bytes());
        answer[12..16].copy_from_slice(&OURS.to_ne_bytes());
        answer[16..20].copy_from_slice(&0x001f_ffff_u32.to_ne_bytes());
        answer
    }

    fn event(code: u8, sequence: u16, first: u32, second: u32) -> [u8; PACKET_BYTES] {
        let mut bytes = [0; PACKET_BYTES];
        bytes[0] = code;
        bytes[2..4].copy_from_slice(&sequence.to_ne_bytes());
        bytes[4..8].copy_from_slice(&first.to_ne_bytes());
        bytes[8..12].copy_from_slice(&second.to_ne_bytes());
        bytes
    }

    fn created(window: u32) -> [u8; PACKET_BYTES] {
        event(16, 1, 1, window)
    }

    fn named(window: u32, sequence: u16) -> [u8; PACKET_BYTES] {
        event(28, sequence, window, 39)
    }

    /// A clock, queues that are set up, and what has come out: code, sequence number, window.
    struct Bench {
        queues: Queues,
        now: Instant,
        out: Vec<u8>,
    }

    impl Bench {
        fn new() -> Self {
            let queues = Queues { is_open: true, ..Queues::default() };
            let mut bench = Self { queues, now: Instant::now(), out: Vec::new() };
            bench.take(&setup());
            assert_eq!(std::mem::take(&mut bench.out), setup());
            bench
        }

        fn take(&mut self, packet: &[u8]) {
            self.queues.take(packet, self.now, &mut self.out);
        }

        fn release_after(&mut self, passed: Duration) -> Option<Duration> {
            self.now += passed;
            self.queues.release(self.now, &mut self.out)
        }

        fn out(&mut self) -> Vec<(u8, u16, u32)> {
            let out = std::mem::take(&mut self.out);
            out.chunks(PACKET_BYTES)
                .map(|packet| (packet[0], sequence(packet).unwrap(), Event::of(packet).map_or(0, |event| event.window)))
                .collect()
        }

        /// Lets `window`'s program use up what it may say of properties.
        fn exhaust(&mut self, window: u32) {
            while self.queues.programs.get(&(window & !0x001f_ffff)).is_none_or(|program| program.waiting.is_empty()) {
                self.take(&named(window, 1));
            }
            self.out.clear();
        }
    }

    #[test]
    fn what_a_program_says_too_often_waits_merged_and_delays_no_other() {
        let mut bench = Bench::new();
        bench.exhaust(PROGRAM);
        for sequence in 2..1000 {
            bench.take(&named(PROGRAM, sequence));
        }
        bench.take(&created(OTHER));
        assert_eq!(bench.out(), [(16, 1, OTHER)]);
        let wait = bench.release_after(Duration::ZERO).unwrap();
        assert_eq!(bench.out(), []);
        assert_eq!(bench.release_after(wait + Duration::from_millis(1)), None);
        assert_eq!(bench.out(), [(28, 1, PROGRAM)]);
        assert_eq!(bench.release_after(Duration::from_secs(60)), None);
        assert!(bench.queues.programs.is_empty());
    }

    #[test]
    fn a_message_that_is_repeated_waits_once_and_last() {
        const MESSAGE: u8 = 33;
        let mut bench = Bench::new();
        bench.exhaust(PROGRAM);
        for sequence in 2..1000 {
            bench.take(&event(MESSAGE, sequence, PROGRAM, 300));
        }
        bench.take(&event(MESSAGE, 1000, PROGRAM, 301));
        bench.take(&event(MESSAGE, 1001, PROGRAM, 300));
        assert_eq!(bench.release_after(Duration::from_secs(60)), None);
        let kinds = bench.out.chunks(PACKET_BYTES).map(|packet| (packet[0], packet[8..12].to_vec()));
        let named = |kind: u32| kind.to_ne_bytes().to_vec();
        let expected = [(28, named(39)), (MESSAGE, named(301)), (MESSAGE, named(300))];
        assert_eq!(kinds.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn of_what_a_program_makes_up_no_more_is_kept_than_waits() {
        const SENT_MESSAGE: u8 = 0x80 | 33;
        let mut bench = Bench::new();
        let windows = PROGRAM + 1..PROGRAM + 1 + 2 * MAX_WAITING as u32;
        for window in windows {
            bench.take(&event(SENT_MESSAGE, 1, window, 300));
        }
        assert_eq!(bench.queues.places.len(), 0);
        assert_eq!(bench.queues.programs[&PROGRAM].waiting.len(), MAX_WAITING);
        // What the server says is not dropped.
        bench.take(&named(PROGRAM, 2));
        assert_eq!(bench.queues.programs[&PROGRAM].waiting.len(), MAX_WAITING + 1);
    }

    #[test]
    fn sequence_numbers_never_fall() {
        let mut bench = Bench::new();
        bench.exhaust(PROGRAM);
        bench.take(&named(OTHER, 700));
        bench.release_after(Duration::from_secs(1));
        assert_eq!(bench.out(), [(28, 700, OTHER), (28, 700, PROGRAM)]);
    }

    #[test]
    fn no_waiting_event_is_given_a_number_that_is_ignored() {
        let mut bench = Bench::new();
        bench.exhaust(PROGRAM);
        bench.take(&event(16, 800, 1, OURS + 5));
        // One of the framing itself is to be ignored.
        bench.take(&event(18, 801, 1, PROGRAM + 1));
        assert_eq!(bench.out(), [(16, 800, OURS + 5), (18, 801, PROGRAM + 1)]);
        assert!(bench.release_after(Duration::from_millis(90)).is_some());
        assert_eq!(bench.out(), []);
        bench.take(&event(19, 802, 1, OURS + 5));
        bench.release_after(Duration::ZERO);
        assert_eq!(bench.out(), [(19, 802, OURS + 5), (28, 802, PROGRAM)]);
        // Also where what comes after it waits itself.
        bench.exhaust(PROGRAM);
        bench.take(&event(16, 900, 1, OURS + 6));
        bench.take(&event(19, 902, OURS + 6, PROGRAM + 1));
        bench.out.clear();
        bench.release_after(Duration::from_millis(90));
        assert_eq!(bench.out(), [(28, 902, PROGRAM), (19, 902, PROGRAM + 1)]);
    }

    #[test]
    fn the_events_of_a_program_keep_their_order() {
        let mut bench = Bench::new();
        bench.exhaust(PROGRAM);
        let window = PROGRAM + 1;
        bench.take(&created(window));
        bench.take(&named(window, 1));
        bench.take(&event(20, 1, 1, window));
        bench.release_after(Duration::from_secs(1));
        assert_eq!(bench.out(), [(28, 1, PROGRAM), (16, 1, window), (28, 1, window), (20, 1, window)]);
    }

    #[test]
    fn a_window_that_ends_while_it_waits_is_never_reported() {
        let mut bench = Bench::new();
        bench.exhaust(PROGRAM);
        for window in PROGRAM + 1..PROGRAM + 100 {
            bench.take(&created(window));
            bench.take(&event(20, 1, 1, window));
            bench.take(&event(18, 1, 1, window));
            bench.take(&event(17, 1, 1, window));
        }
        // One that is known already has an end.
        bench.take(&event(18, 1, 1, PROGRAM));
        bench.take(&event(17, 1, 1, PROGRAM));
        bench.release_after(Duration::from_secs(1));
        assert_eq!(bench.out(), [(18, 1, PROGRAM), (17, 1, PROGRAM)]);
    }

    #[test]
    fn a_window_whose_id_is_used_again_ends_before_the_next_one_begins() {
        let mut bench = Bench::new();
        let window = PROGRAM + 1;
        bench.take(&created(window));
        bench.exhaust(PROGRAM);
        bench.take(&named(window, 1));
        // Of two programs that come after another.
        for _ in 0..2 {
            bench.take(&event(17, 1, 1, window));
            bench.take(&created(window));
            bench.take(&named(window, 1));
        }
        bench.release_after(Duration::from_secs(1));
        assert_eq!(bench.out(), [(28, 1, PROGRAM), (17, 1, window), (16, 1, window), (28, 1, window)]);
    }

    #[test]
    fn where_an_override_redirect_window_is_follows_its_map() {
        let mut bench = Bench::new();
        let window = PROGRAM + 1;
        bench.take(&created(window));
        let mut moved = event(22, 1, 1, window);
        moved[16..18].copy_from_slice(&700i16.to_ne_bytes());
        moved[20..22].copy_from_slice(&80u16.to_ne_bytes());
        bench.take(&moved);
        let mut mapped = event(19, 3, 1, window);
        mapped[12] = 1;
        bench.out.clear();
        bench.take(&mapped);
        let told = bench.out.split_off(PACKET_BYTES);
        assert_eq!(bench.out, mapped);
        moved[2..4].copy_from_slice(&3u16.to_ne_bytes());
        moved[26] = 1;
        assert_eq!(told, moved);
    }

    #[test]
    fn programs_wait_until_they_may_be_heard_and_the_server_does_not() {
        const REPLY: u8 = 1;
        let mut bench = Bench::new();
        bench.queues.is_open = false;
        bench.take(&created(PROGRAM + 1));
        bench.take(&event(REPLY, 3, 0, 0));
        assert_eq!(bench.release_after(Duration::from_secs(60)), None);
        assert_eq!(bench.out(), [(REPLY, 3, 0)]);
        bench.queues.is_open = true;
        bench.release_after(Duration::ZERO);
        assert_eq!(bench.out(), [(16, 3, PROGRAM + 1)]);
    }

    #[test]
    fn packets_are_found_however_they_are_cut() {
        let mut reply = event(1, 1, 2, 0).to_vec();
        reply.extend([9; 8]);
        let packets = [setup(), named(PROGRAM, 1).to_vec(), reply, created(PROGRAM).to_vec()];
        let bytes = packets.concat();
        for size in [1, 7, 33, bytes.len()] {
            let mut splitter = Splitter::default();
            let mut found = Vec::new();
            for part in bytes.chunks(size) {
                splitter.push(part);
                while let Some(packet) = splitter.next() {
                    found.push(packet.to_vec());
                }
            }
            assert_eq!(found, packets);
        }
    }
}
