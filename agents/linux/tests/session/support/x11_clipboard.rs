//! X11 programs that copy and paste.

use std::collections::HashMap;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    Atom, AtomEnum, ChangeWindowAttributesAux, ClientMessageEvent, ConnectionExt as _, EventMask, PropMode, Property,
    SELECTION_NOTIFY_EVENT, SelectionNotifyEvent, SelectionRequestEvent,
};
use x11rb::wrapper::ConnectionExt as _;
use x11rb::{CURRENT_TIME, NONE};

use super::clipboard::Answer;
use super::x11::X11Client;

/// Above this a program gives its content in parts.
const PART: usize = 64 * 1024;

/// A program that has copied and answers in a thread.
pub struct X11Copying {
    window: u32,
    display: String,
    asks: Receiver<String>,
}

impl X11Copying {
    /// `selection`: CLIPBOARD or PRIMARY.
    pub fn start(display: &str, selection: &str, content: Vec<(&'static str, Answer)>) -> Self {
        let x11 = X11Client::connect(display);
        let window = x11.window((0, 0), (10, 10), false);
        let selection = x11.atom(selection);
        x11.connection.set_selection_owner(window, selection, CURRENT_TIME).expect("a request");
        x11.connection.sync().expect("the X server lives");
        let (asked, asks) = channel();
        thread::spawn(move || Owner { x11, content, asked, open: HashMap::new() }.serve());
        Self { window, display: display.to_owned(), asks }
    }

    /// Waits until it is asked for a type; not for the list of them.
    pub fn wait_asked(&self) -> String {
        self.asks.recv_timeout(super::PATIENCE).expect("it is asked")
    }

    /// The program ends.
    pub fn quit(&self) {
        let x11 = X11Client::connect(&self.display);
        let message = ClientMessageEvent::new(32, self.window, 1u32, [0; 5]);
        x11.connection.send_event(false, self.window, EventMask::NO_EVENT, message).expect("a request");
        x11.connection.sync().expect("the X server lives");
    }
}

/// What is given in parts.
struct Rest {
    kind: Atom,
    bytes: Vec<u8>,
    piece: usize,
    then: Then,
}

#[derive(Clone, Copy, PartialEq)]
enum Then {
    End,
    Nothing,
    Die,
}

struct Owner {
    x11: X11Client,
    content: Vec<(&'static str, Answer)>,
    asked: Sender<String>,
    open: HashMap<(u32, Atom), Rest>,
}

impl Owner {
    fn serve(mut self) {
        while let Ok(event) = self.x11.connection.wait_for_event() {
            let goes_on = match event {
                Event::SelectionRequest(request) => self.request(&request),
                Event::PropertyNotify(change) if change.state == Property::DELETE => {
                    self.next_part((change.window, change.atom))
                }
                Event::ClientMessage(_) => false,
                _ => true,
            };
            if !goes_on || self.x11.connection.flush().is_err() {
                return;
            }
        }
    }

    fn request(&mut self, request: &SelectionRequestEvent) -> bool {
        let connection = &self.x11.connection;
        let name = connection.get_atom_name(request.target).expect("a request").reply().expect("a name").name;
        let name = String::from_utf8(name).expect("a text");
        if name == "TARGETS" {
            let mut targets = vec![request.target, self.x11.atom("TIMESTAMP"), self.x11.atom("SAVE_TARGETS")];
            targets.extend(self.content.iter().map(|(name, _)| self.x11.atom(name)));
            let (requestor, property) = (request.requestor, request.property);
            let _ = connection.change_property32(PropMode::REPLACE, requestor, property, AtomEnum::ATOM, &targets);
            self.notify(request, property);
            return true;
        }
        let answer = self.content.iter().find(|(own, _)| *own == name).map(|(_, answer)| answer.clone());
        let _ = self.asked.send(name);
        let (bytes, piece, then) = match answer {
            Some(Answer::Bytes(bytes)) => (bytes.to_vec(), PART, Then::End),
            Some(Answer::Slowly(bytes, piece)) => (bytes.to_vec(), piece, Then::End),
            Some(Answer::Stall(bytes)) if bytes.is_empty() => return true,
            Some(Answer::Stall(bytes)) => (bytes, PART, Then::Nothing),
            Some(Answer::Die(bytes)) => (bytes, PART, Then::Die),
            None => {
                self.notify(request, NONE);
                return true;
            }
        };
        let (requestor, property, kind) = (request.requestor, request.property, request.target);
        let connection = &self.x11.connection;
        if then == Then::End && bytes.len() <= piece {
            let _ = connection.change_property8(PropMode::REPLACE, requestor, property, kind, &bytes);
        } else {
            let events = ChangeWindowAttributesAux::new().event_mask(EventMask::PROPERTY_CHANGE);
            let _ = connection.change_window_attributes(requestor, &events);
            let (incr, least) = (self.x11.atom("INCR"), [bytes.len() as u32]);
            let _ = connection.change_property32(PropMode::REPLACE, requestor, property, incr, &least);
            self.open.insert((requestor, property), Rest { kind, bytes, piece, then });
        }
        self.notify(request, property);
        true
    }

