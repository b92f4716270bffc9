//! wl_compositor, wl_subcompositor, wl_shm, wp_viewporter: turns commits into content.

use atoll_wire::Rect;
use atoll_wire::limits::{MAX_SCALE, MAX_SIDE_PX};
use smithay::reexports::wayland_server::Client;
use smithay::reexports::wayland_server::protocol::wl_buffer::WlBuffer;
use smithay::reexports::wayland_server::protocol::wl_output::Transform;
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::utils::{Logical, Rectangle};
use smithay::wayland::buffer::BufferHandler;
use smithay::wayland::compositor::{
    BufferAssignment, CompositorClientState, CompositorHandler, CompositorState, Damage, SurfaceAttributes,
    SurfaceData, get_role, with_states,
};
use smithay::wayland::shell::xdg::{SurfaceCachedState, XDG_POPUP_ROLE, XDG_TOPLEVEL_ROLE};
use smithay::wayland::shm::{ShmHandler, ShmState, with_buffer_contents};
use smithay::wayland::viewporter::ViewportCachedState;
use smithay::xwayland::XWaylandClientData;
use smithay::{delegate_shm, delegate_viewporter};

use super::ClientState;
use crate::agent::Agent;
use crate::framebuffer::Framebuffer;
use crate::geometry::check_rect;
use crate::surfaces::Content;
use crate::tiles::PixelRect;

delegate_shm!(Agent);
delegate_viewporter!(Agent);

impl BufferHandler for Agent {
    fn buffer_destroyed(&mut self, _buffer: &WlBuffer) {}
}

impl ShmHandler for Agent {
    fn shm_state(&self) -> &ShmState {
        &self.globals.shm
    }
}

impl CompositorHandler for Agent {
    fn compositor_state(&mut self) -> &mut CompositorState {
        &mut self.globals.compositor
    }

    // Every client was inserted with one of the two: by start.rs, or by smithay's XWayland.
    #[allow(clippy::expect_used)]
    fn client_compositor_state<'a>(&self, client: &'a Client) -> &'a CompositorClientState {
        client
            .get_data::<ClientState>()
            .map(|data| &data.compositor)
            .or_else(|| client.get_data::<XWaylandClientData>().map(|data| &data.compositor_state))
            .expect("a client with state")
    }

    fn new_surface(&mut self, surface: &WlSurface) {
        self.send_scale_to(surface);
    }

    fn commit(&mut self, surface: &WlSurface) {
        let was_mapped = self.surfaces.content(surface).is_some_and(|content| content.framebuffer.is_some());
        let commit = with_states(surface, Commit::take);
        self.surfaces.change_content(surface, |content, room| commit.apply(content, room));
        let is_mapped = self.surfaces.content(surface).is_some_and(|content| content.framebuffer.is_some());
        if is_mapped && !was_mapped {
            self.screen.output.enter(surface);
        }
        match get_role(surface) {
            Some(XDG_TOPLEVEL_ROLE) => self.toplevel_committed(surface, was_mapped && !is_mapped),
            Some(XDG_POPUP_ROLE) => self.popup_committed(surface, was_mapped && !is_mapped),
            _ => {
                self.cursor_committed(surface);
                self.x11_committed(surface);
            }
        }
        self.subsurfaces_committed(surface);
        self.disconnect_if_flooding(surface);
    }

    fn destroyed(&mut self, surface: &WlSurface) {
        if let Some(id) = self.surfaces.id_of(surface) {
            if self.surfaces.get(id).is_some_and(|surface| surface.x11().is_some()) {
                // It is the X server that says whether the window is there; one that is mapped again has another surface.
                self.surfaces.dissociate(id);
            } else {
                self.close_surface(id);
            }
        }
        self.surfaces.drop_content(surface);
        self.globals.server_frames.forget(surface);
    }
}

/// What a commit has made current, as far as the agent needs it.
struct Commit {
    buffer: Option<BufferAssignment>,
    damage: Vec<Damage>,
    scale: u32,
    transform: Transform,
    crop: Option<Rectangle<f64, Logical>>,
    /// wp_viewport's destination.
    size: Option<(u32, u32)>,
    geometry: Option<Rect>,
    callbacks: Vec<smithay::reexports::wayland_server::protocol::wl_callback::WlCallback>,
}

impl Commit {
    fn take(states: &SurfaceData) -> Self {
        let mut attributes = states.cached_state.get::<SurfaceAttributes>();
        let attributes = attributes.current();
        let mut viewport = states.cached_state.get::<ViewportCachedState>();
        let viewport = *viewport.current();
        let geometry = if states.role == Some(XDG_TOPLEVEL_ROLE) || states.role == Some(XDG_POPUP_ROLE) {
            states.cached_state.get::<SurfaceCachedState>().current().geometry
        } else {
            None
        };
        // A program may ask for a size beyond the limits of the wire.
        let side = |side: i32| u32::try_from(side).unwrap_or(1).clamp(1, MAX_SIDE_PX);
        Self {
            buffer: attributes.buffer.take(),
            damage: std::mem::take(&mut attributes.damage),
            scale: u32::try_from(attributes.buffer_scale).unwrap_or(1).max(1),
            transform: attributes.buffer_transform,
            crop: viewport.src,
            // Not viewport.size(): without a destination that is the size of the crop, which the framebuffer has
            // anyway.
            size: viewport.dst.map(|size| (side(size.w), side(size.h))),
            geometry: geometry.and_then(check_rect),
            callbacks: std::mem::take(&mut attributes.frame_callbacks),
        }
    }

