//! Clipboard, primary selection and drag and drop among the programs of this guest. What crosses to other VMs is the
//! host's clipboard broker's business and has messages of its own.

use smithay::wayland::selection::SelectionHandler;
use smithay::wayland::selection::data_device::{
    ClientDndGrabHandler, DataDeviceHandler, DataDeviceState, ServerDndGrabHandler,
};
use smithay::wayland::selection::primary_selection::{PrimarySelectionHandler, PrimarySelectionState};
use smithay::{delegate_data_device, delegate_primary_selection};

use crate::agent::Agent;

delegate_data_device!(Agent);
delegate_primary_selection!(Agent);

impl SelectionHandler for Agent {
    type SelectionUserData = ();
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
