//! The host's rules for messages of an agent, as shared/protocol has them. An agent that breaks one loses its channels,
//! whichever program of the guest was the cause.

use std::collections::BTreeMap;

use atoll_wire::header::Message as Body;
use atoll_wire::limits::{
    MAX_APP_ID_BYTES, MAX_CLIP_TYPE_BYTES, MAX_CLIP_TYPES, MAX_COORDINATE, MAX_CURSOR_SIDE_PX, MAX_DAMAGE_RECTS,
    MAX_FILE_PATH_BYTES, MAX_FILE_RESULTS, MAX_FRAME_PARTS, MAX_PASTES, MAX_POPUP_DEPTH, MAX_SCALE, MAX_SHAPE_BYTES,
    MAX_SIDE_PX, MAX_STREAM_CHUNK_BYTES, MAX_STREAM_CREDIT_BYTES, MAX_SUBSURFACE_DEPTH, MAX_SURFACES, MAX_TITLE_BYTES,
    MAX_WINDOWS, max_buffer_px,
};
use atoll_wire::{
    ChildrenPlaced, ClipOffered, CursorChanged, Encoding, FileKind, FileReason, FilesListed, Frame, Message,
    PasteWanted, Rect, Selection, WindowRequest, cursor_changed,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Window,
    Popup,
    Subsurface,
}

#[derive(Debug)]
struct Surface {
    role: Role,
    parent: u32,
    credits: u32,
    serial: u32,
    /// Serial, size, number of messages and bytes of the frame that is not complete.
    partial: Option<(u32, (u32, u32), usize, usize)>,
}

/// A stream that the host has named.
#[derive(Debug)]
enum Stream {
    /// The agent writes it: the credit that it has, bytes; its exec, 0 = none.
    Outgoing { credit: usize, exec: u32 },
    /// The host writes it.
    Incoming,
    /// The agent has sent its end.
    Ended,
}

/// What the clipboard's messages have said.
#[derive(Debug, Default)]
struct Clips {
    /// The newest that the agent has told, by selection.
    generations: BTreeMap<i32, u32>,
    /// What the host has announced, by offer: its types.
    announced: BTreeMap<u32, Vec<String>>,
    /// Requests that wait for the host.
    wanted: Vec<u32>,
    last_request: u32,
    /// Streams of what the host has sent ahead and no program has taken.
    aheads: Vec<u32>,
}

/// What the messages of files have said.
#[derive(Debug, Default)]
struct Files {
    /// Entries that have been listed, by transfer.
    listed: BTreeMap<u32, u32>,
    /// Streams of those that the agent sends.
    sending: BTreeMap<u32, u32>,
    ended: Vec<u32>,
}

/// What is open, by these rules.
#[derive(Debug, Default)]
pub struct Rules {
    clips: Clips,
    files: Files,
    streams: BTreeMap<u32, Stream>,
    live: BTreeMap<u32, Surface>,
    retired: BTreeMap<u32, Surface>,
    highest: u32,
}

impl Rules {
    pub fn granted(&mut self, surface: u32, count: u32) {
        if let Some(surface) = self.live.get_mut(&surface) {
            surface.credits += count;
        }
    }

    /// To be called with every message of the host.
    pub fn sent(&mut self, body: &Body) {
        match body {
            Body::ExecStart(start) => {
                self.streams.entry(start.stdin).or_insert(Stream::Incoming);
                for output in [start.stdout, start.stderr].into_iter().filter(|id| *id != 0) {
                    self.streams.entry(output).or_insert(Stream::Outgoing { credit: 0, exec: start.exec });
                }
            }
            Body::ClipAnnounced(announced) => {
                self.clips.announced.insert(announced.offer, announced.types.clone());
            }
            Body::ClipRead(read) => {
                self.streams.entry(read.stream).or_insert(Stream::Outgoing { credit: 0, exec: 0 });
            }
            Body::ClipAhead(ahead) => {
                self.streams.entry(ahead.stream).or_insert(Stream::Incoming);
                self.clips.aheads.push(ahead.stream);
            }
            Body::ClipPut(put) => {
                self.streams.entry(put.stream).or_insert(Stream::Incoming);
            }
            Body::PasteGiven(given) => {
                self.streams.entry(given.stream).or_insert(Stream::Incoming);
                self.clips.wanted.retain(|request| *request != given.request);
                self.clips.aheads.retain(|stream| *stream != given.stream);
            }
            Body::PasteRefused(refused) => self.clips.wanted.retain(|request| *request != refused.request),
            Body::FilesSend(send) => {
                self.streams.entry(send.stream).or_insert(Stream::Outgoing { credit: 0, exec: 0 });
                self.files.sending.insert(send.transfer, send.stream);
            }
            Body::FilesReceive(receive) => {
                self.streams.entry(receive.stream).or_insert(Stream::Incoming);
            }
            Body::ServiceOpen(open) => {
                self.streams.entry(open.to_program).or_insert(Stream::Incoming);
                self.streams.entry(open.from_program).or_insert(Stream::Outgoing { credit: 0, exec: 0 });
            }
            Body::StreamCredit(more) => {
                if let Some(Stream::Outgoing { credit, .. }) = self.streams.get_mut(&more.stream) {
                    *credit += more.bytes as usize;
                }
            }
            _ => {}
        }
    }

