//! From the tree to an [`Experiment`]: keys at the top, then one table per step.
//!
//! Nothing stops at the first problem; a verb or a key that nobody knows gets the nearest ones that the verb takes.

use super::step::{Agrees, Experiment, Group, Held, Network, Step};
use super::verbs::Verb;
use super::{held, steps};
use crate::profile::document::{Data, Entry, Problems, Table, near, quoted, refused};
use crate::profile::{Invalid, Origin, Problem, Source, document};

/// What a name is made of.
pub const NAME_RULE: &str = "letters, digits, - and _";

/// The keys at the top of the file, in the order of the documentation, each with one line.
pub const TOP: &[(&str, &str)] = &[
    ("title", "the statement that holds, on one line"),
    ("group", "tutorial, weird or useful"),
    (
        "claim",
        "what is said about it, by the article or a manual; then `agrees` says whether it holds",
    ),
    ("question", "what the experiment finds out"),
    ("agrees", "whether the kernel does what the claim says"),
    (
        "needs",
        "what the machine must have, or the experiment is skipped: a capability, namespace, ipv6, mptcp, an option",
    ),
    (
        "processes",
        "actors that are processes of their own instead of threads",
    ),
    (
        "actors",
        "the columns of the ladder from left to right; left out: in order of appearance",
    ),
    (
        "network",
        "own: a network namespace of its own; shared: the machine's",
    ),
    ("steps", "what happens, one line each, one after the other"),
    ("answer", "what this kernel did, with $saved values"),
    ("explanation", "why"),
    ("next", "what to try then"),
];

/// The most steps: a ladder of more is no picture.
const MOST_STEPS: usize = 400;

/// Whether text can be a name.
pub fn is_name(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    (1..=40).contains(&text.len()) && text.chars().all(allowed)
}

/// Reads an experiment from its text; `source` is what messages call it.
///
/// # Errors
/// Everything that is wrong with it.
pub fn parse(name: &str, source: &str, text: &str) -> Result<Experiment, Invalid> {
    let mut problems = Problems::default();
    let tree = document::parse(text, 0, &mut problems);
    let syntax = if problems.is_empty() {
        Syntax::Right
    } else {
        Syntax::Wrong
    };
    for entry in &tree.entries {
        if !TOP.iter().any(|(key, _)| *key == entry.key) {
            problems.push(|| unknown_top(entry));
        }
    }
    let mut top = Top {
        tree: &tree,
        problems: &mut problems,
        syntax,
    };
    let experiment = top.experiment(name, text);
    let sources = [Source {
        name: source.to_owned(),
        text: text.to_owned(),
    }];
    problems.none_in(&sources)?;
    Ok(experiment)
}

fn unknown_top(entry: &Entry) -> Problem {
    let near = near(&entry.key, TOP.iter().map(|(key, _)| *key));
    Problem::error(entry.at, format!("unknown key `{}`", quoted(&entry.key)))
        .label("no such key at the top of an experiment")
        .helps(near.iter().map(|n| format!("did you mean `{n}`?")))
}

/// The table at the top, on its way to an experiment.
struct Top<'a> {
    tree: &'a Table,
    problems: &'a mut Problems,
    syntax: Syntax,
}

/// Whether the file is TOML: else what seems to be missing may be behind the mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Syntax {
    Right,
    Wrong,
}

