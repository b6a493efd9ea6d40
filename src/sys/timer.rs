//! timerfd_create(2): time that is waited for like a descriptor, so that a wait need not count it.

use std::io;
use std::os::fd::{AsFd as _, AsRawFd as _, BorrowedFd};
use std::time::Duration;

use nix::sys::time::TimeSpec;
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};

use super::Sys;
use crate::event::{Arg, Observer};

/// A descriptor that becomes readable when its time has come, and stays so until it is set again.
#[derive(Debug)]
pub struct Timer(TimerFd);

impl Timer {
    /// What to wait for.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl<O: Observer> Sys<'_, O> {
    /// timerfd_create(2) of the monotonic clock.
    pub fn timer(&self) -> io::Result<Timer> {
        let flags = TimerFlags::TFD_CLOEXEC | TimerFlags::TFD_NONBLOCK;
        let run = || Ok(Timer(TimerFd::new(ClockId::CLOCK_MONOTONIC, flags)?));
        let args = |_: &_| {
            vec![
                Arg::symbol("CLOCK_MONOTONIC"),
                Arg::symbol("TFD_CLOEXEC|TFD_NONBLOCK"),
            ]
        };
        let number = |timer: &Timer| timer.fd().as_raw_fd().into();
        self.observed("timerfd_create", run, args, number)
    }

    /// timerfd_settime(2): once, after so long, or not at all. Until then the descriptor is not readable.
    pub fn set_timer(&self, timer: &Timer, after: Option<Duration>) -> io::Result<()> {
        // Zero would disarm it.
        let after = after.map(|after| after.max(Duration::from_nanos(1)));
        let run = || {
            match after {
                Some(after) => {
                    let once = Expiration::OneShot(TimeSpec::from_duration(after));
                    timer.0.set(once, TimerSetTimeFlags::empty())?;
                }
                None => timer.0.unset()?,
            }
            Ok(())
        };
        let args = |_: &_| {
            let after = after.unwrap_or_default();
            let value = format!(
                "{{it_interval={{tv_sec=0, tv_nsec=0}}, it_value={{tv_sec={}, tv_nsec={}}}}}",
                after.as_secs(),
                after.subsec_nanos()
            );
            vec![
                Arg::Fd(timer.fd().as_raw_fd()),
                Arg::symbol("0"),
                Arg::symbol(value),
                Arg::symbol("NULL"),
            ]
        };
        self.observed("timerfd_settime", run, args, |()| 0)
    }
}
