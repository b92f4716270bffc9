//! xdg-system-bell: a program rings. A guest makes no sound of its own accord: a window that rings wants to be looked at.

use atoll_wire::WindowRequest;
use smithay::delegate_xdg_system_bell;
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::wayland::xdg_system_bell::XdgSystemBellHandler;

use crate::agent::Agent;

delegate_xdg_system_bell!(Agent);

impl XdgSystemBellHandler for Agent {
    fn ring(&mut self, surface: Option<WlSurface>) {
        if let Some(id) = surface.and_then(|surface| self.surfaces.id_of(&surface)) {
            let window = self.surfaces.root_of(id);
            self.want_attention(window, WindowRequest::Attention);
        }
    }
}
