//! The last frame of a surface. It is kept so that the client's buffer can be released at once, that tiles which did
//! not change are not sent, and that a host which comes back gets the whole frame.

use std::fmt;
use std::ops::Range;

use atoll_wire::PixelFormat;
use atoll_wire::limits::{MAX_AREA_PX, MAX_SIDE_PX};
use smithay::reexports::wayland_server::protocol::wl_buffer::WlBuffer;
use smithay::reexports::wayland_server::protocol::wl_output::Transform;
use smithay::reexports::wayland_server::protocol::wl_shm::Format;
use smithay::wayland::shm::{BufferData, with_buffer_contents};

use crate::rows::{Pixel, Row, fill};
use crate::tiles::{PixelRect, TILE_HEIGHT, TILE_WIDTH, TileSet};

#[derive(Debug)]
pub struct Framebuffer {
    pub width: u32,
    pub height: u32,
    pub format: PixelFormat,
    /// `height` rows of `width` pixels of 4 bytes, without gaps. Up to date but for tiles that are `Unwritten`.
    pixels: Vec<u8>,
    pub changed: TileSet,
    /// The state of each tile, row by row.
    tiles: Vec<Tile>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tile {
    /// `pixels` has the tile; whether all of it has one colour is not known.
    Written,
    /// All pixels of the tile are this one, and `pixels` has them.
    Solid(Pixel),
    /// All pixels of the tile are this one, and `pixels` has older content. Writing solid tiles only when somebody
    /// reads them saves an emulated guest half of the time that a frame takes.
    Unwritten(Pixel),
}

impl Tile {
    fn solid(self) -> Option<Pixel> {
        match self {
            Self::Written => None,
            Self::Solid(pixel) | Self::Unwritten(pixel) => Some(pixel),
        }
    }
}

/// Why a buffer cannot become a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// Not a shm buffer, or its pool is broken (the client has been told).
    Unreadable,
    /// Larger than the wire allows, or of a format that was not offered.
    Unsupported,
    /// The framebuffers of all surfaces together would take too much memory.
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

/// How pixels lie in memory, and what they mean.
#[derive(Debug, Clone, Copy)]
struct Source {
    offset: usize,
    stride: usize,
    width: u32,
    height: u32,
    format: PixelFormat,
}

impl Framebuffer {
    fn new(source: &Source) -> Self {
        let mut changed = TileSet::new(source.width, source.height);
        changed.mark_all();
        Self {
            width: source.width,
            height: source.height,
            format: source.format,
            pixels: vec![0; source.all().bytes()],
            tiles: vec![Tile::Solid([0; 4]); changed.len()],
            changed,
        }
    }

    #[cfg(test)]
    pub fn of_pixels(width: u32, height: u32, pixels: Vec<u8>) -> Self {
        let stride = width as usize * 4;
        let source = Source { offset: 0, stride, width, height, format: PixelFormat::Xrgb8888 };
        let mut framebuffer = Self::new(&source);
        framebuffer.take(pixels.as_ptr(), &source, source.all());
        framebuffer.changed.clear();
        framebuffer
    }

    /// Size of its pixels.
    pub fn bytes(&self) -> usize {
        self.pixels.len()
    }

    /// `height` rows of `width` pixels of 4 bytes, without gaps; those of `rect` are up to date.
    pub fn pixels(&mut self, rect: PixelRect) -> &[u8] {
        let (rows, columns) = self.tiles_of(rect);
        for (row, column) in rows.flat_map(|row| columns.clone().map(move |column| (row, column))) {
            self.write_down(row, column);
        }
        &self.pixels
    }

    /// The rectangle of all its pixels.
    pub fn all(&self) -> PixelRect {
        PixelRect { x: 0, y: 0, width: self.width, height: self.height }
    }

    /// The pixel that all of `rect` has. None = it has several, or it is not known; so it is for a part of a tile that
    /// is not solid.
    pub fn solid(&self, rect: PixelRect) -> Option<Pixel> {
        let (rows, columns) = self.tiles_of(rect);
        let mut tiles =
            rows.flat_map(|row| &self.tiles[self.tile_at(row, columns.start)..self.tile_at(row, columns.end)]);
        let first = tiles.next()?.solid()?;
        tiles.all(|tile| tile.solid() == Some(first)).then_some(first)
    }

