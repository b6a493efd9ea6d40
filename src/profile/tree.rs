//! The TOML of all sources as one tree, each key and value with its place.
//!
//! `--set` is laid over the file here, before anything is read: so a value that is replaced is never complained about,
//! and a struct's field can be changed alone. Reading starts in [`walk`](super::walk).

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::{Problem, Problems};
use super::report::floor;
use super::settings::Origin;
use crate::escape;

/// A table: keys in the order of the text.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Table {
    pub(crate) entries: Vec<Entry>,
}

/// One key and its value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    pub(crate) key: String,
    /// Where the key stands.
    pub(crate) at: Origin,
    pub(crate) node: Node,
}

/// One value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    pub(crate) data: Data,
    /// Where the value stands.
    pub(crate) at: Origin,
}

/// Whether two keys that differ in case are one: names of options are matched so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Case {
    Matters,
    Ignored,
}

/// What TOML can say.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Data {
    Text(String),
    /// A number that 128 bits cannot hold is the nearest that they can: it is out of every range.
    Int(i128),
    /// A number that was written in octal.
    Octal(i128),
    Float(f64),
    Bool(bool),
    Date,
    Array(Vec<Node>),
    Table(Table),
}

/// How much is tried first of a longer text. The parser makes an error of every broken token, so a mebibyte of nonsense
/// would cost a quarter of a second and a hundred mebibytes for problems that nobody is shown.
const HEAD: usize = 16 << 10;

/// Reads a document. Syntax errors become problems; of the rest, what they do not touch is returned.
pub(crate) fn parse(text: &str, source: usize, problems: &mut Problems) -> Table {
    let head = &text[..floor(text, HEAD)];
    if head.len() < text.len() {
        let (_, errors) = DeTable::parse_recoverable(head);
        if errors.len() > 2 * Problems::MOST {
            report(errors, head, source, 0, problems);
            return Table::default();
        }
    }
    let (table, errors) = DeTable::parse_recoverable(text);
    let broken = report(errors, text, source, 0, problems);
    let mut table = convert(table.get_ref(), source, 0);
    table.drop_broken(&broken);
    table
}

/// Turns toml's errors into problems, first the first of the text, and says where they stand.
pub(super) fn report(
    mut errors: Vec<toml::de::Error>,
    text: &str,
    source: usize,
    offset: usize,
    problems: &mut Problems,
) -> Vec<usize> {
    let start = |error: &toml::de::Error| error.span().map_or(text.len(), |s| s.start);
    errors.sort_by_key(start);
    let starts = errors.iter().map(start).take(Problems::MOST).collect();
    for error in errors {
        let span = error.span().unwrap_or(text.len()..text.len());
        let at = place(source, offset, &span);
        problems.push(|| {
            let written = text.get(span).unwrap_or_default();
            let what = match error.message().strip_prefix("duplicate key") {
                Some(_) => format!("`{}` is written twice", quoted(written)),
                None => format!("this is not TOML: {}", error.message()),
            };
            Problem::error(at, what)
        });
    }
    starts
}

