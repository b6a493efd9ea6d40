//! Descriptors that tokio's I/O driver watches, and how its waits look in a trace.
//!
//! The driver makes its calls itself: one epoll_ctl(2) to begin to watch a descriptor and one to end it, which are shown
//! here with what is known of them, and one epoll_wait(2) per park. tokio tells neither the descriptor of its epoll nor
//! what that wait returned, so the line of a wait is called `park` and lists whom it woke.

use std::io;
use std::os::fd::{AsRawFd as _, BorrowedFd, RawFd};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::io::unix::AsyncFd;
pub use tokio::io::{Interest, Ready};

use super::{Sys, show};
use crate::event::{Arg, Observer};

/// A descriptor that the driver of the current runtime watches, edge-triggered.
#[derive(Debug)]
pub struct Driven<'fd> {
    fd: AsyncFd<BorrowedFd<'fd>>,
    interest: Interest,
}

impl Driven<'_> {
    /// Whether it is ready. At most one task may ask about each direction: only the last one is woken.
    #[inline]
    pub fn poll(&self, cx: &mut Context<'_>, interest: Interest) -> Poll<Ready> {
        let guard = if interest.is_writable() {
            self.fd.poll_write_ready(cx)
        } else {
            self.fd.poll_read_ready(cx)
        };
        // An error means that the runtime is gone, and then nobody polls any more.
        guard.map(|guard| guard.map_or(Ready::ALL, |guard| guard.ready()))
    }

    /// Takes note that the kernel would have made a call wait: it is ready again when the driver says so, and not before.
    /// Nothing may have awaited between that call and this one.
    #[inline]
    pub fn found_dry(&self, interest: Interest) {
        // To answer "would block" inside of try_io is how tokio is told without asking for readiness first.
        let dry = || Err::<(), _>(io::ErrorKind::WouldBlock.into());
        let _ = self.fd.try_io(interest, |_| dry());
    }

    /// Whether it is watched for this at all.
    pub fn covers(&self, interest: Interest) -> bool {
        (self.interest | interest) == self.interest
    }

    /// The descriptor's number.
    pub fn number(&self) -> RawFd {
        self.fd.as_raw_fd()
    }
}

impl<O: Observer> Sys<'_, O> {
    /// epoll_ctl(2), made by tokio: watches a descriptor from now on, in a runtime. It is told what is ready now, and
    /// then each change. Panics outside of a runtime with I/O.
    pub fn drive<'fd>(&self, fd: BorrowedFd<'fd>, interest: Interest) -> io::Result<Driven<'fd>> {
        let run = || {
            // SAFETY: a BorrowedFd is open for as long as it lives and always has the same number.
            #[allow(
                unsafe_code,
                reason = "AsyncFd has no safe constructor for what may lie about its number"
            )]
            let driven = unsafe { AsyncFd::register_with_interest(fd, interest) };
            Ok(Driven {
                fd: driven?,
                interest,
            })
        };
        let args = |_: &_| {
            let event = format!("{{events={}}}", watched_for(interest));
            vec![
                Arg::symbol(EPOLL),
                Arg::symbol("EPOLL_CTL_ADD"),
                Arg::Fd(fd.as_raw_fd()),
                Arg::symbol(event),
            ]
        };
        self.observed("epoll_ctl", run, args, |_| 0)
    }

    /// epoll_ctl(2), made by tokio: ends it. The descriptor is open and in the list, so it cannot fail.
    pub fn undrive(&self, driven: Driven<'_>) {
        let number = driven.number();
        let run = || {
            drop(driven);
            Ok(())
        };
        let args = |_: &_| {
            vec![
                Arg::symbol(EPOLL),
                Arg::symbol("EPOLL_CTL_DEL"),
                Arg::Fd(number),
                Arg::symbol("NULL"),
            ]
        };
        let _ = self.observed("epoll_ctl", run, args, |()| 0);
    }

    /// Shows a wait of the driver that is over: `park([7, 9]) = 2`. An empty list was a timer's, or nobody's.
    pub fn parked(&self, since: Instant, elapsed: Duration, woken: &[RawFd]) {
        if O::ON {
            let list: Vec<String> = woken.iter().map(RawFd::to_string).collect();
            let args = vec![Arg::symbol(format!("[{}]", list.join(", ")))];
            self.tell("park", args, Ok(woken.len() as i64), since, elapsed);
        }
    }
}

/// In the place of a descriptor that tokio keeps to itself.
const EPOLL: &str = "tokio";

/// What mio asks epoll(7) for.
fn watched_for(interest: Interest) -> Arg {
    let mut bits = libc::EPOLLET;
    if interest.is_readable() {
        bits |= libc::EPOLLIN | libc::EPOLLRDHUP;
    }
    if interest.is_writable() {
        bits |= libc::EPOLLOUT;
    }
    show::bits(bits, super::readiness::EPOLL_BITS)
}
