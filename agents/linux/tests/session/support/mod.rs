pub mod agent;
pub mod expect;
pub mod host;
pub mod rules;
pub mod wayland;
pub mod x11;
