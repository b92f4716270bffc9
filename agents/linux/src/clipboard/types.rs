//! Names of a clip's types: MIME types, and the names that X11 programs have for text.

/// The names of plain text in UTF-8, the best first. A program that has a clip under one of them is taken to have it
/// under all.
const TEXT: [&str; 5] = ["text/plain;charset=utf-8", "UTF8_STRING", "text/plain", "TEXT", "STRING"];

/// Targets of X11 that are questions and orders to the owner of a selection, no types of its content.
/// @see ICCCM, 2.6.2 and 2.6.3
const NO_CONTENT: [&str; 9] = [
    "TARGETS",
    "MULTIPLE",
    "TIMESTAMP",
    "SAVE_TARGETS",
    "DELETE",
    "INSERT_SELECTION",
    "INSERT_PROPERTY",
    "INCR",
    "ATOM_PAIR",
];

/// Whether a target of X11 is a type of content.
pub fn is_content(target: &str) -> bool {
    !NO_CONTENT.contains(&target)
}

/// The types of a clip as programs are told them: its own, in its order, then the further names of text.
pub fn with_aliases(types: &[String]) -> Vec<String> {
    let mut all = types.to_vec();
    if types.iter().any(|own| TEXT.contains(&own.as_str())) {
        let missing = TEXT.iter().filter(|name| !types.iter().any(|own| own == *name));
        all.extend(missing.map(|name| (*name).to_owned()));
    }
    all
}

/// The clip's own type for what a program asks for by one of the names of [`with_aliases`].
pub fn own_type<'a>(types: &'a [String], wanted: &str) -> Option<&'a str> {
    let own = |name: &str| types.iter().find(|own| *own == name).map(String::as_str);
    own(wanted).or_else(|| TEXT.contains(&wanted).then(|| TEXT.iter().find_map(|name| own(name))).flatten())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn types(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn text_has_all_its_names_after_the_own_ones() {
        let all = with_aliases(&types(&["image/png", "UTF8_STRING"]));
        assert_eq!(all, ["image/png", "UTF8_STRING", "text/plain;charset=utf-8", "text/plain", "TEXT", "STRING"]);
        assert_eq!(with_aliases(&types(&["image/png", "text/html"])), ["image/png", "text/html"]);
        assert_eq!(with_aliases(&[]), [] as [&str; 0]);
    }

    #[test]
    fn a_type_is_found_by_each_of_its_names() {
        let own = types(&["STRING", "text/plain;charset=utf-8", "image/png"]);
        for (wanted, found) in [
            ("STRING", Some("STRING")),
            ("UTF8_STRING", Some("text/plain;charset=utf-8")),
            ("text/plain", Some("text/plain;charset=utf-8")),
            ("image/png", Some("image/png")),
            ("text/html", None),
            ("", None),
        ] {
            assert_eq!(own_type(&own, wanted), found, "{wanted}");
        }
        assert_eq!(own_type(&types(&["image/png"]), "UTF8_STRING"), None);
    }

    #[test]
    fn orders_to_an_owner_are_no_types() {
        assert!(is_content("UTF8_STRING") && is_content("text/html"));
        assert!(!is_content("TARGETS") && !is_content("SAVE_TARGETS"));
    }
}
