//! A guest whose memory the host keeps, and those that go on from it ("forks").
//!
//! When it has come up, all its programs are stopped, and init tells the host so by a nonce, through a port of its own. The
//! host pauses the machine there and keeps its memory. Each fork wakes up at the same place: it reads its own renewal from
//! the host, and renews what must not be the same in two guests before any program runs on. Then it says the nonce again,
//! which is in no file: whoever says it was restored, and not booted.

use crate::cmdline::Network;
use crate::error::Error;
use crate::network;
use crate::root::RUN_DIR;
use crate::session::{named_ports, new_uuid, renew_machine_id, tolerate};
use nix::errno::Errno;
use nix::mount::{MsFlags, mount};
use nix::sys::signal::{Signal, kill};
use nix::sys::time::TimeSpec;
use nix::time::{ClockId, clock_settime};
use nix::unistd::{Pid, sethostname, sync};
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::fd::AsRawFd;
use std::thread::sleep;
use std::time::Duration;

/// The host's name of the port. It is root's: no program reads or writes it.
const PORT: &str = "org.atoll-init.fork";
const NONCE_BYTES: usize = 16;
const ENTROPY_BYTES: usize = 64;
/// Entropy, nanoseconds since 1970 (u64). Two texts follow, each after the count of its bytes (u8): the host name, and the network as
/// the kernel's command line has it elsewhere, empty where there is none.
const HEAD_BYTES: usize = ENTROPY_BYTES + 8;
const LONGEST_HOSTNAME: usize = 63;
/// The kernel says that nobody reads a port by its end of file, for which there is no event.
const HOST_POLL: Duration = Duration::from_millis(1);

const RANDOM: &str = "/dev/urandom";
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// What a fork gets from the host.
#[derive(Debug, PartialEq, Eq)]
struct Renewal {
    entropy: [u8; ENTROPY_BYTES],
    realtime_ns: u64,
    hostname: String,
    /// Of the interface that the host plugs in before it goes on.
    network: Option<Network>,
}

impl Renewal {
    fn read(port: &mut impl Read) -> Result<Self, Error> {
        let mut head = [0; HEAD_BYTES];
        fill(port, &mut head)?;
        let hostname = counted(port)?;
        if hostname.is_empty() || hostname.len() > LONGEST_HOSTNAME {
            return Err(Error::Renewal("the host name's length"));
        }
        let network = match counted(port)?.as_str() {
            "" => None,
            words => Some(Network::parse(words).ok_or(Error::Renewal("the network"))?),
        };
        let mut entropy = [0; ENTROPY_BYTES];
        entropy.copy_from_slice(&head[..ENTROPY_BYTES]);
        let mut time = [0; 8];
        time.copy_from_slice(&head[ENTROPY_BYTES..ENTROPY_BYTES + 8]);
        Ok(Self { entropy, realtime_ns: u64::from_le_bytes(time), hostname, network })
    }

    /// What two forks of one memory must not share.
    fn apply(&self) -> Result<(), Error> {
        // First: all that follows is drawn from it.
        reseed(&self.entropy)?;
        let seconds = i64::try_from(self.realtime_ns / 1_000_000_000).map_err(|_| Error::Renewal("the time"))?;
        let time = TimeSpec::new(seconds, (self.realtime_ns % 1_000_000_000) as i64);
        clock_settime(ClockId::CLOCK_REALTIME, time).map_err(Error::system("clock_settime"))?;
        sethostname(&self.hostname).map_err(Error::system("sethostname"))?;
        renew_machine_id()?;
        tolerate("boot id", renew_boot_id());
        // Without it the host boots another one, which has its interface from the start.
        self.network.as_ref().map_or(Ok(()), network::configure_plugged)
    }
}

/// A guest that goes on from the kept memory.
#[derive(Debug)]
pub struct Fork {
    port: File,
    nonce: [u8; NONCE_BYTES],
}

impl Fork {
    /// Stops all programs, and comes back in a fork that has been renewed. They are still stopped then.
    pub fn hold() -> Result<Self, Error> {
        let (device, _) = named_ports(PORT).pop().ok_or(Error::Renewal("there is no port"))?;
        let mut port = OpenOptions::new().read(true).write(true).open(&device).map_err(Error::file(&device))?;
        let mut nonce = [0; NONCE_BYTES];
        File::open(RANDOM).and_then(|mut random| random.read_exact(&mut nonce)).map_err(Error::file(RANDOM))?;
        // In memory alone, for people and tests: two guests that show the same one are forks of one memory.
        let shown: String = nonce.iter().map(|byte| format!("{byte:02x}")).collect();
        let path = format!("{RUN_DIR}/snapshot");
        fs::write(&path, format!("{shown}\n")).map_err(Error::file(&path))?;
        signal_all(Signal::SIGSTOP)?;
        sync();
        port.write_all(&nonce).map_err(Error::file(PORT))?;
        // The host keeps the memory while this waits.
        Renewal::read(&mut port)?.apply()?;
        Ok(Self { port, nonce })
    }

    /// The programs run on.
    pub fn go_on(mut self) -> Result<(), Error> {
        self.port.write_all(&self.nonce).map_err(Error::file(PORT))?;
        signal_all(Signal::SIGCONT)
    }
}

