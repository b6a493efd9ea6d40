//! Messages without a connection: datagrams and raw packets, each answered once or counted.
//!
//! There is no session: a reply goes where its message came from, or nowhere. [`super::guard`] decides whether;
//! [`exchange`] receives and keeps count of every reason, [`message`] is what one message becomes, [`delivery`] sends many
//! answers with one call. Here is only how to wait.

mod delivery;
pub mod exchange;
mod message;

use std::io;
use std::os::fd::AsFd as _;
use std::time::Duration;

use self::exchange::{Exchange, Queue};
use super::arrival::Arrival;
use super::waiter::{Interest, Token, Waiter};
use super::{Context, spin};
use crate::error::Error;
use crate::event::Observer;
use crate::sys::message::Patience;
use crate::sys::stop::{Level, Watched};
use crate::sys::{Server, errno};

/// Answers messages in blocking calls until the order to stop, then those that had already arrived.
pub fn serve<O: Observer>(context: Context<'_, O>, server: Server) -> Result<(), Error> {
    let arrival = Arrival::at(context, &server, Watched::Datagrams)?;
    let outcome = answer_all(context, &server, |exchange| {
        let soon = spin::ask(context.plan.serve.spin, || asked(context, exchange))?;
        if soon.is_none() && arrival.wait(context, server.fd.as_fd()) {
            exchange.next(Patience::Wait)?;
        }
        Ok(())
    });
    drop(arrival);
    context.sys.close_server(server);
    outcome
}

/// Whether a message was there, or the order to stop.
fn asked<O: Observer>(
    context: Context<'_, O>,
    exchange: &mut Exchange<'_, O>,
) -> Result<Option<()>, Error> {
    let stopping = context.stop.level() != Level::Running;
    let found = stopping || exchange.next(Patience::Now)? == Queue::PerhapsMore;
    Ok(found.then_some(()))
}

/// The same for an engine that waits for readiness.
pub fn serve_ready<O: Observer>(
    context: Context<'_, O>,
    server: Server,
    waiter: &mut impl Waiter,
) -> Result<(), Error> {
    let failed =
        |call, e: io::Error| Error::from(errno::failure(call, server.name.to_string(), &e));
    let bell = context.stop.bell().map_err(|e| failed("eventfd", e))?;
    waiter
        .add(bell.fd(), Token(0), Interest::Read)
        .map_err(|e| failed("wait", e))?;
    waiter
        .add(server.fd.as_fd(), Token(1), Interest::Read)
        .map_err(|e| failed("wait", e))?;
    let outcome = answer_all(context, &server, |exchange| {
        match wait(waiter, context.plan.serve.spin) {
            Ok(()) => {}
            Err(e) if errno::interrupted(&e) => return Ok(()),
            Err(e) => return Err(failed("wait", e)),
        }
        if waiter.is_edge_triggered() {
            // What is left after this would not be told again: nothing may be left.
            exchange.all()
        } else {
            exchange.some().map(drop)
        }
    });
    context.sys.close_server(server);
    outcome
}

/// Waits until something is ready; with `spin` the kernel is asked for so long before it may put this thread to sleep.
fn wait(waiter: &mut impl Waiter, spin: Option<Duration>) -> io::Result<()> {
    let soon = spin::ask(spin, || {
        let ready = waiter.wait(Some(Duration::ZERO))?;
        Ok::<_, io::Error>((ready > 0).then_some(()))
    })?;
    if soon.is_none() {
        waiter.wait(None)?;
    }
    Ok(())
}

/// Has `some` of the messages received and answered again and again until the order to stop.
pub(super) fn answer_all<'a, O: Observer>(
    context: Context<'a, O>,
    server: &'a Server,
    mut some: impl FnMut(&mut Exchange<'a, O>) -> Result<(), Error>,
) -> Result<(), Error> {
    let pause = context.plan.serve.pause;
    let mut exchange = Exchange::new(context, server);
    let _ = context.stop.pause(pause.before_read);
    while context.stop.level() == Level::Running {
        some(&mut exchange)?;
        if !pause.between_reads.is_zero() {
            let _ = context.stop.pause(pause.between_reads);
        }
    }
    exchange.rest();
    Ok(())
}
