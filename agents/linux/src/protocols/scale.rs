//! wl_output, and the scale that programs are sent: rounded up by output and surface, exactly by wp_fractional_scale.

use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::utils::Transform;
use smithay::wayland::compositor::{send_surface_state, with_states};
use smithay::wayland::fractional_scale::{FractionalScaleHandler, with_fractional_scale};
use smithay::wayland::output::OutputHandler;
use smithay::{delegate_fractional_scale, delegate_output};

use crate::agent::Agent;

delegate_output!(Agent);
delegate_fractional_scale!(Agent);

impl OutputHandler for Agent {}

impl FractionalScaleHandler for Agent {
    fn new_fractional_scale(&mut self, surface: WlSurface) {
        self.send_scale_to(&surface);
    }
}

impl Agent {
    pub fn send_scale_to(&self, surface: &WlSurface) {
        let scale = self.screen.scale();
        with_states(surface, |states| {
            send_surface_state(surface, states, scale.ceil() as i32, Transform::Normal);
            with_fractional_scale(states, |fractional| fractional.set_preferred_scale(scale));
        });
    }

    /// The scale of the host's desktop has changed.
    pub fn send_scale(&self) {
        for surface in self.surfaces.iter().filter_map(|surface| surface.wl.as_ref()) {
            self.send_scale_to(surface);
        }
    }
}
