//! Bytes on their way from the agent into a program's pipe: what the host sends, and what the agent keeps. One that the
//! host has been asked for waits here until it is given.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::io::{self, Cursor, ErrorKind, Write};
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::time::{Duration, Instant};

use atoll_wire::PasteDropped;
use atoll_wire::header::Message as Body;
use atoll_wire::limits::MAX_PASTES;
use calloop::{Interest, RegistrationToken};

use super::html;
use crate::agent::Agent;
use crate::ports::PortKind;
use crate::streams::{Ending, StreamFd};

/// The host may have to ask a person.
pub const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);
/// Of a paste that has been given: neither does the host send nor the program take anything.
const STALL_TIMEOUT: Duration = Duration::from_secs(15);
/// Bytes that wait for the program.
const FLOW_BYTES: usize = 256 * 1024;

/// Content that the agent has, and how much of it has been read.
pub type Kept = Cursor<Rc<[u8]>>;

/// What has come of a stream and was not taken yet.
#[derive(Debug)]
pub struct Basin {
    bytes: VecDeque<u8>,
    /// When so many wait, the host has to.
    limit: usize,
    /// More than this is not taken at all.
    cap: usize,
    came: usize,
    ended: Option<Ending>,
    is_html: bool,
}

/// The end of a basin that a stream writes into.
#[derive(Debug, Clone)]
pub struct Inlet(pub Rc<RefCell<Basin>>);

impl Inlet {
    /// `limit`: bytes that may wait. A document is not given before all of it is there.
    pub fn new(mime_type: &str, limit: usize) -> Self {
        let is_html = mime_type == html::TYPE;
        let (limit, cap) = if is_html { (usize::MAX, html::MAX_BYTES) } else { (limit, usize::MAX) };
        let bytes = VecDeque::new();
        Self(Rc::new(RefCell::new(Basin { bytes, limit, cap, came: 0, ended: None, is_html })))
    }

    pub fn for_paste(mime_type: &str) -> Self {
        Self::new(mime_type, FLOW_BYTES)
    }

    pub fn end(&self, ending: Ending) {
        self.0.borrow_mut().ended = Some(ending);
    }

    /// What waits is for a program from now on.
    fn flow(&self) {
        let mut basin = self.0.borrow_mut();
        if !basin.is_html {
            basin.limit = FLOW_BYTES;
        }
    }
}

impl Write for Inlet {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut basin = self.0.borrow_mut();
        let room = basin.limit.saturating_sub(basin.bytes.len()).min(bytes.len());
        if room == 0 {
            return Err(ErrorKind::WouldBlock.into());
        }
        if basin.came + room > basin.cap {
            return Err(ErrorKind::FileTooLarge.into());
        }
        basin.came += room;
        basin.bytes.extend(&bytes[..room]);
        Ok(room)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[derive(Debug)]
pub enum Content {
    /// The host has been asked for it (PasteWanted).
    Awaited {
        offer: u32,
        mime_type: String,
    },
    /// The host sends it by this stream.
    Flowing {
        stream: u32,
        inlet: Inlet,
    },
    Kept(Kept),
}

#[derive(Debug)]
struct Delivery {
    fd: StreamFd,
    watch: Option<RegistrationToken>,
    content: Content,
    /// What has come of the stream so far.
    came: usize,
    /// When something last happened.
    at: Instant,
}

impl Delivery {
    fn is_overdue(&self) -> bool {
        let limit = if matches!(self.content, Content::Awaited { .. }) { ANSWER_TIMEOUT } else { STALL_TIMEOUT };
        self.at.elapsed() > limit
    }
}

/// What came of writing into the pipe.
#[derive(Debug, PartialEq, Eq)]
enum Pumped {
    /// The pipe is full, or there is nothing for now.
    Waits,
    /// So many bytes of a stream were taken: it may go on.
    Took,
    Done,
    /// The program wants no more.
    Closed,
}

/// The deliveries that are under way, by number: the wire's number of a request.
#[derive(Debug, Default)]
pub struct Deliveries {
    open: BTreeMap<u32, Delivery>,
    last: u32,
}

impl Deliveries {
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    pub fn is_full(&self) -> bool {
        self.open.len() >= MAX_PASTES
    }

