//! The option table of one run: what was requested, what each socket holds, and why.

use super::page::{Grid, Row, Tone};
use crate::measure::report::OptionLine;
use crate::option::{Access, Kind, Value, Verdict};
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
        signs: signs(lines),
        note: Some(columns(lines)),
    })
}

fn row(line: &OptionLine) -> Row {
    let (r, held) = (&line.report, &line.held);
    let show = |value: Option<&Value>| value.map_or_else(String::new, |v| shown(line, v));
    // The socket that it was set on has its value under "effective" already.
    let listener = held.listener.as_ref().filter(|_| line.set_on == "client");
    let effective = match (&r.effective, r.ruling.verdict) {
        (None, Verdict::Refused) => "refused".to_owned(),
        (None, _) if r.row.is_some_and(|row| row.access == Access::WriteOnly) => {
            "write-only".to_owned()
        }
        (None, _) => "unreadable".to_owned(),
        (value, _) => show(value.as_ref()),
    };
    let why = r.ruling.why.iter().chain(&line.why_held);
    let why: Vec<&str> = why.map(String::as_str).collect();
    Row {
        tone: tone(r.ruling.verdict),
        word: r.ruling.verdict.name(),
        cells: vec![
            r.name.clone(),
            line.set_on.to_owned(),
            // Of an option on accepted sockets the default is what one had from its listener.
            show(held.fresh.as_ref().or(r.default.as_ref())),
            shown(line, &r.requested),
            effective,
            show(listener),
            show(held.accepted.as_ref()),
            show(held.client.as_ref()),
        ],
        why: (!why.is_empty()).then(|| why.join("; ")),
    }
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
                _ => verdict::clipped(&line.report.plain(value)),
            }
        }
        _ => verdict::clipped(&line.report.plain(value)),
    }
}

/// Only the signs that occur.
fn signs(lines: &[OptionLine]) -> Vec<(Tone, &'static str)> {
    let all = [
        (Verdict::Honoured, "as requested"),
        (Verdict::Adjusted, "adjusted by the kernel"),
        (Verdict::Refused, "refused"),
        (Verdict::Ignored, "taken, and without effect"),
    ];
    all.into_iter()
        .filter(|(verdict, _)| lines.iter().any(|l| l.report.ruling.verdict == *verdict))
        .map(|(verdict, words)| (tone(verdict), words))
        .collect()
}

/// What the columns mean that are there.
fn columns(lines: &[OptionLine]) -> String {
    let mut note = "default: of a fresh socket; effective: right after the set".to_owned();
    if lines.iter().any(|l| l.held.accepted.is_some()) {
        note.push_str("; accepted, client: once connected");
    } else if lines.iter().any(|l| l.held.client.is_some()) {
        note.push_str("; client: once connected");
    }
    note
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

#[cfg(test)]
mod tests {
    use super::super::tests::sample;
    use super::*;

    #[test]
    fn only_what_occurs_is_explained() {
        let mut run = sample::single().runs.remove(0);
        run.options.truncate(1);
        run.options[0].held.accepted = None;
        let grid = table(&run.options).unwrap();
        assert_eq!(grid.signs, [(Tone::Good, "as requested")]);
        let note = grid.note.unwrap();
        assert!(note.ends_with("; client: once connected"), "{note}");
        assert!(table(&[]).is_none());
    }

    #[test]
    fn a_value_is_shown_as_it_is_written() {
        let mut line = sample::single().runs.remove(0).options.remove(1);
        assert_eq!(shown(&line, &Value::Int(65_536)), "65536 B");
        line.report.row = crate::option::find("SO_LINGER");
        let linger = |onoff, seconds| {
            let field = |name: &str, n| (name.to_owned(), Value::Int(n));
            Value::Struct(vec![field("onoff", onoff), field("linger", seconds)])
        };
        assert_eq!(shown(&line, &linger(0, 5)), "off");
        assert_eq!(shown(&line, &linger(1, 5)), "5 s");
        let long = Value::Text("x".repeat(300));
        assert!(shown(&line, &long).len() <= 32);
    }

    #[test]
    fn what_cannot_be_read_says_why() {
        let mut line = sample::single().runs.remove(0).options.remove(2);
        assert_eq!(row(&line).cells[4], "refused");
        line.report.ruling.verdict = Verdict::Honoured;
        assert_eq!(row(&line).cells[4], "unreadable");
    }
}
