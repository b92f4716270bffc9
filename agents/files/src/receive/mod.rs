//! Receives the records of a stream. A file has its name when it is whole, and not before: it is written into a folder that
//! no program looks at, on the same file system, and renamed from there.

mod destination;
mod journal;
mod place;
mod plan;
mod replaced;
mod report;
mod staging;

use std::collections::BTreeSet;
use std::time::Duration;

use atoll_wire::header::Message as Body;
use atoll_wire::limits::MAX_TRANSFER_BYTES;
use atoll_wire::{FileEntry, FileKind, FileOutcome, FileReason, FileResult, FilesReady, files_receive};

use crate::control::Control;
use crate::digest::{Digest, Hasher};
use crate::record::{Input, NoRecord, Record, Records};
use crate::transfers::Emit;
use crate::{End, Places};
use destination::Destination;
use journal::Journal;
pub use place::ORIGIN;
use place::{Placed, Placing};
use plan::Plan;
use report::Report;
use staging::{Staged, Staging};

/// FilesReceive with all its entries.
#[derive(Debug)]
pub struct Request {
    pub transfer: u32,
    pub key: [u8; 16],
    pub origin: String,
    pub destination: files_receive::Destination,
    pub opened: bool,
    pub read_only: bool,
    pub bytes: u64,
    pub entries: Vec<FileEntry>,
}

/// Files that are whole wait for each other, so that one call makes all of them durable: so many at most, and bytes.
const MAX_WAITING: usize = 128;
const MAX_WAITING_BYTES: u64 = 32 * 1024 * 1024;
/// Between two reports.
const REPORT_EVERY: Duration = Duration::from_millis(100);

/// Receives all of a transfer.
pub fn receive(request: &Request, places: &Places, input: impl Input, control: &Control, emit: &Emit) -> End {
    match Receiver::prepare(request, places, emit) {
        Ok(mut receiver) => receiver.run(input, control),
        Err(end) => end,
    }
}

/// What the stream says of one file.
enum Current {
    /// Refused already, or failed: what comes of it is dropped.
    Dropped,
    Written {
        staged: Staged,
        hasher: Hasher,
        size: u64,
    },
}

struct Receiver<'a> {
    request: &'a Request,
    destination: Destination,
    plan: Plan,
    staging: Staging,
    journal: Journal,
    report: Report<'a>,
    placing: Placing,
    /// Files that are whole and have not got their names.
    waiting: Vec<Placed>,
    waiting_bytes: u64,
    /// Entries of which nothing is known yet.
    open: BTreeSet<u32>,
    /// Of the file that the stream has begun.
    current: Option<(u32, Current)>,
    /// The next file that the stream may begin; the bytes of it that are there.
    next: u32,
    offset: u64,
    /// Bytes of listed files that nobody awaits, and of others.
    dropped: u64,
    dropped_others: u64,
}

impl<'a> Receiver<'a> {
    fn prepare(request: &'a Request, places: &Places, emit: &'a Emit) -> Result<Self, End> {
        let mut report = Report::new(request.transfer, emit, REPORT_EVERY);
        let destination = Destination::find(request, places)?;
        let (plan, refused) = Plan::new(request, &destination)?;
        let staging = Staging::open(&destination.folder, &request.key)?;
        let (journal, past) = Journal::open(&staging, request)?;
        let mut open = plan.files().collect::<BTreeSet<_>>();
        for result in refused {
            open.remove(&result.index);
            report.add(result);
        }
        let placing = Placing::new(request, &destination, places);
        let mut receiver = Self {
            request,
            destination,
            plan,
            staging,
            journal,
            report,
            placing,
            waiting: Vec::new(),
            waiting_bytes: 0,
            open,
            current: None,
            next: 0,
            offset: 0,
            dropped: 0,
            dropped_others: 0,
        };
        receiver.resume(&past);
        receiver.make_folders(&past);
        let prefix = receiver.prefix();
        receiver.report.send();
        if let Err(end) = receiver.check_space() {
            return Err(receiver.finish(end, past.next > 0 || receiver.offset > 0));
        }
        let ready = FilesReady {
            transfer: request.transfer,
            first: receiver.next,
            offset: receiver.offset,
            prefix_sha256: prefix.map(|digest| digest.to_vec()).unwrap_or_default(),
        };
        emit(Body::FilesReady(ready).into());
        Ok(receiver)
    }