    fn next_part(&mut self, key: (u32, Atom)) -> bool {
        let Some(rest) = self.open.get_mut(&key) else { return true };
        let part: Vec<u8> = rest.bytes.drain(..rest.bytes.len().min(rest.piece)).collect();
        if part.is_empty() && rest.then != Then::End {
            return rest.then == Then::Nothing;
        }
        let _ = self.x11.connection.change_property8(PropMode::REPLACE, key.0, key.1, rest.kind, &part);
        if part.is_empty() {
            self.open.remove(&key);
        }
        true
    }

    fn notify(&self, request: &SelectionRequestEvent, property: Atom) {
        let SelectionRequestEvent { time, requestor, selection, target, .. } = *request;
        let response_type = SELECTION_NOTIFY_EVENT;
        let event = SelectionNotifyEvent { response_type, sequence: 0, time, requestor, selection, target, property };
        let _ = self.x11.connection.send_event(false, requestor, EventMask::NO_EVENT, event);
    }
}

/// A program that pastes.
pub struct X11Pasting {
    pub x11: X11Client,
    window: u32,
    property: Atom,
}

impl X11Pasting {
    pub fn new(display: &str) -> Self {
        let x11 = X11Client::connect(display);
        let window = x11.window((0, 0), (10, 10), false);
        let property = x11.atom("ATOLL_TEST");
        Self { x11, window, property }
    }

    pub fn ask(&self, selection: &str, target: &str) {
        let (selection, target) = (self.x11.atom(selection), self.x11.atom(target));
        let connection = &self.x11.connection;
        connection.convert_selection(self.window, selection, target, self.property, CURRENT_TIME).expect("a request");
        connection.flush().expect("the X server reads");
    }

    /// The answer begins. False = refused.
    pub fn is_answered(&mut self) -> bool {
        self.x11.wait("SelectionNotify", |event| match event {
            Event::SelectionNotify(notify) => Some(notify.property != NONE),
            _ => None,
        })
    }

    /// The type and the bytes of the property, which is deleted.
    fn take(&self) -> (Atom, Vec<u8>) {
        let cookie = self.x11.connection.get_property(true, self.window, self.property, AtomEnum::ANY, 0, u32::MAX / 4);
        let reply = cookie.expect("a request").reply().expect("a property");
        (reply.type_, reply.value)
    }

    /// Takes the first part of what comes in parts, and no other.
    pub fn take_first_part(&mut self) {
        let (kind, _) = self.take();
        assert_eq!(kind, self.x11.atom("INCR"));
    }

    /// What is given; None = refused.
    pub fn paste(&mut self, selection: &str, target: &str) -> Option<Vec<u8>> {
        self.ask(selection, target);
        self.answer()
    }

    pub fn answer(&mut self) -> Option<Vec<u8>> {
        if !self.is_answered() {
            return None;
        }
        let incr = self.x11.atom("INCR");
        // The notice of the property that says so is no notice of a part.
        self.x11.forget();
        let (kind, bytes) = self.take();
        if kind != incr {
            return Some(bytes);
        }
        let mut all = Vec::new();
        loop {
            let property = self.property;
            self.x11.wait("a new value of the property", |event| match event {
                Event::PropertyNotify(change) if change.atom == property && change.state == Property::NEW_VALUE => {
                    Some(())
                }
                _ => None,
            });
            let (_, part) = self.take();
            if part.is_empty() {
                return Some(all);
            }
            all.extend(part);
        }
    }

    /// Several types at once; None = that one is refused. Of what comes in parts, the word that says so.
    pub fn paste_all(&mut self, selection: &str, targets: &[&str]) -> Vec<Option<Vec<u8>>> {
        let connection = &self.x11.connection;
        let pairs = |at: usize| [self.x11.atom(targets[at]), self.x11.atom(&format!("ATOLL_TEST_{at}"))];
        let asked: Vec<Atom> = (0..targets.len()).flat_map(pairs).collect();
        let (all, kind) = (self.x11.atom("ATOLL_PAIRS"), self.x11.atom("ATOM_PAIR"));
        connection.change_property32(PropMode::REPLACE, self.window, all, kind, &asked).expect("a request");
        let (selection, multiple) = (self.x11.atom(selection), self.x11.atom("MULTIPLE"));
        connection.convert_selection(self.window, selection, multiple, all, CURRENT_TIME).expect("a request");
        connection.flush().expect("the X server reads");
        if !self.is_answered() {
            return vec![None; targets.len()];
        }
        let read = |property: Atom| {
            let cookie = self.x11.connection.get_property(true, self.window, property, AtomEnum::ANY, 0, u32::MAX / 4);
            cookie.expect("a request").reply().expect("a property")
        };
        let answered: Vec<Atom> = read(all).value32().expect("pairs").collect();
        let incr = self.x11.atom("INCR");
        let given = answered.chunks_exact(2).map(|pair| match pair[1] {
            NONE => None,
            property => Some(read(property)).map(|it| if it.type_ == incr { b"INCR".to_vec() } else { it.value }),
        });
        given.collect()
    }

    pub fn types(&mut self, selection: &str) -> Vec<String> {
        let bytes = self.paste(selection, "TARGETS").expect("a list of types");
        let atoms = bytes.chunks_exact(4).map(|word| u32::from_ne_bytes(word.try_into().expect("a word")));
        atoms
            .map(|atom| {
                let name = self.x11.connection.get_atom_name(atom).expect("a request").reply().expect("a name").name;
                String::from_utf8(name).expect("a text")
            })
            .collect()
    }
}
