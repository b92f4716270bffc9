//! Connections as rows: what each dump of the kernel's table says, compared with the one before.

use crate::marks::Marks;
use crate::model::Decision;
use crate::netlink::conntrack::{Connection, TCP, Tuple, decision_of, protocol_word, state_word};
use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

/// A row of a connection that has ended stays for so long.
const CLOSED_FOR: Duration = Duration::from_secs(30);
/// Dumps after which a connection that was cut has had its resets.
const CUT_DUMPS: u8 = 5;
/// As many rows as the host keeps of a table, less some for what is denied. VMs have the same share of them.
const MAX_FLOWS: usize = 3_500;
/// However many VMs there are.
const LEAST_SHARE: usize = 20;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow {
    /// Unique in a run of the program.
    pub serial: u64,
    pub link: String,
    /// As its first flight named it; where none did, a name of the address that the rule is about.
    pub name: Option<String>,
    /// Where nothing named it: all that it may be of, the latest last.
    pub possible: Vec<Candidate>,
    pub tuple: Tuple,
    pub protocol: &'static str,
    pub bytes_out: u64,
    pub bytes_in: u64,
    pub state: &'static str,
    pub decision: Decision,
    pub rule: String,
    pub revision: u64,
    pub since: Instant,
    /// The reason, beside the rule; "".
    pub note: String,
    closed_at: Option<Instant>,
    is_reported: bool,
}

/// A name that a VM looked an address up by, and the rule that decides about a connection to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    pub name: String,
    pub rule: String,
}

/// Of those at an address: the name that the rule decides about. The kernel knows addresses alone, and names may share one.
pub fn name_by_rule(candidates: &[Candidate], rule: &str) -> Option<String> {
    let own = candidates.iter().rev().find(|one| one.rule == rule).or(candidates.last());
    own.map(|one| one.name.clone())
}

/// What the first flight of a connection named, and what was decided about that name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    pub name: String,
    pub rule: String,
    pub revision: u64,
}

/// Connections of a link that have no row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hidden {
    pub link: String,
    pub count: usize,
    /// Of the policy, as one of them was decided by.
    pub revision: u64,
}

/// What is known of connections that have no row: no dump has had them yet, or there is no room for one.
#[derive(Debug)]
struct Waiting<T>(HashMap<(SocketAddr, SocketAddr), (T, bool)>);

impl<T> Default for Waiting<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<T> Waiting<T> {
    /// `share`: of how many connections of one VM.
    fn add(&mut self, ends: (SocketAddr, SocketAddr), what: T, share: usize) {
        let own = || self.0.keys().filter(|(from, _)| from.ip() == ends.0.ip()).count();
        if self.0.contains_key(&ends) || (self.0.len() < MAX_FLOWS && own() < share) {
            self.0.insert(ends, (what, false));
        }
    }

    /// A dump has had it, and it has no row.
    fn keep(&mut self, ends: (SocketAddr, SocketAddr)) {
        self.0.get_mut(&ends).into_iter().for_each(|(_, has_waited)| *has_waited = false);
    }

    fn get(&self, ends: (SocketAddr, SocketAddr)) -> Option<&T> {
        self.0.get(&ends).map(|(what, _)| what)
    }

    fn take(&mut self, ends: (SocketAddr, SocketAddr)) -> Option<T> {
        self.0.remove(&ends).map(|(what, _)| what)
    }

    /// A dump was looked at. It may have been read before a connection began: what the second one has not has ended by then.
    fn pass(&mut self) {
        self.0.retain(|_, (_, has_waited)| !std::mem::replace(has_waited, true));
    }
}

#[derive(Debug)]
pub struct Flows {
    /// By the kernel's id.
    by_id: HashMap<u32, Flow>,
    ended: Vec<Flow>,
    /// Rows that a link may have, and connections without one of which something is known.
    share: usize,
    hidden: Vec<Hidden>,
    reported_hidden: Vec<Hidden>,
    last_serial: u64,
    cut: HashMap<u32, u8>,
    /// Of connections that begin: what their first flight named.
    named: Waiting<Named>,
    /// The same of what the traffic scanner has seen.
    noted: Waiting<String>,
}

