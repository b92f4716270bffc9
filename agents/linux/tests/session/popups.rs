//! Popups: placed, moved, grabbed, dismissed.

use atoll_wire::header::Message as Body;
use atoll_wire::{Configure, KeyboardFocus, PopupDismissed, Rect};
use wayland_client::Proxy;
use wayland_protocols::xdg::shell::client::xdg_popup;

use crate::support::agent::Agent;
use crate::support::host::{CONTROL, Host};
use crate::support::wayland::{Client, Event, Rule, Window};

const MENU: Rule = Rule { x: 20, y: 30, width: 100, height: 200 };

fn shown_window(host: &mut Host, client: &mut Client) -> (Window, u32) {
    let window = client.shown_window("with a menu", 300, 200, 1);
    let id = host.window_opened().surface;
    host.shows(id, (300, 200), 1);
    (window, id)
}

fn put_at(host: &mut Host, surface: u32, serial: u32, x: i32, y: i32) {
    host.send(CONTROL, Body::Configure(Configure { surface, serial, x, y, ..Configure::default() }));
}

fn rect(rect: Option<Rect>) -> [i32; 4] {
    let rect = rect.expect("a place");
    [rect.x, rect.y, rect.width as i32, rect.height as i32]
}

#[test]
fn a_popup_opens_where_it_asks_and_fits() {
    let agent = Agent::start();
    let (mut host, mut client) = (agent.host(), agent.client());
    let (window, id) = shown_window(&mut host, &mut client);
    let (popup, place) = client.popup(&window.xdg, &MENU, None);
    assert_eq!(place, [21, 31, 100, 200]);
    let opened = host.popup_opened();
    assert_eq!((opened.parent, opened.grab, rect(opened.rect)), (id, false, place));
    client.show(&popup.surface, 100, 200, 2);
    host.shows(opened.surface, (100, 200), 2);
    popup.destroy();
    client.flush();
    host.closed(opened.surface);

    // The same at the bottom right of the host's desktop (1280x800): the popup is moved until it fits.
    put_at(&mut host, id, 1, 1200, 700);
    host.wait_frame("the place's answer", id, |shown| shown.frame.configure_serial == 1);
    let (_popup, place) = client.popup(&window.xdg, &MENU, None);
    assert_eq!(place, [1280 - 1200 - 100, 800 - 700 - 200, 100, 200]);
    assert_eq!(rect(host.popup_opened().rect), place);
}

#[test]
fn a_popup_is_below_its_windows_title_bar_where_there_is_room() {
    let agent = Agent::start();
    let (mut host, mut client) = (agent.host(), agent.client());
    let (window, id) = shown_window(&mut host, &mut client);
    put_at(&mut host, id, 1, 100, 300);
    host.wait_frame("the place's answer", id, |shown| shown.frame.configure_serial == 1);
    let over = Rule { x: 20, y: -60, width: 100, height: 50 };
    let (_popup, place) = client.popup(&window.xdg, &over, None);
    assert_eq!(place[1], 1);
    assert_eq!(rect(host.popup_opened().rect), place);
}

#[test]
fn a_popup_is_repositioned() {
    let agent = Agent::start();
    let (mut host, mut client) = (agent.host(), agent.client());
    let (window, _) = shown_window(&mut host, &mut client);
    let (popup, _) = client.popup(&window.xdg, &MENU, None);
    client.show(&popup.surface, 100, 200, 2);
    let id = host.popup_opened().surface;
    host.shows(id, (100, 200), 2);
    let rule = Rule { x: 50, y: 60, width: 70, height: 80 };
    popup.popup.reposition(&client.positioner(&rule), 42);
    let role = popup.popup.id();
    client.wait("xdg_popup.repositioned", |happened| match &happened.event {
        Event::Popup(xdg_popup::Event::Repositioned { token: 42 }) if happened.to == role => Some(()),
        _ => None,
    });
    assert_eq!(client.popup_configured(&popup), [51, 61, 70, 80]);
    let moved = host.wait("PopupMoved", |body| match body {
        Body::PopupMoved(moved) if moved.surface == id => moved.rect,
        _ => None,
    });
    assert_eq!(rect(Some(moved)), [51, 61, 70, 80]);
    client.show(&popup.surface, 70, 80, 3);
    host.shows(id, (70, 80), 3);
}

#[test]
fn a_place_and_size_beyond_the_wire_is_brought_within() {
    let agent = Agent::start();
    let (mut host, mut client) = (agent.host(), agent.client());
    let (window, id) = shown_window(&mut host, &mut client);
    let rule = Rule { x: 2_000_000, y: -2_000_000, width: 100_000, height: 1 };
    let (popup, _) = client.popup(&window.xdg, &rule, None);
    let opened = host.popup_opened();
    client.show(&popup.surface, 10, 10, 2);
    host.shows(opened.surface, (10, 10), 2);
    popup.popup.reposition(&client.positioner(&Rule { x: 0, y: 90_000, width: 20_000, height: 70_000 }), 1);
    client.popup_configured(&popup);
    client.show(&window.surface, 300, 200, 3);
    host.shows(id, (300, 200), 3);
}

