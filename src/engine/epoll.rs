//! epoll(7): the kernel keeps the list, and a wait returns only what is ready.
//!
//! Level-triggered, readiness is told as long as it lasts; edge-triggered, once per change, so that whoever is told must
//! go on until the kernel would make it wait.

use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::time::Duration;

use super::waiter::{End, Interest, Ready, Token, Waiter};
use crate::event::Observer;
use crate::plan::TriggerKey;
use crate::sys::Sys;
use crate::sys::readiness::{Ctl, EpollEntry};

/// So many events are taken with one wait, unless the profile's `batch` says otherwise.
const BATCH: usize = 256;

/// The kernel's list, and room for what is ready.
#[derive(Debug)]
pub struct Epoll<'a, O: Observer> {
    sys: Sys<'a, O>,
    list: OwnedFd,
    trigger: TriggerKey,
    events: Vec<EpollEntry>,
}

impl<'a, O: Observer> Epoll<'a, O> {
    /// An empty list.
    pub fn new(
        sys: Sys<'a, O>,
        trigger: TriggerKey,
        batch: Option<u32>,
    ) -> io::Result<Epoll<'a, O>> {
        let epoll = sys.epoll_create()?;
        let batch = batch.map_or(BATCH, |b| b as usize).max(1);
        Ok(Epoll {
            sys,
            list: epoll,
            trigger,
            events: vec![EpollEntry { events: 0, u64: 0 }; batch],
        })
    }

    /// Edge-triggered, both directions are told from the beginning, and nothing is ever changed.
    fn bits(&self, interest: Interest) -> i32 {
        match (self.trigger, interest) {
            // A hang-up is told whether it is asked for or not; with ONESHOT once, and not again and again.
            (_, Interest::Nothing) => libc::EPOLLONESHOT,
            (TriggerKey::Level, Interest::Read) => libc::EPOLLIN | libc::EPOLLRDHUP,
            (TriggerKey::Level, Interest::Write) => libc::EPOLLOUT,
            (TriggerKey::Edge, _) => {
                libc::EPOLLIN | libc::EPOLLOUT | libc::EPOLLRDHUP | libc::EPOLLET
            }
        }
    }
}

impl<O: Observer> Waiter for Epoll<'_, O> {
    fn add(&mut self, fd: BorrowedFd<'_>, token: Token, interest: Interest) -> io::Result<()> {
        self.sys.epoll_ctl(
            self.list.as_fd(),
            Ctl::Add,
            fd,
            self.bits(interest),
            token.0,
        )
    }

    fn change(&mut self, fd: BorrowedFd<'_>, token: Token, interest: Interest) -> io::Result<()> {
        self.sys.epoll_ctl(
            self.list.as_fd(),
            Ctl::Modify,
            fd,
            self.bits(interest),
            token.0,
        )
    }

    /// epoll(7): a descriptor leaves the list when it is closed, and that comes next.
    fn remove(&mut self, _: BorrowedFd<'_>, _: Token) {}

    #[inline]
    fn wait(&mut self, timeout: Option<Duration>) -> io::Result<usize> {
        self.sys
            .epoll_wait(self.list.as_fd(), &mut self.events, timeout)
    }

    #[inline]
    fn ready(&self, nth: usize) -> Ready {
        let EpollEntry { events, u64: data } = self.events[nth];
        let end = (libc::EPOLLRDHUP | libc::EPOLLHUP | libc::EPOLLERR) as u32;
        Ready {
            token: Token(data),
            end: if events & end == 0 {
                End::No
            } else {
                End::Announced
            },
        }
    }

    fn is_edge_triggered(&self) -> bool {
        self.trigger == TriggerKey::Edge
    }
}
