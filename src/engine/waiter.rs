//! How an engine learns what is ready: the one thing in which poll and epoll differ.

use std::io;
use std::os::fd::BorrowedFd;
use std::time::Duration;

/// Names a descriptor in what comes back from a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Token(pub u64);

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interest {
    /// Something to read.
    Read,
    /// Room to write.
    Write,
    /// Nothing for now: a pause, or a full house.
    Nothing,
}

/// Something is ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ready {
    /// What.
    pub token: Token,
    /// Whether the peer has ended its stream, or the socket has an error: then a short read is not all there is.
    pub end: End,
}

/// Whether more than data was announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Only data, or room.
    No,
    /// RDHUP, HUP or ERR.
    Announced,
}

/// A set of descriptors that can be waited on.
pub trait Waiter {
    /// Takes a descriptor into the set.
    fn add(&mut self, fd: BorrowedFd<'_>, token: Token, interest: Interest) -> io::Result<()>;
    /// Changes what is waited for.
    fn change(&mut self, fd: BorrowedFd<'_>, token: Token, interest: Interest) -> io::Result<()>;
    /// Takes a descriptor out, before it is closed.
    fn remove(&mut self, fd: BorrowedFd<'_>, token: Token);
    /// Waits, at most so long, and tells how many are ready.
    fn wait(&mut self, timeout: Option<Duration>) -> io::Result<usize>;
    /// One of those that the last wait found ready.
    fn ready(&self, nth: usize) -> Ready;
    /// Whether readiness is told once per change, and not as long as it lasts.
    fn is_edge_triggered(&self) -> bool;
}
