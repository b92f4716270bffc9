//! Texts that go to the host.

/// Shortens a text to at most `bytes`, at the end of a character.
pub fn cut(text: &mut String, bytes: usize) {
    if text.len() > bytes {
        let end = (0..=bytes).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        text.truncate(end);
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_long_text_is_cut_between_characters() {
        let mut text = "aéé".to_owned();
        super::cut(&mut text, 4);
        assert_eq!(text, "aé");
        super::cut(&mut text, 4);
        assert_eq!(text, "aé");
    }
}
