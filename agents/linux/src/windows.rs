//! Windows: opened, described, configured, closed. Wayland's and X11's differ in WindowShell alone.

use std::time::{Duration, Instant};

use atoll_wire::header::Message as Body;
use atoll_wire::limits::{MAX_APP_ID_BYTES, MAX_SURFACES, MAX_TITLE_BYTES, MAX_WINDOWS};
use atoll_wire::{
    Configure, Decoration, Kind, SizeHints, SubsurfaceOpened, SurfaceClosed, WindowChanged, WindowOpened,
    WindowRequest, WindowRequested,
};
use smithay::reexports::wayland_protocols::xdg::decoration::zv1::server::zxdg_toplevel_decoration_v1::Mode;
use smithay::reexports::wayland_protocols::xdg::shell::server::xdg_toplevel::State;
use smithay::reexports::wayland_server::Resource;
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::utils::{Logical, Rectangle, Size};
use smithay::wayland::compositor::with_states;
use smithay::wayland::shell::xdg::{SurfaceCachedState, ToplevelSurface, XdgToplevelSurfaceData};
use smithay::xwayland::X11Surface;

use crate::agent::Agent;
use crate::ports::PortKind;
use crate::services::Service;
use crate::session::Phase;
use crate::surfaces::{Facts, Role, Window, WindowShell};

pub const SERVICE: Service =
    Service { port: PortKind::Control, receive: Agent::receive_for_surface, session_ended: None };

/// `Configure.states` of the wire and what xdg_shell calls them.
const STATES: [(u32, &[State]); 5] = [
    (1, &[State::Activated]),
    (2, &[State::Maximized]),
    (4, &[State::Fullscreen]),
    (8, &[State::Resizing]),
    (16, &[State::TiledLeft, State::TiledRight, State::TiledTop, State::TiledBottom]),
];

