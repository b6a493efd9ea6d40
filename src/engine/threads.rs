//! One thread per peer, in blocking calls: nobody waits for anybody, and each peer costs a stack and a buffer.

use std::os::fd::OwnedFd;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::accept::{reject, rejects};
use super::blocking::{accept_all, converse};
use super::{Context, Worker};
use crate::error::Error;
use crate::event::{Event, Observer};
use crate::socket::SocketName;
use crate::sys::{Linger, Server, errno};

/// A thread's stack unless the profile says otherwise: a conversation needs a few KiB, and only pages that are used cost.
const STACK: usize = 128 << 10;
/// How often the wait for room looks at the order to stop.
const LOOK: Duration = Duration::from_millis(50);

/// Accepts until the order to stop, a thread for each client, and waits for the last of them.
pub fn serve<O: Observer>(context: Context<'_, O>, server: Server) -> Result<(), Error> {
    let crew = Crew {
        at_work: Mutex::new(0),
        left: Condvar::new(),
        most: context.limits.connections,
    };
    let crew = &crew;
    thread::scope(|scope| {
        accept_all(context, server, |fd, peer| {
            if rejects(context) && crew.is_full() {
                return reject(context, fd, &peer);
            }
            crew.enter();
            // The thread gets the socket through this slot, so that it can be closed here when there is no thread.
            let client = Mutex::new(Some((fd, peer)));
            let client = std::sync::Arc::new(client);
            let theirs = std::sync::Arc::clone(&client);
            let work = move || {
                let ledger = context.books.open();
                if let Some((fd, peer)) = take(&theirs) {
                    let worker = Worker {
                        ledger: &ledger,
                        ..*context
                    };
                    match context.buffer() {
                        Ok(mut pages) => converse(Context(&worker), fd, peer, pages.bytes()),
                        Err(error) => no_room(Context(&worker), fd, &peer, &error),
                    }
                }
                context.books.settle(&ledger);
                crew.leave();
            };
            let stack = context.plan.serve.stack_size.unwrap_or(STACK);
            let spawned = thread::Builder::new()
                .name("peer".into())
                .stack_size(stack)
                .spawn_scoped(scope, work);
            if let Err(error) = spawned {
                crew.leave();
                if let Some((fd, peer)) = take(&client) {
                    let error = errno::failure("clone3", "a thread", &error).into();
                    no_room(context, fd, &peer, &error);
                }
            }
            // The next accept(2) comes when there is room for its client: until then it waits in the backlog.
            if !rejects(context) {
                crew.wait_for_room(context);
            }
        })
    })
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

/// How many threads are at work.
struct Crew {
    at_work: Mutex<usize>,
    left: Condvar,
    most: usize,
}

impl Crew {
    fn at_work(&self) -> MutexGuard<'_, usize> {
        self.at_work.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_full(&self) -> bool {
        *self.at_work() >= self.most
    }

    fn enter(&self) {
        *self.at_work() += 1;
    }

    fn leave(&self) {
        *self.at_work() -= 1;
        self.left.notify_all();
    }

    fn wait_for_room<O: Observer>(&self, context: Context<'_, O>) {
        let mut at_work = self.at_work();
        while *at_work >= self.most && context.stop.level() == crate::sys::stop::Level::Running {
            at_work = self
                .left
                .wait_timeout(at_work, LOOK)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
    }
}
