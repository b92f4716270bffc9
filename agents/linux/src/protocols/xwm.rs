//! The X11 window manager: grants the sizes that programs ask for, and leaves positions and stacking to the host.

use atoll_wire::limits::MAX_SURFACES;
use atoll_wire::{Edge, Rect, WindowRequest};
use smithay::delegate_xwayland_shell;
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::utils::{Logical, Rectangle};
use smithay::wayland::xwayland_shell::{XWaylandShellHandler, XWaylandShellState};
use smithay::xwayland::xwm::{Reorder, ResizeEdge, WmWindowProperty, XwmId};
use smithay::xwayland::{X11Surface, X11Wm, XwmHandler};

use crate::agent::Agent;
use crate::geometry::clamp_rect;
use crate::menus::is_x11_menu;
use crate::surfaces::{Popup, PopupShell, Role, WindowShell};

delegate_xwayland_shell!(Agent);

impl XWaylandShellHandler for Agent {
    fn xwayland_shell_state(&mut self) -> &mut XWaylandShellState {
        &mut self.globals.xwayland_shell
    }

    fn surface_associated(&mut self, _xwm: XwmId, surface: WlSurface, window: X11Surface) {
        if let Some(id) = self.surfaces.of_x11(&window) {
            self.surfaces.associate(id, surface);
        }
    }
}

impl XwmHandler for Agent {
    // smithay calls back with the window manager that was started here, and only while it lives.
    #[allow(clippy::expect_used)]
    fn xwm_state(&mut self, _xwm: XwmId) -> &mut X11Wm {
        self.x11.wm.as_mut().expect("the window manager that calls")
    }

    fn new_window(&mut self, _xwm: XwmId, window: X11Surface) {
        self.look_at_new_x11_window_later(window.window_id());
    }

    fn new_override_redirect_window(&mut self, _xwm: XwmId, _window: X11Surface) {}

    fn map_window_request(&mut self, _xwm: XwmId, window: X11Surface) {
        if let Err(error) = window.set_mapped(true) {
            log::debug!("mapping an X11 window: {error}");
            return;
        }
        self.x11.windows.frame = window.mapped_window_id().or(self.x11.windows.frame);
        if self.end_iconic(&window) {
            return;
        }
        self.close_x11_namesakes(&window);
        self.ask_early_x11_states(&window);
        let pid = window.pid().unwrap_or(0);
        self.open_window(window.wl_surface(), WindowShell::X11(window), pid);
    }

    fn map_window_notify(&mut self, _xwm: XwmId, window: X11Surface) {
        self.minimize_due_x11(&window);
    }

    fn mapped_override_redirect_window(&mut self, _xwm: XwmId, window: X11Surface) {
        self.place_x11_popup_next(window);
    }

    fn unmapped_window(&mut self, _xwm: XwmId, window: X11Surface) {
        self.forget_unplaced_x11(&window);
        if let Some(id) = self.surfaces.of_x11(&window) {
            if self.is_unmapped_as_iconic(id) {
                return;
            }
            self.close_surface(id);
        }
        if !window.is_override_redirect() {
            let _ = window.set_mapped(false);
        }
    }

    fn destroyed_window(&mut self, _xwm: XwmId, window: X11Surface) {
        self.forget_unplaced_x11(&window);
        self.early_requests.forget_x11(window.window_id());
        // Not by `of_x11`: a window that is destroyed is equal to none, not even to itself.
        self.close_x11_namesakes(&window);
    }

    fn configure_request(
        &mut self,
        _xwm: XwmId,
        window: X11Surface,
        x: Option<i32>,
        y: Option<i32>,
        w: Option<u32>,
        h: Option<u32>,
        reorder: Option<Reorder>,
    ) {
        let mut geometry = window.geometry();
        let side = |side: u32| i32::try_from(side).unwrap_or(i32::MAX).clamp(1, i32::from(u16::MAX));
        geometry.size.w = w.map_or(geometry.size.w, side);
        geometry.size.h = h.map_or(geometry.size.h, side);
        match self.surfaces.of_x11(&window) {
            Some(id) if matches!(reorder, Some(Reorder::Top)) => self.want_attention(id, WindowRequest::Raise),
            Some(_) => {}
            // Until it is mapped the program places it; from then on the host does.
            None => geometry.loc = (x.unwrap_or(geometry.loc.x), y.unwrap_or(geometry.loc.y)).into(),
        }
        if let Err(error) = window.configure(geometry) {
            log::debug!("configuring an X11 window: {error}");
        }
    }