    /// Takes over what an earlier try has done.
    fn resume(&mut self, past: &journal::Past) {
        self.next = past.next;
        for done in self.open.iter().copied().take_while(|index| *index < past.next).collect::<Vec<_>>() {
            self.open.remove(&done);
            // A host that has ended since knows of none of them, and takes what it hears nothing of for whole.
            if let Some(reason) = past.failed.get(&done) {
                self.add_result(done, FileOutcome::Failed, *reason, None);
            }
        }
        self.staging.keep_only(self.next);
    }

    /// The digest of what is there of the next file.
    fn prefix(&mut self) -> Option<Digest> {
        let size = self.plan.file(self.next)?.size;
        let (length, hasher) = self.staging.rest_of(self.next, size)?;
        self.offset = length;
        Some(hasher.digest())
    }

    /// # Errors
    /// What is still to come does not fit.
    fn check_space(&self) -> Result<(), End> {
        let mut wanted = self.open.iter().filter_map(|index| self.plan.file(*index)).map(|file| file.size).sum::<u64>();
        let next = self.plan.file(self.next).map_or(0, |file| file.size);
        wanted -= self.staging.rest_space().min(next).min(wanted);
        match self.destination.free_bytes() {
            Some(free) if wanted > free => {
                let path = String::from_utf8_lossy(&self.destination.path_of(b"")).into_owned();
                Err(End::new(FileReason::NoSpace, format!("{path}: {wanted} bytes are wanted, {free} are free")))
            }
            _ => Ok(()),
        }
    }

    fn make_folders(&mut self, past: &journal::Past) {
        for index in self.plan.folders().collect::<Vec<_>>() {
            let made = self.plan.make_folder(&self.destination, index, past.folders.get(&index));
            match made {
                Ok(Some(name)) => {
                    let is_other = self.plan.listed_name(index) != Some(&name);
                    self.journal.folder(index, &name);
                    let outcome = if is_other { FileOutcome::KeptBoth } else { FileOutcome::Whole };
                    self.add_result(index, outcome, FileReason::Unspecified, None);
                }
                // It lies in a folder that could not be made.
                Ok(None) => self.add_result(index, FileOutcome::Failed, FileReason::Unwritable, None),
                Err(reason) => self.add_result(index, FileOutcome::Failed, reason, None),
            }
        }
    }

    fn run(&mut self, input: impl Input, control: &Control) -> End {
        let mut records = Records::new(input);
        let end = loop {
            if !records.is_ready() {
                self.settle();
                self.report.send_if_due();
            }
            control.wait_while_paused();
            if control.is_stopped() {
                break End::new(FileReason::Stopped, "");
            }
            match records.read() {
                Ok(Record::All) => break End::DONE,
                Ok(record) => {
                    if let Err(detail) = self.take(record) {
                        break End::new(FileReason::Stopped, detail);
                    }
                }
                Err(NoRecord::Cut) => break End::new(FileReason::Stopped, ""),
                Err(NoRecord::Malformed) => break End::new(FileReason::Stopped, "the source sends what is no file"),
            }
            self.report.send_if_due();
        };
        self.finish(end, control.keeps())
    }

