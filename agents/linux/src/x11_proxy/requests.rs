//! What the window manager asks of the X server. It holds the server (GrabServer) while it puts a window into a frame; where
//! a program holds it already, the server would not read on until that one lets go. So its requests to hold it are taken
//! out: what it does then stands in one piece anyway, since it writes it at once.

const GRAB_SERVER: u8 = 36;
const UNGRAB_SERVER: u8 = 37;
const NO_OPERATION: u8 = 127;
/// Of a request; its length is in the second half. Of a large one (BIG-REQUESTS) that is 0, and another half follows.
const HEADER_BYTES: usize = 4;

#[derive(Debug, Default)]
pub struct Requests {
    header: Vec<u8>,
    /// Bytes that are still to come of the request whose header has been passed.
    left: usize,
}

impl Requests {
    /// Appends to `out` what the server is given of the manager's next bytes.
    pub fn pass(&mut self, mut bytes: &[u8], out: &mut Vec<u8>) {
        while !bytes.is_empty() {
            if self.left > 0 {
                let (now, rest) = bytes.split_at(self.left.min(bytes.len()));
                out.extend_from_slice(now);
                self.left -= now.len();
                bytes = rest;
                continue;
            }
            let missing = if self.is_large() { 2 * HEADER_BYTES } else { HEADER_BYTES } - self.header.len();
            let (now, rest) = bytes.split_at(missing.min(bytes.len()));
            self.header.extend_from_slice(now);
            bytes = rest;
            if let Some(length) = self.length() {
                if matches!(self.header[0], GRAB_SERVER | UNGRAB_SERVER) {
                    self.header[0] = NO_OPERATION;
                }
                out.extend_from_slice(&self.header);
                self.left = length.saturating_sub(self.header.len());
                self.header.clear();
            }
        }
    }

    fn is_large(&self) -> bool {
        self.header.len() >= HEADER_BYTES && self.header[2..HEADER_BYTES] == [0, 0]
    }

    /// Of the request that begins; None = not all of its header is there.
    fn length(&self) -> Option<usize> {
        let words = match self.header.len() {
            HEADER_BYTES if !self.is_large() => u32::from(u16::from_ne_bytes([self.header[2], self.header[3]])),
            length if length == 2 * HEADER_BYTES => u32::from_ne_bytes(self.header[HEADER_BYTES..].try_into().ok()?),
            _ => return None,
        };
        Some(words as usize * 4)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(opcode: u8, words: u16) -> Vec<u8> {
        let mut bytes = vec![opcode; usize::from(words) * 4];
        bytes[1] = 0;
        bytes[2..4].copy_from_slice(&words.to_ne_bytes());
        bytes
    }

    #[test]
    fn requests_to_hold_the_server_become_none_however_they_are_cut() {
        let mut large = vec![36; 12];
        large[2..4].copy_from_slice(&[0, 0]);
        large[0] = 72;
        large[4..8].copy_from_slice(&3u32.to_ne_bytes());
        // A request whose content looks like the one that is looked for.
        let content = [request(18, 6), large].concat();
        let sent = [request(36, 1), content.clone(), request(37, 1), request(8, 2)].concat();
        let expected = [request(127, 1), content, request(127, 1), request(8, 2)].concat();
        for size in [1, 3, 4, 7, sent.len()] {
            let (mut requests, mut out) = (Requests::default(), Vec::new());
            sent.chunks(size).for_each(|part| requests.pass(part, &mut out));
            assert_eq!(out, expected, "in pieces of {size}");
        }
    }
}
