//! A picture's changed rectangles as Frame messages: cut into bands, LZ4 where it pays.

use atoll_wire::limits::{MAX_DAMAGE_RECTS, MAX_MESSAGE_BYTES};
use atoll_wire::{Damage, Encoding, Frame, header};

use crate::picture::Picture;
use crate::tiles::{PixelRect, TILE_HEIGHT};

/// Raw bytes of one band at most. Small enough that the host unpacks one while the next is made.
const BAND_BYTES: usize = 256 * 1024;
/// Payload of one message at which the next begins: two bands of pixels that did not compress, with room for a header.
const MESSAGE_BYTES: usize = 512 * 1024;
const _: () = assert!(MESSAGE_BYTES + BAND_BYTES + 64 * 1024 < MAX_MESSAGE_BYTES);
/// Below this LZ4 is not worth a look.
const SMALL_BYTES: usize = 512;
/// Pictures that are sent raw without trying, after one that did not compress (video, noise).
const RESTS: u32 = 15;

/// Makes messages, and remembers whether compression pays for this surface.
#[derive(Debug, Default)]
pub struct Encoder {
    rests: u32,
}

/// Room to encode in; kept from one picture to the next, so that it need not be cleared for each.
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
    /// `frame` says everything but damage and last. Calls `send` for each message; the last one has `last`.
    pub fn encode(
        &mut self,
        picture: &mut Picture,
        rects: &[PixelRect],
        frame: &Frame,
        scratch: &mut Scratch,
        mut send: impl FnMut(Part),
    ) {
        let tries = self.rests == 0;
        let mut tally = Tally::default();
        let mut payload = Vec::new();
        let mut damage = Vec::new();
        for band in rects.iter().flat_map(|rect| bands(*rect)) {
            let solid = picture.solid(band);
            if let Some(pixel) = solid
                && let Some(above) = damage.last_mut()
                && goes_on(above, band)
                && payload.ends_with(&pixel)
            {
                above.height += band.height;
                tally.add(band.bytes(), 0);
                continue;
            }
            let (encoding, bytes) = match &solid {
                Some(pixel) => (Encoding::Solid, &pixel[..]),
                None => {
                    let raw = gather(picture, band, &mut scratch.rows);
                    let packed =
                        if tries && raw.len() >= SMALL_BYTES { compress(raw, &mut scratch.packed) } else { None };
                    packed.map_or((Encoding::Raw, raw), |packed| (Encoding::Lz4, packed))
                }
            };
            tally.add(band.bytes(), bytes.len());
            payload.extend_from_slice(bytes);
            let PixelRect { x, y, width, height } = band;
            damage.push(Damage { x, y, width, height, encoding: encoding.into(), size: bytes.len() as u32 });
            if payload.len() >= MESSAGE_BYTES || damage.len() >= MAX_DAMAGE_RECTS {
                let damage = std::mem::take(&mut damage);
                send(part(Frame { damage, ..frame.clone() }, std::mem::take(&mut payload)));
            }
        }
        send(part(Frame { damage, last: true, ..frame.clone() }, payload));
        self.rests = if tries { tally.rests() } else { self.rests - 1 };
    }
}

/// What compression has won in one picture.
#[derive(Default)]
struct Tally {
    raw: usize,
    sent: usize,
}

impl Tally {
    fn add(&mut self, raw: usize, sent: usize) {
        self.raw += raw;
        self.sent += sent;
    }

    fn rests(&self) -> u32 {
        if self.raw > BAND_BYTES && self.sent > self.raw / 10 * 9 { RESTS } else { 0 }
    }
}

fn part(frame: Frame, payload: Vec<u8>) -> Part {
    Part { body: header::Message::Frame(frame), payload }
}

/// Whether `band` lies right below a rectangle of one colour that is as wide: of the same colour, the two are one.
fn goes_on(above: &Damage, band: PixelRect) -> bool {
    above.encoding == i32::from(Encoding::Solid)
        && (above.x, above.width) == (band.x, band.width)
        && above.y + above.height == band.y
}

fn bands(rect: PixelRect) -> impl Iterator<Item = PixelRect> {
    let rows = (BAND_BYTES / (rect.width as usize * 4)).max(1) as u32;
    // Whole tiles where they fit: of those it is known whether they have one colour.
    let rows = if rows > TILE_HEIGHT { rows - rows % TILE_HEIGHT } else { rows };
    (0..rect.height).step_by(rows as usize).map(move |at| PixelRect {
        y: rect.y + at,
        height: rows.min(rect.height - at),
        ..rect
    })
}

