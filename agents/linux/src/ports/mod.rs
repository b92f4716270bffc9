//! The three ports to the host: bytes in and out, without blocking. What messages mean is up to session.rs and the
//! services.

mod attach;
mod pace;
mod port;
mod queue;
mod timers;
mod virtio;

pub use attach::{attach_sockets, attach_virtio};
pub use port::{Flushed, Port, Received};
use timers::PortTimers;

/// The ports in the order of their indices.
pub const PORTS: [PortKind; 3] = [PortKind::Control, PortKind::Frames, PortKind::Bulk];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PortKind {
    Control = 0,
    Frames = 1,
    Bulk = 2,
}

impl PortKind {
    /// The name that QEMU gives the virtio-serial port.
    pub fn name(self) -> &'static str {
        match self {
            Self::Control => "org.atoll.control",
            Self::Frames => "org.atoll.frames",
            Self::Bulk => "org.atoll.bulk",
        }
    }
}

/// One [`Port`] of each kind.
#[derive(Debug)]
pub struct Ports {
    ports: [Port; 3],
    are_virtio: bool,
    timers: PortTimers,
}

impl Ports {
    pub fn new() -> Self {
        Self { ports: PORTS.map(Port::new), are_virtio: false, timers: PortTimers::default() }
    }

    /// They are the guest's virtio-serial ports, not sockets in their place.
    pub fn are_virtio(&self) -> bool {
        self.are_virtio
    }

    fn set_virtio(&mut self) {
        self.are_virtio = true;
    }

    pub fn get(&mut self, kind: PortKind) -> &mut Port {
        &mut self.ports[kind as usize]
    }

    pub fn all(&mut self) -> impl Iterator<Item = &mut Port> {
        self.ports.iter_mut()
    }
}
