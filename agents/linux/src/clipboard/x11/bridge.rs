//! The bridge's connection and its loop: who owns which selection, by the X server's own account.

use std::collections::{BTreeMap, HashMap};
use std::os::fd::AsFd;
use std::time::Duration;

use calloop::channel::{Channel, Event as Ordered, Sender};
use calloop::generic::Generic;
use calloop::{EventLoop, Interest, LoopHandle, Mode, PostAction, RegistrationToken};
use x11rb::connection::Connection;
use x11rb::errors::{ConnectionError, ReplyError};
use x11rb::protocol::xfixes::{ConnectionExt as _, SelectionEvent, SelectionEventMask, SelectionNotifyEvent};
use x11rb::protocol::xproto::{
    Atom, ConnectionExt as _, CreateWindowAux, Property, SelectionNotifyEvent as ConvertedEvent, WindowClass,
};
use x11rb::protocol::{ErrorKind, Event};
use x11rb::rust_connection::RustConnection;
use x11rb::{CURRENT_TIME, NONE, atom_manager};

use super::multiple::Group;
use super::owner::Transfer;
use super::reader::Conversion;
use super::{Order, Report};
use crate::clipboard::{BOTH, Which};
use crate::streams::StreamFd;
use crate::x11_connection;

pub use crate::x11_connection::Failed;

/// Deadlines are looked at this often, while anything has one.
const WATCH_INTERVAL: Duration = Duration::from_millis(250);
/// Names of types that are remembered; programs can make up any number.
const MAX_NAMES: usize = 4096;

atom_manager! {
    pub Atoms: AtomsCookie {
        CLIPBOARD,
        TARGETS,
        MULTIPLE,
        ATOM_PAIR,
        TIMESTAMP,
        INCR,
        TEXT,
        UTF8_STRING,
        ATOLL_CLIP,
    }
}

/// What the bridge offers to X11 programs.
#[derive(Debug)]
pub struct Own {
    pub generation: u32,
    pub targets: Vec<(Atom, String)>,
    pub patience: Duration,
}

/// One selection.
#[derive(Debug)]
pub struct Selection {
    pub atom: Atom,
    pub own: Option<Own>,
    /// When the bridge got it, by the X server's clock.
    pub since: u32,
    /// How often the bridge has asked for it without having got it yet.
    due: u32,
    /// The generation of the last order.
    pub applied: u32,
    /// Number of the newest copy of an X11 program.
    pub copy: u32,
}

pub struct Bridge {
    pub connection: RustConnection,
    pub root: u32,
    /// Owns the selections.
    pub window: u32,
    pub atoms: Atoms,
    pub selections: [Selection; 2],
    pub reports: Sender<Report>,
    /// What X11 programs paste, by number.
    pub transfers: BTreeMap<u32, Transfer>,
    pub last_transfer: u32,
    /// What they ask for as several types at once, by number.
    pub groups: BTreeMap<u32, Group>,
    pub last_group: u32,
    /// What is read from X11 programs, by the window that was made for it.
    pub conversions: BTreeMap<u32, Conversion>,
    handle: LoopHandle<'static, Bridge>,
    orders: Vec<Order>,
    atoms_by_name: HashMap<String, Atom>,
    names_by_atom: HashMap<Atom, String>,
    is_over: bool,
}

/// Runs until the agent or the X server ends.
///
/// # Errors
/// The X server is gone, or cannot be used.
pub fn run(display: u32, orders: Channel<Order>, reports: Sender<Report>) -> Result<(), Failed> {
    let mut event_loop: EventLoop<'static, Bridge> = EventLoop::try_new()?;
    let handle = event_loop.handle();
    let mut bridge = Bridge::connect(display, reports, handle.clone())?;
    handle
        .insert_source(orders, |event, (), bridge| match event {
            Ordered::Msg(order) => bridge.orders.push(order),
            Ordered::Closed => bridge.is_over = true,
        })
        .map_err(|error| error.error)?;
    let fd = bridge.connection.stream().as_fd().try_clone_to_owned()?;
    // Only wakes the loop: what has come is taken below, also what came with an answer.
    let server = Generic::new(fd, Interest::READ, Mode::Level);
    handle.insert_source(server, |_, _, _| Ok(PostAction::Continue)).map_err(|error| error.error)?;
    bridge.find_owners()?;
    while !bridge.is_over {
        bridge.turn()?;
        let is_busy = !(bridge.transfers.is_empty() && bridge.conversions.is_empty());
        event_loop.dispatch(is_busy.then_some(WATCH_INTERVAL), &mut bridge)?;
    }
    Ok(())
}

