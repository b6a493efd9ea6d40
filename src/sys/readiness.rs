//! poll(2) and epoll(7) for many descriptors.

use std::io;
use std::os::fd::{AsRawFd as _, BorrowedFd, OwnedFd};
use std::time::Duration;

use super::{Sys, quick, show};
use crate::event::{Arg, Observer};

/// One entry of poll(2)'s array.
pub type PollEntry = libc::pollfd;
/// One entry of epoll_wait(2)'s array.
pub type EpollEntry = libc::epoll_event;

/// What epoll_ctl(2) does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ctl {
    /// EPOLL_CTL_ADD
    Add,
    /// EPOLL_CTL_MOD
    Modify,
}

pub(super) const EPOLL_BITS: &[(i32, &str)] = &[
    (libc::EPOLLIN, "EPOLLIN"),
    (libc::EPOLLPRI, "EPOLLPRI"),
    (libc::EPOLLOUT, "EPOLLOUT"),
    (libc::EPOLLERR, "EPOLLERR"),
    (libc::EPOLLHUP, "EPOLLHUP"),
    (libc::EPOLLRDHUP, "EPOLLRDHUP"),
    (libc::EPOLLONESHOT, "EPOLLONESHOT"),
    (libc::EPOLLET, "EPOLLET"),
];

/// poll(2) and epoll_wait(2) count milliseconds; a rest is rounded up, or a deadline would be asked for again and again.
fn millis(timeout: Option<Duration>) -> i32 {
    timeout.map_or(-1, |t| {
        i32::try_from(t.as_micros().div_ceil(1000)).unwrap_or(i32::MAX)
    })
}