    /// # Errors
    /// The stream says what cannot be.
    fn take(&mut self, record: Record<'_>) -> Result<(), &'static str> {
        match record {
            Record::Begin { index, offset } => self.begin(index, offset),
            Record::Data { index, bytes } => {
                let Some((at, current)) = &mut self.current else { return Err("data of no file") };
                if *at != index {
                    return Err("data of another file");
                }
                let Current::Written { staged, hasher, size } = current else {
                    return self.drop_bytes(index, bytes.len());
                };
                let outcome = if staged.length() + bytes.len() as u64 > *size {
                    Err(FileReason::Size)
                } else {
                    hasher.update(bytes);
                    self.report.count(bytes.len());
                    staged.write(bytes).map_err(|error| staging::reason(&error))
                };
                if let Err(reason) = outcome {
                    self.fail_current(reason);
                }
                Ok(())
            }
            Record::End { index, digest } => self.end(index, digest),
            Record::Failed { index, reason } => {
                // It may fail before it has begun.
                if self.current.as_ref().is_some_and(|(at, _)| *at != index) {
                    return Err("the end of another file");
                }
                if self.current.is_none() && self.check_order(index).is_err() {
                    return Err("a file out of order");
                }
                let reason = FileReason::try_from(i32::from(reason)).unwrap_or(FileReason::Unreadable);
                let is_named = reason != FileReason::Unspecified;
                self.current.get_or_insert((index, Current::Dropped));
                self.next = index.saturating_add(1);
                self.fail_current(if is_named { reason } else { FileReason::Unreadable });
                self.current = None;
                Ok(())
            }
            Record::All => Ok(()),
        }
    }

    /// No source keeps a transfer busy for ever with what nobody takes.
    fn drop_bytes(&mut self, index: u32, count: usize) -> Result<(), &'static str> {
        let (dropped, most) = match self.listed(index) {
            Some(_) => (&mut self.dropped, self.request.bytes),
            None => (&mut self.dropped_others, MAX_TRANSFER_BYTES),
        };
        *dropped = dropped.saturating_add(count as u64);
        if *dropped > most { Err("more bytes than were listed") } else { Ok(()) }
    }