    /// Rows and columns of the tiles that `rect` touches.
    fn tiles_of(&self, rect: PixelRect) -> (Range<u32>, Range<u32>) {
        let rows = rect.y / TILE_HEIGHT..(rect.y + rect.height).div_ceil(TILE_HEIGHT);
        (rows, rect.x / TILE_WIDTH..(rect.x + rect.width).div_ceil(TILE_WIDTH))
    }

    fn tile_at(&self, row: u32, column: u32) -> usize {
        row as usize * self.width.div_ceil(TILE_WIDTH) as usize + column as usize
    }

    /// Writes the colour of an `Unwritten` tile to `pixels`.
    fn write_down(&mut self, row: u32, column: u32) {
        let at = self.tile_at(row, column);
        let Some(Tile::Unwritten(pixel)) = self.tiles.get(at).copied() else { return };
        let left = column * TILE_WIDTH;
        let bytes = (self.width - left).min(TILE_WIDTH) as usize * 4;
        for y in row * TILE_HEIGHT..((row + 1) * TILE_HEIGHT).min(self.height) {
            let start = self.offset(left, y);
            fill(&mut self.pixels[start..start + bytes], pixel);
        }
        self.tiles[at] = Tile::Solid(pixel);
    }

    /// Index of a pixel's first byte in `pixels`.
    fn offset(&self, x: u32, y: u32) -> usize {
        (y as usize * self.width as usize + x as usize) * 4
    }

    /// Copies the damaged parts of `buffer`, or all of it when there is no framebuffer of its size yet, or when it is
    /// rotated. `room`: bytes that a new framebuffer may have beyond those of the one that it replaces.
    ///
    /// # Errors
    /// See [`Refused`]; the framebuffer is unchanged.
    pub fn update(
        framebuffer: &mut Option<Self>,
        buffer: &WlBuffer,
        transform: Transform,
        damage: &[PixelRect],
        room: usize,
    ) -> Result<(), Refused> {
        with_buffer_contents(buffer, |pool, len, data| {
            let source = Source::of(&data, len)?;
            if transform == Transform::Normal {
                Self::take_damaged(framebuffer, pool, &source, damage, room)
            } else {
                let (upright, pixels) = source.rotated(pool, transform);
                Self::take_damaged(framebuffer, pixels.as_ptr(), &upright, &[upright.all()], room)
            }
        })
        .unwrap_or(Err(Refused::Unreadable))
    }

    /// Makes it what `crop` shows of `whole`, whose changes then count as copied.
    ///
    /// # Errors
    /// `NoRoom`.
    pub fn update_cropped(
        framebuffer: &mut Option<Self>,
        whole: &mut Self,
        crop: PixelRect,
        room: usize,
    ) -> Result<(), Refused> {
        let stride = whole.width as usize * 4;
        let offset = crop.y as usize * stride + crop.x as usize * 4;
        let source = Source { offset, stride, width: crop.width, height: crop.height, format: whole.format };
        whole.changed.clear();
        // Another crop may show other pixels everywhere: what has not changed is found by comparing.
        Self::take_damaged(framebuffer, whole.pixels(crop).as_ptr(), &source, &[source.all()], room)
    }

