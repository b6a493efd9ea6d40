//! Many peers in one thread: wait until some are ready, give each a turn, wait again.
//!
//! The loop of poll and epoll; which of them it is only its [`Waiter`] knows. Calls never wait here, so a slow or silent
//! peer delays nobody. [`listen`] is the listener's part, [`peers`] the connections'.

mod listen;
mod peers;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;
use std::os::fd::AsFd as _;
use std::time::{Duration, Instant};

use super::Context;
use super::accept::{Acceptor, most_connections};
use super::slots::{Slot, Slots, State};
use super::turn::Gone;
use super::waiter::{End, Interest, Ready, Token, Waiter};
use crate::error::Error;
use crate::event::Observer;
use crate::sys::stop::{Bell, Level};
use crate::sys::{Blocking, Server, errno};

const BELL: Token = Token(0);
const LISTENER: Token = Token(1);
/// Clients that are accepted before those who are there get a turn.
const ACCEPT_BATCH: usize = 64;
/// How often silent peers are looked for, at the least and at the most.
const SWEEP: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(1));

/// Serves until the order to stop has been carried out.
pub fn serve<O: Observer, W: Waiter>(
    context: Context<'_, O>,
    server: Server,
    waiter: W,
) -> Result<(), Error> {
    let name = server.name.to_string();
    let failed = |call, e: io::Error| Error::from(errno::failure(call, name.clone(), &e));
    let bell = context.stop.bell().map_err(|e| failed("eventfd", e))?;
    context
        .sys
        .set_nonblocking(server.fd.as_fd(), Blocking::No)
        .map_err(|e| failed("ioctl", e))?;
    let mut engine = Engine::new(context, waiter, bell, server);
    engine
        .waiter
        .add(engine.bell.fd(), BELL, Interest::Read)
        .map_err(|e| failed("wait", e))?;
    engine.begin_to_listen().map_err(|e| failed("wait", e))?;
    engine.run()
}

/// When something is due that no descriptor tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    Listen,
    Awake(u64),
}

struct Engine<'a, O: Observer, W: Waiter> {
    context: Context<'a, O>,
    waiter: W,
    bell: Bell,
    server: Option<Server>,
    listening: Interest,
    acceptor: Acceptor,
    most: usize,
    slots: Slots,
    buffer: Vec<u8>,
    timers: BinaryHeap<Reverse<(Instant, Due)>>,
    /// Whose turn ended so that others have theirs.
    again: Vec<Token>,
    /// Who may not read because the memory budget is used up.
    starved: Vec<Token>,
    held: usize,
    silence: Duration,
    next_sweep: Instant,
    now: Instant,
    outcome: Result<(), Error>,
}

impl<'a, O: Observer, W: Waiter> Engine<'a, O, W> {
    fn new(context: Context<'a, O>, waiter: W, bell: Bell, server: Server) -> Engine<'a, O, W> {
        let serve = &context.plan.serve;
        let now = Instant::now();
        let silence = context
            .plan
            .read_timeout
            .unwrap_or(Duration::MAX)
            .min(serve.idle_timeout);
        Engine {
            context,
            waiter,
            bell,
            server: Some(server),
            listening: Interest::Nothing,
            acceptor: Acceptor::default(),
            most: most_connections(context),
            slots: Slots::default(),
            buffer: vec![0; context.plan.buffer_size],
            timers: BinaryHeap::new(),
            again: Vec::new(),
            starved: Vec::new(),
            held: 0,
            silence,
            next_sweep: now + sweep_every(silence),
            now,
            outcome: Ok(()),
        }
    }

    fn run(mut self) -> Result<(), Error> {
        let mut ready: Vec<Ready> = Vec::new();
        while self.server.is_some() || !self.slots.is_empty() {
            match self.waiter.wait(self.timeout(), &mut ready) {
                Ok(()) => {}
                Err(e) if errno::interrupted(&e) => continue,
                Err(e) => return Err(errno::failure("wait", "the engine's descriptors", &e).into()),
            }
            self.now = Instant::now();
            for one in &ready {
                match one.token {
                    // Edge-triggered, a bell is told once as writable, which it always is.
                    BELL if self.context.stop.level() == Level::Running => {}
                    BELL => self.ordered_to_stop(),
                    LISTENER => self.accept(),
                    token => self.turn(token, one.end),
                }
            }
            for token in std::mem::take(&mut self.again) {
                self.turn(token, End::Announced);
            }
            self.due();
            self.sweep();
        }
        self.outcome
    }

    fn timeout(&self) -> Option<Duration> {
        if !self.again.is_empty() {
            return Some(Duration::ZERO);
        }
        let timer = self.timers.peek().map(|Reverse((at, _))| *at);
        let sweep = (!self.slots.is_empty()).then_some(self.next_sweep);
        let next = [timer, sweep].into_iter().flatten().min()?;
        Some(next.saturating_duration_since(self.now))
    }

    /// Timers that have run out.
    fn due(&mut self) {
        while let Some(&Reverse((at, due))) = self.timers.peek() {
            if at > self.now {
                return;
            }
            self.timers.pop();
            match due {
                Due::Listen => {
                    self.listen(Interest::Read);
                    self.accept();
                }
                Due::Awake(token) => self.awake(Token(token)),
            }
        }
    }

    /// Closes who has been silent for too long.
    fn sweep(&mut self) {
        if self.now < self.next_sweep {
            return;
        }
        self.next_sweep = self.now + sweep_every(self.silence);
        let (now, silence) = (self.now, self.silence);
        let silent =
            |slot: &Slot| slot.state == State::Awake && now.duration_since(slot.active) >= silence;
        for token in self.slots.tokens(silent) {
            self.over(token, Gone::TimedOut);
        }
    }

    fn ordered_to_stop(&mut self) {
        // Edge-triggered, an eventfd is also told to be writable, which it always is.
        if self.context.stop.level() == Level::Running {
            return;
        }
        self.bell.hush();
        self.last_clients();
        self.close_listener();
        if self.context.stop.level() >= Level::Closing {
            for token in self.slots.tokens(|_| true) {
                self.awake(token);
                self.turn(token, End::Announced);
            }
        }
    }
}

fn sweep_every(silence: Duration) -> Duration {
    (silence / 4).clamp(SWEEP.0, SWEEP.1)
}
