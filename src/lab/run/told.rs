//! From an experiment to its [`Report`]: what the file says, beside what came of it.

use crate::event::Moment;
use crate::lab::file::step::{Experiment, Held, Step};
use crate::lab::file::verbs;
use crate::lab::report::{Report, StepReport, Verdict};

/// The report of an experiment that was not run.
pub fn not_run(experiment: &Experiment, verdict: Verdict, notes: Vec<String>) -> Report {
    let steps = experiment.steps.iter().map(pending).collect();
    let moments = Vec::new();
    told(experiment, verdict, notes, steps, moments, 0)
}

/// A step before it is run.
pub(super) fn pending(step: &Step) -> StepReport {
    let does = match step.get("note") {
        Some(Held::Text(_)) => "note",
        _ => verbs::of(step.verb).name,
    };
    StepReport {
        actor: step.actor.clone(),
        does: does.to_owned(),
        text: step.text.clone(),
        met: None,
        expected: Vec::new(),
        came: None,
        t_ns: 0,
        elapsed_ns: 0,
    }
}

pub(super) fn told(
    experiment: &Experiment,
    verdict: Verdict,
    notes: Vec<String>,
    steps: Vec<StepReport>,
    moments: Vec<Moment>,
    elapsed_ns: u64,
) -> Report {
    Report {
        name: experiment.name.clone(),
        title: experiment.title.clone(),
        group: experiment.group.name().to_owned(),
        claim: experiment.claim.clone(),
        question: experiment.question.clone(),
        agrees: experiment.agrees.map(|a| a.name().to_owned()),
        verdict,
        answer: String::new(),
        explanation: experiment.explanation.clone(),
        next: experiment.next.clone(),
        notes,
        actors: experiment.actors.clone(),
        processes: experiment.processes.clone(),
        moments,
        steps,
        elapsed_ns,
    }
}
