//! A small real Wayland client, which remembers every event.

use std::collections::VecDeque;
use std::fs::File;
use std::io::ErrorKind;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::os::unix::net::UnixStream;
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{MemfdFlags, ftruncate, memfd_create};
use wayland_client::backend::{ObjectId, WaylandError};
use wayland_client::globals::{BindError, GlobalList, GlobalListContents, registry_queue_init};
use wayland_client::protocol::{
    wl_buffer, wl_callback, wl_compositor, wl_data_device, wl_data_device_manager, wl_data_offer, wl_data_source,
    wl_keyboard, wl_output, wl_pointer, wl_region, wl_registry, wl_seat, wl_shm, wl_shm_pool, wl_subcompositor,
    wl_subsurface, wl_surface,
};
use wayland_client::{Connection, Dispatch, DispatchError, EventQueue, Proxy, QueueHandle, WEnum, event_created_child};
use wayland_protocols::wp::fractional_scale::v1::client::{wp_fractional_scale_manager_v1, wp_fractional_scale_v1};
use wayland_protocols::wp::pointer_constraints::zv1::client::{
    zwp_confined_pointer_v1, zwp_locked_pointer_v1, zwp_pointer_constraints_v1,
};
use wayland_protocols::wp::primary_selection::zv1::client::{
    zwp_primary_selection_device_manager_v1, zwp_primary_selection_device_v1, zwp_primary_selection_offer_v1,
    zwp_primary_selection_source_v1,
};
use wayland_protocols::wp::relative_pointer::zv1::client::{zwp_relative_pointer_manager_v1, zwp_relative_pointer_v1};
use wayland_protocols::wp::viewporter::client::{wp_viewport, wp_viewporter};
use wayland_protocols::xdg::activation::v1::client::{xdg_activation_token_v1, xdg_activation_v1};
use wayland_protocols::xdg::dialog::v1::client::{xdg_dialog_v1, xdg_wm_dialog_v1};
use wayland_protocols::xdg::shell::client::{xdg_popup, xdg_positioner, xdg_surface, xdg_toplevel, xdg_wm_base};
use wayland_protocols::xdg::system_bell::v1::client::xdg_system_bell_v1;

use super::PATIENCE;

pub use wl_surface::WlSurface;

/// The events that tests wait for. When a wait fails, all that have come are printed.
#[allow(dead_code)]
#[derive(Debug)]
pub enum Event {
    Surface(wl_surface::Event),
    Callback(wl_callback::Event),
    Buffer(wl_buffer::Event),
    XdgSurface(xdg_surface::Event),
    Toplevel(xdg_toplevel::Event),
    Popup(xdg_popup::Event),
    Pointer(wl_pointer::Event),
    Keyboard(wl_keyboard::Event),
    Output(wl_output::Event),
    FractionalScale(wp_fractional_scale_v1::Event),
    DataDevice(wl_data_device::Event),
    DataOffer(wl_data_offer::Event),
    DataSource(wl_data_source::Event),
    PrimaryDevice(zwp_primary_selection_device_v1::Event),
    PrimaryOffer(zwp_primary_selection_offer_v1::Event),
    PrimarySource(zwp_primary_selection_source_v1::Event),
    ActivationToken(xdg_activation_token_v1::Event),
    LockedPointer(zwp_locked_pointer_v1::Event),
    RelativePointer(zwp_relative_pointer_v1::Event),
}

/// An event and the object that it came to.
#[derive(Debug)]
pub struct Happened {
    pub to: ObjectId,
    pub event: Event,
}

#[derive(Default)]
pub struct Seen(VecDeque<Happened>);