impl Top<'_> {
    fn experiment(&mut self, name: &str, text: &str) -> Experiment {
        let claim = self.text("claim");
        let agrees = self.word("agrees", &Agrees::ALL, Agrees::name);
        self.claim_and_agrees_go_together();
        let processes = self.names("processes");
        let steps = self.steps(text, &processes);
        self.processes_act(&processes, &steps);
        let actors = self.actors(&steps);
        Experiment {
            name: name.to_owned(),
            title: self.required("title"),
            group: self
                .word("group", &Group::ALL, Group::name)
                .unwrap_or(Group::Useful),
            claim,
            question: self.required("question"),
            agrees,
            needs: self.needs(),
            processes,
            actors,
            network: self
                .word("network", &[Network::Own, Network::Shared], |n| match n {
                    Network::Own => "own",
                    Network::Shared => "shared",
                })
                .unwrap_or(Network::Own),
            answer: self.required("answer"),
            explanation: self.text("explanation").unwrap_or_default(),
            next: self.text("next"),
            steps,
        }
    }

    fn text(&mut self, key: &str) -> Option<String> {
        let node = &self.tree.get(key)?.node;
        if let Data::Text(text) = &node.data {
            return Some(text.clone());
        }
        self.problems
            .push(|| refused(key, node, &"text", Vec::new()));
        None
    }

    fn required(&mut self, key: &str) -> String {
        if self.tree.get(key).is_none() && self.syntax == Syntax::Right {
            let doc = TOP.iter().find(|(k, _)| *k == key).map_or("", |(_, d)| *d);
            self.problems.push(|| {
                Problem::error(Origin::Default, format!("the experiment has no `{key}`"))
                    .help(format!("{key} = \"…\": {doc}"))
            });
        }
        let text = self.text(key).unwrap_or_default();
        if let (Some(entry), true) = (self.tree.get(key), text.trim().is_empty()) {
            self.problems
                .push(|| Problem::error(entry.node.at, format!("`{key}` says nothing")));
        }
        text
    }

    fn word<T: Copy>(
        &mut self,
        key: &str,
        all: &[T],
        name: impl Fn(T) -> &'static str,
    ) -> Option<T> {
        let node = &self.tree.get(key)?.node;
        let found = match &node.data {
            Data::Text(text) => all.iter().copied().find(|&t| name(t) == text),
            _ => None,
        };
        if found.is_none() {
            let words: Vec<&str> = all.iter().map(|&t| name(t)).collect();
            let allowed = format!("one of {}", words.join(", "));
            self.problems
                .push(|| refused(key, node, &allowed, Vec::new()));
        }
        found
    }

    fn claim_and_agrees_go_together(&mut self) {
        let (with, without) = match (self.tree.get("claim"), self.tree.get("agrees")) {
            (Some(entry), None) => (entry, "agrees"),
            (None, Some(entry)) => (entry, "claim"),
            _ => return,
        };
        self.problems.push(|| {
            let key = &with.key;
            Problem::error(with.at, format!("there is `{key}` and no `{without}`"))
                .label("they go together")
        });
    }

    fn names(&mut self, key: &str) -> Vec<String> {
        let Some(entry) = self.tree.get(key) else {
            return Vec::new();
        };
        match held::read(
            key,
            super::kind::Kind::NewSockets,
            &entry.node,
            self.problems,
        ) {
            Some(Held::Texts(names)) => names,
            _ => Vec::new(),
        }
    }

    fn needs(&mut self) -> Vec<String> {
        let Some(entry) = self.tree.get("needs") else {
            return Vec::new();
        };
        let Data::Array(items) = &entry.node.data else {
            self.problems
                .push(|| refused("needs", &entry.node, &"a list of texts", Vec::new()));
            return Vec::new();
        };
        let mut needs = Vec::new();
        for item in items {
            match &item.data {
                Data::Text(text) if crate::lab::needs::is_known(text) => needs.push(text.clone()),
                _ => self.problems.push(|| {
                    let allowed = "a capability such as \"CAP_NET_RAW\", namespace, ipv6, mptcp, or the name of an option";
                    refused("needs", item, &allowed, Vec::new())
                }),
            }
        }
        needs
    }

    /// The columns: as written, else whoever appears, in that order.
    fn actors(&mut self, steps: &[Step]) -> Vec<String> {
        let mut seen: Vec<String> = Vec::new();
        for step in steps.iter().filter(|s| s.verb != Verb::Note) {
            if !seen.contains(&step.actor) {
                seen.push(step.actor.clone());
            }
        }
        let written = self.names("actors");
        let twice = |(n, a): (usize, &String)| written[..n].contains(a);
        if let Some(entry) = self.tree.get("actors") {
            if written.iter().any(|a| !seen.contains(a)) {
                self.problems.push(|| {
                    Problem::error(entry.at, "an actor has no step").label("each column needs one")
                });
            }
            if written.iter().enumerate().any(twice) {
                self.problems
                    .push(|| Problem::error(entry.at, "an actor is named twice"));
            }
        }
        let rest = seen.into_iter().filter(|a| !written.contains(a));
        let rest: Vec<String> = rest.collect();
        written.into_iter().chain(rest).collect()
    }

    fn processes_act(&mut self, processes: &[String], steps: &[Step]) {
        let idle = |name: &&String| !steps.iter().any(|step| step.actor == **name);
        if let (Some(entry), Some(name)) = (self.tree.get("processes"), processes.iter().find(idle))
        {
            self.problems.push(|| {
                Problem::error(entry.at, format!("the process `{name}` has no step"))
                    .label("each does something")
            });
        }
    }

    fn steps(&mut self, text: &str, processes: &[String]) -> Vec<Step> {
        let Some(entry) = self.tree.get("steps") else {
            self.required("steps");
            return Vec::new();
        };
        let Data::Array(items) = &entry.node.data else {
            let allowed = "a list of tables, one per step";
            self.problems
                .push(|| refused("steps", &entry.node, &allowed, Vec::new()));
            return Vec::new();
        };
        if items.is_empty() || items.len() > MOST_STEPS {
            self.problems.push(|| {
                let n = items.len();
                Problem::error(
                    entry.node.at,
                    format!("{n} steps are not from 1 to {MOST_STEPS}"),
                )
            });
        }
        let answer = self.tree.get("answer").map(|entry| &entry.node);
        steps::read(
            &items[..items.len().min(MOST_STEPS)],
            text,
            processes,
            answer,
            self.problems,
        )
    }
}
