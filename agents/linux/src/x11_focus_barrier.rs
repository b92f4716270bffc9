//! X11's input focus. Keys go to Xwayland on its Wayland connection, the focus on an X11 connection, and a server reads
//! its connections in any order: a key that is read before the focus reaches no window. So keys wait until the server
//! has handled the focus (see held_input). Only requests on the connection that waits are sure to be handled by then:
//! so nothing else of the agent sets the focus, and in particular not smithay's window manager. The other way round, a
//! focus that is read before the keys that were sent ahead of it takes them from their window: so the next focus waits
//! until the server has read the keys.

use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use x11rb::connection::Connection;
use x11rb::cookie::Cookie;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    Atom, AtomEnum, ClientMessageEvent, ConnectionExt, CreateWindowAux, EventMask, GetPropertyReply, InputFocus,
    WindowClass,
};
use x11rb::rust_connection::RustConnection;
use x11rb::{CURRENT_TIME, NONE};

use crate::x11_connection::{self, Failed};

/// A server that does not answer within this time gets the keys all the same, and may lose some.
pub const ANSWER_TIMEOUT: Duration = Duration::from_secs(2);
/// Atoms of one WM_PROTOCOLS that are looked at, at most.
const MAX_PROTOCOLS: u32 = 64;

/// An X11 window that is to have the keyboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Focused {
    pub window: u32,
    /// Of its WM_HINTS: whether it is given the focus. One that is not may take it when it is told (WM_TAKE_FOCUS).
    pub input_hint: bool,
}

/// The server was asked for the WM_PROTOCOLS of a window.
#[derive(Debug, Clone, Copy)]
struct Asked {
    window: u32,
    sequence: u64,
}

#[derive(Debug)]
pub struct X11FocusBarrier {
    connection: RustConnection,
    /// Never shown: the messages that the barrier sends to itself go through it.
    window: u32,
    protocols: Atom,
    take_focus: Atom,
    /// Of the window that was focused last.
    asked: Option<Asked>,
    /// The number of the last message, and of the last one that came back.
    sent: u32,
    answered: u32,
    /// None = nothing is waited for.
    until: Option<Instant>,
    /// The server has not answered in time: it is not waited for again until it has.
    is_late: bool,
    /// Keys were sent to a window of X11 since the server answered last.
    has_sent_keys: bool,
}

impl X11FocusBarrier {
    pub fn connect(display: u32) -> Result<Self, Failed> {
        let (connection, screen) = x11_connection::connect(display)?;
        let root = connection.setup().roots[screen].root;
        let window = connection.generate_id()?;
        let class = WindowClass::INPUT_ONLY;
        connection.create_window(0, window, root, 0, 0, 1, 1, 0, class, 0, &CreateWindowAux::new())?;
        let atom =
            |name: &str| -> Result<Atom, Failed> { Ok(connection.intern_atom(false, name.as_bytes())?.reply()?.atom) };
        let (protocols, take_focus) = (atom("WM_PROTOCOLS")?, atom("WM_TAKE_FOCUS")?);
        Ok(Self {
            connection,
            window,
            protocols,
            take_focus,
            asked: None,
            sent: 0,
            answered: 0,
            until: None,
            is_late: false,
            has_sent_keys: false,
        })
    }

    /// Readable when the server has said something.
    pub fn fd(&self) -> std::io::Result<OwnedFd> {
        self.connection.stream().as_fd().try_clone_to_owned()
    }

