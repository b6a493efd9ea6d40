//! The table of options: what was asked of each, and what every socket of the probe holds.
//!
//! One line per option, and below it why; nothing is ever wider than the screen, so a filter program is cut, not wrapped
//! into its neighbours. [`super::socket_lines`] tells what the kernel keeps beside the options.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Effects, Style};

use super::verdict;
use crate::measure::report::OptionLine;
use crate::option::{Access, Kind, Value, Verdict};

/// Between two columns.
const GAP: usize = 2;
/// In front of every line, and before the first column: sign and blank.
const INDENT: usize = 4;
/// A value is not cut shorter than this, however narrow the screen is.
const LEAST: usize = 7;

/// The columns after the option's name.
const HEAD: [&str; 6] = [
    "set on",
    "default",
    "requested",
    "effective",
    "accepted",
    "client",
];

/// Every requested option, at most `width` columns wide, with a legend.
pub fn option_table(lines: &[OptionLine], width: usize) -> String {
    if lines.is_empty() {
        return "  options     none was requested. Try: --set options.SO_SNDBUF=65536; `sockplay options` lists them all\n"
            .to_owned();
    }
    let rows: Vec<Vec<String>> = lines.iter().map(cells).collect();
    let used = used_columns(&rows);
    let widths = widths(&rows, &used, width);
    let dim = Style::new().effects(Effects::DIMMED);
    let mut out = String::new();
    let head: Vec<&str> = std::iter::once("option").chain(HEAD).collect();
    let head = row(&head, &used, &widths);
    let _ = writeln!(out, "{:INDENT$}{dim}{head}{dim:#}", "");
    for (line, cells) in lines.iter().zip(&rows) {
        let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
        let verdict = line.report.ruling.verdict;
        let style = style(verdict);
        let _ = writeln!(
            out,
            "  {style}{}{style:#} {}",
            verdict.sign(),
            row(&cells, &used, &widths)
        );
        for piece in wrapped(&reasons(line), width.saturating_sub(INDENT + 2)) {
            let _ = writeln!(out, "{:1$}{dim}{piece}{dim:#}", "", INDENT + 2);
        }
    }
    legend(lines, width, &mut out);
    out
}

fn cells(line: &OptionLine) -> Vec<String> {
    let (report, held) = (&line.report, &line.held);
    let show = |value: Option<&Value>| value.map_or_else(String::new, |v| shown(line, v));
    // Of an option on accepted sockets the default is what one had from its listener.
    let default = held.fresh.as_ref().or(report.default.as_ref());
    let effective = match (&report.effective, report.ruling.verdict) {
        (None, Verdict::Refused) => "refused".to_owned(),
        (None, _) if is_write_only(line) => "write-only".to_owned(),
        (None, _) => "unreadable".to_owned(),
        (value, _) => show(value.as_ref()),
    };
    vec![
        report.name.clone(),
        line.set_on.to_owned(),
        show(default),
        shown(line, &report.requested),
        effective,
        show(held.accepted.as_ref()),
        show(held.client.as_ref()),
    ]
}

fn is_write_only(line: &OptionLine) -> bool {
    let row = line.report.row;
    row.is_some_and(|row| row.access == Access::WriteOnly)
}

/// A value with its unit: bytes have none of their own in the registry, where profiles write plain numbers, and struct
/// linger is what a profile writes for it.
fn shown(line: &OptionLine, value: &Value) -> String {
    let kind = line.report.row.map(|row| row.kind);
    match (kind, value) {
        (Some(Kind::Size), Value::Int(n)) => format!("{n} B"),
        (Some(Kind::Linger), Value::Struct(_)) => {
            match (value.field("onoff"), value.field("linger")) {
                (Some(Value::Int(0)), _) => "off".to_owned(),
                (_, Some(Value::Int(seconds))) => format!("{seconds} s"),
                _ => line.report.plain(value),
            }
        }
        _ => line.report.plain(value),
    }
}

/// Columns in which nothing stands are left out: datagrams have no accepted socket.
fn used_columns(rows: &[Vec<String>]) -> Vec<usize> {
    let columns = rows.first().map_or(0, Vec::len);
    (0..columns)
        .filter(|&c| rows.iter().any(|row| !row[c].is_empty()))
        .collect()
}

/// As wide as what stands in it; where that is too much for the screen, the widest values give way.
fn widths(rows: &[Vec<String>], used: &[usize], width: usize) -> Vec<usize> {
    let longest = |&c: &usize| {
        let head = if c == 0 { "option" } else { HEAD[c - 1] };
        let cells = rows.iter().map(|row| row[c].chars().count());
        cells.chain([head.len()]).max().unwrap_or(0)
    };
    let mut widths: Vec<usize> = used.iter().map(longest).collect();
    let room = width.saturating_sub(INDENT + GAP * used.len().saturating_sub(1));
    while widths.iter().sum::<usize>() > room {
        // The name and the socket are words; the last of the widest values is cut first.
        let Some(widest) = (2..widths.len()).max_by_key(|&c| widths[c]) else {
            break;
        };
        if widths[widest] <= LEAST {
            break;
        }
        widths[widest] -= 1;
    }
    widths
}

