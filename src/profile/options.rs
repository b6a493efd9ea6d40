//! The tables of options: each name meets the registry's row, each value is checked by it.
//!
//! A value stands alone (`SO_RCVBUF = 65536`), or in the long form `{ value = …, phase = "…", optional = true }`, which
//! is told from the inline table of a C struct (`SO_LINGER = { onoff = 1, linger = 5 }`) by its key `value`.

use super::choices::{Need, Scope};
use super::problem::{Problem, Problems};
use super::settings::{OptionKey, Origin, Setting};
use super::suggest;
use super::tree::{Data, Entry, Node, Table, quoted};
use super::walk::refused;
use crate::option::{self, Access, Platform, Row, Value};
use crate::socket::Phase;

/// What the long form may hold.
const LONG: [&str; 3] = ["value", "phase", "optional"];

/// Reads one table of options.
pub(super) fn read(
    table: &Table,
    scope: Scope,
    keys: &mut Vec<OptionKey>,
    problems: &mut Problems,
) {
    for entry in &table.entries {
        let Some(row) = option::find(&entry.key) else {
            problems.push(|| unknown(entry));
            continue;
        };
        if keys
            .iter()
            .any(|k| k.scope == scope && k.row.name == row.name)
        {
            problems.push(|| {
                Problem::error(entry.at, format!("`{}` is written twice", row.name))
                    .label("names of options match without regard to case")
            });
            continue;
        }
        if let Some(key) = option(row, entry, scope, problems) {
            keys.push(key);
        }
    }
}

fn unknown(entry: &Entry) -> Problem {
    let near = suggest::options(&entry.key);
    Problem::error(entry.at, format!("unknown option `{}`", quoted(&entry.key)))
        .label("no such option")
        .helps(near.iter().map(|n| format!("did you mean `{n}`?")))
}

fn option(
    row: &'static Row,
    entry: &Entry,
    scope: Scope,
    problems: &mut Problems,
) -> Option<OptionKey> {
    let long = Long::read(row, &entry.node, problems)?;
    phase_fits(row, scope, long.phase.as_ref(), problems);
    usable(row, entry, long.need, problems)?;
    let value = value(long.value);
    if let Some(allowed) = refusal(row, &value) {
        problems.push(|| {
            let what = long.value.describe();
            Problem::error(long.value.at, format!("`{}` cannot be {what}", row.name)).label(allowed)
        });
        return None;
    }
    Some(OptionKey {
        row,
        value: Setting {
            value,
            origin: long.value.at,
        },
        phase: long.phase,
        need: long.need,
        scope,
        name_at: entry.at,
    })
}

/// A value with what the long form says about it.
struct Long<'a> {
    value: &'a Node,
    phase: Option<Setting<Phase>>,
    need: Need,
}

