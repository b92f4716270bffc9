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
    /// For each tile, row by row: the pixel that all of it has. None = it has several, or it is not known.
    solids: Vec<Option<Pixel>>,
}

/// As it lies in memory.
pub type Pixel = [u8; 4];

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
            solids: vec![None; changed.len()],
            changed,
        }
    }

    #[cfg(test)]
    pub fn of_pixels(width: u32, height: u32, pixels: Vec<u8>) -> Self {
        let stride = width as usize * 4;
        let source = Source { offset: 0, stride, width, height, format: PixelFormat::Xrgb8888 };
        let mut picture = Self::new(&source);
        picture.take(pixels.as_ptr(), &source, source.all());
        picture.changed.clear();
        picture
    }

    /// The pixel that all of `rect` has; None also where it is not known. Never of a part of a tile that has several.
    pub fn solid(&self, rect: PixelRect) -> Option<Pixel> {
        let columns = self.width.div_ceil(TILE_WIDTH) as usize;
        let (left, right) = (rect.x / TILE_WIDTH, (rect.x + rect.width).div_ceil(TILE_WIDTH));
        let (top, bottom) = (rect.y / TILE_HEIGHT, (rect.y + rect.height).div_ceil(TILE_HEIGHT));
        let mut tiles = (top..bottom)
            .flat_map(|row| &self.solids[row as usize * columns..][left as usize..right as usize])
            .copied();
        let first = tiles.next()??;
        tiles.all(|tile| tile == Some(first)).then_some(first)
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

    /// Copies `rect`; marks the tiles in which something differs, and notes which have one colour.
    #[allow(unsafe_code)]
    fn take(&mut self, pool: *const u8, source: &Source, rect: PixelRect) {
        let right = rect.x.saturating_add(rect.width).min(self.width);
        let bottom = rect.y.saturating_add(rect.height).min(self.height);
        if rect.x >= right {
            return;
        }
        let columns = rect.x / TILE_WIDTH..right.div_ceil(TILE_WIDTH);
        let mut tiles = vec![Copied::default(); columns.len()];
        let mut top = rect.y;
        while top < bottom {
            let row = top / TILE_HEIGHT;
            let tile_bottom = ((row + 1) * TILE_HEIGHT).min(bottom);
            tiles.fill(Copied::default());
            // Row by row over all tiles, not tile by tile: an emulated guest finds few pages at a time.
            for y in top..tile_bottom {
                for (column, tile) in columns.clone().zip(&mut tiles) {
                    let left = (column * TILE_WIDTH).max(rect.x);
                    let bytes = (((column + 1) * TILE_WIDTH).min(right) - left) as usize * 4;
                    let at = (y as usize * self.width as usize + left as usize) * 4;
                    let theirs = source.offset + y as usize * source.stride + left as usize * 4;
                    // SAFETY: the last row of a source ends within its memory: `Source::of` has checked it for a pool, which
                    // stays mapped while with_buffer_contents runs (one that shrinks is caught by its SIGBUS guard), and
                    // the agent's own pixels are as many as their size says. A client may write to its pool meanwhile:
                    // any byte is a valid pixel, and nothing but pixels depends on what is read.
                    let theirs = unsafe { std::slice::from_raw_parts(pool.add(theirs), bytes) };
                    tile.take_row(&mut self.pixels[at..at + bytes], theirs);
                }
            }
            for (column, tile) in columns.clone().zip(&tiles) {
                let whole = PixelRect { x: rect.x, y: top, width: right - rect.x, height: tile_bottom - top };
                self.note(column, row, tile, whole);
            }
            top = tile_bottom;
        }
    }

    /// `taken`: what was copied, of this tile and of others in its row.
    fn note(&mut self, column: u32, row: u32, tile: &Copied, taken: PixelRect) {
        if tile.differs != 0 {
            self.changed.mark(column, row);
        }
        let (left, top) = (column * TILE_WIDTH, row * TILE_HEIGHT);
        let (right, bottom) = ((left + TILE_WIDTH).min(self.width), (top + TILE_HEIGHT).min(self.height));
        let is_whole =
            taken.x <= left && taken.x + taken.width >= right && taken.y <= top && taken.y + taken.height >= bottom;
        let at = row as usize * self.width.div_ceil(TILE_WIDTH) as usize + column as usize;
        if let Some(solid) = self.solids.get_mut(at) {
            if is_whole {
                *solid = tile.first.filter(|_| tile.unlike == 0);
            } else if tile.differs != 0 {
                *solid = None;
            }
        }
    }
}