/// Turns a value of the crate into one of ours; `offset` is where its text starts in the source.
pub(super) fn node(value: &Spanned<DeValue<'_>>, source: usize, offset: usize) -> Node {
    let data = match value.get_ref() {
        DeValue::String(text) => Data::Text(text.to_string()),
        DeValue::Integer(number) => {
            let digits = number.as_str();
            let nearest = if digits.starts_with('-') {
                i128::MIN
            } else {
                i128::MAX
            };
            let number_read = i128::from_str_radix(digits, number.radix()).unwrap_or(nearest);
            match number.radix() {
                8 => Data::Octal(number_read),
                _ => Data::Int(number_read),
            }
        }
        DeValue::Float(number) => Data::Float(number.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::Boolean(flag) => Data::Bool(*flag),
        DeValue::Datetime(_) => Data::Date,
        DeValue::Array(items) => {
            Data::Array(items.iter().map(|i| node(i, source, offset)).collect())
        }
        DeValue::Table(table) => Data::Table(convert(table, source, offset)),
    };
    Node {
        data,
        at: place(source, offset, &value.span()),
    }
}

fn convert(table: &DeTable<'_>, source: usize, offset: usize) -> Table {
    let entry = |(key, value): (&Spanned<_>, &Spanned<DeValue<'_>>)| Entry {
        key: AsRef::<str>::as_ref(key.get_ref()).to_owned(),
        at: place(source, offset, &key.span()),
        node: node(value, source, offset),
    };
    Table {
        entries: table.iter().map(entry).collect::<Vec<Entry>>(),
    }
}

/// The place of a span that was counted from `offset`.
pub(super) fn place(source: usize, offset: usize, span: &Range<usize>) -> Origin {
    Origin::At {
        source,
        start: offset + span.start,
        end: offset + span.end,
    }
}

impl Table {
    /// Drops what a syntax error stands in: it was reported, and its value is a guess of the recovery.
    fn drop_broken(&mut self, broken: &[usize]) {
        self.entries.retain_mut(|entry| {
            if let Data::Table(inner) = &mut entry.node.data {
                inner.drop_broken(broken);
            }
            let (Origin::At { start, .. }, Origin::At { end, .. }) = (entry.at, entry.node.at)
            else {
                return true;
            };
            !broken.iter().any(|at| (start..=end).contains(at))
        });
    }

    /// The entry of that key.
    pub(crate) fn get(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|e| e.key == key)
    }

    /// The entry of that key, made when there is none.
    pub(super) fn entry(&mut self, key: &str, at: Origin, case: Case) -> &mut Entry {
        let same = |e: &Entry| match case {
            Case::Matters => e.key == key,
            Case::Ignored => e.key.eq_ignore_ascii_case(key),
        };
        let index = self
            .entries
            .iter()
            .position(same)
            .unwrap_or(self.entries.len());
        if index == self.entries.len() {
            self.entries.push(Entry {
                key: key.to_owned(),
                at,
                node: Node {
                    data: Data::Table(Table::default()),
                    at,
                },
            });
        }
        &mut self.entries[index]
    }
}

impl Node {
    /// What was written, for "cannot be …": numbers as they are, text in quotes, escaped and cut.
    pub(crate) fn describe(&self) -> String {
        match &self.data {
            Data::Text(text) if text.is_empty() => "empty".into(),
            Data::Text(text) => format!("\"{}\"", quoted(text)),
            Data::Int(i128::MAX | i128::MIN) => "so long a number".into(),
            Data::Int(number) => number.to_string(),
            Data::Octal(number) => format!("0o{number:o}"),
            Data::Float(number) => number.to_string(),
            Data::Bool(flag) => flag.to_string(),
            Data::Date => "a date".into(),
            Data::Array(_) => "an array".into(),
            Data::Table(_) => "a table".into(),
        }
    }
}

/// Text from outside for the inside of a message: escaped, at most 40 bytes of it.
pub(crate) fn quoted(text: &str) -> String {
    let (mut shown, cut) = escape::clipped(&text.as_bytes()[..floor(text, 40)], 40);
    if cut || text.len() > 40 {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(text: &str) -> Table {
        let mut problems = Problems::default();
        parse(text, 0, &mut problems)
    }

    #[test]
    fn numbers_of_any_length_are_read() {
        let table = tree(&format!(
            "a = {}\nb = -{}\nc = 1e999\n",
            "9".repeat(60),
            "9".repeat(60)
        ));
        let data: Vec<&Data> = table.entries.iter().map(|e| &e.node.data).collect();
        assert_eq!(data[0], &Data::Int(i128::MAX));
        assert_eq!(data[1], &Data::Int(i128::MIN));
        assert_eq!(data[2], &Data::Float(f64::INFINITY));
    }

    #[test]
    fn each_key_and_value_knows_its_place() {
        let table = tree("[a]\nbc = 'x'\n");
        let Data::Table(inner) = &table.entries[0].node.data else {
            panic!("a table")
        };
        assert_eq!(inner.entries[0].at, place(0, 0, &(4..6)));
        assert_eq!(inner.entries[0].node.at, place(0, 0, &(9..12)));
    }

    #[test]
    fn a_quote_is_escaped_and_short() {
        assert_eq!(quoted("a\x1b"), "a\\x1b");
        assert_eq!(quoted(&"é".repeat(50)), format!("{}…", "é".repeat(20)));
    }
}
