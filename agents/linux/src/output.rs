//! The one wl_output: the host's desktop, as the host describes it.

use atoll_wire as wire;
use smithay::output::{Mode, Output, PhysicalProperties, Scale, Subpixel};
use smithay::reexports::wayland_server::DisplayHandle;
use smithay::utils::{Logical, Rectangle, Size, Transform};

use crate::agent::Agent;

/// Until the host has described it.
const DEFAULT: wire::Output = wire::Output { width: 1920, height: 1080, scale_120: 120, refresh_mhz: 60_000 };
const MAX_SIDE: u32 = 32_768;

#[derive(Debug)]
pub struct Screen {
    pub output: Output,
    current: wire::Output,
}

impl Screen {
    pub fn new(display: &DisplayHandle) -> Self {
        let properties = PhysicalProperties {
            size: (0, 0).into(),
            subpixel: Subpixel::None,
            make: "Atoll".to_owned(),
            model: "desktop".to_owned(),
        };
        let output = Output::new("atoll-0".to_owned(), properties);
        output.create_global::<Agent>(display);
        let screen = Self { output, current: DEFAULT };
        screen.apply();
        screen
    }

    /// Size in logical units, which programs use for their layout.
    pub fn logical(&self) -> Size<i32, Logical> {
        let logical = |side: u32| (f64::from(side) / self.scale()).round() as i32;
        (logical(self.current.width), logical(self.current.height)).into()
    }

    pub fn area(&self) -> Rectangle<i32, Logical> {
        Rectangle::from_size(self.logical())
    }

    pub fn scale(&self) -> f64 {
        f64::from(self.current.scale_120) / 120.0
    }

    fn apply(&self) {
        let mode = Mode {
            size: (self.current.width as i32, self.current.height as i32).into(),
            refresh: self.current.refresh_mhz as i32,
        };
        for old in self.output.modes() {
            if old != mode {
                self.output.delete_mode(old);
            }
        }
        let scale = if self.current.scale_120 % 120 == 0 {
            Scale::Integer((self.current.scale_120 / 120) as i32)
        } else {
            Scale::Fractional(self.scale())
        };
        self.output.change_current_state(Some(mode), Some(Transform::Normal), Some(scale), Some((0, 0).into()));
        self.output.set_preferred(mode);
    }
}

impl Agent {
    pub fn change_output(&mut self, output: &wire::Output) {
        let or = |value: u32, default: u32| if value == 0 { default } else { value };
        self.screen.current = wire::Output {
            width: or(output.width, DEFAULT.width).min(MAX_SIDE),
            height: or(output.height, DEFAULT.height).min(MAX_SIDE),
            scale_120: or(output.scale_120, DEFAULT.scale_120).clamp(60, 120 * wire::limits::MAX_SCALE),
            refresh_mhz: or(output.refresh_mhz, DEFAULT.refresh_mhz).min(1_000_000),
        };
        self.screen.apply();
        self.send_scale();
    }
}
