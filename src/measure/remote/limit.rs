//! When an examination has waited for long enough: its deadline, or the user.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How long a wait may keep Ctrl-C waiting.
const GLANCE: Duration = Duration::from_millis(100);

/// A moment after which nothing is waited for, and the word that ends all waiting before it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limit<'a> {
    at: Instant,
    halt: &'a AtomicBool,
}

impl<'a> Limit<'a> {
    /// So long from now.
    pub(super) fn after(time: Duration, halt: &'a AtomicBool) -> Limit<'a> {
        Limit {
            at: Instant::now() + time,
            halt,
        }
    }

    /// The same, and no longer than `time` from now.
    #[must_use]
    pub(super) fn within(self, time: Duration) -> Limit<'a> {
        Limit {
            at: self.at.min(Instant::now() + time),
            ..self
        }
    }

    /// So long from now, whatever was left.
    #[must_use]
    pub(super) fn again(self, time: Duration) -> Limit<'a> {
        Limit::after(time, self.halt)
    }

    /// Time that is left; none once the user has ended it.
    pub(super) fn left(self) -> Duration {
        if self.is_halted() {
            return Duration::ZERO;
        }
        self.at.saturating_duration_since(Instant::now())
    }

    /// Whether the user has ended it.
    pub(super) fn is_halted(self) -> bool {
        self.halt.load(Ordering::Relaxed)
    }

    /// Whether nothing is waited for any more.
    pub(super) fn is_reached(self) -> bool {
        self.left().is_zero()
    }

    /// Milliseconds for one poll(2): the user is heard in between.
    pub(super) fn poll_ms(self) -> i32 {
        let glance = self.left().min(GLANCE);
        i32::try_from(glance.as_millis()).map_or(i32::MAX, |ms| ms.saturating_add(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_ends_it_before_its_time() {
        let halt = AtomicBool::new(false);
        let limit = Limit::after(Duration::from_secs(3600), &halt);
        assert!(!limit.is_reached() && limit.left() > Duration::from_secs(3500));
        assert_eq!(limit.poll_ms(), 101);
        assert!(limit.within(Duration::ZERO).is_reached());
        halt.store(true, Ordering::Relaxed);
        assert!(limit.is_reached() && limit.again(Duration::from_secs(1)).is_reached());
    }
}