impl Default for Flows {
    fn default() -> Self {
        Self {
            by_id: HashMap::new(),
            ended: Vec::new(),
            share: MAX_FLOWS,
            hidden: Vec::new(),
            reported_hidden: Vec::new(),
            last_serial: 0,
            cut: HashMap::new(),
            named: Waiting::default(),
            noted: Waiting::default(),
        }
    }
}

impl Flows {
    /// `links`: by the address of their VM. `candidates`: of a connection of that link, the latest last.
    pub fn see(
        &mut self,
        all: &[Connection],
        links: &HashMap<IpAddr, String>,
        marks: &Marks,
        candidates: impl Fn(&str, &Tuple) -> Vec<Candidate>,
        now: Instant,
    ) {
        let count = links.values().collect::<HashSet<_>>().len();
        self.share = (MAX_FLOWS / count.max(1)).max(LEAST_SHARE);
        let mut shown = count_by_link(self.by_id.values());
        self.hidden.clear();
        let mut seen = HashSet::new();
        for connection in all {
            let Some(link) = links.get(&connection.original.source) else { continue };
            // Without a mark: a look-up, or a ping of the firewall itself.
            let Some(decided) = marks.decided(connection.mark) else { continue };
            seen.insert(connection.id);
            let is_other = self.by_id.get(&connection.id).is_some_and(|flow| flow.tuple != connection.original);
            if is_other {
                self.end(connection.id, now);
            }
            if !self.by_id.contains_key(&connection.id) {
                let ends = (connection.original.from(), connection.original.to());
                let shown = shown.entry(link.clone()).or_default();
                if *shown >= self.share {
                    self.named.keep(ends);
                    self.noted.keep(ends);
                    self.hide(link, decided.revision);
                    continue;
                }
                *shown += 1;
                self.last_serial += 1;
                let named = self.named.take(ends);
                let possible = if named.is_some() { Vec::new() } else { candidates(link, &connection.original) };
                let mut flow = Flow {
                    serial: self.last_serial,
                    link: link.clone(),
                    name: name_by_rule(&possible, &decided.rule),
                    possible,
                    tuple: connection.original,
                    protocol: protocol_word(connection.original.protocol),
                    bytes_out: 0,
                    bytes_in: 0,
                    state: "opening",
                    decision: decided.decision,
                    rule: decided.rule.clone(),
                    revision: decided.revision,
                    since: now,
                    note: self.noted.take(ends).unwrap_or_default(),
                    closed_at: None,
                    is_reported: false,
                };
                if let Some(named) = named {
                    flow.set_name(named);
                }
                self.by_id.insert(connection.id, flow);
            }
            if let Some(flow) = self.by_id.get_mut(&connection.id) {
                update(flow, connection);
            }
        }
        self.named.pass();
        self.noted.pass();
        let gone: Vec<u32> = self.by_id.keys().filter(|id| !seen.contains(id)).copied().collect();
        for id in gone {
            self.end(id, now);
        }
    }

    fn hide(&mut self, link: &str, revision: u64) {
        match self.hidden.iter_mut().find(|own| own.link == link) {
            Some(own) => own.count += 1,
            None => self.hidden.push(Hidden { link: link.to_owned(), count: 1, revision }),
        }
    }

    fn end(&mut self, id: u32, now: Instant) {
        let Some(mut flow) = self.by_id.remove(&id) else { return };
        flow.is_reported &= flow.state == "closed";
        flow.state = "closed";
        flow.closed_at = Some(now);
        self.ended.push(flow);
    }

    /// What it is of, as it was when it began: its own name, or all that it may be of. Empty: nobody knows.
    pub fn names_of(&self, connection: &Connection) -> Vec<String> {
        let original = &connection.original;
        if let Some(flow) = self.by_id.get(&connection.id).filter(|flow| flow.tuple == *original) {
            let all = flow.possible.iter().map(|one| one.name.clone());
            return if flow.possible.is_empty() { flow.name.iter().cloned().collect() } else { all.collect() };
        }
        let named = self.named.get((original.from(), original.to())).filter(|_| original.protocol == TCP);
        named.map(|named| named.name.clone()).into_iter().collect()
    }

