//! Keys go to Xwayland by Wayland, and X11's focus by X11: two streams that the server reads as it likes. A key that
//! overtook the focus would reach nobody, so whoever gives the focus waits until the server has read it. A server reads
//! its clients in an order of its own: only what was asked for on the connection that waits is sure to be done.

use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use x11rb::CURRENT_TIME;
use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{ClientMessageEvent, ConnectionExt, CreateWindowAux, EventMask, InputFocus, WindowClass};
use x11rb::rust_connection::RustConnection;

/// A program may hold the server (GrabServer) as long as it likes: then keys go on without order.
const PATIENCE: Duration = Duration::from_millis(250);

#[derive(Debug)]
pub struct X11Order {
    connection: RustConnection,
    /// Never shown: the messages that we send to ourselves go through it.
    window: u32,
    sent: u32,
}

impl X11Order {
    pub fn connect(display: u32) -> Result<Self, Box<dyn std::error::Error>> {
        let (connection, screen) = x11rb::connect(Some(&format!(":{display}")))?;
        let root = connection.setup().roots[screen].root;
        let window = connection.generate_id()?;
        let class = WindowClass::INPUT_ONLY;
        connection.create_window(0, window, root, 0, 0, 1, 1, 0, class, 0, &CreateWindowAux::new())?;
        connection.flush()?;
        Ok(Self { connection, window, sent: 0 })
    }

    /// Gives `window` the keyboard, unless it takes it by itself (None); returns when the server has done that, and has
    /// most likely read what was sent on other connections before; or when patience ends.
    pub fn focus(&mut self, window: Option<u32>) {
        if let Err(error) = self.try_focus(window) {
            log::warn!("waiting for the X server: {error}");
        }
    }

    fn try_focus(&mut self, window: Option<u32>) -> Result<(), Box<dyn std::error::Error>> {
        let until = Instant::now() + PATIENCE;
        if let Some(window) = window {
            // As the window manager has asked already. That it cannot have it (it goes) comes as an event, and is no news.
            self.connection.set_input_focus(InputFocus::NONE, window, CURRENT_TIME)?;
        }
        self.sent = self.sent.wrapping_add(1);
        // The type is nobody's business: it comes back to the window's maker, who is us.
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
