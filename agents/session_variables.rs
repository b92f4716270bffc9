//! What programs of the session find the desktop by. One file, compiled into the agent and into init: the session bus starts
//! programs, too.

/// Without a GPU, GTK 4 draws many times faster with cairo; NO_AT_BRIDGE keeps GTK 3 from waiting for the accessibility bus,
/// which guests do not have.
pub const SESSION: [(&str, &str); 6] = [
    ("GSK_RENDERER", "cairo"),
    ("MOZ_ENABLE_WAYLAND", "1"),
    ("QT_QPA_PLATFORM", "wayland;xcb"),
    ("XDG_SESSION_TYPE", "wayland"),
    ("XDG_CURRENT_DESKTOP", "Atoll"),
    ("NO_AT_BRIDGE", "1"),
];
/// In the runtime folder: the session's own commands, the first of PATH.
pub const COMMANDS: &str = "atoll/commands";
/// In the runtime folder: the session's own desktop entries and services, the first of XDG_DATA_DIRS.
pub const DATA: &str = "atoll/share";
pub const DATA_FOLDERS: &str = "/usr/local/share:/usr/share";