/// The band's pixels with tight rows: borrowed from the picture where it is as wide as that.
fn gather<'a>(picture: &'a mut Picture, band: PixelRect, rows: &'a mut Vec<u8>) -> &'a [u8] {
    let width = picture.width;
    let stride = width as usize * 4;
    let start = band.y as usize * stride + band.x as usize * 4;
    let pixels = &picture.pixels(band)[start..];
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

/// One LZ4 block, or None when it saves less than a tenth.
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

    fn picture(width: u32, height: u32, pixel: impl Fn(usize) -> u8) -> Picture {
        let pixels = (0..width as usize * height as usize * 4).map(pixel).collect();
        Picture::of_pixels(width, height, pixels)
    }

    fn noise(at: usize) -> u8 {
        let mut x = (at as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        x ^= x >> 29;
        (x.wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 56) as u8
    }

    /// Puts a picture together from its messages, as the host does.
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

    fn encode(encoder: &mut Encoder, picture: &mut Picture, rects: &[PixelRect]) -> Vec<Part> {
        let mut parts = Vec::new();
        encoder.encode(picture, rects, &Frame::default(), &mut Scratch::default(), |part| parts.push(part));
        let last = |part: &Part| matches!(&part.body, header::Message::Frame(frame) if frame.last);
        assert_eq!(parts.iter().filter(|part| last(part)).count(), 1);
        assert!(parts.last().is_some_and(last));
        parts
    }

    #[test]
    fn a_picture_survives_the_way() {
        for pixel in [noise as fn(usize) -> u8, |at| (at / 4096) as u8] {
            let mut picture = picture(1300, 700, pixel);
            let whole = PixelRect { x: 0, y: 0, width: 1300, height: 700 };
            let parts = encode(&mut Encoder::default(), &mut picture, &[whole]);
            assert!(decode(&parts, 1300, 700) == picture.pixels(whole));
        }
    }

    #[test]
    fn a_part_survives_the_way() {
        let mut picture = picture(500, 300, noise);
        let rect = PixelRect { x: 64, y: 32, width: 100, height: 200 };
        let pixels = decode(&encode(&mut Encoder::default(), &mut picture, &[rect]), 500, 300);
        for y in 0..300usize {
            for x in 0..500usize {
                let at = (y * 500 + x) * 4;
                let inside = (64..164).contains(&x) && (32..232).contains(&y);
                let want = if inside { &picture.pixels(rect)[at..at + 4] } else { &[0; 4] };
                assert_eq!(&pixels[at..at + 4], want);
            }
        }
    }

    #[test]
    fn what_has_one_colour_is_sent_as_one_pixel() {
        let (width, height) = (500, 300);
        let whole = PixelRect { x: 0, y: 0, width, height };
        let sizes = |picture: &mut Picture| {
            let mut sizes = Vec::new();
            Encoder::default().encode(picture, &[whole], &Frame::default(), &mut Scratch::default(), |part| {
                let header::Message::Frame(frame) = part.body else { panic!("a frame") };
                sizes.extend(frame.damage.iter().map(|rect| (rect.encoding(), rect.size)));
            });
            sizes
        };
        let mut picture = picture(width, height, |at| [1, 2, 3, 4][at % 4]);
        // A window that is cleared: the host fills it at once.
        assert_eq!(sizes(&mut picture), [(Encoding::Solid, 4)]);
        assert!(
            decode(&encode(&mut Encoder::default(), &mut picture, &[whole]), width, height) == picture.pixels(whole)
        );
        // The last pixel of the last band.
        let mut pixels = picture.pixels(whole).to_vec();
        *pixels.last_mut().unwrap() = 9;
        picture = Picture::of_pixels(width, height, pixels);
        assert_eq!(
            sizes(&mut picture).iter().map(|(encoding, _)| *encoding).collect::<Vec<_>>(),
            [Encoding::Solid, Encoding::Lz4]
        );
        assert!(
            decode(&encode(&mut Encoder::default(), &mut picture, &[whole]), width, height) == picture.pixels(whole)
        );
    }

    #[test]
    fn noise_is_not_tried_again_for_a_while() {
        let mut picture = picture(1300, 700, noise);
        let whole = [PixelRect { x: 0, y: 0, width: 1300, height: 700 }];
        let mut encoder = Encoder::default();
        encode(&mut encoder, &mut picture, &whole);
        assert_eq!(encoder.rests, RESTS);
        encode(&mut encoder, &mut picture, &whole);
        assert_eq!(encoder.rests, RESTS - 1);
    }

    #[test]
    fn a_picture_without_changes_is_one_empty_message() {
        let parts = encode(&mut Encoder::default(), &mut picture(4, 4, noise), &[]);
        assert_eq!(parts.len(), 1);
        assert!(parts[0].payload.is_empty());
    }
}
