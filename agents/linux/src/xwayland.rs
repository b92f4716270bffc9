//! Xwayland: starts it with the agent and again when it has ended, and finds the wl_surfaces of its windows.

use std::process::Stdio;
use std::thread;
use std::time::Duration;

use calloop::RegistrationToken;
use calloop::channel::{Event, channel};
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::reexports::wayland_server::{Client, Resource};
use smithay::xwayland::{X11Surface, X11Wm, XWayland, XWaylandEvent};

use crate::agent::Agent;
use crate::clipboard::X11Clipboard;
use crate::surfaces::Surface;
use crate::x11_connection::Failed;
use crate::x11_focus_barrier::{Focused, X11FocusBarrier};
use crate::x11_proxy::{self, Gate};
use crate::x11_questions::X11Questions;
use crate::x11_repeat::X11Repeat;
use crate::x11_requests::X11Requests;
use crate::x11_windows::X11Windows;

/// Pause before it is started again.
const RESTART_DELAY: Duration = Duration::from_secs(5);
/// When it has not come up by then, Wayland programs are not waited with any longer. Much more than it takes.
const START_PATIENCE: Duration = Duration::from_secs(20);

#[derive(Debug, Default)]
pub struct X11 {
    pub wm: Option<X11Wm>,
    client: Option<Client>,
    /// The same, while it starts.
    starting: Option<Client>,
    /// What waits until it has, and keeps it.
    source: Option<RegistrationToken>,
    pub focus_barrier: Option<X11FocusBarrier>,
    pub clipboard: Option<X11Clipboard>,
    pub requests: Option<X11Requests>,
    /// The X11 window that had the keyboard last; 0 = none.
    pub last_focused: u32,
    pub repeat: X11Repeat,
    pub windows: X11Windows,
}

/// The agent's own connections to the X server, where they could be made.
struct X11Connections {
    focus: Option<X11FocusBarrier>,
    requests: Option<X11Requests>,
    questions: Option<X11Questions>,
}

impl X11Connections {
    fn make(display: u32) -> Self {
        Self {
            focus: made("X11 programs get no keys", X11FocusBarrier::connect(display)),
            requests: made("X11 programs that want attention are not heard", X11Requests::connect(display)),
            questions: made("the X server cannot be asked", X11Questions::connect(display)),
        }
    }
}

fn made<T>(otherwise: &str, connection: Result<T, Failed>) -> Option<T> {
    connection.inspect_err(|error| log::error!("{otherwise}: {error}")).ok()
}

impl X11 {
    /// The Wayland client that the X server is.
    pub fn client(&self) -> Option<&Client> {
        self.client.as_ref()
    }
}

impl Agent {
    pub fn start_xwayland(&mut self) {
        let path = match self.environment.xwayland_path() {
            Ok(path) => path,
            Err(error) => {
                log::warn!("there is no Xwayland: X11 programs cannot run ({error})");
                self.environment.report_settled();
                return;
            }
        };
        let spawned =
            XWayland::spawn(&self.display, None, [("PATH", path)], true, Stdio::null(), Stdio::null(), |_| ());
        let (xwayland, client) = match spawned {
            Ok(spawned) => spawned,
            Err(error) => {
                log::warn!("Xwayland cannot be started: {error}");
                return self.x11_gone();
            }
        };
        // Its sockets listen already: an X11 program that is started now waits in their queue until the server is
        // ready.
        self.environment.set_x11_display(xwayland.display_number());
        self.x11.starting = Some(client.clone());
        let inserted = self.handle.insert_source(xwayland, move |event, (), agent| match event {
            XWaylandEvent::Ready { x11_socket, display_number } => {
                agent.x11.starting = None;
                let started = x11_proxy::start(x11_socket).map_err(Failed::from).and_then(|(relayed, gate)| {
                    let wm = X11Wm::start_wm(agent.handle.clone(), relayed, client.clone())?;
                    Ok((wm, gate))
                });
                match started {
                    Ok((wm, gate)) => {
                        agent.x11.wm = Some(wm);
                        agent.x11.client = Some(client.clone());
                        agent.bridge_x11_clipboard(display_number);
                        agent.connect_to_x11(display_number, gate);
                    }
                    Err(error) => {
                        log::warn!("the X11 window manager cannot start: {error}");
                        agent.x11_gone();
                    }
                }
            }
            XWaylandEvent::Error => {
                log::warn!("Xwayland does not say that it has started");
                agent.x11_gone();
            }
        });
        match inserted {
            Ok(source) => self.x11.source = Some(source),
            Err(error) => {
                log::error!("{error}");
                self.x11_gone();
            }
        }
        self.after(START_PATIENCE, |agent| agent.environment.report_settled());
    }

    /// Once a turn. smithay does not say that it has ended before it was ready, and waits on, without a rest.
    pub fn notice_x11_start(&mut self) {
        let is_gone = |client: &Client| client.get_credentials(&self.display).is_err();
        if self.x11.starting.as_ref().is_some_and(is_gone) {
            log::warn!("Xwayland ended while it started");
            self.x11_gone();
        }
    }

