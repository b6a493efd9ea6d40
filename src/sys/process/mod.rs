//! Other processes of ours, none of which outlives this one: `fork` makes an actor that goes on with our memory, `spawn`
//! starts this program anew, `channel` is how an actor and its parent talk.
//!
//! Both children ask the kernel for SIGKILL when their parent dies (PR_SET_PDEATHSIG, prctl(2)), and both are killed and
//! waited for when their handle is dropped: nothing is left behind.

mod channel;
mod fork;
mod spawn;

use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, FromRawFd as _, OwnedFd};
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

pub use channel::{Channel, Heard};
pub use fork::{Fork, fork_actor};
pub use spawn::{Spawned, spawn_self};

/// How a process ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// By itself, with this exit code.
    Code(i32),
    /// By a signal: `SIGPIPE`.
    Signal(String),
}

impl From<ExitStatus> for Ended {
    fn from(status: ExitStatus) -> Ended {
        match status.signal() {
            Some(number) => Ended::Signal(signal_name(number)),
            None => Ended::Code(status.code().unwrap_or_default()),
        }
    }
}

/// `SIGPIPE`; a real-time signal by its number.
fn signal_name(number: i32) -> String {
    nix::sys::signal::Signal::try_from(number)
        .map_or_else(|_| format!("signal {number}"), |s| s.as_str().to_owned())
}

/// Asks for SIGKILL when the thread dies that made this process, and makes sure that it is still there. Only calls that
/// are safe between fork(2) and execve(2).
fn die_with(parent: nix::unistd::Pid) -> io::Result<()> {
    nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGKILL)?;
    // It may have died before we asked.
    if nix::unistd::getppid() == parent {
        Ok(())
    } else {
        Err(io::Error::from_raw_os_error(libc::ESRCH))
    }
}

/// Waits until a child that was not waited for has ended, but no longer than `time`: pidfd_open(2) and poll(2).
fn until_it_ends(pid: i32, time: Duration) -> io::Result<()> {
    // SAFETY: pidfd_open(2) takes two numbers, and what it returns is a new descriptor or -1.
    #[allow(unsafe_code, reason = "no safe wrapper without another dependency")]
    let pidfd = unsafe {
        match libc::syscall(libc::SYS_pidfd_open, pid, 0) {
            -1 => return Err(io::Error::last_os_error()),
            number => OwnedFd::from_raw_fd(number as i32),
        }
    };
    readable(pidfd.as_fd(), Instant::now() + time).map(|_| ())
}

/// Whether a descriptor becomes readable before that moment.
fn readable(fd: BorrowedFd<'_>, until: Instant) -> io::Result<bool> {
    loop {
        let left = until.saturating_duration_since(Instant::now());
        // Rounded up, so that the last part of a millisecond is not spent asking again and again.
        let ms = left.as_micros().div_ceil(1000);
        let timeout = PollTimeout::try_from(ms).unwrap_or(PollTimeout::MAX);
        match poll(&mut [PollFd::new(fd, PollFlags::POLLIN)], timeout) {
            Ok(0) if Instant::now() >= until => return Ok(false),
            Ok(0) | Err(Errno::EINTR) => {}
            Ok(_) => return Ok(true),
            Err(e) => return Err(e.into()),
        }
    }
}
