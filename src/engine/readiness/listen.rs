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

impl<O: Observer, W: Waiter> Engine<'_, O, W> {
    pub(super) fn begin_to_listen(&mut self) -> io::Result<()> {
        let Some(server) = &self.server else {
            return Ok(());
        };
        let pause = self.context.plan.serve.pause.before_accept;
        self.listening = if pause.is_zero() {
            Interest::Read
        } else {
            Interest::Nothing
        };
        if !pause.is_zero() {
            self.clock.after(pause, Due::Listen);
        }
        self.waiter.add(server.fd.as_fd(), LISTENER, self.listening)
    }

    pub(super) fn accept(&mut self) {
        let pause = self.context.plan.serve.pause.before_accept;
        let batch = if pause.is_zero() { ACCEPT_BATCH } else { 1 };
        for _ in 0..batch {
            let Some(server) = &self.server else { return };
            let full = self.slots.len() >= self.context.limits.connections;
            if full && !rejects(self.context) {
                return self.listen(Interest::Nothing);
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
                Next::BackOff(wait) => return self.listen_after(wait),
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
            self.listen_after(pause);
        }
    }

    pub(super) fn listen(&mut self, interest: Interest) {
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

    pub(super) fn listen_after(&mut self, wait: Duration) {
        self.listen(Interest::Nothing);
        self.clock.after(wait, Due::Listen);
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
