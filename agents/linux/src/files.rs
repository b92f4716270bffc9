//! Files of this guest on their way to and from others. The work is done in threads (agents/files); here are their streams, and
//! what they say to the host.

use std::collections::BTreeMap;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::path::PathBuf;

use atoll_files::pipe::{PipeInput, pipe};
use atoll_files::{Event, Input, Link, Places, Transfers, opened};
use atoll_wire::FilesEnded;
use atoll_wire::header::Message as Body;
use calloop::channel::{self, Sender};

use crate::agent::Agent;
use crate::error::AgentError;
use crate::ports::PortKind;
use crate::services::Service;
use crate::streams::StreamFd;

pub const SERVICE: Service =
    Service { port: PortKind::Bulk, receive: Agent::receive_files, session_ended: Some(Agent::end_files) };

#[derive(Default)]
pub struct Files {
    /// None = they are at work, or not started yet.
    transfers: Option<Transfers>,
    /// Streams of transfers whose source this is, by transfer: their end comes before FilesEnded.
    sending: BTreeMap<u32, u32>,
    /// FilesEnded of a transfer whose stream has not ended yet.
    waiting_ends: BTreeMap<u32, FilesEnded>,
    /// Counts sessions: what a thread of an earlier one reports is dropped.
    session: u32,
    events: Option<Sender<(u32, Event)>>,
}

impl Agent {
    /// Begins to hear the threads.
    ///
    /// # Errors
    /// The event loop takes no more.
    pub fn start_files(&mut self) -> Result<(), AgentError> {
        let (events, heard) = channel::channel();
        let inserted = self.handle.insert_source(heard, |event, (), agent| {
            if let channel::Event::Msg((session, event)) = event
                && session == agent.files.session
            {
                agent.file_event(event);
            }
        });
        inserted.map_err(|error| AgentError::Start("files", error.to_string()))?;
        self.files.events = Some(events);
        opened::sweep(&Places::of_home(self.environment.home()));
        Ok(())
    }

    fn transfers(&mut self) -> Option<Transfers> {
        let events = self.files.events.clone()?;
        let (session, home) = (self.files.session, self.environment.home());
        let say = move |event| drop(events.send((session, event)));
        Some(self.files.transfers.take().unwrap_or_else(|| Transfers::new(Places::of_home(home), say)))
    }

    fn receive_files(&mut self, body: &Body, _payload: &[u8]) -> bool {
        let Some(mut transfers) = self.transfers() else { return false };
        let is_ours = transfers.receive(body, self);
        self.files.transfers = Some(transfers);
        is_ours
    }

    fn file_event(&mut self, event: Event) {
        let Some(transfers) = &mut self.files.transfers else { return };
        match transfers.take(event) {
            Some(Body::FilesEnded(ended)) if self.files.sending.contains_key(&ended.transfer) => {
                self.files.waiting_ends.insert(ended.transfer, ended);
            }
            Some(body) => self.send(PortKind::Bulk, body),
            None => {}
        }
    }

    fn sending_ended(&mut self, transfer: u32) {
        self.files.sending.remove(&transfer);
        if let Some(ended) = self.files.waiting_ends.remove(&transfer) {
            self.send(PortKind::Bulk, Body::FilesEnded(ended));
        }
    }

    /// The session is over.
    fn end_files(&mut self) {
        if let Some(mut transfers) = self.files.transfers.take() {
            transfers.end_all();
        }
        self.files.sending.clear();
        self.files.waiting_ends.clear();
        self.files.session += 1;
    }
}

impl Link for Agent {
    fn outgoing(&mut self, stream: u32, transfer: u32) -> Result<Box<dyn Write + Send>, String> {
        let (reader, writer) = self.stream_pipe(stream)?;
        let reader = StreamFd::new(reader).map_err(|error| error.to_string())?;
        self.files.sending.insert(transfer, stream);
        self.open_outgoing(stream, reader.clone(), Some(&reader), move |agent, _| agent.sending_ended(transfer));
        Ok(Box::new(std::fs::File::from(writer)))
    }

    fn incoming(&mut self, stream: u32) -> Result<Box<dyn Input + Send>, String> {
        let (reader, writer) = self.stream_pipe(stream)?;
        let writer = StreamFd::new(writer).map_err(|error| error.to_string())?;
        self.open_incoming(stream, writer.clone(), Some(&writer), &[], |_, _| ());
        Ok(Box::new(PipeInput::from(reader)))
    }

    fn close(&mut self, stream: u32) {
        self.abort_stream(stream);
        self.decline_stream(stream);
    }

    fn wanted(&self, wanted: u32) -> Option<Vec<PathBuf>> {
        self.opening.files(wanted)
    }
}

impl Agent {
    fn stream_pipe(&self, stream: u32) -> Result<(OwnedFd, OwnedFd), String> {
        self.streams.check(&[stream]).map_err(|refusal| refusal.to_string())?;
        pipe().map_err(|error| error.to_string())
    }
}
