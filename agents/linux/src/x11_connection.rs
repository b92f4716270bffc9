//! The agent's own connections to the X server.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;

use x11rb::protocol::xproto::QueryExtensionRequest;
use x11rb::protocol::xtest::{ConnectionExt as _, GrabControlRequest, X11_EXTENSION_NAME};
use x11rb::rust_connection::RustConnection;

pub type Failed = Box<dyn std::error::Error>;

/// Connects; gives the number of the screen, too. A program may hold the server (GrabServer) as long as it likes: the
/// requests of this connection are handled all the same. While it is being made they are not: it has to be made where it may
/// take its time.
///
/// # Errors
/// There is no server.
pub fn connect(display: u32) -> Result<(RustConnection, usize), Failed> {
    let (connection, screen) = x11rb::connect(Some(&format!(":{display}")))?;
    connection.xtest_grab_control(true)?;
    Ok((connection, screen))
}

const PACKET_BYTES: usize = 32;
const ERROR: u8 = 0;
const REPLY: u8 = 1;

/// Does the same for a connection that somebody else makes, and that has just been set up: gives the number of requests
/// that were made for it, by which the server's count of them is ahead of his.
///
/// # Errors
/// The server is gone.
pub fn make_impervious(server: &mut UnixStream) -> io::Result<u16> {
    let query = QueryExtensionRequest { name: X11_EXTENSION_NAME.as_bytes().into() };
    let (parts, _) = query.serialize();
    parts.iter().try_for_each(|part| server.write_all(part))?;
    let mut answer = [0; PACKET_BYTES];
    // Programs cannot have said anything yet: what else comes is of the keyboard, and of no interest.
    loop {
        server.read_exact(&mut answer)?;
        if matches!(answer[0], ERROR | REPLY) {
            break;
        }
    }
    let (is_present, opcode) = (answer[0] == REPLY && answer[8] != 0, answer[9]);
    if !is_present {
        log::warn!("the X server has no XTEST: a program that holds it holds the agent");
        return Ok(1);
    }
    let (parts, _) = GrabControlRequest { impervious: true }.serialize(opcode);
    parts.iter().try_for_each(|part| server.write_all(part))?;
    Ok(2)
}
