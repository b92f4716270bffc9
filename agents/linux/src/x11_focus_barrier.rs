//! Makes sure that keys reach the X11 window that was just given the keyboard focus. Keys go to Xwayland on its Wayland
//! connection, the focus on an X11 connection, and a server reads its connections in any order: a key that is read
//! before the focus reaches no window. So the agent waits until the server has handled the focus. Since only requests
//! on the connection that waits are sure to be handled by then, the barrier sets the focus itself.

use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use x11rb::CURRENT_TIME;
use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{ClientMessageEvent, ConnectionExt, CreateWindowAux, EventMask, InputFocus, WindowClass};
use x11rb::rust_connection::RustConnection;

/// A program may hold the server (GrabServer) as long as it likes: then keys are sent without the guarantee.
const ANSWER_TIMEOUT: Duration = Duration::from_millis(250);

#[derive(Debug)]
pub struct X11FocusBarrier {
    connection: RustConnection,
    /// Never shown: the messages that the barrier sends to itself go through it.
    window: u32,
    sent: u32,
}

impl X11FocusBarrier {
    pub fn connect(display: u32) -> Result<Self, Box<dyn std::error::Error>> {
        let (connection, screen) = x11rb::connect(Some(&format!(":{display}")))?;
        let root = connection.setup().roots[screen].root;
        let window = connection.generate_id()?;
        let class = WindowClass::INPUT_ONLY;
        connection.create_window(0, window, root, 0, 0, 1, 1, 0, class, 0, &CreateWindowAux::new())?;
        connection.flush()?;
        Ok(Self { connection, window, sent: 0 })
    }

    /// Gives `window` the keyboard, unless it takes it by itself (None). Returns when the server has done so, and has
    /// most likely read what was sent on other connections before. False = it has not answered in time.
    pub fn focus(&mut self, window: Option<u32>) -> bool {
        self.try_focus(window).inspect_err(|error| log::warn!("waiting for the X server: {error}")).is_ok()
    }

    fn try_focus(&mut self, window: Option<u32>) -> Result<(), Box<dyn std::error::Error>> {
        let until = Instant::now() + ANSWER_TIMEOUT;
        if let Some(window) = window {
            // The window manager has asked for the same already. Where the window has just gone, that it cannot have
            // the focus comes as an error event, which is ignored.
            self.connection.set_input_focus(InputFocus::NONE, window, CURRENT_TIME)?;
        }
        self.sent = self.sent.wrapping_add(1);
        // The message's type is of no importance: without an event mask it is sent to the creator of the window, which
        // is the barrier.
        let message = ClientMessageEvent::new(32, self.window, 1u32, [self.sent, 0, 0, 0, 0]);
        self.connection.send_event(false, self.window, EventMask::NO_EVENT, message)?;
        self.connection.flush()?;
        loop {
            while let Some(event) = self.connection.poll_for_event()? {
                let Event::ClientMessage(message) = event else { continue };
                if message.window == self.window && message.data.as_data32()[0] == self.sent {
                    return Ok(());
                }
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err("it does not answer".into());
            }
            let timeout = Timespec { tv_sec: 0, tv_nsec: left.subsec_nanos().into() };
            poll(&mut [PollFd::new(&self.connection.stream().as_fd(), PollFlags::IN)], Some(&timeout))?;
        }
    }
}
