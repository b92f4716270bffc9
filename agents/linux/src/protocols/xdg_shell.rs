//! xdg_shell and xdg-dialog: windows and popups of Wayland programs.

use atoll_wire::{Edge, WindowRequest};
use smithay::reexports::wayland_protocols::xdg::shell::server::xdg_toplevel::ResizeEdge;
use smithay::reexports::wayland_server::protocol::wl_output::WlOutput;
use smithay::reexports::wayland_server::protocol::wl_seat::WlSeat;
use smithay::utils::Serial;
use smithay::wayland::shell::xdg::dialog::XdgDialogHandler;
use smithay::wayland::shell::xdg::{PopupSurface, PositionerState, ToplevelSurface, XdgShellHandler, XdgShellState};
use smithay::{delegate_xdg_dialog, delegate_xdg_shell};

use crate::agent::Agent;

delegate_xdg_shell!(Agent);
delegate_xdg_dialog!(Agent);

impl XdgShellHandler for Agent {
    fn xdg_shell_state(&mut self) -> &mut XdgShellState {
        &mut self.globals.xdg_shell
    }

    // A window is opened with its first commit: title and application id are known by then.
    fn new_toplevel(&mut self, _toplevel: ToplevelSurface) {}

    fn toplevel_destroyed(&mut self, toplevel: ToplevelSurface) {
        self.early_requests.forget(toplevel.wl_surface());
        if let Some(id) = self.surfaces.id_of(toplevel.wl_surface()) {
            self.close_surface(id);
        }
    }

    fn title_changed(&mut self, toplevel: ToplevelSurface) {
        self.window_changed(toplevel.wl_surface());
    }

    fn app_id_changed(&mut self, toplevel: ToplevelSurface) {
        self.window_changed(toplevel.wl_surface());
    }

    fn parent_changed(&mut self, toplevel: ToplevelSurface) {
        self.window_changed(toplevel.wl_surface());
    }

    fn move_request(&mut self, toplevel: ToplevelSurface, _seat: WlSeat, _serial: Serial) {
        self.request_window(toplevel.wl_surface(), WindowRequest::Move, 0);
    }

    fn resize_request(&mut self, toplevel: ToplevelSurface, _seat: WlSeat, _serial: Serial, edges: ResizeEdge) {
        // xdg_toplevel.resize_edge is a mask of the same bits as the wire's Edge.
        const _: () = assert!(
            ResizeEdge::Top as u32 == Edge::Top as u32
                && ResizeEdge::Bottom as u32 == Edge::Bottom as u32
                && ResizeEdge::Left as u32 == Edge::Left as u32
                && ResizeEdge::Right as u32 == Edge::Right as u32
        );
        self.request_window(toplevel.wl_surface(), WindowRequest::Resize, edges as u32);
    }

    fn maximize_request(&mut self, toplevel: ToplevelSurface) {
        self.request_state(&toplevel, WindowRequest::Maximize);
    }

    fn unmaximize_request(&mut self, toplevel: ToplevelSurface) {
        self.request_state(&toplevel, WindowRequest::Unmaximize);
    }

    fn fullscreen_request(&mut self, toplevel: ToplevelSurface, _output: Option<WlOutput>) {
        self.request_state(&toplevel, WindowRequest::Fullscreen);
    }

    fn unfullscreen_request(&mut self, toplevel: ToplevelSurface) {
        self.request_state(&toplevel, WindowRequest::Unfullscreen);
    }

    fn minimize_request(&mut self, toplevel: ToplevelSurface) {
        self.request_window(toplevel.wl_surface(), WindowRequest::Minimize, 0);
    }

    // A popup is opened with its first commit as well.
    fn new_popup(&mut self, _popup: PopupSurface, _positioner: PositionerState) {}

    fn popup_destroyed(&mut self, popup: PopupSurface) {
        self.globals.grabs.retain(|grab| grab != popup.wl_surface());
        if let Some(id) = self.surfaces.id_of(popup.wl_surface()) {
            self.close_surface(id);
        }
    }

    fn grab(&mut self, popup: PopupSurface, _seat: WlSeat, _serial: Serial) {
        // This comes before the first commit, with which popups.rs opens the popup.
        self.globals.grabs.push(popup.wl_surface().clone());
    }

    fn reposition_request(&mut self, popup: PopupSurface, positioner: PositionerState, token: u32) {
        self.reposition_popup(&popup, positioner, token);
    }
}

impl XdgDialogHandler for Agent {
    fn modal_changed(&mut self, toplevel: ToplevelSurface, _is_modal: bool) {
        self.window_changed(toplevel.wl_surface());
    }
}

impl Agent {
    /// Passes a request on to the host. xdg_shell wants it answered by a configure, whatever the host decides.
    fn request_state(&mut self, toplevel: &ToplevelSurface, request: WindowRequest) {
        self.request_window(toplevel.wl_surface(), request, 0);
        if toplevel.is_initial_configure_sent() {
            toplevel.send_configure();
        }
    }
}
