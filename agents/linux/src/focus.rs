//! What can have the keyboard focus: a Wayland surface, or an X11 window, which also needs the focus of X11 itself.

use std::borrow::Cow;

use smithay::backend::input::KeyState;
use smithay::input::Seat;
use smithay::input::keyboard::{KeyboardTarget, KeysymHandle, ModifiersState};
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::utils::{IsAlive, Serial};
use smithay::wayland::seat::WaylandFocus;
use smithay::xwayland::X11Surface;

use crate::agent::Agent;

#[derive(Debug, Clone, PartialEq)]
pub enum Focus {
    Wayland(WlSurface),
    X11 { window: Box<X11Surface>, surface: WlSurface },
}

impl Focus {
    fn surface(&self) -> &WlSurface {
        match self {
            Self::Wayland(surface) | Self::X11 { surface, .. } => surface,
        }
    }

    /// smithay's X11Surface passes events on to its wl_surface, but learns of it only from Xwayland 23.1 on.
    fn window_has_wl_surface(&self) -> bool {
        matches!(self, Self::X11 { window, surface } if window.wl_surface().as_ref() == Some(surface))
    }
}

impl IsAlive for Focus {
    fn alive(&self) -> bool {
        match self {
            Self::Wayland(surface) => surface.alive(),
            Self::X11 { window, surface } => window.alive() && surface.alive(),
        }
    }
}

impl WaylandFocus for Focus {
    fn wl_surface(&self) -> Option<Cow<'_, WlSurface>> {
        Some(Cow::Borrowed(self.surface()))
    }
}

impl KeyboardTarget<Agent> for Focus {
    fn enter(&self, seat: &Seat<Agent>, agent: &mut Agent, keys: Vec<KeysymHandle<'_>>, serial: Serial) {
        let knows = self.window_has_wl_surface();
        if let Self::X11 { window, .. } = self {
            if knows {
                return KeyboardTarget::enter(&**window, seat, agent, keys, serial);
            }
            KeyboardTarget::enter(&**window, seat, agent, Vec::new(), serial);
        }
        KeyboardTarget::enter(self.surface(), seat, agent, keys, serial);
    }

    fn leave(&self, seat: &Seat<Agent>, agent: &mut Agent, serial: Serial) {
        let knows = self.window_has_wl_surface();
        if let Self::X11 { window, .. } = self {
            KeyboardTarget::leave(&**window, seat, agent, serial);
        }
        if !knows {
            KeyboardTarget::leave(self.surface(), seat, agent, serial);
        }
    }

    fn key(
        &self,
        seat: &Seat<Agent>,
        agent: &mut Agent,
        key: KeysymHandle<'_>,
        state: KeyState,
        serial: Serial,
        time: u32,
    ) {
        KeyboardTarget::key(self.surface(), seat, agent, key, state, serial, time);
    }

    fn modifiers(&self, seat: &Seat<Agent>, agent: &mut Agent, modifiers: ModifiersState, serial: Serial) {
        KeyboardTarget::modifiers(self.surface(), seat, agent, modifiers, serial);
    }
}
