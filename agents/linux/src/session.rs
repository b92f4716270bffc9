//! The session with the host: begins when all three ports have the same epoch, is open from Hello and Welcome on, and
//! ends when a port is closed or gets another epoch. Programs live on without a session.

use atoll_wire::{Epoch, Hello, MAJOR, MINOR, Message, Pong, Welcome, header};
use header::Message as Body;

use crate::agent::{Agent, Exit};
use crate::ports::{Flushed, PORTS, PortKind, Received};
use crate::services::{self, Service};

pub const SERVICE: Service = Service { port: PortKind::Control, receive: Agent::receive_session, session_ended: None };

/// When this much waits for the control port, the host has stopped reading it: what programs cause is held long before.
const MAX_CONTROL_QUEUE_BYTES: usize = 16 * 1024 * 1024;
/// Messages that are kept until Welcome comes; a host sends a few at most.
const MAX_EARLY_MESSAGES: usize = 64;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Phase {
    /// Not all ports have the same epoch.
    #[default]
    Disconnected,
    /// Hello has been sent.
    HelloSent,
    /// Welcome has come: all messages may be sent.
    Open,
}

#[derive(Debug, Default)]
pub struct Session {
    pub phase: Phase,
    /// The minor version that is spoken with the host.
    pub minor: u32,
    epoch: Option<Epoch>,
    /// The ports are not ordered among each other: messages of the other ports may come before Welcome does on control.
    early: Vec<(PortKind, Message)>,
}

impl Session {
    /// By which it is known from those before and after it; None = there is none.
    pub fn epoch(&self) -> Option<Epoch> {
        self.epoch
    }
}

impl Agent {
    /// The port can be read or written, or a host has connected or closed it.
    pub fn port_ready(&mut self, kind: PortKind) {
        loop {
            let (received, more) = self.ports.get(kind).receive();
            for received in received {
                match received {
                    Received::Opened => self.begin_if_ready(),
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
        self.watch_partial_message(kind);
    }

    /// Once a turn: writes what the ports take, control first.
    pub fn flush_ports(&mut self) {
        if self.ports.get(PortKind::Control).queued_bytes() > MAX_CONTROL_QUEUE_BYTES {
            log::warn!("the host does not read the control port");
            self.abandon_session();
        }
        for kind in PORTS {
            match self.ports.get(kind).flush() {
                Flushed::Waits => {}
                Flushed::More => self.wake.ping(),
                Flushed::Later(wait) => self.flush_ports_later(wait),
                Flushed::Lost => self.end_session(),
            }
        }
        self.pause_or_read_programs();
    }

    /// Sends a message without payload; does nothing when there is no session.
    pub fn send(&mut self, kind: PortKind, body: Body) {
        self.send_with(kind, body, &[]);
    }

    pub fn send_with(&mut self, kind: PortKind, body: Body, payload: &[u8]) {
        if self.session.phase == Phase::Disconnected {
            return;
        }
        let mut bytes = Vec::new();
        let opens = matches!(body, Body::WindowOpened(_) | Body::PopupOpened(_) | Body::SubsurfaceOpened(_));
        match atoll_wire::encode(body, payload, &mut bytes) {
            Ok(()) => self.ports.get(kind).send(bytes, opens),
            Err(error) => log::error!("a message for {} cannot be sent: {error}", kind.name()),
        }
    }

    /// A port was opened: ends a session of another epoch, and begins the new one when all ports have its epoch.
    fn begin_if_ready(&mut self) {
        let epochs = PORTS.map(|kind| self.ports.get(kind).epoch());
        if self.session.epoch.is_some() && epochs.iter().any(|epoch| *epoch != self.session.epoch) {
            self.end_session();
        }
        let same = epochs[0].is_some() && epochs.iter().all(|epoch| *epoch == epochs[0]);
        if same && self.session.phase == Phase::Disconnected {
            self.session = Session { phase: Phase::HelloSent, epoch: epochs[0], ..Session::default() };
            let hello = Hello {
                major: MAJOR,
                minor: MINOR,
                agent: concat!("atoll-agent ", env!("CARGO_PKG_VERSION")).to_owned(),
            };
            self.send(PortKind::Control, Body::Hello(hello));
        }
    }

    /// The host is gone: ends all that was for it.
    pub fn end_session(&mut self) {
        if self.session.phase != Phase::Disconnected {
            log::info!("the session ended");
            self.session = Session::default();
            services::session_ended(self);
            for surface in self.surfaces.iter_mut() {
                surface.forget_host();
            }
            self.cursor.forget_host();
        }
        self.poll_unconnected_ports();
    }

    /// Ends the session from this side: the host has to open the ports again.
    fn abandon_session(&mut self) {
        for port in self.ports.all() {
            port.reset();
        }
        self.end_session();
    }

    fn receive(&mut self, kind: PortKind, message: Message) {
        if self.session.phase == Phase::HelloSent && kind != PortKind::Control {
            if self.session.early.len() < MAX_EARLY_MESSAGES {
                self.session.early.push((kind, message));
            }
            return;
        }
        let Message { body: Some(body), payload } = message else { return };
        match (self.session.phase, kind, body) {
            (Phase::HelloSent, PortKind::Control, Body::Welcome(welcome)) => self.open_session(&welcome),
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
        self.screen.session_began();
        self.session.minor = welcome.minor;
        if let Some(output) = &welcome.output {
            self.change_output(output);
        }
        if let Some(keymap) = &welcome.keymap {
            self.change_keymap(keymap);
        }
        self.announce_all();
        self.tell_all_clips();
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
            Body::KeymapChanged(changed) => {
                if let Some(keymap) = &changed.keymap {
                    self.change_keymap(keymap);
                }
            }
            Body::PowerOff(_) => self.stop(Exit::PowerOff),
            _ => return false,
        }
        true
    }
}
