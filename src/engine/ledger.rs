//! The accounts while they are kept: one worker writes, the thread that answers SIGUSR1 reads.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::event::{Accounts, Datagrams};

/// A count with one writer: a load and a store, no locked instruction.
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

impl Count {
    /// Adds, as the only writer.
    #[inline]
    pub fn add(&self, n: u64) {
        self.0
            .store(self.0.load(Ordering::Relaxed) + n, Ordering::Relaxed);
    }

    /// Replaces, as the only writer.
    #[inline]
    pub fn set(&self, n: u64) {
        self.0.store(n, Ordering::Relaxed);
    }

    /// As it stands.
    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// [`Accounts`], one [`Count`] each. Two workers' ledgers must not meet in a cache line, or each count of one would slow
/// the other down (lines are fetched in pairs).
#[derive(Debug, Default)]
#[repr(align(128))]
#[allow(
    missing_docs,
    reason = "each field is documented where it is read: event::Accounts"
)]
pub struct Ledger {
    pub accepted: Count,
    pub closed_by_peer: Count,
    pub closed_by_rule: Count,
    pub failed: Count,
    pub reset: Count,
    pub accept_errors: Count,
    pub bytes_received: Count,
    pub bytes_sent: Count,
    pub bytes_generated: Count,
    pub bytes_discarded: Count,
    pub bytes_lost_at_stop: Count,
    pub datagrams_received: Count,
    pub datagrams_echoed: Count,
    pub datagrams_refused: Count,
    pub datagrams_dropped: Count,
    pub datagrams_truncated: Count,
    pub kernel_drops: Count,
}

impl Ledger {
    /// The accounts as they stand.
    pub fn accounts(&self) -> Accounts {
        Accounts {
            accepted: self.accepted.get(),
            closed_by_peer: self.closed_by_peer.get(),
            closed_by_rule: self.closed_by_rule.get(),
            failed: self.failed.get(),
            reset: self.reset.get(),
            accept_errors: self.accept_errors.get(),
            bytes_received: self.bytes_received.get(),
            bytes_sent: self.bytes_sent.get(),
            bytes_generated: self.bytes_generated.get(),
            bytes_discarded: self.bytes_discarded.get(),
            bytes_lost_at_stop: self.bytes_lost_at_stop.get(),
            datagrams: Datagrams {
                received: self.datagrams_received.get(),
                echoed: self.datagrams_echoed.get(),
                refused: self.datagrams_refused.get(),
                dropped: self.datagrams_dropped.get(),
                truncated: self.datagrams_truncated.get(),
                kernel_drops: self.kernel_drops.get(),
            },
        }
    }
}
