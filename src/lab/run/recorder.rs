//! The observer of a run: keeps the calls of all actors until the story is told.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::event::{Call, Event, Observer, Record};

/// Calls in the order in which they returned.
#[derive(Debug, Default)]
pub(super) struct Recorder(Mutex<Vec<Record>>);

impl Recorder {
    /// Takes out what this actor did.
    pub(super) fn take(&self, actor: &str) -> Vec<Record> {
        let mut records = self.records();
        let (his, others) = records.drain(..).partition(|r| r.task == actor);
        *records = others;
        his
    }

    /// Adds what another process says of its actor.
    pub(super) fn add(&self, more: Vec<Record>) {
        self.records().extend(more);
    }

    /// A thread that panicked while it held the lock has pushed a record or has not.
    fn records(&self) -> MutexGuard<'_, Vec<Record>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Recorder {
    const ON: bool = true;
    const EVENTS: bool = false;

    fn call(&self, call: &Call<'_>) {
        self.records().push(Record::from(call));
    }

    fn event(&self, _: &Event<'_>) {}
}