macro_rules! record {
    ($($variant:ident: $interface:ty;)*) => {$(
        impl Dispatch<$interface, ()> for Seen {
            fn event(
                seen: &mut Self,
                proxy: &$interface,
                event: <$interface as Proxy>::Event,
                _: &(),
                _: &Connection,
                _: &QueueHandle<Self>,
            ) {
                seen.0.push_back(Happened { to: proxy.id(), event: Event::$variant(event) });
            }
        }
    )*};
}
record! {
    Surface: wl_surface::WlSurface;
    Callback: wl_callback::WlCallback;
    Buffer: wl_buffer::WlBuffer;
    XdgSurface: xdg_surface::XdgSurface;
    Toplevel: xdg_toplevel::XdgToplevel;
    Popup: xdg_popup::XdgPopup;
    Pointer: wl_pointer::WlPointer;
    Keyboard: wl_keyboard::WlKeyboard;
    Output: wl_output::WlOutput;
    FractionalScale: wp_fractional_scale_v1::WpFractionalScaleV1;
    DataOffer: wl_data_offer::WlDataOffer;
    DataSource: wl_data_source::WlDataSource;
    PrimaryOffer: zwp_primary_selection_offer_v1::ZwpPrimarySelectionOfferV1;
    PrimarySource: zwp_primary_selection_source_v1::ZwpPrimarySelectionSourceV1;
    ActivationToken: xdg_activation_token_v1::XdgActivationTokenV1;
    LockedPointer: zwp_locked_pointer_v1::ZwpLockedPointerV1;
    RelativePointer: zwp_relative_pointer_v1::ZwpRelativePointerV1;
}

macro_rules! ignore {
    ($($interface:ty),* $(,)?) => {$(
        impl Dispatch<$interface, ()> for Seen {
            fn event(_: &mut Self, _: &$interface, _: <$interface as Proxy>::Event, _: &(), _: &Connection, _: &QueueHandle<Self>) {}
        }
    )*};
}
ignore!(
    wl_compositor::WlCompositor,
    wl_subcompositor::WlSubcompositor,
    wl_subsurface::WlSubsurface,
    wl_region::WlRegion,
    wl_seat::WlSeat,
    wl_shm::WlShm,
    wl_shm_pool::WlShmPool,
    wl_data_device_manager::WlDataDeviceManager,
    zwp_primary_selection_device_manager_v1::ZwpPrimarySelectionDeviceManagerV1,
    wp_viewport::WpViewport,
    wp_viewporter::WpViewporter,
    wp_fractional_scale_manager_v1::WpFractionalScaleManagerV1,
    xdg_activation_v1::XdgActivationV1,
    zwp_confined_pointer_v1::ZwpConfinedPointerV1,
    zwp_pointer_constraints_v1::ZwpPointerConstraintsV1,
    zwp_relative_pointer_manager_v1::ZwpRelativePointerManagerV1,
    xdg_dialog_v1::XdgDialogV1,
    xdg_wm_dialog_v1::XdgWmDialogV1,
    xdg_system_bell_v1::XdgSystemBellV1,
    xdg_positioner::XdgPositioner,
);

impl Dispatch<wl_data_device::WlDataDevice, ()> for Seen {
    fn event(
        seen: &mut Self,
        proxy: &wl_data_device::WlDataDevice,
        event: wl_data_device::Event,
        _: &(),
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        seen.0.push_back(Happened { to: proxy.id(), event: Event::DataDevice(event) });
    }

    event_created_child!(Self, wl_data_device::WlDataDevice, [
        wl_data_device::EVT_DATA_OFFER_OPCODE => (wl_data_offer::WlDataOffer, ()),
    ]);
}

impl Dispatch<zwp_primary_selection_device_v1::ZwpPrimarySelectionDeviceV1, ()> for Seen {
    fn event(
        seen: &mut Self,
        proxy: &zwp_primary_selection_device_v1::ZwpPrimarySelectionDeviceV1,
        event: zwp_primary_selection_device_v1::Event,
        _: &(),
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        seen.0.push_back(Happened { to: proxy.id(), event: Event::PrimaryDevice(event) });
    }

    event_created_child!(Self, zwp_primary_selection_device_v1::ZwpPrimarySelectionDeviceV1, [
        zwp_primary_selection_device_v1::EVT_DATA_OFFER_OPCODE => (zwp_primary_selection_offer_v1::ZwpPrimarySelectionOfferV1, ()),
    ]);
}

impl Dispatch<xdg_wm_base::XdgWmBase, ()> for Seen {
    fn event(
        _: &mut Self,
        shell: &xdg_wm_base::XdgWmBase,
        event: xdg_wm_base::Event,
        _: &(),
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
        if let xdg_wm_base::Event::Ping { serial } = event {
            shell.pong(serial);
        }
    }
}

