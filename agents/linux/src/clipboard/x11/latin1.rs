//! X11's `STRING` is text in Latin-1; all other text of the agent is UTF-8, whatever a program calls it. Pure.
//! @see ICCCM, 2.6.2

use std::mem;

/// The same text in UTF-8.
pub fn to_utf8(latin1: &[u8]) -> Vec<u8> {
    latin1.iter().map(|byte| char::from(*byte)).collect::<String>().into_bytes()
}

/// Text in UTF-8 that comes in pieces, as Latin-1. A character that Latin-1 does not have becomes a question mark.
#[derive(Debug, Default)]
pub struct ToLatin1 {
    /// The beginning of a character whose end has not come.
    begun: Vec<u8>,
}

impl ToLatin1 {
    pub fn push(&mut self, utf8: &[u8]) -> Vec<u8> {
        let mut all = mem::take(&mut self.begun);
        all.extend_from_slice(utf8);
        let mut latin1 = Vec::with_capacity(all.len());
        let mut rest = all.as_slice();
        while let Err(error) = std::str::from_utf8(rest) {
            let (sound, after) = rest.split_at(error.valid_up_to());
            convert(sound, &mut latin1);
            let Some(broken) = error.error_len() else {
                self.begun = after.to_vec();
                return latin1;
            };
            latin1.push(b'?');
            rest = &after[broken..];
        }
        convert(rest, &mut latin1);
        latin1
    }

    /// What is left when nothing more comes.
    pub fn end(&mut self) -> &'static [u8] {
        if mem::take(&mut self.begun).is_empty() { b"" } else { b"?" }
    }
}

fn convert(utf8: &[u8], latin1: &mut Vec<u8>) {
    let text = std::str::from_utf8(utf8).unwrap_or_default();
    latin1.extend(text.chars().map(|character| u8::try_from(u32::from(character)).unwrap_or(b'?')));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_of_latin1_is_a_character() {
        assert_eq!(to_utf8(b"gr\xfc\xdfe\x80\n"), "grüße\u{80}\n".as_bytes());
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(ToLatin1::default().push(&to_utf8(&all)), all);
    }

    #[test]
    fn what_latin1_does_not_have_is_a_question_mark_wherever_the_pieces_are_cut() {
        let (utf8, latin1) = (b"\xe2\x82\xac \xc3\xbc\xff\xc3 \xf0\x9f\x8c\xb4\xe2\x82".as_slice(), b"? \xfc?? ??");
        for size in 1..=utf8.len() {
            let mut converting = ToLatin1::default();
            let mut all: Vec<u8> = utf8.chunks(size).flat_map(|piece| converting.push(piece)).collect();
            all.extend_from_slice(converting.end());
            assert_eq!(all, latin1, "pieces of {size}");
        }
        assert_eq!(ToLatin1::default().end(), b"");
    }
}
