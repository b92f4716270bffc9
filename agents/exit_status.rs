//! Exit statuses of the agent that init acts on. One file, compiled into both programs.

/// The host asked for the guest to be powered off.
pub const POWER_OFF: u8 = 10;