/// An error of the request itself is no error of the connection: another client's window may go at any time.
pub fn found<T>(reply: Result<T, ReplyError>) -> Result<Option<T>, ConnectionError> {
    match reply {
        Ok(reply) => Ok(Some(reply)),
        Err(ReplyError::X11Error(_)) => Ok(None),
        Err(ReplyError::ConnectionError(error)) => Err(error),
    }
}

impl Bridge {
    fn connect(display: u32, reports: Sender<Report>, handle: LoopHandle<'static, Bridge>) -> Result<Self, Failed> {
        let (connection, screen) = x11_connection::connect(display)?;
        let root = connection.setup().roots[screen].root;
        let atoms = Atoms::new(&connection)?.reply()?;
        let window = connection.generate_id()?;
        let class = WindowClass::INPUT_ONLY;
        connection.create_window(0, window, root, 0, 0, 1, 1, 0, class, 0, &CreateWindowAux::new())?;
        connection.xfixes_query_version(1, 0)?.reply()?;
        let selections = [atoms.CLIPBOARD, u32::from(x11rb::protocol::xproto::AtomEnum::PRIMARY)];
        for atom in selections {
            let mask = SelectionEventMask::SET_SELECTION_OWNER
                | SelectionEventMask::SELECTION_WINDOW_DESTROY
                | SelectionEventMask::SELECTION_CLIENT_CLOSE;
            connection.xfixes_select_selection_input(window, atom, mask)?;
        }
        let selections = selections.map(|atom| Selection { atom, own: None, since: 0, due: 0, applied: 0, copy: 0 });
        Ok(Self {
            connection,
            root,
            window,
            atoms,
            selections,
            reports,
            transfers: BTreeMap::new(),
            last_transfer: 0,
            groups: BTreeMap::new(),
            last_group: 0,
            conversions: BTreeMap::new(),
            handle,
            orders: Vec::new(),
            atoms_by_name: HashMap::new(),
            names_by_atom: HashMap::new(),
            is_over: false,
        })
    }

    /// X11 programs may have copied before the bridge came.
    fn find_owners(&mut self) -> Result<(), Failed> {
        for which in BOTH {
            let owner = self.connection.get_selection_owner(self.selections[which as usize].atom)?.reply()?.owner;
            if owner != NONE {
                self.x11_copied(which)?;
            }
        }
        Ok(())
    }

    /// Handles all that there is.
    fn turn(&mut self) -> Result<(), Failed> {
        self.carry_out_orders()?;
        loop {
            while let Some(event) = self.connection.poll_for_event()? {
                self.handle_event(event)?;
            }
            self.pump_transfers()?;
            self.pump_conversions()?;
            self.connection.flush()?;
            // Waiting for answers, and flushing, may have read more.
            match self.connection.poll_for_event()? {
                Some(event) => self.handle_event(event)?,
                None => break,
            }
        }
        self.end_overdue_transfers()?;
        self.end_overdue_conversions()?;
        Ok(self.connection.flush()?)
    }

    pub fn report(&mut self, report: Report) {
        // The agent that does not listen any more has ended.
        self.is_over |= self.reports.send(report).is_err();
    }

    pub fn selection(&self, which: Which) -> &Selection {
        &self.selections[which as usize]
    }

    pub fn which(&self, atom: Atom) -> Option<Which> {
        BOTH.into_iter().find(|which| self.selection(*which).atom == atom)
    }

    /// Makes the loop turn when `fd` is ready again.
    pub fn watch(&self, fd: &StreamFd, interest: Interest) -> Option<RegistrationToken> {
        let source = Generic::new(fd.clone(), interest, Mode::Edge);
        self.handle.insert_source(source, |_, _, _| Ok(PostAction::Continue)).ok()
    }

    pub fn unwatch(&self, token: Option<RegistrationToken>) {
        if let Some(token) = token {
            self.handle.remove(token);
        }
    }

    /// Of the orders to own or give up a selection, the last one of each counts.
    fn carry_out_orders(&mut self) -> Result<(), Failed> {
        let orders = std::mem::take(&mut self.orders);
        let of = |order: &Order| match order {
            Order::Own { which, .. } | Order::Disown { which, .. } => Some(*which),
            Order::Read { .. } => None,
        };
        let last = BOTH.map(|which| orders.iter().rposition(|order| of(order) == Some(which)));
        for (at, order) in orders.into_iter().enumerate() {
            if of(&order).is_some_and(|which| last[which as usize] != Some(at)) {
                continue;
            }
            match order {
                Order::Own { which, generation, names, patience } => self.own(which, generation, names, patience)?,
                Order::Disown { which, generation } => self.disown(which, generation)?,
                Order::Read { which, copy, name, fd, read } => self.read(which, copy, &name, fd, read)?,
            }
        }
        Ok(())
    }

