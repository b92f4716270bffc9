//! A small real X11 client.

use std::time::Instant;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use x11rb::COPY_DEPTH_FROM_PARENT;
use x11rb::connection::Connection;
use x11rb::protocol::Event;
use x11rb::protocol::xproto::{
    Atom, AtomEnum, ConnectionExt as _, CreateGCAux, CreateWindowAux, EventMask, PropMode, Rectangle, WindowClass,
};
use x11rb::rust_connection::RustConnection;
use x11rb::wrapper::ConnectionExt as _;

use super::PATIENCE;

pub struct X11Client {
    pub connection: RustConnection,
    pub root: u32,
    seen: Vec<Event>,
}

impl X11Client {
    pub fn connect(display: &str) -> Self {
        let (connection, screen) = RustConnection::connect(Some(display)).expect("the X server");
        let root = connection.setup().roots[screen].root;
        Self { connection, root, seen: Vec::new() }
    }

    pub fn atom(&self, name: &str) -> Atom {
        let cookie = self.connection.intern_atom(false, name.as_bytes()).expect("a request");
        cookie.reply().expect("an atom").atom
    }

    /// Not mapped yet.
    pub fn window(&self, (x, y): (i16, i16), (width, height): (u16, u16), override_redirect: bool) -> u32 {
        let window = self.connection.generate_id().expect("an id");
        let events = EventMask::EXPOSURE
            | EventMask::STRUCTURE_NOTIFY
            | EventMask::KEY_PRESS
            | EventMask::KEY_RELEASE
            | EventMask::BUTTON_PRESS
            | EventMask::BUTTON_RELEASE
            | EventMask::POINTER_MOTION
            | EventMask::PROPERTY_CHANGE
            | EventMask::FOCUS_CHANGE;
        let override_redirect = u32::from(override_redirect);
        let with = CreateWindowAux::new().event_mask(events).override_redirect(override_redirect).background_pixel(0);
        self.connection
            .create_window(
                COPY_DEPTH_FROM_PARENT,
                window,
                self.root,
                x,
                y,
                width,
                height,
                0,
                WindowClass::INPUT_OUTPUT,
                0,
                &with,
            )
            .expect("a window");
        window
    }

    pub fn text(&self, window: u32, name: impl Into<Atom>, text: &[u8]) {
        self.connection.change_property8(PropMode::REPLACE, window, name, AtomEnum::STRING, text).expect("a property");
    }

    /// A mapped window of one colour.
    pub fn shown_window(&mut self, title: &str, place: (i16, i16), size: (u16, u16), pixel: u32) -> u32 {
        let window = self.window(place, size, false);
        self.text(window, AtomEnum::WM_NAME, title.as_bytes());
        self.text(window, AtomEnum::WM_CLASS, b"test\0AtollTest\0");
        let takes = self.atom("WM_DELETE_WINDOW");
        let protocols = self.atom("WM_PROTOCOLS");
        self.connection
            .change_property32(PropMode::REPLACE, window, protocols, AtomEnum::ATOM, &[takes])
            .expect("a property");
        self.show(window, size, pixel);
        window
    }

    /// Maps a window and paints it.
    pub fn show(&mut self, window: u32, size: (u16, u16), pixel: u32) {
        self.connection.map_window(window).expect("a request");
        self.connection.flush().expect("the X server reads");
        self.wait("Expose", |event| matches!(event, Event::Expose(expose) if expose.window == window).then_some(()));
        self.paint(window, size, pixel);
    }

    pub fn paint(&self, window: u32, (width, height): (u16, u16), pixel: u32) {
        let context = self.connection.generate_id().expect("an id");
        self.connection.create_gc(context, window, &CreateGCAux::new().foreground(pixel)).expect("a request");
        let all = Rectangle { x: 0, y: 0, width, height };
        self.connection.poly_fill_rectangle(window, context, &[all]).expect("a request");
        self.connection.free_gc(context).expect("a request");
        self.connection.flush().expect("the X server reads");
    }

    /// Waits until `found` gives something for an event, and forgets that event alone.
    pub fn wait<T>(&mut self, what: &str, found: impl Fn(&Event) -> Option<T>) -> T {
        let end = Instant::now() + PATIENCE;
        loop {
            while let Some(event) = self.connection.poll_for_event().expect("the X server lives") {
                self.seen.push(event);
            }
            let it = self.seen.iter().enumerate().find_map(|(at, event)| Some((at, found(event)?)));
            if let Some((at, it)) = it {
                self.seen.remove(at);
                return it;
            }
            self.connection.flush().expect("the X server reads");
            let left = Timespec::try_from(end.saturating_duration_since(Instant::now())).expect("a time");
            let ready = poll(&mut [PollFd::new(self.connection.stream(), PollFlags::IN)], Some(&left)).expect("poll");
            assert!(ready > 0, "waited in vain for {what}; happened: {:#?}", self.seen);
        }
    }

    /// Waits until a key, of linux/input-event-codes.h, types this without modifiers.
    pub fn wait_keysym(&mut self, key: u32, keysym: u32) {
        let code = u8::try_from(key + 8).expect("a key code of X11");
        loop {
            let cookie = self.connection.get_keyboard_mapping(code, 1).expect("a request");
            if cookie.reply().expect("a mapping").keysyms[0] == keysym {
                return;
            }
            self.wait("MappingNotify", |event| matches!(event, Event::MappingNotify(_)).then_some(()));
        }
    }

    /// Forgets what happened so far.
    pub fn forget(&mut self) {
        self.has_seen(|_| false);
        self.seen.clear();
    }

    /// Whether such an event has come, after all requests were handled.
    pub fn has_seen(&mut self, like: impl Fn(&Event) -> bool) -> bool {
        self.count_seen(like) > 0
    }

    /// How many of such events have come, after all requests were handled.
    pub fn count_seen(&mut self, like: impl Fn(&Event) -> bool) -> usize {
        self.connection.sync().expect("the X server lives");
        while let Some(event) = self.connection.poll_for_event().expect("the X server lives") {
            self.seen.push(event);
        }
        self.seen.iter().filter(|event| like(event)).count()
    }
}
