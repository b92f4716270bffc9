//! xdg-decoration and KDE's server decoration: the host draws the window frames, and programs are asked not to.

use smithay::reexports::wayland_protocols::xdg::decoration::zv1::server::zxdg_toplevel_decoration_v1::Mode;
use smithay::reexports::wayland_protocols_misc::server_decoration::server::org_kde_kwin_server_decoration::{
    Mode as KdeMode, OrgKdeKwinServerDecoration,
};
use smithay::reexports::wayland_server::WEnum;
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::wayland::shell::kde::decoration::{KdeDecorationHandler, KdeDecorationState};
use smithay::wayland::shell::xdg::ToplevelSurface;
use smithay::wayland::shell::xdg::decoration::XdgDecorationHandler;
use smithay::{delegate_kde_decoration, delegate_xdg_decoration};

use crate::agent::Agent;

delegate_xdg_decoration!(Agent);
delegate_kde_decoration!(Agent);

impl Agent {
    fn set_decoration(&mut self, toplevel: &ToplevelSurface, mode: Mode) {
        toplevel.with_pending_state(|state| state.decoration_mode = Some(mode));
        if toplevel.is_initial_configure_sent() {
            toplevel.send_pending_configure();
        }
        self.window_changed(toplevel.wl_surface());
    }
}

impl XdgDecorationHandler for Agent {
    fn new_decoration(&mut self, toplevel: ToplevelSurface) {
        self.set_decoration(&toplevel, Mode::ServerSide);
    }

    fn request_mode(&mut self, toplevel: ToplevelSurface, mode: Mode) {
        self.set_decoration(&toplevel, mode);
    }

    fn unset_mode(&mut self, toplevel: ToplevelSurface) {
        self.set_decoration(&toplevel, Mode::ServerSide);
    }
}

/// Surfaces whose program has agreed, by KDE's protocol, that the server draws the frame (GTK 3).
#[derive(Debug, Default)]
pub struct ServerFrames(Vec<WlSurface>);

impl ServerFrames {
    pub fn contains(&self, surface: &WlSurface) -> bool {
        self.0.contains(surface)
    }

    /// Also of a surface that is destroyed: a program that ends releases nothing.
    pub fn forget(&mut self, surface: &WlSurface) {
        self.0.retain(|other| other != surface);
    }

    fn add(&mut self, surface: &WlSurface) {
        if !self.contains(surface) {
            self.0.push(surface.clone());
        }
    }
}

impl KdeDecorationHandler for Agent {
    fn kde_decoration_state(&self) -> &KdeDecorationState {
        &self.globals.kde_decoration
    }

    fn new_decoration(&mut self, surface: &WlSurface, decoration: &OrgKdeKwinServerDecoration) {
        decoration.mode(KdeMode::Server);
        self.globals.server_frames.add(surface);
        self.window_changed(surface);
    }

    fn request_mode(&mut self, surface: &WlSurface, decoration: &OrgKdeKwinServerDecoration, mode: WEnum<KdeMode>) {
        let WEnum::Value(mode) = mode else { return };
        decoration.mode(mode);
        if mode == KdeMode::Server {
            self.globals.server_frames.add(surface);
        } else {
            self.globals.server_frames.forget(surface);
        }
        self.window_changed(surface);
    }

    fn release(&mut self, _decoration: &OrgKdeKwinServerDecoration, surface: &WlSurface) {
        self.globals.server_frames.forget(surface);
        self.window_changed(surface);
    }
}