/// A window's title and the like are told this often at most: a program may count in its title.
const FACTS_PACE: Duration = Duration::from_millis(100);

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
            self.count_ask(surface);
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
            // It may come back, from the first commit on: as another window.
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
        window.stale = true;
        if let Some(at) = window.configures.iter().rposition(|(serial, _)| Some(*serial) == current) {
            window.answered = window.configures[at].1;
            window.configures.drain(..=at);
            content.altered = true;
        }
    }

    /// Registers a window and tells the host, if there is one.
    pub fn open_window(&mut self, wl: Option<WlSurface>, shell: WindowShell, pid: u32) -> Option<u32> {
        if self.surfaces.windows() >= MAX_WINDOWS || self.surfaces.len() >= MAX_SURFACES {
            log::warn!("too many windows: one is not shown");
            return None;
        }
        let launch = self.launches.of_process(pid);
        let window = Window {
            shell,
            pid,
            launch,
            told: None,
            told_at: None,
            stale: true,
            configures: Vec::new(),
            resized: None,
            answered: 0,
            place: (0, 0),
        };
        let id = self.surfaces.add(wl, Role::Window(Box::new(window)));
        self.announce(id);
        Some(id)
    }

    /// Something of what the host is told may have changed.
    pub fn window_changed(&mut self, surface: &WlSurface) {
        if let Some(id) = self.surfaces.id_of(surface) {
            self.window_stale(id);
        }
    }

    pub fn window_stale(&mut self, id: u32) {
        if let Some(window) = self.surfaces.get_mut(id).and_then(|surface| surface.window_mut()) {
            window.stale = true;
        }
    }

    /// Once a turn: tells what changed.
    pub fn tell_windows(&mut self) {
        if self.session.phase != Phase::Open {
            return;
        }
        let stale = |window: &Window| window.stale;
        let ids = self.surfaces.iter().filter(|surface| surface.window().is_some_and(stale)).map(|surface| surface.id);
        for id in ids.collect::<Vec<_>>() {
            let Some(now) = self.facts(id) else { continue };
            let Some(window) = self.surfaces.get_mut(id).and_then(|surface| surface.window_mut()) else { continue };
            window.stale = false;
            let Some(told) = window.told.as_ref().filter(|told| **told != now) else { continue };
            if window.told_at.is_some_and(|at| at.elapsed() < FACTS_PACE) {
                window.stale = true;
                self.tell_windows_soon();
                continue;
            }
            let changed = WindowChanged {
                surface: id,
                title: (now.title != told.title).then(|| now.title.clone()),
                app_id: (now.app_id != told.app_id).then(|| now.app_id.clone()),
                parent: (now.parent != told.parent).then_some(now.parent),
                modal: (now.modal != told.modal).then_some(now.modal),
                hints: (now.hints != told.hints).then_some(now.hints),
                decoration: (now.decoration != told.decoration).then_some(now.decoration.into()),
            };
            window.told = Some(now);
            window.told_at = Some(Instant::now());
            self.send(PortKind::Control, Body::WindowChanged(changed));
        }
    }

    fn tell_windows_soon(&mut self) {
        if !self.tells_windows {
            // The end of the turn in which this fires does the rest.
            self.tells_windows = self.after(FACTS_PACE, |agent| agent.tells_windows = false);
        }
    }

    /// Tells the host of one surface that it does not know. Parents must have been announced before.
    pub fn announce(&mut self, id: u32) {
        if self.session.phase != Phase::Open {
            return;
        }
        let facts = self.facts(id);
        let Some(surface) = self.surfaces.get_mut(id) else { return };
        surface.announced = true;
        surface.whole = true;
        let body = match &mut surface.role {
            Role::Window(window) => {
                let Some(facts) = facts else { return };
                window.told = Some(facts.clone());
                Body::WindowOpened(WindowOpened {
                    surface: id,
                    kind: match window.shell {
                        WindowShell::Xdg(_) => Kind::Wayland,
                        WindowShell::X11(_) => Kind::X11,
                    }
                    .into(),
                    pid: window.pid,
                    launch: window.launch,
                    title: facts.title,
                    app_id: facts.app_id,
                    parent: facts.parent,
                    modal: facts.modal,
                    hints: Some(facts.hints),
                    decoration: facts.decoration.into(),
                })
            }
            Role::Popup(popup) => Body::PopupOpened(popup.opened(id)),
            Role::Subsurface { parent } => Body::SubsurfaceOpened(SubsurfaceOpened { surface: id, parent: *parent }),
        };
        self.send(PortKind::Control, body);
    }

    /// A new host: it is told of everything, parents first.
    pub fn announce_all(&mut self) {
        for id in self.surfaces.ids() {
            self.announce(id);
        }
        for id in self.surfaces.ids() {
            // A dialog may be older than the window it belongs to.
            self.window_stale(id);
        }
        self.cursor.make_stale();
    }

    /// Retires a surface and all that stands on it.
    pub fn close_surface(&mut self, id: u32) {
        for child in self.surfaces.standing_on(id) {
            self.close_surface(child);
        }
        let Some(surface) = self.surfaces.remove(id) else { return };
        if let Some(parent) = surface.parent().and_then(|parent| self.surfaces.get_mut(parent)) {
            parent.placed.retain(|child| child.surface != id);
        }
        if surface.announced {
            self.send(PortKind::Control, Body::SurfaceClosed(SurfaceClosed { surface: id }));
        }
        if surface.window().is_some() {
            for other in self.surfaces.iter_mut().filter_map(|surface| surface.window_mut()) {
                other.stale |= other.told.as_ref().is_some_and(|told| told.parent == id);
            }
        }
    }

    pub fn request_window(&mut self, surface: &WlSurface, request: WindowRequest, edges: u32) {
        if let Some(id) = self.surfaces.id_of(surface) {
            self.count_ask(surface);
            self.request_window_id(id, request, edges);
        }
    }

    pub fn request_window_id(&mut self, id: u32, request: WindowRequest, edges: u32) {
        // An X11 popup may ask as well: it is no window to the host.
        let is_told = self.surfaces.get(id).is_some_and(|surface| surface.announced && surface.window().is_some());
        let is_sound = request != WindowRequest::Resize || edges != 0;
        if is_told && is_sound {
            let requested = WindowRequested { surface: id, request: request.into(), edges };
            self.send(PortKind::Control, Body::WindowRequested(requested));
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
                    // Nothing new to say: what it is about to answer answers this one as well.
                    last.1 = configure.serial;
                } else {
                    self.answered(configure.surface, configure.serial);
                }
            }
            WindowShell::X11(x11) => {
                let x11 = x11.clone();
                let is_new_size = size.w > 0 && size.h > 0 && size != x11.geometry().size;
                configure_x11(&x11, configure, size);
                if is_new_size || window.resized.is_some() {
                    window.resized = Some(configure.serial);
                } else {
                    self.answered(configure.surface, configure.serial);
                }
            }
        }
    }

    /// An X11 window has another picture: X11 has no serials, but a picture of the size that the window has now is one that
    /// was made since it has it.
    pub fn x11_committed(&mut self, surface: &WlSurface) {
        let Some(id) = self.surfaces.id_of(surface) else { return };
        let shown = self.surfaces.content(surface).map_or((0, 0), |content| content.size());
        let Some(entry) = self.surfaces.get_mut(id) else { return };
        let size = entry.x11().map(|x11| x11.geometry().size).unwrap_or_default();
        if (size.w as u32, size.h as u32) != shown {
            return;
        }
        if let Some(serial) = entry.window_mut().and_then(|window| window.resized.take()) {
            self.answered(id, serial);
        }
    }

    /// The program has, or needs, nothing more to do for the host's configure `serial`.
    fn answered(&mut self, id: u32, serial: u32) {
        if let Some(window) = self.surfaces.get_mut(id).and_then(|surface| surface.window_mut()) {
            window.answered = serial;
        }
        if let Some((_, content)) = self.surfaces.both_mut(id) {
            content.altered = true;
        }
    }

    fn facts(&self, id: u32) -> Option<Facts> {
        let window = self.surfaces.get(id)?.window()?;
        let mut facts = match &window.shell {
            WindowShell::Xdg(toplevel) => self.xdg_facts(toplevel),
            WindowShell::X11(x11) => self.x11_facts(x11),
        };
        // The host must know a parent before its dialog; until then there is none.
        if facts.parent == id || !self.surfaces.get(facts.parent).is_some_and(|parent| parent.announced) {
            facts.parent = 0;
        }
        cut(&mut facts.title, MAX_TITLE_BYTES);
        cut(&mut facts.app_id, MAX_APP_ID_BYTES);
        Some(facts)
    }

    fn xdg_facts(&self, toplevel: &ToplevelSurface) -> Facts {
        let surface = toplevel.wl_surface();
        let (mut facts, parent) = with_states(surface, |states| {
            let mut cached = states.cached_state.get::<SurfaceCachedState>();
            let cached = *cached.current();
            let mut facts =
                Facts { hints: size_hints(Some(cached.min_size), Some(cached.max_size)), ..Facts::default() };
            let data = states.data_map.get::<XdgToplevelSurfaceData>().and_then(|data| data.lock().ok());
            let parent = data.as_ref().and_then(|data| data.parent.clone());
            if let Some(data) = data {
                facts.title = data.title.clone().unwrap_or_default();
                facts.app_id = data.app_id.clone().unwrap_or_default();
                facts.modal = data.modal;
                let state = data.server_pending.as_ref().unwrap_or_else(|| data.current_server_state());
                if state.decoration_mode == Some(Mode::ServerSide) {
                    facts.decoration = Decoration::Server;
                }
            }
            (facts, parent)
        });
        facts.parent = parent.and_then(|parent| self.surfaces.id_of(&parent)).unwrap_or(0);
        if facts.decoration != Decoration::Server {
            let server = self.globals.server_frames.contains(surface);
            facts.decoration = if server { Decoration::Server } else { Decoration::Client };
        }
        facts
    }

    fn x11_facts(&self, x11: &X11Surface) -> Facts {
        let parent = x11.is_transient_for().and_then(|parent| {
            let is_it = |other: &X11Surface| other.window_id() == parent;
            self.surfaces.iter().find(|surface| surface.window().is_some() && surface.x11().is_some_and(is_it))
        });
        Facts {
            title: x11.title(),
            app_id: x11.class(),
            parent: parent.map_or(0, |parent| parent.id),
            modal: false,
            hints: size_hints(x11.min_size(), x11.max_size()),
            // Motif's word for a window that wants no frame: it is called "decorated" because it decorates itself.
            decoration: if x11.is_decorated() { Decoration::Client } else { Decoration::Server },
        }
    }
}

