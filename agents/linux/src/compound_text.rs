//! COMPOUND_TEXT, in which programs of before UTF-8 give the titles of their windows, and some of today: LibreOffice does where a
//! title has characters beyond Latin-1, as the dash before its name.
//!
//! @see https://www.x.org/releases/X11R7.6/doc/xorg-docs/specs/CTEXT/ctext.html

use encoding_rs::Encoding;

const ESCAPE: u8 = 0x1b;
/// Begins what says where text runs to.
const CONTROL: u8 = 0x9b;
const NAME_END: u8 = 0x02;
const BEGIN_UTF8: &[u8] = b"%G";
const END_UTF8: &[u8] = b"\x1b%@";

/// Which characters bytes of one half stand for.
#[derive(Debug, Clone, Copy)]
enum Set {
    Ascii,
    /// Of one byte each, which the encoding has in its upper half.
    Single(&'static Encoding),
    /// Of two bytes each, likewise.
    Double(&'static Encoding),
    Unknown,
}

/// What is no COMPOUND_TEXT, or is of a set that is not known, becomes U+FFFD.
pub fn decode(mut bytes: &[u8]) -> String {
    let mut text = String::new();
    let (mut lower, mut upper) = (Set::Ascii, Set::Single(encoding_rs::WINDOWS_1252));
    while let [first, rest @ ..] = bytes {
        match *first {
            ESCAPE if rest.starts_with(BEGIN_UTF8) => {
                let content = &rest[BEGIN_UTF8.len()..];
                let end = content.windows(END_UTF8.len()).position(|at| at == END_UTF8).unwrap_or(content.len());
                text.push_str(&String::from_utf8_lossy(&content[..end]));
                bytes = content.get(end + END_UTF8.len()..).unwrap_or_default();
            }
            ESCAPE => bytes = escape(rest, &mut lower, &mut upper, &mut text),
            CONTROL => {
                let end = rest.iter().position(|byte| (0x40..0x7f).contains(byte)).map_or(rest.len(), |at| at + 1);
                bytes = &rest[end..];
            }
            _ => {
                let half = first & 0x80;
                let is_of_half = |byte: &u8| byte & 0x80 == half && *byte != ESCAPE && *byte != CONTROL;
                let end = bytes.iter().position(|byte| !is_of_half(byte)).unwrap_or(bytes.len());
                push(&mut text, &bytes[..end], if half == 0 { lower } else { upper });
                bytes = &bytes[end..];
            }
        }
    }
    text
}

/// What follows an ESC. Gives what comes after it.
fn escape<'a>(rest: &'a [u8], lower: &mut Set, upper: &mut Set, text: &mut String) -> &'a [u8] {
    match *rest {
        // A segment of an encoding by name: its length, twice seven bits, and then name and text.
        [b'%', b'/', _, high, low, ref rest @ ..] => {
            let length = usize::from(high & 0x7f) << 7 | usize::from(low & 0x7f);
            let (segment, rest) = rest.split_at_checked(length).unwrap_or((rest, &[]));
            match named(segment) {
                Some((encoding, content)) => text.push_str(&encoding.decode_without_bom_handling(content).0),
                None => text.push(char::REPLACEMENT_CHARACTER),
            }
            rest
        }
        [b'(', set, ref rest @ ..] => {
            *lower = of_94(set);
            rest
        }
        [b')', set, ref rest @ ..] => {
            *upper = of_94(set);
            rest
        }
        [b'-', set, ref rest @ ..] => {
            *upper = of_96(set);
            rest
        }
        [b'$', b'(', set, ref rest @ ..] => {
            *lower = of_94_twice(set);
            rest
        }
        [b'$', b')', set, ref rest @ ..] => {
            *upper = of_94_twice(set);
            rest
        }
        _ => {
            text.push(char::REPLACEMENT_CHARACTER);
            rest
        }
    }
}

/// Name and text of a segment. Xlib writes "big5-0" for the first of a font's parts.
fn named(segment: &[u8]) -> Option<(&'static Encoding, &[u8])> {
    let at = segment.iter().position(|byte| *byte == NAME_END)?;
    let (name, content) = (&segment[..at], &segment[at + 1..]);
    let encoding = Encoding::for_label(name).or_else(|| Encoding::for_label(name.strip_suffix(b"-0")?))?;
    Some((encoding, content))
}

fn of_94(set: u8) -> Set {
    match set {
        b'B' | b'J' => Set::Ascii,
        b'I' => Set::Single(encoding_rs::SHIFT_JIS),
        _ => Set::Unknown,
    }
}

