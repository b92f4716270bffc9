//! Requests of plain HTTP/1 in what a VM sends: each one names its host, and where the next one begins is clear, or the
//! connection ends. RFC 9112. Pure.

/// Of a request's line and headers.
pub const MAX_HEAD: usize = 32 * 1024;
/// Of a chunk's line, and of a trailer.
const MAX_LINE: usize = 4 * 1024;

/// What may happen to the bytes at the front.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// More has to come before anything passes.
    Partial,
    /// So many bytes are part of a request that may pass.
    Pass(usize),
    /// A request begins with so many bytes, and is for this host: lower case, no port.
    Request {
        length: usize,
        host: String,
    },
    /// The rest of the connection is of another protocol, if the server agrees: after a request of so many bytes.
    Upgrade {
        length: usize,
        host: String,
    },
    Wrong,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Head,
    Body(u64),
    ChunkLine,
    Chunk(u64),
    ChunkEnd,
    Trailer,
}

/// Where in its requests a connection is.
#[derive(Debug)]
pub struct Requests {
    state: State,
    is_first: bool,
}

impl Default for Requests {
    fn default() -> Self {
        Self { state: State::Head, is_first: true }
    }
}

/// Whether a connection speaks HTTP, by its first line, as the most lenient server would read it (RFC 9112, 2.2 and 3): after empty
/// lines, and with any white space between its words. What is not as it should be is `Wrong` to `Requests`. `None`: more has to come
/// before it is known. What begins as a request does, and has no end within the limit, is taken for one: some servers take a method of
/// any name, and some a head of a mebibyte.
pub fn is_http(bytes: &[u8]) -> Option<bool> {
    let not_yet = (bytes.len() > MAX_HEAD).then_some(true);
    let Some(start) = bytes.iter().position(|byte| !is_space(*byte)) else { return not_yet };
    let line = &bytes[start..];
    let word = line.iter().take_while(|byte| is_token(**byte)).count();
    match line.get(word) {
        None => return not_yet,
        Some(byte) if word > 0 && is_space(*byte) => {}
        Some(_) => return Some(false),
    }
    let Some(end) = line.iter().position(|byte| *byte == b'\n') else { return not_yet };
    let mut words = line[..end].split(|byte| is_space(*byte));
    Some(words.any(|word| word.get(..5).is_some_and(|start| start.eq_ignore_ascii_case(b"HTTP/"))))
}

/// Whether there are empty lines, and nothing else: some protocols ask by one, and a request may follow it.
pub fn is_blank(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|byte| matches!(byte, b'\r' | b'\n'))
}

/// What a server may take for the space between words.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | 0x0b | 0x0c)
}

impl Requests {
    /// Of a connection that has had a request.
    pub fn later() -> Self {
        Self { is_first: false, ..Self::default() }
    }

    /// What to do with the front of `bytes`. After all but `Partial` and `Wrong` it is called with what follows.
    pub fn step(&mut self, bytes: &[u8]) -> Step {
        if bytes.is_empty() {
            return Step::Partial;
        }
        match self.state {
            State::Head => self.head(bytes),
            State::Body(left) | State::Chunk(left) => {
                let taken = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
                let left = left - u64::try_from(taken).unwrap_or(left);
                self.state = match (self.state, left) {
                    (State::Body(_), 0) => State::Head,
                    (State::Body(_), _) => State::Body(left),
                    (_, 0) => State::ChunkEnd,
                    _ => State::Chunk(left),
                };
                Step::Pass(taken)
            }
            State::ChunkEnd => match bytes {
                [b'\r', b'\n', ..] => {
                    self.state = State::ChunkLine;
                    Step::Pass(2)
                }
                [b'\r'] => Step::Partial,
                _ => Step::Wrong,
            },
            State::ChunkLine => self.line(bytes, |line| {
                let size = line.split(';').next()?.trim();
                let is_hex = !size.is_empty() && size.len() <= 15 && size.bytes().all(|byte| byte.is_ascii_hexdigit());
                let size = u64::from_str_radix(size, 16).ok().filter(|_| is_hex)?;
                Some(if size == 0 { State::Trailer } else { State::Chunk(size) })
            }),
            State::Trailer => self.line(bytes, |line| Some(if line.is_empty() { State::Head } else { State::Trailer })),
        }
    }

    fn line(&mut self, bytes: &[u8], next: impl FnOnce(&str) -> Option<State>) -> Step {
        let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else {
            return if bytes.len() > MAX_LINE { Step::Wrong } else { Step::Partial };
        };
        let line = bytes[..end].strip_suffix(b"\r").and_then(|line| std::str::from_utf8(line).ok());
        match line.filter(|line| line.len() <= MAX_LINE).and_then(next) {
            Some(state) => {
                self.state = state;
                Step::Pass(end + 1)
            }
            None => Step::Wrong,
        }
    }

