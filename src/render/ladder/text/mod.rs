//! The ladder on a terminal, with anstyle's escape sequences: whoever prints strips them where nobody would see them.
//!
//! [`Painter`] draws row after row, so that a trace can be drawn while it happens.

mod canvas;

use anstyle::{AnsiColor, Style};
use canvas::{Canvas, Paint};

use super::layout::{Grid, Placed, PlacedArrow};
use super::span::{Span, Tone, columns, shortened};
use super::{Body, Freight, Glyphs, Ladder, Row};

/// Draws a whole ladder on `width` columns, at least 20; each line ends with a line feed.
pub fn text(ladder: &Ladder, width: usize, glyphs: Glyphs) -> String {
    let signs = Signs::of(glyphs);
    let painter = Painter {
        grid: Grid::fit(ladder, width, signs.more),
        signs,
    };
    let mut out = painter.header(&ladder.actors);
    let mut above = None;
    for row in &ladder.rows {
        out += &painter.row(row, above);
        above = Some(row);
    }
    out
}

/// Draws rows on a grid.
#[derive(Debug)]
pub(super) struct Painter {
    grid: Grid,
    signs: &'static Signs,
}

/// The characters of a drawing.
#[derive(Debug)]
pub(super) struct Signs {
    glyphs: Glyphs,
    rail: char,
    bar: char,
    /// Of what nobody saw.
    dashed: char,
    solid: char,
    left: char,
    right: char,
    rule: char,
    unmet: char,
    pub(super) more: &'static str,
}

const UNICODE: Signs = Signs {
    glyphs: Glyphs::Unicode,
    rail: '│',
    bar: '┃',
    dashed: '╌',
    solid: '─',
    left: '◄',
    right: '►',
    rule: '─',
    unmet: '✗',
    more: "…",
};

const ASCII: Signs = Signs {
    glyphs: Glyphs::Ascii,
    rail: ':',
    bar: '|',
    dashed: '.',
    solid: '-',
    left: '<',
    right: '>',
    rule: '-',
    unmet: 'x',
    more: "...",
};

impl Signs {
    pub(super) fn of(glyphs: Glyphs) -> &'static Signs {
        match glyphs {
            Glyphs::Unicode => &UNICODE,
            Glyphs::Ascii => &ASCII,
        }
    }

    fn span(&self, span: &Span) -> Span {
        Span {
            text: self.text(&span.text),
            tone: span.tone,
        }
    }

    /// The oldest 95 characters, where there are no others.
    fn text(&self, text: &str) -> String {
        if self.glyphs == Glyphs::Unicode || text.is_ascii() {
            return text.to_owned();
        }
        let mut out = String::new();
        for c in text.chars() {
            match c {
                '\u{a0}' => out.push(c),
                '…' => out.push_str("..."),
                'µ' => out.push('u'),
                '×' => out.push('x'),
                '−' | '–' | '—' => out.push('-'),
                '→' => out.push_str("->"),
                '’' | '‘' => out.push('\''),
                '“' | '”' => out.push('"'),
                c if c.is_ascii() => out.push(c),
                _ => out.push('?'),
            }
        }
        out
    }
}

impl Painter {
    pub(super) fn ahead(actors: &[String], width: usize, glyphs: Glyphs) -> Painter {
        let signs = Signs::of(glyphs);
        Painter {
            grid: Grid::ahead(actors, width, signs.more),
            signs,
        }
    }

    /// The names of the columns.
    pub(super) fn header(&self, actors: &[String]) -> String {
        let mut line = Canvas::new(self.grid.width);
        for (i, (lane, name)) in self.grid.lanes.iter().zip(actors).enumerate() {
            let next = self
                .grid
                .lanes
                .get(i + 1)
                .map_or(self.grid.width, |l| l.rail);
            let x = lane.rail + usize::from(lane.end > lane.rail) * 2;
            let space = usize::from(i + 1 < self.grid.lanes.len());
            let room = next.saturating_sub(x + space).max(1);
            let name = shortened(&self.signs.text(name), room, self.signs.more);
            let paint = if super::is_stranger(&name) {
                Paint::Tone(Tone::Dim)
            } else {
                Paint::Tone(Tone::Caption)
            };
            line.put(x, &name, paint);
        }
        line.finish()
    }

    /// A row; `above` is the one before it.
    pub(super) fn row(&self, row: &Row, above: Option<&Row>) -> String {
        let row = Row {
            body: self.body(&row.body),
            ..row.clone()
        };
        let placed = self.grid.place(&row);
        match &row.body {
            Body::Cell { .. } => self.lines(&row, &placed, above),
            Body::Caption(_) => self.caption(&row, &placed, above),
            Body::Unmet(_) => self.unmet(&placed),
        }
    }

    fn body(&self, body: &Body) -> Body {
        let all = |spans: &[Span]| spans.iter().map(|s| self.signs.span(s)).collect();
        match body {
            Body::Cell { actor, spans } => Body::Cell {
                actor: *actor,
                spans: all(spans),
            },
            Body::Caption(spans) => Body::Caption(all(spans)),
            Body::Unmet(spans) => Body::Unmet(all(spans)),
        }
    }

