//! A message leaves: whole, in pieces, or in part, when the kernel takes no more.

use nix::sys::socket::MsgFlags;

use super::generator::{Generator, Run, Wait};
use super::peer::Sent;
use super::wrong::{Step, never_reads};
use crate::error::Error;
use crate::event::Observer;
use crate::sys::clock::now_ns;
use crate::sys::{Client, errno};

impl<O: Observer, R: FnMut() -> Result<Client, Error>> Generator<'_, O, R> {
    /// Sends a peer's next message. Its latency counts from now, or from the time at which it was due.
    #[inline]
    pub(super) fn say(&mut self, i: usize, run: &mut Run<'_>) -> Step {
        let n = self.number(i);
        self.wire.prepare(n);
        let due = run.phase.pace.as_ref().map(|pace| pace.due(n));
        let peer = &mut self.peers[i];
        peer.turn += 1;
        peer.asked += 1;
        self.under_way += 1;
        run.phase.left -= 1;
        run.echo.sent += 1;
        let left = now_ns();
        run.clock = left;
        peer.owes_since.get_or_insert(left);
        let at = due.unwrap_or(left).min(left);
        peer.waits.push_back(Sent { n, at, left });
        if let Some(due) = due {
            run.left(due.max(peer.free_at));
        }
        self.send(i, run)
    }

    #[inline]
    fn send(&mut self, i: usize, run: &mut Run<'_>) -> Step {
        let writes = if self.wire.ty().has_boundaries() {
            1
        } else {
            self.load.writes.max(1) as usize
        };
        let mut from = 0;
        loop {
            let message = self.wire.message();
            let piece = message.len().div_ceil(writes).max(1);
            let until = ((from / piece + 1) * piece).min(message.len());
            let Some(fd) = self.peers[i].socket() else {
                return Ok(());
            };
            match self.sys.send(fd, &message[from..until]) {
                Ok(sent) => from += sent,
                Err(e) if errno::interrupted(&e) => {}
                Err(e) if errno::would_block(&e) => match &self.wait {
                    Wait::Blocking => {
                        drop(message);
                        self.stuck(i, run)?;
                        continue;
                    }
                    Wait::Readiness(poller) => {
                        poller.ask_for_room(self.sys, fd, i);
                        let rest = &message[from..];
                        self.peers[i].rest.extend_from_slice(rest);
                        return Ok(());
                    }
                },
                Err(e) => {
                    drop(message);
                    return self.broken(i, "send", &e, run);
                }
            }
            if from >= message.len() {
                return Ok(());
            }
        }
    }

    /// A blocking send has waited. Perhaps the peer waits too, until we take what it has echoed so far.
    fn stuck(&mut self, i: usize, run: &mut Run<'_>) -> Step {
        self.goes_on()?;
        self.listen(i, MsgFlags::MSG_DONTWAIT, run)?;
        run.clock = now_ns();
        let patience = super::phase::nanos(self.load.patience);
        match self.peers[i].owes_since {
            Some(since) if run.clock - since >= patience => Err(never_reads(i, run.clock - since)),
            _ => Ok(()),
        }
    }

    /// There is room for the rest of a message.
    pub(super) fn go_on_sending(&mut self, i: usize, run: &mut Run<'_>) -> Step {
        let peer = &mut self.peers[i];
        let Some(fd) = peer.socket() else {
            return Ok(());
        };
        match self.sys.send(fd, &peer.rest) {
            Ok(sent) if sent == peer.rest.len() => {
                if let Wait::Readiness(poller) = &self.wait {
                    poller.ask_for_echoes(self.sys, fd, i);
                }
                peer.rest.clear();
                Ok(())
            }
            Ok(sent) => {
                peer.rest.drain(..sent);
                Ok(())
            }
            Err(e) if errno::interrupted(&e) || errno::would_block(&e) => Ok(()),
            Err(e) => self.broken(i, "send", &e, run),
        }
    }
}
