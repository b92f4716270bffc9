//! The golden vectors (shared/protocol/vectors.txt): their syntax, and messages as proto3 JSON.

use prost_reflect::{DescriptorPool, DynamicMessage, SerializeOptions};

pub const VECTORS: &str = include_str!("../../../../shared/protocol/vectors.txt");

/// One line of the file that is no comment.
pub struct Vector<'a> {
    pub name: &'a str,
    pub hex: &'a str,
    pub text: &'a str,
}

pub fn vectors(file: &str) -> impl Iterator<Item = Vector<'_>> {
    file.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty()).map(|line| {
        let mut columns = line.splitn(3, '|').map(str::trim);
        let mut next = || columns.next().unwrap_or_else(|| panic!("three columns: {line}"));
        Vector { name: next(), hex: next(), text: next() }
    })
}

/// Groups of hex digits between spaces; `hh*N` is the byte hh, N times.
pub fn bytes(hex: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for group in hex.split_whitespace() {
        if let Some((byte, times)) = group.split_once('*') {
            let byte = u8::from_str_radix(byte, 16).expect("two hex digits");
            bytes.resize(bytes.len() + times.parse::<usize>().expect("a count"), byte);
        } else {
            assert_eq!(group.len() % 2, 0, "whole bytes");
            bytes
                .extend((0..group.len()).step_by(2).map(|at| u8::from_str_radix(&group[at..at + 2], 16).expect("hex")));
        }
    }
    bytes
}

/// Header and number of payload bytes that a vector's text stands for.
pub fn split_text(text: &str) -> (&str, usize) {
    let payload = text.strip_suffix(" bytes").and_then(|text| text.rsplit_once(" + "));
    match payload {
        Some((json, count)) => (json, count.parse().expect("a count")),
        None => (text, 0),
    }
}

fn pool() -> DescriptorPool {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/protocol");
    let files = protox::compile(["atoll.proto"], [folder]).expect("atoll.proto compiles");
    DescriptorPool::from_file_descriptor_set(files).expect("atoll.proto resolves")
}

/// The type `Header` as reflection sees it.
pub struct Schema(DescriptorPool);

impl Schema {
    pub fn load() -> Self {
        Self(pool())
    }

    fn header(&self) -> prost_reflect::MessageDescriptor {
        self.0.get_message_by_name("atoll.wire.v1.Header").expect("Header")
    }

    /// Names of the oneof's members.
    pub fn messages(&self) -> Vec<String> {
        self.header().fields().map(|field| field.json_name().to_owned()).collect()
    }

    pub fn json_of(&self, header: &[u8]) -> String {
        let message = DynamicMessage::decode(self.header(), header).expect("a Header");
        let mut out = Vec::new();
        let mut json = serde_json::Serializer::new(&mut out);
        message.serialize_with_options(&mut json, &SerializeOptions::new()).expect("serializes");
        String::from_utf8(out).expect("JSON is UTF-8")
    }

    pub fn encode_json(&self, json: &str) -> Vec<u8> {
        use prost_reflect::prost::Message as _;
        let mut json = serde_json::Deserializer::from_str(json);
        DynamicMessage::deserialize(self.header(), &mut json).expect("JSON of a Header").encode_to_vec()
    }
}
