//! The cursor that the program under the pointer wants, as a name or as a small picture.

use std::time::Instant;

use atoll_wire::header::Message as Body;
use atoll_wire::limits::MAX_CURSOR_SIDE_PX;
use atoll_wire::{CursorBitmap, CursorChanged, PixelFormat, cursor_changed};
use smithay::input::pointer::{CursorImageStatus, CursorImageSurfaceData};
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::utils::IsAlive;
use smithay::wayland::compositor::with_states;

use crate::agent::{Agent, NEWS_PACE};
use crate::ports::PortKind;
use crate::session::Phase;

#[derive(Debug, Default)]
pub struct Cursor {
    /// None = nobody has asked for one yet.
    wanted: Option<CursorImageStatus>,
    stale: bool,
    /// What the host shows: programs ask for the same cursor over and over.
    told: Option<(CursorChanged, Vec<u8>)>,
    told_at: Option<Instant>,
}

impl Cursor {
    pub fn ask(&mut self, image: CursorImageStatus) {
        self.stale = true;
        self.wanted = Some(image);
    }

    pub fn make_stale(&mut self) {
        self.stale = self.wanted.is_some();
    }

    pub fn forget_host(&mut self) {
        self.told = None;
    }

    fn surface(&self) -> Option<&WlSurface> {
        match &self.wanted {
            Some(CursorImageStatus::Surface(surface)) if surface.alive() => Some(surface),
            _ => None,
        }
    }
}

impl Agent {
    /// A surface without another role was committed.
    pub fn cursor_committed(&mut self, surface: &WlSurface) {
        if self.cursor.surface() == Some(surface) {
            self.cursor.stale = true;
            self.pace_callbacks();
        }
    }

    pub fn answer_cursor_callbacks(&mut self) {
        let Some(surface) = self.cursor.surface().cloned() else { return };
        let now = self.now_ms();
        for callback in self.surfaces.content_mut(&surface).callbacks.drain(..) {
            callback.done(now);
        }
    }

    /// Once a turn: tells a cursor that changed.
    pub fn tell_cursor(&mut self) {
        if self.session.phase != Phase::Open || !self.cursor.stale {
            return;
        }
        if self.cursor.told_at.is_some_and(|at| at.elapsed() < NEWS_PACE) {
            self.tell_news_soon();
            return;
        }
        self.cursor.stale = false;
        let Some(now) = self.cursor_now() else { return };
        if self.cursor.told.as_ref() != Some(&now) {
            self.send_with(PortKind::Control, Body::CursorChanged(now.0.clone()), &now.1);
            self.cursor.told = Some(now);
            self.cursor.told_at = Some(Instant::now());
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
        let content = self.surfaces.content_mut(surface);
        let picture = content.picture.as_mut()?;
        if picture.width > MAX_CURSOR_SIDE_PX || picture.height > MAX_CURSOR_SIDE_PX {
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
            width: picture.width,
            height: picture.height,
            hot_x: pixel(hotspot.x, picture.width),
            hot_y: pixel(hotspot.y, picture.height),
            scale: content.scale,
        };
        let mut pixels = picture.pixels(picture.all()).to_vec();
        if picture.format == PixelFormat::Xrgb8888 {
            pixels.chunks_exact_mut(4).for_each(|pixel| pixel[3] = 0xff);
        }
        Some((CursorChanged { cursor: Some(cursor_changed::Cursor::Bitmap(bitmap)) }, pixels))
    }
}
