//! The tasks that are there from begin to end: the listener, the bell, and the sweep for silent peers.

use std::cell::RefCell;
use std::future::poll_fn;
use std::os::fd::AsFd as _;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::worker::Worker;
use crate::engine::accept::{Acceptor, Next, reject, rejects};
use crate::engine::connection::begin;
use crate::error::Error;
use crate::event::Observer;
use crate::sys::driven::{Driven, Interest};
use crate::sys::stop::{Bell, Level};
use crate::sys::{Blocking, Server, Timer, errno};

/// Clients that are accepted before those who are there get a turn.
const BATCH: usize = 64;

/// Accepts until the order to stop, then those who are already in the queue: they have connected, and may have sent.
pub(super) async fn listen<O: Observer>(worker: &Worker<'_, O>, server: Server) {
    let context = worker.context;
    let mut acceptor = Acceptor::default();
    let outcome = match context.sys.drive(server.fd.as_fd(), Interest::READABLE) {
        Ok(driven) => {
            let outcome = accept_all(worker, &server, &driven, &mut acceptor).await;
            context.sys.undrive(driven);
            outcome
        }
        Err(e) => Err(errno::failure("epoll_ctl", server.name.to_string(), &e).into()),
    };
    while outcome.is_ok() && context.stop.level() < Level::Expired {
        let accepted = context.sys.accept(server.fd.as_fd(), Blocking::No);
        match acceptor.sort(context, &server, accepted) {
            Next::Client(fd, peer) => {
                if let Some(connection) = begin(context, fd, peer) {
                    worker.admit(connection);
                }
            }
            Next::Again => {}
            Next::Nobody | Next::BackOff(_) | Next::Stop(_) => break,
        }
    }
    context.sys.close_server(server);
    *worker.outcome.borrow_mut() = Some(outcome);
}

async fn accept_all<O: Observer>(
    worker: &Worker<'_, O>,
    server: &Server,
    driven: &Driven<'_>,
    acceptor: &mut Acceptor,
) -> Result<(), Error> {
    let pause = worker.context.plan.serve.pause.before_accept;
    loop {
        if !pause.is_zero() {
            until(worker, Some(pause), |_| Poll::Pending).await;
        }
        until(worker, None, |cx| {
            if worker.is_full() && !rejects(worker.context) {
                return Poll::Pending;
            }
            let poll = |cx: &mut Context<'_>| driven.poll(cx, Interest::READABLE);
            let polled = worker.parks.watching::<O, _>(driven.number(), cx, poll);
            polled.map(|_| ())
        })
        .await;
        if worker.context.stop.level() != Level::Running {
            return Ok(());
        }
        let batch = if pause.is_zero() { BATCH } else { 1 };
        match some(worker, server, acceptor, batch) {
            Left::Nobody => driven.found_dry(Interest::READABLE),
            Left::Perhaps => tokio::task::yield_now().await,
            Left::BackOff(wait) => {
                let before = worker.departed.get();
                until(worker, Some(wait), |_| {
                    // Who left has given a descriptor back.
                    if worker.departed.get() == before {
                        Poll::Pending
                    } else {
                        Poll::Ready(())
                    }
                })
                .await;
            }
            Left::Broken(error) => return Err(error),
        }
    }
}

/// What a batch left in the queue.
enum Left {
    Nobody,
    Perhaps,
    BackOff(Duration),
    Broken(Error),
}

fn some<O: Observer>(
    worker: &Worker<'_, O>,
    server: &Server,
    acceptor: &mut Acceptor,
    batch: usize,
) -> Left {
    let context = worker.context;
    for _ in 0..batch {
        let full = worker.is_full();
        if full && !rejects(context) {
            return Left::Perhaps;
        }
        let outcome = context.sys.accept(server.fd.as_fd(), Blocking::No);
        match acceptor.sort(context, server, outcome) {
            Next::Client(fd, peer) if full => reject(context, fd, &peer),
            Next::Client(fd, peer) => {
                if let Some(connection) = begin(context, fd, peer) {
                    worker.admit(connection);
                }
            }
            Next::Again => {}
            Next::Nobody => return Left::Nobody,
            Next::BackOff(wait) => return Left::BackOff(wait),
            Next::Stop(error) => return Left::Broken(error),
        }
    }
    Left::Perhaps
}

/// Waits until `done`, for so long at most, or until the order to stop. It is looked at again when a peer has left.
async fn until<O: Observer>(
    worker: &Worker<'_, O>,
    at_most: Option<Duration>,
    mut done: impl FnMut(&mut Context<'_>) -> Poll<()>,
) {
    let mut sleep = at_most.map(|time| Box::pin(tokio::time::sleep(time)));
    poll_fn(|cx| {
        remember(&worker.listener, cx);
        if worker.context.stop.level() != Level::Running || done(cx).is_ready() {
            return Poll::Ready(());
        }
        match &mut sleep {
            Some(sleep) => sleep.as_mut().poll(cx),
            None => Poll::Pending,
        }
    })
    .await;
}

/// Wakes whom the order to stop concerns, each time it is raised.
pub(super) async fn heed<O: Observer>(worker: &Worker<'_, O>, bell: &Bell, driven: &Driven<'_>) {
    loop {
        readable(worker, driven).await;
        bell.hush();
        worker.heed();
    }
}

/// Looks for silent peers, as long as there are any peers.
///
/// With a timer of the kernel: one of tokio's would give each of its waits a timeout, which costs a timer per wait.
pub(super) async fn sweep<O: Observer>(worker: &Worker<'_, O>, timer: &Timer, driven: &Driven<'_>) {
    loop {
        poll_fn(|cx| {
            remember(&worker.sweeper, cx);
            if worker.is_empty() {
                Poll::Pending
            } else {
                Poll::Ready(())
            }
        })
        .await;
        let every = worker.sweeps.get().every;
        // It worked for others, with a descriptor that nobody else has; without it silent peers stay.
        let _ = worker.context.sys.set_timer(timer, Some(every));
        readable(worker, driven).await;
        worker.sweep();
    }
}

/// Waits for one of the worker's own descriptors, and for its next change the next time.
async fn readable<O: Observer>(worker: &Worker<'_, O>, driven: &Driven<'_>) {
    poll_fn(|cx| {
        let poll = |cx: &mut Context<'_>| driven.poll(cx, Interest::READABLE);
        worker.parks.watching::<O, _>(driven.number(), cx, poll)
    })
    .await;
    driven.found_dry(Interest::READABLE);
}

/// Leaves this task's waker where others look for it.
fn remember(place: &RefCell<Option<Waker>>, cx: &Context<'_>) {
    let mut place = place.borrow_mut();
    if !place
        .as_ref()
        .is_some_and(|waker| waker.will_wake(cx.waker()))
    {
        *place = Some(cx.waker().clone());
    }
}