    /// Makes it what `whole` shows within the rectangles of `shape`, whose changes then count as copied; the rest is
    /// transparent.
    ///
    /// # Errors
    /// `NoRoom`.
    pub fn update_shaped(
        framebuffer: &mut Option<Self>,
        whole: &mut Self,
        shape: &[PixelRect],
        room: usize,
    ) -> Result<(), Refused> {
        let all = whole.all();
        let stride = whole.width as usize * 4;
        let is_opaque = whole.format == PixelFormat::Xrgb8888;
        whole.changed.clear();
        let theirs = whole.pixels(all);
        let mut pixels = vec![0; all.bytes()];
        for rect in shape {
            let right = rect.x.saturating_add(rect.width).min(all.width);
            let bottom = rect.y.saturating_add(rect.height).min(all.height);
            for y in rect.y..bottom {
                let (from, to) = (y as usize * stride + rect.x as usize * 4, y as usize * stride + right as usize * 4);
                let Some(row) = theirs.get(from..to) else { continue };
                pixels[from..to].copy_from_slice(row);
                if is_opaque {
                    pixels[from..to].chunks_exact_mut(4).for_each(|pixel| pixel[3] = u8::MAX);
                }
            }
        }
        let format = PixelFormat::Argb8888;
        let source = Source { offset: 0, stride, width: all.width, height: all.height, format };
        Self::take_damaged(framebuffer, pixels.as_ptr(), &source, &[all], room)
    }

    fn take_damaged(
        framebuffer: &mut Option<Self>,
        pool: *const u8,
        source: &Source,
        damage: &[PixelRect],
        room: usize,
    ) -> Result<(), Refused> {
        let fits = |mine: &Self| (mine.width, mine.height, mine.format) == (source.width, source.height, source.format);
        match framebuffer {
            Some(mine) if fits(mine) => {
                for rect in damage {
                    mine.take(pool, source, *rect);
                }
            }
            _ => {
                let freed = framebuffer.as_ref().map_or(0, Self::bytes);
                if source.all().bytes() > room.saturating_add(freed) {
                    return Err(Refused::NoRoom);
                }
                let mut fresh = Self::new(source);
                fresh.take(pool, source, source.all());
                *framebuffer = Some(fresh);
            }
        }
        Ok(())
    }

    /// Copies `rect`; marks the tiles in which a pixel has changed.
    #[allow(unsafe_code)]
    fn take(&mut self, pool: *const u8, source: &Source, rect: PixelRect) {
        let right = rect.x.saturating_add(rect.width).min(self.width);
        let bottom = rect.y.saturating_add(rect.height).min(self.height);
        if rect.x >= right {
            return;
        }
        let mut tiles = Vec::with_capacity((right.div_ceil(TILE_WIDTH) - rect.x / TILE_WIDTH) as usize);
        let mut top = rect.y;
        while top < bottom {
            let row = top / TILE_HEIGHT;
            let band = top..((row + 1) * TILE_HEIGHT).min(bottom);
            tiles.clear();
            for column in rect.x / TILE_WIDTH..right.div_ceil(TILE_WIDTH) {
                tiles.push(self.begin(row, column, rect.x..right, &band));
            }
            // Row by row over all tiles, not tile by tile: an emulated guest has few entries for pages in its TLB.
            for y in band.clone() {
                for tile in &mut tiles {
                    let theirs = source.offset + y as usize * source.stride + tile.left as usize * 4;
                    // SAFETY: the last row ends within the source's memory. For a pool, `Source::of` has checked that;
                    // it stays mapped while with_buffer_contents runs, whose SIGBUS guard catches one that shrinks. A
                    // rotated copy has as many pixels as its size says.
                    let theirs = unsafe { Row::shared(pool.add(theirs), tile.bytes) };
                    self.take_row(tile, &band, y, theirs);
                }
            }
            for tile in &tiles {
                self.end(tile, row, &band);
            }
            top = band.end;
        }
    }

    /// Begins the copy of a tile's part within `across` and `down`.
    fn begin(&mut self, row: u32, column: u32, across: Range<u32>, down: &Range<u32>) -> TileCopy {
        let (left, top) = (column * TILE_WIDTH, row * TILE_HEIGHT);
        let (right, bottom) = ((left + TILE_WIDTH).min(self.width), (top + TILE_HEIGHT).min(self.height));
        let is_whole = across.start <= left && across.end >= right && down.start <= top && down.end >= bottom;
        if !is_whole {
            // The rest of the tile keeps its pixels.
            self.write_down(row, column);
        }
        let left = left.max(across.start);
        let bytes = (right.min(across.end) - left) as usize * 4;
        let scan = if is_whole { RowScan::Nothing } else { RowScan::Several };
        TileCopy { column, left, bytes, is_whole, scan, differs: false }
    }

