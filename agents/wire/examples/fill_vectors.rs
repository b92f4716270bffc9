//! Fills the empty hex columns of shared/protocol/vectors.txt from their texts (payload bytes count up from 0).
//! To add a vector, write `name | | text` there and run `cargo run -p atoll-wire --example fill_vectors`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../tests/common/mod.rs"]
#[allow(dead_code)]
mod common;

fn main() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/protocol/vectors.txt");
    let file = std::fs::read_to_string(path).expect("vectors.txt");
    let schema = common::Schema::load();
    let filled = file.lines().map(|line| fill(line, &schema) + "\n").collect::<String>();
    std::fs::write(path, filled).expect("vectors.txt is writable");
}

fn fill(line: &str, schema: &common::Schema) -> String {
    let Some(vector) = common::vectors(line).next() else { return line.to_owned() };
    if !vector.hex.is_empty() || !vector.text.starts_with('{') {
        return line.to_owned();
    }
    let (json, payload) = common::split_text(vector.text);
    let header = schema.encode_json(json);
    let mut bytes = ((4 + header.len() + payload) as u32).to_le_bytes().to_vec();
    bytes.extend((header.len() as u32).to_le_bytes());
    bytes.extend(&header);
    bytes.extend((0..payload).map(|at| at as u8));
    let hex = bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    format!("{} | {hex} | {}", vector.name, vector.text)
}
