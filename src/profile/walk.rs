//! From tree to draft: each key that is written meets its row.
//!
//! Nothing stops at the first problem. A key that no row knows gets the nearest names of its table; a value that its
//! row refuses gets the sentence of the row's [`Kind`].

use super::draft::Draft;
use super::keys::{self, Key};
use super::kind::Kind;
use super::problem::{Problem, Problems};
use super::tree::{Data, Entry, Node, Table, quoted};
use super::{expect, options, raw, suggest};

/// Reads every key of the tree over the defaults.
pub(super) fn read(tree: &Table, problems: &mut Problems) -> Draft {
    let mut draft = Draft::blank();
    table(tree, "", &mut draft, problems);
    draft
}

fn table(table: &Table, within: &str, draft: &mut Draft, problems: &mut Problems) {
    for entry in &table.entries {
        let path = match within {
            "" => entry.key.clone(),
            _ => format!("{within}.{}", entry.key),
        };
        // A quoted key may hold dots; `"serve.port"` is not the key port of the table serve.
        if entry.key.contains('.') {
            problems.push(|| unknown(entry, within));
        } else if let Some(key) = keys::find(&path) {
            value(key, &entry.node, draft, problems);
        } else if !keys::is_table(&path) {
            problems.push(|| unknown(entry, within));
        } else if let Data::Table(inner) = &entry.node.data {
            self::table(inner, &path, draft, problems);
        } else {
            problems.push(|| {
                let what = entry.node.describe();
                Problem::error(entry.node.at, format!("`{path}` cannot be {what}"))
                    .label("it is a table")
            });
        }
    }
}

fn value(key: &Key, node: &Node, draft: &mut Draft, problems: &mut Problems) {
    match key.kind {
        Kind::Options(scope) => match &node.data {
            Data::Table(table) => {
                options::read(table, scope, &mut draft.profile.options, problems);
            }
            _ => problems.push(|| refused(key.path, node, &key.kind, Vec::new())),
        },
        Kind::RawOptions => raw::read(node, &mut draft.profile.raw_options, problems),
        Kind::Ignored => {}
        Kind::Expectations => match &node.data {
            Data::Table(table) => expect::read(table, "", &mut draft.profile.expect, problems),
            _ => problems.push(|| refused(key.path, node, &key.kind, Vec::new())),
        },
        _ => {
            let slot = key
                .slot_mut(draft)
                .expect("every other kind has a slot: a test reads each");
            if let Err(help) = slot.read(node, &key.kind) {
                problems.push(|| refused(key.path, node, &key.kind, help));
            }
        }
    }
}

/// "`serve.backlog` cannot be 70000", and next to the carets what is allowed.
pub(crate) fn refused(
    name: &str,
    node: &Node,
    allowed: &dyn std::fmt::Display,
    help: Vec<String>,
) -> Problem {
    Problem::error(node.at, format!("`{name}` cannot be {}", node.describe()))
        .label(format!("it must be {allowed}"))
        .helps(help)
}

fn unknown(entry: &Entry, within: &str) -> Problem {
    let place = match within {
        "" => "at the top level".to_owned(),
        table => format!("in [{table}]"),
    };
    let message = format!("unknown key `{}` {place}", quoted(&entry.key));
    let problem = Problem::error(entry.at, message).label("no such key");
    let mut helps: Vec<String> = elsewhere(&entry.key);
    let near = suggest::near(&entry.key, names(within));
    helps.extend(near.iter().map(|n| format!("did you mean `{n}`?")));
    problem.helps(helps)
}

/// The names of a table: of its keys and of the tables in it.
fn names(within: &str) -> Vec<&'static str> {
    let in_table = |key: &Key| {
        let rest = match within {
            "" => key.path,
            table => key.path.strip_prefix(table)?.strip_prefix('.')?,
        };
        rest.split('.').next()
    };
    let mut names: Vec<&'static str> = keys::keys().iter().filter_map(in_table).collect();
    names.dedup();
    names
}

/// Where a key of exactly that name belongs.
fn elsewhere(name: &str) -> Vec<String> {
    if let Some(row) = crate::option::find(name) {
        return vec![format!("`{}` belongs to [options]", row.name)];
    }
    let same = |key: &&Key| key.split().1 == name && !key.split().0.is_empty();
    let belongs = |key: &Key| format!("`{name}` belongs to [{}]", key.split().0);
    keys::keys().iter().filter(same).map(belongs).collect()
}
