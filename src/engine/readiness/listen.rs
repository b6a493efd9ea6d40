//! The listener of a readiness engine: when it is asked, how many clients at a time, and when it is left alone.

use std::io;
use std::os::fd::AsFd as _;
use std::time::Duration;

use super::clock::Due;
use super::{ACCEPT_BATCH, Engine, LISTENER};
use crate::engine::accept::{Next, reject, rejects};
use crate::engine::connection::begin;
use crate::engine::waiter::{Interest, Waiter};
use crate::event::Observer;
use crate::sys::Blocking;
use crate::sys::stop::Level;

/// Why the listener is left alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rest {
    /// It is not.
    No,
    /// As many connections as allowed are open.
    Full,
    /// The profile's own pause before accept.
    Pausing,
    /// accept(2) found this process or system at a limit.
    BackingOff,
}

impl<O: Observer, W: Waiter> Engine<'_, O, W> {
    pub(super) fn begin_to_listen(&mut self) -> io::Result<()> {
        let Some(server) = &self.server else {
            return Ok(());
        };
        let pause = self.context.plan.serve.pause.before_accept;
        self.listening = if pause.is_zero() {
            Interest::Read
        } else {
            self.rest = Rest::Pausing;
            self.clock.after(self.context.sys, pause, Due::Listen);
            Interest::Nothing
        };
        self.waiter.add(server.fd.as_fd(), LISTENER, self.listening)
    }

    pub(super) fn accept(&mut self) {
        let pause = self.context.plan.serve.pause.before_accept;
        let batch = if pause.is_zero() { ACCEPT_BATCH } else { 1 };
        for _ in 0..batch {
            let Some(server) = &self.server else { return };
            let full = self.slots.len() >= self.context.limits.connections;
            if full && !rejects(self.context) {
                return self.rest(Rest::Full);
            }
            let outcome = self.context.sys.accept(server.fd.as_fd(), Blocking::No);
            match self.acceptor.sort(self.context, server, outcome) {
                Next::Client(fd, peer) if full => reject(self.context, fd, &peer),
                Next::Client(fd, peer) => {
                    if let Some(connection) = begin(self.context, fd, peer) {
                        self.admit(connection);
                    }
                }
                Next::Again => {}
                Next::Nobody => return,
                Next::BackOff(wait) => return self.listen_after(wait, Rest::BackingOff),
                Next::Stop(error) => {
                    self.outcome = Err(error);
                    return self.close_listener();
                }
            }
        }
        if pause.is_zero() {
            // Edge-triggered, those who still wait would not be told again.
            self.again
                .extend(self.waiter.is_edge_triggered().then_some(LISTENER));
        } else {
            self.listen_after(pause, Rest::Pausing);
        }
    }

    /// Asks for clients again.
    pub(super) fn listen(&mut self) {
        self.rest = Rest::No;
        self.watch_listener(Interest::Read);
    }

    fn rest(&mut self, why: Rest) {
        self.rest = why;
        self.watch_listener(Interest::Nothing);
    }

    fn listen_after(&mut self, wait: Duration, why: Rest) {
        self.rest(why);
        self.clock.after(self.context.sys, wait, Due::Listen);
    }

    /// There is room again, or a descriptor for who was refused one.
    pub(super) fn one_has_left(&mut self) {
        if matches!(self.rest, Rest::Full | Rest::BackingOff) {
            self.listen();
        }
    }

    fn watch_listener(&mut self, interest: Interest) {
        let Some(server) = &self.server else { return };
        if self.listening != interest
            && self
                .waiter
                .change(server.fd.as_fd(), LISTENER, interest)
                .is_ok()
        {
            self.listening = interest;
        }
    }

    /// Those who are already in the queue: they have connected, and may have sent.
    pub(super) fn last_clients(&mut self) {
        while let Some(server) = self
            .server
            .as_ref()
            .filter(|_| self.context.stop.level() < Level::Expired)
        {
            let outcome = self.context.sys.accept(server.fd.as_fd(), Blocking::No);
            match self.acceptor.sort(self.context, server, outcome) {
                Next::Client(fd, peer) => {
                    if let Some(connection) = begin(self.context, fd, peer) {
                        self.admit(connection);
                    }
                }
                Next::Again => {}
                Next::Nobody | Next::BackOff(_) | Next::Stop(_) => return,
            }
        }
    }

    pub(super) fn close_listener(&mut self) {
        let Some(server) = self.server.take() else {
            return;
        };
        self.waiter.remove(server.fd.as_fd(), LISTENER);
        self.context.sys.close_server(server);
    }
}
