//! The name in the first message of TLS (SNI of a ClientHello). RFC 8446 section 4.1.2, RFC 6066 section 3. Pure.

/// What is known of the bytes so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hello {
    /// More has to come first.
    Partial,
    /// Lower case, no dot at the end.
    Name(String),
    /// It is whole, and names nothing.
    Nameless,
    /// It is no ClientHello.
    Wrong,
}

const HANDSHAKE: u8 = 22;
const CLIENT_HELLO: u8 = 1;
const SERVER_NAME: u16 = 0;
const HOST_NAME: u8 = 0;
/// Of a record, by the standard: 2^14.
const MAX_RECORD: usize = 16_384;

pub fn is_tls(bytes: &[u8]) -> bool {
    bytes.first() == Some(&HANDSHAKE) && bytes.get(1).is_none_or(|major| *major == 3)
}

/// The hello may be in several records.
pub fn read(mut bytes: &[u8]) -> Hello {
    let mut message = Vec::new();
    loop {
        if let Some(length) = message.get(1..4).map(be) {
            if message[0] != CLIENT_HELLO {
                return Hello::Wrong;
            }
            if let Some(body) = message.get(4..4 + length) {
                return name(body);
            }
        }
        if bytes.is_empty() {
            return Hello::Partial;
        }
        if !is_tls(bytes) {
            return Hello::Wrong;
        }
        let Some(header) = bytes.get(..5) else { return Hello::Partial };
        let length = be(&header[3..5]);
        if length == 0 || length > MAX_RECORD {
            return Hello::Wrong;
        }
        let Some(record) = bytes.get(5..5 + length) else { return Hello::Partial };
        message.extend_from_slice(record);
        bytes = &bytes[5 + length..];
    }
}

fn be(bytes: &[u8]) -> usize {
    bytes.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte))
}

/// Takes pieces with a length before them off the front.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self, bytes: usize) -> Option<usize> {
        self.take(bytes).map(be)
    }

    /// `bytes`: how long its length is.
    fn piece(&mut self, bytes: usize) -> Option<&'a [u8]> {
        let length = self.number(bytes)?;
        self.take(length)
    }
}

fn name(body: &[u8]) -> Hello {
    server_name(body).unwrap_or(Hello::Wrong)
}

fn server_name(body: &[u8]) -> Option<Hello> {
    let mut hello = Reader(body);
    // Version and random.
    hello.take(34)?;
    let _session = hello.piece(1)?;
    let _suites = hello.piece(2)?;
    let _compression = hello.piece(1)?;
    if hello.0.is_empty() {
        return Some(Hello::Nameless);
    }
    let mut extensions = Reader(hello.piece(2)?);
    let mut found = Hello::Nameless;
    while !extensions.0.is_empty() {
        let kind = extensions.number(2)?;
        let extension = extensions.piece(2)?;
        if kind != usize::from(SERVER_NAME) {
            continue;
        }
        // Two of them, or two names in one: who reads it decides which counts, and that must not be another one than here.
        if found != Hello::Nameless {
            return None;
        }
        let mut reader = Reader(extension);
        let mut list = Reader(reader.piece(2)?);
        let kind = list.number(1)?;
        let host = list.piece(2)?;
        if kind != usize::from(HOST_NAME) || !list.0.is_empty() || !reader.0.is_empty() {
            return None;
        }
        let host = std::str::from_utf8(host).ok()?.to_ascii_lowercase();
        found = Hello::Name(host.strip_suffix('.').unwrap_or(&host).to_owned());
    }
    Some(found)
}

#[cfg(test)]
pub mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use proptest::prelude::*;

    fn extension(kind: u16, body: &[u8]) -> Vec<u8> {
        [&kind.to_be_bytes()[..], &u16::try_from(body.len()).unwrap().to_be_bytes(), body].concat()
    }

    fn sni(name: &str) -> Vec<u8> {
        let entry = [&[HOST_NAME][..], &u16::try_from(name.len()).unwrap().to_be_bytes(), name.as_bytes()].concat();
        extension(SERVER_NAME, &[&u16::try_from(entry.len()).unwrap().to_be_bytes(), entry.as_slice()].concat())
    }

    fn message(extensions: &[u8]) -> Vec<u8> {
        let mut body = vec![3, 3];
        body.extend([7; 32]);
        body.extend([0, 0, 2, 0x13, 0x01, 1, 0]);
        body.extend(u16::try_from(extensions.len()).unwrap().to_be_bytes());
        body.extend(extensions);
        let length = u32::try_from(body.len()).unwrap().to_be_bytes();
        [&[CLIENT_HELLO][..], &length[1..], &body].concat()
    }

    fn records(message: &[u8], size: usize) -> Vec<u8> {
        message
            .chunks(size)
            .flat_map(|part| [&[HANDSHAKE, 3, 1][..], &u16::try_from(part.len()).unwrap().to_be_bytes(), part].concat())
            .collect()
    }

    pub fn hello(name: &str) -> Vec<u8> {
        records(&message(&[extension(43, &[2, 3, 4]), sni(name)].concat()), 16_000)
    }

    #[test]
    fn finds_the_name_however_it_is_cut() {
        let whole = hello("Web.Example.");
        for length in 0..whole.len() {
            assert_eq!(read(&whole[..length]), Hello::Partial, "{length}");
        }
        assert_eq!(read(&whole), Hello::Name("web.example".to_owned()));
        for size in [1, 2, 5, 50] {
            assert_eq!(read(&records(&message(&sni("web.example")), size)), Hello::Name("web.example".to_owned()));
        }
    }

    #[test]
    fn what_has_no_name_or_two_is_none() {
        assert_eq!(read(&records(&message(&extension(43, &[2, 3, 4])), 1000)), Hello::Nameless);
        let twice = [sni("a.example"), sni("b.example")].concat();
        assert_eq!(read(&records(&message(&twice), 1000)), Hello::Wrong);
        let mut two = vec![0, 8, 0, 0, 1, b'a', 0, 0, 1, b'b'];
        assert_eq!(read(&records(&message(&extension(0, &two)), 1000)), Hello::Wrong);
        two[2] = 9;
        assert_eq!(read(&records(&message(&extension(0, &two)), 1000)), Hello::Wrong);
        let mut wrong = hello("a.example");
        wrong[5] = 2;
        assert_eq!(read(&wrong), Hello::Wrong);
        assert_eq!(read(b"GET / HTTP/1.1"), Hello::Wrong);
        assert_eq!(read(&[22, 3, 1, 0, 0]), Hello::Wrong);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_fail(bytes in proptest::collection::vec(any::<u8>(), 0..300), place in 0_usize..120, byte in any::<u8>()) {
            let _ = read(&bytes);
            let mut near = hello("web.example");
            let length = near.len();
            near[place % length] = byte;
            let _ = read(&near);
            let _ = read(&[&[22, 3, 1, 1, 0, 1, 0, 0, 0xf0][..], &bytes].concat());
        }
    }
}
