//! Programs that the host runs (exec), and streams: data, credit, ends of both sides.

use atoll_wire::header::Message as Body;
use atoll_wire::limits::{MAX_STREAM_CHUNK_BYTES, MAX_STREAM_CREDIT_BYTES};
use atoll_wire::{ExecResize, ExecSignal, ExecStart, StreamEnd};

use crate::support::agent::Agent;
use crate::support::exec::{Exec, is_gone, wait_gone};
use crate::support::host::{BULK, Host};

const SIGHUP: u32 = 1;
const SIGPIPE: u32 = 13;

/// All bytes of an outgoing stream, and whether it was aborted. The host gives `credit` at first, then what it has
/// read.
fn read_all(host: &mut Host, stream: u32, credit: u32) -> (Vec<u8>, bool) {
    host.give_stream_credit(stream, credit);
    let mut all = Vec::new();
    loop {
        let next = host.wait_message("the stream", |message| match &message.body {
            Some(Body::StreamData(data)) if data.stream == stream => Some(Ok(message.payload.clone())),
            Some(Body::StreamEnd(end)) if end.stream == stream => Some(Err(end.aborted)),
            _ => None,
        });
        match next {
            Ok(bytes) => {
                host.give_stream_credit(stream, bytes.len() as u32);
                all.extend(bytes);
            }
            Err(aborted) => return (all, aborted),
        }
    }
}

#[test]
fn what_is_written_to_a_program_comes_back_whole() {
    let agent = Agent::start();
    let mut host = agent.host();
    let exec = Exec::start_argv(&mut host, &["cat"], false);
    exec.wait_started(&mut host);
    let sent: Vec<u8> = (0..3_000_000_u32).map(|at| (at.wrapping_mul(at) >> 8) as u8).collect();
    let (mut rest, mut credit, mut came) = (&sent[..], 0, Vec::new());
    host.give_stream_credit(exec.stdout, 100_000);
    host.give_stream_credit(exec.stderr, 1);
    while came.len() < sent.len() {
        let count = rest.len().min(credit).min(MAX_STREAM_CHUNK_BYTES);
        if count > 0 {
            host.write_stream(exec.stdin, &rest[..count]);
            (rest, credit) = (&rest[count..], credit - count);
            continue;
        }
        let next = host.wait_message("data or credit", |message| match &message.body {
            Some(Body::StreamData(data)) if data.stream == exec.stdout => Some(Ok(message.payload.clone())),
            Some(Body::StreamCredit(more)) if more.stream == exec.stdin => Some(Err(more.bytes)),
            _ => None,
        });
        match next {
            Ok(bytes) => {
                host.give_stream_credit(exec.stdout, bytes.len() as u32);
                came.extend(bytes);
            }
            Err(more) => credit += more as usize,
        }
    }
    assert!(came == sent);
    host.end_stream(exec.stdin);
    assert!(!host.wait_stream_end(exec.stdout));
    assert_eq!(exec.wait_exited(&mut host), (0, 0));
}

/// The rules that the host checks are the other half of this: no byte beyond the credit.
#[test]
fn a_program_that_writes_without_end_is_read_as_far_as_the_credit() {
    let agent = Agent::start();
    let mut host = agent.host();
    let exec = Exec::start(&mut host, "while echo 0123456789; do :; done");
    exec.wait_started(&mut host);
    for credit in [1, 10, 100_000] {
        host.give_stream_credit(exec.stdout, credit);
        let mut came = 0;
        while came < credit {
            came += host.wait_data(exec.stdout).len() as u32;
        }
        assert_eq!(came, credit);
    }
    host.send(BULK, Body::ExecSignal(ExecSignal { exec: exec.id, signal: 9 }));
    host.give_stream_credit(exec.stdout, MAX_STREAM_CREDIT_BYTES);
    host.give_stream_credit(exec.stderr, 1);
    assert_eq!(exec.wait_exited(&mut host), (0, 9));
}

