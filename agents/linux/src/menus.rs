//! Menus close when a button is pressed outside of them. A program sees presses on its own windows by itself; of those
//! on windows of other programs, or outside of the VM, neither Wayland nor X11 reports it.

use smithay::reexports::wayland_server::Resource;
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::utils::{Logical, Point, Rectangle};
use smithay::xwayland::X11Surface;
use smithay::xwayland::xwm::WmWindowType;

use crate::agent::Agent;
use crate::surfaces::Surface;

/// BTN_LEFT of linux/input-event-codes.h.
const BUTTON_LEFT: u32 = 0x110;

/// An override-redirect window that may be a menu, with a grab: not one that only shows something.
pub fn is_x11_menu(window: &X11Surface) -> bool {
    use WmWindowType::{Notification, Splash, Tooltip};
    !matches!(window.window_type(), Some(Notification | Splash | Tooltip))
}

impl Agent {
    /// A button is about to be pressed: closes the menus of all programs but the one that has the pointer.
    pub fn end_menus_of_others(&mut self) {
        let pressed = self.pointer.current_focus();
        let is_other = |surface: &&Surface| match (&surface.wl, &pressed) {
            (Some(menu), Some(pressed)) => !menu.id().same_client_as(&pressed.id()),
            _ => true,
        };
        let menus = self.surfaces.iter().filter(|surface| surface.popup().is_some_and(|popup| popup.grab));
        let (x11, wayland): (Vec<_>, Vec<_>) = menus.filter(is_other).partition(|surface| surface.x11().is_some());
        let has_x11 = !x11.is_empty();
        for id in wayland.iter().map(|surface| surface.id).collect::<Vec<_>>() {
            self.dismiss_popup(id);
        }
        if has_x11 {
            self.end_x11_menus();
        }
    }

    /// Only the program itself can close an X11 menu. It does so when the X server reports a press outside: one is
    /// made.
    pub fn end_x11_menus(&mut self) {
        if self.is_pressing() {
            return;
        }
        let menu = self
            .surfaces
            .iter()
            .find(|surface| surface.popup().is_some_and(|popup| popup.grab) && surface.x11().is_some());
        let Some((x11, wl)) = menu.and_then(|surface| Some((surface.x11()?.clone(), surface.wl.clone()?))) else {
            return;
        };
        let Some(outside) = self.outside_x11() else {
            log::debug!("X11 windows cover everything: their menu stays");
            return;
        };
        let (focus, location) = (self.pointer.current_focus(), self.pointer.current_location());
        self.press_at(wl, (outside - x11.geometry().loc).to_f64());
        let time = self.now_ms();
        self.move_pointer(focus, location, time);
    }

    fn press_at(&mut self, surface: WlSurface, at: Point<f64, Logical>) {
        let time = self.now_ms();
        self.move_pointer(Some(surface), at, time);
        self.send_button(BUTTON_LEFT, true);
        self.send_button(BUTTON_LEFT, false);
    }

    /// A point of X11's root window that lies on no other window.
    fn outside_x11(&self) -> Option<Point<i32, Logical>> {
        let windows: Vec<Rectangle<i32, Logical>> =
            self.surfaces.iter().filter_map(|surface| Some(surface.x11()?.geometry())).collect();
        let size = self.screen.logical();
        let candidates =
            [0, size.w - 1, size.w / 2].into_iter().flat_map(|x| [0, size.h - 1, size.h / 2].map(|y| (x, y)));
        candidates.map(Point::from).find(|point| !windows.iter().any(|window| window.contains(*point)))
    }
}
