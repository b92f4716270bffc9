//! The host's end of links: each network interface of a VM is a socket on which QEMU listens. This program connects
//! to two of them and carries frames from one to the other, or from one to the internet (passt). It is the link: while
//! it does not run, nothing passes.
//!
//! ```text
//! atoll-relay join SOCKET SOCKET
//! atoll-relay uplink SOCKET IPV4,GATEWAY4,IPV6,GATEWAY6 -- PROGRAM [ARGUMENT...]
//! ```
//! `uplink` starts the program with `-F FD`, a socket of its own to speak with, each time that the VM is there; what is not
//! meant for the internet does not reach it (filter.rs). What happens is written to standard output, see report.rs.

mod filter;
mod frames;
mod host;
mod internet;
mod join;
mod network;
mod refusal;
mod report;
mod uplink;

use filter::Ends;
use std::process::ExitCode;

const USAGE: &str = "usage: atoll-relay join SOCKET SOCKET
       atoll-relay uplink SOCKET IPV4,GATEWAY4,IPV6,GATEWAY6 -- PROGRAM [ARGUMENT...]";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["join", one, other] => join::run(one, other),
        ["uplink", socket, ends, "--", program, ref arguments @ ..] => match Ends::parse(ends) {
            Some(ends) => fail(&uplink::run(socket, ends, program, arguments)),
            None => fail(&format!("\"{ends}\" is not four addresses")),
        },
        _ => fail(USAGE),
    }
}

fn fail(words: &str) -> ExitCode {
    eprintln!("atoll-relay: {words}");
    ExitCode::from(2)
}
