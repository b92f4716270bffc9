//! What the agent asks the X server itself, on a connection of its own: smithay's window manager has no word for it. The
//! server may be busy: what is not answered in time counts as not said, and until it has answered it is asked nothing more.

use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use atoll_wire::WindowRequest;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::shape::{ConnectionExt as _, SK};
use x11rb::protocol::xproto::{
    AtomEnum, ClientMessageEvent, ConnectionExt as _, CreateWindowAux, EventMask, MapState, WindowClass,
};
use x11rb::rust_connection::RustConnection;

use crate::compound_text;
use crate::tiles::PixelRect;
use crate::x11_connection::{self, Failed};

const ANSWER_TIMEOUT: Duration = Duration::from_millis(250);
/// Atoms of one _NET_WM_STATE that are looked at.
const MAX_STATES: u32 = 64;
/// Words of four bytes of a window's name: as many as of other titles.
const MAX_NAME_WORDS: u32 = 2048;
/// A shape of more rectangles is shown as the rectangle around it.
const MAX_SHAPE_RECTS: usize = 16 * 1024;

/// What a program has said of a window before it is shown.
#[derive(Debug, Default)]
pub struct X11States {
    pub requests: Vec<WindowRequest>,
    /// Until it is closed nothing else of its program is to be used.
    pub is_modal: bool,
}

#[derive(Debug)]
pub struct X11Questions {
    connection: RustConnection,
    fence: Fence,
    net_wm_state: u32,
    states: [(u32, WindowRequest); 4],
    modal: u32,
    compound_text: u32,
}

/// The messages that the connection sends to itself: what was asked before one has been answered when it comes back.
#[derive(Debug)]
struct Fence {
    /// Never shown: they go through it.
    window: u32,
    /// Numbers of the last that was sent, and of the last that has come back.
    sent: u32,
    answered: u32,
    /// Windows whose shape has changed.
    reshaped: Vec<u32>,
}

impl X11Questions {
    pub fn connect(display: u32) -> Result<Self, Failed> {
        let (connection, screen) = x11_connection::connect(display)?;
        let root = connection.setup().roots[screen].root;
        let window = connection.generate_id()?;
        let class = WindowClass::INPUT_ONLY;
        connection.create_window(0, window, root, 0, 0, 1, 1, 0, class, 0, &CreateWindowAux::new())?;
        connection.shape_query_version()?.reply()?;
        let atom =
            |name: &str| -> Result<u32, Failed> { Ok(connection.intern_atom(false, name.as_bytes())?.reply()?.atom) };
        let net_wm_state = atom("_NET_WM_STATE")?;
        let states = [
            (atom("_NET_WM_STATE_MAXIMIZED_HORZ")?, WindowRequest::Maximize),
            (atom("_NET_WM_STATE_MAXIMIZED_VERT")?, WindowRequest::Maximize),
            (atom("_NET_WM_STATE_FULLSCREEN")?, WindowRequest::Fullscreen),
            (atom("_NET_WM_STATE_HIDDEN")?, WindowRequest::Minimize),
        ];
        let modal = atom("_NET_WM_STATE_MODAL")?;
        let compound_text = atom("COMPOUND_TEXT")?;
        let fence = Fence { window, sent: 0, answered: 0, reshaped: Vec::new() };
        Ok(Self { connection, fence, net_wm_state, states, modal, compound_text })
    }

    /// Readable when the server has said something.
    pub fn fd(&self) -> std::io::Result<OwnedFd> {
        self.connection.stream().as_fd().try_clone_to_owned()
    }

    /// Whether one program has made both windows.
    pub fn is_same_program(&self, one: u32, other: u32) -> bool {
        (one ^ other) & !self.connection.setup().resource_id_mask == 0
    }

    /// What the _NET_WM_STATE of a window that is not shown yet says.
    pub fn states(&mut self, window: u32) -> X11States {
        let asked = self.try_states(window);
        asked.inspect_err(|error| log::debug!("the states of an X11 window: {error}")).unwrap_or_default()
    }

