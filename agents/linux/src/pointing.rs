//! Which surface gets the pointer: the host names the one that it shows under the pointer; the programs' input regions
//! and an implicit grab may make it another.

use atoll_wire::Child;
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::utils::{Logical, Point};
use smithay::wayland::compositor::{SurfaceAttributes, with_states};

use crate::agent::Agent;
use crate::surfaces::Role;

/// What is under the pointer.
#[derive(Debug, Clone, PartialEq)]
pub enum Pointing {
    /// A surface, and the position within it.
    At(WlSurface, Point<f64, Logical>),
    /// No surface takes input here.
    Nowhere,
    /// The surface that the host named has been closed.
    Unknown,
}

impl Agent {
    /// What gets the pointer, where the host has it at `at` of surface `id`.
    pub fn point(&mut self, id: u32, at: Point<f64, Logical>) -> Pointing {
        let Some(wl) = self.surfaces.get(id).and_then(|surface| surface.wl.clone()) else { return Pointing::Unknown };
        if self.is_pressing() {
            let held = self.pointer.current_focus();
            if let Some((held, held_id)) = held.and_then(|held| Some((held.clone(), self.surfaces.id_of(&held)?))) {
                if let Some(at) = self.translate(id, at, held_id) {
                    return Pointing::At(held, at);
                }
                // The person has pressed a menu's title and drags the pointer into the menu, which is another tree of
                // surfaces.
                self.free_pointer();
            }
        }
        if self.surfaces.get(id).is_some_and(|surface| surface.x11().is_some()) {
            // Xwayland knows the shapes of its windows itself.
            return Pointing::At(wl, at);
        }
        let (root, offset) = self.tree_root(id);
        self.topmost(root, at + offset).unwrap_or(Pointing::Nowhere)
    }

    /// A position on one surface as a position on another one of the same tree, or of the same X server.
    fn translate(&self, from: u32, at: Point<f64, Logical>, to: u32) -> Option<Point<f64, Logical>> {
        let x11 = |id: u32| self.surfaces.get(id)?.x11().map(|x11| x11.geometry().loc);
        if let (Some(from), Some(to)) = (x11(from), x11(to)) {
            return Some(at + (from - to).to_f64());
        }
        let ((from_root, from), (to_root, to)) = (self.tree_root(from), self.tree_root(to));
        (from_root == to_root).then(|| at + from - to)
    }

    /// The window or popup that a subsurface belongs to, and the position of the subsurface in it.
    fn tree_root(&self, id: u32) -> (u32, Point<f64, Logical>) {
        let mut offset = Point::default();
        let mut at = id;
        while let Some(Role::Subsurface { parent }) = self.surfaces.get(at).map(|surface| &surface.role) {
            let placed = self.surfaces.get(*parent).map_or(&[][..], |parent| &parent.stacking);
            if let Some(child) = placed.iter().find(|child| child.surface == at) {
                offset += place(child);
            }
            at = *parent;
        }
        (at, offset)
    }

    /// The topmost surface of a tree that takes input at `at`.
    fn topmost(&self, id: u32, at: Point<f64, Logical>) -> Option<Pointing> {
        let surface = self.surfaces.get(id)?;
        let wl = surface.wl.as_ref()?;
        let own = || self.takes_input(wl, at).then(|| Pointing::At(wl.clone(), at));
        if surface.stacking.is_empty() {
            return own();
        }
        surface
            .stacking
            .iter()
            .rev()
            .find_map(|child| if child.surface == id { own() } else { self.topmost(child.surface, at - place(child)) })
    }

    fn takes_input(&self, surface: &WlSurface, at: Point<f64, Logical>) -> bool {
        let (width, height) = self.surfaces.content(surface).map_or((0, 0), |content| content.size());
        let inside = at.x >= 0.0 && at.y >= 0.0 && at.x < f64::from(width) && at.y < f64::from(height);
        inside
            && with_states(surface, |states| {
                let mut attributes = states.cached_state.get::<SurfaceAttributes>();
                let region = attributes.current().input_region.as_ref();
                region.is_none_or(|region| region.contains(at.to_i32_floor()))
            })
    }
}

fn place(child: &Child) -> Point<f64, Logical> {
    Point::<i32, Logical>::from((child.x, child.y)).to_f64()
}