    /// By which it began, where its first flight named it.
    pub fn rule_of(&self, connection: &Connection) -> Option<&str> {
        let original = &connection.original;
        match self.by_id.get(&connection.id).filter(|flow| flow.tuple == *original) {
            Some(flow) => flow.possible.is_empty().then_some(flow.rule.as_str()),
            None if original.protocol == TCP => {
                self.named.get((original.from(), original.to())).map(|one| one.rule.as_str())
            }
            None => None,
        }
    }

    /// The first flight named it: better than what the address was looked up by, and what the kernel decided by. Its table may
    /// not have been read since the connection began.
    pub fn set_name(&mut self, from: SocketAddr, to: SocketAddr, named: Named) {
        let is_own = |tuple: &Tuple| tuple.protocol == TCP && tuple.from() == from && tuple.to() == to;
        match self.by_id.values_mut().find(|flow| is_own(&flow.tuple) && flow.state != "closed") {
            Some(flow) => flow.set_name(named),
            None => self.named.add((from, to), named, self.share),
        }
    }

    /// Whether a VM has begun a connection of these ends.
    pub fn is_known(&self, from: SocketAddr, to: SocketAddr) -> bool {
        self.by_id.values().any(|flow| flow.tuple.from() == from && flow.tuple.to() == to)
    }

    /// By which the VM reached the other end.
    pub fn name_between(&self, vm: SocketAddr, other: SocketAddr) -> Option<&str> {
        let own = self.by_id.values().find(|flow| flow.tuple.from() == vm && flow.tuple.to() == other);
        own.map_or_else(|| self.named.get((vm, other)).map(|one| one.name.as_str()), |flow| flow.name.as_deref())
    }

    /// The traffic scanner has seen something of it. The first word counts.
    pub fn note(&mut self, vm: SocketAddr, other: SocketAddr, note: String) {
        match self.by_id.values_mut().find(|flow| flow.tuple.from() == vm && flow.tuple.to() == other) {
            Some(flow) if flow.note.is_empty() => {
                flow.note = note;
                flow.is_reported = false;
            }
            Some(_) => {}
            None => self.noted.add((vm, other), note, self.share),
        }
    }

    /// Of those that are cut: which were so in several dumps.
    pub fn cut_for_long(&mut self, cut: &HashSet<u32>) -> Vec<u32> {
        self.cut.retain(|id, _| cut.contains(id));
        cut.iter()
            .filter(|id| {
                let dumps = self.cut.entry(**id).or_default();
                *dumps = dumps.saturating_add(1);
                *dumps >= CUT_DUMPS
            })
            .copied()
            .collect()
    }

    /// Those that changed since the last call, and the serial numbers of those that are forgotten.
    pub fn changed(&mut self, now: Instant) -> (Vec<Flow>, Vec<u64>) {
        let mut gone = Vec::new();
        let mut rows = count_by_link(self.by_id.values().chain(&self.ended));
        // The oldest first: what has ended makes room for what has not.
        self.ended.retain(|flow| {
            let rows = rows.entry(flow.link.clone()).or_default();
            let is_long_ago = flow.closed_at.is_some_and(|at| now.saturating_duration_since(at) > CLOSED_FOR);
            let is_over = flow.is_reported && (is_long_ago || *rows > self.share);
            if is_over {
                *rows -= 1;
                gone.push(flow.serial);
            }
            !is_over
        });
        let mut changed = Vec::new();
        for flow in self.by_id.values_mut().chain(&mut self.ended).filter(|flow| !flow.is_reported) {
            flow.is_reported = true;
            changed.push(flow.clone());
        }
        changed.sort_by_key(|flow| flow.serial);
        (changed, gone)
    }