    /// @param theirs row `y` of the tile, in the source
    fn take_row(&mut self, tile: &mut TileCopy, band: &Range<u32>, y: u32, theirs: Row<'_>) {
        let first = match tile.scan {
            RowScan::Several => None,
            RowScan::Solid(pixel) => Some(pixel),
            RowScan::Nothing => theirs.first(),
        };
        if let Some(pixel) = first {
            if theirs.is_solid(pixel) {
                tile.scan = RowScan::Solid(pixel);
                return;
            }
            // The rows above have one colour, and were not written: that is made up for. A tile that was solid is not
            // any more.
            tile.scan = RowScan::Several;
            tile.differs = self.tiles[self.tile_at(band.start / TILE_HEIGHT, tile.column)].solid().is_some();
            for above in band.start..y {
                let at = self.offset(tile.left, above);
                let mine = &mut self.pixels[at..at + tile.bytes];
                tile.differs |= !Row::from(&*mine).is_solid(pixel);
                fill(mine, pixel);
            }
        }
        let at = self.offset(tile.left, y);
        tile.differs |= theirs.copy_to(&mut self.pixels[at..at + tile.bytes]);
    }

    fn end(&mut self, tile: &TileCopy, row: u32, band: &Range<u32>) {
        let at = self.tile_at(row, tile.column);
        let before = self.tiles[at];
        let (now, differs) = match tile.scan {
            RowScan::Solid(pixel) if before.solid() == Some(pixel) => (before, false),
            RowScan::Solid(pixel) if before.solid().is_none() && self.is_all(tile, band, pixel) => {
                (Tile::Solid(pixel), false)
            }
            RowScan::Solid(pixel) => (Tile::Unwritten(pixel), true),
            _ if tile.differs || tile.is_whole => (Tile::Written, tile.differs),
            _ => (before, false),
        };
        self.tiles[at] = now;
        if differs {
            self.changed.mark(tile.column, row);
        }
    }

