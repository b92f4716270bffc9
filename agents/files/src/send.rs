//! Sends the files of a list as records. A file that is another than it was when it was listed, or changes while it is read,
//! counts for nothing.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::os::fd::AsFd;

use atoll_wire::limits::MAX_FILE_RECORD_BYTES;
use atoll_wire::{FileKind, FileReason, FilesSend};
use rustix::fs::{Advice, FileType, fadvise, fstat};

use crate::End;
use crate::control::Control;
use crate::digest::Hasher;
use crate::list::{Listed, Listing, Seen, reason};
use crate::record::{self, Record};

/// Small records go out together.
const OUT_BYTES: usize = 64 * 1024;

/// Sends what `request` wants of the list.
pub fn send(listed: &Listed, request: &FilesSend, out: impl Write, control: &Control) -> End {
    let mut sender =
        Sender { out: BufWriter::with_capacity(OUT_BYTES, out), buffer: vec![0; MAX_FILE_RECORD_BYTES], control };
    match sender.send_all(listed, request) {
        Ok(()) => End::DONE,
        // Nobody reads: the transfer was stopped, or the host is gone.
        Err(error) => {
            End::new(FileReason::Stopped, if control.is_stopped() { String::new() } else { error.to_string() })
        }
    }
}

struct Sender<'a, W: Write> {
    out: BufWriter<W>,
    buffer: Vec<u8>,
    control: &'a Control,
}

impl<W: Write> Sender<'_, W> {
    fn send_all(&mut self, listed: &Listed, request: &FilesSend) -> io::Result<()> {
        let left_out = request.left_out.iter().copied().collect::<HashSet<_>>();
        let first = usize::try_from(request.first).unwrap_or(usize::MAX);
        for listing in listed.files.iter().skip(first) {
            let index = listing.entry.index;
            if listing.entry.kind() != FileKind::File || left_out.contains(&index) {
                continue;
            }
            let prefix =
                (index == request.first && request.offset > 0).then_some((request.offset, &request.prefix_sha256[..]));
            if let Err(reason) = self.send_file(listed, listing, prefix)? {
                let reason = u8::try_from(i32::from(reason)).unwrap_or(0);
                record::write(&mut self.out, Record::Failed { index, reason })?;
            }
        }
        record::write(&mut self.out, Record::All)?;
        self.out.flush()
    }

    /// # Errors
    /// Writing. The result within: why the file cannot be sent.
    fn send_file(
        &mut self,
        listed: &Listed,
        listing: &Listing,
        prefix: Option<(u64, &[u8])>,
    ) -> io::Result<Result<(), FileReason>> {
        let mut file = match listed.open(listing) {
            Ok(file) => File::from(file),
            Err(error) => return Ok(Err(reason(&error))),
        };
        if !is_as_seen(&file, listing.seen) {
            return Ok(Err(FileReason::Changed));
        }
        if listing.seen.size > OUT_BYTES as u64 {
            let _ = fadvise(&file, 0, None, Advice::Sequential);
        }
        let index = listing.entry.index;
        let (mut hasher, mut at) = (Hasher::default(), 0);
        if let Some((length, digest)) = prefix {
            match known_prefix(&mut file, length.min(listing.seen.size), digest) {
                Ok(Some(known)) => (hasher, at) = (known, length.min(listing.seen.size)),
                Ok(None) => {}
                Err(_) => return Ok(Err(FileReason::Unreadable)),
            }
        }
        record::write(&mut self.out, Record::Begin { index, offset: at })?;
        while at < listing.seen.size {
            if self.control.is_stopped() {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let wanted = usize::try_from(listing.seen.size - at).unwrap_or(usize::MAX).min(self.buffer.len());
            let count = match file.read(self.buffer.get_mut(..wanted).unwrap_or_default()) {
                Ok(0) => return Ok(Err(FileReason::Changed)),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(_) => return Ok(Err(FileReason::Unreadable)),
            };
            let bytes = self.buffer.get(..count).unwrap_or_default();
            hasher.update(bytes);
            record::write(&mut self.out, Record::Data { index, bytes })?;
            at += count as u64;
        }
        if !is_as_seen(&file, listing.seen) {
            return Ok(Err(FileReason::Changed));
        }
        record::write(&mut self.out, Record::End { index, digest: hasher.digest() })?;
        Ok(Ok(()))
    }
}

fn is_as_seen(file: impl AsFd, seen: Seen) -> bool {
    fstat(file)
        .is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile && Seen::of(&stat) == seen)
}

/// The state of the hash after the first `length` bytes, where they have this digest; else the file is at its begin again.
fn known_prefix(file: &mut File, length: u64, digest: &[u8]) -> io::Result<Option<Hasher>> {
    use std::io::Seek;
    let mut hasher = Hasher::default();
    if hasher.read(file, length)? == length && hasher.clone().digest() == digest {
        return Ok(Some(hasher));
    }
    file.rewind()?;
    Ok(None)
}