    /// Gives a window the keyboard, by its input model (ICCCM, 4.1.7), or takes it from all (None).
    ///
    /// # Errors
    /// The X server is gone.
    pub fn focus(&mut self, focused: Option<Focused>) -> Result<(), Failed> {
        self.forget_asked();
        let given = focused.filter(|focused| focused.input_hint).map_or(NONE, |focused| focused.window);
        // Where the window has just gone, that it cannot have the focus comes as an error event, which is ignored.
        self.connection.set_input_focus(InputFocus::NONE, given, CURRENT_TIME)?;
        if let Some(Focused { window, .. }) = focused {
            let asked =
                self.connection.get_property(false, window, self.protocols, AtomEnum::ATOM, 0, MAX_PROTOCOLS)?;
            self.asked = Some(Asked { window, sequence: asked.sequence_number() });
            // Dropped, it would throw the answer away.
            std::mem::forget(asked);
        }
        self.send_message()?;
        let waits = focused.is_some() && !self.is_late;
        self.until = waits.then(|| Instant::now() + ANSWER_TIMEOUT);
        Ok(())
    }

    /// A key was sent to a window of X11.
    pub fn key_sent(&mut self) {
        self.has_sent_keys = true;
    }

    /// Whether the server may not have read all keys yet. It is not waited for where it has not answered before.
    pub fn has_unread_keys(&self) -> bool {
        self.has_sent_keys && !self.is_late
    }

    /// Begins to wait until the server has read the keys. They must have been written to its connection.
    ///
    /// # Errors
    /// The X server is gone.
    pub fn await_keys(&mut self) -> Result<(), Failed> {
        self.send_message()?;
        self.until = Some(Instant::now() + ANSWER_TIMEOUT);
        Ok(())
    }

    /// The server sends it back when it has handled what was sent before.
    fn send_message(&mut self) -> Result<(), Failed> {
        self.sent = self.sent.wrapping_add(1);
        // The message's type is of no importance: without an event mask it is sent to the creator of the window, which
        // is the barrier.
        let message = ClientMessageEvent::new(32, self.window, 1u32, [self.sent, 0, 0, 0, 0]);
        self.connection.send_event(false, self.window, EventMask::NO_EVENT, message)?;
        self.connection.flush()?;
        Ok(())
    }

    /// Takes the events that the server has sent.
    ///
    /// # Errors
    /// The X server is gone.
    pub fn read_events(&mut self) -> Result<(), Failed> {
        while let Some(event) = self.connection.poll_for_event()? {
            if let Event::ClientMessage(message) = event {
                if message.window == self.window {
                    self.answered = message.data.as_data32()[0];
                }
            }
        }
        if self.answered == self.sent {
            self.is_late = false;
            self.tell_to_take_focus()?;
            self.until = None;
            self.has_sent_keys = false;
        }
        Ok(())
    }

    /// Whether keys have to wait. They may go when the server has focused the window, and has most likely read what was
    /// sent on other connections before; or when it has not answered in time.
    pub fn is_waiting(&mut self) -> bool {
        if self.until.is_some_and(|until| until <= Instant::now()) {
            self.give_up();
        }
        self.until.is_some()
    }

    /// Waits no longer.
    pub fn give_up(&mut self) {
        log::warn!("the X server does not answer: keys may overtake the focus");
        self.until = None;
        self.is_late = true;
    }

    /// The answer about the protocols has come, since it was asked for before what has been answered.
    fn tell_to_take_focus(&mut self) -> Result<(), Failed> {
        let Some(Asked { window, sequence }) = self.asked.take() else { return Ok(()) };
        let answer: Cookie<'_, _, GetPropertyReply> = Cookie::new(&self.connection, sequence);
        let Some(property) = answer.reply_unchecked()? else { return Ok(()) };
        if property.value32().is_some_and(|mut atoms| atoms.any(|atom| atom == self.take_focus)) {
            let data = [self.take_focus, CURRENT_TIME, 0, 0, 0];
            let message = ClientMessageEvent::new(32, window, self.protocols, data);
            self.connection.send_event(false, window, EventMask::NO_EVENT, message)?;
            self.connection.flush()?;
        }
        Ok(())
    }

    fn forget_asked(&mut self) {
        if let Some(Asked { sequence, .. }) = self.asked.take() {
            let answer: Cookie<'_, _, GetPropertyReply> = Cookie::new(&self.connection, sequence);
            answer.discard_reply_and_errors();
        }
    }
}
