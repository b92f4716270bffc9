//! What becomes of connections that run when rules change.

use crate::support::{ENDLESS_PORT, WEB, WEB6, World, world};
use hickory_proto::op::ResponseCode;
use hickory_proto::rr::RecordType;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

/// An allowed flow is told within this that its rule is gone.
const SOON: Duration = Duration::from_secs(2);

/// A connection by which something comes all the while.
fn download(world: &World, address: &str, host: &str) -> TcpStream {
    let mut stream = world.connect_vm(address, ENDLESS_PORT).unwrap();
    stream.write_all(format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n").as_bytes()).unwrap();
    comes(&mut stream);
    stream
}

/// More of it does.
fn comes(stream: &mut TcpStream) {
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    // More than waited already.
    let mut left = 256 * 1024;
    let mut buffer = [0; 4096];
    while left > 0 {
        let length = stream.read(&mut buffer).unwrap();
        assert_ne!(length, 0);
        left -= length.min(left);
    }
}

/// It ends with a reset, and what is still on its way is no more than was.
fn is_reset(stream: &mut TcpStream, what: &str) {
    let end = Instant::now() + SOON;
    let mut buffer = [0; 65_536];
    loop {
        let left = end.checked_duration_since(Instant::now()).unwrap_or_else(|| panic!("{what}: no reset"));
        stream.set_read_timeout(Some(left.max(Duration::from_millis(1)))).unwrap();
        match stream.read(&mut buffer) {
            Ok(0) => panic!("{what}: an end in order"),
            Ok(_) => {}
            Err(error) => return assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{what}"),
        }
    }
}

#[test]
fn a_download_is_not_touched_by_rules_that_allow_it_and_reset_by_those_that_do_not() {
    let Some(mut world) = world() else { return };
    for (address, kind) in [(WEB, RecordType::A), (WEB6, RecordType::AAAA)] {
        for (allow, host) in [("allow web.example", "web.example"), ("allow internet", "any")] {
            for is_half_closed in [false, true] {
                let what = format!("{address} {allow} {is_half_closed}");
                world.tell_rules(&[allow]);
                assert_eq!(world.look_up("web.example", kind).0, ResponseCode::NoError);
                let mut stream = download(&world, address, host);
                if is_half_closed {
                    stream.shutdown(Shutdown::Write).unwrap();
                    comes(&mut stream);
                }
                world.tell_rules(&[allow, "allow other.example 22"]);
                comes(&mut stream);
                world.tell_rules(&["allow other.example"]);
                is_reset(&mut stream, &what);
                world.no_download_runs(&what);
            }
        }
    }
}
