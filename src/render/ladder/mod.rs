//! The ladder: time down the page, a column per actor, calls where they were made, and between the columns what moved.
//!
//! [`ladder`] makes rows of the moments of a story (`story`), with what happened between the actors inferred from their
//! calls (`wire`) and repetitions counted instead of shown (`fold`). [`text()`] draws it on a terminal, [`svg()`] in a page;
//! both place their rows by the same `layout`. [`Live`] is the same for calls that are still to come.

mod compact;
mod fold;
mod layout;
mod live;
mod message;
mod span;
mod story;
mod svg;
mod text;
mod wire;

use std::collections::HashMap;

pub use live::Live;
pub use span::{Span, Tone};
pub use svg::{STYLE, svg};
pub use text::text;
pub use wire::{Arrow, Freight};

pub use super::probe::Glyphs;
use crate::event::Moment;
use story::Told;
use wire::Change;

/// A story as rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ladder {
    /// The columns, from left to right.
    pub actors: Vec<String>,
    /// From top to bottom.
    pub rows: Vec<Row>,
}

/// What happened at one time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Since the first moment; when a call returned.
    pub t_ns: Option<u64>,
    /// What there is to read.
    pub body: Body,
    /// What moved between the columns, one below the other.
    pub arrows: Vec<Arrow>,
    /// Whether each actor is inside of a call that has not returned.
    pub waiting: Vec<bool>,
    /// The same for rows that may stand for each other.
    like: Option<String>,
}

/// What there is to read in a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// In the column of an actor.
    Cell {
        /// The column.
        actor: usize,
        /// One line, or more where the column is narrow.
        spans: Vec<Span>,
    },
    /// Across all columns, as a heading of what follows.
    Caption(Vec<Span>),
    /// Across all columns: something else came than was expected.
    Unmet(Vec<Span>),
}

impl Row {
    /// What an actor sends to itself crosses no gap.
    fn drop_loops(&mut self) {
        self.arrows.retain(|arrow| arrow.from != arrow.to);
    }
}

/// Whether an actor is one whose calls nobody here sees: its name begins with `~`.
pub fn is_stranger(actor: &str) -> bool {
    actor.starts_with('~')
}

/// Draws a story. `actors` are the columns, from left to right; a task that is none of them is shown in the column whose
/// name its own begins with, or in the first one. Tasks in `own` have a table of descriptors of their own, as processes
/// do; all others share one.
pub fn ladder(actors: &[String], own: &[String], moments: &[Moment]) -> Ladder {
    let mut story = story::Story::new(actors, own, stranger(actors, moments), wire::Order::Story);
    let mut drawn = Drawn::default();
    for moment in moments {
        let told = story.moment(moment);
        drawn.add(told);
    }
    drawn.add(story.end());
    let mut rows = drawn.finish();
    rows.iter_mut().for_each(Row::drop_loops);
    let mut folds = fold::Folds::new(actors.len(), fold::Pace::Any);
    let mut shown: Vec<Row> = rows.into_iter().flat_map(|row| folds.push(row)).collect();
    shown.extend(folds.end());
    Ladder {
        actors: actors.iter().map(|a| span::safe(a)).collect(),
        rows: shown,
    }
}

/// Rows, and where in them each arrow is: later moments tell more of it.
#[derive(Debug, Default)]
struct Drawn {
    rows: Vec<Row>,
    places: HashMap<usize, (usize, usize)>,
    /// Arrows that turned out to be none.
    gone: Vec<(usize, usize)>,
}

impl Drawn {
    fn add(&mut self, told: Told) {
        // Only when bytes are received is it known who took them.
        let taker = told.rows.first().and_then(|row| match row.body {
            Body::Cell { actor, .. } => Some(actor),
            Body::Caption(_) | Body::Unmet(_) => None,
        });
        for (id, change) in told.changes {
            let Some(&(row, at)) = self.places.get(&id) else {
                continue;
            };
            let arrow = &mut self.rows[row].arrows[at];
            match change {
                Change::Delivered => {
                    arrow.freight = Freight::Delivered;
                    arrow.to = taker.unwrap_or(arrow.to);
                }
                Change::Lost => arrow.freight = Freight::Lost,
                Change::Label(label) => arrow.relabel(label),
                Change::Gone => self.gone.push((row, at)),
            }
        }
        for row in told.rows {
            let at = self.rows.len();
            let ids = row.arrows.iter().enumerate();
            self.places.extend(ids.map(|(i, a)| (a.id, (at, i))));
            self.rows.push(row);
        }
    }

    fn finish(mut self) -> Vec<Row> {
        // From the end, so that the others keep their places.
        self.gone.sort_unstable();
        self.gone.dedup();
        for (row, at) in self.gone.into_iter().rev() {
            self.rows[row].arrows.remove(at);
        }
        self.rows
    }
}

/// The column of those whose calls are not seen: the one that is marked, or the only one without a moment.
fn stranger(actors: &[String], moments: &[Moment]) -> Option<usize> {
    let marked = actors.iter().position(|a| is_stranger(a));
    marked.or_else(|| {
        let calls = |actor: &String| moments.iter().any(|m| caller(m) == Some(actor));
        let mut silent = (0..actors.len()).filter(|&i| !calls(&actors[i]));
        silent.next().filter(|_| silent.next().is_none())
    })
}

fn caller(moment: &Moment) -> Option<&String> {
    match moment {
        Moment::Call(record) | Moment::Returned { record, .. } => Some(&record.task),
        Moment::Began { task, .. } => Some(task),
        Moment::Note(_) | Moment::Aside { .. } | Moment::Unmet { .. } => None,
    }
}

#[cfg(test)]
mod tests;
