//! What clients may ask of the compositor: one file for each group of Wayland protocols. These are smithay's handlers;
//! the work is done in the agent's other files.

mod activation;
mod bell;
mod compositor;
mod decoration;
mod globals;
mod pointer;
mod scale;
mod seat;
mod selection;
mod subsurface;
mod xdg_shell;
mod xwm;

pub use globals::{ClientState, Globals};
