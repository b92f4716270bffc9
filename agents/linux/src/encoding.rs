//! The changed rectangles of a framebuffer as Frame messages: cut into bands, compressed with LZ4 where it pays.

use atoll_wire::limits::{MAX_DAMAGE_RECTS, MAX_MESSAGE_BYTES, MAX_RECT_PX};
use atoll_wire::{Damage, Encoding, Frame, header};

use crate::framebuffer::Framebuffer;
use crate::tiles::{PixelRect, TILE_HEIGHT};

/// Uncompressed bytes of one band at most. Small enough that the host decodes one band while the next is made.
const BAND_BYTES: usize = 256 * 1024;
/// A message is complete when its payload has this size: then it holds two bands that did not compress, with room for a
/// header.
const MESSAGE_BYTES: usize = 512 * 1024;
const _: () = assert!(BAND_BYTES / 4 <= MAX_RECT_PX);
const _: () = assert!(MESSAGE_BYTES + BAND_BYTES + 64 * 1024 < MAX_MESSAGE_BYTES);
/// Smaller bands are not compressed: it would save too little.
const SMALL_BYTES: usize = 512;
/// After a frame that did not compress (video, noise), this many are sent uncompressed without trying.
const SKIP_COMPRESSION_FRAMES: u32 = 15;

/// Makes messages, and remembers whether compression pays for this surface.
#[derive(Debug, Default)]
pub struct Encoder {
    frames_to_skip: u32,
}

/// Buffers of the encoder, kept from frame to frame: memory that is allocated anew would have to be cleared.
#[derive(Debug, Default)]
pub struct Scratch {
    packed: Vec<u8>,
    rows: Vec<u8>,
}

/// A message: its header and its payload.
#[derive(Debug)]
pub struct Part {
    pub body: header::Message,
    pub payload: Vec<u8>,
}

impl Encoder {
    /// `frame` has all fields but `damage` and `last`. Calls `send` for each message; the last one has `last` set.
    pub fn encode(
        &mut self,
        framebuffer: &mut Framebuffer,
        rects: &[PixelRect],
        frame: &Frame,
        scratch: &mut Scratch,
        mut send: impl FnMut(Part),
    ) {
        let should_compress = self.frames_to_skip == 0;
        let mut stats = CompressionStats::default();
        let mut payload = Vec::new();
        let mut damage = Vec::new();
        for band in rects.iter().flat_map(|rect| bands(*rect)) {
            let solid = framebuffer.solid(band);
            if let Some(pixel) = solid
                && let Some(above) = damage.last_mut()
                && extends(above, band)
                && payload.ends_with(&pixel)
            {
                above.height += band.height;
                stats.add(band.bytes(), 0);
                continue;
            }
            let (encoding, bytes) = match &solid {
                Some(pixel) => (Encoding::Solid, &pixel[..]),
                None => {
                    let raw = gather(framebuffer, band, &mut scratch.rows);
                    let packed = if should_compress && raw.len() >= SMALL_BYTES {
                        compress(raw, &mut scratch.packed)
                    } else {
                        None
                    };
                    packed.map_or((Encoding::Raw, raw), |packed| (Encoding::Lz4, packed))
                }
            };
            stats.add(band.bytes(), bytes.len());
            payload.extend_from_slice(bytes);
            let PixelRect { x, y, width, height } = band;
            damage.push(Damage { x, y, width, height, encoding: encoding.into(), size: bytes.len() as u32 });
            if payload.len() >= MESSAGE_BYTES || damage.len() >= MAX_DAMAGE_RECTS {
                let damage = std::mem::take(&mut damage);
                send(part(Frame { damage, ..frame.clone() }, std::mem::take(&mut payload)));
            }
        }
        send(part(Frame { damage, last: true, ..frame.clone() }, payload));
        self.frames_to_skip = if should_compress { stats.frames_to_skip() } else { self.frames_to_skip - 1 };
    }
}

/// How many bytes of one frame compression has saved.
#[derive(Default)]
struct CompressionStats {
    raw: usize,
    sent: usize,
}

impl CompressionStats {
    fn add(&mut self, raw: usize, sent: usize) {
        self.raw += raw;
        self.sent += sent;
    }

