//! The monotonic clock as a number of nanoseconds, waiting for a moment of it, and what a thread's work has cost.
//!
//! Reading it is no system call where the kernel shares its clock with programs (vdso(7)), so it is not traced; to sleep is
//! one, and is.

use std::io;
use std::time::Duration;

use nix::sys::time::TimeSpec;
use nix::time::{ClockId, ClockNanosleepFlags, clock_gettime, clock_nanosleep};

use super::Sys;
use crate::event::{Arg, Observer};

/// CLOCK_MONOTONIC in nanoseconds. Moments can be added, compared and slept for.
#[inline]
pub fn now_ns() -> u64 {
    // clock_gettime(2) fails for clocks that do not exist and for addresses that do not: neither is the case.
    clock_gettime(ClockId::CLOCK_MONOTONIC).map_or(0, nanos)
}

/// CPU time of the calling thread so far, user and system: CLOCK_THREAD_CPUTIME_ID.
pub fn thread_cpu() -> Duration {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).map_or(Duration::ZERO, Duration::from)
}

fn nanos(time: TimeSpec) -> u64 {
    time.tv_sec() as u64 * 1_000_000_000 + time.tv_nsec() as u64
}

impl<O: Observer> Sys<'_, O> {
    /// clock_nanosleep(2) until a moment of [`now_ns`]. EINTR is an error here too.
    pub fn sleep_until(&self, moment_ns: u64) -> io::Result<()> {
        let until = TimeSpec::from_duration(Duration::from_nanos(moment_ns));
        let run = || {
            let flags = ClockNanosleepFlags::TIMER_ABSTIME;
            clock_nanosleep(ClockId::CLOCK_MONOTONIC, flags, &until)?;
            Ok(())
        };
        let args = |_: &_| {
            vec![
                Arg::symbol("CLOCK_MONOTONIC"),
                Arg::symbol("TIMER_ABSTIME"),
                Arg::symbol(format!(
                    "{{tv_sec={}, tv_nsec={}}}",
                    until.tv_sec(),
                    until.tv_nsec()
                )),
                Arg::symbol("NULL"),
            ]
        };
        self.observed("clock_nanosleep", run, args, |()| 0)
    }

    /// prctl(2) PR_SET_TIMERSLACK, 1: the kernel wakes this thread as early as it can, and does not wait 50 µs for a
    /// chance to wake several at once.
    pub fn wake_on_time(&self) -> io::Result<()> {
        let run = || Ok(nix::sys::prctl::set_timerslack(1)?);
        let args = |_: &_| vec![Arg::symbol("PR_SET_TIMERSLACK"), Arg::Int(1)];
        self.observed("prctl", run, args, |()| 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Off;

    #[test]
    fn nobody_is_woken_before_the_time() {
        let sys = Sys::new(&Off, "test");
        sys.wake_on_time().unwrap();
        let moment = now_ns() + 2_000_000;
        sys.sleep_until(moment).unwrap();
        assert!(now_ns() >= moment);
        sys.sleep_until(moment)
            .expect("what has passed is not waited for");
    }

    #[test]
    fn work_costs_cpu_time_and_sleep_does_not() {
        let sys = Sys::new(&Off, "test");
        let before = thread_cpu();
        sys.sleep_until(now_ns() + 20_000_000).unwrap();
        let slept = thread_cpu().saturating_sub(before);
        assert!(slept < Duration::from_millis(10), "{slept:?}");
        while thread_cpu().saturating_sub(before) < Duration::from_millis(12) {
            std::hint::black_box(now_ns());
        }
    }
}
