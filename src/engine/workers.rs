//! Workers: the same engine several times, each in a thread, with a listener and accounts of its own.
//!
//! The listeners have one address (SO_REUSEPORT, which the plan adds), the kernel deals the connections out, and nothing
//! is shared while they serve. [`super::limits`] divides what they may take.

use std::thread;

use super::limits::Means;
use super::{Books, Context, Worker, work};
use crate::error::Error;
use crate::event::{Event, Observer};
use crate::plan::{Plan, WorkersKey};
use crate::session::Rules;
use crate::sys::stop::{Level, Stop};
use crate::sys::{Readback, Server, Sys, descriptor_limit};

/// What all workers of a run share.
#[derive(Debug)]
pub struct Run<'a, O: Observer> {
    /// The gate.
    pub sys: Sys<'a, O>,
    /// The server's plan.
    pub plan: &'a Plan,
    /// The session's rules, made from the plan.
    pub rules: &'a Rules,
    /// The accounts, with a place for each worker.
    pub books: &'a Books,
    /// The order to stop.
    pub stop: &'a Stop,
}

impl<O: Observer> Clone for Run<'_, O> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<O: Observer> Copy for Run<'_, O> {}

impl<'a, O: Observer> Run<'a, O> {
    fn means(self) -> Means {
        Means::of(self.plan, self.rules, descriptor_limit())
    }

    fn worker(self, worker: usize) -> Worker<'a, O> {
        let Run { plan, books, .. } = self;
        let own = &books.workers[worker];
        Worker {
            sys: self.sys.task(&own.name),
            plan,
            rules: self.rules,
            ledger: &own.ledger,
            books,
            stop: self.stop,
            limits: self.means().share(books.workers.len()),
        }
    }
}

/// How many workers a plan wants on this machine.
pub fn count(plan: &Plan) -> usize {
    match plan.serve.workers {
        WorkersKey::Count(n) => n as usize,
        WorkersKey::Cores => thread::available_parallelism().map_or(1, usize::from),
    }
}

/// Opens a socket per worker, at the same address.
pub fn open<O: Observer>(run: Run<'_, O>) -> Result<Vec<Server>, Error> {
    super::possible(run.sys, run.plan)?;
    beside(run, run.sys.open_server(run.plan, Readback::After)?)
}

/// Opens the sockets of the other workers, where the first one is. What became of the options is not looked at again.
pub fn beside<O: Observer>(run: Run<'_, O>, first: Server) -> Result<Vec<Server>, Error> {
    let name = first.name.clone();
    let mut servers = vec![first];
    while servers.len() < run.books.workers.len() {
        match run.sys.open_server_at(run.plan, &name, Readback::Nothing) {
            Ok(server) => servers.push(server),
            Err(error) => {
                for server in servers {
                    run.sys.close_server(server);
                }
                return Err(error);
            }
        }
    }
    Ok(servers)
}

/// Serves with one worker per socket until the order to stop has been carried out. When one of them cannot go on, the
/// others are told to stop, and its error is the result.
pub fn serve<O: Observer>(run: Run<'_, O>, servers: Vec<Server>) -> Result<(), Error> {
    if let Some(note) = run.means().note(servers.len()) {
        run.sys.observer().event(&Event::Note(&note));
    }
    let mut servers = servers.into_iter().enumerate();
    let Some((_, first)) = servers.next() else {
        return Ok(());
    };
    thread::scope(|scope| {
        let start = |(n, server): (usize, Server)| {
            let name = run.books.workers[n].name.clone();
            let work = move || one(run, n, server);
            thread::Builder::new().name(name).spawn_scoped(scope, work)
        };
        let others: Vec<_> = servers.map(start).collect();
        let mut outcome = Ok(());
        if others.iter().any(Result::is_err) {
            run.stop
                .raise(Level::Closing, Some(run.plan.serve.drain_timeout));
        }
        outcome = outcome.and(one(run, 0, first));
        for other in others {
            outcome = outcome.and(match other {
                Ok(thread) => thread
                    .join()
                    .unwrap_or_else(|_| Err(Error::failed("a worker panicked"))),
                Err(e) => Err(Error::failed(format!("cannot start a worker: {e}"))),
            });
        }
        outcome
    })
}

fn one<O: Observer>(run: Run<'_, O>, worker: usize, server: Server) -> Result<(), Error> {
    let outcome = work(Context(&run.worker(worker)), server);
    if outcome.is_err() {
        run.stop
            .raise(Level::Closing, Some(run.plan.serve.drain_timeout));
    }
    outcome
}