    fn frames_to_skip(&self) -> u32 {
        if self.raw > BAND_BYTES && self.sent > self.raw / 10 * 9 { SKIP_COMPRESSION_FRAMES } else { 0 }
    }
}

fn part(frame: Frame, payload: Vec<u8>) -> Part {
    Part { body: header::Message::Frame(frame), payload }
}

/// Whether `band` lies right below a solid rectangle of the same columns: if the colour is the same, they become one.
fn extends(above: &Damage, band: PixelRect) -> bool {
    above.encoding == i32::from(Encoding::Solid)
        && (above.x, above.width) == (band.x, band.width)
        && above.y + above.height == band.y
}

fn bands(rect: PixelRect) -> impl Iterator<Item = PixelRect> {
    let rows = (BAND_BYTES / (rect.width as usize * 4)).max(1) as u32;
    // Whole tiles where they fit: whether a tile is solid is known, of a part of it not.
    let rows = if rows > TILE_HEIGHT { rows - rows % TILE_HEIGHT } else { rows };
    (0..rect.height).step_by(rows as usize).map(move |at| PixelRect {
        y: rect.y + at,
        height: rows.min(rect.height - at),
        ..rect
    })
}

/// The pixels of the band, row after row without gaps: borrowed from the framebuffer where the band is as wide as that.
fn gather<'a>(framebuffer: &'a mut Framebuffer, band: PixelRect, rows: &'a mut Vec<u8>) -> &'a [u8] {
    let width = framebuffer.width;
    let stride = width as usize * 4;
    let start = band.y as usize * stride + band.x as usize * 4;
    let pixels = &framebuffer.pixels(band)[start..];
    if band.width == width {
        return &pixels[..band.bytes()];
    }
    rows.clear();
    rows.reserve(band.bytes());
    for row in pixels.chunks(stride).take(band.height as usize) {
        rows.extend_from_slice(&row[..band.width as usize * 4]);
    }
    rows
}

