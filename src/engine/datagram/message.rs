//! What one message becomes: an answer or a reason. Pure: nothing is sent or counted here.
//!
//! A receive with UDP_GRO gives a *train*, several datagrams of one peer in one buffer. Each of its pieces is a datagram
//! like any other; they share the sender, and so what the guards say.

use std::io;
use std::net::SocketAddr;

use crate::engine::guard::{self, Ports, Request};
use crate::handler::{Answer, Handler};
use crate::plan::{Plan, TruncatedKey};
use crate::socket::{SocketName, Type};
use crate::sys::errno;
use crate::sys::message::{Cast, Datagram, Destination, Text};
use crate::sys::packet::Payload;

/// Why a message was not answered, as the accounts sort it.
#[derive(Debug)]
pub(super) enum Unanswered {
    /// By the guards.
    Refused(&'static str),
    /// The handler had nothing to say, and why.
    Speechless(&'static str),
    /// The call that should have sent the answer, and its error.
    Unsent(&'static str, io::Error),
    /// It did not fit.
    Truncated,
}

impl Unanswered {
    /// In a few words.
    pub(super) fn why(&self) -> String {
        match self {
            Unanswered::Refused(why) | Unanswered::Speechless(why) => (*why).to_owned(),
            Unanswered::Unsent(call, error) => format!("{call}: {}", errno::of(error).name),
            Unanswered::Truncated => "it is longer than the buffer".to_owned(),
        }
    }
}

/// How an answer travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Way {
    /// The source, where it is not the socket's own address.
    pub(super) from: Option<Destination>,
    /// The time to live, where it is not the socket's own.
    pub(super) ttl: Option<i32>,
}

/// What is the same for all messages of a socket.
#[derive(Clone, Copy, Debug)]
pub(super) struct House<'a> {
    pub(super) plan: &'a Plan,
    pub(super) own: &'a SocketName,
    /// The time to live that the socket itself gives its datagrams, where that is known.
    pub(super) usual_ttl: Option<i32>,
}

impl House<'_> {
    /// Whether a message is answered, and how.
    #[inline]
    pub(super) fn way(&self, d: &Datagram, payload: &Payload) -> Result<Way, Unanswered> {
        let (plan, to) = (self.plan, d.facts.to);
        let request = Request {
            peer: &d.peer,
            own: self.own,
            to: payload.to.or(to.map(|to| to.address)),
            cast: to.map_or(Cast::One, |to| to.cast),
            ttl: payload.ttl.or(d.facts.ttl),
            ports: if plan.triple.ty == Type::Raw {
                Ports::No
            } else {
                Ports::Yes
            },
        };
        let ttl = guard::judge(&request, plan.serve.ttl, plan.serve.loops)
            .map_err(Unanswered::Refused)?;
        // The kernel takes two control messages on the heap, one on its stack: what goes without saying is not said.
        let ttl = ttl.filter(|_| ttl != self.usual_ttl || self.is_foreign(&d.peer));
        let from = match (to, self.own) {
            (Some(to), SocketName::Inet(own)) if to.cast == Cast::One && own.ip() != to.address => {
                Some(to)
            }
            _ => None,
        };
        Ok(Way { from, ttl })
    }

    /// Whether an answer to this peer is sent by IPv4 from an IPv6 socket, whose own hop limit then has no say.
    #[inline]
    fn is_foreign(&self, peer: &SocketName) -> bool {
        match (self.own, peer) {
            (SocketName::Inet(SocketAddr::V6(_)), SocketName::Inet(SocketAddr::V6(peer))) => {
                peer.ip().to_ipv4_mapped().is_some()
            }
            _ => false,
        }
    }
}

/// A datagram in its slot: where it begins there, how much of it is there, and how long it really was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) start: usize,
    pub(super) here: usize,
    pub(super) len: usize,
}

impl Piece {
    pub(super) fn range(self) -> std::ops::Range<usize> {
        self.start..self.start + self.here
    }

    /// The answer to this piece of the message in `slot`: at most as long as the piece.
    #[inline]
    pub(super) fn answer(
        self,
        handler: Handler,
        truncated: TruncatedKey,
        slot: &mut [u8],
    ) -> Result<Text, Unanswered> {
        if self.here < self.len && (truncated == TruncatedKey::Drop || self.is_lost()) {
            return Err(Unanswered::Truncated);
        }
        match handler.answer(&mut slot[self.range()]) {
            Answer::InPlace => Ok(Text::Slot(self.range())),
            Answer::Text(text) => Ok(Text::Fixed(&text[..self.here.min(text.len())])),
            Answer::Nothing(why) => Err(Unanswered::Speechless(why)),
        }
    }

