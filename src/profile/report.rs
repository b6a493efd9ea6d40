//! Problems as text: cargo's carets, drawn by annotate-snippets.
//!
//! A source may be one line of a mebibyte full of escape codes, so what is drawn is an excerpt: the caret's line, cut
//! to a window around it and escaped, with the spans moved along. Line and column are counted in the original.

use std::fmt::Write as _;

use annotate_snippets::{AnnotationKind, Group, Level, Origin as Place, Renderer, Snippet};

use super::problem::{Problem, Severity};
use super::settings::{Origin, Source};
use crate::escape;

/// Whether the text carries colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// For a terminal.
    Color,
    /// For everything else.
    Plain,
}

/// The most bytes of a line that are shown before, under, and after the carets.
const BEFORE: usize = 60;
const UNDER: usize = 60;
const AFTER: usize = 40;

/// The longest message, label or help, in bytes of the original.
const LONGEST: usize = 400;

/// Renders every problem; ends with a line feed.
pub(super) fn render(
    sources: &[Source],
    problems: &[Problem],
    left_off: usize,
    style: Style,
) -> String {
    let renderer = match style {
        Style::Color => Renderer::styled(),
        Style::Plain => Renderer::plain(),
    };
    let mut out = String::new();
    for problem in problems {
        out.push_str(&renderer.render(&[group(sources, problem)]));
        out.push_str("\n\n");
    }
    if left_off > 0 {
        let _ = writeln!(out, "… and at least {left_off} more");
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

fn group<'a>(sources: &[Source], problem: &Problem) -> Group<'a> {
    let level = match problem.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group = Group::with_title(level.primary_title(clip(&problem.message)));
    match problem.origin {
        Origin::At { source, start, end } if source < sources.len() => {
            let excerpt = Excerpt::of(&sources[source].text, start, end);
            let carets = AnnotationKind::Primary.span(excerpt.carets.clone());
            let carets = match problem.label.as_str() {
                "" => carets,
                label => carets.label(clip(label)),
            };
            let path = clip(&sources[source].name);
            let mut snippet = Snippet::source(excerpt.text).line_start(excerpt.line);
            // A snippet counts the column in what it shows, so where that was cut the place is said apart.
            if excerpt.is_moved {
                let place = Place::path(path);
                group = group.element(place.line(excerpt.line).char_column(excerpt.column));
            } else {
                snippet = snippet.path(path);
            }
            group = group.element(snippet.annotation(carets));
        }
        Origin::Flag(flag) => {
            group = group.element(Level::NOTE.message(format!("it comes from {flag}")));
        }
        Origin::At { .. } | Origin::Default => {}
    }
    for help in &problem.help {
        group = group.element(Level::HELP.message(clip(help)));
    }
    group
}

/// A line that is safe to show, with the carets' place in it.
#[derive(Debug)]
struct Excerpt {
    text: String,
    carets: std::ops::Range<usize>,
    line: usize,
    /// Of the original, in characters.
    column: usize,
    /// Whether the carets stand in another column than in the original.
    is_moved: bool,
}

impl Excerpt {
    fn of(text: &str, start: usize, end: usize) -> Excerpt {
        let start = floor(text, start);
        let end = floor(text, end.max(start));
        let first = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let last = text[start..].find('\n').map_or(text.len(), |at| start + at);
        let line = text[first..last].trim_end_matches('\r');
        let (from, to) = (
            (start - first).min(line.len()),
            (end - first).min(line.len()),
        );
        let (before, under, after) = (&line[..from], &line[from..to], &line[to..]);

        let head = floor(before, before.len().saturating_sub(BEFORE));
        let (under, under_cut) = cut(under, UNDER);
        let (after, after_cut) = if under_cut {
            ("", false)
        } else {
            cut(after, AFTER)
        };
        let mut shown = String::new();
        shown.push_str(if head > 0 { "…" } else { "" });
        shown.push_str(&escape::lines(&before[head..]));
        let from = shown.len();
        shown.push_str(&escape::lines(under));
        let to = shown.len();
        shown.push_str(&escape::lines(after));
        shown.push_str(if under_cut || after_cut { "…" } else { "" });
        let column = before.chars().count() + 1;
        Excerpt {
            is_moved: column != shown[..from].chars().count() + 1,
            text: shown,
            carets: from..to,
            line: line_number(text, start),
            column,
        }
    }
}

fn cut(text: &str, most: usize) -> (&str, bool) {
    let end = floor(text, most);
    (&text[..end], end < text.len())
}

/// The number of the line, from 1, in which byte `at` stands.
pub(super) fn line_number(text: &str, at: usize) -> usize {
    text[..floor(text, at)].matches('\n').count() + 1
}

/// The last place at or before `at` where a character starts or the text ends.
pub(super) fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// Text that may quote the outside, cut and on one line.
fn clip(text: &str) -> String {
    let (shown, is_cut) = cut(text, LONGEST);
    let mut shown = escape::lines(shown)
        .replace('\n', "\\n")
        .replace('\t', "\\t");
    shown.push_str(if is_cut { "…" } else { "" });
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(text: &str, start: usize, end: usize) -> String {
        let source = Source {
            name: "x.toml".into(),
            text: text.into(),
        };
        let at = Origin::At {
            source: 0,
            start,
            end,
        };
        let problem = Problem::error(at, "wrong").label("here").help("do this");
        render(&[source], &[problem], 0, Style::Plain)
    }

    #[test]
    fn a_problem_looks_like_cargos() {
        let text = drawn("a = 1\nbc = 23\n", 11, 13);
        assert_eq!(
            text,
            "error: wrong\n --> x.toml:2:6\n  |\n2 | bc = 23\n  |      ^^ here\n  |\n  = help: do this\n"
        );
    }

    #[test]
    fn a_long_line_is_cut_and_the_column_stays() {
        let text = format!("{}WRONG{}", "é".repeat(300), "y".repeat(1 << 20));
        let text = drawn(&text, 600, 605);
        assert!(text.contains("x.toml:1:301"), "{text}");
        assert!(text.contains("éWRONGy") && text.len() < 1000, "{text}");
    }

    #[test]
    fn no_control_character_gets_through_and_the_carets_stay() {
        let text = drawn("k\x1b[2J = \u{202e}7\0\r\n", 12, 13);
        assert!(text.contains("k\\x1b[2J = \\u{202e}7\\x00"), "{text:?}");
        assert!(
            text.chars().all(|c| c == '\n' || !c.is_control()),
            "{text:?}"
        );
    }

    #[test]
    fn a_span_outside_the_text_or_inside_a_character_is_no_panic() {
        for (start, end) in [(0, 0), (1, 1), (99, 200), (3, 1), (0, usize::MAX)] {
            assert!(drawn("é\n", start, end).contains("wrong"));
            assert!(drawn("", start, end).contains("wrong"));
        }
    }
}
