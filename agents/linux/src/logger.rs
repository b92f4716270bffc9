//! Log lines to stderr, which init puts on the guest's console. `ATOLL_LOG=debug` says more.

use std::io::Write;

use log::{LevelFilter, Log, Metadata, Record};

struct Stderr;

static STDERR: Stderr = Stderr;

impl Log for Stderr {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        // smithay logs much at level info: of libraries only warnings and errors count. smithay's tracing span of each
        // wl_output that is bound comes as a warning, and is none.
        let target = metadata.target();
        target.starts_with("atoll")
            || (metadata.level() <= log::Level::Warn && !target.starts_with("smithay::wayland::output"))
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            // The agent goes on without a console.
            let _ = writeln!(
                std::io::stderr(),
                "atoll-agent: {}: {}",
                record.level().as_str().to_lowercase(),
                record.args()
            );
        }
    }

    fn flush(&self) {}
}

pub fn install() {
    let level = match std::env::var("ATOLL_LOG").as_deref() {
        Ok("debug") => LevelFilter::Debug,
        Ok("trace") => LevelFilter::Trace,
        _ => LevelFilter::Info,
    };
    if log::set_logger(&STDERR).is_ok() {
        log::set_max_level(level);
    }
}
