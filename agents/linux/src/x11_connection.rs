//! What the agent's own connections to the X server have in common.

use x11rb::rust_connection::RustConnection;

pub type Failed = Box<dyn std::error::Error>;

/// Connects; gives the number of the screen, too. The server answers when it has the time: this is for threads that may wait.
///
/// # Errors
/// There is no server.
pub fn connect(display: u32) -> Result<(RustConnection, usize), Failed> {
    Ok(x11rb::connect(Some(&format!(":{display}")))?)
}
