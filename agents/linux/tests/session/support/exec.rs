//! Programs that the host runs in the guest, and their streams.

use std::fs;

use atoll_wire::header::Message as Body;
use atoll_wire::{ExecStart, StreamCredit, StreamData, StreamEnd};

use super::host::{BULK, Host};
use super::until;

/// An exec, by the ids that the host gave it.
#[derive(Debug, Clone, Copy)]
pub struct Exec {
    pub id: u32,
    pub stdin: u32,
    pub stdout: u32,
    pub stderr: u32,
}

impl Exec {
    /// `sh -c SCRIPT` with three pipes.
    pub fn start(host: &mut Host, script: &str) -> Self {
        Self::start_argv(host, &["sh", "-c", script], false)
    }

    pub fn start_argv(host: &mut Host, argv: &[&str], tty: bool) -> Self {
        let [id, stdin, stdout, stderr] = [(); 4].map(|()| host.next_id());
        let argv = argv.iter().map(|&word| word.to_owned()).collect();
        let stderr = if tty { 0 } else { stderr };
        let start = ExecStart { exec: id, argv, tty, stdin, stdout, stderr, ..ExecStart::default() };
        host.send(BULK, Body::ExecStart(start));
        Self { id, stdin, stdout, stderr }
    }

    /// Gives its pid.
    pub fn wait_started(&self, host: &mut Host) -> u32 {
        host.wait("ExecStarted", |body| match body {
            Body::ExecStarted(started) if started.exec == self.id => Some(started.pid),
            _ => None,
        })
    }

    /// Waits until it has written `ready`; gives its pid.
    pub fn wait_ready(&self, host: &mut Host) -> u32 {
        let pid = self.wait_started(host);
        host.give_stream_credit(self.stdout, 4096);
        assert_eq!(host.wait_data(self.stdout), b"ready\n");
        pid
    }

    /// Exit code and signal.
    pub fn wait_exited(&self, host: &mut Host) -> (u32, u32) {
        host.wait("ExecExited", |body| match body {
            Body::ExecExited(exited) if exited.exec == self.id => Some((exited.code, exited.signal)),
            _ => None,
        })
    }
}

impl Host {
    pub fn give_stream_credit(&mut self, stream: u32, bytes: u32) {
        self.send(BULK, Body::StreamCredit(StreamCredit { stream, bytes }));
    }

    pub fn write_stream(&mut self, stream: u32, bytes: &[u8]) {
        self.send_with(BULK, Body::StreamData(StreamData { stream }), bytes);
    }

    pub fn end_stream(&mut self, stream: u32) {
        self.send(BULK, Body::StreamEnd(StreamEnd { stream, aborted: false }));
    }

    /// The next bytes of a stream.
    pub fn wait_data(&mut self, stream: u32) -> Vec<u8> {
        self.wait_message(&format!("data of stream {stream}"), |message| {
            (message.body == Some(Body::StreamData(StreamData { stream }))).then(|| message.payload.clone())
        })
    }

    /// Whether the stream was aborted.
    pub fn wait_stream_end(&mut self, stream: u32) -> bool {
        self.wait(&format!("the end of stream {stream}"), |body| match body {
            Body::StreamEnd(end) if end.stream == stream => Some(end.aborted),
            _ => None,
        })
    }

    /// The next credit that the agent gives.
    pub fn wait_stream_credit(&mut self, stream: u32) -> u32 {
        self.wait(&format!("credit of stream {stream}"), |body| match body {
            Body::StreamCredit(credit) if credit.stream == stream => Some(credit.bytes),
            _ => None,
        })
    }
}

pub fn is_gone(pid: u32) -> bool {
    // A zombie that is not yet waited for has ended as well.
    fs::read_to_string(format!("/proc/{pid}/stat"))
        .map_or(true, |stat| stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('Z')))
}

pub fn wait_gone(pid: u32) {
    until(&format!("process {pid} is gone"), || is_gone(pid).then_some(()));
}
