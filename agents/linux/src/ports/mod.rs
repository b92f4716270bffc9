//! The three ports to the host: bytes in and out, never blocking. What the messages mean is said in session.rs.

mod attach;
mod port;
mod queue;
mod virtio;

pub use attach::{attach_sockets, attach_virtio, watch_lonely};
pub use port::{Flushed, Port, Received};

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
pub struct Ports([Port; 3]);

impl Ports {
    pub fn new() -> Self {
        Self(PORTS.map(Port::new))
    }

    pub fn get(&mut self, kind: PortKind) -> &mut Port {
        &mut self.0[kind as usize]
    }

    pub fn all(&mut self) -> impl Iterator<Item = &mut Port> {
        self.0.iter_mut()
    }
}
