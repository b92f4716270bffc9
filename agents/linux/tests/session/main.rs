//! The agent as a whole: real Wayland and X11 clients on one side, a minimal host on the other, unix sockets between.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod attention;
mod broken_clients;
mod clipboard;
mod cursor;
mod execs;
mod files;
mod frames;
mod input;
mod monkey;
mod opening;
mod pointer_lock;
mod popups;
mod portal;
mod program;
mod resources;
mod session;
mod subsurfaces;
mod support;
mod windows;
mod x11;
mod x11_clipboard;
mod x11_focus;
mod x11_keys;
mod x11_windows;
