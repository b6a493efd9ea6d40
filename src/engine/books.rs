//! The accounts of all workers together: each keeps a ledger of its own, so that a count has one writer.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Ledger;
use crate::event::Accounts;

/// The main ledger, those that are open, and the sum of those that are settled.
#[derive(Debug, Default)]
pub struct Books {
    /// The engine's own thread writes here.
    pub main: Ledger,
    /// Whether it has been said what became of the options of accepted sockets: once is enough for all of them.
    pub told: AtomicBool,
    workers: Mutex<Workers>,
}

#[derive(Debug, Default)]
struct Workers {
    open: Vec<Arc<Ledger>>,
    settled: Accounts,
}

impl Books {
    /// A ledger for another thread.
    pub fn open(&self) -> Arc<Ledger> {
        let ledger = Arc::new(Ledger::default());
        self.workers().open.push(Arc::clone(&ledger));
        ledger
    }

    /// Adds up a ledger that nobody writes any more.
    pub fn settle(&self, ledger: &Arc<Ledger>) {
        let mut workers = self.workers();
        let Some(at) = workers
            .open
            .iter()
            .position(|open| Arc::ptr_eq(open, ledger))
        else {
            return;
        };
        workers.open.swap_remove(at);
        workers.settled.add(&ledger.accounts());
    }

    /// The accounts as they stand.
    pub fn accounts(&self) -> Accounts {
        let workers = self.workers();
        let mut all = self.main.accounts();
        all.add(&workers.settled);
        workers
            .open
            .iter()
            .for_each(|ledger| all.add(&ledger.accounts()));
        all
    }

    /// Connections that have been accepted and are not over.
    pub fn connections(&self) -> u64 {
        let a = self.accounts();
        a.accepted
            .saturating_sub(a.closed_by_peer + a.closed_by_rule + a.failed + a.reset)
    }

    /// A thread that panicked while it held the lock has left nothing half done: every change is one step.
    fn workers(&self) -> MutexGuard<'_, Workers> {
        self.workers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_settled_still_counts_and_counts_once() {
        let books = Books::default();
        books.main.accepted.add(1);
        let ledger = books.open();
        ledger.accepted.add(2);
        assert_eq!(books.accounts().accepted, 3);
        books.settle(&ledger);
        assert_eq!(books.accounts().accepted, 3);
        books.settle(&ledger);
        assert_eq!(books.workers().open.len(), 0);
    }
}
