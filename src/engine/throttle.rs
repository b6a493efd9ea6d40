//! At most one line a second about the same trouble, with the number of those that were not said.

use std::time::{Duration, Instant};

const ONE_LINE_PER: Duration = Duration::from_secs(1);

/// Remembers when something was last said.
#[derive(Debug, Default)]
pub struct Throttle {
    said: Option<Instant>,
    suppressed: u64,
}

impl Throttle {
    /// The line to say now, if any: `make` is only called when it is.
    pub fn line(&mut self, now: Instant, make: impl FnOnce() -> String) -> Option<String> {
        if self
            .said
            .is_some_and(|at| now.duration_since(at) < ONE_LINE_PER)
        {
            self.suppressed += 1;
            return None;
        }
        self.said = Some(now);
        let more = std::mem::take(&mut self.suppressed);
        let line = make();
        Some(if more == 0 {
            line
        } else {
            format!("{line} (and {more} more like it in between)")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_a_second_with_the_count_of_the_others() {
        let mut throttle = Throttle::default();
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        assert_eq!(throttle.line(at(0), || "x".into()), Some("x".into()));
        assert_eq!(
            throttle.line(at(10), || unreachable!("nothing is formatted")),
            None
        );
        assert_eq!(
            throttle.line(at(990), || unreachable!("nothing is formatted")),
            None
        );
        assert_eq!(
            throttle.line(at(1000), || "y".into()),
            Some("y (and 2 more like it in between)".into())
        );
        assert_eq!(throttle.line(at(2001), || "z".into()), Some("z".into()));
    }
}
