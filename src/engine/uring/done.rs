//! Completions and their consequences.
//!
//! First the sends that said nothing: all that the kernel has taken and that did not fail have succeeded. Then each
//! completion in its order. Nothing is submitted in between, so no completion is about an operation that this round queues.

use super::style::{BULK, BULK_LASTS, ForBulk, When};
use super::table::{Receiving, Sending, State};
use super::{BELL, CLOCK, Engine, Haste, Token};
use crate::engine::flow;
use crate::engine::turn::{Call, Gone};
use crate::event::Observer;
use crate::sys::ring::buffers::Group;
use crate::sys::ring::{Completion, Life, Op};

/// A connection with more chunks waiting than this receives no more until they are sent.
const ROW: usize = 8;

impl<O: Observer> Engine<'_, O> {
    /// Takes note of every silent send that the kernel has taken and that has not failed.
    pub(super) fn settle_silent_sends(&mut self, batch: &[Completion]) {
        if self.silent.is_empty() {
            return;
        }
        for failed in batch.iter().filter(|c| c.op == Op::Send) {
            if let Some(slot) = self.table.get(Token::of(failed.key))
                && slot.sending == Sending::Silent
            {
                slot.sending = Sending::Failed;
            }
        }
        let taken = self.ring.taken();
        while let Some(&(number, token)) = self.silent.front() {
            // Numbers wrap: one that was queued after those taken is less than half the circle ahead.
            if taken.wrapping_sub(number).cast_signed() <= 0 {
                break;
            }
            self.silent.pop_front();
            let Some((slot, name)) = self.table.get_named(token) else {
                continue;
            };
            if slot.sending == Sending::Silent {
                let chunk = self.shelf.bytes(&self.ring, slot.lent);
                let all = slot.session.reply(chunk).len();
                let before = slot.session.held();
                flow::gave(self.context, name, &mut slot.session, chunk, all);
                self.held = self.held + slot.session.held() - before;
                slot.sending = Sending::Not;
                slot.active = self.clock.sweeps.count;
                self.advance(token);
            }
        }
    }

    /// What one completion leads to.
    pub(super) fn done(&mut self, completion: Completion) {
        match completion.op {
            Op::RecvMany | Op::Recv => self.received(completion),
            Op::Send => self.sent(&completion),
            Op::Accept => self.accepted(completion),
            Op::Poll => self.rung(&completion),
            Op::Timeout if completion.key == CLOCK => self.sweep(),
            Op::Timeout | Op::Cancel => {}
        }
    }

    /// The order to stop.
    fn rung(&mut self, completion: &Completion) {
        if completion.life == Life::Over {
            self.ring.poll_readable(self.bell.fd(), BELL);
        }
        self.ordered_to_stop();
    }

    /// A receive gave bytes, or the end, or an error.
    fn received(&mut self, mut completion: Completion) {
        let token = Token::of(completion.key);
        let chunk = completion.chunk.take();
        let Some(slot) = self.table.get(token) else {
            // A slot outlives its operations, so there is none; but a buffer must not be lost.
            if let Some(chunk) = chunk {
                self.ring.give_back(chunk);
            }
            return;
        };
        slot.active = self.clock.sweeps.count;
        if completion.life == Life::Over {
            slot.receiving = Receiving::Not;
        }
        let res = completion.res();
        if res >= 0 {
            self.shelf.push(&mut slot.row, chunk, res as u32);
            self.pace(token, res as usize);
        } else {
            if let Some(chunk) = chunk {
                self.ring.give_back(chunk);
            }
            match -res {
                // Asked again as soon as the session wants it.
                libc::ECANCELED | libc::EINTR | libc::EAGAIN => {}
                libc::ENOBUFS if slot.state == State::Over => {}
                libc::ENOBUFS => {
                    if let Some(group) = completion.op.group() {
                        self.ring.want_more(group);
                    }
                    slot.receiving = Receiving::Hungry;
                    let group = self.style.group(slot.bulk);
                    return self.hungry[group as usize].push_back(token);
                }
                _ => {
                    return self.over(token, Gone::Failed(Call::Recv, -res));
                }
            }
        }
        self.advance(token);
    }

    /// Looks at how much a peer sends: who sends much gets whole buffers, who sends faster than it receives is slowed.
    fn pace(&mut self, token: Token, n: usize) {
        let roomy = self.memory() < self.context.limits.memory;
        let Some(slot) = self.table.get(token) else {
            return;
        };
        if n == 0 && self.style.when == When::Ahead {
            slot.receiving = Receiving::Ended;
        }
        if slot.sending == Sending::Silent {
            // It waits for that send to be settled, and nothing else may come meanwhile.
            self.haste = Haste::Yes;
        }
        if slot.sending == Sending::Waits && roomy {
            self.shelf.copy(&mut self.ring, slot.row);
        }
        slot.bulk = match self.style.bulk {
            ForBulk::Whole if n >= BULK => BULK_LASTS,
            ForBulk::Whole | ForBulk::Same => slot.bulk.saturating_sub(1),
        };
        let slow_down = slot.bulk > 0 || self.shelf.is_longer(slot.row, ROW);
        if slow_down && slot.receiving == Receiving::Many {
            slot.receiving = Receiving::Cancelled;
            self.ring.cancel(Op::RecvMany, token.key());
        }
    }

    /// A send failed, or took only a part, or had to wait and is through.
    fn sent(&mut self, completion: &Completion) {
        let token = Token::of(completion.key);
        let Some((slot, name)) = self.table.get_named(token) else {
            return;
        };
        slot.sending = Sending::Not;
        slot.active = self.clock.sweeps.count;
        let res = completion.res();
        if res >= 0 {
            let chunk = self.shelf.bytes(&self.ring, slot.lent);
            let before = slot.session.held();
            flow::gave(self.context, name, &mut slot.session, chunk, res as usize);
            self.held = self.held + slot.session.held() - before;
        }
        match -res {
            _ if res >= 0 => {}
            libc::EAGAIN | libc::EINTR | libc::ECANCELED => {}
            _ => {
                return self.over(token, Gone::Failed(Call::Send, -res));
            }
        }
        self.after_a_send(token);
    }

    /// Those that found no buffer ask again, as many as there are buffers for: if all of them asked for the first that
    /// comes back, each of them but one would have asked for nothing.
    #[inline]
    pub(super) fn feed_the_hungry(&mut self) {
        for group in [Group::Shared, Group::Whole] {
            if self.hungry[group as usize].is_empty() {
                continue;
            }
            let mut portions = self.ring.receives(group);
            while portions > 0
                && let Some(token) = self.hungry[group as usize].pop_front()
            {
                if let Some(slot) = self.table.get(token)
                    && slot.receiving == Receiving::Hungry
                {
                    slot.receiving = Receiving::Not;
                    portions -= 1;
                    self.advance(token);
                }
            }
        }
    }
}
