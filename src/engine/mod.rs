//! The engines: how a server waits for many clients.
//!
//! An engine owns buffers and descriptors and decides nothing: [`turn`] is the one loop of recv and send that asks the
//! session what to do, [`flow`] what becomes of the bytes, [`connection`] begins and ends a connection and keeps its accounts, [`accept`] is the patience with
//! accept(2), [`datagram`] answers messages that have no connection, behind the guards of [`guard`],
//! [`arrival`] wakes those who wait in a blocking call when the server stops.
//!
//! How to wait: [`sequential`] one peer at a time and [`threads`] one thread per peer, both in the blocking calls of
//! [`blocking`]; [`poll`] and [`epoll`] many peers in one thread, two ways to learn what is ready under the one loop of
//! [`readiness`], whose table of connections is [`slots`]; [`async`](mod@async) a task per peer, for which tokio waits;
//! [`uring`] many peers in one thread, which asks for what is to be done and is told that it was.
//!
//! [`workers`] runs several of them side by side, a listener each.

pub mod accept;
pub mod arrival;
pub mod r#async;
pub mod blocking;
pub mod books;
pub mod connection;
pub mod datagram;
pub mod epoll;
pub mod flow;
pub mod guard;
pub mod ledger;
pub mod limits;
pub mod poll;
pub mod readiness;
pub mod rules;
pub mod sequential;
pub mod slots;
pub mod spin;
pub mod sweeps;
pub mod threads;
pub mod throttle;
pub mod turn;
pub mod uring;
pub mod waiter;
pub mod workers;

use std::ops::Deref;
use std::time::Duration;

use crate::error::Error;
use crate::event::Observer;
use crate::plan::{EngineKey, Plan};
use crate::session::Rules;
use crate::sys::stop::Stop;
use crate::sys::{Pages, Server, Sys, errno};

pub use books::Books;
pub use ledger::Ledger;
pub use limits::Limits;
pub use workers::{Run, open, serve};

use epoll::Epoll;
use poll::Poll;

/// What every engine is given: everything about one worker, as a pointer, because each turn hands it on.
#[derive(Debug)]
pub struct Context<'a, O: Observer>(&'a Worker<'a, O>);

/// What a worker knows.
#[derive(Debug)]
pub struct Worker<'a, O: Observer> {
    /// The gate.
    pub sys: Sys<'a, O>,
    /// The server's plan.
    pub plan: &'a Plan,
    /// The session's rules, made from the plan.
    pub rules: &'a Rules,
    /// The worker's accounts.
    pub ledger: &'a Ledger,
    /// Everybody's accounts.
    pub books: &'a Books,
    /// The order to stop.
    pub stop: &'a Stop,
    /// What it may take.
    pub limits: Limits,
}

impl<O: Observer> Clone for Context<'_, O> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<O: Observer> Copy for Context<'_, O> {}

impl<O: Observer> Clone for Worker<'_, O> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<O: Observer> Copy for Worker<'_, O> {}

impl<'a, O: Observer> Deref for Context<'a, O> {
    type Target = Worker<'a, O>;
    #[inline]
    fn deref(&self) -> &Worker<'a, O> {
        self.0
    }
}

impl<O: Observer> Worker<'_, O> {
    /// How long a peer may say nothing.
    pub fn silence(&self) -> Duration {
        let read = self.plan.read_timeout.unwrap_or(Duration::MAX);
        read.min(self.plan.serve.idle_timeout)
    }

    /// A buffer to receive into, as long as the profile says. An error is that of mmap(2).
    pub fn buffer(&self) -> Result<Pages, Error> {
        Pages::new(self.plan.buffer_size)
            .map_err(|e| errno::failure("mmap", "the receive buffer", &e).into())
    }
}

/// Serves until the order to stop has been carried out; takes the server's socket and gives its path back.
fn work<O: Observer>(context: Context<'_, O>, server: Server) -> Result<(), Error> {
    let connections = context.plan.triple.ty.has_connections();
    match (context.plan.serve.engine, connections) {
        (EngineKey::Sequential, true) => sequential::serve(context, server),
        (EngineKey::Threads, true) => threads::serve(context, server),
        // One socket, many peers: there is nothing to give each peer a thread for.
        (EngineKey::Sequential | EngineKey::Threads, false) => datagram::serve(context, server),
        (EngineKey::Poll, true) => readiness::serve(context, server, Poll::new(context.sys)),
        (EngineKey::Poll, false) => {
            datagram::serve_ready(context, server, &mut Poll::new(context.sys))
        }
        (EngineKey::Epoll, true) => readiness::serve(context, server, epoll(context)?),
        (EngineKey::Epoll, false) => datagram::serve_ready(context, server, &mut epoll(context)?),
        (EngineKey::Async, true) => r#async::serve(context, server),
        (EngineKey::Async, false) => r#async::serve_datagrams(context, server),
        (EngineKey::Uring, true) => uring::serve(context, server),
        (EngineKey::Uring, false) => {
            let mut polls = uring::polls(context.sys, context.plan)?;
            datagram::serve_ready(context, server, &mut polls)
        }
    }
}

/// Refuses what this kernel cannot do, before anything opens.
pub fn possible<O: Observer>(sys: Sys<'_, O>, plan: &Plan) -> Result<(), Error> {
    match plan.serve.engine {
        EngineKey::Uring => uring::possible(sys, plan),
        _ => Ok(()),
    }
}

fn epoll<O: Observer>(context: Context<'_, O>) -> Result<Epoll<'_, O>, Error> {
    let serve = &context.plan.serve;
    Epoll::new(context.sys, serve.trigger, serve.batch)
        .map_err(|e| errno::failure("epoll_create1", "the engine", &e).into())
}
