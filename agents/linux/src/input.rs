//! Keyboard and pointer: events of the host become events of the wl_seat.

use atoll_wire::header::Message as Body;
use atoll_wire::{Key, KeyState as WireKeyState, Keymap, PointerAxis, PointerButton, PointerMotion};
use smithay::backend::input::{Axis, AxisSource, ButtonState, KeyState};
use smithay::input::keyboard::{FilterResult, Keycode, XkbConfig};
use smithay::input::pointer::{AxisFrame, ButtonEvent, MotionEvent};
use smithay::reexports::wayland_server::protocol::wl_surface::WlSurface;
use smithay::utils::{Logical, Point, SERIAL_COUNTER};

use crate::agent::Agent;
use crate::focus::Focus;
use crate::held_input::HeldInput;
use crate::pointing::Pointing;
use crate::ports::PortKind;
use crate::services::Service;
use crate::surfaces::{Popup, PopupShell};

pub const SERVICE: Service =
    Service { port: PortKind::Control, receive: Agent::receive_input, session_ended: Some(Agent::release_input) };

/// xkb's key codes are evdev's plus 8.
const XKB_OFFSET: u32 = 8;
/// KEY_MAX of linux/input-event-codes.h.
const MAX_CODE: u32 = 0x2ff;

#[derive(Debug, Default)]
pub struct InputState {
    /// The surface that the host gave the keyboard focus to; 0 = none.
    keyboard_wanted: u32,
    /// Buttons that are pressed.
    buttons: Vec<u32>,
    /// Where the host last had the pointer: a surface, and the position within it.
    last_motion: Option<(u32, Point<f64, Logical>)>,
    last_time_ms: u32,
}

impl Agent {
    fn receive_input(&mut self, body: &Body, _payload: &[u8]) -> bool {
        self.hold_input(body) || self.take_input(body)
    }

    /// False = the message is no input.
    pub(super) fn take_input(&mut self, body: &Body) -> bool {
        match body {
            Body::KeyboardFocus(focus) => self.focus_keyboard(focus.surface),
            Body::Key(key) => self.key(key),
            Body::PointerMotion(motion) => self.pointer_motion(motion),
            Body::PointerLeft(_) => self.pointer_left(),
            Body::PointerButton(button) => self.pointer_button(button),
            Body::PointerAxis(axis) => self.pointer_axis(axis),
            _ => return false,
        }
        true
    }

    fn focus_keyboard(&mut self, id: u32) {
        if self.input.keyboard_wanted != id {
            self.release_keys();
            self.input.keyboard_wanted = id;
            if let Some(x11) = self.surfaces.get(id).and_then(|surface| surface.x11()).cloned() {
                self.raise_x11(&x11);
            }
            self.update_keyboard_focus();
        }
    }

    /// Gives the keyboard focus to the surface that is to have it now: a menu with a grab goes before its window, and
    /// no surface gets it before it has shown something (foot before 1.14 does not survive that).
    pub fn update_keyboard_focus(&mut self) {
        let target = self.keyboard_target();
        if self.keyboard.current_focus() != target {
            let keyboard = self.keyboard.clone();
            let had_x11 = matches!(keyboard.current_focus(), Some(Focus::X11 { .. }));
            keyboard.set_focus(self, target.clone(), SERIAL_COUNTER.next_serial());
            match target {
                Some(Focus::X11 { window, .. }) => self.focus_x11(Some(&window)),
                _ if had_x11 => self.focus_x11(None),
                _ => {}
            }
        }
    }

    fn keyboard_target(&self) -> Option<Focus> {
        let wanted = self.input.keyboard_wanted;
        self.surfaces.get(wanted)?;
        let root = self.surfaces.root_of(wanted);
        let grabs = |popup: &Popup| popup.grab && matches!(popup.shell, PopupShell::Xdg(_));
        let menu = self.surfaces.iter().filter(|surface| surface.popup().is_some_and(grabs)).map(|surface| surface.id);
        // Of several menus, the one opened last is on top.
        let menu = menu.filter(|id| self.surfaces.root_of(*id) == root && self.surfaces.is_mapped(*id)).max();
        let id = menu.unwrap_or(wanted);
        let surface = self.surfaces.get(id).filter(|_| self.surfaces.is_mapped(id))?;
        let wl = surface.wl.clone()?;
        Some(match surface.x11() {
            Some(window) => Focus::X11 { window: Box::new(window.clone()), surface: wl },
            None => Focus::Wayland(wl),
        })
    }

    fn key(&mut self, key: &Key) {
        if key.code == 0 || key.code > MAX_CODE {
            return;
        }
        self.input.last_time_ms = key.time_ms;
        let code = Keycode::new(key.code + XKB_OFFSET);
        match key.state() {
            WireKeyState::Pressed => {
                self.x11_key_pressed(key.code, key.time_ms);
                self.send_key(code, KeyState::Pressed);
            }
            WireKeyState::Released => self.send_key(code, KeyState::Released),
            WireKeyState::Repeated if !self.keyboard.pressed_keys().contains(&code) || !self.repeats(code) => {}
            WireKeyState::Repeated => {
                self.x11_key_repeated(key.code, key.time_ms);
                // The X server repeats by itself, and ignores the press of a key that is already pressed.
                if !matches!(self.keyboard.current_focus(), Some(Focus::X11 { .. })) {
                    self.send_key(code, KeyState::Pressed);
                }
            }
            WireKeyState::Unspecified => {}
        }
    }

