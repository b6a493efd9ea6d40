//! The ladder as SVG that stands inside an HTML page.
//!
//! Its colours are the page's custom properties, so that light, dark and print need one picture; [`STYLE`] has the rules
//! that a page must include once. Places are those of a terminal of [`WIDTH`] columns or a few more, times the size of a character.

use std::fmt::Write as _;

use super::layout::{Grid, Placed, PlacedArrow};
use super::span::{NBSP, Span, Tone, columns};
use super::story::time;
use super::{Body, Freight, Ladder, Row, is_stranger};
use crate::render::markup::quoted;

/// The style sheet of all ladders of a page. It expects the custom properties of `render/page.css`: `--ink`, `--soft`,
/// `--line`, `--paper`, `--panel`, `--bad`, `--bad-bg`, `--changed`, `--s0`, `--good`.
pub const STYLE: &str = include_str!("ladder.css");

/// Columns of a picture of two actors, and of one of more.
const WIDTH: usize = 132;
const WIDEST: usize = 156;
/// Width and height of a character, and of a line with its distance to the next, in pixels.
const CHAR: f64 = 7.5;
const LINE: f64 = 19.0;
/// A character beside an arrow is smaller.
const LABEL_CHAR: f64 = 7.0;
/// Above and below a caption.
const AROUND: f64 = 9.0;
/// Above the first row.
const HEAD: f64 = 38.0;