impl Dispatch<wl_registry::WlRegistry, GlobalListContents> for Seen {
    fn event(
        _: &mut Self,
        _: &wl_registry::WlRegistry,
        _: wl_registry::Event,
        _: &GlobalListContents,
        _: &Connection,
        _: &QueueHandle<Self>,
    ) {
    }
}

pub struct Client {
    pub connection: Connection,
    queue: EventQueue<Seen>,
    pub handle: QueueHandle<Seen>,
    seen: Seen,
    globals: GlobalList,
    pub compositor: wl_compositor::WlCompositor,
    pub subcompositor: wl_subcompositor::WlSubcompositor,
    pub shm: wl_shm::WlShm,
    pub shell: xdg_wm_base::XdgWmBase,
    pub seat: wl_seat::WlSeat,
}

impl Client {
    pub fn connect(stream: UnixStream) -> Self {
        let connection = Connection::from_socket(stream).expect("a connection");
        let (globals, queue) = registry_queue_init::<Seen>(&connection).expect("the globals");
        let handle = queue.handle();
        let seat: wl_seat::WlSeat = globals.bind(&handle, 1..=9, ()).expect("a seat");
        seat.get_pointer(&handle, ());
        seat.get_keyboard(&handle, ());
        Self {
            compositor: globals.bind(&handle, 6..=6, ()).expect("wl_compositor"),
            subcompositor: globals.bind(&handle, 1..=1, ()).expect("wl_subcompositor"),
            shm: globals.bind(&handle, 1..=1, ()).expect("wl_shm"),
            shell: globals.bind(&handle, 3..=6, ()).expect("xdg_wm_base"),
            seat,
            seen: Seen::default(),
            connection,
            queue,
            handle,
            globals,
        }
    }

    pub fn bind<I>(&self, version: u32) -> I
    where
        I: Proxy + 'static,
        Seen: Dispatch<I, ()>,
    {
        let bound: Result<I, BindError> = self.globals.bind(&self.handle, 1..=version, ());
        bound.unwrap_or_else(|error| panic!("{}: {error}", I::interface().name))
    }

    /// Sends all requests, however long the agent takes to read them.
    pub fn flush(&self) {
        self.try_flush().expect("the agent reads");
    }

    /// The same; an error = the agent has ended the connection.
    pub fn try_flush(&self) -> Result<(), WaylandError> {
        loop {
            match self.connection.flush() {
                Err(WaylandError::Io(error)) if error.kind() == ErrorKind::WouldBlock => {
                    let backend = self.connection.backend();
                    let fd = backend.poll_fd();
                    poll(&mut [PollFd::new(&fd, PollFlags::OUT)], None).expect("poll");
                }
                done => return done,
            }
        }
    }

    /// Returns when the agent has handled all requests, and remembers the events.
    pub fn roundtrip(&mut self) {
        self.flush();
        self.queue.roundtrip(&mut self.seen).expect("a roundtrip");
    }

    /// The same; an error = the agent has ended the connection.
    pub fn try_roundtrip(&mut self) -> Result<(), DispatchError> {
        self.try_flush()?;
        self.queue.roundtrip(&mut self.seen).map(|_| ())
    }

    /// Acknowledges the configures of these surfaces.
    pub fn acknowledge(&mut self, surfaces: &[xdg_surface::XdgSurface]) {
        for happened in self.seen.0.drain(..) {
            if let Event::XdgSurface(xdg_surface::Event::Configure { serial }) = happened.event {
                if let Some(surface) = surfaces.iter().find(|surface| surface.id() == happened.to && surface.is_alive())
                {
                    surface.ack_configure(serial);
                }
            }
        }
    }

    pub fn pointer(&self) -> wl_pointer::WlPointer {
        self.seat.get_pointer(&self.handle, ())
    }

    /// Forgets what happened so far.
    pub fn forget(&mut self) {
        self.roundtrip();
        self.seen.0.clear();
    }

