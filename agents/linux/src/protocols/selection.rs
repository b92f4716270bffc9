//! Clipboard, primary selection and drag and drop of Wayland programs: who copies, and what is offered to them. What
//! they paste from each other does not pass through the agent.

use std::os::fd::OwnedFd;

use smithay::input::Seat;
use smithay::reexports::wayland_protocols::wp::primary_selection::zv1::server::{
    zwp_primary_selection_device_manager_v1::ZwpPrimarySelectionDeviceManagerV1,
    zwp_primary_selection_device_v1::{self, ZwpPrimarySelectionDeviceV1},
    zwp_primary_selection_source_v1::ZwpPrimarySelectionSourceV1,
};
use smithay::reexports::wayland_server::protocol::wl_data_device::{self, WlDataDevice};
use smithay::reexports::wayland_server::protocol::wl_data_device_manager::WlDataDeviceManager;
use smithay::reexports::wayland_server::protocol::wl_data_source::WlDataSource;
use smithay::reexports::wayland_server::{
    Client, DataInit, Dispatch, DisplayHandle, delegate_dispatch, delegate_global_dispatch,
};
use smithay::wayland::selection::data_device::{
    ClientDndGrabHandler, DataDeviceHandler, DataDeviceState, DataDeviceUserData, DataSourceUserData,
    ServerDndGrabHandler, clear_data_device_selection, set_data_device_selection,
};
use smithay::wayland::selection::primary_selection::{
    PrimaryDeviceManagerGlobalData, PrimaryDeviceUserData, PrimarySelectionHandler, PrimarySelectionState,
    PrimarySourceUserData, clear_primary_selection, set_primary_selection,
};
use smithay::wayland::selection::{SelectionHandler, SelectionSource, SelectionTarget};

use crate::agent::Agent;
use crate::clipboard::{Owner, WaylandSource, Which};

// As smithay's delegate_data_device and delegate_primary_selection have it, but for the two devices.
delegate_global_dispatch!(Agent: [WlDataDeviceManager: ()] => DataDeviceState);
delegate_dispatch!(Agent: [WlDataDeviceManager: ()] => DataDeviceState);
delegate_dispatch!(Agent: [WlDataSource: DataSourceUserData] => DataDeviceState);
delegate_global_dispatch!(Agent: [ZwpPrimarySelectionDeviceManagerV1: PrimaryDeviceManagerGlobalData] => PrimarySelectionState);
delegate_dispatch!(Agent: [ZwpPrimarySelectionDeviceManagerV1: ()] => PrimarySelectionState);
delegate_dispatch!(Agent: [ZwpPrimarySelectionSourceV1: PrimarySourceUserData] => PrimarySelectionState);

/// Marks a selection that the agent offers to Wayland programs: the clip's generation.
#[derive(Debug, Clone, Copy)]
pub struct Offered(u32);

/// What the agent offers to programs, for an X11 program, the host or itself, it knows by the generation. What a program
/// copies from, smithay keeps to itself: it is taken from the request, before smithay handles it.
impl Dispatch<WlDataDevice, DataDeviceUserData> for Agent {
    fn request(
        agent: &mut Self,
        client: &Client,
        device: &WlDataDevice,
        request: wl_data_device::Request,
        data: &DataDeviceUserData,
        display: &DisplayHandle,
        init: &mut DataInit<'_, Self>,
    ) {
        if let wl_data_device::Request::SetSelection { source, .. } = &request {
            agent.globals.copied_from = source.clone().map(WaylandSource::Clipboard);
        }
        <DataDeviceState as Dispatch<WlDataDevice, DataDeviceUserData, Self>>::request(
            agent, client, device, request, data, display, init,
        );
    }
}

impl Dispatch<ZwpPrimarySelectionDeviceV1, PrimaryDeviceUserData> for Agent {
    fn request(
        agent: &mut Self,
        client: &Client,
        device: &ZwpPrimarySelectionDeviceV1,
        request: zwp_primary_selection_device_v1::Request,
        data: &PrimaryDeviceUserData,
        display: &DisplayHandle,
        init: &mut DataInit<'_, Self>,
    ) {
        if let zwp_primary_selection_device_v1::Request::SetSelection { source, .. } = &request {
            agent.globals.copied_from = source.clone().map(WaylandSource::Primary);
        }
        <PrimarySelectionState as Dispatch<ZwpPrimarySelectionDeviceV1, PrimaryDeviceUserData, Self>>::request(
            agent, client, device, request, data, display, init,
        );
    }
}

fn which(target: SelectionTarget) -> Which {
    match target {
        SelectionTarget::Clipboard => Which::Clipboard,
        SelectionTarget::Primary => Which::Primary,
    }
}

impl SelectionHandler for Agent {
    type SelectionUserData = Offered;

    /// A program that has the keyboard has copied, or has taken back what it copied.
    fn new_selection(&mut self, target: SelectionTarget, source: Option<SelectionSource>, _seat: Seat<Self>) {
        let copied_from = self.globals.copied_from.take();
        let clip = source.zip(copied_from).map(|(source, from)| (source.mime_types(), Owner::Wayland(from)));
        self.replace_clip(which(target), clip);
    }

    fn send_selection(
        &mut self,
        target: SelectionTarget,
        mime_type: String,
        fd: OwnedFd,
        _seat: Seat<Self>,
        offered: &Offered,
    ) {
        self.give_clip(which(target), offered.0, &mime_type, fd, None);
    }
}

impl Agent {
    /// Offers a clip of these types to Wayland programs; of no types: there is none.
    pub fn offer_to_wayland(&mut self, which: Which, generation: u32, names: Vec<String>) {
        match which {
            Which::Clipboard if names.is_empty() => clear_data_device_selection(&self.display, &self.seat),
            Which::Clipboard => set_data_device_selection(&self.display, &self.seat, names, Offered(generation)),
            Which::Primary if names.is_empty() => clear_primary_selection(&self.display, &self.seat),
            Which::Primary => set_primary_selection(&self.display, &self.seat, names, Offered(generation)),
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
