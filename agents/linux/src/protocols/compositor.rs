//! wl_compositor, wl_subcompositor, wl_shm, wp_viewporter: commits become content.

use atoll_wire::Rect;
use atoll_wire::limits::{MAX_COORDINATE, MAX_SCALE};
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
use smithay::{delegate_compositor, delegate_shm, delegate_viewporter};

use super::ClientState;
use crate::agent::Agent;
use crate::picture::Picture;
use crate::surfaces::Content;
use crate::tiles::PixelRect;

delegate_compositor!(Agent);
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

    // Every client was inserted with one of the two: by start.rs or by smithay's XWayland.
    #[allow(clippy::expect_used)]
    fn client_compositor_state<'a>(&self, client: &'a Client) -> &'a CompositorClientState {
        client
            .get_data::<ClientState>()
            .map(|data| &data.compositor)
            .or_else(|| client.get_data::<XWaylandClientData>().map(|data| &data.compositor_state))
            .expect("a client with state")
    }

    fn new_surface(&mut self, surface: &WlSurface) {
        self.tell_scale_to(surface);
    }

    fn commit(&mut self, surface: &WlSurface) {
        let was_mapped = self.surfaces.content(surface).is_some_and(|content| content.picture.is_some());
        let commit = with_states(surface, Commit::take);
        commit.apply(self.surfaces.content_mut(surface));
        let is_mapped = self.surfaces.content(surface).is_some_and(|content| content.picture.is_some());
        if is_mapped && !was_mapped {
            self.screen.output.enter(surface);
        }
        match get_role(surface) {
            Some(XDG_TOPLEVEL_ROLE) => self.toplevel_committed(surface, was_mapped && !is_mapped),
            Some(XDG_POPUP_ROLE) => self.popup_committed(surface, was_mapped && !is_mapped),
            _ => self.cursor_committed(surface),
        }
        self.children_committed(surface);
    }

    fn destroyed(&mut self, surface: &WlSurface) {
        if let Some(id) = self.surfaces.id_of(surface) {
            self.close_surface(id);
        }
        self.surfaces.drop_content(surface);
    }
}

