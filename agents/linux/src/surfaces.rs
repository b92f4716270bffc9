//! The surfaces that the host knows, or will know when it connects: windows, popups, subsurfaces.

use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use atoll_wire::{Child, Decoration, Rect, SizeHints};
use smithay::reexports::wayland_server::Resource;
use smithay::reexports::wayland_server::backend::ObjectId;
use smithay::reexports::wayland_server::protocol::wl_callback::WlCallback;
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::utils::Serial;
use smithay::wayland::shell::xdg::{PopupSurface, ToplevelSurface};
use smithay::xwayland::X11Surface;

use crate::attention::Attention;
use crate::early_requests::EarlyStates;
use crate::encoding::Encoder;
use crate::framebuffer::Framebuffer;
use crate::iconic::Iconic;
use crate::tiles::PixelRect;

/// What a wl_surface shows. Independent of its role: a buffer may be attached before it has one.
#[derive(Debug, Default)]
pub struct Content {
    /// None = no buffer is attached: the surface is not mapped.
    pub framebuffer: Option<Framebuffer>,
    /// All of the last buffer, while wp_viewport or a shape shows a part of it: the program may choose another part
    /// without a new buffer.
    pub uncropped: Option<Framebuffer>,
    /// What is shown of an X11 window that is no rectangle, pixels of the buffer.
    pub shape: Option<Vec<PixelRect>>,
    pub scale: u32,
    /// Logical size, where wp_viewport sets it; else (0, 0).
    pub viewport: (u32, u32),
    /// Window geometry, relative to the surface; None = the whole surface.
    pub geometry: Option<Rect>,
    /// Something of the above has changed since the last frame (pixels have their own marks in the framebuffer).
    pub metadata_dirty: bool,
    pub callbacks: Vec<WlCallback>,
}

impl Content {
    /// Logical size of the surface; (0, 0) when it is not mapped.
    pub fn size(&self) -> (u32, u32) {
        match &self.framebuffer {
            Some(_) if self.viewport != (0, 0) => self.viewport,
            Some(framebuffer) => {
                let logical = |side: u32| (side / self.scale.max(1)).max(1);
                (logical(framebuffer.width), logical(framebuffer.height))
            }
            None => (0, 0),
        }
    }

    /// An X11 window has another shape; None = it is a rectangle. `room`: bytes that its framebuffers may grow by.
    pub fn reshape(&mut self, shape: Option<Vec<PixelRect>>, room: usize) {
        if self.shape == shape {
            return;
        }
        let before = self.framebuffer.as_ref().map(|framebuffer| framebuffer.format);
        self.shape = shape;
        if self.shape.is_none() && self.uncropped.is_some() {
            self.framebuffer = self.uncropped.take();
        } else if self.shape.is_some() && self.uncropped.is_none() {
            self.uncropped = self.framebuffer.take();
        }
        self.show_shape(room);
        if let Some(framebuffer) = self.framebuffer.as_mut().filter(|framebuffer| Some(framebuffer.format) != before) {
            framebuffer.changed.mark_all();
            self.metadata_dirty = true;
        }
    }

    /// Makes the framebuffer what the shape shows of the whole buffer.
    pub fn show_shape(&mut self, room: usize) {
        let (Some(whole), Some(shape)) = (&mut self.uncropped, &self.shape) else { return };
        if Framebuffer::update_shaped(&mut self.framebuffer, whole, shape, room).is_err() {
            log::warn!("a shaped window is not shown: there is no memory for it");
        }
    }

    /// Size of its framebuffers.
    fn bytes(&self) -> usize {
        [&self.framebuffer, &self.uncropped].into_iter().flatten().map(Framebuffer::bytes).sum()
    }

    /// Window geometry; where the program has set none, the whole surface.
    pub fn geometry(&self) -> Rect {
        let (width, height) = self.size();
        self.geometry.unwrap_or(Rect { x: 0, y: 0, width, height })
    }
}

#[derive(Debug)]
pub enum WindowShell {
    Xdg(ToplevelSurface),
    X11(X11Surface),
}

/// What the host is sent of a window besides its pixels.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct WindowProperties {
    pub title: String,
    pub app_id: String,
    pub parent: u32,
    pub modal: bool,
    pub hints: SizeHints,
    pub decoration: Decoration,
    /// Its program wants somebody to look at it. Not a property on the wire: the host hears of it when it begins.
    pub is_urgent: bool,
}

#[derive(Debug)]
pub struct Window {
    pub shell: WindowShell,
    pub pid: u32,
    pub launch: u32,
    /// The properties that the host knows; None = it does not know the window.
    pub last_sent: Option<WindowProperties>,
    pub sent_at: Option<Instant>,
    /// When the X server was asked for its title.
    pub title_asked_at: Option<Instant>,
    /// The properties may have changed since: compared once a turn.
    pub dirty: bool,
    /// xdg_surface configures that the program has not acknowledged, with the host's serials.
    pub configures: Vec<(Serial, u32)>,
    /// X11: the host's serial of a new size of which no frame has come yet.
    pub resize_serial: Option<u32>,
    /// The host's serial of the last configure that the program has acknowledged.
    pub acked_serial: u32,
    /// Position of the geometry's top left on the host's desktop.
    pub place: (i32, i32),
    /// X11: it is modal.
    pub x11_modal: bool,
    pub attention: Attention,
    /// X11: it is minimised.
    pub iconic: Option<Iconic>,
    /// X11: it is to be minimised as soon as it is mapped.
    pub is_iconic_due: bool,
    /// What the program has asked for while the host did not know the window.
    pub early: EarlyStates,
}

