//! A profile as TOML again: what was written as it holds, every default as a comment.
//!
//! Reading the text back gives the same profile. Defaults are comments because a key that is written means more than
//! the same key left out: `backlog` in a profile of a datagram socket is an error.

use std::fmt::Write as _;

use super::choices::{Need, Scope};
use super::draft::Draft;
use super::keys::{Key, keys};
use super::kind::Kind;
use super::settings::{OptionKey, Origin, Profile, RawOption};
use crate::escape;
use crate::option::Value;

/// Where the comments with the origins start, where the line is short enough.
const COLUMN: usize = 44;

/// The effective profile as TOML that reads back the same; with `origins` each line ends in `# configs/tcp4.toml:12`,
/// `# default`, `# --set`.
pub fn show(profile: &Profile, origins: bool) -> String {
    let mut page = Page {
        profile,
        origins,
        out: String::new(),
        table: "",
    };
    let draft = Draft::of(profile);
    for key in keys() {
        match key.kind {
            Kind::Options(scope) => page.options(key.path, scope),
            Kind::RawOptions => {}
            Kind::Expectations => page.expectations(key.path),
            _ => page.key(key, &draft),
        }
    }
    for option in &profile.raw_options {
        page.raw_option(option);
    }
    page.out
}

/// A string of TOML, on one line, every character visible.
pub(super) fn text(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        let is_visible = escape::text(c.encode_utf8(&mut [0; 4])).chars().eq([c]);
        let _ = match c {
            '"' | '\\' => write!(out, "\\{c}"),
            '\n' => write!(out, "\\n"),
            '\r' => write!(out, "\\r"),
            '\t' => write!(out, "\\t"),
            _ if is_visible => write!(out, "{c}"),
            _ => write!(out, "\\U{:08x}", u32::from(c)),
        };
    }
    out.push('"');
    out
}

struct Page<'a> {
    profile: &'a Profile,
    origins: bool,
    out: String,
    table: &'static str,
}

impl Page<'_> {
    fn key(&mut self, key: &'static Key, draft: &Draft) {
        let Some((value, origin)) = key.slot(draft).and_then(|slot| slot.write(&key.kind)) else {
            return;
        };
        let table = key.path.split_once('.').map_or("", |(table, _)| table);
        self.header(table);
        let name = key.path.strip_prefix(table).unwrap_or(key.path);
        let name = name.trim_start_matches('.');
        match origin {
            Origin::Default => self.line(&format!("# {name} = {value}"), origin),
            _ => self.line(&format!("{name} = {value}"), origin),
        }
    }

    fn header(&mut self, table: &'static str) {
        if self.table != table {
            self.table = table;
            let blank = if self.out.is_empty() { "" } else { "\n" };
            let _ = writeln!(self.out, "{blank}[{table}]");
        }
    }

    fn line(&mut self, line: &str, origin: Origin) {
        if self.origins {
            let place = escape::text(&self.profile.place(origin));
            let _ = writeln!(self.out, "{line:COLUMN$} # {place}");
        } else {
            let _ = writeln!(self.out, "{line}");
        }
    }

    fn options(&mut self, path: &'static str, scope: Scope) {
        for option in self.profile.options.iter().filter(|o| o.scope == scope) {
            self.header(path);
            let line = format!("{} = {}", option.row.name, option_value(option));
            self.line(&line, option.value.origin);
        }
    }

    fn expectations(&mut self, path: &'static str) {
        for expected in &self.profile.expect {
            self.header(path);
            let (key, bound) = expected.value.toml();
            self.line(
                &format!("{} = {}", text(&key), text(&bound)),
                expected.origin,
            );
        }
    }

    fn raw_option(&mut self, option: &RawOption) {
        let _ = writeln!(self.out, "\n[[raw_option]]");
        for (name, number) in [("level", &option.level), ("name", &option.number)] {
            let (value, symbol) = &number.value;
            let is_number = symbol.starts_with(|c: char| c.is_ascii_digit());
            let shown = if is_number {
                value.to_string()
            } else {
                text(symbol)
            };
            self.line(&format!("{name} = {shown}"), number.origin);
        }
        let bytes = Value::Bytes(option.bytes.value.clone());
        self.line(
            &format!("bytes = {}", toml_value(&bytes)),
            option.bytes.origin,
        );
        if option.phase.is_set() {
            let phase = option.phase.value;
            self.line(&format!("phase = \"{phase}\""), option.phase.origin);
        }
        if option.need == Need::Optional {
            self.line("optional = true", option.number.origin);
        }
    }
}

pub(super) fn option_value(option: &OptionKey) -> String {
    let mut value = toml_value(&option.value.value);
    if option.phase.is_none() && option.need == Need::Required {
        return value;
    }
    value = format!("{{ value = {value}");
    if let Some(phase) = &option.phase {
        let _ = write!(value, ", phase = \"{}\"", phase.value);
    }
    if option.need == Need::Optional {
        value.push_str(", optional = true");
    }
    value + " }"
}

fn toml_value(value: &Value) -> String {
    match value {
        Value::Bool(flag) => flag.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Float(number) => format!("{number:?}"),
        Value::Text(word) => text(word),
        Value::Bytes(bytes) => {
            let digits = bytes.iter().map(|b| format!("{b:02x}"));
            format!("\"{}\"", digits.collect::<String>())
        }
        Value::List(items) => {
            let items: Vec<String> = items.iter().map(toml_value).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Struct(fields) => {
            let field =
                |(name, value): &(String, Value)| format!("{} = {}", text(name), toml_value(value));
            let fields: Vec<String> = fields.iter().map(field).collect();
            format!("{{ {} }}", fields.join(", ")).replace("{  }", "{}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Overlay, parse};
    use super::*;

    #[test]
    fn the_text_reads_back_as_the_same_profile() {
        let text = "title = \"a\\u001b\\\"b\"\n[address]\nport = 0\n[io]\nframing = \"fixed\"\nmessage_size = 64\n\
                    [options]\nSO_LINGER = { onoff = 1, linger = 5 }\n\
                    [accept.options]\nTCP_NODELAY = { value = true, optional = true }\n\
                    [[raw_option]]\nlevel = \"SOL_SOCKET\"\nname = 2\nvalue = 1\n";
        let first = show(&parse("x", text, &[]).unwrap(), false);
        let second = show(&parse("x", &first, &[]).unwrap(), false);
        assert_eq!(first, second);
        assert!(first.contains("\nport = 0\n") && first.contains("\n# host = \"127.0.0.1\"\n"));
    }

    #[test]
    fn each_line_can_end_in_its_origin() {
        let sets = [Overlay::set("serve.engine=epoll")];
        let profile = parse("a.toml", "[address]\nport = 1\n", &sets).unwrap();
        let shown = show(&profile, true);
        let line = |start: &str| shown.lines().find(|l| l.starts_with(start)).unwrap();
        assert!(line("port").ends_with("# a.toml:2"));
        assert!(line("engine").ends_with("# --set"));
        assert!(line("# count").ends_with("# default"));
    }
}