    /// `room`: bytes that its framebuffers may grow by.
    fn apply(mut self, content: &mut Content, room: usize) {
        content.callbacks.append(&mut self.callbacks);
        let before =
            content.framebuffer.as_ref().map(|framebuffer| (framebuffer.width, framebuffer.height, framebuffer.format));
        let is_part = self.crop.is_some() || content.shape.is_some();
        match self.buffer.take() {
            Some(BufferAssignment::NewBuffer(buffer)) => {
                let size = with_buffer_contents(&buffer, |_, _, data| (data.width, data.height)).unwrap_or((0, 0));
                let damage = self.damage_pixels(size);
                let whole = if is_part { &mut content.uncropped } else { &mut content.framebuffer };
                if let Err(refused) = Framebuffer::update(whole, &buffer, self.transform, &damage, room) {
                    log::warn!("a buffer of {}x{} is not shown: {refused}", size.0, size.1);
                }
                if !is_part {
                    content.uncropped = None;
                }
                buffer.release();
            }
            Some(BufferAssignment::Removed) => (content.framebuffer, content.uncropped) = (None, None),
            // The crop was removed or set without a new buffer: what was shown of the last buffer is not all of it, or
            // not any more.
            None if !is_part && content.uncropped.is_some() => {
                content.framebuffer = content.uncropped.take();
                if let Some(framebuffer) = &mut content.framebuffer {
                    framebuffer.changed.mark_all();
                }
            }
            None if is_part && content.uncropped.is_none() => content.uncropped = content.framebuffer.take(),
            None => {}
        }
        if let Some(whole) = &mut content.uncropped {
            if let Some(crop) = self.crop_pixels(whole) {
                if Framebuffer::update_cropped(&mut content.framebuffer, whole, crop, room).is_err() {
                    log::warn!("a part of a framebuffer is not shown: there is no memory for it");
                }
            }
        }
        if self.crop.is_none() {
            content.show_shape(room);
        }
        // A scale beyond the limit of the wire is expressed by a viewport.
        let logical = |side: u32| (side / self.scale).max(1);
        let (scale, viewport) = match (&content.framebuffer, self.size) {
            (_, Some(size)) => (self.scale.min(MAX_SCALE), size),
            (Some(framebuffer), None) if self.scale > MAX_SCALE => {
                (1, (logical(framebuffer.width), logical(framebuffer.height)))
            }
            (_, None) => (self.scale.min(MAX_SCALE), (0, 0)),
        };
        let after =
            content.framebuffer.as_ref().map(|framebuffer| (framebuffer.width, framebuffer.height, framebuffer.format));
        let same = (content.scale, content.viewport, content.geometry) == (scale, viewport, self.geometry);
        content.metadata_dirty |= !same || before != after;
        (content.scale, content.viewport, content.geometry) = (scale, viewport, self.geometry);
    }

    /// The part of the whole buffer that the viewport shows, in pixels.
    fn crop_pixels(&self, whole: &Framebuffer) -> Option<PixelRect> {
        let crop = self.crop?;
        let scale = f64::from(self.scale);
        let from = |value: f64, side: u32| (value * scale).floor().clamp(0.0, f64::from(side - 1)) as u32;
        let to = |value: f64, side: u32, from: u32| {
            (value * scale).ceil().clamp(f64::from(from) + 1.0, f64::from(side)) as u32
        };
        let (x, y) = (from(crop.loc.x, whole.width), from(crop.loc.y, whole.height));
        let right = to(crop.loc.x + crop.size.w, whole.width, x);
        let bottom = to(crop.loc.y + crop.size.h, whole.height, y);
        Some(PixelRect { x, y, width: right - x, height: bottom - y })
    }

    /// Damage in pixels of the buffer. All of it where surface coordinates cannot simply be scaled to buffer
    /// coordinates.
    fn damage_pixels(&self, (width, height): (i32, i32)) -> Vec<PixelRect> {
        let all = PixelRect { x: 0, y: 0, width: u32::MAX, height: u32::MAX };
        if self.transform != Transform::Normal {
            return vec![all];
        }
        let stretch = |side: i32, shown: Option<u32>| match shown {
            Some(shown) => f64::from(side) / f64::from(shown),
            None => f64::from(self.scale),
        };
        let (stretch_x, stretch_y) =
            (stretch(width, self.size.map(|size| size.0)), stretch(height, self.size.map(|size| size.1)));
        let mut rects = Vec::with_capacity(self.damage.len());
        for damage in &self.damage {
            match damage {
                Damage::Buffer(rect) => rects.push(pixel_rect(
                    (f64::from(rect.loc.x), f64::from(rect.loc.y)),
                    (f64::from(rect.size.w), f64::from(rect.size.h)),
                )),
                Damage::Surface(rect) if self.crop.is_none() => {
                    let at = (f64::from(rect.loc.x) * stretch_x, f64::from(rect.loc.y) * stretch_y);
                    let size = (f64::from(rect.size.w) * stretch_x, f64::from(rect.size.h) * stretch_y);
                    rects.push(pixel_rect(at, size));
                }
                Damage::Surface(_) => return vec![all],
            }
        }
        rects
    }
}

/// The pixels that a rectangle touches; clients may damage from i32::MIN to i32::MAX.
fn pixel_rect(at: (f64, f64), size: (f64, f64)) -> PixelRect {
    let side = |at: f64, size: f64| {
        let from = at.floor().max(0.0);
        let to = (at + size).ceil().max(from);
        (from as u32, (to - from) as u32)
    };
    let (x, width) = side(at.0, size.0);
    let (y, height) = side(at.1, size.1);
    PixelRect { x, y, width, height }
}
