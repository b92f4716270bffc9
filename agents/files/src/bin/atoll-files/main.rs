//! The agent's place for the host's own files: speaks of files as an agent does, on its standard streams.
//!
//! ```text
//! atoll-files [--home DIR] [--incoming DIR] [--read PATH]... [--write DIR]...
//! ```
//!
//! Standard input and output carry framed messages (`u32 length | u32 header length | Header | payload`) without opening and
//! without handshake: those of "Files" and of "Streams" in atoll.proto, from the first byte on. It ends with its standard input; what came of a
//! transfer is kept then, as after FilesStop with `keep`. Standard error has a line for what it cannot do.
//!
//! `--home`: relative paths begin here (HOME). `--incoming`: has a folder for each source (`Incoming` in the home).
//! With `--read` or `--write` the kernel lets it see nothing else (Landlock, where the kernel has it): give the parent folder
//! of each file that is listed, and of each place where files arrive. Without, it can do what the user can.

mod confine;
mod io;
mod queue;

use std::collections::BTreeMap;
use std::io::{Write, stdin};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread;

use atoll_files::{Event, Input, Link, Places, Transfers};
use atoll_wire::Message;
use atoll_wire::header::Message as Body;

use crate::io::Out;
use crate::queue::{CreditWriter, QueueReader, Queues};

const USAGE: &str = "usage: atoll-files [--home DIR] [--incoming DIR] [--read PATH]... [--write DIR]...";

enum Next {
    Came(Message),
    Happened(Event),
    /// The host has closed standard input, or sent what is no message.
    Over(Option<String>),
}

/// The streams of this process.
struct Streams {
    out: Arc<Out>,
    writers: BTreeMap<u32, Arc<queue::Credit>>,
    readers: Queues,
}

impl Link for Streams {
    fn outgoing(&mut self, stream: u32, _transfer: u32) -> Result<Box<dyn Write + Send>, String> {
        self.forget_ended();
        let writer = CreditWriter::new(stream, self.out.clone());
        self.writers.insert(stream, writer.credit());
        Ok(Box::new(writer))
    }

    fn incoming(&mut self, stream: u32) -> Result<Box<dyn Input + Send>, String> {
        self.forget_ended();
        let (reader, queue) = QueueReader::new(stream, self.out.clone());
        self.readers.insert(stream, queue);
        Ok(Box::new(reader))
    }

    fn close(&mut self, stream: u32) {
        if let Some(credit) = self.writers.remove(&stream) {
            credit.close();
        }
        if let Some(queue) = self.readers.remove(&stream) {
            queue.close();
        }
    }

    fn wanted(&self, _wanted: u32) -> Option<Vec<PathBuf>> {
        None
    }
}

impl Streams {
    /// Streams that no thread has any more.
    fn forget_ended(&mut self) {
        self.writers.retain(|_, credit| Arc::strong_count(credit) > 1);
        self.readers.retain(|_, queue| Arc::strong_count(queue) > 1);
    }

    fn close_all(&mut self) {
        let all = self.writers.keys().chain(self.readers.keys()).copied().collect::<Vec<_>>();
        for stream in all {
            self.close(stream);
        }
    }

    fn push(&mut self, stream: u32, bytes: &[u8]) {
        let is_beyond = self.readers.get(&stream).is_some_and(|queue| !queue.push(bytes));
        if is_beyond {
            eprintln!("atoll-files: stream {stream}: bytes beyond its credit");
            self.close(stream);
        }
    }

    fn receive(&mut self, body: &Body, payload: &[u8]) {
        match body {
            Body::StreamData(data) => self.push(data.stream, payload),
            Body::StreamCredit(credit) => {
                if let Some(writer) = self.writers.get(&credit.stream) {
                    writer.add(credit.bytes);
                }
            }
            Body::StreamEnd(end) => self.close(end.stream),
            _ => {}
        }
    }
}

struct Arguments {
    home: PathBuf,
    incoming: Option<PathBuf>,
    reads: Vec<PathBuf>,
    writes: Vec<PathBuf>,
}

fn arguments() -> Option<Arguments> {
    let home = std::env::var_os("HOME").map_or_else(|| PathBuf::from("/"), PathBuf::from);
    let mut arguments = Arguments { home, incoming: None, reads: Vec::new(), writes: Vec::new() };
    let mut words = std::env::args_os().skip(1);
    while let Some(word) = words.next() {
        let value = PathBuf::from(words.next()?);
        match word.to_str()? {
            "--home" => arguments.home = value,
            "--incoming" => arguments.incoming = Some(value),
            "--read" => arguments.reads.push(value),
            "--write" => arguments.writes.push(value),
            _ => return None,
        }
    }
    Some(arguments)
}

fn read_messages(next: &Sender<Next>) {
    let mut input = stdin().lock();
    loop {
        match io::read_message(&mut input) {
            Ok(Some(message)) => {
                if next.send(Next::Came(message)).is_err() {
                    return;
                }
            }
            Ok(None) => return drop(next.send(Next::Over(None))),
            Err(error) => return drop(next.send(Next::Over(Some(error)))),
        }
    }
}

fn main() -> ExitCode {
    let Some(arguments) = arguments() else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let mut places = Places::of_home(arguments.home);
    if let Some(incoming) = arguments.incoming {
        places.incoming = incoming;
    }
    if let Err(error) = confine::confine(&arguments.reads, &arguments.writes) {
        eprintln!("atoll-files: {error}");
        return ExitCode::FAILURE;
    }
    let (sender, next) = channel();
    let events = sender.clone();
    let mut transfers = Transfers::new(places, move |event| drop(events.send(Next::Happened(event))));
    thread::spawn(move || read_messages(&sender));
    let out = Arc::new(Out::default());
    let mut streams = Streams { out: out.clone(), writers: BTreeMap::new(), readers: Queues::new() };
    for next in next {
        match next {
            Next::Came(Message { body: Some(body), payload }) => {
                if !transfers.receive(&body, &mut streams) {
                    streams.receive(&body, &payload);
                }
            }
            Next::Came(_) => {}
            Next::Happened(event) => {
                if let Some(body) = transfers.take(event) {
                    out.send(body, &[]);
                }
            }
            Next::Over(error) => {
                if let Some(error) = &error {
                    eprintln!("atoll-files: {error}");
                }
                streams.close_all();
                transfers.end_all();
                transfers.wait();
                return if error.is_some() { ExitCode::FAILURE } else { ExitCode::SUCCESS };
            }
        }
    }
    ExitCode::SUCCESS
}
