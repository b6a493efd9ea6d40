//! A report as one HTML file that needs nothing else: no script, no image, no font, no address of anything.
//!
//! `page.html` is the template; it escapes whatever is put into it, but for the charts of [`super::svg`], which escape by
//! themselves. What a page must not contain is held by the tests below here and by `tests/report.rs`.

use minijinja::context;
use minijinja::value::Value;

use super::buckets::Axis;
use super::page::{Detail, Environment, Fact, Grid, Page, Part, Rank, Says, Section};
use super::screen::Glyphs;
use super::{spark, svg};
use crate::escape;
use crate::measure::Report;
use crate::render::markup;

const TEMPLATE: &str = include_str!("page.html");

/// Bars of a histogram, at most.
const MOST_BARS: u32 = 60;

/// All profiles of a page together take so many bytes at most: the page must be light enough to be mailed.
const MOST_TOML: usize = 64 << 10;

/// The report as a page.
pub fn html(report: &Report, environment: &Environment) -> String {
    let page = Page::of(report, Detail::Full);
    let times: Vec<_> = report
        .runs
        .iter()
        .filter_map(|r| Some(&r.echo.as_ref()?.rtt))
        .collect();
    let drawing = Drawing {
        axis: Axis::of(&times, MOST_BARS),
        toml: MOST_TOML / report.runs.len().max(1),
    };
    let sections: Vec<Value> = page.sections.iter().map(|s| drawing.section(s)).collect();
    let values = context! {
        title => page.title,
        several => report.runs.len() > 1,
        sections,
        environment => environment.line(),
    };
    markup::page(TEMPLATE, values)
}

struct Drawing {
    axis: Option<Axis>,
    toml: usize,
}

impl Drawing {
    fn section(&self, section: &Section<'_>) -> Value {
        let mut parts = Vec::new();
        let mut figures = Vec::new();
        for part in &section.parts {
            match self.figure(part) {
                Some(figure) => figures.push(figure),
                None => parts.push(self.part(part)),
            }
        }
        context! {
            heading => section.heading,
            top => section.rank == Rank::Top,
            parts,
            figures,
        }
    }

    /// Charts stand side by side after whatever else a section has.
    fn figure(&self, part: &Part<'_>) -> Option<Value> {
        let (caption, drawn) = match part {
            Part::Histogram(times) => (
                "how the round trips are distributed",
                svg::histogram(times, self.axis?),
            ),
            Part::Percentiles(runs) => ("round trip by percentile", svg::percentiles(runs)),
            Part::Forest(comparison, labels) => (
                "how sure the difference is: the ratio of the medians with its 99 % interval; within the band it is \
                 too small to matter",
                svg::forest(comparison, labels),
            ),
            _ => return None,
        };
        Some(context! { caption, svg => Value::from_safe_string(drawn) })
    }

    fn part(&self, part: &Part<'_>) -> Value {
        match part {
            Part::Facts(facts) => {
                let facts: Vec<Value> = facts
                    .iter()
                    .map(fact)
                    .filter(|f| !f.is_undefined())
                    .collect();
                context! { kind => "facts", facts }
            }
            Part::Table(grid) => table(grid),
            Part::Lines(lines) => {
                let line =
                    |l: &super::page::Line| context! { tone => l.tone.name(), says => l.says };
                let lines: Vec<Value> = lines.iter().map(line).collect();
                context! { kind => "lines", lines }
            }
            Part::Toml(toml) => {
                let shown = escape::lines(toml);
                let (text, left) = clipped(&shown, self.toml);
                context! { kind => "toml", text, left }
            }
            Part::Histogram(_) | Part::Percentiles(_) | Part::Forest(..) => Value::UNDEFINED,
        }
    }
}

fn fact(fact: &Fact<'_>) -> Value {
    match &fact.says {
        Says::Text(says) => context! { name => fact.name, says },
        Says::Lines(lines) => context! { name => fact.name, lines },
        Says::Course(slices) => match spark::line(slices, Glyphs::Unicode) {
            Some(course) => {
                let svg = Value::from_safe_string(svg::course(slices));
                context! { name => fact.name, says => course.says(), svg }
            }
            None => Value::UNDEFINED,
        },
    }
}

