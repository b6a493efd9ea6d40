//! What a run cost in system calls: how often each was made, and for how many answers.

use std::collections::BTreeMap;

/// Calls by name, and the answers that they were made for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// How often each call was made.
    pub calls: BTreeMap<&'static str, u64>,
    /// Answers that were handed to the kernel.
    pub answers: u64,
}

/// Calls and a number for each.
type Counted = Vec<(&'static str, u64)>;

impl Tally {
    /// The calls that come with the answers, and how many of each there are per answer, in hundredths, rounded; then those
    /// that do not: at the beginning, at the end, or for each connection.
    pub fn per_answer(&self) -> (Counted, Counted) {
        /// Fewer than this, in hundredths, do not come with the answers.
        const NOTICEABLE: u64 = 5;
        let hundredths = |n: u64| (n * 100 + self.answers / 2).checked_div(self.answers);
        let mut with = Vec::new();
        let mut beside = Vec::new();
        for (&name, &n) in &self.calls {
            match hundredths(n).filter(|&h| h >= NOTICEABLE) {
                Some(h) => with.push((name, h)),
                None => beside.push((name, n)),
            }
        }
        (with, beside)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_with_each_answer_is_told_from_the_rest() {
        let calls = [("accept4", 1), ("epoll_wait", 1007), ("recv", 1000)];
        let mut tally = Tally {
            calls: calls.into(),
            answers: 1000,
        };
        let (with, beside) = tally.per_answer();
        assert_eq!(with, [("epoll_wait", 101), ("recv", 100)]);
        assert_eq!(beside, [("accept4", 1)]);
        tally.answers = 0;
        assert_eq!(tally.per_answer().0, [], "nothing was answered");
        assert_eq!(tally.per_answer().1.len(), 3);
    }
}
