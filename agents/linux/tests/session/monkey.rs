//! Programs that make any request in any order, while the host does the same: the agent goes on, what it sends is
//! valid, and other programs are served. The same seed gives the same requests each time.

use atoll_wire::header::Message as Body;
use atoll_wire::{Configure, Key, KeyState, KeyboardFocus, PointerAxis, PointerLeft, PopupDismissed};
use wayland_client::protocol::wl_data_device_manager::WlDataDeviceManager;
use wayland_client::protocol::wl_output::Transform;
use wayland_client::protocol::wl_subsurface::WlSubsurface;
use wayland_protocols::wp::fractional_scale::v1::client::wp_fractional_scale_manager_v1::WpFractionalScaleManagerV1;
use wayland_protocols::wp::viewporter::client::wp_viewport::WpViewport;
use wayland_protocols::wp::viewporter::client::wp_viewporter::WpViewporter;
use wayland_protocols::xdg::dialog::v1::client::xdg_wm_dialog_v1::XdgWmDialogV1;
use wayland_protocols::xdg::shell::client::xdg_popup::XdgPopup;
use wayland_protocols::xdg::shell::client::xdg_surface::XdgSurface;
use wayland_protocols::xdg::shell::client::xdg_toplevel::{ResizeEdge, XdgToplevel};

use crate::support::agent::Agent;
use crate::support::host::{CONTROL, Host};
use crate::support::wayland::{Client, Rule, WlSurface};

/// A small pseudo-random generator.
struct Random(u64);

impl Random {
    /// 0..bound
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound.max(1)
    }

    fn one<T: Clone>(&mut self, of: &[T]) -> Option<T> {
        of.get(self.below(of.len())).cloned()
    }

    fn number(&mut self) -> i32 {
        let numbers = [i32::MIN, -70_000, -1, 0, 1, 2, 3, 5, 17, 64, 300, 9000, 40_000, i32::MAX];
        numbers[self.below(numbers.len())]
    }

    /// A number that does not get the program disconnected at once.
    fn small(&mut self) -> i32 {
        self.below(40) as i32 + 1
    }
}

struct Monkey {
    client: Client,
    viewports: WpViewporter,
    scales: WpFractionalScaleManagerV1,
    dialogs: XdgWmDialogV1,
    surfaces: Vec<WlSurface>,
    xdgs: Vec<XdgSurface>,
    toplevels: Vec<XdgToplevel>,
    popups: Vec<XdgPopup>,
    children: Vec<WlSubsurface>,
    crops: Vec<WpViewport>,
}

impl Monkey {
    fn new(agent: &Agent) -> Self {
        let client = agent.client();
        let manager: WlDataDeviceManager = client.bind(3);
        manager.get_data_device(&client.seat, &client.handle, ());
        Self {
            viewports: client.bind(1),
            scales: client.bind(1),
            dialogs: client.bind(1),
            client,
            surfaces: Vec::new(),
            xdgs: Vec::new(),
            toplevels: Vec::new(),
            popups: Vec::new(),
            children: Vec::new(),
            crops: Vec::new(),
        }
    }

    fn window(&mut self) {
        let window = self.client.surface();
        let xdg = self.client.shell.get_xdg_surface(&window, &self.client.handle, ());
        let toplevel = xdg.get_toplevel(&self.client.handle, ());
        window.commit();
        self.surfaces.push(window);
        self.xdgs.push(xdg);
        self.toplevels.push(toplevel);
    }

