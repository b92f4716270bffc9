//! Which tiles of a framebuffer have changed, and the rectangles that cover them.

/// A tile is as wide as a few letters and as high as a line of text: typing a letter changes one or two.
pub const TILE_WIDTH: u32 = 64;
pub const TILE_HEIGHT: u32 = 32;

/// A rectangle of buffer pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PixelRect {
    pub x: u32,
    pub y: u32,
    pub width: u32,
    pub height: u32,
}

impl PixelRect {
    pub fn bytes(self) -> usize {
        self.width as usize * self.height as usize * 4
    }
}

/// The changed tiles of a framebuffer of a fixed size.
#[derive(Debug, Clone, Default)]
pub struct TileSet {
    width: u32,
    height: u32,
    columns: u32,
    marks: Vec<bool>,
    count: usize,
}

impl TileSet {
    pub fn new(width: u32, height: u32) -> Self {
        let columns = width.div_ceil(TILE_WIDTH);
        let marks = vec![false; (columns * height.div_ceil(TILE_HEIGHT)) as usize];
        Self { width, height, columns, marks, count: 0 }
    }

    /// Number of tiles, marked or not.
    pub fn len(&self) -> usize {
        self.marks.len()
    }

    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub fn mark(&mut self, column: u32, row: u32) {
        let at = (row * self.columns + column) as usize;
        if let Some(mark @ false) = self.marks.get_mut(at) {
            *mark = true;
            self.count += 1;
        }
    }

    pub fn mark_all(&mut self) {
        self.marks.fill(true);
        self.count = self.marks.len();
    }

    pub fn clear(&mut self) {
        self.marks.fill(false);
        self.count = 0;
    }

    /// Rectangles that cover the marked tiles and nothing else, without overlap, from the top down. Clears the marks.
    pub fn take(&mut self) -> Vec<PixelRect> {
        let mut done = Vec::new();
        let mut open: Vec<PixelRect> = Vec::new();
        if self.count == self.marks.len() && self.count > 0 {
            done.push(PixelRect { x: 0, y: 0, width: self.width, height: self.height });
        } else if self.count > 0 {
            for (row, marks) in self.marks.chunks(self.columns as usize).enumerate() {
                let y = row as u32 * TILE_HEIGHT;
                let height = TILE_HEIGHT.min(self.height - y);
                let runs = self.runs(marks, y, height);
                // A run right below a rectangle of the same columns extends it.
                let (longer, ended): (Vec<_>, Vec<_>) =
                    open.drain(..).partition(|rect| runs.iter().any(|run| run.x == rect.x && run.width == rect.width));
                done.extend(ended);
                for run in runs {
                    let above = longer.iter().find(|rect| rect.x == run.x && rect.width == run.width);
                    open.push(above.map_or(run, |rect| PixelRect { height: rect.height + height, ..*rect }));
                }
            }
        }
        done.extend(open);
        self.clear();
        done
    }

    fn runs(&self, marks: &[bool], y: u32, height: u32) -> Vec<PixelRect> {
        let mut runs: Vec<PixelRect> = Vec::new();
        for (column, _) in marks.iter().enumerate().filter(|(_, mark)| **mark) {
            let x = column as u32 * TILE_WIDTH;
            let width = TILE_WIDTH.min(self.width - x);
            match runs.last_mut() {
                Some(last) if last.x + last.width == x => last.width += width,
                _ => runs.push(PixelRect { x, y, width, height }),
            }
        }
        runs
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn covered(rects: &[PixelRect], width: u32, height: u32) -> Vec<u32> {
        let mut pixels = vec![0; (width * height) as usize];
        for rect in rects {
            for y in rect.y..rect.y + rect.height {
                for x in rect.x..rect.x + rect.width {
                    pixels[(y * width + x) as usize] += 1;
                }
            }
        }
        pixels
    }

    #[test]
    fn all_tiles_are_one_rectangle_of_the_whole_frame() {
        let mut tiles = TileSet::new(100, 70);
        tiles.mark_all();
        assert_eq!(tiles.take(), [PixelRect { x: 0, y: 0, width: 100, height: 70 }]);
        assert!(tiles.is_empty() && tiles.take().is_empty());
    }

    #[test]
    fn neighbours_join_and_edges_are_cut() {
        let mut tiles = TileSet::new(150, 70);
        for (column, row) in [(1, 0), (2, 0), (1, 1), (2, 1), (0, 2)] {
            tiles.mark(column, row);
        }
        let rects = tiles.take();
        assert!(rects.contains(&PixelRect { x: 64, y: 0, width: 86, height: 64 }));
        assert!(rects.contains(&PixelRect { x: 0, y: 64, width: 64, height: 6 }));
        assert_eq!(rects.len(), 2);
    }

    #[test]
    fn rectangles_cover_each_marked_pixel_once_and_no_other() {
        let (width, height) = (300, 200);
        let mut seed = 7u32;
        for _ in 0..200 {
            let mut tiles = TileSet::new(width, height);
            let mut want = vec![0; (width * height) as usize];
            for row in 0..height.div_ceil(TILE_HEIGHT) {
                for column in 0..width.div_ceil(TILE_WIDTH) {
                    seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    if seed >> 31 == 1 {
                        tiles.mark(column, row);
                        for y in row * TILE_HEIGHT..((row + 1) * TILE_HEIGHT).min(height) {
                            for x in column * TILE_WIDTH..((column + 1) * TILE_WIDTH).min(width) {
                                want[(y * width + x) as usize] = 1;
                            }
                        }
                    }
                }
            }
            assert_eq!(covered(&tiles.take(), width, height), want);
        }
    }
}
