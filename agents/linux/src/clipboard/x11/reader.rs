//! The bridge as a program that pastes: it asks an X11 program for the types of what it has copied, and for the content,
//! which comes whole or in parts (INCR). Each question has a window of its own, so that answers cannot be confused.
//! @see ICCCM, 2.4 and 2.7.2

use std::io::{ErrorKind, Write};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use atoll_wire::limits::MAX_CLIP_BYTES;
use calloop::{Interest, RegistrationToken};
use x11rb::connection::Connection as _;
use x11rb::protocol::xproto::{
    Atom, AtomEnum, ConnectionExt as _, CreateWindowAux, EventMask, GetPropertyReply, WindowClass,
};
use x11rb::{CURRENT_TIME, NONE};

use super::Report;
use super::bridge::{Bridge, Failed, found};
use super::latin1::to_utf8;
use crate::clipboard::Which;
use crate::clipboard::types::is_content;
use crate::streams::StreamFd;

/// A program that has said nothing within this does not answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
/// One that gives parts gives the next one within this.
const STALL_TIMEOUT: Duration = Duration::from_secs(15);
/// Whoever gets the content takes the next bytes within this. The host may have to wait for another VM.
const SINK_TIMEOUT: Duration = Duration::from_secs(60);
/// Contents that are read at once.
const MAX_CONVERSIONS: usize = 256;
/// Types of one copy that are looked at.
const MAX_TARGETS: usize = 256;

#[derive(Debug)]
enum Want {
    Types,
    Content { fd: StreamFd, watch: Option<RegistrationToken>, read: Option<u32> },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The program was asked.
    Asked,
    /// The next part is waited for.
    Between,
    /// What has come is being written.
    Writing,
}

/// A question to an X11 program.
#[derive(Debug)]
pub struct Conversion {
    which: Which,
    copy: u32,
    target: Atom,
    want: Want,
    stage: Stage,
    comes_in_parts: bool,
    part: Vec<u8>,
    written: usize,
    at: Instant,
}

impl Conversion {
    fn timeout(&self) -> Duration {
        match self.stage {
            Stage::Asked => ANSWER_TIMEOUT,
            Stage::Between => STALL_TIMEOUT,
            Stage::Writing => SINK_TIMEOUT,
        }
    }

    fn enter(&mut self, stage: Stage) {
        self.stage = stage;
        self.at = Instant::now();
    }
}

impl Bridge {
    pub fn ask_types(&mut self, which: Which) -> Result<(), Failed> {
        // Who has copied before is not asked any more.
        let is_older = |asked: &Conversion| asked.which == which && matches!(asked.want, Want::Types);
        let older = self.conversions.iter().filter(|(_, asked)| is_older(asked)).map(|(window, _)| *window);
        for window in older.collect::<Vec<_>>() {
            self.forget_conversion(window)?;
        }
        self.ask(which, self.atoms.TARGETS, Want::Types)
    }

    pub fn read(&mut self, which: Which, copy: u32, name: &str, fd: OwnedFd, read: Option<u32>) -> Result<(), Failed> {
        let is_current = self.selection(which).copy == copy && self.selection(which).own.is_none();
        let target = if is_current && self.conversions.len() < MAX_CONVERSIONS { self.atom(name)? } else { None };
        let (Some(target), Ok(fd)) = (target, StreamFd::new(fd)) else {
            if let Some(read) = read {
                self.report(Report::ReadEnded { read, is_whole: false });
            }
            return Ok(());
        };
        let watch = self.watch(&fd, Interest::WRITE);
        self.ask(which, target, Want::Content { fd, watch, read })
    }

    fn ask(&mut self, which: Which, target: Atom, want: Want) -> Result<(), Failed> {
        let window = self.connection.generate_id()?;
        let events = CreateWindowAux::new().event_mask(EventMask::PROPERTY_CHANGE);
        let class = WindowClass::INPUT_ONLY;
        self.connection.create_window(0, window, self.root, 0, 0, 1, 1, 0, class, 0, &events)?;
        let (selection, property) = (self.selection(which).atom, self.atoms.ATOLL_CLIP);
        self.connection.convert_selection(window, selection, target, property, CURRENT_TIME)?;
        let conversion = Conversion {
            which,
            copy: self.selection(which).copy,
            target,
            want,
            stage: Stage::Asked,
            comes_in_parts: false,
            part: Vec::new(),
            written: 0,
            at: Instant::now(),
        };
        self.conversions.insert(window, conversion);
        Ok(())
    }

    /// A program has answered; NONE = it refuses.
    pub fn converted(&mut self, window: u32, property: Atom) -> Result<(), Failed> {
        let Some(conversion) = self.conversions.get(&window).filter(|asked| asked.stage == Stage::Asked) else {
            return Ok(());
        };
        let wants_types = matches!(conversion.want, Want::Types);
        let value = if property == NONE { None } else { self.take_property(window, property, true)? };
        let Some(value) = value else { return self.end_conversion(window, false) };
        let text = self.as_utf8(window, &value);
        let Some(conversion) = self.conversions.get_mut(&window) else { return Ok(()) };
        if value.type_ == self.atoms.INCR {
            if wants_types {
                return self.end_conversion(window, false);
            }
            // Reading it has deleted it: the program puts the first part there.
            conversion.comes_in_parts = true;
            conversion.enter(Stage::Between);
            return Ok(());
        }
        if wants_types {
            return self.types_came(window, &value);
        }
        conversion.part = text.unwrap_or(value.value);
        conversion.enter(Stage::Writing);
        Ok(())
    }

