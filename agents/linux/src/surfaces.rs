//! The surfaces that the host knows, or will as soon as there is one: windows, popups, subsurfaces.

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

use crate::encoding::Encoder;
use crate::picture::Picture;

/// What a wl_surface shows, whatever its role, also before it has one.
#[derive(Debug, Default)]
pub struct Content {
    /// None = no buffer: the surface is not mapped.
    pub picture: Option<Picture>,
    /// All of the last buffer, while wp_viewport shows a part of it: another part may be asked for without a new buffer.
    pub uncropped: Option<Picture>,
    pub scale: u32,
    /// Logical size, where wp_viewport sets it; else (0, 0).
    pub viewport: (u32, u32),
    /// Window geometry, relative to the surface; None = the whole surface.
    pub geometry: Option<Rect>,
    /// Something of the above changed since the last frame, the pixels apart.
    pub altered: bool,
    pub callbacks: Vec<WlCallback>,
}

impl Content {
    /// Logical size of the surface; (0, 0) without a picture.
    pub fn size(&self) -> (u32, u32) {
        match &self.picture {
            Some(_) if self.viewport != (0, 0) => self.viewport,
            Some(picture) => {
                let logical = |side: u32| (side / self.scale.max(1)).max(1);
                (logical(picture.width), logical(picture.height))
            }
            None => (0, 0),
        }
    }

    /// Window geometry, or what stands for it.
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

/// What the host is told of a window besides its pixels.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Facts {
    pub title: String,
    pub app_id: String,
    pub parent: u32,
    pub modal: bool,
    pub hints: SizeHints,
    pub decoration: Decoration,
}

#[derive(Debug)]
pub struct Window {
    pub shell: WindowShell,
    pub pid: u32,
    pub launch: u32,
    /// As the host knows it; None = it knows nothing of the window.
    pub told: Option<Facts>,
    pub told_at: Option<Instant>,
    /// The facts may differ from what was told: looked at once a turn.
    pub stale: bool,
    /// xdg configures that wait for an answer, with the host's serials.
    pub configures: Vec<(Serial, u32)>,
    /// X11: the host's serial of a new size that no picture has shown yet.
    pub resized: Option<u32>,
    /// The host's serial of the last configure that the program has answered.
    pub answered: u32,
    /// Top left of the geometry on the host's desktop.
    pub place: (i32, i32),
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
    /// The host is to be told of its place.
    pub moved: bool,
    pub moved_at: Option<Instant>,
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
    /// None = an X11 window whose wl_surface is not yet known.
    pub wl: Option<WlSurface>,
    pub role: Role,
    /// The host of this session has been told of it.
    pub announced: bool,
    pub credits: u32,
    pub serial: u32,
    /// The next frame covers all of the surface.
    pub whole: bool,
    pub encoder: Encoder,
    /// Stacking of the children; empty = it never had any.
    pub placed: Vec<Child>,
    /// The host is to be told of it.
    pub placed_stale: bool,
    pub placed_at: Option<Instant>,
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

    /// The surface that this one stands on; a dialog stands on nothing.
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

    /// Ends the host's knowledge of it.
    pub fn forget_host(&mut self) {
        self.announced = false;
        self.credits = 0;
        self.serial = 0;
        self.whole = true;
        self.placed_stale = true;
        if let Some(window) = self.window_mut() {
            window.told = None;
            window.configures.clear();
            window.resized = None;
            window.answered = 0;
        }
    }
}

#[derive(Debug)]
pub struct Surfaces {
    /// Bytes that the pictures of all surfaces may take together.
    picture_budget: usize,
    last_id: u32,
    by_id: BTreeMap<u32, Surface>,
    by_wl: HashMap<ObjectId, u32>,
    contents: HashMap<ObjectId, Content>,
}

impl Surfaces {
    pub fn new() -> Self {
        Self {
            picture_budget: picture_budget(),
            last_id: 0,
            by_id: BTreeMap::new(),
            by_wl: HashMap::new(),
            contents: HashMap::new(),
        }
    }

    /// Bytes that pictures may still take.
    pub fn picture_room(&self) -> usize {
        let bytes = |picture: &Option<Picture>| picture.as_ref().map_or(0, Picture::bytes);
        let taken: usize =
            self.contents.values().map(|content| bytes(&content.picture) + bytes(&content.uncropped)).sum();
        self.picture_budget.saturating_sub(taken)
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
            whole: true,
            encoder: Encoder::default(),
            placed: Vec::new(),
            placed_stale: false,
            placed_at: None,
        };
        self.by_id.insert(id, surface);
        id
    }

    /// An X11 window's wl_surface became known (or changed).
    pub fn associate(&mut self, id: u32, wl: WlSurface) {
        let Some(surface) = self.by_id.get_mut(&id) else { return };
        if let Some(old) = surface.wl.take() {
            self.by_wl.remove(&old.id());
        }
        self.by_wl.insert(wl.id(), id);
        surface.wl = Some(wl);
        surface.whole = true;
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

    pub fn of_x11(&self, x11: &X11Surface) -> Option<u32> {
        self.by_id.values().find(|surface| surface.x11() == Some(x11)).map(|surface| surface.id)
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

    /// The content of a surface, made on first use.
    pub fn content_mut(&mut self, wl: &WlSurface) -> &mut Content {
        self.contents.entry(wl.id()).or_insert_with(|| Content { scale: 1, ..Content::default() })
    }

    pub fn drop_content(&mut self, wl: &WlSurface) {
        self.contents.remove(&wl.id());
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

    /// It shows something.
    pub fn is_mapped(&self, id: u32) -> bool {
        self.content_of(id).is_some_and(|content| content.picture.is_some())
    }

    /// Surfaces that stand on `id`, directly.
    pub fn standing_on(&self, id: u32) -> Vec<u32> {
        self.by_id.values().filter(|surface| surface.parent() == Some(id)).map(|surface| surface.id).collect()
    }

    /// The window that `id` stands on at last.
    pub fn root_of(&self, id: u32) -> u32 {
        let mut root = id;
        // Parents are always older, so this ends.
        while let Some(parent) = self.by_id.get(&root).and_then(Surface::parent) {
            root = parent;
        }
        root
    }
}

/// Half of the guest's memory: the other half is the programs'.
fn picture_budget() -> usize {
    let memory = rustix::system::sysinfo();
    let bytes = memory.totalram.saturating_mul(memory.mem_unit.into());
    usize::try_from(bytes / 2).unwrap_or(usize::MAX)
}
