//! The option table of one run: what was requested, what each socket holds, and why.

use super::page::{Grid, Row, Tone};
use crate::measure::report::OptionLine;
use crate::option::{Value, Verdict};
use crate::render::verdict;

/// One row per requested option; no table without any.
pub(super) fn table(lines: &[OptionLine]) -> Option<Grid> {
    if lines.is_empty() {
        return None;
    }
    let head = [
        "option",
        "set on",
        "default",
        "requested",
        "effective",
        "listener",
        "accepted",
        "client",
        "why",
    ];
    Some(Grid {
        head: head.map(str::to_owned).into(),
        rows: lines.iter().map(row).collect(),
        legend: Some("= honoured, ~ adjusted, x refused, - ignored by the kernel"),
    })
}

fn row(line: &OptionLine) -> Row {
    let r = &line.report;
    let show = |value: Option<&Value>| {
        value.map_or_else(|| "-".to_owned(), |v| verdict::clipped(&r.plain(v)))
    };
    // The socket that it was set on has its value under "effective" already.
    let listener = line
        .held
        .listener
        .as_ref()
        .filter(|_| line.set_on == "client");
    let why: Vec<&str> = r
        .ruling
        .why
        .iter()
        .chain(&line.why_held)
        .map(String::as_str)
        .collect();
    Row {
        tone: tone(r.ruling.verdict),
        word: r.ruling.verdict.name(),
        cells: vec![
            r.name.clone(),
            line.set_on.to_owned(),
            show(line.held.fresh.as_ref().or(r.default.as_ref())),
            show(Some(&r.requested)),
            show(r.effective.as_ref()),
            show(listener),
            show(line.held.accepted.as_ref()),
            show(line.held.client.as_ref()),
        ],
        why: (!why.is_empty()).then(|| why.join("; ")),
    }
}

/// How a verdict is to be taken.
pub(super) const fn tone(verdict: Verdict) -> Tone {
    match verdict {
        Verdict::Honoured => Tone::Good,
        Verdict::Adjusted => Tone::Changed,
        Verdict::Refused => Tone::Bad,
        Verdict::Ignored => Tone::Quiet,
    }
}
