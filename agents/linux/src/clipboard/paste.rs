//! Programs of this guest that paste what the host has announced: the host is asked, and gives or refuses; or it has
//! sent the content ahead, because it saw the keys of a paste before the program did.

use std::collections::VecDeque;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use atoll_wire::header::Message as Body;
use atoll_wire::limits::MAX_CLIP_BYTES;
use atoll_wire::{ClipAhead, PasteGiven, PasteRefused, PasteTaken, PasteWanted};

use super::Clipboard;
use super::delivery::{Content, Inlet};
use crate::agent::Agent;
use crate::ports::PortKind;
use crate::session::Phase;
use crate::streams::Ending;

/// What was sent ahead is dropped after this.
const AHEAD_TIMEOUT: Duration = Duration::from_secs(2);
/// Contents that are kept ahead at once; a newer one takes the place of the oldest.
const MAX_AHEADS: usize = 4;
/// Bytes of each that are kept; the host sends what is beyond them when a program takes it.
const AHEAD_BYTES: usize = MAX_CLIP_BYTES / MAX_AHEADS;
/// Streams of contents sent ahead that are remembered when those are gone: the host may just name one.
const MAX_REMEMBERED: usize = 64;

/// Programs may ask the host for so many pastes at once, and then so many each second.
const REQUEST_BURST: f64 = 100.0;
const REQUESTS_PER_S: f64 = 50.0;

#[derive(Debug)]
struct Ahead {
    offer: u32,
    mime_type: String,
    stream: u32,
    inlet: Inlet,
    at: Instant,
}

#[derive(Debug)]
pub struct Pastes {
    aheads: VecDeque<Ahead>,
    ahead_streams: VecDeque<u32>,
    /// Of this session, whose numbers rise; 0: none yet.
    latest_offer: u32,
    /// Requests that programs may still make, and since when.
    budget: (f64, Instant),
}

impl Default for Pastes {
    fn default() -> Self {
        Self {
            aheads: VecDeque::new(),
            ahead_streams: VecDeque::new(),
            latest_offer: 0,
            budget: (REQUEST_BURST, Instant::now()),
        }
    }
}

impl Pastes {
    pub fn is_empty(&self) -> bool {
        self.aheads.is_empty()
    }

    /// The host has announced this offer; 0: the session is over, and numbers begin anew.
    pub fn announced(&mut self, offer: u32) {
        self.latest_offer = if offer == 0 { 0 } else { self.latest_offer.max(offer) };
    }

    fn take_ahead(&mut self, is_it: impl Fn(&Ahead) -> bool) -> Option<Ahead> {
        let at = self.aheads.iter().position(is_it)?;
        self.aheads.remove(at)
    }

    /// The host sends ahead by this stream, whether or not that is wanted.
    fn remember(&mut self, stream: u32) {
        if self.ahead_streams.len() >= MAX_REMEMBERED {
            self.ahead_streams.pop_front();
        }
        self.ahead_streams.push_back(stream);
    }

    fn may_ask(&mut self, now: Instant) -> bool {
        let (left, since) = self.budget;
        let left = (left + now.saturating_duration_since(since).as_secs_f64() * REQUESTS_PER_S).min(REQUEST_BURST);
        self.budget = ((left - 1.0).max(0.0), now);
        left >= 1.0
    }
}