    /// Whether all pixels of the tile in `pixels` are `pixel`.
    fn is_all(&self, tile: &TileCopy, band: &Range<u32>, pixel: Pixel) -> bool {
        band.clone().all(|y| {
            let at = self.offset(tile.left, y);
            Row::from(&self.pixels[at..at + tile.bytes]).is_solid(pixel)
        })
    }
}

/// A tile, or a part of one, that is being copied row by row.
#[derive(Debug)]
struct TileCopy {
    column: u32,
    /// Column of its first pixel.
    left: u32,
    /// Of one row of the part.
    bytes: usize,
    /// The part is the whole tile.
    is_whole: bool,
    scan: RowScan,
    /// A pixel has changed.
    differs: bool,
}

/// What the rows of a tile have shown so far.
#[derive(Debug, Clone, Copy)]
enum RowScan {
    Nothing,
    /// One colour: nothing of it has been written.
    Solid(Pixel),
    /// Several colours, or only a part of the tile is copied: rows are written as they come.
    Several,
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
    fn rotated(&self, pool: *const u8, transform: Transform) -> (Self, Vec<u8>) {
        let (width, height) = match transform {
            Transform::_90 | Transform::_270 | Transform::Flipped90 | Transform::Flipped270 => {
                (self.height, self.width)
            }
            _ => (self.width, self.height),
        };
        let (right, bottom) = (width as usize - 1, height as usize - 1);
        let mut pixels = Vec::with_capacity(width as usize * height as usize * 4);
        for (y, x) in (0..=bottom).flat_map(|y| (0..=right).map(move |x| (y, x))) {
            // @see wl_output.transform: rotated counter-clockwise, after being flipped around the vertical axis.
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
    use proptest::prelude::*;

    fn source(width: u32, height: u32) -> Source {
        Source { offset: 0, stride: width as usize * 4, width, height, format: PixelFormat::Xrgb8888 }
    }

    #[test]
    fn only_tiles_whose_pixels_differ_are_marked() {
        let source = source(200, 100);
        let whole = PixelRect { x: 0, y: 0, width: 200, height: 100 };
        let mut pool = vec![0u8; 200 * 100 * 4];
        let mut framebuffer = Framebuffer::new(&source);
        framebuffer.changed.take();
        framebuffer.take(pool.as_ptr(), &source, whole);
        assert!(framebuffer.changed.is_empty());
        pool[(40 * 200 + 70) * 4] = 9;
        framebuffer.take(pool.as_ptr(), &source, whole);
        assert_eq!(framebuffer.changed.take(), [PixelRect { x: 64, y: 32, width: 64, height: 32 }]);
        assert_eq!(framebuffer.pixels(whole), pool);
    }

    #[test]
    fn a_part_of_one_colour_is_known_as_long_as_it_has_one() {
        let source = source(200, 100);
        let whole = PixelRect { x: 0, y: 0, width: 200, height: 100 };
        let mut pool = [1, 2, 3, 4].repeat(200 * 100);
        let mut framebuffer = Framebuffer::new(&source);
        assert_eq!(framebuffer.solid(whole), Some([0; 4]));
        framebuffer.take(pool.as_ptr(), &source, whole);
        assert_eq!(framebuffer.solid(whole), Some([1, 2, 3, 4]));
        // The last byte of the first tile changes, and then changes back; the damage is a part of the tile.
        let at = (31 * 200 + 63) * 4 + 3;
        let part = PixelRect { x: 60, y: 30, width: 10, height: 5 };
        for (byte, of_tile) in [(9, None), (4, None)] {
            pool[at] = byte;
            framebuffer.take(pool.as_ptr(), &source, part);
            assert_eq!(framebuffer.solid(PixelRect { x: 0, y: 0, width: 64, height: 32 }), of_tile);
            assert_eq!(framebuffer.solid(PixelRect { x: 64, y: 0, width: 136, height: 100 }), Some([1, 2, 3, 4]));
        }
        framebuffer.take(pool.as_ptr(), &source, whole);
        assert_eq!(framebuffer.solid(whole), Some([1, 2, 3, 4]));
        // Each tile has one colour, but not all the same.
        for row in pool.chunks_mut(200 * 4) {
            row[64 * 4..128 * 4].fill(7);
        }
        framebuffer.take(pool.as_ptr(), &source, whole);
        assert_eq!(framebuffer.solid(whole), None);
        assert_eq!(framebuffer.solid(PixelRect { x: 64, y: 32, width: 64, height: 32 }), Some([7; 4]));
        assert_eq!(framebuffer.pixels(whole), pool);
    }

    /// Rectangles that a program draws one after the other: where, and a solid colour or noise from a seed.
    fn drawings() -> impl Strategy<Value = Vec<(PixelRect, u8, bool)>> {
        let rect = (0..WIDTH, 0..HEIGHT, 1..=WIDTH, 1..=HEIGHT).prop_map(|(x, y, width, height)| PixelRect {
            x,
            y,
            width,
            height,
        });
        let all = Just(PixelRect { x: 0, y: 0, width: WIDTH, height: HEIGHT });
        let rect = prop_oneof![2 => rect, 1 => all];
        proptest::collection::vec((rect, 0u8..3, any::<bool>()), 1..12)
    }

    const WIDTH: u32 = 150;
    const HEIGHT: u32 = 70;

    proptest! {
        #[test]
        fn whatever_is_drawn_is_had_and_the_tiles_in_which_it_differs_are_told(
            drawings in drawings(), reads in any::<u16>(),
        ) {
            let source = source(WIDTH, HEIGHT);
            let mut pool = vec![0u8; source.all().bytes()];
            let mut framebuffer = Framebuffer::new(&source);
            framebuffer.changed.clear();
            for (at, (rect, seed, is_noise)) in drawings.into_iter().enumerate() {
                let before = pool.clone();
                for y in rect.y..(rect.y + rect.height).min(HEIGHT) {
                    for x in rect.x..(rect.x + rect.width).min(WIDTH) {
                        let value = if is_noise { seed.wrapping_add((x / 3 * y) as u8) } else { seed };
                        pool[(y * WIDTH + x) as usize * 4] = value;
                    }
                }
                framebuffer.take(pool.as_ptr(), &source, rect);
                let mut differing = TileSet::new(WIDTH, HEIGHT);
                for (at, _) in pool.iter().zip(&before).enumerate().filter(|(_, (new, old))| new != old) {
                    let at = at as u32 / 4;
                    differing.mark(at % WIDTH / TILE_WIDTH, at / WIDTH / TILE_HEIGHT);
                }
                prop_assert_eq!(framebuffer.changed.take(), differing.take());
                for (x, y) in (0..HEIGHT).step_by(TILE_HEIGHT as usize).flat_map(|y| (0..WIDTH).step_by(64).map(move |x| (x, y))) {
                    let tile = PixelRect { x, y, width: TILE_WIDTH.min(WIDTH - x), height: TILE_HEIGHT.min(HEIGHT - y) };
                    let Some(pixel) = framebuffer.solid(tile) else { continue };
                    let row = |y| (y * WIDTH + x) as usize * 4..(y * WIDTH + x + tile.width) as usize * 4;
                    let is_so = (y..y + tile.height).all(|y| Row::from(&pool[row(y)]).is_solid(pixel));
                    prop_assert!(is_so);
                }
                // Not each time: tiles that nobody reads may be written later, or never.
                if reads >> at & 1 == 1 {
                    prop_assert_eq!(framebuffer.pixels(framebuffer.all()) == pool, true);
                }
            }
            prop_assert_eq!(framebuffer.pixels(framebuffer.all()) == pool, true);
        }
    }

    #[test]
    fn damage_outside_the_frame_is_cut() {
        let source = source(10, 10);
        let pool = vec![1u8; 10 * 10 * 4];
        let mut framebuffer = Framebuffer::new(&source);
        framebuffer.take(pool.as_ptr(), &source, PixelRect { x: 5, y: 5, width: u32::MAX, height: u32::MAX });
        assert_eq!(framebuffer.pixels(framebuffer.all()).iter().filter(|byte| **byte == 1).count(), 5 * 5 * 4);
    }

    #[test]
    fn a_frame_that_there_is_no_room_for_is_refused() {
        let pool = vec![1u8; 20 * 20 * 4];
        let mut framebuffer = None;
        let mut take = |side: u32, room| {
            let source = source(side, side);
            Framebuffer::take_damaged(&mut framebuffer, pool.as_ptr(), &source, &[source.all()], room)
        };
        assert_eq!(take(10, 399), Err(Refused::NoRoom));
        assert_eq!(take(10, 400), Ok(()));
        // The bytes of the replaced one are free as well; one of the same size needs none.
        assert_eq!(take(20, 1199), Err(Refused::NoRoom));
        assert_eq!(take(10, 0), Ok(()));
        assert_eq!(take(20, 1200), Ok(()));
    }

    #[test]
    fn what_lies_outside_of_a_shape_is_transparent() {
        let mut whole = Framebuffer::of_pixels(4, 2, vec![7; 4 * 2 * 4]);
        let rects =
            |x, width| [PixelRect { x, y: 0, width, height: u32::MAX }, PixelRect { x: 9, y: 0, width: 9, height: 9 }];
        let mut shaped = None;
        for (x, width) in [(1, 2), (2, u32::MAX)] {
            Framebuffer::update_shaped(&mut shaped, &mut whole, &rects(x, width), usize::MAX).unwrap();
            let shown = shaped.as_mut().unwrap();
            assert_eq!(shown.format, PixelFormat::Argb8888);
            let all = shown.all();
            for (at, pixel) in shown.pixels(all).chunks(4).enumerate() {
                let column = at as u32 % 4;
                let inside = column >= x && column - x < width;
                assert_eq!(pixel, if inside { [7, 7, 7, 255] } else { [0; 4] }, "{at} of {x}+{width}");
            }
        }
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
