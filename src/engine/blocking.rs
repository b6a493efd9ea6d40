//! What the engines with blocking calls share: the loop of accept(2), and a conversation from begin to end.

use std::os::fd::{AsFd as _, OwnedFd};
use std::time::Duration;

use super::Context;
use super::accept::{Acceptor, Next};
use super::arrival::Arrival;
use super::connection::{Connection, begin, end, set_timeouts};
use super::turn::{Call, Gone, Peer, ShortRead, Wait, turn};
use crate::error::Error;
use crate::event::Observer;
use crate::socket::SocketName;
use crate::sys::errno::{self, AcceptTrouble};
use crate::sys::stop::{Level, Stopped, Watched};
use crate::sys::{Blocking, Server};

/// Accepts until the order to stop, gives the path back, then those who were already waiting; `serve` gets each client.
/// `back_off` waits so long after accept(2) found a limit, or until there may be room again.
pub fn accept_all<O: Observer>(
    context: Context<'_, O>,
    server: Server,
    mut serve: impl FnMut(OwnedFd, SocketName),
    back_off: impl Fn(Duration) -> Result<(), Stopped>,
) -> Result<(), Error> {
    let outcome = accept_loop(context, &server, &mut serve, back_off);
    let waiting = last_clients(context, &server);
    context.sys.close_server(server);
    for (fd, peer) in waiting {
        serve(fd, peer);
    }
    outcome
}

fn accept_loop<O: Observer>(
    context: Context<'_, O>,
    server: &Server,
    serve: &mut impl FnMut(OwnedFd, SocketName),
    back_off: impl Fn(Duration) -> Result<(), Stopped>,
) -> Result<(), Error> {
    let listener = server.fd.as_fd();
    let arrival = Arrival::at(context, server, Watched::Listener)?;
    let before_accept = context.plan.serve.pause.before_accept;
    let mut acceptor = Acceptor::default();
    loop {
        if !before_accept.is_zero() && context.stop.pause(before_accept).is_err() {
            return Ok(());
        }
        if !arrival.wait(context, listener) {
            return Ok(());
        }
        let accept = || context.sys.accept(listener, Blocking::Yes);
        let Some(outcome) = arrival.accepting(accept) else {
            return Ok(());
        };
        if outcome.is_err() && context.stop.level() != Level::Running {
            return Ok(());
        }
        match acceptor.sort(context, server, outcome) {
            Next::Client(fd, peer) => serve(fd, peer),
            // A blocking accept(2) says EAGAIN when the profile's own SO_RCVTIMEO has passed.
            Next::Again | Next::Nobody => {}
            Next::BackOff(wait) => {
                if back_off(wait).is_err() {
                    return Ok(());
                }
            }
            Next::Stop(error) => return Err(error),
        }
    }
}

/// Those who are already in the queue: they have connected, and may have sent.
fn last_clients<O: Observer>(
    context: Context<'_, O>,
    server: &Server,
) -> Vec<(OwnedFd, SocketName)> {
    let listener = server.fd.as_fd();
    let mut waiting = Vec::new();
    if context.sys.set_nonblocking(listener, Blocking::No).is_err() {
        return waiting;
    }
    while context.stop.level() < Level::Expired {
        match context.sys.accept(listener, Blocking::Yes) {
            Ok(client) => waiting.push(client),
            Err(error) if errno::would_block(&error) => break,
            Err(error) => match errno::accept_trouble(&error) {
                // One that has gone again, or a signal: the next may still be there.
                AcceptTrouble::Nobody | AcceptTrouble::Next => {
                    context.ledger.accept_errors.add(1);
                }
                AcceptTrouble::BackOff | AcceptTrouble::Fatal => break,
            },
        }
    }
    waiting
}

/// One conversation in this thread, from begin to end. `over` is called right before its socket is closed: who hears the
/// end may come again at once, and must find the place free.
pub fn converse<O: Observer>(
    context: Context<'_, O>,
    fd: OwnedFd,
    peer: SocketName,
    buffer: &mut [u8],
    over: impl FnOnce(),
) {
    let Some(mut connection) = begin(context, fd, peer) else {
        return over();
    };
    let gone = match set_timeouts(context, &connection) {
        Ok(()) => talk(context, &mut connection, buffer),
        Err(error) => Gone::failed(Call::Setsockopt, &error),
    };
    over();
    end(context, connection, gone);
}

fn talk<O: Observer>(
    context: Context<'_, O>,
    connection: &mut Connection,
    buffer: &mut [u8],
) -> Gone {
    let fd = connection.fd.as_fd();
    let _watch = context.stop.watch(fd, Watched::Connection);
    let peer = Peer {
        fd,
        name: &connection.peer,
        blocking: Blocking::Yes,
        short: ShortRead::GoOn,
    };
    loop {
        match turn(context, peer, &mut connection.session, buffer) {
            Wait::Gone(gone) => return gone,
            Wait::Pause(pause) => {
                let time = pause.length(&context.rules.pauses);
                // Stopped or slept out, the pause is over; the next receive looks at the order to stop.
                let _ = context.stop.pause(time);
                connection.session.paused();
            }
            Wait::Readable | Wait::Writable | Wait::Again => {}
        }
    }
}
