//! Ends a client whose requests are read without end. The library reads one client until it has nothing more to say, and
//! most kinds of requests call nobody who could look at the time. So a thread does while a timer runs, which is set for each
//! dispatch: it knows the client by its socket, from which most is taken.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::io::{Errno, ioctl_fionread};
use rustix::param::clock_ticks_per_second;
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};

use crate::floods::{MAX_DISPATCH_TIME, processor_time};

/// How long it is looked for the client, and how often meanwhile.
const SEARCH_TIME: Duration = Duration::from_secs(1);
const SEARCH_INTERVAL: Duration = Duration::from_millis(1);

#[derive(Debug)]
pub struct DispatchWatch {
    timer: Arc<OwnedFd>,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    /// Counts the beginnings and ends of dispatches: odd during one.
    turns: AtomicU64,
    /// The agent's processor time when the dispatch began, nanoseconds.
    began_ns: AtomicU64,
    sockets: Sockets,
}

/// Of the clients, by a number of their own.
#[derive(Debug, Default, Clone)]
struct Sockets(Arc<Mutex<HashMap<u64, UnixStream>>>);

impl Sockets {
    fn lock(&self) -> MutexGuard<'_, HashMap<u64, UnixStream>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// While a client has it, its socket is known.
#[derive(Debug)]
pub struct Watched {
    number: u64,
    sockets: Sockets,
}

impl Watched {
    /// The client is gone.
    pub fn forget(&self) {
        self.sockets.lock().remove(&self.number);
    }
}

impl DispatchWatch {
    /// # Errors
    /// There are no file descriptors or threads left.
    pub fn start() -> io::Result<Self> {
        let timer = Arc::new(timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::CLOEXEC)?);
        let shared = Arc::new(Shared::default());
        let (theirs, fd) = (shared.clone(), timer.clone());
        thread::Builder::new().name("dispatch-watch".to_owned()).spawn(move || {
            if let Err(error) = theirs.run(&fd) {
                log::error!("programs that flood are not noticed: {error}");
            }
        })?;
        Ok(Self { timer, shared })
    }

    /// Of a new client.
    ///
    /// # Errors
    /// There are no file descriptors left.
    pub fn watch(&self, number: u64, client: &UnixStream) -> io::Result<Watched> {
        let sockets = self.shared.sockets.clone();
        sockets.lock().insert(number, client.try_clone()?);
        Ok(Watched { number, sockets })
    }

    pub fn begin(&self) {
        let now = u64::try_from(processor_time().as_nanos()).unwrap_or(0);
        self.shared.began_ns.store(now, Ordering::Relaxed);
        self.shared.turns.fetch_add(1, Ordering::Release);
        set(&self.timer, MAX_DISPATCH_TIME);
    }

    pub fn end(&self) {
        self.shared.turns.fetch_add(1, Ordering::Release);
        set(&self.timer, Duration::ZERO);
    }
}

/// Zero = it does not run.
fn set(timer: &OwnedFd, after: Duration) {
    let never = Timespec { tv_sec: 0, tv_nsec: 0 };
    let value = Itimerspec { it_interval: never, it_value: Timespec::try_from(after).unwrap_or(never) };
    if let Err(error) = timerfd_settime(timer, TimerfdTimerFlags::empty(), &value) {
        log::debug!("a timer: {error}");
    }
}

impl Shared {
    fn run(&self, timer: &OwnedFd) -> io::Result<()> {
        loop {
            match rustix::io::read(timer, &mut [0; 8]) {
                Ok(_) => {}
                Err(Errno::INTR) => continue,
                Err(error) => return Err(error.into()),
            }
            let turn = self.turns.load(Ordering::Acquire);
            if turn % 2 == 0 {
                continue;
            }
            let began = Duration::from_nanos(self.began_ns.load(Ordering::Relaxed));
            let left = MAX_DISPATCH_TIME.saturating_sub(agents_time()?.saturating_sub(began));
            if left.is_zero() {
                self.end_client(turn);
            }
            if self.turns.load(Ordering::Acquire) == turn {
                // Others may flood as well, or it has not used up its time.
                set(timer, left.max(SEARCH_TIME));
            }
        }
    }

    fn end_client(&self, turn: u64) {
        let mut unread = HashMap::new();
        let mut taken: HashMap<u64, u64> = HashMap::new();
        let until = Instant::now() + SEARCH_TIME;
        while Instant::now() < until {
            if self.turns.load(Ordering::Acquire) != turn {
                return;
            }
            for (number, socket) in self.sockets.lock().iter() {
                let now = ioctl_fionread(socket).unwrap_or(0);
                let before = unread.insert(*number, now).unwrap_or(now);
                *taken.entry(*number).or_default() += before.saturating_sub(now);
            }
            thread::sleep(SEARCH_INTERVAL);
        }
        let most = taken.into_iter().filter(|(_, bytes)| *bytes > 0).max_by_key(|(_, bytes)| *bytes);
        if let Some(socket) = most.and_then(|(number, _)| self.sockets.lock().remove(&number)) {
            log::warn!("a program floods the compositor with requests: disconnected");
            if let Err(error) = socket.shutdown(Shutdown::Both) {
                log::debug!("it is gone: {error}");
            }
        }
    }
}

/// Processor time of the agent's first thread, which dispatches. @see proc_pid_stat(5): utime and stime.
fn agents_time() -> io::Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/self/task/{}/stat", std::process::id()))?;
    let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_ascii_whitespace();
    let ticks: u64 = fields.skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    Ok(Duration::from_millis(ticks * 1000 / clock_ticks_per_second().max(1)))
}
