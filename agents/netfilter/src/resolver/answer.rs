//! What a VM is answered: its question read, and an upstream's answer with nothing in it but what the VM may have. Pure.

use crate::model::Place;
use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::rdata::svcb::{SVCB, SvcParamKey, SvcParamValue};
use hickory_proto::rr::rdata::{A, AAAA, HTTPS, svcb::Mandatory};
use hickory_proto::rr::{DNSClass, Name, RData, Record, RecordType};
use std::net::IpAddr;

pub const MIN_TTL_S: u32 = 60;
pub const MAX_TTL_S: u32 = 24 * 60 * 60;
/// Of an answer; more are left out.
pub const MAX_RECORDS: usize = 200;
/// For "there is none".
const NEGATIVE_TTL_S: u32 = 60;
const MAX_CNAMES: usize = 16;
/// Over UDP: what fits into one packet of every path (as the DNS flag day has it).
pub const MAX_UDP_BYTES: u16 = 1232;

/// A question of a VM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    id: u16,
    /// As the VM wrote it: some compare the case.
    query: Query,
    /// Lower case, no dot at the end.
    pub name: String,
    pub kind: RecordType,
    has_edns: bool,
    /// What the VM takes over UDP.
    max_bytes: u16,
}

/// `None`: it is no question, and has no answer. Error: the answer that it has at once.
pub fn read_question(bytes: &[u8]) -> Option<Result<Question, Message>> {
    let message = Message::from_vec(bytes).ok()?;
    if message.message_type() != MessageType::Query {
        return None;
    }
    let refuse = |code| Some(Err(Message::error_msg(message.id(), message.op_code(), code)));
    let [query] = message.queries() else { return refuse(ResponseCode::FormErr) };
    if message.op_code() != OpCode::Query {
        return refuse(ResponseCode::NotImp);
    }
    let kind = query.query_type();
    let is_meta = matches!(kind, RecordType::ANY | RecordType::AXFR | RecordType::IXFR | RecordType::OPT);
    if query.query_class() != DNSClass::IN || is_meta {
        return refuse(ResponseCode::NotImp);
    }
    let name = plain(query.name());
    Some(Ok(Question {
        id: message.id(),
        query: query.clone(),
        name,
        kind,
        has_edns: message.extensions().is_some(),
        max_bytes: message.max_payload().clamp(512, MAX_UDP_BYTES),
    }))
}

/// Lower case, no dot at the end.
pub fn plain(name: &Name) -> String {
    let text = name.to_ascii().to_ascii_lowercase();
    text.strip_suffix('.').unwrap_or(&text).to_owned()
}

/// What is known of a name, as it is kept and answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub code: ResponseCode,
    pub records: Vec<Record>,
    /// SOA, where there is none.
    pub authority: Vec<Record>,
    /// Of all records, within the limits.
    pub ttl_s: u32,
    /// Addresses in it, for the pins.
    pub addresses: Vec<IpAddr>,
    /// An address was left out since it is not on the internet.
    pub private: Option<IpAddr>,
}

impl Answer {
    pub fn error(code: ResponseCode) -> Self {
        Self { code, records: Vec::new(), authority: Vec::new(), ttl_s: 0, addresses: Vec::new(), private: None }
    }
}

impl Answer {
    /// Of another VM. What is no address it has not.
    pub fn of_vm(question: &Question, place: Place) -> Self {
        let data = match question.kind {
            RecordType::A => Some(RData::A(A(place.ipv4))),
            RecordType::AAAA => Some(RData::AAAA(AAAA(place.ipv6))),
            _ => None,
        };
        let record = |data| Record::from_rdata(question.query.name().clone(), MIN_TTL_S, data);
        Self { records: data.into_iter().map(record).collect(), ttl_s: MIN_TTL_S, ..Self::error(ResponseCode::NoError) }
    }
}