impl<O: Observer> Sys<'_, O> {
    /// poll(2); tells how many entries are ready.
    pub fn poll_entries(
        &self,
        entries: &mut [PollEntry],
        timeout: Option<Duration>,
    ) -> io::Result<usize> {
        let (pointer, len) = (entries.as_ptr(), entries.len());
        let run = || {
            // SAFETY: the pointer and the length describe a live slice of pollfd, which the kernel fills in.
            #[allow(
                unsafe_code,
                reason = "nix's PollFd borrows its descriptor, which a table of connections cannot"
            )]
            match unsafe {
                libc::poll(
                    entries.as_mut_ptr(),
                    entries.len() as libc::nfds_t,
                    millis(timeout),
                )
            } {
                -1 => Err(io::Error::last_os_error()),
                n => Ok(n as usize),
            }
        };
        let args = |_: &io::Result<usize>| {
            // SAFETY: the slice is borrowed for the whole of this call.
            #[allow(
                unsafe_code,
                reason = "the array is borrowed by the call and shown after it"
            )]
            let entries = unsafe { std::slice::from_raw_parts(pointer, len) };
            let one = |e: &PollEntry| {
                format!(
                    "{{fd={}, events={}, revents={}}}",
                    e.fd,
                    poll_bits(e.events),
                    poll_bits(e.revents)
                )
            };
            let ready: Vec<String> = entries.iter().filter(|e| e.revents != 0).map(one).collect();
            vec![
                Arg::symbol(format!("[{}]", ready.join(", "))),
                Arg::Int(len as i64),
                Arg::Int(millis(timeout).into()),
            ]
        };
        self.observed("poll", run, args, |&n| n as i64)
    }

    /// epoll_create1(2) with EPOLL_CLOEXEC.
    pub fn epoll_create(&self) -> io::Result<OwnedFd> {
        use std::os::fd::FromRawFd as _;
        let run = || {
            // SAFETY: the descriptor is new and nobody else's.
            #[allow(
                unsafe_code,
                reason = "nix's Epoll hides its descriptor and its errors' calls"
            )]
            match unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) } {
                -1 => Err(io::Error::last_os_error()),
                fd => Ok(unsafe { OwnedFd::from_raw_fd(fd) }),
            }
        };
        self.observed(
            "epoll_create1",
            run,
            |_| vec![Arg::symbol("EPOLL_CLOEXEC")],
            |fd| fd.as_raw_fd().into(),
        )
    }

    /// epoll_ctl(2): `events` are EPOLL… bits, `data` comes back when one of them happens.
    pub fn epoll_ctl(
        &self,
        epoll: BorrowedFd<'_>,
        ctl: Ctl,
        fd: BorrowedFd<'_>,
        events: i32,
        data: u64,
    ) -> io::Result<()> {
        let (op, word) = match ctl {
            Ctl::Add => (libc::EPOLL_CTL_ADD, "EPOLL_CTL_ADD"),
            Ctl::Modify => (libc::EPOLL_CTL_MOD, "EPOLL_CTL_MOD"),
        };
        let run = || {
            let mut event = EpollEntry {
                events: events as u32,
                u64: data,
            };
            // SAFETY: the event lives until the call returns; the kernel copies it.
            #[allow(unsafe_code, reason = "epoll_ctl(2) takes a pointer")]
            match unsafe { libc::epoll_ctl(epoll.as_raw_fd(), op, fd.as_raw_fd(), &raw mut event) }
            {
                -1 => Err(io::Error::last_os_error()),
                _ => Ok(()),
            }
        };
        let args = |_: &_| {
            let event = format!(
                "{{events={}, data={data:#x}}}",
                show::bits(events, EPOLL_BITS)
            );
            vec![
                Arg::Fd(epoll.as_raw_fd()),
                Arg::symbol(word),
                Arg::Fd(fd.as_raw_fd()),
                Arg::symbol(event),
            ]
        };
        self.observed("epoll_ctl", run, args, |()| 0)
    }

    /// epoll_wait(2); fills in as many entries as are ready and tells how many.
    pub fn epoll_wait(
        &self,
        epoll: BorrowedFd<'_>,
        ready: &mut [EpollEntry],
        timeout: Option<Duration>,
    ) -> io::Result<usize> {
        let (pointer, len) = (ready.as_ptr(), ready.len());
        let run = || quick::epoll_wait(epoll, ready, millis(timeout));
        let args = |outcome: &io::Result<usize>| {
            // SAFETY: the slice is borrowed for the whole of this call.
            #[allow(
                unsafe_code,
                reason = "the array is borrowed by the call and shown after it"
            )]
            let filled = unsafe {
                std::slice::from_raw_parts(pointer, outcome.as_ref().copied().unwrap_or(0))
            };
            let one = |e: &EpollEntry| {
                let (events, data) = (e.events, e.u64);
                format!(
                    "{{events={}, data={data:#x}}}",
                    show::bits(events.cast_signed(), EPOLL_BITS)
                )
            };
            let list: Vec<String> = filled.iter().map(one).collect();
            vec![
                Arg::Fd(epoll.as_raw_fd()),
                Arg::symbol(format!("[{}]", list.join(", "))),
                Arg::Int(len as i64),
                Arg::Int(millis(timeout).into()),
            ]
        };
        self.observed("epoll_wait", run, args, |&n| n as i64)
    }

    /// epoll_pwait2(2): epoll_wait(2) that counts nanoseconds, where a millisecond is too long. A kernel before 5.11 has
    /// none, and then it waits for a part of a millisecond not at all.
    pub fn epoll_wait_precisely(
        &self,
        epoll: BorrowedFd<'_>,
        ready: &mut [EpollEntry],
        timeout: Duration,
    ) -> io::Result<usize> {
        let len = ready.len();
        let run = || match quick::epoll_pwait2(epoll, ready, timeout) {
            Err(e) if e.raw_os_error() == Some(libc::ENOSYS) => {
                quick::epoll_wait(epoll, ready, timeout.as_millis() as i32)
            }
            outcome => outcome,
        };
        let args = |_: &_| {
            vec![
                Arg::Fd(epoll.as_raw_fd()),
                Arg::Int(len as i64),
                Arg::symbol(format!(
                    "{{tv_sec={}, tv_nsec={}}}",
                    timeout.as_secs(),
                    timeout.subsec_nanos()
                )),
            ]
        };
        self.observed("epoll_pwait2", run, args, |&n| n as i64)
    }
}

fn poll_bits(bits: i16) -> Arg {
    show::bits(bits.into(), super::bits::POLL)
}
