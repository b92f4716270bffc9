//! HTML that comes from another VM or from the host, for a program of this guest: cleaned here, by a real parser, before
//! the program gets it. The parser is ammonia's (html5ever); what it writes is made anew from the tree that it has read.
//!
//! What is left is text and its look: no scripts, event handlers, styles, forms, frames or comments. Nothing that would
//! be fetched while the program only shows what was pasted is left either, since it would tell whoever wrote the
//! document that it was pasted, where and when: pictures are kept only where the document itself holds them (`data:`).
//! Links stay, as text that a person may click, where they lead to the web or to a mail address.
//!
//! A pipe does not say how its text is encoded: the document begins by saying so itself, as those of browsers do.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use ammonia::{Builder, UrlRelative};

pub const TYPE: &str = "text/html";
/// Of a document, before and after.
pub const MAX_BYTES: usize = 4 * 1024 * 1024;

/// What every cleaned document begins with. Letter by letter what Firefox, Chromium and WebKitGTK write: a Firefox that does
/// not find these words takes no HTML, and others would take UTF-8 for the Latin-1 that HTML once was.
const ENCODING: &str = "<meta http-equiv=\"content-type\" content=\"text/html; charset=utf-8\">";

/// Elements that are open at once: what a parser has to do grows with their square. Documents of people have some dozens.
const MAX_OPEN_ELEMENTS: usize = 500;
/// Elements that end without an end tag.
const END_BY_THEMSELVES: [&str; 24] = [
    "area", "base", "br", "col", "dd", "dt", "embed", "hr", "img", "input", "li", "link", "meta", "optgroup", "option",
    "p", "source", "tbody", "td", "tfoot", "th", "thead", "tr", "wbr",
];

/// Pictures that a document may hold. No SVG: it is a document itself.
const PICTURES: [&str; 4] = ["data:image/png;", "data:image/jpeg;", "data:image/gif;", "data:image/webp;"];

/// The cleaned document, empty where nothing is left of it. None = it is no UTF-8, too large or too deep: it is not given.
pub fn clean(bytes: Vec<u8>) -> Option<String> {
    let document =
        String::from_utf8(bytes).ok().filter(|document| document.len() <= MAX_BYTES && !is_deep(document))?;
    let mut builder = Builder::default();
    builder
        .url_schemes(HashSet::from(["http", "https", "mailto", "data"]))
        .url_relative(UrlRelative::Deny)
        .rm_tags(["map", "area"])
        .attribute_filter(|element, attribute, value| is_harmless(element, attribute, value).then(|| Cow::from(value)));
    let cleaned = builder.clean(&document).to_string();
    if cleaned.is_empty() {
        return Some(cleaned);
    }
    (cleaned.len() <= MAX_BYTES).then(|| format!("{ENCODING}{cleaned}"))
}

/// Whether the tags of a document leave more elements open than a document of people does. It counts tags as they look,
/// also in comments: an end tag ends one element of its name.
fn is_deep(document: &str) -> bool {
    let mut open: HashMap<String, usize> = HashMap::new();
    let mut sum = 0_usize;
    for tag in document.split('<').skip(1) {
        let (is_end, rest) = tag.strip_prefix('/').map_or((false, tag), |rest| (true, rest));
        let name = rest.split(|at: char| at.is_ascii_whitespace() || at == '>' || at == '/').next().unwrap_or_default();
        let name: String = name.chars().take(32).collect::<String>().to_ascii_lowercase();
        if !name.starts_with(|first: char| first.is_ascii_alphabetic()) || END_BY_THEMSELVES.contains(&name.as_str()) {
            continue;
        }
        let count = open.entry(name).or_default();
        if !is_end {
            *count += 1;
            sum += 1;
        } else if *count > 0 {
            *count -= 1;
            sum -= 1;
        }
        if sum > MAX_OPEN_ELEMENTS {
            return true;
        }
    }
    false
}

