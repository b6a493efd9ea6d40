//! The listener: one accept for many clients, single ones near the limit, none while it is left alone.

use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::time::Duration;

use super::clock::Due;
use super::{Engine, LISTENER};
use crate::engine::accept::{Next, reject, rejects};
use crate::engine::connection::begin;
use crate::event::Observer;
use crate::socket::SocketName;
use crate::sys::Blocking;
use crate::sys::ring::ops::Shots;
use crate::sys::ring::{Completion, Life, Op};
use crate::sys::stop::Level;

/// What the listener does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Listening {
    /// Nothing: a pause, a full house, a limit of the system.
    Not,
    /// An accept is under way.
    Accepts,
    /// It is being cancelled.
    Cancelled,
    /// The same, and then the listener is closed.
    Closes,
}

/// When the next client may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    Now,
    After(Duration),
}

impl<O: Observer> Engine<'_, O> {
    pub(super) fn begin_to_listen(&mut self) {
        let pause = self.context.plan.serve.pause.before_accept;
        if pause.is_zero() {
            self.listen();
        } else {
            self.clock.after(pause, Due::Listen);
        }
    }

    /// Accepts, if there is room: many with one operation, or, where one of them might be too many, one.
    pub(super) fn listen(&mut self) {
        let Some(server) = &self.server else { return };
        let room = self
            .context
            .limits
            .connections
            .saturating_sub(self.table.len());
        let pause = self.context.plan.serve.pause.before_accept;
        if self.listening != Listening::Not {
            return;
        }
        if room == 0 && !rejects(self.context) {
            // Without pauses whoever leaves calls the next one in.
            if !pause.is_zero() {
                self.clock.after(pause, Due::Listen);
            }
            return;
        }
        // The kernel accepts all who are in the queue before it looks at anything else.
        let queue = server.backlog.map_or(0, |b| b.effective.unwrap_or(b.asked)) as usize + 1;
        let shots = if room > queue && pause.is_zero() {
            Shots::Many
        } else {
            Shots::One
        };
        self.ring.accept(server.fd.as_fd(), shots, LISTENER);
        self.listening = Listening::Accepts;
    }

    fn leave_alone(&mut self) {
        if self.listening == Listening::Accepts {
            self.ring.cancel(Op::Accept, LISTENER);
            self.listening = Listening::Cancelled;
        }
    }

    /// A client, or why there is none.
    pub(super) fn accepted(&mut self, completion: Completion) {
        let closes = self.listening == Listening::Closes;
        if completion.life == Life::Over {
            self.listening = Listening::Not;
        }
        let outcome = completion.into_accepted();
        let cancelled = |e: &io::Error| e.raw_os_error() == Some(libc::ECANCELED);
        let then = if outcome.as_ref().is_err_and(cancelled) {
            Then::Now
        } else {
            self.sort(outcome)
        };
        if closes && self.listening == Listening::Not {
            self.listening = Listening::Closes;
            return self.closed_to_clients();
        }
        let full = self.table.len() >= self.context.limits.connections;
        if let Then::After(time) = then {
            self.leave_alone();
            self.clock.after(time, Due::Listen);
        } else if full && !rejects(self.context) {
            self.leave_alone();
        } else {
            self.listen();
        }
    }

    fn sort(&mut self, outcome: io::Result<OwnedFd>) -> Then {
        let Some(server) = &self.server else {
            return Then::Now;
        };
        let outcome = outcome.map(|fd| self.named(fd));
        match self.acceptor.sort(self.context, server, outcome) {
            Next::Client(fd, peer) => {
                self.client(fd, peer);
                match self.context.plan.serve.pause.before_accept {
                    Duration::ZERO => Then::Now,
                    pause => Then::After(pause),
                }
            }
            Next::Again | Next::Nobody => Then::Now,
            Next::BackOff(wait) => Then::After(wait),
            Next::Stop(error) => {
                self.outcome = Err(error);
                self.close_listener();
                Then::Now
            }
        }
    }

    /// Who a client is, if anybody wants to know: a multishot accept has no room for addresses.
    fn named(&self, fd: OwnedFd) -> (OwnedFd, SocketName) {
        let wanted = self.table.keeps_names();
        let peer = wanted.then(|| self.context.sys.getpeername(fd.as_fd()).ok());
        (fd, peer.flatten().unwrap_or(SocketName::UNNAMED))
    }

    fn client(&mut self, fd: OwnedFd, peer: SocketName) {
        let full = self.table.len() >= self.context.limits.connections;
        if full && rejects(self.context) {
            reject(self.context, fd, &peer);
        } else if full {
            self.waiting.push_back(fd);
        } else if let Some(connection) = begin(self.context, fd, peer) {
            self.admit(connection);
        }
    }

    /// A connection is over: there is room again, or a descriptor for who was refused one.
    pub(super) fn room_again(&mut self) {
        if let Some(fd) = self.waiting.pop_front() {
            let (fd, peer) = self.named(fd);
            self.client(fd, peer);
        }
        if self.context.plan.serve.pause.before_accept.is_zero() {
            self.listen();
        }
    }

    /// The order to stop, or an error after which nobody will come.
    pub(super) fn close_listener(&mut self) {
        match self.listening {
            _ if self.server.is_none() => {}
            Listening::Not => self.closed_to_clients(),
            Listening::Accepts => {
                self.leave_alone();
                self.listening = Listening::Closes;
            }
            Listening::Cancelled => self.listening = Listening::Closes,
            Listening::Closes => {}
        }
    }

    /// No accept is under way any more: whoever is still in the queue has connected, and may have sent.
    fn closed_to_clients(&mut self) {
        while self.outcome.is_ok()
            && let Some(server) = self.server.as_ref()
            && self.context.stop.level() < Level::Expired
        {
            let outcome = self.context.sys.accept(server.fd.as_fd(), Blocking::No);
            match self.acceptor.sort(self.context, server, outcome) {
                Next::Client(fd, peer) => {
                    if let Some(connection) = begin(self.context, fd, peer) {
                        self.admit(connection);
                    }
                }
                Next::Again => {}
                Next::Nobody | Next::BackOff(_) | Next::Stop(_) => break,
            }
        }
        if let Some(server) = self.server.take() {
            self.context.sys.close_server(server);
        }
    }
}
