//! `lab --json`: every experiment with its verdict and every step.

use serde_json::{Value as Json, json as object};

use crate::lab::report::{Listed, Report, StepReport, Verdict};

/// `{"schema":"sockplay.lab","version":1,"experiments":[…]}`
pub fn json(reports: &[Report]) -> Json {
    let count = |passed: Option<bool>| reports.iter().filter(|r| r.passed() == passed).count();
    object!({
        "schema": "sockplay.lab",
        "version": 1,
        "passed": count(Some(true)),
        "failed": count(Some(false)),
        "skipped": count(None),
        "experiments": reports.iter().map(experiment).collect::<Vec<Json>>(),
    })
}

/// The list of `sockplay lab --json`: the same envelope without results.
pub fn list_json(listed: &[Listed]) -> Json {
    object!({
        "schema": "sockplay.lab-list",
        "version": 1,
        "experiments": listed,
    })
}

fn experiment(report: &Report) -> Json {
    let passed = report.passed();
    let skipped = match &report.verdict {
        Verdict::Skipped(reason) => Some(reason),
        _ => None,
    };
    let failure = match &report.verdict {
        Verdict::Failed {
            step,
            expected,
            came,
        } => Some(object!({ "step": step, "expected": expected, "came": came })),
        Verdict::Lost(why) => Some(object!({ "step": null, "expected": "a report", "came": why })),
        _ => None,
    };
    // Whether the kernel agrees was found out only by a run that did what was expected.
    let agrees = report.agrees.as_ref().filter(|_| passed == Some(true));
    object!({
        "name": report.name,
        "group": report.group,
        "title": report.title,
        "question": report.question,
        "claim": report.claim,
        "passed": passed,
        "skipped": skipped,
        "failure": failure,
        "agrees": agrees,
        "answer": (passed == Some(true)).then_some(&report.answer),
        "notes": report.notes,
        "elapsed_ns": report.elapsed_ns,
        "steps": report.steps.iter().map(step).collect::<Vec<Json>>(),
    })
}

fn step(step: &StepReport) -> Json {
    object!({
        "actor": step.actor,
        "does": step.does,
        "step": step.text,
        "met": step.met,
        "expected": step.expected,
        "came": step.came,
        "t_ns": step.t_ns,
        "elapsed_ns": step.elapsed_ns,
    })
}