    fn stream(&mut self, id: u32) -> &mut Stream {
        self.streams.get_mut(&id).unwrap_or_else(|| panic!("the host has named no stream {id}"))
    }

    /// Panics where the host would end the session.
    pub fn check(&mut self, message: &Message) {
        let Some(body) = &message.body else { return };
        match body {
            Body::WindowOpened(opened) => {
                self.open(opened.surface, Role::Window, 0);
                texts(&opened.title, &opened.app_id);
                self.dialog_parent(opened.parent);
            }
            Body::PopupOpened(opened) => {
                self.open(opened.surface, Role::Popup, opened.parent);
                popup_place(opened.rect.as_ref());
            }
            Body::SubsurfaceOpened(opened) => self.open(opened.surface, Role::Subsurface, opened.parent),
            Body::WindowChanged(changed) => {
                self.require(changed.surface, Some(Role::Window));
                texts(changed.title.as_deref().unwrap_or_default(), changed.app_id.as_deref().unwrap_or_default());
                self.dialog_parent(changed.parent.unwrap_or_default());
            }
            Body::PopupMoved(moved) => {
                self.require(moved.surface, Some(Role::Popup));
                popup_place(moved.rect.as_ref());
            }
            Body::ChildrenPlaced(placed) => self.children(placed),
            Body::WindowRequested(requested) => {
                self.require(requested.surface, Some(Role::Window));
                let edges = requested.request() != WindowRequest::Resize || (1..=15).contains(&requested.edges);
                assert!(edges, "resize of edges {}", requested.edges);
            }
            Body::PointerLockWanted(wanted) if wanted.surface != 0 => {
                self.require(wanted.surface, None);
            }
            Body::SurfaceClosed(closed) => self.close(closed.surface),
            Body::CursorChanged(changed) => cursor(changed, message.payload.len()),
            Body::Frame(frame) => self.frame(frame, message.payload.len()),
            Body::StreamData(data) => match self.stream(data.stream) {
                Stream::Outgoing { credit, .. } => {
                    let bytes = message.payload.len();
                    assert!(
                        (1..=MAX_STREAM_CHUNK_BYTES.min(*credit)).contains(&bytes),
                        "{bytes} bytes, {credit} credit"
                    );
                    *credit -= bytes;
                }
                other => panic!("data of stream {}, {other:?}", data.stream),
            },
            Body::StreamCredit(credit) => {
                let stream = self.stream(credit.stream);
                assert!(matches!(stream, Stream::Incoming), "credit for stream {}, {stream:?}", credit.stream);
                assert!((1..=MAX_STREAM_CREDIT_BYTES).contains(&credit.bytes), "credit of {}", credit.bytes);
            }
            Body::StreamEnd(end) => {
                let stream = self.stream(end.stream);
                assert!(!matches!(stream, Stream::Ended), "stream {} ended twice", end.stream);
                *stream = Stream::Ended;
            }
            Body::ClipOffered(offered) => self.clips.offered(offered),
            Body::PasteWanted(wanted) => self.clips.wanted(wanted),
            // One that the host has just answered may be dropped all the same.
            Body::PasteDropped(dropped) => {
                assert!((1..=self.clips.last_request).contains(&dropped.request), "request {}", dropped.request);
                self.clips.wanted.retain(|request| *request != dropped.request);
            }
            Body::PasteTaken(taken) => {
                let at = self.clips.aheads.iter().position(|stream| *stream == taken.stream);
                self.clips.aheads.remove(at.unwrap_or_else(|| panic!("stream {} was not sent ahead", taken.stream)));
            }
            Body::FilesListed(listed) => self.files.listed(listed),
            Body::FilesDone(done) => {
                self.files.goes_on(done.transfer);
                assert!(done.results.len() <= MAX_FILE_RESULTS, "{} results", done.results.len());
            }
            Body::FilesReady(ready) => self.files.goes_on(ready.transfer),
            Body::FilesEnded(ended) => {
                self.files.goes_on(ended.transfer);
                self.files.ended.push(ended.transfer);
                if let Some(stream) = self.files.sending.get(&ended.transfer).copied() {
                    let stream = self.stream(stream);
                    assert!(matches!(stream, Stream::Ended), "transfer {} ended before its stream", ended.transfer);
                }
            }
            Body::ExecExited(exited) => {
                let is_open = |stream: &Stream| matches!(stream, Stream::Outgoing { exec, .. } if *exec == exited.exec);
                assert!(!self.streams.values().any(is_open), "exec {} exited before its streams ended", exited.exec);
            }
            _ => {}
        }
    }

