//! The last picture of a surface, kept so that a client's buffer is free at once, that tiles which did not change are
//! not sent, and that a host which comes back gets the whole of it.

use atoll_wire::PixelFormat;
use atoll_wire::limits::{MAX_AREA_PX, MAX_SIDE_PX};
use smithay::reexports::wayland_server::protocol::wl_buffer::WlBuffer;
use smithay::reexports::wayland_server::protocol::wl_shm::Format;
use smithay::wayland::shm::{BufferData, with_buffer_contents};

use crate::tiles::{PixelRect, TILE_HEIGHT, TILE_WIDTH, TileSet};

#[derive(Debug)]
pub struct Picture {
    pub width: u32,
    pub height: u32,
    pub format: PixelFormat,
    /// `height` rows of `width` pixels of 4 bytes, tight.
    pub pixels: Vec<u8>,
    pub changed: TileSet,
}

/// Why a buffer gives no picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// Not a shm buffer, or its pool is broken (the client has been told).
    Unreadable,
    /// Larger than the wire allows, or of a format that was not offered.
    Unsupported,
}

/// The part of a buffer that is shown, and how it lies in the pool.
#[derive(Debug, Clone, Copy)]
struct Source {
    offset: usize,
    stride: usize,
    width: u32,
    height: u32,
    format: PixelFormat,
}

impl Picture {
    fn new(source: &Source) -> Self {
        let mut changed = TileSet::new(source.width, source.height);
        changed.mark_all();
        Self {
            width: source.width,
            height: source.height,
            format: source.format,
            pixels: vec![0; source.width as usize * source.height as usize * 4],
            changed,
        }
    }

    /// Takes the damaged parts of `buffer` into `picture`, or all of it when the picture is new or of another size.
    /// `crop` is the part of the buffer that is shown (None = all), `damage` lies relative to it.
    ///
    /// # Errors
    /// See [`Refused`]; the picture is as it was.
    pub fn update(
        picture: &mut Option<Self>,
        buffer: &WlBuffer,
        crop: Option<PixelRect>,
        damage: &[PixelRect],
    ) -> Result<(), Refused> {
        with_buffer_contents(buffer, |pool, len, data| {
            let source = Source::of(&data, crop, len)?;
            let fits =
                |mine: &Self| (mine.width, mine.height, mine.format) == (source.width, source.height, source.format);
            match picture {
                Some(mine) if fits(mine) => {
                    for rect in damage {
                        mine.take(pool, &source, *rect);
                    }
                }
                _ => {
                    let mut fresh = Self::new(&source);
                    fresh.take(pool, &source, PixelRect { x: 0, y: 0, width: source.width, height: source.height });
                    *picture = Some(fresh);
                }
            }
            Ok(())
        })
        .unwrap_or(Err(Refused::Unreadable))
    }

    /// Copies the rows of `rect` that differ and marks their tiles.
    #[allow(unsafe_code)]
    fn take(&mut self, pool: *const u8, source: &Source, rect: PixelRect) {
        let right = rect.x.saturating_add(rect.width).min(self.width);
        let bottom = rect.y.saturating_add(rect.height).min(self.height);
        let mut top = rect.y;
        while top < bottom {
            let tile_bottom = ((top / TILE_HEIGHT + 1) * TILE_HEIGHT).min(bottom);
            let mut left = rect.x;
            while left < right {
                let tile_right = ((left / TILE_WIDTH + 1) * TILE_WIDTH).min(right);
                let bytes = (tile_right - left) as usize * 4;
                let mut differs = false;
                for y in top..tile_bottom {
                    let at = (y as usize * self.width as usize + left as usize) * 4;
                    let theirs = source.offset + y as usize * source.stride + left as usize * 4;
                    // SAFETY: `Source::of` has checked that the last row ends within the pool, which stays mapped while
                    // with_buffer_contents runs (a pool that shrinks is caught by its SIGBUS guard). The client may
                    // write meanwhile: any byte is a valid pixel, and nothing but pixels depends on what is read.
                    let theirs = unsafe { std::slice::from_raw_parts(pool.add(theirs), bytes) };
                    let mine = &mut self.pixels[at..at + bytes];
                    if mine != theirs {
                        mine.copy_from_slice(theirs);
                        differs = true;
                    }
                }
                if differs {
                    self.changed.mark(left / TILE_WIDTH, top / TILE_HEIGHT);
                }
                left = tile_right;
            }
            top = tile_bottom;
        }
    }
}

