//! One `--set KEY=VALUE`: a dotted TOML key, and a TOML value or a bare word.
//!
//! The text is a source of its own, so that carets point into what was typed. A flag that stands for a key (`--count 5`
//! for `probe.count=5`) is laid over in the same way, under its own name.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::draft::Draft;
use super::keys;
use super::problem::{Problem, Problems};
use super::settings::{Origin, Source};
use super::tree::{self, Case, Data, Node, Table, place, quoted};

/// A `KEY=VALUE` that is laid over a profile, and the flag that it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overlay {
    /// `--set`, `--count`: what the origin of the value is called.
    pub flag: &'static str,
    /// `probe.count=5`
    pub text: String,
}

impl Overlay {
    /// From `--set KEY=VALUE`.
    pub fn set(text: impl Into<String>) -> Overlay {
        Overlay {
            flag: Source::SET,
            text: text.into(),
        }
    }

    /// From a flag that stands for a key.
    pub fn flag(flag: &'static str, key: &str, value: &str) -> Overlay {
        Overlay {
            flag,
            text: format!("{key}={value}"),
        }
    }
}

/// Whether `text` is what the key of that path takes; else what would be, for a message.
///
/// # Errors
/// "it must be a whole number from 1 to 1000000000", and ways out if there are any.
pub fn allowed(path: &str, text: &str) -> Result<(), String> {
    let key = keys::find(path).expect("a flag stands for a key that there is");
    let mut problems = Problems::default();
    let refused = match value(text, 0, 0, &mut problems) {
        Some(node) => {
            let mut draft = Draft::blank();
            let slot = key.slot_mut(&mut draft).expect("a flag's key has a slot");
            slot.read(&node, &key.kind).err()
        }
        None => Some(Vec::new()),
    };
    match refused {
        None => Ok(()),
        Some(help) => {
            let help = help.iter().map(|h| format!("; {h}"));
            Err(format!(
                "it must be {}{}",
                key.kind,
                help.collect::<String>()
            ))
        }
    }
}

/// Lays one `--set` over what is there; later ones win.
pub(super) fn lay(tree: &mut Table, text: &str, source: usize, problems: &mut Problems) {
    if let Some((path, node)) = split(text, source, problems) {
        put(tree, &path, node, Case::Matters, problems);
    }
}

/// A part of a dotted key.
struct Part {
    key: String,
    at: Origin,
}

fn split(text: &str, source: usize, problems: &mut Problems) -> Option<(Vec<Part>, Node)> {
    let Some(equals) = text.find('=') else {
        problems.push(|| {
            Problem::error(place(source, 0, &(0..text.len())), "--set takes KEY=VALUE")
                .label("there is no `=`")
                .help("for example --set address.port=0")
        });
        return None;
    };
    let path = path(&text[..equals], source, problems)?;
    let node = value(text, equals + 1, source, problems)?;
    Some((path, node))
}

/// Reads `a.b."c"` by letting TOML read `a.b."c"=0`.
fn path(key: &str, source: usize, problems: &mut Problems) -> Option<Vec<Part>> {
    let whole = place(source, 0, &(0..key.len()));
    if key.trim().is_empty() || key.contains(['\n', '[', '#']) {
        problems.push(|| {
            Problem::error(whole, "--set takes KEY=VALUE, and this is no KEY")
                .label("a dotted key, such as address.port")
        });
        return None;
    }
    let document = format!("{key}=0");
    let (table, errors) = DeTable::parse_recoverable(&document);
    if !errors.is_empty() {
        tree::report(errors, &document, source, 0, problems);
        return None;
    }
    let mut parts = Vec::new();
    let mut table = Some(table.get_ref());
    while let Some((name, value)) = table.and_then(|t| t.iter().next()) {
        parts.push(Part {
            key: name.get_ref().to_string(),
            at: place(source, 0, &name.span()),
        });
        table = value.get_ref().as_table();
    }
    Some(parts)
}

fn value(text: &str, from: usize, source: usize, problems: &mut Problems) -> Option<Node> {
    let written = text[from..].trim();
    let start = from + (text[from..].len() - text[from..].trim_start().len());
    let (value, errors) = DeValue::parse_recoverable(written);
    if errors.is_empty() {
        return Some(tree::node(&value, source, start));
    }
    if written.starts_with(['"', '\'', '[', '{']) {
        tree::report(errors, written, source, start, problems);
        return None;
    }
    let word = Spanned::new(0..written.len(), DeValue::String(written.into()));
    Some(tree::node(&word, source, start))
}

fn put(table: &mut Table, path: &[Part], node: Node, case: Case, problems: &mut Problems) {
    let [part, rest @ ..] = path else { return };
    let entry = table.entry(&part.key, part.at, case);
    if rest.is_empty() {
        entry.at = part.at;
        entry.node = node;
        return;
    }
    let case = match part.key.as_str() {
        "options" => Case::Ignored,
        _ => Case::Matters,
    };
    match &mut entry.node.data {
        Data::Table(inner) => put(inner, rest, node, case, problems),
        _ => problems.push(|| {
            Problem::error(
                part.at,
                format!(
                    "`{}` is {}, which has no `{}` to set",
                    quoted(&part.key),
                    entry.node.describe(),
                    quoted(&rest[0].key)
                ),
            )
            .help(format!(
                "set the whole of it: --set '{}=…'",
                quoted(&part.key)
            ))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn laid(file: &str, sets: &[&str]) -> Table {
        let mut problems = Problems::default();
        let mut tree = tree::parse(file, 0, &mut problems);
        for (n, set) in sets.iter().enumerate() {
            lay(&mut tree, set, n + 1, &mut problems);
        }
        tree
    }

    fn first<'a>(table: &'a Table, group: &str) -> &'a Node {
        let Data::Table(inner) = &table.get(group).expect("the group").node.data else {
            panic!("a table")
        };
        &inner.entries[0].node
    }

    #[test]
    fn a_bare_word_is_text_and_toml_is_toml() {
        for (set, data) in [
            ("a.b=epoll", Data::Text("epoll".into())),
            ("a.b=127.0.0.1", Data::Text("127.0.0.1".into())),
            ("a.b= x y ", Data::Text("x y".into())),
            ("a.b=", Data::Text(String::new())),
            ("a.b=\"\"", Data::Text(String::new())),
            ("a.b=7", Data::Int(7)),
            ("a.b=a=b", Data::Text("a=b".into())),
            ("a.b=true", Data::Bool(true)),
        ] {
            assert_eq!(first(&laid("", &[set]), "a").data, data, "{set}");
        }
    }

    #[test]
    fn the_last_wins_and_options_match_without_regard_to_case() {
        let table = laid(
            "[options]\nSO_X = 1\n",
            &[
                "options.so_x=2",
                "options.SO_x={ a = 1 }",
                "options.so_x.a=3",
            ],
        );
        let Data::Table(o) = &table.entries[0].node.data else {
            panic!("a table")
        };
        assert_eq!(o.entries.len(), 1);
        let Data::Table(x) = &o.entries[0].node.data else {
            panic!("a table")
        };
        assert_eq!(x.entries[0].node.data, Data::Int(3));
        assert_eq!(x.entries[0].node.at, place(3, 0, &(15..16)));
    }

    #[test]
    fn what_is_no_key_and_value_is_said() {
        for set in [
            "", "x", "=1", "a b=1", "a..b=1", "a=\"x", "[a]\nb=1", "a.b=[1",
        ] {
            let mut problems = Problems::default();
            lay(&mut Table::default(), set, 0, &mut problems);
            assert!(!problems.is_empty(), "{set}");
        }
    }
}