    fn require(&self, id: u32, role: Option<Role>) -> &Surface {
        let surface = self.live.get(&id).unwrap_or_else(|| panic!("surface {id} is not open"));
        assert!(role.is_none_or(|role| surface.role == role), "surface {id} is a {:?}", surface.role);
        surface
    }

    fn open(&mut self, id: u32, role: Role, parent: u32) {
        assert!(id > self.highest, "surface {id} is not above {}", self.highest);
        assert!(self.live.len() < MAX_SURFACES, "too many surfaces");
        let windows = self.live.values().filter(|surface| surface.role == Role::Window).count();
        assert!(role != Role::Window || windows < MAX_WINDOWS, "too many windows");
        if role != Role::Window {
            let below = self.require(parent, None).role;
            assert!(role != Role::Popup || below != Role::Subsurface, "a popup on subsurface {parent}");
            let limit = if role == Role::Popup { MAX_POPUP_DEPTH } else { MAX_SUBSURFACE_DEPTH };
            let (mut depth, mut at) = (1, parent);
            while let Some(surface) = self.live.get(&at).filter(|surface| surface.role == role) {
                depth += 1;
                at = surface.parent;
            }
            assert!(depth <= limit, "{role:?} nested {depth} deep");
        }
        self.highest = id;
        self.live.insert(id, Surface { role, parent, credits: 0, serial: 0, partial: None });
    }

    fn close(&mut self, id: u32) {
        self.require(id, None);
        let standing = self.live.iter().filter(|(_, surface)| surface.role != Role::Window && surface.parent == id);
        for child in standing.map(|(child, _)| *child).collect::<Vec<_>>() {
            self.close(child);
        }
        let surface = self.live.remove(&id).expect("it is live");
        self.retired.insert(id, surface);
    }

    fn dialog_parent(&self, parent: u32) {
        if let Some(parent) = self.live.get(&parent) {
            assert_eq!(parent.role, Role::Window, "a dialog of a {:?}", parent.role);
        }
    }

    fn children(&self, placed: &ChildrenPlaced) {
        self.require(placed.parent, None);
        let mut seen = Vec::new();
        for child in &placed.children {
            assert!(!seen.contains(&child.surface), "child {} is placed twice", child.surface);
            seen.push(child.surface);
            if child.surface != placed.parent {
                let parent = self.require(child.surface, Some(Role::Subsurface)).parent;
                assert_eq!(parent, placed.parent, "surface {} is another's child", child.surface);
            }
            coordinate(child.x);
            coordinate(child.y);
        }
    }

    fn frame(&mut self, frame: &Frame, bytes: usize) {
        let (width, height) = (frame.width, frame.height);
        side(width);
        side(height);
        assert!(width * height <= max_buffer_px(1280 * 800), "a frame of {width}x{height}");
        let surface = self.live.get_mut(&frame.surface).or_else(|| self.retired.get_mut(&frame.surface));
        let surface = surface.unwrap_or_else(|| panic!("a frame for unknown surface {}", frame.surface));
        if surface.partial.is_none() {
            assert!(surface.credits > 0, "surface {} has no credit", frame.surface);
            assert!(frame.serial > surface.serial, "serial {} does not rise", frame.serial);
            surface.credits -= 1;
            surface.serial = frame.serial;
        }
        let (serial, size, parts, sum) = surface.partial.take().unwrap_or((frame.serial, (width, height), 0, 0));
        assert_eq!((serial, size), (frame.serial, (width, height)), "the frame before is not complete");
        let (parts, sum) = (parts + 1, sum + bytes);
        assert!(parts <= MAX_FRAME_PARTS && sum <= (width * height * 4) as usize * 2 + 4096, "{parts} parts, {sum} B");
        surface.partial = (!frame.last).then_some((serial, size, parts, sum));
        assert!(frame.damage.len() <= MAX_DAMAGE_RECTS);
        let mut named = 0;
        for rect in &frame.damage {
            let inside = rect.width > 0 && rect.height > 0 && rect.x + rect.width <= width;
            assert!(inside && rect.y + rect.height <= height, "damage {rect:?} of {width}x{height}");
            let raw = rect.width * rect.height * 4;
            match rect.encoding() {
                Encoding::Raw => assert_eq!(rect.size, raw),
                Encoding::Lz4 => assert!(rect.size > 0 && rect.size <= raw + raw / 255 + 16),
                Encoding::Solid => assert_eq!(rect.size, 4),
                Encoding::Unspecified => panic!("a rectangle without encoding"),
            }
            named += rect.size as usize;
        }
        assert_eq!(named, bytes, "rectangles and payload");
        assert!((1..=MAX_SCALE).contains(&frame.scale), "scale {}", frame.scale);
        for viewport in [frame.viewport_width, frame.viewport_height] {
            assert!(viewport <= MAX_SIDE_PX, "viewport {viewport}");
        }
        if let Some(geometry) = &frame.geometry {
            place(geometry);
        }
    }
}