fn row(cells: &[&str], used: &[usize], widths: &[usize]) -> String {
    let gap = " ".repeat(GAP);
    let cells: Vec<String> = used
        .iter()
        .zip(widths)
        .map(|(&c, &width)| format!("{:width$}", verdict::first(cells[c], width)))
        .collect();
    cells.join(&gap).trim_end().to_owned()
}

fn reasons(line: &OptionLine) -> String {
    let why = line.report.ruling.why.iter();
    let all: Vec<&str> = why.chain(&line.why_held).map(String::as_str).collect();
    all.join("; ")
}

/// Broken at blanks, each piece at most `width` wide; a word that is longer is cut.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let word = verdict::first(word, width);
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.push(word),
        }
    }
    lines
}

fn style(verdict: Verdict) -> Style {
    match verdict {
        Verdict::Honoured => AnsiColor::Green.on_default(),
        Verdict::Adjusted => AnsiColor::Yellow.on_default(),
        Verdict::Refused => AnsiColor::Red.on_default(),
        Verdict::Ignored => Style::new().effects(Effects::DIMMED),
    }
}

/// Only the signs that occur, and what the columns are.
fn legend(lines: &[OptionLine], width: usize, out: &mut String) {
    let all = [
        (Verdict::Honoured, "as requested"),
        (Verdict::Adjusted, "adjusted by the kernel"),
        (Verdict::Refused, "refused"),
        (Verdict::Ignored, "taken, and without effect"),
    ];
    let signs: Vec<String> = all
        .into_iter()
        .filter(|(verdict, _)| lines.iter().any(|l| l.report.ruling.verdict == *verdict))
        .map(|(verdict, words)| format!("{} {words}", verdict.sign()))
        .collect();
    let mut columns = "default: fresh socket; effective: right after the set".to_owned();
    if lines.iter().any(|l| l.held.accepted.is_some()) {
        columns.push_str("; accepted, client: once connected");
    } else if lines.iter().any(|l| l.held.client.is_some()) {
        columns.push_str("; client: once connected");
    }
    let dim = Style::new().effects(Effects::DIMMED);
    for text in [signs.join(", "), columns] {
        for piece in wrapped(&text, width.saturating_sub(2)) {
            let _ = writeln!(out, "  {dim}{piece}{dim:#}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::OptionReport;
    use crate::measure::report::SocketFacts;
    use crate::option::{Ruling, find};
    use crate::socket::Phase;

    fn line(name: &str, value: Value, verdict: Verdict, why: Option<&str>) -> OptionLine {
        let row = find(name).unwrap();
        OptionLine {
            report: OptionReport {
                name: name.into(),
                row: Some(row),
                level: row.level.name.into(),
                phase: Phase::PreListen,
                requested: value.clone(),
                default: None,
                effective: Some(value.clone()),
                ruling: Ruling {
                    verdict,
                    why: why.map(str::to_owned),
                },
            },
            set_on: "listener",
            held: SocketFacts {
                fresh: Some(value),
                ..SocketFacts::default()
            },
            why_held: vec!["a second reason, which is long enough to be broken at a blank".into()],
        }
    }

    fn plain(lines: &[OptionLine], width: usize) -> String {
        anstream::adapter::strip_str(&option_table(lines, width)).to_string()
    }

    #[test]
    fn nothing_is_wider_than_the_screen() {
        let program = Value::List(vec![Value::Text("x".repeat(300)); 3]);
        let lines = [
            line(
                "SO_RCVBUF",
                Value::Int(65536),
                Verdict::Adjusted,
                Some("doubled"),
            ),
            line("SO_GET_FILTER", program, Verdict::Honoured, None),
            line(
                "SO_PEERNAME",
                Value::Bytes(vec![7; 128]),
                Verdict::Adjusted,
                Some(&"07".repeat(128)),
            ),
        ];
        for width in [60, 80, 100, 200] {
            let text = plain(&lines, width);
            let widest = text.lines().map(|l| l.chars().count()).max();
            assert!(widest.unwrap() <= width, "{width}: {text}");
            assert!(text.contains("65536 B"), "{text}");
        }
    }

    #[test]
    fn a_line_has_its_sign_and_its_reasons_below() {
        let text = plain(
            &[line(
                "SO_RCVBUF",
                Value::Int(1),
                Verdict::Adjusted,
                Some("doubled"),
            )],
            100,
        );
        assert!(text.contains("\n  ~ SO_RCVBUF  listener"), "{text}");
        assert!(text.contains("\n      doubled; a second reason"), "{text}");
        assert!(text.contains("~ adjusted by the kernel"), "{text}");
        assert!(!text.contains("= as requested"), "only what occurs: {text}");
        assert!(!text.contains("accepted"), "no such socket: {text}");
    }

    #[test]
    fn a_linger_time_is_shown_as_it_is_written() {
        let linger = |onoff, seconds| {
            let field = |name: &str, n| (name.to_owned(), Value::Int(n));
            let value = Value::Struct(vec![field("onoff", onoff), field("linger", seconds)]);
            let line = line("SO_LINGER", value.clone(), Verdict::Honoured, None);
            shown(&line, &value)
        };
        assert_eq!(linger(0, 5), "off");
        assert_eq!(linger(1, 5), "5 s");
    }

    #[test]
    fn without_an_option_there_is_something_to_try() {
        let text = option_table(&[], 100);
        assert!(
            text.contains("none was requested") && text.contains("--set "),
            "{text}"
        );
    }
}
