//! `[[raw_option]]`: what no table knows, as level and name, numbers or symbols, and an int or bytes.

use super::options::{need, phase};
use super::problem::{Problem, Problems};
use super::settings::{RawOption, Setting};
use super::suggest;
use super::tree::{Data, Entry, Node, Table, quoted};
use super::walk::refused;
use crate::option;
use crate::socket::Phase;

/// What a raw option may hold.
const KEYS: [&str; 6] = ["level", "name", "value", "bytes", "phase", "optional"];

/// setsockopt(2) of a raw option takes at most a page: larger ones (filters, groups) have rows of their own.
const MOST_BYTES: usize = 4096;

/// Reads the array of tables.
pub(super) fn read(node: &Node, options: &mut Vec<RawOption>, problems: &mut Problems) {
    let Data::Array(items) = &node.data else {
        problems.push(|| {
            refused("raw_option", node, &"an array of tables", Vec::new())
                .help("in a file, write [[raw_option]] with double brackets")
                .help(
                    "on the command line, --set 'raw_option=[{ level = 1, name = 2, value = 1 }]'",
                )
        });
        return;
    };
    for item in items {
        match &item.data {
            Data::Table(table) => options.extend(one(table, item, problems)),
            _ => problems.push(|| refused("raw_option", item, &"an array of tables", Vec::new())),
        }
    }
}

fn one(table: &Table, node: &Node, problems: &mut Problems) -> Option<RawOption> {
    for entry in &table.entries {
        if !KEYS.contains(&entry.key.as_str()) {
            problems.push(|| unknown(entry));
        }
    }
    let level = required(table, node, "level", problems)
        .and_then(|n| number(n, "raw_option.level", option::level_number, problems));
    let number = required(table, node, "name", problems)
        .and_then(|n| number(n, "raw_option.name", option_number, problems));
    let bytes = bytes(table, node, problems);
    let phase = match table.get("phase") {
        Some(entry) => phase(&entry.node, problems),
        None => Some(Setting::default(Phase::PostSocket)),
    };
    let need = need(table, problems);
    Some(RawOption {
        level: level?,
        number: number?,
        bytes: bytes?,
        phase: phase?,
        need,
    })
}

fn unknown(entry: &Entry) -> Problem {
    let near = suggest::near(&entry.key, KEYS);
    let message = format!("unknown key `{}` in [[raw_option]]", quoted(&entry.key));
    Problem::error(entry.at, message)
        .label("known are level, name, value, bytes, phase and optional")
        .helps(near.iter().map(|n| format!("did you mean `{n}`?")))
}

fn required<'a>(
    table: &'a Table,
    node: &Node,
    key: &str,
    problems: &mut Problems,
) -> Option<&'a Node> {
    let found = table.get(key).map(|e| &e.node);
    if found.is_none() {
        problems.push(|| {
            Problem::error(node.at, format!("[[raw_option]] has no `{key}`"))
                .label("it needs level, name, and value or bytes")
        });
    }
    found
}

fn option_number(symbol: &str) -> Option<i32> {
    let row = option::find(symbol).filter(|row| row.available() && row.number >= 0)?;
    Some(row.number)
}

fn number(
    node: &Node,
    name: &str,
    symbol: impl Fn(&str) -> Option<i32>,
    problems: &mut Problems,
) -> Option<Setting<(i32, String)>> {
    let read = match &node.data {
        Data::Int(n) | Data::Octal(n) => i32::try_from(*n).ok().filter(|n| *n >= 0),
        Data::Text(text) => symbol(text),
        _ => None,
    };
    if read.is_none() {
        let allowed = "a number from 0 to 2147483647, or a symbol such as SOL_SOCKET, SO_KEEPALIVE";
        problems.push(|| refused(name, node, &allowed, Vec::new()));
    }
    let shown = match &node.data {
        Data::Text(text) => text.clone(),
        _ => node.describe(),
    };
    read.map(|value| Setting {
        value: (value, shown),
        origin: node.at,
    })
}