#[test]
fn both_outputs_end_before_the_exit_is_reported() {
    let agent = Agent::start();
    let mut host = agent.host();
    let exec = Exec::start(&mut host, "echo out; echo err >&2; exit 3");
    exec.wait_started(&mut host);
    assert_eq!(read_all(&mut host, exec.stdout, 100), (b"out\n".to_vec(), false));
    assert_eq!(read_all(&mut host, exec.stderr, 100), (b"err\n".to_vec(), false));
    assert_eq!(exec.wait_exited(&mut host), (3, 0));
}

#[test]
fn an_output_ends_with_its_program_though_another_process_holds_it() {
    let agent = Agent::start();
    let mut host = agent.host();
    let exec = Exec::start(&mut host, "sleep 60 & echo $!");
    exec.wait_started(&mut host);
    host.give_stream_credit(exec.stderr, 1);
    let (said, aborted) = read_all(&mut host, exec.stdout, 100);
    assert!(!aborted);
    assert_eq!(exec.wait_exited(&mut host), (0, 0));
    let pid: u32 = String::from_utf8_lossy(&said).trim().parse().expect("a pid");
    assert!(!is_gone(pid));
    let pid = rustix::process::Pid::from_raw(pid as i32).expect("a pid");
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).expect("a signal");
}

#[test]
fn a_program_that_closes_its_input_ends_the_stream() {
    let agent = Agent::start();
    let mut host = agent.host();
    let exec = Exec::start(&mut host, "echo ready; read go; exec <&-; exec sleep 60");
    exec.wait_ready(&mut host);
    host.write_stream(exec.stdin, b"go\n");
    host.wait_stream_end(exec.stdin);
    // What was on its way is dropped.
    host.write_stream(exec.stdin, b"too late");
    host.end_stream(exec.stdin);
    host.roundtrip();
}

#[test]
fn a_program_whose_output_is_not_wanted_gets_sigpipe() {
    let agent = Agent::start();
    let mut host = agent.host();
    let exec = Exec::start(&mut host, "echo ready; read go; while echo more; do :; done");
    exec.wait_ready(&mut host);
    host.give_stream_credit(exec.stderr, 1000);
    host.end_stream(exec.stdout);
    host.wait_stream_end(exec.stdout);
    host.write_stream(exec.stdin, b"go\n");
    assert_eq!(exec.wait_exited(&mut host), (0, SIGPIPE));
}

#[test]
fn a_terminal_whose_output_is_not_wanted_hangs_up() {
    for agent in [Agent::start(), Agent::start_without_hangups()] {
        let mut host = agent.host();
        let exec = Exec::start_argv(&mut host, &["sleep", "600"], true);
        exec.wait_started(&mut host);
        host.end_stream(exec.stdout);
        assert_eq!(exec.wait_exited(&mut host), (0, SIGHUP));
    }
}

#[test]
fn a_terminal_has_a_size_and_an_end_of_file() {
    let agent = Agent::start();
    let mut host = agent.host();
    let exec = Exec::start_argv(&mut host, &["cat"], true);
    exec.wait_started(&mut host);
    for columns in [0, 132, u32::MAX] {
        host.send(BULK, Body::ExecResize(ExecResize { exec: exec.id, columns, rows: 43 }));
    }
    host.give_stream_credit(exec.stdout, 1000);
    host.write_stream(exec.stdin, b"typed\n");
    let mut said = Vec::new();
    while said != b"typed\r\ntyped\r\n" {
        said.extend(host.wait_data(exec.stdout));
    }
    host.end_stream(exec.stdin);
    host.wait_stream_end(exec.stdout);
    assert_eq!(exec.wait_exited(&mut host), (0, 0));
}

#[test]
fn execs_end_with_the_host_that_started_them() {
    let agent = Agent::start();
    let mut host = agent.host();
    let gentle = Exec::start(&mut host, "echo ready; exec sleep 60").wait_ready(&mut host);
    let stubborn =
        Exec::start(&mut host, "trap '' HUP; echo ready; while true; do sleep 0.1; done").wait_ready(&mut host);
    drop(host);
    wait_gone(gentle);
    wait_gone(stubborn);
}

