//! Streams of bytes between the host and whatever reads or writes them in the guest, over the bulk port: one table for
//! all services. See "Streams" in atoll.proto.
//!
//! A service opens a stream under the id that the host's message gave it, and hears once how it ended. An outgoing one
//! takes its bytes from anything that is `Read`, an incoming one gives them to anything that is `Write`: a pipe, a
//! file, memory. `WouldBlock` = not now: the stream goes on when its file descriptor is ready.

mod fd;
mod incoming;
mod outgoing;

use std::collections::BTreeMap;
use std::fmt;
use std::io::{Read, Write};

use atoll_wire::header::Message as Body;
use atoll_wire::limits::MAX_STREAMS;
use atoll_wire::{StreamCredit, StreamData, StreamEnd};
use calloop::generic::Generic;
use calloop::{Interest, Mode, PostAction, RegistrationToken};

use crate::agent::Agent;
use crate::ports::PortKind;
use crate::services::Service;
pub use fd::StreamFd;
use incoming::{INITIAL_CREDIT_BYTES, Incoming};
use outgoing::Outgoing;

pub const SERVICE: Service =
    Service { port: PortKind::Bulk, receive: Agent::receive_stream, session_ended: Some(Agent::end_streams) };

/// How a stream ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The reader has all that the writer had to give.
    Complete,
    /// What came is not all of it: reading or writing failed, or the session is over.
    Aborted,
    /// Its reader wanted no more.
    Declined,
}

/// Called once, when the stream is no longer in the table.
type OnEnd = Box<dyn FnOnce(&mut Agent, Ending)>;

/// Why streams cannot be opened under the ids that the host gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// 0, given twice, or open already.
    BadId(u32),
    TooMany,
}

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadId(id) => write!(out, "stream id {id} cannot be used"),
            Self::TooMany => write!(out, "more than {MAX_STREAMS} streams"),
        }
    }
}

enum Direction {
    /// The agent writes.
    Outgoing(Outgoing),
    /// The agent reads.
    Incoming(Incoming),
}

struct Stream {
    direction: Direction,
    /// What watches its file descriptor, if it has one.
    watch: Option<RegistrationToken>,
    on_end: OnEnd,
}

/// The open streams of the session, by id.
#[derive(Default)]
pub struct Streams(BTreeMap<u32, Stream>);

impl Streams {
    /// Whether streams can be opened under all of `ids`.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn check(&self, ids: &[u32]) -> Result<(), Refusal> {
        for (at, id) in ids.iter().enumerate() {
            if *id == 0 || self.0.contains_key(id) || ids[..at].contains(id) {
                return Err(Refusal::BadId(*id));
            }
        }
        if self.0.len() + ids.len() > MAX_STREAMS { Err(Refusal::TooMany) } else { Ok(()) }
    }

    fn outgoing(&mut self, id: u32) -> Option<&mut Outgoing> {
        match &mut self.0.get_mut(&id)?.direction {
            Direction::Outgoing(outgoing) => Some(outgoing),
            Direction::Incoming(_) => None,
        }
    }

    fn incoming(&mut self, id: u32) -> Option<&mut Incoming> {
        match &mut self.0.get_mut(&id)?.direction {
            Direction::Incoming(incoming) => Some(incoming),
            Direction::Outgoing(_) => None,
        }
    }
}

impl Agent {
    /// Begins to send what `source` gives, as far as the host gives credit. `watched` is its file descriptor, where it
    /// has one that can have nothing to read for now. `id` must have passed [`Streams::check`].
    pub fn open_outgoing(
        &mut self,
        id: u32,
        source: impl Read + 'static,
        watched: Option<&StreamFd>,
        on_end: impl FnOnce(&mut Agent, Ending) + 'static,
    ) {
        let watch =
            watched.and_then(|fd| self.watch_stream(fd, Interest::READ, move |agent, _| agent.pump_outgoing(id)));
        let direction = Direction::Outgoing(Outgoing::new(source));
        self.streams.0.insert(id, Stream { direction, watch, on_end: Box::new(on_end) });
    }

    /// Begins to give to `sink` what the host sends, and gives the host its first credit. `watched` is its file
    /// descriptor, where it has one that can be full for now. After the host's end `sink` gets `epilogue` and is
    /// dropped. `id` must have passed [`Streams::check`].
    pub fn open_incoming(
        &mut self,
        id: u32,
        sink: impl Write + 'static,
        watched: Option<&StreamFd>,
        epilogue: &'static [u8],
        on_end: impl FnOnce(&mut Agent, Ending) + 'static,
    ) {
        let watch = watched.and_then(|fd| {
            self.watch_stream(fd, Interest::WRITE, move |agent, fd| {
                agent.pump_incoming(id);
                if fd.has_no_reader() {
                    agent.decline_stream(id);
                }
            })
        });
        let direction = Direction::Incoming(Incoming::new(sink, epilogue));
        self.streams.0.insert(id, Stream { direction, watch, on_end: Box::new(on_end) });
        self.send(PortKind::Bulk, Body::StreamCredit(StreamCredit { stream: id, bytes: INITIAL_CREDIT_BYTES }));
    }

    /// Of an outgoing stream: nobody writes to its source any more. It ends with what the source has now, also where
    /// the source does not end (another process may hold the other end of a pipe).
    pub fn drain_stream(&mut self, id: u32) {
        if let Some(outgoing) = self.streams.outgoing(id) {
            outgoing.drain();
            self.pump_outgoing(id);
        }
    }

    /// Of an outgoing stream: what was sent is all that can be given, and not all that there is.
    pub fn abort_stream(&mut self, id: u32) {
        if self.streams.outgoing(id).is_some() {
            self.send(PortKind::Bulk, Body::StreamEnd(StreamEnd { stream: id, aborted: true }));
            self.close_stream(id, Ending::Aborted);
        }
    }