/// To every process but this one.
fn signal_all(signal: Signal) -> Result<(), Error> {
    match kill(Pid::from_raw(-1), signal) {
        Ok(()) | Err(Errno::ESRCH) => Ok(()),
        Err(errno) => Err(Error::System { what: "kill", errno }),
    }
}

/// An end of file means that no host has the port open, yet.
fn fill(port: &mut impl Read, mut left: &mut [u8]) -> Result<(), Error> {
    while !left.is_empty() {
        match port.read(left) {
            Ok(0) => sleep(HOST_POLL),
            Ok(count) => left = &mut left[count..],
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(Error::file(PORT)(error)),
        }
    }
    Ok(())
}

fn counted(port: &mut impl Read) -> Result<String, Error> {
    let mut count = [0];
    fill(port, &mut count)?;
    let mut text = vec![0; usize::from(count[0])];
    fill(port, &mut text)?;
    String::from_utf8(text).map_err(|_| Error::Renewal("a text"))
}

/// `struct rand_pool_info`, see random(4).
#[repr(C)]
struct PoolInfo {
    entropy_bits: i32,
    bytes: i32,
    buffer: [u8; ENTROPY_BYTES],
}

mod ioctls {
    nix::ioctl_write_ptr!(add_entropy, b'R', 0x03, [i32; 2]);
    nix::ioctl_none!(reseed, b'R', 0x07);
}

/// The kernel reseeds by itself where it notices the fork (VMGENID); this does not depend on that.
#[allow(unsafe_code)]
fn reseed(entropy: &[u8; ENTROPY_BYTES]) -> Result<(), Error> {
    let random = File::open(RANDOM).map_err(Error::file(RANDOM))?;
    let info = PoolInfo { entropy_bits: ENTROPY_BYTES as i32 * 8, bytes: ENTROPY_BYTES as i32, buffer: *entropy };
    // SAFETY: the kernel reads the head that the call's type names, and as many bytes behind it as that head says.
    unsafe { ioctls::add_entropy(random.as_raw_fd(), (&raw const info).cast()) }
        .map_err(Error::system("RNDADDENTROPY"))?;
    // SAFETY: the call has no argument.
    unsafe { ioctls::reseed(random.as_raw_fd()) }.map_err(Error::system("RNDRESEEDCRNG"))?;
    Ok(())
}

/// The kernel keeps its own for as long as it runs: programs are shown another one in its place.
fn renew_boot_id() -> Result<(), Error> {
    let own = format!("{RUN_DIR}/boot_id");
    fs::write(&own, new_uuid()?).map_err(Error::file(&own))?;
    mount(Some(own.as_str()), BOOT_ID, None::<&str>, MsFlags::MS_BIND, None::<&str>).map_err(Error::mount(BOOT_ID))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NETWORK: &str = "10.137.0.6/30,10.137.0.5,fd00:137:1::2/64,fd00:137:1::1,52:54:00:a7:00:01";

    fn sent(hostname: &[u8], network: &[u8]) -> Vec<u8> {
        let mut bytes = vec![7; ENTROPY_BYTES];
        bytes.extend(1_700_000_000_000_000_001_u64.to_le_bytes());
        for text in [hostname, network] {
            bytes.push(text.len() as u8);
            bytes.extend(text);
        }
        bytes
    }

    #[test]
    fn reads_what_the_host_sends() {
        for (network, expected) in [("", None), (NETWORK, Network::parse(NETWORK))] {
            assert_eq!(expected.is_some(), !network.is_empty());
            let renewal = Renewal::read(&mut sent(b"disp-1", network.as_bytes()).as_slice());
            assert_eq!(
                renewal.ok(),
                Some(Renewal {
                    entropy: [7; ENTROPY_BYTES],
                    realtime_ns: 1_700_000_000_000_000_001,
                    hostname: "disp-1".to_owned(),
                    network: expected,
                })
            );
        }
    }

    #[test]
    fn refuses_a_network_that_is_none() {
        for network in [&b"x"[..], b"\xff", &NETWORK.as_bytes()[3..]] {
            let renewal = Renewal::read(&mut sent(b"disp-1", network).as_slice());
            assert!(matches!(renewal, Err(Error::Renewal(_))), "{network:?}");
        }
    }

    #[test]
    fn refuses_a_host_name_that_is_none() {
        for hostname in [&b""[..], &[b'a'; 64], b"\xff\xfe"] {
            assert!(matches!(Renewal::read(&mut sent(hostname, b"").as_slice()), Err(Error::Renewal(_))));
        }
    }

    #[test]
    fn waits_for_a_host_that_is_not_there_yet() {
        struct Late(Vec<Vec<u8>>);
        impl Read for Late {
            fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
                let next = self.0.pop().unwrap_or_default();
                buffer[..next.len()].copy_from_slice(&next);
                Ok(next.len())
            }
        }
        let mut bytes = [0; 3];
        assert!(fill(&mut Late(vec![vec![3], vec![], vec![1, 2], vec![]]), &mut bytes).is_ok());
        assert_eq!(bytes, [1, 2, 3]);
    }
}
