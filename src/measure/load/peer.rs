//! One connection of the load, or one socket that sends datagrams: what is under way on it.

use std::collections::VecDeque;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};

/// A message that is under way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sent {
    /// Which.
    pub(super) n: u64,
    /// The moment from which its latency counts.
    pub(super) at: u64,
    /// The moment at which it left.
    pub(super) left: u64,
}

/// One end of the conversation.
#[derive(Debug)]
pub(super) struct Peer {
    /// The socket; none between a server's closing and the next message.
    fd: Option<OwnedFd>,
    /// What is under way, the oldest first.
    pub(super) waits: VecDeque<Sent>,
    /// Bytes of the oldest one's echo that are there.
    pub(super) heard: usize,
    /// Messages sent on this connection.
    pub(super) asked: u64,
    /// Echoes on this connection.
    pub(super) answered: u64,
    /// How many messages had their turn here, on all connections.
    pub(super) turn: u64,
    /// With a rate: messages whose time has come and that wait for the connection.
    pub(super) due: u64,
    /// The end of a message that the kernel would not take.
    pub(super) rest: Vec<u8>,
    /// When the connection could have taken the next message.
    pub(super) free_at: u64,
    /// Since when it has owed an echo; whatever is counted as lost is still owed.
    pub(super) owes_since: Option<u64>,
}

impl Peer {
    pub(super) fn new(pipeline: usize) -> Peer {
        Peer {
            fd: None,
            waits: VecDeque::with_capacity(pipeline),
            heard: 0,
            asked: 0,
            answered: 0,
            turn: 0,
            due: 0,
            rest: Vec::new(),
            free_at: 0,
            owes_since: None,
        }
    }

    /// The socket, if it is open.
    #[inline]
    pub(super) fn socket(&self) -> Option<BorrowedFd<'_>> {
        self.fd.as_ref().map(|fd| fd.as_fd())
    }

    /// Takes a new connection.
    pub(super) fn connected(&mut self, fd: OwnedFd, now: u64) {
        self.fd = Some(fd);
        (self.asked, self.answered) = (0, 0);
        self.free_at = now;
    }

    /// Gives its socket away, and forgets what was under way: tells how much that was. The messages have their turn again.
    pub(super) fn disconnected(&mut self) -> (Option<OwnedFd>, u64) {
        let under_way = self.waits.len() as u64;
        self.turn -= under_way;
        self.waits.clear();
        self.rest.clear();
        self.heard = 0;
        self.owes_since = None;
        (self.fd.take(), under_way)
    }

    /// A whole echo came: of the message at this place among those under way.
    #[inline]
    pub(super) fn answered(&mut self, place: usize, now: u64) {
        self.waits.remove(place);
        self.heard = 0;
        self.answered += 1;
        self.free_at = now;
        self.owes_since = (!self.waits.is_empty()).then_some(now);
    }
}
