//! Frames in a stream, as QEMU's `-netdev stream` and passt have them: each after its length, four bytes, big endian.

/// More no frame has (QEMU: NET_BUFSIZE). A stream with a longer one is not one of frames.
pub const MAX_FRAME_BYTES: usize = 4096 + 65536;
const LENGTH_BYTES: usize = 4;

#[derive(Debug, PartialEq, Eq)]
pub struct NotFrames;

/// What a look at a buffer has found.
#[derive(Debug, PartialEq, Eq, Default)]
pub struct Sifted {
    /// The buffer begins with this many bytes of whole frames that pass.
    pub passing: usize,
    /// After so many bytes of the buffer as it was a frame begins that is not whole yet.
    pub seen: usize,
    pub dropped: u64,
}

/// Moves the whole frames that pass to the buffer's beginning. What is behind `seen` stays where it is.
pub fn sift(buffer: &mut [u8], mut passes: impl FnMut(&[u8]) -> bool) -> Result<Sifted, NotFrames> {
    let mut sifted = Sifted::default();
    while let Some(head) = buffer.get(sifted.seen..sifted.seen + LENGTH_BYTES) {
        let length = head.iter().fold(0usize, |length, &byte| length << 8 | usize::from(byte));
        if length > MAX_FRAME_BYTES {
            return Err(NotFrames);
        }
        let end = sifted.seen + LENGTH_BYTES + length;
        let Some(frame) = buffer.get(sifted.seen + LENGTH_BYTES..end) else { break };
        if passes(frame) {
            buffer.copy_within(sifted.seen..end, sifted.passing);
            sifted.passing += LENGTH_BYTES + length;
        } else {
            sifted.dropped += 1;
        }
        sifted.seen = end;
    }
    Ok(sifted)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use proptest::prelude::*;

    fn stream(frames: &[Vec<u8>]) -> Vec<u8> {
        frames.iter().flat_map(|frame| [&(frame.len() as u32).to_be_bytes()[..], frame].concat()).collect()
    }

    #[test]
    fn what_is_no_frame_is_noticed() {
        let mut bytes = (MAX_FRAME_BYTES as u32 + 1).to_be_bytes().to_vec();
        assert_eq!(sift(&mut bytes, |_| true), Err(NotFrames));
        let mut bytes = (MAX_FRAME_BYTES as u32).to_be_bytes().to_vec();
        assert_eq!(sift(&mut bytes, |_| true), Ok(Sifted::default()));
    }

    proptest! {
        #[test]
        fn exactly_the_whole_frames_that_pass_are_left_in_order(
            frames in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..30), 0..12),
            cut in 0usize..40,
        ) {
            let is_even = |frame: &[u8]| frame.len() % 2 == 0;
            let whole = stream(&frames);
            let mut bytes = whole[..whole.len().saturating_sub(cut)].to_vec();
            let sifted = sift(&mut bytes, is_even).unwrap();
            let mut seen = 0;
            let mut expected = Vec::new();
            let mut dropped = 0;
            for frame in &frames {
                if seen + 4 + frame.len() > bytes.len() { break; }
                seen += 4 + frame.len();
                if is_even(frame) { expected.push(frame.clone()) } else { dropped += 1 }
            }
            prop_assert_eq!(&bytes[..sifted.passing], stream(&expected));
            prop_assert_eq!((sifted.seen, sifted.dropped), (seen, dropped));
            prop_assert_eq!(&bytes[seen..], &whole[seen..bytes.len()]);
        }
    }
}