/// `value` is a C int in the byte order of this machine, `bytes` is hexadecimal as it stands.
fn bytes(table: &Table, node: &Node, problems: &mut Problems) -> Option<Setting<Vec<u8>>> {
    let (found, name, allowed) = match (table.get("value"), table.get("bytes")) {
        (Some(value), None) => (
            value,
            "raw_option.value",
            "an int, from -2147483648 to 4294967295",
        ),
        (None, Some(bytes)) => (
            bytes,
            "raw_option.bytes",
            "pairs of hexadecimal digits, at most 4096 pairs",
        ),
        (None, None) => {
            required(table, node, "value", problems);
            return None;
        }
        (Some(_), Some(bytes)) => {
            problems.push(|| {
                Problem::error(bytes.node.at, "[[raw_option]] has both `value` and `bytes`")
                    .label("one of them")
            });
            return None;
        }
    };
    let read = match &found.node.data {
        Data::Int(n) | Data::Octal(n) if name.ends_with("value") => int(*n),
        Data::Bool(flag) if name.ends_with("value") => int(i128::from(*flag)),
        Data::Text(digits) if name.ends_with("bytes") => hex(digits),
        _ => None,
    };
    if read.is_none() {
        problems.push(|| refused(name, &found.node, &allowed, Vec::new()));
    }
    read.map(|value| Setting {
        value,
        origin: found.node.at,
    })
}

fn int(number: i128) -> Option<Vec<u8>> {
    let signed = i32::try_from(number).map(i32::to_ne_bytes);
    let unsigned = u32::try_from(number).map(u32::to_ne_bytes);
    signed.or(unsigned).ok().map(Vec::from)
}

fn hex(digits: &str) -> Option<Vec<u8>> {
    let digits = digits.as_bytes();
    if !digits.len().is_multiple_of(2) || digits.len() > 2 * MOST_BYTES {
        return None;
    }
    let digit = |d: u8| char::from(d).to_digit(16).map(|d| d as u8);
    let byte = |pair: &[u8]| Some(digit(pair[0])? << 4 | digit(pair[1])?);
    digits.chunks(2).map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::super::parse;

    fn read(text: &str) -> Result<super::RawOption, String> {
        let mut profile = parse("x", text, &[]).map_err(|e| e.to_string())?;
        Ok(profile.raw_options.remove(0))
    }

    #[test]
    fn numbers_symbols_ints_and_bytes_are_read() {
        let text = "[[raw_option]]\nlevel = \"SOL_SOCKET\"\nname = 2\nvalue = 1\n";
        let option = read(text).unwrap();
        assert_eq!(option.level.value, (1, "SOL_SOCKET".into()));
        assert_eq!(option.number.value, (2, "2".into()));
        assert_eq!(option.bytes.value, 1_i32.to_ne_bytes());
        let text = "raw_option = [{ level = 1, name = \"so_keepalive\", bytes = \"01fF\" }]";
        let option = read(text).unwrap();
        assert_eq!(option.number.value.0, 9);
        assert_eq!(option.bytes.value, [1, 255]);
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, word) in [
            ("raw_option = 1", "double brackets"),
            ("raw_option = [1]", "array of tables"),
            ("[[raw_option]]", "no `level`"),
            ("[[raw_option]]\nlevel = 1\nname = 1", "no `value`"),
            (
                "[[raw_option]]\nlevel = -1\nname = 1\nvalue = 1",
                "0 to 2147483647",
            ),
            (
                "[[raw_option]]\nlevel = 1\nname = 1\nvalue = 1\nbytes = \"00\"",
                "both",
            ),
            (
                "[[raw_option]]\nlevel = 1\nname = 1\nbytes = \"0\"",
                "hexadecimal",
            ),
            (
                "[[raw_option]]\nlevel = 1\nname = 1\nbytes = \"é0\"",
                "hexadecimal",
            ),
            (
                "[[raw_option]]\nlevel = 1\nname = 1\nvalue = 4294967296",
                "4294967295",
            ),
            (
                "[[raw_option]]\nlevel = 1\nnam = 1\nvalue = 1",
                "did you mean `name`?",
            ),
        ] {
            let error = read(text).expect_err(text);
            assert!(error.contains(word), "{text}: {error}");
        }
    }
}
