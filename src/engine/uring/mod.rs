//! io_uring: many peers in one thread, which is told what was done, and not what could be done.
//!
//! One call per round, io_uring_enter(2), hands over what the last round asked for and waits; then each completion has
//! its consequences. A multishot accept brings the clients, a multishot receive per peer their bytes, in buffers that the
//! kernel picks. Echoes are sent without waiting, and say so only when they fail: a whole echo is one call and one
//! completion. [`done`] sorts the completions, [`peers`] drives a conversation as far as it goes, [`listen`] is the
//! listener's part, [`clock`] what is due by time, [`style`] how receives are made. Sockets without connections have no
//! sessions: for them the ring only tells that something has arrived ([`polls`]).
//!
//! Three rules keep memory safe. What an operation points to lives until that operation is over: a slot of [`table`] is
//! closed only when none is under way, and the ring, dropped first, cancels what is left. What was received is lent to one
//! session at a time and given back once ([`shelf`]). A peer that does not read keeps no buffer that others need.

mod clock;
mod done;
mod listen;
mod peers;
mod polls;
mod shelf;
mod style;
mod table;

use std::collections::{HashMap, VecDeque};
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};

use super::Context;
use super::accept::Acceptor;
use super::slots::Names;
use super::turn::Gone;
use crate::error::Error;
use crate::event::Observer;
use crate::sys::ring::{Completion, Key, Ring, Wait, refused};
use crate::sys::stop::{Bell, Level};
use crate::sys::{Blocking, Server, Sys, errno};

use clock::Clock;
use listen::Listening;
use polls::Polls;
use shelf::Shelf;
use style::Style;
use table::{Table, Token};

const BELL: Key = Key(0);
const LISTENER: Key = Key(1);
const CLOCK: Key = Key(2);

/// Whether this kernel makes such a ring: asked before anybody is told that clients can connect.
pub fn possible<O: Observer>(sys: Sys<'_, O>, plan: &crate::plan::Plan) -> Result<(), Error> {
    style::ring(sys, plan).map(drop)
}

/// A ring that tells when sockets become readable.
pub fn polls<'a, O: Observer>(
    sys: Sys<'a, O>,
    plan: &crate::plan::Plan,
) -> Result<impl super::waiter::Waiter + use<'a, O>, Error> {
    let ring = Ring::new(sys, plan.serve.ring.entries);
    Ok(Polls::new(
        ring.map_err(|e| refused::explain("io_uring_setup", &e))?,
    ))
}

/// Serves until the order to stop has been carried out.
pub fn serve<O: Observer>(context: Context<'_, O>, server: Server) -> Result<(), Error> {
    let name = server.name.to_string();
    let failed = |call, e: io::Error| Error::from(errno::failure(call, name.clone(), &e));
    let bell = context.stop.bell().map_err(|e| failed("eventfd", e))?;
    context
        .sys
        .set_nonblocking(server.fd.as_fd(), Blocking::No)
        .map_err(|e| failed("ioctl", e))?;
    let (ring, style) = style::ring(context.sys, context.plan)?;
    let mut engine = Engine {
        ring,
        context,
        style,
        bell,
        server: Some(server),
        listening: Listening::Not,
        waiting: VecDeque::new(),
        acceptor: Acceptor::default(),
        table: Table::new(Names::for_observer::<O>()),
        shelf: Shelf::default(),
        silent: VecDeque::new(),
        endings: HashMap::new(),
        starved: Vec::new(),
        hungry: [VecDeque::new(), VecDeque::new()],
        clock: Clock::new(context.silence()),
        held: 0,
        haste: Haste::Not,
        outcome: Ok(()),
    };
    engine.ring.poll_readable(engine.bell.fd(), BELL);
    engine.begin_to_listen();
    engine.run()
}

/// Whether the next round must not wait for completions, because something is to be done even if none comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Haste {
    Not,
    Yes,
}

struct Engine<'a, O: Observer> {
    /// The first field is dropped first: afterwards no operation points to anything below.
    ring: Ring<'a, O>,
    context: Context<'a, O>,
    style: Style,
    bell: Bell,
    server: Option<Server>,
    listening: Listening,
    /// Clients that the kernel accepted beyond the limit, before it could be told not to.
    waiting: VecDeque<OwnedFd>,
    acceptor: Acceptor,
    table: Table,
    shelf: Shelf,
    /// Sends that will say nothing if they succeed, each with its number in the ring.
    silent: VecDeque<(u32, Token)>,
    /// Why connections are over that still have operations under way.
    endings: HashMap<Token, Gone>,
    /// Who may not receive because the memory budget is used up.
    starved: Vec<Token>,
    /// Who may not receive because no buffer of that group was left, in the order in which they found none.
    hungry: [VecDeque<Token>; 2],
    clock: Clock,
    /// Bytes that the sessions hold.
    held: usize,
    haste: Haste,
    outcome: Result<(), Error>,
}

impl<O: Observer> Engine<'_, O> {
    fn run(mut self) -> Result<(), Error> {
        let mut batch: Vec<Completion> = Vec::new();
        while self.server.is_some() || !self.table.is_empty() {
            self.set_clock();
            self.enter(&mut batch).map_err(|e| {
                Error::from(errno::failure("io_uring_enter", "the engine's ring", &e))
            })?;
            self.settle_silent_sends(&batch);
            for completion in batch.drain(..) {
                self.done(completion);
            }
            self.due();
            self.feed_the_hungry();
            self.feed_the_starved();
        }
        self.outcome
    }

    /// One round; with `spin` the kernel is asked again for so long before it may put this thread to sleep.
    #[inline]
    fn enter(&mut self, batch: &mut Vec<Completion>) -> io::Result<()> {
        let wait = self.wait();
        if let (Some(spin), true) = (self.context.plan.serve.spin, wait != Wait::No) {
            let began = std::time::Instant::now();
            while batch.is_empty() && began.elapsed() < spin {
                self.ring.enter(Wait::No, batch)?;
            }
            if !batch.is_empty() {
                return Ok(());
            }
        }
        self.ring.enter(wait, batch)
    }

    /// How long the next round waits. A send that succeeds is silent: where somebody wants to know at once, or something
    /// depends on it, the round must not wait for something else.
    fn wait(&mut self) -> Wait {
        let haste = std::mem::replace(&mut self.haste, Haste::Not);
        if haste == Haste::Yes {
            return Wait::No;
        }
        // Whoever lacks memory or a buffer may get it from a send that has succeeded.
        let somebody_waits = O::EVENTS
            || self.context.stop.level() != Level::Running
            || !(self.starved.is_empty() && self.hungry.iter().all(VecDeque::is_empty))
            || self.style.is_scarce(&self.ring);
        if !self.silent.is_empty() && somebody_waits {
            return Wait::No;
        }
        self.clock.left().map_or(Wait::One, Wait::AtMost)
    }

    fn ordered_to_stop(&mut self) {
        if self.context.stop.level() == Level::Running {
            return;
        }
        self.bell.hush();
        self.close_listener();
        if self.context.stop.level() >= Level::Closing {
            for token in self.table.tokens(|_| true) {
                self.awake(token);
                if self.context.stop.level() >= Level::Expired {
                    self.give_up(token);
                } else {
                    self.advance(token);
                }
            }
        }
    }
}
