//! `--trace=ladder`: the calls of a run as a ladder, while they happen.
//!
//! Which tasks are beside the story is known here and not to `render`: a probe also opens sockets that only count or
//! compare. Their calls are counted.

use std::collections::BTreeMap;

use crate::event::Call;
use crate::render::ladder::{Glyphs, Live};

use super::observer::Ends;

/// Tasks of a probe that take no part in the conversation: a listener whose queue is filled, sockets that show defaults.
const BESIDE: &[&str] = &["twin", "fresh"];

/// A ladder that grows.
#[derive(Debug)]
pub(super) struct Ladder {
    live: Live,
    begun: bool,
    /// Calls that are not shown, by task.
    beside: BTreeMap<String, usize>,
}

impl Ladder {
    pub(super) fn new(ends: Ends, (width, glyphs): (usize, Glyphs)) -> Ladder {
        let actors = ends.columns().map(str::to_owned);
        Ladder {
            live: Live::new(&actors, width, glyphs),
            begun: false,
            beside: BTreeMap::new(),
        }
    }

    /// What a call adds: lines, each with its end, or nothing.
    pub(super) fn call(&mut self, call: &Call<'_>) -> String {
        if BESIDE.contains(&call.task) {
            *self.beside.entry(call.task.to_owned()).or_default() += 1;
            return String::new();
        }
        let header = if std::mem::replace(&mut self.begun, true) {
            String::new()
        } else {
            self.live.header()
        };
        header + &self.live.call(call)
    }

    /// What was held back, and how much is not shown.
    pub(super) fn end(&mut self) -> String {
        let beside = std::mem::take(&mut self.beside).into_iter();
        let beside: Vec<String> = beside.map(|(task, n)| format!("{n} of {task}")).collect();
        let note = (!beside.is_empty()).then(|| format!("calls beside: {}", beside.join(", ")));
        self.live.end(note.as_deref())
    }
}
