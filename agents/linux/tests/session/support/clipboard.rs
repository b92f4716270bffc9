//! Wayland programs that copy and paste.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use atoll_wire::Selection;
use wayland_client::Proxy;
use wayland_client::protocol::wl_data_device::{self, WlDataDevice};
use wayland_client::protocol::wl_data_device_manager::WlDataDeviceManager;
use wayland_client::protocol::wl_data_offer::{self, WlDataOffer};
use wayland_client::protocol::wl_data_source::{self, WlDataSource};
use wayland_protocols::wp::primary_selection::zv1::client::zwp_primary_selection_device_manager_v1::ZwpPrimarySelectionDeviceManagerV1;
use wayland_protocols::wp::primary_selection::zv1::client::zwp_primary_selection_device_v1::{
    self, ZwpPrimarySelectionDeviceV1,
};
use wayland_protocols::wp::primary_selection::zv1::client::zwp_primary_selection_offer_v1::{
    self, ZwpPrimarySelectionOfferV1,
};
use wayland_protocols::wp::primary_selection::zv1::client::zwp_primary_selection_source_v1::{
    self, ZwpPrimarySelectionSourceV1,
};

use super::agent::Agent;
use super::host::Host;
use super::wayland::{Client, Event, Window};
use super::x11_stage::focus;

/// What a program does when it is asked for what it has copied.
#[derive(Clone)]
pub enum Answer {
    Bytes(Arc<Vec<u8>>),
    /// In pieces of that size, each when the one before has been taken.
    Slowly(Arc<Vec<u8>>, usize),
    /// These bytes, and then nothing, without an end.
    Stall(Vec<u8>),
    /// These bytes, and then its end as a whole.
    Die(Vec<u8>),
}

impl Answer {
    pub fn bytes(bytes: &[u8]) -> Self {
        Self::Bytes(Arc::new(bytes.to_vec()))
    }
}

/// Bytes that no two places have alike.
pub fn noise(count: usize) -> Vec<u8> {
    (0..count as u64).map(|at| (at.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32) as u8).collect()
}

/// A program with a window, which has the keyboard at first.
pub struct Program {
    pub client: Client,
    _window: Window,
    serial: u32,
    data: (WlDataDeviceManager, WlDataDevice),
    primary: (ZwpPrimarySelectionDeviceManagerV1, ZwpPrimarySelectionDeviceV1),
}

#[derive(Debug, Clone)]
pub enum Source {
    Clipboard(WlDataSource),
    Primary(ZwpPrimarySelectionSourceV1),
}

#[derive(Debug, Clone)]
pub enum Offer {
    Clipboard(WlDataOffer),
    Primary(ZwpPrimarySelectionOfferV1),
}

impl Program {
    pub fn start(agent: &Agent, host: &mut Host) -> Self {
        let mut client = agent.client();
        let manager: WlDataDeviceManager = client.bind(3);
        let device = manager.get_data_device(&client.seat, &client.handle, ());
        let primary: ZwpPrimarySelectionDeviceManagerV1 = client.bind(1);
        let primary_device = primary.get_device(&client.seat, &client.handle, ());
        let window = client.shown_window("copies and pastes", 50, 50, 1);
        let id = host.window_opened().surface;
        host.shows(id, (50, 50), 1);
        focus(host, id);
        let serial = client.keyboard_entered(&window.surface);
        Self { client, _window: window, serial, data: (manager, device), primary: (primary, primary_device) }
    }

    /// Takes the selection, without waiting until the agent knows.
    pub fn copy(&self, selection: Selection, types: &[&str]) -> Source {
        if selection == Selection::Primary {
            let source = self.primary.0.create_source(&self.client.handle, ());
            types.iter().for_each(|name| source.offer((*name).to_owned()));
            self.primary.1.set_selection(Some(&source), self.serial);
            return Source::Primary(source);
        }
        let source = self.data.0.create_data_source(&self.client.handle, ());
        types.iter().for_each(|name| source.offer((*name).to_owned()));
        self.data.1.set_selection(Some(&source), self.serial);
        Source::Clipboard(source)
    }

    pub fn clear(&mut self, selection: Selection) {
        match selection {
            Selection::Primary => self.primary.1.set_selection(None, self.serial),
            _ => self.data.1.set_selection(None, self.serial),
        }
        self.client.roundtrip();
    }

