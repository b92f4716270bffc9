//! What is opened: a link or a file.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use atoll_wire::limits::{MAX_FILE_PATH_BYTES, MAX_URL_BYTES};

use super::common::is_scheme;

/// Links that are opened. Others are for programs of this guest alone.
pub const SCHEMES: [&str; 3] = ["http", "https", "mailto"];

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    Url(String),
    /// Absolute.
    File(PathBuf),
}

impl Target {
    /// From what a program has given: a link, `file:` or a path.
    ///
    /// # Errors
    /// It can be none of these; for people.
    pub fn parse(word: &OsStr) -> Result<Self, String> {
        if let Some(path) = word.to_str().and_then(file_of_url) {
            return Ok(Self::File(path));
        }
        match word.to_str().and_then(|text| text.split_once(':')) {
            Some((scheme, _)) if is_scheme(scheme) && !Path::new(word).exists() => {
                Self::url(word.to_str().unwrap_or_default())
            }
            _ => Ok(Self::File(PathBuf::from(word))),
        }
    }

    /// # Errors
    /// It is no link that may be opened; for people.
    pub fn url(url: &str) -> Result<Self, String> {
        let (scheme, rest) = url.split_once(':').unwrap_or_default();
        if !SCHEMES.iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
            return Err(format!("{scheme}: links of this kind are not opened"));
        }
        let has_user = !scheme.eq_ignore_ascii_case("mailto")
            && rest.trim_start_matches('/').split(['/', '?', '#']).next().is_some_and(|host| host.contains('@'));
        let is_bad = |letter: char| letter.is_control() || letter.is_whitespace();
        if url.len() > MAX_URL_BYTES || url.contains(is_bad) || has_user || rest.is_empty() || rest.contains("%00") {
            return Err("a link that is too long, or holds spaces or a user's name".to_owned());
        }
        Ok(Self::Url(url.to_owned()))
    }

    /// From the wire, or from the socket: one of both is there.
    ///
    /// # Errors
    /// Neither, or not as it must be.
    pub fn of(url: &str, path: &[u8]) -> Result<Self, String> {
        match (url, path) {
            (url, []) => Self::url(url),
            ("", path) if path.starts_with(b"/") && path.len() <= MAX_FILE_PATH_BYTES && !path.contains(&0) => {
                Ok(Self::File(PathBuf::from(OsString::from_vec(path.to_vec()))))
            }
            _ => Err("no link, and no absolute path".to_owned()),
        }
    }

    pub fn url_text(&self) -> &str {
        match self {
            Self::Url(url) => url,
            Self::File(_) => "",
        }
    }

    pub fn path_bytes(&self) -> &[u8] {
        match self {
            Self::Url(_) => &[],
            Self::File(path) => path.as_os_str().as_bytes(),
        }
    }

    /// For a program's command line: bytes that are no UTF-8 are written as in a link.
    pub fn argument(&self) -> String {
        match self {
            Self::Url(url) => url.clone(),
            Self::File(path) => path.to_str().map_or_else(|| url_of_file(path), str::to_owned),
        }
    }
}

fn file_of_url(url: &str) -> Option<PathBuf> {
    let rest = url.get(..5).filter(|scheme| scheme.eq_ignore_ascii_case("file:")).and_then(|_| url.get(5..))?;
    let path = match rest.strip_prefix("//") {
        Some(rest) => rest.get(rest.find('/')?..)?,
        None => rest,
    };
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = (*first == b'%').then(|| after.get(..2)).flatten();
        match code.and_then(|code| u8::from_str_radix(std::str::from_utf8(code).ok()?, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    (bytes.starts_with(b"/") && !bytes.contains(&0)).then(|| PathBuf::from(OsString::from_vec(bytes)))
}

fn url_of_file(path: &Path) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte);
    let encoded = path
        .as_os_str()
        .as_bytes()
        .iter()
        .map(|byte| if is_plain(*byte) { char::from(*byte).to_string() } else { format!("%{byte:02X}") });
    format!("file://{}", encoded.collect::<String>())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn links_that_are_opened() {
        for url in [
            "http://a.example/",
            "HTTPS://a.example/x?y=a@b#z",
            "mailto:a@example.org?subject=x",
            "https://a.example/@user",
        ] {
            assert_eq!(Target::url(url), Ok(Target::Url(url.to_owned())));
            assert_eq!(Target::parse(OsStr::new(url)), Ok(Target::Url(url.to_owned())));
        }
    }

    #[test]
    fn links_that_are_not() {
        let long = format!("https://a.example/{}", "x".repeat(8192));
        for url in [
            "javascript:alert(1)",
            "data:text/html,x",
            "ftp://a/",
            "http:",
            "https://user@a.example/",
            "https://u:p@a.example",
            "http://a b/",
            "http://a\n/",
            "http://a/%00",
            "-http://a",
            "",
            ":",
            "http://a\u{a0}/",
            &long,
        ] {
            assert!(Target::url(url).is_err(), "{url}");
        }
    }

    #[test]
    fn files_are_given_as_paths_or_links() {
        for (word, path) in [
            ("file:///a%20b", "/a b"),
            ("FILE:/c", "/c"),
            ("file://host/d%C3%A7", "/dç"),
            ("/e:f", "/e:f"),
            ("g", "g"),
            ("file:///100%", "/100%"),
        ] {
            assert_eq!(Target::parse(OsStr::new(word)), Ok(Target::File(path.into())), "{word}");
        }
        assert!(
            Target::of("", b"relative").is_err()
                && Target::of("", b"").is_err()
                && Target::of("http://a/", b"/b").is_err()
        );
        assert!(Target::of("", b"/a\0").is_err());
    }

    proptest! {
        #[test]
        fn a_path_comes_back_from_its_link(bytes in prop::collection::vec(1u8..=255, 0..60)) {
            let path = PathBuf::from(OsString::from_vec([&b"/"[..], &bytes].concat()));
            prop_assert_eq!(Target::parse(OsStr::new(&url_of_file(&path))), Ok(Target::File(path)));
        }

        #[test]
        fn any_word_is_a_target_or_not(word in "\\PC{0,60}") {
            let _ = Target::parse(OsStr::new(&word));
        }
    }
}
