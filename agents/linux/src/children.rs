//! Subsurfaces: which of them are shown, in which order, and where. smithay resolves sync and desync: what is current
//! here has been committed together with its parent.

use std::time::Instant;

use atoll_wire::header::Message as Body;
use atoll_wire::limits::{MAX_COORDINATE, MAX_SUBSURFACE_DEPTH, MAX_SURFACES};
use atoll_wire::{Child, ChildrenPlaced};
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::wayland::compositor::{
    SUBSURFACE_ROLE, SubsurfaceCachedState, TraversalAction, get_children, get_parent, get_role,
    with_surface_tree_upward,
};

use crate::agent::{Agent, NEWS_PACE};
use crate::ports::PortKind;
use crate::surfaces::Role;

impl Agent {
    /// A surface was committed: its own children may have moved; and it may have come or gone as a child.
    pub fn children_committed(&mut self, surface: &WlSurface) {
        if get_role(surface) == Some(SUBSURFACE_ROLE) {
            let id = get_parent(surface).and_then(|parent| self.surfaces.id_of(&parent));
            let shown = self.surfaces.content(surface).is_some_and(|content| content.picture.is_some());
            let is_child =
                id.is_some_and(|id| self.surfaces.id_of(surface).is_some_and(|child| self.is_child(child, id)));
            if let Some(id) = id.filter(|_| shown != is_child) {
                self.update_children(id);
            }
        }
        if let Some(id) = self.surfaces.id_of(surface) {
            let has_had = self.surfaces.get(id).is_some_and(|surface| !surface.placed.is_empty());
            if has_had || !get_children(surface).is_empty() {
                self.update_children(id);
            }
        }
    }

    fn is_child(&self, child: u32, parent: u32) -> bool {
        self.surfaces.get(child).is_some_and(|child| child.parent() == Some(parent))
    }

    /// Subsurfaces from `id` down to its window or popup.
    fn subsurface_depth(&self, id: u32) -> usize {
        let mut depth = 0;
        let mut at = self.surfaces.get(id);
        while let Some(Role::Subsurface { parent }) = at.map(|surface| &surface.role) {
            depth += 1;
            at = self.surfaces.get(*parent);
        }
        depth
    }

    /// Opens the children that are shown, closes those that are not, and tells the host how they are stacked.
    fn update_children(&mut self, id: u32) {
        let Some(wl) = self.surfaces.get(id).and_then(|surface| surface.wl.clone()) else { return };
        let depth = self.subsurface_depth(id);
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
            let mut known = self.surfaces.id_of(&child);
            // It was another's child: to the host it is a new one.
            if let Some(other) = known.take_if(|known| !self.is_child(*known, id)) {
                self.close_surface(other);
            }
            let child_id = match known {
                Some(child_id) => child_id,
                None if self.surfaces.len() >= MAX_SURFACES => continue,
                None => {
                    self.count_ask(&child);
                    let child_id = self.surfaces.add(Some(child), Role::Subsurface { parent: id });
                    if self.surfaces.get(id).is_some_and(|parent| parent.announced) {
                        self.announce(child_id);
                    }
                    self.update_children(child_id);
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
            surface.placed_stale = true;
        }
    }

    /// A surface is nobody's child any more.
    pub fn child_gone(&mut self, surface: &WlSurface) {
        let is_child =
            |id: &u32| self.surfaces.get(*id).is_some_and(|surface| matches!(surface.role, Role::Subsurface { .. }));
        if let Some(id) = self.surfaces.id_of(surface).filter(is_child) {
            self.close_surface(id);
        }
    }

    /// Once a turn: tells the host of stackings that changed. Nothing for a surface that never had children.
    pub fn tell_children(&mut self) {
        let mut news = Vec::new();
        let mut is_late = false;
        for surface in self.surfaces.iter_mut().filter(|surface| surface.announced && surface.placed_stale) {
            if surface.placed_at.is_some_and(|at| at.elapsed() < NEWS_PACE) {
                is_late = true;
                continue;
            }
            surface.placed_stale = false;
            if !surface.placed.is_empty() {
                surface.placed_at = Some(Instant::now());
                news.push(ChildrenPlaced { parent: surface.id, children: surface.placed.clone() });
            }
        }
        if is_late {
            self.tell_news_soon();
        }
        for placed in news {
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
