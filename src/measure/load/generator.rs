//! The generator: its connections, opened once, and the blocks that run over them.

use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::many::Poller;
use super::peer::Peer;
use super::phase::{Phase, nanos};
use super::wire::Wire;
use super::wrong::{Ended, Step};
use super::{Amount, Form, GLANCE, Load};
use crate::error::Error;
use crate::event::Observer;
use crate::measure::echo::{Echo, Ending, How};
use crate::sys::clock::{now_ns, thread_cpu};
use crate::sys::{Blocking, Client, Linger, Sys, Timeout, errno};

/// A blocking send of more could wait for a peer that waits for us to receive.
const MOST_AT_ONCE: usize = 64 << 10;
/// More than a message, so that what was not sent shows; and room for an IPv4 and an ICMP header.
const SPARE: usize = 128;
/// Samples that a block of unknown length has room for at first.
const SOME_SAMPLES: usize = 1 << 20;

/// A load over connections that stay open from block to block.
pub struct Generator<'a, O: Observer, R> {
    pub(super) sys: Sys<'a, O>,
    pub(super) wire: Wire<'a>,
    pub(super) load: Load,
    pub(super) peers: Vec<Peer>,
    /// What was received last.
    pub(super) reply: Vec<u8>,
    /// Which messages were answered, of those without connections: a bit each.
    pub(super) answered: Vec<u64>,
    /// Messages that the server answers per connection, known or learned.
    pub(super) budget: Option<u64>,
    /// Messages under way, on all connections.
    pub(super) under_way: u64,
    /// Whether there was ever an echo.
    pub(super) spoken: Spoken,
    pub(super) wait: Wait,
    reopen: R,
    halt: &'a AtomicBool,
    /// Time of each connect(2) that is in no result yet.
    opened: Vec<Duration>,
    warmup: u64,
    /// When the last block ended.
    left_off: u64,
    /// Nothing follows an end.
    ended: Option<Ending>,
}

/// How it waits for echoes.
#[derive(Debug)]
pub(super) enum Wait {
    /// In recv(2), on one connection.
    Blocking,
    /// In epoll_wait(2), on all.
    Readiness(Poller),
}

/// Whether the peer has ever answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spoken {
    Never,
    Once,
}

/// A phase that runs, and what came of it so far.
pub(super) struct Run<'e> {
    pub(super) phase: Phase,
    pub(super) echo: &'e mut Echo,
    /// The clock when it was last read.
    pub(super) clock: u64,
}

impl<'a, O: Observer, R: FnMut() -> Result<Client, Error>> Generator<'a, O, R> {
    /// Opens every connection; `first` is one that is open already. Whatever is opened later, because the server has
    /// closed, is `reopen`'s too. `halt` is looked at between messages, and every 100 ms while nothing happens.
    pub fn open(
        sys: Sys<'a, O>,
        form: Form<'a>,
        load: &Load,
        first: Option<Client>,
        reopen: R,
        halt: &'a AtomicBool,
    ) -> Result<Self, Error> {
        let load = Load {
            connections: load.connections.max(1),
            pipeline: load.pipeline.max(1),
            ..load.clone()
        };
        let wire = Wire::new(form);
        let alone = load.connections == 1 && load.pipeline == 1;
        let wait = if alone && (form.ty.has_boundaries() || wire.size() <= MOST_AT_ONCE) {
            Wait::Blocking
        } else {
            Wait::Readiness(Poller::new(sys, load.connections)?)
        };
        if load.rate.is_some() {
            // Refused, a message leaves 50 µs late, which is seen and counted.
            let _ = sys.wake_on_time();
        }
        let room = wire.size().max(MOST_AT_ONCE) + SPARE;
        let mut generator = Generator {
            sys,
            wire,
            peers: (0..load.connections)
                .map(|_| Peer::new(load.pipeline))
                .collect(),
            reply: vec![0; room],
            answered: Vec::new(),
            budget: load.per_connection,
            under_way: 0,
            spoken: Spoken::Never,
            wait,
            reopen,
            halt,
            opened: Vec::new(),
            warmup: load.warmup,
            left_off: now_ns(),
            ended: None,
            load,
        };
        let mut first = first;
        for i in 0..generator.peers.len() {
            let client = match first.take() {
                Some(client) => client,
                None => (generator.reopen)()?,
            };
            generator.opened.push(client.connect_time);
            generator.adopt(i, client.fd)?;
        }
        Ok(generator)
    }

    /// Another connection, or why there is none.
    pub(super) fn another(&mut self) -> Result<Client, Error> {
        (self.reopen)()
    }

    /// Makes a socket wait as this load does, and gives it to a peer.
    pub(super) fn adopt(&mut self, i: usize, fd: OwnedFd) -> Result<(), Error> {
        use std::os::fd::AsFd as _;
        match &self.wait {
            Wait::Blocking => {
                for timeout in [Timeout::Receive, Timeout::Send] {
                    self.sys
                        .set_timeout(fd.as_fd(), timeout, GLANCE)
                        .map_err(|e| errno::failure("setsockopt", "a timeout", &e))?;
                }
            }
            Wait::Readiness(poller) => {
                self.sys
                    .set_nonblocking(fd.as_fd(), Blocking::No)
                    .map_err(|e| errno::failure("ioctl", "FIONBIO", &e))?;
                poller.add(self.sys, fd.as_fd(), i)?;
            }
        }
        self.peers[i].connected(fd, now_ns());
        Ok(())
    }

