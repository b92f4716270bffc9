//! Cursors that programs draw.

use atoll_wire::header::Message as Body;
use atoll_wire::{CursorBitmap, cursor_changed};
use wayland_client::protocol::wl_pointer;
use wayland_protocols::wp::viewporter::client::wp_viewporter::WpViewporter;

use crate::support::agent::Agent;

/// On a desktop of a fractional scale a program draws a cursor in the pixels of that, and has it shown in its logical size.
#[test]
fn a_cursor_with_a_viewport_has_the_size_that_it_is_shown_in() {
    let agent = Agent::start();
    let (mut host, mut client) = (agent.host(), agent.client());
    let window = client.shown_window("has a cursor", 300, 200, 1);
    let id = host.window_opened().surface;
    host.shows(id, (300, 200), 1);
    let pointer = client.pointer();
    client.roundtrip();
    host.move_pointer(id, 20.0, 20.0);
    let serial = client.wait_pointer("enter", |event| match event {
        wl_pointer::Event::Enter { serial, surface, .. } if *surface == window.surface => Some(*serial),
        _ => None,
    });
    let viewports: WpViewporter = client.bind(1);
    let surface = client.surface();
    let viewport = viewports.get_viewport(&surface, &client.handle, ());
    pointer.set_cursor(serial, Some(&surface), 10, 8);
    for (drawn, shown, scale) in [(64, 32, 2), (48, 32, 2), (40, 40, 1)] {
        viewport.set_destination(shown, shown);
        // Another colour each time.
        client.show(&surface, drawn, drawn, drawn as u32);
        let side = shown as u32 * scale;
        let expected = CursorBitmap { width: side, height: side, hot_x: 10 * scale, hot_y: 8 * scale, scale };
        let pixels = host.wait_message("the cursor", |message| match message.body.as_ref()? {
            Body::CursorChanged(changed) => match changed.cursor.as_ref()? {
                cursor_changed::Cursor::Bitmap(bitmap) if *bitmap == expected => Some(message.payload.clone()),
                _ => None,
            },
            _ => None,
        });
        assert_eq!(pixels.len(), (side * side * 4) as usize);
        assert!(pixels.chunks(4).all(|pixel| pixel[0] == drawn as u8 && pixel[3] == 0xff), "{pixels:?}");
    }
}
