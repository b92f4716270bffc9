//! The bridge as the owner of a selection: X11 programs ask for the types of a clip, which it answers itself, and for
//! the content, which it gives whole, or in parts (INCR) where it is large. @see ICCCM, 2.6.2 and 2.7.2

use std::io::{ErrorKind, Read};
use std::time::{Duration, Instant};

use calloop::{Interest, RegistrationToken};
use x11rb::protocol::xproto::{
    Atom, AtomEnum, ChangeWindowAttributesAux, ConnectionExt as _, EventMask, PropMode, SELECTION_NOTIFY_EVENT,
    SelectionNotifyEvent, SelectionRequestEvent,
};
use x11rb::wrapper::ConnectionExt as _;
use x11rb::{CURRENT_TIME, NONE};

use super::Report;
use super::bridge::{Bridge, Failed};
use super::latin1::ToLatin1;
use super::multiple::Part;
use crate::clipboard::give::program_pipe;
use crate::streams::StreamFd;

/// What is larger is given in parts of this size, bytes.
const PART_BYTES: usize = 256 * 1024;
/// Pastes of X11 programs that are under way at once.
const MAX_TRANSFERS: usize = 64;
/// A program that does not take the next part, or give it, within this has gone to sleep.
const STALL_TIMEOUT: Duration = Duration::from_secs(15);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Whether it is given whole or in parts is not known yet.
    Gathering,
    /// A part is in the property, and the program has not taken it yet.
    Given,
    /// The property can have the next part.
    Taken,
}

/// Content on its way to an X11 program.
#[derive(Debug)]
pub struct Transfer {
    request: SelectionRequestEvent,
    /// What it is of, where several types are asked for at once.
    part: Option<Part>,
    /// The type that the property gets.
    kind: Atom,
    fd: StreamFd,
    watch: Option<RegistrationToken>,
    bytes: Vec<u8>,
    /// Where it is asked for in Latin-1.
    latin1: Option<ToLatin1>,
    is_at_end: bool,
    stage: Stage,
    at: Instant,
    /// How long it may take until something happens.
    patience: Duration,
}

impl Transfer {
    fn moved(&mut self) {
        self.at = Instant::now();
        self.patience = STALL_TIMEOUT;
    }

    /// Reads up to one part, and a byte more, which says that there is another.
    fn fill(&mut self) {
        let mut buffer = vec![0; 64 * 1024];
        while !self.is_at_end && self.bytes.len() <= PART_BYTES {
            match self.fd.read(&mut buffer) {
                Ok(0) => self.end(),
                Ok(count) => {
                    match &mut self.latin1 {
                        Some(latin1) => self.bytes.extend(latin1.push(&buffer[..count])),
                        None => self.bytes.extend_from_slice(&buffer[..count]),
                    }
                    self.moved();
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(_) => self.end(),
            }
        }
    }

    fn end(&mut self) {
        self.is_at_end = true;
        if let Some(latin1) = &mut self.latin1 {
            self.bytes.extend_from_slice(latin1.end());
        }
    }
}

impl Bridge {
    pub fn requested(&mut self, request: &SelectionRequestEvent) -> Result<(), Failed> {
        // A program from before ICCCM names no property.
        let property = if request.property == NONE { request.target } else { request.property };
        let request = SelectionRequestEvent { property, ..*request };
        let is_answered = match request.target == self.atoms.MULTIPLE {
            true => self.answer_all(&request)?,
            false => self.answer(&request, None)?,
        };
        if !is_answered {
            self.notify(&request, NONE)?;
        }
        Ok(())
    }

    /// False = it is refused.
    pub fn answer(&mut self, request: &SelectionRequestEvent, part: Option<Part>) -> Result<bool, Failed> {
        let Some(which) = self.which(request.selection) else { return Ok(false) };
        let selection = self.selection(which);
        let Some(own) = &selection.own else { return Ok(false) };
        // From before the bridge got the selection; the server's clock goes round.
        if request.time != CURRENT_TIME && (request.time.wrapping_sub(selection.since) as i32) < 0 {
            return Ok(false);
        }
        let (requestor, property) = (request.requestor, request.property);
        if request.target == self.atoms.TARGETS {
            let mut targets = vec![self.atoms.TARGETS, self.atoms.TIMESTAMP, self.atoms.MULTIPLE];
            targets.extend(own.targets.iter().map(|(atom, _)| *atom));
            self.connection.change_property32(PropMode::REPLACE, requestor, property, AtomEnum::ATOM, &targets)?;
            self.settle(request, part, property)?;
            return Ok(true);
        }
        if request.target == self.atoms.TIMESTAMP {
            let since = [selection.since];
            self.connection.change_property32(PropMode::REPLACE, requestor, property, AtomEnum::INTEGER, &since)?;
            self.settle(request, part, property)?;
            return Ok(true);
        }
        let Some((_, name)) = own.targets.iter().find(|(atom, _)| *atom == request.target) else { return Ok(false) };
        let is_same =
            |transfer: &Transfer| (transfer.request.requestor, transfer.request.property) == (requestor, property);
        if self.transfers.len() >= MAX_TRANSFERS || self.transfers.values().any(is_same) {
            return Ok(false);
        }
        let (name, generation, patience) = (name.clone(), own.generation, own.patience);
        let Ok((ours, theirs)) = program_pipe() else { return Ok(false) };
        let Ok(fd) = StreamFd::new(ours) else { return Ok(false) };
        // Its end is noticed from here on.
        let events =
            ChangeWindowAttributesAux::new().event_mask(EventMask::PROPERTY_CHANGE | EventMask::STRUCTURE_NOTIFY);
        self.connection.change_window_attributes(requestor, &events)?;
        let watch = self.watch(&fd, Interest::READ);
        let kind = if request.target == self.atoms.TEXT { self.atoms.UTF8_STRING } else { request.target };
        let latin1 = (request.target == Atom::from(AtomEnum::STRING)).then(ToLatin1::default);
        let transfer = Transfer {
            request: *request,
            part,
            kind,
            fd,
            watch,
            bytes: Vec::new(),
            latin1,
            is_at_end: false,
            stage: Stage::Gathering,
            at: Instant::now(),
            patience,
        };
        self.last_transfer = self.last_transfer.wrapping_add(1);
        self.transfers.insert(self.last_transfer, transfer);
        self.report(Report::Wanted { which, generation, name, fd: theirs });
        Ok(true)
    }

