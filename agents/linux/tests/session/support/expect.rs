//! Messages that tests wait for as the host, and messages that they send.

use atoll_wire::header::Message as Body;
use atoll_wire::{Configure, Ping, PointerButton, PopupOpened, Refresh, WindowChanged, WindowOpened, WindowRequest};

use super::host::{CONTROL, Host, Shown};

impl Host {
    pub fn window_opened(&mut self) -> WindowOpened {
        self.wait("WindowOpened", |body| match body {
            Body::WindowOpened(opened) => Some(opened.clone()),
            _ => None,
        })
    }

    pub fn popup_opened(&mut self) -> PopupOpened {
        self.wait("PopupOpened", |body| match body {
            Body::PopupOpened(opened) => Some(*opened),
            _ => None,
        })
    }

    /// Id and parent.
    pub fn subsurface_opened(&mut self) -> (u32, u32) {
        self.wait("SubsurfaceOpened", |body| match body {
            Body::SubsurfaceOpened(opened) => Some((opened.surface, opened.parent)),
            _ => None,
        })
    }

    pub fn window_changed(&mut self, surface: u32) -> WindowChanged {
        self.wait("WindowChanged", |body| match body {
            Body::WindowChanged(changed) if changed.surface == surface => Some(changed.clone()),
            _ => None,
        })
    }

    pub fn requested(&mut self, surface: u32) -> (WindowRequest, u32) {
        self.wait("WindowRequested", |body| match body {
            Body::WindowRequested(requested) if requested.surface == surface => {
                Some((requested.request(), requested.edges))
            }
            _ => None,
        })
    }

    /// Stacking of a surface's children: ids and places.
    pub fn placed(&mut self, parent: u32) -> Vec<(u32, i32, i32)> {
        self.wait("ChildrenPlaced", |body| match body {
            Body::ChildrenPlaced(placed) if placed.parent == parent => {
                Some(placed.children.iter().map(|child| (child.surface, child.x, child.y)).collect())
            }
            _ => None,
        })
    }

    pub fn closed(&mut self, surface: u32) {
        self.wait(&format!("SurfaceClosed {surface}"), |body| match body {
            Body::SurfaceClosed(closed) if closed.surface == surface => Some(()),
            _ => None,
        });
    }

    pub fn configure(&mut self, surface: u32, serial: u32, (width, height): (u32, u32), states: u32) {
        let configure = Configure { surface, serial, width, height, states, ..Configure::default() };
        self.send(CONTROL, Body::Configure(configure));
    }

    /// The left button goes down or up.
    pub fn press(&mut self, pressed: bool) {
        let time_ms = self.time_ms();
        self.send(CONTROL, Body::PointerButton(PointerButton { button: 0x110, pressed, time_ms }));
    }

    pub fn click(&mut self) {
        self.press(true);
        self.press(false);
    }

    /// The agent has handled all that was sent on control.
    pub fn roundtrip(&mut self) {
        self.send(CONTROL, Body::Ping(Ping { nonce: 7 }));
        self.wait("Pong", |body| matches!(body, Body::Pong(_)).then_some(()));
    }

    pub fn refresh(&mut self, surface: u32) {
        self.send(CONTROL, Body::Refresh(Refresh { surface }));
    }

    /// Waits for a frame of that size whose top left pixel is this one.
    pub fn shows(&mut self, surface: u32, (width, height): (u32, u32), pixel: u32) -> Shown {
        self.wait_frame(&format!("{surface} in {width}x{height} of {pixel:06x}"), surface, |shown| {
            (shown.width, shown.height) == (width, height) && shown.pixel(0, 0) == pixel
        })
    }
}

impl Shown {
    /// 0xRRGGBB
    pub fn pixel(&self, x: u32, y: u32) -> u32 {
        let at = (y * self.width + x) as usize * 4;
        u32::from_le_bytes([self.pixels[at], self.pixels[at + 1], self.pixels[at + 2], 0])
    }
}