    /// Runs a part of the load, and adds what came of it to `echo`, which is the same for all blocks. The first block
    /// sends the warm-up before it. A load that has ended early runs no more blocks.
    pub fn block(&mut self, amount: Amount, echo: &mut Echo) {
        for time in self.opened.drain(..) {
            echo.connections += 1;
            echo.connect.saturating_record(nanos(time));
        }
        let warmup = std::mem::take(&mut self.warmup);
        if warmup > 0 && self.ended.is_none() {
            let mut aside = Echo::default();
            self.phase(Amount::Count(warmup), &mut aside);
            echo.connections += aside.connections;
            for value in aside.connect.iter_recorded() {
                let (time, count) = (value.value_iterated_to(), value.count_at_value());
                echo.connect.saturating_record_n(time, count);
            }
        }
        if self.ended.is_none() {
            self.make_room(amount, echo);
            self.phase(amount, echo);
        }
        echo.ended.clone_from(&self.ended);
    }

    fn make_room(&self, amount: Amount, echo: &mut Echo) {
        if self.load.keep_samples {
            let room = match amount {
                Amount::Count(count) => usize::try_from(count).unwrap_or(usize::MAX),
                Amount::Time(_) => SOME_SAMPLES,
            };
            echo.samples
                .get_or_insert_default()
                .reserve(room.min(16 * SOME_SAMPLES));
        }
        if self.load.rate.is_some() {
            echo.schedule.get_or_insert_default();
        }
    }

    fn phase(&mut self, amount: Amount, echo: &mut Echo) {
        self.line_up();
        let first = self.peers[0].turn * self.peers.len() as u64;
        let (cpu, start) = (thread_cpu(), now_ns());
        // Patience goes on where the block before has left it: the time between blocks is nobody's.
        let between = start.saturating_sub(self.left_off);
        for since in self.peers.iter_mut().filter_map(|p| p.owes_since.as_mut()) {
            *since += between;
        }
        let phase = Phase::new(amount, &self.load, start, nanos(echo.elapsed), first);
        let mut run = Run {
            phase,
            echo,
            clock: start,
        };
        let outcome = match self.wait {
            Wait::Blocking => self.one(&mut run),
            Wait::Readiness(_) => self.many(&mut run),
        };
        if let Err(ended) = outcome {
            self.settle(ended, run.echo);
        }
        let now = now_ns();
        self.left_off = now;
        if let Some(schedule) = &mut run.echo.schedule {
            schedule.unsent += run.phase.unsent(now);
        }
        echo.elapsed += Duration::from_nanos(now - start);
        echo.cpu += thread_cpu().saturating_sub(cpu);
    }

    /// All connections have the same turn, so that a message's number tells its place in the schedule.
    fn line_up(&mut self) {
        let turn = self.peers.iter().map(|p| p.turn).max().unwrap_or(0);
        for peer in &mut self.peers {
            (peer.turn, peer.due) = (turn, 0);
        }
    }

    /// It is over: what was under way is lost where the peer is to blame, and in flight elsewhere.
    fn settle(&mut self, ended: Ended, echo: &mut Echo) {
        for (i, peer) in self.peers.iter_mut().enumerate() {
            let under_way = peer.waits.len() as u64;
            let blamed = ended.peer == Some(i);
            let unheard = matches!(
                ended.ending.how,
                How::Interrupted | How::WrongBytes | How::ExtraBytes | How::Garbage
            );
            if blamed && !unheard {
                echo.lost += under_way;
            } else {
                echo.in_flight += under_way;
            }
            peer.waits.clear();
        }
        self.under_way = 0;
        self.ended = Some(ended.ending);
    }

    /// Ends if the user wants it to.
    #[inline]
    pub(super) fn goes_on(&self) -> Step {
        if self.halt.load(Ordering::Relaxed) {
            return Err(Ended::interrupted());
        }
        Ok(())
    }

    /// The number of a peer's next message: it tells the peer, too.
    #[inline]
    pub(super) fn number(&self, i: usize) -> u64 {
        i as u64 + self.peers[i].turn * self.peers.len() as u64
    }

    /// The first connection, if it is open.
    pub fn socket(&self) -> Option<BorrowedFd<'_>> {
        self.peers.first()?.socket()
    }

    /// Closes every connection; whatever has come after the last echo is looked at, without waiting for any.
    pub fn over(mut self, echo: &mut Echo) {
        let clock = now_ns();
        let phase = Phase::new(Amount::Count(0), &self.load, clock, nanos(echo.elapsed), 0);
        let mut run = Run { phase, echo, clock };
        for i in 0..self.peers.len() {
            if self.ended.is_none()
                && let Err(ended) = self.last_look(i, &mut run)
            {
                run.echo.ended = Some(ended.ending.clone());
                self.ended = Some(ended.ending);
            }
            if !self.wire.ty().has_connections()
                && let Some(fd) = self.peers[i].socket()
            {
                // Where a kernel does not tell, nothing is known to have been dropped.
                run.echo.dropped_here += u64::from(self.sys.drops(fd).unwrap_or(0));
            }
            if let (Some(fd), _) = self.peers[i].disconnected() {
                self.sys.close(fd, Linger::AsSet);
            }
        }
    }
}

impl Run<'_> {
    /// Notes how late a message left that could have left at `ready`.
    #[inline]
    pub(super) fn left(&mut self, ready: u64) {
        /// More is the generator's fault, less is a wake-up.
        const LATE_NS: u64 = 1_000_000;
        let late = self.clock.saturating_sub(ready);
        if late > LATE_NS
            && let Some(schedule) = &mut self.echo.schedule
        {
            schedule.late += 1;
            schedule.worst = schedule.worst.max(Duration::from_nanos(late));
        }
    }
}
