//! A PDF of nothing but pictures, written from its beginning to its end: an object's length and place are known once it has been
//! written. Libraries that make PDFs keep all of one in memory.

use std::fmt::Arguments;
use std::io::{self, Write};

use flate2::Compression;
use flate2::write::ZlibEncoder;

use crate::DPI;

/// Points of an inch.
const POINTS: f32 = 72.0;
/// Numbers of the objects that are written last.
const CATALOG: usize = 1;
const PAGES: usize = 2;
/// Of a page: the page, its content, its picture, the picture's length.
const FIRST: usize = 3;
const EACH: usize = 4;

pub struct Document<Out> {
    out: Counted<Out>,
    /// Where each object begins, by its number less one.
    places: Vec<u64>,
    pages: usize,
}

impl<Out: Write> Document<Out> {
    /// # Errors
    /// Of `out`; of kind `FileTooLarge` from more than `max` bytes on, here and below.
    pub fn begin(out: Out, max: u64) -> io::Result<Self> {
        let mut out = Counted { out, bytes: 0, max };
        // The second line says that the file is no text.
        out.write_all(b"%PDF-1.5\n%\xe2\xe3\xcf\xd3\n")?;
        Ok(Self { out, places: vec![0; PAGES], pages: 0 })
    }

    /// `write` gives all of the page's pixels to its argument.
    pub fn page(
        &mut self,
        width: u16,
        height: u16,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()> {
        let page = FIRST + self.pages * EACH;
        let (content, picture, length) = (page + 1, page + 2, page + 3);
        let [wide, high] = [width, height].map(|pixels| {
            #[allow(clippy::cast_precision_loss)]
            let dpi = DPI as f32;
            f32::from(pixels) * POINTS / dpi
        });
        self.object(format_args!(
            "<</Type/Page/Parent {PAGES} 0 R/MediaBox[0 0 {wide:.2} {high:.2}]/Contents {content} 0 R\
             /Resources<</XObject<</P {picture} 0 R>>>>>>"
        ))?;
        let drawing = format!("{wide:.2} 0 0 {high:.2} 0 0 cm /P Do");
        self.object(format_args!("<</Length {}>>\nstream\n{drawing}\nendstream", drawing.len()))?;
        self.begin_object()?;
        write!(
            self.out,
            "<</Type/XObject/Subtype/Image/Width {width}/Height {height}/ColorSpace/DeviceRGB/BitsPerComponent 8\
             /Filter/FlateDecode/Length {length} 0 R>>\nstream\n"
        )?;
        let began = self.out.bytes;
        let mut packed = ZlibEncoder::new(&mut self.out, Compression::fast());
        write(&mut packed)?;
        packed.finish()?;
        let bytes = self.out.bytes - began;
        self.out.write_all(b"\nendstream\nendobj\n")?;
        self.object(format_args!("{bytes}"))?;
        self.pages += 1;
        Ok(())
    }

    /// Gives its size in bytes.
    pub fn end(mut self) -> io::Result<u64> {
        let kids = (0..self.pages).map(|page| format!("{} 0 R ", FIRST + page * EACH)).collect::<String>();
        let catalog = self.out.bytes;
        write!(self.out, "{CATALOG} 0 obj\n<</Type/Catalog/Pages {PAGES} 0 R>>\nendobj\n")?;
        let pages = self.out.bytes;
        write!(self.out, "{PAGES} 0 obj\n<</Type/Pages/Count {}/Kids[{kids}]>>\nendobj\n", self.pages)?;
        let table = self.out.bytes;
        let count = self.places.len() + 1;
        write!(self.out, "xref\n0 {count}\n0000000000 65535 f \n")?;
        let last = self.places.split_off(PAGES);
        for place in [catalog, pages].into_iter().chain(last) {
            writeln!(self.out, "{place:010} 00000 n ")?;
        }
        write!(self.out, "trailer\n<</Size {count}/Root {CATALOG} 0 R>>\nstartxref\n{table}\n%%EOF\n")?;
        self.out.flush()?;
        Ok(self.out.bytes)
    }

    fn object(&mut self, content: Arguments<'_>) -> io::Result<()> {
        self.begin_object()?;
        write!(self.out, "{content}\nendobj\n")
    }

    fn begin_object(&mut self) -> io::Result<()> {
        self.places.push(self.out.bytes);
        writeln!(self.out, "{} 0 obj", self.places.len())
    }
}

/// Counts what is written, and writes no more than `max` bytes.
struct Counted<Out> {
    out: Out,
    bytes: u64,
    max: u64,
}

impl<Out: Write> Write for Counted<Out> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.saturating_add(bytes.len() as u64) > self.max {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let written = self.out.write(bytes)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_written_than_the_limit() -> io::Result<()> {
        let mut written = Vec::new();
        let mut document = Document::begin(&mut written, 2000)?;
        let mut seed = 1_u32;
        let noise = |image: &mut dyn Write| {
            for _ in 0..3000 {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                image.write_all(&[(seed >> 24) as u8])?;
            }
            Ok(())
        };
        let failed = document.page(50, 20, noise);
        assert_eq!(failed.map_err(|error| error.kind()), Err(io::ErrorKind::FileTooLarge));
        assert!(written.len() <= 2000);
        Ok(())
    }
}