fn table(grid: &Grid) -> Value {
    let grid = grid.trimmed();
    let verdicts = grid.rows.iter().any(|r| !r.word.is_empty());
    let reasons = grid
        .rows
        .iter()
        .any(|r| r.why.as_ref().is_some_and(|w| !w.is_empty()));
    let row = |r: &super::page::Row| {
        let cells: Vec<String> = r.cells.iter().map(|c| kept_whole(c)).collect();
        context! { tone => r.tone.name(), sign => r.tone.sign().to_string(), word => r.word, cells, why => r.why }
    };
    let (why, head) = grid.head.split_last().expect("a table has columns");
    context! {
        kind => "table",
        head => head,
        why => why,
        verdicts,
        reasons,
        rows => grid.rows.iter().map(row).collect::<Vec<_>>(),
        note => grid.note,
    }
}

/// A short cell is a number with its unit, which paper must not break.
fn kept_whole(cell: &str) -> String {
    match cell.chars().count() {
        ..=14 => cell.replace(' ', "\u{a0}"),
        _ => cell.to_owned(),
    }
}

/// As much of a text as takes `most` bytes once it is escaped, and how many bytes are left out.
fn clipped(text: &str, most: usize) -> (&str, usize) {
    let mut cost = 0;
    for (at, c) in text.char_indices() {
        cost += match c {
            '<' | '>' | '&' | '"' | '\'' | '/' => 6,
            c => c.len_utf8(),
        };
        if cost > most {
            return (&text[..at], text.len() - at);
        }
    }
    (text, 0)
}

#[cfg(test)]
mod tests {
    use super::super::tests::sample;
    use super::*;

    fn page(report: &Report) -> String {
        let environment = Environment {
            kernel: "6.1.0-<b>".into(),
            cores: 2,
            when: "2026-01-02 03:04".into(),
        };
        html(report, &environment)
    }

    /// The names of the elements in the order in which they open; panics where one closes that is not open.
    fn elements(page: &str) -> Vec<String> {
        const VOID: [&str; 4] = ["!doctype", "meta", "br", "path"];
        let (mut open, mut seen): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
        for piece in page.split('<').skip(1) {
            let (tag, _) = piece.split_once('>').expect("a tag ends");
            let name = tag
                .split([' ', '/'])
                .find(|n| !n.is_empty())
                .unwrap()
                .to_lowercase();
            if tag.starts_with('/') {
                assert_eq!(open.pop().as_ref(), Some(&name), "</{name}> after {seen:?}");
            } else if !tag.ends_with('/') && !VOID.contains(&name.as_str()) {
                open.push(name.clone());
                seen.push(name);
            } else {
                seen.push(name);
            }
        }
        assert!(open.is_empty(), "{open:?} stay open");
        seen
    }

    #[test]
    fn a_page_is_whole_small_and_alone() {
        for report in [
            Report::default(),
            sample::single(),
            sample::compared(),
            sample::distant(),
            sample::hostile(),
            sample::crowd(),
        ] {
            let page = page(&report);
            let names = elements(&page);
            assert!(names.iter().any(|n| n == "main"));
            for no in [
                "script", "link", "img", "iframe", "object", "embed", "base", "image", "use",
            ] {
                assert!(names.iter().all(|n| n != no), "<{no}>");
            }
            for no in [
                "http:",
                "https:",
                "src=",
                "url(",
                "@import",
                "<script",
                "javascript:",
            ] {
                assert!(!page.contains(no), "{no} in {page}");
            }
            assert!(page.len() < 200 << 10, "{} bytes", page.len());
            assert!(!page.contains(|c: char| c.is_control() && c != '\n'));
        }
    }

    #[test]
    fn what_came_from_outside_is_text() {
        let page = page(&sample::hostile());
        assert!(page.contains("&lt;script&gt;alert(1)"), "it is shown");
        assert!(page.contains("6.1.0-&lt;b&gt;"));
        assert!(!page.contains('\u{202e}'));
    }

    #[test]
    fn every_part_is_there() {
        let page = page(&sample::compared());
        for part in [
            "options.TCP_NODELAY",
            "doubled for bookkeeping",
            "(cubic), window scale 7 out, 7 in",
            "accepted, client: once connected",
            "not met",
            "refused",
            "family = &quot;ipv4&quot;",
            "class=\"whisker changed\"",
            "aria-label=\"number of round trips by their length\"",
            "2 cores",
            "2026-01-02",
        ] {
            assert!(page.contains(part), "{part}");
        }
        let distant = super::tests::page(&sample::distant());
        assert!(distant.contains("220 example ESMTP"));
    }

    #[test]
    fn a_long_profile_is_cut_and_says_so() {
        let mut report = sample::crowd();
        for run in &mut report.runs {
            run.toml = "\"'<&>\n".repeat(200_000);
        }
        let page = page(&report);
        assert!(page.len() < 200 << 10, "{} bytes", page.len());
        assert!(page.contains("bytes more"));
    }
}