/// Of an attribute that ammonia allows.
fn is_harmless(element: &str, attribute: &str, value: &str) -> bool {
    let is_data = value.trim_start().to_ascii_lowercase().starts_with("data:");
    match (element, attribute) {
        ("img", "src") => {
            PICTURES.iter().any(|begin| value.get(..begin.len()).is_some_and(|it| it.eq_ignore_ascii_case(begin)))
        }
        // Addresses of sources that a program might look up; of no use in what is pasted.
        (_, "cite") => false,
        (_, "href") => !is_data,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// What follows the encoding.
    fn cleaned(document: &str) -> String {
        let whole = clean(document.as_bytes().to_vec()).unwrap();
        let Some(cleaned) = whole.strip_prefix(ENCODING) else {
            assert_eq!(whole, "");
            return whole;
        };
        cleaned.to_owned()
    }

    #[test]
    fn a_document_says_how_it_is_encoded_and_one_of_which_nothing_is_left_says_nothing() {
        let said = "<meta http-equiv=\"content-type\" content=\"text/html; charset=utf-8\"><p>gr\u{fc}\u{df}e</p>";
        // Of a browser, of an editor, of a program that says nothing, and of one that says what is not so.
        for document in [
            said,
            "\u{feff}<html><head><meta charset='utf-8'/></head><body><p>gr\u{fc}\u{df}e</p></body></html>",
            "<p>gr\u{fc}\u{df}e</p>",
            "<META content=\"text/html; charset=iso-8859-1\" http-equiv=\"Content-Type\"><p>gr&uuml;&szlig;e</p>",
        ] {
            assert_eq!(clean(document.as_bytes().to_vec()).unwrap(), said, "{document}");
        }
        for document in ["", "<script>x()</script>", "<meta charset=utf-8>"] {
            assert_eq!(clean(document.as_bytes().to_vec()).unwrap(), "", "{document}");
        }
    }

    #[test]
    fn text_and_its_look_stay() {
        for document in [
            "<p>plain <b>bold</b> <i>grüße</i></p>",
            "<ul><li>one</li><li>two</li></ul>",
            "<table><tbody><tr><td colspan=\"2\">cell</td></tr></tbody></table>",
            "<h1>head</h1><pre><code>a &lt; b</code></pre>",
        ] {
            assert_eq!(cleaned(document), document);
        }
    }

    #[test]
    fn nothing_that_runs_stays() {
        for (document, left) in [
            ("<script>alert(1)</script>text", "text"),
            ("<style>@import 'http://x'</style>text", "text"),
            ("<b onclick=\"alert(1)\" style=\"background:url(http://x)\">b</b>", "<b>b</b>"),
            ("<iframe src=\"http://x\"></iframe><object data=\"x\"></object><embed src=\"x\">end", "end"),
            ("<form action=\"http://x\"><input value=\"1\">in</form>", "in"),
            ("<svg><script>alert(1)</script></svg>after", "after"),
            ("<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>", ""),
            (
                "<meta http-equiv=\"refresh\" content=\"0;url=http://x\"><base href=\"http://x\"><link href=\"http://x\">t",
                "t",
            ),
            ("<!-- a comment --><noscript><p title=\"</noscript><img src=x onerror=alert(1)>\"></noscript>", ""),
        ] {
            let cleaned = cleaned(document);
            for bad in ["script", "onerror=", "onclick", "style", "http", "<form", "<!--"] {
                let is_text = cleaned.contains("&lt;") || cleaned.contains("title=");
                assert!(!cleaned.contains(bad) || is_text, "{document}: {cleaned}");
            }
            if !left.is_empty() {
                assert_eq!(cleaned, left, "{document}");
            }
        }
    }

    #[test]
    fn nothing_is_fetched_by_being_shown() {
        let picture = "data:image/png;base64,iVBORw0KGgo=";
        assert_eq!(
            cleaned(&format!("<img src=\"{picture}\" alt=\"a\">")),
            format!("<img src=\"{picture}\" alt=\"a\">")
        );
        for address in [
            "http://x/a.png",
            "https://x/a.png",
            "//x/a.png",
            "a.png",
            "file:///etc/passwd",
            "data:image/svg+xml;base64,AA==",
            "data:text/html,x",
            " http://x",
            "cid:1",
        ] {
            assert_eq!(cleaned(&format!("<img src=\"{address}\">")), "<img>", "{address}");
        }
        assert_eq!(cleaned("<img srcset=\"http://x 2x\"><q cite=\"http://x\">q</q>"), "<img><q>q</q>");
        assert_eq!(cleaned("<video src=\"http://x\" poster=\"http://y\"></video><audio src=\"http://x\"></audio>"), "");
    }

    #[test]
    fn links_lead_to_the_web_and_to_mail_alone() {
        for address in ["https://example.org/a?b=c", "http://example.org/", "mailto:a@example.org"] {
            assert!(cleaned(&format!("<a href=\"{address}\">a</a>")).contains(address), "{address}");
        }
        for address in [
            "javascript:alert(1)",
            "JaVaScRiPt:alert(1)",
            "data:text/html,x",
            " DATA:text/html,x",
            "file:///etc",
            "vbscript:x",
            "x",
        ] {
            assert!(!cleaned(&format!("<a href=\"{address}\">a</a>")).contains("href"), "{address}");
        }
    }

    #[test]
    fn what_is_no_text_or_too_large_is_not_given() {
        assert_eq!(clean(vec![b'<', 0xff, b'>']), None);
        assert!(clean(vec![b'a'; MAX_BYTES]).is_some());
        assert_eq!(clean(vec![b'a'; MAX_BYTES + 1]), None);
        // It grows: each `<` is written as four bytes.
        assert_eq!(clean("< ".repeat(MAX_BYTES / 4).into_bytes()), None);
    }

    #[test]
    fn a_document_whose_parsing_takes_long_is_not_given() {
        for unit in
            ["<b>", "<div>", "<DIV id=a>", "<p><b>x</p>", "<b></p>", "<font><div></font>", "<div></span>", "<a/b>"]
        {
            assert_eq!(clean(unit.repeat(20_000).into_bytes()), None, "{unit}");
        }
        for unit in ["<p>", "<br>", "<li>", "<b>b</b>", "< ", "<td>", "<img alt=a>", "<div><p>x</div>"] {
            assert!(clean(unit.repeat(20_000).into_bytes()).is_some(), "{unit}");
        }
        assert!(clean("<div>".repeat(MAX_OPEN_ELEMENTS).into_bytes()).is_some());
    }

    #[test]
    fn what_is_clean_stays_so() {
        let once = cleaned("<p>a<b>b</p><a href='https://x/?a&b'>c</a> &amp; <img alt='\"'>");
        assert_eq!(cleaned(&once), once);
    }
}
