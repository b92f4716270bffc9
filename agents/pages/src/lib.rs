//! A safe copy of a document: a PDF that is made of sizes and pixels alone. Whoever has rendered the document may be hostile, so
//! nothing else is read of it: no text, no name, no length that is believed before it has come.
//!
//! The stream is Dangerzone's: the number of pages, then of each page its width, its height and its pixels. Numbers have two bytes,
//! the high one first; a pixel is red, green and blue, a byte each, row by row from the top.

mod pdf;

use std::fmt;
use std::io::{self, Read, Write};

use pdf::Document;

/// Pixels of an inch of the rendered page.
pub const DPI: u32 = 150;
pub const MAX_PAGES: u16 = 2000;
/// Of a width and of a height, in pixels.
pub const MAX_SIDE: u16 = 10_000;
/// Bytes of a PDF.
pub const MAX_PDF_BYTES: u64 = 512 << 20;

/// What is read at once, in bytes: never a whole page.
const CHUNK: usize = 64 << 10;

/// What has become of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Copy {
    pub pages: u16,
    /// Of the PDF.
    pub bytes: u64,
}

/// Why there is no PDF.
#[derive(Debug)]
pub enum Failure {
    /// No pages, or more than [`MAX_PAGES`].
    Pages(u16),
    /// A side is 0, or longer than [`MAX_SIDE`].
    Size(u16, u16),
    /// The stream ends before all pages have come.
    Short,
    /// It goes on after the last page.
    Long,
    /// The PDF would have more than [`MAX_PDF_BYTES`].
    TooLarge,
    /// Reading failed, or writing.
    Io(io::Error),
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pages(0) => write!(out, "it has no pages"),
            Self::Pages(count) => write!(out, "it has {count} pages, and at most {MAX_PAGES} are taken"),
            Self::Size(width, height) => {
                write!(out, "a page of {width} by {height} pixels is not taken, only 1 to {MAX_SIDE} each")
            }
            Self::Short => write!(out, "not all of its pages came"),
            Self::Long => write!(out, "more came than its pages"),
            Self::TooLarge => write!(out, "the copy would have more than {} MiB", MAX_PDF_BYTES >> 20),
            Self::Io(error) => write!(out, "{error}"),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::Short,
            io::ErrorKind::FileTooLarge => Self::TooLarge,
            _ => Self::Io(error),
        }
    }
}

/// Reads all of `stream` and writes a PDF. `page_done` is called after each page, with its number and the number of all pages.
///
/// # Errors
/// What has been written is no PDF then.
pub fn copy(mut stream: impl Read, pdf: impl Write, mut page_done: impl FnMut(u16, u16)) -> Result<Copy, Failure> {
    let pages = number(&mut stream)?;
    if pages == 0 || pages > MAX_PAGES {
        return Err(Failure::Pages(pages));
    }
    let mut document = Document::begin(pdf, MAX_PDF_BYTES)?;
    for page in 1..=pages {
        let (width, height) = (number(&mut stream)?, number(&mut stream)?);
        let sides = 1..=MAX_SIDE;
        if !sides.contains(&width) || !sides.contains(&height) {
            return Err(Failure::Size(width, height));
        }
        document.page(width, height, |image| pixels(&mut stream, image, width, height))?;
        page_done(page, pages);
    }
    match stream.read(&mut [0]) {
        Ok(0) => Ok(Copy { pages, bytes: document.end()? }),
        Ok(_) => Err(Failure::Long),
        Err(error) => Err(error.into()),
    }
}

fn number(stream: &mut impl Read) -> io::Result<u16> {
    let mut bytes = [0; 2];
    stream.read_exact(&mut bytes)?;
    Ok(u16::from_be_bytes(bytes))
}

fn pixels(stream: &mut impl Read, image: &mut dyn Write, width: u16, height: u16) -> io::Result<()> {
    let mut left = usize::from(width) * usize::from(height) * 3;
    let mut chunk = vec![0; CHUNK.min(left)];
    while left > 0 {
        let size = chunk.len().min(left);
        let part = chunk.get_mut(..size).unwrap_or_default();
        stream.read_exact(part)?;
        image.write_all(part)?;
        left -= size;
    }
    Ok(())
}