/// What of an upstream's answer reaches the VM: the chain of CNAMEs from the asked name, records of the asked kind at its
/// end, no address that is no internet, and no hints or keys for encrypted names (ECH) beside the addresses.
pub fn filter(question: &Question, upstream: &Message, is_internet: impl Fn(IpAddr) -> bool) -> Answer {
    let code = upstream.response_code();
    if code != ResponseCode::NoError && code != ResponseCode::NXDomain {
        return Answer::error(ResponseCode::ServFail);
    }
    let mut answer = Answer::error(code);
    let mut owner = question.query.name().to_lowercase();
    let mut ttl_s = MAX_TTL_S;
    if question.kind != RecordType::CNAME {
        for _ in 0..MAX_CNAMES {
            let is_link =
                |record: &&Record| record.record_type() == RecordType::CNAME && record.name().to_lowercase() == owner;
            let Some(link) = upstream.answers().iter().find(is_link) else { break };
            let RData::CNAME(target) = link.data() else { break };
            ttl_s = ttl_s.min(link.ttl());
            let mut link = link.clone();
            if answer.records.is_empty() {
                link.set_name(question.query.name().clone());
            }
            answer.records.push(link);
            owner = target.0.to_lowercase();
        }
    }
    for record in upstream.answers() {
        if answer.records.len() >= MAX_RECORDS {
            break;
        }
        let is_asked = record.record_type() == question.kind && record.dns_class() == DNSClass::IN;
        if !is_asked || record.name().to_lowercase() != owner {
            continue;
        }
        let mut record = record.clone();
        if let Some(address) = record.data().ip_addr() {
            if !is_internet(address) {
                answer.private = Some(address);
                continue;
            }
            answer.addresses.push(address);
        }
        if answer.records.is_empty() {
            record.set_name(question.query.name().clone());
        }
        strip_hints(&mut record);
        ttl_s = ttl_s.min(record.ttl());
        answer.records.push(record);
    }
    let is_soa = |record: &&Record| record.record_type() == RecordType::SOA;
    if answer.records.is_empty() {
        answer.authority = upstream.name_servers().iter().filter(is_soa).take(1).cloned().collect();
        ttl_s = NEGATIVE_TTL_S;
    }
    answer.ttl_s = ttl_s.clamp(MIN_TTL_S, MAX_TTL_S);
    answer
}

fn strip_hints(record: &mut Record) {
    let stripped = match record.data() {
        RData::HTTPS(HTTPS(own)) => RData::HTTPS(HTTPS(without_hints(own))),
        RData::SVCB(own) => RData::SVCB(without_hints(own)),
        _ => return,
    };
    record.set_data(stripped);
}

fn without_hints(own: &SVCB) -> SVCB {
    let is_hint =
        |key: &SvcParamKey| matches!(key, SvcParamKey::Ipv4Hint | SvcParamKey::Ipv6Hint | SvcParamKey::EchConfigList);
    let params = own
        .svc_params()
        .iter()
        .filter(|(key, _)| !is_hint(key))
        .filter_map(|(key, value)| match value {
            SvcParamValue::Mandatory(Mandatory(keys)) => {
                let kept: Vec<_> = keys.iter().filter(|key| !is_hint(key)).copied().collect();
                (!kept.is_empty()).then_some((*key, SvcParamValue::Mandatory(Mandatory(kept))))
            }
            _ => Some((*key, value.clone())),
        })
        .collect();
    SVCB::new(own.svc_priority(), own.target_name().clone(), params)
}

/// The bytes for the VM. `ttl_s`: what is left of the answer's. Over UDP, what is too long is marked as truncated: the VM asks
/// again over TCP.
pub fn write(question: &Question, answer: &Answer, ttl_s: u32, is_udp: bool) -> Vec<u8> {
    let mut message = Message::new();
    message
        .set_id(question.id)
        .set_message_type(MessageType::Response)
        .set_op_code(OpCode::Query)
        .set_recursion_desired(true)
        .set_recursion_available(true)
        .set_response_code(answer.code)
        .add_query(question.query.clone());
    let with_ttl = |record: &Record| {
        let mut record = record.clone();
        record.set_ttl(ttl_s);
        record
    };
    message.add_answers(answer.records.iter().map(with_ttl));
    message.add_name_servers(answer.authority.iter().map(with_ttl));
    if question.has_edns {
        let mut edns = Edns::new();
        edns.set_max_payload(MAX_UDP_BYTES);
        message.set_edns(edns);
    }
    let most = if is_udp { usize::from(question.max_bytes) } else { usize::from(u16::MAX) };
    match message.to_vec() {
        Ok(bytes) if bytes.len() <= most => bytes,
        _ => message.truncate().to_vec().unwrap_or_default(),
    }
}

/// The question as an upstream is asked it.
pub fn write_upstream(question: &Question, id: u16) -> Vec<u8> {
    let mut message = Message::new();
    let mut edns = Edns::new();
    edns.set_max_payload(MAX_UDP_BYTES);
    message
        .set_id(id)
        .set_recursion_desired(true)
        .add_query(Query::query(question.query.name().to_lowercase(), question.kind))
        .set_edns(edns);
    message.to_vec().unwrap_or_default()
}