    fn own(&mut self, which: Which, generation: u32, names: Vec<String>, patience: Duration) -> Result<(), Failed> {
        let targets = self.atoms_of(names)?;
        let selection = &mut self.selections[which as usize];
        selection.own = Some(Own { generation, targets, patience });
        selection.applied = generation;
        selection.due += 1;
        self.connection.set_selection_owner(self.window, selection.atom, CURRENT_TIME)?;
        Ok(())
    }

    fn disown(&mut self, which: Which, generation: u32) -> Result<(), Failed> {
        let selection = &mut self.selections[which as usize];
        selection.applied = generation;
        if selection.own.take().is_some() {
            // By the time at which the bridge got it: what a program has copied since stays.
            let time = if selection.due == 0 { selection.since } else { CURRENT_TIME };
            self.connection.set_selection_owner(NONE, selection.atom, time)?;
        }
        self.report(Report::Owned { which, generation });
        Ok(())
    }

    fn handle_event(&mut self, event: Event) -> Result<(), Failed> {
        match event {
            Event::XfixesSelectionNotify(change) => self.owner_changed(&change)?,
            Event::SelectionRequest(request) => self.requested(&request)?,
            Event::SelectionNotify(ConvertedEvent { requestor, property, .. }) => {
                self.converted(requestor, property)?;
            }
            Event::PropertyNotify(change) if change.state == Property::DELETE => {
                self.part_taken(change.window, change.atom);
            }
            Event::PropertyNotify(change) if change.atom == self.atoms.ATOLL_CLIP => self.part_came(change.window)?,
            Event::DestroyNotify(gone) => self.requestor_gone(gone.window),
            Event::Error(error) if error.error_kind == ErrorKind::Window => self.requestor_gone(error.bad_value),
            _ => {}
        }
        Ok(())
    }

    fn owner_changed(&mut self, change: &SelectionNotifyEvent) -> Result<(), Failed> {
        let Some(which) = self.which(change.selection) else { return Ok(()) };
        let selection = &mut self.selections[which as usize];
        if change.owner == self.window {
            selection.due = selection.due.saturating_sub(1);
            selection.since = change.selection_timestamp;
            if selection.due == 0 {
                let generation = selection.applied;
                self.report(Report::Owned { which, generation });
            }
            return Ok(());
        }
        // The bridge has asked for it since.
        if selection.due > 0 {
            return Ok(());
        }
        if change.owner != NONE {
            return self.x11_copied(which);
        }
        selection.own = None;
        let (after, copy) = (selection.applied, selection.copy);
        if change.subtype != SelectionEvent::SET_SELECTION_OWNER {
            self.owner_ended(which, copy)?;
        }
        self.report(Report::Gone { which, after });
        Ok(())
    }

    fn x11_copied(&mut self, which: Which) -> Result<(), Failed> {
        let selection = &mut self.selections[which as usize];
        selection.own = None;
        selection.copy += 1;
        self.ask_types(which)
    }

    /// The types of a clip as X11 names them.
    fn atoms_of(&mut self, names: Vec<String>) -> Result<Vec<(Atom, String)>, Failed> {
        if self.atoms_by_name.len() > MAX_NAMES {
            self.atoms_by_name.clear();
        }
        let mut asked = Vec::new();
        for name in &names {
            if !self.atoms_by_name.contains_key(name) {
                asked.push((name.clone(), self.connection.intern_atom(false, name.as_bytes())?));
            }
        }
        for (name, cookie) in asked {
            if let Some(reply) = found(cookie.reply())? {
                self.atoms_by_name.insert(name, reply.atom);
            }
        }
        Ok(names.into_iter().filter_map(|name| Some((*self.atoms_by_name.get(&name)?, name))).collect())
    }

    pub fn atom(&mut self, name: &str) -> Result<Option<Atom>, Failed> {
        Ok(self.atoms_of(vec![name.to_owned()])?.first().map(|(atom, _)| *atom))
    }

    pub fn names_of(&mut self, atoms: &[Atom]) -> Result<Vec<String>, Failed> {
        if self.names_by_atom.len() > MAX_NAMES {
            self.names_by_atom.clear();
        }
        let mut asked = Vec::new();
        for atom in atoms {
            if !self.names_by_atom.contains_key(atom) {
                asked.push((*atom, self.connection.get_atom_name(*atom)?));
            }
        }
        for (atom, cookie) in asked {
            if let Some(reply) = found(cookie.reply())? {
                self.names_by_atom.insert(atom, String::from_utf8_lossy(&reply.name).into_owned());
            }
        }
        Ok(atoms.iter().filter_map(|atom| self.names_by_atom.get(atom).cloned()).collect())
    }
}
