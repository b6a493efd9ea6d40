//! Many peers in one thread: wait until some are ready, give each a turn, wait again.
//!
//! The loop of poll and epoll; which of them it is only its [`Waiter`] knows. Calls never wait here, so a slow or silent
//! peer delays nobody. [`listen`] is the listener's part, [`peers`] the connections', [`clock`] what is due by time.

mod clock;
mod listen;
mod peers;

use std::io;
use std::os::fd::AsFd as _;
use std::time::{Duration, Instant};

use super::Context;
use super::accept::Acceptor;
use super::slots::{Names, Slots};
use super::turn::ShortRead;
use super::waiter::{End, Interest, Ready, Token, Waiter};
use crate::error::Error;
use crate::event::Observer;
use crate::sys::stop::{Bell, Level};
use crate::sys::{Blocking, Server, errno};

use clock::Clock;
use listen::Rest;
use peers::short_read;

const BELL: Token = Token(0);
const LISTENER: Token = Token(1);
const CLOCK: Token = Token(2);
/// Clients that are accepted before those who are there get a turn.
const ACCEPT_BATCH: usize = 64;

/// Serves until the order to stop has been carried out.
pub fn serve<O: Observer, W: Waiter>(
    context: Context<'_, O>,
    server: Server,
    waiter: W,
) -> Result<(), Error> {
    let name = server.name.to_string();
    let failed = |call, e: io::Error| Error::from(errno::failure(call, name.clone(), &e));
    let bell = context.stop.bell().map_err(|e| failed("eventfd", e))?;
    let clock = Clock::new(context.sys, context.silence());
    let clock = clock.map_err(|e| failed("timerfd_create", e))?;
    context
        .sys
        .set_nonblocking(server.fd.as_fd(), Blocking::No)
        .map_err(|e| failed("ioctl", e))?;
    let mut pages = context.buffer()?;
    let mut engine = Engine::new(context, waiter, (bell, clock), server, pages.bytes());
    engine.begin().map_err(|e| failed("wait", e))?;
    engine.run()
}

struct Engine<'a, O: Observer, W: Waiter> {
    context: Context<'a, O>,
    waiter: W,
    bell: Bell,
    clock: Clock,
    server: Option<Server>,
    listening: Interest,
    rest: Rest,
    acceptor: Acceptor,
    slots: Slots,
    buffer: &'a mut [u8],
    /// What a short read means when no end is announced.
    short: ShortRead,
    /// Whose turn ended so that others have theirs.
    again: Vec<Token>,
    spin: Option<Duration>,
    /// Who may not read because the memory budget is used up.
    starved: Vec<Token>,
    held: usize,
    outcome: Result<(), Error>,
}

impl<'a, O: Observer, W: Waiter> Engine<'a, O, W> {
    fn new(
        context: Context<'a, O>,
        waiter: W,
        (bell, clock): (Bell, Clock),
        server: Server,
        buffer: &'a mut [u8],
    ) -> Engine<'a, O, W> {
        Engine {
            context,
            short: short_read(context, &waiter),
            waiter,
            bell,
            clock,
            server: Some(server),
            listening: Interest::Nothing,
            rest: Rest::No,
            acceptor: Acceptor::default(),
            slots: Slots::new(Names::for_observer::<O>()),
            buffer,
            again: Vec::new(),
            spin: context.plan.serve.spin,
            starved: Vec::new(),
            held: 0,
            outcome: Ok(()),
        }
    }

    fn begin(&mut self) -> io::Result<()> {
        self.waiter.add(self.bell.fd(), BELL, Interest::Read)?;
        self.waiter.add(self.clock.fd(), CLOCK, Interest::Read)?;
        self.begin_to_listen()
    }

    fn run(mut self) -> Result<(), Error> {
        while self.server.is_some() || !self.slots.is_empty() {
            let ready = match self.wait() {
                Ok(ready) => ready,
                Err(e) if errno::interrupted(&e) => continue,
                Err(e) => return Err(errno::failure("wait", "the engine's descriptors", &e).into()),
            };
            for nth in 0..ready {
                let Ready { token, end } = self.waiter.ready(nth);
                if token.is_a_peers() {
                    self.serve(token, end);
                } else {
                    self.serve_own(token);
                }
            }
            if !self.again.is_empty() {
                for token in std::mem::take(&mut self.again) {
                    self.turn(token, End::Announced);
                }
            }
        }
        self.outcome
    }

    /// One of the engine's own descriptors is ready.
    #[cold]
    fn serve_own(&mut self, token: Token) {
        match token {
            LISTENER => self.accept(),
            CLOCK => self.tick(),
            _ => self.ordered_to_stop(),
        }
    }

    /// Waits until something is ready and tells how many; with `spin` the kernel is asked again for so long before it
    /// may put this thread to sleep.
    #[inline]
    fn wait(&mut self) -> io::Result<usize> {
        if !self.again.is_empty() {
            return self.waiter.wait(Some(Duration::ZERO));
        }
        if let Some(spin) = self.spin {
            let began = Instant::now();
            while began.elapsed() < spin {
                let ready = self.waiter.wait(Some(Duration::ZERO))?;
                if ready > 0 {
                    return Ok(ready);
                }
            }
        }
        self.waiter.wait(None)
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
