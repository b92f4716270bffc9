//! The side of X11 programs, by smithay's window manager.

use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use smithay::wayland::selection::SelectionTarget;
use smithay::xwayland::X11Surface;

use super::Which;
use crate::agent::Agent;
use crate::x11_focus_barrier::X11FocusBarrier;

fn target(which: Which) -> SelectionTarget {
    match which {
        Which::Clipboard => SelectionTarget::Clipboard,
        Which::Primary => SelectionTarget::Primary,
    }
}

impl Agent {
    /// Offers a clip to X11 programs.
    pub fn own_x11(&mut self, which: Which, _generation: u32, names: Vec<String>, _patience: Duration) {
        self.change_x11_owner(which, Some(names));
    }

    pub fn disown_x11(&mut self, which: Which, _generation: u32) {
        self.change_x11_owner(which, None);
    }

    fn change_x11_owner(&mut self, which: Which, names: Option<Vec<String>>) {
        let Some(wm) = &mut self.x11.wm else { return };
        let is_copied = names.is_some();
        match wm.new_selection(target(which), names) {
            Ok(()) if is_copied => self.x11.focus_barrier.iter_mut().for_each(X11FocusBarrier::expect_selection),
            Ok(()) => {}
            Err(error) => log::debug!("offering a selection to X11 programs: {error}"),
        }
        // smithay leaves the request in its connection's buffer. This call restacks no window, and flushes the
        // connection.
        if let Err(error) = wm.update_stacking_order_upwards(std::iter::empty::<&X11Surface>()) {
            log::debug!("speaking to the X server: {error}");
        }
    }

    /// Has the content of an X11 program's clip written into `fd`.
    pub fn read_x11(&mut self, which: Which, _copy: u32, mime_type: String, fd: OwnedFd, read: Option<u32>) {
        let Some(wm) = &mut self.x11.wm else { return };
        if let Err(error) = wm.send_selection(target(which), mime_type, fd, self.handle.clone()) {
            log::debug!("reading the selection of an X11 program: {error}");
        }
        // smithay does not say how it ends.
        if let Some(stream) = read {
            self.x11_clip_read_ended(stream, true);
        }
    }

    /// An X11 program asks for the content of a clip that is not an X11 program's.
    pub fn x11_pastes(&mut self, which: Which, mime_type: String, fd: OwnedFd) {
        // The pipe of smithay does not block at the writer's end either: a program that does not expect that would lose
        // data.
        let blocks = fcntl_getfl(&fd).and_then(|flags| fcntl_setfl(&fd, flags - OFlags::NONBLOCK));
        if let Err(error) = blocks {
            log::debug!("a pipe for a paste: {error}");
        }
        if let Some(generation) = self.clipboard.clips.get(which).map(|clip| clip.generation) {
            self.give_clip(which, generation, &mime_type, fd, None);
        }
    }
}
