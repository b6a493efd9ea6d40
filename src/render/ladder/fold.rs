//! Repetitions: a cycle of calls that an actor makes again and again is shown twice, and then counted. What now and then
//! stands in the place of one of its calls is shown once, so that every errno is.
//!
//! Each actor has its own cycle, because the calls of two that run at the same time interleave differently every time.

use std::collections::VecDeque;

use super::span::{Span, Tone};
use super::{Body, Row};

/// The longest cycle that is recognised.
const LONGEST: usize = 24;
/// So many different calls may stand in the same place of a cycle.
const VARIANTS: usize = 4;
/// Fewer repeated rows than this are shown after all.
const WORTH: usize = 9;
/// What a reader can follow: rows farther apart than this are shown.
const FAST_NS: u64 = 100_000_000;

/// Which repetitions are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pace {
    /// All.
    Any,
    /// Those that are too fast to read: what a user at a terminal waits for must appear.
    Fast,
}

/// Rows on their way to the reader.
#[derive(Debug)]
pub(super) struct Folds {
    pace: Pace,
    actors: Vec<Cycle>,
    /// Repeated rows, as long as they are few.
    held: Vec<Row>,
    last: u64,
}

#[derive(Debug, Default)]
struct Cycle {
    /// What came last, the newest at the end.
    recent: VecDeque<String>,
    /// What comes again, each with what has stood in its place, and which of it is next.
    again: Vec<Vec<String>>,
    next: usize,
    /// Repeated rows that were not shown.
    count: usize,
}

impl Cycle {
    fn came(&mut self, like: &str) {
        self.recent.push_back(like.to_owned());
        if self.recent.len() > 2 * LONGEST {
            self.recent.pop_front();
        }
    }

    /// Whether it was next in the cycle; then the one behind it is.
    fn continues(&mut self, like: &str) -> bool {
        let expected = self.again.get(self.next);
        let continues = expected.is_some_and(|all| all.iter().any(|l| l == like));
        if continues {
            self.next = (self.next + 1) % self.again.len();
        }
        continues
    }

    /// Something else came than was next. The cycle is not forgotten: it goes on behind this one if it is a part of it; if
    /// not, this one has stood for what was next and may do so again.
    fn strays(&mut self, like: &str) {
        let period = self.again.len();
        if period == 0 {
            return;
        }
        let places = (0..period).map(|n| (self.next + n) % period);
        let mut places = places.filter(|&at| self.again[at].iter().any(|l| l == like));
        let at = places.next();
        if at.is_none() && self.again[self.next].len() < VARIANTS {
            self.again[self.next].push(like.to_owned());
        }
        self.next = (at.unwrap_or(self.next) + 1) % period;
    }

    /// Looks for a cycle in what came last.
    fn begins(&mut self) {
        let recent = self.recent.make_contiguous();
        let end = recent.len();
        let repeats =
            |&p: &usize| end >= 2 * p && recent[end - p..] == recent[end - 2 * p..end - p];
        if let Some(p) = (1..=LONGEST).find(repeats) {
            self.again = recent[end - p..].iter().map(|l| vec![l.clone()]).collect();
            self.next = 0;
        }
    }
}

impl Folds {
    pub(super) fn new(actors: usize, pace: Pace) -> Folds {
        Folds {
            pace,
            actors: (0..actors.max(1)).map(|_| Cycle::default()).collect(),
            held: Vec::new(),
            last: 0,
        }
    }

    /// What there is to show now that this row has come.
    pub(super) fn push(&mut self, row: Row) -> Vec<Row> {
        let (Body::Cell { actor, .. }, Some(like)) = (&row.body, row.like.clone()) else {
            let mut out = self.flush();
            for cycle in &mut self.actors {
                *cycle = Cycle::default();
            }
            out.push(row);
            return out;
        };
        let actor = *actor;
        let t = row.t_ns.unwrap_or(self.last);
        let slow = self.pace == Pace::Fast && t.saturating_sub(self.last) > FAST_NS;
        self.last = t;
        let cycle = &mut self.actors[actor];
        cycle.came(&like);
        let continues = cycle.continues(&like);
        if continues && !slow {
            cycle.count += 1;
            self.held.push(row);
            if self.held.len() > WORTH {
                // From here on only the number counts; one more than is worth it says that rows were dropped.
                self.held.truncate(WORTH + 1);
            }
            return Vec::new();
        }
        let mut out = self.flush();
        let cycle = &mut self.actors[actor];
        if !continues {
            cycle.strays(&like);
            cycle.begins();
        }
        out.push(row);
        out
    }

