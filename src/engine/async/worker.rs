//! What the tasks of a worker share: the buffer, the memory budget, a seat per peer, and the ways to wake each other.
//!
//! All of them are on one thread, so cells are enough, and nothing is borrowed across a wait.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::os::fd::BorrowedFd;
use std::task::{self, Poll, Waker};
use std::time::Duration;

use super::parks::Parks;
use crate::engine::Context;
use crate::engine::connection::Connection;
use crate::engine::sweeps::Sweeps;
use crate::engine::turn::{Peer, ShortRead, Wait, turn};
use crate::error::Error;
use crate::event::Observer;
use crate::session::{Session, Want};
use crate::sys::driven::{Driven, Interest, Ready};
use crate::sys::stop::Level;
use crate::sys::{Blocking, Pages};

/// The shared part of a worker.
pub(super) struct Worker<'a, O: Observer> {
    pub(super) context: Context<'a, O>,
    pub(super) parks: Parks,
    /// Connections that have no task yet.
    pub(super) arrivals: RefCell<Vec<Connection>>,
    /// How the listener ended; none as long as it is open.
    pub(super) outcome: RefCell<Option<Result<(), Error>>>,
    pub(super) sweeps: Cell<Sweeps>,
    /// Who waits for room, or for the order to stop.
    pub(super) listener: RefCell<Option<Waker>>,
    /// Who waits for the first peer.
    pub(super) sweeper: RefCell<Option<Waker>>,
    /// A turn leaves nothing in it, so one is enough.
    buffer: RefCell<Pages>,
    seats: RefCell<Vec<Seat>>,
    free: RefCell<Vec<u32>>,
    peers: Cell<usize>,
    /// Connections that are over; it wraps.
    pub(super) departed: Cell<u32>,
    held: Cell<usize>,
    starved: RefCell<Vec<u32>>,
}

/// What others have to know about a peer.
struct Seat {
    waker: Option<Waker>,
    /// The sweep after which something last moved.
    active: u32,
    state: State,
}

/// Whether a peer may be silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Not for ever.
    Awake,
    /// It is in one of the profile's pauses.
    Pausing,
    /// It has been for too long.
    Silent,
}

/// What ended a wait.
#[derive(Clone, Copy, Debug)]
pub(super) enum News {
    /// The socket is ready.
    Ready(Ready),
    /// There was an order to stop.
    Ordered,
    /// The peer has been silent for too long.
    Silent,
    /// Only what was waited for beside these.
    Other,
}

