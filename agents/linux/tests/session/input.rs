//! Keyboard and pointer: focus, keys, repeats, layouts, input regions, scrolling.

use std::io::Read;
use std::os::unix::fs::FileExt;

use atoll_wire::header::Message as Body;
use atoll_wire::{Key, KeyState, KeyboardFocus, Keymap, KeymapChanged, PointerAxis, PointerLeft};
use wayland_client::WEnum;
use wayland_client::protocol::{wl_keyboard, wl_pointer, wl_seat};

use crate::support::agent::Agent;
use crate::support::host::{CONTROL, Host};
use crate::support::wayland::{Client, Event, Window};
use crate::support::x11::X11Client;

/// Of linux/input-event-codes.h.
const KEY_A: u32 = 30;
const KEY_Y: u32 = 21;
const KEY_LEFTSHIFT: u32 = 42;

fn shown_window(host: &mut Host, client: &mut Client) -> (Window, u32) {
    let window = client.shown_window("input", 300, 200, 1);
    let id = host.window_opened().surface;
    host.shows(id, (300, 200), 1);
    (window, id)
}

fn focus(host: &mut Host, surface: u32) {
    host.send(CONTROL, Body::KeyboardFocus(KeyboardFocus { surface }));
}

fn key(host: &mut Host, code: u32, state: KeyState) {
    let time_ms = host.time_ms();
    host.send(CONTROL, Body::Key(Key { code, state: state.into(), time_ms }));
}

fn next_key(client: &mut Client) -> (u32, bool) {
    client.wait_keyboard("wl_keyboard.key", |event| match event {
        wl_keyboard::Event::Key { key, state, .. } => {
            Some((*key, *state == WEnum::Value(wl_keyboard::KeyState::Pressed)))
        }
        _ => None,
    })
}

fn keymap(client: &mut Client) -> String {
    client.wait("wl_keyboard.keymap", |happened| match &happened.event {
        Event::Keyboard(wl_keyboard::Event::Keymap { fd, size, .. }) => {
            let mut text = vec![0; *size as usize];
            let file = std::fs::File::from(fd.try_clone().expect("a copy"));
            file.read_exact_at(&mut text, 0).or_else(|_| (&file).read_exact(&mut text)).expect("the keymap");
            Some(String::from_utf8_lossy(&text).into_owned())
        }
        _ => None,
    })
}

#[test]
fn keys_go_where_the_host_says() {
    let agent = Agent::start();
    let (mut host, mut client) = (agent.host(), agent.client());
    let (window, id) = shown_window(&mut host, &mut client);
    let second = client.shown_window("second", 50, 50, 2);
    let second_id = host.window_opened().surface;
    host.shows(second_id, (50, 50), 2);
    focus(&mut host, id);
    client.keyboard_entered(&window.surface);
    key(&mut host, KEY_A, KeyState::Pressed);
    assert_eq!(next_key(&mut client), (KEY_A, true));
    // The focus goes to another window: the pressed key is released first, and is not pressed there.
    focus(&mut host, second_id);
    assert_eq!(next_key(&mut client), (KEY_A, false));
    let keys = client.wait_keyboard("wl_keyboard.enter", |event| match event {
        wl_keyboard::Event::Enter { surface, keys, .. } if *surface == second.surface => Some(keys.clone()),
        _ => None,
    });
    assert!(keys.is_empty());
    key(&mut host, 0, KeyState::Pressed);
    key(&mut host, 0x300, KeyState::Pressed);
    key(&mut host, KEY_A, KeyState::Pressed);
    assert_eq!(next_key(&mut client), (KEY_A, true));
}

#[test]
fn the_host_repeats_keys_and_programs_do_not() {
    let agent = Agent::start();
    let (mut host, mut client) = (agent.host(), agent.client());
    let (window, id) = shown_window(&mut host, &mut client);
    let rate = client.wait_keyboard("repeat_info", |event| match event {
        wl_keyboard::Event::RepeatInfo { rate, .. } => Some(*rate),
        _ => None,
    });
    assert_eq!(rate, 0);
    focus(&mut host, id);
    client.keyboard_entered(&window.surface);
    // A key that is not pressed does not repeat.
    key(&mut host, KEY_A, KeyState::Repeated);
    key(&mut host, KEY_A, KeyState::Pressed);
    for _ in 0..3 {
        key(&mut host, KEY_A, KeyState::Repeated);
    }
    key(&mut host, KEY_A, KeyState::Released);
    let keys: Vec<_> = (0..5).map(|_| next_key(&mut client)).collect();
    assert_eq!(keys, [(KEY_A, true), (KEY_A, true), (KEY_A, true), (KEY_A, true), (KEY_A, false)]);
}