fn configure_xdg(
    toplevel: &ToplevelSurface,
    configure: &Configure,
    size: Size<i32, Logical>,
) -> Option<smithay::utils::Serial> {
    toplevel.with_pending_state(|state| {
        state.size = (size.w > 0 && size.h > 0).then_some(size);
        if configure.bounds_width > 0 && configure.bounds_height > 0 {
            let side = |value: u32| i32::try_from(value).unwrap_or(i32::MAX);
            state.bounds = Some((side(configure.bounds_width), side(configure.bounds_height)).into());
        }
        for (bit, states) in STATES {
            for one in states {
                if configure.states & bit != 0 {
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
    // Its place in X11's root is its place on the host's desktop: menus are put relative to it.
    let clamp = |value: i32| value.clamp(i32::from(i16::MIN) / 2, i32::from(i16::MAX) / 2);
    geometry.loc = (clamp(configure.x), clamp(configure.y)).into();
    let has = |bit: u32| configure.states & bit != 0;
    let result =
        if geometry == x11.geometry() { Ok(()) } else { x11.configure(Rectangle::new(geometry.loc, geometry.size)) };
    if let Err(error) = result {
        log::debug!("configuring an X11 window: {error}");
    }
    let states = [
        (has(1) == x11.is_activated()) || x11.set_activated(has(1)).is_ok(),
        (has(2) == x11.is_maximized()) || x11.set_maximized(has(2)).is_ok(),
        (has(4) == x11.is_fullscreen()) || x11.set_fullscreen(has(4)).is_ok(),
    ];
    if states.contains(&false) {
        log::debug!("the X server is gone");
    }
}

fn size_hints(min: Option<Size<i32, Logical>>, max: Option<Size<i32, Logical>>) -> SizeHints {
    let side = |value: Option<i32>| value.and_then(|value| u32::try_from(value).ok()).unwrap_or(0);
    SizeHints {
        min_width: side(min.map(|size| size.w)),
        min_height: side(min.map(|size| size.h)),
        max_width: side(max.map(|size| size.w)),
        max_height: side(max.map(|size| size.h)),
    }
}

/// Cuts a text to at most `bytes`, at the end of a character.
pub fn cut(text: &mut String, bytes: usize) {
    if text.len() > bytes {
        let end = (0..=bytes).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        text.truncate(end);
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_long_text_is_cut_between_characters() {
        let mut text = "aéé".to_owned();
        super::cut(&mut text, 4);
        assert_eq!(text, "aé");
        super::cut(&mut text, 4);
        assert_eq!(text, "aé");
    }
}
