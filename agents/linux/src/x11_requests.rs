//! Requests of X11 programs to the window manager that smithay's does not know: messages to the root window, which every
//! client may listen to; and what the window manager asks of the X server besides.

use std::os::fd::AsFd;

use atoll_wire::WindowRequest;
use x11rb::NONE;
use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    Atom, AtomEnum, ChangeWindowAttributesAux, ClientMessageEvent, ConnectionExt, EventMask, PropMode,
};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

use crate::agent::Agent;
use crate::x11_connection::{self, Failed};

/// Events that are handled in one turn of the event loop.
const EVENTS_PER_TURN: usize = 256;
/// Actions of a _NET_WM_STATE message.
const REMOVE: u32 = 0;
const ADD: u32 = 1;
const TOGGLE: u32 = 2;

/// Of WM_STATE. @see ICCCM, 4.1.3.1
const ICONIC_STATE: u32 = 3;

/// What a message asks for.
enum Wanted {
    Attention(WindowRequest),
    /// That a window is modal, or is not any more; None: the other of both.
    Modal(Option<bool>),
}

#[derive(Debug)]
pub struct X11Requests {
    connection: RustConnection,
    active_window: Atom,
    state: Atom,
    demands_attention: Atom,
    modal: Atom,
    wm_state: Atom,
}

impl X11Requests {
    /// Call this once the window manager has begun: it adds to its list of what is supported (_NET_SUPPORTED).
    pub fn connect(display: u32) -> Result<Self, Failed> {
        let (connection, screen) = x11_connection::connect(display)?;
        let root = connection.setup().roots[screen].root;
        let atom =
            |name: &str| -> Result<Atom, Failed> { Ok(connection.intern_atom(false, name.as_bytes())?.reply()?.atom) };
        let active_window = atom("_NET_ACTIVE_WINDOW")?;
        let state = atom("_NET_WM_STATE")?;
        let demands_attention = atom("_NET_WM_STATE_DEMANDS_ATTENTION")?;
        let modal = atom("_NET_WM_STATE_MODAL")?;
        let supported = atom("_NET_SUPPORTED")?;
        let wm_state = atom("WM_STATE")?;
        let attributes = ChangeWindowAttributesAux::new().event_mask(EventMask::SUBSTRUCTURE_NOTIFY);
        connection.change_window_attributes(root, &attributes)?;
        connection.change_property32(PropMode::APPEND, root, supported, AtomEnum::ATOM, &[demands_attention])?;
        connection.flush()?;
        Ok(Self { connection, active_window, state, demands_attention, modal, wm_state })
    }

    pub fn map(&self, window: u32) -> Result<(), Failed> {
        self.connection.map_window(window)?;
        Ok(self.connection.flush()?)
    }

    /// Unmaps a window, and tells its program that it is minimised.
    pub fn unmap(&self, window: u32) -> Result<(), Failed> {
        let (kind, iconic) = (self.wm_state, [ICONIC_STATE, NONE]);
        self.connection.change_property32(PropMode::REPLACE, window, kind, kind, &iconic)?;
        self.connection.unmap_window(window)?;
        Ok(self.connection.flush()?)
    }

    /// What a message asks for: one of _NET_WM_STATE names two states at most.
    fn wanted(&self, message: &ClientMessageEvent) -> [Option<Wanted>; 2] {
        if message.format != 32 {
            return [None, None];
        }
        let data = message.data.as_data32();
        if message.type_ == self.active_window {
            return [Some(Wanted::Attention(WindowRequest::Activate)), None];
        }
        if message.type_ != self.state {
            return [None, None];
        }
        [data[1], data[2]].map(|state| match data[0] {
            REMOVE if state == self.modal => Some(Wanted::Modal(Some(false))),
            ADD if state == self.modal => Some(Wanted::Modal(Some(true))),
            TOGGLE if state == self.modal => Some(Wanted::Modal(None)),
            ADD | TOGGLE if state == self.demands_attention => Some(Wanted::Attention(WindowRequest::Attention)),
            _ => None,
        })
    }
}

impl Agent {
    /// Listens to the requests of X11 programs; they are handled at the end of each turn.
    pub fn listen_to_x11(&mut self, requests: X11Requests) {
        let listening =
            requests.connection.stream().as_fd().try_clone_to_owned().map_err(Failed::from).and_then(|fd| {
                self.x11.requests = Some(requests);
                self.on_readable(fd, |agent, _| agent.x11.requests.is_some()).ok_or("no event source")?;
                Ok(())
            });
        if let Err(error) = listening {
            log::warn!("X11 programs that want attention are not heard: {error}");
            self.x11.requests = None;
        }
    }

    /// Once a turn.
    pub fn receive_x11_requests(&mut self) {
        for _ in 0..EVENTS_PER_TURN {
            let Some(requests) = &self.x11.requests else { return };
            let message = match requests.connection.poll_for_event() {
                Ok(Some(Event::ClientMessage(message))) => message,
                Ok(Some(_)) => continue,
                Ok(None) => return,
                Err(error) => {
                    log::debug!("the X server is gone: {error}");
                    self.x11.requests = None;
                    return;
                }
            };
            let wanted = requests.wanted(&message);
            if wanted.iter().all(Option::is_none) {
                continue;
            }
            let is_it = |x11: &smithay::xwayland::X11Surface| x11.window_id() == message.window;
            let found = self.surfaces.iter().find(|surface| surface.x11().is_some_and(is_it));
            let Some(id) = found.map(|surface| surface.id) else { continue };
            for wanted in wanted.into_iter().flatten() {
                match wanted {
                    Wanted::Attention(request) => self.want_attention(id, request),
                    Wanted::Modal(is_modal) => self.set_x11_modal(id, is_modal),
                }
            }
        }
        // x11rb may have read more events already: for those the socket does not become readable again.
        self.wake.ping();
    }

    fn set_x11_modal(&mut self, id: u32, is_modal: Option<bool>) {
        let Some(window) = self.surfaces.get_mut(id).and_then(|surface| surface.window_mut()) else { return };
        window.x11_modal = is_modal.unwrap_or(!window.x11_modal);
        window.dirty = true;
    }
}