    /// What the host was asked for by this request, which waits.
    pub fn awaited(&self, request: u32) -> Option<&str> {
        match &self.open.get(&request)?.content {
            Content::Awaited { mime_type, .. } => Some(mime_type),
            _ => None,
        }
    }

    /// The requests that wait for the host, and their offers.
    pub fn all_awaited(&self) -> Vec<(u32, u32)> {
        let awaited = |(number, delivery): (&u32, &Delivery)| match delivery.content {
            Content::Awaited { offer, .. } => Some((*number, offer)),
            _ => None,
        };
        self.open.iter().filter_map(awaited).collect()
    }

    fn of_stream(&self, of: u32) -> Option<u32> {
        let is_it = |delivery: &Delivery| matches!(delivery.content, Content::Flowing { stream, .. } if stream == of);
        self.open.iter().find(|(_, delivery)| is_it(delivery)).map(|(number, _)| *number)
    }
}

impl Agent {
    /// Begins to give `content` to a program. None = the descriptor cannot be used.
    pub fn deliver(&mut self, content: Content, fd: OwnedFd) -> Option<u32> {
        let fd = self.clipboard.sinks.open(fd).and_then(StreamFd::new);
        let fd = fd.inspect_err(|error| log::debug!("a paste: {error}")).ok()?;
        self.clipboard.deliveries.last += 1;
        let number = self.clipboard.deliveries.last;
        let watch = self.watch_stream(&fd, Interest::WRITE, move |agent, fd| {
            if fd.has_no_reader() {
                agent.delivery_closed(number);
            } else {
                agent.pump_delivery(number);
            }
        });
        let delivery = Delivery { fd, watch, content, came: 0, at: Instant::now() };
        self.clipboard.deliveries.open.insert(number, delivery);
        self.watch_clipboard();
        Some(number)
    }

    pub fn deliver_kept(&mut self, bytes: Rc<[u8]>, fd: OwnedFd) {
        if self.clipboard.deliveries.is_full() {
            return;
        }
        if let Some(number) = self.deliver(Content::Kept(Kept::new(bytes)), fd) {
            self.pump_delivery(number);
        }
    }

    /// What a request waits for comes by a stream.
    pub fn delivery_flows(&mut self, number: u32, stream: u32, inlet: Inlet) {
        inlet.flow();
        let has_ended = inlet.0.borrow().ended.is_some();
        let Some(delivery) = self.clipboard.deliveries.open.get_mut(&number) else { return };
        delivery.content = Content::Flowing { stream, inlet };
        delivery.at = Instant::now();
        if has_ended {
            self.delivery_stream_ended(stream);
        } else {
            self.pump_delivery(number);
        }
    }

    /// The host has sent all of a stream; the inlet knows how it ended.
    pub fn delivery_stream_ended(&mut self, stream: u32) {
        let Some(number) = self.clipboard.deliveries.of_stream(stream) else { return };
        let Some(delivery) = self.clipboard.deliveries.open.get_mut(&number) else { return };
        if let Content::Flowing { inlet, .. } = &delivery.content {
            let mut basin = inlet.0.borrow_mut();
            if basin.is_html {
                let bytes = std::mem::take(&mut basin.bytes).into();
                let is_whole = basin.ended == Some(Ending::Complete);
                let cleaned = if is_whole { html::clean(bytes) } else { None };
                drop(basin);
                delivery.content = Content::Kept(Kept::new(cleaned.unwrap_or_default().into_bytes().into()));
            }
        }
        self.pump_delivery(number);
    }

