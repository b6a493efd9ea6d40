//! Whether each `fd` and each `$value` of a step was made by an earlier one.

use std::collections::BTreeSet;

use super::kind::Kind;
use super::step::{Held, Step};
use super::verbs::{self, Verb};
use crate::option::Value;
use crate::profile::Problem;
use crate::profile::document::{Node, Problems, near, quoted};

/// What earlier steps have made.
#[derive(Debug)]
pub(super) struct Names {
    sockets: BTreeSet<String>,
    values: BTreeSet<String>,
}

impl Default for Names {
    fn default() -> Names {
        Names {
            sockets: BTreeSet::new(),
            values: BTreeSet::from(["tmp".to_owned()]),
        }
    }
}

impl Names {
    /// Holds a step against what there is, and remembers what it makes.
    pub(super) fn check(&mut self, step: &Step, at: &Node, problems: &mut Problems) {
        let row = verbs::of(step.verb);
        for (key, held) in &step.keys {
            let kind = row.param(key).map(|p| p.kind);
            for text in texts(held) {
                match kind {
                    Some(Kind::Socket | Kind::Sockets) => self.socket(text, at, problems),
                    Some(Kind::NewSocket | Kind::NewSockets | Kind::Save) => {}
                    _ => self.values(text, at, problems),
                }
            }
        }
        self.learn(step);
    }

    fn learn(&mut self, step: &Step) {
        let one = step.text("as").into_iter().map(str::to_owned);
        let many = step.texts("as").iter().cloned();
        self.sockets.extend(one.chain(many));
        if let (Verb::Crowd | Verb::AcceptAll, Some(name)) = (step.verb, step.text("as")) {
            // How many there will be is known when it runs: a thousand names are allowed.
            self.sockets
                .extend((1..=1000).map(|n| format!("{name}{n}")));
        }
        self.values.extend(step.text("save").map(str::to_owned));
    }

    fn socket(&self, name: &str, at: &Node, problems: &mut Problems) {
        if self.sockets.contains(name) {
            return;
        }
        problems.push(|| {
            let near = near(name, self.sockets.iter().map(String::as_str));
            let what = format!("no earlier step makes a socket called `{}`", quoted(name));
            Problem::error(at.at, what)
                .label("in this step")
                .helps(near.iter().map(|n| format!("did you mean `{n}`?")))
        });
    }

    fn values(&self, text: &str, at: &Node, problems: &mut Problems) {
        for name in mentioned(text) {
            if !self.values.contains(name) {
                problems.push(|| {
                    let near = near(name, self.values.iter().map(String::as_str));
                    let what = format!("no earlier step saves `{}`", quoted(name));
                    Problem::error(at.at, what)
                        .label("here")
                        .helps(near.iter().map(|n| format!("did you mean `${n}`?")))
                });
            }
        }
    }
}

fn texts(held: &Held) -> Vec<&str> {
    match held {
        Held::Text(text) | Held::Value(Value::Text(text)) => vec![text],
        Held::Texts(texts) => texts.iter().map(String::as_str).collect(),
        Held::Wanted(wanted) => wanted.bounds().collect(),
        Held::Fields(fields) => fields.iter().flat_map(|(_, w)| w.bounds()).collect(),
        _ => Vec::new(),
    }
}

impl Names {
    /// Holds the answer against what the steps have saved.
    pub(super) fn check_answer(&self, answer: &str, at: &Node, problems: &mut Problems) {
        self.values(answer, at, problems);
    }
}

/// The values that a text mentions, without what is behind a dot: `addr` for `$addr.port`.
pub(super) fn mentioned(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices('$').filter_map(|(at, _)| {
        let rest = &text[at + 1..];
        let end = rest
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
            .unwrap_or(rest.len());
        // `5 $` and `$5` are money.
        let named = rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        named.then(|| &rest[..end])
    })
}
