//! What was denied, as rows: of one kind one row, with how often it happened. What the kernel counted and did not log packet
//! by packet is a row of its own, so that nothing is missing.

use crate::decide::{DEFAULT_DENY, SPOOFED};
use crate::model::Decision;
use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// Kinds that have a row. VMs have the same share of them; more are counted in their link's rows of the rest.
const MAX_KINDS: usize = 1_000;
/// However many VMs there are.
const LEAST_SHARE: usize = 20;
/// A kind that has not happened for so long begins a new row.
const QUIET: Duration = Duration::from_secs(300);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Kind {
    pub link: String,
    pub name: Option<String>,
    pub address: Option<IpAddr>,
    pub port: Option<u16>,
    pub protocol: &'static str,
    pub decision: Decision,
    pub rule: String,
    pub revision: u64,
    /// "" where the rule alone says it.
    pub reason: &'static str,
}

#[derive(Debug, Clone)]
pub struct Refusal {
    pub kind: Kind,
    /// Unique in a run of the program.
    pub serial: u64,
    pub count: u64,
    pub since: Instant,
    last: Instant,
    is_reported: bool,
}

#[derive(Debug)]
pub struct Refusals {
    by_kind: HashMap<Kind, Refusal>,
    /// Kinds that a link may have.
    share: usize,
    last_serial: u64,
    /// By link: packets of which a row speaks, and what the kernel had counted a tick ago.
    listed: HashMap<String, u64>,
    counted: HashMap<String, u64>,
    spoofed: HashMap<String, u64>,
}

impl Default for Refusals {
    fn default() -> Self {
        Self {
            by_kind: HashMap::new(),
            share: MAX_KINDS,
            last_serial: 0,
            listed: HashMap::new(),
            counted: HashMap::new(),
            spoofed: HashMap::new(),
        }
    }
}

impl Refusals {
    /// So many links there are.
    pub fn share_among(&mut self, links: usize) {
        self.share = (MAX_KINDS / links.max(1)).max(LEAST_SHARE);
    }

    /// Something that the program itself refused.
    pub fn add(&mut self, kind: Kind, times: u64, now: Instant) {
        if let Some(there) = self.by_kind.get_mut(&kind) {
            there.count += times;
            there.last = now;
            there.is_reported = false;
            return;
        }
        let kinds = self.by_kind.keys().filter(|own| own.link == kind.link && own.reason != MORE).count();
        let kind = if kinds < self.share { kind } else { rest_of(&kind) };
        if self.by_kind.contains_key(&kind) {
            return self.add(kind, times, now);
        }
        self.last_serial += 1;
        let refusal = Refusal {
            kind: kind.clone(),
            serial: self.last_serial,
            count: times,
            since: now,
            last: now,
            is_reported: false,
        };
        self.by_kind.insert(kind, refusal);
    }

    /// A packet that the kernel denied and logged.
    pub fn add_packet(&mut self, kind: Kind, now: Instant) {
        *self.listed.entry(kind.link.clone()).or_default() += 1;
        self.add(kind, 1, now);
    }

    /// The kernel's own count for a link: what was counted a tick ago and is in no row is put into one.
    pub fn counted(&mut self, link: &str, packets: u64, revision: u64, now: Instant) {
        let before = self.counted.insert(link.to_owned(), packets).unwrap_or(0);
        let listed = self.listed.entry(link.to_owned()).or_default();
        let missing = before.saturating_sub(*listed);
        if missing > 0 {
            *listed += missing;
            self.add(rest(link, revision), missing, now);
        }
    }

    /// The count of what came with another source than the VM's own. It begins anew with the link's interface.
    pub fn spoofed(&mut self, link: &str, packets: u64, revision: u64, now: Instant) {
        let before = self.spoofed.insert(link.to_owned(), packets).unwrap_or(0);
        let more = if packets < before { packets } else { packets - before };
        if more > 0 {
            self.add(Kind { rule: SPOOFED.to_owned(), reason: "", ..rest(link, revision) }, more, now);
        }
    }

    /// Those that changed since the last call, and the serial numbers of those that are forgotten.
    pub fn changed(&mut self, now: Instant) -> (Vec<Refusal>, Vec<u64>) {
        let mut gone = Vec::new();
        self.by_kind.retain(|_, refusal| {
            let is_quiet = refusal.is_reported && now.saturating_duration_since(refusal.last) > QUIET;
            if is_quiet {
                gone.push(refusal.serial);
            }
            !is_quiet
        });
        let mut changed = Vec::new();
        for refusal in self.by_kind.values_mut().filter(|refusal| !refusal.is_reported) {
            refusal.is_reported = true;
            changed.push(refusal.clone());
        }
        changed.sort_by_key(|refusal| refusal.serial);
        (changed, gone)
    }