impl Source {
    fn of(data: &BufferData, crop: Option<PixelRect>, pool_len: usize) -> Result<Self, Refused> {
        let format = match data.format {
            Format::Xrgb8888 => PixelFormat::Xrgb8888,
            Format::Argb8888 => PixelFormat::Argb8888,
            _ => return Err(Refused::Unsupported),
        };
        let number = |value: i32| u32::try_from(value).map_err(|_| Refused::Unsupported);
        let (width, height) = (number(data.width)?, number(data.height)?);
        let (stride, offset) = (number(data.stride)? as usize, number(data.offset)? as usize);
        let crop = crop.unwrap_or(PixelRect { x: 0, y: 0, width, height });
        let inside = |at: u32, size: u32, whole: u32| at.checked_add(size).is_some_and(|end| size > 0 && end <= whole);
        if !inside(crop.x, crop.width, width) || !inside(crop.y, crop.height, height) {
            return Err(Refused::Unsupported);
        }
        if crop.width > MAX_SIDE_PX || crop.height > MAX_SIDE_PX || crop.width * crop.height > MAX_AREA_PX {
            return Err(Refused::Unsupported);
        }
        let offset = offset + crop.y as usize * stride + crop.x as usize * 4;
        let end = offset + (crop.height as usize - 1) * stride + crop.width as usize * 4;
        if end > pool_len || stride < width as usize * 4 {
            return Err(Refused::Unreadable);
        }
        Ok(Self { offset, stride, width: crop.width, height: crop.height, format })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn source(width: u32, height: u32) -> Source {
        Source { offset: 0, stride: width as usize * 4, width, height, format: PixelFormat::Xrgb8888 }
    }

    #[test]
    fn only_tiles_whose_pixels_differ_are_marked() {
        let source = source(200, 100);
        let whole = PixelRect { x: 0, y: 0, width: 200, height: 100 };
        let mut pool = vec![0u8; 200 * 100 * 4];
        let mut picture = Picture::new(&source);
        picture.changed.take();
        picture.take(pool.as_ptr(), &source, whole);
        assert!(picture.changed.is_empty());
        pool[(40 * 200 + 70) * 4] = 9;
        picture.take(pool.as_ptr(), &source, whole);
        assert_eq!(picture.changed.take(), [PixelRect { x: 64, y: 32, width: 64, height: 32 }]);
        assert_eq!(picture.pixels, pool);
    }

    #[test]
    fn damage_outside_the_picture_is_cut() {
        let source = source(10, 10);
        let pool = vec![1u8; 10 * 10 * 4];
        let mut picture = Picture::new(&source);
        picture.take(pool.as_ptr(), &source, PixelRect { x: 5, y: 5, width: u32::MAX, height: u32::MAX });
        assert_eq!(picture.pixels.iter().filter(|byte| **byte == 1).count(), 5 * 5 * 4);
    }

    #[test]
    fn buffers_beyond_their_pool_or_the_limits_are_refused() {
        let data =
            |width, height, stride, offset| BufferData { offset, width, height, stride, format: Format::Xrgb8888 };
        assert_eq!(Source::of(&data(10, 10, 40, 1), None, 400).unwrap_err(), Refused::Unreadable);
        assert_eq!(Source::of(&data(9000, 1, 36000, 0), None, 1 << 30).unwrap_err(), Refused::Unsupported);
        assert_eq!(Source::of(&data(0, 10, 40, 0), None, 400).unwrap_err(), Refused::Unsupported);
        let crop = PixelRect { x: 5, y: 0, width: 6, height: 1 };
        assert_eq!(Source::of(&data(10, 10, 40, 0), Some(crop), 400).unwrap_err(), Refused::Unsupported);
        assert!(Source::of(&data(10, 10, 40, 0), None, 400).is_ok());
    }
}
