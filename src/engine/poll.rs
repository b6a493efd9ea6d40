//! poll(2): the whole list goes to the kernel and back with each wait, and is searched each time.

use std::collections::HashMap;
use std::io;
use std::os::fd::{AsRawFd as _, BorrowedFd};
use std::time::Duration;

use super::waiter::{End, Interest, Ready, Token, Waiter};
use crate::event::Observer;
use crate::sys::Sys;
use crate::sys::readiness::PollEntry;

/// The list, and where each token stands in it.
#[derive(Debug)]
pub struct Poll<'a, O: Observer> {
    sys: Sys<'a, O>,
    entries: Vec<PollEntry>,
    tokens: Vec<Token>,
    places: HashMap<Token, usize>,
    ready: Vec<Ready>,
}

impl<'a, O: Observer> Poll<'a, O> {
    /// An empty list.
    pub fn new(sys: Sys<'a, O>) -> Poll<'a, O> {
        Poll {
            sys,
            entries: Vec::new(),
            tokens: Vec::new(),
            places: HashMap::new(),
            ready: Vec::new(),
        }
    }
}

const fn bits(interest: Interest) -> i16 {
    match interest {
        Interest::Read => libc::POLLIN | libc::POLLRDHUP,
        Interest::Write => libc::POLLOUT,
        Interest::Nothing => 0,
    }
}

/// poll(2) passes over a negative descriptor: so that an error of a peer in a pause does not wake us for nothing.
fn entry(fd: BorrowedFd<'_>, interest: Interest) -> PollEntry {
    let fd = fd.as_raw_fd();
    PollEntry {
        fd: if interest == Interest::Nothing {
            -fd - 1
        } else {
            fd
        },
        events: bits(interest),
        revents: 0,
    }
}

impl<O: Observer> Waiter for Poll<'_, O> {
    fn add(&mut self, fd: BorrowedFd<'_>, token: Token, interest: Interest) -> io::Result<()> {
        self.places.insert(token, self.entries.len());
        self.entries.push(entry(fd, interest));
        self.tokens.push(token);
        Ok(())
    }

    fn change(&mut self, fd: BorrowedFd<'_>, token: Token, interest: Interest) -> io::Result<()> {
        if let Some(&at) = self.places.get(&token) {
            self.entries[at] = entry(fd, interest);
        }
        Ok(())
    }

    fn remove(&mut self, _: BorrowedFd<'_>, token: Token) {
        let Some(at) = self.places.remove(&token) else {
            return;
        };
        self.entries.swap_remove(at);
        self.tokens.swap_remove(at);
        if let Some(&moved) = self.tokens.get(at) {
            self.places.insert(moved, at);
        }
    }

    fn wait(&mut self, timeout: Option<Duration>) -> io::Result<usize> {
        self.ready.clear();
        self.sys.poll_entries(&mut self.entries, timeout)?;
        let end = libc::POLLRDHUP | libc::POLLHUP | libc::POLLERR | libc::POLLNVAL;
        for (entry, &token) in self
            .entries
            .iter()
            .zip(&self.tokens)
            .filter(|(e, _)| e.revents != 0)
        {
            let end = if entry.revents & end == 0 {
                End::No
            } else {
                End::Announced
            };
            self.ready.push(Ready { token, end });
        }
        Ok(self.ready.len())
    }

    fn ready(&self, nth: usize) -> Ready {
        self.ready[nth]
    }

    fn is_edge_triggered(&self) -> bool {
        false
    }
}
