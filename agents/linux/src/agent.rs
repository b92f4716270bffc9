//! All that the agent knows, and its loop. What it does lies in the files named after it, as further methods.

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
use crate::cursor::Cursor;
use crate::encoding::Scratch;
use crate::environment::Environment;
use crate::exec::Execs;
use crate::input::InputState;
use crate::launch::Launches;
use crate::output::Screen;
use crate::ports::Ports;
use crate::protocols::Globals;
use crate::session::Session;
use crate::streams::Streams;
use crate::surfaces::Surfaces;
use crate::xwayland::X11;

/// How the agent ends; init acts on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// SIGTERM.
    Terminated,
    /// The host asked for the guest to be powered off.
    PowerOff,
}

impl Exit {
    /// Exit status; 10 is init's word for "power the machine off".
    pub fn status(self) -> u8 {
        match self {
            Self::Terminated => 0,
            Self::PowerOff => 10,
        }
    }
}

pub struct Agent {
    pub handle: LoopHandle<'static, Agent>,
    pub signal: LoopSignal,
    /// Makes the loop turn once more.
    pub wake: Ping,
    pub display: DisplayHandle,
    pub started: Instant,
    pub exit: Option<Exit>,
    pub environment: Environment,

    pub ports: Ports,
    pub is_virtio: bool,
    pub watches_lonely: bool,
    /// For each port: a check of its incomplete message is due.
    pub partial: [bool; 3],
    pub session: Session,

    pub globals: Globals,
    pub seat_state: SeatState<Agent>,
    pub seat: Seat<Agent>,
    pub keyboard: KeyboardHandle<Agent>,
    pub pointer: PointerHandle<Agent>,
    pub input: InputState,
    pub cursor: Cursor,
    pub screen: Screen,

    /// Processor time at which the agent began to do what programs had asked.
    pub serves_since: Duration,
    pub surfaces: Surfaces,
    /// Facts of a window that changed too soon after the last are told shortly.
    pub tells_windows: bool,
    /// Places of surfaces, or the cursor, changed too soon after the last and are told shortly.
    pub news_due: bool,
    pub last_served: u32,
    pub scratch: Scratch,
    /// Frame callbacks are due shortly.
    pub paces: bool,

    pub x11: X11,
    pub app_changes: AppChanges,
    pub launches: Launches,
    pub execs: Execs,
    pub streams: Streams,
}

/// A picture of the host's screen: where subsurfaces and popups are, and the cursor, are told at once when the last word
/// about them is older, else the newest when it is. A program that moves something without end says no more than others.
pub const NEWS_PACE: Duration = Duration::from_millis(16);

impl Agent {
    /// Milliseconds on the clock of frame callbacks and of input that the agent makes itself.
    pub fn now_ms(&self) -> u32 {
        self.started.elapsed().as_millis() as u32
    }

    /// Calls `action` once, later. False when it cannot.
    pub fn after(&self, delay: Duration, mut action: impl FnMut(&mut Agent) + 'static) -> bool {
        let source = Timer::from_duration(delay);
        let inserted = self.handle.insert_source(source, move |_, (), agent| {
            action(agent);
            TimeoutAction::Drop
        });
        inserted.is_ok()
    }

    /// What was held back is told at the end of a turn to come.
    pub fn tell_news_soon(&mut self) {
        if !self.news_due {
            self.news_due = self.after(NEWS_PACE, |agent| agent.news_due = false);
        }
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

    pub fn stop(&mut self, exit: Exit) {
        self.exit.get_or_insert(exit);
        self.signal.stop();
    }

    /// The end of each turn of the loop: what has gathered is told and sent.
    pub fn end_turn(&mut self) {
        self.associate_x11();
        self.tell_windows();
        self.tell_children();
        self.tell_popups();
        self.update_keyboard_focus();
        self.tell_cursor();
        self.send_pictures();
        // Before the programs, which would run at once: what they have drawn is on its way first.
        self.flush_ports();
        if let Err(error) = self.display.flush_clients() {
            log::debug!("flushing clients: {error}");
        }
    }
}
