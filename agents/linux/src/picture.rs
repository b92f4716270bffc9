//! The last picture of a surface, kept so that a client's buffer is free at once, that tiles which did not change are
//! not sent, and that a host which comes back gets the whole of it.

use std::fmt;

use atoll_wire::PixelFormat;
use atoll_wire::limits::{MAX_AREA_PX, MAX_SIDE_PX};
use smithay::reexports::wayland_server::protocol::wl_buffer::WlBuffer;
use smithay::reexports::wayland_server::protocol::wl_output::Transform;
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
    /// The pictures of all surfaces together may take no more.
    NoRoom,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unreadable => "it cannot be read",
            Self::Unsupported => "it is too large, or of a format that was not offered",
            Self::NoRoom => "there is no memory for it",
        })
    }
}

/// How pixels lie in memory, and as what they are shown.
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

    /// Takes the damaged parts of `buffer` into `picture`, or all of it when the picture is new, of another size or turned.
    /// `room`: bytes that a new picture may have beyond those of the one that it takes the place of.
    ///
    /// # Errors
    /// See [`Refused`]; the picture is as it was.
    pub fn update(
        picture: &mut Option<Self>,
        buffer: &WlBuffer,
        transform: Transform,
        damage: &[PixelRect],
        room: usize,
    ) -> Result<(), Refused> {
        with_buffer_contents(buffer, |pool, len, data| {
            let source = Source::of(&data, len)?;
            if transform == Transform::Normal {
                Self::take_damaged(picture, pool, &source, damage, room)
            } else {
                let (upright, pixels) = source.turned(pool, transform);
                Self::take_damaged(picture, pixels.as_ptr(), &upright, &[upright.all()], room)
            }
        })
        .unwrap_or(Err(Refused::Unreadable))
    }

    /// Makes `picture` what `crop` shows of `whole`, whose changes since the last time count as taken.
    ///
    /// # Errors
    /// `NoRoom`.
    pub fn update_cropped(
        picture: &mut Option<Self>,
        whole: &mut Self,
        crop: PixelRect,
        room: usize,
    ) -> Result<(), Refused> {
        let stride = whole.width as usize * 4;
        let offset = crop.y as usize * stride + crop.x as usize * 4;
        let source = Source { offset, stride, width: crop.width, height: crop.height, format: whole.format };
        whole.changed.clear();
        // Another crop may show other pixels everywhere: what is the same is found by comparing.
        Self::take_damaged(picture, whole.pixels.as_ptr(), &source, &[source.all()], room)
    }

    fn take_damaged(
        picture: &mut Option<Self>,
        pool: *const u8,
        source: &Source,
        damage: &[PixelRect],
        room: usize,
    ) -> Result<(), Refused> {
        let fits = |mine: &Self| (mine.width, mine.height, mine.format) == (source.width, source.height, source.format);
        match picture {
            Some(mine) if fits(mine) => {
                for rect in damage {
                    mine.take(pool, source, *rect);
                }
            }
            _ => {
                let freed = picture.as_ref().map_or(0, |picture| picture.pixels.len());
                if source.all().bytes() > room.saturating_add(freed) {
                    return Err(Refused::NoRoom);
                }
                let mut fresh = Self::new(source);
                fresh.take(pool, source, source.all());
                *picture = Some(fresh);
            }
        }
        Ok(())
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
                    // SAFETY: the last row of a source ends within its memory: `Source::of` has checked it for a pool, which
                    // stays mapped while with_buffer_contents runs (one that shrinks is caught by its SIGBUS guard), and
                    // the agent's own pixels are as many as their size says. A client may write to its pool meanwhile:
                    // any byte is a valid pixel, and nothing but pixels depends on what is read.
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
    fn of(data: &BufferData, pool_len: usize) -> Result<Self, Refused> {
        let format = match data.format {
            Format::Xrgb8888 => PixelFormat::Xrgb8888,
            Format::Argb8888 => PixelFormat::Argb8888,
            _ => return Err(Refused::Unsupported),
        };
        let number = |value: i32| u32::try_from(value).map_err(|_| Refused::Unsupported);
        let (width, height) = (number(data.width)?, number(data.height)?);
        let (stride, offset) = (number(data.stride)? as usize, number(data.offset)? as usize);
        let sound = |side: u32| (1..=MAX_SIDE_PX).contains(&side);
        if !sound(width) || !sound(height) || width * height > MAX_AREA_PX {
            return Err(Refused::Unsupported);
        }
        let end = offset + (height as usize - 1) * stride + width as usize * 4;
        if end > pool_len || stride < width as usize * 4 {
            return Err(Refused::Unreadable);
        }
        Ok(Self { offset, stride, width, height, format })
    }

    fn all(&self) -> PixelRect {
        PixelRect { x: 0, y: 0, width: self.width, height: self.height }
    }

    /// The same upright: the program has drawn it with `transform` applied.
    #[allow(unsafe_code)]
    fn turned(&self, pool: *const u8, transform: Transform) -> (Self, Vec<u8>) {
        let (width, height) = match transform {
            Transform::_90 | Transform::_270 | Transform::Flipped90 | Transform::Flipped270 => {
                (self.height, self.width)
            }
            _ => (self.width, self.height),
        };
        let (right, bottom) = (width as usize - 1, height as usize - 1);
        let mut pixels = Vec::with_capacity(width as usize * height as usize * 4);
        for (y, x) in (0..=bottom).flat_map(|y| (0..=right).map(move |x| (y, x))) {
            // @see wl_output.transform: turned counter-clockwise, after being flipped around the vertical axis.
            let (at_x, at_y) = match transform {
                Transform::_90 => (y, right - x),
                Transform::_180 => (right - x, bottom - y),
                Transform::_270 => (bottom - y, x),
                Transform::Flipped => (right - x, y),
                Transform::Flipped90 => (y, x),
                Transform::Flipped180 => (x, bottom - y),
                Transform::Flipped270 => (bottom - y, right - x),
                _ => (x, y),
            };
            // SAFETY: as in `take`: (at_x, at_y) lies within this source's width and height.
            let pixel = unsafe { pool.add(self.offset + at_y * self.stride + at_x * 4).cast::<[u8; 4]>().read() };
            pixels.extend_from_slice(&pixel);
        }
        (Self { offset: 0, stride: width as usize * 4, width, height, format: self.format }, pixels)
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
    fn a_picture_that_there_is_no_room_for_is_refused() {
        let pool = vec![1u8; 20 * 20 * 4];
        let mut picture = None;
        let mut take = |side: u32, room| {
            let source = source(side, side);
            Picture::take_damaged(&mut picture, pool.as_ptr(), &source, &[source.all()], room)
        };
        assert_eq!(take(10, 399), Err(Refused::NoRoom));
        assert_eq!(take(10, 400), Ok(()));
        // What it takes the place of is room as well; and in its own place it needs none.
        assert_eq!(take(20, 1199), Err(Refused::NoRoom));
        assert_eq!(take(10, 0), Ok(()));
        assert_eq!(take(20, 1200), Ok(()));
    }

    #[test]
    fn buffers_beyond_their_pool_or_the_limits_are_refused() {
        let data =
            |width, height, stride, offset| BufferData { offset, width, height, stride, format: Format::Xrgb8888 };
        assert_eq!(Source::of(&data(10, 10, 40, 1), 400).unwrap_err(), Refused::Unreadable);
        assert_eq!(Source::of(&data(9000, 1, 36000, 0), 1 << 30).unwrap_err(), Refused::Unsupported);
        assert_eq!(Source::of(&data(0, 10, 40, 0), 400).unwrap_err(), Refused::Unsupported);
        assert_eq!(Source::of(&data(i32::MAX, i32::MAX, i32::MAX, 0), 400).unwrap_err(), Refused::Unsupported);
        assert!(Source::of(&data(10, 10, 40, 0), 400).is_ok());
    }
}
