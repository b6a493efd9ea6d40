//! Receives messages, one or a batch with each call, has each answered, and keeps the accounts.
//!
//! How to wait for them is the engine's: [`Exchange::next`] may wait in the receive itself, [`Exchange::some`] answers
//! what is there.

use std::io;
use std::os::fd::{AsFd as _, BorrowedFd};
use std::time::Instant;

use super::delivery::Pending;
use super::message::{House, Unanswered, pieces};
use crate::engine::Context;
use crate::engine::throttle::Throttle;
use crate::error::Error;
use crate::event::{Event, Observer};
use crate::socket::SocketName;
use crate::sys::message::{Datagram, Inbox, Outbox, Patience, Reply};
use crate::sys::stop::Level;
use crate::sys::{Server, errno, packet};

/// So many messages are answered before the order to stop is looked at again.
const FAIR: usize = 256;

/// Whether more messages may be waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queue {
    /// The last receive found something.
    PerhapsMore,
    /// The last receive found nothing.
    Empty,
}

/// What is kept between messages of one socket.
#[derive(Debug)]
pub struct Exchange<'a, O: Observer> {
    pub(super) context: Context<'a, O>,
    pub(super) fd: BorrowedFd<'a>,
    house: House<'a>,
    batch: Batch,
    pub(super) inbox: Inbox,
    pub(super) outbox: Outbox,
    pub(super) pending: Vec<Pending>,
    unanswered: Throttle,
    errors: Throttle,
}

/// How many messages one call moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Batch {
    /// One: recvmsg(2).
    Single,
    /// As many as there are slots: recvmmsg(2), sendmmsg(2).
    Several,
}