fn of_96(set: u8) -> Set {
    Set::Single(match set {
        b'A' => encoding_rs::WINDOWS_1252,
        b'B' => encoding_rs::ISO_8859_2,
        b'C' => encoding_rs::ISO_8859_3,
        b'D' => encoding_rs::ISO_8859_4,
        b'F' => encoding_rs::ISO_8859_7,
        b'G' => encoding_rs::ISO_8859_6,
        b'H' => encoding_rs::ISO_8859_8,
        b'L' => encoding_rs::ISO_8859_5,
        b'M' => encoding_rs::WINDOWS_1254,
        b'T' => encoding_rs::WINDOWS_874,
        b'V' => encoding_rs::ISO_8859_10,
        b'Y' => encoding_rs::ISO_8859_13,
        b'_' => encoding_rs::ISO_8859_14,
        b'b' => encoding_rs::ISO_8859_15,
        b'f' => encoding_rs::ISO_8859_16,
        _ => return Set::Unknown,
    })
}

fn of_94_twice(set: u8) -> Set {
    match set {
        b'A' => Set::Double(encoding_rs::GBK),
        b'B' => Set::Double(encoding_rs::EUC_JP),
        b'C' => Set::Double(encoding_rs::EUC_KR),
        _ => Set::Unknown,
    }
}

fn push(text: &mut String, bytes: &[u8], set: Set) {
    let raised = |byte: &u8| match *byte {
        // No characters of a set: spaces and line ends.
        0..=0x20 | 0x7f => *byte,
        byte => byte | 0x80,
    };
    match set {
        Set::Ascii => text.extend(bytes.iter().map(|byte| char::from(byte & 0x7f))),
        Set::Unknown => text.extend(bytes.iter().map(|_| char::REPLACEMENT_CHARACTER)),
        Set::Single(encoding) | Set::Double(encoding) => {
            let raised: Vec<u8> = bytes.iter().map(raised).collect();
            text.push_str(&encoding.decode_without_bom_handling(&raised).0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_what_xlib_writes() {
        let cases: [(&[u8], &str); 13] = [
            (b"", ""),
            (b"plain", "plain"),
            (b"caf\xe9", "caf\u{e9}"),
            // As LibreOffice has it.
            (b"letter.odt \x1b%G\xe2\x80\x94\x1b%@ LibreOffice Writer", "letter.odt \u{2014} LibreOffice Writer"),
            (b"\x1b-LPar\xbe\xdb\xec here", "Par\u{41e}\u{43b}\u{44c} here"),
            (b"\x1b-F\xc1\x1b-A\xe9", "\u{391}\u{e9}"),
            (b"\x1b$(B$\"$$\x1b(B!", "\u{3042}\u{3044}!"),
            (b"\x1b$)A\xd6\xd0 \xb9\xfa", "\u{4e2d} \u{56fd}"),
            (b"\x1b$(C0!\x1b(B", "\u{ac00}"),
            (b"\x1b)I\xb1", "\u{ff71}"),
            (b"\x9b1]left\x9b]", "left"),
            (b"\x1b%/1\x80\x8ciso8859-15\x02\xa4 after", "\u{20ac} after"),
            (b"\x1b%/2\x80\x89big5-0\x02\xa4\xa4 after", "\u{4e2d} after"),
        ];
        for (bytes, text) in cases {
            assert_eq!(decode(bytes), text, "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn what_is_cut_off_or_unknown_is_marked() {
        let cases: [(&[u8], &str); 8] = [
            (b"a\x1b", "a\u{fffd}"),
            (b"a\x1bz", "a\u{fffd}z"),
            (b"a\x1b%", "a\u{fffd}%"),
            (b"a\x1b%Gb\xff", "ab\u{fffd}"),
            (b"a\x1b%/1\xff\xffname", "a\u{fffd}"),
            (b"\x1b%/1\x80\x86none\x02a after", "\u{fffd} after"),
            (b"\x1b-zab\xe9", "ab\u{fffd}"),
            (b"a\x9b12", "a"),
        ];
        for (bytes, text) in cases {
            assert_eq!(decode(bytes), text, "{}", bytes.escape_ascii());
        }
    }

    proptest! {
        #[test]
        fn whatever_the_bytes_are_the_text_is_not_longer_than_they_may_say(
            bytes in proptest::collection::vec(any::<u8>(), 0..600),
        ) {
            prop_assert!(decode(&bytes).chars().count() <= bytes.len());
        }

        #[test]
        fn utf8_between_its_marks_comes_as_it_is(text in "[^\u{1b}]{0,40}") {
            let bytes = [b"\x1b%G", text.as_bytes(), b"\x1b%@"].concat();
            prop_assert_eq!(decode(&bytes), text);
        }
    }
}