    /// Writes what the pipe takes.
    fn pump_delivery(&mut self, number: u32) {
        loop {
            let Some(delivery) = self.clipboard.deliveries.open.get_mut(&number) else { return };
            match delivery.step() {
                Pumped::Waits => return,
                Pumped::Done => return self.end_delivery(number),
                Pumped::Closed => return self.delivery_closed(number),
                Pumped::Took => {
                    if let Content::Flowing { stream, .. } = delivery.content {
                        self.pump_incoming(stream);
                    }
                }
            }
        }
    }

    /// Once a turn: streams may have brought more.
    pub fn pump_deliveries(&mut self) {
        let mut moved = Vec::new();
        for (number, delivery) in &mut self.clipboard.deliveries.open {
            let Content::Flowing { inlet, .. } = &delivery.content else { continue };
            let came = inlet.0.borrow().came;
            if came != delivery.came {
                delivery.came = came;
                delivery.at = Instant::now();
                moved.push(*number);
            }
        }
        for number in moved {
            self.pump_delivery(number);
        }
    }

    /// The program has closed its end.
    fn delivery_closed(&mut self, number: u32) {
        if self.clipboard.deliveries.awaited(number).is_some() {
            self.send(PortKind::Control, Body::PasteDropped(PasteDropped { request: number }));
        }
        self.end_delivery(number);
    }

    /// The program gets the end of its pipe; the host gets a message where it still sends, or is still asked.
    pub fn cancel_delivery(&mut self, number: u32) {
        self.delivery_closed(number);
    }

    /// Closes the pipe.
    pub fn end_delivery(&mut self, number: u32) {
        let Some(delivery) = self.clipboard.deliveries.open.remove(&number) else { return };
        if let Some(watch) = delivery.watch {
            self.handle.remove(watch);
        }
        if let Content::Flowing { stream, .. } = delivery.content {
            self.decline_stream(stream);
        }
    }

    /// Ends those that the host does not answer or go on with, or that the program does not take.
    pub fn end_overdue_deliveries(&mut self) {
        let open = self.clipboard.deliveries.open.iter();
        let overdue = open.filter(|(_, delivery)| delivery.is_overdue()).map(|(number, _)| *number);
        for number in overdue.collect::<Vec<_>>() {
            self.cancel_delivery(number);
        }
    }

    /// The session is over: what the host has not sent does not come.
    pub fn end_host_deliveries(&mut self) {
        let open = self.clipboard.deliveries.open.iter();
        let hosts = open.filter(|(_, delivery)| !matches!(delivery.content, Content::Kept(_)));
        for number in hosts.map(|(number, _)| *number).collect::<Vec<_>>() {
            self.end_delivery(number);
        }
    }
}

impl Delivery {
    fn step(&mut self) -> Pumped {
        let written = match &mut self.content {
            Content::Awaited { .. } => return Pumped::Waits,
            Content::Kept(kept) => {
                let rest = kept.get_ref().get(kept.position() as usize..).unwrap_or_default();
                if rest.is_empty() {
                    return Pumped::Done;
                }
                let written = self.fd.write(rest);
                if let Ok(count) = written {
                    kept.set_position(kept.position() + count as u64);
                }
                written
            }
            Content::Flowing { inlet, .. } => {
                let mut basin = inlet.0.borrow_mut();
                if basin.is_html || basin.bytes.is_empty() {
                    let is_done = basin.ended.is_some() && !basin.is_html;
                    return if is_done { Pumped::Done } else { Pumped::Waits };
                }
                let written = self.fd.write(basin.bytes.as_slices().0);
                if let Ok(count) = written {
                    basin.bytes.drain(..count);
                }
                written
            }
        };
        match written {
            Ok(0) => Pumped::Closed,
            Ok(_) => {
                self.at = Instant::now();
                Pumped::Took
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Pumped::Waits,
            Err(error) if error.kind() == ErrorKind::Interrupted => Pumped::Took,
            Err(_) => Pumped::Closed,
        }
    }
}