    fn step(&mut self, random: &mut Random) {
        let handle = self.client.handle.clone();
        let Some(surface) = random.one(&self.surfaces) else { return self.start(random) };
        let other = random.one(&self.surfaces).unwrap_or_else(|| surface.clone());
        match random.below(30) {
            0 => self.start(random),
            1..=6 => {
                let buffer = self.client.buffer(random.small(), random.small());
                surface.attach(Some(&buffer.buffer), 0, 0);
                surface.damage(random.number(), random.number(), random.number(), random.number());
                if random.below(4) == 0 {
                    buffer.buffer.destroy();
                }
                surface.commit();
            }
            7 => {
                surface.attach(None, 0, 0);
                surface.commit();
            }
            8 => surface.set_buffer_scale(random.small() % 6 + 1),
            9 => {
                surface.set_buffer_transform([Transform::_90, Transform::Flipped270, Transform::_180][random.below(3)])
            }
            10 => {
                surface.frame(&handle, ());
                surface.commit();
            }
            11 | 12 if surface != other => {
                self.children.push(self.client.subcompositor.get_subsurface(&surface, &other, &handle, ()));
            }
            13 => {
                if let Some(child) = random.one(&self.children) {
                    match random.below(5) {
                        0 => child.set_desync(),
                        1 => child.set_sync(),
                        2 => child.set_position(random.number(), random.number()),
                        3 => child.destroy(),
                        _ => child.place_above(&other),
                    }
                }
            }
            14 => self.crops.push(self.viewports.get_viewport(&surface, &handle, ())),
            15 => {
                if let Some(crop) = random.one(&self.crops) {
                    let number = |random: &mut Random| f64::from(random.small());
                    match random.below(3) {
                        0 => crop.set_source(number(random), number(random), 1.0, 1.0),
                        1 => crop.set_destination(random.number().max(1), random.number().max(1)),
                        _ => crop.destroy(),
                    }
                }
            }
            16 => {
                let size = [random.number().max(1), random.number().max(1)];
                surface.set_input_region(Some(&self.client.region(&[[
                    random.number(),
                    random.number(),
                    size[0],
                    size[1],
                ]])));
            }
            17 | 18 => {
                if let (Some(parent), Some(toplevel)) = (random.one(&self.toplevels), random.one(&self.toplevels)) {
                    match random.below(7) {
                        0 => toplevel.set_parent(Some(&parent)),
                        1 => toplevel.set_title("x".repeat(random.below(3000))),
                        2 => toplevel.set_maximized(),
                        3 => toplevel.set_fullscreen(None),
                        4 => toplevel.set_min_size(random.number().max(0), random.number().max(0)),
                        5 => toplevel.resize(&self.client.seat, 1, ResizeEdge::Top),
                        _ => self.dialogs.get_xdg_dialog(&toplevel, &handle, ()).set_modal(),
                    }
                }
            }
            19 | 20 => {
                if let Some(parent) = random.one(&self.xdgs) {
                    let (width, height) = (random.number().max(1), random.number().max(1));
                    let rule = Rule { x: random.number(), y: random.number(), width, height };
                    let popup = self.client.surface();
                    let xdg = self.client.shell.get_xdg_surface(&popup, &handle, ());
                    let role = xdg.get_popup(Some(&parent), &self.client.positioner(&rule), &handle, ());
                    if random.below(2) == 0 {
                        role.grab(&self.client.seat, 1);
                    }
                    popup.commit();
                    self.surfaces.push(popup);
                    self.xdgs.push(xdg);
                    self.popups.push(role);
                }
            }
            21 => {
                if let Some(popup) = random.one(&self.popups) {
                    let rule = Rule { x: random.number(), y: random.number(), width: random.small(), height: 1 };
                    popup.reposition(&self.client.positioner(&rule), 1);
                }
            }
            22 => self.client.pointer().set_cursor(1, Some(&surface), random.number(), random.number()),
            23 => {
                if let Some(xdg) = random.one(&self.xdgs) {
                    xdg.set_window_geometry(random.number(), random.number(), random.small(), random.number().max(1));
                }
            }
            24 => {
                self.scales.get_fractional_scale(&surface, &handle, ());
            }
            25 if random.below(4) == 0 => surface.destroy(),
            26 if random.below(4) == 0 => {
                if let Some(popup) = random.one(&self.popups) {
                    popup.destroy();
                }
            }
            27 if random.below(4) == 0 => {
                if let Some(toplevel) = random.one(&self.toplevels) {
                    toplevel.destroy();
                }
            }
            28 if random.below(8) == 0 => {
                if let Some(xdg) = random.one(&self.xdgs) {
                    xdg.destroy();
                }
            }
            _ => surface.commit(),
        }
    }

    fn start(&mut self, random: &mut Random) {
        if random.below(2) == 0 { self.window() } else { self.surfaces.push(self.client.surface()) }
    }
}

fn host_step(host: &mut Host, random: &mut Random) {
    let known: Vec<u32> = host.surfaces.keys().copied().chain([0, 1_000_000]).collect();
    let surface = random.one(&known).unwrap_or_default();
    let time_ms = host.time_ms();
    match random.below(9) {
        0 => host.send(CONTROL, Body::KeyboardFocus(KeyboardFocus { surface })),
        1 => host.move_pointer(surface, f64::from(random.small()), f64::from(random.small())),
        2 => host.press(random.below(2) == 0),
        3 => host.send(CONTROL, Body::PointerLeft(PointerLeft {})),
        4 => host.send(CONTROL, Body::PopupDismissed(PopupDismissed { surface })),
        5 => {
            let (width, height) = (random.number() as u32, random.number() as u32);
            let (x, y) = (random.number(), random.number());
            let states = random.below(64) as u32;
            let configure = Configure {
                surface,
                serial: 1,
                width,
                height,
                states,
                x,
                y,
                bounds_width: width,
                bounds_height: height,
            };
            host.send(CONTROL, Body::Configure(configure));
        }
        6 => {
            let state = [KeyState::Pressed, KeyState::Released, KeyState::Repeated][random.below(3)].into();
            host.send(CONTROL, Body::Key(Key { code: random.below(300) as u32, state, time_ms }));
        }
        7 => {
            let axis =
                PointerAxis { y_120: random.number(), y_fixed: random.number(), time_ms, ..PointerAxis::default() };
            host.send(CONTROL, Body::PointerAxis(axis));
        }
        _ => host.refresh(surface),
    }
}

fn run(seed: u64) {
    let mut agent = Agent::start();
    let mut host = agent.host();
    let mut random = Random(seed);
    for _ in 0..12 {
        let mut monkey = Monkey::new(&agent);
        for _ in 0..60 {
            for _ in 0..random.below(8) {
                monkey.step(&mut random);
            }
            if random.below(3) == 0 {
                host_step(&mut host, &mut random);
            }
            // A program that has broken the protocol is disconnected: the next one comes.
            if monkey.client.try_roundtrip().is_err() {
                break;
            }
            monkey.client.acknowledge(&monkey.xdgs);
        }
        host.roundtrip();
        agent.assert_runs();
    }
    let mut client = agent.client();
    client.shown_window("after all", 20, 20, 3);
    let id = host.wait("the window", |body| match body {
        Body::WindowOpened(opened) if opened.title == "after all" => Some(opened.surface),
        _ => None,
    });
    host.shows(id, (20, 20), 3);
}

/// `ATOLL_MONKEYS` seeds, four when it is not set.
#[test]
fn programs_that_do_anything_end_nothing_but_themselves() {
    let seeds = std::env::var("ATOLL_MONKEYS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(4);
    for seed in 0..seeds {
        println!("seed {seed}");
        run(seed);
    }
}
