//! Names of files that come from elsewhere: which may be used, which are the same to a person, and which one is free.

use std::borrow::Cow;

use atoll_wire::limits::MAX_FILE_NAME_BYTES;
use unicode_normalization::UnicodeNormalization;

/// Names of devices on other systems, with any extension.
const RESERVED: [&str; 4] = ["con", "prn", "aux", "nul"];
const RESERVED_NUMBERED: [&str; 2] = ["com", "lpt"];
/// Endings of two parts that stay together: `a (2).tar.gz`.
const INNER_ENDING: &str = ".tar";

/// Whether a file that comes from elsewhere may have this name (one component of a path).
pub fn is_allowed(name: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(name) else { return false };
    !text.is_empty()
        && name.len() <= MAX_FILE_NAME_BYTES
        && text != "."
        && text != ".."
        && !text.contains(is_bad)
        && !text.ends_with(['.', ' '])
        && !is_reserved(text)
        && !is_drive(text)
}

/// Hidden: not allowed as the name of what was chosen.
pub fn is_hidden(name: &[u8]) -> bool {
    name.starts_with(b".")
}

fn is_bad(letter: char) -> bool {
    matches!(letter, '/' | '\\') || letter.is_control() || breaks_lines(letter) || turns_text(letter)
}

fn breaks_lines(letter: char) -> bool {
    matches!(letter, '\u{2028}' | '\u{2029}')
}

/// Unicode's Bidi_Control: `exe.fdp` would be read as `pdf.exe`. Letters of right-to-left scripts need none of them.
fn turns_text(letter: char) -> bool {
    matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn is_reserved(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_ascii_lowercase();
    let is_numbered =
        |prefix: &&str| stem.strip_prefix(*prefix).is_some_and(|rest| matches!(rest.as_bytes(), [b'1'..=b'9']));
    RESERVED.contains(&stem.as_str()) || RESERVED_NUMBERED.iter().any(is_numbered)
}

fn is_drive(name: &str) -> bool {
    matches!(name.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic())
}

/// Two names with the same key differ in case or in the form of their letters alone.
pub fn key(name: &str) -> String {
    let lower = |text: &str| text.nfd().flat_map(char::to_lowercase).collect::<String>();
    // Lowering can make letters that have another form: twice is enough (property test).
    lower(&lower(name)).nfc().collect()
}

/// `name (2).ext`, for number 2; the name is shortened where it would become too long.
pub fn numbered(name: &str, number: u32) -> String {
    suffixed(name, &format!(" ({number})"))
}

/// `name` with `suffix` before its extension.
pub fn suffixed(name: &str, suffix: &str) -> String {
    let (stem, ending) = split_ending(name);
    let room = MAX_FILE_NAME_BYTES.saturating_sub(suffix.len() + ending.len());
    // An ending that leaves no room is none.
    let (stem, ending) = if room == 0 { (name, "") } else { (stem, ending) };
    let room = MAX_FILE_NAME_BYTES.saturating_sub(suffix.len() + ending.len());
    format!("{}{suffix}{ending}", cut(stem, room))
}

/// At most so long, with its extension where that leaves room for more.
pub fn shortened(name: &str, bytes: usize) -> String {
    let (stem, ending) = split_ending(name);
    let (stem, ending) = if ending.len() < bytes { (stem, ending) } else { (name, "") };
    format!("{}{ending}", cut(stem, bytes - ending.len()))
}

fn split_ending(name: &str) -> (&str, &str) {
    let dot = |text: &str| text.rfind('.').filter(|at| *at > 0);
    let Some(at) = dot(name) else { return (name, "") };
    let stem = name.get(..at).unwrap_or_default();
    let at = stem.strip_suffix(INNER_ENDING).filter(|stem| !stem.is_empty()).map_or(at, str::len);
    name.split_at_checked(at).unwrap_or((name, ""))
}

fn cut(text: &str, bytes: usize) -> Cow<'_, str> {
    if text.len() <= bytes {
        return text.into();
    }
    let end = (0..=bytes).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    text.get(..end).unwrap_or_default().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_that_may_be_used() {
        let long = "é".repeat(127);
        for name in [
            "a",
            "a.txt",
            "-rf",
            "a b",
            "..a",
            ".profile",
            "...b",
            "שלום.pdf",
            "مرحبا",
            "👩‍👩‍👧.png",
            "e\u{301}",
            "%s",
            "$(id)",
            "ab:c",
            "console",
            "com0",
            "com10",
            "ab:",
            "日本語",
            "'\"`",
            "~",
            "*?",
            &long,
        ] {
            assert!(is_allowed(name.as_bytes()), "{name:?}");
        }
    }

    #[test]
    fn names_that_may_not() {
        let long = "x".repeat(256);
        for name in [
            "",
            ".",
            "..",
            "a/b",
            "/",
            "a\\b",
            "a\0",
            "a\nb",
            "\t",
            "\u{1b}[2J",
            "\u{7f}",
            "\u{85}",
            "a.",
            "a ",
            "...",
            "CON",
            "nul.txt",
            "Aux",
            "aux .c",
            "COM1",
            "lpt9.log",
            "C:",
            "c:evil",
            "a\u{202e}fdp.exe",
            "\u{200f}a",
            "\u{2066}a",
            "\u{61c}a",
            "a\u{2028}b",
            &long,
        ] {
            assert!(!is_allowed(name.as_bytes()), "{name:?}");
        }
        assert!(!is_allowed(b"caf\xe9"));
    }

    #[test]
    fn names_that_are_the_same_to_a_person() {
        for (one, other) in
            [("A.txt", "a.TXT"), ("é", "e\u{301}"), ("É", "e\u{301}"), ("ÅNGSTRÖM", "ångström"), ("\u{212b}", "å")]
        {
            assert_eq!(key(one), key(other), "{one} {other}");
        }
        assert_ne!(key("a"), key("b"));
        assert_ne!(key("e"), key("é"));
    }

    #[test]
    fn a_number_comes_before_the_extension() {
        for (name, free) in [
            ("a.txt", "a (2).txt"),
            ("a", "a (2)"),
            (".profile", ".profile (2)"),
            ("a.tar.gz", "a (2).tar.gz"),
            (".tar.gz", ".tar (2).gz"),
            ("a.b.c", "a.b (2).c"),
        ] {
            assert_eq!(numbered(name, 2), free);
        }
        assert_eq!(suffixed("a.odt", ".before-edit"), "a.before-edit.odt");
    }

    proptest! {
        #[test]
        fn a_free_name_is_allowed_and_another(name in "\\PC{1,90}", number in 2u32..100_000) {
            prop_assume!(is_allowed(name.as_bytes()));
            let free = numbered(&name, number);
            prop_assert!(is_allowed(free.as_bytes()), "{:?}", free);
            prop_assert!(free != name);
        }

        #[test]
        fn a_key_is_the_same_for_every_form(name in "\\PC{0,40}") {
            let first = key(&name);
            prop_assert_eq!(key(&first), first.clone());
            prop_assert_eq!(key(&name.nfd().collect::<String>()), first.clone());
            prop_assert_eq!(key(&name.nfc().collect::<String>()), first);
        }

        #[test]
        fn any_bytes_are_a_name_or_not(name in prop::collection::vec(any::<u8>(), 0..300)) {
            if is_allowed(&name) {
                prop_assert!(name.len() <= 255 && !name.contains(&b'/') && !name.contains(&0) && !name.contains(&b'\n'));
            }
        }
    }
}
