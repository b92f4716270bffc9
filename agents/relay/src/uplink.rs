//! The way of a VM to the internet: passt, which speaks for it with the host's own addresses. It is started anew whenever
//! the VM is there, and has nothing of the VM's frames but those that pass the filter. The others are refused at once.

use crate::filter::{Ends, passes};
use crate::frames::{MAX_FRAME_BYTES, sift};
use crate::host::HostNetworks;
use crate::join;
use crate::network::Network;
use crate::refusal::refusal;
use crate::report::{Counters, say};
use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use std::io::{self, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// A host that is not in a network yet, or has no such program.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
const BUFFER_BYTES: usize = 4 * MAX_FRAME_BYTES;

/// Returns why it cannot go on.
pub fn run(socket: &str, ends: Ends, program: &str, arguments: &[&str]) -> String {
    let host = match HostNetworks::watch() {
        Ok(host) => host,
        Err(error) => return format!("the host's addresses cannot be read: {error}"),
    };
    let counters: &'static Counters = Box::leak(Box::default());
    Counters::report(counters);
    let mut pause = FIRST_PAUSE;
    loop {
        let vm = join::connected(socket);
        let started = Instant::now();
        let reason = match start(program, arguments) {
            Ok((child, internet)) => joined(&vm, &internet, child, &ends, &host, counters),
            Err(error) => format!("{program}: {error}"),
        };
        drop(vm);
        say(&format!("parted {reason}"));
        // The VM's end is nobody's fault; a program that ends at once would be started again and again.
        pause = if started.elapsed() > LONGEST_PAUSE { FIRST_PAUSE } else { (pause * 2).min(LONGEST_PAUSE) };
        thread::sleep(pause);
    }
}

/// The program, and our end of the socket that it has.
fn start(program: &str, arguments: &[&str]) -> io::Result<(Child, UnixStream)> {
    let (ours, theirs) = UnixStream::pair()?;
    fcntl(&theirs, FcntlArg::F_SETFD(FdFlag::empty()))?;
    let child = Command::new(program)
        .args(arguments)
        .args(["-F", &theirs.as_raw_fd().to_string()])
        .stdin(Stdio::null())
        // Our own standard output is for reports.
        .stdout(io::stderr())
        .spawn()?;
    Ok((child, ours))
}

/// Until one of them has gone. Returns the reason.
fn joined(
    vm: &UnixStream,
    internet: &UnixStream,
    mut child: Child,
    ends: &Ends,
    host: &HostNetworks,
    counters: &Counters,
) -> String {
    say("joined");
    // Whole frames alone are written to the VM, by two.
    let to_vm = Mutex::new(vm);
    thread::scope(|scope| {
        scope.spawn(|| carry_back(internet, vm, &to_vm, counters));
        carry_filtered(vm, internet, &to_vm, ends, host, counters);
    });
    // It ends with its socket; one that does not is no use any more.
    let _ = child.kill();
    match child.wait() {
        Ok(status) if status.code().is_some_and(|code| code != 0) => format!("it has ended: {status}"),
        _ => "one end has gone".to_owned(),
    }
}

fn carry_filtered(
    vm: &UnixStream,
    mut internet: &UnixStream,
    to_vm: &Mutex<&UnixStream>,
    ends: &Ends,
    host: &HostNetworks,
    counters: &Counters,
) {
    let mut buffer = vec![0; BUFFER_BYTES];
    let mut filled = 0;
    let mut refusals = Vec::new();
    while let Some(length) = join::read(vm, &mut buffer[filled..]) {
        counters.out.fetch_add(length as u64, Relaxed);
        filled += length;
        let mut sort = |frame: &[u8], own: &[Network]| {
            let does_pass = passes(frame, ends, own);
            if !does_pass && let Some(answer) = refusal(frame, ends) {
                refusals.extend((answer.len() as u32).to_be_bytes());
                refusals.extend(answer);
            }
            does_pass
        };
        let Ok(sifted) = host.with(|own| sift(&mut buffer[..filled], |frame| sort(frame, own))) else { break };
        counters.dropped.fetch_add(sifted.dropped, Relaxed);
        if internet.write_all(&buffer[..sifted.passing]).is_err() || write_frames(to_vm, &refusals).is_err() {
            break;
        }
        refusals.clear();
        buffer.copy_within(sifted.seen..filled, 0);
        filled -= sifted.seen;
    }
    join::end(vm, internet);
}

/// What the internet's side sends passes: that is for this VM alone.
fn carry_back(internet: &UnixStream, vm: &UnixStream, to_vm: &Mutex<&UnixStream>, counters: &Counters) {
    let mut buffer = vec![0; BUFFER_BYTES];
    let mut filled = 0;
    while let Some(length) = join::read(internet, &mut buffer[filled..]) {
        counters.back.fetch_add(length as u64, Relaxed);
        filled += length;
        let Ok(sifted) = sift(&mut buffer[..filled], |_| true) else { break };
        if write_frames(to_vm, &buffer[..sifted.seen]).is_err() {
            break;
        }
        buffer.copy_within(sifted.seen..filled, 0);
        filled -= sifted.seen;
    }
    join::end(vm, internet);
}

fn write_frames(to_vm: &Mutex<&UnixStream>, frames: &[u8]) -> io::Result<()> {
    if frames.is_empty() {
        return Ok(());
    }
    to_vm.lock().unwrap_or_else(PoisonError::into_inner).write_all(frames)
}
