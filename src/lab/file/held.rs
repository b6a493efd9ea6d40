//! One value of a step's key, from TOML to [`Held`].
//!
//! What is wrong becomes one sentence of the key's [`Kind`], with a caret at the value.

use std::time::Duration;

use super::kind::Kind;
use super::read::is_name;
use super::step::{Held, OptionRow};
use super::wanted::{self, Wanted};
use crate::option::{self, Row};
use crate::profile;
use crate::profile::Problem;
use crate::profile::document::{Data, Node, Problems, near, options, quoted, refused, value};
use crate::socket::{Family, Given, Protocol, Type};
use crate::sys;

/// No experiment takes longer than 30 s; see `command::lab`.
const MOST_TIME: Duration = Duration::from_secs(25);

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
    match (kind, &node.data) {
        (Kind::NewSockets | Kind::Sockets, _) => names(node),
        (Kind::Texts, _) => texts(node).map(Held::Texts),
        (Kind::Number, _) => number(node),
        (Kind::Count(most), _) => number(node).and_then(|held| match held {
            Held::Number(n) if !(0..=i64::from(most)).contains(&n) => Err(Refused::new()),
            held => Ok(held),
        }),
        (Kind::Protocol, _) => protocol(node),
        (Kind::OptionValue, _) => Ok(Held::Value(value(node))),
        (Kind::Ancillary, _) => ancillary(node),
        (Kind::Wanted, _) => relation(node)
            .and_then(|wanted| wanted.of_a_result().map_err(|why| vec![why]))
            .map(Held::Wanted),
        (Kind::WantedFields, _) => fields(node),
        (Kind::Text | Kind::Pattern, Data::Int(n)) => Ok(Held::Text(n.to_string())),
        (kind, Data::Text(text)) => worded(kind, text),
        _ => Err(Refused::new()),
    }
}

/// What can only be text.
fn worded(kind: Kind, text: &str) -> Result<Held, Refused> {
    let plainly = |known: bool| known.then(|| plain(text)).ok_or_else(Refused::new);
    match kind {
        Kind::Socket | Kind::NewSocket | Kind::Save => plainly(is_name(text)),
        Kind::Address => address(text),
        Kind::Text | Kind::Pattern => plainly(true),
        Kind::Hex => hex(text),
        Kind::HexPattern => hex_pattern(text),
        Kind::Mode => plainly(u32::from_str_radix(text, 8).is_ok_and(|mode| mode <= 0o777)),
        Kind::Signal => plainly(text.parse::<nix::sys::signal::Signal>().is_ok()),
        Kind::Profile => plainly(text.contains('$') || profile::load(Some(text), &[]).is_ok()),
        Kind::Time => {
            let time = wanted::duration(text).filter(|t| *t <= MOST_TIME);
            time.map(Held::Time).ok_or_else(Refused::new)
        }
        Kind::Family => word(text, Family::parse, Held::Family),
        Kind::Type => word(text, Type::parse, Held::Type),
        Kind::Flags if text.is_empty() => Ok(Held::Bits(0)),
        Kind::Flags => word(text, sys::bits::message_flag_bits, |f| Held::Bits(f.bits())),
        Kind::Events => word(text, sys::bits::poll_bits, |e| Held::Bits(e.into())),
        Kind::Word(words) => one_of(text, words),
        Kind::Capability => one_of(text, &sys::privilege::names()),
        // Read by `option`, or of another type than text.
        _ => Err(Refused::new()),
    }
}

fn plain(text: &str) -> Held {
    Held::Text(text.to_owned())
}

fn hex(text: &str) -> Result<Held, Refused> {
    let digits: String = text.split_whitespace().collect();
    let pairs = digits.len().is_multiple_of(2) && digits.chars().all(|c| c.is_ascii_hexdigit());
    let known = pairs || text.contains('$');
    known.then(|| plain(text)).ok_or_else(Refused::new)
}

fn hex_pattern(text: &str) -> Result<Held, Refused> {
    let sure = text.strip_suffix('*').unwrap_or(text).replace("??", "00");
    hex(&sure).map(|_| plain(text))
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
