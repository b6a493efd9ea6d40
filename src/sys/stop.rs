//! Signals and the order to stop: how a thread that waits in a system call learns that it is over.
//!
//! Signals are blocked everywhere and read from a signalfd(2) by one thread, so no handler ever runs. That thread
//! raises the [`Stop`], which wakes whoever is blocked by shutdown(2): accept then answers EINVAL, recv reads the end. A
//! socket that others have too is left alone: whoever serves it waits in poll(2), and [`Stop::bell`] wakes that.

use std::collections::HashMap;
use std::os::fd::{AsFd as _, AsRawFd as _, BorrowedFd, RawFd};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::socket::{Shutdown, shutdown};

/// While the server stops, a thread may begin to wait right after it was told to stop: it is told again this often.
const WAKE_AGAIN: Duration = Duration::from_millis(20);

/// How far a run is from its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Nobody asked it to stop.
    Running = 0,
    /// Accept no more, serve those who are there until the deadline.
    Draining = 1,
    /// The same, and close whoever has nothing unsent at once.
    Closing = 2,
    /// The deadline has passed: close whoever has nothing unsent, give up the rest.
    Expired = 3,
    /// Give up everything now, with a reset for everybody.
    Now = 4,
}

/// What is registered to be woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watched {
    /// A listener: woken when the engine waits in accept(2), and only then, because shutdown(2) would reset whoever
    /// is queued.
    Listener,
    /// A connection: woken when idle peers are to be closed.
    Connection,
    /// A socket without connections: woken at once.
    Datagrams,
}

/// The order to stop, shared by all threads of a run.
#[derive(Debug, Default)]
pub struct Stop {
    level: AtomicU8,
    asked: Mutex<Asked>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Asked {
    watched: HashMap<RawFd, Registered>,
    bells: Vec<Arc<EventFd>>,
    deadline: Option<Instant>,
}

#[derive(Debug)]
struct Registered {
    what: Watched,
    /// Whether its engine waits in accept(2).
    accepting: Arc<AtomicBool>,
}

/// A descriptor that becomes readable whenever the order to stop is raised.
#[derive(Debug)]
pub struct Bell(Arc<EventFd>);

impl Bell {
    /// What to wait for.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }

    /// Makes it silent until the order is raised again.
    pub fn hush(&self) {
        // EAGAIN: somebody else did.
        let _ = self.0.read();
    }
}

/// Keeps a descriptor registered; must be dropped before the descriptor is closed.
#[derive(Debug)]
pub struct Watch<'a> {
    stop: &'a Stop,
    fd: RawFd,
    accepting: Arc<AtomicBool>,
}

impl Watch<'_> {
    /// Runs accept(2) on the watched listener so that the order to stop can wake it. `None`: the order was given before.
    pub fn accepting<T>(&self, accept: impl FnOnce() -> T) -> Option<T> {
        self.accepting.store(true, Ordering::SeqCst);
        let outcome = (self.stop.level() == Level::Running).then(accept);
        self.accepting.store(false, Ordering::SeqCst);
        outcome
    }
}

impl Stop {
    /// How far the run is from its end.
    #[inline]
    pub fn level(&self) -> Level {
        match self.level.load(Ordering::SeqCst) {
            0 => Level::Running,
            1 => Level::Draining,
            2 => Level::Closing,
            3 => Level::Expired,
            _ => Level::Now,
        }
    }

    /// Whether nobody has asked it to stop.
    #[inline]
    pub fn is_running(&self) -> bool {
        self.level.load(Ordering::SeqCst) == Level::Running as u8
    }

