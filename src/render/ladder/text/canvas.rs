//! One line of a terminal, cell by cell: what is put later covers what was there, and nothing is ever beyond its end.

use std::fmt::Write as _;

use super::style;
use crate::render::ladder::span::{NBSP, Tone, columns_of_char};

/// How a cell looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Paint {
    /// A word.
    Tone(Tone),
    /// An actor's line.
    Rail,
    /// Bytes that arrived.
    Data,
}

/// A line that is being drawn.
#[derive(Debug)]
pub(super) struct Canvas {
    /// `None` is the second half of a wide character.
    cells: Vec<(Option<char>, Paint)>,
}

const BLANK: (Option<char>, Paint) = (Some(' '), Paint::Tone(Tone::Plain));

impl Canvas {
    pub(super) fn new(width: usize) -> Canvas {
        Canvas {
            cells: vec![BLANK; width],
        }
    }

    /// One narrow character.
    pub(super) fn set(&mut self, x: usize, c: char, paint: Paint) {
        if let Some(cell) = self.cells.get_mut(x) {
            *cell = (Some(c), paint);
        }
    }

    /// A part of an arrow's shaft: it passes behind a rail.
    pub(super) fn cross(&mut self, x: usize, c: char, paint: Paint) {
        if let Some(cell) = self.cells.get_mut(x).filter(|cell| cell.0 == Some(' ')) {
            *cell = (Some(c), paint);
        }
    }

    /// Text from a column on.
    pub(super) fn put(&mut self, mut x: usize, text: &str, paint: Paint) {
        for c in text.chars() {
            let columns = columns_of_char(c);
            if columns == 0 {
                continue;
            }
            if x + columns > self.cells.len() {
                return;
            }
            let shown = if c == NBSP { ' ' } else { c };
            self.cells[x] = (Some(shown), paint);
            if columns == 2 {
                self.cells[x + 1] = (None, paint);
            }
            x += columns;
        }
    }

    /// The line with its colours and a line feed, without spaces at its end.
    pub(super) fn finish(self) -> String {
        let end = self.cells.iter().rposition(|cell| cell.0 != Some(' '));
        let shown = end.map_or(0, |end| end + 1);
        let mut out = String::new();
        let mut now = Paint::Tone(Tone::Plain);
        for (c, paint) in self.cells.into_iter().take(shown) {
            let Some(c) = c else {
                continue;
            };
            let paint = if c == ' ' {
                Paint::Tone(Tone::Plain)
            } else {
                paint
            };
            if paint != now {
                let _ = write!(
                    out,
                    "{}{}",
                    style(now).render_reset(),
                    style(paint).render()
                );
                now = paint;
            }
            out.push(c);
        }
        let _ = writeln!(out, "{}", style(now).render_reset());
        out
    }
}