/// What was seen of a tile while its rows were copied.
#[derive(Debug, Clone, Copy, Default)]
struct Copied {
    /// Its first pixel, as it was taken: a client may write meanwhile.
    first: Option<Pixel>,
    /// Bits that are set in any word of what was there and what came, compared.
    differs: u64,
    /// The same for what came and the first pixel.
    unlike: u64,
}

impl Copied {
    /// Copies a row of whole pixels. One loop without calls: an emulated guest pays for a call as much as for the 256 bytes
    /// of a tile's row.
    fn take_row(&mut self, mine: &mut [u8], theirs: &[u8]) {
        let Some(first) = self.first.or_else(|| theirs.first_chunk().copied()) else { return };
        self.first = Some(first);
        let [a, b, c, d] = first;
        let pair = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
        let (mut differs, mut unlike) = (0, 0);
        let mut words = mine.chunks_exact_mut(8);
        let their_words = theirs.chunks_exact(8);
        let rest = their_words.remainder();
        for (mine, theirs) in words.by_ref().zip(their_words) {
            let new = word(theirs);
            differs |= word(mine) ^ new;
            unlike |= new ^ pair;
            mine.copy_from_slice(&new.to_ne_bytes());
        }
        for ((mine, theirs), of_first) in words.into_remainder().iter_mut().zip(rest).zip(first) {
            differs |= u64::from(*mine ^ *theirs);
            unlike |= u64::from(*theirs ^ of_first);
            *mine = *theirs;
        }
        self.differs |= differs;
        self.unlike |= unlike;
    }
}

/// @param bytes eight of them
fn word(bytes: &[u8]) -> u64 {
    bytes.try_into().map_or(0, u64::from_ne_bytes)
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
    fn a_part_of_one_colour_is_known_as_long_as_it_has_one() {
        let source = source(200, 100);
        let whole = PixelRect { x: 0, y: 0, width: 200, height: 100 };
        let mut pool = [1, 2, 3, 4].repeat(200 * 100);
        let mut picture = Picture::new(&source);
        assert_eq!(picture.solid(whole), None);
        picture.take(pool.as_ptr(), &source, whole);
        assert_eq!(picture.solid(whole), Some([1, 2, 3, 4]));
        // The last byte of the first tile, told as a part of it; then as it was.
        let at = (31 * 200 + 63) * 4 + 3;
        let part = PixelRect { x: 60, y: 30, width: 10, height: 5 };
        for (byte, of_tile) in [(9, None), (4, None)] {
            pool[at] = byte;
            picture.take(pool.as_ptr(), &source, part);
            assert_eq!(picture.solid(PixelRect { x: 0, y: 0, width: 64, height: 32 }), of_tile);
            assert_eq!(picture.solid(PixelRect { x: 64, y: 0, width: 136, height: 100 }), Some([1, 2, 3, 4]));
        }
        picture.take(pool.as_ptr(), &source, whole);
        assert_eq!(picture.solid(whole), Some([1, 2, 3, 4]));
        // Tiles of one colour each, but not of the same one.
        for row in pool.chunks_mut(200 * 4) {
            row[64 * 4..128 * 4].fill(7);
        }
        picture.take(pool.as_ptr(), &source, whole);
        assert_eq!(picture.solid(whole), None);
        assert_eq!(picture.solid(PixelRect { x: 64, y: 32, width: 64, height: 32 }), Some([7; 4]));
        assert_eq!(picture.pixels, pool);
    }

    #[test]
    fn rows_of_any_length_are_copied_and_every_other_byte_is_seen() {
        for pixels in [1, 2, 3, 16, 17] {
            let theirs = [7, 8, 9, 0].repeat(pixels);
            for other in (0..theirs.len()).map(Some).chain([None]) {
                let (mut mine, mut row) = (theirs.clone(), theirs.clone());
                if let Some(at) = other {
                    row[at] ^= 0x10;
                }
                let mut copied = Copied { first: Some([7, 8, 9, 0]), ..Copied::default() };
                copied.take_row(&mut mine, &row);
                assert_eq!(mine, row);
                assert_eq!((copied.differs != 0, copied.unlike != 0), (other.is_some(), other.is_some()), "{other:?}");
            }
        }
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