    /// What was held back.
    pub(super) fn end(&mut self) -> Vec<Row> {
        self.flush()
    }

    fn flush(&mut self) -> Vec<Row> {
        let held = std::mem::take(&mut self.held);
        let counts: Vec<usize> = self
            .actors
            .iter_mut()
            .map(|c| std::mem::take(&mut c.count))
            .collect();
        let Some(pattern) = held.first().cloned().filter(|_| held.len() > WORTH) else {
            return held;
        };
        let counted = counts.into_iter().enumerate().filter(|(_, n)| *n > 0);
        counted
            .map(|(actor, n)| Row {
                t_ns: Some(self.last),
                body: Body::Cell {
                    actor,
                    spans: vec![Span::new(
                        Tone::Dim,
                        &again(self.actors[actor].again.len(), n),
                    )],
                },
                arrows: Vec::new(),
                waiting: pattern.waiting.clone(),
                like: None,
            })
            .collect()
    }
}

/// `… the same 4 calls 998 times`
fn again(period: usize, calls: usize) -> String {
    let what = match period {
        1 => "the same call".to_owned(),
        p => format!("the same {p} calls"),
    };
    let period = period.max(1);
    match (calls / period, calls % period) {
        (1, 0) => format!("… {what} once more"),
        (n, 0) => format!("… {what} {n} times more"),
        _ => format!("… {what}, {calls} calls more in all"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(actor: usize, like: &str, t_ns: u64) -> Row {
        Row {
            t_ns: Some(t_ns),
            body: Body::Cell {
                actor,
                spans: vec![Span::new(Tone::Plain, like)],
            },
            arrows: Vec::new(),
            waiting: vec![false; 2],
            like: Some(like.to_owned()),
        }
    }

    fn shown(pace: Pace, rows: impl IntoIterator<Item = Row>) -> Vec<String> {
        let mut folds = Folds::new(2, pace);
        let mut out: Vec<Row> = rows.into_iter().flat_map(|r| folds.push(r)).collect();
        out.extend(folds.end());
        let text = |row: &Row| match &row.body {
            Body::Cell { spans, .. } => spans[0].text.clone(),
            Body::Caption(_) | Body::Unmet(_) => "--".to_owned(),
        };
        out.iter().map(text).collect()
    }

    #[test]
    fn a_cycle_is_shown_twice_and_counted() {
        let rows = (0..1000).flat_map(|_| [row(0, "recv", 0), row(0, "send", 0)]);
        let rows = rows.chain([row(0, "close", 0)]);
        assert_eq!(
            shown(Pace::Any, rows),
            [
                "recv",
                "send",
                "recv",
                "send",
                "… the same 2 calls 998 times more",
                "close"
            ]
        );
    }

    #[test]
    fn a_stray_call_does_not_end_a_cycle() {
        let cycle = ["socket", "connect", "recv", "close"];
        let stray = |i: usize| i % 4 == 2 && [50, 60, 61].contains(&(i / 4));
        let rows = (0..400).map(|i| row(0, if stray(i) { "stray" } else { cycle[i % 4] }, 0));
        let shown = shown(Pace::Any, rows);
        assert_eq!(shown[8..].len(), 3, "{shown:?}");
        assert_eq!(shown[9], "stray");
    }

    #[test]
    fn a_few_repetitions_are_shown() {
        let rows = (0..6).map(|_| row(0, "accept4", 0));
        assert_eq!(shown(Pace::Any, rows).len(), 6);
    }

    #[test]
    fn two_actors_need_not_take_turns() {
        let order = [0, 1, 1, 0, 0, 1, 0, 1, 1, 0];
        let rows = (0..200).map(|i| row(order[i % 10], ["a", "b"][order[i % 10]], 0));
        let shown = shown(Pace::Any, rows);
        assert_eq!(shown.len(), 6, "{shown:?}");
        assert!(shown[4].contains("98 times"), "{shown:?}");
    }

    #[test]
    fn what_is_slow_enough_to_read_is_shown() {
        let rows = |step: u64| (0..40).map(move |i| row(0, "recv", i * step));
        assert_eq!(shown(Pace::Fast, rows(200_000_000)).len(), 40);
        assert_eq!(shown(Pace::Fast, rows(1_000)).len(), 3);
    }
}
