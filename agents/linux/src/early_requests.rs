//! What programs ask of their windows before the host knows them: kept until the window is announced.

use std::collections::HashMap;

use atoll_wire::WindowRequest;
use smithay::reexports::wayland_server::Resource;
use smithay::reexports::wayland_server::backend::ObjectId;
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;

use crate::surfaces::WindowShell;

/// The states that a window is to begin in.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct EarlyStates {
    maximized: bool,
    fullscreen: bool,
    minimized: bool,
    /// Of X11 windows: Wayland's say it by a protocol of their own.
    pub modal: bool,
}

impl EarlyStates {
    /// The newest request about each state counts; what is no state is not kept.
    pub fn ask(&mut self, request: WindowRequest) {
        match request {
            WindowRequest::Maximize => self.maximized = true,
            WindowRequest::Unmaximize => self.maximized = false,
            WindowRequest::Fullscreen => self.fullscreen = true,
            WindowRequest::Unfullscreen => self.fullscreen = false,
            WindowRequest::Minimize => self.minimized = true,
            WindowRequest::Unminimize => self.minimized = false,
            _ => {}
        }
    }

    /// As requests, which are made in this order.
    pub fn requests(self) -> impl Iterator<Item = WindowRequest> {
        let states = [
            (self.maximized, WindowRequest::Maximize),
            (self.fullscreen, WindowRequest::Fullscreen),
            (self.minimized, WindowRequest::Minimize),
        ];
        states.into_iter().filter_map(|(is_asked, request)| is_asked.then_some(request))
    }
}

/// Of windows that are not opened yet.
#[derive(Debug, Default)]
pub struct EarlyRequests {
    wayland: HashMap<ObjectId, EarlyStates>,
    /// By the X server's ids.
    x11: HashMap<u32, EarlyStates>,
}

impl EarlyRequests {
    pub fn ask(&mut self, surface: &WlSurface, request: WindowRequest) {
        self.wayland.entry(surface.id()).or_default().ask(request);
    }

    pub fn ask_x11(&mut self, window: u32, request: WindowRequest) {
        self.x11.entry(window).or_default().ask(request);
    }

    pub fn is_modal_x11(&mut self, window: u32) {
        self.x11.entry(window).or_default().modal = true;
    }

    /// The window is opened.
    pub fn take(&mut self, shell: &WindowShell) -> EarlyStates {
        match shell {
            WindowShell::Xdg(toplevel) => self.wayland.remove(&toplevel.wl_surface().id()),
            WindowShell::X11(x11) => self.x11.remove(&x11.window_id()),
        }
        .unwrap_or_default()
    }

    pub fn forget(&mut self, surface: &WlSurface) {
        self.wayland.remove(&surface.id());
    }

    pub fn forget_x11(&mut self, window: u32) {
        self.x11.remove(&window);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(requests: &[WindowRequest]) -> Vec<WindowRequest> {
        let mut states = EarlyStates::default();
        requests.iter().for_each(|request| states.ask(*request));
        states.requests().collect()
    }

    #[test]
    fn the_newest_word_on_each_state_counts() {
        use WindowRequest::{Fullscreen, Maximize, Minimize, Move, Resize, Unfullscreen, Unmaximize};
        assert_eq!(asked(&[]), []);
        assert_eq!(asked(&[Minimize, Maximize, Maximize, Fullscreen]), [Maximize, Fullscreen, Minimize]);
        assert_eq!(asked(&[Maximize, Fullscreen, Unmaximize, Unfullscreen]), []);
        assert_eq!(asked(&[Move, Resize, Unmaximize, Maximize]), [Maximize]);
    }
}
