//! A peer's task: turn and wait, until the conversation is over.

use std::future::poll_fn;
use std::io;
use std::os::fd::{AsFd as _, BorrowedFd};
use std::task::Poll;

use super::worker::{News, Worker};
use crate::engine::connection::{Connection, end};
use crate::engine::flow::give_up;
use crate::engine::turn::{Call, Gone, ShortRead, Wait};
use crate::event::Observer;
use crate::session::Framing;
use crate::socket::Family;
use crate::sys::driven::{Driven, Interest, Ready};
use crate::sys::stop::Level;

/// What a peer's task keeps while it waits, its connection included.
const _: () = assert!(size(&converse::<crate::event::Off>) <= 272);

const fn size<A, B, F: Future>(_: &impl Fn(A, B) -> F) -> usize {
    size_of::<F>()
}

/// A connection from begin to end.
///
/// No `async fn`: that would keep the connection twice, once as it came and once as it is used.
#[allow(
    clippy::manual_async_fn,
    reason = "an `async fn` that moves its argument has room for it twice"
)]
pub(super) fn converse<O: Observer>(
    worker: &Worker<'_, O>,
    mut connection: Connection,
) -> impl Future<Output = ()> {
    async move {
        let seat = poll_fn(|cx| Poll::Ready(worker.sit(cx.waker()))).await;
        let gone = talk(worker, seat, &mut connection).await;
        let held = connection.session.held();
        end(worker.context, connection, gone);
        worker.hold(held, 0);
        worker.leave(seat);
    }
}

async fn talk<O: Observer>(worker: &Worker<'_, O>, seat: u32, connection: &mut Connection) -> Gone {
    let stop = worker.context.stop;
    let fd = connection.fd.as_fd();
    let session = &mut connection.session;
    // The driver watches the socket from the first wait on: a short conversation never comes to it.
    let mut watched = None;
    let mut short = ShortRead::GoOn;
    let gone = loop {
        let seen = stop.level();
        match worker.may_go_on(seat, session, seen).await {
            News::Silent => break Gone::TimedOut,
            News::Ordered => continue,
            News::Ready(_) | News::Other => {}
        }
        let wait = worker.turn(seat, fd, (&connection.peer, session), short);
        short = ShortRead::GoOn;
        let interest = match wait {
            Wait::Gone(gone) => break gone,
            Wait::Readable => Interest::READABLE,
            Wait::Writable if stop.level() < Level::Expired => Interest::WRITABLE,
            Wait::Writable => {
                let held = session.held();
                give_up(worker.context, session);
                worker.hold(held, session.held());
                continue;
            }
            // Others have their turn, and the driver a look at its descriptors; what it told of this one still holds.
            Wait::Again => {
                tokio::task::yield_now().await;
                continue;
            }
            Wait::Pause(pause) => {
                let time = pause.length(&worker.context.rules.pauses);
                worker.pause(seat, seen, time).await;
                session.paused();
                continue;
            }
        };
        let driven = match watch(worker, &mut watched, fd, interest) {
            Ok(driven) => driven,
            Err(error) => break Gone::failed(Call::Register, &error),
        };
        match worker.ready(seat, seen, driven, interest).await {
            News::Ready(ready) => short = short_read(worker, ready),
            News::Silent => break Gone::TimedOut,
            News::Ordered | News::Other => {}
        }
    };
    if let Some(driven) = watched {
        worker.context.sys.undrive(driven);
    }
    gone
}

/// Edge-triggered, the end is told only once: with it, or where each receive is one message, a short read is not all.
fn short_read<O: Observer>(worker: &Worker<'_, O>, ready: Ready) -> ShortRead {
    if ready.is_read_closed() || worker.context.rules.framing == Framing::Message {
        ShortRead::GoOn
    } else {
        ShortRead::Drained
    }
}

/// Has the driver watch a socket that has just made a call wait; from the first wait on, and until `end`.
fn watch<'w, 'fd, O: Observer>(
    worker: &Worker<'_, O>,
    watched: &'w mut Option<Driven<'fd>>,
    fd: BorrowedFd<'fd>,
    interest: Interest,
) -> io::Result<&'w Driven<'fd>> {
    let sys = worker.context.sys;
    // tokio cannot change what it watches for.
    if let Some(driven) = watched.take_if(|driven| !driven.covers(interest)) {
        sys.undrive(driven);
    }
    if let Some(driven) = watched {
        driven.found_dry(interest);
    } else {
        // On a unix socket each read of the peer tells that there is room (one wait more per echo): only who was once too
        // slow is asked for it.
        let unix = worker.context.plan.triple.family == Family::Unix;
        let both = Interest::READABLE | Interest::WRITABLE;
        let first = if unix && interest.is_readable() {
            interest
        } else {
            both
        };
        *watched = Some(sys.drive(fd, first)?);
    }
    Ok(watched.as_ref().expect("it was there, or is now"))
}
