//! The line to Atoll: shared/model/service-messages.ts, one JSON object a line over a unix socket in the guest.

use crate::model::Problem;
use serde::Deserialize;
use serde_json::{Value, json};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Of one line, with its line feed.
pub const MAX_TO_PROGRAM_BYTES: u64 = 1024 * 1024 - 1024 + 1;
/// The host takes at most 256 KiB a line, and 1,000 rows: a row has less than 900 bytes.
pub const MAX_ROWS: usize = 250;
pub const MAX_REASON: usize = 900;
pub const MAX_PROBLEMS: usize = 100;
/// An agent that takes nothing for so long is gone.
const WRITE_WITHIN: Duration = Duration::from_secs(10);

#[derive(Debug, PartialEq, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase", deny_unknown_fields)]
pub enum ToProgram {
    Desired {
        revision: u64,
        #[allow(dead_code, reason = "the state says all that the settings do")]
        settings: Value,
        state: Value,
    },
    Job {
        job: u64,
        #[allow(dead_code, reason = "there is no job that the firewall knows")]
        input: Value,
    },
    Cancel {
        #[allow(dead_code, reason = "as above")]
        job: u64,
    },
}

/// Calls `each` with each message until the connection ends, or something comes that is no message.
pub fn listen(stream: &UnixStream, mut each: impl FnMut(ToProgram)) -> io::Result<()> {
    let mut reader = BufReader::new(stream);
    let mut line = Vec::new();
    loop {
        line.clear();
        let length = reader.by_ref().take(MAX_TO_PROGRAM_BYTES).read_until(b'\n', &mut line)?;
        if length == 0 {
            return Ok(());
        }
        each(serde_json::from_slice(&line).map_err(io::Error::other)?);
    }
}

/// Messages go to the connected host, and are dropped where there is none: a host that connects anew gets all rows again.
#[derive(Debug, Default)]
pub struct ToAtoll {
    stream: Mutex<Option<UnixStream>>,
}

impl ToAtoll {
    pub fn open(&self, stream: &UnixStream) -> io::Result<()> {
        let own = stream.try_clone()?;
        own.set_write_timeout(Some(WRITE_WITHIN))?;
        *self.stream.lock().unwrap_or_else(PoisonError::into_inner) = Some(own);
        Ok(())
    }

    pub fn close(&self) {
        *self.stream.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn send(&self, message: &Value) {
        let mut own = self.stream.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(stream) = own.as_mut() else { return };
        let mut line = message.to_string();
        line.push('\n');
        if stream.write_all(line.as_bytes()).is_err() {
            // Half a line may be out: nothing can follow it.
            let _ = stream.shutdown(std::net::Shutdown::Both);
            *own = None;
        }
    }

    pub fn health(&self, state: &str, detail: &str) {
        self.send(&json!({ "type": "health", "state": state, "detail": detail }));
    }

    pub fn status(&self, text: &str) {
        self.send(&json!({ "type": "status", "text": text }));
    }

    pub fn applied(&self, revision: u64, problems: &[Problem]) {
        let problems: Vec<Value> = problems
            .iter()
            .take(MAX_PROBLEMS)
            .map(|problem| json!({ "where": problem.place, "reason": shortened(&problem.reason) }))
            .collect();
        self.send(&json!({ "type": "applied", "revision": revision, "problems": problems }));
    }

    pub fn log(&self, level: &str, text: &str) {
        self.send(&json!({ "type": "log", "level": level, "text": shortened(text) }));
    }

    pub fn event(&self, name: &str, data: &Value) {
        self.send(&json!({ "type": "event", "name": name, "data": data }));
    }

    pub fn result(&self, job: u64, reason: &str) {
        self.send(&json!({ "type": "result", "job": job, "ok": false, "reason": reason }));
    }

    /// Rows as their keys and cells. `reset`: the table is empty before.
    pub fn rows(&self, table: &str, reset: bool, rows: &[(String, Value)], removed: &[String]) {
        let mut reset = reset;
        let (mut rows, mut removed) = (rows.chunks(MAX_ROWS), removed.chunks(MAX_ROWS));
        loop {
            let (some, gone) = (rows.next(), removed.next());
            if some.is_none() && gone.is_none() && !reset {
                return;
            }
            let some: Vec<Value> =
                some.unwrap_or(&[]).iter().map(|(key, cells)| json!({ "key": key, "cells": cells })).collect();
            self.send(&json!({
                "type": "rows", "table": table, "reset": reset, "rows": some, "removed": gone.unwrap_or(&[]),
            }));
            reset = false;
        }
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(MAX_REASON).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn read_all(text: &str) -> io::Result<Vec<ToProgram>> {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        theirs.write_all(text.as_bytes()).unwrap();
        drop(theirs);
        let mut all = Vec::new();
        listen(&ours, |message| all.push(message)).map(|()| all)
    }

    #[test]
    fn reads_messages() {
        let all = read_all(
            "{\"type\":\"desired\",\"revision\":2,\"settings\":{},\"state\":null}\n{\"type\":\"cancel\",\"job\":1}\n",
        );
        assert_eq!(
            all.unwrap(),
            [ToProgram::Desired { revision: 2, settings: json!({}), state: Value::Null }, ToProgram::Cancel { job: 1 }]
        );
    }

    #[test]
    fn what_is_no_message_ends_the_line() {
        for text in ["{}\n", "{\"type\":\"desired\"}\n", "nonsense\n", "{\"type\":\"cancel\",\"job\":1,\"more\":1}\n"] {
            assert!(read_all(text).is_err(), "{text}");
        }
    }

    #[test]
    fn many_rows_are_several_messages() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let atoll = ToAtoll::default();
        atoll.open(&ours).unwrap();
        let reader = std::thread::spawn(move || {
            let lines = BufReader::new(theirs).lines();
            lines.map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap()).collect::<Vec<_>>()
        });
        let rows: Vec<(String, Value)> = (0..600).map(|key| (key.to_string(), json!({}))).collect();
        atoll.rows("flows", true, &rows, &["a".to_owned()]);
        atoll.close();
        drop((atoll, ours));
        let all = reader.join().unwrap();
        let lengths: Vec<_> = all.iter().map(|message| message["rows"].as_array().unwrap().len()).collect();
        assert_eq!(lengths, [250, 250, 100]);
        let resets: Vec<_> = all.iter().map(|message| message["reset"].as_bool().unwrap()).collect();
        assert_eq!(resets, [true, false, false]);
    }
}
