//! Windows: opened, described, configured, closed. Wayland and X11 windows differ in their WindowShell alone.

use std::time::Instant;

use atoll_wire::header::Message as Body;
use atoll_wire::limits::{MAX_APP_ID_BYTES, MAX_SURFACES, MAX_TITLE_BYTES, MAX_WINDOWS};
use atoll_wire::{
    Configure, Decoration, Kind, SizeHints, SubsurfaceOpened, SurfaceClosed, WindowChanged, WindowOpened,
    WindowRequest, WindowRequested, WindowState,
};
use smithay::reexports::wayland_protocols::xdg::decoration::zv1::server::zxdg_toplevel_decoration_v1::Mode;
use smithay::reexports::wayland_protocols::xdg::shell::server::xdg_toplevel::State;
use smithay::reexports::wayland_server::Resource;
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::utils::{Logical, Rectangle, Serial, Size};
use smithay::wayland::compositor::with_states;
use smithay::wayland::shell::xdg::{SurfaceCachedState, ToplevelSurface, XdgToplevelSurfaceData};
use smithay::xwayland::X11Surface;
use x11rb::properties::AspectRatio;

use crate::agent::Agent;
use crate::attention::Attention;
use crate::deferred::{PROPERTIES_INTERVAL, is_too_early};
use crate::early_requests::EarlyStates;
use crate::ports::PortKind;
use crate::services::Service;
use crate::session::Phase;
use crate::surfaces::{Role, Window, WindowProperties, WindowShell};
use crate::text::cut;

pub const SERVICE: Service =
    Service { port: PortKind::Control, receive: Agent::receive_for_surface, session_ended: None };

/// `Configure.states` of the wire, and what xdg_shell calls them.
const STATES: [(WindowState, &[State]); 6] = [
    (WindowState::Activated, &[State::Activated]),
    (WindowState::Maximized, &[State::Maximized]),
    (WindowState::Fullscreen, &[State::Fullscreen]),
    (WindowState::Resizing, &[State::Resizing]),
    (WindowState::Tiled, &[State::TiledLeft, State::TiledRight, State::TiledTop, State::TiledBottom]),
    (WindowState::Suspended, &[State::Suspended]),
];

impl Agent {
    fn receive_for_surface(&mut self, body: &Body, _payload: &[u8]) -> bool {
        match body {
            Body::Configure(configure) => self.configure(configure),
            Body::CloseRequested(close) => self.close_requested(close.surface),
            Body::PopupDismissed(popup) => self.dismiss_popup(popup.surface),
            Body::Refresh(refresh) => self.refresh(refresh.surface),
            _ => return false,
        }
        true
    }

    pub fn toplevel_committed(&mut self, surface: &WlSurface, unmapped: bool) {
        let known = self.globals.xdg_shell.toplevel_surfaces();
        let Some(toplevel) = known.iter().find(|toplevel| toplevel.wl_surface() == surface).cloned() else { return };
        if !toplevel.is_initial_configure_sent() {
            self.charge_request(surface);
            let bounds = self.screen.logical();
            toplevel.with_pending_state(|state| state.bounds = Some(bounds));
            toplevel.send_configure();
            let pid = surface
                .client()
                .and_then(|client| client.get_credentials(&self.display).ok())
                .map_or(0, |peer| peer.pid);
            self.open_window(Some(surface.clone()), WindowShell::Xdg(toplevel), u32::try_from(pid).unwrap_or(0));
            return;
        }
        let Some(id) = self.surfaces.id_of(surface) else { return };
        if unmapped {
            // The program may map it again, beginning with another first commit: then it is another window to the host.
            toplevel.reset_initial_configure_sent();
            self.close_surface(id);
            return;
        }
        let current = with_states(surface, |states| {
            states
                .data_map
                .get::<XdgToplevelSurfaceData>()
                .and_then(|data| Some(data.lock().ok()?.current_serial))
                .flatten()
        });
        let Some((entry, content)) = self.surfaces.both_mut(id) else { return };
        let Some(window) = entry.window_mut() else { return };
        window.dirty = true;
        // It may acknowledge a later one alone, which is the agent's own, such as the answer to a request.
        let is_answered = |serial: Serial| current.is_some_and(|current| serial <= current);
        if let Some(at) = window.configures.iter().rposition(|(serial, _)| is_answered(*serial)) {
            window.acked_serial = window.configures[at].1;
            window.configures.drain(..=at);
            content.metadata_dirty = true;
        }
    }

