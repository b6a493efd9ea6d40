//! The accounts of all workers together: each keeps a ledger of its own, so that a count has one writer.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Ledger;
use crate::event::Accounts;

/// A ledger per worker, those that threads have opened, and the sum of those that are settled.
#[derive(Debug)]
pub struct Books {
    /// One each; there is always a first.
    pub workers: Vec<Worker>,
    /// Whether it has been said what became of the options of accepted sockets: once is enough for all of them.
    pub told: AtomicBool,
    threads: Mutex<Threads>,
}

/// Who writes into a ledger.
#[derive(Debug)]
pub struct Worker {
    /// As the trace calls it.
    pub name: String,
    /// Only this worker writes here.
    pub ledger: Ledger,
}

#[derive(Debug, Default)]
struct Threads {
    open: Vec<Arc<Ledger>>,
    settled: Accounts,
}

impl Books {
    /// Empty books for so many workers, at least one. A lone worker is called `server`.
    pub fn new(workers: usize) -> Books {
        let name = |n: usize| match workers {
            0 | 1 => "server".to_owned(),
            _ => format!("worker{n}"),
        };
        let worker = |n| Worker {
            name: name(n),
            ledger: Ledger::default(),
        };
        Books {
            workers: (1..=workers.max(1)).map(worker).collect(),
            told: AtomicBool::new(false),
            threads: Mutex::default(),
        }
    }

    /// A ledger for another thread.
    pub fn open(&self) -> Arc<Ledger> {
        let ledger = Arc::new(Ledger::default());
        self.threads().open.push(Arc::clone(&ledger));
        ledger
    }

    /// Adds up a ledger that nobody writes any more.
    pub fn settle(&self, ledger: &Arc<Ledger>) {
        let mut threads = self.threads();
        let Some(at) = threads
            .open
            .iter()
            .position(|open| Arc::ptr_eq(open, ledger))
        else {
            return;
        };
        threads.open.swap_remove(at);
        threads.settled.add(&ledger.accounts());
    }

    /// The accounts as they stand.
    pub fn accounts(&self) -> Accounts {
        let threads = self.threads();
        let mut all = threads.settled;
        let own = self.workers.iter().map(|worker| worker.ledger.accounts());
        let theirs = threads.open.iter().map(|ledger| ledger.accounts());
        own.chain(theirs).for_each(|some| all.add(&some));
        all
    }

    /// Connections that have been accepted and are not over.
    pub fn connections(&self) -> u64 {
        let a = self.accounts();
        a.accepted
            .saturating_sub(a.closed_by_peer + a.closed_by_rule + a.failed + a.reset)
    }

    /// A thread that panicked while it held the lock has left nothing half done: every change is one step.
    fn threads(&self) -> MutexGuard<'_, Threads> {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_settled_still_counts_and_counts_once() {
        let books = Books::new(1);
        books.workers[0].ledger.accepted.add(1);
        let ledger = books.open();
        ledger.accepted.add(2);
        assert_eq!(books.accounts().accepted, 3);
        books.settle(&ledger);
        assert_eq!(books.accounts().accepted, 3);
        books.settle(&ledger);
        assert_eq!(books.threads().open.len(), 0);
    }
}
