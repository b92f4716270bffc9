//! The Rust of docs/services.md stands here, word by word, and does what that page says of a service's program.
#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};
use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::{Command, Stdio};

fn program() -> Result<(), Box<dyn Error>> {
    let mut said = UnixStream::connect(std::env::var("ATOLL_SERVICE_SOCKET")?)?;
    for line in BufReader::new(said.try_clone()?).lines() {
        let message: serde_json::Value = serde_json::from_str(&line?)?;
        if message["type"] == "desired" {
            writeln!(said, "{}", json!({"type": "applied", "revision": message["revision"]}))?;
            writeln!(said, "{}", json!({"type": "health", "state": "ok"}))?;
        }
    }
    Ok(())
}

fn lines(text: &str) -> Vec<&str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect()
}

#[test]
fn the_page_shows_this_program() {
    let docs = include_str!("../../../docs/services.md");
    let (_, after) = docs.split_once("```rust\n").unwrap();
    let (shown, _) = after.split_once("```").unwrap();
    let shown = lines(shown);
    assert!(lines(include_str!("service_docs.rs")).windows(shown.len()).any(|own| own == shown), "{shown:#?}");
}

#[test]
fn it_answers_what_it_is_told_and_ends_with_the_connection() {
    // Started by this test itself, with a socket: then it is the service's program.
    if std::env::var_os("ATOLL_SERVICE_SOCKET").is_some() {
        return program().unwrap();
    }
    let path = std::env::temp_dir().join(format!("atoll-service-docs-{}", std::process::id()));
    let listener = UnixListener::bind(&path).unwrap();
    let mut program = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "it_answers_what_it_is_told_and_ends_with_the_connection"])
        .env("ATOLL_SERVICE_SOCKET", &path)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let (mut stream, _) = listener.accept().unwrap();
    std::fs::remove_file(&path).unwrap();
    for message in [
        json!({ "type": "desired", "revision": 7, "settings": {}, "state": null }),
        json!({ "type": "cancel", "job": 1 }),
    ] {
        writeln!(stream, "{message}").unwrap();
    }
    let mut said = BufReader::new(stream.try_clone().unwrap()).lines();
    let mut next = || serde_json::from_str::<Value>(&said.next().unwrap().unwrap()).unwrap();
    assert_eq!(
        [next(), next()],
        [json!({ "type": "applied", "revision": 7 }), json!({ "type": "health", "state": "ok" })]
    );
    stream.shutdown(std::net::Shutdown::Both).unwrap();
    assert!(program.wait().unwrap().success());
}