/// Hosts number their execs from 1 on, each in its own session.
#[test]
fn an_exec_of_an_earlier_host_that_ends_late_is_not_taken_for_another_of_its_number() {
    let agent = Agent::start();
    let mut host = agent.host();
    let before = Exec::start(&mut host, "trap '' HUP; echo ready; while true; do sleep 0.1; done");
    let stubborn = before.wait_ready(&mut host);
    drop(host);
    let mut host = agent.host();
    let exec = Exec::start(&mut host, "echo ready; exec cat");
    exec.wait_ready(&mut host);
    assert_eq!(exec.id, before.id);
    wait_gone(stubborn);
    // Its end is noticed no later than that of one that ends after it.
    let next = Exec::start(&mut host, "exit 3");
    host.give_stream_credit(next.stdout, 1);
    host.give_stream_credit(next.stderr, 1);
    assert_eq!(next.wait_exited(&mut host), (3, 0));
    host.end_stream(exec.stdin);
    host.give_stream_credit(exec.stderr, 1);
    assert_eq!(exec.wait_exited(&mut host), (0, 0));
}

/// The ports are not ordered among each other: what follows Welcome on another may come before it.
#[test]
fn an_exec_that_overtakes_welcome_runs() {
    let agent = Agent::start();
    for _ in 0..20 {
        let mut host = agent.host();
        Exec::start(&mut host, "echo ready").wait_ready(&mut host);
    }
}

fn fails(host: &mut Host, start: ExecStart) {
    let exec = start.exec;
    host.send(BULK, Body::ExecStart(start));
    host.wait("ExecFailed", |body| matches!(body, Body::ExecFailed(failed) if failed.exec == exec).then_some(()));
}

#[test]
fn stream_ids_that_cannot_be_used_are_refused() {
    let agent = Agent::start();
    let mut host = agent.host();
    let exec = Exec::start(&mut host, "echo ready; exec sleep 60");
    exec.wait_ready(&mut host);
    for [stdin, stdout, stderr] in [[0, 0, 0], [900, 900, 901], [900, 901, 0], [900, exec.stdout, 901]] {
        let argv = vec!["true".to_owned()];
        fails(&mut host, ExecStart { exec: 500, argv, stdin, stdout, stderr, ..ExecStart::default() });
    }
    for argv in [vec![], vec!["no-such-program".to_owned()], vec!["a\0b".to_owned()]] {
        fails(&mut host, ExecStart { exec: 501, argv, stdin: 910, stdout: 911, stderr: 912, ..ExecStart::default() });
    }
    // Nothing was left open under the ids of those that failed.
    let again = ExecStart { exec: 502, stdin: 910, stdout: 911, stderr: 912, ..ExecStart::default() };
    host.send(BULK, Body::ExecStart(ExecStart { argv: vec!["true".to_owned()], ..again }));
    host.wait("ExecStarted", |body| matches!(body, Body::ExecStarted(started) if started.exec == 502).then_some(()));
}

#[test]
fn a_host_that_does_as_it_likes_with_streams_ends_nothing_but_them() {
    let mut agent = Agent::start();
    let mut host = agent.host();
    for stream in [0, 77, u32::MAX] {
        host.write_stream(stream, b"nobody reads this");
        host.give_stream_credit(stream, u32::MAX);
        host.end_stream(stream);
        host.send(BULK, Body::StreamEnd(StreamEnd { stream, aborted: true }));
    }
    let exec = Exec::start(&mut host, "exec sleep 60");
    exec.wait_started(&mut host);
    let granted = host.wait_stream_credit(exec.stdin) as usize;
    // The wrong way round, and nothing at all.
    host.write_stream(exec.stdout, b"the agent writes this one");
    host.give_stream_credit(exec.stdin, 1);
    host.give_stream_credit(exec.stderr, 0);
    host.write_stream(exec.stdin, b"");
    for signal in [0, 1000, u32::MAX] {
        host.send(BULK, Body::ExecSignal(ExecSignal { exec: exec.id, signal }));
    }
    // More than its credit.
    host.write_stream(exec.stdin, &vec![0; granted + 1]);
    host.wait_stream_end(exec.stdin);
    host.end_stream(exec.stdout);
    host.wait_stream_end(exec.stdout);
    host.end_stream(exec.stdout);
    host.roundtrip();
    agent.assert_runs();
    let exec = Exec::start(&mut host, "echo ready");
    exec.wait_ready(&mut host);
}