#[test]
fn a_modifier_that_repeats_comes_up_again() {
    let agent = Agent::start();
    let (mut host, mut client) = (agent.host(), agent.client());
    let (window, id) = shown_window(&mut host, &mut client);
    focus(&mut host, id);
    client.keyboard_entered(&window.surface);
    client.forget();
    key(&mut host, KEY_LEFTSHIFT, KeyState::Pressed);
    key(&mut host, KEY_LEFTSHIFT, KeyState::Repeated);
    key(&mut host, KEY_LEFTSHIFT, KeyState::Released);
    key(&mut host, KEY_A, KeyState::Pressed);
    while next_key(&mut client) != (KEY_A, true) {}
    let modifiers = |event: &wl_keyboard::Event| match event {
        wl_keyboard::Event::Modifiers { mods_depressed, .. } => Some(*mods_depressed),
        _ => None,
    };
    assert_eq!(client.wait_keyboard("shift goes down", modifiers), 1);
    assert_eq!(client.wait_keyboard("shift comes up", modifiers), 0);
}

#[test]
fn programs_get_a_layout_that_the_host_changes_to() {
    let (agent, display) = Agent::start_with_x11();
    let (mut host, mut client) = (agent.host(), agent.client());
    let (window, id) = shown_window(&mut host, &mut client);
    focus(&mut host, id);
    client.keyboard_entered(&window.surface);
    client.forget();
    // Xwayland has a keyboard of its own.
    let mut x11 = X11Client::connect(&display);
    let keymap_of_de = Keymap { layout: "de".to_owned(), ..Keymap::default() };
    host.send(CONTROL, Body::KeymapChanged(KeymapChanged { keymap: Some(keymap_of_de) }));
    assert!(keymap(&mut client).contains("odiaeresis"));
    // XK_z, in the place of US English's y.
    x11.wait_keysym(KEY_Y, 0x7a);
    key(&mut host, KEY_A, KeyState::Pressed);
    assert_eq!(next_key(&mut client), (KEY_A, true));
}

#[test]
fn programs_get_the_layout_of_the_host_that_came_last() {
    let agent = Agent::start();
    let (mut host, mut client) = (agent.host(), agent.client());
    let (window, id) = shown_window(&mut host, &mut client);
    focus(&mut host, id);
    client.keyboard_entered(&window.surface);
    client.forget();
    drop(host);
    let mut host = agent.host_with_layout("de");
    assert!(keymap(&mut client).contains("odiaeresis"));
    // A layout that XKB does not know changes nothing.
    drop(host);
    host = agent.host_with_layout("no-such-layout");
    host.shows(id, (300, 200), 1);
    focus(&mut host, id);
    key(&mut host, KEY_A, KeyState::Pressed);
    assert_eq!(next_key(&mut client), (KEY_A, true));
    assert_eq!(
        client.count(|happened| matches!(happened.event, Event::Keyboard(wl_keyboard::Event::Keymap { .. }))),
        0
    );
}

#[test]
fn nobody_has_the_keyboard_before_it_shows_something() {
    let agent = Agent::start();
    let (mut host, mut client) = (agent.host(), agent.client());
    let window = client.window("slow");
    let id = host.window_opened().surface;
    focus(&mut host, id);
    host.roundtrip();
    client.roundtrip();
    assert_eq!(client.count(|happened| matches!(happened.event, Event::Keyboard(wl_keyboard::Event::Enter { .. }))), 0);
    client.show(&window.surface, 20, 20, 1);
    client.keyboard_entered(&window.surface);
}

#[test]
fn the_pointer_enters_moves_presses_and_leaves() {
    let agent = Agent::start();
    let (mut host, mut client) = (agent.host(), agent.client());
    let (window, id) = shown_window(&mut host, &mut client);
    host.move_pointer(id, 10.5, 20.25);
    assert_eq!(client.pointer_entered(&window.surface), (10.5, 20.25));
    host.move_pointer(id, 11.0, 21.0);
    let moved = client.wait_pointer("motion", |event| match event {
        wl_pointer::Event::Motion { surface_x, surface_y, .. } => Some((*surface_x, *surface_y)),
        _ => None,
    });
    assert_eq!(moved, (11.0, 21.0));
    host.click();
    client.button_pressed();
    host.send(CONTROL, Body::PointerLeft(PointerLeft {}));
    client.wait_pointer("leave", |event| matches!(event, wl_pointer::Event::Leave { .. }).then_some(()));
}

