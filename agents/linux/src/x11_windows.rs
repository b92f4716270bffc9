//! X11 windows beside what the window manager's events say of them: how they begin, what they belong to, their shapes, and
//! whether they still exist.

use std::time::Duration;

use atoll_wire::WindowRequest;
use smithay::utils::{IsAlive, Logical, Rectangle};
use smithay::xwayland::X11Surface;
use x11rb::properties::WmHintsState;

use crate::agent::Agent;
use crate::surfaces::Surface;
use crate::x11_questions::X11Questions;

/// A window that has had no frame for so long is asked for.
const CHECK_AFTER: Duration = Duration::from_secs(2);
/// New windows that are looked at together; of more the newest are not.
const MAX_NEW: usize = 512;

/// What is kept of X11 windows beyond their surfaces.
#[derive(Debug, Default)]
pub struct X11Windows {
    pub questions: Option<X11Questions>,
    /// Override-redirect windows that are mapped, and whose place is told next.
    unplaced: Vec<X11Surface>,
    /// Windows that programs have made lately.
    new: Vec<u32>,
    /// A frame of the window manager's.
    pub frame: Option<u32>,
    check_armed: bool,
}

impl Agent {
    pub fn ask_x11(&mut self, questions: X11Questions) {
        let heard = questions.fd().ok().and_then(|fd| {
            // The turn's end looks at what has come.
            self.on_readable(fd, |agent, _| agent.read_x11_shapes())
        });
        if heard.is_none() {
            log::warn!("changes of X11 shapes are not noticed");
        }
        self.x11.windows.questions = Some(questions);
    }

    /// A window is about to be opened: what was said of it before counts as asked for now.
    pub fn ask_early_x11_states(&mut self, window: &X11Surface) {
        let id = window.window_id();
        let states = self.x11.windows.questions.as_mut().map(|questions| questions.states(id)).unwrap_or_default();
        for request in states.requests {
            self.early_requests.ask_x11(id, request);
        }
        if states.is_modal {
            self.early_requests.is_modal_x11(id);
        }
        if matches!(window.hints().and_then(|hints| hints.initial_state), Some(WmHintsState::Iconic)) {
            self.early_requests.ask_x11(id, WindowRequest::Minimize);
        }
    }

    /// The X server has given the window's id to a new window: an older one that is still listed has ended unnoticed.
    pub fn close_x11_namesakes(&mut self, window: &X11Surface) {
        let is_namesake = |surface: &&Surface| surface.x11().is_some_and(|x11| x11.window_id() == window.window_id());
        for id in self.surfaces.iter().filter(is_namesake).map(|surface| surface.id).collect::<Vec<_>>() {
            self.close_surface(id);
        }
    }

    /// An override-redirect window is mapped. Its place is told right after (see x11_relay): what is known of it now may be
    /// from before it became override-redirect.
    pub fn place_x11_popup_next(&mut self, window: X11Surface) {
        self.forget_unplaced_x11(&window);
        self.x11.windows.unplaced.push(window);
    }

    /// Whether it was waited for the window's place.
    pub fn forget_unplaced_x11(&mut self, window: &X11Surface) -> bool {
        let unplaced = &mut self.x11.windows.unplaced;
        let before = unplaced.len();
        unplaced.retain(|other| other.window_id() != window.window_id());
        unplaced.len() < before
    }

    /// The window that an override-redirect window belongs to: the one that it names, else the focused one of its program,
    /// else the one that its program opened last. None = it stands alone.
    pub fn x11_parent(&self, window: &X11Surface) -> Option<u32> {
        let windows = || self.surfaces.iter().filter(|surface| surface.window().is_some() && surface.x11().is_some());
        let named = window
            .is_transient_for()
            .and_then(|parent| windows().find(|surface| surface.x11().is_some_and(|x11| x11.window_id() == parent)));
        let is_of_program = |surface: &&Surface| surface.x11().is_some_and(|x11| self.is_same_x11_program(x11, window));
        let focused = || self.surfaces.get(self.x11.last_focused).filter(is_of_program);
        let focused = || focused().filter(|surface| surface.window().is_some());
        named.or_else(focused).or_else(|| windows().filter(is_of_program).last()).map(|surface| surface.id)
    }

    fn is_same_x11_program(&self, one: &X11Surface, other: &X11Surface) -> bool {
        let is_same_process = one.pid().is_some() && one.pid() == other.pid();
        let questions = self.x11.windows.questions.as_ref();
        is_same_process
            || questions.is_some_and(|questions| questions.is_same_program(one.window_id(), other.window_id()))
    }