    fn try_states(&mut self, window: u32) -> Result<X11States, Failed> {
        let asked = self.connection.get_property(false, window, self.net_wm_state, AtomEnum::ATOM, 0, MAX_STATES)?;
        self.fence.wait(&self.connection)?;
        let property = asked.reply()?;
        let atoms: Vec<u32> = property.value32().map(Iterator::collect).unwrap_or_default();
        let [horizontal, ..] = self.states;
        // Maximised in one direction only is not known to the host.
        let is_whole = atoms.contains(&horizontal.0);
        let asked = self.states[1..].iter().filter(|(atom, _)| atoms.contains(atom)).map(|(_, request)| *request);
        let requests = asked.filter(|request| *request != WindowRequest::Maximize || is_whole).collect();
        Ok(X11States { requests, is_modal: atoms.contains(&self.modal) })
    }

    /// The title of a window that has it as COMPOUND_TEXT alone, which smithay does not read; empty: it has none. None = the
    /// server has not answered.
    pub fn old_title(&mut self, window: u32) -> Option<String> {
        self.try_old_title(window).inspect_err(|error| log::debug!("the title of an X11 window: {error}")).ok()
    }

    fn try_old_title(&mut self, window: u32) -> Result<String, Failed> {
        if !self.is_answering() {
            return Err("the X server has not answered yet".into());
        }
        let asked =
            self.connection.get_property(false, window, AtomEnum::WM_NAME, self.compound_text, 0, MAX_NAME_WORDS)?;
        self.fence.wait(&self.connection)?;
        // The window may be gone.
        let Some(property) = asked.reply_unchecked()? else { return Ok(String::new()) };
        let is_it = property.type_ == self.compound_text;
        Ok(property
            .value8()
            .filter(|_| is_it)
            .map(|bytes| compound_text::decode(&bytes.collect::<Vec<_>>()))
            .unwrap_or_default())
    }

    /// Those of the windows that do not exist, or are not mapped.
    pub fn gone(&mut self, windows: &[u32]) -> Vec<u32> {
        let asked = self.try_gone(windows);
        asked.inspect_err(|error| log::debug!("whether X11 windows exist: {error}")).unwrap_or_default()
    }

    fn try_gone(&mut self, windows: &[u32]) -> Result<Vec<u32>, Failed> {
        let mut asked = Vec::new();
        for window in windows {
            asked.push((*window, self.connection.get_window_attributes(*window)?));
        }
        self.fence.wait(&self.connection)?;
        let mut gone = Vec::new();
        for (window, attributes) in asked {
            if attributes.reply_unchecked()?.is_none_or(|attributes| attributes.map_state == MapState::UNMAPPED) {
                gone.push(window);
            }
        }
        Ok(gone)
    }

    /// Has the window manager asked to show those of the windows that are mapped already, as nobody has asked for it: not
    /// override-redirect, and on the root or in a frame of the manager's, which `frame` is one of.
    pub fn map_again(&mut self, windows: &[u32], frame: Option<u32>) {
        if windows.is_empty() {
            return;
        }
        if let Err(error) = self.try_map_again(windows, frame) {
            log::debug!("mapping X11 windows again: {error}");
        }
    }

    fn try_map_again(&mut self, windows: &[u32], frame: Option<u32>) -> Result<(), Failed> {
        let mut asked = Vec::new();
        for window in windows {
            let attributes = self.connection.get_window_attributes(*window)?;
            asked.push((*window, attributes, self.connection.query_tree(*window)?));
        }
        self.fence.wait(&self.connection)?;
        for (window, attributes, tree) in asked {
            let (Some(attributes), Some(tree)) = (attributes.reply_unchecked()?, tree.reply_unchecked()?) else {
                continue;
            };
            let is_managers =
                tree.parent == tree.root || frame.is_some_and(|frame| self.is_same_program(tree.parent, frame));
            if attributes.map_state != MapState::UNMAPPED && !attributes.override_redirect && is_managers {
                log::debug!("X11 window {window:#x} was mapped unnoticed");
                self.connection.unmap_window(window)?;
                self.connection.reparent_window(window, tree.root, 0, 0)?;
                self.connection.map_window(window)?;
            }
        }
        self.connection.flush()?;
        Ok(())
    }

