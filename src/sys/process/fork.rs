//! An actor that is a process: a fork(2) that goes on with a closure of ours, on the far side of a channel.
//!
//! Only a process with one thread can fork and go on: locks that another thread held would stay locked in the child. The
//! closure must not return into the program either, so it runs behind a wall and the child ends by _exit(2).

use std::fs;
use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitStatus;
use std::time::Duration;

use nix::sys::signal::{SigHandler, SigSet, Signal, kill, signal};
use nix::unistd::{ForkResult, Pid, fork, getpid};

use super::{Channel, Ended, die_with, until_it_ends};

/// The exit code of a child whose closure panicked, as of a Rust program that did.
const PANICKED: i32 = 101;

/// A child, held by its parent. When it is dropped, the child is killed and waited for.
#[derive(Debug)]
pub struct Fork {
    /// How to talk to it.
    pub channel: Channel,
    /// Its process id.
    pub pid: i32,
    /// Who forked: a copy of this in another child must do nothing.
    owner: Pid,
    ended: Option<Ended>,
}

/// Forks. The child runs `body` with its end of the channel and exits with what that returns. It dies with the thread
/// that called this (PR_SET_PDEATHSIG), and SIGPIPE kills it as it does a C program, where a Rust program ignores it.
/// Descriptors are the parent's, at the same numbers.
///
/// An error where this process has more than one thread, and those of fork(2) and socketpair(2).
pub fn fork_actor(body: impl FnOnce(&Channel) -> i32) -> io::Result<Fork> {
    let threads = fs::read_dir("/proc/self/task")?.count();
    if threads != 1 {
        return Err(io::Error::other(format!(
            "a process with {threads} threads cannot fork and go on"
        )));
    }
    let owner = getpid();
    let (ours, theirs) = Channel::pair()?;
    // SAFETY: this is the only thread, so the child's copy of the memory is in order: no lock is held by nobody.
    #[allow(unsafe_code, reason = "fork(2) with threads would be undefined")]
    match unsafe { fork() }? {
        ForkResult::Parent { child } => Ok(Fork {
            channel: ours,
            pid: child.as_raw(),
            owner,
            ended: None,
        }),
        ForkResult::Child => {
            drop(ours);
            let code = catch_unwind(AssertUnwindSafe(|| child(owner, &theirs, body)));
            leave(code.unwrap_or(PANICKED))
        }
    }
}

fn child(parent: Pid, channel: &Channel, body: impl FnOnce(&Channel) -> i32) -> i32 {
    if die_with(parent).is_err() || default_sigpipe().is_err() {
        return PANICKED;
    }
    body(channel)
}

/// signal(7): the default is to die of it.
fn default_sigpipe() -> io::Result<()> {
    // SAFETY: no handler of ours is installed or replaced, only the disposition of a signal.
    #[allow(unsafe_code, reason = "a handler could be unsafe; the default is not")]
    unsafe { signal(Signal::SIGPIPE, SigHandler::SigDfl) }?;
    let mut only = SigSet::empty();
    only.add(Signal::SIGPIPE);
    Ok(only.thread_unblock()?)
}

/// _exit(2): nothing of the parent's is flushed or cleaned up twice.
fn leave(code: i32) -> ! {
    // SAFETY: it ends the process, which needs nothing.
    #[allow(unsafe_code, reason = "the standard library only has exit(3)")]
    unsafe {
        libc::_exit(code)
    }
}

impl Fork {
    /// Waits until it has ended, and says how. Asked again, it says the same.
    pub fn wait(&mut self) -> io::Result<Ended> {
        loop {
            if let Some(ended) = self.reap(0)? {
                return Ok(ended);
            }
        }
    }

    /// How it ended, if it has.
    pub fn try_wait(&mut self) -> io::Result<Option<Ended>> {
        self.reap(libc::WNOHANG)
    }

    /// Waits no longer than that; `None`: it still runs.
    pub fn wait_for(&mut self, time: Duration) -> io::Result<Option<Ended>> {
        if self.try_wait()?.is_none() {
            until_it_ends(self.pid, time)?;
        }
        self.try_wait()
    }

    /// waitpid(2); `None`: it still runs, or a signal interrupted the call.
    fn reap(&mut self, options: libc::c_int) -> io::Result<Option<Ended>> {
        if self.ended.is_none() {
            let mut status = 0;
            // SAFETY: waitpid(2) writes one int, which lives until the call returns.
            #[allow(unsafe_code, reason = "nix refuses to tell real-time signals")]
            let returned = unsafe { libc::waitpid(self.pid, &raw mut status, options) };
            match returned {
                0 => {}
                -1 => {
                    let error = io::Error::last_os_error();
                    if error.raw_os_error() != Some(libc::EINTR) {
                        return Err(error);
                    }
                }
                _ => self.ended = Some(ExitStatus::from_raw(status).into()),
            }
        }
        Ok(self.ended.clone())
    }
}

impl Drop for Fork {
    fn drop(&mut self) {
        if self.owner == getpid() && self.ended.is_none() {
            // Whatever they answer, there is nothing more to be done about it.
            let _ = kill(Pid::from_raw(self.pid), Signal::SIGKILL);
            let _ = self.wait();
        }
    }
}
