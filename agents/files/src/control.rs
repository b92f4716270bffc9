//! What the host tells a transfer that runs in its thread.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

#[derive(Debug, Default)]
struct State {
    is_paused: bool,
    /// It has to end; whether what came of a file that is not whole is kept.
    stop: Option<bool>,
}

/// Shared between the thread of a transfer and whoever started it.
#[derive(Debug, Default)]
pub struct Control {
    state: Mutex<State>,
    changed: Condvar,
}

impl Control {
    pub fn pause(&self, is_paused: bool) {
        self.state().is_paused = is_paused;
        self.changed.notify_all();
    }

    /// The first call counts.
    pub fn stop(&self, keep: bool) {
        self.state().stop.get_or_insert(keep);
        self.changed.notify_all();
    }

    pub fn is_stopped(&self) -> bool {
        self.state().stop.is_some()
    }

    /// What came is kept: also where nobody has said anything, as when the host is gone.
    pub fn keeps(&self) -> bool {
        self.state().stop.unwrap_or(true)
    }

    /// Returns at once unless the transfer is paused.
    pub fn wait_while_paused(&self) {
        let state = self.state();
        let waited = self.changed.wait_while(state, |state| state.is_paused && state.stop.is_none());
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::sync::Arc;
    use std::sync::mpsc::channel;
    use std::thread;

    #[test]
    fn a_paused_transfer_waits_until_it_goes_on_or_stops() {
        for ends in [|control: &Control| control.pause(false), |control: &Control| control.stop(false)] {
            let control = Arc::new(Control::default());
            control.wait_while_paused();
            control.pause(true);
            let (sender, passed) = channel();
            let waiting = control.clone();
            let thread = thread::spawn(move || {
                waiting.wait_while_paused();
                sender.send(()).unwrap();
            });
            assert!(passed.try_recv().is_err());
            ends(&control);
            passed.recv().unwrap();
            thread.join().unwrap();
        }
    }

    #[test]
    fn what_came_is_kept_unless_it_is_not_wanted() {
        let control = Control::default();
        assert!(control.keeps() && !control.is_stopped());
        control.stop(false);
        control.stop(true);
        assert!(!control.keeps() && control.is_stopped());
    }
}
