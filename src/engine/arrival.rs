//! How a blocking engine waits for whoever comes next, so that the order to stop can wake it.
//!
//! A socket of ours is waited for in the call itself, which shutdown(2) ends. An inherited one is its owner's too, and
//! shutdown(2) would end it for both: that one is waited for in poll(2), beside the bell of [`Stop::bell`].
//!
//! [`Stop::bell`]: crate::sys::stop::Stop::bell

use std::os::fd::{AsFd as _, BorrowedFd};

use super::Context;
use crate::error::Error;
use crate::event::Observer;
use crate::sys::stop::{Bell, Level, Watch, Watched};
use crate::sys::{Readiness, Server, errno};

/// What ends the wait for the next arrival.
#[derive(Debug)]
pub enum Arrival<'a> {
    /// shutdown(2)
    Own(Watch<'a>),
    /// The bell.
    Shared(Bell),
}

impl<'a> Arrival<'a> {
    /// For this server's socket. An error is that of eventfd(2).
    pub fn at<O: Observer>(
        context: Context<'a, O>,
        server: &Server,
        what: Watched,
    ) -> Result<Arrival<'a>, Error> {
        if server.inherited.is_none() {
            return Ok(Arrival::Own(context.stop.watch(server.fd.as_fd(), what)));
        }
        let bell = context.stop.bell();
        let bell = bell.map_err(|e| errno::failure("eventfd", server.name.to_string(), &e))?;
        Ok(Arrival::Shared(bell))
    }

    /// Returns when the next call may be made: at once on a socket of ours. The call may still have to wait, because
    /// the owner of an inherited socket can be faster. `false`: the order to stop came first.
    pub fn wait<O: Observer>(&self, context: Context<'_, O>, fd: BorrowedFd<'_>) -> bool {
        if let Arrival::Shared(bell) = self {
            let both = [(fd, Readiness::Readable), (bell.fd(), Readiness::Readable)];
            // An interrupted poll(2) is no news: the call itself answers EAGAIN then.
            let _ = context.sys.poll(&both, -1);
        }
        context.stop.level() == Level::Running
    }

    /// Runs accept(2) so that the order to stop can end it. `None`: the order was given before.
    pub fn accepting<T>(&self, accept: impl FnOnce() -> T) -> Option<T> {
        match self {
            Arrival::Own(watch) => watch.accepting(accept),
            Arrival::Shared(_) => Some(accept()),
        }
    }
}
