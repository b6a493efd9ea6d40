//! What is due although nothing completes: pauses that end, a listener to be asked again, peers that are silent for too
//! long.
//!
//! The sweep for silent peers is a timeout operation of the ring, one per interval and none per echo; nobody reads a clock
//! for an echo either, because a peer's last activity is the number of the sweep that follows.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::{Duration, Instant};

use super::table::{Slot, State};
use super::{CLOCK, Engine, Token};
use crate::engine::sweeps::Sweeps;
use crate::engine::turn::Gone;
use crate::event::Observer;
use crate::sys::ring::Key;

/// When something is due that no completion tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Due {
    Listen,
    Awake(u64),
}

/// Whether the timeout of the next sweep is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ticking {
    No,
    Yes,
}

/// What a worker's time is spent waiting for.
#[derive(Debug)]
pub(super) struct Clock {
    due: BinaryHeap<Reverse<(Instant, Due)>>,
    ticking: Ticking,
    pub(super) sweeps: Sweeps,
}

impl Clock {
    /// `silence` is how long a peer may say nothing.
    pub(super) fn new(silence: Duration) -> Clock {
        Clock {
            due: BinaryHeap::new(),
            ticking: Ticking::No,
            sweeps: Sweeps::new(silence),
        }
    }

    /// Something will be due after so long.
    pub(super) fn after(&mut self, time: Duration, due: Due) {
        self.due.push(Reverse((Instant::now() + time, due)));
    }

    /// How long until something is due.
    pub(super) fn left(&self) -> Option<Duration> {
        let Reverse((at, _)) = self.due.peek()?;
        Some(at.saturating_duration_since(Instant::now()))
    }
}

impl<O: Observer> Engine<'_, O> {
    /// Before each round: sees to it that silent peers will be looked for.
    #[inline]
    pub(super) fn set_clock(&mut self) {
        if self.clock.ticking == Ticking::No && !self.table.is_empty() {
            self.clock.ticking = Ticking::Yes;
            self.ring.timeout(self.clock.sweeps.every, CLOCK);
        }
    }

    /// The timeout has passed: closes who has been silent for too long.
    pub(super) fn sweep(&mut self) {
        self.clock.ticking = Ticking::No;
        self.clock.sweeps.count = self.clock.sweeps.count.wrapping_add(1);
        let sweeps = self.clock.sweeps;
        let silent = |slot: &Slot| slot.state == State::Awake && sweeps.is_over(slot.active);
        for token in self.table.tokens(silent) {
            self.over(token, Gone::TimedOut);
        }
    }

    /// Does what is due.
    #[inline]
    pub(super) fn due(&mut self) {
        while let Some(&Reverse((at, due))) = self.clock.due.peek() {
            if at > Instant::now() {
                return;
            }
            self.clock.due.pop();
            match due {
                Due::Listen => self.listen(),
                Due::Awake(token) => self.awake(Token::of(Key(token))),
            }
        }
    }
}
