//! The cursor that the program under the pointer wants: a name of a shape, or a small bitmap.

use std::time::Instant;

use atoll_wire::header::Message as Body;
use atoll_wire::limits::{MAX_CURSOR_SIDE_PX, MAX_SCALE};
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
        let (scale, viewport) = (content.scale, content.viewport);
        let framebuffer = content.framebuffer.as_mut()?;
        let drawn = (framebuffer.width, framebuffer.height);
        let (scale, shown) = cursor_size(drawn, scale, viewport)?;
        let hotspot = with_states(surface, |states| {
            states.data_map.get::<CursorImageSurfaceData>().and_then(|data| Some(data.lock().ok()?.hotspot))
        })?;
        let pixel = |at: i32, side: u32| {
            let at = u32::try_from(at).unwrap_or(0).saturating_mul(scale);
            at.min(side.saturating_sub(1))
        };
        let bitmap = CursorBitmap {
            width: shown.0,
            height: shown.1,
            hot_x: pixel(hotspot.x, shown.0),
            hot_y: pixel(hotspot.y, shown.1),
            scale,
        };
        let mut pixels = framebuffer.pixels(framebuffer.all()).to_vec();
        if framebuffer.format == PixelFormat::Xrgb8888 {
            pixels.chunks_exact_mut(4).for_each(|pixel| pixel[3] = 0xff);
        }
        if shown != drawn {
            pixels = resized(&pixels, drawn, shown);
        }
        Some((CursorChanged { cursor: Some(cursor_changed::Cursor::Bitmap(bitmap)) }, pixels))
    }
}

/// The whole scale at which a cursor is sent, and its size in pixels then. `drawn`: of its buffer, which a viewport may
/// show in another logical size, as programs have it on a desktop of a fractional scale. None = it is too large.
fn cursor_size(drawn: (u32, u32), scale: u32, viewport: (u32, u32)) -> Option<(u32, (u32, u32))> {
    let fits = |(width, height): (u32, u32), most: u32| width <= most && height <= most;
    if viewport == (0, 0) {
        return fits(drawn, MAX_CURSOR_SIDE_PX).then_some((scale, drawn));
    }
    if !fits(drawn, MAX_CURSOR_SIDE_PX * MAX_SCALE) || !fits(viewport, MAX_CURSOR_SIDE_PX) {
        return None;
    }
    let (width, height) = viewport;
    // The least that keeps all that was drawn.
    let wanted = drawn.0.div_ceil(width).max(drawn.1.div_ceil(height)).clamp(1, MAX_SCALE);
    let scale = wanted.min(MAX_CURSOR_SIDE_PX / width.max(height));
    Some((scale, (width * scale, height * scale)))
}

/// Pixels of four bytes in another size, each mixed of its four neighbours.
fn resized(pixels: &[u8], (width, height): (u32, u32), to: (u32, u32)) -> Vec<u8> {
    // The two neighbours of each place along a side, and the second one's share.
    let neighbours = |from: u32, to: u32| -> Vec<(usize, usize, f32)> {
        let last = from.saturating_sub(1);
        let place = |at: u32| ((at as f32 + 0.5) * from as f32 / to as f32 - 0.5).clamp(0.0, last as f32);
        (0..to).map(place).map(|at| (at as usize, (at as usize + 1).min(last as usize), at.fract())).collect()
    };
    let (columns, rows) = (neighbours(width, to.0), neighbours(height, to.1));
    let byte = |x: usize, y: usize, channel: usize| {
        f32::from(pixels.get((y * width as usize + x) * 4 + channel).copied().unwrap_or(0))
    };
    let mut mixed = Vec::with_capacity(columns.len() * rows.len() * 4);
    for (top, bottom, down) in &rows {
        for (left, right, along) in &columns {
            mixed.extend((0..4).map(|channel| {
                let row = |y: usize| byte(*left, y, channel) * (1.0 - along) + byte(*right, y, channel) * along;
                (row(*top) * (1.0 - down) + row(*bottom) * down).round() as u8
            }));
        }
    }
    mixed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_sent_in_its_logical_size_at_a_whole_scale() {
        let cases = [
            ((24, 24), 1, (0, 0), Some((1, (24, 24)))),
            ((48, 48), 2, (0, 0), Some((2, (48, 48)))),
            ((257, 24), 1, (0, 0), None),
            // By a viewport: as large, twice, one and a half times, and too small a picture.
            ((32, 32), 1, (32, 32), Some((1, (32, 32)))),
            ((64, 64), 1, (32, 32), Some((2, (64, 64)))),
            ((48, 36), 1, (32, 24), Some((2, (64, 48)))),
            ((8, 8), 1, (32, 32), Some((1, (32, 32)))),
            // As sharp as there is room for.
            ((400, 400), 1, (200, 200), Some((1, (200, 200)))),
            ((1024, 1024), 1, (64, 64), Some((4, (256, 256)))),
            ((1, 1), 1, (256, 256), Some((1, (256, 256)))),
            ((1, 1), 1, (257, 1), None),
            ((1025, 1), 1, (24, 24), None),
        ];
        for (drawn, scale, viewport, expected) in cases {
            assert_eq!(cursor_size(drawn, scale, viewport), expected, "{drawn:?} as {viewport:?}");
        }
    }

    #[test]
    fn a_resized_picture_has_its_colours_where_they_were() {
        let (black, white) = ([0, 0, 0, 255], [255; 4]);
        let pixels = [black, white].concat();
        assert_eq!(resized(&pixels, (2, 1), (2, 1)), pixels);
        let wide = resized(&pixels, (2, 1), (4, 2));
        assert_eq!(wide.len(), 4 * 2 * 4);
        let first: Vec<u8> = wide.chunks(4).map(|pixel| pixel[0]).collect();
        assert_eq!(first, [0, 64, 191, 255, 0, 64, 191, 255]);
        assert!(wide.chunks(4).all(|pixel| pixel[3] == 255));
        assert_eq!(resized(&pixels, (2, 1), (1, 1)), [128, 128, 128, 255]);
    }
}
