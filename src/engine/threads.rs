//! One thread per peer, in blocking calls: nobody waits for anybody, and each peer costs a stack and a buffer.
//!
//! A thread that waits in send(2) keeps what it has received in its own buffer: so many threads as could together exceed
//! the memory budget are never started ([`super::limits`]).

use std::os::fd::OwnedFd;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Scope};
use std::time::{Duration, Instant};

use super::accept::{reject, rejects};
use super::blocking::{accept_all, converse};
use super::{Context, Worker};
use crate::error::Error;
use crate::event::{Event, Observer};
use crate::socket::SocketName;
use crate::sys::stop::{Level, Stopped};
use crate::sys::{Linger, Server, errno};

/// A thread's stack unless the profile says otherwise: a conversation needs a few KiB, and only pages that are used cost.
const STACK: usize = 128 << 10;
/// How often a wait looks at the order to stop.
const LOOK: Duration = Duration::from_millis(50);

/// Accepts until the order to stop, a thread for each client, and waits for the last of them.
pub fn serve<O: Observer>(context: Context<'_, O>, server: Server) -> Result<(), Error> {
    let crew = Crew {
        people: Mutex::default(),
        left: Condvar::new(),
        most: context.limits.connections,
    };
    let crew = &crew;
    thread::scope(|scope| {
        let take_in = |fd, peer| {
            if rejects(context) && crew.is_full() {
                return reject(context, fd, &peer);
            }
            hire(scope, context, crew, (fd, peer));
            // The next accept(2) comes when there is room for its client: until then it waits in the backlog.
            if !rejects(context) {
                crew.wait_for_room(context);
            }
        };
        accept_all(context, server, take_in, |wait| {
            crew.back_off(context, wait)
        })
    })
}

/// Starts a thread for a client.
fn hire<'scope, O: Observer>(
    scope: &'scope Scope<'scope, '_>,
    context: Context<'scope, O>,
    crew: &'scope Crew,
    client: (OwnedFd, SocketName),
) {
    crew.enter();
    // The thread gets the socket through this slot, so that it can be closed here when there is no thread.
    let client = Arc::new(Mutex::new(Some(client)));
    let theirs = Arc::clone(&client);
    let work = move || {
        if let Some((fd, peer)) = take(&theirs) {
            alone(context, fd, peer, || crew.finish());
        }
        crew.leave();
    };
    let spawned = thread::Builder::new()
        .name("peer".into())
        .stack_size(context.plan.serve.stack_size.unwrap_or(STACK))
        .spawn_scoped(scope, work);
    if let Err(error) = spawned {
        crew.finish();
        if let Some((fd, peer)) = take(&client) {
            let error = errno::failure("clone3", "a thread", &error).into();
            no_room(context, fd, &peer, &error);
        }
    }
}

/// One conversation with a ledger and a buffer of its own.
fn alone<O: Observer>(context: Context<'_, O>, fd: OwnedFd, peer: SocketName, over: impl FnOnce()) {
    let ledger = context.books.open();
    let worker = Worker {
        ledger: &ledger,
        ..*context
    };
    match context.buffer() {
        Ok(mut pages) => converse(Context(&worker), fd, peer, pages.bytes(), over),
        Err(error) => {
            over();
            no_room(Context(&worker), fd, &peer, &error);
        }
    }
    context.books.settle(&ledger);
}

type Client = Mutex<Option<(OwnedFd, SocketName)>>;

fn take(client: &Client) -> Option<(OwnedFd, SocketName)> {
    client.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// A thread or a buffer that cannot be had costs one connection, not the server.
fn no_room<O: Observer>(context: Context<'_, O>, fd: OwnedFd, peer: &SocketName, error: &Error) {
    context.ledger.accepted.add(1);
    context.ledger.failed.add(1);
    context.sys.close(fd, Linger::Reset);
    let why = error.to_string().replace('\n', "; ");
    context
        .sys
        .observer()
        .event(&Event::Closed { peer, why: &why });
}

/// The threads that are at work, and how many may be.
struct Crew {
    people: Mutex<People>,
    left: Condvar,
    most: usize,
}

#[derive(Default)]
struct People {
    at_work: usize,
    /// How many have left since that was last asked.
    gone: usize,
}

impl Crew {
    fn people(&self) -> MutexGuard<'_, People> {
        self.people.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_full(&self) -> bool {
        self.people().at_work >= self.most
    }

    fn enter(&self) {
        self.people().at_work += 1;
    }

    /// Its conversation is over, and there is room for another one.
    fn finish(&self) {
        self.people().at_work -= 1;
        self.left.notify_all();
    }

    /// Its socket has been closed.
    fn leave(&self) {
        self.people().gone += 1;
        self.left.notify_all();
    }

    fn wait_for_room<O: Observer>(&self, context: Context<'_, O>) {
        let mut people = self.people();
        while people.at_work >= self.most && context.stop.level() == Level::Running {
            people = self.wait(people, LOOK);
        }
    }

    /// Leaves the listener alone for so long, or until somebody leaves: then there is a descriptor for who was refused
    /// one.
    fn back_off<O: Observer>(
        &self,
        context: Context<'_, O>,
        wait: Duration,
    ) -> Result<(), Stopped> {
        let until = Instant::now() + wait;
        let mut people = self.people();
        loop {
            if context.stop.level() != Level::Running {
                return Err(Stopped);
            }
            let left = until.saturating_duration_since(Instant::now());
            if std::mem::take(&mut people.gone) > 0 || left.is_zero() {
                return Ok(());
            }
            people = self.wait(people, left.min(LOOK));
        }
    }

    fn wait<'a>(&self, people: MutexGuard<'a, People>, time: Duration) -> MutexGuard<'a, People> {
        let waited = self.left.wait_timeout(people, time);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }
}