    /// Registers a descriptor to be woken; wakes it at once if the order has already been given.
    pub fn watch(&self, fd: BorrowedFd<'_>, what: Watched) -> Watch<'_> {
        let accepting = Arc::new(AtomicBool::new(false));
        let registered = Registered {
            what,
            accepting: Arc::clone(&accepting),
        };
        let mut asked = self.asked();
        asked.watched.insert(fd.as_raw_fd(), registered);
        self.wake(&asked);
        Watch {
            stop: self,
            fd: fd.as_raw_fd(),
            accepting,
        }
    }

    /// A bell, which rings at once if the order has already been given: for engines that wait for readiness, and for
    /// whoever waits for a socket that others have too, and that shutdown(2) would therefore end for them.
    pub fn bell(&self) -> std::io::Result<Bell> {
        let flags = EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK;
        let bell = Arc::new(EventFd::from_value_and_flags(0, flags)?);
        let mut asked = self.asked();
        asked.bells.push(Arc::clone(&bell));
        if self.level() != Level::Running {
            ring(&asked);
        }
        Ok(Bell(bell))
    }

    /// Raises the level, never lowers it. With a `deadline` the level becomes [`Level::Expired`] when that has passed.
    pub fn raise(&self, level: Level, deadline: Option<Duration>) {
        let mut asked = self.asked();
        self.level.fetch_max(level as u8, Ordering::SeqCst);
        if let Some(after) = deadline {
            asked.deadline.get_or_insert(Instant::now() + after);
        }
        self.wake(&asked);
        ring(&asked);
        self.changed.notify_all();
    }

    /// Pauses, or returns early with `Err` when the order to stop comes.
    pub fn pause(&self, time: Duration) -> Result<(), Stopped> {
        let asked = self.asked();
        let before = self.level();
        if before != Level::Running {
            return Err(Stopped);
        }
        let waited = self
            .changed
            .wait_timeout_while(asked, time, |_| self.level() == before)
            .unwrap_or_else(PoisonError::into_inner);
        if waited.1.timed_out() {
            Ok(())
        } else {
            Err(Stopped)
        }
    }

    fn deadline(&self) -> Option<Instant> {
        if self.level() >= Level::Expired {
            None
        } else {
            self.asked().deadline
        }
    }

    /// A thread that panicked while it held the lock has left nothing half done: every change is one insert.
    fn asked(&self) -> MutexGuard<'_, Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes again whoever has begun to wait after the first time.
    fn wake_again(&self) {
        self.wake(&self.asked());
    }

    fn wake(&self, asked: &Asked) {
        let level = self.level();
        for (&fd, Registered { what, accepting }) in &asked.watched {
            // SAFETY: a watched descriptor is open, because its Watch is dropped before it is closed.
            #[allow(
                unsafe_code,
                reason = "the signal thread has only the number of another thread's descriptor"
            )]
            let watched = unsafe { BorrowedFd::borrow_raw(fd) };
            let how = match (*what, level) {
                (_, Level::Running) | (Watched::Connection, Level::Draining) => continue,
                (Watched::Listener, _) if !accepting.load(Ordering::SeqCst) => continue,
                // accept(2) will return by itself, and shutdown(2) would reset whoever waits in the backlog.
                (Watched::Listener, _) if is_ready(watched, PollFlags::POLLIN) => continue,
                // Only a blocked send needs it: its FIN stays behind what is unsent, and goes with it in the reset. To
                // a peer that reads, a FIN would look like a clean end, whatever comes after it.
                (Watched::Connection, Level::Expired | Level::Now)
                    if !is_ready(watched, PollFlags::POLLOUT) =>
                {
                    Shutdown::Both
                }
                _ => Shutdown::Read,
            };
            // The answer does not matter: ENOTCONN still wakes an unconnected socket.
            let _ = shutdown(fd, how);
        }
    }
}

fn ring(asked: &Asked) {
    for bell in &asked.bells {
        // It can only fail when the count is full, and then it rings already.
        let _ = bell.write(1);
    }
}

fn is_ready(fd: BorrowedFd<'_>, for_what: PollFlags) -> bool {
    let mut one = [PollFd::new(fd, for_what)];
    poll(&mut one, PollTimeout::ZERO).is_ok_and(|ready| ready > 0)
}

/// The order to stop came during a pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stopped;

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        self.stop.asked().watched.remove(&self.fd);
    }
}

/// A signal that the program answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asks {
    /// SIGINT: a person wants it to end.
    Interrupt,
    /// SIGTERM, SIGHUP: a supervisor wants it to end, or the terminal is gone.
    Terminate,
    /// SIGUSR1: show the counters.
    Counters,
}

/// The descriptor that signals arrive through.
#[derive(Debug)]
pub struct Signals(SignalFd);

/// Whether a signal was ignored when this program was started; what cannot be asked is not.
fn is_ignored(signal: Signal) -> bool {
    // SAFETY: nothing is changed, and the kernel fills in a struct that lives here.
    #[allow(unsafe_code, reason = "nix only asks while it changes")]
    unsafe {
        let mut old: libc::sigaction = std::mem::zeroed();
        let asked = libc::sigaction(signal as libc::c_int, std::ptr::null(), &raw mut old);
        asked == 0 && old.sa_sigaction == libc::SIG_IGN
    }
}

impl Signals {
    /// Blocks INT, TERM, HUP and USR1 in this thread and all that it starts later, and opens the descriptor.
    pub fn take() -> std::io::Result<Signals> {
        let mut set = SigSet::empty();
        for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGUSR1] {
            set.add(signal);
        }
        // nohup(1): a blocked signal would arrive here even where it is ignored.
        if !is_ignored(Signal::SIGHUP) {
            set.add(Signal::SIGHUP);
        }
        set.thread_block()?;
        Ok(Signals(SignalFd::with_flags(
            &set,
            SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK,
        )?))
    }

    /// Waits for the next signal, or until the deadline of `stop` has passed, which raises it to [`Level::Expired`].
    pub fn next(&self, stop: &Stop) -> Asks {
        loop {
            if let Ok(Some(info)) = self.0.read_signal() {
                return match Signal::try_from(info.ssi_signo.cast_signed()) {
                    Ok(Signal::SIGINT) => Asks::Interrupt,
                    Ok(Signal::SIGUSR1) => Asks::Counters,
                    _ => Asks::Terminate,
                };
            }
            let left = stop
                .deadline()
                .map(|at| at.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) {
                stop.raise(Level::Expired, None);
                continue;
            }
            if stop.level() == Level::Running {
                self.wait(left);
            } else {
                self.wait(Some(left.map_or(WAKE_AGAIN, |left| left.min(WAKE_AGAIN))));
                stop.wake_again();
            }
        }
    }

    fn wait(&self, left: Option<Duration>) {
        // One millisecond more, so that the deadline has passed when poll(2) returns.
        let millis = left.map(|l| u16::try_from(l.as_millis() + 1).unwrap_or(u16::MAX));
        let timeout = millis.map_or(PollTimeout::NONE, PollTimeout::from);
        let _ = poll(
            &mut [PollFd::new(self.0.as_fd(), PollFlags::POLLIN)],
            timeout,
        );
    }
}