#[test]
fn a_grab_has_the_keyboard_until_it_is_dismissed() {
    let agent = Agent::start();
    let (mut host, mut client) = (agent.host(), agent.client());
    let (window, id) = shown_window(&mut host, &mut client);
    host.send(CONTROL, Body::KeyboardFocus(KeyboardFocus { surface: id }));
    let serial = client.keyboard_entered(&window.surface);
    let (menu, _) = client.popup(&window.xdg, &MENU, Some(serial));
    let opened = host.popup_opened();
    assert!(opened.grab);
    client.show(&menu.surface, 100, 200, 2);
    client.keyboard_entered(&menu.surface);
    let (submenu, _) = client.popup(&menu.xdg, &MENU, Some(serial));
    let sub_opened = host.popup_opened();
    assert_eq!(sub_opened.parent, opened.surface);
    client.show(&submenu.surface, 100, 200, 3);
    client.keyboard_entered(&submenu.surface);

    host.send(CONTROL, Body::PopupDismissed(PopupDismissed { surface: opened.surface }));
    let (first, last) = (submenu.popup.id(), menu.popup.id());
    let done = |happened: &crate::support::wayland::Happened| {
        matches!(happened.event, Event::Popup(xdg_popup::Event::PopupDone)).then(|| happened.to.clone())
    };
    assert_eq!(client.wait("the submenu's end", done), first);
    assert_eq!(client.wait("the menu's end", done), last);
    host.closed(sub_opened.surface);
    host.closed(opened.surface);
    client.keyboard_entered(&window.surface);
    submenu.destroy();
    menu.destroy();
    client.roundtrip();
}

#[test]
fn a_press_on_another_program_ends_a_menu_and_one_on_its_own_does_not() {
    let agent = Agent::start();
    let (mut host, mut client) = (agent.host(), agent.client());
    let (window, id) = shown_window(&mut host, &mut client);
    let mut other = agent.client();
    let other_window = other.shown_window("another program", 300, 200, 1);
    let other_id = host.window_opened().surface;
    host.shows(other_id, (300, 200), 1);
    host.send(CONTROL, Body::KeyboardFocus(KeyboardFocus { surface: id }));
    let serial = client.keyboard_entered(&window.surface);
    let (menu, _) = client.popup(&window.xdg, &MENU, Some(serial));
    let menu_id = host.popup_opened().surface;
    client.show(&menu.surface, 100, 200, 2);
    host.shows(menu_id, (100, 200), 2);

    host.move_pointer(id, 5.0, 5.0);
    client.pointer_entered(&window.surface);
    host.click();
    client.button_pressed();
    client.roundtrip();
    assert!(client.take(|happened| matches!(happened.event, Event::Popup(_)).then_some(())).is_none());

    host.move_pointer(other_id, 5.0, 5.0);
    other.pointer_entered(&other_window.surface);
    host.click();
    client.popup_done(&menu);
    host.closed(menu_id);
    // The other program gets the press as well.
    other.button_pressed();
}

#[test]
fn popups_beyond_the_depth_of_the_wire_are_refused() {
    let agent = Agent::start();
    let (mut host, mut client) = (agent.host(), agent.client());
    let (window, _) = shown_window(&mut host, &mut client);
    let mut xdg = window.xdg.clone();
    for _ in 0..16 {
        let (popup, _) = client.popup(&xdg, &Rule { x: 1, y: 1, width: 9, height: 9 }, None);
        client.show(&popup.surface, 9, 9, 4);
        host.popup_opened();
        xdg = popup.xdg.clone();
    }
    let surface = client.surface();
    let role = client.shell.get_xdg_surface(&surface, &client.handle, ());
    let popup = role.get_popup(Some(&xdg), &client.positioner(&MENU), &client.handle, ());
    surface.commit();
    let id = popup.id();
    client.wait("popup_done", |happened| {
        (happened.to == id && matches!(happened.event, Event::Popup(xdg_popup::Event::PopupDone))).then_some(())
    });
}

#[test]
fn a_popup_of_a_window_that_goes_goes_too() {
    let agent = Agent::start();
    let (mut host, mut client) = (agent.host(), agent.client());
    let (window, id) = shown_window(&mut host, &mut client);
    let (popup, _) = client.popup(&window.xdg, &MENU, None);
    client.show(&popup.surface, 100, 200, 2);
    let popup_id = host.popup_opened().surface;
    window.surface.attach(None, 0, 0);
    window.surface.commit();
    client.flush();
    host.closed(popup_id);
    host.closed(id);
}
