//! Many peers in one thread, each in a task that reads like the blocking engines: turn, await, turn.
//!
//! tokio waits: its I/O driver (an edge-triggered epoll of its own) says when a descriptor is ready, its timers when a
//! pause is over, and its current-thread runtime parks in between. What is read and sent, and when a conversation is
//! over, is the same session in the same [`turn`]; calls go through the same gate. An echo costs what it costs under
//! epoll: one wait, one receive, one send. For that, readiness is only taken back after the kernel made a call wait, or
//! after a receive that did not fill the buffer while no end was announced.
//!
//! [`peer`] is a peer's task, [`listen`] the tasks that are always there, [`worker`] what they share, [`tasks`] how they
//! are run without being `'static`, [`datagrams`] the loop for sockets without connections.
//!
//! *In a trace* the driver's waits are `park([7, 9]) = 2`: the descriptors whose tasks were woken ([`parks`] says how that
//! is known, `sys::driven` what else tokio calls by itself).
//!
//! [`turn`]: super::turn

mod datagrams;
mod listen;
mod parks;
mod peer;
mod tasks;
mod worker;

use std::future::poll_fn;
use std::io;
use std::os::fd::AsFd as _;
use std::task::{self, Poll};
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Runtime};

use super::Context;
use crate::error::Error;
use crate::event::Observer;
use crate::sys::driven::Interest;
use crate::sys::{Blocking, Server, errno};

use parks::Parks;
use tasks::{Stir, Tasks};
use worker::Worker;

pub use datagrams::serve as serve_datagrams;

/// Serves until the order to stop has been carried out.
pub fn serve<O: Observer>(context: Context<'_, O>, server: Server) -> Result<(), Error> {
    let name = server.name.to_string();
    let failed = |call, e: &io::Error| Error::from(errno::failure(call, name.clone(), e));
    let sys = context.sys;
    sys.set_nonblocking(server.fd.as_fd(), Blocking::No)
        .map_err(|e| failed("ioctl", &e))?;
    let bell = context.stop.bell().map_err(|e| failed("eventfd", &e))?;
    let (runtime, parks) = runtime::<O>().map_err(|e| failed("epoll_create1", &e))?;
    let timer = sys.timer().map_err(|e| failed("timerfd_create", &e))?;
    let [rings, ticks] = {
        let _inside = runtime.enter();
        [bell.fd(), timer.fd()].map(|fd| sys.drive(fd, Interest::READABLE))
    };
    let rings = rings.map_err(|e| failed("epoll_ctl", &e))?;
    let ticks = ticks.map_err(|e| failed("epoll_ctl", &e))?;
    let worker = Worker::new(context, parks, context.buffer()?);
    let mut tasks = Tasks::new();
    tasks.spawn(listen::heed(&worker, &bell, &rings));
    tasks.spawn(listen::sweep(&worker, &timer, &ticks));
    tasks.spawn(listen::listen(&worker, server));
    let mut spin = Spin::new(context.plan.serve.spin);
    let run = poll_fn(|cx| {
        worker.parks.show(sys);
        let (over, stir) = tasks.run(cx, |tasks| {
            for connection in worker.arrivals.take() {
                tasks.spawn(peer::converse(&worker, connection));
            }
            if worker.is_over() {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        });
        if over.is_pending() {
            spin.again(stir, cx);
        }
        over
    });
    // Fairness is the turn's: nobody goes on for longer than that.
    runtime.block_on(tokio::task::unconstrained(run));
    drop(tasks);
    sys.undrive(ticks);
    sys.undrive(rings);
    worker.outcome.take().unwrap_or(Ok(()))
}

/// A runtime in this thread, and its waits.
fn runtime<O: Observer>() -> io::Result<(Runtime, Parks)> {
    let parks = Parks::default();
    let mut builder = Builder::new_current_thread();
    builder.enable_io().enable_time();
    parks.hook::<O>(&mut builder);
    Ok((builder.build()?, parks))
}

/// `spin`: for so long after something last happened, tokio looks at its descriptors again and again, and does not park.
struct Spin {
    time: Option<Duration>,
    since: Instant,
}

impl Spin {
    fn new(time: Option<Duration>) -> Spin {
        let since = Instant::now();
        Spin { time, since }
    }

    /// Wakes the future that the runtime blocks on as long as it may spin.
    fn again(&mut self, stir: Stir, cx: &task::Context<'_>) {
        let Some(time) = self.time else { return };
        let now = Instant::now();
        if stir == Stir::Something {
            self.since = now;
        }
        if now.duration_since(self.since) < time {
            cx.waker().wake_by_ref();
        }
    }
}
