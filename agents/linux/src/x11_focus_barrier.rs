//! Makes sure that keys reach the X11 window that was just given the keyboard focus. Keys go to Xwayland on its Wayland
//! connection, the focus on an X11 connection, and a server reads its connections in any order: a key that is read
//! before the focus reaches no window. So the agent waits until the server has handled the focus. Since only requests
//! on the connection that waits are sure to be handled by then, the barrier sets the focus itself.
//!
//! The same goes for what a Wayland program has copied: the window manager takes the selection for it on a third
//! connection, and a key may make an X11 program paste. The server notifies the barrier of each new selection owner.

use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use x11rb::CURRENT_TIME;
use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::xfixes::{ConnectionExt as _, SelectionEventMask};
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
    /// What all ids of the window manager's windows have in common, see `owner_of_id`.
    window_manager: u32,
    /// How often the window manager was asked to take a selection without the server having said that it has.
    selections_due: u32,
}

impl X11FocusBarrier {
    pub fn connect(display: u32) -> Result<Self, Box<dyn std::error::Error>> {
        let (connection, screen) = x11rb::connect(Some(&format!(":{display}")))?;
        let root = connection.setup().roots[screen].root;
        let window = connection.generate_id()?;
        let class = WindowClass::INPUT_ONLY;
        connection.create_window(0, window, root, 0, 0, 1, 1, 0, class, 0, &CreateWindowAux::new())?;
        connection.xfixes_query_version(1, 0)?.reply()?;
        for name in ["CLIPBOARD", "PRIMARY"] {
            let selection = connection.intern_atom(false, name.as_bytes())?.reply()?.atom;
            connection.xfixes_select_selection_input(window, selection, SelectionEventMask::SET_SELECTION_OWNER)?;
        }
        // Owned by each window manager (ICCCM, 4.3); Xwayland accepts nobody before that.
        let managing = connection.intern_atom(false, b"WM_S0")?.reply()?.atom;
        let manager = connection.get_selection_owner(managing)?.reply()?.owner;
        let window_manager = owner_of_id(&connection, manager);
        Ok(Self { connection, window, sent: 0, window_manager, selections_due: 0 })
    }

    /// The window manager has just asked for a selection that a Wayland program owns: the next `focus` waits until the
    /// server has given it.
    pub fn expect_selection(&mut self) {
        self.selections_due = self.selections_due.saturating_add(1);
    }

    /// Gives `window` the keyboard, unless it takes it by itself (None). Returns when the server has done so, has given
    /// the window manager its selections, and has most likely read what was sent on other connections before; or when
    /// it has not answered in time.
    pub fn focus(&mut self, window: Option<u32>) {
        if let Err(error) = self.try_focus(window) {
            log::warn!("waiting for the X server: {error}");
            // What does not come is not waited for at each focus from now on.
            self.selections_due = 0;
        }
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
        let mut is_focused = false;
        loop {
            while let Some(event) = self.connection.poll_for_event()? {
                match event {
                    Event::ClientMessage(message) if message.window == self.window => {
                        is_focused |= message.data.as_data32()[0] == self.sent;
                    }
                    Event::XfixesSelectionNotify(change)
                        if owner_of_id(&self.connection, change.owner) == self.window_manager =>
                    {
                        self.selections_due = self.selections_due.saturating_sub(1);
                    }
                    _ => {}
                }
            }
            if is_focused && self.selections_due == 0 {
                return Ok(());
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

/// The part of a resource's id that says which connection made it.
fn owner_of_id(connection: &RustConnection, id: u32) -> u32 {
    id & !connection.setup().resource_id_mask
}
