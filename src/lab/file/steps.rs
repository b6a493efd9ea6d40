//! The steps of an experiment: one table each, whose first key is the actor and its verb.

use super::held;
use super::names::Names;
use super::read::{NAME_RULE, is_name};
use super::script::Script;
use super::step::{Held, Step};
use super::verbs::{self, Need, Row, Verb, verbs};
use crate::profile::document::{Data, Entry, Node, Problems, near, quoted, refused};
use crate::profile::{Origin, Problem};

/// Reads them; `text` is the whole file, `answer` what may name values that they save.
pub(super) fn read(
    items: &[Node],
    text: &str,
    processes: &[String],
    answer: Option<&Node>,
    problems: &mut Problems,
) -> Vec<Step> {
    let (mut names, mut script) = (Names::default(), Script::default());
    let mut steps = Vec::new();
    for item in items {
        if let Some(step) = step(item, text, problems) {
            names.check(&step, item, problems);
            script.check(&step, item, processes, problems);
            steps.push(step);
        }
    }
    if let Some(node) = answer
        && let Data::Text(text) = &node.data
    {
        names.check_answer(text, node, problems);
    }
    steps
}

fn step(item: &Node, text: &str, problems: &mut Problems) -> Option<Step> {
    let Data::Table(table) = &item.data else {
        let allowed = "a table such as { server = \"listen\", fd = \"first\", backlog = 1 }";
        problems.push(|| refused("steps", item, &allowed, Vec::new()));
        return None;
    };
    let Some((first, rest)) = table.entries.split_first() else {
        problems.push(|| Problem::error(item.at, "the step is empty").label("who does what?"));
        return None;
    };
    let source = match item.at {
        Origin::At { start, end, .. } => text.get(start..end).unwrap_or_default().to_owned(),
        _ => String::new(),
    };
    if first.key == "note" {
        return note(first, rest, source, problems);
    }
    let row = verb(first, problems)?;
    let mut keys = Vec::new();
    for entry in rest {
        match row.param(&entry.key) {
            Some(param) => {
                let held = held::read(param.name, param.kind, &entry.node, problems);
                keys.extend(held.map(|held| (param.name, held)));
            }
            None => problems.push(|| unknown_key(entry, row)),
        }
    }
    for param in row.all().filter(|p| p.need == Need::Required) {
        if !rest.iter().any(|entry| entry.key == param.name) {
            problems.push(|| {
                Problem::error(
                    first.node.at,
                    format!("`{}` has no `{}`", row.name, param.name),
                )
                .label(format!("it needs {}: {}", param.name, param.kind))
            });
        }
    }
    Some(Step {
        actor: first.key.clone(),
        verb: row.verb,
        keys,
        text: source,
    })
}

fn note(first: &Entry, rest: &[Entry], source: String, problems: &mut Problems) -> Option<Step> {
    if let Some(entry) = rest.first() {
        problems.push(|| Problem::error(entry.at, "a note has no other key"));
    }
    let Data::Text(text) = &first.node.data else {
        problems.push(|| refused("note", &first.node, &"text", Vec::new()));
        return None;
    };
    Some(Step {
        actor: String::new(),
        verb: Verb::Note,
        keys: vec![("note", Held::Text(text.clone()))],
        text: source,
    })
}

fn verb(first: &Entry, problems: &mut Problems) -> Option<&'static Row> {
    if !is_name(&first.key) {
        problems.push(|| {
            let what = format!("`{}` cannot be the name of an actor", quoted(&first.key));
            Problem::error(first.at, what).label(format!("it is made of {NAME_RULE}"))
        });
    }
    let Data::Text(word) = &first.node.data else {
        let allowed =
            "a verb such as \"bind\": the first key of a step is the actor, its value what it does";
        problems.push(|| refused(&first.key, &first.node, &allowed, Vec::new()));
        return None;
    };
    let found = verbs::find(word).filter(|row| row.verb != Verb::Note);
    if found.is_none() {
        problems.push(|| {
            let near = near(word, verbs().iter().map(|row| row.name));
            Problem::error(first.node.at, format!("unknown verb `{}`", quoted(word)))
                .label("no step does that")
                .helps(near.iter().map(|n| format!("did you mean `{n}`?")))
        });
    }
    found
}

fn unknown_key(entry: &Entry, row: &'static Row) -> Problem {
    let names: Vec<&str> = row.all().map(|p| p.name).collect();
    let near = near(&entry.key, names.iter().copied());
    let problem = Problem::error(
        entry.at,
        format!("`{}` takes no `{}`", row.name, quoted(&entry.key)),
    )
    .label(format!("it takes {}", names.join(", ")));
    problem.helps(near.iter().map(|n| format!("did you mean `{n}`?")))
}
