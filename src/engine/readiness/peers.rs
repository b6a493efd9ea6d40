//! The peers of a readiness engine: a turn for whoever is ready, and what each waits for afterwards.

use std::os::fd::AsFd as _;
use std::time::Duration;

use super::clock::Due;
use super::{Engine, LISTENER};
use crate::engine::Context;
use crate::engine::connection::{Connection, end};
use crate::engine::slots::State;
use crate::engine::turn::{Gone, Peer, ShortRead, Wait, give_up, turn};
use crate::engine::waiter::{End, Interest, Token, Waiter};
use crate::event::Observer;
use crate::session::{Framing, Want};
use crate::sys::Blocking;
use crate::sys::stop::Level;

impl<O: Observer, W: Waiter> Engine<'_, O, W> {
    /// A new connection has its first turn at once: its first request is often there already.
    pub(super) fn admit(&mut self, connection: Connection) {
        let token = self.slots.insert(connection, self.clock.sweeps);
        let Some(slot) = self.slots.get(token) else {
            return;
        };
        if let Err(error) = self.waiter.add(slot.fd.as_fd(), token, slot.interest) {
            return self.over(token, Gone::Failed("epoll_ctl", error));
        }
        self.turn(token, End::Announced);
    }

    pub(super) fn turn(&mut self, token: Token, announced: End) {
        if token == LISTENER {
            return self.accept();
        }
        let Some((slot, name)) = self.slots.get_named(token) else {
            return;
        };
        if slot.state == State::Pausing {
            return;
        }
        let session = &mut slot.session;
        if self.held >= self.context.limits.memory && session.want() == Want::Recv {
            self.starved.push(token);
            return self.wait_for(token, Interest::Nothing);
        }
        let before = session.held();
        let peer = Peer {
            fd: slot.fd.as_fd(),
            name,
            blocking: Blocking::No,
            short: short_read(self.context, &self.waiter, announced),
        };
        let wait = turn(self.context, &peer, session, self.buffer.bytes());
        slot.active = self.clock.sweeps;
        self.held = self.held + slot.session.held() - before;
        self.feed_the_starved();
        match wait {
            Wait::Readable => self.wait_for(token, Interest::Read),
            Wait::Writable if self.context.stop.level() >= Level::Expired => self.give_up(token),
            Wait::Writable => self.wait_for(token, Interest::Write),
            Wait::Again => self.again.push(token),
            Wait::Pause(time) => self.pause(token, time),
            Wait::Gone(gone) => self.over(token, gone),
        }
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
            self.over(token, Gone::Failed("epoll_ctl", error));
        }
    }

    pub(super) fn pause(&mut self, token: Token, time: Duration) {
        if let Some(slot) = self.slots.get(token) {
            slot.state = State::Pausing;
        }
        self.clock.after(time, Due::Awake(token.0));
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
        let Some(connection) = self.slots.remove(token) else {
            return;
        };
        self.held -= connection.session.held();
        self.waiter.remove(connection.fd.as_fd(), token);
        end(self.context, connection, gone);
        self.feed_the_starved();
        // There is room again, or a descriptor for who was refused one.
        if self.listening == Interest::Nothing
            && self.context.plan.serve.pause.before_accept.is_zero()
        {
            self.listen(Interest::Read);
        }
    }

    /// Ends a connection that could not send its rest in time.
    pub(super) fn give_up(&mut self, token: Token) {
        let Some(slot) = self.slots.get(token) else {
            return;
        };
        let held = slot.session.held();
        give_up(self.context, &mut slot.session);
        self.held -= held;
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
fn short_read<O: Observer>(
    context: Context<'_, O>,
    waiter: &impl Waiter,
    announced: End,
) -> ShortRead {
    let edge = waiter.is_edge_triggered();
    let messages = context.rules.framing == Framing::Message;
    match announced {
        End::Announced => ShortRead::GoOn,
        End::No if edge && messages => ShortRead::GoOn,
        End::No => ShortRead::Drained,
    }
}
