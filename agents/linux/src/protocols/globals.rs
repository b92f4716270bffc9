//! The globals that clients see.

use smithay::reexports::wayland_protocols_misc::server_decoration::server::org_kde_kwin_server_decoration_manager::Mode;
use smithay::reexports::wayland_server::DisplayHandle;
use smithay::reexports::wayland_server::backend::{ClientData, ClientId, DisconnectReason};
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::wayland::compositor::{CompositorClientState, CompositorState};
use smithay::wayland::cursor_shape::CursorShapeManagerState;
use smithay::wayland::fractional_scale::FractionalScaleManagerState;
use smithay::wayland::output::OutputManagerState;
use smithay::wayland::pointer_constraints::PointerConstraintsState;
use smithay::wayland::relative_pointer::RelativePointerManagerState;
use smithay::wayland::selection::data_device::DataDeviceState;
use smithay::wayland::selection::primary_selection::PrimarySelectionState;
use smithay::wayland::shell::kde::decoration::KdeDecorationState;
use smithay::wayland::shell::xdg::XdgShellState;
use smithay::wayland::shell::xdg::decoration::XdgDecorationState;
use smithay::wayland::shell::xdg::dialog::XdgDialogState;
use smithay::wayland::shm::ShmState;
use smithay::wayland::viewporter::ViewporterState;
use smithay::wayland::xdg_activation::XdgActivationState;
use smithay::wayland::xdg_system_bell::XdgSystemBellState;
use smithay::wayland::xwayland_shell::XWaylandShellState;

use super::decoration::ServerFrames;
use crate::agent::Agent;
use crate::clipboard::WaylandSource;
use crate::dispatch_watch::Watched;
use crate::floods::RequestBudget;

/// smithay's states of the protocols. Those that are never read must be kept, too: they own their globals.
#[derive(Debug)]
pub struct Globals {
    pub compositor: CompositorState,
    pub shm: ShmState,
    pub xdg_shell: XdgShellState,
    pub kde_decoration: KdeDecorationState,
    pub server_frames: ServerFrames,
    /// Popups that have asked for a grab, until they are destroyed.
    pub grabs: Vec<WlSurface>,
    /// What a Wayland program copies from with the request that is being handled.
    pub copied_from: Option<WaylandSource>,
    pub data_device: DataDeviceState,
    pub primary_selection: PrimarySelectionState,
    pub xwayland_shell: XWaylandShellState,
    pub activation: XdgActivationState,
    _xdg_decoration: XdgDecorationState,
    _xdg_dialog: XdgDialogState,
    _system_bell: XdgSystemBellState,
    _output: OutputManagerState,
    _viewporter: ViewporterState,
    _fractional_scale: FractionalScaleManagerState,
    _cursor_shape: CursorShapeManagerState,
    _pointer_constraints: PointerConstraintsState,
    _relative_pointer: RelativePointerManagerState,
}

impl Globals {
    pub fn new(display: &DisplayHandle) -> Self {
        Self {
            compositor: CompositorState::new_v6::<Agent>(display),
            shm: ShmState::new::<Agent>(display, []),
            xdg_shell: XdgShellState::new::<Agent>(display),
            kde_decoration: KdeDecorationState::new::<Agent>(display, Mode::Server),
            server_frames: ServerFrames::default(),
            grabs: Vec::new(),
            copied_from: None,
            data_device: DataDeviceState::new::<Agent>(display),
            primary_selection: PrimarySelectionState::new::<Agent>(display),
            xwayland_shell: XWaylandShellState::new::<Agent>(display),
            activation: XdgActivationState::new::<Agent>(display),
            _xdg_decoration: XdgDecorationState::new::<Agent>(display),
            _xdg_dialog: XdgDialogState::new::<Agent>(display),
            _system_bell: XdgSystemBellState::new::<Agent>(display),
            _output: OutputManagerState::new_with_xdg_output::<Agent>(display),
            _viewporter: ViewporterState::new::<Agent>(display),
            _fractional_scale: FractionalScaleManagerState::new::<Agent>(display),
            _cursor_shape: CursorShapeManagerState::new::<Agent>(display),
            _pointer_constraints: PointerConstraintsState::new::<Agent>(display),
            _relative_pointer: RelativePointerManagerState::new::<Agent>(display),
        }
    }
}

/// What is kept for each client.
#[derive(Debug, Default)]
pub struct ClientState {
    pub compositor: CompositorClientState,
    pub request_budget: RequestBudget,
    pub watched: Option<Watched>,
}

impl ClientData for ClientState {
    fn initialized(&self, _client: ClientId) {}
    fn disconnected(&self, _client: ClientId, _reason: DisconnectReason) {
        self.watched.iter().for_each(Watched::forget);
    }
}
