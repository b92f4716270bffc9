//! Repeats of a held key for X11 programs. The X server makes them itself, since it alone can make one that is no release
//! and press to the programs that ask for that (XkbSetDetectableAutoRepeat). It is told to repeat as the host does, which
//! is learned from the repeats that the host sends.

use smithay::reexports::wayland_server::Resource;
use smithay::reexports::wayland_server::protocol::wl_keyboard::WlKeyboard;

use crate::agent::Agent;

/// So many repeats tell the rate.
const MEASURED_REPEATS: u32 = 8;

/// As wl_keyboard.repeat_info has it.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Pace {
    delay_ms: u32,
    per_s: u32,
}

/// The key that the host repeats now, and when.
#[derive(Debug, Clone, Copy)]
struct Held {
    code: u32,
    pressed_ms: u32,
    first_repeat_ms: u32,
    repeats: u32,
}

#[derive(Debug)]
pub struct X11Repeat {
    pace: Pace,
    /// What the X server repeats by; None = it has not been told.
    sent: Option<Pace>,
    held: Option<Held>,
}

impl Default for X11Repeat {
    /// What X servers begin with, nearly.
    fn default() -> Self {
        Self { pace: Pace { delay_ms: 600, per_s: 25 }, sent: None, held: None }
    }
}

impl X11Repeat {
    fn pressed(&mut self, code: u32, time_ms: u32) {
        self.held = Some(Held { code, pressed_ms: time_ms, first_repeat_ms: 0, repeats: 0 });
    }

    fn repeated(&mut self, code: u32, time_ms: u32) {
        let Some(held) = self.held.as_mut().filter(|held| held.code == code) else { return };
        held.repeats += 1;
        if held.repeats == 1 {
            held.first_repeat_ms = time_ms;
            let delay_ms = time_ms.wrapping_sub(held.pressed_ms).clamp(100, 2000);
            if differs(delay_ms, self.pace.delay_ms) {
                self.pace.delay_ms = delay_ms;
            }
        } else if held.repeats == MEASURED_REPEATS + 1 {
            let span_ms = time_ms.wrapping_sub(held.first_repeat_ms).max(1);
            let per_s = (MEASURED_REPEATS * 1000 / span_ms).clamp(1, 100);
            if differs(per_s, self.pace.per_s) {
                self.pace.per_s = per_s;
            }
        }
    }

    /// A new keymap brings its own repeats with it.
    pub fn forget_sent(&mut self) {
        self.sent = None;
    }
}

/// By more than a fifth: the times of keys are not exact.
fn differs(new: u32, old: u32) -> bool {
    new.abs_diff(old) * 5 > old
}

impl Agent {
    /// The host has pressed a key: the X server is to repeat it as the host does.
    pub fn x11_key_pressed(&mut self, code: u32, time_ms: u32) {
        let repeat = &mut self.x11.repeat;
        repeat.pressed(code, time_ms);
        if repeat.sent != Some(repeat.pace) {
            repeat.sent = Some(repeat.pace);
            let Pace { delay_ms, per_s } = repeat.pace;
            for keyboard in self.x11_keyboards() {
                keyboard.repeat_info(per_s as i32, delay_ms as i32);
            }
        }
    }

    /// The host has repeated a key: the X server does so by itself.
    pub fn x11_key_repeated(&mut self, code: u32, time_ms: u32) {
        self.x11.repeat.repeated(code, time_ms);
    }

    fn x11_keyboards(&self) -> Vec<WlKeyboard> {
        let Some(client) = self.x11.client() else { return Vec::new() };
        let mut ids = Vec::new();
        let listed = self.display.backend_handle().with_all_objects_for(client.id(), |id| {
            if id.interface().name == WlKeyboard::interface().name {
                ids.push(id);
            }
        });
        if listed.is_err() {
            log::debug!("Xwayland is gone");
        }
        ids.into_iter().filter_map(|id| WlKeyboard::from_id(&self.display, id).ok()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The pace after keys were held as a host with this pace does it.
    fn learned(delay_ms: u32, interval_ms: u32, repeats: u32) -> Pace {
        let mut repeat = X11Repeat::default();
        repeat.pressed(30, 1000);
        for at in 0..repeats {
            repeat.repeated(30, 1000 + delay_ms + at * interval_ms);
        }
        repeat.pace
    }

    #[test]
    fn the_pace_of_the_host_is_learned() {
        assert_eq!(learned(250, 20, 9), Pace { delay_ms: 250, per_s: 50 });
        assert_eq!(learned(250, 20, 8), Pace { delay_ms: 250, per_s: 25 });
    }

    #[test]
    fn small_differences_and_other_keys_change_nothing() {
        assert_eq!(learned(660, 42, 20), X11Repeat::default().pace);
        let mut repeat = X11Repeat::default();
        repeat.pressed(30, 1000);
        repeat.repeated(31, 1100);
        assert_eq!(repeat.pace, X11Repeat::default().pace);
    }

    #[test]
    fn absurd_times_stay_within_bounds() {
        assert_eq!(learned(0, 0, 20), Pace { delay_ms: 100, per_s: 100 });
        assert_eq!(learned(u32::MAX / 2, 60_000, 20), Pace { delay_ms: 2000, per_s: 1 });
    }
}
