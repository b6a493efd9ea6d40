//! Tasks that may borrow, all in the one future that the runtime blocks on.
//!
//! A task of tokio's own has to be `'static`, so everything that a worker lends its peers would have to be leaked or
//! counted, and each would cost two allocations of 128-byte units. Here a task is a boxed future and a waker that knows
//! its number. What waits (the I/O driver, timers, the way a waker gets through) is tokio's all the same.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

/// The tasks of a worker.
pub(super) struct Tasks<'a> {
    entries: Vec<Option<Task<'a>>>,
    free: Vec<u32>,
    woken: Arc<Woken>,
    /// The other of two lists, so that none is allocated per round.
    round: Vec<u32>,
}

struct Task<'a> {
    future: Pin<Box<dyn Future<Output = ()> + 'a>>,
    calls: Arc<Calls>,
}

/// Whose turn it is. Wakers are shared between threads by their nature, although here nobody does.
#[derive(Default)]
struct Woken {
    tasks: Mutex<Vec<u32>>,
    runtime: OnceLock<Waker>,
    /// Whether rounds go on: then the runtime need not be woken, which would cost it a look at its descriptors.
    awake: AtomicBool,
}

/// Whether anybody had a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stir {
    Nothing,
    Something,
}

/// So often tasks may wake each other before the driver has a look at its descriptors.
const ROUNDS: usize = 8;

/// One task's waker.
struct Calls {
    number: u32,
    waiting: AtomicBool,
    woken: Arc<Woken>,
}

impl Wake for Calls {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    /// A late call for a task that is over wakes whoever has its number now; a task that finds no news waits again.
    fn wake_by_ref(self: &Arc<Self>) {
        if self.waiting.swap(false, Ordering::AcqRel) {
            self.woken.put(self.number);
        }
    }
}

impl Woken {
    /// A thread that panicked while it held the lock has left nothing half done.
    fn tasks(&self) -> MutexGuard<'_, Vec<u32>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, number: u32) {
        self.tasks().push(number);
        if !self.awake.load(Ordering::Acquire)
            && let Some(runtime) = self.runtime.get()
        {
            runtime.wake_by_ref();
        }
    }
}

impl<'a> Tasks<'a> {
    pub(super) fn new() -> Tasks<'a> {
        Tasks {
            entries: Vec::new(),
            free: Vec::new(),
            woken: Arc::default(),
            round: Vec::new(),
        }
    }

    /// Adds a task, which has its first turn in the next round.
    pub(super) fn spawn(&mut self, future: impl Future<Output = ()> + 'a) {
        let number = self.free.pop().unwrap_or_else(|| {
            self.entries.push(None);
            self.entries.len() as u32 - 1
        });
        self.entries[number as usize] = Some(Task {
            future: Box::pin(future),
            calls: Arc::new(Calls {
                number,
                waiting: AtomicBool::new(false),
                woken: Arc::clone(&self.woken),
            }),
        });
        self.woken.put(number);
    }

    /// Gives everybody who was woken a turn, and again, as long as some are woken meanwhile, but not for ever. `after`
    /// each round may add tasks, or end it all.
    pub(super) fn run(
        &mut self,
        cx: &Context<'_>,
        mut after: impl FnMut(&mut Self) -> Poll<()>,
    ) -> (Poll<()>, Stir) {
        // The future that a runtime blocks on has one waker for all its life.
        self.woken.runtime.get_or_init(|| cx.waker().clone());
        self.woken.awake.store(true, Ordering::Release);
        let mut stir = Stir::Nothing;
        for _ in 0..ROUNDS {
            if !self.round() {
                break;
            }
            stir = Stir::Something;
            if after(self).is_ready() {
                return (Poll::Ready(()), stir);
            }
        }
        self.woken.awake.store(false, Ordering::Release);
        if !self.woken.tasks().is_empty() {
            cx.waker().wake_by_ref();
        }
        (Poll::Pending, stir)
    }

    /// A turn for everybody who was woken; whether anybody was.
    fn round(&mut self) -> bool {
        let mut round = std::mem::take(&mut self.round);
        std::mem::swap(&mut *self.woken.tasks(), &mut round);
        let any = !round.is_empty();
        for number in round.drain(..) {
            self.poll(number);
        }
        self.round = round;
        any
    }

    fn poll(&mut self, number: u32) {
        let Some(task) = &mut self.entries[number as usize] else {
            return;
        };
        task.calls.waiting.store(true, Ordering::Release);
        let waker = Waker::from(Arc::clone(&task.calls));
        let polled = task.future.as_mut().poll(&mut Context::from_waker(&waker));
        if polled == Poll::Ready(()) {
            self.entries[number as usize] = None;
            self.free.push(number);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::{Cell, RefCell};
    use std::future::poll_fn;

    /// Waits until somebody lets it go on, and leaves its waker.
    async fn gate(open: &Cell<bool>, waker: &RefCell<Option<Waker>>) {
        poll_fn(|cx| {
            *waker.borrow_mut() = Some(cx.waker().clone());
            if open.get() {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    }

    fn run(tasks: &mut Tasks<'_>) -> Stir {
        let cx = Context::from_waker(Waker::noop());
        tasks.run(&cx, |_| Poll::Pending).1
    }

    #[test]
    fn only_who_was_woken_has_a_turn_and_numbers_are_used_again() {
        let (open, waker, passed) = (Cell::new(false), RefCell::default(), Cell::new(0));
        let mut tasks = Tasks::new();
        tasks.spawn(async {
            gate(&open, &waker).await;
            passed.set(passed.get() + 1);
        });
        assert_eq!(run(&mut tasks), Stir::Something);
        open.set(true);
        assert_eq!(run(&mut tasks), Stir::Nothing, "nobody was woken");
        let late = waker.borrow().clone().expect("it was polled");
        late.wake_by_ref();
        late.wake_by_ref();
        assert_eq!(run(&mut tasks), Stir::Something);
        assert_eq!(passed.get(), 1);
        tasks.spawn(async { passed.set(passed.get() + 1) });
        assert_eq!(tasks.entries.len(), 1, "the number of the one that is over");
        run(&mut tasks);
        late.wake();
        run(&mut tasks);
        assert_eq!(passed.get(), 2);
    }

    #[test]
    fn who_wakes_itself_does_not_keep_the_runtime_for_ever() {
        let turns = Cell::new(0);
        let mut tasks = Tasks::new();
        tasks.spawn(poll_fn(|cx| {
            turns.set(turns.get() + 1);
            cx.waker().wake_by_ref();
            Poll::Pending
        }));
        run(&mut tasks);
        assert_eq!(turns.get(), ROUNDS);
    }
}
