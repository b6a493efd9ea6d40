//! What a server that is not ours does.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::nanos;
use crate::measure::report;

/// Everything that was found out about a server.
#[derive(Serialize, JsonSchema)]
pub(super) struct Remote<'a> {
    /// What its name stands for.
    resolution: Resolution<'a>,
    /// Each address that was tried, in order.
    attempts: Vec<Attempt<'a>>,
    /// By topic: `greeting`, `echo`, `requests`, `boundaries`, `largest`, `half_close`, `close`, `path`, `ttl`; what was
    /// not looked at is left out.
    findings: BTreeMap<&'a str, Finding<'a>>,
}

/// getaddrinfo(3).
#[derive(Serialize, JsonSchema)]
struct Resolution<'a> {
    /// As it was given.
    name: &'a str,
    /// How long the resolver took; null: it was not needed.
    took_ns: Option<u64>,
    /// All answers, in its order.
    answers: Vec<Answer<'a>>,
}

/// One address of the name.
#[derive(Serialize, JsonSchema)]
struct Answer<'a> {
    /// With its port.
    address: &'a str,
    /// Whether this one was used.
    used: bool,
    /// Why it was not even tried; null if it was, or was not needed.
    passed_over: Option<&'a str>,
}

/// One connect(2).
#[derive(Serialize, JsonSchema)]
struct Attempt<'a> {
    /// To whom.
    address: &'a str,
    /// How long it took.
    took_ns: u64,
    /// The errno's name; null: it succeeded, or it ended for another reason.
    errno: Option<&'a str>,
    /// The errno, or the other reason, explained; null: it succeeded.
    says: Option<&'a str>,
}

/// One thing that was found out.
#[derive(Serialize, JsonSchema)]
struct Finding<'a> {
    /// In a word.
    outcome: &'a str,
    /// In a sentence.
    says: &'a str,
    /// The number in it, in the topic's unit: bytes, requests, hops; null if there is none.
    value: Option<u64>,
}

impl<'a> Remote<'a> {
    pub(super) fn of(remote: &'a report::Remote) -> Remote<'a> {
        let resolution = &remote.resolution;
        Remote {
            resolution: Resolution {
                name: &resolution.name,
                took_ns: resolution.took.map(nanos),
                answers: resolution.answers.iter().map(Answer::of).collect(),
            },
            attempts: remote.attempts.iter().map(Attempt::of).collect(),
            findings: remote
                .findings
                .iter()
                .map(|f| (f.topic.name(), Finding::of(f)))
                .collect(),
        }
    }
}

impl<'a> Answer<'a> {
    fn of(answer: &'a report::Answer) -> Answer<'a> {
        Answer {
            address: &answer.address,
            used: answer.used,
            passed_over: answer.passed_over.as_deref(),
        }
    }
}

impl<'a> Attempt<'a> {
    fn of(attempt: &'a report::Attempt) -> Attempt<'a> {
        let refused = attempt.refused.as_ref();
        Attempt {
            address: &attempt.address,
            took_ns: nanos(attempt.took),
            errno: refused
                .map(|r| r.errno.as_str())
                .filter(|name| !name.is_empty()),
            says: refused.map(|r| r.says.as_str()),
        }
    }
}

impl<'a> Finding<'a> {
    fn of(finding: &'a report::Finding) -> Finding<'a> {
        Finding {
            outcome: finding.outcome,
            says: &finding.says,
            value: finding.value,
        }
    }
}
