//! Streams of honest and of hostile renderers.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::io::{self, Read};

use atoll_pages::{Copy, Failure, MAX_PAGES, MAX_SIDE, copy};
use flate2::read::ZlibDecoder;
use proptest::prelude::*;

fn stream(pages: &[(u16, u16, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = u16::try_from(pages.len()).unwrap().to_be_bytes().to_vec();
    for (width, height, pixels) in pages {
        bytes.extend(width.to_be_bytes());
        bytes.extend(height.to_be_bytes());
        bytes.extend(pixels);
    }
    bytes
}

fn copied(stream: impl Read) -> Result<(Copy, Vec<u8>), Failure> {
    let mut pdf = Vec::new();
    copy(stream, &mut pdf, |_, _| ()).map(|done| (done, pdf))
}

/// What lies at `places` of the table of a PDF: objects as bytes, by their numbers less one.
fn objects(pdf: &[u8]) -> Vec<&[u8]> {
    let text = String::from_utf8_lossy(pdf.get(pdf.len() - 40..).unwrap()).into_owned();
    let start = text.split("startxref\n").nth(1).unwrap().lines().next().unwrap().parse::<usize>().unwrap();
    let table = std::str::from_utf8(pdf.get(start..).unwrap()).unwrap();
    let mut lines = table.lines();
    assert_eq!(lines.next(), Some("xref"));
    let count = lines.next().unwrap().strip_prefix("0 ").unwrap().parse::<usize>().unwrap();
    let places = lines.skip(1).take(count - 1).map(|line| line.get(..10).unwrap().parse::<usize>().unwrap());
    let objects = places.enumerate().map(|(at, place)| {
        let begin = format!("{} 0 obj\n", at + 1);
        pdf.get(place..).unwrap().strip_prefix(begin.as_bytes()).expect("an object at its place")
    });
    objects.collect()
}

fn page_pixels(pdf: &[u8], page: usize) -> Vec<u8> {
    let picture = objects(pdf)[2 + page * 4 + 2];
    let at = picture.windows(7).position(|part| part == b"stream\n").unwrap() + 7;
    let mut pixels = Vec::new();
    ZlibDecoder::new(&picture[at..]).read_to_end(&mut pixels).unwrap();
    pixels
}

#[test]
fn pages_come_in_order_with_their_sizes() {
    let (small, large) = (vec![255, 0, 0], (0..150 * 300 * 3).map(|at| (at % 251) as u8).collect::<Vec<_>>());
    let mut done = Vec::new();
    let mut pdf = Vec::new();
    let pages = [(1, 1, small.clone()), (150, 300, large.clone())];
    let copy = copy(&stream(&pages)[..], &mut pdf, |page, of| done.push((page, of))).unwrap();
    assert_eq!(copy, Copy { pages: 2, bytes: pdf.len() as u64 });
    assert_eq!(done, [(1, 2), (2, 2)]);
    assert_eq!((page_pixels(&pdf, 0), page_pixels(&pdf, 1)), (small, large));
    // 150 pixels are an inch, which has 72 points.
    assert!(String::from_utf8_lossy(objects(&pdf)[6]).contains("/MediaBox[0 0 72.00 144.00]"));
}

#[test]
fn a_renderer_that_lies_makes_no_copy() {
    let page = |width: u16, height: u16| [&[0, 1][..], &width.to_be_bytes(), &height.to_be_bytes()].concat();
    let whole = stream(&[(2, 1, vec![7; 6])]);
    let fails = |bytes: &[u8]| copied(bytes).expect_err("no copy");
    assert!(matches!(fails(&[]), Failure::Short));
    assert!(matches!(fails(&[0, 0]), Failure::Pages(0)));
    assert!(matches!(fails(&(MAX_PAGES + 1).to_be_bytes()), Failure::Pages(_)));
    assert!(matches!(fails(&page(0, 5)), Failure::Size(0, 5)));
    assert!(matches!(fails(&page(5, MAX_SIDE + 1)), Failure::Size(5, _)));
    assert!(matches!(fails(&page(MAX_SIDE, MAX_SIDE)), Failure::Short));
    assert!(matches!(fails(&whole[..whole.len() - 1]), Failure::Short));
    assert!(matches!(fails(&[&whole[..], &[0]].concat()), Failure::Long));
    assert!(copied(&whole[..]).is_ok());
}

#[test]
fn a_renderer_without_an_end_is_read_no_further_than_its_pages() {
    let mut read = 0;
    let page = stream(&[(1, 1, vec![1; 3])]);
    let endless = Counting { stream: page.as_slice().chain(io::repeat(0)), read: &mut read };
    assert!(matches!(copied(endless), Err(Failure::Long)));
    assert_eq!(read, 2 + 4 + 3 + 1);
}

struct Counting<'a, Stream> {
    stream: Stream,
    read: &'a mut usize,
}

impl<Stream: Read> Read for Counting<'_, Stream> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let size = self.stream.read(bytes)?;
        *self.read += size;
        Ok(size)
    }
}

proptest! {
    /// Whatever comes, the file has nothing of it but pictures.
    #[test]
    fn any_bytes_are_a_copy_or_none(bytes in prop::collection::vec(0u8..4, 0..400)) {
        if let Ok((copy, pdf)) = copied(&bytes[..]) {
            prop_assert_eq!(copy.bytes, pdf.len() as u64);
            prop_assert_eq!(objects(&pdf).len(), 2 + usize::from(copy.pages) * 4);
        }
    }

    #[test]
    fn every_page_is_found_again(sizes in prop::collection::vec((1u16..6, 1u16..6), 1..6), seed in any::<u8>()) {
        let pixels = |(width, height): (u16, u16)| {
            (0..width * height * 3).map(|at| (at as u8).wrapping_mul(31).wrapping_add(seed)).collect::<Vec<_>>()
        };
        let pages = sizes.iter().map(|size| (size.0, size.1, pixels(*size))).collect::<Vec<_>>();
        let (_, pdf) = copied(&stream(&pages)[..]).unwrap();
        for (at, (_, _, pixels)) in pages.iter().enumerate() {
            prop_assert_eq!(&page_pixels(&pdf, at), pixels);
        }
    }
}