/// One LZ4 block. None = it would save less than a tenth.
fn compress<'a>(raw: &[u8], scratch: &'a mut Vec<u8>) -> Option<&'a [u8]> {
    let most = lz4_flex::block::get_maximum_output_size(raw.len());
    if scratch.len() < most {
        scratch.resize(most, 0);
    }
    let size = lz4_flex::block::compress_into(raw, &mut scratch[..most]).ok()?;
    (size < raw.len() / 10 * 9).then(|| &scratch[..size])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;

    fn framebuffer(width: u32, height: u32, pixel: impl Fn(usize) -> u8) -> Framebuffer {
        let pixels = (0..width as usize * height as usize * 4).map(pixel).collect();
        Framebuffer::of_pixels(width, height, pixels)
    }

    fn noise(at: usize) -> u8 {
        let mut x = (at as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        x ^= x >> 29;
        (x.wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 56) as u8
    }

    /// Puts a frame together from its messages, as the host does.
    fn decode(parts: &[Part], width: u32, height: u32) -> Vec<u8> {
        let mut pixels = vec![0; width as usize * height as usize * 4];
        for part in parts {
            let header::Message::Frame(frame) = &part.body else { panic!("a frame") };
            assert!(frame.damage.len() <= MAX_DAMAGE_RECTS);
            let mut framed = Vec::new();
            atoll_wire::encode(part.body.clone(), &part.payload, &mut framed).unwrap();
            let mut rest = &part.payload[..];
            for rect in &frame.damage {
                let (bytes, tail) = rest.split_at(rect.size as usize);
                rest = tail;
                let size = rect.width as usize * rect.height as usize * 4;
                let raw = match rect.encoding() {
                    Encoding::Lz4 => lz4_flex::block::decompress(bytes, size).unwrap(),
                    Encoding::Solid => bytes.repeat(size / 4),
                    _ => bytes.to_vec(),
                };
                assert_eq!(raw.len(), size);
                for (row, line) in raw.chunks(rect.width as usize * 4).enumerate() {
                    let at = ((rect.y as usize + row) * width as usize + rect.x as usize) * 4;
                    pixels[at..at + line.len()].copy_from_slice(line);
                }
            }
            assert!(rest.is_empty());
        }
        pixels
    }

    fn encode(encoder: &mut Encoder, framebuffer: &mut Framebuffer, rects: &[PixelRect]) -> Vec<Part> {
        let mut parts = Vec::new();
        encoder.encode(framebuffer, rects, &Frame::default(), &mut Scratch::default(), |part| parts.push(part));
        let last = |part: &Part| matches!(&part.body, header::Message::Frame(frame) if frame.last);
        assert_eq!(parts.iter().filter(|part| last(part)).count(), 1);
        assert!(parts.last().is_some_and(last));
        parts
    }

    #[test]
    fn a_frame_is_decoded_as_it_was() {
        for pixel in [noise as fn(usize) -> u8, |at| (at / 4096) as u8] {
            let mut framebuffer = framebuffer(1300, 700, pixel);
            let whole = PixelRect { x: 0, y: 0, width: 1300, height: 700 };
            let parts = encode(&mut Encoder::default(), &mut framebuffer, &[whole]);
            assert!(decode(&parts, 1300, 700) == framebuffer.pixels(whole));
        }
    }

    #[test]
    fn a_part_is_decoded_as_it_was() {
        let mut framebuffer = framebuffer(500, 300, noise);
        let rect = PixelRect { x: 64, y: 32, width: 100, height: 200 };
        let pixels = decode(&encode(&mut Encoder::default(), &mut framebuffer, &[rect]), 500, 300);
        for y in 0..300usize {
            for x in 0..500usize {
                let at = (y * 500 + x) * 4;
                let inside = (64..164).contains(&x) && (32..232).contains(&y);
                let want = if inside { &framebuffer.pixels(rect)[at..at + 4] } else { &[0; 4] };
                assert_eq!(&pixels[at..at + 4], want);
            }
        }
    }

    #[test]
    fn what_has_one_colour_is_sent_as_one_pixel() {
        let (width, height) = (500, 300);
        let whole = PixelRect { x: 0, y: 0, width, height };
        let sizes = |framebuffer: &mut Framebuffer| {
            let mut sizes = Vec::new();
            Encoder::default().encode(framebuffer, &[whole], &Frame::default(), &mut Scratch::default(), |part| {
                let header::Message::Frame(frame) = part.body else { panic!("a frame") };
                sizes.extend(frame.damage.iter().map(|rect| (rect.encoding(), rect.size)));
            });
            sizes
        };
        let mut framebuffer = framebuffer(width, height, |at| [1, 2, 3, 4][at % 4]);
        // All of it has one colour: the host needs one pixel.
        assert_eq!(sizes(&mut framebuffer), [(Encoding::Solid, 4)]);
        assert!(
            decode(&encode(&mut Encoder::default(), &mut framebuffer, &[whole]), width, height)
                == framebuffer.pixels(whole)
        );
        // The last pixel of the last band.
        let mut pixels = framebuffer.pixels(whole).to_vec();
        *pixels.last_mut().unwrap() = 9;
        framebuffer = Framebuffer::of_pixels(width, height, pixels);
        assert_eq!(
            sizes(&mut framebuffer).iter().map(|(encoding, _)| *encoding).collect::<Vec<_>>(),
            [Encoding::Solid, Encoding::Lz4]
        );
        assert!(
            decode(&encode(&mut Encoder::default(), &mut framebuffer, &[whole]), width, height)
                == framebuffer.pixels(whole)
        );
    }

    #[test]
    fn compression_of_noise_is_not_tried_again_for_a_while() {
        let mut framebuffer = framebuffer(1300, 700, noise);
        let whole = [PixelRect { x: 0, y: 0, width: 1300, height: 700 }];
        let mut encoder = Encoder::default();
        encode(&mut encoder, &mut framebuffer, &whole);
        assert_eq!(encoder.frames_to_skip, SKIP_COMPRESSION_FRAMES);
        encode(&mut encoder, &mut framebuffer, &whole);
        assert_eq!(encoder.frames_to_skip, SKIP_COMPRESSION_FRAMES - 1);
    }

    #[test]
    fn a_frame_without_changes_is_one_empty_message() {
        let parts = encode(&mut Encoder::default(), &mut framebuffer(4, 4, noise), &[]);
        assert_eq!(parts.len(), 1);
        assert!(parts[0].payload.is_empty());
    }
}
