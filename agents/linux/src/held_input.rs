//! Input that waits until the X server knows which window has the keyboard (see x11_focus_barrier), and, where it is an
//! X11 window, what can be pasted: a key may make its program paste. A new focus waits until the X server has read the keys
//! that came before it. All input waits, so that it stays in order; everything else goes on meanwhile.

use std::collections::VecDeque;

use atoll_wire::header::Message as Body;

use crate::agent::Agent;
use crate::clipboard::X11Clipboard;
use crate::focus::Focus;
use crate::x11_focus_barrier::{ANSWER_TIMEOUT, X11FocusBarrier};

/// More than a person makes while it is waited.
const MAX_HELD: usize = 4096;

#[derive(Debug, Default)]
pub struct HeldInput(VecDeque<Body>);

impl Agent {
    /// Keeps a message of the host for later where it has to wait. False = it is none that waits now.
    pub fn hold_input(&mut self, body: &Body) -> bool {
        let is_input = matches!(
            body,
            Body::KeyboardFocus(_)
                | Body::Key(_)
                | Body::PointerMotion(_)
                | Body::PointerLeft(_)
                | Body::PointerButton(_)
                | Body::PointerAxis(_)
        );
        let is_empty = self.held_input.0.is_empty();
        if is_empty && matches!(body, Body::KeyboardFocus(_)) {
            self.await_x11_keys();
        }
        // Without a timer, nothing would end the waiting.
        if !is_input || (is_empty && !(self.awaits_x11() && self.after(ANSWER_TIMEOUT, |_| ()))) {
            return false;
        }
        self.held_input.0.push_back(body.clone());
        if self.held_input.0.len() > MAX_HELD {
            self.give_up_on_x11();
            self.release_held_input();
        }
        true
    }

    /// Once a turn: the input that need not wait any longer, in its order.
    pub fn release_held_input(&mut self) {
        let mut waits_anew = false;
        while !self.awaits_x11() {
            let Some(body) = self.held_input.0.pop_front() else { return };
            waits_anew = true;
            if matches!(body, Body::KeyboardFocus(_)) && self.await_x11_keys() {
                self.held_input.0.push_front(body);
            } else {
                self.take_input(&body);
            }
        }
        // It waits for another focus now, or for the keys before it.
        if waits_anew && !self.held_input.0.is_empty() && !self.after(ANSWER_TIMEOUT, |_| ()) {
            self.give_up_on_x11();
            self.wake.ping();
        }
    }

    fn awaits_x11(&mut self) -> bool {
        if self.x11.focus_barrier.as_mut().is_some_and(X11FocusBarrier::is_waiting) {
            return true;
        }
        let is_x11 = matches!(self.keyboard.current_focus(), Some(Focus::X11 { .. }));
        is_x11 && self.x11.clipboard.as_mut().is_some_and(X11Clipboard::is_waiting)
    }

    /// Begins to wait until the X server has read the keys that were sent to it. False = there are none.
    fn await_x11_keys(&mut self) -> bool {
        let Some(barrier) = self.x11.focus_barrier.as_mut().filter(|barrier| barrier.has_unread_keys()) else {
            return false;
        };
        // The answer says nothing of keys that are not written yet.
        if let Err(error) = self.display.flush_clients() {
            log::debug!("keys for the X server: {error}");
        }
        if let Err(error) = barrier.await_keys() {
            log::debug!("the X server is gone: {error}");
            self.x11.focus_barrier = None;
        }
        self.x11.focus_barrier.is_some()
    }

    fn give_up_on_x11(&mut self) {
        self.x11.focus_barrier.iter_mut().for_each(X11FocusBarrier::give_up);
        self.x11.clipboard.iter_mut().for_each(X11Clipboard::give_up);
    }
}