impl Files {
    fn goes_on(&self, transfer: u32) {
        assert!(!self.ended.contains(&transfer), "transfer {transfer} has ended");
    }

    fn listed(&mut self, listed: &FilesListed) {
        self.goes_on(listed.transfer);
        let next = self.listed.entry(listed.transfer).or_default();
        for entry in &listed.entries {
            assert_eq!(entry.index, *next, "entries without a gap");
            assert!((1..=MAX_FILE_PATH_BYTES).contains(&entry.path.len()), "a path of {} bytes", entry.path.len());
            assert_eq!(entry.kind() == FileKind::LeftOut, entry.reason() != FileReason::Unspecified, "{entry:?}");
            *next += 1;
        }
    }
}

impl Clips {
    fn offered(&mut self, offered: &ClipOffered) {
        assert_ne!(offered.selection(), Selection::Unspecified, "an offer of no selection");
        let last = self.generations.insert(offered.selection, offered.generation).unwrap_or(0);
        assert!(offered.generation > last, "generation {} does not rise", offered.generation);
        assert!(offered.types.len() <= MAX_CLIP_TYPES, "{} types", offered.types.len());
        for name in &offered.types {
            assert!((1..=MAX_CLIP_TYPE_BYTES).contains(&name.len()), "a type of {} bytes", name.len());
        }
    }

    fn wanted(&mut self, wanted: &PasteWanted) {
        assert!(wanted.request > self.last_request, "request {} does not rise", wanted.request);
        self.last_request = wanted.request;
        let types = self.announced.get(&wanted.offer).unwrap_or_else(|| panic!("offer {} is not known", wanted.offer));
        assert!(types.contains(&wanted.r#type), "{} was not announced", wanted.r#type);
        self.wanted.push(wanted.request);
        assert!(self.wanted.len() <= MAX_PASTES, "{} requests wait", self.wanted.len());
    }
}

fn side(side: u32) {
    assert!((1..=MAX_SIDE_PX).contains(&side), "a side of {side}");
}

fn coordinate(at: i32) {
    assert!(at.abs() <= MAX_COORDINATE, "a place at {at}");
}

fn place(rect: &Rect) {
    coordinate(rect.x);
    coordinate(rect.y);
    side(rect.width);
    side(rect.height);
}

fn popup_place(rect: Option<&Rect>) {
    place(rect.expect("a popup has a place"));
}

fn texts(title: &str, app_id: &str) {
    assert!(title.len() <= MAX_TITLE_BYTES && app_id.len() <= MAX_APP_ID_BYTES, "a long title");
}

fn cursor(changed: &CursorChanged, bytes: usize) {
    match changed.cursor.as_ref().expect("a cursor") {
        cursor_changed::Cursor::Shape(shape) => assert!(shape.len() <= MAX_SHAPE_BYTES && bytes == 0),
        cursor_changed::Cursor::Bitmap(bitmap) => {
            for side in [bitmap.width, bitmap.height] {
                assert!((1..=MAX_CURSOR_SIDE_PX).contains(&side), "a cursor of {side}");
            }
            assert_eq!(bytes, (bitmap.width * bitmap.height * 4) as usize);
            assert!(bitmap.hot_x < bitmap.width && bitmap.hot_y < bitmap.height, "hot spot");
            assert!((1..=MAX_SCALE).contains(&bitmap.scale), "cursor scale");
        }
    }
}
