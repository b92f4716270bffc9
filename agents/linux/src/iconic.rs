//! X11 windows that are minimised are unmapped: a program shows its window again by mapping it, and the X server tells of
//! that only where it was not mapped.
//!
//! @see ICCCM, 4.1.4

use atoll_wire::WindowRequest;
use smithay::xwayland::X11Surface;

use crate::agent::Agent;

/// An X11 window is minimised. Its surface is kept: the host shows its last frame.
#[derive(Debug, Default)]
pub struct Iconic {
    /// The window manager has heard that it was unmapped. Whatever it hears next is the program, which withdraws it.
    is_unmapped: bool,
    /// The host wants it to be mapped again.
    is_ending: bool,
    /// The host has minimised it again before it was.
    is_again: bool,
}

impl Agent {
    /// The host has minimised an X11 window, or shows it.
    pub fn set_iconic(&mut self, id: u32, is_iconic: bool) {
        let Some(surface) = self.surfaces.get_mut(id) else { return };
        let Some(x11) = surface.x11().cloned() else { return };
        let Some(window) = surface.window_mut() else { return };
        let Some(requests) = &self.x11.requests else { return };
        window.is_iconic_due &= is_iconic;
        let done = match (&mut window.iconic, is_iconic) {
            (None, true) => {
                window.iconic = Some(Iconic::default());
                self.surfaces.dissociate(id);
                // set_suspended: _NET_WM_STATE_HIDDEN.
                x11.set_suspended(true).is_ok() && requests.unmap(x11.window_id()).is_ok()
            }
            (Some(iconic), false) if !iconic.is_ending => {
                iconic.is_ending = true;
                requests.map(x11.window_id()).is_ok()
            }
            (Some(iconic), _) => {
                iconic.is_again = is_iconic && iconic.is_ending;
                true
            }
            (None, false) => true,
        };
        if !done {
            log::debug!("minimising an X11 window: the X server is gone");
        }
    }

    /// An X11 window is mapped; true = it was minimised, and is no new one to the host.
    pub fn end_iconic(&mut self, x11: &X11Surface) -> bool {
        let Some(id) = self.surfaces.of_x11(x11) else { return false };
        let window = self.surfaces.get_mut(id).and_then(|surface| surface.window_mut());
        let Some(iconic) = window.and_then(|window| window.iconic.take()) else { return false };
        if x11.set_suspended(false).is_err() {
            log::debug!("showing an X11 window: the X server is gone");
        }
        if !iconic.is_ending {
            self.want_attention(id, WindowRequest::Unminimize);
        } else if iconic.is_again {
            if let Some(window) = self.surfaces.get_mut(id).and_then(|surface| surface.window_mut()) {
                window.is_iconic_due = true;
            }
        }
        true
    }

    /// An X11 window has been mapped by the window manager: only now can it be unmapped again, which is another
    /// connection's request.
    pub fn minimize_due_x11(&mut self, x11: &X11Surface) {
        let Some(id) = self.surfaces.of_x11(x11) else { return };
        let window = self.surfaces.get_mut(id).and_then(|surface| surface.window_mut());
        if window.is_some_and(|window| std::mem::take(&mut window.is_iconic_due)) {
            self.set_iconic(id, true);
        }
    }

    /// An X11 window was unmapped; true = by the agent, because it is minimised.
    pub fn is_unmapped_as_iconic(&mut self, id: u32) -> bool {
        let window = self.surfaces.get_mut(id).and_then(|surface| surface.window_mut());
        let iconic = window.and_then(|window| window.iconic.as_mut());
        iconic.is_some_and(|iconic| !std::mem::replace(&mut iconic.is_unmapped, true))
    }
}
