//! How tokio's own waits become visible: when the driver parked, for how long, and which descriptors it woke for.
//!
//! Hooks of the runtime take the times; a waker around the task's own takes down the descriptor. Only when somebody
//! observes: otherwise there are no hooks and no such wakers. A look at the descriptors in passing, while tasks are still
//! to be run, is no park and is not shown.

use std::os::fd::RawFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Wake, Waker};
use std::time::{Duration, Instant};

use tokio::runtime::Builder;

use crate::event::Observer;
use crate::sys::Sys;

/// The waits of one runtime. All copies are the same.
#[derive(Clone, Debug, Default)]
pub(super) struct Parks(Arc<Mutex<Seen>>);

#[derive(Debug, Default)]
struct Seen {
    since: Option<Instant>,
    woken: Vec<RawFd>,
    over: Vec<Park>,
}

/// A wait that is over.
#[derive(Debug)]
struct Park {
    since: Instant,
    elapsed: Duration,
    woken: Vec<RawFd>,
}

impl Parks {
    /// Has the runtime tell of its waits, if somebody observes.
    pub(super) fn hook<O: Observer>(&self, builder: &mut Builder) {
        if O::ON {
            let (before, after) = (self.clone(), self.clone());
            builder.on_thread_park(move || before.begins());
            builder.on_thread_unpark(move || after.ends());
        }
    }

    /// Shows what is over.
    pub(super) fn show<O: Observer>(&self, sys: Sys<'_, O>) {
        if O::ON {
            for park in std::mem::take(&mut self.seen().over) {
                sys.parked(park.since, park.elapsed, &park.woken);
            }
        }
    }

    /// Runs `poll` with a waker that takes the descriptor down, if somebody observes.
    pub(super) fn watching<O: Observer, T>(
        &self,
        fd: RawFd,
        cx: &mut Context<'_>,
        poll: impl FnOnce(&mut Context<'_>) -> T,
    ) -> T {
        if !O::ON {
            return poll(cx);
        }
        let waker = Waker::from(Arc::new(Watching {
            fd,
            parks: self.clone(),
            task: cx.waker().clone(),
        }));
        poll(&mut Context::from_waker(&waker))
    }

    fn begins(&self) {
        let mut seen = self.seen();
        seen.since = Some(Instant::now());
        seen.woken.clear();
    }

    fn ends(&self) {
        let mut seen = self.seen();
        if let Some(since) = seen.since.take() {
            let woken = std::mem::take(&mut seen.woken);
            seen.over.push(Park {
                since,
                elapsed: since.elapsed(),
                woken,
            });
        }
    }

    /// A thread that panicked while it held the lock has left nothing half done.
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A task's waker, as the driver calls it for one descriptor.
struct Watching {
    fd: RawFd,
    parks: Parks,
    task: Waker,
}

impl Wake for Watching {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.parks.seen().woken.push(self.fd);
        self.task.wake_by_ref();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_park_lists_whom_it_woke_and_nobody_who_was_woken_otherwise() {
        let parks = Parks::default();
        let waker = |fd| {
            Waker::from(Arc::new(Watching {
                fd,
                parks: parks.clone(),
                task: Waker::noop().clone(),
            }))
        };
        waker(3).wake();
        parks.begins();
        waker(7).wake();
        waker(9).wake();
        parks.ends();
        waker(4).wake();
        let over = std::mem::take(&mut parks.seen().over);
        assert_eq!(over.len(), 1);
        assert_eq!(over[0].woken, [7, 9]);
    }
}