    fn lines(&self, row: &Row, placed: &Placed<'_>, above: Option<&Row>) -> String {
        let mut out = String::new();
        let (x, text) = &placed.text;
        let before = above.and_then(|r| r.t_ns).map(super::story::time);
        for line in 0..placed.height {
            let mut canvas = self.rails(&row.waiting);
            if line == 0
                && placed.time != before
                && let Some(time) = &placed.time
            {
                let time = self.signs.text(time);
                let x = self.grid.time.saturating_sub(1 + columns(&time));
                canvas.put(x, &time, Paint::Tone(Tone::Dim));
            }
            for arrow in placed.arrows.iter().filter(|a| a.line == line) {
                self.arrow(&mut canvas, arrow);
            }
            let mut at = *x;
            for span in text.get(line).into_iter().flatten() {
                canvas.put(at, &span.text, Paint::Tone(span.tone));
                at += columns(&span.text);
            }
            out += &canvas.finish();
        }
        out
    }

    fn rails(&self, waiting: &[bool]) -> Canvas {
        let mut canvas = Canvas::new(self.grid.width);
        for (i, lane) in self.grid.lanes.iter().enumerate() {
            let last = i + 1 == self.grid.lanes.len();
            if lane.end > lane.rail && !last {
                canvas.set(lane.end, self.signs.rail, Paint::Rail);
            }
            if waiting.get(i).copied().unwrap_or(false) {
                canvas.set(lane.rail, self.signs.bar, Paint::Tone(Tone::Wait));
            } else {
                canvas.set(lane.rail, self.signs.rail, Paint::Rail);
            }
        }
        canvas
    }

    fn arrow(&self, canvas: &mut Canvas, placed: &PlacedArrow<'_>) {
        let arrow = placed.arrow;
        let (shaft, paint, mark) = match arrow.freight {
            Freight::Delivered => (self.signs.solid, Paint::Data, ""),
            Freight::Inferred | Freight::Lost => (self.signs.dashed, Paint::Tone(Tone::Dim), "~"),
        };
        for x in placed.left..=placed.right {
            canvas.cross(x, shaft, paint);
        }
        let (tip, head) = if arrow.from < arrow.to {
            (placed.right, self.signs.right)
        } else {
            (placed.left, self.signs.left)
        };
        match arrow.freight {
            Freight::Lost => canvas.set(tip, self.signs.unmet, Paint::Tone(Tone::Error)),
            Freight::Inferred | Freight::Delivered => canvas.set(tip, head, paint),
        }
        let (left, right) = placed.gap;
        // A head, and a bit of the shaft at the other end.
        let (left, room) = (left + 1, (right + 1).saturating_sub(left + 2));
        let tilde = if mark.is_empty() { "" } else { "~ " };
        let spellings = [
            format!(" {tilde}{} ", arrow.label),
            // Between two pieces of the shaft it needs no spaces.
            format!("{0}{mark}{1}{0}", shaft, arrow.label),
            format!(" {tilde}{} ", arrow.brief),
            format!("{mark}{}", arrow.label),
            format!("{mark}{}", arrow.brief),
        ];
        let spellings = spellings.map(|s| self.signs.text(&s));
        let fits = spellings.iter().find(|s| columns(s) <= room);
        if let Some(label) = fits {
            let x = left + (room - columns(label)) / 2;
            canvas.put(x, label, paint);
        }
    }

    fn caption(&self, row: &Row, placed: &Placed<'_>, above: Option<&Row>) -> String {
        let mut out = String::new();
        if above.is_some() {
            out += &self.rails(&row.waiting).finish();
        }
        for (i, spans) in placed.text.1.iter().enumerate() {
            let mut canvas = Canvas::new(self.grid.width);
            let rule = Paint::Rail;
            if i == 0 {
                canvas.set(0, self.signs.rule, rule);
                canvas.set(1, self.signs.rule, rule);
            }
            let mut x = placed.text.0;
            for span in spans {
                canvas.put(x, &span.text, Paint::Tone(span.tone));
                x += columns(&span.text);
            }
            if i + 1 == placed.text.1.len() {
                for x in x + 1..self.grid.width {
                    canvas.set(x, self.signs.rule, rule);
                }
            }
            out += &canvas.finish();
        }
        out
    }

    fn unmet(&self, placed: &Placed<'_>) -> String {
        let mut out = String::new();
        for (i, spans) in placed.text.1.iter().enumerate() {
            let mut canvas = Canvas::new(self.grid.width);
            if i == 0 {
                canvas.set(1, self.signs.unmet, Paint::Tone(Tone::Unmet));
            }
            let mut x = placed.text.0;
            for span in spans {
                canvas.put(x, &span.text, Paint::Tone(span.tone));
                x += columns(&span.text);
            }
            out += &canvas.finish();
        }
        out
    }
}

/// The colours of a terminal.
fn style(paint: Paint) -> Style {
    match paint {
        Paint::Tone(Tone::Plain) => Style::new(),
        Paint::Tone(Tone::Name | Tone::Caption) => Style::new().bold(),
        Paint::Tone(Tone::Payload) => AnsiColor::Green.on_default(),
        Paint::Tone(Tone::Error | Tone::Unmet) => AnsiColor::Red.on_default().bold(),
        Paint::Tone(Tone::Wait) => AnsiColor::Yellow.on_default(),
        Paint::Tone(Tone::Dim) | Paint::Rail => Style::new().dimmed(),
        Paint::Data => AnsiColor::Cyan.on_default(),
    }
}
