//! Puts the agent together and runs its event loop.

use std::sync::Arc;
use std::time::Instant;

use calloop::generic::Generic;
use calloop::signals::{Signal, Signals};
use calloop::{EventLoop, Interest, LoopHandle, Mode, PostAction, RegistrationToken};
use smithay::input::SeatState;
use smithay::input::keyboard::XkbConfig;
use smithay::reexports::wayland_server::Display;
use smithay::wayland::socket::ListeningSocketSource;

use crate::agent::{Agent, Exit};
use crate::args::Arguments;
use crate::environment::Environment;
use crate::error::AgentError;
use crate::ports::{Ports, attach_sockets, attach_virtio};
use crate::protocols::{ClientState, Globals};
use crate::surfaces::Surfaces;

/// The host sends repeated keys. A rate of 0 tells clients not to make repeats of their own.
const REPEAT_DELAY_MS: i32 = 0;
const REPEAT_RATE: i32 = 0;

/// Runs until SIGTERM or until the host powers the guest off.
///
/// # Errors
/// Something that the agent cannot do without is missing; see [`AgentError`].
pub fn run(arguments: &Arguments) -> Result<Exit, AgentError> {
    crate::process::raise_file_limit();
    // Before any thread or event source, so that a signal that comes early is not lost.
    let signals = Signals::new(&[Signal::SIGTERM, Signal::SIGINT]).map_err(failed("signals"))?;
    let mut event_loop: EventLoop<'static, Agent> = EventLoop::try_new().map_err(failed("event loop"))?;
    let handle = event_loop.handle();
    let display = Display::<Agent>::new().map_err(failed("display"))?;
    let socket = ListeningSocketSource::new_auto().map_err(failed("Wayland socket"))?;
    let environment = Environment::new(socket.socket_name().to_owned())?;

    let mut agent = build(&event_loop, &display, environment)?;
    agent.start_dispatch_watch();
    agent.programs_are_read_by(insert_display(&handle, display)?);
    insert_socket(&handle, socket)?;
    handle.insert_source(signals, |_, (), agent| agent.stop(Exit::Terminated)).map_err(failed("signals"))?;
    match arguments {
        Arguments::Sockets(paths) => attach_sockets(&mut agent, paths)?,
        Arguments::Virtio | Arguments::Version => attach_virtio(&mut agent)?,
    }
    agent.start_files()?;
    agent.start_folders()?;
    agent.start_opening()?;
    agent.listen_for_program()?;
    if let Err(error) = agent.watch_apps() {
        log::warn!("new applications are not noticed: {error}");
    }
    // Now, though nobody needs it yet: it takes most of a second in an emulated guest, and the first X11 program would
    // wait.
    agent.start_xwayland();

    event_loop.run(None, &mut agent, Agent::end_turn).map_err(failed("event loop"))?;
    agent.end_execs();
    Ok(agent.exit.unwrap_or(Exit::Terminated))
}

fn build(
    event_loop: &EventLoop<'static, Agent>,
    display: &Display<Agent>,
    environment: Environment,
) -> Result<Agent, AgentError> {
    let handle = event_loop.handle();
    let display = display.handle();
    let (wake, woken) = calloop::ping::make_ping().map_err(failed("ping"))?;
    handle.insert_source(woken, |(), (), _| {}).map_err(failed("ping"))?;

    let mut seat_state = SeatState::new();
    let mut seat = seat_state.new_wl_seat(&display, "seat0");
    let keyboard =
        seat.add_keyboard(XkbConfig::default(), REPEAT_DELAY_MS, REPEAT_RATE).map_err(failed("the default keymap"))?;
    let pointer = seat.add_pointer();

    Ok(Agent {
        globals: Globals::new(&display),
        screen: crate::output::Screen::new(&display),
        handle,
        signal: event_loop.get_signal(),
        wake,
        display,
        started: Instant::now(),
        exit: None,
        environment,
        ports: Ports::new(),
        session: Default::default(),
        seat_state,
        seat,
        keyboard,
        pointer,
        input: Default::default(),
        held_input: Default::default(),
        cursor: Default::default(),
        pointer_lock: Default::default(),
        surfaces: Surfaces::new(),
        early_requests: Default::default(),
        frame_pacing: Default::default(),
        deferred: Default::default(),
        flood_watch: Default::default(),
        x11: Default::default(),
        app_changes: Default::default(),
        launches: Default::default(),
        execs: Default::default(),
        streams: Default::default(),
        clipboard: Default::default(),
        files: Default::default(),
        folders: Default::default(),
        opening: Default::default(),
        program: Default::default(),
    })
}

fn insert_display(
    handle: &LoopHandle<'static, Agent>,
    mut display: Display<Agent>,
) -> Result<RegistrationToken, AgentError> {
    use std::os::fd::AsFd;
    let fd = display.as_fd().try_clone_to_owned().map_err(failed("display"))?;
    let source = Generic::new(fd, Interest::READ, Mode::Level);
    handle
        .insert_source(source, move |_, _, agent| {
            agent.begin_dispatch();
            if let Err(error) = display.dispatch_clients(agent) {
                log::warn!("dispatching clients: {error}");
            }
            agent.end_dispatch();
            Ok(PostAction::Continue)
        })
        .map_err(failed("display"))
}

fn insert_socket(handle: &LoopHandle<'static, Agent>, socket: ListeningSocketSource) -> Result<(), AgentError> {
    handle
        .insert_source(socket, |stream, (), agent| {
            let state = ClientState { watched: agent.watch_client(&stream), ..ClientState::default() };
            if let Err(error) = agent.display.insert_client(stream, Arc::new(state)) {
                log::warn!("a client cannot be taken: {error}");
            }
        })
        .map(|_| ())
        .map_err(failed("Wayland socket"))
}

fn failed<E: std::fmt::Display>(what: &'static str) -> impl Fn(E) -> AgentError {
    move |error| AgentError::Start(what, error.to_string())
}
