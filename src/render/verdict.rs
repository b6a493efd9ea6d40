//! What became of an option, on one line: `~ SO_RCVBUF 65536 -> 131072 (doubled for bookkeeping)`.

use std::fmt::Write as _;

use crate::event::OptionReport;
use crate::option::Verdict;

/// `=` honoured, `~` adjusted, `x` refused, `-` ignored; the values where they tell something, and the reason.
pub fn line(report: &OptionReport) -> String {
    let requested = clipped(&report.plain(&report.requested));
    let effective = report.effective.as_ref().map(|v| clipped(&report.plain(v)));
    let mut out = format!(
        "{} {} {requested}",
        report.ruling.verdict.sign(),
        report.name
    );
    if let Some(effective) =
        effective.filter(|e| *e != requested && report.ruling.verdict != Verdict::Honoured)
    {
        let _ = write!(out, " -> {effective}");
    }
    if let Some(why) = &report.ruling.why {
        let _ = write!(out, " ({why})");
    }
    out
}

/// A filter program or a list of groups is not for one line: at most 32 characters.
pub fn clipped(plain: &str) -> String {
    first(plain, 32)
}

/// At most so many characters, and dots where there are more.
pub fn first(plain: &str, most: usize) -> String {
    if plain.chars().count() <= most {
        return plain.to_owned();
    }
    let head: String = plain.chars().take(most.saturating_sub(3)).collect();
    format!("{head}...")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::option::{Ruling, Value};
    use crate::socket::Phase;

    #[test]
    fn a_changed_value_shows_both_sides_and_the_reason() {
        let report = OptionReport {
            name: "SO_RCVBUF".into(),
            row: None,
            level: "SOL_SOCKET".into(),
            phase: Phase::PreListen,
            requested: Value::Int(65536),
            default: None,
            effective: Some(Value::Int(131_072)),
            ruling: Ruling {
                verdict: Verdict::Adjusted,
                why: Some("doubled".into()),
            },
        };
        assert_eq!(line(&report), "~ SO_RCVBUF 65536 -> 131072 (doubled)");
    }
}