impl<'a> Long<'a> {
    fn read(row: &Row, node: &'a Node, problems: &mut Problems) -> Option<Long<'a>> {
        let table = match &node.data {
            Data::Table(table) if table.entries.iter().any(|e| LONG.contains(&e.key.as_str())) => {
                table
            }
            _ => {
                return Some(Long {
                    value: node,
                    phase: None,
                    need: Need::Required,
                });
            }
        };
        for entry in &table.entries {
            if !LONG.contains(&entry.key.as_str()) {
                problems.push(|| unknown_part(row, entry));
            }
        }
        let phase = table.get("phase").and_then(|e| phase(&e.node, problems));
        let need = need(table, problems);
        let Some(value) = table.get("value") else {
            problems.push(|| {
                Problem::error(node.at, format!("`{}` has no value", row.name))
                    .label("the long form is { value = …, phase = \"…\", optional = true }")
            });
            return None;
        };
        Some(Long {
            value: &value.node,
            phase,
            need,
        })
    }
}

fn unknown_part(row: &Row, entry: &Entry) -> Problem {
    let near = suggest::near(&entry.key, LONG);
    let message = format!("unknown key `{}` of `{}`", quoted(&entry.key), row.name);
    Problem::error(entry.at, message)
        .label("the long form has value, phase and optional")
        .helps(near.iter().map(|n| format!("did you mean `{n}`?")))
}

/// `phase = "post-accept"`.
pub(super) fn phase(node: &Node, problems: &mut Problems) -> Option<Setting<Phase>> {
    let read = match &node.data {
        Data::Text(word) => Phase::parse(word),
        _ => None,
    };
    if read.is_none() {
        let names = Phase::ALL.map(Phase::name).join(", ");
        problems.push(|| refused("phase", node, &format!("one of {names}"), Vec::new()));
    }
    read.map(|value| Setting {
        value,
        origin: node.at,
    })
}

/// `optional = true`.
pub(super) fn need(table: &Table, problems: &mut Problems) -> Need {
    match table.get("optional").map(|e| &e.node) {
        None => Need::Required,
        Some(node) => match node.data {
            Data::Bool(true) => Need::Optional,
            Data::Bool(false) => Need::Required,
            _ => {
                problems.push(|| refused("optional", node, &"true or false", Vec::new()));
                Need::Optional
            }
        },
    }
}

/// `[accept.options]` says already when.
fn phase_fits(row: &Row, scope: Scope, phase: Option<&Setting<Phase>>, problems: &mut Problems) {
    if let (Scope::Accept, Some(phase)) = (scope, phase)
        && phase.value != Phase::PostAccept
    {
        problems.push(|| {
            let message = format!("`{}` cannot be set at {} here", row.name, phase.value);
            Problem::error(phase.origin, message)
                .label("[accept.options] are set on accepted sockets: post-accept")
                .help("write it in [options] or [serve.options]")
        });
    }
}

/// Another platform's option and a read-only one are errors, unless they are optional.
fn usable(row: &Row, entry: &Entry, need: Need, problems: &mut Problems) -> Option<()> {
    if need == Need::Optional {
        return Some(());
    }
    let (message, label) = match row.platform {
        Platform::Other(platform) => (
            format!("`{}` is not available here", row.name),
            format!("an option of {platform}"),
        ),
        Platform::Linux if row.access == Access::ReadOnly => (
            format!("`{}` is read-only", row.name),
            "getsockopt(2) knows it, setsockopt(2) does not".to_owned(),
        ),
        Platform::Linux => return Some(()),
    };
    problems.push(|| {
        Problem::error(entry.at, message)
            .label(label)
            .help("to try it and go on when it is refused: { value = …, optional = true }")
    });
    None
}

/// What the row allows, when that is not this value. What cannot be set has nothing to check: it is only tried.
fn refusal(row: &Row, value: &Value) -> Option<String> {
    if !row.available() || row.access == Access::ReadOnly {
        return None;
    }
    let allowed = row.encode(value).err()?;
    let far_out = match value {
        Value::Float(x) if *x > 0.0 => row.encode(&Value::Int(i64::MAX)).err(),
        Value::Float(_) => row.encode(&Value::Int(i64::MIN)).err(),
        _ => None,
    };
    // The title says already what it is not.
    let sentence = far_out.unwrap_or(allowed);
    sentence.split(", not ").next().map(str::to_owned)
}

/// TOML as the registry takes it. A number that TOML does not have either, beyond 64 bits, becomes one that is
/// not whole: the registry refuses those.
pub(crate) fn value(node: &Node) -> Value {
    match &node.data {
        Data::Text(text) => Value::Text(text.clone()),
        Data::Int(n) | Data::Octal(n) => match i64::try_from(*n) {
            Ok(n) => Value::Int(n),
            Err(_) => Value::Float(if *n < 0 { f64::MIN } else { f64::MAX }),
        },
        Data::Float(x) => Value::Float(*x),
        Data::Bool(flag) => Value::Bool(*flag),
        Data::Date => Value::Float(f64::NAN),
        Data::Array(items) => Value::List(items.iter().map(value).collect()),
        Data::Table(table) => {
            let field = |e: &Entry| (e.key.clone(), value(&e.node));
            Value::Struct(table.entries.iter().map(field).collect())
        }
    }
}

impl PartialEq for OptionKey {
    /// Rows are static and have unique names.
    fn eq(&self, other: &OptionKey) -> bool {
        let rest = |k: &OptionKey| -> (Need, Scope, Origin) { (k.need, k.scope, k.name_at) };
        self.row.name == other.row.name
            && self.value == other.value
            && self.phase == other.phase
            && rest(self) == rest(other)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Profile, parse};
    use super::*;

    fn read(text: &str) -> Result<Profile, String> {
        parse("x", text, &[]).map_err(|e| e.to_string())
    }

    #[test]
    fn the_long_form_is_told_from_a_struct() {
        let text = "[options]\nSO_LINGER = { onoff = 1, linger = 5 }\n\
                    so_rcvbuf = { value = \"64KiB\", phase = \"post-accept\", optional = true }\n";
        let options = read(text).unwrap().options;
        assert!(matches!(options[0].value.value, Value::Struct(_)));
        assert_eq!(options[1].row.name, "SO_RCVBUF");
        assert_eq!(options[1].phase.as_ref().unwrap().value, Phase::PostAccept);
        assert_eq!(options[1].need, Need::Optional);
    }

    #[test]
    fn what_cannot_be_set_is_an_error_unless_it_is_optional() {
        let error = read("[options]\nSO_TYPE = 1").unwrap_err();
        assert!(
            error.contains("`SO_TYPE` is read-only") && error.contains("x:2:1"),
            "{error}"
        );
        assert!(read("[options]\nSO_TYPE = { value = 1, optional = true }").is_ok());
        let error = read("[options]\nSO_NOSIGPIPE = true").unwrap_err();
        assert!(error.contains("not available here"), "{error}");
        assert!(read("[options]\nSO_NOSIGPIPE = { value = true, optional = true }").is_ok());
    }

    #[test]
    fn mistakes_in_a_table_of_options_are_pointed_at() {
        for (text, word) in [
            ("SO_REUSADDR = 1", "did you mean `SO_REUSEADDR`?"),
            ("IP_TTL = 256", "255"),
            ("IP_TTL = 1e999", "255"),
            ("IP_TTL = 99999999999999999999", "255"),
            ("IP_TTL = 1\nip_ttl = 2", "twice"),
            ("IP_TTL = { phase = \"pre-bind\" }", "no value"),
            ("IP_TTL = { value = 1, phase = \"later\" }", "post-accept"),
            (
                "IP_TTL = { value = 1, phse = \"pre-bind\" }",
                "did you mean `phase`?",
            ),
            ("IP_TTL = { value = 1, optional = 1 }", "true or false"),
        ] {
            let error = read(&format!("[options]\n{text}")).expect_err(text);
            assert!(error.contains(word), "{text}: {error}");
        }
        let error = read("[accept.options]\nIP_TTL = { value = 1, phase = \"pre-bind\" }");
        assert!(error.unwrap_err().contains("post-accept"));
    }
}