#[derive(Debug)]
pub enum PopupShell {
    Xdg(PopupSurface),
    X11(X11Surface),
}

#[derive(Debug)]
pub struct Popup {
    pub shell: PopupShell,
    pub parent: u32,
    pub rect: Rect,
    /// The host does not know its position yet.
    pub position_dirty: bool,
    pub position_sent_at: Option<Instant>,
    pub grab: bool,
}

#[derive(Debug)]
pub enum Role {
    Window(Box<Window>),
    Popup(Box<Popup>),
    Subsurface { parent: u32 },
}

#[derive(Debug)]
pub struct Surface {
    pub id: u32,
    /// None = an X11 window whose wl_surface is not known yet.
    pub wl: Option<WlSurface>,
    pub role: Role,
    /// The host knows it.
    pub announced: bool,
    pub credits: u32,
    pub serial: u32,
    /// The next frame is to cover the whole surface.
    pub full_frame_due: bool,
    pub encoder: Encoder,
    /// The surface and its subsurfaces from the bottom up; empty = it never had any.
    pub stacking: Vec<Child>,
    /// The host does not know the stacking yet.
    pub stacking_dirty: bool,
    pub stacking_sent_at: Option<Instant>,
    /// X11: its shape may be another one than the content's.
    pub shape_dirty: bool,
}

impl Surface {
    pub fn window(&self) -> Option<&Window> {
        match &self.role {
            Role::Window(window) => Some(window),
            _ => None,
        }
    }

    pub fn window_mut(&mut self) -> Option<&mut Window> {
        match &mut self.role {
            Role::Window(window) => Some(window),
            _ => None,
        }
    }

    pub fn popup(&self) -> Option<&Popup> {
        match &self.role {
            Role::Popup(popup) => Some(popup),
            _ => None,
        }
    }

    /// The surface that this one is attached to. A dialog is attached to none: its window is a property.
    pub fn parent(&self) -> Option<u32> {
        match &self.role {
            Role::Window(_) => None,
            Role::Popup(popup) => Some(popup.parent),
            Role::Subsurface { parent } => Some(*parent),
        }
    }

    pub fn x11(&self) -> Option<&X11Surface> {
        match &self.role {
            Role::Window(window) => match &window.shell {
                WindowShell::X11(x11) => Some(x11),
                WindowShell::Xdg(_) => None,
            },
            Role::Popup(popup) => match &popup.shell {
                PopupShell::X11(x11) => Some(x11),
                PopupShell::Xdg(_) => None,
            },
            Role::Subsurface { .. } => None,
        }
    }

    /// The session is over: the host knows nothing of it any more.
    pub fn forget_host(&mut self) {
        self.announced = false;
        self.credits = 0;
        self.serial = 0;
        self.full_frame_due = true;
        self.stacking_dirty = true;
        if let Some(window) = self.window_mut() {
            window.last_sent = None;
            window.configures.clear();
            window.resize_serial = None;
            window.acked_serial = 0;
        }
    }
}

#[derive(Debug)]
pub struct Surfaces {
    /// Bytes that the framebuffers of all surfaces may take together.
    framebuffer_budget: usize,
    /// Bytes that they take now.
    framebuffer_bytes: usize,
    last_id: u32,
    by_id: BTreeMap<u32, Surface>,
    by_wl: HashMap<ObjectId, u32>,
    contents: HashMap<ObjectId, Content>,
}

impl Surfaces {
    pub fn new() -> Self {
        Self {
            framebuffer_budget: framebuffer_budget(),
            framebuffer_bytes: 0,
            last_id: 0,
            by_id: BTreeMap::new(),
            by_wl: HashMap::new(),
            contents: HashMap::new(),
        }
    }

    /// Registers a surface under an id of its own.
    pub fn add(&mut self, wl: Option<WlSurface>, role: Role) -> u32 {
        self.last_id += 1;
        let id = self.last_id;
        if let Some(wl) = &wl {
            self.by_wl.insert(wl.id(), id);
        }
        let surface = Surface {
            id,
            wl,
            role,
            announced: false,
            credits: 0,
            serial: 0,
            full_frame_due: true,
            encoder: Encoder::default(),
            stacking: Vec::new(),
            stacking_dirty: false,
            stacking_sent_at: None,
            shape_dirty: true,
        };
        self.by_id.insert(id, surface);
        id
    }

