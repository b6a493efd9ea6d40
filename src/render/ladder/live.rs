//! A ladder while it happens: each call is drawn when it has returned.
//!
//! Nobody knows what comes next, so the columns are as wide as the terminal allows, and no arrow says that its bytes
//! arrived: that is seen later.

use super::fold::{Folds, Pace};
use super::story::Story;
use super::text::Painter;
use super::wire::Order;
use super::{Glyphs, Row, is_stranger, span};
use crate::event::{Call, Moment, Record};

/// Draws the calls of a run.
#[derive(Debug)]
pub struct Live {
    actors: Vec<String>,
    story: Story,
    folds: Folds,
    painter: Painter,
    above: Option<Row>,
}

impl Live {
    /// `actors` as for [`super::ladder`]; one whose name begins with `~` stands for all whose calls are not seen.
    pub fn new(actors: &[String], width: usize, glyphs: Glyphs) -> Live {
        let stranger = actors.iter().position(|a| is_stranger(a));
        Live {
            actors: actors.iter().map(|a| span::safe(a)).collect(),
            story: Story::new(actors, &[], stranger, Order::AsReturned),
            folds: Folds::new(actors.len(), Pace::Fast),
            painter: Painter::ahead(actors, width, glyphs),
            above: None,
        }
    }

    /// The names of the columns: the first line.
    pub fn header(&self) -> String {
        self.painter.header(&self.actors)
    }

    /// What a call adds: some lines, or none yet if it repeats what was there.
    pub fn call(&mut self, call: &Call<'_>) -> String {
        let told = self.story.moment(&Moment::Call(Record::from(call)));
        let rows = told.rows.into_iter().flat_map(|mut row| {
            row.drop_loops();
            self.folds.push(row)
        });
        let rows: Vec<Row> = rows.collect();
        self.draw(rows)
    }

    /// What was held back, and a last word.
    pub fn end(&mut self, note: Option<&str>) -> String {
        let mut rows = self.folds.end();
        if let Some(note) = note {
            rows.extend(self.story.moment(&Moment::Note(note.to_owned())).rows);
        }
        self.draw(rows)
    }

    fn draw(&mut self, rows: Vec<Row>) -> String {
        let mut out = String::new();
        for row in rows {
            out += &self.painter.row(&row, self.above.as_ref());
            self.above = Some(row);
        }
        out
    }
}