    /// Waits until `found` gives something for an event, and forgets that event alone.
    pub fn wait<T>(&mut self, what: &str, found: impl Fn(&Happened) -> Option<T>) -> T {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(it) = self.take(&found) {
                return it;
            }
            assert!(self.read_until(end), "waited in vain for {what}; happened: {:#?}", self.seen.0);
        }
    }

    /// The same, for as long as it takes. None = the agent has ended the connection.
    pub fn wait_or_end<T>(&mut self, found: impl Fn(&Happened) -> Option<T>) -> Option<T> {
        loop {
            if let Some(it) = self.take(&found) {
                return Some(it);
            }
            self.try_read(Instant::now() + PATIENCE).ok()?;
        }
    }

    /// Names of the globals that the agent offers.
    pub fn interfaces(&self) -> Vec<String> {
        self.globals.contents().with_list(|list| list.iter().map(|global| global.interface.clone()).collect())
    }

    /// The same for an event that has come, if it has.
    pub fn take<T>(&mut self, found: impl Fn(&Happened) -> Option<T>) -> Option<T> {
        let (at, it) = self.seen.0.iter().enumerate().find_map(|(at, happened)| Some((at, found(happened)?)))?;
        self.seen.0.remove(at);
        Some(it)
    }

    pub fn count(&self, like: impl Fn(&Happened) -> bool) -> usize {
        self.seen.0.iter().filter(|happened| like(happened)).count()
    }

    /// The agent ends this connection, with a protocol error or without.
    pub fn wait_end(&mut self) {
        let end = Instant::now() + PATIENCE;
        loop {
            match self.try_read(end) {
                Ok(true) => {}
                Ok(false) => panic!("the agent keeps this client"),
                Err(_) => return,
            }
        }
    }

    fn read_until(&mut self, end: Instant) -> bool {
        self.try_read(end).unwrap_or_else(|error| panic!("{error}: {:?}", self.connection.protocol_error()))
    }

    /// Reads some events. False = none came in time.
    fn try_read(&mut self, end: Instant) -> Result<bool, WaylandError> {
        self.try_flush()?;
        if self.dispatch() > 0 {
            return Ok(true);
        }
        let Some(guard) = self.connection.prepare_read() else { return Ok(true) };
        let left = Timespec::try_from(end.saturating_duration_since(Instant::now())).expect("a time");
        let ready = {
            let fd = guard.connection_fd();
            let mut fds = [PollFd::new(&fd, PollFlags::IN)];
            poll(&mut fds, Some(&left)).expect("poll")
        };
        if ready == 0 {
            return Ok(false);
        }
        match guard.read() {
            // A message that has come in part: of many descriptors the first come with its first byte alone.
            Err(WaylandError::Io(error)) if error.kind() == ErrorKind::WouldBlock => {}
            read => drop(read?),
        }
        self.dispatch();
        Ok(true)
    }

    fn dispatch(&mut self) -> usize {
        self.queue.dispatch_pending(&mut self.seen).unwrap_or(0)
    }

    pub fn surface(&self) -> WlSurface {
        self.compositor.create_surface(&self.handle, ())
    }

    pub fn subsurface(&self, parent: &WlSurface) -> (WlSurface, wl_subsurface::WlSubsurface) {
        let surface = self.surface();
        let role = self.subcompositor.get_subsurface(&surface, parent, &self.handle, ());
        (surface, role)
    }

    pub fn buffer(&self, width: i32, height: i32) -> Buffer {
        Buffer::new(self, width, height)
    }

    /// A toplevel that has been configured and shows nothing yet.
    pub fn window(&mut self, title: &str) -> Window {
        let surface = self.surface();
        let xdg = self.shell.get_xdg_surface(&surface, &self.handle, ());
        let toplevel = xdg.get_toplevel(&self.handle, ());
        toplevel.set_title(title.to_owned());
        toplevel.set_app_id("org.atoll.test".to_owned());
        surface.commit();
        let window = Window { surface, xdg, toplevel };
        self.configured(&window);
        window
    }

    /// A toplevel that shows one colour.
    pub fn shown_window(&mut self, title: &str, width: i32, height: i32, pixel: u32) -> Window {
        let window = self.window(title);
        self.show(&window.surface, width, height, pixel);
        window
    }

    /// Attaches a new buffer of one colour, damages all of it and commits.
    pub fn show(&mut self, surface: &WlSurface, width: i32, height: i32, pixel: u32) -> Buffer {
        let buffer = self.buffer(width, height);
        buffer.fill(|_, _| pixel);
        surface.attach(Some(&buffer.buffer), 0, 0);
        surface.damage_buffer(0, 0, i32::MAX, i32::MAX);
        surface.commit();
        self.flush();
        buffer
    }

    /// Waits for the next configure of a window, answers it; gives size and states.
    pub fn configured(&mut self, window: &Window) -> Configured {
        let (toplevel, xdg) = (window.toplevel.id(), window.xdg.id());
        let serial = self.wait("xdg_surface.configure", |happened| match &happened.event {
            Event::XdgSurface(xdg_surface::Event::Configure { serial }) if happened.to == xdg => Some(*serial),
            _ => None,
        });
        let configured = self.wait("xdg_toplevel.configure", |happened| match &happened.event {
            Event::Toplevel(xdg_toplevel::Event::Configure { width, height, states }) if happened.to == toplevel => {
                let states = states.chunks(4).map(|word| u32::from_ne_bytes(word.try_into().expect("a word")));
                Some(Configured { width: *width, height: *height, states: states.collect() })
            }
            _ => None,
        });
        window.xdg.ack_configure(serial);
        self.flush();
        configured
    }

    /// A popup that has been configured and shows nothing yet; gives its place, too.
    pub fn popup(&mut self, parent: &xdg_surface::XdgSurface, rule: &Rule, grab: Option<u32>) -> (Popup, [i32; 4]) {
        let surface = self.surface();
        let xdg = self.shell.get_xdg_surface(&surface, &self.handle, ());
        let popup = xdg.get_popup(Some(parent), &self.positioner(rule), &self.handle, ());
        if let Some(serial) = grab {
            popup.grab(&self.seat, serial);
        }
        surface.commit();
        let popup = Popup { surface, xdg, popup };
        let place = self.popup_configured(&popup);
        (popup, place)
    }

    pub fn popup_configured(&mut self, popup: &Popup) -> [i32; 4] {
        let (role, xdg) = (popup.popup.id(), popup.xdg.id());
        let serial = self.wait("the popup's xdg_surface.configure", |happened| match &happened.event {
            Event::XdgSurface(xdg_surface::Event::Configure { serial }) if happened.to == xdg => Some(*serial),
            _ => None,
        });
        let place = self.wait("xdg_popup.configure", |happened| match &happened.event {
            Event::Popup(xdg_popup::Event::Configure { x, y, width, height }) if happened.to == role => {
                Some([*x, *y, *width, *height])
            }
            _ => None,
        });
        popup.xdg.ack_configure(serial);
        self.flush();
        place
    }

    pub fn positioner(&self, rule: &Rule) -> xdg_positioner::XdgPositioner {
        let positioner = self.shell.create_positioner(&self.handle, ());
        positioner.set_size(rule.width, rule.height);
        positioner.set_anchor_rect(rule.x, rule.y, 1, 1);
        positioner.set_anchor(xdg_positioner::Anchor::BottomRight);
        positioner.set_gravity(xdg_positioner::Gravity::BottomRight);
        positioner.set_constraint_adjustment(
            xdg_positioner::ConstraintAdjustment::SlideX | xdg_positioner::ConstraintAdjustment::SlideY,
        );
        positioner
    }

    pub fn popup_done(&mut self, popup: &Popup) {
        let role = popup.popup.id();
        self.wait("xdg_popup.popup_done", |happened| {
            (happened.to == role && matches!(happened.event, Event::Popup(xdg_popup::Event::PopupDone))).then_some(())
        });
    }

    pub fn region(&self, rects: &[[i32; 4]]) -> wl_region::WlRegion {
        let region = self.compositor.create_region(&self.handle, ());
        for [x, y, width, height] in rects {
            region.add(*x, *y, *width, *height);
        }
        region
    }

    pub fn wait_pointer<T>(&mut self, what: &str, found: impl Fn(&wl_pointer::Event) -> Option<T>) -> T {
        self.wait(what, |happened| match &happened.event {
            Event::Pointer(event) => found(event),
            _ => None,
        })
    }

    pub fn wait_keyboard<T>(&mut self, what: &str, found: impl Fn(&wl_keyboard::Event) -> Option<T>) -> T {
        self.wait(what, |happened| match &happened.event {
            Event::Keyboard(event) => found(event),
            _ => None,
        })
    }

    /// Waits until the keyboard enters a surface; gives the serial.
    pub fn keyboard_entered(&mut self, surface: &WlSurface) -> u32 {
        self.wait_keyboard("wl_keyboard.enter", |event| match event {
            wl_keyboard::Event::Enter { surface: entered, serial, .. } if entered == surface => Some(*serial),
            _ => None,
        })
    }

    /// Waits until the pointer enters a surface; gives the place within it.
    pub fn pointer_entered(&mut self, surface: &WlSurface) -> (f64, f64) {
        self.wait_pointer("wl_pointer.enter", |event| match event {
            wl_pointer::Event::Enter { surface: entered, surface_x, surface_y, .. } if entered == surface => {
                Some((*surface_x, *surface_y))
            }
            _ => None,
        })
    }

    /// Waits for the press of a button; gives the serial.
    pub fn button_pressed(&mut self) -> u32 {
        self.wait_pointer("wl_pointer.button", |event| match event {
            wl_pointer::Event::Button { state: WEnum::Value(wl_pointer::ButtonState::Pressed), serial, .. } => {
                Some(*serial)
            }
            _ => None,
        })
    }

    /// A frame callback of the surface's next commit was answered.
    pub fn callback_done(&mut self, callback: &wl_callback::WlCallback) {
        let id = callback.id();
        self.wait("wl_callback.done", |happened| (happened.to == id).then_some(()));
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Configured {
    pub width: i32,
    pub height: i32,
    pub states: Vec<u32>,
}

impl Configured {
    pub fn has(&self, state: xdg_toplevel::State) -> bool {
        self.states.contains(&(state as u32))
    }
}

#[derive(Debug)]
pub struct Window {
    pub surface: WlSurface,
    pub xdg: xdg_surface::XdgSurface,
    pub toplevel: xdg_toplevel::XdgToplevel,
}

#[derive(Debug)]
pub struct Popup {
    pub surface: WlSurface,
    pub xdg: xdg_surface::XdgSurface,
    pub popup: xdg_popup::XdgPopup,
}

impl Popup {
    pub fn destroy(&self) {
        self.popup.destroy();
        self.xdg.destroy();
        self.surface.destroy();
    }
}

/// Where a popup is placed: to the bottom right of a point of its parent, moved until it fits.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    pub x: i32,
    pub y: i32,
    pub width: i32,
    pub height: i32,
}

