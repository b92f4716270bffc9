//! The Linux guest agent of Atoll: a Wayland compositor that owns no screen. Each surface of each program goes to the
//! host as it is; the host arranges them.

mod agent;
mod app_changes;
mod apps;
mod args;
mod attention;
mod clipboard;
mod clock;
mod compound_text;
mod cursor;
mod deferred;
mod dispatch_watch;
mod early_requests;
mod encoding;
mod environment;
mod error;
mod exec;
#[path = "../../exit_status.rs"]
mod exit_status;
mod files;
mod floods;
mod focus;
mod folders;
mod framebuffer;
mod frames;
mod geometry;
mod held_input;
mod iconic;
mod input;
mod launch;
mod logger;
mod menus;
mod opening;
mod output;
mod pointer_lock;
mod pointing;
mod popups;
mod ports;
mod process;
mod program;
mod protocols;
mod rows;
mod safe_copy;
mod services;
mod session;
#[path = "../../session_variables.rs"]
mod session_variables;
mod small_file;
mod start;
mod streams;
mod subsurfaces;
mod surfaces;
mod text;
mod tiles;
mod windows;
mod x11_connection;
mod x11_focus_barrier;
mod x11_proxy;
mod x11_questions;
mod x11_repeat;
mod x11_requests;
mod x11_windows;
mod xwayland;

use std::process::ExitCode;

use crate::args::Arguments;
use crate::error::AgentError;

fn run() -> Result<ExitCode, AgentError> {
    match args::parse(std::env::args().skip(1))? {
        Arguments::Version => {
            println!(concat!("atoll-agent ", env!("CARGO_PKG_VERSION")));
            Ok(ExitCode::SUCCESS)
        }
        ports => Ok(ExitCode::from(start::run(&ports)?.status())),
    }
}

fn main() -> ExitCode {
    if let Some(arguments) = safe_copy::command(std::env::args_os()) {
        return ExitCode::from(safe_copy::run(&arguments));
    }
    if let Some((command, arguments)) = opening::client::command(std::env::args_os()) {
        return ExitCode::from(opening::client::run(command, &arguments));
    }
    logger::install();
    match run() {
        Ok(code) => code,
        Err(error) => {
            log::error!("{error}");
            ExitCode::FAILURE
        }
    }
}
