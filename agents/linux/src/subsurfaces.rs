//! Subsurfaces: which are shown, in which order, and where. smithay resolves synchronised and desynchronised mode: the
//! state that is current here was committed together with the parent's.

use std::time::Instant;

use atoll_wire::header::Message as Body;
use atoll_wire::limits::{MAX_SUBSURFACE_DEPTH, MAX_SURFACES};
use atoll_wire::{Child, ChildrenPlaced};
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::wayland::compositor::{
    SUBSURFACE_ROLE, SubsurfaceCachedState, TraversalAction, get_children, get_parent, get_role,
    with_surface_tree_upward,
};

use crate::agent::Agent;
use crate::deferred::{UPDATE_INTERVAL, is_too_early};
use crate::geometry::clamp_coordinate;
use crate::ports::PortKind;
use crate::surfaces::Role;

impl Agent {
    /// A surface was committed: its subsurfaces may have moved, and it may itself have been mapped or unmapped as one.
    pub fn subsurfaces_committed(&mut self, surface: &WlSurface) {
        if get_role(surface) == Some(SUBSURFACE_ROLE) {
            let id = get_parent(surface).and_then(|parent| self.surfaces.id_of(&parent));
            let shown = self.surfaces.content(surface).is_some_and(|content| content.framebuffer.is_some());
            let is_child =
                id.is_some_and(|id| self.surfaces.id_of(surface).is_some_and(|child| self.is_child(child, id)));
            if let Some(id) = id.filter(|_| shown != is_child) {
                self.update_subsurfaces(id);
            }
        }
        if let Some(id) = self.surfaces.id_of(surface) {
            let has_had = self.surfaces.get(id).is_some_and(|surface| !surface.stacking.is_empty());
            if has_had || !get_children(surface).is_empty() {
                self.update_subsurfaces(id);
            }
        }
    }

    fn is_child(&self, child: u32, parent: u32) -> bool {
        self.surfaces.get(child).is_some_and(|child| child.parent() == Some(parent))
    }

    /// Number of subsurfaces from `id` down to its window or popup.
    fn subsurface_depth(&self, id: u32) -> usize {
        let mut depth = 0;
        let mut at = self.surfaces.get(id);
        while let Some(Role::Subsurface { parent }) = at.map(|surface| &surface.role) {
            depth += 1;
            at = self.surfaces.get(*parent);
        }
        depth
    }

    /// Opens the subsurfaces that are now shown, closes those that are not, and updates their stacking.
    fn update_subsurfaces(&mut self, id: u32) {
        let Some(wl) = self.surfaces.get(id).and_then(|surface| surface.wl.clone()) else { return };
        let depth = self.subsurface_depth(id);
        let mut placed = Vec::new();
        for (child, x, y) in stacking(&wl) {
            if child == wl {
                placed.push(Child { surface: id, x: 0, y: 0 });
                continue;
            }
            let shown = self.surfaces.content(&child).is_some_and(|content| content.framebuffer.is_some());
            if !shown || depth >= MAX_SUBSURFACE_DEPTH {
                continue;
            }
            let mut known = self.surfaces.id_of(&child);
            // It was the subsurface of another surface: to the host it is a new one.
            if let Some(other) = known.take_if(|known| !self.is_child(*known, id)) {
                self.close_surface(other);
            }
            let child_id = match known {
                Some(child_id) => child_id,
                None if self.surfaces.len() >= MAX_SURFACES => continue,
                None => {
                    self.charge_request(&child);
                    let child_id = self.surfaces.add(Some(child), Role::Subsurface { parent: id });
                    if self.surfaces.get(id).is_some_and(|parent| parent.announced) {
                        self.announce(child_id);
                    }
                    self.update_subsurfaces(child_id);
                    child_id
                }
            };
            placed.push(Child { surface: child_id, x: clamp_coordinate(x), y: clamp_coordinate(y) });
        }
        let is_subsurface =
            |id: &u32| self.surfaces.get(*id).is_some_and(|surface| matches!(surface.role, Role::Subsurface { .. }));
        let gone = |id: &u32| !placed.iter().any(|child| child.surface == *id);
        let closed = self.surfaces.children_of(id).into_iter().filter(|id| is_subsurface(id) && gone(id));
        for child in closed.collect::<Vec<_>>() {
            self.close_surface(child);
        }
        let Some(surface) = self.surfaces.get_mut(id) else { return };
        if surface.stacking != placed && !(surface.stacking.is_empty() && placed.len() <= 1) {
            surface.stacking = placed;
            surface.stacking_dirty = true;
        }
    }

    /// The wl_subsurface of a surface was destroyed.
    pub fn subsurface_destroyed(&mut self, surface: &WlSurface) {
        let is_child =
            |id: &u32| self.surfaces.get(*id).is_some_and(|surface| matches!(surface.role, Role::Subsurface { .. }));
        if let Some(id) = self.surfaces.id_of(surface).filter(is_child) {
            self.close_surface(id);
        }
    }

    /// Once a turn: sends stackings that have changed. Nothing for a surface that never had subsurfaces.
    pub fn send_stacking(&mut self) {
        let mut changes = Vec::new();
        let mut is_late = false;
        for surface in self.surfaces.iter_mut().filter(|surface| surface.announced && surface.stacking_dirty) {
            if is_too_early(surface.stacking_sent_at, UPDATE_INTERVAL) {
                is_late = true;
                continue;
            }
            surface.stacking_dirty = false;
            if !surface.stacking.is_empty() {
                surface.stacking_sent_at = Some(Instant::now());
                changes.push(ChildrenPlaced { parent: surface.id, children: surface.stacking.clone() });
            }
        }
        if is_late {
            self.send_updates_later();
        }
        for placed in changes {
            self.send(PortKind::Control, Body::ChildrenPlaced(placed));
        }
    }
}

/// A surface and its direct subsurfaces from the bottom up, with their positions.
fn stacking(root: &WlSurface) -> Vec<(WlSurface, i32, i32)> {
    let mut stack = Vec::new();
    with_surface_tree_upward(
        root,
        (),
        |surface, _, ()| if surface == root { TraversalAction::DoChildren(()) } else { TraversalAction::SkipChildren },
        |surface, states, ()| {
            let mut place = states.cached_state.get::<SubsurfaceCachedState>();
            let place = place.current().location;
            stack.push((surface.clone(), place.x, place.y));
        },
        |_, _, ()| true,
    );
    stack
}
