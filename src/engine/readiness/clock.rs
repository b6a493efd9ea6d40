//! What is due although no socket is ready: pauses that end, a listener to be asked again, peers that are silent for too
//! long.
//!
//! One timerfd waits for the earliest of them. A wait for readiness then has no timeout, which would cost the kernel a
//! timer per wait, and nobody reads a clock for an echo: [`super::super::sweeps`] counts.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;
use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

use super::Engine;
use crate::engine::slots::{Slot, State};
use crate::engine::sweeps::Sweeps;
use crate::engine::turn::Gone;
use crate::engine::waiter::{Token, Waiter};
use crate::event::Observer;
use crate::sys::{Sys, Timer};

/// When something is due that no socket tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Due {
    Listen,
    Awake(u64),
}

/// The timer of a worker, and what it is set for.
pub(super) struct Clock {
    timer: Timer,
    set_for: Option<Instant>,
    due: BinaryHeap<Reverse<(Instant, Due)>>,
    next_sweep: Option<Instant>,
    pub(super) sweeps: Sweeps,
}

impl Clock {
    /// `silence` is how long a peer may say nothing.
    pub(super) fn new<O: Observer>(sys: Sys<'_, O>, silence: Duration) -> io::Result<Clock> {
        Ok(Clock {
            timer: sys.timer()?,
            set_for: None,
            due: BinaryHeap::new(),
            next_sweep: None,
            sweeps: Sweeps::new(silence),
        })
    }

    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.timer.fd()
    }

    /// Something will be due after so long.
    pub(super) fn after<O: Observer>(&mut self, sys: Sys<'_, O>, time: Duration, due: Due) {
        self.due.push(Reverse((Instant::now() + time, due)));
        self.set(sys);
    }

    /// There is a peer that may fall silent.
    pub(super) fn watch<O: Observer>(&mut self, sys: Sys<'_, O>) {
        if self.next_sweep.is_none() {
            self.next_sweep = Some(Instant::now() + self.sweeps.every);
            self.set(sys);
        }
    }

    /// Sets the timer for what comes first, if that is not what it is set for.
    fn set<O: Observer>(&mut self, sys: Sys<'_, O>) {
        let first = self.due.peek().map(|Reverse((at, _))| *at);
        let Some(next) = first.into_iter().chain(self.next_sweep).min() else {
            return;
        };
        if self.set_for.is_some_and(|at| at <= next) {
            return;
        }
        let left = next.saturating_duration_since(Instant::now());
        // It worked before, with a descriptor that nobody else has; without it this worker only wakes later.
        if sys.set_timer(&self.timer, Some(left)).is_ok() {
            self.set_for = Some(next);
        }
    }
}

impl<O: Observer, W: Waiter> Engine<'_, O, W> {
    /// The timer has run out: does what is due, and has it set again.
    pub(super) fn tick(&mut self) {
        let now = Instant::now();
        self.clock.set_for = None;
        while let Some(&Reverse((at, due))) = self.clock.due.peek() {
            if at > now {
                break;
            }
            self.clock.due.pop();
            match due {
                Due::Listen => {
                    self.listen();
                    self.accept();
                }
                Due::Awake(token) => self.awake(Token(token)),
            }
        }
        if self.clock.next_sweep.is_some_and(|at| at <= now) {
            self.sweep(now);
        }
        if self.clock.due.is_empty() && self.clock.next_sweep.is_none() {
            // It stays readable until it is set to something, be it to nothing.
            let _ = self.context.sys.set_timer(&self.clock.timer, None);
        } else {
            self.clock.set(self.context.sys);
        }
    }

    /// Closes who has been silent for too long.
    fn sweep(&mut self, now: Instant) {
        self.clock.sweeps.count = self.clock.sweeps.count.wrapping_add(1);
        let sweeps = self.clock.sweeps;
        let silent = |slot: &Slot| slot.state == State::Awake && sweeps.is_over(slot.active);
        for token in self.slots.tokens(silent) {
            self.over(token, Gone::TimedOut);
        }
        let next = now + sweeps.every;
        self.clock.next_sweep = (!self.slots.is_empty()).then_some(next);
    }
}