    /// Of what has no row: what changed since the last call, and links of which all have one again.
    pub fn hidden_changed(&mut self) -> (Vec<Hidden>, Vec<String>) {
        let is_there = |all: &[Hidden], link: &str| all.iter().any(|own| own.link == link);
        let changed = self.hidden.iter().filter(|own| !self.reported_hidden.contains(own)).cloned().collect();
        let before = self.reported_hidden.iter().map(|own| own.link.clone());
        let gone = before.filter(|link| !is_there(&self.hidden, link)).collect();
        self.reported_hidden.clone_from(&self.hidden);
        (changed, gone)
    }

    pub fn tell_all_again(&mut self) {
        self.by_id.values_mut().chain(&mut self.ended).for_each(|flow| flow.is_reported = false);
        self.reported_hidden.clear();
    }
}

impl Flow {
    fn set_name(&mut self, Named { name, rule, revision }: Named) {
        let is_same = self.possible.is_empty() && self.name.as_ref() == Some(&name);
        self.is_reported &= is_same && self.rule == rule && self.revision == revision;
        self.possible.clear();
        (self.name, self.rule, self.revision) = (Some(name), rule, revision);
    }

    /// Names that it may be of as well, about which another rule decides.
    pub fn others(&self) -> impl Iterator<Item = &str> {
        self.possible.iter().filter(|one| one.rule != self.rule).map(|one| one.name.as_str())
    }
}

fn count_by_link<'a>(flows: impl Iterator<Item = &'a Flow>) -> HashMap<String, usize> {
    let mut counts = HashMap::new();
    flows.for_each(|flow| *counts.entry(flow.link.clone()).or_default() += 1);
    counts
}

