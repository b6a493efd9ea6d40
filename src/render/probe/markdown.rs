//! A report as GitHub-flavoured Markdown: for an issue, a wiki, a pull request.
//!
//! Whatever is not written here is escaped, so that a name can neither format text nor leave its cell. Charts are left to
//! HTML; the histogram is drawn as text.

use std::fmt::Write as _;

use super::bars::histogram;
use super::page::{Detail, Environment, Fact, Grid, Page, Part, Rank, Says};
use super::screen::Glyphs;
use super::spark;
use crate::escape;
use crate::measure::Report;

/// The report as Markdown.
pub fn markdown(report: &Report, environment: &Environment) -> String {
    let page = Page::of(report, Detail::Full);
    let mut out = format!("# {}\n", text(&page.title));
    for section in &page.sections {
        let level = match section.rank {
            Rank::Top => "##",
            Rank::Within => "###",
        };
        let _ = writeln!(out, "\n{level} {}", text(&section.heading));
        for part in &section.parts {
            self::part(part, &mut out);
        }
    }
    let _ = writeln!(out, "\n{}", text(&environment.line()));
    out
}

fn part(part: &Part<'_>, out: &mut String) {
    match part {
        Part::Facts(facts) => {
            out.push('\n');
            for one in facts {
                fact(one, out);
            }
        }
        Part::Table(grid) => {
            out.push('\n');
            table(grid, out);
        }
        Part::Lines(lines) => {
            out.push('\n');
            for line in lines {
                let _ = writeln!(out, "- {}", text(&line.says));
            }
        }
        Part::Histogram(times) => {
            let bars = histogram(times, WIDTH);
            let _ = write!(out, "\n```text\n{bars}```\n");
        }
        // The percentiles and the ratios stand in words and tables already.
        Part::Percentiles(_) | Part::Forest(..) => {}
        Part::Toml(toml) => {
            let toml = escape::lines(toml);
            let fence = fence(&toml);
            let _ = write!(out, "\n{fence}toml\n{}\n{fence}\n", toml.trim_end());
        }
    }
}

/// Columns of the histogram.
const WIDTH: usize = 90;

fn fact(fact: &Fact<'_>, out: &mut String) {
    let says = match &fact.says {
        Says::Text(says) => text(says),
        Says::Lines(lines) => match lines.as_slice() {
            [one] => text(one),
            // A list in the list.
            several => several
                .iter()
                .fold(String::new(), |out, line| out + "\n  - " + &text(line)),
        },
        Says::Course(slices) => match spark::line(slices, Glyphs::Unicode) {
            Some(course) => format!("`{}` {}", course.bars, course.says()),
            None => return,
        },
    };
    let gap = if says.starts_with('\n') { "" } else { " " };
    let _ = writeln!(out, "- **{}**:{gap}{says}", fact.name);
}

fn table(grid: &Grid, out: &mut String) {
    let grid = grid.trimmed();
    let verdicts = grid.rows.iter().any(|r| !r.word.is_empty());
    let reasons = grid
        .rows
        .iter()
        .any(|r| r.why.as_ref().is_some_and(|w| !w.is_empty()));
    let mut line = |first: &str, cells: &[String], why: &str| {
        out.push('|');
        if verdicts {
            let _ = write!(out, " {first} |");
        }
        for cell in cells
            .iter()
            .map(String::as_str)
            .chain(reasons.then_some(why))
        {
            let _ = write!(out, " {} |", text(cell));
        }
        out.push('\n');
    };
    let (why, head) = grid.head.split_last().expect("a table has columns");
    line("", head, why);
    line("---", &vec!["---".to_owned(); head.len()], "---");
    for row in &grid.rows {
        line(row.word, &row.cells, row.why.as_deref().unwrap_or(""));
    }
    if let Some(note) = &grid.note {
        let _ = writeln!(out, "\n{}", text(note));
    }
}

/// A fence that is longer than any in the text.
fn fence(text: &str) -> String {
    let mut longest = 2;
    for run in text.split(|c| c != '`') {
        longest = longest.max(run.len());
    }
    "`".repeat(longest + 1)
}

/// Text that formats nothing: every character that Markdown or HTML may take for more than itself gets a backslash.
/// Underscores and stars inside of words do no harm, but who can tell; so they get one too.
fn text(text: &str) -> String {
    let plain = escape::lines(text).replace(['\n', '\t'], " ");
    let mut out = String::with_capacity(plain.len() + 8);
    for c in plain.chars() {
        if matches!(
            c,
            '\\' | '`'
                | '*'
                | '_'
                | '{'
                | '}'
                | '['
                | ']'
                | '<'
                | '>'
                | '|'
                | '#'
                | '~'
                | '&'
                | '$'
                | '@'
        ) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::tests::sample;
    use super::*;

    fn of(report: &Report) -> String {
        markdown(report, &Environment::default())
    }

    /// Cells of a row: what stands between bars that are not escaped.
    fn cells(row: &str) -> usize {
        let bytes = row.as_bytes();
        let bar = |i: &usize| bytes[*i] == b'|' && (*i == 0 || bytes[i - 1] != b'\\');
        (0..bytes.len()).filter(bar).count() - 1
    }

    #[test]
    fn every_row_of_a_table_has_the_cells_of_its_head() {
        for report in [
            sample::single(),
            sample::compared(),
            sample::distant(),
            sample::hostile(),
            sample::crowd(),
        ] {
            let text = of(&report);
            let mut tables = 0;
            let mut width = None;
            for line in text.lines() {
                match (line.starts_with('|'), width) {
                    (false, _) => width = None,
                    (true, None) => {
                        tables += 1;
                        width = Some(cells(line));
                    }
                    (true, Some(width)) => assert_eq!(cells(line), width, "{line}"),
                }
            }
            assert!(tables >= 1, "{text}");
        }
    }

    #[test]
    fn every_part_is_there() {
        let text = of(&sample::compared());
        for part in [
            "# tcp4-nodelay, tcp4-nagle compared",
            "\n## comparison\n",
            "| options.TCP\\_NODELAY | true | - |",
            "\n## tcp4-nagle\n",
            "\n### options\n",
            "| adjusted | SO\\_RCVBUF |",
            "- **round trip**: min",
            "```toml\n[socket]",
            "| not met | echo.rtt\\_ns.p99 \\< 2ms |",
            "█",
        ] {
            assert!(text.contains(part), "`{part}` is not in:\n{text}");
        }
    }

    #[test]
    fn nothing_from_outside_formats() {
        let text = of(&sample::hostile());
        assert!(
            !text.contains("<script")
                || text.matches("<script").count() == text.matches("\\<script").count() + 2
        );
        assert!(!text.contains(|c: char| c.is_control() && c != '\n'));
        assert_eq!(fence("a ```` b"), "`````");
        assert_eq!(super::text("a|b`c`<d>"), "a\\|b\\`c\\`\\<d\\>");
    }
}