    /// Somebody connected anew, and knows of nothing.
    pub fn tell_all_again(&mut self) {
        self.by_kind.values_mut().for_each(|refusal| refusal.is_reported = false);
    }
}

const MORE: &str = "too many in a short time to be told one by one";

/// What one rule has refused besides.
fn rest_of(kind: &Kind) -> Kind {
    Kind { name: None, address: None, port: None, protocol: "other", reason: MORE, ..kind.clone() }
}

/// What the kernel has counted alone: it does not say which rule.
fn rest(link: &str, revision: u64) -> Kind {
    Kind {
        link: link.to_owned(),
        name: None,
        address: None,
        port: None,
        protocol: "other",
        decision: Decision::Deny,
        rule: DEFAULT_DENY.to_owned(),
        revision,
        reason: MORE,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn kind(port: u16) -> Kind {
        Kind { port: Some(port), protocol: "tcp", reason: "", ..rest("link-1", 1) }
    }

    #[test]
    fn one_kind_is_one_row_that_is_reported_when_it_changes() {
        let (mut refusals, now) = (Refusals::default(), Instant::now());
        refusals.add_packet(kind(1), now);
        refusals.add_packet(kind(1), now);
        refusals.add_packet(kind(2), now);
        let counts: Vec<_> = refusals.changed(now).0.iter().map(|refusal| (refusal.serial, refusal.count)).collect();
        assert_eq!(counts, [(1, 2), (2, 1)]);
        assert_eq!(refusals.changed(now).0.len(), 0);
        refusals.add_packet(kind(1), now);
        assert_eq!(refusals.changed(now).0[0].count, 3);
        refusals.tell_all_again();
        assert_eq!(refusals.changed(now).0.len(), 2);
    }

    #[test]
    fn the_sum_of_the_rows_is_the_kernels_count() {
        let (mut refusals, now) = (Refusals::default(), Instant::now());
        refusals.add_packet(kind(1), now);
        refusals.counted("link-1", 10, 1, now);
        // ToProgram a moment later than it was counted.
        refusals.add_packet(kind(1), now);
        refusals.counted("link-1", 10, 1, now);
        refusals.counted("link-1", 10, 1, now);
        let sum: u64 = refusals.changed(now).0.iter().map(|refusal| refusal.count).sum();
        assert_eq!(sum, 10);
    }

    #[test]
    fn spoofed_packets_are_a_row_whatever_its_counter_began_with() {
        let (mut refusals, now) = (Refusals::default(), Instant::now());
        for packets in [0, 3, 3, 5, 2] {
            refusals.spoofed("link-1", packets, 1, now);
        }
        let rows = refusals.changed(now).0;
        assert_eq!((rows.len(), rows[0].count, rows[0].kind.rule.as_str()), (1, 7, SPOOFED));
    }

    #[test]
    fn what_is_quiet_is_forgotten_and_kinds_have_a_limit() {
        let (mut refusals, now) = (Refusals::default(), Instant::now());
        for port in 0..2_000 {
            refusals.add_packet(kind(port), now);
        }
        let (changed, _) = refusals.changed(now);
        assert_eq!(changed.len(), MAX_KINDS + 1);
        assert_eq!(changed.iter().map(|refusal| refusal.count).sum::<u64>(), 2_000);
        assert_eq!(refusals.changed(now + QUIET * 2).1.len(), MAX_KINDS + 1);
    }

    #[test]
    fn one_vm_takes_no_rows_from_another_and_what_asks_still_does() {
        let (mut refusals, now) = (Refusals::default(), Instant::now());
        refusals.share_among(2);
        let asks = |port| Kind { decision: Decision::Ask, rule: "r1".to_owned(), ..kind(port) };
        for port in 0..2_000 {
            refusals.add(asks(port), 1, now);
        }
        let name = Some("web.example".to_owned());
        let other = Kind { link: "link-2".to_owned(), name, ..asks(443) };
        refusals.add(other.clone(), 1, now);
        let mut rows = refusals.changed(now).0;
        assert_eq!(rows.pop().map(|refusal| refusal.kind), Some(other));
        let rest = rows.pop().unwrap();
        assert_eq!((rest.kind, rest.count), (rest_of(&asks(0)), 2_000 - 500));
        assert_eq!((rows.len(), rest_of(&asks(0)).decision), (500, Decision::Ask));
    }
}
