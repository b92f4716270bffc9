//! The clipboard: what programs copy and paste within this guest, and what the host announces, gives and takes. See
//! "Clipboard" in atoll.proto. Inside the guest nobody is asked; what comes from elsewhere comes from the host alone.

mod clips;
mod delivery;
mod give;
mod html;
mod offers;
mod paste;
mod put;
mod reads;
mod sinks;
mod types;
mod x11;

use std::time::Duration;

use atoll_wire::ClipAnnounced;
use atoll_wire::header::Message as Body;
use atoll_wire::limits::{MAX_CLIP_TYPE_BYTES, MAX_CLIP_TYPES};

use crate::agent::Agent;
use crate::ports::PortKind;
use crate::services::Service;
use clips::{BOTH, Clips};
pub use clips::{Owner, WaylandSource, Which};
use delivery::Deliveries;
use offers::Offers;
use paste::Pastes;
use reads::ClipReads;
use sinks::Sinks;
pub use x11::X11Clipboard;

pub const CONTROL_SERVICE: Service =
    Service { port: PortKind::Control, receive: Agent::receive_clipboard, session_ended: Some(Agent::clipboard_alone) };
pub const BULK_SERVICE: Service =
    Service { port: PortKind::Bulk, receive: Agent::receive_clipboard_content, session_ended: None };

/// Deadlines are looked at this often, while anything has one.
const WATCH_INTERVAL: Duration = Duration::from_millis(250);

#[derive(Debug, Default)]
pub struct Clipboard {
    pub clips: Clips,
    offers: Offers,
    deliveries: Deliveries,
    sinks: Sinks,
    pastes: Pastes,
    reads: ClipReads,
    watch_armed: bool,
}

impl Agent {
    fn receive_clipboard(&mut self, body: &Body, _payload: &[u8]) -> bool {
        match body {
            Body::ClipAnnounced(announced) => self.clip_announced(announced),
            Body::PasteRefused(refused) => self.paste_refused(refused),
            _ => return false,
        }
        true
    }

    fn receive_clipboard_content(&mut self, body: &Body, _payload: &[u8]) -> bool {
        match body {
            Body::ClipRead(read) => self.clip_read(read),
            Body::PasteGiven(given) => self.paste_given(given),
            Body::ClipAhead(ahead) => self.clip_ahead(ahead),
            Body::ClipPut(put) => self.clip_put(put),
            _ => return false,
        }
        true
    }

    fn clip_announced(&mut self, announced: &ClipAnnounced) {
        let Some(which) = Which::of_wire(announced.selection()) else { return };
        let types = announced.types.iter().filter(|name| (1..=MAX_CLIP_TYPE_BYTES).contains(&name.len()));
        let types: Vec<String> = types.take(MAX_CLIP_TYPES).cloned().collect();
        let stands = matches!(self.clipboard.clips.get(which).map(|clip| &clip.owner), Some(Owner::Host { .. }));
        self.clipboard.pastes.announced(announced.offer);
        if !types.is_empty() {
            self.replace_clip(which, Some((types, Owner::Host { offer: announced.offer })));
        } else if stands {
            self.replace_clip(which, None);
        }
    }

    /// The session is over: what the host has announced cannot be pasted any more.
    fn clipboard_alone(&mut self) {
        self.end_host_deliveries();
        self.clipboard.pastes.announced(0);
        for which in BOTH {
            if matches!(self.clipboard.clips.get(which).map(|clip| &clip.owner), Some(Owner::Host { .. })) {
                self.replace_clip(which, None);
            }
        }
    }

    /// The end of each turn.
    pub fn settle_clipboard(&mut self) {
        self.drop_dead_wayland_clips();
        self.pump_deliveries();
        self.settle_clip_reads();
        self.send_clip_offers();
    }

    /// A Wayland program has destroyed what it copied from, or has ended: smithay does not say so.
    fn drop_dead_wayland_clips(&mut self) {
        for which in BOTH {
            let owner = self.clipboard.clips.get(which).map(|clip| &clip.owner);
            if matches!(owner, Some(Owner::Wayland(source)) if !source.is_alive()) {
                self.offer_to_wayland(which, 0, Vec::new());
                self.replace_clip(which, None);
            }
        }
    }

    /// Sees to deadlines while anything has one.
    fn watch_clipboard(&mut self) {
        if self.clipboard.watch_armed {
            return;
        }
        self.clipboard.watch_armed = self.after(WATCH_INTERVAL, |agent| {
            agent.clipboard.watch_armed = false;
            agent.drop_late_aheads();
            agent.end_overdue_deliveries();
            agent.end_overdue_clip_reads();
            let clipboard = &agent.clipboard;
            if !(clipboard.deliveries.is_empty() && clipboard.pastes.is_empty() && clipboard.reads.is_empty()) {
                agent.watch_clipboard();
            }
        });
    }
}