    /// Whether the X server can be listened to any longer.
    fn read_x11_shapes(&mut self) -> bool {
        let Some(questions) = &mut self.x11.windows.questions else { return false };
        let Ok(reshaped) = questions.reshaped() else { return false };
        for window in reshaped {
            self.mark_x11_reshaped(window);
        }
        true
    }

    fn mark_x11_reshaped(&mut self, window: u32) {
        let is_it = |surface: &&mut Surface| surface.x11().is_some_and(|x11| x11.window_id() == window);
        if let Some(surface) = self.surfaces.iter_mut().find(is_it) {
            surface.shape_dirty = true;
        }
    }

    /// Once a turn: asks for the shapes that may have changed.
    pub fn update_x11_shapes(&mut self) {
        // What it does not answer now is asked when it does: its answer makes the loop turn.
        if !self.x11.windows.questions.as_mut().is_some_and(X11Questions::is_answering) {
            return;
        }
        let is_due = |surface: &&Surface| surface.shape_dirty && surface.wl.is_some() && surface.x11().is_some();
        for id in self.surfaces.iter().filter(is_due).map(|surface| surface.id).collect::<Vec<_>>() {
            let Some(surface) = self.surfaces.get_mut(id) else { continue };
            surface.shape_dirty = false;
            let (Some(window), Some(wl)) = (surface.x11().map(X11Surface::window_id), surface.wl.clone()) else {
                continue;
            };
            let Some(questions) = &mut self.x11.windows.questions else { return };
            let shape = questions.shape(window);
            if !questions.is_answering() {
                surface.shape_dirty = true;
                return;
            }
            self.surfaces.change_content(&wl, |content, room| content.reshape(shape, room));
            // Others may have changed while that was asked.
            self.read_x11_shapes();
        }
    }

    /// Once a turn: sees to it that X11 windows without a frame, and new ones, are asked for.
    pub fn watch_x11_ghosts(&mut self) {
        let is_due = !self.x11.windows.new.is_empty() || self.surfaces.iter().any(is_bare_x11);
        if !self.x11.windows.check_armed && is_due {
            self.x11.windows.check_armed = self.after(CHECK_AFTER, |agent| {
                agent.x11.windows.check_armed = false;
                agent.close_x11_ghosts();
                agent.open_unnoticed_x11();
            });
        }
    }

    pub fn look_at_new_x11_window_later(&mut self, window: u32) {
        if self.x11.windows.new.len() < MAX_NEW {
            self.x11.windows.new.push(window);
        }
    }

    /// Ids are used again: the window manager may have mapped a new window by a late request for an older one, and then it
    /// never hears of the new one's own.
    fn open_unnoticed_x11(&mut self) {
        let mut new = std::mem::take(&mut self.x11.windows.new);
        new.retain(|window| {
            !self.surfaces.iter().any(|surface| surface.x11().is_some_and(|x11| x11.window_id() == *window))
        });
        let frame = self.x11.windows.frame;
        if let Some(questions) = &mut self.x11.windows.questions {
            questions.map_again(&new, frame);
        }
    }

    /// Closes X11 windows that the server does not have any more. Their end should have been told; that it was not is seen
    /// from their pictures, which are gone.
    fn close_x11_ghosts(&mut self) {
        let bare = self.surfaces.iter().filter(|surface| is_bare_x11(surface));
        let windows: Vec<u32> = bare.filter_map(|surface| Some(surface.x11()?.window_id())).collect();
        let Some(questions) = &mut self.x11.windows.questions else { return };
        for window in questions.gone(&windows) {
            let is_it = |surface: &&Surface| surface.x11().is_some_and(|x11| x11.window_id() == window);
            for id in self.surfaces.iter().filter(is_it).map(|surface| surface.id).collect::<Vec<_>>() {
                log::debug!("X11 window {window:#x} has ended unnoticed");
                self.close_surface(id);
            }
        }
    }

    /// The place of an override-redirect window is known.
    pub fn x11_popup_placed(&mut self, window: X11Surface, geometry: Rectangle<i32, Logical>) {
        if self.forget_unplaced_x11(&window) {
            self.open_x11_popup(window);
        } else if let Some(id) = self.surfaces.of_x11(&window) {
            if let Some(parent) = self.surfaces.get(id).and_then(|surface| surface.popup()).map(|popup| popup.parent) {
                let rect = self.rect_on(parent, geometry);
                self.move_popup(id, rect);
            }
        }
    }
}

/// An X11 window that has no wl_surface, or whose wl_surface is gone, though it is not minimised.
fn is_bare_x11(surface: &Surface) -> bool {
    let is_iconic = surface.window().is_some_and(|window| window.iconic.is_some());
    surface.x11().is_some() && !is_iconic && surface.wl.as_ref().is_none_or(|wl| !wl.alive())
}
