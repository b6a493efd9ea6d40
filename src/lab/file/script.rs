//! What must hold between the keys of a step and between steps: one function per rule.

use std::collections::BTreeSet;

use super::step::{Held, Step};
use super::verbs::{self, Verb};
use crate::option::{Access, Value};
use crate::profile::Problem;
use crate::profile::document::{Node, Problems, quoted};

/// What earlier steps have begun.
#[derive(Debug, Default)]
pub(super) struct Script {
    blocked: BTreeSet<String>,
    serving: BTreeSet<String>,
}

impl Script {
    /// Holds a step against the rules and those before it.
    pub(super) fn check(
        &mut self,
        step: &Step,
        at: &Node,
        processes: &[String],
        problems: &mut Problems,
    ) {
        let mut wrong = |message: String, label: &str| {
            problems.push(|| Problem::error(at.at, message).label(label.to_owned()));
        };
        if let Some(why) = one_payload(step).or_else(|| two_names(step)) {
            wrong(why, "in this step");
        }
        if let Some(why) = takes_value(step) {
            wrong(why, "the kernel would never see it");
        }
        let actor = quoted(&step.actor);
        if step.verb == Verb::Exit && !processes.contains(&step.actor) {
            wrong(format!("`{actor}` is no process"), "name it in `processes`");
        }
        match step.verb {
            Verb::Serve if !self.serving.insert(step.actor.clone()) => {
                wrong(
                    format!("`{actor}` serves already"),
                    "an actor has one server at a time",
                );
            }
            Verb::Says if !self.serving.contains(&step.actor) => {
                wrong(
                    format!("`{actor}` serves nobody"),
                    "an earlier step of it needs `serve`",
                );
            }
            Verb::Stops if !self.serving.remove(&step.actor) => {
                wrong(
                    format!("`{actor}` serves nobody"),
                    "an earlier step of it needs `serve`",
                );
            }
            _ => {}
        }
        let waits = self.blocked.contains(&step.actor);
        match (step.verb, waits) {
            (Verb::Note, _) => {}
            (Verb::Returns, true) => {
                self.blocked.remove(&step.actor);
            }
            (Verb::Returns, false) => {
                wrong(
                    format!("`{actor}` waits in no call"),
                    "an earlier step of it needs `blocks`",
                );
            }
            (_, true) => wrong(
                format!("`{actor}` still waits in a call"),
                "a step with `returns` ends that first",
            ),
            (_, false) if step.get("blocks").is_some() => {
                self.blocked.insert(step.actor.clone());
            }
            _ => {}
        }
    }
}

/// What is sent is said once.
fn one_payload(step: &Step) -> Option<String> {
    let is_input = |key: &&str| {
        let param = verbs::of(step.verb).param(key);
        let input = param.is_some_and(|p| !p.kind.is_expectation());
        input && step.get(key).is_some()
    };
    let given: Vec<&str> = ["data", "hex", "bytes"]
        .into_iter()
        .filter(is_input)
        .collect();
    (given.len() > 1).then(|| {
        format!(
            "what to send is said by `{}`: one of them",
            given.join("` and `")
        )
    })
}

fn two_names(step: &Step) -> Option<String> {
    let wrong = step.verb == Verb::Socketpair && step.texts("as").len() != 2;
    wrong.then(|| "`as` of a socketpair names two sockets".to_owned())
}

/// A number goes to the kernel as it is, since what it refuses may be the subject; a text must be what the option takes.
fn takes_value(step: &Step) -> Option<String> {
    let (row, Held::Value(value)) = (step.option()?, step.get("value")?) else {
        return None;
    };
    let is_number = matches!(value, Value::Int(_));
    let is_later = matches!(value, Value::Text(text) if text.contains('$'));
    if is_number || is_later || row.access == Access::ReadOnly {
        return None;
    }
    let why = row.encode(value).err()?;
    Some(format!("`{}` {why}", row.name))
}