/// Whether it is the answer to what was asked by `write_upstream`.
pub fn read_upstream(question: &Question, id: u16, bytes: &[u8]) -> Option<Message> {
    let message = Message::from_vec(bytes).ok()?;
    let [query] = message.queries() else { return None };
    let is_answer = message.id() == id
        && message.message_type() == MessageType::Response
        && query.query_type() == question.kind
        && plain(query.name()) == question.name;
    is_answer.then_some(message)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use super::*;
    use hickory_proto::rr::rdata::svcb::{EchConfigList, IpHint};
    use hickory_proto::rr::rdata::{A, AAAA, CNAME, TXT};
    use proptest::prelude::*;
    use std::str::FromStr;

    fn name(text: &str) -> Name {
        Name::from_str(text).unwrap()
    }

    fn asked(text: &str, kind: RecordType) -> Question {
        let mut message = Message::new();
        message.set_id(7).add_query(Query::query(name(text), kind));
        read_question(&message.to_vec().unwrap()).unwrap().unwrap()
    }

    fn said(records: Vec<(&str, u32, RData)>) -> Message {
        let mut message = Message::new();
        message.set_message_type(MessageType::Response);
        message.add_answers(records.into_iter().map(|(owner, ttl, data)| Record::from_rdata(name(owner), ttl, data)));
        message
    }

    fn a(text: &str) -> RData {
        RData::A(A(text.parse().unwrap()))
    }

    fn is_internet(address: IpAddr) -> bool {
        !crate::address::not_internet(&[]).iter().any(|range| range.contains(address))
    }

    #[test]
    fn addresses_are_those_at_the_end_of_the_chain() {
        let question = asked("Web.example.", RecordType::A);
        let upstream = said(vec![
            ("cdn.example.", 300, a("198.18.0.2")),
            ("WEB.example.", 5, RData::CNAME(CNAME(name("CDN.example.")))),
            ("other.example.", 300, a("198.18.0.3")),
            ("cdn.example.", 100_000, a("198.18.0.4")),
            ("cdn.example.", 300, RData::AAAA(AAAA("2001:2::1".parse().unwrap()))),
        ]);
        let answer = filter(&question, &upstream, is_internet);
        assert_eq!(answer.addresses, ["198.18.0.2".parse::<IpAddr>().unwrap(), "198.18.0.4".parse().unwrap()]);
        assert_eq!((answer.records.len(), answer.ttl_s, question.name.as_str()), (3, MIN_TTL_S, "web.example"));
    }

    #[test]
    fn what_is_not_on_the_internet_is_no_answer() {
        for (text, is_private) in [
            ("10.0.0.1", true),
            ("127.0.0.1", true),
            ("0.0.0.0", true),
            ("169.254.169.254", true),
            ("198.18.0.1", false),
        ] {
            let answer =
                filter(&asked("a.example.", RecordType::A), &said(vec![("a.example.", 9, a(text))]), is_internet);
            assert_eq!(answer.private.is_some(), is_private, "{text}");
            assert_eq!(answer.addresses.is_empty(), is_private, "{text}");
        }
        for text in ["::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "fd00::1", "fe80::1"] {
            let records = vec![("a.example.", 9, RData::AAAA(AAAA(text.parse().unwrap())))];
            let answer = filter(&asked("a.example.", RecordType::AAAA), &said(records), is_internet);
            assert_eq!(answer.records, [], "{text}");
        }
    }

    #[test]
    fn lifetimes_have_limits_and_records_a_number() {
        let question = asked("a.example.", RecordType::A);
        for (ttl, clamped) in [(0, MIN_TTL_S), (61, 61), (u32::MAX, MAX_TTL_S)] {
            assert_eq!(
                filter(&question, &said(vec![("a.example.", ttl, a("198.18.0.1"))]), is_internet).ttl_s,
                clamped
            );
        }
        let many = (0..300_u32).map(|n| ("a.example.", 99, RData::A(A((0xc612_0000 + n).into())))).collect();
        let answer = filter(&question, &said(many), is_internet);
        assert_eq!((answer.records.len(), answer.addresses.len()), (MAX_RECORDS, MAX_RECORDS));
        let over_udp = Message::from_vec(&write(&question, &answer, 60, true)).unwrap();
        assert_eq!((over_udp.truncated(), over_udp.answers().len()), (true, 0));
        let over_tcp = Message::from_vec(&write(&question, &answer, 60, false)).unwrap();
        assert_eq!((over_tcp.truncated(), over_tcp.answers().len(), over_tcp.answers()[0].ttl()), (false, 200, 60));
    }

    #[test]
    fn a_chain_that_runs_in_a_circle_ends() {
        let circle = said(vec![
            ("a.example.", 9, RData::CNAME(CNAME(name("b.example.")))),
            ("b.example.", 9, RData::CNAME(CNAME(name("a.example.")))),
        ]);
        let answer = filter(&asked("a.example.", RecordType::A), &circle, is_internet);
        assert_eq!((answer.records.len(), answer.addresses.len()), (MAX_CNAMES, 0));
    }

    #[test]
    fn hints_and_keys_of_https_records_are_removed() {
        let params = vec![
            (
                SvcParamKey::Mandatory,
                SvcParamValue::Mandatory(Mandatory(vec![SvcParamKey::Ipv4Hint, SvcParamKey::Port])),
            ),
            (SvcParamKey::Port, SvcParamValue::Port(8443)),
            (SvcParamKey::Ipv4Hint, SvcParamValue::Ipv4Hint(IpHint(vec![A("1.2.3.4".parse().unwrap())]))),
            (SvcParamKey::EchConfigList, SvcParamValue::EchConfigList(EchConfigList(vec![1, 2]))),
            (SvcParamKey::Ipv6Hint, SvcParamValue::Ipv6Hint(IpHint(vec![AAAA("2a00::1".parse().unwrap())]))),
        ];
        let own = RData::HTTPS(HTTPS(SVCB::new(1, name("."), params)));
        let answer = filter(&asked("a.example.", RecordType::HTTPS), &said(vec![("a.example.", 99, own)]), is_internet);
        let RData::HTTPS(left) = answer.records[0].data() else { panic!("no HTTPS record") };
        assert_eq!(
            left.svc_params(),
            [
                (SvcParamKey::Mandatory, SvcParamValue::Mandatory(Mandatory(vec![SvcParamKey::Port]))),
                (SvcParamKey::Port, SvcParamValue::Port(8443)),
            ]
        );
    }

    #[test]
    fn records_of_another_kind_or_owner_stay_outside() {
        let upstream = said(vec![
            ("a.example.", 9, RData::TXT(TXT::new(vec!["x".to_owned()]))),
            ("b.example.", 9, a("198.18.0.1")),
        ]);
        assert_eq!(filter(&asked("a.example.", RecordType::A), &upstream, is_internet).records, []);
    }

    #[test]
    fn questions_that_are_none_have_an_error() {
        let mut message = Message::new();
        message.set_id(9);
        let code = |message: &Message| read_question(&message.to_vec().unwrap()).unwrap().unwrap_err().response_code();
        assert_eq!(code(&message), ResponseCode::FormErr);
        message.add_query(Query::query(name("a.example."), RecordType::ANY));
        assert_eq!(code(&message), ResponseCode::NotImp);
        message.set_message_type(MessageType::Response);
        assert!(read_question(&message.to_vec().unwrap()).is_none());
    }

    #[test]
    fn an_answer_to_something_else_is_none() {
        let question = asked("a.example.", RecordType::A);
        let mut upstream = Message::from_vec(&write_upstream(&question, 5)).unwrap();
        upstream.set_message_type(MessageType::Response);
        let bytes = upstream.to_vec().unwrap();
        assert!(read_upstream(&question, 5, &bytes).is_some());
        assert!(read_upstream(&question, 6, &bytes).is_none());
        assert!(read_upstream(&asked("b.example.", RecordType::A), 5, &bytes).is_none());
        assert!(read_upstream(&asked("a.example.", RecordType::AAAA), 5, &bytes).is_none());
    }

    proptest! {
        #[test]
        fn no_bytes_of_a_vm_or_an_upstream_make_it_fail(
            bytes in proptest::collection::vec(any::<u8>(), 0..600),
            place in 0_usize..60,
            byte in any::<u8>(),
        ) {
            let question = asked("a.example.", RecordType::HTTPS);
            let _ = read_question(&bytes);
            if let Some(upstream) = read_upstream(&question, 0, &bytes) {
                let _ = write(&question, &filter(&question, &upstream, is_internet), 60, true);
            }
            // And a good message with one byte changed and more behind it.
            let mut near = write_upstream(&question, 7);
            near[2] = 0x80;
            let length = near.len();
            near[place % length] = byte;
            near.extend(&bytes);
            let _ = read_question(&near);
            if let Ok(upstream) = Message::from_vec(&near) {
                let _ = write(&question, &filter(&question, &upstream, is_internet), 60, true);
            }
        }
    }
}
