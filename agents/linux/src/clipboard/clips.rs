//! What can be pasted in this guest: for each selection the clip that stands, whoever owns it, and the one way to
//! replace it, by which the programs of both kinds and the host learn of it.

use std::rc::Rc;
use std::time::Duration;

use atoll_wire::Selection;
use smithay::reexports::wayland_protocols::wp::primary_selection::zv1::server::zwp_primary_selection_source_v1::ZwpPrimarySelectionSourceV1;
use smithay::reexports::wayland_server::Resource;
use smithay::reexports::wayland_server::protocol::wl_data_source::WlDataSource;

use super::types::with_aliases;
use crate::agent::Agent;

/// How long an X11 program that asks may wait for the first byte, from a program and from the host, which may have to
/// ask a person first (`delivery::ANSWER_TIMEOUT` ends that).
const PROGRAM_PATIENCE: Duration = Duration::from_secs(15);
const HOST_PATIENCE: Duration = Duration::from_secs(75);

/// CLIPBOARD or PRIMARY.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    Clipboard = 0,
    Primary = 1,
}

pub const BOTH: [Which; 2] = [Which::Clipboard, Which::Primary];

impl Which {
    /// None = a selection that this minor does not know.
    pub fn of_wire(selection: Selection) -> Option<Self> {
        match selection {
            Selection::Clipboard => Some(Self::Clipboard),
            Selection::Primary => Some(Self::Primary),
            Selection::Unspecified => None,
        }
    }

    pub fn wire(self) -> Selection {
        match self {
            Self::Clipboard => Selection::Clipboard,
            Self::Primary => Selection::Primary,
        }
    }
}

/// What a Wayland program copies from.
#[derive(Debug, Clone, PartialEq)]
pub enum WaylandSource {
    Clipboard(WlDataSource),
    Primary(ZwpPrimarySelectionSourceV1),
}

impl WaylandSource {
    pub fn is_alive(&self) -> bool {
        match self {
            Self::Clipboard(source) => source.is_alive(),
            Self::Primary(source) => source.is_alive(),
        }
    }
}

/// Who has the content.
#[derive(Debug, Clone)]
pub enum Owner {
    Wayland(WaylandSource),
    /// An X11 program; the bridge's number of its copy.
    X11 {
        copy: u32,
    },
    /// Another VM or the host, under the host's number of the offer.
    Host {
        offer: u32,
    },
    /// Nobody but the agent, which was given it by the host (ClipPut).
    Agent(Rc<[u8]>),
}

#[derive(Debug, Clone)]
pub struct Clip {
    /// Of both selections together: a larger one is newer.
    pub generation: u32,
    /// As the owner names them, in its order.
    pub types: Vec<String>,
    pub owner: Owner,
}

impl Clip {
    /// The types as programs are told them.
    pub fn names(&self) -> Vec<String> {
        with_aliases(&self.types)
    }

    /// How long a program may wait for the first byte.
    pub fn patience(&self) -> Duration {
        if matches!(self.owner, Owner::Host { .. }) { HOST_PATIENCE } else { PROGRAM_PATIENCE }
    }
}

/// The clips that stand.
#[derive(Debug, Default)]
pub struct Clips {
    clips: [Option<Clip>; 2],
    last_generation: u32,
}

impl Clips {
    pub fn get(&self, which: Which) -> Option<&Clip> {
        self.clips[which as usize].as_ref()
    }

    /// The clip of that generation, while it stands.
    pub fn of_generation(&self, which: Which, generation: u32) -> Option<&Clip> {
        self.get(which).filter(|clip| clip.generation == generation)
    }

    /// What the host announced under that number, while it stands.
    pub fn of_offer(&self, number: u32) -> Option<&Clip> {
        let is_it = |clip: &&Clip| matches!(clip.owner, Owner::Host { offer } if offer == number);
        BOTH.iter().filter_map(|which| self.get(*which)).find(is_it)
    }

    fn set(&mut self, which: Which, clip: Option<(Vec<String>, Owner)>) -> u32 {
        self.last_generation += 1;
        let generation = self.last_generation;
        self.clips[which as usize] = clip.map(|(types, owner)| Clip { generation, types, owner });
        generation
    }
}

impl Agent {
    /// A program has copied, or the host has announced or put something; None = what stood is gone.
    pub fn replace_clip(&mut self, which: Which, clip: Option<(Vec<String>, Owner)>) {
        let before = self.clipboard.clips.get(which).map(|clip| clip.owner.clone());
        let was_hosts = matches!(before, Some(Owner::Host { .. }));
        let is_hosts = matches!(clip, Some((_, Owner::Host { .. })));
        let generation = self.clipboard.clips.set(which, clip.clone());
        let names = self.clipboard.clips.get(which).map(Clip::names).unwrap_or_default();
        self.end_clip_reads();
        self.end_old_pastes();
        match clip.map(|(_, owner)| owner) {
            // smithay offers it to Wayland programs by itself.
            Some(Owner::Wayland(_)) => self.offer_to_x11(which),
            Some(Owner::X11 { .. }) => self.offer_to_wayland(which, generation, names),
            Some(Owner::Host { .. } | Owner::Agent(_)) => {
                self.offer_to_wayland(which, generation, names);
                self.offer_to_x11(which);
            }
            None => {
                if !matches!(before, Some(Owner::Wayland(_)) | None) {
                    self.offer_to_wayland(which, generation, names);
                }
                if !matches!(before, Some(Owner::X11 { .. })) {
                    self.disown_x11(which, generation);
                }
            }
        }
        // The host knows of its own.
        if !(is_hosts || was_hosts && self.clipboard.clips.get(which).is_none()) {
            self.clipboard.offers.changed(which, generation);
        }
    }
}
