//! The program of a service VM: its socket, and the two streams by which the host talks with it.

use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;

use atoll_wire::header::Message as Body;
use atoll_wire::{ServiceConnected, ServiceOpen};

use crate::support::PATIENCE;
use crate::support::agent::Agent;
use crate::support::host::{BULK, Host};

fn connect(agent: &Agent) -> UnixStream {
    let stream = UnixStream::connect(agent.path("runtime/atoll/service.sock")).expect("the agent listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a time limit");
    stream
}

fn offer(host: &mut Host) -> ServiceOpen {
    let [to_program, from_program] = [(); 2].map(|()| host.next_id());
    let open = ServiceOpen { to_program, from_program };
    host.send(BULK, Body::ServiceOpen(open));
    open
}

fn wait_connected(host: &mut Host, to_program: u32) {
    host.wait("ServiceConnected", |body| {
        (*body == Body::ServiceConnected(ServiceConnected { to_program })).then_some(())
    });
}

fn read(program: &mut UnixStream, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    program.read_exact(&mut bytes).expect("what the host wrote");
    bytes
}

#[test]
fn a_program_and_the_host_talk_whoever_comes_first() {
    let agent = Agent::start();
    let mut host = agent.host();
    for program_first in [false, true] {
        let early = program_first.then(|| connect(&agent));
        let ServiceOpen { to_program, from_program } = offer(&mut host);
        let mut program = early.unwrap_or_else(|| connect(&agent));
        wait_connected(&mut host, to_program);
        host.give_stream_credit(from_program, 1024);
        host.write_stream(to_program, b"do it\n");
        assert_eq!(read(&mut program, 6), b"do it\n");
        program.write_all(b"done\n").expect("the agent reads");
        assert_eq!(host.wait_data(from_program), b"done\n");
        drop(program);
        assert!(!host.wait_stream_end(from_program));
        host.end_stream(to_program);
    }
}

#[test]
fn what_a_program_says_last_comes_before_its_end() {
    let agent = Agent::start();
    let mut host = agent.host();
    let ServiceOpen { to_program, from_program } = offer(&mut host);
    let mut program = connect(&agent);
    wait_connected(&mut host, to_program);
    program.write_all(b"last words\n").expect("room in the socket");
    drop(program);
    // Nobody reads it any more: the host hears so.
    host.write_stream(to_program, b"x\n");
    host.give_stream_credit(from_program, 1024);
    assert_eq!(host.wait_data(from_program), b"last words\n");
    assert!(!host.wait_stream_end(from_program));
}

#[test]
fn a_program_ends_where_the_host_lets_go_of_it_or_is_gone() {
    let agent = Agent::start();
    let mut host = agent.host();
    let ServiceOpen { to_program, .. } = offer(&mut host);
    let mut program = connect(&agent);
    wait_connected(&mut host, to_program);
    host.end_stream(to_program);
    assert_eq!(program.read(&mut [0]).expect("an end"), 0);

    let ServiceOpen { to_program, .. } = offer(&mut host);
    let mut program = connect(&agent);
    wait_connected(&mut host, to_program);
    let mut older = connect(&agent);
    let mut waiting = connect(&agent);
    // By then the agent has taken the other one.
    assert_eq!(older.read(&mut [0]).expect("an end"), 0);
    drop(host);
    for stream in [&mut program, &mut waiting] {
        assert_eq!(stream.read(&mut [0]).expect("an end"), 0);
    }
}

#[test]
fn of_two_that_wait_the_newer_one_is_taken() {
    let agent = Agent::start();
    let mut host = agent.host();
    let mut older = connect(&agent);
    let mut newer = connect(&agent);
    assert_eq!(older.read(&mut [0]).expect("an end"), 0);
    let ServiceOpen { to_program, .. } = offer(&mut host);
    wait_connected(&mut host, to_program);
    host.write_stream(to_program, b"x");
    assert_eq!(read(&mut newer, 1), b"x");
}

#[test]
fn nobody_else_may_connect() {
    let agent = Agent::start();
    drop(agent.host());
    let mode = agent.path("runtime/atoll/service.sock").metadata().expect("a socket").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}