    /// Copies, and answers from now on in a thread.
    pub fn copies(self, selection: Selection, content: Vec<(&'static str, Answer)>) -> Copying {
        let types: Vec<&str> = content.iter().map(|(name, _)| *name).collect();
        let source = self.copy(selection, &types);
        let Self { mut client, .. } = self;
        client.roundtrip();
        let (asked, asks) = channel();
        thread::spawn(move || serve(client, &source, &content, &asked));
        Copying { asks }
    }

    /// The next offer of the selection that the program gets; None = there is nothing to paste.
    pub fn next_offer(&mut self, selection: Selection) -> Option<Offer> {
        self.client.wait("an offer", |happened| match &happened.event {
            Event::DataDevice(wl_data_device::Event::Selection { id }) if selection == Selection::Clipboard => {
                Some(id.clone().map(Offer::Clipboard))
            }
            Event::PrimaryDevice(zwp_primary_selection_device_v1::Event::Selection { id })
                if selection == Selection::Primary =>
            {
                Some(id.clone().map(Offer::Primary))
            }
            _ => None,
        })
    }

    /// The next offer that is one.
    pub fn offer(&mut self, selection: Selection) -> Offer {
        loop {
            if let Some(offer) = self.next_offer(selection) {
                return offer;
            }
        }
    }

    pub fn types(&mut self, offer: &Offer) -> Vec<String> {
        let mut types = Vec::new();
        while let Some(name) = self.client.take(|happened| match (&happened.event, offer) {
            (Event::DataOffer(wl_data_offer::Event::Offer { mime_type }), Offer::Clipboard(offer))
                if happened.to == offer.id() =>
            {
                Some(mime_type.clone())
            }
            (
                Event::PrimaryOffer(zwp_primary_selection_offer_v1::Event::Offer { mime_type }),
                Offer::Primary(offer),
            ) if happened.to == offer.id() => Some(mime_type.clone()),
            _ => None,
        }) {
            types.push(name);
        }
        types
    }

    /// Asks for the content; gives the end of the pipe that it reads.
    pub fn receive(&self, offer: &Offer, mime_type: &str) -> File {
        let (read, write) = rustix::pipe::pipe().expect("a pipe");
        self.receive_into(offer, mime_type, &write);
        File::from(read)
    }

    /// Asks for the content to be written into this.
    pub fn receive_into(&self, offer: &Offer, mime_type: &str, fd: impl AsFd) {
        match offer {
            Offer::Clipboard(offer) => offer.receive(mime_type.to_owned(), fd.as_fd()),
            Offer::Primary(offer) => offer.receive(mime_type.to_owned(), fd.as_fd()),
        }
        self.client.flush();
    }

    pub fn paste(&self, offer: &Offer, mime_type: &str) -> Vec<u8> {
        whole(self.receive(offer, mime_type))
    }
}

pub fn whole(mut pipe: File) -> Vec<u8> {
    let mut all = Vec::new();
    pipe.read_to_end(&mut all).expect("what was pasted");
    all
}

/// A program that has copied and answers in a thread.
pub struct Copying {
    /// The types that it was asked for.
    asks: Receiver<String>,
}

impl Copying {
    /// Waits until it is asked.
    pub fn wait_asked(&self) -> String {
        self.asks.recv_timeout(super::PATIENCE).expect("it is asked")
    }
}

/// Ends with the connection, when the program dies, or when somebody else has copied.
fn serve(mut client: Client, source: &Source, content: &[(&'static str, Answer)], asked: &Sender<String>) {
    enum Said {
        Send(String, OwnedFd),
        Cancelled,
    }
    let mut open = Vec::new();
    loop {
        let said = client.wait_or_end(|happened| match (&happened.event, source) {
            (Event::DataSource(wl_data_source::Event::Send { mime_type, fd }), Source::Clipboard(source))
                if happened.to == source.id() =>
            {
                Some(Said::Send(mime_type.clone(), fd.try_clone().expect("a copy")))
            }
            (
                Event::PrimarySource(zwp_primary_selection_source_v1::Event::Send { mime_type, fd }),
                Source::Primary(source),
            ) if happened.to == source.id() => Some(Said::Send(mime_type.clone(), fd.try_clone().expect("a copy"))),
            (Event::DataSource(wl_data_source::Event::Cancelled), Source::Clipboard(source))
                if happened.to == source.id() =>
            {
                Some(Said::Cancelled)
            }
            _ => None,
        });
        let Some(Said::Send(mime_type, fd)) = said else { return };
        let answer = content.iter().find(|(name, _)| *name == mime_type).map(|(_, answer)| answer.clone());
        let _ = asked.send(mime_type);
        let mut pipe = File::from(fd);
        match answer.expect("one of its types") {
            Answer::Bytes(bytes) => drop(thread::spawn(move || pipe.write_all(&bytes))),
            Answer::Slowly(bytes, piece) => drop(thread::spawn(move || {
                bytes.chunks(piece).try_for_each(|piece| {
                    thread::yield_now();
                    pipe.write_all(piece)
                })
            })),
            Answer::Stall(bytes) => {
                let _ = pipe.write_all(&bytes);
                open.push(pipe);
            }
            Answer::Die(bytes) => {
                let _ = pipe.write_all(&bytes);
                // The kernel closes descriptors in their order: the connection is older than the pipe.
                drop(client);
                return;
            }
        }
    }
}
