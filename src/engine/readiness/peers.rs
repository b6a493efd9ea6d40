//! The peers of a readiness engine: a turn for whoever is ready, and what each waits for afterwards.

use std::os::fd::AsFd as _;
use std::time::Duration;

use super::clock::Due;
use super::{Engine, LISTENER};
use crate::engine::Context;
use crate::engine::connection::{Connection, end};
use crate::engine::flow::give_up;
use crate::engine::slots::State;
use crate::engine::turn::{Call, Gone, Pass, Peer, ShortRead, Wait, go_on, pass};
use crate::engine::waiter::{End, Interest, Token, Waiter};
use crate::event::Observer;
use crate::session::{Framing, Session, Want};
use crate::sys::Blocking;
use crate::sys::stop::Level;

impl<O: Observer, W: Waiter> Engine<'_, O, W> {
    /// A new connection has its first turn at once: its first request is often there already.
    pub(super) fn admit(&mut self, connection: Connection) {
        self.clock.watch(self.context.sys);
        let token = self.slots.insert(connection, self.clock.sweeps.count);
        let Some(slot) = self.slots.get(token) else {
            return;
        };
        if let Err(error) = self.waiter.add(slot.fd.as_fd(), token, slot.interest) {
            return self.over(token, Gone::failed(Call::Register, &error));
        }
        // Whatever comes from now on is told.
        self.turn(token, End::No);
    }

    /// What a turn of one peer, of the many that are rare, need not be compiled into.
    #[cold]
    pub(super) fn turn(&mut self, token: Token, announced: End) {
        self.serve(token, announced);
    }

    /// Gives the peer its turn.
    #[inline(always)]
    #[allow(
        clippy::inline_always,
        reason = "it is most of the loop, and has the loop's registers"
    )]
    pub(super) fn serve(&mut self, token: Token, announced: End) {
        let Some((slot, name)) = self.slots.get_named::<O>(token) else {
            return self.turn_of_nobody(token);
        };
        if slot.state == State::Pausing {
            return;
        }
        if self.held >= self.context.limits.memory && wants_more(&slot.session) {
            return self.starve(token);
        }
        let peer = Peer {
            fd: slot.fd.as_fd(),
            name,
            blocking: Blocking::No,
            short: match announced {
                End::No => self.short,
                End::Announced => ShortRead::GoOn,
            },
        };
        slot.active = self.clock.sweeps.count;
        let first = pass(self.context, peer, &mut slot.session, self.buffer);
        if first == Pass::Drained && slot.held == 0 && slot.interest == Interest::Read {
            return;
        }
        let wait = go_on(self.context, peer, &mut slot.session, self.buffer, first);
        let held = slot.session.held() as u32;
        let before = std::mem::replace(&mut slot.held, held);
        self.held = self.held + held as usize - before as usize;
        self.feed_the_starved();
        self.follow(token, wait);
    }

    /// What a turn says to wait for.
    fn follow(&mut self, token: Token, wait: Wait) {
        match wait {
            Wait::Readable => self.wait_for(token, Interest::Read),
            Wait::Writable if self.context.stop.level() >= Level::Expired => self.give_up(token),
            Wait::Writable => self.wait_for(token, Interest::Write),
            Wait::Again => self.again.push(token),
            Wait::Pause(pause) => self.pause(token, pause.length(&self.context.rules.pauses)),
            Wait::Gone(gone) => self.over(token, gone),
        }
    }

    /// The listener's, or news of a connection that is gone.
    #[cold]
    fn turn_of_nobody(&mut self, token: Token) {
        if token == LISTENER {
            self.accept();
        }
    }

    #[cold]
    fn starve(&mut self, token: Token) {
        self.starved.push(token);
        self.wait_for(token, Interest::Nothing);
    }

    pub(super) fn wait_for(&mut self, token: Token, interest: Interest) {
        let Some(slot) = self.slots.get(token) else {
            return;
        };
        let told_anyway = self.waiter.is_edge_triggered()
            && interest != Interest::Nothing
            && slot.interest != Interest::Nothing;
        if slot.interest == interest || told_anyway {
            return;
        }
        slot.interest = interest;
        if let Err(error) = self.waiter.change(slot.fd.as_fd(), token, interest) {
            self.over(token, Gone::failed(Call::Register, &error));
        }
    }

    pub(super) fn pause(&mut self, token: Token, time: Duration) {
        if let Some(slot) = self.slots.get(token) {
            slot.state = State::Pausing;
        }
        self.clock
            .after(self.context.sys, time, Due::Awake(token.0));
        self.wait_for(token, Interest::Nothing);
    }

    pub(super) fn awake(&mut self, token: Token) {
        if let Some(slot) = self
            .slots
            .get(token)
            .filter(|slot| slot.state == State::Pausing)
        {
            slot.state = State::Awake;
            slot.session.paused();
            self.turn(token, End::Announced);
        }
    }

    pub(super) fn over(&mut self, token: Token, gone: Gone) {
        let Some((connection, held)) = self.slots.remove(token) else {
            return;
        };
        self.held -= held as usize;
        self.waiter.remove(connection.fd.as_fd(), token);
        end(self.context, connection, gone);
        self.feed_the_starved();
        self.one_has_left();
    }

    /// Ends a connection that could not send its rest in time.
    pub(super) fn give_up(&mut self, token: Token) {
        let Some(slot) = self.slots.get(token) else {
            return;
        };
        give_up(self.context, &mut slot.session);
        if let Want::Close(close) = slot.session.want() {
            self.over(token, Gone::Ended(close));
        }
    }

    pub(super) fn feed_the_starved(&mut self) {
        if !self.starved.is_empty() && self.held < self.context.limits.memory {
            self.again.append(&mut self.starved);
        }
    }
}

/// A short read means that all was read, unless the end is behind it (edge-triggered, that is told only once) or each
/// receive is one message.
pub(super) fn short_read<O: Observer>(context: Context<'_, O>, waiter: &impl Waiter) -> ShortRead {
    if waiter.is_edge_triggered() && context.rules.framing == Framing::Message {
        ShortRead::GoOn
    } else {
        ShortRead::Drained
    }
}

#[cold]
fn wants_more(session: &Session) -> bool {
    session.want() == Want::Recv
}