    /// Registers a window, and announces it if there is a host.
    pub fn open_window(&mut self, wl: Option<WlSurface>, shell: WindowShell, pid: u32) -> Option<u32> {
        if self.surfaces.windows() >= MAX_WINDOWS || self.surfaces.len() >= MAX_SURFACES {
            log::warn!("too many windows: one is not shown");
            return None;
        }
        let launch = self.launches.of_process(pid);
        let early = self.early_requests.take(&shell);
        let window = Window {
            shell,
            pid,
            launch,
            last_sent: None,
            sent_at: None,
            title_asked_at: None,
            dirty: true,
            configures: Vec::new(),
            resize_serial: None,
            acked_serial: 0,
            place: (0, 0),
            x11_modal: early.modal,
            attention: Attention::default(),
            iconic: None,
            is_iconic_due: false,
            early,
        };
        let id = self.surfaces.add(wl, Role::Window(Box::new(window)));
        self.announce(id);
        Some(id)
    }

    /// A property of the window may have changed.
    pub fn window_changed(&mut self, surface: &WlSurface) {
        if let Some(id) = self.surfaces.id_of(surface) {
            self.mark_window_dirty(id);
        }
    }

    pub fn mark_window_dirty(&mut self, id: u32) {
        if let Some(window) = self.surfaces.get_mut(id).and_then(|surface| surface.window_mut()) {
            window.dirty = true;
        }
    }

    /// Once a turn: sends the properties that have changed.
    pub fn send_window_properties(&mut self) {
        if self.session.phase != Phase::Open {
            return;
        }
        let is_dirty = |window: &Window| window.dirty;
        let ids =
            self.surfaces.iter().filter(|surface| surface.window().is_some_and(is_dirty)).map(|surface| surface.id);
        for id in ids.collect::<Vec<_>>() {
            if let Some(window) = self.surfaces.get_mut(id).and_then(|surface| surface.window_mut()) {
                window.dirty = false;
            }
            let Some(now) = self.properties(id) else { continue };
            let Some(window) = self.surfaces.get_mut(id).and_then(|surface| surface.window_mut()) else { continue };
            let Some(last_sent) = window.last_sent.as_ref().filter(|sent| **sent != now) else { continue };
            if is_too_early(window.sent_at, PROPERTIES_INTERVAL) {
                window.dirty = true;
                self.send_window_properties_later();
                continue;
            }
            let is_newly_urgent = now.is_urgent && !last_sent.is_urgent;
            let changed = WindowChanged {
                surface: id,
                title: (now.title != last_sent.title).then(|| now.title.clone()),
                app_id: (now.app_id != last_sent.app_id).then(|| now.app_id.clone()),
                parent: (now.parent != last_sent.parent).then_some(now.parent),
                modal: (now.modal != last_sent.modal).then_some(now.modal),
                hints: (now.hints != last_sent.hints).then_some(now.hints),
                decoration: (now.decoration != last_sent.decoration).then_some(now.decoration.into()),
            };
            window.last_sent = Some(now);
            window.sent_at = Some(Instant::now());
            self.send(PortKind::Control, Body::WindowChanged(changed));
            if is_newly_urgent {
                self.want_attention(id, WindowRequest::Attention);
            }
        }
    }

    /// Announces one surface to the host. Its parent must have been announced before.
    pub fn announce(&mut self, id: u32) {
        if self.session.phase != Phase::Open {
            return;
        }
        let properties = self.properties(id);
        let Some(surface) = self.surfaces.get_mut(id) else { return };
        surface.announced = true;
        surface.full_frame_due = true;
        let mut early = EarlyStates::default();
        let body = match &mut surface.role {
            Role::Window(window) => {
                early = std::mem::take(&mut window.early);
                let Some(properties) = properties else { return };
                window.last_sent = Some(properties.clone());
                Body::WindowOpened(WindowOpened {
                    surface: id,
                    kind: match window.shell {
                        WindowShell::Xdg(_) => Kind::Wayland,
                        WindowShell::X11(_) => Kind::X11,
                    }
                    .into(),
                    pid: window.pid,
                    launch: window.launch,
                    title: properties.title,
                    app_id: properties.app_id,
                    parent: properties.parent,
                    modal: properties.modal,
                    hints: Some(properties.hints),
                    decoration: properties.decoration.into(),
                })
            }
            Role::Popup(popup) => Body::PopupOpened(popup.opened(id)),
            Role::Subsurface { parent } => Body::SubsurfaceOpened(SubsurfaceOpened { surface: id, parent: *parent }),
        };
        self.send(PortKind::Control, body);
        for request in early.requests() {
            self.request_window_id(id, request, 0);
        }
    }

