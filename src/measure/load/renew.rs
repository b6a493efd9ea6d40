//! Connections that end: as the server's rule is, or against it; and the ones that follow them.

use std::io;

use nix::sys::socket::MsgFlags;

use super::generator::{Generator, Run};
use super::wrong::{self, Step};
use crate::error::Error;
use crate::event::Observer;
use crate::sys::clock::now_ns;
use crate::sys::{Client, Linger, errno};

/// How a peer ended a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lapse {
    /// FIN
    Closed,
    /// RST
    Reset,
}

impl<O: Observer, R: FnMut() -> Result<Client, Error>> Generator<'_, O, R> {
    /// Sees to it that a peer can be asked: its connection is open, and was not asked as often as it answers.
    #[inline]
    pub(super) fn ready(&mut self, i: usize, run: &mut Run<'_>) -> Step {
        let peer = &self.peers[i];
        let spent = self.budget.is_some_and(|most| peer.asked >= most) && peer.waits.is_empty();
        if peer.socket().is_some() && !spent {
            return Ok(());
        }
        self.last_look(i, run)?;
        self.part(i, run);
        self.renew(i, run)
    }

    fn renew(&mut self, i: usize, run: &mut Run<'_>) -> Step {
        let client = self.another().map_err(|e| wrong::unreachable(i, &e))?;
        run.echo.connections += 1;
        let took = super::phase::nanos(client.connect_time);
        run.echo.connect.saturating_record(took);
        self.adopt(i, client.fd)
            .map_err(|e| wrong::unreachable(i, &e))?;
        run.clock = now_ns();
        Ok(())
    }

    /// Closes a connection; what was under way on it is sent again, on another one.
    fn part(&mut self, i: usize, run: &mut Run<'_>) {
        let (fd, again) = self.peers[i].disconnected();
        if let Some(fd) = fd {
            self.sys.close(fd, Linger::AsSet);
        }
        self.under_way -= again;
        run.phase.left += again;
        run.echo.sent -= again;
        if run.phase.pace.is_some() {
            self.peers[i].due += again;
        }
    }

    /// The peer has ended the connection. One that answered before has a rule: so many requests per connection.
    pub(super) fn lapsed(&mut self, i: usize, how: Lapse, run: &mut Run<'_>) -> Step {
        let peer = &self.peers[i];
        if peer.heard > 0 || peer.answered == 0 {
            let size = self.wire.size();
            return Err(wrong::lapsed(i, how, peer.heard, size, run.echo));
        }
        self.budget = Some(peer.answered);
        self.part(i, run);
        Ok(())
    }

    /// A call on a socket failed.
    #[cold]
    pub(super) fn broken(
        &mut self,
        i: usize,
        call: &'static str,
        error: &io::Error,
        run: &mut Run<'_>,
    ) -> Step {
        let connections = self.wire.ty().has_connections();
        match error.raw_os_error() {
            Some(libc::ECONNRESET | libc::EPIPE) if connections => {
                self.lapsed(i, Lapse::Reset, run)
            }
            _ => Err(wrong::failed(Some(i), call, error, run.echo)),
        }
    }

    /// What came after the last echo: nothing, or more than was sent. An end of the connection is none of our business here.
    pub(super) fn last_look(&mut self, i: usize, run: &mut Run<'_>) -> Step {
        /// A peer that never stops would keep us here.
        const AT_MOST: usize = 10_000;
        if self.peers[i].socket().is_none() || !self.peers[i].waits.is_empty() {
            return Ok(());
        }
        for _ in 0..AT_MOST {
            match self.receive(i, MsgFlags::MSG_DONTWAIT) {
                Ok(0) if self.wire.ty().has_connections() => break,
                Ok(len) => {
                    run.clock = now_ns();
                    self.hear(i, len, run)?;
                }
                Err(e) if errno::interrupted(&e) => {}
                Err(_) => break,
            }
        }
        Ok(())
    }
}
