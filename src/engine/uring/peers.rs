//! The peers: a conversation goes on as far as it goes without waiting, then it asks the kernel for something.

use std::os::fd::AsFd as _;
use std::time::Duration;

use super::clock::Due;
use super::shelf::NOTHING;
use super::style::When;
use super::table::{Receiving, Sending, State};
use super::{Engine, Haste, Token};
use crate::engine::connection::{Connection, end};
use crate::engine::flow::{self, give_up, must_end};
use crate::engine::turn::Gone;
use crate::event::Observer;
use crate::session::{Close, Manner, Want};
use crate::sys::ring::Op;
use crate::sys::ring::ops::Patience;
use crate::sys::stop::Level;

/// Whether a session was given something to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fed {
    Yes,
    No,
}

impl<O: Observer> Engine<'_, O> {
    /// Takes a new connection in.
    pub(super) fn admit(&mut self, connection: Connection) {
        let token = self.table.insert(connection, self.clock.sweeps.count);
        self.advance(token);
    }

    /// Does what the session wants, until that has to wait for a completion.
    pub(super) fn advance(&mut self, token: Token) {
        loop {
            let Some(slot) = self.table.get(token) else {
                return;
            };
            match slot.state {
                State::Over if !slot.is_busy() => {
                    let gone = self.endings.remove(&token);
                    return self.close(token, gone.unwrap_or(Gone::Ended(Close::GivenUp)));
                }
                State::Over | State::Pausing => return,
                State::Awake if slot.sending != Sending::Not => return,
                State::Awake => {}
            }
            match slot.session.want() {
                Want::Recv => {
                    if self.feed(token) == Fed::No {
                        return self.receive_or_end(token);
                    }
                }
                // Who speaks without being asked never comes to a receive, where the order to stop is looked at.
                Want::Send
                    if self.context.rules.handler.speaks_first()
                        && must_end(self.context, &slot.session) =>
                {
                    give_up(self.context, &mut slot.session);
                }
                Want::Send => return self.send(token, Patience::NoneAndSilent),
                Want::Pause(pause) => {
                    let time = pause.length(&self.context.rules.pauses);
                    return self.pause(token, time);
                }
                Want::Close(close) => return self.over(token, Gone::Ended(close)),
            }
        }
    }

    /// Gives back what was lent, and lends what was received next.
    fn feed(&mut self, token: Token) -> Fed {
        let Some((slot, name)) = self.table.get_named(token) else {
            return Fed::No;
        };
        let session = &mut slot.session;
        let before = session.held();
        if slot.lent != NOTHING {
            session.release(self.shelf.bytes(&self.ring, slot.lent));
            self.shelf.clear(&mut self.ring, slot.lent);
            slot.lent = NOTHING;
        }
        let next = self.shelf.pop(&mut slot.row);
        if let Some((at, n)) = next {
            slot.lent = at;
            let chunk = self.shelf.bytes_mut(&mut self.ring, at);
            flow::took(self.context, slot.fd.as_fd(), name, session, chunk, n);
        }
        self.held = self.held + session.held() - before;
        next.map_or(Fed::No, |_| Fed::Yes)
    }

    /// Nothing is unsent and nothing more was received: either the order to stop ends it, or it receives.
    fn receive_or_end(&mut self, token: Token) {
        let Some(slot) = self.table.get(token) else {
            return;
        };
        if !must_end(self.context, &slot.session) {
            return self.receive(token);
        }
        if slot.is_busy() {
            // What comes before the receive has ended was not given up, but answered.
            return self.receive_no_more(token);
        }
        self.over(token, Gone::Ended(Close::Stopped));
    }

    fn receive(&mut self, token: Token) {
        let starved = self.memory() >= self.context.limits.memory;
        let Some(slot) = self.table.get(token) else {
            return;
        };
        if slot.receiving != Receiving::Not {
            return;
        }
        if starved {
            slot.receiving = Receiving::Starved;
            self.starved.push(token);
        } else if self.style.when == When::Ahead && slot.bulk == 0 {
            slot.receiving = Receiving::Many;
            self.ring.recv_many(slot.fd.as_fd(), token.key());
        } else {
            slot.receiving = Receiving::One;
            let flags = flow::flags(self.context).bits();
            let len = self.style.len;
            self.ring.recv(slot.fd.as_fd(), len, flags, token.key());
        }
    }

    fn receive_no_more(&mut self, token: Token) {
        let Some(slot) = self.table.get(token) else {
            return;
        };
        let op = match slot.receiving {
            Receiving::Many => Op::RecvMany,
            Receiving::One => Op::Recv,
            _ => return,
        };
        slot.receiving = Receiving::Cancelled;
        self.ring.cancel(op, token.key());
        self.haste = Haste::Yes;
    }

    fn send(&mut self, token: Token, how: Patience) {
        let Some(slot) = self.table.get(token) else {
            return;
        };
        let chunk = self.shelf.bytes(&self.ring, slot.lent);
        let reply: *const [u8] = slot.session.reply(chunk);
        let number = self.ring.next_number();
        // SAFETY: the reply is a part of what is lent, of the session's buffer, or of a constant. While a send is under
        // way `advance` returns before the session could change, the shelf keeps what is lent, and the slot stays.
        #[allow(
            unsafe_code,
            reason = "the kernel reads the reply until the send is over"
        )]
        unsafe {
            self.ring.send(slot.fd.as_fd(), reply, how, token.key());
        }
        match how {
            Patience::NoneAndSilent => {
                slot.sending = Sending::Silent;
                self.silent.push_back((number, token));
                self.meanwhile(token);
            }
            Patience::Waits => slot.sending = Sending::Waits,
        }
    }

    /// While a send is under way the next bytes may come. Only if some will may the next round wait for them.
    fn meanwhile(&mut self, token: Token) {
        let ahead = self.style.when == When::Ahead && !self.context.rules.handler.speaks_first();
        let Some(slot) = self.table.get(token) else {
            return;
        };
        if ahead && slot.row.is_empty() {
            self.receive(token);
        }
        let slot = self.table.get(token);
        let comes = slot.is_some_and(|slot| {
            slot.row.is_empty() && matches!(slot.receiving, Receiving::Many | Receiving::One)
        });
        if !comes {
            self.haste = Haste::Yes;
        }
    }

    /// A send is over that told its result. If something is left, the peer has to read first.
    pub(super) fn after_a_send(&mut self, token: Token) {
        let roomy = self.memory() < self.context.limits.memory;
        let Some(slot) = self.table.get(token) else {
            return;
        };
        if slot.state != State::Awake || slot.session.want() != Want::Send {
            return self.advance(token);
        }
        if self.context.stop.level() >= Level::Expired {
            return self.give_up(token);
        }
        if roomy {
            let before = slot.session.held();
            if slot.lent != NOTHING {
                slot.session
                    .release(self.shelf.bytes(&self.ring, slot.lent));
                self.shelf.clear(&mut self.ring, slot.lent);
                slot.lent = NOTHING;
            }
            self.held = self.held + slot.session.held() - before;
            self.shelf.copy(&mut self.ring, slot.row);
        }
        self.receive_no_more(token);
        self.send(token, Patience::Waits);
    }

    fn pause(&mut self, token: Token, time: Duration) {
        if let Some(slot) = self.table.get(token) {
            slot.state = State::Pausing;
            self.clock.after(time, Due::Awake(token.key().0));
        }
    }

    pub(super) fn awake(&mut self, token: Token) {
        if let Some(slot) = self.table.get(token)
            && slot.state == State::Pausing
        {
            slot.state = State::Awake;
            slot.session.paused();
            self.advance(token);
        }
    }

    /// Ends a connection that could not send its rest in time.
    pub(super) fn give_up(&mut self, token: Token) {
        self.over(token, Gone::Ended(Close::GivenUp));
    }

    /// A conversation is over. Its socket is closed as soon as the kernel has let go of it: an operation that is under
    /// way would keep it open, and the peer would not see the end.
    pub(super) fn over(&mut self, token: Token, gone: Gone) {
        let Some(slot) = self.table.get(token) else {
            return;
        };
        if slot.state == State::Over {
            return;
        }
        slot.state = State::Over;
        if !slot.is_busy() {
            return self.close(token, gone);
        }
        if slot.sending == Sending::Waits {
            self.ring.cancel(Op::Send, token.key());
        }
        self.endings.insert(token, gone);
        self.receive_no_more(token);
        self.haste = Haste::Yes;
    }

    fn close(&mut self, token: Token, gone: Gone) {
        let Some((mut connection, lent, mut row)) = self.table.remove(token) else {
            return;
        };
        let session = &mut connection.session;
        self.held -= session.held();
        session.release(self.shelf.bytes(&self.ring, lent));
        self.shelf.clear(&mut self.ring, lent);
        let mut unasked = 0;
        while let Some((at, n)) = self.shelf.pop(&mut row) {
            let chunk = self.shelf.bytes_mut(&mut self.ring, at);
            let fd = connection.fd.as_fd();
            flow::took(self.context, fd, &connection.peer, session, chunk, n);
            session.release(self.shelf.bytes(&self.ring, at));
            self.shelf.clear(&mut self.ring, at);
            unasked += n;
        }
        if self.context.rules.handler.swallows() {
            unasked = 0;
        }
        let gone = self.last_word(&mut connection, gone, unasked);
        end(self.context, connection, gone);
        self.room_again();
    }

    /// How a conversation ends that was received ahead of: bytes that were received and are not answered make the end a
    /// reset, as they would if they were still in the socket.
    fn last_word(&self, connection: &mut Connection, gone: Gone, unasked: usize) -> Gone {
        let Gone::Ended(_) = gone else {
            return gone;
        };
        let session = &mut connection.session;
        if self.context.stop.level() != Level::Running {
            let counted = session.pending();
            let more = unasked.saturating_sub(counted) as u64;
            self.context.ledger.bytes_lost_at_stop.add(more);
        }
        if !matches!(session.want(), Want::Close(_)) {
            give_up(self.context, session);
        }
        match session.want() {
            Want::Close(close) if unasked == 0 || close.manner(Manner::Fin) == Manner::Reset => {
                Gone::Ended(close)
            }
            _ => Gone::Ended(Close::GivenUp),
        }
    }

    /// Bytes that are kept for peers.
    pub(super) fn memory(&self) -> usize {
        self.held + self.shelf.held()
    }

    /// At the budget nothing is received until something was sent.
    #[inline]
    pub(super) fn feed_the_starved(&mut self) {
        if self.starved.is_empty() || self.memory() >= self.context.limits.memory {
            return;
        }
        for token in std::mem::take(&mut self.starved) {
            if let Some(slot) = self.table.get(token)
                && slot.receiving == Receiving::Starved
            {
                slot.receiving = Receiving::Not;
                self.advance(token);
            }
        }
    }
}
