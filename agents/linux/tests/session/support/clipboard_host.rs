//! The clipboard as the host has it: what it reads, announces, gives, sends ahead and puts.

use atoll_wire::header::Message as Body;
use atoll_wire::limits::MAX_STREAM_CHUNK_BYTES;
use atoll_wire::{
    ClipAhead, ClipAnnounced, ClipPut, ClipRead, PasteGiven, PasteRefused, PasteWanted, Selection, StreamEnd,
};

use super::host::{BULK, CONTROL, Host};

pub const TEXT: &str = "text/plain;charset=utf-8";

pub fn owned(types: &[&str]) -> Vec<String> {
    types.iter().map(|name| (*name).to_owned()).collect()
}

impl Host {
    /// The next offer of the selection: its generation and types.
    pub fn clip_offered(&mut self, of: Selection) -> (u32, Vec<String>) {
        self.wait("ClipOffered", |body| match body {
            Body::ClipOffered(offered) if offered.selection() == of => {
                Some((offered.generation, offered.types.clone()))
            }
            _ => None,
        })
    }

    /// Reads what was offered, whole; and whether it was aborted.
    pub fn read_clip(&mut self, selection: Selection, generation: u32, mime_type: &str) -> (Vec<u8>, bool) {
        let stream = self.begin_read(selection, generation, mime_type);
        self.read_stream(stream)
    }

    /// Gives no credit yet.
    pub fn begin_read(&mut self, selection: Selection, generation: u32, mime_type: &str) -> u32 {
        let stream = self.next_id();
        let read = ClipRead { selection: selection.into(), generation, r#type: mime_type.to_owned(), stream };
        self.send(BULK, Body::ClipRead(read));
        stream
    }

    pub fn read_stream(&mut self, stream: u32) -> (Vec<u8>, bool) {
        let mut all = self.read_streams(&[stream]);
        all.remove(0)
    }

    /// Reads several streams side by side.
    pub fn read_streams(&mut self, streams: &[u32]) -> Vec<(Vec<u8>, bool)> {
        let mut all = vec![(Vec::new(), None); streams.len()];
        for stream in streams {
            self.give_stream_credit(*stream, 256 * 1024);
        }
        while all.iter().any(|(_, aborted)| aborted.is_none()) {
            let at = |stream: u32| streams.iter().position(|other| *other == stream);
            let (at, piece) = self.wait_message("a stream", |message| match &message.body {
                Some(Body::StreamData(data)) => Some((at(data.stream)?, Ok(message.payload.clone()))),
                Some(Body::StreamEnd(end)) => Some((at(end.stream)?, Err(end.aborted))),
                _ => None,
            });
            match piece {
                Ok(bytes) => {
                    self.give_stream_credit(streams[at], bytes.len() as u32);
                    all[at].0.extend(bytes);
                }
                Err(aborted) => all[at].1 = Some(aborted),
            }
        }
        all.into_iter().map(|(bytes, aborted)| (bytes, aborted == Some(true))).collect()
    }

    pub fn announce(&mut self, selection: Selection, types: &[&str]) -> u32 {
        let offer = self.next_id();
        let types = owned(types);
        self.send(CONTROL, Body::ClipAnnounced(ClipAnnounced { selection: selection.into(), offer, types }));
        offer
    }

    pub fn paste_wanted(&mut self) -> PasteWanted {
        self.wait("PasteWanted", |body| match body {
            Body::PasteWanted(wanted) => Some(wanted.clone()),
            _ => None,
        })
    }

    pub fn paste_dropped(&mut self) -> u32 {
        self.wait("PasteDropped", |body| match body {
            Body::PasteDropped(dropped) => Some(dropped.request),
            _ => None,
        })
    }

    pub fn refuse(&mut self, request: u32) {
        self.send(CONTROL, Body::PasteRefused(PasteRefused { request }));
    }

    /// Begins to give; gives the stream.
    pub fn give(&mut self, request: u32) -> u32 {
        let stream = self.next_id();
        self.send(BULK, Body::PasteGiven(PasteGiven { request, stream }));
        stream
    }

    /// Begins to send ahead; gives the stream.
    pub fn send_ahead(&mut self, offer: u32, mime_type: &str) -> u32 {
        let stream = self.next_id();
        self.send(BULK, Body::ClipAhead(ClipAhead { offer, r#type: mime_type.to_owned(), stream }));
        stream
    }

    pub fn put(&mut self, selection: Selection, mime_type: &str, bytes: &[u8]) {
        let stream = self.next_id();
        let put = ClipPut { selection: selection.into(), r#type: mime_type.to_owned(), stream };
        self.send(BULK, Body::ClipPut(put));
        assert!(self.write_whole(stream, bytes));
    }

    /// Writes all of a stream and its end, as the agent gives credit. False = the agent wants no more.
    pub fn write_whole(&mut self, stream: u32, bytes: &[u8]) -> bool {
        if !self.write_part(stream, bytes) {
            return false;
        }
        self.end_stream(stream);
        true
    }

    /// The same without the end.
    pub fn write_part(&mut self, stream: u32, bytes: &[u8]) -> bool {
        let (mut rest, mut credit) = (bytes, 0);
        while !rest.is_empty() {
            let count = rest.len().min(credit).min(MAX_STREAM_CHUNK_BYTES);
            if count > 0 {
                self.write_stream(stream, &rest[..count]);
                (rest, credit) = (&rest[count..], credit - count);
                continue;
            }
            let more = self.wait("credit", |body| match body {
                Body::StreamCredit(credit) if credit.stream == stream => Some(Some(credit.bytes)),
                Body::StreamEnd(end) if end.stream == stream => Some(None),
                _ => None,
            });
            let Some(more) = more else { return false };
            credit += more as usize;
        }
        true
    }

    pub fn abort_stream(&mut self, stream: u32) {
        self.send(BULK, Body::StreamEnd(StreamEnd { stream, aborted: true }));
    }
}