#[test]
fn a_click_goes_through_a_hole() {
    let agent = Agent::start();
    let (mut host, mut client) = (agent.host(), agent.client());
    let (window, id) = shown_window(&mut host, &mut client);
    let (surface, role) = client.subsurface(&window.surface);
    role.set_position(100, 50);
    // It covers its parent, and takes input in its right half only.
    surface.set_input_region(Some(&client.region(&[[50, 0, 50, 100]])));
    client.show(&surface, 100, 100, 2);
    window.surface.commit();
    client.flush();
    let (child, _) = host.subsurface_opened();
    host.shows(child, (100, 100), 2);
    host.move_pointer(child, 75.0, 10.0);
    assert_eq!(client.pointer_entered(&surface), (75.0, 10.0));
    host.move_pointer(child, 25.0, 10.0);
    assert_eq!(client.pointer_entered(&window.surface), (125.0, 60.0));
    // While a button is pressed, the surface on which it was pressed keeps the pointer.
    host.press(true);
    client.button_pressed();
    host.move_pointer(child, 75.0, 20.0);
    let moved = client.wait_pointer("motion", |event| match event {
        wl_pointer::Event::Motion { surface_x, surface_y, .. } => Some((*surface_x, *surface_y)),
        _ => None,
    });
    assert_eq!(moved, (175.0, 70.0));
    host.press(false);
    host.move_pointer(child, 75.0, 20.0);
    assert_eq!(client.pointer_entered(&surface), (75.0, 20.0));
    // The whole window takes input in one corner only.
    window.surface.set_input_region(Some(&client.region(&[[0, 0, 50, 50]])));
    window.surface.commit();
    client.roundtrip();
    host.move_pointer(id, 10.0, 10.0);
    client.pointer_entered(&window.surface);
    host.move_pointer(id, 60.0, 10.0);
    client.wait_pointer("leave", |event| match event {
        wl_pointer::Event::Leave { surface, .. } if *surface == window.surface => Some(()),
        _ => None,
    });
}

/// The person presses in a menu bar, drags into the menu that opens, and releases there.
#[test]
fn a_menu_is_used_with_one_press() {
    let agent = Agent::start();
    let (mut host, mut client) = (agent.host(), agent.client());
    let (window, id) = shown_window(&mut host, &mut client);
    host.move_pointer(id, 5.0, 5.0);
    client.pointer_entered(&window.surface);
    host.press(true);
    let serial = client.button_pressed();
    let rule = crate::support::wayland::Rule { x: 0, y: 20, width: 100, height: 100 };
    let (menu, _) = client.popup(&window.xdg, &rule, Some(serial));
    let menu_id = host.popup_opened().surface;
    client.show(&menu.surface, 100, 100, 2);
    host.shows(menu_id, (100, 100), 2);
    host.move_pointer(menu_id, 30.0, 40.0);
    assert_eq!(client.pointer_entered(&menu.surface), (30.0, 40.0));
    host.press(false);
    client.wait_pointer("the release", |event| match event {
        wl_pointer::Event::Button { state: WEnum::Value(wl_pointer::ButtonState::Released), .. } => Some(()),
        _ => None,
    });
}

#[test]
fn scrolling_is_as_fine_as_the_wheel() {
    let agent = Agent::start();
    let (mut host, mut client) = (agent.host(), agent.client());
    let (window, id) = shown_window(&mut host, &mut client);
    // A program of an old protocol version beside the new one: it gets whole notches of the wheel.
    let old_seat: wl_seat::WlSeat = client.bind(5);
    old_seat.get_pointer(&client.handle, ());
    client.roundtrip();
    host.move_pointer(id, 10.0, 10.0);
    client.pointer_entered(&window.surface);
    client.pointer_entered(&window.surface);
    for _ in 0..4 {
        let time_ms = host.time_ms();
        let axis = PointerAxis { y_120: 30, y_fixed: 4 * 256, time_ms, ..PointerAxis::default() };
        host.send(CONTROL, Body::PointerAxis(axis));
        let step = client.wait_pointer("axis_value120", |event| match event {
            wl_pointer::Event::AxisValue120 { value120, axis: WEnum::Value(wl_pointer::Axis::VerticalScroll) } => {
                Some(*value120)
            }
            _ => None,
        });
        assert_eq!(step, 30);
    }
    let notch = client.wait_pointer("axis_discrete", |event| match event {
        wl_pointer::Event::AxisDiscrete { discrete, .. } => Some(*discrete),
        _ => None,
    });
    assert_eq!(notch, 1);
    let distance = client.wait_pointer("axis", |event| match event {
        wl_pointer::Event::Axis { value, .. } => Some(*value),
        _ => None,
    });
    assert!((distance - 4.0).abs() < 0.01, "{distance}");
}
