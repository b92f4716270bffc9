//! Clipboard, primary selection and drag and drop among the programs of this guest, Wayland and X11 alike. Nothing of
//! it leaves the guest.

use std::os::fd::OwnedFd;

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use smithay::input::Seat;
use smithay::wayland::selection::data_device::{
    ClientDndGrabHandler, DataDeviceHandler, DataDeviceState, ServerDndGrabHandler, clear_data_device_selection,
    current_data_device_selection_userdata, request_data_device_client_selection, set_data_device_selection,
};
use smithay::wayland::selection::primary_selection::{
    PrimarySelectionHandler, PrimarySelectionState, clear_primary_selection, current_primary_selection_userdata,
    request_primary_client_selection, set_primary_selection,
};
use smithay::wayland::selection::{SelectionHandler, SelectionSource, SelectionTarget};
use smithay::xwayland::X11Surface;
use smithay::{delegate_data_device, delegate_primary_selection};

use crate::agent::Agent;
use crate::x11_focus_barrier::X11FocusBarrier;

delegate_data_device!(Agent);
delegate_primary_selection!(Agent);

/// Marks a selection that the agent offers to Wayland programs on behalf of an X11 program.
#[derive(Debug, Clone, Copy)]
pub struct OfX11;

impl SelectionHandler for Agent {
    type SelectionUserData = OfX11;

    fn new_selection(&mut self, target: SelectionTarget, source: Option<SelectionSource>, _seat: Seat<Self>) {
        let Some(wm) = &mut self.x11.wm else { return };
        let is_copied = source.is_some();
        match wm.new_selection(target, source.map(|source| source.mime_types())) {
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

    fn send_selection(
        &mut self,
        target: SelectionTarget,
        mime_type: String,
        fd: OwnedFd,
        _seat: Seat<Self>,
        _of_x11: &OfX11,
    ) {
        let Some(wm) = &mut self.x11.wm else { return };
        if let Err(error) = wm.send_selection(target, mime_type, fd, self.handle.clone()) {
            log::debug!("reading the selection of an X11 program: {error}");
        }
    }
}

impl Agent {
    /// An X11 program has taken a selection.
    pub fn x11_copied(&mut self, target: SelectionTarget, mime_types: Vec<String>) {
        match target {
            SelectionTarget::Clipboard => set_data_device_selection(&self.display, &self.seat, mime_types, OfX11),
            SelectionTarget::Primary => set_primary_selection(&self.display, &self.seat, mime_types, OfX11),
        }
    }

    /// An X11 program has given up its selection: Wayland programs lose it, unless another program has taken it since.
    pub fn x11_selection_gone(&mut self, target: SelectionTarget) {
        match target {
            SelectionTarget::Clipboard if current_data_device_selection_userdata(&self.seat).is_some() => {
                clear_data_device_selection(&self.display, &self.seat);
            }
            SelectionTarget::Primary if current_primary_selection_userdata(&self.seat).is_some() => {
                clear_primary_selection(&self.display, &self.seat);
            }
            SelectionTarget::Clipboard | SelectionTarget::Primary => {}
        }
    }

    /// An X11 program asks for the data of a Wayland program's selection.
    pub fn x11_pastes(&mut self, target: SelectionTarget, mime_type: String, fd: OwnedFd) {
        // The pipe of smithay does not block at the writer's end either: a program that does not expect that would lose
        // data.
        let blocks = fcntl_getfl(&fd).and_then(|flags| fcntl_setfl(&fd, flags - OFlags::NONBLOCK));
        if let Err(error) = blocks {
            log::debug!("a pipe for a paste: {error}");
        }
        let asked = match target {
            SelectionTarget::Clipboard => {
                request_data_device_client_selection(&self.seat, mime_type, fd).map_err(|error| error.to_string())
            }
            SelectionTarget::Primary => {
                request_primary_client_selection(&self.seat, mime_type, fd).map_err(|error| error.to_string())
            }
        };
        if let Err(error) = asked {
            log::debug!("reading a selection for an X11 program: {error}");
        }
    }
}

impl DataDeviceHandler for Agent {
    fn data_device_state(&self) -> &DataDeviceState {
        &self.globals.data_device
    }
}

impl PrimarySelectionHandler for Agent {
    fn primary_selection_state(&self) -> &PrimarySelectionState {
        &self.globals.primary_selection
    }
}

impl ClientDndGrabHandler for Agent {}
impl ServerDndGrabHandler for Agent {}
