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
    /// Pixels of the largest one that the host has described in this session.
    largest_px: u32,
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
        let screen = Self { output, current: DEFAULT, largest_px: 0 };
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

    /// Largest area of a buffer that the host takes in this session.
    pub fn max_buffer_px(&self) -> u32 {
        wire::limits::max_buffer_px(self.largest_px)
    }

    /// What the host said in the session before does not count any more.
    pub fn session_began(&mut self) {
        self.largest_px = 0;
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
        let area = self.screen.current.width.saturating_mul(self.screen.current.height);
        self.screen.largest_px = self.screen.largest_px.max(area);
        self.screen.apply();
        self.send_scale();
    }
}