    fn configure_notify(
        &mut self,
        _xwm: XwmId,
        window: X11Surface,
        geometry: Rectangle<i32, Logical>,
        _above: Option<u32>,
    ) {
        self.x11_popup_placed(window, geometry);
    }

    fn property_notify(&mut self, _xwm: XwmId, window: X11Surface, _property: WmWindowProperty) {
        if let Some(id) = self.surfaces.of_x11(&window) {
            self.mark_window_dirty(id);
        }
    }

    fn maximize_request(&mut self, _xwm: XwmId, window: X11Surface) {
        self.request_x11(&window, WindowRequest::Maximize, 0);
    }

    fn unmaximize_request(&mut self, _xwm: XwmId, window: X11Surface) {
        self.request_x11(&window, WindowRequest::Unmaximize, 0);
    }

    fn fullscreen_request(&mut self, _xwm: XwmId, window: X11Surface) {
        self.request_x11(&window, WindowRequest::Fullscreen, 0);
    }

    fn unfullscreen_request(&mut self, _xwm: XwmId, window: X11Surface) {
        self.request_x11(&window, WindowRequest::Unfullscreen, 0);
    }

    fn unminimize_request(&mut self, _xwm: XwmId, window: X11Surface) {
        if let Some(id) = self.surfaces.of_x11(&window) {
            self.want_attention(id, WindowRequest::Unminimize);
        }
    }

    fn minimize_request(&mut self, _xwm: XwmId, window: X11Surface) {
        self.request_x11(&window, WindowRequest::Minimize, 0);
    }

    fn move_request(&mut self, _xwm: XwmId, window: X11Surface, _button: u32) {
        self.request_x11(&window, WindowRequest::Move, 0);
    }

    fn resize_request(&mut self, _xwm: XwmId, window: X11Surface, _button: u32, edge: ResizeEdge) {
        self.request_x11(&window, WindowRequest::Resize, wire_edges(edge));
    }

    fn disconnected(&mut self, _xwm: XwmId) {
        self.x11_gone();
    }
}

impl Agent {
    fn request_x11(&mut self, window: &X11Surface, request: WindowRequest, edges: u32) {
        if let Some(id) = self.surfaces.of_x11(window) {
            self.request_window_id(id, request, edges);
        } else {
            self.early_requests.ask_x11(window.window_id(), request);
        }
    }

    /// An override-redirect window: a menu, a tooltip, a splash.
    pub fn open_x11_popup(&mut self, window: X11Surface) {
        self.close_x11_namesakes(&window);
        if self.surfaces.len() >= MAX_SURFACES {
            return;
        }
        let Some(parent) = self.x11_parent(&window) else {
            // Nothing of its program is shown that it could be attached to (a splash screen, a notification).
            let pid = window.pid().unwrap_or(0);
            self.open_window(window.wl_surface(), WindowShell::X11(window), pid);
            return;
        };
        let rect = self.rect_on(parent, window.geometry());
        let wl = window.wl_surface();
        let grab = is_x11_menu(&window);
        let popup =
            Popup { shell: PopupShell::X11(window), parent, rect, position_dirty: false, position_sent_at: None, grab };
        let id = self.surfaces.add(wl, Role::Popup(Box::new(popup)));
        self.announce(id);
    }

    /// An X11 geometry relative to the surface that it is attached to.
    pub fn rect_on(&self, parent: u32, geometry: Rectangle<i32, Logical>) -> Rect {
        let origin = self.surfaces.get(parent).and_then(|surface| surface.x11()).map(|x11| x11.geometry().loc);
        let mut relative = geometry;
        relative.loc -= origin.unwrap_or_default();
        clamp_rect(relative)
    }
}

/// Bits of the wire's `Edge`.
fn wire_edges(edge: ResizeEdge) -> u32 {
    let edges: &[Edge] = match edge {
        ResizeEdge::Top => &[Edge::Top],
        ResizeEdge::Bottom => &[Edge::Bottom],
        ResizeEdge::Left => &[Edge::Left],
        ResizeEdge::Right => &[Edge::Right],
        ResizeEdge::TopLeft => &[Edge::Top, Edge::Left],
        ResizeEdge::TopRight => &[Edge::Top, Edge::Right],
        ResizeEdge::BottomLeft => &[Edge::Bottom, Edge::Left],
        ResizeEdge::BottomRight => &[Edge::Bottom, Edge::Right],
    };
    edges.iter().fold(0, |mask, edge| mask | *edge as u32)
}
