//! The gate: the only effects of the program, and the only `unsafe`.
//!
//! [`Sys`] has one method per system call; each goes through [`Sys::observed`], which tells the [`Observer`] what was
//! called, with what, what came back and how long it took. With [`crate::event::Off`] that costs nothing: no clock is
//! read, no argument built. Read [`call`] for the calls, [`message`] for datagrams with ancillary data, [`sockopt`] for
//! options, [`ring`] for io_uring(7), [`open`] for the plan's steps put to work, `apply` for what becomes of an option,
//! [`path`] for unix paths, [`stop`] for signals, [`hint`] for what to tell a user about a refusal.
//!
//! For experiments, which ask for every call exactly as C has it: `exact` for calls with any flags and addresses,
//! [`ancillary`] for sendmsg(2) and recvmsg(2) with any control messages, [`bits`] for flags by name. And for what they
//! ask of this machine: [`namespace`] for a network of their own, [`privilege`] for capabilities, [`process`] for actors
//! and workers that are processes, [`sysctl`] for settings. `alone` is where tests of those run, `witness`
//! who listens to a call in a test.

mod abi;
pub mod ancillary;
mod apply;
pub mod bits;
mod call;
pub mod clock;
pub mod cores;
pub mod driven;
pub mod errno;
mod exact;
pub mod examine;
pub mod hint;
mod holder;
mod inherit;
pub mod limits;
pub mod message;
mod name;
pub mod namespace;
pub mod open;
pub mod packet;
mod pages;
mod path;
pub mod privilege;
pub mod process;
mod quick;
pub mod readiness;
mod resolve;
pub mod ring;
mod show;
pub mod sockopt;
pub mod stop;
pub mod sysctl;
mod timer;

use std::io;
use std::time::Instant;

pub use ancillary::{Ancillary, Arrived, Incoming};
pub use apply::Readback;
pub use call::{Blocking, Half, Linger, Readiness};
pub use exact::IoctlRequest;
pub use limits::{descriptor_limit, raise_descriptor_limit, set_descriptor_limit};
pub use open::{Client, Server};
pub use pages::Pages;
pub use path::PathGuard;
pub use sockopt::Timeout;
pub use timer::Timer;

use crate::event::{Arg, Call, Observer};

/// The way to the kernel. A copy per task; all copies tell the same observer.
#[derive(Debug)]
pub struct Sys<'a, O: Observer> {
    observer: &'a O,
    task: &'a str,
    start: Instant,
}

impl<O: Observer> Clone for Sys<'_, O> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<O: Observer> Copy for Sys<'_, O> {}

impl<'a, O: Observer> Sys<'a, O> {
    /// A gate whose calls `observer` sees, under the name `task`.
    pub fn new(observer: &'a O, task: &'a str) -> Self {
        Sys {
            observer,
            task,
            start: Instant::now(),
        }
    }

    /// A gate whose calls count their times from a start that others share.
    pub fn since(observer: &'a O, task: &'a str, start: Instant) -> Self {
        Sys {
            observer,
            task,
            start,
        }
    }

    /// The same gate for another task; times count from the same start.
    #[must_use]
    pub fn task(self, task: &'a str) -> Self {
        Sys { task, ..self }
    }

    /// Who looks.
    pub fn observer(&self) -> &'a O {
        self.observer
    }

    /// Makes one call. `args` and `result` are only looked at when somebody observes; `args` is asked after the call,
    /// because some calls fill their arguments in.
    #[inline(always)]
    #[allow(
        clippy::inline_always,
        reason = "unobserved, the call must compile to the bare one, also across crates"
    )]
    fn observed<T>(
        &self,
        name: &'static str,
        run: impl FnOnce() -> io::Result<T>,
        args: impl FnOnce(&io::Result<T>) -> Vec<Arg>,
        result: impl FnOnce(&T) -> i64,
    ) -> io::Result<T> {
        if !O::ON {
            return run();
        }
        let before = Instant::now();
        let outcome = run();
        let elapsed = before.elapsed();
        self.tell(
            name,
            args(&outcome),
            outcome.as_ref().map(result),
            before,
            elapsed,
        );
        outcome
    }

    #[cold]
    fn tell(
        &self,
        name: &'static str,
        args: Vec<Arg>,
        outcome: Result<i64, &io::Error>,
        before: Instant,
        elapsed: std::time::Duration,
    ) {
        let errno = outcome.err().map(errno::of);
        let (errno, says) = errno.map_or((None, None), |e| (Some(e.name), Some(e.says)));
        self.observer.call(&Call {
            t_ns: nanos(before.duration_since(self.start)),
            task: self.task,
            name,
            args,
            result: outcome.unwrap_or(-1),
            errno,
            says,
            elapsed_ns: nanos(elapsed),
        });
    }
}

fn nanos(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod alone;
#[cfg(test)]
mod witness;