/// A shm buffer in a pool of its own, XRGB8888 unless said otherwise.
#[derive(Debug)]
pub struct Buffer {
    pub file: File,
    pub buffer: wl_buffer::WlBuffer,
    pub width: i32,
    pub height: i32,
}

impl Buffer {
    fn new(client: &Client, width: i32, height: i32) -> Self {
        let bytes = width * height * 4;
        let file = File::from(memory(bytes as u64));
        let pool = client.shm.create_pool(file.as_fd(), bytes, &client.handle, ());
        let buffer = pool.create_buffer(0, width, height, width * 4, wl_shm::Format::Xrgb8888, &client.handle, ());
        Self { file, buffer, width, height }
    }

    pub fn fill(&self, pixel: impl Fn(i32, i32) -> u32) {
        let bytes: Vec<u8> = (0..self.width * self.height)
            .flat_map(|at| pixel(at % self.width, at / self.width).to_le_bytes())
            .collect();
        self.file.write_all_at(&bytes, 0).expect("the buffer");
    }
}

/// A new file of zeros in memory.
pub fn memory(bytes: u64) -> OwnedFd {
    let fd = memfd_create("atoll-test", MemfdFlags::CLOEXEC).expect("a memfd");
    ftruncate(&fd, bytes).expect("its size");
    fd
}