    /// None = there is none, or it is larger than a clip may be.
    fn take_property(&mut self, window: u32, property: Atom, delete: bool) -> Result<Option<GetPropertyReply>, Failed> {
        let words = (MAX_CLIP_BYTES / 4) as u32;
        let reply = self.connection.get_property(delete, window, property, AtomEnum::ANY, 0, words)?.reply();
        Ok(found(reply)?.filter(|reply| reply.type_ != NONE && reply.bytes_after == 0))
    }

    /// What a program has given in Latin-1, as it may where it is asked for text by X11's own names; None = it has not.
    fn as_utf8(&self, window: u32, given: &GetPropertyReply) -> Option<Vec<u8>> {
        let string = Atom::from(AtomEnum::STRING);
        let target = self.conversions.get(&window)?.target;
        let is_latin1 = given.type_ == string && (target == string || target == self.atoms.TEXT);
        is_latin1.then(|| to_utf8(&given.value))
    }

    fn types_came(&mut self, window: u32, value: &GetPropertyReply) -> Result<(), Failed> {
        let Some(conversion) = self.conversions.get(&window) else { return Ok(()) };
        let (which, copy) = (conversion.which, conversion.copy);
        let atoms: Vec<Atom> = value.value32().map(|atoms| atoms.take(MAX_TARGETS).collect()).unwrap_or_default();
        let mut names = self.names_of(&atoms)?;
        names.retain(|name| is_content(name));
        if names.is_empty() {
            return self.end_conversion(window, false);
        }
        let after = self.selection(which).applied;
        if self.selection(which).copy == copy && self.selection(which).own.is_none() {
            self.report(Report::Copied { which, after, copy, names });
        }
        self.forget_conversion(window)
    }

    /// A property of one of the bridge's windows is new.
    pub fn part_came(&mut self, window: u32) -> Result<(), Failed> {
        if self.conversions.get(&window).is_none_or(|conversion| conversion.stage != Stage::Between) {
            return Ok(());
        }
        let part = self.take_property(window, self.atoms.ATOLL_CLIP, false)?;
        let Some(part) = part else { return self.end_conversion(window, false) };
        if part.value.is_empty() {
            return self.end_conversion(window, true);
        }
        let text = self.as_utf8(window, &part);
        if let Some(conversion) = self.conversions.get_mut(&window) {
            (conversion.part, conversion.written) = (text.unwrap_or(part.value), 0);
            conversion.enter(Stage::Writing);
        }
        Ok(())
    }

    pub fn pump_conversions(&mut self) -> Result<(), Failed> {
        for window in self.conversions.keys().copied().collect::<Vec<_>>() {
            self.write_part(window)?;
        }
        Ok(())
    }

    /// Writes what the pipe takes. When all of a part is written, the program is told to give the next one.
    fn write_part(&mut self, window: u32) -> Result<(), Failed> {
        let Some(conversion) = self.conversions.get_mut(&window) else { return Ok(()) };
        let Want::Content { fd, .. } = &mut conversion.want else { return Ok(()) };
        if conversion.stage != Stage::Writing {
            // A reader that has gone need not be waited for.
            return if fd.has_no_reader() { self.end_conversion(window, false) } else { Ok(()) };
        }
        while conversion.written < conversion.part.len() {
            match fd.write(&conversion.part[conversion.written..]) {
                Ok(0) => return self.end_conversion(window, false),
                Ok(count) => {
                    conversion.written += count;
                    conversion.at = Instant::now();
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(_) => return self.end_conversion(window, false),
            }
        }
        if !conversion.comes_in_parts {
            return self.end_conversion(window, true);
        }
        conversion.part = Vec::new();
        conversion.enter(Stage::Between);
        self.connection.delete_property(window, self.atoms.ATOLL_CLIP)?;
        Ok(())
    }

    /// The program that has made this copy has ended: what it has not given yet does not come.
    pub fn owner_ended(&mut self, which: Which, copy: u32) -> Result<(), Failed> {
        let needs_it = |conversion: &Conversion| {
            let is_whole = conversion.stage == Stage::Writing && !conversion.comes_in_parts;
            conversion.which == which && conversion.copy == copy && !is_whole
        };
        let open = self.conversions.iter().filter(|(_, conversion)| needs_it(conversion)).map(|(window, _)| *window);
        for window in open.collect::<Vec<_>>() {
            self.end_conversion(window, false)?;
        }
        Ok(())
    }

    pub fn end_overdue_conversions(&mut self) -> Result<(), Failed> {
        let overdue = self.conversions.iter().filter(|(_, conversion)| conversion.at.elapsed() > conversion.timeout());
        for window in overdue.map(|(window, _)| *window).collect::<Vec<_>>() {
            self.end_conversion(window, false)?;
        }
        Ok(())
    }

    fn end_conversion(&mut self, window: u32, is_whole: bool) -> Result<(), Failed> {
        let Some(conversion) = self.conversions.get(&window) else { return Ok(()) };
        match conversion.want {
            // A program that does not say what it has copied has copied nothing.
            Want::Types => {
                let which = conversion.which;
                let after = self.selection(which).applied;
                self.report(Report::Gone { which, after });
            }
            Want::Content { read: Some(read), .. } => self.report(Report::ReadEnded { read, is_whole }),
            Want::Content { .. } => {}
        }
        self.forget_conversion(window)
    }

    /// Closes the pipe.
    fn forget_conversion(&mut self, window: u32) -> Result<(), Failed> {
        let Some(conversion) = self.conversions.remove(&window) else { return Ok(()) };
        if let Want::Content { watch, .. } = conversion.want {
            self.unwatch(watch);
        }
        self.connection.destroy_window(window)?;
        Ok(())
    }
}
