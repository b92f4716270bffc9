//! What a person of this guest wants to be scanned: the host has scanners, and is asked. Who goes before the answer has it dropped.

use atoll_wire::header::Message as Body;
use atoll_wire::limits::{MAX_SCAN_PATHS, MAX_SCANS_WANTED};
use atoll_wire::{ScanAnswered, ScanDropped, ScanVerdict, ScanWanted, ScannedFile};

use super::socket::Client;
use super::{Asked, TOO_MANY};
use crate::agent::Agent;
use crate::ports::PortKind;
use crate::session::Phase;

/// Exit codes, as those of clamscan and grep: a script tells what is clean from what is not, and from what nobody has looked at.
pub mod code {
    pub const CLEAN: u8 = 0;
    /// Something was found, or looks suspicious.
    pub const FOUND: u8 = 1;
    /// Not all of it could be looked at.
    pub const NOT_SCANNED: u8 = 2;
}

/// All paths of one request, bytes: they are in one message.
pub const REQUEST_BYTES: usize = 32 * 1024;

impl Agent {
    pub(super) fn scan_wanted(&mut self, client: Client, paths: &[&[u8]]) {
        if self.session.phase != Phase::Open {
            return client.answer(code::NOT_SCANNED, "Atoll does not answer");
        }
        let scans = self.opening.waiting.values().filter(|(_, asked)| matches!(asked, Asked::Scan(_))).count();
        if self.opening.is_full() || scans >= MAX_SCANS_WANTED {
            return client.answer(code::NOT_SCANNED, TOO_MANY);
        }
        let bytes = paths.iter().map(|path| path.len()).sum::<usize>();
        let are_absolute = paths.iter().all(|path| path.starts_with(b"/"));
        if paths.is_empty() || paths.len() > MAX_SCAN_PATHS || bytes > REQUEST_BYTES || !are_absolute {
            return client.answer(code::NOT_SCANNED, "no files, or too many at once: scan their folder");
        }
        // `add` gives it this number.
        let wanted = self.opening.last + 1;
        let gone = client.connection().ok().and_then(|fd| self.on_hang_up(fd, move |agent| agent.drop_scan(wanted)));
        let Some(gone) = gone else { return client.answer(code::NOT_SCANNED, "the guest has no room for it") };
        let wanted = self.opening.add(client, Asked::Scan(gone), Vec::new());
        let paths = paths.iter().map(|path| path.to_vec()).collect();
        self.send(PortKind::Control, Body::ScanWanted(ScanWanted { wanted, paths }));
    }

    fn drop_scan(&mut self, wanted: u32) {
        if self.opening.waiting.remove(&wanted).is_some() {
            self.send(PortKind::Control, Body::ScanDropped(ScanDropped { wanted }));
        }
    }

    pub(super) fn answer_scan(&mut self, answered: &ScanAnswered) {
        let taken = self.opening.answered(answered.wanted, |asked| matches!(asked, Asked::Scan(_)));
        let Some((client, Asked::Scan(gone))) = taken else { return };
        self.handle.remove(gone);
        let output = answered.files.iter().map(line).collect::<String>();
        client.answer_with(exit_code(answered.verdict()), &answered.detail, &output);
    }
}

fn exit_code(verdict: ScanVerdict) -> u8 {
    match verdict {
        ScanVerdict::Clean => code::CLEAN,
        ScanVerdict::Found | ScanVerdict::Suspicious => code::FOUND,
        ScanVerdict::Unspecified | ScanVerdict::NotScanned | ScanVerdict::Error => code::NOT_SCANNED,
    }
}

/// A file's line. Its name is a program's of this guest: it makes no second line, and does nothing to a terminal.
fn line(file: &ScannedFile) -> String {
    let verdict = match file.verdict() {
        ScanVerdict::Clean => "clean",
        ScanVerdict::Found => "found",
        ScanVerdict::Suspicious => "suspicious",
        ScanVerdict::Error => "error",
        ScanVerdict::Unspecified | ScanVerdict::NotScanned => "not-scanned",
    };
    let why = if file.why.is_empty() { String::new() } else { format!(" ({})", shown(&file.why)) };
    format!("{}: {verdict}{why}\n", shown(&file.path))
}

pub fn shown(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_control() {
            shown.extend(letter.escape_default());
        } else {
            shown.push(letter);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_line_has_the_name_the_verdict_and_why() {
        let file = |path: &str, verdict: ScanVerdict, why: &str| ScannedFile {
            path: path.to_owned(),
            verdict: verdict.into(),
            why: why.to_owned(),
        };
        assert_eq!(line(&file("/a b", ScanVerdict::Clean, "")), "/a b: clean\n");
        assert_eq!(line(&file("/a", ScanVerdict::Found, "Eicar")), "/a: found (Eicar)\n");
        assert_eq!(line(&file("/a", ScanVerdict::Suspicious, "")), "/a: suspicious\n");
        assert_eq!(line(&file("/a", ScanVerdict::Error, "")), "/a: error\n");
        assert_eq!(line(&file("/a\n/b: clean", ScanVerdict::NotScanned, "")), "/a\\n/b: clean: not-scanned\n");
        // A verdict that this agent does not know is none.
        assert_eq!(line(&ScannedFile { verdict: 99, ..file("/a", ScanVerdict::Clean, "") }), "/a: not-scanned\n");
        assert_eq!(exit_code(ScannedFile { verdict: 99, ..ScannedFile::default() }.verdict()), code::NOT_SCANNED);
    }

    proptest! {
        #[test]
        fn each_file_has_one_line(path in any::<String>(), why in any::<String>()) {
            let line = line(&ScannedFile { path, verdict: ScanVerdict::Found.into(), why });
            prop_assert_eq!(line.chars().filter(|letter| letter.is_control()).count(), 1);
            prop_assert!(line.ends_with('\n'));
        }
    }
}