/// Draws a whole ladder. It has a title and a description for those who hear it.
pub fn svg(ladder: &Ladder) -> String {
    let most = if ladder.actors.len() > 2 {
        WIDEST
    } else {
        WIDTH
    };
    let grid = Grid::fit(ladder, most, "…");
    let placed: Vec<(&Row, Placed<'_>)> = ladder.rows.iter().map(|r| (r, grid.place(r))).collect();
    let width = extent(&grid, &placed) as f64 * CHAR + 10.0;
    let mut y = HEAD;
    let (mut rows, mut bands) = (String::new(), String::new());
    let mut bars = Bars::new(ladder.actors.len());
    let mut before = None;
    for (row, placed) in &placed {
        let around = if matches!(row.body, Body::Caption(_)) {
            AROUND
        } else {
            0.0
        };
        bars.row(row, y);
        let height = placed.height as f64 * LINE + 2.0 * around;
        band(&mut bands, row, (y, height), width);
        let above: Option<Option<String>> = before.replace(row.t_ns.map(time));
        draw(&mut rows, row, placed, y + around, (&grid, above.flatten()));
        y += height;
    }
    let bottom = y + 8.0;
    let mut out = format!(
        "<svg class=\"ladder\" viewBox=\"0 0 {width:.0} {bottom:.0}\" style=\"max-width:{width:.0}px;min-width:{:.0}px\" role=\"img\">",
        width * 0.75
    );
    let _ = write!(
        out,
        "<title>{}</title><desc>{}</desc>",
        quoted(&format!("ladder of {}", ladder.actors.join(", "))),
        quoted(&description(ladder))
    );
    lanes(&mut out, ladder, &grid, bottom, width);
    out += &bands;
    out += &bars.finish(&grid, y);
    out + &rows + "</svg>"
}

/// One sentence per row, for those who hear it.
fn description(ladder: &Ladder) -> String {
    let text = |spans: &[Span]| spans.iter().map(|s| s.text.as_str()).collect::<String>();
    let one = |row: &Row| match &row.body {
        Body::Cell { actor, spans } => {
            let name = ladder.actors.get(*actor).map_or("", String::as_str);
            format!("{name}: {}", text(spans))
        }
        Body::Caption(spans) | Body::Unmet(spans) => text(spans),
    };
    let all: Vec<String> = ladder.rows.iter().map(one).collect();
    all.join("; ").replace(NBSP, " ")
}

/// How many columns are used.
fn extent(grid: &Grid, placed: &[(&Row, Placed<'_>)]) -> usize {
    let text = placed.iter().flat_map(|(_, p)| {
        let (x, lines) = &p.text;
        lines.iter().map(move |l| x + super::span::columns_of(l))
    });
    let lanes = grid.lanes.last().map_or(0, |l| l.end);
    text.max().unwrap_or(0).max(lanes).clamp(40, grid.width) + 1
}

fn x_of(column: usize) -> f64 {
    column as f64 * CHAR + 4.0
}

/// The middle of a rail's column.
fn rail_x(column: usize) -> f64 {
    x_of(column) + CHAR / 2.0
}

/// Names, and a strip or a line for each actor.
fn lanes(out: &mut String, ladder: &Ladder, grid: &Grid, bottom: f64, width: f64) {
    for (i, (lane, name)) in grid.lanes.iter().zip(&ladder.actors).enumerate() {
        let left = rail_x(lane.rail);
        let last = i + 1 == grid.lanes.len();
        if lane.end > lane.rail {
            let right = if last { width - 2.0 } else { rail_x(lane.end) };
            let _ = write!(
                out,
                "<rect class=\"lane\" x=\"{left:.1}\" y=\"2\" width=\"{:.1}\" height=\"{:.1}\" rx=\"4\"/>",
                right - left,
                bottom - 4.0
            );
        }
        let _ = write!(
            out,
            "<path class=\"rail\" d=\"M{left:.1} 30V{:.1}\"/>",
            bottom - 6.0
        );
        let class = if is_stranger(name) {
            "actor dim"
        } else {
            "actor"
        };
        let _ = write!(
            out,
            "<text class=\"{class}\" x=\"{:.1}\" y=\"21\">{}</text>",
            if lane.end > lane.rail {
                x_of(lane.rail + 2)
            } else {
                left
            },
            quoted(name)
        );
    }
}

/// Where each actor was waiting.
struct Bars {
    since: Vec<Option<f64>>,
    done: Vec<(usize, f64, f64)>,
}

impl Bars {
    fn new(actors: usize) -> Bars {
        Bars {
            since: vec![None; actors],
            done: Vec::new(),
        }
    }

    /// A row begins at `y`.
    fn row(&mut self, row: &Row, y: f64) {
        for (actor, since) in self.since.iter_mut().enumerate() {
            let waits = row.waiting.get(actor).copied().unwrap_or(false);
            if waits {
                since.get_or_insert(y);
            } else if let Some(from) = since.take() {
                self.done.push((actor, from, y));
            }
        }
    }

    fn finish(mut self, grid: &Grid, bottom: f64) -> String {
        let open = self.since.iter().enumerate();
        let open: Vec<_> = open
            .filter_map(|(a, s)| s.map(|from| (a, from, bottom)))
            .collect();
        self.done.extend(open);
        let mut out = String::new();
        for (actor, from, to) in self.done {
            if let Some(lane) = grid.lanes.get(actor) {
                let _ = write!(
                    out,
                    "<rect class=\"waits\" x=\"{:.1}\" y=\"{:.1}\" width=\"5\" height=\"{:.1}\" rx=\"2\"/>",
                    rail_x(lane.rail) - 2.5,
                    from + 2.0,
                    (to - from - 4.0).max(1.0)
                );
            }
        }
        out
    }
}

/// What crosses all lanes has a ground of its own.
fn band(out: &mut String, row: &Row, (y, height): (f64, f64), width: f64) {
    let class = match row.body {
        Body::Cell { .. } => return,
        Body::Caption(_) => "caption",
        Body::Unmet(_) => "unmet",
    };
    let _ = write!(
        out,
        "<rect class=\"band {class}\" x=\"0\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\"/>"
    );
}

fn draw(out: &mut String, row: &Row, placed: &Placed<'_>, y: f64, on: (&Grid, Option<String>)) {
    let (grid, above) = on;
    let base = |line: usize| y + line as f64 * LINE + LINE * 0.7;
    if let Some(time) = &placed.time
        && above.as_ref() != Some(time)
    {
        let _ = write!(
            out,
            "<text class=\"time\" x=\"{:.1}\" y=\"{:.1}\">{time}</text>",
            x_of(grid.time.saturating_sub(1)),
            base(0)
        );
    }
    if matches!(row.body, Body::Unmet(_)) {
        let _ = write!(
            out,
            "<text class=\"unmet\" x=\"6\" y=\"{:.1}\">✗</text>",
            base(0)
        );
    }
    let (x, lines) = &placed.text;
    for (i, spans) in lines.iter().enumerate() {
        text(out, *x, base(i), spans);
    }
    for arrow in &placed.arrows {
        draw_arrow(out, arrow, y + arrow.line as f64 * LINE + LINE * 0.5);
    }
}

/// A line of words, each with its tone.
fn text(out: &mut String, x: usize, y: f64, spans: &[Span]) {
    let indent: usize = spans
        .iter()
        .map_while(|s| s.text.trim().is_empty().then_some(columns(&s.text)))
        .sum();
    let _ = write!(out, "<text x=\"{:.1}\" y=\"{y:.1}\">", x_of(x + indent));
    for span in spans.iter().skip_while(|s| s.text.trim().is_empty()) {
        let words = quoted(&span.text.replace(' ', &NBSP.to_string()));
        let _ = match class(span.tone) {
            "" => write!(out, "{words}"),
            class => write!(out, "<tspan class=\"{class}\">{words}</tspan>"),
        };
    }
    out.push_str("</text>");
}

const fn class(tone: Tone) -> &'static str {
    match tone {
        Tone::Plain => "",
        Tone::Name => "call",
        Tone::Payload => "payload",
        Tone::Error => "error",
        Tone::Wait => "wait",
        Tone::Dim => "dim",
        Tone::Caption => "caption",
        Tone::Unmet => "unmet",
    }
}

fn draw_arrow(out: &mut String, placed: &PlacedArrow<'_>, y: f64) {
    let arrow = placed.arrow;
    let (left, right) = (
        rail_x(placed.left - 1) + 2.0,
        rail_x(placed.right + 1) - 2.0,
    );
    let (class, tilde) = match arrow.freight {
        Freight::Delivered => ("arrow", ""),
        Freight::Inferred | Freight::Lost => ("arrow dim", "~ "),
    };
    // The shaft ends inside of its head.
    let (from, to, tip, back) = if arrow.from < arrow.to {
        (left, right - 6.0, right, right - 9.0)
    } else {
        (right, left + 6.0, left, left + 9.0)
    };
    let _ = write!(
        out,
        "<path class=\"{class}\" d=\"M{from:.1} {y:.1}H{to:.1}\"/>"
    );
    let (up, down) = (y - 4.2, y + 4.2);
    let _ = match arrow.freight {
        Freight::Lost => write!(
            out,
            "<path class=\"lost\" d=\"M{tip:.1} {up:.1}L{back:.1} {down:.1}M{tip:.1} {down:.1}L{back:.1} {up:.1}\"/>"
        ),
        Freight::Inferred | Freight::Delivered => write!(
            out,
            "<path class=\"head {class}\" d=\"M{tip:.1} {y:.1}L{back:.1} {up:.1}V{down:.1}Z\"/>"
        ),
    };
    let room = placed.gap.1.saturating_sub(placed.gap.0);
    let mut label = format!("{tilde}{}", arrow.label);
    if columns(&label) + 2 > room {
        label = format!("{tilde}{}", arrow.brief);
    }
    let middle = f64::midpoint(x_of(placed.gap.0), x_of(placed.gap.1 + 1));
    let width = columns(&label) as f64 * LABEL_CHAR + 8.0;
    let _ = write!(
        out,
        "<rect class=\"under\" x=\"{:.1}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"14\"/>\
         <text class=\"label {class}\" x=\"{middle:.1}\" y=\"{:.1}\">{}</text>",
        middle - width / 2.0,
        y - 7.0,
        y + 4.0,
        quoted(&label)
    );
}
