//! Many peers in one thread: wait until some are ready, give each a turn, wait again.
//!
//! The loop of poll and epoll; which of them it is only its [`Waiter`] knows. Calls never wait here, so a slow or silent
//! peer delays nobody.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;
use std::os::fd::AsFd as _;
use std::time::{Duration, Instant};

use super::Context;
use super::accept::{Acceptor, Next, most_connections, reject, rejects};
use super::connection::{Connection, begin, end};
use super::slots::{Slot, Slots, State};
use super::turn::{Gone, Peer, ShortRead, Wait, give_up, turn};
use super::waiter::{End, Interest, Ready, Token, Waiter};
use crate::error::Error;
use crate::event::Observer;
use crate::session::{Framing, Want};
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
        .map_err(|e| failed("fcntl", e))?;
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

    fn begin_to_listen(&mut self) -> io::Result<()> {
        let Some(server) = &self.server else {
            return Ok(());
        };
        let pause = self.context.plan.serve.pause.before_accept;
        self.listening = if pause.is_zero() {
            Interest::Read
        } else {
            Interest::Nothing
        };
        if !pause.is_zero() {
            self.timers.push(Reverse((self.now + pause, Due::Listen)));
        }
        self.waiter.add(server.fd.as_fd(), LISTENER, self.listening)
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

    fn accept(&mut self) {
        let pause = self.context.plan.serve.pause.before_accept;
        let batch = if pause.is_zero() { ACCEPT_BATCH } else { 1 };
        for _ in 0..batch {
            let Some(server) = &self.server else { return };
            let full = self.slots.len() >= self.most;
            if full && !rejects(self.context) {
                return self.listen(Interest::Nothing);
            }
            let outcome = self.context.sys.accept(server.fd.as_fd(), Blocking::No);
            match self.acceptor.sort(self.context, server, outcome) {
                Next::Client(fd, peer) if full => reject(self.context, fd, &peer),
                Next::Client(fd, peer) => {
                    if let Some(connection) = begin(self.context, fd, peer) {
                        self.admit(connection);
                    }
                }
                Next::Again => {}
                Next::Nobody => return,
                Next::BackOff(wait) => return self.listen_after(wait),
                Next::Stop(error) => {
                    self.outcome = Err(error);
                    return self.close_listener();
                }
            }
        }
        if pause.is_zero() {
            // Edge-triggered, those who still wait would not be told again.
            self.again
                .extend(self.waiter.is_edge_triggered().then_some(LISTENER));
        } else {
            self.listen_after(pause);
        }
    }

    /// A new connection has its first turn at once: its first request is often there already.
    fn admit(&mut self, connection: Connection) {
        let interest = Interest::Read;
        let token = self.slots.insert(Slot {
            connection,
            interest,
            active: self.now,
            state: State::Awake,
        });
        let Some(slot) = self.slots.get(token) else {
            return;
        };
        if let Err(error) = self.waiter.add(slot.connection.fd.as_fd(), token, interest) {
            return self.over(token, Gone::Failed("epoll_ctl", error));
        }
        self.turn(token, End::Announced);
    }

    fn turn(&mut self, token: Token, announced: End) {
        if token == LISTENER {
            return self.accept();
        }
        let Some(slot) = self.slots.get(token) else {
            return;
        };
        if slot.state == State::Pausing {
            return;
        }
        let session = &mut slot.connection.session;
        if self.held >= self.context.plan.serve.memory_budget && session.want() == Want::Recv {
            self.starved.push(token);
            return self.wait_for(token, Interest::Nothing);
        }
        let before = session.held();
        let peer = Peer {
            fd: slot.connection.fd.as_fd(),
            name: &slot.connection.peer,
            blocking: Blocking::No,
            short: short_read(self.context, &self.waiter, announced),
        };
        let wait = turn(self.context, &peer, session, &mut self.buffer);
        slot.active = self.now;
        self.held = self.held + slot.connection.session.held() - before;
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

    fn wait_for(&mut self, token: Token, interest: Interest) {
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
        if let Err(error) = self
            .waiter
            .change(slot.connection.fd.as_fd(), token, interest)
        {
            self.over(token, Gone::Failed("epoll_ctl", error));
        }
    }

    fn pause(&mut self, token: Token, time: Duration) {
        if let Some(slot) = self.slots.get(token) {
            slot.state = State::Pausing;
        }
        self.timers
            .push(Reverse((self.now + time, Due::Awake(token.0))));
        self.wait_for(token, Interest::Nothing);
    }

    fn awake(&mut self, token: Token) {
        if let Some(slot) = self
            .slots
            .get(token)
            .filter(|slot| slot.state == State::Pausing)
        {
            slot.state = State::Awake;
            slot.connection.session.paused();
            self.turn(token, End::Announced);
        }
    }

    fn over(&mut self, token: Token, gone: Gone) {
        let Some(slot) = self.slots.remove(token) else {
            return;
        };
        self.held -= slot.connection.session.held();
        self.waiter.remove(slot.connection.fd.as_fd(), token);
        end(self.context, slot.connection, gone);
        self.feed_the_starved();
        // There is room again, or a descriptor for who was refused one.
        if self.listening == Interest::Nothing
            && self.context.plan.serve.pause.before_accept.is_zero()
        {
            self.listen(Interest::Read);
        }
    }

    /// Ends a connection that could not send its rest in time.
    fn give_up(&mut self, token: Token) {
        let Some(slot) = self.slots.get(token) else {
            return;
        };
        let held = slot.connection.session.held();
        give_up(self.context, &mut slot.connection.session);
        self.held -= held;
        if let Want::Close(close) = slot.connection.session.want() {
            self.over(token, Gone::Ended(close));
        }
    }

    fn feed_the_starved(&mut self) {
        if !self.starved.is_empty() && self.held < self.context.plan.serve.memory_budget {
            self.again.append(&mut self.starved);
        }
    }

    fn listen(&mut self, interest: Interest) {
        let Some(server) = &self.server else { return };
        if self.listening != interest
            && self
                .waiter
                .change(server.fd.as_fd(), LISTENER, interest)
                .is_ok()
        {
            self.listening = interest;
        }
    }

    fn listen_after(&mut self, wait: Duration) {
        self.listen(Interest::Nothing);
        self.timers.push(Reverse((self.now + wait, Due::Listen)));
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

    /// Those who are already in the queue: they have connected, and may have sent.
    fn last_clients(&mut self) {
        while let Some(server) = self
            .server
            .as_ref()
            .filter(|_| self.context.stop.level() < Level::Expired)
        {
            let outcome = self.context.sys.accept(server.fd.as_fd(), Blocking::No);
            match self.acceptor.sort(self.context, server, outcome) {
                Next::Client(fd, peer) => {
                    if let Some(connection) = begin(self.context, fd, peer) {
                        self.admit(connection);
                    }
                }
                Next::Again => {}
                Next::Nobody | Next::BackOff(_) | Next::Stop(_) => return,
            }
        }
    }

    fn close_listener(&mut self) {
        let Some(server) = self.server.take() else {
            return;
        };
        self.waiter.remove(server.fd.as_fd(), LISTENER);
        self.context.sys.close_server(server);
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

fn sweep_every(silence: Duration) -> Duration {
    (silence / 4).clamp(SWEEP.0, SWEEP.1)
}