fn update(flow: &mut Flow, connection: &Connection) {
    let state = state_word(connection.tcp_state);
    let decision = decision_of(connection.mark);
    let same = flow.bytes_out == connection.bytes_out
        && flow.bytes_in == connection.bytes_in
        && flow.state == state
        && flow.decision == decision;
    flow.is_reported &= same;
    flow.bytes_out = connection.bytes_out;
    flow.bytes_in = connection.bytes_in;
    flow.state = state;
    flow.decision = decision;
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::decide::Verdict;
    use crate::marks::CUT;

    fn tuple(port: u16) -> Tuple {
        Tuple {
            source: "10.137.0.6".parse().unwrap(),
            destination: "198.18.0.1".parse().unwrap(),
            protocol: TCP,
            source_port: port,
            destination_port: 443,
        }
    }

    struct Seen {
        flows: Flows,
        marks: Marks,
        mark: u32,
        candidates: Vec<(&'static str, &'static str)>,
        start: Instant,
    }

    impl Seen {
        fn new() -> Self {
            let mut marks = Marks::default();
            let mark = marks.mark(Verdict { decision: Decision::Allow, rule: "r1" }, 4);
            let candidates = vec![("web.example", "r1")];
            Self { flows: Flows::default(), marks, mark, candidates, start: Instant::now() }
        }

        fn see(&mut self, all: &[Connection], after_s: u64) -> Vec<(u64, String, &'static str, u64)> {
            let links = ["10.137.0.6", "10.137.0.10"].map(|address| address.parse().unwrap());
            let links = links.into_iter().zip(["link-1", "link-2"].map(str::to_owned)).collect();
            let now = self.start + Duration::from_secs(after_s);
            let candidate = |(name, rule): &(&str, &str)| Candidate { name: (*name).into(), rule: (*rule).into() };
            let candidates = |_: &str, _: &Tuple| self.candidates.iter().map(candidate).collect();
            self.flows.see(all, &links, &self.marks, candidates, now);
            let rows = self.flows.changed(now).0;
            rows.into_iter().map(|flow| (flow.serial, flow.rule, flow.state, flow.bytes_out)).collect()
        }

        /// The first flight of the connection from that port names it.
        fn name(&mut self, port: u16, name: &str, rule: &str, revision: u64) {
            let (name, rule) = (name.to_owned(), rule.to_owned());
            self.flows.set_name(tuple(port).from(), tuple(port).to(), Named { name, rule, revision });
        }

        fn of(&self, id: u32) -> (&str, &str, u64, Vec<&str>) {
            let flow = &self.flows.by_id[&id];
            (flow.name.as_deref().unwrap(), &flow.rule, flow.revision, flow.others().collect())
        }
    }

    fn connection(mark: u32, id: u32, port: u16, bytes_out: u64) -> Connection {
        Connection::of_test(id, tuple(port), mark, bytes_out, Some(3))
    }

    #[test]
    fn a_row_is_reported_when_it_changes_and_forgotten_after_its_end() {
        let mut seen = Seen::new();
        let mark = seen.mark;
        assert_eq!(seen.see(&[connection(mark, 9, 40_000, 10)], 0), [(1, "r1".to_owned(), "open", 10)]);
        assert_eq!(seen.see(&[connection(mark, 9, 40_000, 10)], 1), []);
        assert_eq!(seen.see(&[connection(mark, 9, 40_000, 20)], 2), [(1, "r1".to_owned(), "open", 20)]);
        assert_eq!(seen.see(&[], 3), [(1, "r1".to_owned(), "closed", 20)]);
        assert_eq!(seen.flows.changed(seen.start + CLOSED_FOR + Duration::from_secs(4)).1, [1]);
    }

    #[test]
    fn an_id_that_the_kernel_gives_again_is_another_row() {
        let mut seen = Seen::new();
        let mark = seen.mark;
        seen.see(&[connection(mark, 9, 40_000, 10)], 0);
        let rows = seen.see(&[connection(mark, 9, 40_001, 5)], 1);
        assert_eq!(rows, [(1, "r1".to_owned(), "closed", 10), (2, "r1".to_owned(), "open", 5)]);
    }

    /// Of the first VM, from as many ports.
    fn many(mark: u32, count: usize) -> Vec<Connection> {
        (0..).take(count).map(|number: u16| connection(mark, number.into(), number, 10)).collect()
    }

    #[test]
    fn one_vm_takes_no_rows_from_another_and_how_many_of_its_own_have_none_is_told() {
        let mut seen = Seen::new();
        let mark = seen.mark;
        let mut all = many(mark, MAX_FLOWS);
        let mut other = connection(mark, 9_999, 40_000, 10);
        other.original.source = "10.137.0.10".parse().unwrap();
        all.push(other.clone());
        assert_eq!(seen.see(&all, 0).len(), MAX_FLOWS / 2 + 1);
        assert!(seen.flows.by_id.contains_key(&other.id));
        let hidden = Hidden { link: "link-1".to_owned(), count: MAX_FLOWS / 2, revision: 4 };
        assert_eq!(seen.flows.hidden_changed(), (vec![hidden.clone()], vec![]));
        seen.see(&all, 1);
        assert_eq!(seen.flows.hidden_changed(), (vec![], vec![]));
        seen.flows.tell_all_again();
        assert_eq!(seen.flows.hidden_changed(), (vec![hidden], vec![]));
        seen.see(&[other], 2);
        assert_eq!(seen.flows.hidden_changed(), (vec![], vec!["link-1".to_owned()]));
    }

    #[test]
    fn rows_of_what_has_ended_make_room_for_what_has_not() {
        let mut seen = Seen::new();
        let mark = seen.mark;
        let share = MAX_FLOWS / 2;
        seen.see(&many(mark, share), 0);
        assert_eq!(seen.see(&[], 1).len(), share);
        seen.see(&[connection(mark, 9_999, 40_000, 10)], 2);
        // The first of them; the others stay for their time.
        let rows = seen.flows.by_id.len() + seen.flows.ended.len();
        assert_eq!((rows, seen.flows.by_id.len()), (share, 1));
    }

    #[test]
    fn a_row_has_the_rule_of_the_name_that_its_first_flight_said() {
        let mut seen = Seen::new();
        seen.candidates = vec![("web.example", "r1"), ("shop.example", "r2")];
        let (mark, first, second) = (seen.mark, tuple(40_000), tuple(40_001));
        // One is named before it is seen.
        seen.name(40_001, "shop.example", "r2", 5);
        assert_eq!(
            seen.flows.names_of(&Connection::of_test(8, second, mark, 10, Some(3))),
            ["shop.example".to_owned()]
        );
        let all = [connection(mark, 9, 40_000, 10), connection(mark, 8, 40_001, 10)];
        assert_eq!(seen.see(&all, 0).len(), 2);
        assert_eq!(seen.of(8), ("shop.example", "r2", 5, vec![]));
        // The kernel has decided by the rule of one of them, and it may be of the other.
        assert_eq!(seen.of(9), ("web.example", "r1", 4, vec!["shop.example"]));
        let names = seen.flows.names_of(&Connection::of_test(9, first, mark, 10, Some(3)));
        assert_eq!(names, ["web.example", "shop.example"]);
        seen.name(40_000, "shop.example", "r2", 5);
        assert_eq!(seen.see(&all, 1), [(1, "r2".to_owned(), "open", 10)]);
        assert_eq!(seen.of(9), ("shop.example", "r2", 5, vec![]));
        seen.name(40_000, "shop.example", "r2", 5);
        assert_eq!(seen.see(&all, 2), []);
    }

    #[test]
    fn a_name_waits_for_a_dump_that_was_read_after_its_connection_began() {
        let mut seen = Seen::new();
        seen.name(40_000, "shop.example", "r2", 5);
        seen.see(&[], 0);
        seen.see(&[connection(seen.mark, 9, 40_000, 10)], 1);
        assert_eq!(seen.of(9).0, "shop.example");
        seen.name(40_001, "shop.example", "r2", 5);
        seen.see(&[], 2);
        seen.see(&[], 3);
        seen.see(&[connection(seen.mark, 8, 40_001, 10)], 4);
        assert_eq!(seen.of(8).0, "web.example");
    }

    #[test]
    fn the_name_of_a_connection_without_a_row_is_known_as_long_as_that_runs() {
        let mut seen = Seen::new();
        let mark = seen.mark;
        let all = many(mark, MAX_FLOWS / 2 + 1);
        let hidden = all.last().unwrap().clone();
        seen.name(hidden.original.source_port, "shop.example", "r2", 5);
        for after_s in 0..4 {
            seen.see(&all, after_s);
            assert!(!seen.flows.by_id.contains_key(&hidden.id));
            assert_eq!(seen.flows.names_of(&hidden), ["shop.example".to_owned()], "after {after_s} s");
            assert_eq!(seen.flows.rule_of(&hidden), Some("r2"));
        }
        seen.see(&many(mark, 1), 4);
        seen.see(&many(mark, 1), 5);
        assert_eq!(seen.flows.named.0.len(), 0);
    }

    #[test]
    fn one_vm_takes_no_room_for_names_from_another() {
        let mut seen = Seen::new();
        seen.see(&[], 0);
        (0..2_000).for_each(|port| seen.name(port, "web.example", "r1", 5));
        assert_eq!(seen.flows.named.0.len(), MAX_FLOWS / 2);
        seen.name(0, "shop.example", "r2", 5);
        assert_eq!(seen.flows.named.get((tuple(0).from(), tuple(0).to())).unwrap().name, "shop.example");
    }

    #[test]
    fn what_was_cut_is_denied_and_looked_at_again() {
        let mut seen = Seen::new();
        let mark = seen.mark;
        seen.see(&[connection(mark, 9, 40_000, 10)], 0);
        assert_eq!(seen.see(&[connection(mark | CUT, 9, 40_000, 10)], 1).len(), 1);
        assert_eq!(seen.flows.by_id[&9].decision, Decision::Deny);
        let cut = HashSet::from([9]);
        let dumps: Vec<usize> = (0..CUT_DUMPS).map(|_| seen.flows.cut_for_long(&cut).len()).collect();
        assert_eq!(dumps, [0, 0, 0, 0, 1]);
    }

    #[test]
    fn what_no_rule_decided_and_what_is_of_no_link_is_no_row() {
        let mut seen = Seen::new();
        assert_eq!(seen.see(&[connection(0, 9, 40_000, 10)], 0), []);
        let mut other = connection(seen.mark, 9, 40_000, 10);
        other.original.source = "10.137.255.2".parse().unwrap();
        assert_eq!(seen.see(&[other], 0), []);
    }
}