    /// The wl_surface of an X11 window has become known, or is another one.
    pub fn associate(&mut self, id: u32, wl: WlSurface) {
        let Some(surface) = self.by_id.get_mut(&id) else { return };
        if let Some(old) = surface.wl.take() {
            self.by_wl.remove(&old.id());
        }
        self.by_wl.insert(wl.id(), id);
        surface.wl = Some(wl);
        surface.full_frame_due = true;
        surface.shape_dirty = true;
    }

    /// The surface has no wl_surface any more, until another is associated with it.
    pub fn dissociate(&mut self, id: u32) {
        if let Some(wl) = self.by_id.get_mut(&id).and_then(|surface| surface.wl.take()) {
            self.by_wl.remove(&wl.id());
        }
    }

    pub fn remove(&mut self, id: u32) -> Option<Surface> {
        let surface = self.by_id.remove(&id)?;
        if let Some(wl) = &surface.wl {
            self.by_wl.remove(&wl.id());
        }
        Some(surface)
    }

    pub fn get(&self, id: u32) -> Option<&Surface> {
        self.by_id.get(&id)
    }

    pub fn get_mut(&mut self, id: u32) -> Option<&mut Surface> {
        self.by_id.get_mut(&id)
    }

    pub fn id_of(&self, wl: &WlSurface) -> Option<u32> {
        self.by_wl.get(&wl.id()).copied()
    }

    /// The id of a surface that the host knows.
    pub fn get_announced(&self, wl: &WlSurface) -> Option<u32> {
        self.id_of(wl).filter(|id| self.by_id.get(id).is_some_and(|surface| surface.announced))
    }

    pub fn of_x11(&self, x11: &X11Surface) -> Option<u32> {
        // smithay's windows are equal only while they live, but one that has just been destroyed must be found, too.
        let is_it = |other: &X11Surface| (other.xwm_id(), other.window_id()) == (x11.xwm_id(), x11.window_id());
        self.by_id.values().find(|surface| surface.x11().is_some_and(is_it)).map(|surface| surface.id)
    }

    /// In the order of their ids, which is the order in which they were opened.
    pub fn ids(&self) -> Vec<u32> {
        self.by_id.keys().copied().collect()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Surface> {
        self.by_id.values()
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Surface> {
        self.by_id.values_mut()
    }

    pub fn windows(&self) -> usize {
        self.by_id.values().filter(|surface| surface.window().is_some()).count()
    }

    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    pub fn content(&self, wl: &WlSurface) -> Option<&Content> {
        self.contents.get(&wl.id())
    }

    /// Its framebuffers are replaced by [`Self::change_content`] alone, which counts their bytes.
    pub fn content_mut(&mut self, wl: &WlSurface) -> Option<&mut Content> {
        self.contents.get_mut(&wl.id())
    }

    /// Changes the content of a surface, which is made on first use. `change` is also given the bytes that its
    /// framebuffers may grow by.
    pub fn change_content(&mut self, wl: &WlSurface, change: impl FnOnce(&mut Content, usize)) {
        let room = self.framebuffer_budget.saturating_sub(self.framebuffer_bytes);
        let content = self.contents.entry(wl.id()).or_insert_with(|| Content { scale: 1, ..Content::default() });
        let before = content.bytes();
        change(content, room);
        self.framebuffer_bytes = self.framebuffer_bytes - before + content.bytes();
    }

    pub fn drop_content(&mut self, wl: &WlSurface) {
        if let Some(content) = self.contents.remove(&wl.id()) {
            self.framebuffer_bytes -= content.bytes();
        }
    }

    pub fn content_of(&self, id: u32) -> Option<&Content> {
        self.contents.get(&self.by_id.get(&id)?.wl.as_ref()?.id())
    }

    /// A surface together with its content.
    pub fn both_mut(&mut self, id: u32) -> Option<(&mut Surface, &mut Content)> {
        let surface = self.by_id.get_mut(&id)?;
        let content = self.contents.get_mut(&surface.wl.as_ref()?.id())?;
        Some((surface, content))
    }

    /// It has a buffer to show.
    pub fn is_mapped(&self, id: u32) -> bool {
        self.content_of(id).is_some_and(|content| content.framebuffer.is_some())
    }

    /// Popups and subsurfaces that are attached to `id` directly.
    pub fn children_of(&self, id: u32) -> Vec<u32> {
        self.by_id.values().filter(|surface| surface.parent() == Some(id)).map(|surface| surface.id).collect()
    }

    /// The window that `id` is attached to, directly or by way of others.
    pub fn root_of(&self, id: u32) -> u32 {
        let mut root = id;
        // Ends, since parents have smaller ids.
        while let Some(parent) = self.by_id.get(&root).and_then(Surface::parent) {
            root = parent;
        }
        root
    }
}

/// Half of the guest's memory: the other half is for programs.
fn framebuffer_budget() -> usize {
    let memory = rustix::system::sysinfo();
    let bytes = memory.totalram.saturating_mul(memory.mem_unit.into());
    usize::try_from(bytes / 2).unwrap_or(usize::MAX)
}