    /// Tells a program that its request was answered; NONE = refused.
    pub fn notify(&self, request: &SelectionRequestEvent, property: Atom) -> Result<(), Failed> {
        let SelectionRequestEvent { time, requestor, selection, target, .. } = *request;
        let response_type = SELECTION_NOTIFY_EVENT;
        let event = SelectionNotifyEvent { response_type, sequence: 0, time, requestor, selection, target, property };
        self.connection.send_event(false, requestor, EventMask::NO_EVENT, event)?;
        Ok(())
    }

    /// A program has taken what was in a property.
    pub fn part_taken(&mut self, requestor: u32, property: Atom) {
        let is_it =
            |transfer: &&mut Transfer| (transfer.request.requestor, transfer.request.property) == (requestor, property);
        if let Some(transfer) = self.transfers.values_mut().find(is_it).filter(|it| it.stage == Stage::Given) {
            transfer.stage = Stage::Taken;
            transfer.moved();
        }
    }

    pub fn requestor_gone(&mut self, window: u32) {
        self.forget_groups(window);
        let of_it = self.transfers.iter().filter(|(_, transfer)| transfer.request.requestor == window);
        for number in of_it.map(|(number, _)| *number).collect::<Vec<_>>() {
            self.forget_transfer(number);
        }
    }

    pub fn pump_transfers(&mut self) -> Result<(), Failed> {
        for number in self.transfers.keys().copied().collect::<Vec<_>>() {
            self.step_transfer(number)?;
        }
        Ok(())
    }

    /// Gives the next part, if it can.
    fn step_transfer(&mut self, number: u32) -> Result<(), Failed> {
        let Some(transfer) = self.transfers.get_mut(&number) else { return Ok(()) };
        transfer.fill();
        let (request, part_of) = (transfer.request, transfer.part);
        let (requestor, property, kind) = (request.requestor, request.property, transfer.kind);
        match transfer.stage {
            Stage::Given => {}
            Stage::Gathering if transfer.bytes.len() > PART_BYTES => {
                transfer.stage = Stage::Given;
                // A lower bound of what comes.
                let least = [transfer.bytes.len() as u32];
                let incr = self.atoms.INCR;
                self.connection.change_property32(PropMode::REPLACE, requestor, property, incr, &least)?;
                self.settle(&request, part_of, property)?;
            }
            Stage::Gathering if transfer.is_at_end => {
                // Nothing at all: whoever has the content did not give it.
                let given = if transfer.bytes.is_empty() { NONE } else { property };
                if given != NONE {
                    let bytes = &transfer.bytes;
                    self.connection.change_property8(PropMode::REPLACE, requestor, property, kind, bytes)?;
                }
                self.settle(&request, part_of, given)?;
                self.end_transfer(number)?;
            }
            Stage::Gathering => {}
            Stage::Taken if transfer.bytes.is_empty() && !transfer.is_at_end => {}
            Stage::Taken => {
                let part: Vec<u8> = transfer.bytes.drain(..transfer.bytes.len().min(PART_BYTES)).collect();
                transfer.stage = Stage::Given;
                // The last part is an empty one.
                self.connection.change_property8(PropMode::REPLACE, requestor, property, kind, &part)?;
                if part.is_empty() {
                    self.end_transfer(number)?;
                }
            }
        }
        Ok(())
    }

    pub fn end_overdue_transfers(&mut self) -> Result<(), Failed> {
        let overdue = self.transfers.iter().filter(|(_, transfer)| transfer.at.elapsed() > transfer.patience);
        for (number, stage) in overdue.map(|(number, transfer)| (*number, transfer.stage)).collect::<Vec<_>>() {
            let Some(transfer) = self.transfers.get(&number) else { continue };
            let (request, part, kind) = (transfer.request, transfer.part, transfer.kind);
            match stage {
                Stage::Gathering => self.settle(&request, part, NONE)?,
                // It is told that there is no more.
                Stage::Taken => {
                    let (requestor, property) = (request.requestor, request.property);
                    self.connection.change_property8(PropMode::REPLACE, requestor, property, kind, &[])?;
                }
                Stage::Given => {}
            }
            self.end_transfer(number)?;
        }
        Ok(())
    }

    fn end_transfer(&mut self, number: u32) -> Result<(), Failed> {
        let Some(requestor) = self.transfers.get(&number).map(|transfer| transfer.request.requestor) else {
            return Ok(());
        };
        self.forget_transfer(number);
        if !self.transfers.values().any(|transfer| transfer.request.requestor == requestor) {
            let events = ChangeWindowAttributesAux::new().event_mask(EventMask::NO_EVENT);
            self.connection.change_window_attributes(requestor, &events)?;
        }
        Ok(())
    }

    /// Closes the pipe: whoever writes into it notices.
    fn forget_transfer(&mut self, number: u32) {
        if let Some(transfer) = self.transfers.remove(&number) {
            self.unwatch(transfer.watch);
        }
    }
}
