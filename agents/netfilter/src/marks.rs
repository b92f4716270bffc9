//! Marks of connections and packets: which rule decided, so that the kernel carries it along. A number is never given to
//! another rule in a run of the program, and another revision of the policy has its own: old rows stay right.

use crate::decide::Verdict;
use crate::model::Decision;
use std::collections::HashMap;

/// It was denied after it had been allowed.
pub const CUT: u32 = 0x8000_0000;
pub const ALLOWED: u32 = 0x4000_0000;
/// Its first flight has to name what it was looked up as.
pub const CHECKED: u32 = 0x2000_0000;
/// The traffic scanner has seen enough of it: Suricata's own mark of a packet, kept with the connection.
pub const SCANNED: u32 = 0x1000_0000;
// 0x0800_0000 is of packets alone: canary.rs.
const NUMBER: u32 = 0x00ff_ffff;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Decided {
    pub rule: String,
    pub revision: u64,
    pub decision: Decision,
}

#[derive(Debug, Default)]
pub struct Marks {
    all: Vec<Decided>,
    numbers: HashMap<Decided, u32>,
}

impl Marks {
    /// Without CUT and CHECKED.
    pub fn mark(&mut self, verdict: Verdict<'_>, revision: u64) -> u32 {
        let decided = Decided { rule: verdict.rule.to_owned(), revision, decision: verdict.decision };
        let allowed = if verdict.decision == Decision::Allow { ALLOWED } else { 0 };
        if let Some(number) = self.numbers.get(&decided) {
            return number | allowed;
        }
        // From 1: a connection that nothing decided about has 0. After 16 million rules the last one stands for the rest.
        let number = u32::try_from(self.all.len() + 1).unwrap_or(NUMBER).min(NUMBER);
        if self.all.len() < NUMBER as usize {
            self.all.push(decided.clone());
            self.numbers.insert(decided, number);
        }
        number | allowed
    }

    pub fn decided(&self, mark: u32) -> Option<&Decided> {
        self.all.get(usize::try_from(mark & NUMBER).ok()?.checked_sub(1)?)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_number_stays_the_rules_own() {
        let mut marks = Marks::default();
        let allow = Verdict { decision: Decision::Allow, rule: "a" };
        let first = marks.mark(allow, 1);
        assert_eq!(marks.mark(allow, 1), first);
        assert_ne!(marks.mark(allow, 2), first);
        assert_ne!(marks.mark(Verdict { decision: Decision::Deny, rule: "a" }, 1), first);
        assert_eq!(first & ALLOWED, ALLOWED);
        let decided = marks.decided(first | CUT | CHECKED).unwrap();
        assert_eq!((decided.rule.as_str(), decided.revision), ("a", 1));
        assert_eq!(marks.decided(0), None);
        assert_eq!(marks.decided(99), None);
    }
}
