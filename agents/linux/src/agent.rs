//! The state of the agent, and its event loop. What it does lies in the files named after it, as further methods of
//! Agent.

use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use calloop::ping::Ping;
use calloop::timer::{TimeoutAction, Timer};
use calloop::{LoopHandle, LoopSignal, RegistrationToken};
use smithay::input::keyboard::KeyboardHandle;
use smithay::input::pointer::PointerHandle;
use smithay::input::{Seat, SeatState};
use smithay::reexports::wayland_server::DisplayHandle;

use crate::app_changes::AppChanges;
use crate::clipboard::Clipboard;
use crate::cursor::Cursor;
use crate::deferred::Deferred;
use crate::early_requests::EarlyRequests;
use crate::environment::Environment;
use crate::exec::Execs;
use crate::exit_status;
use crate::files::Files;
use crate::floods::FloodWatch;
use crate::folders::ShownFolders;
use crate::frames::FramePacing;
use crate::held_input::HeldInput;
use crate::input::InputState;
use crate::launch::Launches;
use crate::opening::Opening;
use crate::output::Screen;
use crate::pointer_lock::PointerLock;
use crate::ports::Ports;
use crate::program::Program;
use crate::protocols::Globals;
use crate::session::Session;
use crate::streams::Streams;
use crate::surfaces::Surfaces;
use crate::xwayland::X11;

/// How the agent ends; becomes its exit status, which init acts on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// SIGTERM.
    Terminated,
    /// The host asked for the guest to be powered off.
    PowerOff,
}

impl Exit {
    pub fn status(self) -> u8 {
        match self {
            Self::Terminated => 0,
            Self::PowerOff => exit_status::POWER_OFF,
        }
    }
}

pub struct Agent {
    pub handle: LoopHandle<'static, Agent>,
    pub signal: LoopSignal,
    /// Makes the event loop turn once more.
    pub wake: Ping,
    pub display: DisplayHandle,
    pub started: Instant,
    pub exit: Option<Exit>,
    pub environment: Environment,

    pub ports: Ports,
    pub session: Session,

    pub globals: Globals,
    pub seat_state: SeatState<Agent>,
    pub seat: Seat<Agent>,
    pub keyboard: KeyboardHandle<Agent>,
    pub pointer: PointerHandle<Agent>,
    pub input: InputState,
    pub held_input: HeldInput,
    pub cursor: Cursor,
    pub pointer_lock: PointerLock,
    pub screen: Screen,

    pub surfaces: Surfaces,
    pub early_requests: EarlyRequests,
    pub frame_pacing: FramePacing,
    pub deferred: Deferred,
    pub flood_watch: FloodWatch,

    pub x11: X11,
    pub app_changes: AppChanges,
    pub launches: Launches,
    pub execs: Execs,
    pub streams: Streams,
    pub clipboard: Clipboard,
    pub files: Files,
    pub folders: ShownFolders,
    pub opening: Opening,
    pub program: Program,
}

impl Agent {
    /// Milliseconds since the start: the clock of frame callbacks, and of input events that the agent itself makes.
    pub fn now_ms(&self) -> u32 {
        self.started.elapsed().as_millis() as u32
    }

    /// Calls `action` once, after `delay`. False = the timer could not be made, and it will not be called.
    pub fn after(&self, delay: Duration, mut action: impl FnMut(&mut Agent) + 'static) -> bool {
        let source = Timer::from_duration(delay);
        let inserted = self.handle.insert_source(source, move |_, (), agent| {
            action(agent);
            TimeoutAction::Drop
        });
        inserted.is_ok()
    }

    /// Calls `action` whenever `fd` can be read, until it returns false.
    pub fn on_readable(
        &self,
        fd: OwnedFd,
        mut action: impl FnMut(&mut Agent, &OwnedFd) -> bool + 'static,
    ) -> Option<RegistrationToken> {
        use calloop::generic::Generic;
        use calloop::{Interest, Mode, PostAction};
        let source = Generic::new(fd, Interest::READ, Mode::Level);
        let inserted = self.handle.insert_source(source, move |_, fd, agent| {
            Ok(if action(agent, fd.as_ref()) { PostAction::Continue } else { PostAction::Remove })
        });
        inserted.map_err(|error| log::error!("{error}")).ok()
    }

    /// When the other end of a connection is closed. What was written to it before is not read.
    pub fn on_hang_up(&self, fd: OwnedFd, action: impl FnOnce(&mut Agent) + 'static) -> Option<RegistrationToken> {
        use calloop::generic::Generic;
        use calloop::{Interest, Mode, PostAction};
        // With no interest set epoll still reports that the connection is over.
        let source = Generic::new(fd, Interest::EMPTY, Mode::Level);
        let mut action = Some(action);
        let inserted = self.handle.insert_source(source, move |_, _, agent| {
            if let Some(action) = action.take() {
                action(agent);
            }
            Ok(PostAction::Remove)
        });
        inserted.map_err(|error| log::error!("{error}")).ok()
    }

    pub fn stop(&mut self, exit: Exit) {
        self.exit.get_or_insert(exit);
        self.signal.stop();
    }

    /// The end of each turn of the event loop: sends to host and clients what the turn has changed.
    pub fn end_turn(&mut self) {
        self.notice_x11_start();
        self.read_x11_focus();
        self.release_held_input();
        self.receive_x11_requests();
        self.associate_x11();
        self.update_x11_shapes();
        self.watch_x11_ghosts();
        if self.is_backed_up() {
            self.send_updates_later();
        } else {
            self.send_window_properties();
            self.send_attention();
            self.send_stacking();
            self.send_popup_positions();
        }
        self.update_keyboard_focus();
        self.send_cursor();
        self.settle_clipboard();
        self.send_pointer_lock();
        self.send_frames();
        // The ports first: clients would run as soon as their events are there, and delay what they have drawn already.
        self.flush_ports();
        if let Err(error) = self.display.flush_clients() {
            log::debug!("flushing clients: {error}");
        }
    }
}
