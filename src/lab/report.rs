//! What came of an experiment, as plain data: it goes from the process that ran it to the one that shows it, and every
//! renderer draws from it.

use serde::{Deserialize, Serialize};

use crate::event::Moment;

/// What came of one experiment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// What `sockplay lab` takes.
    pub name: String,
    /// The statement that holds.
    pub title: String,
    /// `tutorial`, `weird`, `useful`.
    pub group: String,
    /// What is said.
    pub claim: Option<String>,
    /// What it finds out.
    pub question: String,
    /// Whether the claim holds, as the file says it; to be shown only when the experiment passed.
    pub agrees: Option<String>,
    /// What came of it.
    pub verdict: Verdict,
    /// What this kernel did, with the values of this run.
    pub answer: String,
    /// Why.
    pub explanation: String,
    /// What to try then.
    pub next: Option<String>,
    /// What is worth knowing about this run: that there was no network of its own.
    pub notes: Vec<String>,
    /// The columns of the ladder.
    pub actors: Vec<String>,
    /// Of these, the processes of their own.
    pub processes: Vec<String>,
    /// What the ladder shows.
    pub moments: Vec<Moment>,
    /// Every step of the file.
    pub steps: Vec<StepReport>,
    /// How long it took.
    pub elapsed_ns: u64,
}

/// What came of an experiment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// All that was expected came.
    Passed,
    /// A step did not do what was expected.
    Failed {
        /// Counted from 1, notes included.
        step: usize,
        /// What should have come.
        expected: String,
        /// What came.
        came: String,
    },
    /// It was not run, for this reason.
    Skipped(String),
    /// It ended without a report: its process died or did not end in time.
    Lost(String),
}

/// What came of one step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepReport {
    /// Who.
    pub actor: String,
    /// What: the verb.
    pub does: String,
    /// The step as it stands in the file.
    pub text: String,
    /// Whether all that was expected came; `None`: it was not run, or there is nothing to run.
    pub met: Option<bool>,
    /// What was expected, in words; empty where only success was.
    pub expected: Vec<String>,
    /// The result, or the errno's name; `None`: it was not run.
    pub came: Option<String>,
    /// Since the start.
    pub t_ns: u64,
    /// How long it took, waiting included.
    pub elapsed_ns: u64,
}

impl Report {
    /// `None`: skipped.
    pub fn passed(&self) -> Option<bool> {
        match self.verdict {
            Verdict::Passed => Some(true),
            Verdict::Failed { .. } | Verdict::Lost(_) => Some(false),
            Verdict::Skipped(_) => None,
        }
    }
}

/// One line of the list of experiments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Listed {
    /// What `sockplay lab` takes.
    pub name: String,
    /// `tutorial`, `weird`, `useful`.
    pub group: String,
    /// The statement that holds.
    pub title: String,
    /// What is said.
    pub claim: Option<String>,
    /// What it finds out.
    pub question: String,
    /// What the machine must have.
    pub needs: Vec<String>,
}
