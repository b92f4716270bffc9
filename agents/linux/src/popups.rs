//! Popups of Wayland programs: placed within the host's desktop, dismissed from the innermost on. X11's
//! override-redirect windows are popups to the host as well; see protocols/xwm.rs.

use std::time::Instant;

use atoll_wire::header::Message as Body;
use atoll_wire::limits::{MAX_POPUP_DEPTH, MAX_SURFACES};
use atoll_wire::{Kind, PopupMoved, PopupOpened, Rect};
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::utils::{Logical, Point, Rectangle};
use smithay::wayland::shell::xdg::{PopupSurface, PositionerState};

use crate::agent::Agent;
use crate::deferred::{UPDATE_INTERVAL, is_too_early};
use crate::geometry::clamp_rect;
use crate::ports::PortKind;
use crate::surfaces::{Popup, PopupShell, Role};

/// The label's border that the host draws around a popup.
const POPUP_BORDER: i32 = 1;

impl Popup {
    pub fn opened(&self, id: u32) -> PopupOpened {
        let kind = match self.shell {
            PopupShell::Xdg(_) => Kind::Wayland,
            PopupShell::X11(_) => Kind::X11,
        };
        PopupOpened { surface: id, kind: kind.into(), parent: self.parent, rect: Some(self.rect), grab: self.grab }
    }
}

impl Agent {
    pub fn popup_committed(&mut self, surface: &WlSurface, unmapped: bool) {
        let known = self.globals.xdg_shell.popup_surfaces();
        let Some(popup) = known.iter().find(|popup| popup.wl_surface() == surface).cloned() else { return };
        if !popup.is_initial_configure_sent() {
            self.open_popup(&popup);
        } else if let (true, Some(id)) = (unmapped, self.surfaces.id_of(surface)) {
            popup.reset_initial_configure_sent();
            self.close_surface(id);
        }
    }

    fn open_popup(&mut self, popup: &PopupSurface) {
        self.charge_request(popup.wl_surface());
        let parent = popup.get_parent_surface().and_then(|parent| self.surfaces.id_of(&parent));
        let Some(parent) = parent.filter(|parent| self.popup_depth(*parent) < MAX_POPUP_DEPTH) else {
            // Its parent has been closed, or is not known here.
            popup.send_popup_done();
            return;
        };
        if self.surfaces.len() >= MAX_SURFACES {
            popup.send_popup_done();
            return;
        }
        let geometry = popup.with_pending_state(|state| {
            state.geometry = self.place_popup(&state.positioner, parent);
            state.geometry
        });
        if let Err(error) = popup.send_configure() {
            log::debug!("configuring a popup: {error}");
            return;
        }
        let surface = popup.wl_surface();
        let grab = self.globals.grabs.contains(surface);
        let role = Popup {
            shell: PopupShell::Xdg(popup.clone()),
            parent,
            rect: clamp_rect(geometry),
            position_dirty: false,
            position_sent_at: None,
            grab,
        };
        let id = self.surfaces.add(Some(surface.clone()), Role::Popup(Box::new(role)));
        self.announce(id);
    }

    pub fn reposition_popup(&mut self, popup: &PopupSurface, positioner: PositionerState, token: u32) {
        self.charge_request(popup.wl_surface());
        let id = self.surfaces.id_of(popup.wl_surface());
        let parent = id.and_then(|id| self.surfaces.get(id)?.parent());
        let geometry = popup.with_pending_state(|state| {
            state.positioner = positioner;
            state.geometry =
                parent.map_or_else(|| positioner.get_geometry(), |parent| self.place_popup(&positioner, parent));
            state.geometry
        });
        popup.send_repositioned(token);
        if let Some(id) = id {
            self.move_popup(id, clamp_rect(geometry));
        }
    }

    pub fn move_popup(&mut self, id: u32, rect: Rect) {
        let Some(surface) = self.surfaces.get_mut(id) else { return };
        let Role::Popup(popup) = &mut surface.role else { return };
        if popup.rect != rect {
            popup.rect = rect;
            // A popup that is not announced yet will be announced with its new position.
            popup.position_dirty = surface.announced;
        }
    }

    /// Once a turn: sends the new positions of popups.
    pub fn send_popup_positions(&mut self) {
        let mut moved = Vec::new();
        let mut is_late = false;
        for surface in self.surfaces.iter_mut().filter(|surface| surface.announced) {
            let Role::Popup(popup) = &mut surface.role else { continue };
            if !popup.position_dirty {
                continue;
            }
            if is_too_early(popup.position_sent_at, UPDATE_INTERVAL) {
                is_late = true;
                continue;
            }
            popup.position_dirty = false;
            popup.position_sent_at = Some(Instant::now());
            moved.push(PopupMoved { surface: surface.id, rect: Some(popup.rect) });
        }
        if is_late {
            self.send_updates_later();
        }
        for popup in moved {
            self.send(PortKind::Control, Body::PopupMoved(popup));
        }
    }

    /// The host wants a popup gone. Popups that have it as their parent go first.
    pub fn dismiss_popup(&mut self, id: u32) {
        for child in self.surfaces.children_of(id) {
            self.dismiss_popup(child);
        }
        match self.surfaces.get(id).and_then(|surface| surface.popup()).map(|popup| &popup.shell) {
            Some(PopupShell::Xdg(popup)) => {
                popup.send_popup_done();
                // The program destroys it later; from now on it is not shown and gets no keys.
                self.close_surface(id);
            }
            Some(PopupShell::X11(_)) => self.end_x11_menus(),
            None => {}
        }
    }

    /// Where a popup goes, relative to its parent: below its window's title bar, where it has room there. The host shows none
    /// on a title bar, and the program is to know where it is.
    fn place_popup(&self, positioner: &PositionerState, parent: u32) -> Rectangle<i32, Logical> {
        let (area, top) = self.area_from(parent);
        let mut below = area;
        below.loc.y = area.loc.y.max(top + POPUP_BORDER);
        below.size.h -= below.loc.y - area.loc.y;
        let placed = positioner.get_unconstrained_geometry(below);
        if below.contains_rect(placed) { placed } else { positioner.get_unconstrained_geometry(area) }
    }

    /// The host's desktop, and the top of the window's content, relative to the geometry of a window or popup.
    fn area_from(&self, id: u32) -> (Rectangle<i32, Logical>, i32) {
        let mut top = 0;
        let mut origin = Point::default();
        let mut at = id;
        while let Some(surface) = self.surfaces.get(at) {
            match &surface.role {
                Role::Window(window) => {
                    origin += Point::from(window.place);
                    break;
                }
                Role::Popup(popup) => {
                    origin += Point::from((popup.rect.x, popup.rect.y));
                    top -= popup.rect.y;
                    at = popup.parent;
                }
                Role::Subsurface { parent } => at = *parent,
            }
        }
        let mut area = self.screen.area();
        area.loc -= origin;
        (area, top)
    }

    /// Number of popups from `id` down to its window.
    fn popup_depth(&self, id: u32) -> usize {
        let mut depth = 0;
        let mut at = Some(id);
        while let Some(surface) = at.and_then(|id| self.surfaces.get(id)) {
            depth += usize::from(surface.popup().is_some());
            at = surface.parent();
        }
        depth
    }
}
