//! One value of a step's key, from TOML to [`Held`].
//!
//! What is wrong becomes one sentence of the key's [`Kind`], with a caret at the value.

use super::kind::Kind;
use super::read::is_name;
use super::step::{Held, OptionRow};
use super::wanted::{self, Wanted};
use crate::option::{self, Row};
use crate::profile::Problem;
use crate::profile::document::{Data, Node, Problems, near, options, quoted, refused, value};
use crate::socket::{Family, Given, Protocol, Type};
use crate::sys;

/// Why a value is not what the key allows, beyond the kind's sentence.
type Refused = Vec<String>;

/// Reads the value of the key `name`.
pub(super) fn read(name: &str, kind: Kind, node: &Node, problems: &mut Problems) -> Option<Held> {
    if let (Kind::Option, Data::Text(word)) = (kind, &node.data) {
        return option(word, node, problems);
    }
    match held(kind, node) {
        Ok(held) => Some(held),
        Err(help) => {
            problems.push(|| refused(name, node, &kind, help));
            None
        }
    }
}

fn held(kind: Kind, node: &Node) -> Result<Held, Refused> {
    let text = match &node.data {
        Data::Text(text) => Some(text.as_str()),
        _ => None,
    };
    let needed = text.ok_or_else(Refused::new);
    match kind {
        Kind::Socket | Kind::NewSocket | Kind::Save => named(needed?),
        Kind::NewSockets | Kind::Sockets => names(node),
        Kind::Texts => texts(node).map(Held::Texts),
        Kind::Address => address(needed?),
        Kind::Text | Kind::Pattern => match &node.data {
            Data::Int(n) => Ok(Held::Text(n.to_string())),
            _ => needed.map(|text| Held::Text(text.to_owned())),
        },
        Kind::Number => number(node),
        Kind::Time => {
            let time = needed.map(wanted::duration)?;
            time.map(Held::Time).ok_or_else(Refused::new)
        }
        Kind::Family => word(needed?, Family::parse, Held::Family),
        Kind::Type => word(needed?, Type::parse, Held::Type),
        Kind::Protocol => protocol(node),
        Kind::Option => Err(Refused::new()),
        Kind::OptionValue => Ok(Held::Value(value(node))),
        Kind::Ancillary => ancillary(node),
        Kind::Flags if text == Some("") => Ok(Held::Bits(0)),
        Kind::Flags => word(needed?, sys::bits::message_flag_bits, |f| {
            Held::Bits(f.bits())
        }),
        Kind::Events => word(needed?, sys::bits::poll_bits, |e| Held::Bits(e.into())),
        Kind::Word(words) => one_of(needed?, words),
        Kind::Capability => {
            let word = needed?;
            one_of(word, &sys::privilege::names())
        }
        Kind::Wanted => relation(node).map(Held::Wanted),
        Kind::WantedFields => fields(node),
    }
}

fn named(text: &str) -> Result<Held, Refused> {
    is_name(text)
        .then(|| Held::Text(text.to_owned()))
        .ok_or_else(Refused::new)
}

fn texts(node: &Node) -> Result<Vec<String>, Refused> {
    let Data::Array(items) = &node.data else {
        return Err(Refused::new());
    };
    let text = |item: &Node| match &item.data {
        Data::Text(text) => Ok(text.clone()),
        _ => Err(Refused::new()),
    };
    items.iter().map(text).collect()
}

fn names(node: &Node) -> Result<Held, Refused> {
    let names = texts(node)?;
    let all = !names.is_empty() && names.iter().all(|name| is_name(name));
    all.then_some(Held::Texts(names)).ok_or_else(Refused::new)
}

/// What holds a `$saved` value is only known when it runs.
fn address(text: &str) -> Result<Held, Refused> {
    if !text.contains('$') && text != "@" {
        Given::parse(text).map_err(|bad| vec![bad.to_string()])?;
    }
    Ok(Held::Text(text.to_owned()))
}

fn number(node: &Node) -> Result<Held, Refused> {
    match &node.data {
        Data::Int(n) => i64::try_from(*n)
            .map(Held::Number)
            .map_err(|_| Refused::new()),
        Data::Text(text) if text.starts_with('$') => Ok(Held::Text(text.clone())),
        Data::Text(text) => wanted::number(text)
            .map(Held::Number)
            .ok_or_else(Refused::new),
        _ => Err(Refused::new()),
    }
}

fn word<T>(
    text: &str,
    parse: impl Fn(&str) -> Option<T>,
    held: impl Fn(T) -> Held,
) -> Result<Held, Refused> {
    parse(text).map(held).ok_or_else(Refused::new)
}

fn one_of(word: &str, words: &[&'static str]) -> Result<Held, Refused> {
    if words.contains(&word) {
        return Ok(Held::Text(word.to_owned()));
    }
    let near = near(word, words.iter().copied());
    Err(near
        .iter()
        .map(|n| format!("did you mean `{n}`?"))
        .collect())
}

fn protocol(node: &Node) -> Result<Held, Refused> {
    let read = match &node.data {
        Data::Int(n) => i32::try_from(*n).ok().map(Protocol),
        Data::Text(text) => Protocol::parse(text),
        _ => None,
    };
    read.map(Held::Protocol).ok_or_else(Refused::new)
}

fn option(word: &str, node: &Node, problems: &mut Problems) -> Option<Held> {
    let row = option::find(word);
    if row.is_none() {
        problems.push(|| unknown_option(word, node));
    }
    row.map(|row| Held::Option(OptionRow(row)))
}

fn unknown_option(word: &str, node: &Node) -> Problem {
    Problem::error(node.at, format!("unknown option `{}`", quoted(word)))
        .label("no such option")
        .helps(options(word).iter().map(|n| format!("did you mean `{n}`?")))
}

fn ancillary(node: &Node) -> Result<Held, Refused> {
    let Data::Table(table) = &node.data else {
        return Err(Refused::new());
    };
    let one = |entry: &crate::profile::document::Entry| {
        let row: &'static Row = option::find(&entry.key)
            .ok_or_else(|| vec![format!("no option is called `{}`", quoted(&entry.key))])?;
        Ok((OptionRow(row), value(&entry.node)))
    };
    let read: Result<Vec<_>, Refused> = table.entries.iter().map(one).collect();
    read.map(Held::Ancillary)
}

fn relation(node: &Node) -> Result<Wanted, Refused> {
    match &node.data {
        Data::Int(n) => Ok(Wanted::exactly(n.to_string())),
        Data::Bool(flag) => Ok(Wanted::exactly(flag.to_string())),
        Data::Text(text) => Wanted::parse(text).map_err(|why| vec![why]),
        _ => Err(Refused::new()),
    }
}

fn fields(node: &Node) -> Result<Held, Refused> {
    let Data::Table(table) = &node.data else {
        return relation(node).map(Held::Wanted);
    };
    let mut fields = Vec::new();
    for entry in &table.entries {
        match &entry.node.data {
            // A struct in a control message: { SCM_CREDENTIALS = { pid = "> 0" } }.
            Data::Table(inner) => {
                for part in &inner.entries {
                    let name = format!("{}.{}", entry.key, part.key);
                    fields.push((name, relation(&part.node)?));
                }
            }
            _ => fields.push((entry.key.clone(), relation(&entry.node)?)),
        }
    }
    Ok(Held::Fields(fields))
}
