//! The list, the page of one experiment, and the summary of many, for a terminal.

use std::fmt::Write as _;

use crate::lab::report::{Listed, Report, Verdict};
use crate::render::probe::Screen;

/// Everything there is, in its groups.
pub fn list(listed: &[Listed], _: Screen) -> String {
    let mut out = String::new();
    for one in listed {
        let _ = writeln!(out, "{:<24} {}", one.name, one.question);
    }
    out
}

/// One page per experiment.
pub fn pages(reports: &[Report], screen: Screen) -> String {
    reports.iter().map(|r| page(r, screen)).collect()
}

fn page(report: &Report, _: Screen) -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "{}: {}\n{}\n",
        report.name, report.title, report.question
    );
    for (n, step) in report.steps.iter().enumerate() {
        let met = match step.met {
            Some(true) => "ok ",
            Some(false) => "NO ",
            None => "-  ",
        };
        let came = step.came.as_deref().unwrap_or("");
        let _ = writeln!(
            out,
            "{:>3} {met} {}  -> {came} {}",
            n + 1,
            step.text,
            crate::lab::run::shown(step.elapsed_ns)
        );
    }
    let _ = writeln!(
        out,
        "\n{:?}\n{}\n{:?}",
        report.verdict, report.answer, report.notes
    );
    out
}

/// A table of many.
pub fn summary(reports: &[Report], _: Screen) -> String {
    let mut out = String::new();
    for r in reports {
        let _ = writeln!(out, "{:<24} {:?}", r.name, r.verdict);
    }
    out
}

/// One line about an experiment that did not do what was expected.
pub fn failure(report: &Report) -> String {
    match &report.verdict {
        Verdict::Failed {
            step,
            expected,
            came,
        } => format!(
            "not met: {}, step {step}: expected {expected}, came {came}",
            report.name
        ),
        Verdict::Lost(why) => format!("not met: {}: {why}", report.name),
        Verdict::Passed | Verdict::Skipped(_) => String::new(),
    }
}
