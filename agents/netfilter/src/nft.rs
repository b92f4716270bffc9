//! Runs `nft`: the rules as text are the tool's own language, and it checks them before the kernel does.

use std::io::Write;
use std::process::{Command, Stdio};

const NFT: &str = "/usr/sbin/nft";
/// Of nft's complaint, in characters: what follows are the lines that it shows.
const MAX_REASON: usize = 400;

/// One transaction: all of it, or nothing, with the reason.
pub fn apply(text: &str) -> Result<(), String> {
    run(&["-f", "-"], text)
}

/// Whether the kernel would take it.
pub fn check(text: &str) -> Result<(), String> {
    run(&["-c", "-f", "-"], text)
}

fn run(args: &[&str], input: &str) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("{NFT}: {error}");
    let mut child = Command::new(NFT)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    // nft reads all before it says anything.
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input.as_bytes()).map_err(failed)?;
    }
    let output = child.wait_with_output().map_err(failed)?;
    if output.status.success() {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&output.stderr).chars().take(MAX_REASON).collect())
}
