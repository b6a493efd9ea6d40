//! A ring that waits for readiness, for sockets without connections: one poll for all times, and no receive in advance.
//!
//! A multishot poll tells of each change once, so whoever is told goes on until nothing is left, as with edge-triggered
//! epoll.

use std::io;
use std::os::fd::{AsRawFd as _, BorrowedFd, RawFd};
use std::time::Duration;

use crate::engine::waiter::{End, Interest, Ready, Token, Waiter};
use crate::event::Observer;
use crate::sys::ring::{Completion, Key, Life, Ring, Wait};

/// The ring, and what is polled.
#[derive(Debug)]
pub(super) struct Polls<'a, O: Observer> {
    ring: Ring<'a, O>,
    polled: Vec<(Token, RawFd)>,
    batch: Vec<Completion>,
}

impl<'a, O: Observer> Polls<'a, O> {
    pub(super) fn new(ring: Ring<'a, O>) -> Polls<'a, O> {
        Polls {
            ring,
            polled: Vec::new(),
            batch: Vec::new(),
        }
    }

    /// A poll that ended (the queue of completions was full) is asked for again.
    fn again(&mut self, key: Key) {
        let polled = self.polled.iter().find(|(token, _)| token.0 == key.0);
        if let Some(&(_, fd)) = polled {
            // SAFETY: a descriptor is removed from the set before it is closed (Waiter), so it is open.
            #[allow(unsafe_code, reason = "the set outlives the borrow of `add`")]
            let fd = unsafe { BorrowedFd::borrow_raw(fd) };
            self.ring.poll_readable(fd, key);
        }
    }
}

impl<O: Observer> Waiter for Polls<'_, O> {
    fn add(&mut self, fd: BorrowedFd<'_>, token: Token, _: Interest) -> io::Result<()> {
        self.polled.push((token, fd.as_raw_fd()));
        self.ring.poll_readable(fd, Key(token.0));
        Ok(())
    }

    fn change(&mut self, _: BorrowedFd<'_>, _: Token, _: Interest) -> io::Result<()> {
        Ok(())
    }

    fn remove(&mut self, _: BorrowedFd<'_>, token: Token) {
        self.polled.retain(|(other, _)| *other != token);
    }

    fn wait(&mut self, timeout: Option<Duration>) -> io::Result<usize> {
        self.batch.clear();
        let wait = timeout.map_or(Wait::One, Wait::AtMost);
        self.ring.enter(wait, &mut self.batch)?;
        for n in 0..self.batch.len() {
            if self.batch[n].life == Life::Over {
                self.again(self.batch[n].key);
            }
        }
        Ok(self.batch.len())
    }

    fn ready(&self, nth: usize) -> Ready {
        Ready {
            token: Token(self.batch[nth].key.0),
            end: End::No,
        }
    }

    fn is_edge_triggered(&self) -> bool {
        true
    }
}
