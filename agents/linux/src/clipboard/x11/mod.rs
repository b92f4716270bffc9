//! The side of X11 programs: a small X11 client of the agent's own, the *bridge*, in a thread of its own. It owns the
//! selections for the clips of Wayland programs, the host and the agent, and reads those of X11 programs. The thread
//! may wait for the X server, which any program can hold; the agent never does.
//!
//! smithay's window manager bridges selections, too; it is not used for it: it puts four bytes in front of what X11
//! programs give in parts, and waits for ever for a program that does not answer.

mod bridge;
mod latin1;
mod multiple;
mod owner;
mod reader;

use std::os::fd::OwnedFd;
use std::thread;
use std::time::{Duration, Instant};

use calloop::channel::{Channel, Event, Sender, channel};

use super::{BOTH, Owner, Which};
use crate::agent::Agent;
use crate::x11_focus_barrier::ANSWER_TIMEOUT;

/// What the agent wants of the bridge.
#[derive(Debug)]
pub enum Order {
    /// Take the selection for a clip; programs are told these types. A program that asks for one waits so long for the
    /// first byte.
    Own { which: Which, generation: u32, names: Vec<String>, patience: Duration },
    /// There is nothing to paste any more.
    Disown { which: Which, generation: u32 },
    /// Have the content of an X11 program's copy written into `fd`.
    Read { which: Which, copy: u32, name: String, fd: OwnedFd, read: Option<u32> },
}

/// What the bridge says. `after` is the generation of the last order of that selection that it has carried out: what it
/// had not heard of yet is newer than what it says.
#[derive(Debug)]
pub enum Report {
    /// The X server has given the bridge the selection.
    Owned { which: Which, generation: u32 },
    /// An X11 program has copied.
    Copied { which: Which, after: u32, copy: u32, names: Vec<String> },
    /// What it has copied is gone.
    Gone { which: Which, after: u32 },
    /// An X11 program asks for the content of the clip of that generation.
    Wanted { which: Which, generation: u32, name: String, fd: OwnedFd },
    /// The read for that stream of the host is over.
    ReadEnded { read: u32, is_whole: bool },
}

/// The agent's end of the bridge.
#[derive(Debug)]
pub struct X11Clipboard {
    orders: Sender<Order>,
    /// The generations last ordered, and last owned or given up.
    ordered: [u32; 2],
    owned: [u32; 2],
    /// Until when keys wait for the selections that were ordered.
    until: Option<Instant>,
    is_late: bool,
}

impl X11Clipboard {
    /// Whether keys of an X11 program have to wait: one may make it paste, and the server does not yet know what.
    pub fn is_waiting(&mut self) -> bool {
        if self.until.is_some_and(|until| until <= Instant::now()) {
            self.give_up();
        }
        self.until.is_some()
    }

    /// Waits no longer.
    pub fn give_up(&mut self) {
        self.until = None;
        self.is_late = true;
    }

    fn order(&mut self, order: Order) {
        let (which, generation) = match &order {
            Order::Own { which, generation, .. } => (*which, *generation),
            Order::Disown { which, generation } => (*which, *generation),
            Order::Read { .. } => return self.send(order),
        };
        self.ordered[which as usize] = generation;
        if matches!(order, Order::Own { .. }) && !self.is_late {
            self.until = Some(Instant::now() + ANSWER_TIMEOUT);
        }
        self.send(order);
    }

    /// Descriptors of an order that is not sent are closed: nothing is pasted.
    fn send(&self, order: Order) {
        if self.orders.send(order).is_err() {
            log::debug!("the X server is gone");
        }
    }

    fn carried_out(&mut self, which: Which, generation: u32) {
        self.owned[which as usize] = generation;
        if BOTH.iter().all(|which| self.owned[*which as usize] >= self.ordered[*which as usize]) {
            self.until = None;
            self.is_late = false;
        }
    }
}

impl Agent {
    /// Begins to bridge: to be called when the window manager has begun.
    pub fn bridge_x11_clipboard(&mut self, display: u32) {
        let (orders, ordered) = channel();
        let (reports, reported) = channel();
        if let Err(error) = self.watch_bridge(reported) {
            log::error!("X11 programs have no clipboard: {error}");
            return;
        }
        let run = move || {
            if let Err(error) = bridge::run(display, ordered, reports) {
                log::debug!("the clipboard of X11: {error}");
            }
        };
        if let Err(error) = thread::Builder::new().name("x11-clipboard".to_owned()).spawn(run) {
            log::error!("X11 programs have no clipboard: {error}");
            return;
        }
        let (ordered, owned) = Default::default();
        self.x11.clipboard = Some(X11Clipboard { orders, ordered, owned, until: None, is_late: false });
        for which in BOTH {
            self.offer_to_x11(which);
        }
    }

    fn watch_bridge(&mut self, reported: Channel<Report>) -> Result<(), calloop::error::Error> {
        self.handle
            .insert_source(reported, |event, (), agent| match event {
                Event::Msg(report) => agent.bridge_reports(report),
                Event::Closed => agent.x11_clips_gone(),
            })
            .map(|_| ())
            .map_err(|error| error.error)
    }

    /// Has the bridge own what stands and is no X11 program's.
    pub fn offer_to_x11(&mut self, which: Which) {
        let Some(clipboard) = &mut self.x11.clipboard else { return };
        let Some(clip) = self.clipboard.clips.get(which) else { return };
        if !matches!(clip.owner, Owner::X11 { .. }) {
            let (generation, names, patience) = (clip.generation, clip.names(), clip.patience());
            clipboard.order(Order::Own { which, generation, names, patience });
        }
    }

    /// X11 programs can paste nothing any more.
    pub fn disown_x11(&mut self, which: Which, generation: u32) {
        if let Some(clipboard) = &mut self.x11.clipboard {
            clipboard.order(Order::Disown { which, generation });
        }
    }

    /// Has the content of an X11 program's clip written into `fd`.
    pub fn read_x11(&mut self, which: Which, copy: u32, name: String, fd: OwnedFd, read: Option<u32>) {
        match &mut self.x11.clipboard {
            Some(clipboard) => clipboard.order(Order::Read { which, copy, name, fd, read }),
            None => self.x11_clip_read_ended(read.unwrap_or(0), false),
        }
    }

    fn bridge_reports(&mut self, report: Report) {
        let is_current = |agent: &Self, which: Which, after: u32| {
            agent.x11.clipboard.as_ref().is_some_and(|clipboard| clipboard.ordered[which as usize] == after)
        };
        match report {
            Report::Owned { which, generation } => {
                if let Some(clipboard) = &mut self.x11.clipboard {
                    clipboard.carried_out(which, generation);
                }
            }
            Report::Copied { which, after, copy, names } => {
                if is_current(self, which, after) {
                    self.replace_clip(which, Some((names, Owner::X11 { copy })));
                }
            }
            Report::Gone { which, after } => {
                if is_current(self, which, after) {
                    self.x11_clip_gone(which);
                }
            }
            Report::Wanted { which, generation, name, fd } => self.give_clip(which, generation, &name, fd, None),
            Report::ReadEnded { read, is_whole } => self.x11_clip_read_ended(read, is_whole),
        }
    }

    fn x11_clip_gone(&mut self, which: Which) {
        if matches!(self.clipboard.clips.get(which).map(|clip| &clip.owner), Some(Owner::X11 { .. })) {
            self.replace_clip(which, None);
        }
    }

    /// The X server has ended, and with it what X11 programs had copied.
    fn x11_clips_gone(&mut self) {
        self.x11.clipboard = None;
        BOTH.into_iter().for_each(|which| self.x11_clip_gone(which));
    }
}