    /// A host has connected: announces all surfaces, parents first.
    pub fn announce_all(&mut self) {
        for id in self.surfaces.ids() {
            self.announce(id);
        }
        for id in self.surfaces.ids() {
            // A dialog may be older than its window, which the host did not know when the dialog was announced.
            self.mark_window_dirty(id);
        }
        self.cursor.mark_dirty();
    }

    /// Closes a surface, and the popups and subsurfaces that are attached to it.
    pub fn close_surface(&mut self, id: u32) {
        for child in self.surfaces.children_of(id) {
            self.close_surface(child);
        }
        let Some(surface) = self.surfaces.remove(id) else { return };
        if let Some(parent) = surface.parent().and_then(|parent| self.surfaces.get_mut(parent)) {
            parent.stacking.retain(|child| child.surface != id);
        }
        if surface.announced {
            self.send(PortKind::Control, Body::SurfaceClosed(SurfaceClosed { surface: id }));
        }
        if surface.window().is_some() {
            for other in self.surfaces.iter_mut().filter_map(|surface| surface.window_mut()) {
                other.dirty |= other.last_sent.as_ref().is_some_and(|sent| sent.parent == id);
            }
        }
    }

    pub fn request_window(&mut self, surface: &WlSurface, request: WindowRequest, edges: u32) {
        if let Some(id) = self.surfaces.id_of(surface) {
            self.charge_request(surface);
            self.request_window_id(id, request, edges);
        } else if surface.is_alive() {
            self.charge_request(surface);
            self.early_requests.ask(surface, request);
        }
    }

    pub fn request_window_id(&mut self, id: u32, request: WindowRequest, edges: u32) {
        // An X11 popup may make requests as well, but is no window to the host.
        let is_known = self.surfaces.get(id).is_some_and(|surface| surface.announced && surface.window().is_some());
        // A host of minor 0 does not know the later ones.
        let is_spoken = request as i32 <= WindowRequest::Resize as i32 || self.session.minor >= 1;
        let is_sound = is_spoken && (request != WindowRequest::Resize || edges != 0);
        if is_known && is_sound {
            let requested = WindowRequested { surface: id, request: request.into(), edges };
            self.send(PortKind::Control, Body::WindowRequested(requested));
        } else if let Some(window) = self.surfaces.get_mut(id).and_then(|surface| surface.window_mut()) {
            window.early.ask(request);
        }
    }

    fn close_requested(&mut self, id: u32) {
        let Some(window) = self.surfaces.get(id).and_then(|surface| surface.window()) else { return };
        match &window.shell {
            WindowShell::Xdg(toplevel) => toplevel.send_close(),
            WindowShell::X11(x11) => {
                if let Err(error) = x11.close() {
                    log::debug!("closing an X11 window: {error}");
                }
            }
        }
    }

    fn configure(&mut self, configure: &Configure) {
        let side = |value: u32| i32::try_from(value).unwrap_or(i32::MAX).min(i32::from(u16::MAX));
        let size = Size::from((side(configure.width), side(configure.height)));
        let Some(window) = self.surfaces.get_mut(configure.surface).and_then(|surface| surface.window_mut()) else {
            return;
        };
        window.place = (configure.x, configure.y);
        match &window.shell {
            WindowShell::Xdg(toplevel) => {
                let toplevel = toplevel.clone();
                if let Some(serial) = configure_xdg(&toplevel, configure, size) {
                    window.configures.push((serial, configure.serial));
                } else if let Some(last) = window.configures.last_mut() {
                    // The program is sent no other configure: when it acknowledges the last one, this one is answered
                    // as well.
                    last.1 = configure.serial;
                } else {
                    self.acknowledge(configure.surface, configure.serial);
                }
            }
            WindowShell::X11(x11) => {
                let x11 = x11.clone();
                let is_new_size = size.w > 0 && size.h > 0 && size != x11.geometry().size;
                configure_x11(&x11, configure, size);
                if is_new_size || window.resize_serial.is_some() {
                    window.resize_serial = Some(configure.serial);
                } else {
                    self.acknowledge(configure.surface, configure.serial);
                }
                self.set_iconic(configure.surface, has_state(configure, WindowState::Suspended));
            }
        }
    }