    fn head(&mut self, bytes: &[u8]) -> Step {
        let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
            return if bytes.len() > MAX_HEAD { Step::Wrong } else { Step::Partial };
        };
        let length = end + 4;
        let Some(head) = std::str::from_utf8(&bytes[..end]).ok().filter(|_| length <= MAX_HEAD) else {
            return Step::Wrong;
        };
        let Some(request) = request(head) else { return Step::Wrong };
        let was_first = std::mem::replace(&mut self.is_first, false);
        self.state = request.body;
        let host = request.host;
        // On a connection with earlier requests, an answer may be that of another one.
        if request.is_upgrade && was_first && request.body == State::Head {
            return Step::Upgrade { length, host };
        }
        Step::Request { length, host }
    }
}

struct Request {
    host: String,
    body: State,
    is_upgrade: bool,
}

/// `None`: not one of which every server understands the same.
fn request(head: &str) -> Option<Request> {
    let mut lines = head.split("\r\n");
    let mut words = lines.next()?.split(' ');
    let (method, target, version) = (words.next()?, words.next()?, words.next()?);
    let is_method = !method.is_empty() && method.bytes().all(is_token) && method != "CONNECT";
    let is_target = !target.bytes().any(|byte| byte.is_ascii_control());
    let is_plain = words.next().is_none() && matches!(version, "HTTP/1.1" | "HTTP/1.0");
    if !(is_plain && is_method && is_target) || head.bytes().any(|byte| byte == 0) {
        return None;
    }
    let (mut host, mut length, mut is_chunked, mut is_upgrade) = (None, None, false, false);
    for line in lines {
        let (name, value) = line.split_once(':')?;
        // Folded lines, and names with something before the colon, are read differently by different servers.
        if name.is_empty() || !name.bytes().all(is_token) || value.contains(['\r', '\n']) {
            return None;
        }
        let value = value.trim_matches([' ', '\t']);
        match name.to_ascii_lowercase().as_str() {
            // Two of one kind are read differently by different servers, too.
            "host" if host.is_some() => return None,
            "host" => host = Some(plain_host(value)?),
            "content-length" if length.is_some() => return None,
            "content-length" => {
                let is_number = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit());
                length = Some(value.parse::<u64>().ok().filter(|_| is_number)?);
            }
            "transfer-encoding" if is_chunked || !value.eq_ignore_ascii_case("chunked") => return None,
            "transfer-encoding" => is_chunked = true,
            "upgrade" => is_upgrade = true,
            _ => {}
        }
    }
    let host = host?;
    let is_same = target.starts_with('/') || target == "*" || {
        let rest = target.strip_prefix("http://")?;
        let authority = rest.split(['/', '?', '#']).next()?;
        !authority.contains('@') && plain_host(authority)? == host
    };
    let body = match (is_chunked, length) {
        (true, Some(_)) => return None,
        (true, None) => State::ChunkLine,
        (false, None | Some(0)) => State::Head,
        (false, Some(length)) => State::Body(length),
    };
    is_same.then_some(Request { host, body, is_upgrade })
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Without the port; lower case, no dot at the end.
fn plain_host(value: &str) -> Option<String> {
    let host = match value.rsplit_once(':') {
        Some((host, port)) if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => value,
    };
    let host = host.to_ascii_lowercase();
    let host = host.strip_suffix('.').unwrap_or(&host);
    crate::model::is_canonical(host).then(|| host.to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use super::*;
    use proptest::prelude::*;

    /// Hosts of all requests, and how many bytes passed.
    fn run(bytes: &[u8]) -> (Vec<String>, usize, Step) {
        let (mut requests, mut hosts, mut passed) = (Requests::default(), Vec::new(), 0);
        loop {
            let step = requests.step(&bytes[passed..]);
            match &step {
                Step::Pass(length) => passed += length,
                Step::Request { length, host } => {
                    hosts.push(host.clone());
                    passed += length;
                }
                Step::Partial | Step::Wrong | Step::Upgrade { .. } => return (hosts, passed, step),
            }
        }
    }

    fn hosts(text: &str) -> Option<Vec<String>> {
        let (hosts, passed, step) = run(text.as_bytes());
        (step == Step::Partial && passed == text.len()).then_some(hosts)
    }

    #[test]
    fn every_request_of_a_connection_names_its_host() {
        for (text, expected) in [
            ("GET / HTTP/1.1\r\nHost: A.example:8080\r\n\r\n", vec!["a.example"]),
            ("GET http://a.example/x HTTP/1.1\r\nhost: a.example\r\n\r\n", vec!["a.example"]),
            (
                "GET / HTTP/1.1\r\nHost: a.example\r\n\r\nGET / HTTP/1.0\r\nHost: b.example.\r\n\r\n",
                vec!["a.example", "b.example"],
            ),
            (
                "POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.1\r\nHost: b.example\r\n\r\n",
                vec!["a.example", "b.example"],
            ),
            (
                "POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nT: 1\r\n\r\nGET / HTTP/1.1\r\nHost: b.example\r\n\r\n",
                vec!["a.example", "b.example"],
            ),
        ] {
            assert_eq!(hosts(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn what_servers_may_read_differently_is_wrong() {
        for text in [
            "GET / HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a.example\r\nHost: b.example\r\n\r\n",
            "GET / HTTP/1.1\r\nHost : a.example\r\n\r\n",
            "GET / HTTP/1.1\r\nX: 1\r\n Host: b.example\r\nHost: a.example\r\n\r\n",
            "GET http://b.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n",
            "GET http://b.example@a.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n",
            "CONNECT b.example:443 HTTP/1.1\r\nHost: a.example\r\n\r\n",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            "GET /  HTTP/1.1\r\nHost: a.example\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a.example\nX: b\r\n\r\n",
            "GET\t/ HTTP/1.1\r\nHost: a.example\r\n\r\n",
            "GET /\thttp://b.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n",
            "\r\nGET / HTTP/1.1\r\nHost: a.example\r\n\r\n",
            "\nGET / HTTP/1.1\r\nHost: a.example\r\n\r\n",
            "\tGET / HTTP/1.1\r\nHost: a.example\r\n\r\n",
            " / HTTP/1.1\r\nHost: a.example\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: +3\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n",
            "POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n",
            "GET / HTTP/1.1\r\nHost: 1.2.3.4/x\r\n\r\n",
        ] {
            assert_eq!(run(text.as_bytes()).2, Step::Wrong, "{text}");
        }
        assert_eq!(run(&vec![b'G'; MAX_HEAD + 1]).2, Step::Wrong);
    }

    #[test]
    fn another_protocol_begins_only_with_the_first_request() {
        let upgrade = "GET / HTTP/1.1\r\nHost: a.example\r\nUpgrade: websocket\r\n\r\n";
        assert!(matches!(run(upgrade.as_bytes()).2, Step::Upgrade { length, .. } if length == upgrade.len()));
        let second = format!("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n{upgrade}");
        assert_eq!(hosts(&second).unwrap().len(), 2);
        let with_body = upgrade.replace("Upgrade", "Content-Length: 1\r\nUpgrade") + "x";
        assert_eq!(hosts(&with_body).unwrap().len(), 1);
    }

    #[test]
    fn knows_http_by_its_first_line() {
        for text in [
            "GET / HTTP/1.1\r\n",
            "ODD-ONE / HTTP/3.9\n",
            "\r\nGET / HTTP/1.1\r\n",
            "\n\r\n GET / HTTP/1.1\n",
            "GET\t/\tHTTP/1.1\r\n",
            "GET\u{b}/\u{c}http/1.1\r\n",
            "GET /\rHTTP/1.1\n",
        ] {
            assert_eq!(is_http(text.as_bytes()), Some(true), "{text:?}");
        }
        for start in ["GET ", "GET", "\r\n"] {
            let endless = start.bytes().cycle().take(MAX_HEAD + 1).collect::<Vec<_>>();
            assert_eq!(is_http(&endless), Some(true), "{start:?}");
        }
        for text in ["", "PO", "GET / HTT", "\r\n", "\r\n\r\nGET"] {
            assert_eq!(is_http(text.as_bytes()), None, "{text:?}");
        }
        for text in ["SSH-2.0-x\r\n", "\u{16}\u{3}", "EHLO mail.example\r\n", "\r\n\u{16}", "{\"a\": 1}"] {
            assert_eq!(is_http(text.as_bytes()), Some(false), "{text:?}");
        }
    }

    #[test]
    fn empty_lines_are_known() {
        for (text, result) in [("\r\n", true), ("\n\r\n\n", true), ("", false), ("\r\n ", false), ("\r\nG", false)] {
            assert_eq!(is_blank(text.as_bytes()), result, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn cut_anywhere_the_same_requests_are_read(cuts in proptest::collection::vec(0_usize..200, 0..6)) {
            let text = b"POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nGET / HTTP/1.1\r\nHost: b.example\r\n\r\n";
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).chain([text.len()]).collect();
            cuts.sort_unstable();
            let (mut requests, mut hosts, mut passed) = (Requests::default(), Vec::new(), 0);
            for cut in cuts {
                loop {
                    match requests.step(&text[passed..cut]) {
                        Step::Pass(length) => passed += length,
                        Step::Request { length, host } => { hosts.push(host); passed += length; }
                        Step::Partial => break,
                        step => panic!("{step:?}"),
                    }
                }
            }
            assert_eq!((hosts, passed), (vec!["a.example".to_owned(), "b.example".to_owned()], text.len()));
        }

        #[test]
        fn no_bytes_make_it_fail_or_stand_still(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = run(&bytes);
            let _ = run(&[b"POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n", bytes.as_slice()].concat());
        }
    }
}