    /// Of an incoming stream that the host has just named: nobody reads it.
    pub fn refuse_incoming(&mut self, id: u32) {
        if self.streams.check(&[id]).is_ok() {
            self.send(PortKind::Bulk, Body::StreamEnd(StreamEnd { stream: id, aborted: false }));
        }
    }

    /// Of an incoming stream: nobody reads it any more.
    pub fn decline_stream(&mut self, id: u32) {
        let Some(incoming) = self.streams.incoming(id) else { return };
        if !incoming.has_ended() {
            self.send(PortKind::Bulk, Body::StreamEnd(StreamEnd { stream: id, aborted: false }));
        }
        self.close_stream(id, Ending::Declined);
    }

    /// Edge-triggered: a stream that has to wait for the other side stays ready, and must not keep the loop turning.
    pub fn watch_stream(
        &self,
        fd: &StreamFd,
        interest: Interest,
        mut ready: impl FnMut(&mut Agent, &StreamFd) + 'static,
    ) -> Option<RegistrationToken> {
        let source = Generic::new(fd.clone(), interest, Mode::Edge);
        let token = self.handle.insert_source(source, move |_, fd, agent| {
            ready(agent, fd.as_ref());
            Ok(PostAction::Continue)
        });
        token.map_err(|error| log::debug!("a descriptor is not watched: {error}")).ok()
    }

    fn receive_stream(&mut self, body: &Body, payload: &[u8]) -> bool {
        // A message for a stream that is not open was on its way when the stream ended.
        match body {
            Body::StreamData(StreamData { stream }) => {
                if let Some(incoming) = self.streams.incoming(*stream) {
                    match incoming.push(payload) {
                        Ok(()) => self.pump_incoming(*stream),
                        Err(beyond) => {
                            log::warn!("stream {stream}: {beyond} bytes beyond its credit");
                            self.send(PortKind::Bulk, Body::StreamEnd(StreamEnd { stream: *stream, aborted: false }));
                            self.close_stream(*stream, Ending::Aborted);
                        }
                    }
                }
            }
            Body::StreamCredit(credit) => {
                if let Some(outgoing) = self.streams.outgoing(credit.stream) {
                    outgoing.add_credit(credit.bytes);
                    self.pump_outgoing(credit.stream);
                }
            }
            Body::StreamEnd(end) => self.stream_ended(end),
            _ => return false,
        }
        true
    }

    fn stream_ended(&mut self, end: &StreamEnd) {
        let id = end.stream;
        if let Some(incoming) = self.streams.incoming(id) {
            incoming.end(end.aborted);
            self.pump_incoming(id);
        } else if self.streams.outgoing(id).is_some() {
            self.send(PortKind::Bulk, Body::StreamEnd(StreamEnd { stream: id, aborted: true }));
            self.close_stream(id, Ending::Declined);
        }
    }

    /// Sends what may be sent now.
    pub fn pump_outgoing(&mut self, id: u32) {
        while let Some(outgoing) = self.streams.outgoing(id) {
            match outgoing.step() {
                outgoing::Step::Data(bytes) => {
                    self.send_with(PortKind::Bulk, Body::StreamData(StreamData { stream: id }), &bytes);
                }
                outgoing::Step::Waits => return,
                outgoing::Step::Ended(ending) => {
                    let aborted = ending != Ending::Complete;
                    self.send(PortKind::Bulk, Body::StreamEnd(StreamEnd { stream: id, aborted }));
                    self.close_stream(id, ending);
                }
            }
        }
    }

    /// Gives to the sink what it takes now, and to the host as much credit.
    pub fn pump_incoming(&mut self, id: u32) {
        let Some(incoming) = self.streams.incoming(id) else { return };
        match incoming.step() {
            incoming::Step::Taken(0) => {}
            incoming::Step::Taken(bytes) => {
                self.send(PortKind::Bulk, Body::StreamCredit(StreamCredit { stream: id, bytes }));
            }
            incoming::Step::Ended(Ending::Declined) => self.decline_stream(id),
            incoming::Step::Ended(ending) => self.close_stream(id, ending),
        }
    }

    fn close_stream(&mut self, id: u32, ending: Ending) {
        let Some(Stream { direction, watch, on_end }) = self.streams.0.remove(&id) else { return };
        if let Some(watch) = watch {
            self.handle.remove(watch);
        }
        // Closes a pipe before anybody hears of the end.
        drop(direction);
        on_end(self, ending);
    }

    /// The session is over.
    fn end_streams(&mut self) {
        while let Some(id) = self.streams.0.keys().next().copied() {
            self.close_stream(id, Ending::Aborted);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(ids: impl IntoIterator<Item = u32>) -> Streams {
        let stream = || Stream {
            direction: Direction::Outgoing(Outgoing::new(&b""[..])),
            watch: None,
            on_end: Box::new(|_, _| ()),
        };
        Streams(ids.into_iter().map(|id| (id, stream())).collect())
    }

    #[test]
    fn ids_are_used_once_at_a_time() {
        let streams = table([1, 2]);
        assert_eq!(streams.check(&[3, 4, u32::MAX]), Ok(()));
        for (ids, bad) in [(&[0][..], 0), (&[3, 2], 2), (&[3, 4, 3], 3)] {
            assert_eq!(streams.check(ids), Err(Refusal::BadId(bad)), "{ids:?}");
        }
    }

    #[test]
    fn no_more_streams_are_open_than_the_limit() {
        let streams = table(1..MAX_STREAMS as u32);
        assert_eq!(streams.check(&[1000]), Ok(()));
        assert_eq!(streams.check(&[1000, 1001]), Err(Refusal::TooMany));
    }
}
