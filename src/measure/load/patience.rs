//! What does not come back: when a datagram is lost, and when waiting for a peer is no use any more.

use super::LOST_AFTER;
use super::generator::{Generator, Run, Spoken};
use super::phase::nanos;
use super::wrong::{self, Step};
use crate::error::Error;
use crate::event::Observer;
use crate::sys::Client;

/// Where nothing ever came back, so many losses are enough to say so.
const LOSSES: u64 = 3;

impl<O: Observer, R: FnMut() -> Result<Client, Error>> Generator<'_, O, R> {
    /// Looks after every peer.
    pub(super) fn look_after_all(&mut self, run: &mut Run<'_>) -> Step {
        (0..self.peers.len()).try_for_each(|i| self.look_after(i, run))
    }

    /// Counts what is lost by now, and ends if the peer has owed an echo for too long.
    pub(super) fn look_after(&mut self, i: usize, run: &mut Run<'_>) -> Step {
        if !self.wire.ty().has_connections() {
            self.count_losses(i, run)?;
        }
        let peer = &self.peers[i];
        let Some(since) = peer.owes_since else {
            return Ok(());
        };
        let waited = run.clock.saturating_sub(since);
        if waited < nanos(self.load.patience) {
            return Ok(());
        }
        Err(if !peer.rest.is_empty() {
            wrong::never_reads(i, waited)
        } else if let (true, Some(sent)) = (peer.heard > 0, peer.waits.front()) {
            wrong::stalled(i, sent.n, peer.heard, self.wire.size(), waited)
        } else {
            wrong::silent(i, self.spoken, run.echo.lost, waited)
        })
    }

    fn count_losses(&mut self, i: usize, run: &mut Run<'_>) -> Step {
        let peer = &mut self.peers[i];
        // The last one has not left while there is a rest of it.
        let unsent = usize::from(!peer.rest.is_empty());
        while peer.waits.len() > unsent
            && let Some(oldest) = peer.waits.front()
            && run.clock.saturating_sub(oldest.left) >= nanos(LOST_AFTER)
        {
            peer.waits.pop_front();
            peer.free_at = run.clock;
            self.under_way -= 1;
            run.echo.lost += 1;
        }
        let Some(since) = peer.owes_since else {
            return Ok(());
        };
        let waited = run.clock.saturating_sub(since);
        let long = waited >= nanos(LOST_AFTER) * LOSSES;
        if self.spoken == Spoken::Never && long && run.echo.lost >= LOSSES {
            return Err(wrong::silent(i, self.spoken, run.echo.lost, waited));
        }
        Ok(())
    }
}
