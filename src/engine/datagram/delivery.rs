//! Sends the answers to a batch: all with one sendmmsg(2), a train as one message that the kernel cuts (UDP_SEGMENT).
//!
//! An answer that cannot be sent is one answer lost: those behind it are sent all the same.

use super::exchange::Exchange;
use super::message::Unanswered;
use crate::event::Observer;
use crate::sys::errno;
use crate::sys::message::{Reply, Text};

/// The kernel cuts a message into at most so many (UDP_MAX_SEGMENTS; newer ones into twice as many).
const MOST_PIECES: usize = 64;

/// The most that one message can carry before it is cut: 65535 less the headers of IPv4 and UDP.
const MOST_BYTES: usize = 65_507;

/// What an answer that waits in the outbox is an answer to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pending {
    /// How many datagrams.
    pieces: usize,
    /// Their bytes.
    asked: usize,
    /// The length of each but the last.
    size: usize,
}

impl<O: Observer> Exchange<'_, O> {
    /// Puts an answer to a datagram of `asked` bytes into the outbox; within a train of datagrams of the length `train`,
    /// together with the one before it where both are echoes.
    pub(super) fn later(&mut self, reply: Reply, asked: usize, train: Option<usize>) {
        let joined = train.is_some_and(|size| self.joins(&reply, asked, size));
        if !joined {
            self.outbox.push(reply);
            self.pending.push(Pending {
                pieces: 1,
                asked,
                size: asked,
            });
        }
    }

    fn joins(&mut self, reply: &Reply, asked: usize, size: usize) -> bool {
        let (Some(last), Some(pending)) = (self.outbox.last_mut(), self.pending.last_mut()) else {
            return false;
        };
        let (Text::Slot(before), Text::Slot(next)) = (&mut last.text, &reply.text) else {
            return false;
        };
        let Ok(segment) = u16::try_from(size) else {
            return false;
        };
        let follows = last.slot == reply.slot && before.end == next.start;
        // Only the last may be shorter, and none of no bytes can be cut off.
        let full = before.len() == pending.pieces * size && next.len() == asked && asked > 0;
        let fits = pending.pieces < MOST_PIECES && next.end - before.start <= MOST_BYTES;
        if !(follows && full && fits) {
            return false;
        }
        before.end = next.end;
        last.segment = Some(segment);
        pending.pieces += 1;
        pending.asked += asked;
        pending.size = size;
        true
    }

    /// Sends what waits in the outbox.
    #[inline]
    pub(super) fn deliver(&mut self) {
        if !self.pending.is_empty() {
            self.deliver_all();
        }
    }

    fn deliver_all(&mut self) {
        let pending = std::mem::take(&mut self.pending);
        let mut done = 0;
        while done < pending.len() {
            let sys = self.context.sys;
            match sys.sendmmsg(self.fd, &self.inbox, &mut self.outbox, done) {
                Ok(sent) => {
                    // At least one, or there would have been an error; a loop must not depend on it.
                    let sent = sent.clamp(1, pending.len() - done);
                    for (n, answer) in pending.iter().enumerate().skip(done).take(sent) {
                        self.delivered(n, *answer);
                    }
                    done += sent;
                }
                Err(e) if errno::interrupted(&e) => {}
                Err(e) => {
                    self.undelivered(done, pending[done], e);
                    done += 1;
                }
            }
        }
        self.outbox.clear();
        self.pending = pending;
        self.pending.clear();
    }

    fn delivered(&mut self, n: usize, pending: Pending) {
        let reply = self.outbox.replies()[n].clone();
        let peer = self.inbox.peer(reply.slot);
        for (piece, asked) in pieces(&reply, pending) {
            let sent = self.inbox.text(&piece).len();
            self.answered(&peer, asked, sent, &piece);
        }
    }

    /// A path whose packets the kernel cannot cut (EINVAL, EIO, EMSGSIZE) may still carry them one by one.
    #[cold]
    fn undelivered(&mut self, n: usize, pending: Pending, error: std::io::Error) {
        let reply = self.outbox.replies()[n].clone();
        let peer = self.inbox.peer(reply.slot);
        if pending.pieces > 1 && !errno::would_block(&error) {
            for (piece, asked) in pieces(&reply, pending) {
                self.send(&peer, asked, &piece);
            }
            return;
        }
        let why = Unanswered::Unsent("sendmmsg", error);
        for (_, asked) in pieces(&reply, pending) {
            self.not_answered(&peer, asked, &why);
        }
    }
}

/// The answers to single datagrams that one message stands for, each with the length of its request.
fn pieces(reply: &Reply, pending: Pending) -> impl Iterator<Item = (Reply, usize)> + use<> {
    let reply = reply.clone();
    (0..pending.pieces).map(move |n| {
        if pending.pieces == 1 {
            return (reply.clone(), pending.asked);
        }
        let asked = pending.size.min(pending.asked - n * pending.size);
        let text = match &reply.text {
            Text::Slot(range) => {
                let start = range.start + n * pending.size;
                Text::Slot(start..start + asked)
            }
            Text::Fixed(text) => Text::Fixed(text),
        };
        let piece = Reply {
            text,
            segment: None,
            ..reply.clone()
        };
        (piece, asked)
    })
}