    /// An X11 window has a new frame. X11 has no serials, but a frame of the window's present size was drawn after the
    /// resize.
    pub fn x11_committed(&mut self, surface: &WlSurface) {
        let Some(id) = self.surfaces.id_of(surface) else { return };
        let shown = self.surfaces.content(surface).map_or((0, 0), |content| content.size());
        let Some(entry) = self.surfaces.get_mut(id) else { return };
        let size = entry.x11().map(|x11| x11.geometry().size).unwrap_or_default();
        if (size.w as u32, size.h as u32) != shown {
            return;
        }
        if let Some(serial) = entry.window_mut().and_then(|window| window.resize_serial.take()) {
            self.acknowledge(id, serial);
        }
    }

    /// The program has done what the host's configure `serial` asks for, or has nothing to do.
    fn acknowledge(&mut self, id: u32, serial: u32) {
        if let Some(window) = self.surfaces.get_mut(id).and_then(|surface| surface.window_mut()) {
            window.acked_serial = serial;
        }
        if let Some((_, content)) = self.surfaces.both_mut(id) {
            content.metadata_dirty = true;
        }
    }

    fn properties(&mut self, id: u32) -> Option<WindowProperties> {
        let old_title = self.old_title(id);
        let window = self.surfaces.get(id)?.window()?;
        let mut properties = match &window.shell {
            WindowShell::Xdg(toplevel) => self.xdg_properties(toplevel),
            WindowShell::X11(x11) => WindowProperties { modal: window.x11_modal, ..self.x11_properties(x11) },
        };
        // The host must know a window before its dialog names it; until then the dialog names none.
        if properties.parent == id || !self.surfaces.get(properties.parent).is_some_and(|parent| parent.announced) {
            properties.parent = 0;
        }
        if let Some(title) = old_title {
            properties.title = title;
        }
        cut(&mut properties.title, MAX_TITLE_BYTES);
        cut(&mut properties.app_id, MAX_APP_ID_BYTES);
        Some(properties)
    }

    fn xdg_properties(&self, toplevel: &ToplevelSurface) -> WindowProperties {
        let surface = toplevel.wl_surface();
        let (mut properties, parent) = with_states(surface, |states| {
            let mut cached = states.cached_state.get::<SurfaceCachedState>();
            let cached = *cached.current();
            let mut properties = WindowProperties {
                hints: size_hints(Some(cached.min_size), Some(cached.max_size)),
                ..WindowProperties::default()
            };
            let data = states.data_map.get::<XdgToplevelSurfaceData>().and_then(|data| data.lock().ok());
            let parent = data.as_ref().and_then(|data| data.parent.clone());
            if let Some(data) = data {
                properties.title = data.title.clone().unwrap_or_default();
                properties.app_id = data.app_id.clone().unwrap_or_default();
                properties.modal = data.modal;
                let state = data.server_pending.as_ref().unwrap_or_else(|| data.current_server_state());
                if state.decoration_mode == Some(Mode::ServerSide) {
                    properties.decoration = Decoration::Server;
                }
            }
            (properties, parent)
        });
        properties.parent = parent.and_then(|parent| self.surfaces.id_of(&parent)).unwrap_or(0);
        if properties.decoration != Decoration::Server {
            let server = self.globals.server_frames.contains(surface);
            properties.decoration = if server { Decoration::Server } else { Decoration::Client };
        }
        properties
    }

    /// The title of an X11 window of which smithay has read none: the X server is asked for it, as often as titles may be sent. Where
    /// it does not answer in time the last title stays, and it is asked again.
    fn old_title(&mut self, id: u32) -> Option<String> {
        let questions = self.x11.windows.questions.as_mut()?;
        let surface = self.surfaces.get_mut(id)?;
        let x11 = surface.x11().filter(|x11| x11.title().is_empty())?.window_id();
        let window = surface.window_mut()?;
        if !is_too_early(window.title_asked_at, PROPERTIES_INTERVAL) {
            window.title_asked_at = Some(Instant::now());
            if let Some(title) = questions.old_title(x11) {
                return Some(title);
            }
        }
        window.dirty = true;
        let last_title = window.last_sent.as_ref().map(|sent| sent.title.clone());
        self.send_window_properties_later();
        last_title
    }

