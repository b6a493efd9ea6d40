//! One peer at a time, in blocking calls: the article's server.
//!
//! Whoever is silent holds the queue until a timeout; that is this engine's nature and its lesson. The others wait in
//! the backlog, connected, and are served in the order in which they came.

use std::os::fd::{AsFd as _, OwnedFd};
use std::time::{Duration, Instant};

use super::Context;
use super::arrival::Arrival;
use super::connection::{Connection, begin, end, set_timeouts};
use super::throttle::Throttle;
use super::turn::{Gone, Peer, Wait, turn};
use crate::error::Error;
use crate::event::{Event, Observer};
use crate::socket::SocketName;
use crate::sys::errno::{self, AcceptTrouble};
use crate::sys::stop::{Level, Watched};
use crate::sys::{Blocking, Server};

/// The first wait after accept(2) found this process or system at a limit; it doubles up to [`LONGEST_BACK_OFF`].
const FIRST_BACK_OFF: Duration = Duration::from_millis(10);
const LONGEST_BACK_OFF: Duration = Duration::from_secs(1);

/// Accepts and serves until the order to stop, then serves those who were already waiting.
pub fn serve<O: Observer>(context: Context<'_, O>, server: Server) -> Result<(), Error> {
    let mut buffer = vec![0; context.plan.buffer_size];
    let outcome = accept_loop(context, &server, &mut buffer);
    let waiting = last_clients(context, &server);
    context.sys.close_server(server);
    for (fd, peer) in waiting {
        converse(context, fd, peer, &mut buffer);
    }
    outcome
}

fn accept_loop<O: Observer>(
    context: Context<'_, O>,
    server: &Server,
    buffer: &mut [u8],
) -> Result<(), Error> {
    let listener = server.fd.as_fd();
    let arrival = Arrival::at(context, server, Watched::Listener)?;
    let mut throttle = Throttle::default();
    let mut back_off = FIRST_BACK_OFF;
    loop {
        let before_accept = context.plan.serve.pause.before_accept;
        if !before_accept.is_zero() && context.stop.pause(before_accept).is_err() {
            break;
        }
        if !arrival.wait(context, listener) {
            break;
        }
        let error = match context.stop.accepting(|| context.sys.accept(listener)) {
            None => break,
            Some(Ok((fd, peer))) => {
                back_off = FIRST_BACK_OFF;
                converse(context, fd, peer, buffer);
                continue;
            }
            Some(Err(_)) if context.stop.level() != Level::Running => break,
            Some(Err(error)) => error,
        };
        context.ledger.accept_errors.add(1);
        let trouble = errno::accept_trouble(&error);
        if trouble == AcceptTrouble::Nobody {
            continue;
        }
        let failure = errno::failure("accept4", server.name.to_string(), &error);
        if trouble == AcceptTrouble::Fatal {
            return Err(failure.into());
        }
        if let Some(line) = throttle.line(Instant::now(), || failure.to_string()) {
            context.sys.observer().event(&Event::Trouble(&line));
        }
        if trouble == AcceptTrouble::BackOff {
            if context.stop.pause(back_off).is_err() {
                break;
            }
            back_off = (back_off * 2).min(LONGEST_BACK_OFF);
        }
    }
    Ok(())
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
        match context.sys.accept(listener) {
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

fn converse<O: Observer>(
    context: Context<'_, O>,
    fd: OwnedFd,
    peer: SocketName,
    buffer: &mut [u8],
) {
    let Some(mut connection) = begin(context, fd, peer) else {
        return;
    };
    let gone = match set_timeouts(context, &connection) {
        Ok(()) => talk(context, &mut connection, buffer),
        Err(error) => Gone::Failed("setsockopt", error),
    };
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
    };
    loop {
        match turn(context, &peer, &mut connection.session, buffer) {
            Wait::Gone(gone) => return gone,
            Wait::Pause(time) => {
                // Stopped or slept out, the pause is over; the next receive looks at the order to stop.
                let _ = context.stop.pause(time);
                connection.session.paused();
            }
            Wait::Readable | Wait::Writable | Wait::Again => {}
        }
    }
}
