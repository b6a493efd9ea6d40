//! Many connections, or several messages under way: one epoll loop over sockets that never block.
//!
//! A message costs one epoll_wait(2) at most, one recv(2) and one send(2). Only a peer that takes no more is watched for
//! room, so that there is no epoll_ctl(2) while everything flows.

use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::time::Duration;

use nix::sys::socket::MsgFlags;

use super::GLANCE;
use super::generator::{Generator, Run, Wait};
use super::phase::nanos;
use super::wrong::{self, Step};
use crate::error::Error;
use crate::event::Observer;
use crate::sys::clock::now_ns;
use crate::sys::readiness::{Ctl, EpollEntry};
use crate::sys::{Client, Sys, errno};

/// So many are taken with one wait, at most.
const BATCH: usize = 256;
/// How often what does not come back is looked for.
const LOOK_AFTER_NS: u64 = 50_000_000;

/// The kernel's list of sockets, and room for those that are ready.
#[derive(Debug)]
pub(super) struct Poller {
    list: OwnedFd,
    ready: Vec<EpollEntry>,
}

impl Poller {
    pub(super) fn new<O: Observer>(sys: Sys<'_, O>, connections: usize) -> Result<Poller, Error> {
        let list = sys
            .epoll_create()
            .map_err(|e| errno::failure("epoll_create1", "EPOLL_CLOEXEC", &e))?;
        Ok(Poller {
            list,
            ready: vec![EpollEntry { events: 0, u64: 0 }; connections.min(BATCH)],
        })
    }

    pub(super) fn add<O: Observer>(
        &self,
        sys: Sys<'_, O>,
        fd: BorrowedFd<'_>,
        i: usize,
    ) -> Result<(), Error> {
        let list = self.list.as_fd();
        sys.epoll_ctl(list, Ctl::Add, fd, libc::EPOLLIN, i as u64)
            .map_err(|e| errno::failure("epoll_ctl", "EPOLL_CTL_ADD", &e).into())
    }

    /// The kernel takes no more for now.
    pub(super) fn ask_for_room<O: Observer>(&self, sys: Sys<'_, O>, fd: BorrowedFd<'_>, i: usize) {
        self.modify(sys, fd, libc::EPOLLIN | libc::EPOLLOUT, i);
    }

    /// There is nothing left to send.
    pub(super) fn ask_for_echoes<O: Observer>(
        &self,
        sys: Sys<'_, O>,
        fd: BorrowedFd<'_>,
        i: usize,
    ) {
        self.modify(sys, fd, libc::EPOLLIN, i);
    }

    fn modify<O: Observer>(&self, sys: Sys<'_, O>, fd: BorrowedFd<'_>, events: i32, i: usize) {
        // It can only fail for what is not in the list, or for want of memory: patience ends that.
        let _ = sys.epoll_ctl(self.list.as_fd(), Ctl::Modify, fd, events, i as u64);
    }

    /// With a rate, a wait may be shorter than the millisecond that epoll_wait(2) counts in.
    #[inline]
    fn wait<O: Observer>(
        &mut self,
        sys: Sys<'_, O>,
        timeout: Duration,
        paced: bool,
    ) -> io::Result<usize> {
        if paced {
            return sys.epoll_wait_precisely(self.list.as_fd(), &mut self.ready, timeout);
        }
        sys.epoll_wait(self.list.as_fd(), &mut self.ready, Some(timeout))
    }
}

impl<O: Observer, R: FnMut() -> Result<Client, Error>> Generator<'_, O, R> {
    pub(super) fn many(&mut self, run: &mut Run<'_>) -> Step {
        let mut look_after = run.clock + LOOK_AFTER_NS;
        if run.phase.pace.is_none() {
            for i in 0..self.peers.len() {
                self.feed(i, run)?;
            }
        }
        loop {
            self.goes_on()?;
            self.release(run)?;
            if self.under_way == 0 && !run.phase.goes_on(run.clock) {
                return Ok(());
            }
            let ready = self.wait_for_some(run)?;
            for nth in 0..ready {
                self.serve(nth, run)?;
            }
            if ready == 0 || run.phase.pace.is_some() {
                run.clock = now_ns();
            }
            if run.clock >= look_after {
                self.look_after_all(run)?;
                for i in 0..self.peers.len() {
                    self.feed(i, run)?;
                }
                look_after = run.clock + LOOK_AFTER_NS;
            }
        }
    }

    /// Lets go every message whose time has come. One whose connection is busy waits for it, and the others do not.
    fn release(&mut self, run: &mut Run<'_>) -> Step {
        let peers = self.peers.len() as u64;
        while let Some(pace) = &mut run.phase.pace
            && pace.next().is_some_and(|due| due <= run.clock)
        {
            let i = (pace.released % peers) as usize;
            pace.released += 1;
            self.peers[i].due += 1;
            self.feed(i, run)?;
        }
        Ok(())
    }

    /// Gives a peer all that it may have.
    #[inline]
    fn feed(&mut self, i: usize, run: &mut Run<'_>) -> Step {
        while run.phase.goes_on(run.clock) && self.is_wanted(i, run) {
            self.ready(i, run)?;
            if !self.may_be_asked(i) {
                break;
            }
            if run.phase.pace.is_some() {
                self.peers[i].due -= 1;
            }
            self.say(i, run)?;
        }
        Ok(())
    }

    /// Whether there is a message for it, and room among those under way.
    #[inline]
    fn is_wanted(&self, i: usize, run: &Run<'_>) -> bool {
        let peer = &self.peers[i];
        (run.phase.pace.is_none() || peer.due > 0)
            && peer.waits.len() < self.load.pipeline
            && peer.rest.is_empty()
    }

    /// Whether its server answers one more on this connection, as far as that is known.
    #[inline]
    fn may_be_asked(&self, i: usize) -> bool {
        self.budget.is_none_or(|most| self.peers[i].asked < most)
    }

    fn wait_for_some(&mut self, run: &mut Run<'_>) -> Step<usize> {
        let mut timeout = GLANCE;
        if let Some(due) = run.phase.pace.and_then(|pace| pace.next()) {
            timeout = timeout.min(Duration::from_nanos(due.saturating_sub(run.clock)));
        } else if !self.wire.ty().has_connections() || run.phase.pace.is_some() {
            timeout = Duration::from_nanos(LOOK_AFTER_NS).min(timeout);
        }
        debug_assert!(nanos(timeout) <= nanos(GLANCE));
        let paced = run.phase.pace.is_some();
        let Wait::Readiness(poller) = &mut self.wait else {
            return Ok(0);
        };
        match poller.wait(self.sys, timeout, paced) {
            Ok(ready) => Ok(ready),
            Err(e) if errno::interrupted(&e) => Ok(0),
            Err(e) => Err(wrong::failed(None, "epoll_wait", &e, run.echo)),
        }
    }

    #[inline]
    fn serve(&mut self, nth: usize, run: &mut Run<'_>) -> Step {
        let Wait::Readiness(poller) = &self.wait else {
            return Ok(());
        };
        let EpollEntry { events, u64: data } = poller.ready[nth];
        let i = data as usize;
        if events & libc::EPOLLOUT as u32 != 0 {
            self.go_on_sending(i, run)?;
        }
        if events & !(libc::EPOLLOUT as u32) != 0 {
            self.listen(i, MsgFlags::empty(), run)?;
        }
        self.feed(i, run)
    }
}
