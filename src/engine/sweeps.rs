//! How silent peers are found: by counting sweeps, so that nobody reads a clock for an echo.
//!
//! Pure. A peer remembers the number of sweeps at the time when something last moved; after enough of them it has been
//! silent for at least as long as it may.

use std::time::Duration;

/// How often silent peers are looked for, at the most and at the least.
const BETWEEN: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(1));

/// The rhythm of the sweeps, and how many there were.
#[derive(Clone, Copy, Debug)]
pub struct Sweeps {
    /// From one to the next.
    pub every: Duration,
    /// So far.
    pub count: u32,
    /// A peer may be silent during so many whole intervals.
    patience: u32,
}

impl Sweeps {
    /// For peers that may say nothing for so long.
    pub fn new(silence: Duration) -> Sweeps {
        let every = (silence / 4).clamp(BETWEEN.0, BETWEEN.1);
        let patience = silence.as_nanos().div_ceil(every.as_nanos());
        Sweeps {
            every,
            count: 0,
            patience: u32::try_from(patience).unwrap_or(u32::MAX),
        }
    }

    /// Whether who last moved after the sweep of that number has been silent for too long.
    pub fn is_over(&self, active: u32) -> bool {
        self.count.wrapping_sub(active) > self.patience
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_silent_before_the_time_is_over() {
        for millis in [1, 15, 300, 5_000, 300_000] {
            let silence = Duration::from_millis(millis);
            let mut sweeps = Sweeps::new(silence);
            // It moved right before the next sweep: the first interval is none.
            let mut silent_for = Duration::ZERO;
            loop {
                sweeps.count += 1;
                if sweeps.is_over(0) {
                    break;
                }
                silent_for += sweeps.every;
            }
            assert!(silent_for >= silence, "{silence:?}: {silent_for:?}");
            assert!(silent_for <= silence + sweeps.every, "{silence:?}");
        }
    }
}
