//! What an engine does about accept(2): the same limits and the same patience in every engine.

use std::io;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use super::Context;
use super::throttle::Throttle;
use crate::error::Error;
use crate::event::{Event, Observer};
use crate::plan::OverloadKey;
use crate::socket::SocketName;
use crate::sys::errno::{self, AcceptTrouble};
use crate::sys::stop::Level;
use crate::sys::{Linger, Server};

/// The first wait after accept(2) found this process or system at a limit; it doubles up to [`LONGEST_BACK_OFF`].
const FIRST_BACK_OFF: Duration = Duration::from_millis(10);
const LONGEST_BACK_OFF: Duration = Duration::from_secs(1);

/// What to do after a call of accept(2).
#[derive(Debug)]
pub enum Next {
    /// Serve this client.
    Client(OwnedFd, SocketName),
    /// Ask again: that one was gone already.
    Again,
    /// Nobody waits (EAGAIN).
    Nobody,
    /// Leave the listener alone for so long.
    BackOff(Duration),
    /// The listener is unusable.
    Stop(Error),
}

/// Sorts what accept(2) says, and remembers how patient to be.
#[derive(Debug)]
pub struct Acceptor {
    throttle: Throttle,
    back_off: Duration,
}

impl Default for Acceptor {
    fn default() -> Acceptor {
        Acceptor {
            throttle: Throttle::default(),
            back_off: FIRST_BACK_OFF,
        }
    }
}

impl Acceptor {
    /// What to do now.
    pub fn sort<O: Observer>(
        &mut self,
        context: Context<'_, O>,
        server: &Server,
        outcome: io::Result<(OwnedFd, SocketName)>,
    ) -> Next {
        let error = match outcome {
            Ok((fd, peer)) => {
                self.back_off = FIRST_BACK_OFF;
                return Next::Client(fd, peer);
            }
            Err(error) if errno::would_block(&error) => return Next::Nobody,
            // No trouble and not worth a line, but somebody may wonder what interrupts.
            Err(error) if errno::interrupted(&error) => {
                context.ledger.accept_errors.add(1);
                return Next::Again;
            }
            Err(error) => error,
        };
        context.ledger.accept_errors.add(1);
        let failure = errno::failure("accept4", server.name.to_string(), &error);
        let trouble = errno::accept_trouble(&error);
        if trouble == AcceptTrouble::Fatal {
            // Nobody will come any more, to no worker: those who are there may finish.
            let drain = context.plan.serve.drain_timeout;
            context.stop.raise(Level::Closing, Some(drain));
            return Next::Stop(failure.into());
        }
        if let Some(line) = self.throttle.line(Instant::now(), || failure.to_string()) {
            context.sys.observer().event(&Event::Trouble(&line));
        }
        if trouble != AcceptTrouble::BackOff {
            return Next::Again;
        }
        let wait = self.back_off;
        self.back_off = (wait * 2).min(LONGEST_BACK_OFF);
        Next::BackOff(wait)
    }
}

/// Whether clients beyond the limit are accepted and reset instead of waiting in the backlog.
pub fn rejects<O: Observer>(context: Context<'_, O>) -> bool {
    context.plan.serve.overload == OverloadKey::Reject
}

/// Resets a client that is one too many, and enters it into the accounts.
pub fn reject<O: Observer>(context: Context<'_, O>, fd: OwnedFd, peer: &SocketName) {
    context.ledger.accepted.add(1);
    context.ledger.failed.add(1);
    context.sys.close(fd, Linger::Reset);
    let why = "as many connections as allowed are open";
    context.sys.observer().event(&Event::Closed { peer, why });
}
