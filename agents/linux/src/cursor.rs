//! The cursor that the program under the pointer wants: a name of a shape, or a small bitmap.

use std::time::Instant;

use atoll_wire::header::Message as Body;
use atoll_wire::limits::MAX_CURSOR_SIDE_PX;
use atoll_wire::{CursorBitmap, CursorChanged, PixelFormat, cursor_changed};
use smithay::input::pointer::{CursorImageStatus, CursorImageSurfaceData};
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::utils::IsAlive;
use smithay::wayland::compositor::with_states;

use crate::agent::Agent;
use crate::deferred::{UPDATE_INTERVAL, is_too_early};
use crate::ports::PortKind;
use crate::session::Phase;

#[derive(Debug, Default)]
pub struct Cursor {
    /// None = no program has set a cursor yet.
    wanted: Option<CursorImageStatus>,
    dirty: bool,
    /// The cursor that the host shows: programs set the same one over and over.
    last_sent: Option<(CursorChanged, Vec<u8>)>,
    sent_at: Option<Instant>,
}

impl Cursor {
    pub fn ask(&mut self, image: CursorImageStatus) {
        self.dirty = true;
        self.wanted = Some(image);
    }

    pub fn mark_dirty(&mut self) {
        self.dirty = self.wanted.is_some();
    }

    pub fn forget_host(&mut self) {
        self.last_sent = None;
    }

    fn surface(&self) -> Option<&WlSurface> {
        match &self.wanted {
            Some(CursorImageStatus::Surface(surface)) if surface.alive() => Some(surface),
            _ => None,
        }
    }
}

impl Agent {
    /// A surface that is neither window, popup nor subsurface was committed.
    pub fn cursor_committed(&mut self, surface: &WlSurface) {
        if self.cursor.surface() == Some(surface) {
            self.cursor.dirty = true;
            self.answer_callbacks_later();
        }
    }

    pub fn answer_cursor_callbacks(&mut self) {
        let Some(surface) = self.cursor.surface().cloned() else { return };
        let now = self.now_ms();
        if let Some(content) = self.surfaces.content_mut(&surface) {
            content.callbacks.drain(..).for_each(|callback| callback.done(now));
        }
    }

    /// Once a turn: sends the cursor if it has changed.
    pub fn send_cursor(&mut self) {
        if self.session.phase != Phase::Open || !self.cursor.dirty {
            return;
        }
        if is_too_early(self.cursor.sent_at, UPDATE_INTERVAL) {
            self.send_updates_later();
            return;
        }
        self.cursor.dirty = false;
        let Some(now) = self.cursor_now() else { return };
        if self.cursor.last_sent.as_ref() != Some(&now) {
            self.send_with(PortKind::Control, Body::CursorChanged(now.0.clone()), &now.1);
            self.cursor.last_sent = Some(now);
            self.cursor.sent_at = Some(Instant::now());
        }
    }

    fn cursor_now(&mut self) -> Option<(CursorChanged, Vec<u8>)> {
        let shape = |name: &str| {
            let cursor = Some(cursor_changed::Cursor::Shape(name.to_owned()));
            Some((CursorChanged { cursor }, Vec::new()))
        };
        match self.cursor.wanted.clone()? {
            CursorImageStatus::Hidden => shape("none"),
            CursorImageStatus::Named(icon) => shape(icon.name()),
            CursorImageStatus::Surface(surface) if surface.alive() => {
                self.cursor_bitmap(&surface).or_else(|| shape("none"))
            }
            CursorImageStatus::Surface(_) => shape("default"),
        }
    }

    /// None = it has no buffer, or one that is too large to be a cursor.
    fn cursor_bitmap(&mut self, surface: &WlSurface) -> Option<(CursorChanged, Vec<u8>)> {
        let content = self.surfaces.content_mut(surface)?;
        let framebuffer = content.framebuffer.as_mut()?;
        if framebuffer.width > MAX_CURSOR_SIDE_PX || framebuffer.height > MAX_CURSOR_SIDE_PX {
            return None;
        }
        let hotspot = with_states(surface, |states| {
            states.data_map.get::<CursorImageSurfaceData>().and_then(|data| Some(data.lock().ok()?.hotspot))
        })?;
        let pixel = |at: i32, side: u32| {
            let at = u32::try_from(at).unwrap_or(0).saturating_mul(content.scale);
            at.min(side.saturating_sub(1))
        };
        let bitmap = CursorBitmap {
            width: framebuffer.width,
            height: framebuffer.height,
            hot_x: pixel(hotspot.x, framebuffer.width),
            hot_y: pixel(hotspot.y, framebuffer.height),
            scale: content.scale,
        };
        let mut pixels = framebuffer.pixels(framebuffer.all()).to_vec();
        if framebuffer.format == PixelFormat::Xrgb8888 {
            pixels.chunks_exact_mut(4).for_each(|pixel| pixel[3] = 0xff);
        }
        Some((CursorChanged { cursor: Some(cursor_changed::Cursor::Bitmap(bitmap)) }, pixels))
    }
}
