//! What the agent and the program of its portal both have to know.

/// The name of the portal on the session bus.
pub const PORTAL: &str = "org.freedesktop.portal.Desktop";
/// Of a program that was started to open something: what, and when. See `client`.
pub const OPENED: &str = "ATOLL_OPENED";

/// Of a link, whatever opens it.
pub fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.chars().all(|letter| letter.is_ascii_alphanumeric() || "+-.".contains(letter))
}