    /// The shape of the window's picture: None = a rectangle. From now on its changes are heard of.
    pub fn shape(&mut self, window: u32) -> Option<Vec<PixelRect>> {
        let asked = self.try_shape(window);
        asked.inspect_err(|error| log::debug!("the shape of an X11 window: {error}")).ok().flatten()
    }

    fn try_shape(&mut self, window: u32) -> Result<Option<Vec<PixelRect>>, Failed> {
        self.connection.shape_select_input(window, true)?;
        let extents = self.connection.shape_query_extents(window)?;
        let rects = self.connection.shape_get_rectangles(window, SK::BOUNDING)?;
        self.fence.wait(&self.connection)?;
        let (extents, rects) = (extents.reply()?, rects.reply()?.rectangles);
        if !extents.bounding_shaped || rects.len() > MAX_SHAPE_RECTS {
            return Ok(None);
        }
        let shape = rects.iter().map(|rect| {
            // A part to the left of the window, or above it, is not shown.
            let side = |at: i16, side: u16| (i32::from(at) + i32::from(side)).max(0) - i32::from(at).max(0);
            PixelRect {
                x: u32::try_from(rect.x).unwrap_or(0),
                y: u32::try_from(rect.y).unwrap_or(0),
                width: u32::try_from(side(rect.x, rect.width)).unwrap_or(0),
                height: u32::try_from(side(rect.y, rect.height)).unwrap_or(0),
            }
        });
        Ok(Some(shape.collect()))
    }

    /// Whether the server answers: it has answered all that it was asked before.
    pub fn is_answering(&mut self) -> bool {
        self.fence.is_answered(&self.connection).unwrap_or(false)
    }

    /// Windows whose shape has changed since this was asked.
    ///
    /// # Errors
    /// The X server is gone.
    pub fn reshaped(&mut self) -> Result<Vec<u32>, Failed> {
        self.fence.read_events(&self.connection)?;
        Ok(std::mem::take(&mut self.fence.reshaped))
    }
}

impl Fence {
    /// Takes the events that have come.
    fn read_events(&mut self, connection: &RustConnection) -> Result<(), Failed> {
        while let Some(event) = connection.poll_for_event()? {
            match event {
                Event::ClientMessage(message) => self.answered = message.data.as_data32()[0],
                Event::ShapeNotify(notify) if !self.reshaped.contains(&notify.affected_window) => {
                    self.reshaped.push(notify.affected_window);
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn is_answered(&mut self, connection: &RustConnection) -> Result<bool, Failed> {
        if self.answered != self.sent {
            self.read_events(connection)?;
        }
        Ok(self.answered == self.sent)
    }

    /// Returns when the server has answered all that was asked, so that no answer has to be waited for.
    ///
    /// # Errors
    /// It does not answer in time, or is gone.
    fn wait(&mut self, connection: &RustConnection) -> Result<(), Failed> {
        if !self.is_answered(connection)? {
            return Err("the X server has not answered yet".into());
        }
        let until = Instant::now() + ANSWER_TIMEOUT;
        self.sent = self.sent.wrapping_add(1);
        // The message's type is of no importance: without an event mask it is sent to the creator of the window.
        let message = ClientMessageEvent::new(32, self.window, 1u32, [self.sent, 0, 0, 0, 0]);
        connection.send_event(false, self.window, EventMask::NO_EVENT, message)?;
        connection.flush()?;
        while !self.is_answered(connection)? {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err("the X server does not answer".into());
            }
            let timeout = Timespec { tv_sec: 0, tv_nsec: left.subsec_nanos().into() };
            poll(&mut [PollFd::new(&connection.stream().as_fd(), PollFlags::IN)], Some(&timeout))?;
        }
        Ok(())
    }
}
