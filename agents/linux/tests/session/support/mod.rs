pub mod agent;
pub mod exec;
pub mod expect;
pub mod host;
pub mod rules;
pub mod wayland;
pub mod x11;
pub mod x11_stage;