    /// The X server has ended, and its windows with it, or has not come up; another is started. Wayland programs need none.
    pub fn x11_gone(&mut self) {
        self.environment.report_settled();
        if self.x11.starting.take().is_some() {
            self.x11.source.take().into_iter().for_each(|source| self.handle.remove(source));
        }
        let ids = self.surfaces.iter().filter(|surface| surface.x11().is_some()).map(|surface| surface.id);
        for id in ids.collect::<Vec<_>>() {
            self.close_surface(id);
        }
        // Later, since it is the window manager itself that calls this.
        let later = self.after(RESTART_DELAY, |agent| {
            agent.x11.source.take().into_iter().for_each(|source| agent.handle.remove(source));
            agent.x11 = X11::default();
            agent.start_xwayland();
        });
        if !later {
            log::error!("Xwayland is not started again");
        }
    }

    /// Makes the agent's own connections, in a thread: the server may be busy with programs already. The window
    /// manager hears of programs when they are.
    fn connect_to_x11(&mut self, display: u32, gate: Gate) {
        let (made, connections) = channel();
        let of = self.x11.wm.as_ref().map(X11Wm::id);
        let mut gate = Some(gate);
        let inserted = self.handle.insert_source(connections, move |event, (), agent| {
            // Those of a server that has ended come too late.
            if let Event::Msg(connections) = event {
                if agent.x11.wm.as_ref().map(X11Wm::id) == of {
                    agent.x11_connected(display, connections);
                }
            }
            drop(gate.take());
        });
        let make = move || {
            if made.send(X11Connections::make(display)).is_err() {
                log::debug!("the agent ends");
            }
        };
        let begun = inserted.map(|_| ()).map_err(|error| error.to_string()).and_then(|()| {
            let thread = thread::Builder::new().name("x11-connections".to_owned());
            thread.spawn(make).map(|_| ()).map_err(|error| error.to_string())
        });
        if let Err(error) = begun {
            log::error!("X11 programs get no keys: {error}");
            self.environment.report_settled();
        }
    }

    fn x11_connected(&mut self, display: u32, connections: X11Connections) {
        let X11Connections { focus, requests, questions } = connections;
        if let Some(focus) = focus {
            self.use_x11_focus(focus);
        }
        if let Some(requests) = requests {
            self.listen_to_x11(requests);
        }
        if let Some(questions) = questions {
            self.ask_x11(questions);
        }
        log::info!("X11 programs can run on :{display}");
        self.environment.report_settled();
    }

    fn use_x11_focus(&mut self, barrier: X11FocusBarrier) {
        let connected = barrier.fd().map_err(Failed::from).and_then(|fd| {
            self.x11.focus_barrier = Some(barrier);
            // The turn's end looks at what has come.
            self.on_readable(fd, |agent, _| agent.x11.focus_barrier.is_some()).ok_or("no event source")?;
            Ok(())
        });
        if let Err(error) = connected {
            log::error!("X11 programs get no keys: {error}");
            self.x11.focus_barrier = None;
        }
    }

    /// Sets X11's own focus to `window`; None = to no window.
    pub fn focus_x11(&mut self, window: Option<&X11Surface>) {
        let Some(barrier) = &mut self.x11.focus_barrier else { return };
        let focused = window.map(|window| Focused {
            window: window.window_id(),
            input_hint: window.hints().and_then(|hints| hints.input).unwrap_or(true),
        });
        if let Err(error) = barrier.focus(focused) {
            log::warn!("the focus of X11: {error}");
            self.x11.focus_barrier = None;
        }
    }

    /// Once a turn: reads whether X11's focus is set.
    pub fn read_x11_focus(&mut self) {
        if let Some(Err(error)) = self.x11.focus_barrier.as_mut().map(X11FocusBarrier::read_events) {
            log::debug!("the X server is gone: {error}");
            self.x11.focus_barrier = None;
        }
    }

    pub fn raise_x11(&mut self, window: &X11Surface) {
        self.x11.last_focused = self.surfaces.of_x11(window).unwrap_or(0);
        if let Some(wm) = &mut self.x11.wm {
            if let Err(error) = wm.raise_window(window) {
                log::debug!("raising an X11 window: {error}");
            }
        }
    }

    /// Once a turn: finds the wl_surface of X11 windows that have none yet. Xwayland before 23.1 (Debian 12) names only
    /// the protocol id, which may come before the surface itself.
    pub fn associate_x11(&mut self) {
        let is_iconic = |surface: &Surface| surface.window().is_some_and(|window| window.iconic.is_some());
        let lone = self.surfaces.iter().filter(|surface| surface.wl.is_none() && !is_iconic(surface));
        let lone = lone.map(|surface| surface.id);
        for id in lone.collect::<Vec<_>>() {
            let Some(window) = self.surfaces.get(id).and_then(|surface| surface.x11()) else { continue };
            // Deprecated because of that race; Debian 12 has nothing else.
            #[allow(deprecated)]
            let found = window.wl_surface().or_else(|| self.by_protocol_id(window.wl_surface_id()?));
            if let Some(wl) = found.filter(|wl| wl.is_alive() && self.surfaces.id_of(wl).is_none()) {
                self.surfaces.associate(id, wl);
            }
        }
    }

    fn by_protocol_id(&self, id: u32) -> Option<WlSurface> {
        self.x11.client.as_ref()?.object_from_protocol_id(&self.display, id).ok()
    }
}
