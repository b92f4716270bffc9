//! The host reads what a program of this guest has copied (ClipRead): the program writes into a pipe, from which the
//! stream takes as much as the host gives credit for. Reads of one clip may run side by side.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::io::{self, ErrorKind, Read};
use std::os::fd::AsFd;
use std::rc::Rc;
use std::time::{Duration, Instant};

use atoll_wire::header::Message as Body;
use atoll_wire::limits::MAX_CLIP_BYTES;
use atoll_wire::{ClipRead, StreamEnd};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::clips::{Owner, WaylandSource, Which};
use super::delivery::Kept;
use super::give::program_pipe;
use crate::agent::Agent;
use crate::ports::PortKind;
use crate::streams::StreamFd;

/// A program that has said nothing within this does not answer.
const FIRST_BYTE_TIMEOUT: Duration = Duration::from_secs(5);
/// One that goes on after a pause, goes on within this.
const STALL_TIMEOUT: Duration = Duration::from_secs(15);

/// Whether what came is all of it. A pipe does not say: a program that died has closed it, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// The program still writes.
    Open,
    /// The pipe is at its end; whether the program lives is known a turn later.
    AtEnd,
    Whole,
    Failed,
}

#[derive(Debug)]
struct Progress {
    verdict: Cell<Verdict>,
    /// Bytes that came so far, and when the last ones did.
    bytes: Cell<usize>,
    at: Cell<Instant>,
}

/// What the stream reads from.
struct Source {
    fd: StreamFd,
    progress: Rc<Progress>,
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.progress.verdict.get() {
            Verdict::Whole => return Ok(0),
            Verdict::Failed => return Err(ErrorKind::Other.into()),
            Verdict::AtEnd => return Err(ErrorKind::WouldBlock.into()),
            Verdict::Open => {}
        }
        let count = self.fd.read(buffer)?;
        if count == 0 {
            self.progress.verdict.set(Verdict::AtEnd);
            return Err(ErrorKind::WouldBlock.into());
        }
        self.progress.bytes.set(self.progress.bytes.get() + count);
        self.progress.at.set(Instant::now());
        if self.progress.bytes.get() > MAX_CLIP_BYTES {
            return Err(ErrorKind::FileTooLarge.into());
        }
        Ok(count)
    }
}

/// Who writes.
#[derive(Debug)]
enum Writer {
    Wayland {
        source: WaylandSource,
        /// A turn has gone by since the end of the pipe: the agent would know by now if the program was gone.
        is_settled: bool,
    },
    /// The bridge says whether it has written all.
    X11 { is_whole: Option<bool> },
}

#[derive(Debug)]
struct Program {
    writer: Writer,
    fd: StreamFd,
    progress: Rc<Progress>,
}

impl Program {
    /// Bytes wait for the host's credit: it is not the program that is slow.
    fn waits_for_host(&self) -> bool {
        let mut fds = [PollFd::from_borrowed_fd(self.fd.as_fd(), PollFlags::IN)];
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        poll(&mut fds, Some(&now)).is_ok() && fds[0].revents().contains(PollFlags::IN)
    }

    fn is_overdue(&self) -> bool {
        if self.waits_for_host() {
            self.progress.at.set(Instant::now());
        }
        let limit = if self.progress.bytes.get() == 0 { FIRST_BYTE_TIMEOUT } else { STALL_TIMEOUT };
        self.progress.at.get().elapsed() > limit
    }

    /// None = it is not known yet.
    fn judge(&mut self) -> Option<Verdict> {
        let is_whole = match &mut self.writer {
            Writer::Wayland { source, is_settled: true } => source.is_alive(),
            Writer::Wayland { is_settled, .. } => {
                *is_settled = true;
                return None;
            }
            Writer::X11 { is_whole } => (*is_whole)?,
        };
        Some(if is_whole { Verdict::Whole } else { Verdict::Failed })
    }
}

#[derive(Debug)]
struct ClipReading {
    which: Which,
    generation: u32,
    /// None = the agent has the content itself.
    program: Option<Program>,
}

/// The reads that run, by stream.
#[derive(Debug, Default)]
pub struct ClipReads(BTreeMap<u32, ClipReading>);