/// The state that a commit made current, as far as it is wanted here.
struct Commit {
    buffer: Option<BufferAssignment>,
    damage: Vec<Damage>,
    scale: u32,
    is_plain: bool,
    crop: Option<Rectangle<f64, Logical>>,
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
        Self {
            buffer: attributes.buffer.take(),
            damage: std::mem::take(&mut attributes.damage),
            scale: u32::try_from(attributes.buffer_scale).unwrap_or(1).max(1),
            is_plain: attributes.buffer_transform == Transform::Normal && viewport.src.is_none(),
            crop: viewport.src,
            size: viewport.size().and_then(|size| Some((u32::try_from(size.w).ok()?, u32::try_from(size.h).ok()?))),
            geometry: geometry.and_then(wire_rect),
            callbacks: std::mem::take(&mut attributes.frame_callbacks),
        }
    }

    fn apply(mut self, content: &mut Content) {
        content.callbacks.append(&mut self.callbacks);
        let before = content.picture.as_ref().map(|picture| (picture.width, picture.height, picture.format));
        match self.buffer.take() {
            Some(BufferAssignment::NewBuffer(buffer)) => {
                let size = with_buffer_contents(&buffer, |_, _, data| (data.width, data.height)).unwrap_or((0, 0));
                let crop = self.crop_pixels(size);
                let damage = self.damage_pixels(size, crop);
                if let Err(refused) = Picture::update(&mut content.picture, &buffer, crop, &damage) {
                    log::warn!("a buffer of {}x{} is not shown: {refused:?}", size.0, size.1);
                }
                buffer.release();
            }
            Some(BufferAssignment::Removed) => content.picture = None,
            None => {}
        }
        // A scale that the wire does not have is said by the logical size instead.
        let (scale, viewport) = match (&content.picture, self.size) {
            (_, Some(size)) => (self.scale.min(MAX_SCALE), size),
            (Some(picture), None) if self.scale > MAX_SCALE => {
                (1, (picture.width / self.scale, picture.height / self.scale))
            }
            (_, None) => (self.scale, (0, 0)),
        };
        let after = content.picture.as_ref().map(|picture| (picture.width, picture.height, picture.format));
        let same = (content.scale, content.viewport, content.geometry) == (scale, viewport, self.geometry);
        content.altered |= !same || before != after;
        (content.scale, content.viewport, content.geometry) = (scale, viewport, self.geometry);
    }

    /// The part of the buffer that the viewport shows.
    fn crop_pixels(&self, (width, height): (i32, i32)) -> Option<PixelRect> {
        let crop = self.crop?;
        let scale = f64::from(self.scale);
        let from = |value: f64, side: i32| (value * scale).floor().clamp(0.0, f64::from(side.max(1) - 1)) as u32;
        let to = |value: f64, side: i32, from: u32| {
            (value * scale).ceil().clamp(f64::from(from) + 1.0, f64::from(side.max(1))) as u32
        };
        let (x, y) = (from(crop.loc.x, width), from(crop.loc.y, height));
        let right = to(crop.loc.x + crop.size.w, width, x);
        let bottom = to(crop.loc.y + crop.size.h, height, y);
        Some(PixelRect { x, y, width: right - x, height: bottom - y })
    }

    /// Damage in pixels of the picture. All of it where the two do not simply lie over each other.
    fn damage_pixels(&self, (width, height): (i32, i32), crop: Option<PixelRect>) -> Vec<PixelRect> {
        let all = PixelRect { x: 0, y: 0, width: u32::MAX, height: u32::MAX };
        let origin = crop.map_or((0, 0), |crop| (crop.x, crop.y));
        let stretch = |side: i32, shown: Option<u32>| match shown {
            Some(shown) if shown > 0 => f64::from(side) / f64::from(shown),
            _ => f64::from(self.scale),
        };
        let (stretch_x, stretch_y) =
            (stretch(width, self.size.map(|size| size.0)), stretch(height, self.size.map(|size| size.1)));
        let mut rects = Vec::with_capacity(self.damage.len());
        for damage in &self.damage {
            match damage {
                Damage::Buffer(rect) if self.is_plain || crop.is_some() => {
                    rects.push(pixel_rect(
                        (f64::from(rect.loc.x), f64::from(rect.loc.y)),
                        (f64::from(rect.size.w), f64::from(rect.size.h)),
                        origin,
                    ));
                }
                Damage::Surface(rect) if self.is_plain => {
                    let at = (f64::from(rect.loc.x) * stretch_x, f64::from(rect.loc.y) * stretch_y);
                    let size = (f64::from(rect.size.w) * stretch_x, f64::from(rect.size.h) * stretch_y);
                    rects.push(pixel_rect(at, size, (0, 0)));
                }
                _ => return vec![all],
            }
        }
        rects
    }
}

/// The pixels that a rectangle touches, relative to `origin`; clients may damage from i32::MIN to i32::MAX.
fn pixel_rect(at: (f64, f64), size: (f64, f64), origin: (u32, u32)) -> PixelRect {
    let side = |at: f64, size: f64, origin: u32| {
        let from = (at - f64::from(origin)).floor().max(0.0);
        let to = (at + size - f64::from(origin)).ceil().max(from);
        (from as u32, (to - from) as u32)
    };
    let (x, width) = side(at.0, size.0, origin.0);
    let (y, height) = side(at.1, size.1, origin.1);
    PixelRect { x, y, width, height }
}

/// None = a geometry that means nothing.
fn wire_rect(rect: Rectangle<i32, Logical>) -> Option<Rect> {
    let sound = rect.size.w > 0
        && rect.size.h > 0
        && rect.loc.x.unsigned_abs() <= MAX_COORDINATE as u32
        && rect.loc.y.unsigned_abs() <= MAX_COORDINATE as u32;
    sound.then_some(Rect { x: rect.loc.x, y: rect.loc.y, width: rect.size.w as u32, height: rect.size.h as u32 })
}
