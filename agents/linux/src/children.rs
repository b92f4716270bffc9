//! Subsurfaces: which of them are shown, in which order, and where. smithay resolves sync and desync: what is current
//! here has been committed together with its parent.

use atoll_wire::header::Message as Body;
use atoll_wire::limits::{MAX_COORDINATE, MAX_SUBSURFACE_DEPTH, MAX_SURFACES};
use atoll_wire::{Child, ChildrenPlaced};
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::wayland::compositor::{
    SUBSURFACE_ROLE, SubsurfaceCachedState, TraversalAction, get_children, get_parent, get_role,
    with_surface_tree_upward,
};

use crate::agent::Agent;
use crate::ports::PortKind;
use crate::surfaces::Role;

impl Agent {
    /// A surface was committed: its own children may have moved; and it may have come or gone as a child.
    pub fn children_committed(&mut self, surface: &WlSurface) {
        if get_role(surface) == Some(SUBSURFACE_ROLE) {
            let id = get_parent(surface).and_then(|parent| self.surfaces.id_of(&parent));
            let shown = self.surfaces.content(surface).is_some_and(|content| content.picture.is_some());
            if let Some(id) = id.filter(|_| shown != self.surfaces.id_of(surface).is_some()) {
                self.update_children(id, 0);
            }
        }
        if let Some(id) = self.surfaces.id_of(surface) {
            let has_had = self.surfaces.get(id).is_some_and(|surface| !surface.placed.is_empty());
            if has_had || !get_children(surface).is_empty() {
                self.update_children(id, 0);
            }
        }
    }

    /// Opens the children that are shown, closes those that are not, and tells the host how they are stacked.
    fn update_children(&mut self, id: u32, depth: usize) {
        let Some(wl) = self.surfaces.get(id).and_then(|surface| surface.wl.clone()) else { return };
        let mut placed = Vec::new();
        for (child, x, y) in stacking(&wl) {
            if child == wl {
                placed.push(Child { surface: id, x: 0, y: 0 });
                continue;
            }
            let shown = self.surfaces.content(&child).is_some_and(|content| content.picture.is_some());
            if !shown || depth >= MAX_SUBSURFACE_DEPTH {
                continue;
            }
            let child_id = match self.surfaces.id_of(&child) {
                Some(child_id) => child_id,
                None if self.surfaces.len() >= MAX_SURFACES => continue,
                None => {
                    let child_id = self.surfaces.add(Some(child), Role::Subsurface { parent: id });
                    if self.surfaces.get(id).is_some_and(|parent| parent.announced) {
                        self.announce(child_id);
                    }
                    self.update_children(child_id, depth + 1);
                    child_id
                }
            };
            let clamp = |value: i32| value.clamp(-MAX_COORDINATE, MAX_COORDINATE);
            placed.push(Child { surface: child_id, x: clamp(x), y: clamp(y) });
        }
        let is_subsurface =
            |id: &u32| self.surfaces.get(*id).is_some_and(|surface| matches!(surface.role, Role::Subsurface { .. }));
        let gone = |id: &u32| !placed.iter().any(|child| child.surface == *id);
        let closed = self.surfaces.standing_on(id).into_iter().filter(|id| is_subsurface(id) && gone(id));
        for child in closed.collect::<Vec<_>>() {
            self.close_surface(child);
        }
        let Some(surface) = self.surfaces.get_mut(id) else { return };
        if surface.placed != placed && !(surface.placed.is_empty() && placed.len() <= 1) {
            surface.placed = placed;
            self.place_children(id);
        }
    }

    /// Tells the host the stacking again. Nothing for a surface that never had children.
    pub fn place_children(&mut self, id: u32) {
        let Some(surface) = self.surfaces.get(id) else { return };
        if surface.announced && !surface.placed.is_empty() {
            let placed = ChildrenPlaced { parent: id, children: surface.placed.clone() };
            self.send(PortKind::Control, Body::ChildrenPlaced(placed));
        }
    }
}

/// A surface and its direct children from the bottom up, with the children's positions.
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
