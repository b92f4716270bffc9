//! The session with the host: it begins when all three ports have the same epoch, lives from Hello and Welcome on, and
//! ends when any of them is lost or gets another epoch. Programs live on without one.

use std::time::Duration;

use atoll_wire::{Epoch, Hello, MAJOR, MINOR, Message, Pong, Welcome, header};
use header::Message as Body;

use crate::agent::{Agent, Exit};
use crate::ports::{Flushed, PORTS, PortKind, Received, watch_lonely};
use crate::services::{self, Service};

pub const SERVICE: Service = Service { port: PortKind::Control, receive: Agent::receive_session, session_ended: None };

/// A host that lets this much of the control port wait does not read it any more.
const CONTROL_BYTES: usize = 4 * 1024 * 1024;
/// A message that has begun must be complete within this; else the host died in the middle of it.
const PARTIAL: Duration = Duration::from_secs(2);
/// Messages that are kept until Welcome is there; a host sends a few at most.
const MAX_EARLY: usize = 64;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Phase {
    /// Not all ports have the same epoch.
    #[default]
    Apart,
    /// Hello is sent.
    Greeted,
    /// The host has answered: everything may be said.
    Open,
}

#[derive(Debug, Default)]
pub struct Session {
    pub phase: Phase,
    epoch: Option<Epoch>,
    /// The ports are not ordered among each other: what came on the others before Welcome did on control.
    early: Vec<(PortKind, Message)>,
}

impl Agent {
    /// The port can be read or written, or its host came or went.
    pub fn port_ready(&mut self, kind: PortKind) {
        loop {
            let (received, more) = self.ports.get(kind).receive();
            for received in received {
                match received {
                    Received::Opened => self.meet(),
                    Received::Lost(error) => {
                        if let Some(error) = error {
                            log::warn!("{}: broken framing: {error}", kind.name());
                        }
                        self.end_session();
                    }
                    Received::Message(message) => self.receive(kind, message),
                }
            }
            if !more {
                break;
            }
        }
        self.watch_partial(kind);
    }

    /// Once a turn: writes what the ports take, control first.
    pub fn flush_ports(&mut self) {
        if self.ports.get(PortKind::Control).queued_bytes() > CONTROL_BYTES {
            log::warn!("the host does not read the control port");
            self.abandon_session();
        }
        for kind in PORTS {
            match self.ports.get(kind).flush() {
                Flushed::Waits => {}
                Flushed::More => self.wake.ping(),
                Flushed::Lost => self.end_session(),
            }
        }
    }

    /// Sends a message without payload; nothing when there is no session.
    pub fn send(&mut self, kind: PortKind, body: Body) {
        self.send_with(kind, body, &[]);
    }

    pub fn send_with(&mut self, kind: PortKind, body: Body, payload: &[u8]) {
        if self.session.phase == Phase::Apart {
            return;
        }
        let mut bytes = Vec::new();
        match atoll_wire::encode(body, payload, &mut bytes) {
            Ok(()) => self.ports.get(kind).send(bytes),
            Err(error) => log::error!("a message for {} cannot be sent: {error}", kind.name()),
        }
    }

    /// A port was opened: ends the session of another epoch, begins the new one when all ports have it.
    fn meet(&mut self) {
        let epochs = PORTS.map(|kind| self.ports.get(kind).epoch());
        if self.session.epoch.is_some() && epochs.iter().any(|epoch| *epoch != self.session.epoch) {
            self.end_session();
        }
        let same = epochs[0].is_some() && epochs.iter().all(|epoch| *epoch == epochs[0]);
        if same && self.session.phase == Phase::Apart {
            self.session = Session { phase: Phase::Greeted, epoch: epochs[0], ..Session::default() };
            let hello = Hello {
                major: MAJOR,
                minor: MINOR,
                agent: concat!("atoll-agent ", env!("CARGO_PKG_VERSION")).to_owned(),
            };
            self.send(PortKind::Control, Body::Hello(hello));
        }
    }

    /// The host is gone: nothing is held down, nothing runs for it, nothing is drawn for it.
    fn end_session(&mut self) {
        if self.session.phase != Phase::Apart {
            log::info!("the session ended");
            self.session = Session::default();
            services::session_ended(self);
            for surface in self.surfaces.iter_mut() {
                surface.forget_host();
            }
            self.cursor.forget_host();
        }
        if self.is_virtio && !self.watches_lonely {
            self.watches_lonely = watch_lonely(&self.handle).is_ok();
        }
    }

    /// Gives the session up from this side: the host has to open the ports again.
    fn abandon_session(&mut self) {
        for port in self.ports.all() {
            port.reset();
        }
        self.end_session();
    }

    fn watch_partial(&mut self, kind: PortKind) {
        if !self.ports.get(kind).is_partial() || self.partial[kind as usize] {
            return;
        }
        self.partial[kind as usize] = self.after(PARTIAL, move |agent| {
            agent.partial[kind as usize] = false;
            let seen = agent.ports.get(kind).partial_since();
            match seen {
                Some(since) if since.elapsed() >= PARTIAL => {
                    log::warn!("{}: a message stayed incomplete", kind.name());
                    agent.ports.get(kind).reset();
                    agent.end_session();
                }
                Some(_) => agent.watch_partial(kind),
                None => {}
            }
        });
    }

    fn receive(&mut self, kind: PortKind, message: Message) {
        if self.session.phase == Phase::Greeted && kind != PortKind::Control {
            if self.session.early.len() < MAX_EARLY {
                self.session.early.push((kind, message));
            }
            return;
        }
        let Message { body: Some(body), payload } = message else { return };
        match (self.session.phase, kind, body) {
            (Phase::Greeted, PortKind::Control, Body::Welcome(welcome)) => self.open_session(&welcome),
            (Phase::Open, kind, body) => {
                if !services::dispatch(self, kind, &body, &payload) {
                    log::debug!("unexpected on {}: {body:?}", kind.name());
                }
            }
            (phase, kind, body) => log::debug!("unexpected on {} in {phase:?}: {body:?}", kind.name()),
        }
    }

    fn open_session(&mut self, welcome: &Welcome) {
        if welcome.major != MAJOR {
            log::error!("the host speaks version {}.{}", welcome.major, welcome.minor);
            self.abandon_session();
            return;
        }
        log::info!("a session began");
        self.session.phase = Phase::Open;
        if let Some(output) = &welcome.output {
            self.change_output(output);
        }
        if let Some(keymap) = &welcome.keymap {
            self.change_keymap(keymap);
        }
        self.announce_all();
        for (kind, message) in std::mem::take(&mut self.session.early) {
            self.receive(kind, message);
        }
    }

    fn receive_session(&mut self, body: &Body, _payload: &[u8]) -> bool {
        match body {
            Body::Ping(ping) => self.send(PortKind::Control, Body::Pong(Pong { nonce: ping.nonce })),
            Body::OutputChanged(changed) => {
                if let Some(output) = &changed.output {
                    self.change_output(output);
                }
            }
            Body::PowerOff(_) => self.stop(Exit::PowerOff),
            _ => return false,
        }
        true
    }
}