impl ClipReads {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Agent {
    pub fn clip_read(&mut self, read: &ClipRead) {
        if let Err(refusal) = self.streams.check(&[read.stream]) {
            log::warn!("the clipboard is not read: {refusal}");
            return;
        }
        if let Err(why) = self.try_clip_read(read) {
            log::debug!("the clipboard is not read: {why}");
            self.send(PortKind::Bulk, Body::StreamEnd(StreamEnd { stream: read.stream, aborted: true }));
        }
    }

    fn try_clip_read(&mut self, read: &ClipRead) -> Result<(), Box<dyn std::error::Error>> {
        let which = Which::of_wire(read.selection()).ok_or("no such selection")?;
        let generation = read.generation;
        let clip = self.clipboard.clips.of_generation(which, generation).ok_or("what was offered is over")?;
        if !clip.types.contains(&read.r#type) {
            return Err("it has no such type".into());
        }
        let stream = read.stream;
        let writer = match clip.owner.clone() {
            Owner::Wayland(source) => Writer::Wayland { source, is_settled: false },
            Owner::X11 { .. } => Writer::X11 { is_whole: None },
            Owner::Host { .. } => return Err("it is the host's own".into()),
            Owner::Agent(bytes) => {
                self.clipboard.reads.0.insert(stream, ClipReading { which, generation, program: None });
                self.open_outgoing(stream, Kept::new(bytes), None, move |agent, _| agent.clip_read_ended(stream));
                return Ok(());
            }
        };
        let (ours, theirs) = program_pipe()?;
        let fd = StreamFd::new(ours)?;
        let (verdict, at) = (Cell::new(Verdict::Open), Cell::new(Instant::now()));
        let progress = Rc::new(Progress { verdict, bytes: Cell::new(0), at });
        let program = Some(Program { writer, fd: fd.clone(), progress: progress.clone() });
        self.clipboard.reads.0.insert(stream, ClipReading { which, generation, program });
        let source = Source { fd: fd.clone(), progress };
        self.open_outgoing(stream, source, Some(&fd), move |agent, _| agent.clip_read_ended(stream));
        self.watch_clipboard();
        self.give_clip(which, generation, &read.r#type, theirs, Some(stream));
        Ok(())
    }

    fn clip_read_ended(&mut self, stream: u32) {
        self.clipboard.reads.0.remove(&stream);
    }

    /// The bridge has written what an X11 program gave for the host, all of it or not.
    pub fn x11_clip_read_ended(&mut self, stream: u32, whole: bool) {
        let program = self.clipboard.reads.0.get_mut(&stream).and_then(|reading| reading.program.as_mut());
        if let Some(Program { writer: Writer::X11 { is_whole }, .. }) = program {
            *is_whole = Some(whole);
        }
    }

    /// Once a turn: decides about the pipes that are at their end.
    pub fn settle_clip_reads(&mut self) {
        let mut settled = Vec::new();
        for (stream, reading) in &mut self.clipboard.reads.0 {
            let Some(program) = &mut reading.program else { continue };
            if program.progress.verdict.get() != Verdict::AtEnd {
                continue;
            }
            match program.judge() {
                Some(verdict) => {
                    program.progress.verdict.set(verdict);
                    settled.push(*stream);
                }
                // One of X11 ends with the bridge's report, which makes the loop turn by itself.
                None if matches!(program.writer, Writer::X11 { .. }) => {}
                None => self.wake.ping(),
            }
        }
        for stream in settled {
            self.pump_outgoing(stream);
        }
    }

    /// Ends the reads of clips that are over.
    pub fn end_clip_reads(&mut self) {
        let clips = &self.clipboard.clips;
        let is_over = |reading: &ClipReading| clips.of_generation(reading.which, reading.generation).is_none();
        let over = self.clipboard.reads.0.iter().filter(|(_, reading)| is_over(reading)).map(|(stream, _)| *stream);
        for stream in over.collect::<Vec<_>>() {
            self.abort_stream(stream);
        }
    }

    /// Ends the reads whose program does not answer or go on.
    pub fn end_overdue_clip_reads(&mut self) {
        let is_overdue = |reading: &ClipReading| reading.program.as_ref().is_some_and(Program::is_overdue);
        let overdue = self.clipboard.reads.0.iter().filter(|(_, reading)| is_overdue(reading));
        for stream in overdue.map(|(stream, _)| *stream).collect::<Vec<_>>() {
            log::debug!("a program does not give what it has copied");
            self.abort_stream(stream);
        }
    }
}
