//! What can have the keyboard focus: a Wayland surface, or an X11 window. Only its wl_surface gets the focus here; it also needs
//! the focus of X11 itself, which smithay would set on a connection that keys overtake (see x11_focus_barrier).

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
        KeyboardTarget::enter(self.surface(), seat, agent, keys, serial);
    }

    fn leave(&self, seat: &Seat<Agent>, agent: &mut Agent, serial: Serial) {
        KeyboardTarget::leave(self.surface(), seat, agent, serial);
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