    /// Whether the keymap lets the key repeat. Modifiers do not: one that is pressed twice would never be released.
    fn repeats(&mut self, code: Keycode) -> bool {
        let keyboard = self.keyboard.clone();
        keyboard.with_xkb_state(self, |context| {
            context.xkb().lock().is_ok_and(|xkb| {
                // SAFETY: the keymap is not kept beyond this call, and the lock is held.
                #[allow(unsafe_code)]
                unsafe { xkb.keymap() }.key_repeats(code)
            })
        })
    }

    fn send_key(&mut self, code: Keycode, state: KeyState) {
        let keyboard = self.keyboard.clone();
        let time = self.input.last_time_ms;
        let serial = SERIAL_COUNTER.next_serial();
        if let (Some(Focus::X11 { .. }), Some(barrier)) = (keyboard.current_focus(), &mut self.x11.focus_barrier) {
            barrier.key_sent();
        }
        keyboard.input::<(), _>(self, code, state, serial, time, |_, _, _| FilterResult::Forward);
    }

    fn release_keys(&mut self) {
        for code in self.keyboard.pressed_keys() {
            self.send_key(code, KeyState::Released);
        }
    }

    /// The session is over: no key and no button stays pressed, and no surface has focus.
    fn release_input(&mut self) {
        self.held_input = HeldInput::default();
        self.focus_keyboard(0);
        for button in std::mem::take(&mut self.input.buttons) {
            self.send_button(button, false);
        }
        self.pointer_left();
    }

    pub fn change_keymap(&mut self, keymap: &Keymap) {
        let config = XkbConfig {
            rules: &keymap.rules,
            model: &keymap.model,
            layout: &keymap.layout,
            variant: &keymap.variant,
            options: (!keymap.options.is_empty()).then(|| keymap.options.clone()),
        };
        self.release_keys();
        let keyboard = self.keyboard.clone();
        self.x11.repeat.forget_sent();
        if keyboard.set_xkb_config(self, config).is_err() {
            log::warn!("the host's keymap is not known here: {keymap:?}");
        }
    }

    fn pointer_motion(&mut self, motion: &PointerMotion) {
        let at = Point::from((f64::from(motion.x_fixed) / 256.0, f64::from(motion.y_fixed) / 256.0));
        let before = self.input.last_motion.replace((motion.surface, at));
        if let Some((_, from)) = before.filter(|(surface, from)| *surface == motion.surface && *from != at) {
            self.move_relatively(at - from, motion.time_ms);
        }
        match self.point(motion.surface, at) {
            Pointing::At(surface, at) => self.move_pointer(Some(surface), at, motion.time_ms),
            Pointing::Nowhere => self.move_pointer(None, at, motion.time_ms),
            Pointing::Unknown => {}
        }
    }

    fn pointer_left(&mut self) {
        self.input.last_motion = None;
        self.move_pointer(None, Point::default(), self.input.last_time_ms);
    }

    /// smithay wants positions in a space of all surfaces; here every surface lies at its origin.
    pub(super) fn move_pointer(&mut self, surface: Option<WlSurface>, location: Point<f64, Logical>, time: u32) {
        self.input.last_time_ms = time;
        let pointer = self.pointer.clone();
        let event = MotionEvent { location, serial: SERIAL_COUNTER.next_serial(), time };
        pointer.motion(self, surface.map(|surface| (surface, Point::default())), &event);
        pointer.frame(self);
    }

    fn pointer_button(&mut self, button: &PointerButton) {
        self.input.last_time_ms = button.time_ms;
        if self.input.buttons.contains(&button.button) == button.pressed {
            return;
        }
        if button.pressed {
            self.end_menus_of_others();
            self.input.buttons.push(button.button);
        } else {
            self.input.buttons.retain(|down| *down != button.button);
        }
        self.send_button(button.button, button.pressed);
    }

    pub(super) fn send_button(&mut self, button: u32, pressed: bool) {
        let pointer = self.pointer.clone();
        let state = if pressed { ButtonState::Pressed } else { ButtonState::Released };
        let event = ButtonEvent { serial: SERIAL_COUNTER.next_serial(), time: self.input.last_time_ms, button, state };
        pointer.button(self, &event);
        pointer.frame(self);
    }

    /// A button is pressed: the surface on which it was pressed keeps the pointer (an implicit grab).
    pub(super) fn is_pressing(&self) -> bool {
        !self.input.buttons.is_empty()
    }

    /// Ends the implicit grab, so that another surface can have the pointer.
    pub(super) fn free_pointer(&mut self) {
        let pointer = self.pointer.clone();
        pointer.unset_grab(self, SERIAL_COUNTER.next_serial(), self.input.last_time_ms);
    }

    fn pointer_axis(&mut self, axis: &PointerAxis) {
        self.input.last_time_ms = axis.time_ms;
        let source = if axis.finger { AxisSource::Finger } else { AxisSource::Wheel };
        let mut frame = AxisFrame::new(axis.time_ms).source(source);
        for (which, steps, distance) in
            [(Axis::Horizontal, axis.x_120, axis.x_fixed), (Axis::Vertical, axis.y_120, axis.y_fixed)]
        {
            if distance != 0 {
                frame = frame.value(which, f64::from(distance) / 256.0);
            }
            if steps != 0 {
                frame = frame.v120(which, steps);
            }
            if axis.stopped {
                frame = frame.stop(which);
            }
        }
        let pointer = self.pointer.clone();
        pointer.axis(self, frame);
        pointer.frame(self);
    }
}