impl<'a, O: Observer> Exchange<'a, O> {
    /// For a server's socket: `batch` slots of `buffer_size` bytes.
    pub fn new(context: Context<'a, O>, server: &'a Server) -> Exchange<'a, O> {
        let plan = context.plan;
        let (batch, slots) = match plan.serve.batch {
            Some(slots) => (Batch::Several, slots as usize),
            None => (Batch::Single, 1),
        };
        Exchange {
            context,
            fd: server.fd.as_fd(),
            house: House {
                plan,
                own: &server.name,
                usual_ttl: plan.serve.usual_ttl,
            },
            batch,
            inbox: Inbox::new(plan.triple.family, slots, plan.buffer_size),
            outbox: Outbox::default(),
            pending: Vec::new(),
            unanswered: Throttle::default(),
            errors: Throttle::default(),
        }
    }

    /// One receive, and the answers to what it brought. An error is one after which no other message will come.
    #[inline]
    pub fn next(&mut self, patience: Patience) -> Result<Queue, Error> {
        self.turn(patience).map(|(queue, _)| queue)
    }

    /// Answers what is there, without waiting; stops after about 256 messages, or at the order to stop.
    pub fn some(&mut self) -> Result<Queue, Error> {
        let mut answered = 0;
        while answered < FAIR && self.context.stop.level() == Level::Running {
            match self.turn(Patience::Now)? {
                (Queue::Empty, _) => return Ok(Queue::Empty),
                (Queue::PerhapsMore, n) => answered += n.max(1),
            }
        }
        Ok(Queue::PerhapsMore)
    }

    /// Answers what is there until nothing is, without waiting; stops at the order to stop.
    pub fn all(&mut self) -> Result<(), Error> {
        while self.context.stop.level() == Level::Running {
            if self.some()? == Queue::Empty {
                break;
            }
        }
        Ok(())
    }

    /// What had arrived before the order to stop. An error then is the end of it.
    pub fn rest(&mut self) {
        while self.context.stop.level() < Level::Expired {
            match self.turn(Patience::Now) {
                Ok((Queue::PerhapsMore, _)) => {}
                Ok((Queue::Empty, _)) | Err(_) => break,
            }
        }
    }

    #[inline]
    fn turn(&mut self, patience: Patience) -> Result<(Queue, usize), Error> {
        let (fd, sys) = (self.fd, self.context.sys);
        let (call, outcome) = match self.batch {
            Batch::Single => match sys.recvmsg(fd, &mut self.inbox, patience) {
                Ok(datagram) => {
                    self.take(0, &datagram);
                    ("recvmsg", Ok(1))
                }
                Err(e) => ("recvmsg", Err(e)),
            },
            Batch::Several => match sys.recvmmsg(fd, &mut self.inbox, patience) {
                Ok(n) => {
                    for slot in 0..n {
                        let datagram = self.inbox.datagram(slot);
                        self.take(slot, &datagram);
                    }
                    ("recvmmsg", Ok(n))
                }
                Err(e) => ("recvmmsg", Err(e)),
            },
        };
        self.deliver();
        match outcome {
            Ok(n) => Ok((Queue::PerhapsMore, n)),
            Err(e) if errno::would_block(&e) => Ok((Queue::Empty, 0)),
            Err(e) if errno::interrupted(&e) => Ok((Queue::PerhapsMore, 0)),
            Err(e) => self.trouble(call, &e).map(|()| (Queue::PerhapsMore, 0)),
        }
    }

    /// An error of a receive: usually an ICMP message about an earlier reply, which concerns one peer only.
    #[cold]
    fn trouble(&mut self, call: &'static str, error: &io::Error) -> Result<(), Error> {
        let failure = errno::failure(call, self.house.own.to_string(), error);
        if matches!(
            failure.errno.name.as_str(),
            "EBADF" | "EINVAL" | "ENOTSOCK" | "EFAULT"
        ) {
            return Err(failure.into());
        }
        if let Some(line) = self.errors.line(Instant::now(), || failure.to_string()) {
            self.context.sys.observer().event(&Event::Trouble(&line));
        }
        Ok(())
    }

    /// One received message: each of its pieces is counted, and answered or not.
    #[inline]
    fn take(&mut self, slot: usize, d: &Datagram) {
        let level = self.context.stop.level();
        // shutdown(2) wakes a blocked receive with an empty message from nobody.
        let woken = level != Level::Running && d.len == 0 && d.peer == SocketName::UNNAMED;
        if woken || level >= Level::Expired {
            return;
        }
        let (ledger, plan) = (self.context.ledger, self.context.plan);
        if let Some(drops) = d.facts.kernel_drops {
            ledger.kernel_drops.set(drops.into());
        }
        let received = self.inbox.bytes(slot);
        let payload = packet::payload(plan.triple, received);
        let pieces = pieces(d, &payload, received.len());
        let way = self.house.way(d, &payload);
        let train = pieces.train();
        for piece in pieces {
            ledger.datagrams_received.add(1);
            ledger.bytes_received.add(piece.len as u64);
            self.context.sys.observer().event(&Event::Received {
                peer: &d.peer,
                payload: &self.inbox.bytes(slot)[piece.range()],
            });
            let way = match &way {
                Ok(way) => *way,
                Err(why) => {
                    self.not_answered(&d.peer, piece.len, why);
                    continue;
                }
            };
            let bytes = self.inbox.bytes_mut(slot);
            match piece.answer(self.context.rules.handler, plan.serve.truncated, bytes) {
                Ok(text) => {
                    let reply = Reply {
                        slot,
                        text,
                        from: way.from,
                        ttl: way.ttl,
                        segment: None,
                    };
                    match (self.batch, train) {
                        (Batch::Single, None) => self.send(&d.peer, piece.len, &reply),
                        _ => self.later(reply, piece.len, train),
                    }
                }
                Err(why) => self.not_answered(&d.peer, piece.len, &why),
            }
        }
    }

    /// Sends one answer to a datagram of `asked` bytes.
    #[inline]
    pub(super) fn send(&mut self, peer: &SocketName, asked: usize, reply: &Reply) {
        match self.context.sys.reply(self.fd, &self.inbox, reply) {
            Ok(sent) => self.answered(peer, asked, sent, reply),
            Err((call, error)) => {
                self.not_answered(peer, asked, &Unanswered::Unsent(call, error));
            }
        }
    }

    #[inline]
    pub(super) fn answered(&self, peer: &SocketName, asked: usize, sent: usize, reply: &Reply) {
        let ledger = self.context.ledger;
        ledger.datagrams_echoed.add(1);
        ledger.bytes_sent.add(sent as u64);
        // A reply is never longer than its request, so this cannot be negative.
        ledger
            .bytes_discarded
            .add(asked.saturating_sub(sent) as u64);
        let text = self.inbox.text(reply);
        self.context.sys.observer().event(&Event::Sent {
            peer,
            payload: &text[..sent.min(text.len())],
        });
    }

    #[cold]
    pub(super) fn not_answered(&mut self, peer: &SocketName, asked: usize, why: &Unanswered) {
        let ledger = self.context.ledger;
        let count = match why {
            Unanswered::Refused(_) => &ledger.datagrams_refused,
            Unanswered::Speechless(_) | Unanswered::Unsent(..) => &ledger.datagrams_dropped,
            Unanswered::Truncated => &ledger.datagrams_truncated,
        };
        count.add(1);
        ledger.bytes_discarded.add(asked as u64);
        if let Some(why) = self.unanswered.line(Instant::now(), || why.why()) {
            let unanswered = Event::Unanswered { peer, why: &why };
            self.context.sys.observer().event(&unanswered);
        }
    }
}
