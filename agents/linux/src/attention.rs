//! What programs ask for that needs a person: that a window is looked at, is in front, has the keyboard, is shown again.
//! The host decides. However often a program asks, the host hears the most that it asked for, a few times a second.

use std::time::Instant;

use atoll_wire::WindowRequest;

use crate::agent::Agent;
use crate::deferred::{PROPERTIES_INTERVAL, is_too_early};
use crate::surfaces::Window;

/// From the least to the most: of several at once the last counts.
const BY_WEIGHT: [WindowRequest; 4] =
    [WindowRequest::Attention, WindowRequest::Raise, WindowRequest::Activate, WindowRequest::Unminimize];

/// What the program of a window asks for.
#[derive(Debug, Default)]
pub struct Attention {
    wanted: Option<WindowRequest>,
    sent_at: Option<Instant>,
}

fn weight(request: WindowRequest) -> Option<usize> {
    BY_WEIGHT.iter().position(|other| *other == request)
}

impl Agent {
    /// A program asks for one of `BY_WEIGHT`.
    pub fn want_attention(&mut self, id: u32, request: WindowRequest) {
        let Some(window) = self.surfaces.get_mut(id).and_then(|surface| surface.window_mut()) else { return };
        if weight(request) > window.attention.wanted.and_then(weight) {
            window.attention.wanted = Some(request);
        }
    }

    /// Once a turn: sends what is wanted.
    pub fn send_attention(&mut self) {
        let wants = |window: &Window| window.attention.wanted.is_some();
        let ids = self.surfaces.iter().filter(|surface| surface.window().is_some_and(wants)).map(|surface| surface.id);
        for id in ids.collect::<Vec<_>>() {
            let Some(window) = self.surfaces.get_mut(id).and_then(|surface| surface.window_mut()) else { continue };
            if is_too_early(window.attention.sent_at, PROPERTIES_INTERVAL) {
                self.send_window_properties_later();
                continue;
            }
            window.attention.sent_at = Some(Instant::now());
            if let Some(request) = window.attention.wanted.take() {
                self.request_window_id(id, request, 0);
            }
        }
    }
}