    /// Whether it is that part of a train of which nothing fitted.
    const fn is_lost(self) -> bool {
        self.start > 0 && self.here == 0
    }
}

/// The pieces of a message of which `fitted` bytes are in the slot.
pub(super) fn pieces(d: &Datagram, payload: &Payload, fitted: usize) -> Pieces {
    let len = payload.range.len() + (d.len - fitted);
    Pieces {
        start: payload.range.start,
        end: payload.range.end,
        left: len,
        size: d.facts.segment.filter(|&size| size < len).unwrap_or(len),
        first: true,
    }
}

/// An iterator over them; a message of no bytes is one piece too.
#[derive(Clone, Debug)]
pub(super) struct Pieces {
    start: usize,
    end: usize,
    left: usize,
    size: usize,
    first: bool,
}

impl Pieces {
    /// The length of each piece but the last, where there are several.
    pub(super) fn train(&self) -> Option<usize> {
        (self.size < self.left).then_some(self.size)
    }
}

impl Iterator for Pieces {
    type Item = Piece;

    #[inline]
    fn next(&mut self) -> Option<Piece> {
        if self.left == 0 && !self.first {
            return None;
        }
        self.first = false;
        let len = self.left.min(self.size);
        let start = self.start;
        let here = len.min(self.end - start);
        self.start += here;
        self.left -= len;
        Some(Piece { start, here, len })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::message::Facts;

    fn cut(len: usize, room: usize, segment: Option<usize>) -> Vec<(usize, usize, usize)> {
        let datagram = Datagram {
            peer: SocketName::UNNAMED,
            len,
            facts: Facts {
                segment,
                ..Facts::default()
            },
        };
        let fitted = len.min(room);
        let payload = Payload {
            range: 0..fitted,
            to: None,
            ttl: None,
        };
        pieces(&datagram, &payload, fitted)
            .map(|p| (p.start, p.here, p.len))
            .collect()
    }

    #[test]
    fn a_message_alone_is_one_piece() {
        assert_eq!(cut(0, 9, None), [(0, 0, 0)]);
        assert_eq!(cut(5, 9, None), [(0, 5, 5)]);
        assert_eq!(cut(15, 9, None), [(0, 9, 15)]);
        assert_eq!(cut(5, 9, Some(5)), [(0, 5, 5)]);
        assert_eq!(cut(5, 9, Some(8)), [(0, 5, 5)]);
    }

    #[test]
    fn a_train_is_cut_at_its_size() {
        assert_eq!(cut(6, 9, Some(3)), [(0, 3, 3), (3, 3, 3)]);
        assert_eq!(cut(7, 9, Some(3)), [(0, 3, 3), (3, 3, 3), (6, 1, 1)]);
    }

    #[test]
    fn of_a_train_that_did_not_fit_every_piece_is_accounted() {
        let all = cut(14, 7, Some(3));
        let expected = [(0, 3, 3), (3, 3, 3), (6, 1, 3), (7, 0, 3), (7, 0, 2)];
        assert_eq!(all, expected);
        assert_eq!(all.iter().map(|p| p.2).sum::<usize>(), 14);
        assert_eq!(all.iter().map(|p| p.1).sum::<usize>(), 7);
    }

    #[test]
    fn what_does_not_fit_is_answered_only_on_request_and_never_from_nothing() {
        let mut slot = *b"abcdefg";
        let half = Piece {
            start: 6,
            here: 1,
            len: 3,
        };
        let gone = Piece {
            start: 7,
            here: 0,
            len: 3,
        };
        let ask = |piece: Piece, key, slot: &mut [u8]| piece.answer(Handler::Echo, key, slot).ok();
        assert_eq!(ask(half, TruncatedKey::Drop, &mut slot), None);
        assert_eq!(
            ask(half, TruncatedKey::Echo, &mut slot),
            Some(Text::Slot(6..7))
        );
        assert_eq!(ask(gone, TruncatedKey::Echo, &mut slot), None);
    }
}