impl<'a, O: Observer> Worker<'a, O> {
    pub(super) fn new(context: Context<'a, O>, parks: Parks, buffer: Pages) -> Worker<'a, O> {
        Worker {
            context,
            parks,
            arrivals: RefCell::default(),
            outcome: RefCell::default(),
            sweeps: Cell::new(Sweeps::new(context.silence())),
            listener: RefCell::default(),
            sweeper: RefCell::default(),
            buffer: RefCell::new(buffer),
            seats: RefCell::default(),
            free: RefCell::default(),
            peers: Cell::new(0),
            departed: Cell::new(0),
            held: Cell::new(0),
            starved: RefCell::default(),
        }
    }

    /// Takes a connection in; its task begins after this round.
    pub(super) fn admit(&self, connection: Connection) {
        self.peers.set(self.peers.get() + 1);
        self.arrivals.borrow_mut().push(connection);
        wake(&self.sweeper);
    }

    pub(super) fn is_full(&self) -> bool {
        self.peers.get() >= self.context.limits.connections
    }

    pub(super) fn is_empty(&self) -> bool {
        self.peers.get() == 0
    }

    /// Whether everything that was to be done has been done.
    pub(super) fn is_over(&self) -> bool {
        self.is_empty() && self.outcome.borrow().is_some()
    }

    /// A seat for the task with this waker.
    pub(super) fn sit(&self, waker: &Waker) -> u32 {
        let seat = Seat {
            waker: Some(waker.clone()),
            active: self.sweeps.get().count,
            state: State::Awake,
        };
        let mut seats = self.seats.borrow_mut();
        if let Some(number) = self.free.borrow_mut().pop() {
            seats[number as usize] = seat;
            return number;
        }
        seats.push(seat);
        seats.len() as u32 - 1
    }

    /// Gives the seat back after the connection has been closed.
    pub(super) fn leave(&self, seat: u32) {
        self.seats.borrow_mut()[seat as usize].waker = None;
        self.free.borrow_mut().push(seat);
        self.peers.set(self.peers.get() - 1);
        self.departed.set(self.departed.get().wrapping_add(1));
        // There is room again, or a descriptor for who was refused one.
        wake(&self.listener);
    }

    /// One turn of a peer.
    pub(super) fn turn(
        &self,
        seat: u32,
        fd: BorrowedFd<'_>,
        connection: (&crate::socket::SocketName, &mut Session),
        short: ShortRead,
    ) -> Wait {
        let (name, session) = connection;
        let peer = Peer {
            fd,
            name,
            blocking: Blocking::No,
            short,
        };
        let before = session.held();
        let wait = turn(
            self.context,
            peer,
            session,
            self.buffer.borrow_mut().bytes(),
        );
        self.hold(before, session.held());
        let mut seats = self.seats.borrow_mut();
        let seat = &mut seats[seat as usize];
        seat.active = self.sweeps.get().count;
        seat.state = State::Awake;
        wait
    }

    /// A session holds so much now.
    pub(super) fn hold(&self, before: usize, now: usize) {
        self.held.set(self.held.get() + now - before);
        if now < before && self.has_memory() {
            for seat in self.starved.take() {
                self.wake(seat);
            }
        }
    }

    fn has_memory(&self) -> bool {
        self.held.get() < self.context.limits.memory
    }

    /// Waits until the session may have a turn: at the budget nobody reads before something was sent.
    pub(super) fn may_go_on(
        &self,
        seat: u32,
        session: &Session,
        seen: Level,
    ) -> impl Future<Output = News> {
        self.news(seat, seen, move |_| {
            if !self.is_starved(session) {
                return Poll::Ready(News::Other);
            }
            self.starved.borrow_mut().push(seat);
            Poll::Pending
        })
    }

    fn is_starved(&self, session: &Session) -> bool {
        let ends = || match self.context.stop.level() {
            Level::Running | Level::Draining => false,
            Level::Closing => session.is_idle(),
            Level::Expired | Level::Now => true,
        };
        !self.has_memory() && session.want() == Want::Recv && !ends()
    }

    /// Waits until the socket is ready.
    pub(super) fn ready(
        &self,
        seat: u32,
        seen: Level,
        driven: &Driven<'_>,
        interest: Interest,
    ) -> impl Future<Output = News> {
        self.news(seat, seen, move |cx| {
            let poll = |cx: &mut task::Context<'_>| driven.poll(cx, interest);
            let polled = self.parks.watching::<O, _>(driven.number(), cx, poll);
            polled.map(News::Ready)
        })
    }

    /// Waits for the end of one of the profile's pauses, in which a peer may be silent.
    pub(super) fn pause(
        &self,
        seat: u32,
        seen: Level,
        time: Duration,
    ) -> impl Future<Output = News> {
        self.seats.borrow_mut()[seat as usize].state = State::Pausing;
        // In a box: a timer is larger than everything else that a task keeps.
        let mut sleep = Box::pin(tokio::time::sleep(time));
        self.news(seat, seen, move |cx| {
            sleep.as_mut().poll(cx).map(|()| News::Other)
        })
    }

    /// Waits for something, for an order to stop that has not been `seen`, or until the peer has been silent for too long.
    ///
    /// No `async fn`: that would keep its arguments twice, once as they came and once as they are used.
    fn news(
        &self,
        seat: u32,
        seen: Level,
        mut other: impl FnMut(&mut task::Context<'_>) -> Poll<News>,
    ) -> impl Future<Output = News> {
        poll_fn(move |cx| {
            let level = self.context.stop.level();
            if level >= Level::Closing && level > seen {
                return Poll::Ready(News::Ordered);
            }
            match other(cx) {
                Poll::Pending if self.is_silent(seat) => Poll::Ready(News::Silent),
                polled => polled,
            }
        })
    }

    fn is_silent(&self, seat: u32) -> bool {
        self.seats.borrow()[seat as usize].state == State::Silent
    }

    /// Wakes whoever has been silent for too long.
    pub(super) fn sweep(&self) {
        let mut sweeps = self.sweeps.get();
        sweeps.count = sweeps.count.wrapping_add(1);
        self.sweeps.set(sweeps);
        for seat in &mut *self.seats.borrow_mut() {
            if let (Some(waker), State::Awake) = (&seat.waker, seat.state)
                && sweeps.is_over(seat.active)
            {
                seat.state = State::Silent;
                waker.wake_by_ref();
            }
        }
    }

    /// Wakes whom the order to stop concerns.
    pub(super) fn heed(&self) {
        wake(&self.listener);
        if self.context.stop.level() >= Level::Closing {
            for seat in &*self.seats.borrow() {
                seat.waker.iter().for_each(Waker::wake_by_ref);
            }
        }
    }

    fn wake(&self, seat: u32) {
        let seats = self.seats.borrow();
        seats[seat as usize]
            .waker
            .iter()
            .for_each(Waker::wake_by_ref);
    }
}

/// Wakes whoever waits there, if anybody does, once: who waits again leaves its waker again.
fn wake(who: &RefCell<Option<Waker>>) {
    if let Some(waker) = who.take() {
        waker.wake();
    }
}
