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
    let mut rows: Vec<Row> = Vec::new();
    let mut places: HashMap<usize, (usize, usize)> = HashMap::new();
    for moment in moments {
        let told = story.moment(moment);
        for id in told.arrived {
            if let Some(&(row, arrow)) = places.get(&id) {
                let arrow = &mut rows[row].arrows[arrow];
                arrow.freight = Freight::Delivered;
                // Only now is it known who took the bytes.
                if let Some(Body::Cell { actor, .. }) = told.rows.first().map(|r| &r.body) {
                    arrow.to = *actor;
                }
            }
        }
        for row in told.rows {
            let at = rows.len();
            places.extend(row.arrows.iter().enumerate().map(|(i, a)| (a.id, (at, i))));
            rows.push(row);
        }
    }
    rows.extend(story.end());
    rows.iter_mut().for_each(Row::drop_loops);
    let mut folds = fold::Folds::new(actors.len(), fold::Pace::Any);
    let mut shown: Vec<Row> = rows.into_iter().flat_map(|row| folds.push(row)).collect();
    shown.extend(folds.end());
    Ladder {
        actors: actors.iter().map(|a| span::safe(a)).collect(),
        rows: shown,
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
