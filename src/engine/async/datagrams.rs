//! Sockets without connections: tokio waits for the socket and for the bell, and the one loop of datagrams answers.
//!
//! There is nothing to give a task to: one socket, no session. Each wait is a short stay in the runtime.

use std::future::poll_fn;
use std::io;
use std::os::fd::AsFd as _;
use std::task::{Context, Poll};

use super::{Parks, Spin, Stir, runtime};
use crate::engine::Context as Engine;
use crate::engine::datagram::answer_all;
use crate::engine::datagram::exchange::Queue;
use crate::error::Error;
use crate::event::Observer;
use crate::sys::driven::{Driven, Interest};
use crate::sys::stop::Level;
use crate::sys::{Server, errno};

/// Answers messages until the order to stop, then those that had already arrived.
pub fn serve<O: Observer>(engine: Engine<'_, O>, server: Server) -> Result<(), Error> {
    let failed =
        |call, e: &io::Error| Error::from(errno::failure(call, server.name.to_string(), e));
    let sys = engine.sys;
    let socket = server.fd.as_fd();
    let bell = engine.stop.bell().map_err(|e| failed("eventfd", &e))?;
    let (runtime, parks) = runtime::<O>().map_err(|e| failed("epoll_create1", &e))?;
    let inside = runtime.enter();
    let read = Interest::READABLE;
    let bell = sys
        .drive(bell.fd(), read)
        .map_err(|e| failed("epoll_ctl", &e))?;
    let driven = sys
        .drive(socket, read)
        .map_err(|e| failed("epoll_ctl", &e))?;
    drop(inside);
    let outcome = answer_all(engine, &server, |exchange| {
        runtime.block_on(arrival(engine, &parks, [&bell, &driven]));
        while engine.stop.level() == Level::Running {
            if exchange.some()? == Queue::Empty {
                driven.found_dry(read);
                break;
            }
        }
        Ok(())
    });
    sys.undrive(driven);
    sys.undrive(bell);
    sys.close_server(server);
    outcome
}

/// Waits until one of them is ready, spinning at first if the profile says so.
async fn arrival<O: Observer>(engine: Engine<'_, O>, parks: &Parks, of: [&Driven<'_>; 2]) {
    let mut spin = Spin::new(engine.plan.serve.spin);
    poll_fn(|cx| {
        let ready = of.iter().any(|driven| {
            let poll = |cx: &mut Context<'_>| driven.poll(cx, Interest::READABLE);
            parks.watching::<O, _>(driven.number(), cx, poll).is_ready()
        });
        if ready {
            return Poll::Ready(());
        }
        spin.again(Stir::Nothing, cx);
        Poll::Pending
    })
    .await;
    parks.show(engine.sys);
}
