//! Pointer constraints and relative motion. A program may lock the pointer where the host lets it; confining it to a region
//! would keep a person from the rest of the desktop, and is never granted.

use smithay::input::pointer::PointerHandle;
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::utils::{Logical, Point};
use smithay::wayland::pointer_constraints::PointerConstraintsHandler;
use smithay::{delegate_pointer_constraints, delegate_relative_pointer};

use crate::agent::Agent;

delegate_pointer_constraints!(Agent);
delegate_relative_pointer!(Agent);

impl PointerConstraintsHandler for Agent {
    // The end of the turn looks for the constraint that counts.
    fn new_constraint(&mut self, _surface: &WlSurface, _pointer: &PointerHandle<Self>) {}

    // The person's pointer is where they left it.
    fn cursor_position_hint(
        &mut self,
        _surface: &WlSurface,
        _pointer: &PointerHandle<Self>,
        _location: Point<f64, Logical>,
    ) {
    }
}