    fn x11_properties(&self, x11: &X11Surface) -> WindowProperties {
        let parent = x11.is_transient_for().and_then(|parent| {
            let is_it = |other: &X11Surface| other.window_id() == parent;
            self.surfaces.iter().find(|surface| surface.window().is_some() && surface.x11().is_some_and(is_it))
        });
        WindowProperties {
            title: x11.title(),
            app_id: x11.class(),
            parent: parent.map_or(0, |parent| parent.id),
            hints: x11_size_hints(x11),
            is_urgent: x11.hints().is_some_and(|hints| hints.urgent),
            // smithay calls a window "decorated" whose Motif hints ask for no frame: one that draws its own. An
            // override-redirect window wants none either.
            decoration: if x11.is_decorated() || x11.is_override_redirect() {
                Decoration::Client
            } else {
                Decoration::Server
            },
            ..WindowProperties::default()
        }
    }
}

fn has_state(configure: &Configure, state: WindowState) -> bool {
    configure.states & state as u32 != 0
}

fn configure_xdg(toplevel: &ToplevelSurface, configure: &Configure, size: Size<i32, Logical>) -> Option<Serial> {
    toplevel.with_pending_state(|state| {
        state.size = (size.w > 0 && size.h > 0).then_some(size);
        if configure.bounds_width > 0 && configure.bounds_height > 0 {
            let side = |value: u32| i32::try_from(value).unwrap_or(i32::MAX);
            state.bounds = Some((side(configure.bounds_width), side(configure.bounds_height)).into());
        }
        for (state_bit, xdg_states) in STATES {
            for one in xdg_states {
                if has_state(configure, state_bit) {
                    state.states.set(*one);
                } else {
                    state.states.unset(*one);
                }
            }
        }
    });
    toplevel.send_pending_configure()
}

fn configure_x11(x11: &X11Surface, configure: &Configure, size: Size<i32, Logical>) {
    let mut geometry = x11.geometry();
    if size.w > 0 && size.h > 0 {
        geometry.size = size;
    }
    // Its position in X11's root window is its position on the host's desktop: menus are placed relative to it.
    let clamp = |value: i32| value.clamp(i32::from(i16::MIN) / 2, i32::from(i16::MAX) / 2);
    geometry.loc = (clamp(configure.x), clamp(configure.y)).into();
    let result =
        if geometry == x11.geometry() { Ok(()) } else { x11.configure(Rectangle::new(geometry.loc, geometry.size)) };
    if let Err(error) = result {
        log::debug!("configuring an X11 window: {error}");
    }
    let [activated, maximized, fullscreen] = [WindowState::Activated, WindowState::Maximized, WindowState::Fullscreen]
        .map(|state| has_state(configure, state));
    let states = [
        activated == x11.is_activated() || x11.set_activated(activated).is_ok(),
        maximized == x11.is_maximized() || x11.set_maximized(maximized).is_ok(),
        fullscreen == x11.is_fullscreen() || x11.set_fullscreen(fullscreen).is_ok(),
    ];
    if states.contains(&false) {
        log::debug!("the X server is gone");
    }
}

/// Of X11 windows. Base sizes and aspects without steps, and the other way round, are of use to the host as well.
fn x11_size_hints(x11: &X11Surface) -> SizeHints {
    let hints = size_hints(x11.min_size(), x11.max_size());
    let Some(normal) = x11.size_hints() else { return hints };
    let side = |side: i32| u32::try_from(side).unwrap_or(0);
    // ICCCM, 4.1.2.3: the least size stands for a base size that is not given.
    let base = normal.base_size.or(normal.min_size).unwrap_or((0, 0));
    let step = normal.size_increment.unwrap_or((0, 0));
    let aspect = |ratio: AspectRatio| match (side(ratio.numerator), side(ratio.denominator)) {
        (0, _) | (_, 0) => 0,
        (width, height) => u32::try_from(u64::from(width) * 65_536 / u64::from(height)).unwrap_or(0),
    };
    let (min_aspect, max_aspect) = normal.aspect.map_or((0, 0), |(min, max)| (aspect(min), aspect(max)));
    SizeHints {
        base_width: side(base.0),
        base_height: side(base.1),
        step_width: side(step.0),
        step_height: side(step.1),
        min_aspect,
        max_aspect,
        ..hints
    }
}

fn size_hints(min: Option<Size<i32, Logical>>, max: Option<Size<i32, Logical>>) -> SizeHints {
    let side = |value: Option<i32>| value.and_then(|value| u32::try_from(value).ok()).unwrap_or(0);
    SizeHints {
        min_width: side(min.map(|size| size.w)),
        min_height: side(min.map(|size| size.h)),
        max_width: side(max.map(|size| size.w)),
        max_height: side(max.map(|size| size.h)),
        ..SizeHints::default()
    }
}
