//! What the X server says to the window manager, as packets: their bounds, and what they say of which window. The bytes are
//! in the order of this machine, as the window manager asks for it.
//!
//! @see X Window System Protocol, appendix B

/// Length of events and errors, and of a reply without data.
pub const PACKET_BYTES: usize = 32;

/// The highest bit of an event's code: a program has sent it to others.
const SENT: u8 = 0x80;

/// Cuts the server's bytes into packets.
#[derive(Debug, Default)]
pub struct Splitter {
    bytes: Vec<u8>,
    taken: usize,
    is_set_up: bool,
}

impl Splitter {
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.taken);
        self.taken = 0;
        self.bytes.extend_from_slice(bytes);
    }

    /// The next packet that is complete. The first one is the answer to the connection's set-up.
    pub fn next(&mut self) -> Option<&[u8]> {
        let rest = &self.bytes[self.taken..];
        let length = if self.is_set_up { packet_length(rest)? } else { setup_length(rest)? };
        let packet = rest.get(..length)?;
        self.is_set_up = true;
        self.taken += length;
        Some(packet)
    }
}

fn setup_length(bytes: &[u8]) -> Option<usize> {
    Some(8 + usize::from(u16_at(bytes, 6)?) * 4)
}

fn packet_length(bytes: &[u8]) -> Option<usize> {
    const REPLY: u8 = 1;
    const GENERIC_EVENT: u8 = 35;
    let extra = match *bytes.first()? {
        REPLY | GENERIC_EVENT => usize::try_from(u32_at(bytes, 4)?).ok()? * 4,
        _ => 0,
    };
    Some(PACKET_BYTES + extra)
}

/// Which ids a connection gives to what it makes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ids {
    base: u32,
    mask: u32,
}

impl Ids {
    /// Of the answer to a connection's set-up; None = it was refused.
    pub fn of_setup(answer: &[u8]) -> Option<Self> {
        const ACCEPTED: u8 = 1;
        let is_accepted = answer.first() == Some(&ACCEPTED);
        is_accepted.then_some(())?;
        Some(Self { base: u32_at(answer, 12)?, mask: u32_at(answer, 16)? })
    }

    /// What the ids of all windows of one connection have in common.
    pub fn owner(&self, window: u32) -> u32 {
        window & !self.mask
    }

    pub fn are_own(&self, window: u32) -> bool {
        self.owner(window) == self.base
    }
}

/// What an event says of a window, as far as the proxy tells events apart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    Created,
    Destroyed,
    Unmapped,
    /// An override-redirect window was mapped, or a window manager's own.
    Mapped,
    MapRequested,
    Reparented,
    Configured,
    ConfigureRequested {
        mask: u16,
    },
    PropertyChanged {
        atom: u32,
        state: u8,
    },
    Message,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Event {
    pub window: u32,
    pub kind: Kind,
    pub bytes: [u8; PACKET_BYTES],
}

impl Event {
    /// None = a reply, an error, or an event that is of no window in particular.
    pub fn of(packet: &[u8]) -> Option<Self> {
        let bytes: [u8; PACKET_BYTES] = packet.try_into().ok()?;
        let (kind, window_at) = match bytes[0] & !SENT {
            16 => (Kind::Created, 8),
            17 => (Kind::Destroyed, 8),
            18 => (Kind::Unmapped, 8),
            19 => (Kind::Mapped, 8),
            20 => (Kind::MapRequested, 8),
            21 => (Kind::Reparented, 8),
            22 => (Kind::Configured, 8),
            23 => (Kind::ConfigureRequested { mask: u16_at(&bytes, 26)? }, 8),
            28 => (Kind::PropertyChanged { atom: u32_at(&bytes, 8)?, state: bytes[16] }, 4),
            33 => (Kind::Message, 4),
            _ => return None,
        };
        Some(Self { window: u32_at(&bytes, window_at)?, kind, bytes })
    }

    /// A program has sent it, and says what it likes, also of windows that do not exist.
    pub fn is_sent(&self) -> bool {
        self.bytes[0] & SENT != 0
    }

    /// Of Mapped and Configured: the window is none of the window manager's.
    pub fn is_override_redirect(&self) -> bool {
        match self.kind {
            Kind::Mapped => self.bytes[12] != 0,
            Kind::Configured => self.bytes[26] != 0,
            _ => false,
        }
    }

    /// The same as an event of the request that the packet with this sequence number was.
    pub fn with_sequence(mut self, sequence: u16) -> Self {
        self.bytes[2..4].copy_from_slice(&sequence.to_ne_bytes());
        self
    }
}

/// Position and size of a window, as events carry them.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Place {
    x_y: [u8; 4],
    width_height: [u8; 4],
}

impl Place {
    /// Takes over what the event says of the place of its window.
    pub fn update(&mut self, event: &Event) {
        let at = match event.kind {
            Kind::Created => 12,
            Kind::Configured | Kind::Reparented => 16,
            _ => return,
        };
        self.x_y.copy_from_slice(&event.bytes[at..at + 4]);
        if event.kind != Kind::Reparented {
            self.width_height.copy_from_slice(&event.bytes[at + 4..at + 8]);
        }
    }

    /// A ConfigureNotify that tells the place of the override-redirect window which `mapped` tells to be mapped.
    pub fn configured(self, mapped: &Event) -> Event {
        let mut bytes = [0; PACKET_BYTES];
        bytes[0] = 22;
        bytes[2..12].copy_from_slice(&mapped.bytes[2..12]);
        bytes[16..20].copy_from_slice(&self.x_y);
        bytes[20..24].copy_from_slice(&self.width_height);
        bytes[26] = 1;
        Event { window: mapped.window, kind: Kind::Configured, bytes }
    }
}

/// None = a packet without a sequence number: the set-up's answer, KeymapNotify.
pub fn sequence(packet: &[u8]) -> Option<u16> {
    const KEYMAP_NOTIFY: u8 = 11;
    (packet.first()? & 0x7f != KEYMAP_NOTIFY).then(|| u16_at(packet, 2))?
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}