    fn listed(&self, index: u32) -> Option<&'a FileEntry> {
        let entries = &self.request.entries;
        entries.binary_search_by_key(&index, |entry| entry.index).ok().and_then(|at| entries.get(at))
    }

    fn check_order(&self, index: u32) -> Result<(), &'static str> {
        // What is not awaited is dropped: the source is not told of all that it is not to send.
        let is_listed = self.listed(index).is_none_or(|entry| entry.kind() == FileKind::File);
        if self.current.is_none() && index >= self.next && is_listed { Ok(()) } else { Err("a file out of order") }
    }

    fn begin(&mut self, index: u32, offset: u64) -> Result<(), &'static str> {
        self.check_order(index)?;
        let there = if index == self.next { self.offset } else { 0 };
        if offset != 0 && offset != there {
            return Err("a file that begins in its middle");
        }
        // What an earlier try has left of a file that does not come now.
        if there > 0 && offset == 0 {
            self.staging.remove(self.next);
        }
        self.offset = 0;
        self.next = index.saturating_add(1);
        self.current = Some((index, Current::Dropped));
        if !self.open.contains(&index) {
            return Ok(());
        }
        let Some(size) = self.plan.file(index).map(|file| file.size) else { return Ok(()) };
        match self.staging.begin(index, offset, size) {
            Ok((staged, hasher)) => self.current = Some((index, Current::Written { staged, hasher, size })),
            Err(error) => self.fail_current(staging::reason(&error)),
        }
        self.report.count(usize::try_from(offset).unwrap_or(0));
        Ok(())
    }

    fn end(&mut self, index: u32, digest: Digest) -> Result<(), &'static str> {
        match self.current.take() {
            Some((at, current)) if at == index => {
                let Current::Written { staged, hasher, size } = current else { return Ok(()) };
                let wrong = if staged.length() != size {
                    Some(FileReason::Size)
                } else {
                    let is_other = hasher.digest() != digest || !self.is_as_scanned(index, &digest);
                    is_other.then_some(FileReason::Digest)
                };
                let done = match wrong {
                    Some(reason) => Err(reason),
                    None => {
                        self.plan.file(index).ok_or(FileReason::Gone).and_then(|file| self.placing.dress(&staged, file))
                    }
                };
                match done {
                    Ok(()) => {
                        self.waiting_bytes += size;
                        let file = self.waiting.is_empty().then(|| staged.into_file());
                        self.waiting.push(Placed { index, digest, file });
                        if self.waiting.len() >= MAX_WAITING || self.waiting_bytes >= MAX_WAITING_BYTES {
                            self.settle();
                        }
                    }
                    Err(reason) => {
                        self.current = Some((index, Current::Dropped));
                        self.fail_current(reason);
                        self.current = None;
                    }
                }
                Ok(())
            }
            _ => Err("the end of another file"),
        }
    }

    /// Of a file that was scanned before, the bytes that were.
    fn is_as_scanned(&self, index: u32, digest: &Digest) -> bool {
        self.listed(index).is_none_or(|entry| entry.sha256.is_empty() || entry.sha256[..] == digest[..])
    }

    /// The file that has begun counts for nothing; what still comes of it is dropped.
    fn fail_current(&mut self, reason: FileReason) {
        // The journal says of all before it that they are done.
        self.settle();
        let Some((index, current)) = &mut self.current else { return };
        let index = *index;
        *current = Current::Dropped;
        self.staging.remove(index);
        if self.open.remove(&index) {
            self.journal.failed(index, reason);
            self.add_result(index, FileOutcome::Failed, reason, None);
        }
    }

    /// Files that are whole get their names.
    fn settle(&mut self) {
        let waiting = std::mem::take(&mut self.waiting);
        self.waiting_bytes = 0;
        if waiting.is_empty() {
            return;
        }
        let synced = self.staging.sync(&waiting);
        for placed in &waiting {
            let index = placed.index;
            self.open.remove(&index);
            let result = match &synced {
                Ok(()) => self.placing.place(&mut self.staging, &mut self.plan, &self.destination, placed),
                Err(error) => Err(staging::reason(error)),
            };
            match result {
                Ok(outcome) => {
                    self.journal.done(index);
                    self.add_result(index, outcome, FileReason::Unspecified, Some(placed.digest));
                }
                Err(reason) => {
                    self.staging.remove(index);
                    self.journal.failed(index, reason);
                    self.add_result(index, FileOutcome::Failed, reason, None);
                }
            }
        }
    }

    fn add_result(&mut self, index: u32, outcome: FileOutcome, reason: FileReason, digest: Option<Digest>) {
        let is_renamed = outcome == FileOutcome::KeptBoth;
        let is_there = !matches!(outcome, FileOutcome::Failed | FileOutcome::Refused);
        let path = if is_there && (is_renamed || self.plan.is_chosen(index)) {
            self.destination.path_of(&self.plan.path_of(index))
        } else {
            Vec::new()
        };
        let mut result = FileResult { index, path, ..FileResult::default() };
        result.set_outcome(outcome);
        result.set_reason(reason);
        result.sha256 = digest.map(|digest| digest.to_vec()).unwrap_or_default();
        self.report.add(result);
    }

    fn finish(&mut self, end: End, keeps: bool) -> End {
        self.settle();
        let is_done = end.reason == FileReason::Unspecified;
        let keeps = !is_done && keeps;
        // Closed, so that it can be found again.
        let partial = self.current.take();
        if !keeps {
            if let Some((index, _)) = partial {
                self.staging.remove(index);
            }
            if is_done {
                for index in std::mem::take(&mut self.open) {
                    self.add_result(index, FileOutcome::Failed, FileReason::Stopped, None);
                }
            }
            if !is_done {
                self.plan.remove_empty_folders(&self.destination);
            }
            self.staging.discard();
        }
        self.destination.sync();
        self.report.send();
        end
    }
}
