//! What Suricata says of packets (eve.json), a record on a line. It has read what hostile peers sent, so a line is bounded, and
//! of its fields those alone are looked at that are needed here.

use serde::Deserialize;
use std::io::{self, BufRead, Read};
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

const MAX_LINE: u64 = 64 * 1024;
/// As the host has it, in characters.
const MAX_SIGNATURE: usize = 200;
/// Alerts that may be reported at once, and in each second after that.
const BURST: u32 = 50;
const PER_SECOND: u32 = 10;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    pub from: SocketAddr,
    pub to: SocketAddr,
    pub signature: String,
    pub severity: u8,
    /// The packet did not pass.
    pub is_dropped: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    Alert(Alert),
    /// What is in this connection cannot be read.
    Encrypted {
        from: SocketAddr,
        to: SocketAddr,
    },
}

#[derive(Deserialize)]
struct Record {
    event_type: String,
    src_ip: IpAddr,
    dest_ip: IpAddr,
    // Without ports: ICMP.
    #[serde(default)]
    src_port: u16,
    #[serde(default)]
    dest_port: u16,
    alert: Option<RecordAlert>,
}

#[derive(Deserialize)]
struct RecordAlert {
    action: String,
    signature: String,
    severity: u8,
}

/// `None`: nothing that matters here, or no record.
pub fn parse(line: &[u8]) -> Option<Seen> {
    let record: Record = serde_json::from_slice(line).ok()?;
    let (from, to) =
        (SocketAddr::new(record.src_ip, record.src_port), SocketAddr::new(record.dest_ip, record.dest_port));
    match record.event_type.as_str() {
        "alert" => record.alert.map(|alert| {
            Seen::Alert(Alert {
                from,
                to,
                signature: alert.signature.chars().take(MAX_SIGNATURE).collect(),
                severity: alert.severity,
                is_dropped: alert.action == "blocked",
            })
        }),
        "tls" | "ssh" | "quic" => Some(Seen::Encrypted { from, to }),
        _ => None,
    }
}

/// Calls `each` with what is seen, until the line ends. A line that is too long is left out.
pub fn read(from: impl Read, mut each: impl FnMut(Seen)) -> io::Result<()> {
    let mut reader = io::BufReader::new(from);
    let mut line = Vec::new();
    let mut is_rest = false;
    loop {
        line.clear();
        if reader.by_ref().take(MAX_LINE).read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        let is_whole = line.last() == Some(&b'\n');
        if is_whole && !is_rest {
            if let Some(seen) = parse(&line) {
                each(seen);
            }
        }
        is_rest = !is_whole;
    }
}

/// So many alerts are reported: a peer decides how many there are.
#[derive(Debug)]
pub struct Limit {
    left: u32,
    since: Instant,
    unreported: u64,
}

impl Limit {
    pub fn new(now: Instant) -> Self {
        Self { left: BURST, since: now, unreported: 0 }
    }

    /// Whether one more may be reported; and how many were not since the last one that was.
    pub fn take(&mut self, now: Instant) -> Option<u64> {
        let seconds = now.saturating_duration_since(self.since).as_secs();
        if seconds > 0 {
            let more = u32::try_from(seconds).unwrap_or(BURST).saturating_mul(PER_SECOND);
            self.left = self.left.saturating_add(more).min(BURST);
            self.since += Duration::from_secs(seconds);
        }
        if self.left == 0 {
            self.unreported += 1;
            return None;
        }
        self.left -= 1;
        Some(std::mem::take(&mut self.unreported))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use proptest::prelude::*;

    const ALERT: &str = r#"{"timestamp":"2026-11-28T17:59:02.000000+0000","flow_id":1,"event_type":"alert",
        "src_ip":"198.18.0.10","src_port":80,"dest_ip":"10.137.0.6","dest_port":40000,"proto":"TCP",
        "alert":{"action":"blocked","gid":1,"signature_id":1,"rev":1,"signature":"Atoll test","category":"","severity":2},
        "http":{"hostname":"x"}}"#;

    fn seen(text: &str) -> Option<Seen> {
        parse(text.replace('\n', " ").as_bytes())
    }

    #[test]
    fn reads_alerts_and_what_is_encrypted() {
        let alert = Alert {
            from: "198.18.0.10:80".parse().unwrap(),
            to: "10.137.0.6:40000".parse().unwrap(),
            signature: "Atoll test".to_owned(),
            severity: 2,
            is_dropped: true,
        };
        assert_eq!(seen(ALERT), Some(Seen::Alert(alert.clone())));
        let only_seen = ALERT.replace("blocked", "allowed");
        assert_eq!(seen(&only_seen), Some(Seen::Alert(Alert { is_dropped: false, ..alert.clone() })));
        for kind in ["tls", "ssh", "quic"] {
            let record = ALERT.replace(r#""event_type":"alert""#, &format!(r#""event_type":"{kind}""#));
            assert_eq!(seen(&record), Some(Seen::Encrypted { from: alert.from, to: alert.to }), "{kind}");
        }
        let long = ALERT.replace("Atoll test", &"é".repeat(1000));
        assert!(matches!(seen(&long), Some(Seen::Alert(alert)) if alert.signature.chars().count() == MAX_SIGNATURE));
    }

    #[test]
    fn what_is_no_record_is_left_out() {
        for (from, to) in [
            (r#""severity":2"#, r#""severity":-1"#),
            (r#""severity":2"#, r#""severity":256"#),
            (r#""src_port":80"#, r#""src_port":70000"#),
            ("198.18.0.10", "nowhere"),
            (r#""event_type":"alert""#, r#""event_type":"flow""#),
            (r#""alert":{"#, r#""other":{"#),
            (r#""signature":"Atoll test""#, r#""signature":7"#),
        ] {
            assert_ne!(ALERT.replace(from, to), ALERT, "{from}");
            assert_eq!(seen(&ALERT.replace(from, to)), None, "{to}");
        }
    }

    #[test]
    fn lines_that_are_too_long_are_left_out_and_the_next_one_is_read() {
        let long = "x".repeat(200_000);
        let alert = ALERT.replace('\n', " ");
        let text = format!("{long}\n{alert}\n\n{long}{alert}\n{alert}\n{alert}");
        let mut count = 0;
        read(text.as_bytes(), |_| count += 1).unwrap();
        // The last one has no end.
        assert_eq!(count, 2);
    }

    #[test]
    fn a_flood_of_alerts_is_cut_and_counted() {
        let start = Instant::now();
        let mut limit = Limit::new(start);
        let reported = (0..200).filter(|_| limit.take(start).is_some()).count();
        assert_eq!(reported, 50);
        let later = start + Duration::from_millis(1500);
        assert_eq!(limit.take(later), Some(150));
        assert_eq!((0..200).filter(|_| limit.take(later) == Some(0)).count(), 9);
    }

    proptest! {
        #[test]
        fn no_input_makes_it_fail(bytes in proptest::collection::vec(any::<u8>(), 0..400), cut in 0_usize..600) {
            let _ = parse(&bytes);
            let _ = read(&bytes[..], |_| {});
            let _ = parse(ALERT.as_bytes().get(..cut).unwrap_or(ALERT.as_bytes()));
        }
    }
}