impl Agent {
    /// A program asks for what the host announced. It gets the end of its pipe where too many do.
    pub fn paste(&mut self, offer: u32, mime_type: String, fd: OwnedFd) {
        if self.session.phase != Phase::Open || self.clipboard.deliveries.is_full() {
            return;
        }
        let ahead = self.clipboard.pastes.take_ahead(|ahead| ahead.offer == offer && ahead.mime_type == mime_type);
        if let Some(Ahead { stream, inlet, .. }) = ahead {
            let content = Content::Awaited { offer, mime_type };
            if let Some(number) = self.deliver(content, fd) {
                self.send(PortKind::Control, Body::PasteTaken(PasteTaken { stream }));
                self.delivery_flows(number, stream, inlet);
            } else {
                self.decline_stream(stream);
            }
            return;
        }
        if !self.clipboard.pastes.may_ask(Instant::now()) {
            return;
        }
        let content = Content::Awaited { offer, mime_type: mime_type.clone() };
        if let Some(request) = self.deliver(content, fd) {
            self.send(PortKind::Control, Body::PasteWanted(PasteWanted { request, offer, r#type: mime_type }));
        }
    }

    pub fn paste_given(&mut self, given: &PasteGiven) {
        let stream = given.stream;
        let Some(mime_type) = self.clipboard.deliveries.awaited(given.request).map(str::to_owned) else {
            // The program has just closed its pipe.
            match self.clipboard.pastes.take_ahead(|ahead| ahead.stream == stream) {
                Some(_) => self.decline_stream(stream),
                // The host knows, or will: nobody reads it any more, or another program does.
                None if self.clipboard.pastes.ahead_streams.contains(&stream) => {}
                None => self.refuse_incoming(stream),
            }
            return;
        };
        if let Some(ahead) = self.clipboard.pastes.take_ahead(|ahead| ahead.stream == stream) {
            self.delivery_flows(given.request, stream, ahead.inlet);
        } else if self.clipboard.pastes.ahead_streams.contains(&stream) || self.streams.check(&[stream]).is_err() {
            // It was refused or dropped, or has been taken by another program.
            self.end_delivery(given.request);
        } else {
            let inlet = Inlet::for_paste(&mime_type);
            self.open_host_content(stream, inlet.clone());
            self.delivery_flows(given.request, stream, inlet);
        }
    }

    pub fn paste_refused(&mut self, refused: &PasteRefused) {
        if self.clipboard.deliveries.awaited(refused.request).is_some() {
            self.end_delivery(refused.request);
        }
    }

    pub fn clip_ahead(&mut self, ahead: &ClipAhead) {
        let stream = ahead.stream;
        let clip = self.clipboard.clips.of_offer(ahead.offer);
        // It comes by another port than the announcement of its offer, and may be read before that.
        let is_early = ahead.offer > self.clipboard.pastes.latest_offer;
        // Also one that is refused: the host may name it for a request before it hears of that.
        self.clipboard.pastes.remember(stream);
        let is_wanted = is_early || clip.is_some_and(|clip| clip.types.contains(&ahead.r#type));
        if self.streams.check(&[stream]).is_err() || !is_wanted {
            self.refuse_incoming(stream);
            return;
        }
        if self.clipboard.pastes.aheads.len() >= MAX_AHEADS {
            if let Some(oldest) = self.clipboard.pastes.aheads.pop_front() {
                self.decline_stream(oldest.stream);
            }
        }
        let inlet = Inlet::new(&ahead.r#type, AHEAD_BYTES);
        let (offer, mime_type, at) = (ahead.offer, ahead.r#type.clone(), Instant::now());
        self.clipboard.pastes.aheads.push_back(Ahead { offer, mime_type, stream, inlet: inlet.clone(), at });
        self.open_host_content(stream, inlet);
        self.watch_clipboard();
    }

    /// Begins to read a stream of the host's content.
    fn open_host_content(&mut self, stream: u32, inlet: Inlet) {
        let ended = inlet.clone();
        self.open_incoming(stream, inlet, None, &[], move |agent, ending| {
            agent.host_content_ended(stream, &ended, ending)
        });
    }

    fn host_content_ended(&mut self, stream: u32, inlet: &Inlet, ending: Ending) {
        inlet.end(ending);
        if ending != Ending::Complete {
            self.clipboard.pastes.take_ahead(|ahead| ahead.stream == stream);
        }
        self.delivery_stream_ended(stream);
    }

    /// An offer is over: who asked for it gets the end of the pipe. What the host is sending already still comes.
    pub fn end_old_pastes(&mut self) {
        for (request, offer) in self.clipboard.deliveries.all_awaited() {
            if self.clipboard.clips.of_offer(offer).is_none() {
                self.cancel_delivery(request);
            }
        }
        let Clipboard { clips, pastes, .. } = &self.clipboard;
        let is_over = |ahead: &Ahead| ahead.offer <= pastes.latest_offer && clips.of_offer(ahead.offer).is_none();
        let over = self.clipboard.pastes.aheads.iter().filter(|ahead| is_over(ahead)).map(|ahead| ahead.stream);
        self.drop_aheads(over.collect());
    }

    pub fn drop_late_aheads(&mut self) {
        let late = self.clipboard.pastes.aheads.iter().filter(|ahead| ahead.at.elapsed() >= AHEAD_TIMEOUT);
        self.drop_aheads(late.map(|ahead| ahead.stream).collect());
    }

    fn drop_aheads(&mut self, streams: Vec<u32>) {
        for stream in streams {
            self.clipboard.pastes.take_ahead(|ahead| ahead.stream == stream);
            self.decline_stream(stream);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_that_ask_without_end_are_held_back() {
        let mut pastes = Pastes::default();
        let now = Instant::now();
        assert_eq!((0..1000).filter(|_| pastes.may_ask(now)).count(), REQUEST_BURST as usize);
        let later = now + Duration::from_secs(1);
        assert_eq!((0..1000).filter(|_| pastes.may_ask(later)).count(), REQUESTS_PER_S as usize);
    }
}
